"""Let the security administrator erase a record's content on a lawful demand (依法清除), seeing none of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from engine.core import erasures, execution, history, organization, plain_text
from engine.core.chain import ERASED as ERASED
from engine.core.erasures import INSTEAD as INSTEAD
from engine.ground import model
from engine.ground.errors import Fault, Invalid, NotFound, Stale
from engine.ground.unit_of_work import Actor, Unit

SECURITY = "security"
"""The role that may erase, and that sees nothing of what it erases."""

EVENT = model.event.c
LONGEST = {"authority": 200, "reason": 500}
LABELS = {"authority": "依据", "reason": "原因"}


@dataclass(frozen=True)
class Place:
    """Name a stream that was looked for; of instances of one title, round and beginning tell them apart."""

    stream: str
    name: str
    round: int = 0
    started_at: datetime | None = None


def find(unit: Unit, kind: str, name: str) -> list[Place]:
    """Find a stream by the full name of what it tells of: whoever erases has to know that, and learns no other."""
    if kind == "instance":
        table = model.instance.c
        query = select(table.id, table.round, table.started_at).where(table.title == name)
        rows = unit.connection.execute(query.order_by(table.started_at, table.id))
        return [Place(f"instance:{row.id}", name, row.round, row.started_at) for row in rows]
    if kind == "account":
        logins = select(model.account.c.id).where(model.account.c.login == name)
        return [Place(f"account:{found}", name) for found in unit.connection.execute(logins).scalars()]
    if kind == "definition":
        keys = select(model.definition.c.key).where(model.definition.c.name == name).distinct()
        return [Place(f"definition:{key}", name) for key in unit.connection.execute(keys).scalars()]
    return [Place(kind, "")] if kind in (history.ORGANIZATION, history.ACCESS) else []


def events(unit: Unit, stream: str, before: int = 0, limit: int = 100) -> list[Row[Any]]:
    """List a stream's events, newest first, by number, kind and time; `there` says whether one has its content."""
    there = EVENT.payload.is_not(None).label("there")
    query = select(EVENT.number, EVENT.kind, EVENT.at, there).where(EVENT.stream == stream)
    if before:
        query = query.where(EVENT.number < before)
    return list(unit.connection.execute(query.order_by(EVENT.number.desc()).limit(limit)))


def event(unit: Unit, stream: str, number: int) -> Row[Any]:
    """Show one event as `events` does.

    Raises:
        NotFound: no such event.
    """
    found = events(unit, stream, number + 1, 1)
    if not found or found[0].number != number:
        raise NotFound("没有这条记录。")
    return found[0]


def listing(unit: Unit) -> list[Row[Any]]:
    """List all that was erased, newest first."""
    table = model.erasure
    return list(unit.connection.execute(select(table).order_by(table.c.at.desc(), table.c.stream, table.c.number)))


def erase(unit: Unit, stream: str, number: int, actor: Actor, authority: str, reason: str) -> None:
    """Erase the content of an event (依法清除): registered, recorded in the same stream, and never undone.

    Raises:
        NotAllowed: not a security administrator. NotFound: no such event. Stale: erased already.
        Invalid: no authority or reason, or the record of an erasure.
    """
    organization.require_role(unit, actor, SECURITY)
    _hold(unit, stream)
    row = event(unit, stream, number)
    if row.kind == ERASED:
        raise Invalid("这条记录写的是依法清除的依据，本身不能清除。")
    if not row.there:
        raise Stale("这条记录的内容已经清除。")
    if wrong := faults(authority, reason):
        raise Invalid("没有清除。", wrong)
    given = (plain_text.kept(" ".join(authority.split())), plain_text.kept(reason))
    erasures.erase(unit, stream, number, actor, *given)


def faults(authority: str, reason: str) -> list[Fault]:
    """Say what is missing of authority and reason, or too long."""
    given = {"authority": " ".join(authority.split()), "reason": reason}
    return [
        fault
        for key, text in given.items()
        for fault in plain_text.faults(text, LABELS[key], LONGEST[key], key, f"请填写“{LABELS[key]}”。", True)
    ]


def _hold(unit: Unit, stream: str) -> None:
    kind, _, key = stream.partition(":")
    if kind == "instance":
        execution.lock(unit, key)
    else:
        history.hold(unit, stream)
