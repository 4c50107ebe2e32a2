"""What stands still is found: nothing that could move it, or nobody who could."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from engine import accounts, incidents, people, stalls
from engine.accounts import Initial
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM, Unit
from engine.stalls import Stall
from tests.engine.office import Office, forget

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""


def found(office: Office) -> list[Stall]:
    with office.engine.reading() as unit:
        return stalls.find(unit)


def open_account(office: Office, login: str, whose: str = "", role: str = "") -> str:
    with office.engine.transaction() as unit:
        person_id = office.people[whose] if whose else people.add_person(unit, login, SYSTEM)
        initial = Initial(login, "", "no password has this hash", False)
        return accounts.create_prepared(unit, person_id, initial, [role] if role else [], SYSTEM)


@pytest.mark.parametrize(
    "name", ["runs_send_back", "runs_multi_user", "runs_boundary_interrupting", "runs_message_catch", "engine_call"]
)
def test_a_matter_that_waits_for_somebody_or_something_moves(office: Office, name: str) -> None:
    office.publish("engine_child")
    office.begin(name)
    assert found(office) == []


@once
def test_a_matter_whose_incident_was_closed_by_words_alone_stands_still(office: Office) -> None:
    # Given an instance that waits for a person to look at its incident
    instance_id = office.begin("engine_split_no_way")
    assert found(office) == []
    with office.engine.reading() as unit:
        incident = incidents.listing(unit)[0]
    # When somebody closes it and nothing else is done
    office.engine.watchers.clear()
    with office.engine.transaction() as unit:
        incidents.resolve(unit, incident.id, SYSTEM, "看过了")
    # Then nothing brings it on
    assert found(office) == [Stall(instance_id, incident.title, "分一分")]


def _take_the_clock(unit: Unit) -> None:
    unit.connection.execute(delete(model.job).where(model.job.c.kind == "timer"))


def _take_the_task(unit: Unit) -> None:
    unit.connection.execute(update(model.task).values(state="cancelled"))


@once
@pytest.mark.parametrize(("lose", "step"), [(_take_the_clock, "late"), (_take_the_task, "办理 a")])
def test_one_step_that_waits_for_nothing_is_named_though_others_go_on(
    office: Office, lose: Callable[[Unit], None], step: str
) -> None:
    # Given a task with a timer on its border
    instance_id = office.begin("runs_boundary_interrupting")
    office.engine.watchers.clear()
    # When what one of the two waits for has got lost
    with office.engine.transaction() as unit:
        lose(unit)
    # Then that one is named
    assert [(stall.instance_id, stall.step) for stall in found(office)] == [(instance_id, step)]


@once
def test_a_matter_without_any_token_stands_still(office: Office) -> None:
    instance_id = office.begin("runs_send_back")
    office.engine.watchers.clear()
    with office.engine.transaction() as unit:
        unit.connection.execute(delete(model.instance_state))
        _take_the_task(unit)
    assert [(stall.instance_id, stall.step) for stall in found(office)] == [(instance_id, "")]


@once
def test_a_message_that_nobody_can_send_is_named(office: Office) -> None:
    # Given a house with accounts, and a step that waits for a message
    open_account(office, "admin", role="system")
    instance_id = office.begin("engine_receiver")
    assert found(office) == [Stall(instance_id, "事项", "a", message="到货")]
    # When a process that sends it is published, or somebody may bring it from outside
    office.publish("engine_sender")
    assert found(office) == []


@once
def test_a_message_that_programs_may_bring_can_come(office: Office) -> None:
    open_account(office, "bridge", role="integration")
    office.begin("engine_receiver")
    assert found(office) == []


@once
def test_a_task_whose_posts_nobody_holds_is_named_with_them(office: Office) -> None:
    instance_id = office.begin("runs_send_back")
    task = office.open_tasks(instance_id)[0]
    with office.engine.transaction() as unit:
        yesterday = unit.today - timedelta(days=1)
        unit.connection.execute(update(model.holding).values(ends=yesterday))
        forget(unit)
    assert found(office) == [Stall(instance_id, task.title, task.name, posts=tuple(task.candidates))]


@once
def test_a_task_that_only_closed_accounts_could_take_is_named_with_their_holders(office: Office) -> None:
    # Given a task of two holders, of whom one can sign in
    instance_id = office.begin("runs_user")
    open_account(office, "first", "hr.staff")
    second = open_account(office, "second", "hr.staff2")
    with office.engine.transaction() as unit:
        accounts.disable(unit, second, SYSTEM)
    assert found(office) == []
    # When the other one has claimed it
    task = office.claim("办理 a", "hr.staff2")
    # Then nobody else can do it
    (stall,) = found(office)
    assert stall == Stall(instance_id, task.title, "办理 a", posts=("hr.staff",), people=("hr.staff2",))
