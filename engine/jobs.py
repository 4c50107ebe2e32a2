"""Work off the job table (作业): due timers, children's returns, functions, starts, reminders.

The table is the truth. A job is looked up without a lock, then its instance is locked, then the job is looked at
again: locks go downwards, and of two workers the second finds it closed. What moves a token is claimed, done and
closed in one commit. A registered function is leased in one commit, runs with no transaction open, and is closed in
another that looks again at lease and token.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update

from engine.core import (
    anchors,
    claims,
    correlation,
    dispatches,
    effects,
    execution,
    outbox,
    outcomes,
    reminders,
    replies,
    starts,
)
from engine.core.diagram import Trigger
from engine.core.execution import Run
from engine.core.tokens import Token
from engine.ground import model
from engine.ground.errors import Busy, ProcessError, Stuck, SuixuError
from engine.ground.unit_of_work import Call, Engine, Result, Unit

TABLE = model.job.c
ATTEMPTS = 3
LEASE = timedelta(minutes=5)
BACK_OFF = timedelta(seconds=10)
TOGETHER, TOKENS_TOGETHER = 200, 20
"""Jobs looked at in one go; tokens moved in one commit."""

log = logging.getLogger("suixu.jobs")


def run_due(engine: Engine, stopping: Callable[[], bool] = lambda: False) -> int:
    """Work until nothing is due, or someone asks to stop; give how many jobs were taken."""
    done = 0
    tried: set[tuple[str, int]] = set()
    while not stopping():
        batch = _next(engine, tried)
        if not batch:
            return done
        tried.update((job.id, job.attempts) for job in batch)
        _run(engine, batch, tried)
        done += len(batch)
    return done


def _run(engine: Engine, batch: list[Row[Any]], tried: set[tuple[str, int]]) -> None:
    """Do jobs of one kind in one commit; where any of them fails none has happened, and each is done by itself."""
    if len(batch) > 1:
        try:
            finished = _BATCHES[batch[0].kind](engine, batch)
        except Busy:
            raise
        except Exception as error:
            log.warning("%d jobs could not be done together; each by itself now", len(batch), exc_info=error)
        else:
            # What is done is not seen again, so that only what failed or is in other hands is kept in mind.
            tried.difference_update((job.id, job.attempts) for job in batch if job.id in finished)
            return
    for job in batch:
        run_one(engine, job)


def _next(engine: Engine, tried: set[tuple[str, int]]) -> list[Row[Any]]:
    """Give the job that is due first, with others of its kind that can be done in the same commit."""
    root = model.instance.c.root_id.label("root_id")
    query = select(model.job, root).outerjoin(model.instance, model.instance.c.id == TABLE.instance_id)
    with engine.reading() as unit:
        query = query.where(effects.is_due(unit.now)).order_by(TABLE.due_at, TABLE.id).limit(len(tried) + TOGETHER)
        rows = [row for row in unit.connection.execute(query) if (row.id, row.attempts) not in tried]
    if not rows or rows[0].kind not in _BATCHES:
        return rows[:1]
    return _alike(rows)


def _alike(rows: list[Row[Any]]) -> list[Row[Any]]:
    """Choose what goes together: reminders among themselves; tokens of one kind, one a family of instances."""
    act = _BATCHES[rows[0].kind]
    alike = [row for row in rows if _BATCHES.get(row.kind) is act]
    if act is _remind_all:
        return alike
    # Two instances of one family in one commit could wait for each other's locks in a ring.
    return list({row.root_id: row for row in reversed(alike)}.values())[::-1][:TOKENS_TOGETHER]


def next_due(engine: Engine) -> datetime | None:
    """Say when the next job falls due."""
    with engine.reading() as unit:
        moment: datetime | None = unit.connection.execute(
            select(func.min(TABLE.due_at)).where(TABLE.state == "due")
        ).scalar_one()
        return moment


def run_one(engine: Engine, job: Row[Any]) -> None:
    """Do one job; what goes wrong is counted, tried again later, and at last becomes an incident."""
    try:
        _ACTS[job.kind](engine, job)
    except Busy:
        raise
    except Exception as error:
        # Whatever a job raises must not stop the worker: it is kept with the job, and shown as an incident.
        log.warning("job %s (%s) failed", job.id, job.kind, exc_info=error)
        _fail(engine, job, error)


def _claim(unit: Unit, job: Row[Any]) -> bool:
    """Close a job in the transaction that does it, if nobody has yet."""
    mine = (TABLE.id == job.id, TABLE.state == job.state, TABLE.attempts == job.attempts)
    change = {"state": "done", "closed_at": unit.now}
    return unit.connection.execute(update(model.job).where(*mine).values(change)).rowcount == 1


def _fail(engine: Engine, job: Row[Any], error: Exception) -> None:
    message = error.message if isinstance(error, SuixuError) else f"{type(error).__name__}: {error}"
    with engine.transaction() as unit:
        if job.instance_id and execution.find_row(unit, job.instance_id):
            execution.lock(unit, job.instance_id)
        attempts = job.attempts + 1
        given_up = attempts >= ATTEMPTS
        state = "failed" if given_up else "due"
        due_at = unit.now + BACK_OFF * 4**job.attempts
        change = {"attempts": attempts, "state": state, "due_at": due_at, "leased_until": None}
        still = (TABLE.id == job.id, TABLE.state.in_(("due", "leased")))
        done = unit.connection.execute(update(model.job).where(*still).values(change)).rowcount
        if done and given_up:
            outcomes.raise_incident(unit, job, message)


# What each kind does


def _fire(engine: Engine, job: Row[Any]) -> None:
    with engine.transaction() as unit:
        run = execution.load(unit, job.instance_id)
        token = run.machine.find(job.token_id)
        if _claim(unit, job) and token is not None:
            _let_go(run, token, job)


def _fire_all(engine: Engine, batch: list[Row[Any]]) -> set[str]:
    """Fire timers of instances that nobody else is working on; give which."""
    with engine.transaction() as unit:
        locked = execution.lock_free(unit, [job.instance_id for job in batch])
        mine = [job for job in batch if job.instance_id in locked]
        claimed = _claim_all(unit, mine)
        for job in mine:
            run = execution.load(unit, job.instance_id, row=locked[job.instance_id])
            token = run.machine.find(job.token_id)
            if job.id in claimed and token is not None:
                _let_go(run, token, job)
    return {job.id for job in mine}


def _let_go(run: Run, token: Token, job: Row[Any]) -> None:
    run.record("timer.fired", {}, token=token.id, job=job.id)
    stays = effects.await_next_time(run, token, job.payload)
    run.machine.finish(token.id, stays=stays)
    execution.settle(run)


def _claim_all(unit: Unit, batch: list[Row[Any]]) -> set[str]:
    """Close those jobs of a batch that are still due; give which."""
    ids, change = [job.id for job in batch], {"state": "done", "closed_at": unit.now}
    query = update(model.job).where(TABLE.id.in_(ids), TABLE.state == "due").values(change).returning(TABLE.id)
    return set(unit.connection.execute(query).scalars())


def _return(engine: Engine, job: Row[Any]) -> None:
    with engine.transaction() as unit:
        run = execution.load(unit, job.instance_id)
        if _claim(unit, job):
            execution.deliver(run, job.token_id, job.payload)


def _start(engine: Engine, job: Row[Any]) -> None:
    with engine.transaction() as unit:
        if _claim(unit, job):
            starts.begin(unit, job.payload)


def _message(engine: Engine, job: Row[Any]) -> None:
    """Hand a message to the token that it is on its way to; one that waits no longer leaves it to others."""
    with engine.transaction() as unit:
        run = execution.load(unit, job.instance_id)
        message = job.payload["message"]
        found = correlation.find(unit, message)
        if not _claim(unit, job) or found is None:
            return
        if not run.awaits(job.token_id):
            correlation.put_back(unit, message)
            return
        correlation.received(unit, message)
        execution.take_event(run, job.token_id, found[2], message=message)


def _signal(engine: Engine, job: Row[Any]) -> None:
    with engine.transaction() as unit:
        run = execution.load(unit, job.instance_id)
        if _claim(unit, job) and run.awaits(job.token_id):
            execution.take_event(run, job.token_id, correlation.decode_all(job.payload["values"]), job=job.id)


def _lease(engine: Engine, job: Row[Any]) -> Call | None:
    with engine.transaction() as unit:
        run = execution.load(unit, job.instance_id)
        token = run.machine.find(job.token_id)
        if token is None:
            _claim(unit, job)
            return None
        mine = (TABLE.id == job.id, TABLE.state == job.state, TABLE.attempts == job.attempts)
        change = {"state": "leased", "leased_until": unit.now + LEASE}
        if unit.connection.execute(update(model.job).where(*mine).values(change)).rowcount != 1:
            return None
        return Call(engine, run.id, token.node.id, run.row["business_key"], run.view(token.frames), unit.now)


def _work(engine: Engine, job: Row[Any]) -> None:
    call = _lease(engine, job)
    if call is None:
        return
    function = engine.functions.get(job.payload["function"])
    if function is None:
        raise Stuck(f"功能“{job.payload['function']}”已不存在，请联系管理员。")
    try:
        result = function(call)
    except ProcessError as error:
        _throw(engine, job, error)
        return
    stored = [outcomes.store(engine, item) for item in result.files]
    with engine.transaction() as unit:
        _close(unit, job, result, stored)


def _throw(engine: Engine, job: Row[Any], error: ProcessError) -> None:
    """Let the error that a function throws come out of its activity; one that nobody takes is a failure."""
    with engine.transaction() as unit:
        run = execution.load(unit, job.instance_id)
        if not _end_lease(unit, job) or run.machine.find(job.token_id) is None:
            return
        run.cause = job.payload.get("cause")
        run.record("function.error", {"code": error.code, "message": str(error)}, token=job.token_id, job=job.id)
        if not run.machine.fail(job.token_id, Trigger("error", error.code)):
            raise Stuck(f"功能以错误“{error.code}”结束，没有环节处理它：{error}")
        execution.settle(run)


def _close(unit: Unit, job: Row[Any], result: Result, stored: list[tuple[str, int]]) -> None:
    run = execution.load(unit, job.instance_id)
    leased, token = _end_lease(unit, job), run.machine.find(job.token_id)
    if not leased or token is None:
        return
    run.cause = job.payload.get("cause")
    outcomes.keep(run, token, result, stored)
    run.machine.finish(token.id)
    execution.settle(run)


def _end_lease(unit: Unit, job: Row[Any]) -> bool:
    """Close a leased job, whose function has ended; tell whether the lease was still this one's."""
    mine = (TABLE.id == job.id, TABLE.state == "leased", TABLE.attempts == job.attempts)
    payload = {"function": job.payload["function"]}
    change = {"state": "done", "closed_at": unit.now, "leased_until": None, "payload": payload}
    return unit.connection.execute(update(model.job).where(*mine).values(change)).rowcount == 1


