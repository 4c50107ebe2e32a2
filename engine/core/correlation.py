"""Bring messages and signals to those who wait for them.

A message is for one: the token that waits for it under its business key, else the process that it starts, else it
waits in `message` until one of them comes or it expires. Who waits is in `subscription`. Both sides meet at the end of
an act, under a lock on name and key, so that none passes the other unseen; the message reaches its token as a job.
A signal is for everybody who waits at the moment it is thrown: one job each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, text, update

from engine.core import dispatches, history
from engine.core.diagram import Diagram, Node
from engine.core.expressions import Value
from engine.core.tokens import Token
from engine.core.variables import decode, encode
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.database import insert_new
from engine.ground.unit_of_work import SYSTEM, Unit, new_id

EXPIRY = timedelta(days=30)
"""How long a message waits for somebody to receive it."""

MESSAGE, WAITER = model.message.c, model.subscription.c
Place = tuple[str, str]
"""Where messages and those who wait for them meet: a name and a business key ("" for none)."""


@dataclass
class _Meeting:
    """Gather what an act brings to one place: messages, tokens that begin to wait, and those that wait no longer."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    come: list[dict[str, Any]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Change:
    """Hold one thing that an act brings to a place, or a process with all that starts it (`starts`)."""

    place: Place
    sent: dict[str, Any] | None = None
    come: dict[str, Any] | None = None
    gone: str | None = None
    process: str | None = None
    starts: tuple[dict[str, Any], ...] = ()


def _note(unit: Unit, change: _Change) -> None:
    if "meetings" not in unit.cache:
        unit.cache["meetings"] = []
        # Before the streams of the history are taken, whatever else is in the act: everybody locks in one order.
        unit.before_commit(lambda: _meet(unit), first=True)
    unit.cache["meetings"].append(change)


# Who waits


def waits(node: Node) -> bool:
    """Tell whether a token at a node waits for a message or signal."""
    return node.event in ("message", "signal") and node.kind in ("catch", "receive", "boundary", "handler")


def subscribe(unit: Unit, instance: Mapping[str, Any], token: Token) -> None:
    """Let a token wait for its message or signal."""
    trigger = token.node.trigger
    assert trigger is not None
    row = {
        "id": token.id,
        "kind": trigger.kind,
        "name": trigger.name,
        "business_key": instance["business_key"],
        "instance_id": instance["id"],
        "process_key": None,
        "activity_id": token.node.id,
        # What waits on after the first has come is not taken away by it.
        "once": not token.node.stays,
        "created_at": unit.now,
    }
    if trigger.kind == "message":
        _note(unit, _Change((trigger.name, row["business_key"]), come=row))
    else:
        unit.connection.execute(insert(model.subscription), row)


def unsubscribe(unit: Unit, instance: Mapping[str, Any], tokens: list[Token]) -> None:
    """Let tokens wait no longer; a message that was on its way to one of them looks for somebody else."""
    for token in tokens:
        assert token.node.trigger is not None
        if token.node.event == "message":
            _note(unit, _Change((token.node.trigger.name, instance["business_key"]), gone=token.id))
    deaf = [token.id for token in tokens if token.node.event == "signal"]
    if deaf:
        unit.connection.execute(delete(model.subscription).where(WAITER.id.in_(deaf)))


def plan_starts(unit: Unit, diagram: Diagram) -> None:
    """Let the newest version of a process be started by its messages and signals, and by none of the version before."""
    rows = [
        {
            "id": new_id(),
            "kind": kind,
            "name": node.trigger.name,
            "business_key": None,
            "instance_id": None,
            "process_key": diagram.key,
            "activity_id": node.id,
            "once": False,
            "created_at": unit.now,
        }
        for kind in ("message", "signal")
        for node in diagram.starts(kind)
        if node.trigger is not None
    ]
    was = (WAITER.process_key == diagram.key, WAITER.instance_id.is_(None))
    before = unit.connection.execute(select(WAITER.name).where(*was)).scalars().all()
    for name in sorted({*before, *(str(row["name"]) for row in rows)}):
        mine = tuple(row for row in rows if row["name"] == name)
        _note(unit, _Change((name, ""), process=diagram.key, starts=mine))


def ended(unit: Unit, diagram: Diagram, business_key: str) -> None:
    """Look anew at messages that wait to start a process whose instance of that key has ended."""
    for name in _names(diagram.starts("message")):
        _note(unit, _Change((name, business_key)))


def _names(nodes: Iterable[Node]) -> list[str]:
    return [node.trigger.name for node in nodes if node.trigger is not None]


# What comes


