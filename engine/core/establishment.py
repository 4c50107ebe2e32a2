"""Change the organization, by rule and on record: every change is an event of the stream "organization"."""

import re
from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, func, or_, select, update

from engine.core import claims, history, organization, plain_text
from engine.core.organization import POST_KINDS, UNIT_KINDS, Person
from engine.ground import model
from engine.ground.errors import Fault, Invalid, NotFound
from engine.ground.unit_of_work import Actor, Unit, new_id

LONGEST_PERSON = 100
CODE = re.compile(r"[a-z][a-z0-9_]{0,49}")
CODE_RULE = "编码须以小写英文字母开头，只含小写字母、数字和下划线，不超过50个字符。"


# What is there


def find_person(unit: Unit, person_id: str) -> Person:
    """Give a person."""
    row = _find(unit, model.person, model.person.c.id == person_id, "没有这个人。")
    return Person(row.id, row.name, row.number)


def find_unit(unit: Unit, code: str) -> Row[Any]:
    """Give the row of a unit, of an ended one too."""
    return _find(unit, model.unit, model.unit.c.code == code, f"没有编码为“{code}”的单位。")


def find_post(unit: Unit, reference: str) -> Row[Any]:
    """Give the row of a post, of an ended one too."""
    return _find(unit, model.post, model.post.c.reference == reference, f"没有编码为“{reference}”的岗位。")


# What changes


def add_unit(unit: Unit, code: str, name: str, kind: str, actor: Actor, starts: date | None = None) -> str:
    """Add a unit and give its id."""
    _allow(unit, actor)
    _refuse([*code_faults(code), *name_faults(name), *kind_faults(kind, UNIT_KINDS, "单位类别")])
    _refuse_taken(unit, model.unit, model.unit.c.code == code, "code", f"单位编码“{code}”已有。")
    given = {"id": new_id(), "code": code, "name": plain_text.kept(name), "kind": kind, "starts": starts or unit.today}
    given["ordinal"] = _next_ordinal(unit, model.unit)
    organization.insert_new(unit, model.unit, given)
    _record(unit, "unit-added", actor, given, unit_id=given["id"])
    return str(given["id"])


def rename_unit(unit: Unit, code: str, name: str, actor: Actor) -> None:
    """Give a unit another name; its code stays."""
    _rename(unit, model.unit, find_unit(unit, code), name, actor)


def rename_post(unit: Unit, reference: str, name: str, actor: Actor) -> None:
    """Give a post another name; its reference stays."""
    _rename(unit, model.post, find_post(unit, reference), name, actor)


def rename_person(unit: Unit, person_id: str, name: str, actor: Actor) -> None:
    """Correct a person's name."""
    find_person(unit, person_id)
    row = _find(unit, model.person, model.person.c.id == person_id, "没有这个人。")
    _rename(unit, model.person, row, name, actor)


def end_unit(unit: Unit, code: str, ends: date, actor: Actor, successor: str | None = None) -> None:
    """Let a unit be no more from a day on, with its posts and their appointments; `successor` takes over."""
    _allow(unit, actor)
    row = find_unit(unit, code)
    _refuse_ended(row, "单位")
    heir = find_unit(unit, successor) if successor else None
    if heir is not None and (heir.id == row.id or (heir.ends is not None and heir.ends <= ends)):
        raise Invalid("接续单位须是另一个仍在运行的单位。", [Fault("successor", "请另选接续单位。", "successor")])
    _refuse_before(row.starts, ends, "撤销日期不能早于单位的设立日期。")
    for post in unit.connection.execute(select(model.post).where(model.post.c.unit_id == row.id)).all():
        _close_post(unit, post, ends)
    values = {"ends": ends, "successor_id": heir.id if heir is not None else None}
    unit.connection.execute(update(model.unit).where(model.unit.c.id == row.id).values(values))
    _record(unit, "unit-ended", actor, {"code": code, "ends": ends, "successor": successor}, unit_id=row.id)


