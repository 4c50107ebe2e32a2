"""Keep documents and their versions: a form's values in the database, a file's bytes by their digest on disk.

A document belongs to a business key and a name, not to an instance: a second round works on the same one.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Row, and_, func, select, update

from engine.ground import model
from engine.ground.database import insert_new
from engine.ground.errors import Busy, Stale, TooLarge
from engine.ground.statements import insertion
from engine.ground.unit_of_work import Actor, Revision, Unit, new_id

ADD = insertion(model.document_version)
CHUNK = 1 << 20
UNFINISHED = "__"
"""The folder of files that are still being written; what a kill leaves there is spare."""
BROUGHT = "file:"
"""Begins the name of a document that somebody brought as a file."""
TASK = "task:"
"""Begins the name of a document that keeps what one task's form held."""

Version = tuple[str, int, str]
"""Name a version: its document, its number, the digest of its content."""


def is_erased(version: Row[Any]) -> bool:
    """Tell whether a version's content was lawfully erased."""
    return version.content is None and version.file_name is None


def erase(unit: Unit, business_key: str, name: str) -> None:
    """Blank every version of a document, with the digest from which a short content could be guessed."""
    found = find(unit, business_key, name)
    if found is not None:
        table = model.document_version
        query = update(table).where(table.c.document_id == found.id).values(content=None, digest="")
        unit.connection.execute(query)


def find(unit: Unit, business_key: str, name: str) -> Row[Any] | None:
    """Find a document by what it belongs to."""
    table = model.document.c
    query = select(model.document).where(table.business_key == business_key, table.name == name)
    return unit.connection.execute(query).first()


def _hold(unit: Unit, instance: Mapping[str, Any], name: str, kind: str, title: str) -> tuple[str, Row[Any] | None]:
    """Lock a document, made where there is none; give it with its newest version.

    Other instances of its business key may be writing it too, so its version is looked at once it is held.
    """
    table = model.document.c
    query = select(table.id).where(table.business_key == instance["business_key"], table.name == name)
    # What belongs to one task is made by it, and not there before.
    found = None if name.startswith(TASK) else unit.connection.execute(query.with_for_update()).scalar()
    if found is None:
        made = _create(unit, instance, name, kind, title)
        if made:
            return made, None
        found = unit.connection.execute(query.with_for_update()).scalar_one()
    return str(found), latest(unit, found)


def latest(unit: Unit, document_id: str) -> Row[Any] | None:
    """Give the newest version."""
    table = model.document_version
    query = select(table).where(table.c.document_id == document_id).order_by(table.c.number.desc()).limit(1)
    return unit.connection.execute(query).first()


def of_business_key(unit: Unit, business_key: str) -> list[Row[Any]]:
    """List the documents of a business key, with their newest version."""
    table, version = model.document, model.document_version
    newest = select(version.c.document_id, func.max(version.c.number).label("number")).group_by(version.c.document_id)
    top = newest.subquery()
    same = (version.c.document_id == top.c.document_id, version.c.number == top.c.number)
    query = (
        select(table, version.c.number, version.c.file_name, version.c.size, version.c.created_by, version.c.digest)
        .join(top, top.c.document_id == table.c.id)
        .join(version, and_(*same))
        .where(table.c.business_key == business_key)
        .order_by(table.c.created_at, table.c.id)
    )
    return list(unit.connection.execute(query))


def values(unit: Unit, business_key: str, name: str) -> dict[str, Any] | None:
    """Give the newest values of a form document."""
    found = find(unit, business_key, name)
    version = latest(unit, found.id) if found else None
    return dict(version.content) if version is not None and version.content is not None else None


def revise(unit: Unit, instance: Mapping[str, Any], revision: Revision, actor: Actor) -> Version:
    """Put a new version on top of the one that it was made from, in a document of another business key.

    Raises:
        Stale: there is a newer version by now.
    """
    owner, title = {**instance, "business_key": revision.business_key}, str(revision.content.get("title") or "")
    document_id, before = _hold(unit, owner, revision.name, "form", title)
    if (before.number if before is not None else 0) != revision.after:
        raise Stale("要改的材料刚刚有了新的一版，须在新的一版上再改。")
    return _put(unit, (document_id, before), revision.content, actor, None)


def put_values(
    unit: Unit,
    instance: Mapping[str, Any],
    name: str,
    title: str,
    content: Mapping[str, Any],
    actor: Actor,
    task_id: str | None = None,
) -> Version:
    """Keep a form's values as a new version, unless nothing changed."""
    return _put(unit, _hold(unit, instance, name, "form", title), content, actor, task_id)


