"""The lists that are a person's own: what waits, what was done, what was started."""

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from engine import instances, people, tasks
from engine.ground.unit_of_work import Unit
from engine.tasks import TaskRow
from web import frame, session
from web.addresses import further, read_place

PAGE = 50

room = Blueprint("inbox", __name__)


@room.get("/")
def home() -> Response:
    """Go to what waits, or to an administrator's own room."""
    return redirect(frame.home(session.who()), 303)


@room.get("/inbox")
def waiting() -> str:
    """List what waits for this person, by deadline."""
    person_id, after = session.who().person_id, read_place(request.args.get("after", ""))
    with session.engine().reading() as unit:
        rows = tasks.inbox(unit, person_id, after, PAGE + 1)
        return render_template(
            "inbox.html",
            unit=unit,
            rows=rows[:PAGE],
            count=tasks.count(unit, person_id),
            further=further(rows, PAGE, tasks.place),
            later=after is not None,
            shared=_shared(unit, rows),
            names=people.person_names(unit, [who for row in rows for who in _named_in(row)]),
        )


def _named_in(row: TaskRow) -> tuple[str | None, ...]:
    cause = row.cause or {}
    return cause.get("person"), cause.get("acting_for"), row.acting_for


def _shared(unit: Unit, rows: list[TaskRow]) -> set[str]:
    """Name the tasks that several people could do: only there does a claim mean anything."""
    posts = {post for row in rows for post in row.candidates}
    holders = {post: {person.id for person in people.holders(unit, post)} for post in posts}
    return {row.id for row in rows if len(set().union(*(holders[post] for post in row.candidates))) > 1}


@room.get("/done")
def done() -> str:
    """List what this person has completed, newest first."""
    before = read_place(request.args.get("before", ""))
    with session.engine().reading() as unit:
        rows = tasks.done(unit, session.who().person_id, before, PAGE + 1)
        return render_template(
            "done.html",
            unit=unit,
            rows=rows[:PAGE],
            further=further(rows, PAGE, tasks.place),
            later=before is not None,
        )


@room.get("/started")
def started() -> str:
    """List the instances this person started, newest first, and what may be started."""
    person_id, before = session.who().person_id, read_place(request.args.get("before", ""))
    with session.engine().reading() as unit:
        rows = instances.started_by(unit, person_id, before, PAGE + 1)
        return render_template(
            "started.html",
            unit=unit,
            rows=rows[:PAGE],
            further=further(rows, PAGE, instances.place),
            later=before is not None,
            startable=instances.startable(unit, person_id),
        )
