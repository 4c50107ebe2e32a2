"""Start instances (事项), show them to those who took part, search and cancel them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, tuple_

from engine.core import (
    catalogue,
    disclosure,
    documents,
    execution,
    filling,
    form_uses,
    forms,
    history,
    opinions,
    organization,
    plain_text,
    starters,
    visibility,
)
from engine.core.catalogue import Definition
from engine.core.history import Event, Verdict
from engine.ground import model
from engine.ground.errors import Invalid, NotAllowed, NotFound
from engine.ground.unit_of_work import Actor, Unit

TABLE = model.instance.c
REASON_LIMIT = 500


@dataclass(frozen=True)
class InstanceView:
    """Show an instance with all that its page needs.

    `marks` says of each drawn id whether it is done or now, `standing` at which node each live token is.
    """

    row: Mapping[str, Any]
    definition: Definition
    parent: Mapping[str, Any] | None
    children: tuple[Row[Any], ...]
    tasks: tuple[Row[Any], ...]
    opinions: tuple[Row[Any], ...]
    documents: tuple[Row[Any], ...]
    incidents: tuple[Row[Any], ...]
    events: tuple[Event, ...]
    marks: Mapping[str, str]
    now: tuple[str, ...]
    standing: Mapping[str, str]


def startable(unit: Unit, person_id: str) -> list[Definition]:
    """List the processes that a person may start, by name."""
    held = organization.posts_of(unit, person_id)
    keys = unit.connection.execute(select(model.definition.c.key).distinct()).scalars()
    found = [catalogue.latest(unit, key) for key in keys]
    mine = (item for item in found if item.diagram.start() and starters.seats(item.diagram.starters, held))
    return sorted(mine, key=lambda item: item.name)


def start(unit: Unit, key: str, actor: Actor, values: Mapping[str, Any]) -> str:
    """Start the newest version of a process, in the unit of the post that may; give the instance's id.

    Raises:
        NotFound: not published. NotAllowed: not one of its starters. Invalid: the start form has faults.
    """
    definition = catalogue.latest(unit, key)
    assert actor.person_id is not None
    seat = next(iter(starters.seats(definition.diagram.starters, organization.posts_of(unit, actor.person_id))), None)
    if seat is None:
        raise NotAllowed("您的岗位不能发起这个流程。")
    variables: dict[str, Any] = {}
    if definition.diagram.start_form:
        form = definition.form(definition.diagram.start_form)
        judge = filling.judge(unit, {"unit": seat.unit_code, "round": None})
        options = start_options(unit, definition)
        clean, faults = forms.validate(form, dict(values), _only_outcome(form), options, judge)
        if faults:
            raise Invalid(f"有 {len(faults)} 处需要修改，没有发起。", faults)
        variables.update(forms.lifted(form, clean))
    who = Actor(actor.person_id, seat.reference)
    return execution.start(unit, definition, variables, who, unit_code=seat.unit_code).id


def _only_outcome(form: forms.Form) -> str | None:
    return form.outcomes[0] if form.outcomes else None


def start_options(unit: Unit, definition: Definition) -> dict[str, list[dict[str, str]]]:
    """Give the choices of a start form."""
    form = definition.form(definition.diagram.start_form)
    return {key: unit.engine.options[key](unit, {}) for key in form_uses.sources(form)}


def any_started(unit: Unit) -> bool:
    """Tell whether anything was ever started in this house."""
    return unit.connection.execute(select(TABLE.id).limit(1)).first() is not None


def started_by(
    unit: Unit, person_id: str, before: tuple[datetime, str] | None = None, limit: int = 50
) -> list[Row[Any]]:
    """List the instances a person started, newest first; `before` is the (started, id) of the last row seen."""
    query = select(model.instance).where(TABLE.starter_id == person_id, TABLE.parent_id.is_(None))
    return _page(unit, query, before, limit)


def search(
    unit: Unit,
    person_id: str,
    roles: Collection[str],
    text: str = "",
    state: str = "",
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
    named: Mapping[str, str] | None = None,
) -> list[Row[Any]]:
    """List the instances a person may see, by a piece of the title, by state and `named` columns, newest first.

    `before` is the (started, id) of the last row seen: those of one act have been started at the same moment.
    """
    query = select(model.instance)
    if visibility.AUDIT not in roles:
        seen = visibility.seen_by(unit, person_id)
        query = query.where(TABLE.id.in_(seen) | TABLE.root_id.in_(seen))
    if text:
        query = query.where(TABLE.title.contains(text, autoescape=True))
    if state:
        query = query.where(TABLE.state == state)
    for column, value in (named or {}).items():
        query = query.where(TABLE[column] == value)
    return _page(unit, query, before, limit)


def place(row: Row[Any]) -> tuple[datetime, str]:
    """Give a row's place in a list, to ask for what comes after it."""
    return row.started_at, row.id


