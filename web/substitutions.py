"""Let a holder name a deputy for an absence (代理), and take it back; both on the page of one's own account."""

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from engine import substitutions
from engine.core.form_cleaning import read_date
from engine.ground.errors import Fault, Invalid
from web import session
from web.account import Answer, own
from web.texts import gettext as _

room = Blueprint("substitutions", __name__, url_prefix="/account/substitutions")

FIELDS = ("post", "deputy", "starts", "ends", "authority")
BLANK = {
    "post": _("请选择由人代理的岗位。"),
    "deputy": _("请选择代理人。"),
    "starts": _("请填写起始日期，例如 2026-03-15。"),
    "ends": _("请填写截止日期，例如 2026-03-20。"),
    "authority": _("请写明授权依据或者原因。"),
}


@room.post("")
def grant() -> Answer:
    """Name a deputy for one of one's own posts."""
    typed = {name: request.form.get(name, "").strip() for name in FIELDS}
    days = {name: read_date(typed[name]) for name in ("starts", "ends")}
    missing = [name for name in FIELDS if not (days[name] if name in days else typed[name])]
    try:
        if missing:
            raise Invalid(_("没有授权。"), [Fault("blank", BLANK[name], name) for name in missing])
        _grant(typed, days)
    except Invalid as error:
        return own(list(error.faults), typed), 422
    return _back(_("代理已授权，双方都已收到通知。"))


def _grant(typed: Mapping[str, str], days: Mapping[str, date | None]) -> None:
    starts, ends = days["starts"], days["ends"]
    assert starts is not None and ends is not None
    actor = session.actor()
    assert actor.person_id is not None
    with session.engine().transaction() as unit:
        substitutions.grant(
            unit, actor.person_id, typed["deputy"], typed["post"], starts, ends, typed["authority"], actor
        )


@room.post("/<substitution_id>/revoke")
def revoke(substitution_id: str) -> Answer:
    """End a substitution that one has granted, once it is confirmed."""
    if request.form.get("confirmed") != "yes":
        message = _("撤销以后代理人立刻不能再办理，请勾选“我确认撤销”。")
        return own([Fault("unconfirmed", message, f"confirmed-{substitution_id}")]), 422
    with session.engine().transaction() as unit:
        substitutions.revoke(unit, substitution_id, session.actor())
    return _back(_("代理已撤销，双方都已收到通知。"))


def _back(message: str) -> Response:
    flash(message)
    return redirect(url_for("account.show"), 303)
