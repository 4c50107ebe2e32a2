"""Keep notices (通知): in the house each exists exactly once, by its key."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import update

from engine.core import organization, plain_text
from engine.ground import model
from engine.ground.database import insert_new
from engine.ground.unit_of_work import Unit, new_id


def tell(unit: Unit, key: str, person_id: str, kind: str, title: str, body: str, link: str) -> bool:
    """Put a notice before a person; tell whether it is new."""
    row = {
        "id": new_id(),
        "key": key,
        "person_id": person_id,
        "kind": kind,
        "title": plain_text.heading(title, 300),
        "body": plain_text.printable(body),
        "link": link,
        "created_at": unit.now,
    }
    new = insert_new(unit.connection, model.notice, [row]) == 1
    if new and unit.engine.settings.notify_urls:
        _plan_sending(unit, row)
    return new


def _plan_sending(unit: Unit, notice: dict[str, Any]) -> None:
    job = {
        "id": new_id(),
        "kind": "send",
        "key": f"send:{notice['key']}",
        "due_at": unit.now,
        "state": "due",
        "attempts": 0,
        "payload": {"title": notice["title"], "link": notice["link"]},
    }
    insert_new(unit.connection, model.job, [job])
    unit.after_commit(unit.engine.wake)


def remind(unit: Unit, person_id: str, day: date, line: str) -> None:
    """Add a line to a person's one reminder of a day."""
    key = f"reminder:{person_id}:{day.isoformat()}"
    if tell(unit, key, person_id, "reminder", f"{day.month}月{day.day}日待办提醒", line, "/inbox"):
        return
    table = model.notice
    query = update(table).where(table.c.key == key).values(body=table.c.body + "\n" + line)
    unit.connection.execute(query)


def is_leading(unit: Unit, reference: str) -> bool:
    """Tell whether a post belongs to a leading group: machines never chase its holders."""
    groups = {item.code for item in organization.units(unit) if item.kind == "group"}
    return reference.partition(".")[0] in groups


def reminded(unit: Unit, references: Iterable[str]) -> list[str]:
    """Give who is reminded of what waits for these posts: the holders, or a leader's secretary in their place."""
    found: list[str] = []
    for reference in references:
        if is_leading(unit, reference):
            found += _secretaries(unit)
        else:
            found += [person.id for person in organization.holders(unit, reference)]
    return list(dict.fromkeys(found))


def _secretaries(unit: Unit) -> list[str]:
    groups = [item.code for item in organization.units(unit) if item.kind == "group"]
    posts = [post for code in groups for post in organization.references_of_kind(unit, code, "secretary")]
    return [person.id for post in posts for person in organization.holders(unit, post)]
