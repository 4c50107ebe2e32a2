"""Show a form to programs, and read what they fill in: as a browser would have sent it, whatever the JSON holds."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from engine.core import forms
from engine.core.form_schema import FIELDS
from engine.core.forms import Component, Form
from engine.ground.errors import Fault, Invalid
from web.texts import gettext as _

LISTS = ("checklist", "filepicker")
CONFIRM = _("请核对；确实无误的，把 confirmed 设为 true 后再提交。")
TYPES = sorted({*FIELDS, "dynamiclist"})


def _about(words: str) -> dict[str, str]:
    return {"description": words}


class ChoiceSchema(Schema):
    """What can be chosen in a field."""

    value = fields.String(required=True)
    label = fields.String(required=True)
    disabled = fields.Boolean(required=True, metadata=_about(_("现在不能选。")))


class OutcomeSchema(Schema):
    """What a form can end with."""

    value = fields.String(required=True, metadata=_about(_("填进 outcome。")))
    label = fields.String(required=True)
    confirm = fields.Boolean(required=True, metadata=_about(_("要把 confirmed 设为 true。")))


class FieldSchema(Schema):
    """A field of a form; `fields` are those of each row of a list."""

    key = fields.String(required=True, metadata=_about(_("values 里的名称。")))
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    label = fields.String(required=True)
    description = fields.String(required=True)
    required = fields.Boolean(required=True)
    required_for = fields.List(fields.String(), required=True, metadata=_about(_("以这些办理结果办理时必填。")))
    readonly = fields.Boolean(required=True)
    multiple = fields.Boolean(required=True, metadata=_about(_("可以有几个文件。")))
    max_length = fields.Integer(required=True, metadata=_about(_("最多多少字，0 是不限。")))
    pattern = fields.String(required=True, metadata=_about(_("文字要合的正则表达式，空的是不限。")))
    minimum = fields.String(required=True, allow_none=True)
    maximum = fields.String(required=True, allow_none=True)
    choices = fields.List(fields.Nested(ChoiceSchema), required=True)
    fields_ = fields.List(fields.Nested(lambda: FieldSchema()), required=True, data_key="fields")


class SheetSchema(Schema):
    """A form: its fields, and the outcomes to choose from."""

    fields_ = fields.List(fields.Nested(FieldSchema), required=True, data_key="fields")
    outcomes = fields.List(fields.Nested(OutcomeSchema), required=True)


def describe(form: Form, options: Mapping[str, Any]) -> dict[str, Any]:
    """Say what can be filled in."""
    buttons = [{"value": button.outcome, "label": button.title, "confirm": button.more} for button in form.buttons]
    return {"fields_": [_field(part, options) for part in form.fields()], "outcomes": buttons}


def _field(part: Component, options: Mapping[str, Any]) -> dict[str, Any]:
    limits = part.limits
    return {
        "key": part.key,
        "type": part.type,
        "label": part.title,
        "description": part.description,
        "required": limits.required,
        "required_for": sorted(part.required_for),
        "readonly": part.readonly,
        "multiple": part.multiple,
        "max_length": limits.max_length,
        "pattern": limits.pattern,
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "choices": forms.choices(part, options),
        "fields_": [_field(inner, options) for inner in part.fields()] if part.type == "dynamiclist" else [],
    }


def shown(parts: Iterable[Component], content: Mapping[str, Any]) -> dict[str, Any]:
    """Give of what is kept what a form shows."""
    return {part.key: _visible(part, content[part.key]) for part in parts if part.key in content}


def _visible(part: Component, value: Any) -> Any:
    if part.type != "dynamiclist" or not isinstance(value, list):
        return value
    return [shown(part.fields(), row) for row in value if isinstance(row, Mapping)]


def read(form: Form, given: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read what was filled in, in the shapes that a form's pages work with; what it says is checked later.

    What is read-only may come back as it stands in `before`.

    Raises:
        Invalid: an unknown field, a read-only one that is to change, or another shape than the field's.
    """
    faults: list[Fault] = []
    shown, parts = before or {}, form.fields()
    readonly = {part.key: part for part in parts if part.readonly}
    for key in given.keys() & readonly.keys():
        if given[key] != shown.get(key):
            title = readonly[key].title
            told = _("“%s”只能看，不能改。请删去，或者照原样送回。") % title
            faults.append(Fault("form_readonly", told, key, title))
    found = _level(parts, {key: value for key, value in given.items() if key not in readonly}, "", faults)
    if faults:
        raise Invalid(_("有 %s 处需要修改，内容没有提交。") % len(faults), faults)
    return found


def _level(parts: Iterable[Component], given: Mapping[str, Any], prefix: str, faults: list[Fault]) -> dict[str, Any]:
    known = {part.key: part for part in parts if not part.readonly}
    for key in given.keys() - known.keys():
        told = _("表单里没有“%s”这个可以填写的字段，请删去。") % key
        faults.append(Fault("unknown_field", told, prefix + key, key))
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
    if confirmed:
        return
    button, doubtful = forms.offers(form, outcome or ""), forms.warnings(form, dict(values))
    told = [(_("“%s”要确认后才能办理。") % button.title, "outcome")] if button and button.more else []
    told += [(fault.message + fault.remedy, fault.element) for fault in doubtful]
    if told:
        raise Invalid(CONFIRM, [Fault("form_unconfirmed", *about, remedy=CONFIRM) for about in told])
