"""Anchor the heads of all chains outside the database, once a day: what was cut off at the end shows too.

An anchor file holds the last number and digest of every stream, and one digest over all of them, which the table keeps.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, tuple_

from engine.core.calendar import morning, written
from engine.core.filenames import shown
from engine.ground import model
from engine.ground.clock import local
from engine.ground.database import insert_new
from engine.ground.errors import Fault
from engine.ground.unit_of_work import Engine, Unit, new_id

Place = tuple[str, int]
"""Name an event: its stream, its number."""

LONGEST_NAME = 120
HIGHEST = 2**31
ASKED_AT_ONCE = 500
_DIGEST_FORM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Anchor:
    """Hold what an anchor file says."""

    at: datetime
    digest: str
    heads: Mapping[str, tuple[int, str]]


def folder(engine: Engine) -> Path:
    """Say where anchors are kept; the folder is to be copied to another machine."""
    return Path(engine.settings.data) / "anchors"


def plan(unit: Unit) -> None:
    """Make sure that the next morning's anchor is planned, once."""
    day = unit.today + timedelta(days=1)
    row = {
        "id": new_id(),
        "kind": "anchor",
        "key": f"anchor:{day.isoformat()}",
        "due_at": morning(day),
        "state": "due",
        "attempts": 0,
        "payload": {},
    }
    insert_new(unit.connection, model.job, [row])


def drop(unit: Unit) -> Path:
    """Write today's anchor; a second one of a day replaces nothing.

    A file that no row knows of does not count: a kill before the commit left it, or somebody put it there beforehand.
    """
    path = folder(unit.engine) / f"{local(unit.now).date().isoformat()}.json"
    found = _read(path)
    if found is not None and (found.at, found.digest) in _registered(unit):
        return path
    heads = _heads(unit)
    digest = digest_of(heads)
    content = {"at": unit.now.isoformat(), "digest": digest, "heads": heads}
    _write(path, json.dumps(content, ensure_ascii=False, indent=0))
    row = {"id": new_id(), "at": unit.now, "streams": len(heads), "digest": digest}
    unit.connection.execute(insert(model.anchor), row)
    return path


def _registered(unit: Unit) -> set[tuple[datetime, str]]:
    rows = unit.connection.execute(select(model.anchor.c.at, model.anchor.c.digest))
    return {(row.at, row.digest) for row in rows}


def _heads(unit: Unit) -> dict[str, tuple[int, str]]:
    table = model.event
    last = select(table.c.stream, func.max(table.c.number).label("number")).group_by(table.c.stream).subquery()
    same = (table.c.stream == last.c.stream) & (table.c.number == last.c.number)
    rows = unit.connection.execute(select(table.c.stream, table.c.number, table.c.digest).join(last, same))
    return {row.stream: (row.number, bytes(row.digest).hex()) for row in sorted(rows, key=lambda row: row.stream)}


def digest_of(heads: Mapping[str, Any]) -> str:
    """Compute the one digest over all heads."""
    whole = hashlib.sha256()
    for stream, (number, digest) in sorted(heads.items()):
        whole.update(f"{stream}\t{number}\t{digest}\n".encode())
    return whole.hexdigest()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: two nodes may be writing at once.
    temporary = path.with_name(f".{path.name}.{new_id()}.part")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


def _read(path: Path) -> Anchor | None:
    """Read an anchor file, None where it is cut off or no anchor of ours."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        content = json.loads(path.read_bytes())
        at, digest = datetime.fromisoformat(content["at"]), content["digest"]
        heads = {stream: (number, head) for stream, (number, head) in content["heads"].items()}
        if at.tzinfo is not None and isinstance(digest, str) and all(map(_is_head, heads.items())):
            return Anchor(at, digest, heads)
    return None


def _is_head(entry: tuple[str, tuple[Any, Any]]) -> bool:
    stream, (number, digest) = entry
    # What no database takes must not reach it.
    named = 0 < len(stream) <= LONGEST_NAME and stream.isprintable()
    counted = type(number) is int and 0 < number < HIGHEST
    return named and counted and isinstance(digest, str) and _DIGEST_FORM.fullmatch(digest) is not None


def verify(unit: Unit) -> Iterator[Fault]:
    """Hold every anchor against the chains as they are now; `element` of a fault is the stream that differs."""
    registered = _registered(unit)
    seen: set[tuple[datetime, str]] = set()
    known: dict[Place, str] = {}
    for path in sorted(folder(unit.engine).glob("*.json")):
        anchor = _read(path)
        if anchor is None:
            yield Fault("anchor.malformed", f"锚定文件 {shown(path.name)} 读不出来，可能被截断或者改动。")
            continue
        seen.add((anchor.at, anchor.digest))
        if digest_of(anchor.heads) != anchor.digest or (anchor.at, anchor.digest) not in registered:
            yield Fault("anchor.unregistered", f"锚定文件 {shown(path.name)} 与数据库中的登记不一致。")
        yield from _differences(unit, anchor, known)
    for at, _digest in sorted(registered - seen):
        message = f"{_day(at)}登记的锚定，文件不见了或者被改动。有副本的，请放回 anchors 文件夹。"
        yield Fault("anchor.missing", message)


def _differences(unit: Unit, anchor: Anchor, known: dict[Place, str]) -> Iterator[Fault]:
    _look_up(unit, {(stream, number) for stream, (number, _) in anchor.heads.items()} - known.keys(), known)
    for stream, (number, digest) in anchor.heads.items():
        if known[stream, number] != digest:
            message = f"{_day(anchor.at)}锚定时的第{number}条记录与现在的不一致或者已经缺失。"
            yield Fault("anchor.differs", message, stream)


def _day(moment: datetime) -> str:
    return written(local(moment).date())


def _look_up(unit: Unit, places: set[Place], known: dict[Place, str]) -> None:
    """Learn the digests of these events, and of no others: anchors of years name few of a house's millions."""
    known.update(dict.fromkeys(places, ""))
    table, rest = model.event.c, iter(sorted(places))
    while chunk := list(islice(rest, ASKED_AT_ONCE)):
        query = select(table.stream, table.number, table.digest).where(tuple_(table.stream, table.number).in_(chunk))
        for row in unit.connection.execute(query):
            known[row.stream, row.number] = bytes(row.digest).hex()
