import os
import stat
from pathlib import Path

import pytest

from engine.ground.settings import Settings, SettingsError


def read(data: Path, **given: str) -> Settings:
    return Settings.from_environment({"SUIXU_DATA": str(data), **given})


def test_an_empty_environment_gives_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({})
    assert settings.data == tmp_path / "var"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/suixu.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.upload_limit_mb == 50
    assert settings.upload_limit_bytes == 50 * 1024 * 1024
    assert settings.demo_password is None
    assert settings.notify_urls == ()
    assert settings.trusted_proxies == 0


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = read(tmp_path / "deep" / "var")
    second = read(tmp_path / "deep" / "var")
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE((first.data / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in first.data.iterdir()] == ["secret_key"]


def test_two_houses_have_different_keys(tmp_path: Path) -> None:
    assert read(tmp_path / "a").secret_key != read(tmp_path / "b").secret_key


def test_a_given_secret_key_is_used_and_not_written(tmp_path: Path) -> None:
    assert read(tmp_path, SUIXU_SECRET_KEY="k" * 40).secret_key == "k" * 40
    assert not (tmp_path / "secret_key").exists()


def test_a_process_that_loses_the_race_for_the_key_uses_the_winner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret_key").write_text("w" * 64)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert read(tmp_path).secret_key == "w" * 64
    assert os.listdir(tmp_path) == ["secret_key"]


def test_given_values_are_read(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        SUIXU_DATABASE_URL="postgresql://suixu:s%40fe@db:5433/suixu",
        SUIXU_HOST="0.0.0.0",
        PORT=" 8443 ",
        SUIXU_DEMO_PASSWORD="yanshi2026",
        SUIXU_UPLOAD_LIMIT_MB="200",
        SUIXU_TRUSTED_PROXIES="2",
        SUIXU_NOTIFY_URLS="mailtos://u:p@example.org/?to=a@b.cn,c@d.cn, wecombot://key\n dingtalk://token",
    )
    assert settings.database_url == "postgresql+psycopg://suixu:s%40fe@db:5433/suixu"
    assert (settings.host, settings.port, settings.upload_limit_mb) == ("0.0.0.0", 8443, 200)
    assert settings.demo_password == "yanshi2026"
    assert settings.trusted_proxies == 2
    assert settings.notify_urls == (
        "mailtos://u:p@example.org/?to=a@b.cn,c@d.cn",
        "wecombot://key",
        "dingtalk://token",
    )


def test_blank_values_count_as_absent(tmp_path: Path) -> None:
    settings = read(tmp_path, PORT="", SUIXU_SECRET_KEY="  ", SUIXU_NOTIFY_URLS=" ", SUIXU_DATABASE_URL="")
    assert settings.port == 8000
    assert settings.notify_urls == ()
    assert settings.database_url.endswith("/suixu.db")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "八千", "1 至 65535"),
        ("PORT", "\uff18\uff10\uff10\uff10", "1 至 65535"),
        ("PORT", "0", "1 至 65535"),
        ("PORT", "65536", "1 至 65535"),
        ("PORT", "-1", "1 至 65535"),
        ("SUIXU_UPLOAD_LIMIT_MB", "50MB", "1 至 1024"),
        ("SUIXU_UPLOAD_LIMIT_MB", "1025", "1 至 1024"),
        ("SUIXU_TRUSTED_PROXIES", "-1", "0 至 9"),
        ("SUIXU_TRUSTED_PROXIES", "10", "0 至 9"),
        ("SUIXU_HOST", "http://127.0.0.1", "不带端口"),
        ("SUIXU_SECRET_KEY", "short", "不少于 32 个字符"),
        ("SUIXU_DEMO_PASSWORD", "1234567", "不少于 8 个字符"),
        ("SUIXU_DATABASE_URL", "mysql://u:hush-hush@h/d", "不支持“mysql”"),
        ("SUIXU_DATABASE_URL", "postgresql+psycopg2://u:hush-hush@h/d", "不支持"),
        ("SUIXU_DATABASE_URL", "/var/hush-hush.db", "无法识别"),
        ("SUIXU_DATABASE_URL", "postgresql://u:hush-hush@h:port/d", "无法识别"),
        ("SUIXU_DATABASE_URL", "sqlite://", "没有写明"),
        ("SUIXU_DATABASE_URL", "sqlite:///:memory:", "没有写明"),
        ("SUIXU_NOTIFY_URLS", "wecombot://key hush-hush", "第 1 个地址"),
        ("SUIXU_NOTIFY_URLS", "hush-hush", "第 1 个地址"),
    ],
)
def test_a_wrong_value_names_its_variable_and_the_remedy(tmp_path: Path, name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        read(tmp_path / "var", **{name: value})
    assert caught.value.name == name
    assert name in str(caught.value)
    assert "请" in str(caught.value)
    assert "hush-hush" not in str(caught.value)
    assert not (tmp_path / "var").exists()


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("x")
    with pytest.raises(SettingsError, match=r"SUIXU_DATA.*不能使用文件夹.*请改为"):
        read(tmp_path / "var")


def test_a_damaged_key_file_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("half")
    with pytest.raises(SettingsError, match="已损坏"):
        read(tmp_path)
    (tmp_path / "secret_key").write_bytes(b"\xff" * 64)
    with pytest.raises(SettingsError, match="不能读写"):
        read(tmp_path)
    assert (tmp_path / "secret_key").read_bytes() == b"\xff" * 64


def test_secrets_do_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        SUIXU_SECRET_KEY="hush-" * 10,
        SUIXU_DEMO_PASSWORD="hush-demo",
        SUIXU_DATABASE_URL="postgresql://u:hush@h/d",
        SUIXU_NOTIFY_URLS="wecombot://hush",
    )
    assert "hush" not in repr(settings)


def test_the_table_names_every_variable_once() -> None:
    table = Settings.table()
    assert [row.name for row in table] == [
        "SUIXU_DATA",
        "SUIXU_DATABASE_URL",
        "SUIXU_HOST",
        "PORT",
        "SUIXU_SECRET_KEY",
        "SUIXU_DEMO_PASSWORD",
        "SUIXU_UPLOAD_LIMIT_MB",
        "SUIXU_NOTIFY_URLS",
        "SUIXU_TRUSTED_PROXIES",
    ]
    assert all(row.default and row.meaning for row in table)
    assert not any("|" in cell or "\n" in cell for row in table for cell in row)


def test_the_table_states_the_defaults_that_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({})
    stated = {row.name: row.default for row in Settings.table()}
    assert settings.data == Path(stated["SUIXU_DATA"]).absolute()
    assert settings.host == stated["SUIXU_HOST"]
    assert settings.port == int(stated["PORT"])
    assert settings.upload_limit_mb == int(stated["SUIXU_UPLOAD_LIMIT_MB"])
    assert settings.trusted_proxies == int(stated["SUIXU_TRUSTED_PROXIES"])
