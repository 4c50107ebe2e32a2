"""Start instances by events, and plan the next start by the calendar: one job a start event, for the newest version."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import select, update

from engine.core import catalogue, correlation, execution, timing
from engine.core.diagram import Diagram, Node
from engine.core.expressions import Value
from engine.core.timing import Turn
from engine.core.workdays import calendar_of
from engine.ground import model
from engine.ground.clock import local
from engine.ground.database import insert_new
from engine.ground.unit_of_work import SYSTEM, Unit, new_id

NEAR = timedelta(days=15)
"""No change of the calendar moves a start further, and the starts of a month lie further apart."""

log = logging.getLogger("suixu.starts")


def plan(unit: Unit, diagram: Diagram) -> None:
    """Replace the waiting starts of a process by the next ones its newest version asks for."""
    table = model.job
    waiting = (
        table.c.kind == "start",
        table.c.state == "due",
        table.c.key.startswith(f"start:{diagram.key}:", autoescape=True),
    )
    gone = {"state": "cancelled", "closed_at": unit.now, "key": None}
    unit.connection.execute(update(table).where(*waiting).values(gone))
    for node in diagram.starts("timer"):
        _plan(unit, diagram, node, _first(unit, node, unit.now))


def _first(unit: Unit, node: Node, now: datetime) -> Turn | None:
    """Give when a start event comes first; a day that has gone by when its version is published starts nothing."""
    assert node.timer is not None
    turn = timing.first(node.timer.kind, node.timer.text, now, calendar_of(unit))
    return turn if turn is not None and turn.due_at >= now else None


def _plan(unit: Unit, diagram: Diagram, node: Node, turn: Turn | None) -> None:
    if turn is None:
        return
    row = {"id": new_id(), "kind": "start", "state": "due", "attempts": 0, **_planned(diagram, node, turn)}
    insert_new(unit.connection, model.job, [row])
    unit.after_commit(unit.engine.wake)


def _planned(diagram: Diagram, node: Node, turn: Turn) -> dict[str, Any]:
    # The year is that of the calendar, however late the job comes to run.
    payload = {"process": diagram.key, "node": node.id, "year": local(turn.due_at).year, **turn.cycle}
    # An id may be longer than what is left of a key.
    named = uuid5(NAMESPACE_OID, node.id).hex
    key = f"start:{diagram.key}:{named}:{turn.due_at.isoformat()}"
    return {"due_at": turn.due_at, "key": key, "payload": payload}


def replan(unit: Unit) -> None:
    """Move every waiting start to where its turn falls by the calendar as it is now; one that has gone by is due."""
    table = model.job
    waiting = select(table).where(table.c.kind == "start", table.c.state == "due", table.c.key.is_not(None))
    for job in unit.connection.execute(waiting).all():
        diagram = catalogue.latest(unit, job.payload["process"]).diagram
        node = _timer(diagram, job.payload)
        turn = _first(unit, node, job.due_at - NEAR) if timing.follows_calendar(node.timer) else None
        if turn is None:
            continue
        # One that a worker has taken in between has started by the calendar as it was.
        mine = (table.c.id == job.id, table.c.state == "due")
        unit.connection.execute(update(table).where(*mine).values(_planned(diagram, node, turn)))
        unit.after_commit(unit.engine.wake)


def _timer(diagram: Diagram, payload: Mapping[str, Any]) -> Node:
    """Give the start event that a job stands for; jobs of the first versions do not name it."""
    timers = {node.id: node for node in diagram.starts("timer")}
    assert timers, "a version without a calendar start cancels the one that waits"
    return timers.get(payload.get("node", "")) or next(iter(timers.values()))


def begin(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Start an instance of the newest version of a process, as its calendar, a message or a signal asks for."""
    diagram = catalogue.latest(unit, payload["process"]).diagram
    if "year" in payload:
        _begin_by_calendar(unit, diagram, payload)
    elif "message" in payload:
        _begin_by_message(unit, diagram, payload)
    else:
        values = correlation.decode_all(payload["values"])
        node = _event(diagram, payload)
        if node is not None and not _start(unit, diagram, node, _brought(unit, node, values), values):
            log.info("start of %s by a signal skipped: it is running", diagram.key)


def _begin_by_calendar(unit: Unit, diagram: Diagram, payload: Mapping[str, Any]) -> None:
    node = _timer(diagram, payload)
    if node.timer is not None and node.timer.kind == "cycle":
        # Jobs of the first versions say neither their cycle nor when they were due.
        cycle = {"cycle": node.timer.text, "due": unit.now.isoformat(), **payload}
        _plan(unit, diagram, node, timing.following(cycle, calendar_of(unit)))
    if not _start(unit, diagram, node, {"year": Decimal(payload["year"])}, {}):
        # Somebody started this year's by hand already: that is no fault.
        log.info("calendar start of %s skipped: it is running", diagram.key)


def _begin_by_message(unit: Unit, diagram: Diagram, payload: Mapping[str, Any]) -> None:
    found, node = correlation.find(unit, payload["message"]), _event(diagram, payload)
    if found is None:
        return
    key, values = found[1], found[2]
    if node is not None and _start(unit, diagram, node, _brought(unit, node, values), values, key):
        correlation.received(unit, payload["message"])
    else:
        correlation.put_back(unit, payload["message"])


def _event(diagram: Diagram, payload: Mapping[str, Any]) -> Node | None:
    """Give the start event that was meant, if the newest version still has it."""
    node = diagram.nodes.get(payload["node"])
    return node if node is not None and node.kind == "start" else None


def _brought(unit: Unit, node: Node, values: Mapping[str, Value]) -> dict[str, Value]:
    return {target: execution.evaluate_with(unit, source, values) for source, target in node.outputs}


def _start(
    unit: Unit,
    diagram: Diagram,
    node: Node,
    variables: Mapping[str, Value],
    values: Mapping[str, Value],
    business_key: str | None = None,
) -> bool:
    """Start an instance; tell whether it did, for one of the same key may be running already."""
    definition = catalogue.latest(unit, diagram.key)
    expression = node.attributes.get("unit", "")
    code = execution.evaluate_with(unit, expression, values) if expression else None
    unit_code = code if isinstance(code, str) else None
    try:
        execution.start(unit, definition, variables, SYSTEM, business_key=business_key, unit_code=unit_code, at=node.id)
    except execution.Running:
        return False
    return True
