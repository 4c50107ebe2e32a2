"""Say in words what differs between two versions of a form's values, field by field."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import takewhile
from typing import Any, NamedTuple

from engine import people
from engine.core import forms
from engine.core.calendar import written
from engine.ground.unit_of_work import Unit
from workflows.aggregation import OUT_OF_PLAN, OUT_OF_PLAN_LABEL
from workflows.duties import Duties

NOTHING = "（未填）"
LONG, AROUND = 120, 20
"""Of a text longer than this only what differs is shown, with so many characters on either side."""

CHOICES: Mapping[str, Mapping[str, str]] = {
    "category": {
        "meeting": "会议",
        "education": "教育",
        "publicity": "宣传",
        "condolence": "慰问",
        "activity": "活动",
        "pairing": "结对",
        "system": "制度",
        "other": "其他",
    },
    "funding": {"budget": "部门预算", "special": "专项经费", "fees": "党费、工会经费", "other": "其他"},
}

Values = Mapping[str, Any]
Labels = Mapping[str, Mapping[str, str]]


class Rule(NamedTuple):
    """Decide of one field how it is called, and whether its unit must agree to what another changes in it."""

    label: str
    consent: bool = True


class Change(NamedTuple):
    """Show one field that was changed."""

    field: str
    before: str
    after: str
    consent: bool


def labels(unit: Unit, known: Duties) -> Labels:
    """Give what people call the values that are codes, by field."""
    duties = {duty.id: f"{duty.clause} {duty.wording}" for duty in known.values()} | {OUT_OF_PLAN: OUT_OF_PLAN_LABEL}
    return {**CHOICES, "duty": duties, "lead": {item.code: item.name for item in people.units(unit)}}


def differing(place: str, rules: Mapping[str, Rule], old: Values, new: Values, called: Labels) -> Iterator[Change]:
    """List the fields that differ, in the order of the rules; what no rule names comes last and is its unit's."""
    for key in dict.fromkeys((*rules, *old, *new)):
        if _plain(old.get(key)) != _plain(new.get(key)):
            rule = rules.get(key, Rule(key))
            before, after = told(key, old.get(key), called), told(key, new.get(key), called)
            yield Change(f"{place}{rule.label}", *_excerpts(before, after), rule.consent)


def told(key: str, value: Any, called: Labels) -> str:
    """Write a value as people read it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if forms.is_nothing(value):
        return NOTHING
    text = str(value)
    return called.get(key, {}).get(text) or _day(text) or text


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    return written(day)


def _plain(value: Any) -> Any:
    return "" if forms.is_nothing(value) else value


def _excerpts(before: str, after: str) -> tuple[str, str]:
    """Cut what both have in common off long texts."""
    if max(len(before), len(after)) <= LONG:
        return before, after
    head = max(_alike(before, after) - AROUND, 0)
    room = min(len(before), len(after)) - head
    tail = max(min(_alike(before[::-1], after[::-1]), room) - AROUND, 0)
    cut = [text[head : len(text) - tail] for text in (before, after)]
    first, second = (f"{'……' if head else ''}{text}{'……' if tail else ''}" for text in cut)
    return first, second


def _alike(one: str, other: str) -> int:
    """Count the characters that both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
