"""What changes seldom is read once, and anew as soon as somebody has changed it, here or on another machine."""

from collections.abc import Callable
from datetime import date

import pytest

from engine import people
from engine.core import organization, settled
from engine.ground.unit_of_work import SYSTEM, Engine, Unit
from tests.engine.office import Office

FOUNDED = date(2020, 1, 1)


def names(unit: Unit) -> list[str]:
    return [item.name for item in organization.units(unit)]


def counted(calls: list[int]) -> Callable[[Unit], int]:
    def read(unit: Unit) -> int:
        calls.append(1)
        return len(calls)

    return read


def test_what_has_not_changed_is_read_once(office: Office) -> None:
    calls: list[int] = []
    for _ in range(3):
        with office.engine.reading() as unit:
            assert settled.of(unit, "thing", counted(calls)) == 1
            assert settled.of(unit, "thing", counted(calls)) == 1
    assert len(calls) == 1


def test_an_act_sees_its_own_change_and_others_see_it_once_it_is_committed(office: Office) -> None:
    with office.engine.reading() as unit:
        before = names(unit)
    with office.engine.transaction() as unit:
        people.add_unit(unit, "new", "新单位", "department", SYSTEM, starts=FOUNDED)
        assert names(unit) == [*before, "新单位"]
        assert names(unit) == [*before, "新单位"]
        people.rename_unit(unit, "new", "更新的单位", SYSTEM)
        assert names(unit) == [*before, "更新的单位"]
    with office.engine.reading() as unit:
        assert names(unit) == [*before, "更新的单位"]


def test_a_change_that_was_undone_is_not_seen(office: Office) -> None:
    with office.engine.reading() as unit:
        before = names(unit)
    with pytest.raises(ZeroDivisionError), office.engine.transaction() as unit:
        people.add_unit(unit, "new", "新单位", "department", SYSTEM, starts=FOUNDED)
        assert "新单位" in names(unit)
        raise ZeroDivisionError
    with office.engine.reading() as unit:
        assert names(unit) == before


def test_a_change_on_another_machine_is_seen_by_the_next_act(office: Office) -> None:
    # Given two engines on one database, both of which have read the organization
    other = Engine(office.engine.settings, office.engine.clock)
    for engine in (office.engine, other):
        with engine.reading() as unit:
            assert "新单位" not in names(unit)
    # When one of them changes it
    with other.transaction() as unit:
        people.add_unit(unit, "new", "新单位", "department", SYSTEM, starts=FOUNDED)
    # Then the other sees it at once
    with office.engine.reading() as unit:
        assert "新单位" in names(unit)
    other.close()
