"""Plan the next start of a process whose diagram has a calendar start: one job a process, for the newest version."""

from datetime import timedelta

from sqlalchemy import select, update

from engine.core import catalogue
from engine.core.calendar import parse_recurrence
from engine.core.diagram import Timer
from engine.core.workdays import calendar_of
from engine.ground import model
from engine.ground.clock import local
from engine.ground.database import insert_new
from engine.ground.unit_of_work import Unit, new_id

NEAR = timedelta(days=15)
"""No change of the calendar moves a start further, and the starts of a month lie further apart."""


def plan(unit: Unit, key: str, timer: Timer | None) -> None:
    """Replace the waiting start of a process by the next one its newest version asks for."""
    table = model.job
    waiting = (
        table.c.kind == "start",
        table.c.state == "due",
        table.c.key.startswith(f"start:{key}:", autoescape=True),
    )
    gone = {"state": "cancelled", "closed_at": unit.now, "key": None}
    unit.connection.execute(update(table).where(*waiting).values(gone))
    if timer is None:
        return
    due_at = parse_recurrence(timer.text).after(unit.now, calendar_of(unit))
    row = {
        "id": new_id(),
        "kind": "start",
        "key": f"start:{key}:{due_at.isoformat()}",
        "due_at": due_at,
        "state": "due",
        "attempts": 0,
        # The year is that of the calendar, however late the job comes to run.
        "payload": {"process": key, "year": local(due_at).year},
    }
    insert_new(unit.connection, table, [row])
    unit.after_commit(unit.engine.wake)


def replan(unit: Unit) -> None:
    """Move every waiting start to where its turn falls by the calendar as it is now; one that has gone by is due."""
    table = model.job
    waiting = select(table).where(table.c.kind == "start", table.c.state == "due")
    for job in unit.connection.execute(waiting).all():
        process = job.payload["process"]
        timer = catalogue.latest(unit, process).diagram.start_timer
        assert timer is not None, "a version without a calendar start cancels the one that waits"
        due_at = parse_recurrence(timer.text).after(job.due_at - NEAR, calendar_of(unit))
        moved = {
            "due_at": due_at,
            "key": f"start:{process}:{due_at.isoformat()}",
            "payload": {"process": process, "year": local(due_at).year},
        }
        # One that a worker has taken in between has started by the calendar as it was.
        mine = (table.c.id == job.id, table.c.state == "due")
        unit.connection.execute(update(table).where(*mine).values(moved))
        unit.after_commit(unit.engine.wake)