def send(
    unit: Unit,
    name: str,
    business_key: str,
    values: Mapping[str, Value],
    sender_id: str | None = None,
    keep: timedelta = EXPIRY,
) -> str:
    """Send a message to whoever waits for it under a business key; give its id."""
    row = {
        "id": new_id(),
        "name": name,
        "business_key": business_key,
        "content": {key: encode(value) for key, value in values.items()},
        "sender_id": sender_id,
        "token_id": None,
        "sent_at": unit.now,
        "expires_at": unit.now + keep,
    }
    _note(unit, _Change((name, business_key), sent=row))
    return str(row["id"])


def broadcast(unit: Unit, name: str, values: Mapping[str, Value], sender_id: str | None = None) -> int:
    """Give a signal to everything that waits for it outside the sender, each by a job; tell how many there are."""
    others = (WAITER.kind == "signal", WAITER.name == name)
    query = select(model.subscription).where(*others).order_by(WAITER.created_at, WAITER.id)
    content = {key: encode(value) for key, value in values.items()}
    jobs = [
        _signal_job(unit, row, content)
        for row in unit.connection.execute(query)
        if row.instance_id is None or row.instance_id != sender_id
    ]
    _insert_jobs(unit, jobs)
    return len(jobs)


def _signal_job(unit: Unit, row: Row[Any], content: Mapping[str, Any]) -> dict[str, Any]:
    if row.instance_id is None:
        return _job(unit, "start", None, None, {"process": row.process_key, "node": row.activity_id, "values": content})
    return _job(unit, "signal", row.instance_id, row.id, {"name": row.name, "values": content})


def find(unit: Unit, message_id: str) -> tuple[str, str, dict[str, Value]] | None:
    """Give the name, the business key and the content of a message that has not been received."""
    row = unit.connection.execute(select(model.message).where(MESSAGE.id == message_id)).first()
    return (row.name, row.business_key, decode_all(row.content)) if row is not None else None


def decode_all(content: Mapping[str, Any]) -> dict[str, Value]:
    """Read what a message or signal carries."""
    return {name: decode(value) for name, value in content.items()}


def received(unit: Unit, message_id: str) -> None:
    """Take a message away because it has been received."""
    dispatches.close(unit, message_id)
    unit.connection.execute(delete(model.message).where(MESSAGE.id == message_id))


def put_back(unit: Unit, message_id: str) -> None:
    """Let a message that could not be received wait again."""
    message = unit.connection.execute(select(model.message).where(MESSAGE.id == message_id)).first()
    if message is not None:
        unit.connection.execute(update(model.message).where(MESSAGE.id == message_id).values(token_id=None))
        _note(unit, _Change((message.name, message.business_key)))


def expired(unit: Unit) -> list[Row[Any]]:
    """List the messages that nobody received in time."""
    late = (MESSAGE.expires_at <= unit.now, MESSAGE.token_id.is_(None))
    return list(unit.connection.execute(select(model.message).where(*late).order_by(MESSAGE.id)))


def expire(unit: Unit, message: Row[Any]) -> None:
    """Give up a message, and say so where its sending is: in an instance's history, or in the stream "access"."""
    here = (MESSAGE.id == message.id, MESSAGE.token_id.is_(None))
    if message.sender_id:
        # The history of an instance is guarded by its row.
        table = model.instance
        unit.connection.execute(select(table.c.id).where(table.c.id == message.sender_id).with_for_update())
    gone = unit.connection.execute(delete(model.message).where(*here)).rowcount == 1
    if gone and message.sender_id:
        ids = {"message": message.id, "business_key": message.business_key}
        history.record(unit, f"instance:{message.sender_id}", "message.expired", SYSTEM, {"name": message.name}, **ids)
    elif gone:
        told = {"title": message.name}
        history.record(unit, history.ACCESS, "message-expired", SYSTEM, told, account=None, message=message.id)


def plan_daily(unit: Unit) -> None:
    """Make sure that the next midnight's look at what has expired is planned, once."""
    day = unit.today + timedelta(days=1)
    row = {"id": new_id(), "kind": "expire", "key": f"expire:{day.isoformat()}", "state": "due", "attempts": 0}
    due_at = datetime.combine(day, time.min, ZONE)
    insert_new(unit.connection, model.job, [{**row, "due_at": due_at, "payload": {}}])


# How they meet


def _meet(unit: Unit) -> None:
    """Take every lock in one order, names before places: two acts that meet never wait for each other in a ring."""
    changes: list[_Change] = unit.cache.pop("meetings")
    renewed = {change.place[0] for change in changes if change.process}
    for name in sorted({change.place[0] for change in changes}):
        _lock(unit, name, shared=name not in renewed)
    for change in changes:
        if change.process:
            _renew(unit, change.place[0], change.process, change.starts)
    meetings = _by_place(change for change in changes if not change.process)
    waiting = select(MESSAGE.name, MESSAGE.business_key).where(MESSAGE.name.in_(renewed))
    places = [tuple(row) for row in unit.connection.execute(waiting)] if renewed else []
    for place in sorted({*meetings, *places}):
        _lock(unit, "\x1f".join(place))
        _write(unit, meetings.get(place, _Meeting()))
        _match(unit, *place)


