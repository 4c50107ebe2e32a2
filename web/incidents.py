"""Show what gave up and needs a person (异常), to business administrators: try again, or say how it was solved."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from engine import definitions, incidents, people
from engine.ground.errors import Fault, Invalid
from engine.ground.unit_of_work import Unit
from web import guard, session
from web.addresses import further, read_place
from web.texts import gettext as _

PROCESS = "process"
PAGE = 50

JOBS: Mapping[str, str] = {
    "timer": _("定的时间到了"),
    "return": _("收下级事项的结果"),
    "start": _("自动发起"),
    "message": _("转交消息"),
    "signal": _("转交信号"),
    "function": _("系统办理"),
    "remind": _("提醒"),
    "chase": _("催办"),
    "send": _("对外发送通知"),
    "anchor": _("每天锚定记录"),
    "release": _("放回签收"),
    "expire": _("清理过期消息"),
    "step": _("走到下一步"),
    "open": _("交办"),
    "await": _("定时间"),
    "call": _("开始下级事项"),
}
"""Names the kinds of jobs that may give up."""

room = Blueprint("incidents", __name__)


@room.get("/incidents")
def listing() -> str:
    """List what waits for a person; with `everything`, what was dealt with too."""
    return _page(())


def _page(faults: tuple[Fault, ...], typed: str = "") -> str:
    guard.demand(PROCESS)
    everything, after = request.args.get("everything") == "1", read_place(request.args.get("after", ""))
    with session.engine().reading() as unit:
        rows = incidents.listing(unit, everything, after, PAGE + 1)
        names = people.person_names(unit, [row.resolved_by for row in rows])
        steps = {row.id: _step(unit, row) for row in rows[:PAGE]}
    return render_template(
        "incidents.html",
        rows=rows[:PAGE],
        further=further(rows, PAGE, incidents.place),
        later=after is not None,
        names=names,
        steps=steps,
        jobs=JOBS,
        everything=everything,
        asked=_asked(),
        faults=faults,
        typed=typed,
        longest=incidents.LONGEST,
    )


def _asked() -> dict[str, Any]:
    """Give what the address says of the list, to come back to the same page of it."""
    return {name: request.args.get(name) for name in ("everything", "after")}


def _step(unit: Unit, row: Row[Any]) -> str:
    """Name the step that an incident is about, where it is about one that has a name."""
    if not row.definition_id or not row.activity_id:
        return ""
    node = definitions.get(unit, row.definition_id).diagram.nodes.get(row.activity_id)
    return node.name if node is not None else ""


@room.post("/incidents/<incident_id>/retry")
def retry(incident_id: str) -> Response:
    """Try again at once (重试)."""
    guard.demand(PROCESS)
    try:
        with session.engine().transaction() as unit:
            incidents.retry(unit, incident_id, session.actor())
    except Invalid as error:
        return make_response(_page((Fault("retry", error.message, f"solved-{incident_id}"),)), 422)
    flash(_("已安排重试。如果仍不成功，会再次出现在这里。"))
    return redirect(url_for("incidents.listing", **_asked()), 303)


@room.post("/incidents/<incident_id>/resolve")
def resolve(incident_id: str) -> Response:
    """Close what was dealt with otherwise (已解决)."""
    guard.demand(PROCESS)
    typed = request.form.get("resolution", "")
    try:
        with session.engine().transaction() as unit:
            incidents.resolve(unit, incident_id, session.actor(), typed)
    except Invalid as error:
        return make_response(_page((Fault("resolution", error.message, f"solved-{incident_id}"),), typed), 422)
    flash(_("已记下处理情况。"))
    return redirect(url_for("incidents.listing", **_asked()), 303)
