"""Plan the next start of a process whose diagram has a calendar start: one job a process, for the newest version."""

from sqlalchemy import update

from engine.core.calendar import parse_recurrence
from engine.core.diagram import Timer
from engine.core.workdays import calendar_of
from engine.ground import model
from engine.ground.clock import local
from engine.ground.database import insert_new
from engine.ground.unit_of_work import Unit, new_id


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
