"""Matters that one may see (事项), for programs."""

from typing import Any

from marshmallow import Schema, fields, validate

from engine import instances
from engine.ground.unit_of_work import Unit
from web import guard, session
from web.api import acts
from web.api.acts import Answer
from web.api.rooms import PageSchema, Room, cursor, paged, place
from web.texts import gettext as _

STATES = ("active", "completed", "cancelled")
SHOWN = ("id", "title", "state", "outcome", "unit_code", "round", "parent_id", "started_at", "ended_at")

room = Room("instances", _("事项"))


class InstanceSchema(Schema):
    """An instance in a list."""

    id = fields.String(required=True)
    process = fields.String(required=True)
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

    version = fields.Integer(required=True, metadata={"description": "Of the process definition."})
    now = fields.List(fields.String(), required=True)
    tasks = fields.List(fields.Nested(StepSchema), required=True)
    documents = fields.List(fields.Nested(PaperSchema), required=True)
    children = fields.List(fields.String(), required=True)


class SearchSchema(PageSchema):
    """Which instances are wanted: a piece of the title, a state."""

    text = fields.String(load_default="", validate=[validate.Length(max=200), validate.ContainsNoneOf("\0")])
    state = fields.String(load_default="", validate=validate.OneOf(("", *STATES)))


class ReasonSchema(Schema):
    """Why an instance is cancelled."""

    reason = fields.String(required=True, validate=validate.Length(1, instances.REASON_LIMIT))


class CancelledSchema(Schema):
    """The instance that was cancelled."""

    id = fields.String(required=True)


def _shown(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in SHOWN} | {"process": row["process_key"]}


@room.look("", paged(InstanceSchema, "InstancePage"), SearchSchema)
def listing(wanted: dict[str, Any]) -> dict[str, Any]:
    """Search the instances that one may see, newest first."""
    text, state, limit = wanted["text"], wanted["state"], wanted["limit"]
    before, below = place(wanted["cursor"]) or (None, "")
    with guard.looking() as unit:
        rows = instances.search(unit, guard.person_id(), guard.roles(), text, state, before, limit + 1, below)
        guard.note_reading(unit, "audit-searched", {"text": text, "state": state, "verified": 0})
    last = rows[limit - 1] if len(rows) > limit else None
    following = cursor((last.started_at, last.id)) if last else ""
    return {"items": [_shown(row._mapping) for row in rows[:limit]], "next": following}


@room.look("/<instance_id>", WholeInstanceSchema)
def show(instance_id: str) -> dict[str, Any]:
    """Show an instance."""
    with guard.looking() as unit:
        view = instances.view(unit, instance_id, guard.person_id(), guard.roles())
        guard.note_reading(unit, "instance-read", {"title": view.row["title"]}, instance=instance_id)
    return {
        **_shown(view.row),
        "version": view.definition.version,
        "now": view.now,
        "tasks": view.tasks,
        "documents": view.documents,
        "children": [child.id for child in view.children],
    }


@room.act("/<instance_id>/cancel", CancelledSchema, ReasonSchema)
def cancel(body: dict[str, Any], instance_id: str) -> Answer:
    """Cancel an instance with all below it (撤销)."""

    def work(unit: Unit) -> dict[str, Any]:
        instances.cancel(unit, instance_id, session.actor(), body["reason"])
        return {"id": instance_id}

    return acts.once(work)
