"""Let a person make tokens for programs that act for them (接口令牌), and revoke them, on the page of their account."""

from flask import Blueprint, flash, redirect, render_template, request, url_for

from engine import personal_tokens
from engine.core.form_cleaning import read_date
from engine.ground.errors import Invalid
from web import session
from web.account import Answer, own
from web.texts import gettext as _

room = Blueprint("personal_tokens", __name__, url_prefix="/account/tokens")


@room.post("")
def issue() -> Answer:
    """Make a token, and show its secret this once."""
    name, expires = request.form.get("name", "").strip(), request.form.get("expires", "").strip()
    scopes = request.form.getlist("scopes")
    me = session.who()
    try:
        with session.engine().transaction() as unit:
            day = read_date(expires)
            _token, secret = personal_tokens.issue(unit, me.account_id, name, scopes, day, session.actor())
    except Invalid as error:
        return own(list(error.faults), token={"name": name, "expires": expires, "scopes": scopes}), 422
    return render_template("personal_token.html", name=name, expires=day, secret=secret)


@room.post("/<token_id>/revoke")
def revoke(token_id: str) -> Answer:
    """End a token at once."""
    with session.engine().transaction() as unit:
        personal_tokens.revoke(unit, token_id, session.actor())
    flash(_("令牌已撤销，用它的程序立刻不能再进来。"))
    return redirect(url_for("account.show"), 303)
