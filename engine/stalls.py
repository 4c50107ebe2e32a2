"""Find what nobody and nothing can move any more: matters that wait for nothing, tasks that nobody may take."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select

from engine.core import organization
from engine.ground import model
from engine.ground.unit_of_work import Unit

INSTANCE, TASK, JOB = model.instance.c, model.task.c, model.job.c


@dataclass(frozen=True)
class Stall:
    """Name an instance that stands still; `task` is the one that nobody may take, "" where it waits for nothing."""

    instance_id: str
    title: str
    task: str = ""
    posts: tuple[str, ...] = ()


def find(unit: Unit) -> list[Stall]:
    """Give every running instance that stands still, oldest first."""
    return sorted([*_idle(unit), *_untakeable(unit)], key=lambda stall: (stall.instance_id, stall.task))


def _idle(unit: Unit) -> list[Stall]:
    """Give those that no task, job, child, message, signal or open incident can bring on."""
    query = select(INSTANCE.id, INSTANCE.title).where(INSTANCE.state == "active", ~or_(*_movers()))
    return [Stall(row.id, row.title) for row in unit.connection.execute(query)]


def _movers() -> list[ColumnElement[bool]]:
    mine, child = INSTANCE.id, model.instance.alias("child").c
    subscription, incident = model.subscription.c, model.incident.c
    return [
        exists().where(TASK.instance_id == mine, TASK.state == "open"),
        # A job that gave up moves nothing by itself: its incident does, while it is open.
        exists().where(JOB.instance_id == mine, JOB.state.in_(("due", "leased"))),
        exists().where(child.parent_id == mine, child.state == "active"),
        exists().where(subscription.instance_id == mine),
        exists().where(incident.instance_id == mine, incident.resolved_at.is_(None)),
    ]


def _untakeable(unit: Unit) -> list[Stall]:
    """Give the open tasks none of whose posts anybody holds today; a deputy's right ends with the holding."""
    query = select(model.task, INSTANCE.title).join(model.instance, INSTANCE.id == TASK.instance_id)
    rows = unit.connection.execute(query.where(TASK.state == "open"))
    return [
        Stall(row.instance_id, row.title, row.name, tuple(row.candidates))
        for row in rows
        if not any(organization.holders(unit, post) for post in row.candidates)
    ]
