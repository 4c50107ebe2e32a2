"""One act, one commit: what is put off comes before it, what follows comes after it and only then."""

import logging
from contextlib import suppress
from datetime import date, datetime

import pytest

from engine.core import history
from engine.ground import model
from engine.ground.errors import Busy
from engine.ground.unit_of_work import SYSTEM, Engine, Unit, new_id


def hire(unit: Unit) -> str:
    person = new_id()
    unit.connection.execute(model.person.insert(), {"id": person, "name": "甲"})
    return person


def persons(engine: Engine) -> int:
    with engine.reading() as unit:
        return len(unit.connection.execute(model.person.select()).all())


def test_what_follows_sees_what_was_committed(engine: Engine) -> None:
    seen: list[int] = []
    with engine.transaction() as unit:
        hire(unit)
        unit.after_commit(lambda: seen.append(persons(engine)))
        assert seen == []
    assert seen == [1]


def test_an_act_that_fails_leaves_nothing_and_nothing_follows(engine: Engine) -> None:
    seen: list[str] = []
    with pytest.raises(ZeroDivisionError), engine.transaction() as unit:
        hire(unit)
        unit.before_commit(lambda: seen.append("before"))
        unit.after_commit(lambda: seen.append("after"))
        raise ZeroDivisionError
    assert (persons(engine), seen) == (0, [])


def test_what_is_put_off_fails_the_whole_act(engine: Engine) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    followed: list[str] = []
    with pytest.raises(ZeroDivisionError), engine.transaction() as unit:
        hire(unit)
        unit.before_commit(fail)
        unit.after_commit(lambda: followed.append("after"))
    assert (persons(engine), followed) == (0, [])


def test_what_follows_and_fails_does_not_take_the_act_back(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    followed: list[str] = []
    with caplog.at_level(logging.ERROR), engine.transaction() as unit:
        hire(unit)
        unit.after_commit(fail)
        unit.after_commit(lambda: followed.append("after"))
    assert (persons(engine), followed) == (1, ["after"])
    assert "after the commit" in caplog.text


def test_the_same_is_followed_up_once(engine: Engine) -> None:
    woken: list[int] = []
    engine.wake = lambda: woken.append(1)
    with engine.transaction() as unit:
        for _ in range(3):
            unit.after_commit(engine.wake)
    assert woken == [1]


def test_what_is_recorded_at_the_last_moment_is_recorded_too(engine: Engine) -> None:
    with engine.transaction() as unit:
        history.record(unit, "access", "first", SYSTEM)
        unit.before_commit(lambda: history.record(unit, "access", "last", SYSTEM))
    with engine.reading() as unit:
        assert [event.kind for event in history.read(unit.connection, "access")] == ["first", "last"]


def test_what_was_recorded_can_be_taken_back_within_the_act(engine: Engine) -> None:
    with engine.transaction() as unit, pytest.raises(ZeroDivisionError), unit.savepoint():
        history.record(unit, "access", "tried", SYSTEM)
        raise ZeroDivisionError
    with engine.reading() as unit:
        assert list(history.streams(unit.connection)) == []


def test_a_look_never_writes(engine: Engine) -> None:
    # PostgreSQL refuses it, SQLite forgets it.
    with suppress(Busy), engine.reading() as unit:
        hire(unit)
    assert persons(engine) == 0


def test_an_act_has_one_moment_and_the_date_of_the_office(engine: Engine) -> None:
    with engine.transaction() as unit:
        assert unit.today == date(2026, 1, 20)
        assert unit.now == engine.clock.now()
    assert engine.files.name == "files"
    assert engine.archives.parent == engine.files.parent


def test_a_moment_without_a_zone_is_refused(engine: Engine) -> None:
    row = {"id": new_id(), "at": datetime(2026, 1, 1), "streams": 0, "digest": ""}
    with pytest.raises(Exception, match="needs a zone"), engine.transaction() as unit:
        unit.connection.execute(model.anchor.insert(), row)


def test_a_part_that_is_undone_asks_for_nothing_after_the_commit(engine: Engine) -> None:
    told: list[str] = []
    with engine.transaction() as unit:
        unit.after_commit(lambda: told.append("before"))
        with pytest.raises(ZeroDivisionError), unit.savepoint():
            unit.after_commit(lambda: told.append("undone"))
            raise ZeroDivisionError
        with unit.savepoint():
            unit.after_commit(lambda: told.append("done"))
    assert told == ["before", "done"]
