"""Put a task before one person or back before its posts; who may no longer do it lets go of it."""

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from engine.core import execution, history, organization, seats
from engine.core.effects import END_OF_TIME
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.database import insert_new
from engine.ground.unit_of_work import SYSTEM, Unit, new_id

TASK, INBOX = model.task.c, model.inbox.c


def give(unit: Unit, task: Row[Any], person_id: str | None) -> None:
    """Move the task between inboxes: the person's who has it, else all candidate posts'."""
    principals = [f"person:{person_id}"] if person_id else [f"post:{post}" for post in task.candidates]
    due = task.due_at or END_OF_TIME
    unit.connection.execute(delete(model.inbox).where(INBOX.task_id == task.id))
    entries = [{"principal": who, "due_at": due, "task_id": task.id} for who in principals]
    unit.connection.execute(insert(model.inbox), entries)
    change = {"assignee_id": person_id, "revision": task.revision + 1}
    unit.connection.execute(update(model.task).where(TASK.id == task.id).values(change))


def lapsed(unit: Unit) -> list[str]:
    """List the claimed tasks whose assignee may no longer do them."""
    query = select(model.task).join(model.inbox, INBOX.task_id == TASK.id).where(INBOX.principal.like("person:%"))
    held: dict[str, set[str]] = {}
    found = []
    for task in unit.connection.execute(query).all():
        if task.assignee_id not in held:
            posts = organization.posts_of(unit, task.assignee_id)
            held[task.assignee_id] = {post.reference for post in posts}
        # Most still hold the post, and one look a person tells; the closer look is for the others.
        if not held[task.assignee_id] & set(task.candidates) and not seats.is_taken(unit, task):
            found.append(task.id)
    return found


def let_go(unit: Unit, task_id: str) -> None:
    """Put a claimed task back before its posts, as the machine's act, if its assignee still may not do it."""
    instance_id = seats.find(unit, task_id).instance_id
    execution.lock(unit, instance_id)
    task = seats.find(unit, task_id)
    if task.state != "open" or task.assignee_id is None or seats.is_taken(unit, task):
        return
    give(unit, task, None)
    ids = {"activity": task.activity_id, "task": task.id, "assignee": task.assignee_id}
    history.record(unit, f"instance:{instance_id}", "task.released", SYSTEM, {}, **ids)


def plan(unit: Unit) -> None:
    """Let the worker look for lapsed claims now: somebody's right has just ended."""
    _plan(unit, unit.now, None)
    unit.after_commit(unit.engine.wake)


def plan_daily(unit: Unit) -> None:
    """Make sure that the next midnight's look is planned, once: rights end with the day."""
    day = unit.today + timedelta(days=1)
    _plan(unit, datetime.combine(day, time.min, ZONE), f"release:{day.isoformat()}")


def _plan(unit: Unit, due_at: datetime, key: str | None) -> None:
    row = {"id": new_id(), "kind": "release", "key": key, "due_at": due_at}
    insert_new(unit.connection, model.job, [{**row, "state": "due", "attempts": 0, "payload": {}}])
