"""Anchor the heads of all chains outside the database, once a day: what was cut off at the end shows too.

An anchor file holds the last number and digest of every stream, and one digest over all of them, which the table keeps.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from engine.core.calendar import morning
from engine.ground import model
from engine.ground.clock import local
from engine.ground.database import insert_new
from engine.ground.unit_of_work import Engine, Unit, new_id

Heads = Mapping[str, tuple[int, str]]


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
    """Write today's anchor; a second one of a day replaces nothing."""
    path = folder(unit.engine) / f"{local(unit.now).date().isoformat()}.json"
    if path.exists():
        return path
    heads = _heads(unit)
    digest = digest_of(heads)
    content = {"at": unit.now.isoformat(), "digest": digest, "heads": heads}
    _write(path, json.dumps(content, ensure_ascii=False, indent=0))
    row = {"id": new_id(), "at": unit.now, "streams": len(heads), "digest": digest}
    unit.connection.execute(insert(model.anchor), row)
    return path


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
    temporary = path.with_suffix(".part")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


def verify(unit: Unit) -> list[str]:
    """Compare every anchor with the chains as they are now; name what differs."""
    faults: list[str] = []
    known = set(unit.connection.execute(select(model.anchor.c.digest)).scalars())
    for path in sorted(folder(unit.engine).glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if digest_of(content["heads"]) != content["digest"] or content["digest"] not in known:
            faults.append(f"锚定文件 {path.name} 与数据库中的登记不一致。")
        faults += _compare(unit, path.stem, content["heads"])
    return faults


def _compare(unit: Unit, day: str, heads: Mapping[str, Any]) -> list[str]:
    table = model.event.c
    rows = unit.connection.execute(select(table.stream, table.number, table.digest).where(table.number > 0))
    present = {(row.stream, row.number): bytes(row.digest).hex() for row in rows if row.stream in heads}
    day = date.fromisoformat(day).strftime("%Y年%m月%d日")
    return [
        f"{day}锚定时，“{stream}”的第{number}条记录与现在的不一致或者已经缺失。"
        for stream, (number, digest) in heads.items()
        if present.get((stream, number)) != digest
    ]
