"""One task (待办): what to do, from whom, the form, what happened so far, and the acts."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import tasks
from engine.core import forms
from engine.ground.errors import Fault, Invalid, NotFound, Stale
from engine.ground.unit_of_work import Unit
from web import forms as web_forms
from web import guard, session, uploads
from web.desk import Desk, describe_following, lay, render
from web.submission import Sent, read
from web.texts import gettext as _
from web.uploads import Brought

FILLING_IN = frozenset({"claim", "save", "complete", "enter"})

room = Blueprint("tasks", __name__)


@room.get("/tasks/<task_id>")
def show(task_id: str) -> str:
    """Show a task to someone who may see it."""
    with guard.looking() as unit:
        return render(unit, _look(unit, task_id), focus=request.args.get("focus", ""))


def _look(unit: Unit, task_id: str) -> Desk:
    desk = lay(unit, task_id)
    title = f"{desk.view.instance['title']}：{desk.view.name}"
    guard.note_reading(unit, "task-read", {"title": title}, instance=desk.view.instance["id"], task=task_id)
    return desk


# Acts on who does it


@room.post("/tasks/<task_id>/claim")
def claim(task_id: str) -> Response:
    """Take a task (签收)."""
    with session.engine().transaction() as unit:
        tasks.claim(unit, task_id, session.actor(), revision())
    return _back(task_id, _("已签收，现在由您办理。"))


@room.post("/tasks/<task_id>/unclaim")
def unclaim(task_id: str) -> Response:
    """Put a task back before everybody (放回)."""
    with session.engine().transaction() as unit:
        tasks.unclaim(unit, task_id, session.actor(), revision())
    return _back(task_id, _("已放回，同岗同事都可以签收。"))


@room.post("/tasks/<task_id>/assign")
def assign(task_id: str) -> Response:
    """Give a task to a colleague (指派)."""
    person_id = request.form.get("person", "")
    try:
        if not person_id:
            raise Invalid(_("请选择要指派给谁。"), [Fault("blank", _("请选择要指派给谁。"), "person")])
        with session.engine().transaction() as unit:
            tasks.assign(unit, task_id, session.actor(), person_id, revision())
    except Invalid as error:
        return _again(task_id, 422, error.faults or [Fault("assign", error.message, "person")])
    return _leave(_("已指派给同事办理。"))


@room.post("/tasks/<task_id>/withdraw")
def withdraw(task_id: str) -> Response:
    """Take back what one has just completed (撤回)."""
    with session.engine().transaction() as unit:
        again = tasks.withdraw(unit, task_id, session.actor(), revision())
    return _back(again, _("已撤回，可以修改后再提交。"))


def revision() -> int:
    """Read which state of the task the page showed.

    Raises:
        Stale: the page does not say.
    """
    text = request.form.get("revision", "")
    if not text.isdecimal() or len(text) > 9:
        raise Stale(_("页面不是最新的，请打开最新的页面再办理。"))
    return int(text)


def _back(task_id: str, message: str) -> Response:
    flash(message)
    return redirect(url_for("tasks.show", task_id=task_id), 303)


def _leave(message: str) -> Response:
    flash(message)
    return redirect(url_for("inbox.waiting"), 303)


def _again(task_id: str, status: int, faults: Any) -> Response:
    with guard.looking() as unit:
        return make_response(render(unit, _look(unit, task_id), faults=faults), status)


# Acts on the form


@room.post("/tasks/<task_id>/save")
def save(task_id: str) -> Response:
    """Keep an unfinished form without checking it (暂存), rows added or removed."""
    sent = read(task_id)
    if request.headers.get("HX-Request"):
        return _save_by_itself(sent)
    changed = web_forms.apply_row_action(sent.form, sent.values, sent.raw)
    sent.values = sent.values if changed is None else changed
    refused = _try(sent, lambda unit: _save(unit, sent))
    if refused is not None:
        return refused
    if changed is not None:
        focus = web_forms.row_focus(changed, sent.raw)
        return redirect(url_for("tasks.show", task_id=task_id, focus=focus, _anchor=focus), 303)
    return _back(task_id, _("已暂存，还没有提交。"))


def _save_by_itself(sent: Sent) -> Response:
    """Keep what is being typed (自动暂存), and tell the page, which goes on as it is."""
    problem, revision = "", sent.revision
    try:
        with session.engine().transaction() as unit:
            revision = tasks.save(unit, sent.task_id, session.actor(), sent.values, revision)
    except Stale as error:
        problem = error.message
    with session.engine().reading() as unit:
        return make_response(render_template("saved.html", unit=unit, problem=problem, revision=revision))


def _save(unit: Unit, sent: Sent) -> None:
    tasks.save(unit, sent.task_id, session.actor(), sent.values, sent.revision)


@room.post("/tasks/<task_id>/complete")
def complete(task_id: str) -> Response:
    """Do a task (办理): the form is checked, and the instance goes on."""
    sent = read(task_id)
    changed = web_forms.apply_row_action(sent.form, sent.values, sent.raw)
    if changed is not None:
        sent.values = changed
        return _typed_again(sent, 200, focus=web_forms.row_focus(changed, sent.raw))
    refused = _try(sent, lambda unit: _complete(unit, sent))
    return _leave(_said(sent)) if refused is None else refused


def _complete(unit: Unit, sent: Sent) -> None:
    entry, faults = sent.entry(unit)
    faults += web_forms.unconfirmed(sent.form, sent.raw, sent.outcome, sent.warnings)
    if faults and sent.desk.view.state == "open":
        wrong = tasks.faults(unit, sent.task_id, sent.values, sent.outcome)
        raise Invalid(_("内容需要修改，没有提交。"), [*wrong, *faults])
    act = (session.actor(), sent.values, sent.outcome, sent.revision, entry)
    tasks.complete(unit, sent.task_id, *act, along=request.form.getlist("_along"))


def _said(sent: Sent) -> str:
    button = forms.offers(sent.form, sent.outcome or "")
    done = _("“%s”的“%s”已办理") % (sent.desk.view.instance["title"], sent.desk.view.name)
    label = _("（%s）") % button.label if button else ""
    with session.engine().reading() as unit:
        return f"{done}{label}。{describe_following(unit, sent.desk)}"


def _try(sent: Sent, act: Callable[[Unit], None]) -> Response | None:
    """Do an act with the files that came along, or show the form again with all that was typed."""
    typed = dict(sent.values)
    # Whose task it can never be leaves nothing on disk.
    brought = uploads.bring(session.engine(), sent.files if sent.desk.view.may & FILLING_IN else {})
    try:
        with session.engine().transaction() as unit:
            kept = uploads.keep(unit, sent.desk.view.instance["id"], brought, session.actor())
            if kept.faults:
                raise Invalid(_("有文件没有收下，内容没有提交。"), kept.faults)
            sent.take(kept)
            act(unit)
    except Stale as error:
        sent.values = typed
        return _stale(sent, error)
    except Invalid as error:
        sent.values = typed
        return _refused(sent, brought, error)
    return None


def _refused(sent: Sent, brought: Brought, error: Invalid) -> Response:
    faults = list(error.faults) or [Fault("refused", error.message)]
    status = 422
    if sent.files:
        kept = _rescue(sent, brought)
        status = 413 if kept.too_large else 422
    return _typed_again(sent, status, faults)


def _rescue(sent: Sent, brought: Brought) -> uploads.Kept:
    """Keep the good files of an act that was refused, so that nobody has to choose them again."""
    with session.engine().transaction() as unit:
        kept = uploads.keep(unit, sent.desk.view.instance["id"], brought, session.actor())
        sent.take(kept)
        if kept.ids and "save" in sent.desk.view.may:
            sent.revision = tasks.save(unit, sent.task_id, session.actor(), sent.values, sent.revision)
    return kept


def _typed_again(sent: Sent, status: int, faults: list[Fault] | None = None, focus: str = "") -> Response:
    with session.engine().reading() as unit:
        desk = lay(unit, sent.task_id)
        text = render(
            unit,
            desk,
            values=sent.values,
            revision=sent.revision,
            faults=faults or [],
            warnings=sent.warnings if faults else [],
            entry=sent.entry_typed,
            focus=focus,
        )
        return make_response(text, status)


def _stale(sent: Sent, error: Stale) -> Response:
    """Show what was typed, for copying, and the way to the fresh page."""
    with session.engine().reading() as unit:
        try:
            desk = lay(unit, sent.task_id)
        except NotFound:
            desk = sent.desk
        return make_response(render(unit, desk, template="stale.html", values=sent.values, message=error.message), 409)
