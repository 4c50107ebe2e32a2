"""Publish the office's own diagrams, each with its forms and decision tables."""

from pathlib import Path

from engine import definitions
from engine.ground.unit_of_work import SYSTEM, Actor, Engine

FOLDER = Path(__file__).parents[1] / "bpmn"
KEYS = (
    *("coordination", "submission", "aggregation", "approval", "minutes", "breakdown", "inclusion", "archiving"),
    *("annual_plan", "adjustment"),
)
"""A process stands after those that it calls."""


def path_of(key: str) -> Path:
    """Give the drawing of a process."""
    return FOLDER / f"{key}.bpmn"


def drawings() -> list[tuple[bytes, dict[str, str]]]:
    """Read every drawing that comes along, with what stands beside it."""
    return [(path.read_bytes(), definitions.sources_beside(path)) for path in map(path_of, KEYS)]


def publish_all(engine: Engine, actor: Actor = SYSTEM) -> None:
    """Publish the processes, in one act; nothing happens for those that have not changed."""
    with engine.transaction() as unit:
        for source, beside in drawings():
            definitions.publish(unit, source, beside, actor, "随系统发布")
