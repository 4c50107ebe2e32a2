"""What waits for a person (待办), and what they do with it, for programs."""

import hashlib
from collections.abc import Callable
from typing import Any

from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from engine import documents, people, tasks
from engine.core import merging, seats
from engine.ground.errors import Fault, Invalid, NotAllowed, NotFound, Stale, TooLarge
from engine.ground.unit_of_work import Unit
from engine.tasks import Entry, TaskView
from web import desk, guard, session, uploads
from web.api import acts, sheets
from web.api.acts import Answer
from web.api.rooms import PageSchema, Room, cursor, paged, place
from web.tasks import FILLING_IN
from web.texts import gettext as _

room = Room("tasks", _("待办"))


class TaskSchema(Schema):
    """A task in the inbox; `candidates` are the posts that may do it."""

    id = fields.String(required=True)
    instance_id = fields.String(required=True)
    name = fields.String(required=True)
    title = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    due_at = fields.DateTime(required=True, allow_none=True)
    claimed = fields.Boolean(required=True)
    candidates = fields.List(fields.String(), required=True)


class ColleagueSchema(Schema):
    """A person to whom a task may be assigned."""

    id = fields.String(required=True)
    name = fields.String(required=True)


class AlongSchema(Schema):
    """A step that the same person may do along with this one; where not `certain` the way may lead elsewhere."""

    activity_id = fields.String(required=True)
    name = fields.String(required=True)
    label = fields.String(required=True, metadata={"description": _("那一步的办理结果。")})
    certain = fields.Boolean(required=True)


class WholeTaskSchema(Schema):
    """A task with its form: `may` names the acts open to this person, `revision` goes along with each.

    `along` are the steps that completing it may do as well; `signers` the posts whose signed paper this secretary may
    enter.
    """

    id = fields.String(required=True)
    instance_id = fields.String(required=True)
    revision = fields.Integer(required=True)
    name = fields.String(required=True)
    documentation = fields.String(required=True)
    state = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)
    due_at = fields.DateTime(required=True, allow_none=True)
    assignee_id = fields.String(required=True, allow_none=True)
    candidates = fields.List(fields.String(), required=True)
    colleagues = fields.List(fields.Nested(ColleagueSchema), required=True)
    may = fields.List(fields.String(), required=True)
    along = fields.List(fields.Nested(AlongSchema), required=True)
    signers = fields.List(fields.String(), required=True)
    form = fields.Nested(sheets.SheetSchema, required=True)
    values = fields.Dict(required=True)


class RevisionSchema(Schema):
    """Which state of the task was seen: another one is answered 409."""

    revision = fields.Integer(required=True, strict=True, validate=validate.Range(0, 2**31 - 1))


class AssignSchema(RevisionSchema):
    """To whom a task goes."""

    person = fields.String(required=True, validate=validate.Length(1, 36))


class SaveSchema(RevisionSchema):
    """What is filled in; fields that are not named stay as they are."""

    values = fields.Dict(keys=fields.String(), load_default=dict)


class HandInSchema(SaveSchema):
    """What is handed in; `confirmed` says that what the form warns of is meant."""

    outcome = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    confirmed = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class CompleteSchema(HandInSchema):
    """What is handed in; `along` names the activities, of those that the task shows, to be done by the same act."""

    along = fields.List(fields.String(), load_default=list, validate=validate.Length(max=merging.LONGEST))


class EnterSchema(HandInSchema):
    """What a leader has signed on paper: the post that signed, the day on the paper, the id of its scan."""

    post = fields.String(required=True, validate=validate.Length(1, 200))
    made_on = fields.Date(required=True)
    scan = fields.String(required=True, validate=validate.Length(1, 36))


class UploadSchema(Schema):
    """A file, with its name; of a kind, a size and a content that the pages take too."""

    file = Upload(required=True)


class FileSchema(Schema):
    """The file as it is kept with the matter; its id goes into `values`, or is the scan of a signed paper."""

    id = fields.String(required=True)
    file_name = fields.String(required=True)
    media_type = fields.String(required=True)
    size = fields.Integer(required=True)
    digest = fields.String(required=True, metadata={"description": "SHA-256"})


