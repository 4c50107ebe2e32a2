"""Matters that one may see (事项), for programs."""

from typing import Any

from marshmallow import Schema, fields, validate

from engine import instances
from engine.core.forms import Component
from engine.core.history import Event
from engine.ground.unit_of_work import Unit
from web import guard, session, timeline
from web import instances as pages
from web.api import acts, sheets
from web.api.acts import Answer
from web.api.documents import WhichSchema
from web.api.rooms import LimitSchema, PageSchema, Room, cursor, paged, place
from web.texts import gettext as _
from web.timeline import Line

STATES = tuple(pages.STATES)
SHOWN = (
    *("id", "business_key", "title", "state", "outcome", "unit_code", "round", "parent_id"),
    *("started_at", "ended_at"),
)
TOLD = ("number", "at", "text", "who", "outcome", "opinion", "marks")
NAMED = {"process": "process_key", "business_key": "business_key", "parent_id": "parent_id"}
"""What may be searched for by its exact words, with the column that it is in."""

room = Room("instances", _("事项"))


class InstanceSchema(Schema):
    """An instance in a list."""

    id = fields.String(required=True)
    process = fields.String(required=True, metadata={"description": _("流程的 key。")})
    business_key = fields.String(required=True, metadata={"description": _("发消息给它时用。")})
    title = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    outcome = fields.String(required=True, allow_none=True)
    unit_code = fields.String(required=True, allow_none=True)
    round = fields.Integer(required=True)
    parent_id = fields.String(required=True, allow_none=True)
    started_at = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)


class StepSchema(Schema):
    """A task of an instance."""

    id = fields.String(required=True)
    activity_id = fields.String(required=True)
    name = fields.String(required=True)
    state = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)
    due_at = fields.DateTime(required=True, allow_none=True)
    completed_at = fields.DateTime(required=True, allow_none=True)


class PaperSchema(Schema):
    """A document of an instance."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)


class WholeInstanceSchema(InstanceSchema):
    """An instance with where it stands (`now`: ids of activities) and what belongs to it."""

    version = fields.Integer(required=True, metadata={"description": _("流程版本。")})
    now = fields.List(fields.String(), required=True)
    tasks = fields.List(fields.Nested(StepSchema), required=True)
    documents = fields.List(fields.Nested(PaperSchema), required=True)
    children = fields.List(fields.String(), required=True)


def _asked(words: str) -> fields.String:
    short = [validate.Length(max=200), validate.ContainsNoneOf("\0")]
    return fields.String(load_default="", validate=short, metadata={"description": words})


class SearchSchema(PageSchema):
    """Which instances are wanted: a piece of the title, a state, a process, a key, a parent."""

    text = _asked(_("标题里的字。"))
    state = fields.String(load_default="", validate=validate.OneOf(("", *STATES)))
    process = _asked(_("流程的 key。"))
    business_key = _asked(_("业务键。"))
    parent_id = _asked(_("上级事项的编号。"))


class EventSchema(Schema):
    """One thing that happened: `kind` and ids for programs, the rest as people read it."""

    number = fields.Integer(required=True)
    kind = fields.String(required=True)
    at = fields.DateTime(required=True)
    text = fields.String(required=True)
    who = fields.String(required=True)
    outcome = fields.String(required=True, metadata={"description": _("办理结果，用文字写。")})
    opinion = fields.String(required=True)
    marks = fields.List(fields.String(), required=True, metadata={"description": _("代录、连续办理、依法清除等。")})
    person_id = fields.String(required=True, allow_none=True, metadata={"description": _("空的是系统。")})
    activity_id = fields.String(required=True, allow_none=True)
    task_id = fields.String(required=True, allow_none=True)


class HistorySchema(LimitSchema):
    """Which page of a history is wanted; its places are numbers."""

    cursor = fields.Integer(
        load_default=0, validate=validate.Range(0, 2**31 - 1), metadata={"description": _("上一页给出的 next。")}
    )


class ContentSchema(Schema):
    """What is filled in in a version of a document; a file has no form."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    version = fields.Integer(required=True)
    form = fields.Nested(sheets.SheetSchema, required=True, allow_none=True)
    values = fields.Dict(required=True)


