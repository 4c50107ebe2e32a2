"""Read what really happened, and prove it: every instance, the log of access, the verdict of every chain."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import Row, select

from engine import accounts, instances, records
from engine.core.history import Event, Verdict
from engine.core.visibility import AUDIT
from engine.ground import model
from engine.ground.unit_of_work import Unit
from web import guard, session, streams, timeline
from web.addresses import read_number
from web.instances import STATES, asked, search, unit_names
from web.texts import gettext as _

room = Blueprint("audit", __name__, url_prefix="/audit")

LOG_PAGE = 100


@room.before_request
def _demand_auditor() -> None:
    guard.demand(AUDIT)


@room.get("")
def listing() -> str:
    """Search every instance; verify the chains of those that are shown, when asked to."""
    text, state = asked()
    wanted = request.args.get("verify", "")
    with session.engine().transaction() as unit:
        page = search(unit, text, state)
        verdicts = _verdicts(unit, page.rows, wanted)
        names = unit_names(unit)
        guard.note_reading(unit, "audit-searched", {"text": text, "state": state, "verified": len(verdicts)})
    return render_template(
        "audit/listing.html",
        page=page,
        text=text,
        state=state,
        states=STATES,
        units=names,
        verdicts=verdicts,
        erased=streams.erased_words,
    )


def _verdicts(unit: Unit, rows: Iterable[Row[Any]], wanted: str) -> dict[str, Verdict]:
    asked_for = [row.id for row in rows if wanted in ("page", row.id)]
    return {instance_id: instances.verify(unit, instance_id) for instance_id in asked_for}


@room.post("/verify")
def verify() -> str:
    """Recompute every chain, hold it against the anchors, and show what was found."""
    audit = records.verify(session.engine())
    with session.engine().transaction() as unit:
        counts = {"streams": audit.streams, "events": audit.events, "broken": len(audit.broken)}
        guard.note_reading(unit, "chains-verified", {**counts, "anchors": len(audit.anchors)})
        told = [f"{streams.name(unit, verdict.stream)}：{verdict.message}" for verdict in audit.broken]
        told += [f"{streams.name(unit, fault.element)}：{fault.message}" if fault.element else fault.message
                 for fault in audit.anchors]  # fmt: skip
        erased = [f"{streams.name(unit, verdict.stream)}：{streams.erased_words(verdict)}" for verdict in audit.erased]
    return render_template("audit/verified.html", audit=audit, told=told, erased=erased)


# The log of access


@dataclass(frozen=True)
class Entry:
    """Say one line of the log of access."""

    number: int
    when: str
    who: str
    what: str
    source: str


@room.get("/access")
def access() -> str:
    """Show who signed in, who was refused, and what auditors read, newest first."""
    before = request.args.get("before", "")
    with session.engine().transaction() as unit:
        events = _latest(unit, "access", read_number(before))
        entries = _entries(unit, events)
        guard.note_reading(unit, "access-log-read", {"entries": len(entries)})
    following = entries[-1].number if len(entries) == LOG_PAGE and entries[-1].number > 1 else 0
    return render_template("audit/access.html", entries=entries, following=following)


def _latest(unit: Unit, stream: str, before: int) -> list[Event]:
    table = model.event
    query = select(table).where(table.c.stream == stream).order_by(table.c.number.desc()).limit(LOG_PAGE)
    if before:
        query = query.where(table.c.number < before)
    rows = unit.connection.execute(query)
    return [
        Event(row.stream, row.number, row.kind, row.at, json.loads(row.envelope), json.loads(row.payload or b"{}"))
        for row in rows
    ]


def _entries(unit: Unit, events: list[Event]) -> list[Entry]:
    words = timeline.gather(unit, events)
    known = {item.id: f"{item.person_name}（{item.login}）" for item in accounts.listing(unit)}
    return [
        Entry(
            event.number,
            timeline.moment_words(event.at),
            known.get(str(event.envelope.get("account"))) or _who(event, words),
            _what(event),
            str((event.payload or {}).get("source") or ""),
        )
        for event in events
    ]


def _who(event: Event, words: timeline.Words) -> str:
    return _("没有这个登录名") if event.kind == "sign-in-refused" else timeline.who(event, words)


REASONS = {
    "unknown": _("登录名不存在"),
    "disabled": _("账号已停用"),
    "locked": _("账号锁定中"),
    "source-locked": _("这个来源失败次数过多"),
    "password": _("密码不对"),
}


def _what(event: Event) -> str:
    payload = event.payload or {}
    text = streams.kind_words(event.kind)
    if event.kind == "sign-in-refused":
        return _("%s：%s") % (text, REASONS.get(str(payload.get("reason")), _("其他原因")))
    if event.kind == "chains-verified":
        return _("%s：%s 条链、%s 条记录，%s 条链不一致") % (
            text, payload.get("streams"), payload.get("events"), payload.get("broken"),
        )  # fmt: skip
    about = payload.get("title") or payload.get("text")
    return _("%s“%s”") % (text, about) if about else text
