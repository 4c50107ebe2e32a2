"""What an office of an earlier version has in its database is loaded, and its work goes on."""

from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from engine import records
from engine.ground import migrations
from engine.ground.clock import local
from tests import stored
from tests.engine import promises
from tests.stored import __main__ as writer
from tests.stored import scenes

VERSIONS = stored.versions()
CHANGELOG = stored.CHANGELOG.read_text(encoding="utf-8")
(HEAD,) = migrations._heads()


def test_a_state_of_each_version_is_stored_and_the_newest_is_that_in_the_making() -> None:
    assert stored.lacking(CHANGELOG, HEAD) == []
    assert next(iter(stored.told(CHANGELOG))) == version("suixu")


def test_a_version_without_a_state_or_released_with_an_old_one_is_told() -> None:
    assert stored.lacking(f"## [9.0.0] – Unreleased\n{CHANGELOG}", HEAD) == ["9.0.0: python -m tests.stored"]
    alone = f"## [{VERSIONS[-1]}] – 2026-12-01\n"
    assert f"{VERSIONS[-1]}: older than its tables" in stored.lacking(alone, "none")


def test_the_state_of_a_released_version_is_never_written_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stored, "CHANGELOG", tmp_path / "CHANGELOG.md")
    stored.CHANGELOG.write_text(f"## [{version('suixu')}] – 2026-12-01\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="stay as they are"):
        writer.main()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_office_goes_on(version: str, database_url: str, tmp_path: Path) -> None:
    # Given the office as that version left it, on 20 January 2026
    stored.restore(stored.read(version, "office"), database_url)
    with scenes.office(database_url, tmp_path) as stage:
        # Then all of it is whole, and stands as an act finds it
        promises.check(stage.engine)
        assert records.verify(stage.engine).whole
        # When its people go on with what waited for them
        stage.do("hr-staff", "人事部审看", "accept", "2026年", opinion="收下。")
        stage.do("leader", "组长签批", "agree", "计划调整", opinion="同意。")
        stage.go_to(local(stage.clock.moment).date() + timedelta(days=7))
        # Then it went on: what followed is there, the units were told, and all is whole
        assert not stage.waits("leader", "组长签批", "计划调整")
        assert records.verify(stage.engine).whole


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_left_half_way_ends_as_it_should(version: str, database_url: str, tmp_path: Path) -> None:
    # Given instances that wait in every way there is
    state = stored.read(version, "waits")
    stored.restore(state, database_url)
    with scenes.waits(database_url, tmp_path, state.about) as walkers:
        promises.check(walkers[0].office.engine)
        for walker in walkers:
            # When what was missing happens
            walker.act(walker.walk.acts[-1])
            # Then each has gone the way that its diagram says
            assert walker.told() == walker.walk.told, walker.walk.name
