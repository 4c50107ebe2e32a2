"""The API (/api/v1): what the pages do, for programs that come with a person's token. OpenAPI 3 describes it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Flask
from flask_smorest import Api
from flask_wtf.csrf import CSRFProtect

from web.api import acts, definitions, documents, instances, messages, tasks, tokens
from web.api.rooms import PREFIX
from web.texts import gettext as _

GUIDE = Path(__file__).parents[1] / "templates" / "api.md"
"""What a program has to know besides the addresses."""

ROOMS = (definitions.room, instances.room, tasks.room, documents.room, messages.room, messages.signals)


class Described(Api):  # type: ignore[misc]
    """Describe the API, and leave errors to the house: pages go on answering programs and people each in their way."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        self.undescribed: list[Callable[[], None]] = []
        self._turn = Lock()
        super().__init__(app)

    def _openapi_json(self) -> Any:
        with self._turn:
            while self.undescribed:
                self.undescribed.pop(0)()
        return super()._openapi_json()

    def _register_error_handlers(self) -> None:
        pass


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Open the API: bearer tokens instead of cookies, and so no tokens against forged forms."""
    app.config.update(
        API_TITLE=_("岁序接口"),
        API_VERSION="1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX=PREFIX,
        API_SPEC_OPTIONS={"security": [{"token": []}], "info": {"description": GUIDE.read_text(encoding="utf-8")}},
    )
    described = Described(app)
    described.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for room in ROOMS:
        csrf.exempt(room)
        described.register_blueprint(room)


for room in ROOMS:
    tokens.guessing(room)
    room.before_request(partial(tokens.demand_for, room.looks, room.scope))
    room.before_request(partial(acts.inspect_body, room.files))
