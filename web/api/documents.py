"""Documents that one may read (材料), for programs: what is known of them, and their files."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from engine import documents
from web import files, guard
from web.api.rooms import Room
from web.texts import gettext as _

room = Room("documents", _("材料"))


class VersionSchema(Schema):
    """A version: a file, or the values of a form."""

    number = fields.Integer(required=True)
    file_name = fields.String(required=True, allow_none=True)
    media_type = fields.String(required=True, allow_none=True)
    size = fields.Integer(required=True, allow_none=True)
    digest = fields.String(required=True, metadata={"description": _("SHA-256；表单的，是其内容的 JSON 的。")})
    created_at = fields.DateTime(required=True)
    created_by = fields.String(required=True, allow_none=True)


class DocumentSchema(Schema):
    """A document with its versions, oldest first."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    versions = fields.List(fields.Nested(VersionSchema), required=True)


class WhichSchema(Schema):
    """Which version is wanted; the newest where none is named."""

    version = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 2**31 - 1))


@room.look("/<document_id>", _("查看材料的标题和各版本"), DocumentSchema)
def show(document_id: str) -> dict[str, Any]:
    """Show what is known of a document."""
    with guard.looking() as unit:
        versions = documents.versions(unit, document_id, guard.person_id(), guard.roles())
        title = documents.describe(unit, [document_id])[document_id]
        guard.note_reading(unit, "document-read", {"title": title}, document=document_id)
    return {"id": document_id, "title": title, "versions": versions}


@room.look("/<document_id>/file", _("下载文件；不写 version 是最新版"), None, WhichSchema)
def file(wanted: dict[str, Any], document_id: str) -> Response:
    """Download a version of a file."""
    return files.download(document_id, wanted["version"])
