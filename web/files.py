"""Hand files out: never to be run by a browser, always under their own name."""

from collections.abc import Iterator
from io import BytesIO
from urllib.parse import quote

from flask import Blueprint, Response, send_file, url_for

from engine import documents
from engine.core.filenames import safe_name
from web import guard

room = Blueprint("files", __name__)

HARMLESS = "default-src 'none'; frame-ancestors 'none'; sandbox"


def file_url(document_id: str, number: int | None = None) -> str:
    """Give the address of a file: its newest version, or one of them."""
    if number is None:
        return url_for("files.newest", document_id=document_id)
    return url_for("files.version", document_id=document_id, number=number)


@room.get("/documents/<document_id>/file")
def newest(document_id: str) -> Response:
    """Download the newest version of a file."""
    return download(document_id, None)


@room.get("/documents/<document_id>/versions/<int:number>/file")
def version(document_id: str, number: int) -> Response:
    """Download one version of a file."""
    return download(document_id, number)


def parcel(pieces: Iterator[bytes], name: str) -> Response:
    """Hand out a .zip that is made while it is sent."""
    answer = Response(pieces, mimetype="application/zip")
    # An old browser takes the plain name, every other one that which is spelled out (RFC 6266).
    spelled = {"filename": "archive.zip", "filename*": f"UTF-8''{quote(name, safe='')}"}
    answer.headers.set("Content-Disposition", "attachment", **spelled)
    return _harmless(answer)


def download(document_id: str, number: int | None) -> Response:
    """Hand out a version of a file, the newest where none is named."""
    with guard.looking() as unit:
        path, row = documents.open_file(unit, document_id, guard.person_id(), guard.roles(), number)
        payload = {"title": row.file_name, "version": row.number}
        guard.note_reading(unit, "file-read", payload, document=document_id)
    kind = row.media_type or "application/octet-stream"
    return _harmless(send_file(path, kind, as_attachment=True, download_name=row.file_name, conditional=False))


def diagram_file(source: bytes, name: str) -> Response:
    """Give a drawing to the viewer: as a file, for what is in it is somebody's own XML."""
    name = f"{safe_name(name)}.bpmn"
    return _harmless(send_file(BytesIO(source), "application/xml", as_attachment=True, download_name=name))


def _harmless(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = HARMLESS
    response.headers["Cache-Control"] = "private, no-store"
    return response