class DoneSchema(Schema):
    """The task that was acted on; after taking back, the one that is open again."""

    id = fields.String(required=True)
    revision = fields.Integer(required=True)
    state = fields.String(required=True)


class CompletedSchema(DoneSchema):
    """The task that was completed, and the ids of those that were done along with it."""

    along = fields.List(fields.String(), required=True)


@room.look("", _("列出等本人办理的，按期限先后"), paged(TaskSchema, "TaskPage"), PageSchema)
def listing(wanted: dict[str, Any]) -> dict[str, Any]:
    """List what waits for this person, by deadline."""
    limit = wanted["limit"]
    with session.engine().reading() as unit:
        rows = tasks.inbox(unit, guard.person_id(), place(wanted["cursor"]), limit + 1)
    return {"items": rows[:limit], "next": cursor(rows, limit, tasks.place)}


@room.look("/<task_id>", _("查看待办：表单、已填的内容、可以做什么"), WholeTaskSchema)
def show(task_id: str) -> dict[str, Any]:
    """Show a task."""
    with guard.looking() as unit:
        view = _view(unit, task_id)
        title = f"{view.instance['title']}：{view.name}"
        guard.note_reading(unit, "task-read", {"title": title}, instance=view.instance["id"], task=task_id)
        return _whole(unit, view)


def _view(unit: Unit, task_id: str) -> TaskView:
    return tasks.view(unit, task_id, guard.person_id(), guard.roles())


def _whole(unit: Unit, view: TaskView) -> dict[str, Any]:
    names = ("id", "revision", "name", "documentation", "state", "outcome", "created_at", "due_at", "assignee_id")
    holders = {one.id: one for post in view.candidates for one in people.holders(unit, post)}
    return {
        **{name: getattr(view, name) for name in names},
        "instance_id": view.instance["id"],
        "candidates": view.candidates,
        "colleagues": list(holders.values()) if "assign" in view.may else [],
        "may": sorted(view.may),
        "along": view.along,
        "signers": [choice.value for choice in desk.signers(unit, view.candidates)] if "enter" in view.may else [],
        "form": sheets.describe(view.form, view.options),
        "values": _visible(view),
    }


def _visible(view: TaskView) -> dict[str, Any]:
    # A document may hold more than this form shows.
    return sheets.shown(view.form.fields(), view.values)


def _done(unit: Unit, task_id: str) -> dict[str, Any]:
    # Who has just acted on it need not be asked again whether they may see it.
    row = seats.find(unit, task_id)
    return {"id": task_id, "revision": row.revision, "state": row.state}


def _act(task_id: str, act: Callable[[Unit], Any]) -> Answer:
    def work(unit: Unit) -> dict[str, Any]:
        given = act(unit)
        return _done(unit, given if isinstance(given, str) else task_id)

    return acts.once(work)


@room.act("/<task_id>/claim", _("签收"), DoneSchema, RevisionSchema)
def claim(body: dict[str, Any], task_id: str) -> Answer:
    """Take a task (签收)."""
    return _act(task_id, lambda unit: tasks.claim(unit, task_id, session.actor(), body["revision"]))


@room.act("/<task_id>/unclaim", _("放回"), DoneSchema, RevisionSchema)
def unclaim(body: dict[str, Any], task_id: str) -> Answer:
    """Put a task back before everybody (放回)."""
    return _act(task_id, lambda unit: tasks.unclaim(unit, task_id, session.actor(), body["revision"]))


@room.act("/<task_id>/assign", _("指派给同岗位的人"), DoneSchema, AssignSchema)
def assign(body: dict[str, Any], task_id: str) -> Answer:
    """Give a task to a colleague (指派)."""
    who, seen = body["person"], body["revision"]
    return _act(task_id, lambda unit: tasks.assign(unit, task_id, session.actor(), who, seen))


@room.act("/<task_id>/save", _("暂存，不检查表单"), DoneSchema, SaveSchema)
def save(body: dict[str, Any], task_id: str) -> Answer:
    """Keep an unfinished form without checking it (暂存)."""

    def act(unit: Unit) -> None:
        tasks.save(unit, task_id, session.actor(), _filled(_view(unit, task_id), body), body["revision"])

    return _act(task_id, act)


