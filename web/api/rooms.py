"""What every room of the API has: its answers described, its lists in pages."""

import base64
import binascii
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from engine.ground.errors import Fault, Invalid
from engine.personal_tokens import ACT, READ, SCOPES
from web.addresses import Place, Row, further, read_place
from web.api.problems import DETAILS, MEDIA_TYPE, ProblemSchema
from web.texts import gettext as _

PREFIX, BLUEPRINT = "/api/v1", "api_"
LIMIT, MOST = 50, 200
ANYWHERE = (401, 403, 404, 405, 422, 429, 500, 503)
"""What any address may answer."""

ON_ACT = (400, 409, 413, 415)
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": _("同一个令牌用同一个键发来的同一个请求，24 小时内只办一次，答复相同。"),
}
View = TypeVar("View", bound=Callable[..., Any])


class Room(Blueprint):  # type: ignore[misc]
    """Hold the addresses of one resource.

    `scope` is what its acts ask of a token, `looks` what its looks do; `files` is where files are brought.
    """

    def __init__(self, name: str, description: str, scope: str = ACT) -> None:
        super().__init__(BLUEPRINT + name, __name__, url_prefix=f"{PREFIX}/{name}", description=description)
        self.scope = scope
        self.looks = READ if scope == ACT else scope
        self.files: set[str] = set()

    def register_views_in_doc(self, api: Any, *where: Any, **named: Any) -> None:
        """Describe the addresses only when somebody asks: it takes longer than all the rest of opening an app."""
        api.undescribed.append(partial(super().register_views_in_doc, api, *where, **named))

    def look(self, rule: str, words: str, schema: Any, query: type[Schema] | None = None) -> Callable[[View], View]:
        """Open an address to look at; what is asked along with it comes as the first argument."""
        return self._open(rule, "GET", 200, schema, (query, "query"), (400,), summary=words)

    def act(self, rule: str, words: str, schema: Any, body: type[Schema], status: int = 200) -> Callable[[View], View]:
        """Open an address to act by; the body comes as the first argument."""
        return self._open(rule, "POST", status, schema, (body, "json"), ON_ACT, summary=words)

    def bring(self, rule: str, words: str, schema: Any, body: type[Schema]) -> Callable[[View], View]:
        """Open an address to bring a file to, as multipart/form-data; what came is the first argument."""

        def decorate(view: View) -> View:
            self.files.add(f"{self.name}.{view.__name__}")
            return self._open(rule, "POST", 201, schema, (body, "files"), ON_ACT, summary=words)(view)

        return decorate

    def _open(
        self,
        rule: str,
        method: str,
        status: int,
        schema: Any,
        takes: tuple[type[Schema] | None, str],
        more: tuple[int, ...],
        **said: str,
    ) -> Callable[[View], View]:
        scope = self.looks if method == "GET" else self.scope
        said["description"] = _("令牌权限：%s（%s）。") % (SCOPES[scope], scope)

        def decorate(view: View) -> View:
            asked, location = takes
            taking = self.arguments(asked, location=location, unknown=RAISE)(view) if asked else view
            told = self.response(status, schema)(taking)
            for code in (*ANYWHERE, *more):
                about = {"content_type": MEDIA_TYPE, "description": DETAILS[code]}
                told = self.alt_response(code, schema=ProblemSchema, **about)(told)
            told = self.doc(operationId=f"{self.name.removeprefix(BLUEPRINT)}_{view.__name__}", **said)(told)
            keyed = {"parameters": [KEY]} if method == "POST" else {}
            self.add_url_rule(rule, endpoint=view.__name__, view_func=told, methods=[method], **keyed)
            return view

        return decorate


class LimitSchema(Schema):
    """How much of a list is wanted."""

    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, MOST))


class PageSchema(LimitSchema):
    """Which page of a list is wanted."""

    cursor = fields.String(
        load_default="", validate=validate.Length(max=200), metadata={"description": _("上一页给出的 next。")}
    )


def paged(item: type[Schema], name: str) -> type[Schema]:
    """Describe a page of a list; `next` is empty on the last one."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next": fields.String(required=True, metadata={"description": _("下一页的 cursor；空的是没有了。")}),
        },
        name=name,
    )


def cursor(rows: Sequence[Row], limit: int, place: Callable[[Row], Place]) -> str:
    """Name the place where the next page goes on, "" where none follows."""
    return base64.urlsafe_b64encode(further(rows, limit, place).encode()).decode()


def place(text: str) -> Place | None:
    """Read a cursor, None at the beginning.

    Raises:
        Invalid: it is none of ours.
    """
    if not text:
        return None
    try:
        found = read_place(base64.urlsafe_b64decode(text.encode()).decode())
    except (binascii.Error, ValueError):
        found = None
    if found is None:
        message = _("cursor 不对，请用上一页给出的 next。")
        raise Invalid(message, [Fault("cursor", message, "cursor")])
    return found
