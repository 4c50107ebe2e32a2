"""Keep opinions (意见): who said what, when it was said and when entered. Only an erasure overwrites one."""

from datetime import date
from typing import Any

from sqlalchemy import Row, select, update

from engine.ground import model
from engine.ground.statements import insertion
from engine.ground.unit_of_work import Actor, Unit, new_id

KEEP = insertion(model.opinion)


def keep(unit: Unit, task: Row[Any], actor: Actor, outcome: str, text: str, made_on: date, scan_id: str | None) -> None:
    """Keep an opinion; `outcome` is the word on the button that was pressed."""
    row = {
        "id": new_id(),
        "instance_id": task.instance_id,
        "task_id": task.id,
        "activity_name": task.name,
        "person_id": actor.entering_for or actor.person_id,
        "post": actor.post,
        "acting_for": actor.acting_for,
        "entered_by": actor.person_id if actor.entering_for else None,
        "scan_id": scan_id,
        "outcome": outcome,
        "text": text,
        "made_on": made_on,
        "recorded_at": unit.now,
    }
    unit.write(KEEP, row)


def erase(unit: Unit, task_id: str, instead: str) -> None:
    """Put other words in the place of what was said when a task was done."""
    table = model.opinion
    said = (table.c.task_id == task_id, table.c.text != "")
    unit.connection.execute(update(table).where(*said).values(text=instead))


def of_instances(unit: Unit, instance_ids: list[str]) -> list[Row[Any]]:
    """List the opinions given in some instances, oldest first."""
    table = model.opinion
    query = select(table).where(table.c.instance_id.in_(instance_ids)).order_by(table.c.recorded_at, table.c.id)
    return list(unit.connection.execute(query))
