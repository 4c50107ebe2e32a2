"""Let the system administrator set the numbers that the diagrams read."""

import json
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import parameters, people, setup
from engine.core import forms
from engine.core.forms import Form, Values
from engine.ground.errors import Fault, Invalid, Stale
from engine.ground.unit_of_work import Unit
from engine.parameters import Setting
from web import guard, session, timeline
from web import setup as first_steps
from web.guard import SYSTEM
from web.texts import gettext as _

room = Blueprint("parameters", __name__, url_prefix="/organization/parameters")


@room.before_request
def _demand_administrator() -> None:
    guard.demand(SYSTEM)


@room.get("")
def show() -> str:
    """Show every parameter with its value now."""
    return _page()


def _page(values: Values | None = None, faults: tuple[Fault, ...] = ()) -> str:
    with session.engine().reading() as unit:
        settings = parameters.listing(unit)
        return render_template(
            "organization/parameters.html",
            form=_form(unit, settings),
            values={item.name: item.value for item in settings} if values is None else values,
            revision=parameters.revision(unit),
            action=url_for("parameters.change", **first_steps.carried()),
            faults=faults,
        )


def _form(unit: Unit, settings: Iterable[Setting]) -> Form:
    settings = list(settings)
    names = people.person_names(unit, [item.set_by for item in settings])
    button = {"type": "button", "action": "submit", "label": _("保存"), "properties": {"outcome": "save"}}
    parts = [*(_field(item, names.get(item.set_by or "", "")) for item in settings), button]
    return forms.load(json.dumps({"type": "default", "id": "parameters", "title": "", "components": parts}))


def _field(item: Setting, setter: str) -> dict[str, Any]:
    declared = item.declared
    said = _("现在是 %s，缺省 %s，可填 %s 到 %s。") % (item.value, declared.default, declared.least, declared.most)
    if item.set_at is not None:
        said += _("%s%s设定。") % (setter, timeline.moment_words(item.set_at))
    return {
        "type": "number",
        "key": item.name,
        "label": declared.label,
        "description": said + declared.basis,
        "decimalDigits": 0,
        "appearance": {"suffixAdorner": declared.unit},
        "validate": {"required": True, "min": declared.least, "max": declared.most},
    }


@room.post("")
def change() -> AnyResponse | str:
    """Set the parameters, wholly or not at all."""
    with session.engine().reading() as unit:
        form = _form(unit, parameters.listing(unit))
    values = forms.parse(form, request.form.to_dict(flat=False))
    try:
        clean, faults = forms.validate(form, values, "save", {})
        if faults:
            raise Invalid(_("没有保存。"), faults)
        with session.engine().transaction() as unit:
            changed = parameters.change(unit, clean, _seen(), session.actor())
            if first_steps.is_on_the_way():
                setup.settle(unit, "parameters", "done", session.actor())
    except Invalid as error:
        return make_response(_page(values, tuple(error.faults)), 422)
    except Stale as error:
        return make_response(_page(values, (Fault("stale", error.message, "", remedy=_("请核对后再保存。")),)), 409)
    flash(_("已保存，改了 %s 项。") % len(changed) if changed else _("没有改动。"))
    return redirect(first_steps.way_back(), 303)


def _seen() -> int:
    text = request.form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
