"""What waits for a person (待办), and what they do with it, for programs."""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields, validate

from engine import people, tasks
from engine.ground.unit_of_work import Unit
from engine.tasks import TaskView
from web import guard, session
from web.api import acts, sheets
from web.api.rooms import PageSchema, Room, cursor, paged, place
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


class WholeTaskSchema(Schema):
    """A task with its form: `may` names the acts open to this person, `revision` goes along with each."""

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


class CompleteSchema(SaveSchema):
    """What is handed in; `confirmed` says that what the form warns of is meant."""

    outcome = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    confirmed = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class DoneSchema(Schema):
    """The task that was acted on; after taking back, the one that is open again."""

    id = fields.String(required=True)
    revision = fields.Integer(required=True)
    state = fields.String(required=True)


@room.look("", paged(TaskSchema, "TaskPage"), PageSchema)
def listing(wanted: dict[str, Any]) -> dict[str, Any]:
    """List what waits for this person, by deadline."""
    limit = wanted["limit"]
    with session.engine().reading() as unit:
        rows = tasks.inbox(unit, guard.person_id(), place(wanted["cursor"]), limit + 1)
    following = cursor(tasks.place(rows[limit - 1])) if len(rows) > limit else ""
    return {"items": rows[:limit], "next": following}


@room.look("/<task_id>", WholeTaskSchema)
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
        "form": sheets.describe(view.form, view.options),
        "values": view.values,
    }


def _act(task_id: str, act: Callable[[Unit], Any]) -> tuple[dict[str, Any], int]:
    def work(unit: Unit) -> dict[str, Any]:
        given = act(unit)
        view = _view(unit, given if isinstance(given, str) else task_id)
        return {"id": view.id, "revision": view.revision, "state": view.state}

    return acts.once(work)


@room.act("/<task_id>/claim", DoneSchema, RevisionSchema)
def claim(body: dict[str, Any], task_id: str) -> tuple[dict[str, Any], int]:
    """Take a task (签收)."""
    return _act(task_id, lambda unit: tasks.claim(unit, task_id, session.actor(), body["revision"]))


@room.act("/<task_id>/unclaim", DoneSchema, RevisionSchema)
def unclaim(body: dict[str, Any], task_id: str) -> tuple[dict[str, Any], int]:
    """Put a task back before everybody (放回)."""
    return _act(task_id, lambda unit: tasks.unclaim(unit, task_id, session.actor(), body["revision"]))


@room.act("/<task_id>/assign", DoneSchema, AssignSchema)
def assign(body: dict[str, Any], task_id: str) -> tuple[dict[str, Any], int]:
    """Give a task to a colleague (指派)."""
    who, seen = body["person"], body["revision"]
    return _act(task_id, lambda unit: tasks.assign(unit, task_id, session.actor(), who, seen))


@room.act("/<task_id>/save", DoneSchema, SaveSchema)
def save(body: dict[str, Any], task_id: str) -> tuple[dict[str, Any], int]:
    """Keep an unfinished form without checking it (暂存)."""

    def act(unit: Unit) -> None:
        tasks.save(unit, task_id, session.actor(), _filled(_view(unit, task_id), body), body["revision"])

    return _act(task_id, act)


def _filled(view: TaskView, body: dict[str, Any]) -> dict[str, Any]:
    return {**view.values, **sheets.read(view.form, body["values"])}


@room.act("/<task_id>/complete", DoneSchema, CompleteSchema)
def complete(body: dict[str, Any], task_id: str) -> tuple[dict[str, Any], int]:
    """Do a task (办理): the form is checked, and the instance goes on."""

    def act(unit: Unit) -> None:
        view = _view(unit, task_id)
        values, outcome = _filled(view, body), body["outcome"]
        if view.state == "open" and view.revision == body["revision"]:
            sheets.demand_confirmed(view.form, values, outcome, body["confirmed"])
        tasks.complete(unit, task_id, session.actor(), values, outcome, body["revision"])

    return _act(task_id, act)


@room.act("/<task_id>/withdraw", DoneSchema, RevisionSchema)
def withdraw(body: dict[str, Any], task_id: str) -> tuple[dict[str, Any], int]:
    """Take back what one has just completed (撤回)."""
    return _act(task_id, lambda unit: tasks.withdraw(unit, task_id, session.actor(), body["revision"]))