class ReasonSchema(Schema):
    """Why an instance is cancelled."""

    reason = fields.String(required=True, validate=validate.Length(1, instances.REASON_LIMIT))


class CancelledSchema(Schema):
    """The instance that was cancelled."""

    id = fields.String(required=True)


def _shown(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in SHOWN} | {"process": row["process_key"]}


@room.look("", _("查找可以查看的事项，新的在前"), paged(InstanceSchema, "InstancePage"), SearchSchema)
def listing(wanted: dict[str, Any]) -> dict[str, Any]:
    """Search the instances that one may see, newest first."""
    text, state, limit = wanted["text"], wanted["state"], wanted["limit"]
    before = place(wanted["cursor"])
    named = {column: wanted[name] for name, column in NAMED.items() if wanted[name]}
    with guard.looking() as unit:
        who, roles = guard.person_id(), guard.roles()
        rows = instances.search(unit, who, roles, text, state, before, limit + 1, named)
        guard.note_reading(unit, "audit-searched", {"text": text, "state": state, "verified": 0, **named})
    following = cursor(rows, limit, instances.place)
    return {"items": [_shown(row._mapping) for row in rows[:limit]], "next": following}


@room.look("/<instance_id>", _("查看事项：走到哪里，有哪些待办、材料、下级事项"), WholeInstanceSchema)
def show(instance_id: str) -> dict[str, Any]:
    """Show an instance."""
    with guard.looking() as unit:
        view = instances.view(unit, instance_id, guard.person_id(), guard.roles())
        guard.note_reading(unit, "instance-read", {"title": view.row["title"]}, instance=instance_id)
    drawn = view.definition.diagram.drawn
    return {
        **_shown(view.row),
        "version": view.definition.version,
        "now": list(dict.fromkeys(drawn.get(name, name) for name in view.now)),
        "tasks": view.tasks,
        "documents": view.documents,
        "children": [child.id for child in view.children],
    }


@room.look("/<instance_id>/history", _("读事项的办理过程，旧的在前"), paged(EventSchema, "EventPage"), HistorySchema)
def history(wanted: dict[str, Any], instance_id: str) -> dict[str, Any]:
    """Tell what happened in an instance, in the words of its page."""
    after, limit = wanted["cursor"], wanted["limit"]
    with guard.looking() as unit:
        view = instances.view(unit, instance_id, guard.person_id(), guard.roles())
        guard.note_reading(unit, "instance-read", {"title": view.row["title"]}, instance=instance_id)
        events = [event for event in view.events if event.number > after]
        told = timeline.tell(unit, events[:limit], view.definition.diagram)
    items = [_told(event, line) for event, line in zip(events, told, strict=False)]
    return {"items": items, "next": str(events[limit - 1].number) if len(events) > limit else ""}


def _told(event: Event, line: Line) -> dict[str, Any]:
    head = event.envelope
    ids = {"person_id": head.get("person"), "activity_id": head.get("activity"), "task_id": head.get("task")}
    return {name: getattr(line, name) for name in TOLD} | ids | {"kind": event.kind}


@room.look("/<instance_id>/documents/<document_id>", _("读材料的一个版本里填的内容"), ContentSchema, WhichSchema)
def content(wanted: dict[str, Any], instance_id: str, document_id: str) -> dict[str, Any]:
    """Show what is filled in in a document: as its page shows it, which may be less than is kept."""
    with guard.looking() as unit:
        paper = pages.paper(unit, instance_id, document_id, wanted["version"])
    form, chosen = paper.form, paper.chosen
    parts = form.fields() if form else [Component("textarea", "text")]
    return {
        "id": document_id,
        "title": paper.row.title,
        "version": chosen.number,
        "form": sheets.describe(form, paper.options) if form else None,
        "values": sheets.shown(parts, chosen.content or {}),
    }


@room.act("/<instance_id>/cancel", _("撤销事项和它的下级事项"), CancelledSchema, ReasonSchema)
def cancel(body: dict[str, Any], instance_id: str) -> Answer:
    """Cancel an instance with all below it (撤销)."""

    def work(unit: Unit) -> dict[str, Any]:
        instances.cancel(unit, instance_id, session.actor(), body["reason"])
        return {"id": instance_id}

    return acts.once(work)
