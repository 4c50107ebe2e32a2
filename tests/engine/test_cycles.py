"""A timer that repeats fires each time exactly once: over restarts, failures and other workers, until its work ends."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Row, select

from engine import calendar, definitions, incidents, instances, jobs
from engine.core import execution
from engine.core.spiff import Machine
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import DIAGRAMS, FORM, Office, forget

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""

DATE, LENGTH, CYCLE = "timeDate", "timeDuration", "timeCycle"


def rows(office: Office, kind: str, state: str) -> list[Row[Any]]:
    table = model.job.c
    with office.engine.reading() as unit:
        query = select(model.job).where(table.kind == kind, table.state == state)
        return list(unit.connection.execute(query.order_by(table.due_at)))


def publish(office: Office, name: str, *changes: tuple[str, str]) -> None:
    """Publish a tiny diagram with some of its words changed."""
    source = (DIAGRAMS / f"{name}.bpmn").read_text(encoding="utf-8")
    for before, after in changes:
        assert before in source
        source = source.replace(before, after)
    with office.engine.transaction() as unit:
        definitions.publish(unit, source.encode(), {"form": FORM, "plan": FORM}, SYSTEM)


def begin(office: Office, **variables: Any) -> str:
    with office.engine.transaction() as unit:
        return execution.start(unit, execution.latest(unit, "main"), variables, SYSTEM).id


def said(office: Office) -> list[str]:
    with office.engine.reading() as unit:
        return [row.message for row in incidents.listing(unit)]


def started(office: Office) -> list[datetime]:
    with office.engine.reading() as unit:
        query = select(model.instance.c.started_at).order_by(model.instance.c.started_at)
        return list(unit.connection.execute(query).scalars())


def test_each_firing_sets_the_next_and_two_workers_fire_it_once(office: Office) -> None:
    instance = office.begin("runs_timer_cycle_boundary")
    for passed in (1, 2):
        (job,) = rows(office, "timer", "due")
        office.engine.clock.advance(timedelta(weeks=1))  # type: ignore[attr-defined]
        # When another process, which remembers nothing, takes the same job as this one
        jobs.run_one(office.engine, job)
        with office.engine.transaction() as unit:
            forget(unit)
        jobs.run_one(office.engine, job)
        # Then it has fired once, and the next one is set an interval later
        (following,) = rows(office, "timer", "due")
        assert office.trace(instance).count("b") == passed == len(rows(office, "timer", "done"))
        assert following.due_at - job.due_at == timedelta(weeks=1)
    office.do("办理 a", "hr.head")
    assert rows(office, "timer", "due") == []
    assert len(rows(office, "timer", "cancelled")) == 1


def test_a_firing_that_fails_leaves_no_next_one_and_comes_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = office.begin("runs_timer_cycle_boundary")
    with monkeypatch.context() as patch:
        patch.setattr(Machine, "run", lambda machine: 1 / 0)
        office.wait(days=7)
    assert office.trace(instance).count("b") == 0
    assert len(rows(office, "timer", "due")) == 1
    office.wait(minutes=1)
    assert office.trace(instance).count("b") == 1
    # And the third comes when it would have come anyway
    (job,) = rows(office, "timer", "due")
    assert job.due_at == datetime(2026, 2, 2, 9, tzinfo=ZONE)


@once
def test_a_firing_that_ends_its_activity_takes_the_next_one_along(office: Office) -> None:
    ends = '<bpmn:endEvent id="z"><bpmn:terminateEventDefinition /></bpmn:endEvent>'
    publish(office, "runs_timer_cycle_boundary", ('<bpmn:endEvent id="z" />', ends))
    instance = begin(office)
    office.wait(days=7)
    assert office.state(instance)[0] == "completed"
    assert rows(office, "timer", "due") == []


@once
def test_a_process_starts_as_often_as_its_cycle_says_and_late_ones_are_made_up(office: Office) -> None:
    publish(office, "runs_timer_cycle_start", ("R2/P1W", "R3/P1W"))
    office.wait(days=7)
    assert len(started(office)) == 1
    # When the machine stands still for two more of them
    office.wait(days=30)
    assert len(started(office)) == 3
    assert rows(office, "start", "due") == []


def test_a_start_event_may_have_the_longest_id(office: Office) -> None:
    longest = "s" * 200
    publish(office, "runs_timer_cycle_start", ('id="s"', f'id="{longest}"'), ('Ref="s"', f'Ref="{longest}"'))
    office.wait(days=30)
    assert len(started(office)) == 2


@once
def test_a_start_by_date_comes_once_and_not_at_all_when_its_day_has_gone_by(office: Office) -> None:
    office.publish("runs_timer_start_date")
    office.wait(days=20)
    publish(office, "runs_timer_start_date", ('name="流程"', 'name="新版"'))
    office.wait(days=400)
    assert len(started(office)) == 1


@once
def test_what_stands_by_for_a_cycle_is_no_place_where_a_matter_stands(office: Office) -> None:
    instance = office.begin("runs_timer_cycle_handler")
    with office.engine.reading() as unit:
        assert instances.view(unit, instance, "", ("audit",)).now == ("a",)


@once
def test_a_change_of_the_calendar_moves_no_cycle_of_fixed_days(office: Office) -> None:
    office.publish("runs_timer_cycle_start")
    (before,) = rows(office, "start", "due")
    with office.engine.transaction() as unit:
        calendar.set_day(unit, before.due_at.astimezone(ZONE).date(), False, "临时放假", SYSTEM)
    assert rows(office, "start", "due") == [before]


@once
@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (DATE, '"2026-02-30"', "“2026-02-30”不是日期，也不是时刻"),
        (DATE, "round", "没有得出日期"),
        (LENGTH, "1 - 3", "现为 -2"),
        (LENGTH, '"PT25"', "“PT25”不是时长"),
        (CYCLE, '"R0/" + "P1D"', "次数要在 1 到 99999 之间"),
        (CYCLE, "R2/2026-01-05/P1W", "已经都过去了，不会再到"),
    ],
)
def test_a_time_that_cannot_be_used_is_an_incident_that_says_why(
    office: Office, kind: str, text: str, words: str
) -> None:
    written = "<bpmn:timeDate>2026-03-01</bpmn:timeDate>"
    publish(office, "runs_timer_text", (written, f"<bpmn:{kind}>{text}</bpmn:{kind}>"))
    instance = begin(office)
    assert office.state(instance)[0] == "active"
    (message,) = said(office)
    assert words in message and text in message


def test_an_incident_quotes_a_time_without_what_no_page_can_carry(office: Office) -> None:
    office.begin("engine_given", what="事项", days=Decimal(1), day="改\0日")
    office.do("限时办理", "hr.head")
    (message,) = said(office)
    assert "“改日”不是日期" in message


@once
def test_a_border_that_only_tells_is_silent_when_its_days_have_gone_by(office: Office) -> None:
    publish(office, "runs_timer_cycle_from_day", ("2026-01-05T09:00+08:00", "2025-01-05"))
    instance = begin(office)
    office.wait(days=90)
    assert (said(office), rows(office, "timer", "due")) == ([], [])
    office.do("办理 a", "hr.head")
    assert office.state(instance)[0] == "completed"
