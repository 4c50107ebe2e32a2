"""Put what gave up before a person (异常): list, retry, resolve; each act is recorded."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, tuple_, update

from engine.core import execution, history, outcomes, plain_text
from engine.ground import model
from engine.ground.errors import Invalid, NotFound, Stale
from engine.ground.unit_of_work import Actor, Unit

TABLE = model.incident.c
LONGEST = 500


def listing(
    unit: Unit, everything: bool = False, after: tuple[datetime, str] | None = None, limit: int = 200
) -> list[Row[Any]]:
    """List the incidents that wait for a person, oldest first; `after` is the (raised, id) of the last row seen.

    Each row has the instance's `title` and `definition_id`, and the `job_kind` and `attempts` of the job that gave up.
    """
    job, instance = model.job.c, model.instance.c
    of_job = (job.kind.label("job_kind"), job.attempts)
    query = (
        select(model.incident, instance.title, instance.definition_id, *of_job)
        .outerjoin(model.instance, instance.id == TABLE.instance_id)
        .outerjoin(model.job, job.id == TABLE.job_id)
    )
    if not everything:
        query = query.where(TABLE.resolved_at.is_(None))
    if after is not None:
        query = query.where(tuple_(TABLE.created_at, TABLE.id) > after)
    return list(unit.connection.execute(query.order_by(TABLE.created_at, TABLE.id).limit(limit)))


def place(row: Row[Any]) -> tuple[datetime, str]:
    """Give a row's place in the list, to ask for what comes after it."""
    return row.created_at, row.id


def waiting(unit: Unit) -> int:
    """Count the incidents that wait for a person."""
    return int(unit.connection.execute(select(func.count()).where(TABLE.resolved_at.is_(None))).scalar_one())


def retry(unit: Unit, incident_id: str, actor: Actor) -> None:
    """Let the job be tried again, at once.

    Raises:
        NotFound: unknown. Stale: resolved already. Invalid: nothing to try again.
    """
    row = _open(unit, incident_id)
    if row.job_id is None:
        raise Invalid("这条异常没有可以重试的作业，请处理后点“已解决”。")
    change = {"state": "due", "attempts": 0, "due_at": unit.now, "leased_until": None}
    job = model.job
    unit.connection.execute(update(job).where(job.c.id == row.job_id, job.c.state == "failed").values(change))
    _close(unit, row, actor, "重试")
    unit.after_commit(unit.engine.wake)


def resolve(unit: Unit, incident_id: str, actor: Actor, resolution: str) -> None:
    """Close an incident that was dealt with otherwise, saying how."""
    said = plain_text.read(resolution, "怎样解决的", LONGEST, "resolution", "请写明是怎样解决的。", lines=True)
    _close(unit, _open(unit, incident_id), actor, said)


def _open(unit: Unit, incident_id: str) -> Row[Any]:
    first = unit.connection.execute(select(model.incident).where(TABLE.id == incident_id)).first()
    if first is None:
        raise NotFound()
    if first.instance_id:
        execution.lock(unit, first.instance_id)
    row = unit.connection.execute(select(model.incident).where(TABLE.id == incident_id)).one()
    if row.resolved_at is not None:
        raise Stale("这条异常已经处理过。")
    return row


def _close(unit: Unit, row: Row[Any], actor: Actor, resolution: str) -> None:
    change = {"resolved_at": unit.now, "resolved_by": actor.person_id, "resolution": resolution}
    unit.connection.execute(update(model.incident).where(TABLE.id == row.id).values(change))
    stream, payload = outcomes.stream_of(row.instance_id), {"resolution": resolution}
    history.record(unit, stream, "incident.resolved", actor, payload, incident=row.id)
