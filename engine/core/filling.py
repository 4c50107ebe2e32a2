"""Say what a task's form is filled in with: its values so far, what can be chosen, what its rules see."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from engine.core import catalogue, completion, documents, execution, form_uses, forms
from engine.core.expressions import Value
from engine.core.forms import Form, Judge
from engine.core.variables import Scopes
from engine.ground.errors import Fault
from engine.ground.unit_of_work import Unit


def values(unit: Unit, task: Row[Any], instance: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """Give what a form starts with that nobody has touched: the document, else the defaults."""
    seen = _seen(unit, task, instance)
    found = forms.initial(form, lambda text: execution.evaluate_with(unit, text, seen))
    if form.document:
        kept = documents.values(unit, instance["business_key"], form.document) or {}
        found.update({key: value for key, value in kept.items() if key not in completion.of_act(form)})
    return found


def _seen(unit: Unit, task: Row[Any], instance: Mapping[str, Any]) -> dict[str, Value]:
    """Give the variables seen from a task: the instance's, and those of the iterations around it."""
    scopes = Scopes.load(unit, instance["id"])
    view = scopes.view(_frames(unit, task, instance))
    return {"unit": instance["unit_code"], "round": instance["round"], **view}


def _frames(unit: Unit, task: Row[Any], instance: Mapping[str, Any]) -> tuple[str, ...]:
    definition = catalogue.load(unit, instance["definition_id"])
    if not definition.diagram.nodes[task.activity_id].scope:
        return (task.id,)
    tokens = execution.tokens_of(unit, instance["id"], definition)
    return next((token.frames for token in tokens if token.id == task.id), ())


def options(unit: Unit, form: Form, instance: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Give what can be chosen in a form: the host's choices, and the instance's files."""
    known = {key: unit.engine.options[key](unit, instance) for key in form_uses.sources(form)}
    if not form_uses.takes_files(form):
        return known
    files = [row for row in documents.of_business_key(unit, instance["business_key"]) if row.kind == "file"]
    return {**known, forms.FILES: [{"value": row.id, "label": row.title} for row in files]}


def inspect(
    unit: Unit, task: Row[Any], instance: Mapping[str, Any], form: Form, given: Mapping[str, Any], outcome: str | None
) -> tuple[dict[str, Any], list[Fault]]:
    """Give the clean values of a task's form and every fault, those of its rules too.

    What the rules see of read-only fields is what the form shows there, whatever was sent.
    """
    known, chosen = dict(given), options(unit, form, instance)
    if not form.rules:
        return forms.validate(form, known, outcome, chosen)
    if shown := [part.key for part in form.fields() if part.readonly]:
        found = values(unit, task, instance, form)
        known.update({key: found.get(key) for key in shown})
    return forms.validate(form, known, outcome, chosen, judge(unit, _seen(unit, task, instance)))


def judge(unit: Unit, seen: Mapping[str, Value]) -> Judge:
    """Let a form's rules see variables behind the form's own fields."""
    return lambda text, fields: execution.evaluate_with(unit, text, {**seen, **fields})
