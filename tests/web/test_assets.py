"""The scripts and styles of the pages are there as a whole, or their absence is said."""

from pathlib import Path

import pytest

from web import assets


def lay_out(static: Path, names: tuple[str, ...], listed: tuple[str, ...] = ()) -> None:
    static.mkdir(exist_ok=True)
    for name in names:
        (static / name).touch()
    if listed:
        (static / assets.LIST).write_text("".join(f"{name}\n" for name in listed), encoding="utf-8")


def test_nothing_is_missing_after_a_build() -> None:
    assert assets.missing() == []


def test_everything_is_missing_before_the_first_build(tmp_path: Path) -> None:
    assert assets.missing(tmp_path / "static") == sorted(assets.NEEDED)


def test_a_file_that_was_built_and_is_gone_is_named(tmp_path: Path) -> None:
    lay_out(tmp_path, assets.NEEDED, listed=(*assets.NEEDED, "bpmn.woff2"))
    assert assets.missing(tmp_path) == ["bpmn.woff2"]


def make_frontend(folder: Path, **sources: str) -> Path:
    """Make sources that use the tools installed for the real ones."""
    folder.mkdir()
    lock = assets.FRONTEND / "package-lock.json"
    (folder / "package-lock.json").write_bytes(lock.read_bytes())
    (folder / "node_modules").symlink_to(assets.FRONTEND / "node_modules")
    for name, text in sources.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


def test_a_build_that_fails_says_so_and_leaves_the_old_files(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    frontend = make_frontend(tmp_path / "frontend", viewer_js="import './not-there.js';")
    static = tmp_path / "static"
    lay_out(static, ("viewer.js",))
    with pytest.raises(assets.AssetsError, match="命令失败"):
        assets.build(frontend, static)
    assert (static / "viewer.js").is_file()
    assert "not-there.js" in capfd.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frontend", "static"]


def test_a_build_without_all_that_the_pages_need_is_refused(tmp_path: Path) -> None:
    frontend = make_frontend(tmp_path / "frontend", viewer_js="window.drawn = true;")
    with pytest.raises(assets.AssetsError, match=r"modeler\.js"):
        assets.build(frontend, tmp_path / "static")
    assert not (tmp_path / "static").exists()


def test_without_sources_a_build_says_where_it_can_be_run(tmp_path: Path) -> None:
    with pytest.raises(assets.AssetsError, match="源代码目录"):
        assets.build(tmp_path / "frontend", tmp_path / "static")


def test_the_command_ends_with_a_fault_when_the_build_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> list[str]:
        raise assets.AssetsError("磁盘满了")

    monkeypatch.setattr(assets, "build", fail)
    assert assets.main() == 1
    assert capsys.readouterr().err == "网页的脚本和样式没有生成：磁盘满了\n"
