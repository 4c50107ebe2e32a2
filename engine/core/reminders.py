"""Remind and chase (提醒、催办): on working days only, one line a task, one notice a person and day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from engine.core import notices, seats, substitutions
from engine.core.calendar import morning
from engine.core.substitutions import Cover
from engine.core.workdays import calendar_of
from engine.ground import model
from engine.ground.clock import local
from engine.ground.unit_of_work import Unit


def silent_until(unit: Unit) -> datetime | None:
    """Say until when reminders keep silent, where today is a day off."""
    calendar = calendar_of(unit)
    if calendar.is_workday(unit.today):
        return None
    return morning(calendar.next_workday_on_or_after(unit.today))


def send(unit: Unit, jobs: Sequence[Row[Any]]) -> None:
    """Tell whoever has the tasks, or the heads who are to chase them; a closed task is silent."""
    query = select(model.task, model.instance.c.title).join(
        model.instance, model.instance.c.id == model.task.c.instance_id
    )
    wanted = query.where(model.task.c.id.in_({job.task_id for job in jobs}), model.task.c.state == "open")
    tasks = {row.id: row for row in unit.connection.execute(wanted)}
    asked = {post for task in tasks.values() for post in task.candidates}
    covers = substitutions.covers(unit, asked | {job.payload["post"] for job in jobs if job.kind == "chase"})
    lines: dict[str, list[str]] = {}
    for job in jobs:
        if task := tasks.get(job.task_id):
            for person_id in dict.fromkeys(_told(unit, task, job, covers)):
                lines.setdefault(person_id, []).append(_line(task, job.kind))
    # In one order of persons, so that two workers never wait for each other's notices in a ring.
    for person_id in sorted(lines):
        notices.remind(unit, person_id, unit.today, "\n".join(lines[person_id]))


def _told(unit: Unit, task: Row[Any], job: Row[Any], covers: Sequence[Cover]) -> list[str]:
    """Name who is told; a deputy like the one whom they stand in for, so never for a leader."""
    if job.kind == "chase":
        post = job.payload["post"]
        if notices.is_leading(unit, post):
            return []
        return [*notices.reminded(unit, [post]), *(cover.deputy_id for cover in covers if cover.post == post)]
    deputies = [item for item in seats.deputies(unit, task, covers) if not notices.is_leading(unit, item.post)]
    if task.assignee_id and not any(notices.is_leading(unit, post) for post in task.candidates):
        return [task.assignee_id, *(item.deputy_id for item in deputies if item.principal_id == task.assignee_id)]
    return [*notices.reminded(unit, task.candidates), *(item.deputy_id for item in deputies)]


def _line(task: Row[Any], kind: str) -> str:
    day = local(task.due_at).date()
    what = f"{task.title}：{task.name}"
    if kind == "chase":
        return f"{what}，已于{day.month}月{day.day}日到期，尚未办理，请督促承办人。"
    return f"{what}，请于{day.month}月{day.day}日前办理。"
