"""Say how the house is doing, for those who watch over it: numbers only, nothing of what is in a matter."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, distinct, func, select, type_coerce

from engine.core import effects
from engine.ground import migrations, model
from engine.ground.unit_of_work import Engine, Unit


@dataclass(frozen=True)
class Condition:
    """Count what waits; `oldest_due` is how many seconds the job that is due longest has waited."""

    open_tasks: int
    overdue_tasks: int
    due_jobs: int
    oldest_due: float
    incidents: int


def look(unit: Unit) -> Condition:
    """Count what waits now."""
    # Every open task is in an inbox, and nothing else is: the table of all tasks need not be gone through.
    inbox, job, incident = model.inbox.c, model.job.c, model.incident.c
    is_due = effects.is_due(unit.now)

    def count(what: ColumnElement[str], *conditions: ColumnElement[bool]) -> int:
        return int(unit.connection.execute(select(func.count(distinct(what))).where(*conditions)).scalar_one())

    oldest = unit.connection.execute(select(func.min(job.due_at)).where(is_due)).scalar_one()
    return Condition(
        count(inbox.task_id),
        count(inbox.task_id, inbox.due_at <= unit.now),
        count(job.id, is_due),
        (unit.now - oldest).total_seconds() if oldest is not None else 0.0,
        count(incident.id, incident.resolved_at.is_(None)),
    )


def times(unit: Unit) -> tuple[datetime, datetime | None]:
    """Give the time by the database's own clock, and that of the newest record."""
    newest = select(func.max(model.event.c.at))
    here = unit.connection.execute(select(type_coerce(func.now(), model.Moment()))).scalar_one()
    return here, unit.connection.execute(newest).scalar_one()


def is_ready(engine: Engine) -> bool:
    """Tell whether the database has the tables of this version.

    Raises:
        Busy: it does not answer.
    """
    with engine.reading() as unit:
        return migrations.is_at_head(unit.connection)
