"""Say in what right a person may do a task, and what they may do with it now."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from engine.core import entering, organization
from engine.ground import model
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Unit

TASK = model.task.c


@dataclass(frozen=True)
class Seat:
    """Give the candidate post of a task in which a person may do it."""

    post: str


def find(unit: Unit, task_id: str) -> Row[Any]:
    """Give a task's row.

    Raises:
        NotFound: unknown.
    """
    row = unit.connection.execute(select(model.task).where(TASK.id == task_id)).first()
    if row is None:
        raise NotFound()
    return row


def of(unit: Unit, task: Row[Any], person_id: str) -> list[Seat]:
    """Give the seats that a person has at a task today, in the order of its candidate posts."""
    held = {post.reference for post in organization.posts_of(unit, person_id)}
    return [Seat(reference) for reference in task.candidates if reference in held]


def holders(unit: Unit, task: Row[Any]) -> set[str]:
    """Give who holds one of the task's posts today."""
    return {person.id for post in task.candidates for person in organization.holders(unit, post)}


def is_taken(unit: Unit, task: Row[Any]) -> bool:
    """Tell whether somebody has the task who may still do it: who left the post has let go of it."""
    return task.assignee_id is not None and bool(of(unit, task, task.assignee_id))


def acts(unit: Unit, task: Row[Any], person_id: str, seats: list[Seat]) -> set[str]:
    """Name the acts that are open to a person now."""
    if task.state == "completed":
        return {"withdraw"} if task.completed_by == person_id and is_withdrawable(unit, task) else set()
    if task.state != "open":
        return set()
    found: set[str] = {"enter"} if entering.may_enter(unit, task, person_id) else set()
    if not seats:
        return found
    if task.assignee_id == person_id:
        return found | {"save", "complete", "unclaim", "assign"}
    if is_taken(unit, task):
        return found
    return found | ({"save", "complete"} if needs_no_claim(unit, task) else {"claim", "assign"})


def needs_no_claim(unit: Unit, task: Row[Any]) -> bool:
    """Tell whether the task waits for one holder only."""
    return task.assignee_id is None and len(holders(unit, task)) == 1


def is_withdrawable(unit: Unit, task: Row[Any]) -> bool:
    """Tell whether nobody has touched the one task that followed."""
    if not task.effect:
        return False
    following = find(unit, task.effect["task"])
    untouched = following.state == "open" and following.assignee_id is None and following.revision == 1
    return bool(untouched)
