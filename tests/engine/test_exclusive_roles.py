"""No sequence of grants, appointments and their ends leaves a combination that the law of least privilege forbids."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import accounts, people
from engine.core.organization import EXCLUSIVE_ROLES, ROLES, refuse_roles
from engine.ground.errors import SuixuError
from engine.ground.unit_of_work import SYSTEM, Engine, Unit
from tests.conftest import NewDatabase
from tests.engine.offices import TODAY, establish, open_engine

PREPARED = accounts.prepare("prepared", "zxc-VBN-147-asd")
POSTS = ("hr.staff", "hr.head", "office.staff")
PEOPLE = st.integers(0, 1)
DAYS = st.integers(-30, 30)
ACTS = st.one_of(
    st.tuples(st.just("create"), PEOPLE, st.lists(st.sampled_from(sorted(ROLES)), max_size=2)),
    st.tuples(st.just("grant"), PEOPLE, st.sampled_from(sorted(ROLES))),
    st.tuples(st.just("revoke"), PEOPLE, st.sampled_from(sorted(ROLES))),
    st.tuples(st.just("disable"), PEOPLE),
    st.tuples(st.just("enable"), PEOPLE),
    st.tuples(st.just("appoint"), PEOPLE, st.sampled_from(POSTS), DAYS, st.none() | DAYS),
    st.tuples(st.just("relieve"), PEOPLE, DAYS),
)


@pytest.fixture
def engine(new_database: NewDatabase, tmp_path: Path) -> Iterator[Engine]:
    """Give an engine with two units and nobody in them."""
    opened = open_engine(new_database(establish), tmp_path)
    yield opened
    opened.close()


def account_of(unit: Unit, person: str) -> str:
    """Give the id of a person's account, or that of nobody."""
    return next((each.id for each in accounts.listing(unit) if each.person_id == person), "none")


def act(unit: Unit, persons: list[str], what: tuple[object, ...]) -> None:
    """Do what hypothesis thought of."""
    match what:
        case ("create", int(who), list(roles)):
            initial = replace(PREPARED, login=f"login-{persons[who]}")
            accounts.create_prepared(unit, persons[who], initial, roles, SYSTEM)
        case ("grant" | "revoke" as name, int(who), str(role)):
            getattr(accounts, name)(unit, account_of(unit, persons[who]), role, SYSTEM)
        case ("disable" | "enable" as name, int(who)):
            getattr(accounts, name)(unit, account_of(unit, persons[who]), SYSTEM)
        case ("appoint", int(who), str(post), int(first), last):
            ends = TODAY + timedelta(days=last) if isinstance(last, int) else None
            people.appoint(unit, persons[who], post, TODAY + timedelta(days=first), SYSTEM, ends=ends)
        case ("relieve", int(who), int(day)):
            for holding in people.holdings(unit, persons[who])[:1]:
                people.relieve(unit, holding.id, TODAY + timedelta(days=day), SYSTEM)


def forbidden(unit: Unit, person: str) -> bool:
    """Tell whether a person has what nobody may have together, today or later."""
    roles = {role for each in accounts.listing(unit) if each.person_id == person for role in each.roles}
    trusted = roles & EXCLUSIVE_ROLES
    posts = [people.posts_of(unit, person, TODAY + timedelta(days=day)) for day in range(0, 61)]
    return len(trusted) > 1 or (bool(trusted) and ("process" in roles or any(posts)))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=2, max_size=12))
def test_forbidden_combinations_never_arise(engine: Engine, acts: list[tuple[object, ...]]) -> None:
    with engine.transaction() as unit:
        persons = [people.add_person(unit, name, SYSTEM) for name in ("甲", "乙")]
        for what in acts:
            with contextlib.suppress(SuixuError):
                act(unit, persons, what)
        assert not any(forbidden(unit, person) for person in persons)


def test_two_at_the_same_time_do_not_slip_past_each_other(engine: Engine) -> None:
    """A grant and an appointment of one person at once: the second waits for the first and is refused."""
    if engine.database.sqlite:
        # One writer at a time: nothing can meet.
        with engine.transaction() as unit:
            assert unit.connection.in_transaction()
        return
    with engine.transaction() as unit:
        person = people.add_person(unit, "甲", SYSTEM)
        account = accounts.create_prepared(unit, person, replace(PREPARED, login="meeting"), (), SYSTEM)
    refused: list[SuixuError] = []
    waiting = threading.Event()

    def appoint() -> None:
        try:
            with engine.transaction() as unit:
                waiting.set()
                people.appoint(unit, person, "hr.staff", TODAY, SYSTEM)
        except SuixuError as error:
            refused.append(error)

    with engine.transaction() as unit:
        accounts.grant(unit, account, "audit", SYSTEM)
        other = threading.Thread(target=appoint)
        other.start()
        waiting.wait(10)
    other.join(10)
    assert [type(error).__name__ for error in refused] == ["Invalid"]


def test_a_guardian_of_the_house_has_no_other_role(engine: Engine) -> None:
    with engine.reading() as unit:
        assert refuse_roles(unit, "nobody", ("audit", "integration")) == "系统、安全、审计管理员不得兼任对接员。"
        assert refuse_roles(unit, "nobody", ("audit", "system")).endswith("不得由同一账号兼任。")
        assert refuse_roles(unit, "nobody", ("process", "integration")) == ""
