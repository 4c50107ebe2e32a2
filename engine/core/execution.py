"""Move an instance: lock it, step it until everything waits, and write down all that this changed.

Every act that moves a token goes through a `Run`: `load` or `start`, then what the act does, then `settle`. The
difference between before and after (tasks, jobs, children, variables, events, state, version) is written in the act's
own transaction. Locks go downwards: a run locks its own instance, then, only when it cancels them, its children.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select, update

from engine.core import catalogue, correlation, deadlines, effects, memory, plain_text, starters
from engine.core.catalogue import Definition
from engine.core.decisions import name_in_version
from engine.core.diagram import EventKind, Trigger
from engine.core.expressions import ExpressionError, Value
from engine.core.run import Run as Run
from engine.core.run import definition_of as definition_of
from engine.core.run import evaluate_with as evaluate_with
from engine.core.run import find_row as find_row
from engine.core.run import load as load
from engine.core.run import lock as lock
from engine.core.run import lock_free as lock_free
from engine.core.run import lock_of_task as lock_of_task
from engine.core.run import row_of as row_of
from engine.core.run import tokens_of as tokens_of
from engine.core.tokens import Token
from engine.core.variables import Scopes, home
from engine.ground import model
from engine.ground.database import insert_new
from engine.ground.errors import Invalid, Stale, Stuck
from engine.ground.statements import Statement, replacement
from engine.ground.unit_of_work import Actor, Unit, new_id

CALL_DEPTH = 20
"""Levels of child instances below one another."""

SAVED = ("state", "outcome", "ended_at", "version")
INSTANCE = model.instance.c
SAVE = Statement(
    update(model.instance).where(INSTANCE.id == bindparam("instance"), INSTANCE.version == bindparam("before")), *SAVED
)
SAVE_PAGE = replacement(model.instance_state, "content")

RUNS_ALREADY = 0
"""Stands for the round of an instance that cannot be: rounds are counted from 1."""


class Running(Invalid):
    """Refuse to start what is running already under the same business key."""

    def __init__(self) -> None:
        super().__init__("同一事项已经在办理中，不能重复发起。请在“我发起的”里查看。")


def start(
    unit: Unit,
    definition: Definition,
    variables: Mapping[str, Value],
    actor: Actor,
    *,
    business_key: str | None = None,
    unit_code: str | None = None,
    parent: Run | None = None,
    parent_token: str | None = None,
    at: str = "",
) -> Run:
    """Make an instance and run it to where it waits; `at` is the start event, by default that which waits for nothing.

    Raises:
        Running: an instance of the same process and business key is still active.
        Invalid: the key or title has no value.
        Stuck: a function or form of the version is gone, children are nested too deeply, or nobody but an event may
            start it.
    """
    if parent is not None and _level(unit, parent.row) >= CALL_DEPTH:
        raise Stuck(f"子流程嵌套超过{CALL_DEPTH}层，已停止。")
    _check_whole(unit, definition)
    seen = {"unit": unit_code, "year": None, **variables}
    own = definition.diagram.business_key
    key = business_key or (_text(unit, own, seen, "业务键") if own else new_id())
    row = _new_row(unit, definition, key, unit_code, actor, parent, parent_token)
    title = _text(unit, definition.diagram.title, {**seen, "round": row["round"]}, "题名")
    row["title"] = plain_text.heading(title, 300)
    if row["round"] == RUNS_ALREADY or insert_new(unit.connection, model.instance, [row]) == 0:
        if business_key or not own or _text(unit, own, seen, "业务键") == key:
            raise Running()
        # The key counts what there is, and somebody who counted to the same number was faster.
        return start(
            unit, definition, variables, actor, unit_code=unit_code, parent=parent, parent_token=parent_token, at=at
        )
    run = Run(unit, row, definition, Scopes(row["id"]), actor)
    for name, value in variables.items():
        run.scopes.set("", name, value)
    run.record(
        "instance.started", {"title": row["title"]}, business_key=key, round=row["round"], parent=row["parent_id"]
    )
    memory.keep(run)
    if parent is None:
        starter = [f"person:{actor.person_id}"] if actor.person_id else []
        posts = starters.references(definition.diagram.starters, row["unit_code"])
        join(run, [*starter, *(f"post:{post}" for post in posts)])
    run.machine.begin(at)
    settle(run)
    return run


def _level(unit: Unit, row: Mapping[str, Any]) -> int:
    """Count the instances above and including one, as far as the limit."""
    level, above, table = 1, row["parent_id"], model.instance.c
    while above is not None and level < CALL_DEPTH:
        above = unit.connection.execute(select(table.parent_id).where(table.id == above)).scalar_one()
        level += 1
    return level


def _check_whole(unit: Unit, definition: Definition) -> None:
    for node in definition.diagram.nodes.values():
        function = node.attributes.get("function", "")
        if node.kind == "service" and function not in unit.engine.functions:
            raise Stuck(f"环节“{node.name}”所用的功能“{function}”已不存在，不能发起。请联系管理员。", node.id)
        form = node.attributes.get("form", "")
        if node.kind == "user" and form not in definition.sources:
            raise Stuck(f"环节“{node.name}”所用的表单“{form}”已不存在，不能发起。请联系管理员。", node.id)
        decision = node.attributes.get("decision", "")
        if node.kind == "rule" and name_in_version(decision) not in definition.sources:
            raise Stuck(f"环节“{node.name}”所用的决策表“{decision}”已不存在，不能发起。请联系管理员。", node.id)


def _text(unit: Unit, expression: str, variables: Mapping[str, Any], what: str) -> str:
    value = evaluate_with(unit, expression, variables)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"{what}“{expression}”没有得出文字，不能发起。请检查发起时填写的内容。")
    return value


def _new_row(
    unit: Unit,
    definition: Definition,
    key: str,
    unit_code: str | None,
    actor: Actor,
    parent: Run | None,
    parent_token: str | None,
) -> dict[str, Any]:
    instance_id = new_id()
    return {
        "id": instance_id,
        "definition_id": definition.id,
        "process_key": definition.key,
        "business_key": key,
        "round": _next_round(unit, definition.key, key),
        "title": "",
        "unit_code": unit_code,
        "parent_id": parent.id if parent else None,
        "parent_token": parent_token,
        "root_id": parent.row["root_id"] if parent else instance_id,
        "starter_id": actor.person_id,
        "state": "active",
        "outcome": None,
        "version": 0,
        "started_at": unit.now,
        "ended_at": None,
    }


def _next_round(unit: Unit, process_key: str, business_key: str) -> int:
    """Give the round of a new instance, or none if one of its key is still active."""
    table = model.instance
    same = (table.c.process_key == process_key, table.c.business_key == business_key)
    # In one look: between two, somebody else's start may be committed, and this one would be its second round.
    query = select(table.c.round, table.c.state).where(*same)
    earlier = list(unit.connection.execute(query))
    if any(row.state == "active" for row in earlier):
        return RUNS_ALREADY
    return max((row.round for row in earlier), default=0) + 1


def join(run: Run, principals: list[str]) -> None:
    """Let these people and posts see the instance from now on."""
    rows = [{"principal": principal, "instance_id": run.id} for principal in dict.fromkeys(principals)]
    insert_new(run.unit.connection, model.participant, rows)


def settle(run: Run) -> None:
    """Step until everything waits, then write down what changed."""
    if run.row["state"] != "active":
        raise Stale("这个事项已经结束。")
    run.machine.run()
    escaped = run.machine.take_escaped()
    _write_effects(run)
    _tell_caller(run, escaped)
    if not run.machine.tasks:
        error = next((thrown.name for thrown in escaped if thrown.kind == "error"), None)
        _end(run, "completed", run.scopes.get(("", "outcome"))) if error is None else _end(run, "failed", error)
    _save(run)


def _write_effects(run: Run) -> None:
    calls, ended = effects.apply(run)
    for token_id in calls:
        call(run, token_id)
    if ended:
        cancel_children(run, ended)
    deadlines.follow(run)
    effects.flush(run)
    run.scopes.save(run.unit)


def _tell_caller(run: Run, escaped: list[Trigger]) -> None:
    """Send the escalations that nobody here took to the instance that waits for this one."""
    for thrown in escaped:
        if thrown.kind == "escalation" and run.is_called:
            parent, token = run.row["parent_id"], run.row["parent_token"]
            payload = {"child": run.id, "escalation": thrown.name}
            effects.add_job(run, "return", instance_id=parent, token_id=token, payload=payload)
            effects.flush(run)


def _end(run: Run, state: str, outcome: Value) -> None:
    text = outcome if isinstance(outcome, str) else None
    run.row.update(state=state, outcome=text, ended_at=run.unit.now)
    run.record(f"instance.{state}", {"outcome": text})
    if run.row["parent_id"] and state != "cancelled":
        parent, token = run.row["parent_id"], run.row["parent_token"]
        payload = {"child": run.id, **({"error": text} if state == "failed" else {})}
        effects.add_job(run, "return", instance_id=parent, token_id=token, payload=payload)
        effects.flush(run)
    correlation.ended(run.unit, run.definition.diagram, run.row["business_key"])


def _save(run: Run) -> None:
    before = run.row["version"]
    run.row["version"] = before + 1
    row = {"instance": run.id, "before": before, **{name: run.row[name] for name in SAVED}}
    run.unit.write(SAVE, row, missed=Stale("这个事项刚刚被别人办理过，请刷新后再试。"))
    pages = run.machine.take_pages().items()
    run.unit.write(SAVE_PAGE, *({"instance_id": run.id, "page": page, "content": text} for page, text in pages))


def cancel(run: Run, reason: str) -> None:
    """Cancel an instance with all its descendants, in this commit."""
    if run.row["state"] != "active":
        raise Stale("这个事项已经结束。")
    run.machine.ready.clear()
    run.machine.cancel_all()
    run.record("instance.cancelling", {"reason": reason})
    _write_effects(run)
    _end(run, "cancelled", None)
    _save(run)


def call(run: Run, token_id: str) -> None:
    """Start the child that a token waits for, wholly or not at all; what prevents it becomes an incident."""
    try:
        with run.unit.savepoint():
            start_child(run, token_id)
    except (Stuck, Invalid, ExpressionError) as error:
        effects.get_stuck(run, token_id, "call", str(error))


def start_child(run: Run, token_id: str) -> None:
    """Start the child that a call activity's token waits for.

    Raises:
        Stuck: the called process is not published, or its key has no value.
    """
    token = run.machine.find(token_id)
    assert token is not None
    node, frames = token.node, token.frames
    found = catalogue.latest_id(run.unit, node.called)
    if found is None:
        raise Stuck(f"环节“{node.name}”调用的流程“{node.called}”还没有发布。", node.id)
    code = run.evaluate(node.attributes["unit"], frames) if node.attributes.get("unit") else run.row["unit_code"]
    key = run.evaluate(node.attributes["businessKey"], frames) if node.attributes.get("businessKey") else None
    variables = {target: run.evaluate(source, frames) for source, target in node.inputs}
    child = start(
        run.unit,
        catalogue.load(run.unit, found),
        variables,
        Actor(None),
        business_key=str(key) if key else None,
        unit_code=str(code) if code else None,
        parent=run,
        parent_token=token_id,
    )
    run.record("child.started", {"title": child.row["title"]}, activity=node.id, token=token_id, child=child.id)


def cancel_children(run: Run, tokens: list[str]) -> None:
    """Cancel the children that cancelled call activities waited for, locking them by ascending id."""
    table = model.instance.c
    query = select(table.id).where(table.parent_id == run.id, table.parent_token.in_(tokens), table.state == "active")
    for child_id in sorted(run.unit.connection.execute(query).scalars()):
        child = load(run.unit, child_id, run.actor)
        # It may have ended while this act waited for its lock.
        if child.row["state"] == "active":
            cancel(child, "上级事项结束")


def deliver(run: Run, token_id: str, payload: Mapping[str, Any]) -> bool:
    """Hand what a child brings to the token that waits for it; tell whether it was still waiting."""
    token = run.machine.find(token_id)
    if run.row["state"] != "active" or token is None:
        run.record("child.discarded", {}, child=payload["child"])
        return False
    if "error" in payload or "escalation" in payload:
        _take_thrown(run, token, payload)
    else:
        _take_outcome(run, token, payload["child"])
    settle(run)
    return True


def _take_outcome(run: Run, token: Token, child_id: str) -> None:
    child = row_of(run.unit, child_id)
    seen = {"unit": child["unit_code"], "round": child["round"], **Scopes.load(run.unit, child_id).view()}
    for source, target in token.node.outputs:
        run.scopes.set(home(token.frames), target, evaluate_with(run.unit, source, seen))
    run.record("child.returned", {"outcome": child["outcome"]}, activity=token.node.id, token=token.id, child=child_id)
    run.machine.finish(token.id)


def _take_thrown(run: Run, token: Token, payload: Mapping[str, Any]) -> None:
    """Let a child's error or escalation come out of the activity that called it; an error that nobody takes waits."""
    kind: EventKind = "error" if "error" in payload else "escalation"
    code = str(payload[kind])
    run.record(f"child.{kind}", {"code": code}, activity=token.node.id, token=token.id, child=payload["child"])
    if not run.machine.fail(token.id, Trigger(kind, code)) and kind == "error":
        message = f"“{token.node.name}”以错误“{code}”结束，没有环节处理它。可以重试：另开一次。"
        effects.get_stuck(run, token.id, "call", message)


def take_event(run: Run, token_id: str, values: Mapping[str, Value], **envelope: Any) -> None:
    """Give a message or signal to the token that waits for it."""
    token = run.machine.find(token_id)
    assert token is not None and token.node.trigger is not None
    told = {"name": token.node.name, "received": token.node.trigger.name}
    ids = {"event": token.node.event, "activity": token.node.id, "token": token_id}
    run.record("event.received", told, **ids, **envelope)
    run.receive(token.node, token.frames, values)
    run.machine.finish(token_id, stays=token.node.stays)
    settle(run)


latest = catalogue.latest
