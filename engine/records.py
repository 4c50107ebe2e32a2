"""Prove that the record is whole: every chain, and every anchor."""

from dataclasses import dataclass

from engine.core import anchors, history
from engine.core.history import Verdict
from engine.ground.errors import Fault
from engine.ground.unit_of_work import Engine


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


def verify(engine: Engine) -> Audit:
    """Recompute every chain and compare it with the anchors."""
    with engine.reading() as unit:
        known = history.registers(unit.connection)
        verdicts = list(history.verify_all(unit.connection, known))
        erased = tuple(verdict for verdict in verdicts if verdict.erased)
        broken = tuple(verdict for verdict in verdicts if not verdict.whole)
        return Audit(len(verdicts), sum(item.events for item in verdicts), erased, broken, tuple(anchors.verify(unit)))
