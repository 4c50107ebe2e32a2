"""Enter a decision that a leader has already signed on paper (代录): a scan, both dates, and the leader is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from engine.core import notices, organization
from engine.core.calendar import written
from engine.core.organization import Person
from engine.ground import model
from engine.ground.errors import Invalid, NotAllowed
from engine.ground.unit_of_work import Actor, Unit


@dataclass(frozen=True)
class Entry:
    """Say whose signed paper is typed in (代录): the post that signed, the date on the paper, the scan's document."""

    post: str
    made_on: date
    scan_id: str


def assisted(unit: Unit, person_id: str) -> set[str]:
    """Give the leading groups whose papers a person prepares, as their secretary."""
    codes = {post.unit_code for post in organization.posts_of(unit, person_id) if post.kind == "secretary"}
    return codes & {item.code for item in organization.units(unit) if item.kind == "group"} if codes else codes


def may_enter(unit: Unit, task: Row[Any], person_id: str) -> bool:
    """Tell whether a person is a secretary who may type in what a leader of their group signed on paper."""
    groups = assisted(unit, person_id)
    return any(reference.partition(".")[0] in groups for reference in task.candidates)


def as_signer(unit: Unit, task: Row[Any], actor: Actor, entry: Entry) -> Actor:
    """Check what is said of the paper; give the actor who enters it for the one who signed.

    Raises:
        NotAllowed: not a secretary of the group. Invalid: a date to come, no scan, or nobody who could have signed.
    """
    groups = assisted(unit, actor.person_id or "")
    if not may_enter(unit, task, actor.person_id or ""):
        raise NotAllowed("只有承办秘书可以代录领导的纸面签批。")
    if entry.made_on > unit.today:
        raise Invalid("纸面签批日期不能晚于今天。")
    if entry.post not in task.candidates or entry.post.partition(".")[0] not in groups:
        raise Invalid("代录须写明由哪个岗位签批，且该岗位须是本环节的办理岗位。")
    _demand_scan(unit, task, entry.scan_id)
    return Actor(actor.person_id, entry.post, _signer(unit, task, entry).id)


def _signer(unit: Unit, task: Row[Any], entry: Entry) -> Person:
    """Find who held the post on the day of the paper; of several, the one who has claimed the task."""
    held = organization.holders(unit, entry.post, entry.made_on)
    if not held:
        raise Invalid("代录的岗位在纸面签批之日无人在任，请核对岗位和日期。")
    found = held if len(held) == 1 else [person for person in held if person.id == task.assignee_id]
    if not found:
        raise Invalid("这个岗位有多人在任，无法确定由谁签批，请先由签批人签收，再代录。")
    return found[0]


def _demand_scan(unit: Unit, task: Row[Any], scan_id: str) -> None:
    """The scan is a file of the same matter, or of an earlier round of it."""
    table, other, own = model.document.c, model.instance.alias("other").c, model.instance.c
    query = select(table.id).where(
        table.id == scan_id,
        table.kind == "file",
        own.id == task.instance_id,
        other.id == table.instance_id,
        (other.root_id == own.root_id) | (table.business_key == own.business_key),
    )
    if unit.connection.execute(query).first() is None:
        raise Invalid("代录须附纸面签批的扫描件，请先上传。")


def tell_signer(unit: Unit, task: Row[Any], instance: Mapping[str, Any], signer: str, label: str, entry: Entry) -> None:
    """Tell the leader what was entered in their name, so that they can object."""
    signed = f"已代录您于{written(entry.made_on)}的纸面签批“{label}”"
    body = f"{instance['title']}：{task.name}。{signed}。如有不符，请与承办秘书联系。"
    notices.tell(unit, f"entered:{task.id}", signer, "entered", "代录告知", body, f"/instances/{task.instance_id}")
