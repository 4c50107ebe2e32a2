"""What `suixu doctor` finds, and what it says is to be done."""

import shutil
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import make_url, text

from engine import stalls
from engine.core import history
from engine.ground.clock import SystemClock
from engine.ground.database import Database
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Engine
from engine.stalls import Stall
from tests.conftest import NewDatabase
from tests.web import errands
from web import assets, checkup

ON_ONE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For what the database has no part in."""


@pytest.fixture
def settings(new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Install the small office, its pages complete."""
    monkeypatch.setattr(assets, "missing", list)
    return errands.settings(new_database(errands.prepare), tmp_path / "data")


def findings(settings: Settings, **environ: str) -> dict[str, tuple[bool, str]]:
    return {found.what: (found.sound, found.words) for found in checkup.examine(settings, environ)}


def test_a_sound_installation_is_said_to_be_so(settings: Settings) -> None:
    found = findings(settings)
    assert [what for what, (sound, _words) in found.items() if not sound] == []
    assert found["停滞的事项"] == (True, "没有")
    assert "没有被改动" in found["记录"][1]
    assert found["时钟"][1] == "与数据库和记录相符"


@ON_ONE
def test_the_settings_given_are_named_without_their_values(settings: Settings) -> None:
    assert findings(settings)["设置"] == (True, "都用默认值")
    given = findings(settings, PORT="8000", SUIXU_SECRET_KEY="geheim" * 9, SUIXU_HOST=" ")["设置"][1]
    assert given == "由环境变量给出：PORT、SUIXU_SECRET_KEY；其余用默认值"


@ON_ONE
def test_a_disk_that_fills_up_is_said_while_there_is_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=300 << 20))
    sound, words = findings(settings)["数据文件夹"]
    assert not sound
    assert "剩余 300 MB，快满了" in words


@pytest.mark.parametrize(("version", "warned"), [((3, 51, 2), True), ((3, 51, 3), False)])
def test_an_old_sqlite_is_said_to_have_its_bug(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], warned: bool
) -> None:
    monkeypatch.setattr(Database, "version", property(lambda _database: version))
    sqlite = settings.database_url.startswith("sqlite")
    words = findings(settings)["数据库"][1]
    assert words.startswith("SQLite 3.51." if sqlite else "PostgreSQL 3.51.")
    assert ("WAL" in words) == (sqlite and warned)


class Slow(SystemClock):
    """Be behind the time."""

    def now(self) -> Any:
        return super().now() - timedelta(minutes=30)


def test_a_clock_behind_its_own_record_is_a_fault(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given what was recorded by a right clock
    engine = Engine(settings, SystemClock())
    with engine.transaction() as unit:
        history.record(unit, "organization", "unit-added", SYSTEM, {})
    engine.close()
    # When the machine's clock has fallen behind
    monkeypatch.setattr(checkup, "SystemClock", Slow)
    # Then
    assert findings(settings)["时钟"] == (False, "本机时钟比最新的一条记录还早 30 分钟，期限会算错，请校准时钟")


def test_a_clock_that_differs_from_the_database_is_a_fault(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "SystemClock", Slow)
    assert findings(settings)["时钟"] == (False, "本机时钟与数据库的相差 30 分钟，请校准")


def test_a_changed_record_is_a_fault(settings: Settings) -> None:
    engine = Engine(settings, SystemClock())
    engine.watchers.clear()
    with engine.database.writing() as connection:
        if engine.database.sqlite:
            connection.execute(text("DROP TRIGGER event_no_update"))
        else:
            connection.execute(text("ALTER TABLE event DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE event SET digest = salt WHERE number = 1 AND stream = 'organization'"))
    engine.close()
    sound, words = findings(settings)["记录"]
    assert not sound
    assert words.startswith("1 条链、0 处锚定对不上，请运行 suixu verify")


@ON_ONE
def test_what_stands_still_is_named_with_what_to_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [
        Stall("1", "2026年计划"),
        Stall("2", "2027年计划", "核对"),
        Stall("3", "2028年计划", "审核", posts=("hr.head", "nobody.head")),
        Stall("4", "2029年计划", "审核", posts=("hr.head",), people=("王承办", "李承办")),
        Stall("5", "2030年计划", "等回复", message="已回复"),
    ]
    monkeypatch.setattr(stalls, "find", lambda _unit: many)
    words = [found.words for found in checkup.examine(settings, {}) if found.what == "停滞的事项" and not found.sound]
    assert words[0] == "2026年计划：没有什么能让它再往下走，请由发起人撤销，重新发起"
    assert words[1] == "2027年计划：“核对”没有什么能让它再往下走，请由发起人撤销，重新发起"
    assert words[2].startswith("2028年计划：“审核”没有人能办，请给岗位安排人员：")
    assert "nobody.head" in words[2]
    assert words[3].startswith("2029年计划：“审核”只有王承办、李承办能办，而他们都没有可以登录的账号")
    assert words[4].startswith("2030年计划：“等回复”等的“已回复”没有流程会发")


def test_a_part_that_cannot_be_looked_at_is_told_and_the_rest_is_looked_at(settings: Settings) -> None:
    # Given a database that has lost a table
    engine = Engine(settings, SystemClock())
    with engine.database.writing() as connection:
        connection.execute(text("DROP TABLE subscription"))
    engine.close()
    # Then what needs it is told, with the reason, and everything else is looked at
    found = findings(settings)
    assert not found["停滞的事项"][0]
    assert found["停滞的事项"][1].startswith("查不下去，请保全数据库和备份（原因：")
    assert "subscription" in found["停滞的事项"][1]
    assert found["记录"][0]
    assert found["附件"][0]


@ON_ONE
def test_a_damaged_file_is_said_to_be_damaged(settings: Settings) -> None:
    path = Path(str(make_url(settings.database_url).database))
    path.write_bytes(b"something else " * 100)
    words = "数据库已经损坏，本次操作没有生效。请联系系统管理员停止服务，从备份中恢复。（原因：file is not a database）"
    assert findings(settings)["数据库"] == (False, words)


@ON_ONE
def test_a_long_list_of_what_stands_still_is_cut(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalls, "find", lambda _unit: [Stall(str(number), "计划") for number in range(25)])
    found = [finding for finding in checkup.examine(settings, {}) if finding.what == "停滞的事项"]
    assert len(found) == checkup.SHOWN + 1
    assert found[-1].words == "另有 5 项"
