"""The room of notices (通知): read them, and say that they were read."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import notices
from web import session
from web.addresses import further, read_place
from web.texts import gettext as _

PAGE = 50

room = Blueprint("notices", __name__)


@room.get("/notices")
def listing() -> str:
    """List a person's notices, newest first."""
    person_id, before = session.who().person_id, read_place(request.args.get("before", ""))
    with session.engine().reading() as unit:
        rows = notices.listing(unit, person_id, before, PAGE + 1)
        return render_template(
            "notices.html",
            rows=rows[:PAGE],
            unread=notices.unread(unit, person_id),
            further=further(rows, PAGE, notices.place),
            later=before is not None,
            before=request.args.get("before"),
        )


@room.post("/notices/<notice_id>/read")
def read(notice_id: str) -> Response:
    """Mark one as read, and go where it leads if that was asked for."""
    with session.engine().transaction() as unit:
        notices.read(unit, notice_id, session.who().person_id)
    wanted = request.form.get("open", "")
    if session.is_local(wanted):
        return redirect(wanted, 303)
    flash(_("已标为已读。"))
    return redirect(url_for("notices.listing", before=request.args.get("before")), 303)


@room.post("/notices/read")
def read_all() -> Response:
    """Mark every notice as read."""
    with session.engine().transaction() as unit:
        notices.read_all(unit, session.who().person_id)
    flash(_("通知都已标为已读。"))
    return redirect(url_for("notices.listing"), 303)
