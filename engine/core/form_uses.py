"""Say what a form draws on: the option sources it shows, the variables it lifts, the parameters it asks for."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.core.expressions import ExpressionError, given_texts, parse
from engine.core.form_schema import Component, Form, load
from engine.ground.errors import Fault, Refused


def _all(components: Iterable[Component]) -> Iterator[Component]:
    for part in components:
        yield part
        yield from _all(part.components)


def sources(form: Form) -> list[str]:
    """Name the option sources of a form, rows included."""
    return sorted({part.source for part in _all(form.components) if part.source})


def lifted_names(source: str) -> frozenset[str]:
    """Name the variables that a form's text lifts; a text that is no form lifts none."""
    try:
        form = load(source)
    except Refused:
        return frozenset()
    return frozenset(part.variable for part in _all(form.components) if part.variable)


def parameter_faults(source: str, known: Mapping[str, str]) -> list[Fault]:
    """Refuse each parameter that a sound form asks for by a name that is not declared."""
    listed = "、".join(f"{name}（{label}）" for name, label in sorted(known.items())) or "（没有）"
    unknown = sorted(_parameters(source) - known.keys())
    return [
        Fault("form_parameter", f"用到的参数“{name[:40]}”没有登记。", remedy=f"可用的参数：{listed}。")
        for name in unknown
    ]


def _parameters(source: str) -> frozenset[str]:
    return frozenset().union(*(_asked(text) for text in _texts(json.loads(source))))


def _texts(part: Mapping[str, Any]) -> Iterator[str]:
    """Go through the texts of properties: whatever FEEL a form holds stands there."""
    yield from (part.get("properties") or {}).values()
    for inner in part.get("components") or ():
        yield from _texts(inner)


def _asked(text: str) -> frozenset[str]:
    try:
        return given_texts(parse(text), "parameter")
    except ExpressionError:
        return frozenset()
