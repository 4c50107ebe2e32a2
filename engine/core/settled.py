"""Keep what changes seldom as it was last read: the organization, the calendar, the numbers that the office sets.

Each of its changes is an event of the stream "organization", so the number of the last one says whether what was read
still holds. An act that has changed something itself reads it anew, and keeps that for itself.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import func, select

from engine.core import history
from engine.ground import model
from engine.ground.unit_of_work import Unit

EDITION = "edition"
Read = TypeVar("Read")
ASKED = (
    select(func.max(model.event.c.number))
    .where(model.event.c.stream == history.ORGANIZATION)
    .scalar_subquery()
    .label(EDITION)
)
"""Asks for the number of the last change along with something else."""


def of(unit: Unit, name: str, read: Callable[[Unit], Read]) -> Read:
    """Give what `read` gives, from memory where nothing has changed since it was read."""
    changes = sum(entry[0] == history.ORGANIZATION for entry in unit.cache.get("events", ()))
    edition = (_head(unit), changes)
    kept = unit.cache.setdefault("settled", {}) if changes else unit.engine.settled
    known = kept.get(name)
    if known is None or known[0] != edition:
        known = kept[name] = (edition, read(unit))
    found: Read = known[1]
    return found


def note(unit: Unit, row: dict[str, Any]) -> None:
    """Take what was asked for out of a row."""
    unit.cache[EDITION] = row.pop(EDITION) or 0


def _head(unit: Unit) -> int:
    """Give the number of the last change, asked once for an act."""
    if EDITION not in unit.cache:
        unit.cache[EDITION] = unit.connection.execute(select(ASKED)).scalar_one() or 0
    head: int = unit.cache[EDITION]
    return head
