"""Keep what happened, in chains that only grow.

digest(n) = SHA-256(digest(n-1) ‖ envelope ‖ SHA-256(salt ‖ payload)), over the bytes as stored. The envelope holds ids
and no names, the payload what a lawful erasure may have to blank: the payload's hash is in the envelope, so the chain
holds without it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Label,
    Row,
    Select,
    bindparam,
    func,
    insert,
    literal,
    select,
    union,
    update,
)

from engine.core import chain
from engine.core.chain import ERASED, GENESIS, Chain, Erasure
from engine.ground import compact, model, statements
from engine.ground.database import take_turns
from engine.ground.unit_of_work import Actor, Unit

ORGANIZATION, ACCESS = "organization", "access"
"""The streams of the house: who is who in it and what it has set; who came, and what was looked at."""

APPEND = statements.insertion(model.event)
WRITE = compact.writer(default=str)
SALT_BYTES = 16
PAGE = 500
"""Events read at a time: of more, what was read first has left the processor's cache before it is looked at."""

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
    """Say whether a stream is whole; `number` and `message` name the first break, `erased` what was lawfully erased."""

    stream: str
    events: int
    whole: bool
    head: str
    number: int = 0
    message: str = ""
    erased: tuple[int, ...] = ()


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
    unit.write(APPEND, *rows)
    unit.cache.setdefault("heads", {}).update(ends)
    del unit.cache["events"]


def asked(stream: ColumnElement[str]) -> tuple[Label[int | None], Label[bytes | None]]:
    """Ask where a stream ends along with something else, once this act keeps others from it."""
    table = model.event.c
    last = select(table.digest).where(table.stream == stream).order_by(table.number.desc()).limit(1)
    number = select(func.max(table.number)).where(table.stream == stream)
    return number.scalar_subquery().label("head_number"), last.scalar_subquery().label("head_digest")


def note(unit: Unit, stream: str, row: Row[Any]) -> None:
    """Keep what was asked for: nobody else writes to the stream until this act ends."""
    head = (row.head_number, bytes(row.head_digest)) if row.head_number else (0, GENESIS)
    unit.cache.setdefault("seen", {})[stream] = head


def _head(unit: Unit, stream: str) -> Head:
    if stream in unit.cache.get("seen", {}):
        seen: Head = unit.cache["seen"].pop(stream)
        return seen
    hold(unit, stream)
    table = model.event.c
    query = select(table.number, table.digest).where(table.stream == stream).order_by(table.number.desc()).limit(1)
    row = unit.connection.execute(query).first()
    return (row.number, bytes(row.digest)) if row else (0, GENESIS)


def hold(unit: Unit, stream: str) -> None:
    """Keep others from a stream until this act ends; those of instances are guarded by the instance's row lock."""
    if not stream.startswith("instance:"):
        take_turns(unit.connection, stream)


def _chained(
    number: int, previous: bytes, stream: str, kind: str, envelope: dict[str, Any], payload: dict[str, Any]
) -> dict[str, Any]:
    salt = os.urandom(SALT_BYTES)
    body = _bytes(payload)
    inner = chain.inner_digest(salt, body)
    head = _bytes({"number": number, **envelope, "payload": inner.hex()})
    return {
        "stream": stream,
        "number": number,
        "kind": kind,
        "envelope": head,
        "salt": salt,
        "payload": body,
        "digest": chain.digest(previous, head, inner),
    }


def _bytes(value: Mapping[str, Any]) -> bytes:
    return WRITE(value).encode()


def read(connection: Connection, stream: str) -> list[Event]:
    """Give a stream's events in order."""
    query = select(model.event).where(model.event.c.stream == stream).order_by(model.event.c.number)
    return [as_event(row) for row in connection.execute(query)]


def as_event(row: Row[Any]) -> Event:
    """Read an event as it is stored."""
    payload = None if row.payload is None else chain.parse(row.payload)
    return Event(row.stream, row.number, row.kind, row.at, chain.parse(row.envelope), payload)


def erase(unit: Unit, stream: str, number: int, actor: Actor, authority: str, reason: str) -> None:
    """Blank an event's payload, which must be there, with its salt: a short text could be guessed from its hash.

    The stream must be held. The erasure is registered and recorded in the same stream, in the same commit; the
    database lets nothing else through.
    """
    table = model.event
    row = {"stream": stream, "number": number, "authority": authority, "reason": reason}
    unit.connection.execute(insert(model.erasure), {**row, "by": actor.person_id or "", "at": unit.now})
    query = update(table).where(table.c.stream == stream, table.c.number == number)
    unit.connection.execute(query.values(payload=None, salt=b""))
    unit.after_commit(unit.engine.database.scrub)
    record(unit, stream, ERASED, actor, {"authority": authority, "reason": reason}, erases=number)


