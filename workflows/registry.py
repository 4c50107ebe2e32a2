"""Give the engine what the diagrams need: the functions of service tasks, the choices that forms offer."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from engine import people
from engine.ground.unit_of_work import Function, Option, Unit
from workflows import (
    adjustment,
    aggregation,
    approval,
    archiving,
    breakdown,
    coordination,
    duties,
    minutes,
    submission,
)
from workflows.duties import Duties, Duty

SUBMITTING_KINDS = ("department", "institution")
OUT_OF_PLAN = {"value": aggregation.OUT_OF_PLAN, "label": aggregation.OUT_OF_PLAN_LABEL}
OWN_PARTIES = {
    "hr": ("hr", "group_office"),
    "office": ("office",),
    "publicity": ("publicity",),
    "finance": ("finance",),
    "party": ("party_committee",),
}
PARTIES_BY_KIND = {
    "department": ("all_departments", "planning_departments"),
    "institution": ("all_institutions",),
}
LABEL_LENGTH = 46


@cache
def _read(path: Path) -> Duties:
    return duties.load(path)


def _known_duties() -> Duties:
    return _read(duties.PATH)


def functions() -> dict[str, Function]:
    """Give every function that a service task may name."""
    known = _known_duties()
    return {
        "adjustment.apply": adjustment.apply,
        "adjustment.compose": partial(adjustment.compose, known),
        "adjustment.refuse": adjustment.refuse,
        "aggregation.compile": partial(aggregation.compile_plan, known),
        "aggregation.tally": partial(aggregation.tally, known),
        "approval.sheet": partial(approval.make_sheet, known),
        "archiving.pack": archiving.pack,
        "breakdown.break_down": breakdown.break_down,
        "breakdown.tell": partial(breakdown.tell, known),
        "coordination.compose": coordination.compose,
        "coordination.send": coordination.send,
        "minutes.enter": minutes.enter,
        "submission.compare": partial(submission.compare, known),
        "submission.restore": submission.restore,
    }


def options() -> Mapping[str, Option]:
    """Give the choices behind each `valuesKey` of a form; a fault in the duties stops the start here."""
    return {
        "approved_years": adjustment.years,
        "duties": partial(_duties, _known_duties()),
        "plan_items": adjustment.items,
        "returnable": aggregation.returnable,
        "units": _units,
    }


def _units(unit: Unit, instance: Mapping[str, Any]) -> list[dict[str, str]]:
    found = [item for item in people.units(unit) if item.kind in SUBMITTING_KINDS]
    return [{"value": item.code, "label": item.name} for item in found]


def _duties(known: Duties, unit: Unit, instance: Mapping[str, Any]) -> list[dict[str, str]]:
    code = instance.get("unit_code")
    kind = next((item.kind for item in people.units(unit) if item.code == code), "")
    own = known.for_unit_kind((*OWN_PARTIES.get(code or "", ()), *PARTIES_BY_KIND.get(kind, ())))
    first = [*own.listed, *own.folded]
    later = [duty for duty in known.values() if duty not in first]
    return [*_choices(first), OUT_OF_PLAN, *_choices(later)]


def _choices(found: Iterable[Duty]) -> list[dict[str, str]]:
    return [{"value": duty.id, "label": _label(duty)} for duty in found]


def _label(duty: Duty) -> str:
    text = f"{duty.clause} {duty.wording}"
    return text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1]}…"
