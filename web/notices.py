"""The room of notices (通知): read them, and say that they were read."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import notices
from web import session
from web.texts import gettext as _

room = Blueprint("notices", __name__)


@room.get("/notices")
def listing() -> str:
    """List a person's notices, newest first."""
    with session.engine().reading() as unit:
        person_id = session.who().person_id
        rows = notices.listing(unit, person_id)
        return render_template("notices.html", rows=rows, unread=notices.unread(unit, person_id))


@room.post("/notices/<notice_id>/read")
def read(notice_id: str) -> Response:
    """Mark one as read, and go where it leads if that was asked for."""
    with session.engine().transaction() as unit:
        notices.read(unit, notice_id, session.who().person_id)
    wanted = request.form.get("open", "")
    return redirect(wanted if session.is_local(wanted) else url_for("notices.listing"), 303)


@room.post("/notices/read")
def read_all() -> Response:
    """Mark every notice on the page as read."""
    person_id = session.who().person_id
    with session.engine().transaction() as unit:
        for row in notices.listing(unit, person_id):
            if row.read_at is None:
                notices.read(unit, row.id, person_id)
    flash(_("通知都已标为已读。"))
    return redirect(url_for("notices.listing"), 303)
