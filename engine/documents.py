"""Read documents (材料) and their versions, add files to them."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Row, select

from engine.core import disclosure, documents, execution, history, uploads, visibility
from engine.core.filenames import safe_name
from engine.ground import model
from engine.ground.errors import Invalid, NotFound
from engine.ground.unit_of_work import Actor, Unit, new_id


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


def add_file(unit: Unit, instance_id: str, file_name: str, stream: BinaryIO, actor: Actor) -> str:
    """Keep an uploaded file as a new document of an instance; give its id.

    Raises:
        TooLarge: over the limit. Invalid: a type that is not taken, or content that is not what its name says.
    """
    instance = execution.find_row(unit, instance_id)
    if instance is None:
        raise NotFound()
    assert actor.person_id is not None
    visibility.demand(unit, instance_id, actor.person_id)
    if not file_name.strip():
        raise Invalid("请选择要上传的文件。")
    execution.lock(unit, instance_id)
    name = safe_name(file_name)
    stored = documents.store(unit.engine.files, stream, unit.engine.settings.upload_limit_bytes)
    media_type = uploads.check(name, documents.path_of(unit.engine.files, stored[0]))
    key = f"file:{new_id()}"
    document_id, _, _ = documents.put_file(unit, instance, key, name, name, media_type, stored, actor)
    payload = {"name": name, "size": stored[1], "digest": stored[0]}
    history.record(unit, f"instance:{instance_id}", "document.added", actor, payload, document=document_id)
    return document_id


def open_file(
    unit: Unit, document_id: str, person_id: str, roles: Collection[str] = (), number: int | None = None
) -> tuple[Path, Row[Any]]:
    """Give a file's path and version to someone who may see it.

    Raises:
        NotFound: unknown, not theirs, or not a file.
    """
    found = [row for row in versions(unit, document_id, person_id, roles) if number in (None, row.number)]
    if not found or found[-1].file_name is None:
        raise NotFound()
    return documents.path_of(unit.engine.files, found[-1].digest), found[-1]


def describe(unit: Unit, document_ids: Collection[str]) -> dict[str, str]:
    """Give the titles of documents by id."""
    table = model.document.c
    rows = unit.connection.execute(select(table.id, table.title).where(table.id.in_(document_ids)))
    return {row.id: row.title for row in rows}
