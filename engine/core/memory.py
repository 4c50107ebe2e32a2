"""Keep instances in memory between two acts, each guarded by its version: who finds another version reads anew."""

from dataclasses import dataclass
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from engine.core.spiff import Machine
from engine.core.variables import Scopes
from engine.ground.unit_of_work import Engine, Unit

if TYPE_CHECKING:
    from engine.core.execution import Run

TOKENS = 50_000
"""Live tokens and variables kept in all, at some kilobyte each; the longest unused leave first."""

_LOCK = Lock()


@dataclass(frozen=True)
class Kept:
    """Hold an instance as the act that made this version left it."""

    version: int
    machine: Machine
    scopes: Scopes
    joined: set[str]

    @cached_property
    def weight(self) -> int:
        """Count its tokens and variables."""
        return 1 + len(self.machine.tasks) + len(self.scopes)


def take(unit: Unit, row: dict[str, Any]) -> Kept | None:
    """Take a locked instance out of memory, if it is there in this version: an act that fails does not put it back."""
    if not unit.writing:
        return None
    with _LOCK:
        found: Kept | None = _of(unit.engine).pop(row["id"], None)
    return found if found is not None and found.version == row["version"] else None


def keep(run: "Run") -> None:
    """Put an instance back once its act has been committed."""
    if run.unit.writing:
        run.unit.after_commit(partial(_put, run))


def _put(run: "Run") -> None:
    machine, scopes = run.machine, run.scopes
    if run.row["state"] != "active" or machine.ready or machine.changes or scopes.changes():
        return
    kept = Kept(run.row["version"], machine, scopes, run.joined)
    machine.rest()
    with _LOCK:
        if kept.weight <= TOKENS:
            _of(run.unit.engine)[run.id] = kept


def _of(engine: Engine) -> LRUCache[str, Kept]:
    if engine.memory is None:
        engine.memory = LRUCache(TOKENS, getsizeof=lambda kept: kept.weight)
    found: LRUCache[str, Kept] = engine.memory
    return found
