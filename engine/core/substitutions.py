"""Know who stands in for whom (代理): a deputy decides in the place of an absent holder, authorised and dated.

The right is the shadow of a holding: it lasts from its first day until the day it ends or is revoked, and only while
the principal holds the post. So it ends with the holding, and a deputy has nothing to hand on.

A deputy does not decide on what is their own matter. It is theirs when they started what is at the top of it; or when
in the same instance, in another post's step, they left a version of a document, or did the step that the task follows
from. A step that several did at once (圈阅) does not count as what the task follows from: that is nobody's own.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, exists, or_, select

from engine.core import catalogue, directory, settled
from engine.core.directory import holds
from engine.ground import model
from engine.ground.unit_of_work import Unit

TABLE, TASK = model.substitution.c, model.task.c


@dataclass(frozen=True)
class Cover:
    """Say that a deputy covers a post for one of its holders."""

    deputy_id: str
    principal_id: str
    post: str


def covered(unit: Unit, person_id: str) -> list[Cover]:
    """List what a person covers for others today, the oldest first."""
    return [cover for cover in _in_force(unit) if cover.deputy_id == person_id]


def covers(unit: Unit, references: Collection[str]) -> list[Cover]:
    """List who covers some posts today, the oldest first."""
    return [cover for cover in _in_force(unit) if cover.post in references]


def _in_force(unit: Unit) -> list[Cover]:
    """Give what is in force today: within its days, not revoked, the principal in a post that exists."""
    granted = settled.of(unit, "substitutions", _granted)
    found = [Cover(row.deputy_id, row.principal_id, row.reference) for row in granted if _is_in_force(unit, row)]
    return list(dict.fromkeys(found))


def _granted(unit: Unit) -> list[Row[Any]]:
    query = select(model.substitution, model.post.c.reference).join(model.post, model.post.c.id == TABLE.post_id)
    return list(unit.connection.execute(query.where(TABLE.revoked_at.is_(None)).order_by(TABLE.starts, TABLE.id)))


def _is_in_force(unit: Unit, row: Row[Any]) -> bool:
    today, known = unit.today, directory.of(unit)
    if not row.starts <= today < row.ends or not known.is_alive(known.posts[row.reference], today):
        return False
    # A later appointment to the same post is another holding: it does not revive what ended with the first.
    held = known.by_person.get(row.principal_id, ())
    return any(item.reference == row.reference and holds(item, today) and item.starts <= row.starts for item in held)


def own_matters(unit: Unit, person_id: str, task_ids: Select[tuple[str]]) -> list[Row[Any]]:
    """Give those of some tasks that are a person's own matter, on which they decide for nobody."""
    root, own = model.instance.alias("root"), model.instance.c
    acted_in = select(TASK.instance_id).where(TASK.completed_by == person_id)
    query = (
        select(model.task, own.definition_id, root.c.starter_id)
        .join(model.instance, own.id == TASK.instance_id)
        .join(root, root.c.id == own.root_id)
        .where(TASK.id.in_(task_ids), or_(root.c.starter_id == person_id, TASK.instance_id.in_(acted_in)))
    )
    tasks = unit.connection.execute(query).all()
    steps = _steps(unit, person_id, task_ids) if tasks else {}
    return [
        task
        for task in tasks
        if task.starter_id == person_id or any(_came_from(unit, task, step) for step in steps[task.instance_id])
    ]


def _steps(unit: Unit, person_id: str, task_ids: Select[tuple[str]]) -> dict[str, list[Row[Any]]]:
    """Give what a person did in the instances of some tasks; `wrote` says whether it left a version of a document."""
    asked, version, document = model.task.alias("asked").c, model.document_version.c, model.document.c
    wrote = exists().where(
        version.task_id == TASK.id, document.id == version.document_id, document.name.not_like("task:%")
    )
    query = select(model.task, wrote.label("wrote")).where(
        TASK.completed_by == person_id,
        TASK.instance_id.in_(select(asked.instance_id).where(asked.id.in_(task_ids))),
    )
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in unit.connection.execute(query):
        found[row.instance_id].append(row)
    return found


def _came_from(unit: Unit, task: Row[Any], step: Row[Any]) -> bool:
    # Who fills in for a post takes back what comes back to it: that is no decision on one's own work.
    if set(step.candidates) & set(task.candidates):
        return False
    node = catalogue.load(unit, task.definition_id).diagram.nodes[step.activity_id]
    return bool(step.wrote) or ((task.cause or {}).get("task") == step.id and node.multi is None)
