"""Erase a record's content on a lawful demand: in the chain, and where its act left the same words beside it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from engine.core import chain, documents, history, opinions
from engine.ground import model
from engine.ground.unit_of_work import Actor, Unit

INSTEAD = "（内容已依法清除）"
"""What is shown where erased words stood."""


def erase(unit: Unit, stream: str, number: int, actor: Actor, authority: str, reason: str) -> None:
    """Erase an event's content, which must be there, in a stream that is held.

    With the completion of a task goes what was said in it: the opinion, the words handed on to what followed, and the
    paper of that act alone. With a grant of 代理 goes its authority. Files, shared documents, variables, notices and
    archives made before keep what they hold.
    """
    table = model.event
    query = select(table.c.kind, table.c.envelope).where(table.c.stream == stream, table.c.number == number)
    row = unit.connection.execute(query).one()
    history.erase(unit, stream, number, actor, authority, reason)
    if row.kind == "task.completed":
        _erase_completion(unit, stream.partition(":")[2], chain.parse(row.envelope))
    if row.kind == "substitution-granted":
        _erase_authority(unit, chain.parse(row.envelope)["substitution"])


def _erase_authority(unit: Unit, substitution_id: str) -> None:
    table = model.substitution
    unit.connection.execute(update(table).where(table.c.id == substitution_id).values(authority=INSTEAD))


def _erase_completion(unit: Unit, instance_id: str, head: Mapping[str, Any]) -> None:
    task_id, instance = head["task"], model.instance.c
    opinions.erase(unit, task_id, INSTEAD)
    key = unit.connection.execute(select(instance.business_key).where(instance.id == instance_id)).scalar_one()
    documents.erase(unit, key, documents.TASK + task_id)
    table = model.task
    query = select(table.c.id, table.c.cause).where(table.c.instance_id == instance_id)
    for row in unit.connection.execute(query).all():
        if row.cause and row.cause.get("task") == task_id and row.cause.get("text"):
            cause = {**row.cause, "text": INSTEAD}
            unit.connection.execute(update(table).where(table.c.id == row.id).values(cause=cause))
