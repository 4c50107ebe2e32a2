"""What is undone is undone wholly: a withdrawal, a child that cannot start, a return that comes too late."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from engine import incidents, instances, tasks
from engine.core import starts
from engine.core.diagram import Diagram, Node, Timer, Trigger
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.errors import Stale
from tests.engine.office import FORM, Office
from tests.engine.test_jobs import FORM_YEAR, to


def kinds(office: Office, instance: str) -> list[str]:
    with office.engine.reading() as unit:
        return [event.kind for event in instances.view(unit, instance, "", ("audit",)).events]


def withdraw(office: Office, task_id: str, post: str = "hr.head") -> str:
    with office.engine.transaction() as unit:
        revision = tasks.view(unit, task_id, office.people[post]).revision
        return tasks.withdraw(unit, task_id, office.actor(post), revision)


def test_only_a_step_between_two_tasks_of_one_scope_can_be_taken_back(office: Office) -> None:
    # Given tasks in a sub-process, of several instances, with a timer on the border, and a plain one
    instance = office.begin("engine_inner")
    steps = [("里面办理", 2), ("外面各办", 1), ("外面各办", 1), ("外面办理", 1)]
    for name, waiting in steps:
        done = office.do(name, "hr.head")
        assert len(office.open_tasks(instance)) == waiting
        # Then none of them can be taken back: more has changed than one task
        with pytest.raises(Stale, match="不能撤回"):
            withdraw(office, done)
    done = office.do("最后办理", "hr.head")
    again = withdraw(office, done)
    assert [row.id for row in office.open_tasks(instance)] == [again]
    assert office.names(instance) == ["最后办理"]


def test_a_task_taken_back_still_tells_why_it_came(office: Office) -> None:
    office.begin("runs_send_back")
    office.claim_and_do("办理 a")
    office.claim("办理 b")
    office.do("办理 b", "hr.staff", "return", words="请补充")
    before = office.claim_and_do("办理 a")
    withdraw(office, before, "hr.staff")
    (row,) = office.open_tasks()
    with office.engine.reading() as unit:
        cause = tasks.view(unit, row.id, office.people["hr.staff"]).cause
    assert cause is not None
    assert cause["text"] == "请补充"


def test_a_child_that_cannot_start_leaves_nothing_of_itself(office: Office) -> None:
    office.publish("engine_round")
    parent = office.begin("engine_call")
    # Then there is an incident on the parent, and no half of a child
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
        assert unit.connection.execute(select(model.instance.c.id)).scalars().all() == [parent]
        streams = set(unit.connection.execute(select(model.event.c.stream)).scalars())
    assert "不停循环" in found.message
    assert {name for name in streams if name.startswith("instance:")} == {f"instance:{parent}"}
    # And once the child is drawn right, a retry starts it
    office.publish("engine_child")
    with office.engine.transaction() as unit:
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    office.work()
    assert office.names() == ["子项办理"]


def test_a_return_that_comes_too_late_is_recorded_as_discarded(office: Office) -> None:
    office.publish("engine_child")
    office.publish("engine_call")
    parent = office.begin("engine_call")
    office.do("子项办理", "hr.head")
    with office.engine.transaction() as unit:
        unit.connection.execute(
            update(model.instance).where(model.instance.c.id == parent).values(starter_id=office.people["hr.staff"])
        )
    with office.engine.transaction() as unit:
        instances.cancel(unit, parent, office.actor("hr.staff"), "不办了")
    assert "child.discarded" in kinds(office, parent)
    assert office.work() == 0


def planned(office: Office) -> list[Any]:
    with office.engine.reading() as unit:
        query = select(model.job.c.payload).where(model.job.c.kind == "start", model.job.c.state == "due")
        return sorted(row["process"] for row in unit.connection.execute(query).scalars())


def test_planning_one_process_leaves_its_neighbours_alone(office: Office) -> None:
    start = Node("yearly", "start", trigger=Trigger("timer", timer=Timer("cycle", "yearly(first_workday(1))")))
    with office.engine.transaction() as unit:
        for key in ("annualXplan", "annual_plan", "annual_plan"):
            starts.plan(unit, Diagram(key, key, nodes={"yearly": start}))
    assert planned(office) == ["annualXplan", "annual_plan"]
    with office.engine.transaction() as unit:
        starts.plan(unit, Diagram("annual_plan", "annual_plan"))
    assert planned(office) == ["annualXplan"]


def test_a_start_that_comes_late_is_of_the_year_it_was_planned_for(office: Office) -> None:
    office.publish("engine_start", forms={"begin": FORM_YEAR, "form": FORM})
    with office.engine.transaction() as unit:
        # an incident's retry moves the moment of the job, long after its day
        late = datetime(2028, 2, 1, 9, tzinfo=ZONE)
        unit.connection.execute(update(model.job).where(model.job.c.kind == "start").values(due_at=late))
    to(office, 2028, 2, 2)
    with office.engine.reading() as unit:
        titles = unit.connection.execute(select(model.instance.c.title).order_by(model.instance.c.started_at))
        assert titles.scalars().all() == ["2027年事项", "2028年事项"], "and the one that was missed after it"
