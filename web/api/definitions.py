"""Processes that one may start, for programs; business administrators see every published one."""

from typing import Any

from marshmallow import Schema, fields

from engine import definitions, instances
from engine.core.catalogue import Definition
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Unit
from web import guard, session
from web.api import acts, sheets
from web.api.acts import Answer
from web.api.rooms import Room
from web.texts import gettext as _

PROCESS = "process"

room = Room("definitions", _("流程版本"))


class DefinitionSchema(Schema):
    """The newest version of a process."""

    id = fields.String(required=True)
    key = fields.String(required=True)
    version = fields.Integer(required=True)
    name = fields.String(required=True)
    published_at = fields.DateTime(required=True)
    may_start = fields.Boolean(required=True)


class WholeDefinitionSchema(DefinitionSchema):
    """A version with the form that starts it, if there is one."""

    start_form = fields.Nested(sheets.SheetSchema, required=True, allow_none=True)


class DefinitionsSchema(Schema):
    """All at once: there are few."""

    items = fields.List(fields.Nested(DefinitionSchema), required=True)


class StartSchema(Schema):
    """What a start form is filled in with; `confirmed` says that what the form warns of is meant."""

    values = fields.Dict(keys=fields.String(), load_default=dict)
    confirmed = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class StartedSchema(Schema):
    """The instance that was started."""

    id = fields.String(required=True)


def _visible(unit: Unit) -> dict[str, tuple[Definition, bool]]:
    mine = {item.key: (item, True) for item in instances.startable(unit, guard.person_id())}
    if not guard.has(PROCESS):
        return mine
    published = [item.key for item in definitions.overview(unit) if item.version]
    return {key: mine.get(key) or (definitions.latest(unit, key), False) for key in published}


def _shown(definition: Definition, may_start: bool) -> dict[str, Any]:
    names = ("id", "key", "version", "name", "published_at")
    return {name: getattr(definition, name) for name in names} | {"may_start": may_start}


@room.look("", _("列出本人可以发起的流程"), DefinitionsSchema)
def listing() -> dict[str, Any]:
    """List the processes that one may start."""
    with session.engine().reading() as unit:
        return {"items": [_shown(*found) for found in _visible(unit).values()]}


@room.look("/<key>", _("查看流程的最新版本和发起时填的表单"), WholeDefinitionSchema)
def show(key: str) -> dict[str, Any]:
    """Show the newest version of a process."""
    with session.engine().reading() as unit:
        found = _visible(unit).get(key)
        if found is None:
            raise NotFound()
        definition = found[0]
        form = definition.form(definition.diagram.start_form) if definition.diagram.start_form else None
        sheet = sheets.describe(form, instances.start_options(unit, definition)) if form else None
        return {**_shown(*found), "start_form": sheet}


@room.act("/<key>/start", _("按最新版本发起事项"), StartedSchema, StartSchema, 201)
def start(body: dict[str, Any], key: str) -> Answer:
    """Start an instance of the newest version (发起)."""

    def work(unit: Unit) -> dict[str, Any]:
        definition, may_start = _visible(unit).get(key, (None, False))
        if definition is None or not may_start:
            raise NotFound()
        form = definition.form(definition.diagram.start_form) if definition.diagram.start_form else None
        values = sheets.read(form, body["values"]) if form else {}
        if form:
            sheets.demand_confirmed(form, values, next(iter(form.outcomes), None), body["confirmed"])
        return {"id": instances.start(unit, key, session.actor(), values)}

    return acts.once(work, 201)
