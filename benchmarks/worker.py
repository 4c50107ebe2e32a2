"""Measure the worker: reminders and timers that all fall due at the same moment, each done exactly once."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, insert, select

from benchmarks import drawings
from benchmarks.figures import Figure, at_least, seconds
from benchmarks.houses import House
from engine import jobs
from engine.core import catalogue, execution
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM, new_id

REMINDERS, TIMERS = 1_000, 300


def measure(house: House, reminders: int, timers: int) -> Iterator[Figure]:
    """Measure reminders and token timers due at once."""
    yield _reminders(house, reminders)
    yield _timers(house, timers)


def _reminders(house: House, count: int) -> Figure:
    house.publish(drawings.pair())
    with house.engine.transaction() as unit:
        instance_id = execution.start(unit, catalogue.latest(unit, "pair"), {}, SYSTEM).id
        query = select(model.task.c.id).where(model.task.c.instance_id == instance_id)
        task_id = unit.connection.execute(query).scalar_one()
        row = {"kind": "remind", "instance_id": instance_id, "task_id": task_id, "due_at": unit.now, "state": "due"}
        rows = [{**row, "id": new_id(), "attempts": 0, "payload": {"days": 1}} for _ in range(count)]
        unit.connection.execute(insert(model.job), rows)
    took = seconds(lambda: jobs.run_due(house.engine))
    _demand_done(house, "remind", count)
    goal = REMINDERS if house.kind == "postgresql" else 0
    return _rate("reminders_per_second", house, count / took, goal, f"{count} at once")


def _timers(house: House, count: int) -> Figure:
    house.publish(drawings.timers())
    for _ in range(count):
        with house.engine.transaction() as unit:
            execution.start(unit, catalogue.latest(unit, "timers"), {}, SYSTEM)
    house.clock.advance(timedelta(hours=2))
    took = seconds(lambda: jobs.run_due(house.engine))
    _demand_done(house, "timer", count)
    goal = TIMERS if house.kind == "postgresql" else 0
    return _rate("token_timers_per_second", house, count / took, goal, f"{count} at once")


def _rate(name: str, house: House, value: float, goal: int, note: str) -> Figure:
    if goal:
        return at_least(name, house.kind, value, "/s", goal, note)
    return Figure(name, house.kind, round(value, 1), "/s", note=note)


def _demand_done(house: House, kind: str, count: int) -> None:
    table = model.job.c
    query = select(func.count()).select_from(model.job).where(table.kind == kind, table.state == "done")
    with house.engine.reading() as unit:
        done = unit.connection.execute(query).scalar_one()
    assert done == count, f"{done} of {count} jobs of kind {kind} were done"
