"""Show an instance (事项) to those who took part: where it stands, the path walked, who said what, its documents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response as AnyResponse

from engine import archive, definitions, documents, instances, parameters, people, tasks
from engine.core import execution, form_uses, seats, starters, substitutions
from engine.core.catalogue import Definition
from engine.core.erasures import INSTEAD
from engine.core.forms import FILES, Form
from engine.core.substitutions import Cover
from engine.core.visibility import AUDIT, may_see
from engine.ground.errors import Fault, Invalid, NotFound
from engine.ground.unit_of_work import Unit
from engine.instances import InstanceView
from web import decision_sheets, guard, security, session, streams, timeline, twin
from web.addresses import further, read_place
from web.files import diagram_file, file_url
from web.names import names
from web.texts import gettext as _

room = Blueprint("instances", __name__)

STATES = {"active": _("办理中"), "completed": _("已办结"), "cancelled": _("已撤销"), "failed": _("出错结束")}
PAGE = 50
TEXT_LIMIT = 100


@dataclass(frozen=True)
class Waiting:
    """Say what an instance waits for: the step, whom, until when."""

    name: str
    whom: str
    due: str


@dataclass(frozen=True)
class Page:
    """Hold a page of instances, and from where the next one goes on."""

    rows: Sequence[Row[Any]]
    following: str


@room.get("/instances")
def listing() -> str:
    """Search the instances that one may see."""
    text, state = asked()
    with guard.looking() as unit:
        page = search(unit, text, state)
        names = unit_names(unit)
        guard.note_reading(unit, "audit-searched", {"text": text, "state": state, "verified": 0})
    return render_template("instances/listing.html", page=page, text=text, state=state, states=STATES, units=names)


def asked() -> tuple[str, str]:
    """Read what is searched for from the address."""
    state = request.args.get("state", "")
    return request.args.get("text", "").strip()[:TEXT_LIMIT], state if state in STATES else ""


def search(unit: Unit, text: str, state: str) -> Page:
    """Find a page of instances, from where the address says."""
    before = read_place(request.args.get("before", ""))
    rows = instances.search(unit, guard.person_id(), guard.roles(), text, state, before, PAGE + 1)
    return Page(rows[:PAGE], further(rows, PAGE, instances.place))


def unit_names(unit: Unit) -> dict[str, str]:
    """Name the units by code."""
    return {item.code: item.name for item in people.units(unit)}


@room.get("/instances/<instance_id>")
def show(instance_id: str) -> str:
    """Show one instance."""
    security.allow_inline_styles()
    with guard.looking() as unit:
        view = _view(unit, instance_id)
        guard.note_reading(unit, "instance-read", {"title": view.row["title"]}, instance=instance_id)
        shown = _shown(unit, view)
    return render_template("instances/show.html", view=view, states=STATES, **shown)


@room.post("/instances/<instance_id>/cancel")
def cancel(instance_id: str) -> AnyResponse:
    """Cancel an instance with all below it (撤销)."""
    security.allow_inline_styles()
    reason, confirmed = request.form.get("reason", ""), request.form.get("confirmed") == "yes"
    try:
        if not confirmed:
            raise Invalid(_("撤销以后不能恢复，请勾选“我已确认”。"))
        with session.engine().transaction() as unit:
            instances.cancel(unit, instance_id, session.actor(), reason)
    except Invalid as error:
        with guard.looking() as unit:
            shown = _shown(unit, view := _view(unit, instance_id))
            guard.note_reading(unit, "instance-read", {"title": view.row["title"]}, instance=instance_id)
        fault = Fault("cancel", error.message, "reason" if confirmed else "confirmed")
        page = render_template("instances/show.html", view=view, states=STATES, faults=[fault], reason=reason, **shown)
        return make_response(page, 422)
    flash(_("已撤销，下级事项也一并撤销。"))
    return redirect(url_for("instances.show", instance_id=instance_id), 303)


def _shown(unit: Unit, view: InstanceView) -> dict[str, Any]:
    diagram = view.definition.diagram
    return {
        "state": STATES[view.row["state"]],
        "names": _names(unit, view),
        "waiting": _waiting(unit, view),
        "steps": _steps(unit, view),
        "beginning": twin.beginning(diagram, starters.titles(unit, diagram.starters)),
        "sheets": [*map(decision_sheets.sheet, view.definition.decisions.values())],
        "lines": timeline.tell(unit, view.events, diagram),
        "parent_open": _may_open(unit, view.row["parent_id"]),
        # What is filled in besides a document is kept under its task's name.
        "act_names": [row.name for row in view.documents if row.name.startswith("task:")],
        "longest": instances.REASON_LIMIT,
        "may_cancel": instances.may_cancel(unit, view.row, guard.person_id()),
        "erased": streams.erased_words,
        "missing": archive.MISSING,
        "kept": archive.find(unit, view.row["id"], guard.person_id(), guard.roles()),
        "verdict": instances.verify(unit, view.row["id"]) if guard.has(AUDIT) else None,
    }


def _may_open(unit: Unit, instance_id: str | None) -> bool:
    return instance_id is not None and may_see(unit, instance_id, guard.person_id(), guard.roles())


def _view(unit: Unit, instance_id: str) -> InstanceView:
    if execution.find_row(unit, instance_id) is None:
        raise NotFound()
    return instances.view(unit, instance_id, guard.person_id(), guard.roles())


@dataclass(frozen=True)
class Names:
    """Name the persons, posts and units of a page."""

    persons: Mapping[str, str]
    posts: Mapping[str, str]
    units: Mapping[str, str]

    def person(self, person_id: str) -> str:
        """Name a person; one whose name was lawfully erased has none."""
        return self.persons.get(person_id) or _("（姓名已删除）")

    def signed(self, person_id: str, post: str, principal_id: str | None) -> str:
        """Name who gave an opinion, in which post and in whose place."""
        title = (self.posts.get(post) or _("岗位已不存在")) if post else ""
        return people.signature(self.person(person_id), title, self.person(principal_id) if principal_id else "")


def _names(unit: Unit, view: InstanceView) -> Names:
    said = [(row.person_id, row.acting_for, row.entered_by) for row in view.opinions]
    persons = {view.row["starter_id"], *(row.created_by for row in view.documents)}.union(*said)
    codes = {view.row["unit_code"], *(row.unit_code for row in view.children)} - {None}
    posts = people.post_titles(unit, (row.post for row in view.opinions))
    return Names(people.person_names(unit, persons), posts, {code: people.unit_name(unit, code) for code in codes})


def _waiting(unit: Unit, view: InstanceView) -> list[Waiting]:
    opened = [row for row in view.tasks if row.state == "open"]
    found = [Waiting(row.name, _whom(unit, row), timeline.due_words(row.due_at)) for row in opened]
    shown = {row.activity_id for row in opened}
    return found + [_other(view, name) for name in view.now if name not in shown]


def _whom(unit: Unit, row: Row[Any]) -> str:
    if row.assignee_id:
        return names(unit).actor(row.assignee_id, None, seats.acting_for(unit, row, row.assignee_id))
    titles = people.post_titles(unit, row.candidates)
    deputies = seats.deputies(unit, row, substitutions.covers(unit, row.candidates))
    return "；".join(_holders(unit, post, titles.get(post, _("（岗位已不存在）")), deputies) for post in row.candidates)


def _holders(unit: Unit, post: str, title: str, deputies: Iterable[Cover]) -> str:
    """Name a post with who holds it, and who stands in for them."""
    said = names(unit)
    found = [person.name for person in people.holders(unit, post)] or [_("目前无人任职")]
    found += [said.actor(item.deputy_id, None, item.principal_id) for item in deputies if item.post == post]
    return _("%s（%s）") % (title, "、".join(found))


def _other(view: InstanceView, name: str) -> Waiting:
    node = view.definition.diagram.nodes[name]
    going = sum(row.state == "active" and view.standing.get(row.parent_token) == name for row in view.children)
    words = {
        "call": _("%s 件下级事项还在办理") % going,
        "catch": _("等%s") % twin.awaited(node),
        "receive": _("等%s") % twin.awaited(node),
        "boundary": _("%s，才走这一路") % twin.awaited(node),
        "service": _("系统自动办理"),
        "subprocess": _("里面的环节还在办理"),
        "handler": _("里面的环节还在办理"),
        "parallel": _("等其他各路"),
        "inclusive": _("等还会来的各路"),
    }
    return Waiting(twin.name_of(node), words.get(node.kind, _("等待处理")), "")


def _steps(unit: Unit, view: InstanceView) -> list[twin.Step]:
    diagram = view.definition.diagram
    wanted = [node.attributes.get("assignment", "") for node in diagram.nodes.values()]
    called = {**called_names(unit), **view.definition.decision_names}
    limits = twin.told_parameters(parameters.listing(unit))
    return twin.tell(diagram, view.marks, called, people.post_titles(unit, wanted), limits)


def called_names(unit: Unit) -> dict[str, str]:
    """Name every process by key."""
    return {item.key: item.name for item in definitions.overview(unit)}


@room.get("/instances/<instance_id>/diagram.xml")
def diagram(instance_id: str) -> Response:
    """Give the drawing of the version that the instance runs on."""
    with session.engine().reading() as unit:
        view = _view(unit, instance_id)
    return diagram_file(view.definition.source, view.definition.name)


@room.get("/instances/<instance_id>/documents/<document_id>")
def document(instance_id: str, document_id: str) -> str:
    """Show a document's versions, and the content of one of them."""
    with guard.looking() as unit:
        found = paper(unit, instance_id, document_id, request.args.get("version", ""))
        names = people.person_names(unit, [version.created_by for version in found.versions])
    return render_template(
        "instances/document.html",
        view=found.view,
        document=found.row,
        versions=found.versions,
        chosen=found.chosen,
        form=found.form,
        options=found.options,
        names=names,
        instead=INSTEAD,
    )


