"""What every room of the API has: its answers described, its lists in pages."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from engine.ground.errors import Fault, Invalid
from engine.personal_tokens import ACT
from web.addresses import read_moment
from web.api.problems import DETAILS, MEDIA_TYPE, ProblemSchema
from web.texts import gettext as _

PREFIX = "/api/v1"
LIMIT, MOST = 50, 200
ANYWHERE = (401, 403, 404, 405, 422, 429, 500, 503)
"""What any address may answer."""

ON_ACT = (400, 409, 413)
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "The same request under the same key is done once, and answered alike, for 24 hours.",
}
Place = tuple[datetime, str]
View = TypeVar("View", bound=Callable[..., Any])


class Room(Blueprint):  # type: ignore[misc]
    """Hold the addresses of one resource; `scope` is what its acts ask of a token, `files` where files are brought."""

    def __init__(self, name: str, description: str, scope: str = ACT) -> None:
        super().__init__(f"api_{name}", __name__, url_prefix=f"{PREFIX}/{name}", description=description)
        self.scope = scope
        self.files: set[str] = set()

    def register_views_in_doc(self, api: Any, *where: Any, **named: Any) -> None:
        """Describe the addresses only when somebody asks: it takes longer than all the rest of opening an app."""
        api.undescribed.append(partial(super().register_views_in_doc, api, *where, **named))

    def look(self, rule: str, schema: Any, query: type[Schema] | None = None) -> Callable[[View], View]:
        """Open an address to look at; what is asked along with it comes as the first argument."""
        return self._open(rule, "GET", 200, schema, (query, "query"), (400,))

    def act(self, rule: str, schema: Any, body: type[Schema], status: int = 200) -> Callable[[View], View]:
        """Open an address to act by; the body comes as the first argument."""
        return self._open(rule, "POST", status, schema, (body, "json"), ON_ACT, parameters=[KEY])

    def bring(self, rule: str, schema: Any, body: type[Schema]) -> Callable[[View], View]:
        """Open an address to bring a file to, as multipart/form-data; what came is the first argument."""

        def decorate(view: View) -> View:
            self.files.add(f"{self.name}.{view.__name__}")
            opened = self._open(rule, "POST", 201, schema, (body, "files"), ON_ACT, parameters=[KEY])
            return opened(view)

        return decorate

    def _open(
        self,
        rule: str,
        method: str,
        status: int,
        schema: Any,
        takes: tuple[type[Schema] | None, str],
        more: tuple[int, ...],
        **options: Any,
    ) -> Callable[[View], View]:
        def decorate(view: View) -> View:
            asked, location = takes
            told = self.response(status, schema)(self.arguments(asked, location=location)(view) if asked else view)
            for code in (*ANYWHERE, *more):
                about = {"content_type": MEDIA_TYPE, "description": DETAILS[code]}
                told = self.alt_response(code, schema=ProblemSchema, **about)(told)
            self.add_url_rule(rule, endpoint=view.__name__, view_func=told, methods=[method], **options)
            return view

        return decorate


class PageSchema(Schema):
    """Which page of a list is wanted."""

    cursor = fields.String(
        load_default="", validate=validate.Length(max=200), metadata={"description": "`next` of the page before."}
    )
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, MOST))


def paged(item: type[Schema], name: str) -> type[Schema]:
    """Describe a page of a list; `next` is empty on the last one."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next": fields.String(required=True, metadata={"description": "The cursor of what follows; empty: none."}),
        },
        name=name,
    )


def cursor(place: Place) -> str:
    """Name a place in a list."""
    moment, found_id = place
    return base64.urlsafe_b64encode(f"{moment.isoformat()}~{found_id}".encode()).decode()


def place(text: str) -> Place | None:
    """Read a cursor, None at the beginning.

    Raises:
        Invalid: it is none of ours.
    """
    if not text:
        return None
    try:
        moment, _mark, found_id = base64.urlsafe_b64decode(text.encode()).decode().partition("~")
    except (binascii.Error, ValueError):
        moment = found_id = ""
    found = read_moment(moment)
    if found is None or not found_id or "\0" in found_id:
        message = _("cursor 不对，请用上一页给出的 next。")
        raise Invalid(message, [Fault("cursor", message, "cursor")])
    return found, found_id
