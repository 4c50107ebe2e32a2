"""Write down what outside work gave back, or that it gave up."""

import io
from typing import Any

from sqlalchemy import Row, insert

from engine.core import documents, effects, execution, history, notices, organization, plain_text
from engine.core.execution import Run
from engine.core.tokens import Token
from engine.core.variables import home
from engine.ground import model
from engine.ground.errors import Stuck
from engine.ground.unit_of_work import SYSTEM, Engine, Result, Unit, new_id

FILE_LIMIT = 1 << 30


def store(engine: Engine, item: tuple[str, str, str, str, bytes]) -> tuple[str, int]:
    """Write a function's file before the commit that names it."""
    return documents.store(engine.files, io.BytesIO(item[4]), FILE_LIMIT)


def keep(run: Run, token: Token, result: Result, stored: list[tuple[str, int]]) -> None:
    """Set the variables, keep the documents and tell the people that a function gave back.

    Raises:
        Stuck: somebody it wants told does not exist. Stale: a document elsewhere that it changes has a newer version.
    """
    scope = home(token.frames)
    for name, value in result.variables.items():
        run.scopes.set(scope, name, value)
    kept: list[documents.Version] = []
    for name, content in result.documents.items():
        kept.append(
            documents.put_values(run.unit, run.row, name, str(content.get("title") or token.node.name), content, SYSTEM)
        )
    for (name, title, file_name, media_type, _), where in zip(result.files, stored, strict=True):
        kept.append(documents.put_file(run.unit, run.row, name, title, file_name, media_type, where, SYSTEM))
    kept += [documents.revise(run.unit, run.row, revision, SYSTEM) for revision in result.revisions]
    told = [person for number in range(len(result.notices)) for person in _tell(run, token, result, number)]
    ids = {"documents": [list(item) for item in kept], **({"told": told} if told else {})}
    run.record("function.done", {}, activity=token.node.id, token=token.id, **ids)


def _tell(run: Run, token: Token, result: Result, number: int) -> list[str]:
    """Put a notice before each person meant, once for each run of the function; give who they are."""
    to, title, body = result.notices[number]
    is_post = bool(effects.REFERENCE.fullmatch(to))
    if is_post:
        to = effects.own_post(run.row["unit_code"], to)
    known = organization.references(run.unit) if is_post else organization.person_names(run.unit, [to])
    if to not in known:
        raise Stuck(f"环节“{token.node.name}”要通知的“{to}”不存在。请管理员处理后重试。", token.node.id)
    people = [person.id for person in organization.holders(run.unit, to)] if is_post else [to]
    execution.join(run, [f"post:{to}" if is_post else f"person:{to}"])
    for person in people:
        key = f"function:{token.id}:{number}:{person}"
        notices.tell(run.unit, key, person, "function", title, body, f"/instances/{run.id}")
    return people


def raise_incident(unit: Unit, job: Row[Any], message: str) -> None:
    """Put a job that gave up before a person (异常); its instance is locked already."""
    message = plain_text.printable(message)
    row = {
        "id": new_id(),
        "job_id": job.id,
        "instance_id": job.instance_id,
        "activity_id": _activity(unit, job),
        "message": message,
        "created_at": unit.now,
    }
    unit.connection.execute(insert(model.incident), row)
    stream, ids = stream_of(job.instance_id), {"incident": row["id"], "job": job.id}
    history.record(unit, stream, "incident.raised", SYSTEM, {"message": message}, **ids)


def stream_of(instance_id: str | None) -> str:
    """Name the stream that an incident is recorded in: its instance's, or the house's."""
    return f"instance:{instance_id}" if instance_id else history.ORGANIZATION


def _activity(unit: Unit, job: Row[Any]) -> str:
    if not job.instance_id or not job.token_id:
        return ""
    tokens = execution.tokens_of(unit, job.instance_id, execution.definition_of(unit, job.instance_id))
    return next((token.node.id for token in tokens if token.id == job.token_id), "")


def try_again(run: Run, token: Token, kind: str) -> None:
    """Do again what got stuck."""
    if kind == "step":
        run.machine.resume(token.id)
    elif kind == "open":
        effects.open_task(run, token)
    elif kind == "await":
        effects.await_time(run, token)
    else:
        execution.call(run, token.id)
