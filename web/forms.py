"""Forms on pages: what the templates call, and what a page does with what comes back."""

import copy
import re
from collections.abc import Mapping, Sequence

from flask import Flask

from engine.core import forms
from engine.core.forms import Component, Form, Values
from engine.ground.errors import Fault
from web import texts
from web.form_sheets import field_id, paragraphs, sheet
from web.texts import gettext as _

Raw = Mapping[str, list[str]]

SENSITIVE = "_confirm_sensitive"

_ROW = re.compile(r"(\w{1,60})\[([0-9]{1,4})\]")


def install(app: Flask) -> None:
    """Give the templates of forms what they call."""
    texts.install(app)
    app.jinja_env.globals.update(form_sheet=sheet, field_id=field_id, form_paragraphs=paragraphs)


def uploads(form: Form) -> list[str]:
    """Give the names of the file inputs, as in `request.files`."""
    return [part.key for part in form.fields() if part.type == "filepicker" and not part.readonly]


def apply_row_action(form: Form, values: Values, raw: Raw) -> Values | None:
    """Add or remove a row when that button was pressed; None when it was another one."""
    if added := _pressed(raw, "_add"):
        rows = _rows_named(form, added)
        return _with_row(values, rows) if rows else values
    if removed := _pressed(raw, "_remove"):
        match = _ROW.fullmatch(removed)
        rows = _rows_named(form, match[1]) if match else None
        return _without_row(values, rows, int(match[2])) if match and rows else values
    return None


def row_focus(values: Values, raw: Raw) -> str:
    """Give the id that deserves the focus after a row action: the new row, or the list that lost one."""
    added = _pressed(raw, "_add")
    if added and isinstance(values.get(added), list) and values[added]:
        return field_id(f"{added}[{len(values[added]) - 1}]")
    return field_id(_pressed(raw, "_remove").partition("[")[0] or added)


def _pressed(raw: Raw, name: str) -> str:
    return next(iter(raw.get(name) or ()), "")


def _rows_named(form: Form, key: str) -> Component | None:
    lists = (part for part in form.fields() if part.type == "dynamiclist" and not part.readonly)
    return next((part for part in lists if part.key == key and not part.fixed_rows), None)


def _with_row(values: Values, rows: Component) -> Values:
    found = list(values.get(rows.key) or ())
    if len(found) < forms.MAX_ROWS:
        found.append(forms.new_row(rows))
    return {**values, rows.key: found}


def _without_row(values: Values, rows: Component, index: int) -> Values:
    found = copy.copy(values.get(rows.key) or [])
    return {**values, rows.key: [row for number, row in enumerate(found) if number != index]}


def unconfirmed(form: Form, raw: Raw, outcome: str | None, warned: Sequence[Fault]) -> list[Fault]:
    """Give what must be confirmed before this outcome counts: a button under 更多， and what was warned of."""
    found = []
    button = forms.offers(form, outcome or "")
    if button and button.more and not raw.get(f"_confirm_{outcome}"):
        message = _("请先勾选“我已确认”，再点“%s”。") % button.label
        found.append(Fault("form_unconfirmed", message, f"_confirm_{outcome}", button.label))
    if warned and not raw.get(SENSITIVE):
        message = _("内容里可能有不该填写的号码。请核对；确实无误的，勾选“我已核对”后再提交。")
        found.append(Fault("form_unconfirmed", message, SENSITIVE, _("我已核对")))
    return found
