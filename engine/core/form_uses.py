"""Say what a form draws on and gives: option sources, variables, outcomes, the parameters it asks for."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.core import form_rules
from engine.core.diagram import FormUses
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


def takes_files(form: Form) -> bool:
    """Tell whether files are picked in a form."""
    return any(part.type == "filepicker" for part in _all(form.components))


def of(source: str) -> FormUses:
    """Say what a form's text has to do with variables and choices; a text that is no form has nothing."""
    try:
        form = load(source)
        asked = form_rules.asked_names(form)
    except (Refused, ExpressionError):
        return FormUses()
    lifted = frozenset(part.variable for part in _all(form.components) if part.variable)
    return FormUses(lifted, asked, frozenset(button.outcome for button in form.buttons if not button.more))


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
    for value in (part.get("properties") or {}).values():
        yield from (rule["check"] for rule in value) if isinstance(value, list) else (value,)
    for inner in part.get("components") or ():
        yield from _texts(inner)


def _asked(text: str) -> frozenset[str]:
    try:
        return given_texts(parse(text), "parameter")
    except ExpressionError:
        return frozenset()