def _page(unit: Unit, query: Select[Any], before: tuple[datetime, str] | None, limit: int) -> list[Row[Any]]:
    if before is not None:
        query = query.where(tuple_(TABLE.started_at, TABLE.id) < before)
    return list(unit.connection.execute(query.order_by(TABLE.started_at.desc(), TABLE.id.desc()).limit(limit)))


def view(unit: Unit, instance_id: str, person_id: str, roles: Collection[str] = ()) -> InstanceView:
    """Show an instance to someone who may see it.

    Raises:
        NotFound: unknown, or not theirs.
    """
    visibility.demand(unit, instance_id, person_id, roles)
    row = execution.row_of(unit, instance_id)
    definition = catalogue.load(unit, row["definition_id"])
    events = history.read(unit.connection, f"instance:{instance_id}")
    live = [token for token in tokens(unit, row, definition) if not token.stands_by]
    standing = {token.id: token.node.id for token in live}
    now = tuple(dict.fromkeys(standing.values()))
    return InstanceView(
        row,
        definition,
        execution.row_of(unit, row["parent_id"]) if row["parent_id"] else None,
        _children(unit, instance_id),
        _rows(unit, model.task, instance_id, model.task.c.created_at),
        tuple(opinions.of_instances(unit, [instance_id])),
        _documents(unit, row, person_id, roles),
        _rows(unit, model.incident, instance_id, model.incident.c.created_at),
        tuple(events),
        _marks(definition, events, now),
        now,
        standing,
    )


def tokens(unit: Unit, row: Mapping[str, Any], definition: Definition) -> list[Any]:
    """Show where an instance stands."""
    return execution.tokens_of(unit, row["id"], definition)


def _children(unit: Unit, instance_id: str) -> tuple[Row[Any], ...]:
    query = select(model.instance).where(TABLE.parent_id == instance_id).order_by(TABLE.id)
    return tuple(unit.connection.execute(query))


def _rows(unit: Unit, table: Any, instance_id: str, order: Any) -> tuple[Row[Any], ...]:
    query = select(table).where(table.c.instance_id == instance_id).order_by(order, table.c.id)
    return tuple(unit.connection.execute(query))


def _documents(unit: Unit, row: Mapping[str, Any], person_id: str, roles: Collection[str]) -> tuple[Row[Any], ...]:
    found = documents.of_business_key(unit, row["business_key"])
    return tuple(item for item in found if disclosure.may_read(unit, item, person_id, roles))


def _marks(definition: Definition, events: list[Event], now: tuple[str, ...]) -> dict[str, str]:
    """Mark what was walked, by the drawn ids."""
    marks: dict[str, str] = {}
    drawn = definition.diagram.drawn
    for event in events:
        if event.kind == "activity.completed":
            marks[drawn.get(event.envelope["activity"], event.envelope["activity"])] = "done"
        via = event.envelope.get("via")
        if via:
            marks[drawn.get(via, via)] = "done"
    marks.update({drawn.get(name, name): "now" for name in now})
    return marks


def may_cancel(unit: Unit, row: Mapping[str, Any], person_id: str) -> bool:
    """Tell whether a person may cancel an instance: who started it, or may start its like; never a child by itself."""
    if row["state"] != "active" or row["parent_id"] is not None:
        return False
    diagram = catalogue.load(unit, row["definition_id"]).diagram
    alike = starters.references(diagram.starters, row["unit_code"])
    held = {post.reference for post in organization.posts_of(unit, person_id)}
    return row["starter_id"] == person_id or not held.isdisjoint(alike)


def cancel(unit: Unit, instance_id: str, actor: Actor, reason: str) -> None:
    """Cancel an instance with all below it (撤销); the reason is kept.

    Raises:
        NotFound: not theirs to cancel. Invalid: no reason given. Stale: it has ended.
    """
    run = execution.load(unit, instance_id, actor)
    assert actor.person_id is not None
    if not may_cancel(unit, {**run.row, "state": "active"}, actor.person_id):
        raise NotFound()
    execution.cancel(run, plain_text.read(reason, "撤销的原因", REASON_LIMIT, "reason", "请写明撤销的原因。", True))


def verify(unit: Unit, instance_id: str) -> Verdict:
    """Recompute an instance's chain of events."""
    return history.verify(unit.connection, f"instance:{instance_id}")
