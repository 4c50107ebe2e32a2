"""Read documents (材料) and their versions, add files to them."""

import hashlib
import logging
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Row, func, select

from engine.core import disclosure, documents, execution, history, uploads, visibility
from engine.core.filenames import safe_name
from engine.ground import model
from engine.ground.errors import Invalid, NotFound, TooLarge
from engine.ground.unit_of_work import Actor, Engine, Unit, new_id

log = logging.getLogger("suixu.documents")


def versions(unit: Unit, document_id: str, person_id: str, roles: Collection[str] = ()) -> list[Row[Any]]:
    """List a document's versions, oldest first, to someone who may see it."""
    _demand(unit, document_id, person_id, roles)
    table = model.document_version
    query = select(table).where(table.c.document_id == document_id).order_by(table.c.number)
    return list(unit.connection.execute(query))


def _demand(unit: Unit, document_id: str, person_id: str, roles: Collection[str]) -> Row[Any]:
    row = unit.connection.execute(select(model.document).where(model.document.c.id == document_id)).first()
    if row is None or not disclosure.may_read(unit, row, person_id, roles):
        raise NotFound()
    return row


@dataclass(frozen=True)
class Stored:
    """Name a file whose bytes are kept already, and that no matter names yet."""

    name: str
    media_type: str
    digest: str
    size: int


def store(engine: Engine, file_name: str, stream: BinaryIO) -> Stored:
    """Check a file that was brought, and write its bytes; no transaction is open meanwhile.

    Raises:
        TooLarge: over the limit. Invalid: a type that is not taken, or content that is not what its name says.
    """
    if not file_name.strip():
        raise Invalid("请选择要上传的文件。")
    name, limit = safe_name(file_name), engine.settings.upload_limit_bytes
    if stream.seek(0, os.SEEK_END) > limit:
        raise documents.too_large(limit)
    media_type = uploads.check(name, stream)
    stream.seek(0)
    return Stored(name, media_type, *documents.store(engine.files, stream, limit))


def add_file(unit: Unit, instance_id: str, file: Stored, actor: Actor) -> str:
    """Keep a stored file as a new document of an instance; give its id.

    Raises:
        NotFound: not theirs. TooLarge: with it the matter's files would be too large together.
    """
    instance = execution.find_row(unit, instance_id)
    if instance is None:
        raise NotFound()
    assert actor.person_id is not None
    visibility.demand(unit, instance_id, actor.person_id)
    execution.lock(unit, instance_id)
    _demand_room(unit, instance["business_key"], file.size)
    key, stored = f"{documents.BROUGHT}{new_id()}", (file.digest, file.size)
    document_id, _, _ = documents.put_file(unit, instance, key, file.name, file.name, file.media_type, stored, actor)
    payload = {"name": file.name, "size": file.size, "digest": file.digest}
    history.record(unit, f"instance:{instance_id}", "document.added", actor, payload, document=document_id)
    return document_id


def _demand_room(unit: Unit, business_key: str, size: int) -> None:
    table, version = model.document.c, model.document_version.c
    query = (
        select(func.coalesce(func.sum(version.size), 0))
        .join(model.document, table.id == version.document_id)
        .where(table.business_key == business_key, table.name.startswith(documents.BROUGHT, autoescape=True))
    )
    limit = unit.engine.settings.matter_limit_bytes
    if int(unit.connection.execute(query).scalar_one()) + size > limit:
        text = f"这个事项的附件合计超过{limit >> 20}MB的上限，没有保存。可以只登记存放地点。"
        raise TooLarge(text)


def open_file(
    unit: Unit, document_id: str, person_id: str, roles: Collection[str] = (), number: int | None = None
) -> tuple[Path, Row[Any]]:
    """Give a file's path and version to someone who may see it.

    Raises:
        NotFound: unknown, not theirs, not a file, or its bytes are gone.
    """
    found = [row for row in versions(unit, document_id, person_id, roles) if number in (None, row.number)]
    if not found or found[-1].file_name is None:
        raise NotFound()
    path = documents.path_of(unit.engine.files, found[-1].digest)
    if not path.is_file():
        log.error("the file %s of document %s is missing", path, document_id)
        raise NotFound("文件的内容已经不在服务器上，请联系系统管理员从备份中恢复。")
    return path, found[-1]


@dataclass(frozen=True)
class Shelf:
    """Say how the kept files stand against what the documents name.

    `missing` and `changed` are the names under which people know them, `spare` where the others lie.
    """

    named: int
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    spare: tuple[Path, ...] = ()
    spare_bytes: int = 0


def inspect(engine: Engine) -> Shelf:
    """Read every kept file, and hold it against the documents that name it.

    Spare ones are of acts that were refused or broken off: nothing names them, and they may be deleted while nobody
    brings any.
    """
    # The names first: a file is there before its name, and one that is brought meanwhile is spare at worst.
    version = model.document_version.c
    with engine.reading() as unit:
        query = select(version.digest, version.file_name).where(version.file_name.is_not(None))
        named: dict[str, str] = {row.digest: row.file_name for row in unit.connection.execute(query)}
    found = {path.name: path for path in sorted(engine.files.glob("??/*"))}
    missing = sorted(name for digest, name in named.items() if digest not in found)
    kept = [digest for digest in named if digest in found]
    changed = sorted(named[digest] for digest in kept if _digest(found[digest]) != digest)
    spare = tuple(path for name, path in found.items() if name not in named)
    return Shelf(len(named), tuple(missing), tuple(changed), spare, sum(path.stat().st_size for path in spare))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def describe(unit: Unit, document_ids: Collection[str]) -> dict[str, str]:
    """Give the titles of documents by id."""
    table = model.document.c
    rows = unit.connection.execute(select(table.id, table.title).where(table.id.in_(document_ids)))
    return {row.id: row.title for row in rows}
