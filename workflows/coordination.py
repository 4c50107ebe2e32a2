"""Draft what asks the leading group's office to step in where a unit is late (提请协调); send what HR made of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from engine import people
from engine.core import documents, kin, opinions
from engine.core.calendar import written
from engine.core.workdays import calendar_of
from engine.ground.clock import local
from engine.ground.unit_of_work import Call, Result, Unit

DOCUMENT = "coordination"
ADDRESSEE = "group_office.director"
DESK = "hr.staff"
HR_ACTIVITIES = ("extension", "chase")
"""Where HR has dealt with a late unit before, in the process that calls this one."""
KINDS = {"remind": "提醒承办人", "chase": "催办单位负责人"}


def compose(call: Call) -> Result:
    """Write which unit, which matter, when it was due, how late it is, and what was done so far."""
    with call.engine.reading() as unit:
        members = {row.id: row for row in kin.family(unit, call.instance_id)}
        own = members[call.instance_id]
        name, today = people.unit_name(unit, str(own.unit_code)), local(call.moment).date()
        missed, agreed = (call.variables[key] for key in ("missed_date", "due_date"))
        late = calendar_of(unit).workdays_between(missed, today)
        done = [*_urged(unit, members[own.parent_id]), *_decided(unit, members[own.parent_id]), *_sent(unit, own)]
    matter = str(call.variables["matter"])
    moved = f"，后定于{written(agreed)}前" if agreed != missed else ""
    lines = [
        "领导小组办公室主任：",
        f"{name}应于{written(missed)}前{matter}{moved}，至{written(today)}已逾期{late}个工作日，仍未办结。",
        *(["此前已办：", *(f"（{number}）{line}" for number, line in enumerate(done, 1))] if done else []),
        f"提请协调，督促{name}尽快办结。",
        f"人事部　{written(today)}",
    ]
    content = {"title": f"提请协调：{name}逾期未{matter}", "text": "\n".join(lines)}
    return Result(documents={DOCUMENT: content})


def _urged(unit: Unit, parent: Row[Any]) -> Iterator[str]:
    """Tell on which days the unit's own people were reminded and chased."""
    own = f"{parent.unit_code}."
    asked = [
        row.id for row in kin.tasks(unit, [parent.id]).values() if any(to.startswith(own) for to in row.candidates)
    ]
    found = kin.urged(unit, asked)
    for kind, what in KINDS.items():
        days = dict.fromkeys(_short(local(row.closed_at).date()) for row in found if row.kind == kind)
        if days:
            yield f"{'、'.join(days)}{what}。"


def _decided(unit: Unit, parent: Row[Any]) -> Iterator[str]:
    """Tell what HR has decided about the unit's being late, and what it heard from it."""
    tasks = kin.tasks(unit, [parent.id])
    for row in opinions.of_instances(unit, [parent.id]):
        task, said = tasks[row.task_id], row.text.strip().rstrip("。")
        if task.activity_id not in HR_ACTIVITIES:
            continue
        if task.outcome != "coordinate":
            paper = documents.values(unit, parent.business_key, f"{documents.TASK}{task.id}") or {}
            why = f"：{said}" if said else ""
            yield f"{_short(row.made_on)}人事部{row.activity_name}，{row.outcome}{_until(paper)}{why}。"
        elif said:
            yield f"{_short(row.made_on)}人事部了解到：{said}。"


def _until(paper: Mapping[str, Any]) -> str:
    day = paper.get("new_date") or paper.get("granted_date")
    return f"（到{_short(date.fromisoformat(day))}）" if day else ""


def _sent(unit: Unit, own: Row[Any]) -> Iterator[str]:
    """Tell when the office was asked before."""
    for row in kin.siblings(unit, own.id, own.process_key):
        if row.outcome == "send" and row.ended_at:
            yield f"{_short(local(row.ended_at).date())}已提请协调。"


def send(call: Call) -> Result:
    """Put what HR has made of it before the director; where nobody holds the post HR is told."""
    with call.engine.reading() as unit:
        content = documents.values(unit, call.business_key, DOCUMENT) or {}
        held = people.holders(unit, ADDRESSEE)
    return Result(notices=tuple(_notices(content, held)))


def _notices(content: Mapping[str, Any], held: Sequence[Any]) -> Iterator[tuple[str, str, str]]:
    title, text = str(content.get("title")), str(content.get("text"))
    if held:
        yield ADDRESSEE, title, text
    else:
        yield DESK, f"没有送到：{title}", "领导小组办公室主任目前无人任职，请另行送达。"


def _short(day: date) -> str:
    return f"{day.month}月{day.day}日"
