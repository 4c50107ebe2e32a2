"""Find the relatives of an instance, and what each of them left behind."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, select

from engine.core import history
from engine.core.history import Event
from engine.core.variables import Scopes
from engine.ground import model
from engine.ground.unit_of_work import Unit

TABLE = model.instance


def family(unit: Unit, instance_id: str) -> list[Row[Any]]:
    """List everything under the same root, the root first, then by start."""
    root = select(TABLE.c.root_id).where(TABLE.c.id == instance_id).scalar_subquery()
    query = select(TABLE).where(TABLE.c.root_id == root).order_by(TABLE.c.started_at, TABLE.c.id)
    rows = list(unit.connection.execute(query))
    return sorted(rows, key=lambda row: row.parent_id is not None)


def siblings(unit: Unit, instance_id: str, process_key: str) -> list[Row[Any]]:
    """List the instances of a process that were called by the same parent, by start."""
    parent = select(TABLE.c.parent_id).where(TABLE.c.id == instance_id).scalar_subquery()
    query = select(TABLE).where(TABLE.c.parent_id == parent, TABLE.c.process_key == process_key)
    return list(unit.connection.execute(query.order_by(TABLE.c.started_at, TABLE.c.id)))


def of_process(unit: Unit, process_key: str, prefix: str) -> list[Row[Any]]:
    """List the instances of a process whose business key begins with a text, by start."""
    key = TABLE.c.business_key.startswith(prefix, autoescape=True)
    query = select(TABLE).where(TABLE.c.process_key == process_key, key)
    return list(unit.connection.execute(query.order_by(TABLE.c.started_at, TABLE.c.id)))


def variable(unit: Unit, instance_id: str, name: str) -> Any:
    """Give a variable of an instance itself, None when it has none."""
    return Scopes.load(unit, instance_id).get(("", name))


def standing(events: list[Event]) -> dict[str, int]:
    """Say by document id which version an instance last confirmed."""
    return {entry[0]: entry[1] for event in events for entry in event.envelope.get("documents") or ()}


def confirmed(unit: Unit, instance_id: str, document_id: str, activities: Collection[str]) -> int:
    """Say which version of a document somebody last put their name to in one of these activities; 0 is none.

    Who completes a task without changing the document confirms what is there: no version tells that, the history does.
    """
    events = history.read(unit.connection, f"instance:{instance_id}")
    done = [event for event in events if event.kind == "task.completed" and event.envelope["activity"] in activities]
    return standing(done).get(document_id, 0)


def content(unit: Unit, document_id: str, number: int) -> dict[str, Any]:
    """Give the values of one version of a document, nothing where there is none."""
    table = model.document_version.c
    query = select(table.content).where(table.document_id == document_id, table.number == number)
    found = unit.connection.execute(query).scalar_one_or_none()
    return dict(found) if found else {}


def tasks(unit: Unit, instance_ids: Collection[str]) -> dict[str, Row[Any]]:
    """Give the tasks of some instances by id, oldest first."""
    table = model.task
    query = select(table).where(table.c.instance_id.in_(instance_ids)).order_by(table.c.created_at, table.c.id)
    return {row.id: row for row in unit.connection.execute(query)}


def urged(unit: Unit, task_ids: Collection[str]) -> list[Row[Any]]:
    """List the reminders and the chasing that tasks have seen: kind, task and moment, oldest first."""
    table = model.job
    query = select(table.c.kind, table.c.task_id, table.c.closed_at).where(
        table.c.task_id.in_(task_ids), table.c.kind.in_(("remind", "chase")), table.c.state == "done"
    )
    return list(unit.connection.execute(query.order_by(table.c.closed_at, table.c.id)))


def document_titles(unit: Unit, document_ids: Collection[str]) -> dict[str, str]:
    """Give the titles of documents by id."""
    table = model.document.c
    rows = unit.connection.execute(select(table.id, table.title).where(table.id.in_(document_ids)))
    return {row.id: row.title for row in rows}
