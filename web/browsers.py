"""Know a browser that somebody has signed in with before, so that whoever guesses elsewhere cannot shut it out.

Its cookie is signed, goes to the door only, and gives no right but this: the browser's own failures alone count.
"""

import secrets
from datetime import timedelta
from typing import Any

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from engine.accounts import UNKNOWN, Browser

COOKIE = "suixu_known"
KEPT = timedelta(days=180)
ACCOUNTS = 8
"""People who may share one browser; the one who was here longest ago is forgotten first."""


def known() -> Browser:
    """Say which browser this is, and to whose accounts it was signed in before."""
    content = _read()
    return Browser(content[0], frozenset(content[1:])) if content else UNKNOWN


def remember(response: Response, account_id: str) -> None:
    """Let the browser of a request prove later that it was signed in to an account."""
    content = _read() or [secrets.token_urlsafe(16)]
    others = [item for item in content[1:] if item != account_id][-ACCOUNTS + 1 :]
    text = _signer().dumps([content[0], *others, account_id])
    response.set_cookie(
        COOKIE, text, max_age=KEPT, path="/login", secure=request.is_secure, httponly=True, samesite="Lax"
    )


def _read() -> list[str]:
    try:
        # The age is the real one: a browser's cookie lives by its own clock.
        content: Any = _signer().loads(request.cookies.get(COOKIE, ""), max_age=int(KEPT.total_seconds()))
    except BadSignature:
        return []
    return list(content)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="suixu known browser")
