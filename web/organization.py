"""Show the organization to everybody, and let the system administrator change it."""

from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import accounts, people, substitutions
from engine.core import forms
from engine.core.forms import Values
from engine.ground.errors import Fault, Invalid, NotFound
from web import guard, session, timeline
from web.guard import SYSTEM
from web.organization_forms import ACTS, Act, options
from web.texts import gettext as _

room = Blueprint("organization", __name__)

GROUPS = (
    (_("单位"), ("add-unit", "rename-unit", "end-unit")),
    (_("岗位"), ("add-post", "rename-post", "end-post")),
    (_("人员"), ("add-person", "rename-person")),
    (_("任职"), ("appoint", "relieve")),
    (_("代理"), ("grant-substitution", "revoke-substitution")),
)


@room.get("/organization")
def show() -> str:
    """Show units and posts; who holds them, to the system administrator."""
    with session.engine().reading() as unit:
        sections = people.overview(unit)
        standing = substitutions.listing(unit) if guard.has(SYSTEM) else []
    return render_template(
        "organization/show.html",
        sections=sections,
        standing=standing,
        administers=guard.has(SYSTEM),
        acts=ACTS,
        groups=GROUPS,
        unit_kinds=people.UNIT_KINDS,
        post_kinds=people.POST_KINDS,
    )


@room.get("/organization/change/<name>")
def ask(name: str) -> str:
    """Show the form of a change; what the address names is chosen already."""
    act = _act(name)
    values = forms.initial(act.form, lambda text: None)
    values.update({key: text for key, text in request.args.items() if key in values})
    return _page(name, act, values)


def _act(name: str) -> Act:
    guard.demand(SYSTEM)
    if name not in ACTS:
        raise NotFound()
    return ACTS[name]


def _page(name: str, act: Act, values: Values, faults: tuple[Fault, ...] = ()) -> str:
    with session.engine().reading() as unit:
        offered = options(unit)
    return render_template(
        "organization/change.html",
        title=act.title,
        action=url_for("organization.change", name=name),
        form=act.form,
        values=values,
        options=offered,
        faults=faults,
    )


@room.post("/organization/change/<name>")
def change(name: str) -> AnyResponse | str:
    """Make a change."""
    act = _act(name)
    values = forms.parse(act.form, request.form.to_dict(flat=False))
    try:
        with session.engine().transaction() as unit:
            clean, faults = forms.validate(act.form, values, "do", options(unit))
            if faults:
                raise Invalid(_("没有保存。"), faults)
            act.do(unit, clean, session.actor())
    except Invalid as error:
        faults = list(error.faults) or [Fault("refused", error.message)]
        return make_response(_page(name, act, values, _placed(act, faults)), 422)
    flash(act.done)
    return redirect(url_for("organization.show"), 303)


def _placed(act: Act, faults: list[Fault]) -> tuple[Fault, ...]:
    """Keep a fault's field only where the form has it, so that every link leads somewhere."""
    keys = {part.key for part in act.form.fields()}
    return tuple(
        fault if fault.element in keys else Fault(fault.code, fault.message, "", fault.name, 0, fault.remedy)
        for fault in faults
    )


# A whole list


@room.get("/organization/import")
def ask_list() -> str:
    """Ask for a staff list."""
    guard.demand(SYSTEM)
    return _list_page()


def _list_page(message: str = "", faults: tuple[Fault, ...] = ()) -> str:
    return render_template("organization/import.html", message=message, faults=faults)


@room.post("/organization/import")
def take_list() -> AnyResponse | str:
    """Bring a staff list in, wholly or not at all; new accounts' first passwords are shown this once."""
    guard.demand(SYSTEM)
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            message = _("请选择要导入的名单。")
            raise Invalid(message, [Fault("file", message)])
        done = _reader()(session.engine(), file.stream.read(), session.actor())
    except Invalid as error:
        faults = error.faults or (Fault("file", error.message),)
        return make_response(_list_page(error.message, tuple(faults)), 422)
    with session.engine().reading() as unit:
        names = {account.login: account.person_name for account in accounts.listing(unit)}
    passwords = sorted(done.passwords.items())
    return render_template("organization/imported.html", summary=done.summary, passwords=passwords, names=names)


def _reader() -> Any:
    """Give what reads a staff list: (engine, bytes, actor) in, a summary and the first passwords out."""
    return current_app.config["ORG_READER"]


for word in (timeline.moment_words, timeline.day_words):
    room.add_app_template_global(word)
