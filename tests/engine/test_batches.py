"""Jobs that fall due together are done together: each once, in few commits, and none is lost with another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from engine import calendar, incidents, jobs, notices
from engine.core import execution, reminders
from engine.ground import model
from engine.ground.errors import Busy
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import Office

COUNT = 12


def begin_many(office: Office, name: str, unit_code: str | None = None) -> list[str]:
    definition = office.publish(name)
    made = []
    for _ in range(COUNT):
        with office.engine.transaction() as unit:
            made.append(execution.start(unit, definition, {}, SYSTEM, unit_code=unit_code).id)
    return made


def commits_of(office: Office, act: Callable[[], object]) -> int:
    found: list[object] = []
    note = lambda connection: found.append(connection)  # noqa: E731
    event.listen(office.engine.database.pool, "commit", note)
    act()
    event.remove(office.engine.database.pool, "commit", note)
    return len(found)


def states_of(office: Office, kind: str) -> dict[str, int]:
    table = model.job.c
    query = select(table.state, func.count()).where(table.kind == kind).group_by(table.state)
    with office.engine.reading() as unit:
        return {row[0]: row[1] for row in unit.connection.execute(query)}


def fired(office: Office) -> int:
    with office.engine.reading() as unit:
        query = select(func.count()).select_from(model.event).where(model.event.c.kind == "timer.fired")
        return int(unit.connection.execute(query).scalar_one())


def test_timers_that_fall_due_together_move_in_few_commits(office: Office) -> None:
    made = begin_many(office, "runs_timer_iso")
    office.engine.watchers.clear()
    # When all of them fall due at once
    commits = commits_of(office, lambda: office.wait(days=60))
    # Then all have ended, each timer fired once, and not each took a commit of its own
    assert {office.state(instance)[0] for instance in made} == {"completed"}
    assert fired(office) == COUNT
    assert commits <= COUNT // 4


def test_two_workers_fire_each_timer_once(office: Office) -> None:
    made = begin_many(office, "runs_timer_iso")
    office.engine.clock.advance(timedelta(days=60))  # type: ignore[attr-defined]
    with ThreadPoolExecutor(2) as pool:
        for worker in [pool.submit(jobs.run_due, office.engine) for _ in range(2)]:
            worker.result()
    # What one had in hand the other left to it; a last look finds nothing
    assert office.work() == 0
    assert {office.state(instance)[0] for instance in made} == {"completed"}
    assert fired(office) == COUNT


def test_a_batch_that_another_worker_has_done_meanwhile_is_let_be(office: Office) -> None:
    begin_many(office, "runs_timer_iso")
    office.engine.clock.advance(timedelta(days=60))  # type: ignore[attr-defined]
    # Given two workers that have found the same batch
    batch = jobs._next(office.engine, set())
    # When one comes after the other
    for _ in range(2):
        assert jobs._fire_all(office.engine, batch) == {job.id for job in batch}
    # Then each timer of it fired once
    assert fired(office) == len(batch) > 1


def test_a_timer_that_cannot_fire_keeps_none_of_the_others(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made = begin_many(office, "runs_timer_iso")
    settle = execution.settle

    def fail_for_the_third(run: execution.Run) -> None:
        if run.id == made[2]:
            raise ValueError("the third cannot go on")
        settle(run)

    monkeypatch.setattr(execution, "settle", fail_for_the_third)
    office.wait(days=60)
    # Then the others have ended, and the third is tried again until it is an incident
    assert [office.state(instance)[0] for instance in made].count("completed") == COUNT - 1
    office.wait(minutes=1)
    office.wait(minutes=1)
    with office.engine.reading() as unit:
        assert [row.instance_id for row in incidents.listing(unit)] == [made[2]]


def test_a_family_of_instances_moves_one_at_a_time(office: Office) -> None:
    # Given two timers of one instance, both due, and one of another
    both = office.begin("runs_two_timers")
    alone = office.begin("runs_timer_iso")
    root = model.instance.c.root_id
    query = select(model.job, root).join(model.instance, model.instance.c.id == model.job.c.instance_id)
    with office.engine.reading() as unit:
        rows = list(unit.connection.execute(query.where(model.job.c.kind == "timer").order_by(model.job.c.id)))
    # Then they are never in one commit
    assert [row.instance_id for row in rows] == [both, both, alone]
    assert [row.instance_id for row in jobs._alike(rows)] == [both, alone]


def test_reminders_of_a_morning_are_one_commit_and_one_notice(office: Office) -> None:
    begin_many(office, "engine_deadline", "red")
    office.engine.watchers.clear()
    commits = commits_of(office, lambda: office.wait(days=9, hours=3))
    with office.engine.reading() as unit:
        bodies = [row.body for row in notices.listing(unit, office.people["red.staff"])]
    assert [len(body.splitlines()) for body in bodies] == [COUNT]
    assert states_of(office, "remind")["done"] == COUNT
    assert commits <= 3


def test_reminders_of_a_day_off_are_put_off_together(office: Office) -> None:
    begin_many(office, "engine_deadline", "red")
    with office.engine.transaction() as unit:
        calendar.set_day(unit, unit.today + timedelta(days=9), False, "临时放假", SYSTEM)
    office.wait(days=9, hours=3)
    with office.engine.reading() as unit:
        assert notices.listing(unit, office.people["red.staff"]) == []
    office.wait(days=1)
    assert states_of(office, "remind")["done"] == COUNT


def test_a_reminder_that_fails_keeps_none_of_the_others(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_many(office, "engine_deadline", "red")
    with office.engine.transaction() as unit:
        first = (
            unit.connection.execute(
                select(model.job.c.id).where(model.job.c.kind == "remind").order_by(model.job.c.due_at, model.job.c.id)
            )
            .scalars()
            .first()
        )
    send = reminders.send

    def fail_for_the_first(unit: Any, batch: list[Any]) -> None:
        if any(job.id == first for job in batch):
            raise ValueError("the first cannot be sent")
        send(unit, batch)

    monkeypatch.setattr(reminders, "send", fail_for_the_first)
    office.wait(days=9, hours=3)
    assert states_of(office, "remind")["done"] == COUNT - 1


def test_a_busy_database_puts_a_batch_off(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_many(office, "engine_deadline", "red")

    def busy(unit: Any, batch: list[Any]) -> None:
        raise Busy("busy")

    with monkeypatch.context() as patch:
        patch.setattr(reminders, "send", busy)
        with pytest.raises(Busy):
            office.wait(days=9, hours=3)
    # Nothing was counted as a failure: the next look sends them
    office.work()
    assert states_of(office, "remind")["done"] == COUNT
    with office.engine.reading() as unit:
        assert set(unit.connection.execute(select(model.job.c.attempts)).scalars()) == {0}
