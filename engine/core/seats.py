"""Say in what right a person may do a task, and what they may do with it now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, and_, bindparam, select, type_coerce

from engine.core import entering, organization, substitutions
from engine.core.substitutions import Cover
from engine.ground import model
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Unit

TASK, INBOX = model.task.c, model.inbox.c
FIND = select(model.task).where(TASK.id == bindparam("task"))


@dataclass(frozen=True)
class Seat:
    """Give the candidate post of a task in which a person may do it; `acting_for` is the holder they stand in for."""

    post: str
    acting_for: str | None = None


@dataclass(frozen=True)
class Standing:
    """Say what a person may act for today: the posts they hold, and what they cover of others."""

    person_id: str
    held: frozenset[str]
    covered: tuple[Cover, ...]

    def seats(self, candidates: Collection[str]) -> list[Seat]:
        """Give the seats at a task of these posts; one's own right wins."""
        return _own(candidates, self.held) or _covered(candidates, self.covered)


def standing(unit: Unit, person_id: str) -> Standing:
    """Say what a person may act for today."""
    return Standing(person_id, _held(unit, person_id), tuple(substitutions.covered(unit, person_id)))


def _held(unit: Unit, person_id: str) -> frozenset[str]:
    return frozenset(post.reference for post in organization.posts_of(unit, person_id))


def _own(candidates: Collection[str], held: Collection[str]) -> list[Seat]:
    return [Seat(post) for post in candidates if post in held]


def _covered(candidates: Collection[str], covered: Collection[Cover]) -> list[Seat]:
    return [Seat(cover.post, cover.principal_id) for cover in covered if cover.post in candidates]


def find(unit: Unit, task_id: str) -> Row[Any]:
    """Give a task's row.

    Raises:
        NotFound: unknown.
    """
    row = unit.connection.execute(FIND, {"task": task_id}).first()
    if row is None:
        raise NotFound()
    return row


def of(unit: Unit, task: Row[Any], person_id: str) -> list[Seat]:
    """Give the seats that a person has at a task today; as a deputy, none at what is their own matter."""
    own = _own(task.candidates, _held(unit, person_id))
    if own:
        return own
    found = _covered(task.candidates, substitutions.covered(unit, person_id))
    return [] if found and _is_own_matter(unit, task, person_id) else found


def acting_for(unit: Unit, task: Row[Any], person_id: str) -> str | None:
    """Say in whose place a person has a task, None in their own right."""
    return next((seat.acting_for for seat in of(unit, task, person_id)), None)


def is_barred(unit: Unit, task: Row[Any], person_id: str) -> bool:
    """Tell whether a deputy is kept from a task for the one reason that it is their own matter."""
    found = standing(unit, person_id).seats(task.candidates)
    return any(seat.acting_for for seat in found) and _is_own_matter(unit, task, person_id)


def _is_own_matter(unit: Unit, task: Row[Any], person_id: str) -> bool:
    return bool(substitutions.own_matters(unit, person_id, select(TASK.id).where(TASK.id == task.id)))


def deputies(unit: Unit, task: Row[Any], covers: Sequence[Cover]) -> list[Cover]:
    """Give those of some covers by which somebody may do a task today."""
    return [
        cover
        for cover in covers
        if cover.post in task.candidates and any(seat.acting_for for seat in of(unit, task, cover.deputy_id))
    ]


def places(unit: Unit, whose: Standing) -> list[tuple[str, ColumnElement[bool] | None]]:
    """Say where in the table of inboxes a person's tasks stand: principals, each with what must hold for the task.

    A deputy sees what waits for the post, and what the principal has claimed in it.
    """
    person, posts = f"person:{whose.person_id}", [f"post:{post}" for post in sorted(whose.held)]
    covered = [item for item in whose.covered if item.post not in whose.held]
    if not covered:
        return [(principal, None) for principal in (person, *posts)]
    others = {f"post:{item.post}" for item in covered} | {f"person:{item.principal_id}" for item in covered}
    asked = select(INBOX.task_id).where(INBOX.principal.in_([person, *others]))
    matters = substitutions.own_matters(unit, whose.person_id, asked)
    proper = TASK.id.not_in([row.id for row in matters if not whose.held & set(row.candidates)])
    found: list[tuple[str, ColumnElement[bool] | None]] = [(person, proper), *((post, None) for post in posts)]
    for item in covered:
        of_post = type_coerce(TASK.candidates, Text).contains(f'"{item.post}"', autoescape=True)
        found += [(f"post:{item.post}", proper), (f"person:{item.principal_id}", and_(proper, of_post))]
    return found


def holders(unit: Unit, task: Row[Any]) -> set[str]:
    """Give who holds one of the task's posts today."""
    return {person.id for post in task.candidates for person in organization.holders(unit, post)}


def is_taken(unit: Unit, task: Row[Any]) -> bool:
    """Tell whether somebody has the task who may still do it: who left the post has let go of it."""
    return task.assignee_id is not None and bool(of(unit, task, task.assignee_id))


def is_free(unit: Unit, task: Row[Any], seats: list[Seat]) -> bool:
    """Tell whether who has these seats may claim: nobody has the task, or the one in whose place they act."""
    return task.assignee_id in {seat.acting_for for seat in seats} or not is_taken(unit, task)


def acts(unit: Unit, task: Row[Any], person_id: str, seats: list[Seat]) -> set[str]:
    """Name the acts that are open to a person now."""
    if task.state == "completed":
        return {"withdraw"} if may_withdraw(unit, task, person_id) and is_withdrawable(unit, task) else set()
    if task.state != "open":
        return set()
    found: set[str] = {"enter"} if entering.may_enter(unit, task, person_id) else set()
    if not seats:
        return found
    if task.assignee_id == person_id:
        return found | {"save", "complete", "unclaim", "assign"}
    if not is_free(unit, task, seats):
        return found
    return found | ({"save", "complete"} if needs_no_claim(unit, task) else {"claim", "assign"})


def may_withdraw(unit: Unit, task: Row[Any], person_id: str) -> bool:
    """Tell whether a person may take back what they did; what a deputy did, only while they still stand in."""
    return task.completed_by == person_id and (task.acting_for is None or bool(of(unit, task, person_id)))


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