def _by_place(changes: Iterable[_Change]) -> dict[Place, _Meeting]:
    found: dict[Place, _Meeting] = {}
    for change in changes:
        meeting = found.setdefault(change.place, _Meeting())
        meeting.sent += [change.sent] if change.sent else []
        meeting.come += [change.come] if change.come else []
        meeting.gone += [change.gone] if change.gone else []
    return found


def _renew(unit: Unit, name: str, process: str, starts: Iterable[Mapping[str, Any]]) -> None:
    was = (WAITER.process_key == process, WAITER.instance_id.is_(None), WAITER.name == name)
    unit.connection.execute(delete(model.subscription).where(*was))
    for row in starts:
        unit.connection.execute(insert(model.subscription), dict(row))


def _lock(unit: Unit, what: str, shared: bool = False) -> None:
    """Hold a name, or a name with a key, until the commit; on SQLite there is one writer anyway."""
    if unit.connection.dialect.name == "postgresql":
        statement = f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(hashtextextended(:what, 1))"
        unit.connection.execute(text(statement), {"what": what})


def _write(unit: Unit, meeting: _Meeting) -> None:
    connection, gone = unit.connection, meeting.gone
    come = [row for row in meeting.come if row["id"] not in gone]
    if gone:
        connection.execute(delete(model.subscription).where(WAITER.id.in_(gone)))
        connection.execute(update(model.message).where(MESSAGE.token_id.in_(gone)).values(token_id=None))
    if come:
        connection.execute(insert(model.subscription), come)
    if meeting.sent:
        connection.execute(insert(model.message), meeting.sent)


def _match(unit: Unit, name: str, key: str) -> None:
    """Give each message that waits to the token that has waited longest, or let it start a process."""
    here = (
        MESSAGE.name == name,
        MESSAGE.business_key == key,
        MESSAGE.token_id.is_(None),
        MESSAGE.expires_at > unit.now,
    )
    messages = list(unit.connection.execute(select(MESSAGE.id).where(*here).order_by(MESSAGE.sent_at, MESSAGE.id)))
    if not messages:
        return
    waiting = _waiters(unit, name, WAITER.business_key == key)
    jobs = []
    for message in messages:
        if waiting:
            token = waiting[0]
            jobs.append(_job(unit, "message", token.instance_id, token.id, {"message": message.id}))
            _take(unit, message.id, token.id)
            if token.once:
                unit.connection.execute(delete(model.subscription).where(WAITER.id == waiting.pop(0).id))
        elif start := _startable(unit, name, key):
            payload = {"process": start.process_key, "node": start.activity_id, "message": message.id}
            jobs.append(_job(unit, "start", None, None, payload))
            _take(unit, message.id, start.id)
        else:
            break
    _insert_jobs(unit, jobs)


def _waiters(unit: Unit, name: str, which: ColumnElement[bool]) -> list[Row[Any]]:
    query = select(model.subscription).where(WAITER.kind == "message", WAITER.name == name, which)
    return list(unit.connection.execute(query.order_by(WAITER.created_at, WAITER.id)))


def _startable(unit: Unit, name: str, key: str) -> Row[Any] | None:
    """Give a process that such a message starts, unless its instance of that key is running or about to."""
    table = model.instance.c
    for start in _waiters(unit, name, WAITER.instance_id.is_(None)):
        running = (table.process_key == start.process_key, table.business_key == key, table.state == "active")
        on_its_way = (MESSAGE.name == name, MESSAGE.business_key == key, MESSAGE.token_id == start.id)
        busy = unit.connection.execute(select(table.id).where(*running)).first()
        if not busy and not unit.connection.execute(select(MESSAGE.id).where(*on_its_way)).first():
            return start
    return None


def _take(unit: Unit, message_id: str, token_id: str) -> None:
    unit.connection.execute(update(model.message).where(MESSAGE.id == message_id).values(token_id=token_id))


def _job(
    unit: Unit, kind: str, instance_id: str | None, token_id: str | None, payload: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "kind": kind,
        "instance_id": instance_id,
        "token_id": token_id,
        "task_id": None,
        "due_at": unit.now,
        "state": "due",
        "attempts": 0,
        "payload": dict(payload),
    }


def _insert_jobs(unit: Unit, jobs: list[dict[str, Any]]) -> None:
    if jobs:
        unit.connection.execute(insert(model.job), jobs)
        unit.after_commit(unit.engine.wake)