@dataclass(frozen=True)
class Paper:
    """Hold a document of an instance with one of its versions, and the form that shows it."""

    view: InstanceView
    row: Row[Any]
    versions: Sequence[Row[Any]]
    chosen: Row[Any]
    form: Form | None
    options: Mapping[str, Any]


def paper(unit: Unit, instance_id: str, document_id: str, wanted: str | int | None) -> Paper:
    """Find a version of a document, the newest where none is named, for who may read it; an auditor's look is kept.

    Raises:
        NotFound: unknown, or not theirs.
    """
    view = _view(unit, instance_id)
    row = next((row for row in view.documents if row.id == document_id), None)
    if row is None:
        raise NotFound()
    found = documents.versions(unit, document_id, guard.person_id(), guard.roles())
    chosen = found[-1] if not wanted else next((one for one in found if str(one.number) == str(wanted)), None)
    if chosen is None:
        raise NotFound()
    guard.note_reading(unit, "document-read", {"title": row.title, "version": chosen.number}, document=document_id)
    return Paper(view, row, found, chosen, *_form(unit, view, row, chosen))


def _form(unit: Unit, view: InstanceView, row: Row[Any], version: Row[Any]) -> tuple[Form | None, dict[str, Any]]:
    """Find the form that shows a version: here as this process shows it, which may be less than another does."""
    files = [
        {"value": item.id, "label": item.title, "href": file_url(item.id)} for item in view.documents if item.file_name
    ]
    own = _task_form(unit, version.task_id)
    if any(task.id == version.task_id for task in view.tasks) and own:
        return own[0], {**own[1], FILES: files}
    here = _fitting([view.definition], row.name, version)
    if here is None and own:
        return own[0], {**own[1], FILES: files}
    form = here or _fitting(_published(unit), row.name, version)
    return form, {**_options(unit, form, view), FILES: files}


def _task_form(unit: Unit, task_id: str | None) -> tuple[Form, Mapping[str, Any]] | None:
    try:
        shown = tasks.view(unit, task_id, guard.person_id(), guard.roles()) if task_id else None
    except NotFound:
        return None
    return (shown.form, shown.options) if shown else None


def _published(unit: Unit) -> list[Definition]:
    return [definitions.latest(unit, item.key) for item in definitions.overview(unit) if item.version]


def _fitting(found: Iterable[Definition], name: str, version: Row[Any]) -> Form | None:
    """Choose the form of a document that shows most of a version's content."""
    content = set(version.content or ())
    forms = [definition.form(key) for definition in found for key in definition.forms]
    same = [form for form in forms if form.document == name]
    return max(same, key=lambda form: len(content & {part.key for part in form.fields()}), default=None)


def _options(unit: Unit, form: Form | None, view: InstanceView) -> dict[str, Any]:
    if form is None:
        return {}
    offered = unit.engine.options
    return {key: offered[key](unit, view.row) for key in form_uses.sources(form) if key in offered}


for word in (timeline.moment_words, timeline.day_words, file_url):
    room.add_app_template_global(word)
