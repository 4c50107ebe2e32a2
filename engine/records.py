"""Prove that the record is whole: every chain, and every anchor."""

from dataclasses import dataclass

from engine.core import anchors, history
from engine.core.history import Verdict
from engine.ground.errors import Fault
from engine.ground.unit_of_work import Engine


@dataclass(frozen=True)
class Audit:
    """Sum up a verification of everything; `element` of an anchor's fault is the stream that differs."""

    streams: int
    events: int
    broken: tuple[Verdict, ...]
    anchors: tuple[Fault, ...]

    @property
    def whole(self) -> bool:
        """Tell whether nothing was found."""
        return not self.broken and not self.anchors


def verify(engine: Engine) -> Audit:
    """Recompute every chain and compare it with the anchors."""
    with engine.reading() as unit:
        verdicts = [history.verify(unit.connection, stream) for stream in history.streams(unit.connection)]
        broken = tuple(verdict for verdict in verdicts if not verdict.whole)
        return Audit(len(verdicts), sum(item.events for item in verdicts), broken, tuple(anchors.verify(unit)))