Registers = Mapping[str, Mapping[int, Erasure]]
"""Hold what is registered as erased, by stream and number."""


def registers(connection: Connection, stream: str | None = None) -> Registers:
    """Read the register of erasures, of all streams or of one."""
    table = model.erasure
    found: dict[str, dict[int, Erasure]] = {}
    query = select(table) if stream is None else select(table).where(table.c.stream == stream)
    for row in connection.execute(query):
        erasure = Erasure(row.authority, row.reason, row.by, row.at.isoformat())
        found.setdefault(row.stream, {})[row.number] = erasure
    return found


_KEPT = [model.event.c[name] for name in ("stream", "number", "kind", "at", "envelope", "salt", "payload", "digest")]
ALL_KEPT = statements.Statement(select(*_KEPT).order_by(model.event.c.stream, model.event.c.number))
KEPT_SINCE = statements.Statement(
    select(*_KEPT)
    .where(model.event.c.stream == bindparam("of"), model.event.c.number > bindparam("since"))
    .order_by(model.event.c.number)
)


def kept(stream: str) -> Select[Any]:
    """Select a stream's events as they are stored."""
    return select(*_KEPT).where(model.event.c.stream == stream).order_by(model.event.c.number)


def verify(connection: Connection, stream: str, since: Head = (0, GENESIS), known: Registers | None = None) -> Verdict:
    """Recompute a stream's chain, or what was added to it `since` a place, and name its first break.

    `known` is the register of erasures as it was read before.
    """
    known = registers(connection, stream) if known is None else known
    # Closed even when a break ends the reading early: a cursor of PostgreSQL lives on the server.
    with closing(statements.read(connection, KEPT_SINCE, PAGE, {"of": stream, "since": since[0]})) as rows:
        return judge(connection, stream, rows, known, since)


def verify_all(connection: Connection, known: Registers) -> Iterator[Verdict]:
    """Recompute every chain that is there or has to be, in one reading of the whole record."""
    owed = set(streams(connection))
    for stream, own in groupby(statements.read(connection, ALL_KEPT, PAGE), key=itemgetter(0)):
        owed.discard(stream)
        yield judge(connection, stream, own, known)
    yield from (judge(connection, stream, (), known) for stream in sorted(owed))


def judge(
    connection: Connection, stream: str, rows: Iterable[Sequence[Any]], known: Registers, since: Head = (0, GENESIS)
) -> Verdict:
    """Recompute a chain from its rows as `kept` selects them."""
    links = Chain(stream, *since)
    moment, written = None, ""
    for _stream, number, kind, at, envelope, salt, payload, digest in rows:
        # An act's events share their moment; it is compared at a fraction of what it takes to look it up or write it.
        if at != moment:
            moment, written = at, _written(at)
        fault = links.follow(number, kind, written, envelope, salt, payload, digest)
        if fault:
            return Verdict(stream, links.count - since[0], False, links.head.hex(), number, fault)
    if not links.count:
        return Verdict(stream, 0, False, links.head.hex(), 0, "没有任何记录：应有的记录已全部缺失。")
    number, fault = links.close(_registered(connection, links, known.get(stream, {})))
    erased = () if fault else tuple(sorted(links.blanked))
    return Verdict(stream, links.count - since[0], not fault, links.head.hex(), number, fault, erased)


def _written(at: datetime | str) -> str:
    """Write a moment as envelopes do. SQLite's driver gives text, in UTC and always with its microseconds."""
    if isinstance(at, datetime):
        return at.astimezone(UTC).isoformat()
    return f"{str(at).replace(' ', 'T').removesuffix('.000000')}+00:00"


def _registered(connection: Connection, links: Chain, known: Mapping[int, Erasure]) -> Mapping[int, Erasure]:
    """Add what was erased between reading the register and reading the chain."""
    if links.blanked <= known.keys():
        return known
    later = registers(connection, links.stream).get(links.stream, {})
    return {**{number: erasure for number, erasure in later.items() if number in links.blanked}, **known}


def streams(connection: Connection) -> Iterator[str]:
    """Give the name of every stream that is there or has to be: one that was taken away whole is missed."""
    owed = [
        select(model.event.c.stream),
        select(literal("instance:").concat(model.instance.c.id)),
        select(literal("definition:").concat(model.definition.c.key)),
        select(literal("account:").concat(model.account.c.id)),
        select(model.erasure.c.stream),
    ]
    yield from sorted(connection.execute(union(*owed)).scalars())
