"""An open task's deadline follows the variables that it is worked out from, with its inbox rows and reminders."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import incidents, instances, tasks
from engine.ground import model
from engine.ground.clock import ZONE, local
from tests.engine.core.form_drawing import draw, part
from tests.engine.office import FORM, Office

DUE, LATER = date(2026, 1, 28), date(2026, 2, 4)
DECIDE = draw(
    part("datetime", "day", properties={"variable": "day"}),
    part("number", "days", properties={"variable": "days"}),
    {"type": "button", "label": "同意", "properties": {"outcome": "agree", "style": "primary"}},
)
once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""


@pytest.fixture
def instance(office: Office) -> str:
    """Open four tasks on Monday 19 January: due on a date, after some days, after four days, and without a deadline."""
    return office.begin(
        "engine_due_follows", unit_code="red", forms={"form": FORM, "decide": DECIDE}, day=DUE, days=Decimal(7)
    )


def due(office: Office, name: str) -> date:
    (row,) = [item for item in office.open_tasks() if item.name == name]
    assert row.due_at is not None
    return local(row.due_at).date()


def planned(office: Office) -> list[tuple[str, date]]:
    table = model.job.c
    query = select(table.kind, table.due_at).where(table.kind.in_(("remind", "chase")), table.state == "due")
    with office.engine.reading() as unit:
        return sorted((row.kind, local(row.due_at).date()) for row in unit.connection.execute(query))


def changes(office: Office, instance: str) -> list[tuple[str, Any, Any]]:
    with office.engine.reading() as unit:
        events = instances.view(unit, instance, "", ("audit",)).events
    found = [event for event in events if event.kind == "task.due_changed"]
    days = [
        [local(datetime.fromisoformat((event.payload or {})[key])).date() for key in ("before", "after")]
        for event in found
    ]
    return [(event.envelope["activity"], *pair) for event, pair in zip(found, days, strict=True)]


def test_inbox_reminders_and_record_follow_a_new_date(office: Office, instance: str) -> None:
    # Given a task due on 28 January, another seven working days after it opened
    assert (due(office, "起草"), due(office, "清点"), due(office, "登记")) == (DUE, DUE, date(2026, 1, 23))
    assert planned(office) == [("chase", date(2026, 1, 29)), ("remind", date(2026, 1, 23)), ("remind", DUE)]
    # When, on Tuesday, somebody puts off the date, and lengthens the days
    office.engine.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    office.do("改期", "hr.head", day=LATER.isoformat(), days=8)
    # Then the first is due then, with its reminders; the other counts from the day it opened; the third stands
    assert (due(office, "起草"), due(office, "清点")) == (LATER, date(2026, 1, 29))
    assert due(office, "登记") == date(2026, 1, 23)
    assert planned(office) == [("chase", date(2026, 2, 5)), ("remind", date(2026, 1, 30)), ("remind", LATER)]
    assert sorted(changes(office, instance)) == [("count", DUE, date(2026, 1, 29)), ("write", DUE, LATER)]
    with office.engine.reading() as unit:
        (row,) = tasks.inbox(unit, office.people["red.staff"])
        place = unit.connection.execute(select(model.inbox.c.due_at).where(model.inbox.c.task_id == row.id))
        assert place.scalar_one() == row.due_at == datetime.combine(LATER, time(18), ZONE).astimezone(UTC)
        # And whoever has the page open can go on
        assert tasks.view(unit, row.id, office.people["red.staff"]).revision == 1


@once
def test_another_day_off_before_the_same_working_day_moves_nothing(office: Office) -> None:
    forms = {"form": FORM, "decide": DECIDE}
    saturday, days = date(2026, 1, 31), Decimal(7)
    instance = office.begin("engine_due_follows", unit_code="red", forms=forms, day=saturday, days=days)
    before = planned(office)
    office.do("改期", "hr.head", day="2026-02-01", days=9)
    assert due(office, "起草") == date(2026, 2, 2)
    assert planned(office) == before
    assert [name for name, *_ in changes(office, instance)] == ["count"]


@once
def test_a_date_that_has_passed_chases_at_once(office: Office, instance: str) -> None:
    office.engine.clock.advance(timedelta(days=7))  # type: ignore[attr-defined]
    office.do("改期", "hr.head", day="2026-01-20", days=7)
    assert planned(office) == [("chase", date(2026, 1, 21))]


@once
def test_what_gives_no_date_any_more_leaves_the_old_one_and_tells_a_person(office: Office, instance: str) -> None:
    office.do("改期", "hr.head", days=7)
    assert due(office, "起草") == DUE
    assert changes(office, instance) == []
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    assert "“起草”的期限“day”没有得出天数或者日期" in found.message
    assert "仍按原来的期限" in found.message


@once
def test_a_task_taken_back_keeps_its_deadline_while_that_is_still_to_come(office: Office) -> None:
    office.begin("engine_merge", unit_code="red", forms={"form": FORM, "draft": FORM, "review": FORM})
    first = due(office, "起草")
    for days, kept in ((3, True), (30, False)):
        done = office.do("起草", "red.staff")
        office.engine.clock.advance(timedelta(days=days))  # type: ignore[attr-defined]
        with office.engine.transaction() as unit:
            revision = tasks.view(unit, done, office.people["red.staff"]).revision
            tasks.withdraw(unit, done, office.actor("red.staff"), revision)
        assert (due(office, "起草") == first) is kept
    assert due(office, "起草") > first


@once
def test_chasing_that_no_calendar_reaches_is_an_incident_and_the_task_opens(office: Office) -> None:
    # Given a deadline on the last working day that the calendar knows, and a chase on the one after it
    forms = {"form": FORM, "decide": DECIDE}
    office.begin("engine_due_follows", unit_code="red", forms=forms, day=date(2100, 12, 31), days=Decimal(3))
    # Then it is told, and reminded before
    assert due(office, "起草") == date(2100, 12, 31)
    assert [kind for kind, _day in planned(office)] == ["remind", "remind"]
    with office.engine.reading() as unit:
        assert "“起草”的提醒和催办没有排全：没有 2101 年" in incidents.listing(unit)[0].message


@once
def test_part_of_a_day_is_no_deadline_but_an_incident(office: Office) -> None:
    # Given a number of days that is not whole
    forms = {"form": FORM, "decide": DECIDE}
    office.begin("engine_due_follows", unit_code="red", forms=forms, day=DUE, days=Decimal("2.5"))
    # Then the task waits before a person, and no day is cut off
    assert "清点" not in office.names()
    with office.engine.reading() as unit:
        assert "“清点”的期限“days”不能用：工作日数要是整数，现为 2.5" in incidents.listing(unit)[0].message
