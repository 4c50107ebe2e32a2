"""Keep what happened, in chains that only grow.

digest(n) = SHA-256(digest(n-1) ‖ envelope ‖ SHA-256(salt ‖ payload)), over the bytes as stored. The envelope holds ids
and no names, the payload what a lawful erasure may have to blank: the payload's hash is in the envelope, so the chain
holds without it.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, literal, select, text, union

from engine.ground import model
from engine.ground.unit_of_work import Actor, Unit

GENESIS = bytes(32)
SALT_BYTES = 16
PAGE = 2_000

Head = tuple[int, bytes]
"""Say where a stream ends: the number and the digest of its last event."""


@dataclass(frozen=True)
class Event:
    """Show one event as plain data."""

    stream: str
    number: int
    kind: str
    at: datetime
    envelope: Mapping[str, Any]
    payload: Mapping[str, Any] | None


@dataclass(frozen=True)
class Verdict:
    """Say whether a stream is whole; `number` and `message` name the first break."""

    stream: str
    events: int
    whole: bool
    head: str
    number: int = 0
    message: str = ""


def record(
    unit: Unit, stream: str, kind: str, actor: Actor, payload: Mapping[str, Any] | None = None, **envelope: Any
) -> None:
    """Append an event to a stream; it is written at the end of the act, in the same commit."""
    if "events" not in unit.cache:
        unit.cache["events"] = []
        unit.before_commit(lambda: _write(unit))
    head = {
        "stream": stream,
        "kind": kind,
        "at": unit.now.isoformat(),
        "person": actor.person_id,
        "post": actor.post,
        "entering_for": actor.entering_for,
        "acting_for": actor.acting_for,
    }
    head.update(envelope)
    unit.cache["events"].append((stream, kind, head, dict(payload or {})))


def mark(unit: Unit) -> int:
    """Remember how much this act has recorded so far."""
    return len(unit.cache.get("events", ()))


def rewind(unit: Unit, marked: int) -> None:
    """Take back what was recorded since: that part of the act did not happen."""
    del unit.cache.get("events", [])[marked:]


def heads(unit: Unit) -> dict[str, Head]:
    """Give the streams that an act has written to, with where they end."""
    return dict(unit.cache.get("heads", {}))


def _write(unit: Unit) -> None:
    if not unit.cache["events"]:
        return
    ends: dict[str, Head] = {}
    rows = []
    # Streams in one order, so that two acts that touch the same two never wait for each other in a ring.
    for stream in sorted({entry[0] for entry in unit.cache["events"]}):
        ends[stream] = _head(unit, stream)
    for stream, kind, envelope, payload in unit.cache["events"]:
        number, previous = ends[stream]
        row = _chained(number + 1, previous, stream, kind, envelope, payload)
        ends[stream] = (number + 1, row["digest"])
        rows.append({**row, "at": unit.now})
    unit.connection.execute(insert(model.event), rows)
    unit.cache.setdefault("heads", {}).update(ends)
    del unit.cache["events"]


def _head(unit: Unit, stream: str) -> Head:
    """Give the last number and digest; instance streams are guarded by the instance's row lock already."""
    if unit.connection.dialect.name == "postgresql" and not stream.startswith("instance:"):
        unit.connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:stream, 0))"), {"stream": stream})
    table = model.event.c
    query = select(table.number, table.digest).where(table.stream == stream).order_by(table.number.desc()).limit(1)
    row = unit.connection.execute(query).first()
    return (row.number, bytes(row.digest)) if row else (0, GENESIS)


def _chained(
    number: int, previous: bytes, stream: str, kind: str, envelope: dict[str, Any], payload: dict[str, Any]
) -> dict[str, Any]:
    salt = os.urandom(SALT_BYTES)
    body = _bytes(payload)
    head = _bytes({"number": number, **envelope, "payload": hashlib.sha256(salt + body).hexdigest()})
    return {
        "stream": stream,
        "number": number,
        "kind": kind,
        "envelope": head,
        "salt": salt,
        "payload": body,
        "digest": digest(previous, head, salt, body),
    }


def digest(previous: bytes, envelope: bytes, salt: bytes, payload: bytes) -> bytes:
    """Compute an event's digest from its stored bytes."""
    return hashlib.sha256(previous + envelope + hashlib.sha256(salt + payload).digest()).digest()


def _bytes(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def read(connection: Connection, stream: str) -> list[Event]:
    """Give a stream's events in order."""
    query = select(model.event).where(model.event.c.stream == stream).order_by(model.event.c.number)
    return [_event(row) for row in connection.execute(query)]


def read_many(connection: Connection, streams: Sequence[str]) -> list[Event]:
    """Give several streams' events, by time."""
    query = select(model.event).where(model.event.c.stream.in_(streams))
    events = [_event(row) for row in connection.execute(query)]
    return sorted(events, key=lambda event: (event.at, event.stream, event.number))


def _event(row: Row[Any]) -> Event:
    payload = None if row.payload is None else json.loads(row.payload)
    return Event(row.stream, row.number, row.kind, row.at, json.loads(row.envelope), payload)


def verify(connection: Connection, stream: str, since: Head = (0, GENESIS)) -> Verdict:
    """Recompute a stream's chain, or what was added to it `since` a place, and name its first break."""
    count, (start, previous) = 0, since
    table = model.event.c
    query = select(model.event).where(table.stream == stream, table.number > start).order_by(table.number)
    # Closed even when a break ends the reading early: a cursor of PostgreSQL lives on the server.
    with connection.execute(query.execution_options(yield_per=PAGE)) as rows:
        for row in rows:
            count += 1
            fault = _broken(row, start + count, previous)
            if fault:
                return Verdict(stream, count, False, previous.hex(), row.number, fault)
            previous = bytes(row.digest)
    if not start + count:
        return Verdict(stream, 0, False, previous.hex(), 0, "没有任何记录：应有的记录已全部缺失。")
    return Verdict(stream, count, True, previous.hex())


def _broken(row: Row[Any], expected: int, previous: bytes) -> str:
    if row.number != expected:
        return f"第{expected}条记录缺失，或者顺序不连续。"
    if row.payload is None:
        return f"第{row.number}条记录的内容已被清空。"
    envelope, payload = bytes(row.envelope), bytes(row.payload)
    if digest(previous, envelope, bytes(row.salt), payload) != bytes(row.digest):
        return f"第{row.number}条记录与校验值不一致，内容或者顺序可能被改动。"
    head = json.loads(envelope)
    told = (head["stream"], head["number"], head["kind"], head["at"])
    if told != (row.stream, row.number, row.kind, row.at.isoformat()):
        return f"第{row.number}条记录的编号、类别或者时间与内容不一致。"
    return ""


def streams(connection: Connection) -> Iterator[str]:
    """Give the name of every stream that is there or has to be: one that was taken away whole is missed."""
    owed = [
        select(model.event.c.stream),
        select(literal("instance:").concat(model.instance.c.id)),
        select(literal("definition:").concat(model.definition.c.key)),
        select(literal("account:").concat(model.account.c.id)),
    ]
    yield from sorted(connection.execute(union(*owed)).scalars())