def _filled(view: TaskView, body: dict[str, Any]) -> dict[str, Any]:
    if view.state != "open" or view.revision != body["revision"]:
        raise Stale(_("这件待办已经有变化或者办结，请重新读取后再办理。内容没有提交。"))
    return {**view.values, **sheets.read(view.form, body["values"], _visible(view))}


@room.act("/<task_id>/complete", _("办理：检查表单，事项往下走"), CompletedSchema, CompleteSchema)
def complete(body: dict[str, Any], task_id: str) -> Answer:
    """Do a task (办理): the form is checked, and the instance goes on."""

    def work(unit: Unit) -> dict[str, Any]:
        values, outcome = _handed_in(unit, task_id, body)
        along = tasks.complete(unit, task_id, session.actor(), values, outcome, body["revision"], along=body["along"])
        return {**_done(unit, task_id), "along": along}

    return acts.once(work)


def _handed_in(unit: Unit, task_id: str, body: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    view = _view(unit, task_id)
    values, outcome = _filled(view, body), body["outcome"]
    sheets.demand_confirmed(view.form, values, outcome, body["confirmed"])
    return values, outcome


@room.act("/<task_id>/enter", _("代录领导在纸面上的签批，扫描件先上传"), DoneSchema, EnterSchema)
def enter(body: dict[str, Any], task_id: str) -> Answer:
    """Enter what a leader has signed on paper (代录); the scan is brought before, the leader is told."""

    def act(unit: Unit) -> None:
        values, outcome = _handed_in(unit, task_id, body)
        _demand_paper(unit, body)
        entry = Entry(body["post"], body["made_on"], body["scan"])
        tasks.complete(unit, task_id, session.actor(), values, outcome, body["revision"], entry)

    return _act(task_id, act)


def _demand_paper(unit: Unit, body: dict[str, Any]) -> None:
    faults = []
    if body["made_on"] > unit.today:
        faults.append(Fault("entry", _("纸面签批日期不能晚于今天。"), "made_on"))
    try:
        documents.versions(unit, body["scan"], guard.person_id(), guard.roles())
    except NotFound:
        faults.append(Fault("entry", _("没有找到扫描件，请先上传。"), "scan"))
    if faults:
        raise Invalid(_("内容需要修改，没有提交。"), faults)


@room.bring("/<task_id>/upload", _("上传表单的附件或者签批的扫描件"), FileSchema, UploadSchema)
def upload(body: dict[str, Any], task_id: str) -> Answer:
    """Bring a file for a task's form, or a signed paper's scan; it stays with the matter, and counts there."""
    file, engine = body["file"], session.engine()
    sent = f"{file.filename} {hashlib.file_digest(file.stream, 'sha256').hexdigest()}"
    if before := acts.answered(sent):
        return before
    with engine.reading() as unit:
        _demand_filling_in(unit, task_id)
    brought = uploads.bring(engine, {"file": [file]})

    def work(unit: Unit) -> dict[str, Any]:
        view = _demand_filling_in(unit, task_id)
        kept = uploads.keep(unit, view.instance["id"], brought, session.actor())
        if kept.too_large:
            raise TooLarge(kept.faults[0].message)
        if kept.faults:
            raise Invalid(_("文件没有收下。"), kept.faults)
        ((stored,), (file_id,)) = brought.files["file"], kept.ids["file"]
        told = {"media_type": stored.media_type, "size": stored.size, "digest": stored.digest}
        return {"id": file_id, "file_name": stored.name, **told}

    return acts.once(work, 201, sent)


def _demand_filling_in(unit: Unit, task_id: str) -> TaskView:
    """Whose task it can never be leaves nothing on disk."""
    view = _view(unit, task_id)
    if view.state != "open":
        raise Stale(_("这件待办已经办结或者撤销，不能再办理。文件没有收下。"))
    if not view.may & FILLING_IN:
        raise NotAllowed(_("这件待办不由您办理，文件没有收下。"))
    return view


@room.act("/<task_id>/withdraw", _("撤回刚办理的"), DoneSchema, RevisionSchema)
def withdraw(body: dict[str, Any], task_id: str) -> Answer:
    """Take back what one has just completed (撤回)."""
    return _act(task_id, lambda unit: tasks.withdraw(unit, task_id, session.actor(), body["revision"]))
