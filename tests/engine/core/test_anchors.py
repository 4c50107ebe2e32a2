"""An anchor file that was cut, changed, taken away, put there beforehand or is no anchor at all is told as such."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import jobs
from engine.core import anchors
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.errors import Fault
from tests.engine.office import Office

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""


def go_to(office: Office, day: int) -> None:
    office.engine.clock.moment = datetime(2026, 1, day, 12, tzinfo=ZONE)  # type: ignore[attr-defined]


def drop(office: Office, day: int = 20) -> Path:
    go_to(office, day)
    with office.engine.transaction() as unit:
        return anchors.drop(unit)


def faults(office: Office) -> list[Fault]:
    with office.engine.reading() as unit:
        return list(anchors.verify(unit))


def codes(office: Office) -> list[str]:
    return [fault.code for fault in faults(office)]


def spoil(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def first(content: dict[str, Any]) -> str:
    return str(next(iter(content["heads"])))


def test_anchors_of_several_days_hold(office: Office) -> None:
    office.begin("runs_user")
    drop(office, 20)
    office.begin("runs_timer_workdays")
    drop(office, 21)
    assert faults(office) == []


def test_a_changed_head_is_found_in_the_file_and_against_the_chain(office: Office) -> None:
    office.begin("runs_user")
    path = drop(office)
    spoil(path, lambda content: content["heads"].update({first(content): [1, "00" * 32]}))
    assert codes(office) == ["anchor.unregistered", "anchor.differs"]


@once
@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.update(at="2026-01-19T04:00:00+00:00"),
        lambda content: content.update(digest="0" * 64),
        lambda content: content["heads"].pop(first(content)),
    ],
)
def test_a_changed_anchor_is_known_to_no_row_and_the_row_misses_it(
    office: Office, change: Callable[[dict[str, Any]], object]
) -> None:
    office.begin("runs_user")
    spoil(drop(office), change)
    assert codes(office)[0] == "anchor.unregistered"


HEADS: list[Any] = [
    7,
    {"instance:x": 7},
    {"instance:x": ["1", "0" * 64]},
    {"instance:x": [True, "0" * 64]},
    {"instance:x": [0, "0" * 64]},
    {"instance:x": [10**30, "0" * 64]},
    {"instance:x": [1, "nonsense"]},
    {"instance:x": [1, 7]},
    {"instance\0x": [1, "0" * 64]},
    {"x" * 121: [1, "0" * 64]},
]


@once
@pytest.mark.parametrize("heads", HEADS)
def test_heads_that_cannot_be_are_told_and_never_asked_for(office: Office, heads: Any) -> None:
    path = drop(office)
    spoil(path, lambda content: content.update(heads=heads))
    assert codes(office) == ["anchor.malformed", "anchor.missing"]


@once
@pytest.mark.parametrize(
    "content",
    [b"", b'{"at": "2026', b"\xff\xfe", b"[]", b"7", b"{}", b"[" * 100_000],
    ids=["empty", "cut", "not-utf-8", "list", "number", "nothing", "deep"],
)
def test_a_file_that_was_cut_off_or_is_no_anchor_is_told(office: Office, content: bytes) -> None:
    path = drop(office)
    path.write_bytes(content)
    malformed, missing = faults(office)
    assert (malformed.code, missing.code) == ("anchor.malformed", "anchor.missing")
    assert path.name in malformed.message
    assert "2026年1月20日" in missing.message


@once
@pytest.mark.parametrize("at", ["2026-01-20T12:00:00", "yesterday"])
def test_an_anchor_says_its_moment_with_its_zone(office: Office, at: str) -> None:
    spoil(drop(office), lambda content: content.update(at=at))
    assert codes(office) == ["anchor.malformed", "anchor.missing"]


@once
def test_a_folder_in_the_place_of_a_file_is_told(office: Office) -> None:
    (anchors.folder(office.engine) / "a.json").mkdir(parents=True)
    assert codes(office) == ["anchor.malformed"]


def test_a_file_taken_away_is_missed_though_another_day_says_the_same(office: Office) -> None:
    # Given two days between which nothing happened
    office.begin("runs_user")
    drop(office, 20)
    path = drop(office, 21)
    with office.engine.reading() as unit:
        assert len(set(unit.connection.execute(select(model.anchor.c.digest)).scalars())) == 1
    # When one of the two files is taken away
    path.unlink()
    # Then it is missed
    (fault,) = faults(office)
    assert (fault.code, "2026年1月21日" in fault.message) == ("anchor.missing", True)


@once
def test_a_copy_from_elsewhere_may_have_any_name(office: Office) -> None:
    path = drop(office)
    path.rename(path.with_name("20日的副本.json"))
    assert faults(office) == []


def test_a_whole_stream_that_is_gone_is_missed(office: Office) -> None:
    instance = office.begin("runs_user")
    path = drop(office)
    # Given an anchor that names a stream of which there is nothing
    spoil(path, lambda content: content["heads"].update({"instance:gone": content["heads"][f"instance:{instance}"]}))
    assert [fault.element for fault in faults(office) if fault.code == "anchor.differs"] == ["instance:gone"]


# One a day


@once
def test_the_second_anchor_of_a_day_replaces_nothing(office: Office) -> None:
    before = drop(office).read_bytes()
    office.begin("runs_user")
    assert drop(office).read_bytes() == before
    assert faults(office) == []


@once
@pytest.mark.parametrize("content", [None, b'{"cut'])
def test_a_file_that_no_row_knows_is_written_anew(office: Office, content: bytes | None) -> None:
    # Given the file of a try that was killed before its commit, or one that somebody put there beforehand
    with pytest.raises(ZeroDivisionError), office.engine.transaction() as unit:
        path = anchors.drop(unit)
        raise ZeroDivisionError
    if content is not None:
        path.write_bytes(content)
    office.begin("runs_user")
    assert faults(office) != []
    # When the day's anchor is dropped again
    with office.engine.transaction() as unit:
        anchors.drop(unit)
    # Then it holds the heads of now, and is registered
    assert faults(office) == []
    assert any(stream.startswith("instance:") for stream in json.loads(path.read_bytes())["heads"])


@once
def test_a_clock_that_was_set_back_leaves_every_anchor_true(office: Office) -> None:
    office.begin("runs_user")
    drop(office, 22)
    office.begin("runs_timer_workdays")
    drop(office, 20)
    drop(office, 22)
    assert faults(office) == []
    assert len(list(anchors.folder(office.engine).iterdir())) == 2


@once
def test_anchors_go_on_when_a_clock_that_ran_ahead_is_set_right(office: Office) -> None:
    # Given an anchor planned for a day that is years away
    office.engine.clock.moment = datetime(2030, 1, 1, 12, tzinfo=ZONE)  # type: ignore[attr-defined]
    jobs.plan_daily(office.engine)
    # When the clock is right again and the day is planned
    go_to(office, 20)
    jobs.plan_daily(office.engine)
    go_to(office, 21)
    office.work()
    # Then the next morning has its anchor
    assert [path.stem for path in anchors.folder(office.engine).iterdir()] == ["2026-01-21"]
