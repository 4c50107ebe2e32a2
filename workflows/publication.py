"""Publish the office's own diagrams, each with its forms."""

from pathlib import Path

from engine import definitions
from engine.ground.unit_of_work import SYSTEM, Actor, Engine

FOLDER = Path(__file__).parents[1] / "bpmn"
KEYS = ("submission", "aggregation", "approval", "breakdown", "inclusion", "archiving", "annual_plan", "adjustment")
"""A process stands after those that it calls."""


def forms_of(key: str, folder: Path = FOLDER) -> dict[str, str]:
    """Read the forms of a process by the names that its tasks use."""
    found = sorted(folder.glob(f"{key}.*.form"))
    return {path.name.removeprefix(f"{key}.").removesuffix(".form"): path.read_text(encoding="utf-8") for path in found}


def drawings() -> list[tuple[bytes, dict[str, str]]]:
    """Read every drawing that comes along, with its forms."""
    return [((FOLDER / f"{key}.bpmn").read_bytes(), forms_of(key)) for key in KEYS]


def publish_all(engine: Engine, actor: Actor = SYSTEM) -> None:
    """Publish the processes, in one act; nothing happens for those that have not changed."""
    with engine.transaction() as unit:
        for source, forms in drawings():
            definitions.publish(unit, source, forms, actor, "随系统发布")
