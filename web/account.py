"""The room at the door: signing in and out, one's own account."""

from collections.abc import Mapping

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response

from engine import access, accounts, people, personal_tokens, setup, substitutions
from engine.accounts import Account, Session
from engine.ground.errors import Fault, Invalid, NotAllowed
from web import browsers, frame, session
from web.guard import SYSTEM
from web.texts import gettext as _

FAILURES = "20 per minute"
"""From one address, a guard against trying many accounts: one account's own lock is the engine's. Of one account, a
guard against trying its password where somebody left it open."""

Answer = Response | str | tuple[str, int]

room = Blueprint("account", __name__)
limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)


def _has_failed(response: Response) -> bool:
    return response.status_code == 422


def _is_known() -> bool:
    """Whoever has signed in here before is not shut out by the failures of others behind the same address."""
    with session.engine().reading() as unit:
        return accounts.is_known(unit, request.form.get("login", ""), browsers.known())


def _account() -> str:
    return session.who().account_id


@room.get("/login")
def login() -> Answer:
    """Show the door."""
    if session.signed_in() is not None:
        return redirect(_home(session.who()), 303)
    return _door()


@room.post("/login")
@limiter.limit(FAILURES, deduct_when=_has_failed, exempt_when=_is_known)
def sign_in() -> Answer:
    """Open the door, or say why not; what was typed stays, but for the password."""
    name, password = request.form.get("login", ""), request.form.get("password", "")
    if request.form.get("demo") and current_app.config["DEMO"]:
        name, password = request.form["demo"], current_app.config["DEMO_PASSWORD"]
    if faults := _blanks(name, password):
        return _door(name, faults), 422
    try:
        found = accounts.sign_in(session.engine(), name, password, request.remote_addr or "", browsers.known())
    except NotAllowed as error:
        return _door(name, [Fault("refused", error.message, "login")]), 422
    session.begin(found)
    wanted = request.form.get("next", "")
    answer = redirect(wanted if session.is_local(wanted) else _home(found), 303)
    browsers.remember(answer, found.account_id)
    return answer


def _blanks(name: str, password: str) -> list[Fault]:
    given = (("login", name, _("请填写登录名。")), ("password", password, _("请填写密码。")))
    return [Fault("blank", message, element) for element, value, message in given if not value.strip()]


def _home(found: Session) -> str:
    if found.must_change:
        return "/account"
    if SYSTEM in found.roles and _house_is_empty():
        return "/setup"
    return frame.home(found)


def _house_is_empty() -> bool:
    with session.engine().reading() as unit:
        return setup.is_due(unit)


def _door(name: str = "", faults: list[Fault] | None = None) -> str:
    wanted = request.values.get("next", "")
    return render_template(
        "login.html",
        login=name,
        faults=faults or [],
        wanted=wanted if session.is_local(wanted) else "",
        roles=_demo_accounts(),
    )


def _demo_accounts() -> list[Account]:
    if not current_app.config["DEMO"]:
        return []
    with session.engine().reading() as unit:
        return [account for account in accounts.listing(unit) if not account.disabled]


@room.post("/logout")
def sign_out() -> Answer:
    """Leave."""
    with session.engine().transaction() as unit:
        accounts.sign_out(unit, session.who().id, request.remote_addr or "")
    session.end()
    flash(_("您已退出登录。"))
    return redirect(url_for("account.login"), 303)


@room.get("/extend")
def extend() -> Answer:
    """Say until when the session goes on; opening any page extends it."""
    return render_template("extend.html")


@room.get("/account")
def show() -> Answer:
    """Show one's own posts, password and sign-ins."""
    return own([])


@room.post("/account")
@limiter.limit(FAILURES, key_func=_account, deduct_when=_has_failed)
def change_password() -> Answer:
    """Change one's own password."""
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if new != request.form.get("again", ""):
        return own([Fault("differs", _("两次填写的新密码不一样。"), "again")]), 422
    try:
        found = accounts.change_password(session.engine(), session.who().account_id, old, new, session.actor())
    except Invalid as error:
        return own(list(error.faults)), 422
    first = session.who().must_change
    session.begin(found)
    flash(_("密码已修改。在别处的登录都已结束。"))
    return redirect(_home(found) if first else url_for("account.show"), 303)


def own(
    faults: list[Fault], typed: Mapping[str, str] | None = None, token: Mapping[str, str | list[str]] | None = None
) -> str:
    """Show the page of one's own account; `typed` is what was put into the form that names a deputy, or a token."""
    me = session.who()
    with session.engine().reading() as unit:
        return render_template(
            "account.html",
            me=me,
            posts=people.posts_of(unit, me.person_id),
            roles=[accounts.ROLES[role] for role in me.roles],
            sign_ins=access.sign_ins(unit, me.account_id),
            granted=substitutions.listing(unit, principal_id=me.person_id),
            covered=substitutions.listing(unit, deputy_id=me.person_id),
            deputies=[person for person in substitutions.eligible(unit) if person.id != me.person_id],
            faults=faults,
            typed=typed,
            tokens=personal_tokens.listing(unit, me.account_id),
            scopes=personal_tokens.offered(me.roles),
            new_token=token,
        )
