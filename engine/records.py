"""Read the record as plain data, and prove that it is whole: every chain, and every anchor."""

from dataclasses import dataclass
from typing import Any

from engine.core import anchors, history
from engine.core.history import Verdict
from engine.ground.errors import Fault
from engine.ground.unit_of_work import Engine, Unit


@dataclass(frozen=True)
class Audit:
    """Sum up a verification of everything; `erased` are chains of which something was lawfully erased.

    `element` of an anchor's fault is the stream that differs.
    """

    streams: int
    events: int
    erased: tuple[Verdict, ...]
    broken: tuple[Verdict, ...]
    anchors: tuple[Fault, ...]

    @property
    def whole(self) -> bool:
        """Tell whether nothing was found."""
        return not self.broken and not self.anchors


def read(unit: Unit, stream: str) -> list[dict[str, Any]]:
    """Give a stream's events in order as plain data, fit for JSON; who may see them is the caller's to decide.

    Each has its `number`, `kind`, `at` (ISO 8601, UTC), `person` (an id, None for the machine), `post`, whatever ids
    its kind has, and its `payload`: what was said and done, None where it was lawfully erased. Streams are
    "instance:<id>", "definition:<key>", "account:<id>", "organization" and "access".
    """
    return [{**event.envelope, "payload": event.payload} for event in history.read(unit.connection, stream)]


def verify(engine: Engine) -> Audit:
    """Recompute every chain and compare it with the anchors."""
    with engine.reading() as unit:
        known = history.registers(unit.connection)
        verdicts = list(history.verify_all(unit.connection, known))
        erased = tuple(verdict for verdict in verdicts if verdict.erased)
        broken = tuple(verdict for verdict in verdicts if not verdict.whole)
        return Audit(len(verdicts), sum(item.events for item in verdicts), erased, broken, tuple(anchors.verify(unit)))
