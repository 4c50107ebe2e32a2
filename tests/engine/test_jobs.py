"""Jobs: reminders keep to working days, starts to the calendar, and nothing is done twice."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from engine import calendar, incidents, instances, jobs, notices, records
from engine.core import anchors, documents, execution, outbox
from engine.core import notices as core_notices
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.errors import Busy, ProcessError
from engine.ground.unit_of_work import SYSTEM, Call, Result, Revision
from tests.engine.office import FORM, Office, forget

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""

FORM_YEAR = (
    '{"type":"default","id":"begin","title":"发起","components":['
    '{"type":"number","key":"year","label":"年度","validate":{"required":true,"min":2000,"max":2100},'
    '"properties":{"variable":"year"}},'
    '{"type":"button","action":"submit","key":"go","label":"发起","properties":{"outcome":"start","style":"primary"}}]}'
)


def told(office: Office, post: str) -> list[str]:
    with office.engine.reading() as unit:
        return [row.body for row in reversed(notices.listing(unit, office.people[post]))]


def to(office: Office, year: int, month: int, day: int) -> None:
    office.engine.clock.move_to(datetime(year, month, day, 12, tzinfo=ZONE))  # type: ignore[attr-defined]
    office.work()


def test_reminders_come_three_days_and_one_day_before_and_on_the_day(office: Office) -> None:
    # Given a task of ten working days, opened on Monday 19 January 2026: due on Monday 2 February
    office.begin("engine_deadline", unit_code="red")
    to(office, 2026, 1, 27)
    assert told(office, "red.staff") == []
    # When the days pass
    to(office, 2026, 1, 28)
    to(office, 2026, 1, 30)
    to(office, 2026, 2, 2)
    # Then the person is reminded three times, nobody else
    assert len(told(office, "red.staff")) == 3
    assert told(office, "red.staff")[0] == "限时事项：限时办理，请于2月2日前办理。"
    assert told(office, "red.head") == []
    # And one working day late, the unit's head is asked to chase
    to(office, 2026, 2, 3)
    assert told(office, "red.head") == ["限时事项：限时办理，已于2月2日到期，尚未办理，请督促承办人。"]


def test_two_reminders_of_a_morning_are_one_notice(office: Office) -> None:
    definition = office.publish("engine_deadline")
    for _ in range(2):
        with office.engine.transaction() as unit:
            execution.start(unit, definition, {}, SYSTEM, unit_code="red")
    to(office, 2026, 1, 28)
    assert [body.count("\n") for body in told(office, "red.staff")] == [1]


def test_a_completed_task_reminds_nobody(office: Office) -> None:
    office.begin("engine_deadline", unit_code="red")
    office.do("限时办理", "red.staff")
    to(office, 2026, 2, 4)
    assert told(office, "red.staff") == told(office, "red.head") == []


def test_reminders_are_silent_on_a_day_off_that_was_entered_later(office: Office) -> None:
    office.begin("engine_deadline", unit_code="red")
    day = datetime(2026, 1, 28).date()
    with office.engine.transaction() as unit:
        calendar.set_day(unit, day, False, "省政府临时放假通知", SYSTEM)
    to(office, 2026, 1, 28)
    assert told(office, "red.staff") == []
    to(office, 2026, 1, 29)
    assert len(told(office, "red.staff")) == 1


def test_machines_remind_a_leaders_secretary_and_never_chase_a_leader(office: Office) -> None:
    office.begin("engine_leader")
    to(office, 2026, 1, 26)
    assert told(office, "group.leader") == []
    assert len(told(office, "group.secretary")) == 1


def test_a_calendar_start_makes_an_instance_and_plans_the_next_year(office: Office) -> None:
    office.publish("engine_start", forms={"begin": FORM_YEAR, "form": FORM})
    to(office, 2027, 1, 4)
    assert office.names() == ["办理"]
    with office.engine.reading() as unit:
        titles = list(unit.connection.execute(select(model.instance.c.title)).scalars())
        planned = unit.connection.execute(
            select(model.job.c.due_at).where(model.job.c.kind == "start", model.job.c.state == "due")
        ).scalar_one()
        seen = [row.title for row in instances.search(unit, office.people["hr.staff"], ())]
    assert titles == ["2027年事项"]
    assert seen == titles, "who could have started it may see it"
    assert planned.astimezone(ZONE).year == 2028


def test_a_calendar_start_leaves_alone_what_was_started_by_hand(office: Office) -> None:
    office.publish("engine_start", forms={"begin": FORM_YEAR, "form": FORM})
    office.start("started", year="2027")
    to(office, 2027, 1, 4)
    assert office.names() == ["办理"]


def test_publishing_again_replaces_the_planned_start(office: Office) -> None:
    office.publish("engine_start", forms={"begin": FORM_YEAR, "form": FORM})
    office.publish("engine_start", forms={"begin": FORM_YEAR.replace("2100", "2099"), "form": FORM})
    with office.engine.reading() as unit:
        waiting = select(model.job).where(model.job.c.kind == "start", model.job.c.state == "due")
        assert len(unit.connection.execute(waiting).all()) == 1


def test_a_timer_taken_by_two_workers_fires_once(office: Office) -> None:
    instance = office.begin("runs_timer_date")
    office.engine.clock.move_to(datetime(2026, 1, 21, 12, tzinfo=ZONE))  # type: ignore[attr-defined]
    with office.engine.reading() as unit:
        row = unit.connection.execute(select(model.job).where(model.job.c.kind == "timer")).one()
    # When both have looked at the same row
    jobs.run_one(office.engine, row)
    jobs.run_one(office.engine, row)
    # Then it fired once, and the second left no trace
    assert office.trace(instance) == ["s", "t", "e"]
    with office.engine.reading() as unit:
        assert unit.connection.execute(select(model.incident)).all() == []


def test_a_lost_lease_is_taken_over_and_the_late_result_is_thrown_away(office: Office) -> None:
    times: list[str] = []

    def slow(call: Call) -> Result:
        times.append("began")
        if len(times) == 1:
            # the first worker hangs past its lease; another one takes the job over and finishes it
            office.engine.clock.advance(jobs.LEASE * 2)  # type: ignore[attr-defined]
            jobs.run_due(office.engine)
            return Result(variables={"made": "late"})
        return Result(variables={"made": "in time"})

    office.engine.functions["record"] = slow
    instance = office.begin("runs_service")
    office.work()
    assert office.state(instance)[0] == "completed"
    assert office.variables(instance)["made"] == "in time"


def test_a_function_that_has_vanished_is_an_incident(office: Office) -> None:
    office.engine.functions["record"] = lambda call: None  # type: ignore[assignment, return-value]
    office.begin("runs_service")
    del office.engine.functions["record"]
    for _ in range(3):
        office.wait(hours=1)
    with office.engine.reading() as unit:
        message = unit.connection.execute(select(model.incident.c.message)).scalar_one()
    assert "已不存在" in message


def _incidents_on_record(office: Office, stream: str) -> list[tuple[str, str | None, Any]]:
    with office.engine.reading() as unit:
        events = [event for event in records.read(unit, stream) if event["kind"].startswith("incident.")]
    told = [event["payload"].get("message") or event["payload"]["resolution"] for event in events]
    return [(event["kind"], event["person"], words) for event, words in zip(events, told, strict=True)]


def _fail(*_: Any) -> Result:
    raise ValueError("打印机没有纸了")


def test_a_function_that_fails_is_an_incident_whose_retry_and_resolution_are_on_record(office: Office) -> None:
    # Given a function that fails each time
    office.engine.functions["record"] = _fail
    instance, boss = office.begin("runs_service"), office.actor("hr.head")
    for _ in range(3):
        office.wait(hours=1)
    # Then its incident shows the error, the instance, the step and the job
    with office.engine.transaction() as unit:
        (found,) = incidents.listing(unit)
        shown = (found.instance_id, found.activity_id, found.job_kind, found.attempts, found.message)
        assert shown == (instance, "a", "function", 3, "ValueError: 打印机没有纸了")
        # When somebody tries again in vain, and closes the next one by words
        incidents.retry(unit, found.id, boss)
    for _ in range(3):
        office.wait(hours=1)
    with office.engine.transaction() as unit:
        incidents.resolve(unit, incidents.listing(unit)[0].id, boss, "改在纸上办了")
    # Then each of it is on record
    raised = ("incident.raised", None, "ValueError: 打印机没有纸了")
    resolved = [("incident.resolved", boss.person_id, words) for words in ("重试", "改在纸上办了")]
    assert _incidents_on_record(office, f"instance:{instance}") == [raised, resolved[0], raised, resolved[1]]


@once
def test_an_incident_that_belongs_to_no_matter_is_on_the_record_of_the_house(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a day whose anchor cannot be written
    jobs.plan_daily(office.engine)
    monkeypatch.setattr(anchors, "drop", _fail)
    for _ in range(3):
        office.wait(days=1)
    boss = office.actor("hr.head")
    with office.engine.transaction() as unit:
        incidents.resolve(unit, incidents.listing(unit)[0].id, boss, "磁盘已换")
    told = [("incident.raised", None, "ValueError: 打印机没有纸了"), ("incident.resolved", boss.person_id, "磁盘已换")]
    assert _incidents_on_record(office, "organization") == told


def test_a_return_to_an_ended_parent_is_recorded_as_discarded(office: Office) -> None:
    office.publish("engine_child")
    instance = office.begin("engine_call")
    office.do("子项办理", "hr.head")
    with office.engine.transaction() as unit:
        # the parent is cancelled between the child's end and its return; the job survives in another worker's hand
        execution.cancel(execution.load(unit, instance, office.actor("hr.staff")), "不办了")
        unit.connection.execute(update(model.job).where(model.job.c.kind == "return").values(state="due"))
    office.work()
    with office.engine.reading() as unit:
        kinds = unit.connection.execute(
            select(model.event.c.kind).where(model.event.c.stream == f"instance:{instance}")
        )
        assert "child.discarded" in set(kinds.scalars())


# Taken twice, taken over, come too late


def the_job(office: Office, kind: str) -> Row[Any]:
    with office.engine.reading() as unit:
        query = select(model.job).where(model.job.c.kind == kind).order_by(model.job.c.due_at, model.job.c.id)
        return unit.connection.execute(query.limit(1)).one()


def kinds_of(office: Office, instance: str) -> list[str]:
    with office.engine.reading() as unit:
        query = select(model.event.c.kind).where(model.event.c.stream == f"instance:{instance}")
        return list(unit.connection.execute(query).scalars())


def twice(office: Office, kind: str) -> None:
    """Let two workers do the job that both of them have seen."""
    row = the_job(office, kind)
    jobs.run_one(office.engine, row)
    jobs.run_one(office.engine, row)
    assert the_job(office, kind).state == "done"
    with office.engine.reading() as unit:
        assert incidents.listing(unit) == []


@once
def test_a_childs_return_taken_by_two_workers_comes_home_once(office: Office) -> None:
    office.publish("engine_child")
    instance = office.begin("engine_call")
    office.do("子项办理", "hr.head")
    twice(office, "return")
    assert kinds_of(office, instance).count("child.returned") == 1


@once
def test_a_calendar_start_taken_by_two_workers_starts_once(office: Office) -> None:
    office.publish("engine_start", forms={"begin": FORM_YEAR, "form": FORM})
    office.engine.clock.move_to(datetime(2027, 1, 4, 12, tzinfo=ZONE))  # type: ignore[attr-defined]
    twice(office, "start")
    assert office.names() == ["办理"]


@once
def test_a_reminder_taken_by_two_workers_is_one_line(office: Office) -> None:
    office.begin("engine_deadline", unit_code="red")
    office.engine.clock.move_to(datetime(2026, 1, 28, 12, tzinfo=ZONE))  # type: ignore[attr-defined]
    twice(office, "remind")
    assert [body.count("\n") for body in told(office, "red.staff")] == [0]


@once
def test_the_days_anchor_taken_by_two_workers_is_dropped_once(office: Office) -> None:
    jobs.plan_daily(office.engine)
    office.engine.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    row = the_job(office, "anchor")
    jobs.run_one(office.engine, row)
    dropped = sorted(path.name for path in office.engine.settings.data.rglob("*") if path.is_file())
    jobs.run_one(office.engine, row)
    assert sorted(path.name for path in office.engine.settings.data.rglob("*") if path.is_file()) == dropped
    with office.engine.reading() as unit:
        query = select(model.job.c.state).where(model.job.c.kind == "anchor")
        assert sorted(unit.connection.execute(query).scalars()) == ["done", "due"]


@once
@pytest.mark.parametrize("kind", ["release", "expire"])
def test_what_comes_every_day_taken_by_two_workers_is_planned_once(office: Office, kind: str) -> None:
    jobs.plan_daily(office.engine)
    office.engine.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    twice(office, kind)
    with office.engine.reading() as unit:
        query = select(model.job.c.state).where(model.job.c.kind == kind)
        assert sorted(unit.connection.execute(query).scalars()) == ["done", "due"]


@once
def test_an_error_of_a_function_whose_lease_has_passed_to_another_is_let_drop(office: Office) -> None:
    def late(call: Call) -> Result:
        with office.engine.transaction() as unit:
            unit.connection.execute(update(model.job).where(model.job.c.kind == "function").values(attempts=1))
        raise ProcessError("bad", "太晚")

    office.engine.functions["record"] = late
    instance = office.begin("runs_service")
    jobs.run_one(office.engine, the_job(office, "function"))
    assert "function.error" not in kinds_of(office, instance)
    assert the_job(office, "function").state == "leased"


@once
def test_a_retry_taken_by_two_workers_opens_one_task(office: Office) -> None:
    office.begin("engine_given", what="事项", days="很快")
    with office.engine.transaction() as unit:
        forget(unit)
        (found,) = incidents.listing(unit)
        unit.connection.execute(update(model.variable).where(model.variable.c.name == "days").values(value=3))
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    twice(office, "open")
    assert office.names() == ["限时办理"]


@once
def test_a_message_taken_by_two_workers_leaves_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(outbox, "send", lambda urls, title, link: sent.append(title))
    settings = replace(office.engine.settings, notify_urls=("json://127.0.0.1",))
    monkeypatch.setattr(office.engine, "settings", settings)
    with office.engine.transaction() as unit:
        core_notices.tell(unit, "a key", office.people["hr.staff"], "reminder", "待办提醒", "正文", "/inbox")
    twice(office, "send")
    assert sent == ["待办提醒"]


@once
def test_a_function_at_work_is_not_begun_by_a_second_worker(office: Office) -> None:
    calls: list[str] = []

    def record(call: Call) -> Result:
        calls.append(call.activity_id)
        jobs.run_one(office.engine, seen)
        return Result()

    office.engine.functions["record"] = record
    instance = office.begin("runs_service")
    seen = the_job(office, "function")
    office.work()
    assert calls == ["a"]
    assert office.state(instance)[0] == "completed"


def tells(office: Office, *notices: tuple[str, str, str]) -> str:
    office.engine.functions["record"] = lambda call: Result(notices=notices)
    instance = office.begin("runs_service", unit_code="red")
    for _ in range(3):
        office.wait(minutes=2)
    return instance


def test_a_function_tells_the_holders_of_a_post_and_a_person_once_and_they_may_look(office: Office) -> None:
    # Given a function that tells two posts and a person, and a commit that fails once
    attempts: list[int] = []
    tell = core_notices.tell

    def breaks_once(*given: Any) -> bool:
        attempts.append(1)
        if len(attempts) == 2:
            raise RuntimeError("cut off")
        return tell(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core_notices, "tell", breaks_once)
        to = (("hr.staff", "人事部"), ("own.head", "本单位"), (office.people["blue.head"], "个人"))
        instance = tells(office, *((who, f"{what}请看", f"{what}的正文") for who, what in to))
    # Then each of them has the notice once, with a link that works
    assert office.state(instance)[0] == "completed"
    for post, body in (("hr.staff", "人事部"), ("hr.staff2", "人事部"), ("red.head", "本单位"), ("blue.head", "个人")):
        with office.engine.reading() as unit:
            (notice,) = notices.listing(unit, office.people[post])
            assert (notice.body, notice.link) == (f"{body}的正文", f"/instances/{instance}")
            events = instances.view(unit, instance, office.people[post]).events
    assert told(office, "blue.staff") == []
    # And the record says who was told
    (done,) = [event for event in events if event.kind == "function.done"]
    posts = ("hr.staff", "hr.staff2", "red.head", "blue.head")
    assert sorted(done.envelope["told"]) == sorted(office.people[post] for post in posts)


def test_an_error_whose_words_no_database_takes_is_an_incident_too(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    # What the log says of it cannot be told by one process of the tests to another.
    caplog.set_level(logging.CRITICAL, logger=jobs.log.name)

    # Given a function that fails with whatever stood in a file
    def fails(call: Call) -> Result:
        raise RuntimeError("坏\0的\ud800文\x1b[2J件")

    office.engine.functions["record"] = fails
    office.begin("runs_service")
    # When it has been tried often enough
    for _ in range(3):
        office.wait(hours=1)
    # Then somebody is told, and the worker has nothing to do
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    assert found.message == "RuntimeError: 坏的文[2J件"
    assert office.wait(hours=1) == 0


@once
@pytest.mark.parametrize("nobody", ["hr.ghost", "nobody-of-that-id"])
def test_a_function_that_tells_nobody_who_exists_makes_an_incident(office: Office, nobody: str) -> None:
    instance = tells(office, ("hr.staff", "请看", "正文"), (nobody, "请看", "正文"))
    assert office.state(instance)[0] == "active"
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    assert f"要通知的“{nobody}”不存在" in found.message
    assert told(office, "hr.staff") == []


def test_a_function_changes_a_document_elsewhere_on_top_of_the_version_that_it_read(office: Office) -> None:
    def add(call: Call) -> Result:
        with call.engine.reading() as unit:
            found = documents.find(unit, "plan:1", "breakdown")
            version = documents.latest(unit, found.id) if found else None
        rows = [*(version.content["rows"] if version else ()), call.instance_id]
        if "other" not in started:
            # Somebody else is faster, once
            started["other"] = office.begin("runs_service")
            office.work()
        content = {"title": "任务分解表", "rows": rows}
        revision = Revision("plan:1", "breakdown", content, version.number if version else 0)
        return Result({"done": True}, revisions=(revision,))

    started: dict[str, str] = {}
    office.engine.functions["record"] = add
    instance = office.begin("runs_service")
    office.work()
    # Then the slower one has kept nothing, and does it again on what is there by then
    assert office.state(instance)[0] == "active"
    assert office.variables(instance) == {}
    office.wait(minutes=1)
    assert office.state(instance)[0] == "completed"
    with office.engine.reading() as unit:
        found = documents.find(unit, "plan:1", "breakdown")
        assert found is not None
        version = documents.latest(unit, found.id)
        assert version is not None
        assert (found.title, version.number) == ("任务分解表", 2)
        assert version.content["rows"] == [started["other"], instance]
        # And its record says which version it made
        done = [
            event for event in instances.view(unit, instance, "", ("audit",)).events if event.kind == "function.done"
        ]
    assert [entry[:2] for entry in done[-1].envelope["documents"]] == [[found.id, 2]]


def test_who_comes_after_a_function_is_told_whose_act_it_followed(office: Office) -> None:
    office.engine.functions["record"] = lambda call: Result()
    office.begin("engine_function")
    office.do("办理 a", "hr.head", "return", words="请补充时间")
    assert the_job(office, "function").payload["cause"]["text"] == "请补充时间"
    office.work()
    (row,) = office.open_tasks()
    assert row.cause is not None
    assert (row.name, row.cause["name"], row.cause["outcome"]) == ("办理 c", "办理 a", "退回修改")
    assert row.cause["text"] == "请补充时间"
    # And the words do not stay in the job besides
    assert the_job(office, "function").payload == {"function": "record"}


@once
def test_the_result_of_a_function_whose_matter_was_cancelled_is_thrown_away(office: Office) -> None:
    def record(call: Call) -> Result:
        with office.engine.transaction() as unit:
            execution.cancel(execution.load(unit, instance, office.actor("hr.staff")), "不办了")
        return Result(variables={"made": "late"})

    office.engine.functions["record"] = record
    instance = office.begin("runs_service")
    office.work()
    assert office.state(instance)[0] == "cancelled"
    assert office.variables(instance) == {}
    assert the_job(office, "function").state == "done"


@once
def test_a_function_whose_worker_died_is_not_begun_again_once_the_matter_was_cancelled(office: Office) -> None:
    class Killed(BaseException):
        """Stand for the end of the process."""

    calls: list[str] = []

    def record(call: Call) -> Result:
        calls.append(call.activity_id)
        raise Killed

    office.engine.functions["record"] = record
    instance = office.begin("runs_service")
    with pytest.raises(Killed):
        office.work()
    with office.engine.transaction() as unit:
        execution.cancel(execution.load(unit, instance, office.actor("hr.staff")), "不办了")
    # When the lease is over, another worker finds nothing to do
    assert office.wait(hours=1) == 1
    assert calls == ["a"]
    assert the_job(office, "function").state == "done"


@once
def test_a_database_that_is_away_counts_as_no_try(office: Office) -> None:
    tries: list[str] = []

    def record(call: Call) -> Result:
        tries.append(call.activity_id)
        if len(tries) == 1:
            raise Busy("数据库暂时不可用。")
        return Result()

    office.engine.functions["record"] = record
    instance = office.begin("runs_service")
    with pytest.raises(Busy):
        office.work()
    assert the_job(office, "function").attempts == 0
    office.wait(hours=1)
    assert office.state(instance)[0] == "completed"


@once
def test_who_claimed_a_task_is_reminded_alone(office: Office) -> None:
    definition = office.publish("engine_deadline")
    with office.engine.transaction() as unit:
        execution.start(unit, definition, {}, SYSTEM, unit_code="hr")
    office.claim("限时办理")
    to(office, 2026, 1, 28)
    assert len(told(office, "hr.staff")) == 1
    assert told(office, "hr.staff2") == []


@once
def test_a_reminder_that_failed_and_is_retried_after_the_task_was_done_says_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    office.begin("engine_deadline", unit_code="red")
    with monkeypatch.context() as broken:
        broken.setattr(core_notices, "remind", fail)
        to(office, 2026, 1, 28)
        for _ in range(2):
            office.wait(hours=1)
    office.do("限时办理", "red.staff")
    with office.engine.transaction() as unit:
        (found,) = incidents.listing(unit)
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    office.work()
    assert told(office, "red.staff") == []
    assert the_job(office, "remind").state == "done"