def change_values(
    unit: Unit,
    instance: Mapping[str, Any],
    name: str,
    title: str,
    changes: Mapping[str, Any],
    actor: Actor,
    task_id: str | None = None,
) -> Version:
    """Keep a new version in which some of a form's values are other than in the one before."""
    document_id, before = _hold(unit, instance, name, "form", title)
    kept = before.content or {} if before is not None else {}
    return _put(unit, (document_id, before), {**kept, **changes}, actor, task_id)


def _put(
    unit: Unit, held: tuple[str, Row[Any] | None], content: Mapping[str, Any], actor: Actor, task_id: str | None
) -> Version:
    document_id, before = held
    if before is not None and before.content == content:
        return document_id, before.number, before.digest
    digest = hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return document_id, _add(unit, held, actor, task_id, content=dict(content), digest=digest), digest


def put_file(
    unit: Unit,
    instance: Mapping[str, Any],
    name: str,
    title: str,
    file_name: str,
    media_type: str,
    stored: tuple[str, int],
    actor: Actor,
) -> Version:
    """Keep a stored file as a new version of a file document."""
    digest, size = stored
    held = document_id, before = _hold(unit, instance, name, "file", title)
    if before is not None and before.digest == digest and before.file_name == file_name:
        return document_id, before.number, before.digest
    number = _add(unit, held, actor, None, digest=digest, file_name=file_name, media_type=media_type, size=size)
    return document_id, number, digest


def mark(unit: Unit, document_ids: Collection[str], since: datetime, text: str) -> None:
    """Say in the titles of files that people brought since a moment what they are (补件): it shows wherever they do."""
    table, ending = model.document.c, f"（{text}）"
    mine = (table.id.in_(document_ids), table.name.startswith(BROUGHT, autoescape=True), table.created_at >= since)
    unmarked = ~table.title.endswith(ending, autoescape=True)
    query = update(model.document).where(*mine, unmarked).values(title=func.substr(table.title, 1, 280) + ending)
    unit.connection.execute(query)


def _create(unit: Unit, instance: Mapping[str, Any], name: str, kind: str, title: str) -> str | None:
    """Make a document and give its id, unless somebody has just made it."""
    row = {
        "id": new_id(),
        "business_key": instance["business_key"],
        "name": name,
        "kind": kind,
        "title": title[:300],
        "instance_id": instance["id"],
        "created_at": unit.now,
    }
    return row["id"] if insert_new(unit.connection, model.document, [row]) else None


def _add(unit: Unit, held: tuple[str, Row[Any] | None], actor: Actor, task_id: str | None, **fields: Any) -> int:
    document_id, before = held
    number = before.number + 1 if before is not None else 1
    row = {
        "document_id": document_id,
        "number": number,
        "created_at": unit.now,
        "created_by": actor.person_id,
        "task_id": task_id,
        "content": None,
        "file_name": None,
        "media_type": None,
        "size": None,
        **fields,
    }
    unit.write(ADD, row)
    return number


def store(folder: Path, stream: BinaryIO, limit: int) -> tuple[str, int]:
    """Write a file's bytes under their digest, durably; give digest and size.

    It happens before the transaction that names the file: writing takes its time and must keep no other writer
    waiting, and a kill in between leaves an orphan, never a name without bytes.

    Raises:
        TooLarge: more than `limit` bytes. Busy: the disk is full, or takes nothing.
    """
    try:
        return _write(folder, stream, limit)
    except OSError as error:
        raise Busy("服务器的磁盘不能写入，文件没有保存，本次操作没有生效。请联系系统管理员。") from error


def _write(folder: Path, stream: BinaryIO, limit: int) -> tuple[str, int]:
    (folder / UNFINISHED).mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder / UNFINISHED)
    sha, size = hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as target:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                sha.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        final = path_of(folder, sha.hexdigest())
        final.parent.mkdir(exist_ok=True)
        os.replace(temporary, final)
        _keep_names(folder, final.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return sha.hexdigest(), size


def too_large(limit: int) -> TooLarge:
    """Say that a file is over the limit, and what to do instead."""
    return TooLarge(f"文件超过{limit >> 20}MB的上限，没有保存。可以只登记存放地点。")


def _keep_names(*folders: Path) -> None:
    """Put the names of new files on disk too, where the system lets a folder be synchronised."""
    if os.name != "posix":
        return
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def path_of(folder: Path, digest: str) -> Path:
    """Say where a file's bytes are."""
    return folder / digest[:2] / digest