def _remind(engine: Engine, job: Row[Any]) -> None:
    with engine.transaction() as unit:
        later = reminders.silent_until(unit)
        if later is not None:
            mine = (TABLE.id == job.id, TABLE.state == job.state)
            unit.connection.execute(update(model.job).where(*mine).values(due_at=later))
        elif _claim(unit, job):
            reminders.send(unit, [job])


def _remind_all(engine: Engine, batch: list[Row[Any]]) -> set[str]:
    """Send reminders in one commit; what another worker has in hand is left to it."""
    with engine.transaction() as unit:
        query = select(TABLE.id).where(TABLE.id.in_([job.id for job in batch]), TABLE.state == "due")
        free = set(unit.connection.execute(query.with_for_update(skip_locked=True)).scalars())
        mine = [job for job in batch if job.id in free]
        later = reminders.silent_until(unit)
        if later is not None:
            unit.connection.execute(update(model.job).where(TABLE.id.in_(free)).values(due_at=later))
        else:
            _claim_all(unit, mine)
            reminders.send(unit, mine)
    return free


def _retry(engine: Engine, job: Row[Any]) -> None:
    with engine.transaction() as unit:
        run = execution.load(unit, job.instance_id)
        token = run.machine.find(job.token_id)
        if not _claim(unit, job) or token is None:
            return
        outcomes.try_again(run, token, job.kind)
        execution.settle(run)