def add_post(unit: Unit, unit_code: str, code: str, name: str, kind: str, actor: Actor) -> str:
    """Add a post to a unit and give its reference."""
    _allow(unit, actor)
    _refuse([*code_faults(code), *name_faults(name), *kind_faults(kind, POST_KINDS, "岗位类别")])
    row = find_unit(unit, unit_code)
    _refuse_ended(row, "单位")
    reference = f"{unit_code}.{code}"
    _refuse_taken(unit, model.post, model.post.c.reference == reference, "code", f"岗位编码“{reference}”已有。")
    given = {"id": new_id(), "unit_id": row.id, "code": code, "name": plain_text.kept(name), "kind": kind}
    given["ordinal"] = _next_ordinal(unit, model.post, row.id)
    organization.insert_new(unit, model.post, {**given, "reference": reference})
    _record(unit, "post-added", actor, {**given, "reference": reference}, post=reference)
    return reference


def end_post(unit: Unit, reference: str, ends: date, actor: Actor) -> None:
    """Let a post be no more from a day on, with its appointments."""
    _allow(unit, actor)
    row = find_post(unit, reference)
    _refuse_ended(row, "岗位")
    _close_post(unit, row, ends)
    _record(unit, "post-ended", actor, {"reference": reference, "ends": ends}, post=reference)


def add_person(unit: Unit, name: str, actor: Actor, number: str | None = None) -> str:
    """Add a person and give the id; `number` is the office's own number of the person."""
    _allow(unit, actor)
    number = plain_text.kept(number or "") or None
    _refuse([*name_faults(name, "name", LONGEST_PERSON), *(name_faults(number, "number", 50) if number else ())])
    if number:
        _refuse_taken(unit, model.person, model.person.c.number == number, "number", f"工号“{number}”已有。")
    given = {"id": new_id(), "name": plain_text.kept(name), "number": number}
    organization.insert_new(unit, model.person, given)
    _record(unit, "person-added", actor, given, subject=given["id"])
    return str(given["id"])


def appoint(unit: Unit, person_id: str, reference: str, starts: date, actor: Actor, ends: date | None = None) -> str:
    """Let a person hold a post from a day on, until another when it is known; give the appointment's id."""
    _allow(unit, actor)
    organization.lock_person(unit, person_id)
    find_person(unit, person_id)
    post = find_post(unit, reference)
    _refuse_ended(post, "岗位")
    if ends is not None:
        _refuse_before(starts, ends, "任职的截止日期须晚于任职日期。", strictly=True)
    if reason := organization.refuse_post_for(unit, person_id):
        raise Invalid(reason, [Fault("exclusive-role", reason, "person")])
    if overlaps(unit, person_id, post.id, starts, ends):
        raise Invalid("此人在这段时间已任这个岗位。", [Fault("already-held", "请核对任职日期。", "starts")])
    given = {"id": new_id(), "person_id": person_id, "post_id": post.id, "starts": starts, "ends": ends}
    organization.insert_new(unit, model.holding, given)
    _record(unit, "appointed", actor, {**given, "reference": reference}, subject=person_id, held=reference)
    return str(given["id"])


def relieve(unit: Unit, holding_id: str, ends: date, actor: Actor) -> None:
    """Let an appointment end; an end that is set can be brought forward, never put off."""
    _allow(unit, actor)
    row = _find(unit, model.holding, model.holding.c.id == holding_id, "没有这条任职记录。")
    _refuse_before(row.starts, ends, "免职日期不能早于任职日期。")
    if row.ends is not None and row.ends <= ends:
        raise Invalid("这条任职已经截止；需要延长的，请重新任职。", [Fault("ended", "请重新任职。", "ends")])
    unit.connection.execute(update(model.holding).where(model.holding.c.id == holding_id).values(ends=ends))
    _look_after_claims(unit, ends)
    _record(unit, "relieved", actor, {"id": holding_id, "before": row.ends, "ends": ends}, subject=row.person_id)


# How it is done


def _allow(unit: Unit, actor: Actor) -> None:
    organization.require_role(unit, actor, "system")


