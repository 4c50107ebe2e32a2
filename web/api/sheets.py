"""Show a form to programs, and read what they fill in: as a browser would have sent it, whatever the JSON holds."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields

from engine.core import forms
from engine.core.forms import Component, Form
from engine.ground.errors import Fault, Invalid
from web import forms as web_forms
from web.texts import gettext as _

LISTS = ("checklist", "filepicker")


class ChoiceSchema(Schema):
    """What can be chosen in a field."""

    value = fields.String(required=True)
    label = fields.String(required=True)


class FieldSchema(Schema):
    """A field of a form; `fields` are those of each row of a list."""

    key = fields.String(required=True)
    type = fields.String(required=True)
    label = fields.String(required=True)
    required = fields.Boolean(required=True)
    readonly = fields.Boolean(required=True)
    choices = fields.List(fields.Nested(ChoiceSchema), required=True)
    fields_ = fields.List(fields.Nested(lambda: FieldSchema()), required=True, data_key="fields")


class SheetSchema(Schema):
    """A form: its fields, and the outcomes to choose from."""

    fields_ = fields.List(fields.Nested(FieldSchema), required=True, data_key="fields")
    outcomes = fields.List(fields.Nested(ChoiceSchema), required=True)


def describe(form: Form, options: Mapping[str, Any]) -> dict[str, Any]:
    """Say what can be filled in."""
    buttons = [{"value": button.outcome, "label": button.title} for button in form.buttons]
    return {"fields_": [_field(part, options) for part in form.fields()], "outcomes": buttons}


def _field(part: Component, options: Mapping[str, Any]) -> dict[str, Any]:
    offered = [{"value": choice.value, "label": choice.label} for choice in forms.choices(part, options)]
    return {
        "key": part.key,
        "type": part.type,
        "label": part.title,
        "required": part.limits.required,
        "readonly": part.readonly,
        "choices": offered,
        "fields_": [_field(inner, options) for inner in part.fields()] if part.type == "dynamiclist" else [],
    }


def read(form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read what was filled in, in the shapes that a form's pages work with; what it says is checked later.

    Raises:
        Invalid: an unknown or read-only field, or another shape than the field's.
    """
    faults: list[Fault] = []
    found = _level(form.fields(), given, "", faults)
    if faults:
        raise Invalid(_("有 %s 处需要修改，内容没有提交。") % len(faults), faults)
    return found


def _level(parts: Iterable[Component], given: Mapping[str, Any], prefix: str, faults: list[Fault]) -> dict[str, Any]:
    known = {part.key: part for part in parts if not part.readonly}
    for key in given.keys() - known.keys():
        faults.append(Fault("unknown_field", _("表单里没有“%s”这个可以填写的字段。") % key, prefix + key, key))
    return {key: _value(known[key], value, prefix + key, faults) for key, value in given.items() if key in known}


def _value(part: Component, value: Any, name: str, faults: list[Fault]) -> Any:
    if value is None:
        return forms.blank(part)
    if part.type == "checkbox" and isinstance(value, bool):
        return value
    if part.type in LISTS and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    if part.type == "dynamiclist" and _are_rows(value):
        return [_level(part.fields(), row, f"{name}[{at}].", faults) for at, row in enumerate(value)]
    if isinstance(forms.blank(part), str) and isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    faults.append(Fault("form_type", _("“%s”填写的内容格式不对。") % part.title, name, part.title))
    return forms.blank(part)


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= forms.MAX_ROWS and all(isinstance(row, Mapping) for row in value)


def demand_confirmed(form: Form, values: Mapping[str, Any], outcome: str | None, confirmed: bool) -> None:
    """Ask for what the pages ask to be confirmed: outcomes under 更多, and what should perhaps not be here.

    Raises:
        Invalid: `confirmed` is not set.
    """
    faults = web_forms.unconfirmed(form, {}, outcome, forms.warnings(form, dict(values)))
    if faults and not confirmed:
        faults = [Fault(fault.code, fault.message, "confirmed", fault.name) for fault in faults]
        raise Invalid(_("请核对；确实无误的，把 confirmed 设为 true 后再提交。"), faults)
