"""Know for whom a program comes: a bearer token, never a cookie."""

from flask import Response, abort, g, request

from engine import personal_tokens
from engine.personal_tokens import Bearer
from web import session
from web.account import FAILURES, limiter


def admit() -> None:
    """Look up who comes, before anything is answered."""
    g.bearer = None
    if not session.is_for_programs():
        return
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        return
    with session.engine().reading() as unit:
        found = personal_tokens.find(unit, secret.strip())
        to_note = found is not None and personal_tokens.is_to_note(unit, found)
    if found is None:
        return
    if to_note:
        with session.engine().transaction() as unit:
            personal_tokens.note_use(unit, found)
    g.bearer, g.session = found, found.session


def bearer() -> Bearer:
    """Give the token of this request; nobody gets this far without one."""
    found: Bearer | None = g.bearer
    if found is None:
        abort(401)
    return found


def demand(scope: str) -> None:
    """Turn away who has no token, or one that is not for this."""
    if not bearer().may(scope):
        abort(403)


def demand_for(looks: str, acts: str) -> None:
    """Ask of a look one scope, of an act another."""
    demand(looks if request.method in ("GET", "HEAD", "OPTIONS") else acts)


def _has_failed(response: Response) -> bool:
    return response.status_code == 401


guessing = limiter.shared_limit(
    FAILURES, scope="tokens", deduct_when=_has_failed, exempt_when=lambda: g.get("bearer") is not None
)
"""As at the door; whoever has a right token is not shut out by others behind the same address."""