def _record(unit: Unit, kind: str, actor: Actor, payload: dict[str, Any], **envelope: Any) -> None:
    history.record(unit, history.ORGANIZATION, kind, actor, payload, **envelope)


def _find(unit: Unit, table: Table, condition: ColumnElement[bool], message: str) -> Row[Any]:
    row = unit.connection.execute(select(table).where(condition)).one_or_none()
    if row is None:
        raise NotFound(message)
    return row


def _next_ordinal(unit: Unit, table: Table, unit_id: str | None = None) -> int:
    query = select(func.max(table.c.ordinal))
    if unit_id is not None:
        query = query.where(table.c.unit_id == unit_id)
    return (unit.connection.scalar(query) or 0) + 10


def _rename(unit: Unit, table: Table, row: Row[Any], name: str, actor: Actor) -> None:
    _allow(unit, actor)
    _refuse(name_faults(name, "name", LONGEST_PERSON if table is model.person else 200))
    name = plain_text.kept(name)
    if name == row.name:
        return
    unit.connection.execute(update(table).where(table.c.id == row.id).values(name=name))
    _record(unit, f"{table.name}-renamed", actor, {"before": row.name, "after": name}, subject=row.id)


def _close_post(unit: Unit, post: Row[Any], ends: date) -> None:
    """End a post and its appointments; one that was to start later ends on the day it starts, so it never holds."""
    if post.ends is None or post.ends > ends:
        unit.connection.execute(update(model.post).where(model.post.c.id == post.id).values(ends=ends))
    table = model.holding
    later = or_(table.c.ends.is_(None), table.c.ends > ends)
    of_post = update(table).where(table.c.post_id == post.id, later)
    unit.connection.execute(of_post.where(table.c.starts <= ends).values(ends=ends))
    unit.connection.execute(of_post.where(table.c.starts > ends).values(ends=table.c.starts))
    _look_after_claims(unit, ends)


def _look_after_claims(unit: Unit, ends: date) -> None:
    """What ends today ends claims at once; a day to come is looked after when it comes."""
    if ends <= unit.today:
        claims.plan(unit)


def overlaps(unit: Unit, person_id: str, post_id: str, starts: date, ends: date | None = None) -> bool:
    """Tell whether a person holds a post already on a day between the two."""
    table = model.holding.c
    query = select(table.id).where(
        table.person_id == person_id, table.post_id == post_id, organization.lasts_after(starts)
    )
    if ends is not None:
        query = query.where(table.starts < ends)
    return unit.connection.execute(query.limit(1)).first() is not None


# What is refused


def _refuse(faults: Collection[Fault]) -> None:
    if faults:
        raise Invalid("；".join(fault.message.rstrip("。") for fault in faults) + "。", list(faults))


def code_faults(code: str) -> list[Fault]:
    """Say what is wrong with a code."""
    return [] if CODE.fullmatch(code) else [Fault("code", CODE_RULE, "code")]


def name_faults(name: str, element: str = "name", longest: int = 200) -> list[Fault]:
    """Say what is wrong with a name."""
    return plain_text.faults(name, "工号" if element == "number" else "名称", longest, element, "名称不能为空。")


def kind_faults(kind: str, known: Collection[str], name: str) -> list[Fault]:
    """Say what is wrong with a kind."""
    return [] if kind in known else [Fault("kind", f"没有“{kind}”这种{name}。", "kind")]


def _refuse_taken(unit: Unit, table: Table, condition: ColumnElement[bool], element: str, message: str) -> None:
    if unit.connection.execute(select(table.c.id).where(condition).limit(1)).first() is not None:
        raise Invalid(message, [Fault("taken", message, element)])


def _refuse_ended(row: Row[Any], what: str) -> None:
    if row.ends is not None:
        raise Invalid(f"这个{what}已撤销，或者已定于{row.ends:%Y-%m-%d}撤销。", [Fault("ended", f"{what}已撤销。")])


def _refuse_before(first: date, last: date, message: str, strictly: bool = False) -> None:
    if last < first or (strictly and last == first):
        raise Invalid(message, [Fault("dates", message, "ends")])
