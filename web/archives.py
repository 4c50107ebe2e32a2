"""Hand the archive of an affair (归档包) to those who may see the whole of it, and check it before their eyes."""

from flask import Blueprint, Response, render_template

from engine import archive
from engine.archive import Kept
from engine.core import execution, history
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Unit
from web import guard, session
from web.files import parcel

room = Blueprint("archives", __name__)

SHOWN = 50


@room.get("/instances/<instance_id>/archive.zip")
def download(instance_id: str) -> Response:
    """Give the bag as a .zip; whoever takes it is on record."""
    with session.engine().transaction() as unit:
        kept, title = _find(unit, instance_id)
        pieces = archive.wrap(kept)
        # Whoever counts failed sign-ins in this stream looks for an account in every event.
        payload, ids = {"title": title}, {"account": None, "instance": instance_id}
        history.record(unit, history.ACCESS, "archive-read", session.actor(), payload, **ids)
    return parcel(pieces, f"{kept.folder.name}.zip")


def _find(unit: Unit, instance_id: str) -> tuple[Kept, str]:
    row = execution.find_row(unit, instance_id)
    kept = archive.find(unit, instance_id, guard.person_id(), guard.roles()) if row else None
    if row is None or kept is None:
        raise NotFound()
    return kept, row["title"]


@room.post("/instances/<instance_id>/archive/check")
def check(instance_id: str) -> str:
    """Check the bag as it lies there now."""
    with guard.looking() as unit:
        kept, title = _find(unit, instance_id)
        guard.note_reading(unit, "archive-checked", {"title": title}, instance=instance_id)
    # It reads every file: no transaction waits for that.
    faults = archive.check(kept)
    return render_template(
        "instances/archive.html", instance_id=instance_id, title=title, kept=kept, faults=faults, shown=SHOWN
    )
