"""Know who is signed in: a signed cookie names a session, which is looked up at every request.

What every room asks: `engine()`, `who()`, `actor()`.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response as AnyResponse

from engine import accounts
from engine.accounts import Session
from engine.ground.unit_of_work import Actor, Engine

ENGINE = "suixu.engine"
IDLE = timedelta(minutes=30)
OPEN_TO_ALL = frozenset({"static", "account.login", "account.sign_in"})
BEFORE_A_NEW_PASSWORD = OPEN_TO_ALL | {"account.show", "account.change_password", "account.sign_out", "account.extend"}

API, WATCHED = "/api/", ("/healthz", "/readyz", "/metrics")
"""Where programs come in."""

SESSION, SEEN = "session", "seen"
"""What the cookie holds: the session's id, and when it was last used."""


class Cookies(SecureCookieSessionInterface):
    """Mark the cookie `Secure` wherever the person came by TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the cookie may travel over TLS only."""
        return request.is_secure


def is_for_programs() -> bool:
    """Tell whether this request comes by token and never by cookie, and is answered to a program."""
    return request.path.startswith(API) or request.path in WATCHED


def install(app: Flask, engine: Engine) -> None:
    """Give the app its engine, and let nobody in who is not signed in."""
    app.extensions[ENGINE] = engine
    app.session_interface = Cookies()
    app.before_request(_admit)


def engine() -> Engine:
    """Give the engine of this app."""
    found: Engine = current_app.extensions[ENGINE]
    return found


def signed_in() -> Session | None:
    """Give the session of this request, if there is one."""
    found: Session | None = g.get("session")
    return found


def who() -> Session:
    """Give the session of this request; nobody gets this far without one."""
    found = signed_in()
    if found is None:
        abort(401)
    return found


def actor(post: str = "") -> Actor:
    """Give the person of this request as one who acts."""
    return Actor(who().person_id, post)


def begin(found: Session) -> None:
    """Sign a person in: nothing of the session before is kept."""
    session.clear()
    session[SESSION] = found.id
    _carry_on(found)


def _carry_on(found: Session) -> None:
    """Count the idle time from now."""
    session[SEEN] = engine().clock.now().isoformat()
    g.session = found


def end() -> None:
    """Forget who was signed in."""
    session.clear()
    g.session = None


def ends_at() -> datetime:
    """Say when this session ends if nothing is done."""
    return min(engine().clock.now() + IDLE, who().until)


def is_local(path: str) -> bool:
    """Tell whether a path leads to a page of this house and nowhere else."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return False
    parts = urlsplit(path)
    return not parts.scheme and not parts.netloc


def _admit() -> AnyResponse | None:
    if is_for_programs():
        g.session = None
        return None
    # What a page is dressed in is anybody's, also while the database is away.
    g.session = found = _find() if request.endpoint != "static" else None
    if found is None:
        if request.endpoint == "static":
            return None
        if SESSION in session:
            end()
        return None if request.endpoint in OPEN_TO_ALL else _send_to_sign_in()
    _carry_on(found)
    if found.must_change and request.endpoint not in BEFORE_A_NEW_PASSWORD:
        return redirect(url_for("account.show"), 303)
    return None


def _find() -> Session | None:
    if SESSION not in session or _is_idle():
        return None
    with engine().reading() as unit:
        return accounts.session(unit, session[SESSION])


def _is_idle() -> bool:
    try:
        seen = datetime.fromisoformat(session[SEEN])
    except (KeyError, ValueError):
        return True
    return engine().clock.now() - seen > IDLE


def _send_to_sign_in() -> Response | AnyResponse:
    if request.method not in ("GET", "HEAD"):
        # What was typed is shown again on the page of the error, so that nothing is lost with the session.
        abort(401)
    wanted = request.full_path.rstrip("?")
    return redirect(url_for("account.login", next=wanted if wanted != "/" else None), 303)
