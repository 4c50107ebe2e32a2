"""Who holds what, on which day; what may not be; that every change is on record."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine import accounts, people
from engine.core import history, organization
from engine.ground import model
from engine.ground.errors import Invalid, NotAllowed, NotFound, Stale
from engine.ground.unit_of_work import SYSTEM, Actor, Engine, new_id
from tests.conftest import NewDatabase
from tests.engine.offices import LONG_AGO, TODAY, establish, move, open_engine

TOMORROW = date(2026, 1, 21)
NEXT_MONTH = date(2026, 2, 20)


@pytest.fixture
def engine(new_database: NewDatabase, tmp_path: Path) -> Iterator[Engine]:
    """Give an engine with two units and nobody in them."""
    opened = open_engine(new_database(establish), tmp_path)
    yield opened
    opened.close()


def hire(engine: Engine, name: str, reference: str, starts: date = LONG_AGO, ends: date | None = None) -> str:
    """Add a person and appoint them."""
    with engine.transaction() as unit:
        person = people.add_person(unit, name, SYSTEM)
        people.appoint(unit, person, reference, starts, SYSTEM, ends=ends)
    return person


def kinds(engine: Engine) -> list[str]:
    """List what the stream of the organization says."""
    with engine.reading() as unit:
        assert history.verify(unit.connection, "organization").whole
        return [event.kind for event in history.read(unit.connection, "organization")]


def test_a_holder_is_found_by_post_and_by_person(engine: Engine) -> None:
    zhang, li = hire(engine, "张三", "hr.staff"), hire(engine, "李四", "hr.staff")
    with engine.reading() as unit:
        assert {person.id for person in people.holders(unit, "hr.staff")} == {zhang, li}
        assert [post.title for post in people.posts_of(unit, zhang)] == ["人事部承办人"]
        assert people.principals(unit, zhang) == [f"person:{zhang}", "post:hr.staff"]
        assert people.holders(unit, "no.such") == []


@pytest.mark.parametrize(
    ("starts", "ends", "holds"),
    [
        (TODAY, None, True),
        (TOMORROW, None, False),
        (LONG_AGO, TODAY, False),
        (LONG_AGO, TOMORROW, True),
    ],
)
def test_an_appointment_holds_from_its_first_day_until_the_day_it_ends(
    engine: Engine, starts: date, ends: date | None, holds: bool
) -> None:
    person = hire(engine, "张三", "hr.staff", starts, ends)
    with engine.reading() as unit:
        assert bool(people.holders(unit, "hr.staff")) is holds
        assert (len(people.principals(unit, person)) == 2) is holds
        assert bool(people.references_of_kind(unit, "hr", "staff")) is holds


def test_an_appointment_begins_at_midnight_in_shanghai(engine: Engine) -> None:
    person = hire(engine, "张三", "hr.staff", TOMORROW)
    move(engine, datetime(2026, 1, 20, 15, 59, tzinfo=UTC))
    with engine.reading() as unit:
        assert people.posts_of(unit, person) == []
    move(engine, datetime(2026, 1, 20, 16, 0, tzinfo=UTC))
    with engine.reading() as unit:
        assert len(people.posts_of(unit, person)) == 1


def test_a_relieved_person_acts_no_more_but_did_hold_the_post(engine: Engine) -> None:
    person = hire(engine, "张三", "hr.staff")
    with engine.transaction() as unit:
        [holding] = people.holdings(unit, person)
        people.relieve(unit, holding.id, TODAY, SYSTEM)
    with engine.reading() as unit:
        assert people.principals(unit, person) == [f"person:{person}"]
        assert [each.id for each in people.holders(unit, "hr.staff", date(2025, 6, 1))] == [person]
    assert kinds(engine)[-1] == "relieved"


def test_an_end_cannot_be_put_off(engine: Engine) -> None:
    hire(engine, "张三", "hr.staff", LONG_AGO, NEXT_MONTH)
    with engine.transaction() as unit:
        [holding] = people.holdings(unit)
        with pytest.raises(Invalid, match="重新任职"):
            people.relieve(unit, holding.id, date(2027, 1, 1), SYSTEM)
        with pytest.raises(Invalid, match="不能早于任职日期"):
            people.relieve(unit, holding.id, date(2020, 1, 1), SYSTEM)


def test_nobody_holds_one_post_twice_at_a_time(engine: Engine) -> None:
    person = hire(engine, "张三", "hr.staff", LONG_AGO, NEXT_MONTH)
    with engine.transaction() as unit:
        with pytest.raises(Invalid, match="已任这个岗位"):
            people.appoint(unit, person, "hr.staff", TODAY, SYSTEM)
        people.appoint(unit, person, "hr.staff", NEXT_MONTH, SYSTEM)
        assert [post.reference for post in people.posts_of(unit, person)] == ["hr.staff"]


def test_an_appointment_that_was_ended_as_it_starts_leaves_the_post_free(engine: Engine) -> None:
    person = hire(engine, "张三", "hr.staff", NEXT_MONTH)
    with engine.transaction() as unit:
        [holding] = people.holdings(unit, person)
        people.relieve(unit, holding.id, NEXT_MONTH, SYSTEM)
        assert people.holdings(unit, person) == []
        people.appoint(unit, person, "hr.staff", TODAY, SYSTEM)


def test_a_unit_that_ends_takes_its_posts_and_appointments_with_it(engine: Engine) -> None:
    person = hire(engine, "张三", "hr.staff")
    late = hire(engine, "李四", "hr.head", NEXT_MONTH)
    with engine.transaction() as unit:
        people.end_unit(unit, "hr", TODAY, SYSTEM, successor="office")
    with engine.reading() as unit:
        assert [each.code for each in people.units(unit)] == ["office"]
        assert next((each.code, each.successor) for each in people.units(unit, LONG_AGO)) == ("hr", "office")
        assert people.references(unit) == {"office.staff", "office.head"}
        assert people.posts_of(unit, person) == []
        assert people.holdings(unit, late) == []
        assert people.unit_name(unit, "hr") == "人事部"
    with engine.transaction() as unit, pytest.raises(Invalid, match="已撤销"):
        people.appoint(unit, person, "hr.staff", TODAY, SYSTEM)


def test_a_unit_cannot_follow_itself_nor_end_before_it_starts(engine: Engine) -> None:
    with engine.transaction() as unit:
        with pytest.raises(Invalid, match="接续单位"):
            people.end_unit(unit, "hr", TODAY, SYSTEM, successor="hr")
        with pytest.raises(Invalid, match="设立日期"):
            people.end_unit(unit, "hr", date(2020, 1, 1), SYSTEM)


def test_a_new_name_keeps_the_code(engine: Engine) -> None:
    with engine.transaction() as unit:
        people.rename_unit(unit, "hr", " 组织人事部 ", SYSTEM)
        people.rename_unit(unit, "hr", "组织人事部", SYSTEM)
    with engine.reading() as unit:
        assert people.unit_name(unit, "hr") == "组织人事部"
        assert people.post_titles(unit, ["hr.head", "no.such"]) == {"hr.head": "组织人事部负责人"}
    assert kinds(engine).count("unit-renamed") == 1


def test_posts_of_a_kind_come_in_their_order_and_only_with_a_holder(engine: Engine) -> None:
    with engine.transaction() as unit:
        for code in ("c", "b", "a"):
            people.add_post(unit, "office", code, f"副主任{code}", "deputy", SYSTEM)
    for reference in ("office.a", "office.b"):
        hire(engine, reference, reference)
    with engine.reading() as unit:
        assert people.references_of_kind(unit, "office", "deputy") == ("office.b", "office.a")
        assert people.references_of_kind(unit, "hr", "deputy") == ()


def test_the_overview_shows_units_posts_and_holders(engine: Engine) -> None:
    hire(engine, "张三", "hr.staff")
    hire(engine, "李四", "hr.staff", NEXT_MONTH)
    with engine.reading() as unit:
        [hr, office] = people.overview(unit)
    assert (hr.unit.name, [seat.post.name for seat in hr.seats]) == ("人事部", ["承办人", "负责人"])
    assert [holding.person.name for holding in hr.seats[0].holdings] == ["张三", "李四"]
    assert office.seats[0].holdings == ()


def test_a_code_or_a_name_that_is_none_is_refused(engine: Engine) -> None:
    with engine.transaction() as unit:
        for code in ("", "HR", "人事", "1a", "a b", "a.b", "a" * 51, "ｈｒ"):
            with pytest.raises(Invalid, match="小写英文字母"):
                people.add_unit(unit, code, "某部", "department", SYSTEM)
        for name in ("", " \u3000 ", "长" * 201, "换\n行", "\u202e反"):
            with pytest.raises(Invalid, match="名称"):
                people.add_unit(unit, "new", name, "department", SYSTEM)


def test_every_fault_of_a_new_unit_is_told_at_once(engine: Engine) -> None:
    with engine.transaction() as unit, pytest.raises(Invalid) as caught:
        people.add_unit(unit, "新", "", "nothing", SYSTEM)
    assert [fault.element for fault in caught.value.faults] == ["code", "name", "kind"]


def test_what_is_taken_or_unknown_is_refused(engine: Engine) -> None:
    with engine.transaction() as unit:
        people.add_person(unit, "张三", SYSTEM, number="1001")
        with pytest.raises(Invalid, match="已有"):
            people.add_unit(unit, "hr", "人事处", "department", SYSTEM)
        with pytest.raises(Invalid, match="已有"):
            people.add_post(unit, "hr", "staff", "承办人", "staff", SYSTEM)
        with pytest.raises(Invalid, match="已有"):
            people.add_person(unit, "李四", SYSTEM, number="1001")
        with pytest.raises(NotFound):
            people.appoint(unit, "nobody", "hr.staff", TODAY, SYSTEM)
        with pytest.raises(NotFound):
            people.add_post(unit, "nowhere", "staff", "承办人", "staff", SYSTEM)


def test_only_a_system_administrator_changes_the_organization(engine: Engine) -> None:
    person = hire(engine, "张三", "hr.staff")
    with engine.transaction() as unit:
        administrator = people.add_person(unit, "系统管理员", SYSTEM)
        accounts.create(unit, administrator, "root", "zxc-VBN-147-asd", ["system"], SYSTEM)
        for stranger in (Actor(person), Actor("nobody")):
            with pytest.raises(NotAllowed, match="系统管理员"):
                people.appoint(unit, person, "hr.head", TODAY, stranger)
        people.appoint(unit, person, "hr.head", TODAY, Actor(administrator))
    with engine.reading() as unit:
        event = history.read(unit.connection, "organization")[-1]
    assert (event.kind, event.envelope["person"], event.envelope["subject"]) == ("appointed", administrator, person)


def test_an_envelope_names_nobody(engine: Engine) -> None:
    hire(engine, "张三", "hr.staff")
    with engine.reading() as unit:
        events = history.read(unit.connection, "organization")
    assert "张三" not in str([event.envelope for event in events])
    assert any(event.payload and event.payload.get("name") == "张三" for event in events)


def test_of_two_who_add_the_same_the_second_is_told_to_look_again(engine: Engine) -> None:
    with pytest.raises(Stale, match="刚刚有人增加了同样的内容"), engine.transaction() as unit:
        # The check before it, which the other was too quick for, is left out
        fields = {"code": "hr", "name": "人事部", "kind": "department", "ordinal": 0, "starts": TODAY}
        organization.insert_new(unit, model.unit, {"id": new_id(), **fields})
