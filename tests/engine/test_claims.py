"""Who may no longer do a task lets go of it: it is put back before its posts, by the machine, on record."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from engine import instances, jobs, people, tasks
from engine.core import claims
from engine.core.history import Event
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import Office

MONDAY, WEDNESDAY = date(2026, 1, 19), date(2026, 1, 21)


def relieve(office: Office, post: str, ends: date) -> None:
    with office.engine.transaction() as unit:
        (holding,) = people.holdings(unit, office.people[post])
        people.relieve(unit, holding.id, ends, SYSTEM)


def waiting(office: Office, post: str) -> list[str]:
    with office.engine.reading() as unit:
        return [row.name for row in tasks.inbox(unit, office.people[post])]


def told(office: Office, instance: str) -> list[Event]:
    with office.engine.reading() as unit:
        seen = instances.view(unit, instance, "", ("audit",)).events
    return [event for event in seen if event.kind == "task.released"]


def to(office: Office, day: date) -> None:
    office.engine.clock.move_to(datetime.combine(day, datetime.min.time(), ZONE))  # type: ignore[attr-defined]
    office.work()


def test_whoever_leaves_the_post_lets_go_of_what_they_had_claimed(office: Office) -> None:
    # Given a task that one of two has claimed
    instance = office.begin("runs_user")
    row = office.claim("办理 a")
    assert waiting(office, "hr.staff2") == []
    # When they leave the post, and the worker has looked
    relieve(office, "hr.staff", MONDAY)
    office.work()
    # Then it waits for the other, who is the only one now and needs no claim
    assert waiting(office, "hr.staff") == []
    assert waiting(office, "hr.staff2") == ["办理 a"]
    with office.engine.reading() as unit:
        assert tasks.view(unit, row.id, office.people["hr.staff2"]).may == {"save", "complete"}
    # And the history tells it as the machine's act
    (event,) = told(office, instance)
    assert (event.envelope["person"], event.envelope["assignee"]) == (None, office.people["hr.staff"])
    assert event.envelope["task"] == row.id


def test_a_page_from_before_is_stale(office: Office) -> None:
    office.begin("runs_user")
    office.claim("办理 a")
    (row,) = office.open_tasks()
    with office.engine.reading() as unit:
        before = tasks.view(unit, row.id, office.people["hr.staff2"]).revision
    relieve(office, "hr.staff", MONDAY)
    office.work()
    with office.engine.reading() as unit:
        assert tasks.view(unit, row.id, office.people["hr.staff2"]).revision == before + 1


@pytest.mark.parametrize("which", ["unit", "post"])
def test_a_post_that_ends_takes_its_claims_along(office: Office, which: str) -> None:
    instance = office.begin("runs_user")
    office.claim("办理 a")
    with office.engine.transaction() as unit:
        if which == "unit":
            people.end_unit(unit, "hr", MONDAY, SYSTEM)
        else:
            people.end_post(unit, "hr.staff", MONDAY, SYSTEM)
    office.work()
    assert len(told(office, instance)) == 1


def test_a_day_to_come_is_looked_after_at_its_midnight(office: Office) -> None:
    # Given a claim by someone who leaves on Wednesday
    jobs.plan_daily(office.engine)
    instance = office.begin("runs_user")
    office.claim("办理 a")
    relieve(office, "hr.staff", WEDNESDAY)
    # Then on Tuesday it is still theirs
    to(office, WEDNESDAY - timedelta(days=1))
    assert waiting(office, "hr.staff") == ["办理 a"]
    # And on Wednesday it is not; on Thursday nothing more happens
    to(office, WEDNESDAY)
    assert waiting(office, "hr.staff2") == ["办理 a"]
    to(office, WEDNESDAY + timedelta(days=1))
    assert len(told(office, instance)) == 1
    with office.engine.reading() as unit:
        query = select(model.job.c.due_at).where(model.job.c.kind == "release", model.job.c.state == "due")
        (due,) = unit.connection.execute(query).scalars()
    assert due == datetime(2026, 1, 23, tzinfo=ZONE)


def test_what_others_have_claimed_stays_theirs(office: Office) -> None:
    instance = office.begin("runs_parallel")
    for name in ("办理 a", "办理 b"):
        office.claim(name, "hr.staff2")
    relieve(office, "hr.staff", MONDAY)
    office.work()
    assert waiting(office, "hr.staff2") == ["办理 a", "办理 b"]
    assert told(office, instance) == []


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_was_done_meanwhile_is_left_alone(office: Office) -> None:
    # Given a claim that is found to have lapsed
    instance = office.begin("runs_user")
    row = office.claim("办理 a")
    relieve(office, "hr.staff", MONDAY)
    with office.engine.reading() as unit:
        assert claims.lapsed(unit) == [row.id]
    # When a colleague takes it, or has done it, before the worker comes to it
    office.claim("办理 a", "hr.staff2")
    with office.engine.transaction() as unit:
        claims.let_go(unit, row.id)
    assert waiting(office, "hr.staff2") == ["办理 a"]
    office.do("办理 a", "hr.staff2")
    with office.engine.transaction() as unit:
        claims.let_go(unit, row.id)
    assert told(office, instance) == []