def _send(engine: Engine, job: Row[Any]) -> None:
    """Send at least once: a kill between sending and closing sends again, under the same id."""
    leased = {"state": "leased", "leased_until": engine.clock.now() + LEASE}
    if not _change(engine, job, job.state, leased):
        return
    outbox.send(engine.settings.notify_urls, job.payload["title"], job.payload["link"])
    _change(engine, job, "leased", {"state": "done", "closed_at": engine.clock.now(), "leased_until": None})


def _change(engine: Engine, job: Row[Any], state: str, change: dict[str, Any]) -> bool:
    mine = (TABLE.id == job.id, TABLE.state == state, TABLE.attempts == job.attempts)
    with engine.transaction() as unit:
        return unit.connection.execute(update(model.job).where(*mine).values(change)).rowcount == 1


def _anchor(engine: Engine, job: Row[Any]) -> None:
    with engine.transaction() as unit:
        if _claim(unit, job):
            anchors.drop(unit)
            anchors.plan(unit)
            replies.sweep(unit)


def _release(engine: Engine, job: Row[Any]) -> None:
    """Let go of lapsed claims, each in a commit of its own: one instance is locked at a time."""
    with engine.reading() as unit:
        found = claims.lapsed(unit)
    for task_id in found:
        with engine.transaction() as unit:
            claims.let_go(unit, task_id)
    with engine.transaction() as unit:
        if _claim(unit, job):
            claims.plan_daily(unit)


def _expire(engine: Engine, job: Row[Any]) -> None:
    """Give up messages that nobody received in time, and say so in the history of who sent them."""
    with engine.reading() as unit:
        found = correlation.expired(unit)
    for message in found:
        with engine.transaction() as unit:
            correlation.expire(unit, message)
    with engine.transaction() as unit:
        if _claim(unit, job):
            dispatches.sweep(unit)
            correlation.plan_daily(unit)


def plan_daily(engine: Engine) -> None:
    """Make sure that what happens every day is planned."""
    with engine.transaction() as unit:
        anchors.plan(unit)
        claims.plan_daily(unit)
        correlation.plan_daily(unit)


_BATCHES: dict[str, Callable[[Engine, list[Row[Any]]], set[str]]] = {
    "timer": _fire_all,
    "remind": _remind_all,
    "chase": _remind_all,
}

_ACTS: dict[str, Callable[[Engine, Row[Any]], None]] = {
    "timer": _fire,
    "return": _return,
    "start": _start,
    "message": _message,
    "signal": _signal,
    "expire": _expire,
    "anchor": _anchor,
    "release": _release,
    "send": _send,
    "function": _work,
    "remind": _remind,
    "chase": _remind,
    "step": _retry,
    "open": _retry,
    "await": _retry,
    "call": _retry,
}
