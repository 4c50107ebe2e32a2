"""Turn what tokens did into rows: tasks, inbox entries, jobs, incidents, and the lines of the history."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, delete, or_, select, update

from engine.core import correlation, moments, organization, plain_text, timing
from engine.core.calendar import morning
from engine.core.diagram import AWAITED, Node
from engine.core.expressions import ExpressionError, Value
from engine.core.tokens import Change, Token
from engine.core.workdays import calendar_of
from engine.ground import model
from engine.ground.clock import local
from engine.ground.errors import Stuck
from engine.ground.statements import Statement, insertion, insertion_of_new
from engine.ground.unit_of_work import new_id

if TYPE_CHECKING:
    from engine.core.run import Run

END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
"""The place in an inbox of a task without a deadline."""

REFERENCE = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
"""A post written out (`hr.staff`, `own.head`); anything else is FEEL."""


OPEN, PUT_IN = insertion(model.task), insertion(model.inbox)
PLAN, RAISE = insertion(model.job), insertion(model.incident)
JOIN = insertion_of_new(model.participant)
TAKE_OUT = Statement(delete(model.inbox).where(model.inbox.c.task_id == bindparam("task")))
CALL_OFF = Statement(
    update(model.task).where(model.task.c.id == bindparam("task"), model.task.c.state == "open"),
    *("state", "completed_at"),
)
ROOMS = (1, 4, 32, 512)
"""Tokens that one statement takes; it is filled up by naming the last one again."""


def _cancel_jobs(room: int) -> Statement:
    job = model.job.c
    tokens: list[BindParameter[str]] = [bindparam(f"token_{number}") for number in range(room)]
    waiting = (job.instance_id == bindparam("instance"), job.state == "due")
    query = update(model.job).where(*waiting, job.token_id.in_(tokens) | job.task_id.in_(tokens))
    return Statement(query, "state", "closed_at")


CANCEL_JOBS = {room: _cancel_jobs(room) for room in ROOMS}

SOON = timedelta(seconds=30)
"""How often the worker looks at the table anyway: of what falls due later it need not be told."""


@dataclass
class Pending:
    """Gather rows, so that each table is written once an act."""

    tasks: list[dict[str, Any]] = field(default_factory=list)
    inbox: list[dict[str, Any]] = field(default_factory=list)
    participants: list[str] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)


def apply(run: "Run") -> tuple[list[str], list[str]]:
    """Write down what the machine did; give the call activities to start and those that were cancelled."""
    calls: list[str] = []
    completed: list[str] = []
    cancelled: list[str] = []
    deaf: list[Token] = []
    for change in run.machine.take_changes():
        _record(run, change)
        if not _is_plain(change):
            run.plain = False
        live = run.machine.find(change.token.id)
        if change.kind == "entered" and live is not None:
            _enter(run, live, calls)
        elif change.kind == "stuck":
            get_stuck(run, change.token.id, "step", change.message)
        elif change.kind == "completed":
            completed.append(change.token.id)
        elif change.kind == "cancelled":
            cancelled.append(change.token.id)
        if change.kind in ("started", "completed", "cancelled") and correlation.waits(change.token.node):
            deaf.append(change.token)
    _close(run, completed, cancelled)
    correlation.unsubscribe(run.unit, run.row, deaf)
    _throw(run)
    return calls, cancelled


def _throw(run: "Run") -> None:
    """Send what was thrown out of the instance, each to whom it is for."""
    for parcel in run.thrown:
        assert parcel.node.trigger is not None
        name = parcel.node.trigger.name
        if parcel.node.event == "message":
            correlation.send(run.unit, name, parcel.key, parcel.values, run.id)
        else:
            correlation.broadcast(run.unit, name, parcel.values, run.id)
    run.thrown.clear()


def _is_plain(change: Change) -> bool:
    """Tell whether a step can be taken back: people and choices only, in one scope, and nothing was called off."""
    passed = change.kind in ("entered", "completed") and change.token.node.kind in ("user", "exclusive")
    return passed and not change.token.iterating and not change.token.node.repeats


def _record(run: "Run", change: Change) -> None:
    token, drawn = change.token, run.definition.diagram.drawn
    if change.kind == "entered" and not _is_told(token.node):
        return
    if change.kind == "thrown":
        told = {"name": token.node.name, "thrown": token.node.trigger.name if token.node.trigger else ""}
        run.record("event.thrown", told, event=token.node.event, activity=token.node.id, token=token.id)
        return
    if change.kind == "decided":
        told = {"name": token.node.name, **change.told}
        run.record("decision.made", told, activity=token.node.id, token=token.id, index=token.index)
        return
    # What normalising inserted is not on the drawing: only what went wrong there is told, of what it stands for.
    if change.kind == "completed" and token.node.id in drawn:
        return
    run.record(
        "activity.entered" if change.kind == "started" else f"activity.{change.kind}",
        {"name": token.node.name, "message": change.message} if change.message else {"name": token.node.name},
        activity=drawn.get(token.node.id, token.node.id),
        token=token.id,
        # Of events of which only the first goes on, the others' ways were not walked.
        via="" if token.race and change.kind == "cancelled" else token.via,
        index=token.index,
    )


def _is_told(node: Node) -> bool:
    """Tell whether reaching a node is worth a line of its own: one stays there, and its end is told as well."""
    waits = node.kind == "catch" and node.event in AWAITED
    return waits or node.kind in ("user", "call", "service", "receive", "subprocess")


def _enter(run: "Run", token: Token, calls: list[str]) -> None:
    node = token.node
    if (node.repeats and not token.iterating) or (node.kind == "handler" and token.state != "waiting"):
        return
    if node.kind == "user":
        open_task(run, token)
    elif node.event == "timer" and node.kind in ("catch", "boundary", "handler"):
        await_time(run, token)
    elif correlation.waits(node):
        correlation.subscribe(run.unit, run.row, token)
    elif node.kind == "service":
        # Whoever comes after the function is told whose act it followed.
        payload = {"function": node.attributes["function"], "cause": run.cause}
        add_job(run, "function", token_id=token.id, payload=payload)
    elif node.kind == "call":
        calls.append(token.id)


def _close(run: "Run", completed: list[str], cancelled: list[str]) -> None:
    gone = [*completed, *cancelled]
    unit = run.unit
    unit.write(TAKE_OUT, *({"task": token_id} for token_id in gone))
    for start in range(0, len(gone), ROOMS[-1]):
        some = gone[start : start + ROOMS[-1]]
        room = next(room for room in ROOMS if room >= len(some))
        tokens = {f"token_{number}": some[min(number, len(some) - 1)] for number in range(room)}
        unit.write(CANCEL_JOBS[room], {"instance": run.id, "closed_at": unit.now, "state": "cancelled", **tokens})
    if cancelled:
        _discard_returns(run, cancelled)
        closed = {"state": "cancelled", "completed_at": unit.now}
        unit.write(CALL_OFF, *({"task": token_id, **closed} for token_id in cancelled))


def _discard_returns(run: "Run", cancelled: list[str]) -> None:
    """Record what a child brought home too late: nobody waits for it any more."""
    job = model.job.c
    query = select(job.payload).where(
        job.instance_id == run.id, job.kind == "return", job.state == "cancelled", job.token_id.in_(cancelled)
    )
    for payload in run.unit.connection.execute(query).scalars():
        run.record("child.discarded", {}, child=payload["child"])


# Tasks


def open_task(run: "Run", token: Token) -> None:
    """Put a task before those who may do it; a post that vanished makes an incident, and so does one nobody holds."""
    try:
        candidates = _candidates(run, token)
        due_at = run.deadlines.get(token.id) or moments.deadline(run, token, run.unit.now)
    except (Stuck, ExpressionError) as error:
        get_stuck(run, token.id, "open", str(error))
        return
    run.opened.append(token.id)
    run.pending.tasks.append(_task_row(run, token, candidates, due_at))
    principals = [f"post:{reference}" for reference in candidates]
    due = due_at or END_OF_TIME
    run.pending.inbox += [{"principal": who, "due_at": due, "task_id": token.id} for who in principals]
    run.pending.participants += principals
    run.record("task.opened", {"candidates": candidates, "due": due_at}, activity=token.node.id, task=token.id)
    if due_at is not None:
        plan_reminders(run, token, due_at)
    if not any(organization.holders(run.unit, reference) for reference in candidates):
        names = "、".join(candidates)
        add_incident(run, token.node.id, f"环节“{token.node.name}”的岗位({names})目前无人任职，请管理员任命。", None)


def _task_row(run: "Run", token: Token, candidates: list[str], due_at: datetime | None) -> dict[str, Any]:
    return {
        "id": token.id,
        "instance_id": run.id,
        "activity_id": token.node.id,
        "name": token.node.name,
        "form_key": token.node.attributes.get("form"),
        "state": "open",
        "assignee_id": None,
        "candidates": candidates,
        "created_at": run.unit.now,
        "due_at": due_at,
        "revision": 1,
        "cause": dict(run.cause) if run.cause else None,
    }


def _candidates(run: "Run", token: Token) -> list[str]:
    text = token.node.attributes.get("assignment", "")
    value: Value = text if REFERENCE.fullmatch(text) else run.evaluate(text, token.frames)
    wanted = [value] if isinstance(value, str) else list(value) if isinstance(value, tuple) else []
    references = [own_post(run.row["unit_code"], str(item)) for item in wanted if item]
    missing = [item for item in references if not organization.is_post(run.unit, item)]
    if missing or not references:
        what = f"岗位“{'、'.join(missing)}”已不存在" if missing else f"“{text}”没有得出岗位"
        raise Stuck(f"环节“{token.node.name}”无人可办：{what}。请管理员处理后重试。", token.node.id)
    return references


def own_post(unit_code: str | None, reference: str) -> str:
    """Write a post of the instance's own unit with the unit's code."""
    return f"{unit_code}.{reference[4:]}" if reference.startswith("own.") else reference


def plan_reminders(run: "Run", token: Token, due_at: datetime) -> None:
    """Plan when who has the task is reminded, and when the head is asked to chase."""
    try:
        _plan_reminders(run, token, due_at)
    except ValueError as error:
        add_incident(run, token.node.id, f"环节“{token.node.name}”的提醒和催办没有排全：{error}", None)


def _plan_reminders(run: "Run", token: Token, due_at: datetime) -> None:
    calendar, last = calendar_of(run.unit), local(due_at).date()
    for text in filter(None, token.node.attributes.get("remind", "").split(",")):
        moment = morning(calendar.add_workdays(last, -int(text)))
        if moment > run.unit.now:
            add_job(run, "remind", task_id=token.id, due_at=moment, payload={"days": int(text)})
    for text in filter(None, token.node.attributes.get("chase", "").split(",")):
        days, _, post = text.partition(":")
        moment = morning(calendar.add_workdays(last, int(days)))
        add_job(
            run,
            "chase",
            task_id=token.id,
            due_at=moment,
            payload={"post": own_post(run.row["unit_code"], post), "days": int(days)},
        )


# Jobs and incidents


def is_due(now: datetime) -> ColumnElement[bool]:
    """Select the jobs that wait for a worker: those whose time has come, and those whose worker has gone."""
    job = model.job.c
    waiting = and_(job.state == "due", job.due_at <= now)
    return or_(waiting, and_(job.state == "leased", job.leased_until <= now))


def await_time(run: "Run", token: Token) -> None:
    """Set the clock for a timer."""
    try:
        turn = moments.first_turn(run, token)
    except (Stuck, ExpressionError) as error:
        get_stuck(run, token.id, "await", str(error))
        return
    if turn is not None:
        _set_clock(run, token.id, turn)


def await_next_time(run: "Run", token: Token, cycle: Mapping[str, Any]) -> bool:
    """Set the clock for the turn of a cycle that follows the one that has come; tell whether there is one."""
    repeats = token.node.stays and bool(cycle)
    turn = timing.following(cycle, calendar_of(run.unit)) if repeats else None
    if turn is not None:
        _set_clock(run, token.id, turn)
        # What the firing takes away takes its clock along.
        flush(run)
    return turn is not None


def _set_clock(run: "Run", token_id: str, turn: timing.Turn) -> None:
    add_job(run, "timer", token_id=token_id, due_at=turn.due_at, payload=turn.cycle)


def add_job(
    run: "Run",
    kind: str,
    *,
    instance_id: str | None = None,
    token_id: str | None = None,
    task_id: str | None = None,
    due_at: datetime | None = None,
    state: str = "due",
    payload: Mapping[str, Any],
) -> str:
    """Put a row of work before the worker, in this commit."""
    job_id, due_at = new_id(), due_at or run.unit.now
    row = {
        "id": job_id,
        "kind": kind,
        "instance_id": instance_id or run.id,
        "token_id": token_id,
        "task_id": task_id,
        "due_at": due_at,
        "state": state,
        "attempts": 0,
        "payload": dict(payload),
    }
    run.pending.jobs.append(row)
    if due_at <= run.unit.now + SOON:
        run.unit.after_commit(run.unit.engine.wake)
    return job_id


def get_stuck(run: "Run", token_id: str, kind: str, message: str) -> None:
    """Leave a token where it is, with an incident that says why and a job that can be tried again."""
    run.plain = False
    token = run.machine.find(token_id)
    activity = run.definition.diagram.drawn.get(token.node.id, token.node.id) if token else ""
    job_id = add_job(run, kind, token_id=token_id, state="failed", payload={"message": message})
    add_incident(run, activity, message, job_id)


def add_incident(run: "Run", activity: str, message: str, job_id: str | None) -> None:
    """Put before a person what the machine cannot settle; `job_id` is what they may try again."""
    # It may quote what a variable holds.
    message = plain_text.printable(message)
    row = {
        "id": new_id(),
        "job_id": job_id,
        "instance_id": run.id,
        "activity_id": activity,
        "message": message,
        "created_at": run.unit.now,
    }
    run.pending.incidents.append(row)
    run.record("incident.raised", {"message": message}, activity=activity, incident=row["id"], job=job_id)


def flush(run: "Run") -> None:
    """Write the gathered rows."""
    pending, unit = run.pending, run.unit
    unit.write(OPEN, *pending.tasks)
    unit.write(PUT_IN, *pending.inbox)
    unit.write(PLAN, *pending.jobs)
    unit.write(RAISE, *pending.incidents)
    new = [who for who in dict.fromkeys(pending.participants) if who not in run.joined]
    unit.write(JOIN, *({"principal": who, "instance_id": run.id} for who in new))
    run.joined.update(new)
    run.pending = Pending()
