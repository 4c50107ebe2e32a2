"""The four steps of a fresh house: done by what is there, or because somebody said so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import accounts, people, records, setup
from engine.ground.errors import NotAllowed, NotFound
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import SYSTEM, Actor, Engine
from tests.conftest import NewDatabase
from tests.engine.offices import open_engine

PASSWORD = "Suixu-Test-2026"


@pytest.fixture
def engine(new_database: NewDatabase, tmp_path: Path) -> Iterator[Engine]:
    """Give a house in which only the first administrator is known."""
    opened = open_engine(new_database(migrate), tmp_path)
    with opened.transaction() as unit:
        accounts.first_administrator(unit, "admin", PASSWORD)
    yield opened
    opened.close()


def states(engine: Engine) -> list[str]:
    with engine.reading() as unit:
        return [step.state for step in setup.steps(unit)]


def is_due(engine: Engine) -> bool:
    with engine.reading() as unit:
        return setup.is_due(unit)


def settle(engine: Engine, name: str, state: setup.State) -> None:
    with engine.transaction() as unit:
        setup.settle(unit, name, state, SYSTEM)


def test_an_empty_house_has_everything_before_it(engine: Engine) -> None:
    assert states(engine) == ["open"] * 4
    assert is_due(engine)


def test_what_is_there_is_done(engine: Engine) -> None:
    # Given units, and people of whom one publishes processes
    with engine.transaction() as unit:
        people.add_unit(unit, "hr", "人事部", "department", SYSTEM)
    assert states(engine) == ["done", "open", "open", "open"]
    assert not is_due(engine)
    with engine.transaction() as unit:
        person = people.add_person(unit, "业务员", SYSTEM)
        account = accounts.create(unit, person, "drawer", PASSWORD, ["process"], SYSTEM)
    assert states(engine) == ["done", "done", "open", "open"]
    # When the one account is closed, somebody else is needed
    with engine.transaction() as unit:
        accounts.disable(unit, account, SYSTEM)
    assert states(engine) == ["done", "open", "open", "open"]


def test_a_step_is_confirmed_or_skipped_and_what_was_said_last_counts(engine: Engine) -> None:
    settle(engine, "calendar", "skipped")
    settle(engine, "calendar", "done")
    settle(engine, "parameters", "skipped")
    settle(engine, "units", "skipped")
    assert states(engine) == ["skipped", "open", "done", "skipped"]
    assert not is_due(engine), "somebody said that it may stay empty"


def test_saying_it_twice_is_recorded_once(engine: Engine) -> None:
    before = records.verify(engine).events
    for _time in range(2):
        settle(engine, "calendar", "done")
    assert records.verify(engine).events == before + 1


def test_only_the_system_administrator_settles_a_step_that_there_is(engine: Engine) -> None:
    with pytest.raises(NotFound):
        settle(engine, "coffee", "done")
    with engine.transaction() as unit:
        person = people.add_person(unit, "业务员", SYSTEM)
    with pytest.raises(NotAllowed), engine.transaction() as unit:
        setup.settle(unit, "calendar", "done", Actor(person))
