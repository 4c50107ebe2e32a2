"""Keep the accounts: who may sign in, with which roles. First passwords are shown once, to be handed over."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import accounts
from engine.accounts import Account
from engine.core import forms
from engine.core.forms import Values
from engine.ground.errors import Fault, Invalid, NotFound
from engine.ground.unit_of_work import Actor, Unit
from web import guard, session
from web.addresses import read_number
from web.guard import SYSTEM
from web.organization_forms import ACCOUNT, options
from web.texts import gettext as _

room = Blueprint("accounts", __name__, url_prefix="/organization/accounts")

PAGE = 100
LONGEST_SOUGHT = 100


@room.before_request
def _demand_administrator() -> None:
    guard.demand(SYSTEM)


@room.get("")
def listing() -> str:
    """List accounts by login, a page at a time; those only whose login or name has the words looked for."""
    text = request.args.get("text", "")[:LONGEST_SOUGHT].strip()
    after = read_number(request.args.get("after", ""))
    with session.engine().reading() as unit:
        found = [item for item in accounts.listing(unit) if _has(item, text.casefold())]
        now = unit.now
    return render_template(
        "organization/accounts.html",
        accounts=found[after : after + PAGE],
        number=len(found),
        text=text,
        later=after > 0,
        further=after + PAGE if len(found) > after + PAGE else "",
        roles=accounts.ROLES,
        now=now,
    )


def _has(account: Account, text: str) -> bool:
    return any(text in name.casefold() for name in (account.login, account.person_name))


@room.get("/new")
def new() -> str:
    """Ask for a new account."""
    values = forms.initial(ACCOUNT, lambda text: None)
    values.update({key: text for key, text in request.args.items() if key == "person"})
    return _new_page(values)


def _new_page(values: Values, faults: tuple[Fault, ...] = ()) -> str:
    with session.engine().reading() as unit:
        offered = options(unit)
    return render_template(
        "organization/change.html",
        title=_("建立账号"),
        action=url_for("accounts.create"),
        form=ACCOUNT,
        values=values,
        options=offered,
        faults=faults,
    )


@room.post("/new")
def create() -> AnyResponse | str:
    """Open an account, and show its first password this once."""
    values = forms.parse(ACCOUNT, request.form.to_dict(flat=False))
    # Hashing takes its time, and must not keep other writers waiting.
    initial = accounts.prepare(str(values["login"]))
    try:
        with session.engine().transaction() as unit:
            clean, faults = forms.validate(ACCOUNT, values, "do", options(unit))
            if faults:
                raise Invalid(_("没有建立账号。"), faults)
            roles = clean.get("roles") or []
            accounts.create_prepared(unit, clean["person"], initial, roles, session.actor())
    except Invalid as error:
        faults = list(error.faults) or [Fault("refused", error.message)]
        return make_response(_new_page(values, tuple(faults)), 422)
    return _password_page(_("账号已建立"), initial.login, initial.password)


def _password_page(title: str, login: str, password: str) -> str:
    return render_template("organization/password.html", title=title, login=login, password=password)


@room.get("/<account_id>")
def show(account_id: str) -> str:
    """Show one account with what can be done to it."""
    return _page(account_id)


def _page(account_id: str, message: str = "") -> str:
    with session.engine().reading() as unit:
        account = accounts.find(unit, account_id)
        locked = account.locked_until is not None and account.locked_until > unit.now
    return render_template(
        "organization/account.html",
        account=account,
        locked=locked,
        roles=accounts.ROLES,
        grantable=accounts.GRANTABLE,
        own=account.person_id == guard.person_id(),
        message=message,
    )


def _role(act: Callable[[Unit, str, str, Actor], None]) -> Callable[[Unit, str, Actor], None]:
    return lambda unit, account_id, actor: act(unit, account_id, request.form.get("role", ""), actor)


ACTS: dict[str, tuple[Callable[[Unit, str, Actor], Any], str]] = {
    "grant": (_role(accounts.grant), _("角色已授予。")),
    "revoke": (_role(accounts.revoke), _("角色已收回，此人须重新登录。")),
    "disable": (accounts.disable, _("账号已停用。")),
    "enable": (accounts.enable, _("账号已启用，锁定已解除。")),
    "reset": (accounts.reset_password, _("密码已重置")),
}


@room.post("/<account_id>/<name>")
def act(account_id: str, name: str) -> AnyResponse | str:
    """Change an account."""
    if name not in ACTS:
        raise NotFound()
    do, done = ACTS[name]
    try:
        with session.engine().transaction() as unit:
            password = do(unit, account_id, session.actor())
            account: Account = accounts.find(unit, account_id)
    except Invalid as error:
        return make_response(_page(account_id, error.message), 422)
    if name == "reset":
        return _password_page(done, account.login, str(password))
    flash(done)
    return redirect(url_for("accounts.show", account_id=account_id), 303)
