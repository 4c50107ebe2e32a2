"""Erase a record's content on a lawful demand (依法清除): a room for the security administrator; auditors look in."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from engine import erasures, people
from engine.core.visibility import AUDIT
from engine.erasures import SECURITY
from engine.ground.errors import Fault, NotFound
from engine.ground.unit_of_work import Unit
from web import guard, session, streams
from web.addresses import read_number
from web.texts import gettext as _

room = Blueprint("erasures", __name__, url_prefix="/erasures")

PAGE = 100
NAME_LIMIT = 300
SUBJECTS = {
    "instance": _("事项（填完整的标题）"),
    "account": _("账号（填登录名）"),
    "definition": _("流程的发布记录（填流程的完整名称）"),
    "organization": _("组织变更记录（不用填名称）"),
    "access": _("访问日志（不用填名称）"),
}


@dataclass(frozen=True)
class Erased:
    """Say what was erased, on what authority, by whom."""

    where: str
    row: Row[Any]
    who: str


@room.get("")
def listing() -> str:
    """List all that was erased; let the security administrator look for a record by the full name of its matter."""
    guard.demand(SECURITY, AUDIT)
    kind, name = request.args.get("kind", ""), request.args.get("name", "").strip()[:NAME_LIMIT]
    with guard.looking() as unit:
        places = erasures.find(unit, kind, name) if guard.has(SECURITY) else []
        done = _done(unit)
        guard.note_reading(unit, "erasures-read", {"entries": len(done)})
        names = {place.stream: streams.name(unit, place.stream) for place in places}
    return render_template(
        "erasures/listing.html",
        may_erase=guard.has(SECURITY),
        subjects=SUBJECTS,
        kind=kind if kind in SUBJECTS else "",
        name=name,
        places=places,
        names=names,
        done=done,
    )


def _done(unit: Unit) -> list[Erased]:
    rows = erasures.listing(unit)
    who = people.person_names(unit, [row.by for row in rows])
    where = {stream: streams.name(unit, stream) for stream in {row.stream for row in rows}}
    return [Erased(where[row.stream], row, who.get(row.by) or _("系统")) for row in rows]


@room.get("/<stream>")
def records(stream: str) -> str:
    """List a stream's records by number, kind and time; what they say is not this person's to see."""
    guard.demand(SECURITY)
    before = read_number(request.args.get("before", ""))
    sought = read_number(request.args.get("number", ""))
    with guard.looking() as unit:
        rows = erasures.events(unit, stream, sought + 1 if sought else before, PAGE)
        if not rows and not (before or sought):
            raise NotFound()
        name = streams.name(unit, stream)
        guard.note_reading(unit, "records-listed", {"title": name})
    following = rows[-1].number if len(rows) == PAGE and rows[-1].number > 1 else 0
    return render_template(
        "erasures/records.html",
        stream=stream,
        name=name,
        rows=rows,
        sought=sought,
        following=following,
        words=streams.kind_words,
        lasting=erasures.ERASED,
    )


@room.get("/<stream>/<int:number>")
def ask(stream: str, number: int) -> str:
    """Ask for authority and reason."""
    return _page(stream, number, {})


def _page(stream: str, number: int, typed: dict[str, str], faults: list[Fault] | None = None) -> str:
    guard.demand(SECURITY)
    with session.engine().reading() as unit:
        row = erasures.event(unit, stream, read_number(str(number)))
        name = streams.name(unit, stream)
    return render_template(
        "erasures/record.html",
        stream=stream,
        name=name,
        row=row,
        words=streams.kind_words,
        lasting=row.kind == erasures.ERASED,
        typed=typed,
        faults=faults or [],
        longest=erasures.LONGEST,
    )


@room.post("/<stream>/<int:number>")
def erase(stream: str, number: int) -> Response:
    """Erase, once more confirmed."""
    guard.demand(SECURITY)
    typed = {key: request.form.get(key, "") for key in erasures.LONGEST}
    faults = erasures.faults(**typed)
    if request.form.get("confirmed") != "yes":
        faults.append(Fault("unconfirmed", _("清除以后不能恢复，请勾选“我已核对”。"), "confirmed"))
    if faults:
        return make_response(_page(stream, number, typed, faults), 422)
    with session.engine().transaction() as unit:
        erasures.erase(unit, stream, read_number(str(number)), session.actor(), **typed)
    flash(_("第%s条记录的内容已依法清除，清除本身也已记录。") % number)
    return redirect(url_for("erasures.records", stream=stream), 303)
