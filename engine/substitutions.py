"""Grant, revoke and list substitutions (代理): who stands in for an absent holder of a post, on whose authority."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, update

from engine.core import claims, establishment, history, notices, organization, plain_text, substitutions
from engine.core.organization import Person
from engine.ground import model
from engine.ground.errors import Fault, Invalid, NotAllowed, NotFound, Stale
from engine.ground.unit_of_work import Actor, Unit, new_id

TABLE = model.substitution.c
AUTHORITY_LIMIT = 300
LAST_DAY = "当日起不再代理"


@dataclass(frozen=True)
class Substitution:
    """Show a substitution that is in force or to come; `ends` is the first day on which it holds no more.

    `state` is in_force, coming, or void: the principal does not hold the post.
    """

    id: str
    principal: Person
    deputy: Person
    reference: str
    title: str
    starts: date
    ends: date
    authority: str
    state: str


# Looking


def listing(unit: Unit, principal_id: str | None = None, deputy_id: str | None = None) -> list[Substitution]:
    """List what is in force or to come, of everybody, of one principal or of one deputy, the oldest first."""
    conditions = [TABLE.revoked_at.is_(None), TABLE.ends > unit.today]
    conditions += [TABLE.principal_id == principal_id] if principal_id else []
    conditions += [TABLE.deputy_id == deputy_id] if deputy_id else []
    rows = unit.connection.execute(_select(*conditions)).all()
    titles = organization.post_titles(unit, [row.reference for row in rows])
    covers = substitutions.covers(unit, [row.reference for row in rows])
    alive = {(cover.deputy_id, cover.principal_id, cover.post) for cover in covers}
    return [_shown(unit, row, titles[row.reference], alive) for row in rows]


def _select(*conditions: ColumnElement[bool]) -> Select[Any]:
    principal, deputy = model.person.alias("principal"), model.person.alias("deputy")
    return (
        select(
            model.substitution,
            model.post.c.reference,
            principal.c.name.label("principal_name"),
            principal.c.number.label("principal_number"),
            deputy.c.name.label("deputy_name"),
            deputy.c.number.label("deputy_number"),
        )
        .join(model.post, model.post.c.id == TABLE.post_id)
        .join(principal, principal.c.id == TABLE.principal_id)
        .join(deputy, deputy.c.id == TABLE.deputy_id)
        .where(*conditions)
        .order_by(TABLE.starts, TABLE.id)
    )


def _shown(unit: Unit, row: Row[Any], title: str, alive: set[tuple[str, str, str]]) -> Substitution:
    in_force = (row.deputy_id, row.principal_id, row.reference) in alive
    return Substitution(
        row.id,
        Person(row.principal_id, row.principal_name, row.principal_number),
        Person(row.deputy_id, row.deputy_name, row.deputy_number),
        row.reference,
        title,
        row.starts,
        row.ends,
        row.authority,
        "coming" if row.starts > unit.today else "in_force" if in_force else "void",
    )


def eligible(unit: Unit) -> list[Person]:
    """List who can be a deputy, by name: whoever can sign in, but for those whose role shuts out business."""
    account = model.account.c
    query = select(model.person, account.roles).join(model.account, account.person_id == model.person.c.id)
    rows = unit.connection.execute(
        query.where(account.disabled.is_(False)).order_by(model.person.c.name, model.person.c.id)
    )
    return [Person(row.id, row.name, row.number) for row in rows if not organization.EXCLUSIVE_ROLES & set(row.roles)]


# Acts


def grant(
    unit: Unit,
    principal_id: str,
    deputy_id: str,
    reference: str,
    starts: date,
    ends: date,
    authority: str,
    actor: Actor,
) -> str:
    """Let a deputy stand in for a holder from a day on, until `ends`, on a named authority; give its id.

    The holder grants it for themselves, or a system administrator does on paper authority.

    Raises:
        NotAllowed: somebody else's post. Invalid: it cannot be, each reason with its field.
    """
    _demand_right(unit, principal_id, actor)
    for person_id in sorted({principal_id, deputy_id}):
        organization.lock_person(unit, person_id)
    post = establishment.find_post(unit, reference)
    faults = list(_faults(unit, principal_id, deputy_id, reference, starts, ends, authority))
    if not faults and (other := _overlapping(unit, principal_id, post.id, starts, ends)):
        faults = [Fault("overlap", _already(other), "starts")]
    if faults:
        raise Invalid("".join(fault.message for fault in faults), faults)
    dates = {"starts": starts, "ends": ends}
    given = {"id": new_id(), "principal_id": principal_id, "deputy_id": deputy_id, "post_id": post.id, **dates}
    given["authority"] = plain_text.kept(authority)
    kept = {**given, "granted_at": unit.now, "granted_by": actor.person_id}
    organization.insert_new(unit, model.substitution, kept)
    _record(unit, "substitution-granted", actor, {**given, "reference": reference}, kept, reference)
    _tell_granted(unit, given["id"])
    return str(given["id"])


def revoke(unit: Unit, substitution_id: str, actor: Actor) -> None:
    """End a substitution now; what the deputy has claimed goes back before the post.

    Raises:
        NotFound: unknown, or not theirs. Stale: it is over already.
    """
    row = unit.connection.execute(_select(TABLE.id == substitution_id).with_for_update(of=model.substitution)).first()
    if row is None or not _has_right(unit, row.principal_id, actor):
        raise NotFound("没有这项代理。")
    if row.revoked_at is not None or row.ends <= unit.today:
        raise Stale("这项代理已经撤销或者到期。")
    change = {"revoked_at": unit.now, "revoked_by": actor.person_id}
    unit.connection.execute(update(model.substitution).where(TABLE.id == row.id).values(change))
    claims.plan(unit)
    _record(unit, "substitution-revoked", actor, {"id": row.id}, row._mapping, row.reference)
    post = organization.post_titles(unit, [row.reference])[row.reference]
    _tell(
        unit, row, "revoked", "代理已撤销", f"{row.deputy_name}代理{row.principal_name}（{post}）已撤销，从现在起无效。"
    )


def _has_right(unit: Unit, principal_id: str, actor: Actor) -> bool:
    own = actor.person_id is None or actor.person_id == principal_id
    return own or "system" in organization.roles_of(unit, actor.person_id)


def _demand_right(unit: Unit, principal_id: str, actor: Actor) -> None:
    if not _has_right(unit, principal_id, actor):
        raise NotAllowed("只能为自己任职的岗位指定代理人；本人不便办理的，由系统管理员凭授权文件办理。")


def _record(unit: Unit, kind: str, actor: Actor, payload: dict[str, Any], row: Any, reference: str) -> None:
    ids = {"substitution": row["id"], "subject": row["principal_id"], "deputy": row["deputy_id"], "held": reference}
    history.record(unit, history.ORGANIZATION, kind, actor, payload, **ids)


def _tell_granted(unit: Unit, substitution_id: str) -> None:
    row = unit.connection.execute(_select(TABLE.id == substitution_id)).one()
    post = organization.post_titles(unit, [row.reference])[row.reference]
    days = f"自{_day(row.starts)}起，至{_day(row.ends)}止（{LAST_DAY}）"
    body = f"{row.deputy_name}代理{row.principal_name}（{post}），{days}。授权依据：{row.authority}"
    _tell(unit, row, "granted", "代理授权", body)


def _tell(unit: Unit, row: Row[Any], what: str, title: str, body: str) -> None:
    """Tell both what holds between them."""
    for person_id in (row.principal_id, row.deputy_id):
        key = f"substitution-{what}:{row.id}:{person_id}"
        notices.tell(unit, key, person_id, "substitution", title, body, "/account")


# What is refused


def _faults(
    unit: Unit, principal_id: str, deputy_id: str, reference: str, starts: date, ends: date, authority: str
) -> Iterator[Fault]:
    if starts >= unit.today and principal_id not in {item.id for item in organization.holders(unit, reference, starts)}:
        yield Fault("not-held", "委托人在起始之日不任这个岗位，不能指定代理人。", "post")
    if deputy_id == principal_id:
        yield Fault("oneself", "代理人不能是委托人自己。", "deputy")
    elif deputy_id not in {person.id for person in eligible(unit)}:
        yield Fault("deputy", "代理人须有可以登录的账号，并且不是系统、安全、审计管理员。", "deputy")
    yield from _date_faults(unit.today, starts, ends)
    yield from plain_text.faults(authority, "授权依据", AUTHORITY_LIMIT, "authority", "请写明授权依据或者原因。")


def _date_faults(today: date, starts: date, ends: date) -> Iterator[Fault]:
    if starts < today:
        yield Fault("back-dated", "起始日期不能早于今天：代理不能追溯。", "starts")
    elif starts > _a_year_after(today):
        yield Fault("too-far", "起始日期不能晚于一年以后。", "starts")
    elif ends > _a_year_after(starts):
        yield Fault("too-long", "一次代理最长一年，请改截止日期。", "ends")
    if ends <= starts:
        yield Fault("dates", "截止日期须晚于起始日期。", "ends")


def _a_year_after(day: date) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return date(day.year + 1, 3, 1) if leap_day else day.replace(year=day.year + 1)


def _overlapping(unit: Unit, principal_id: str, post_id: str, starts: date, ends: date) -> Row[Any] | None:
    same = (TABLE.principal_id == principal_id, TABLE.post_id == post_id, TABLE.revoked_at.is_(None))
    return unit.connection.execute(_select(*same, TABLE.starts < ends, TABLE.ends > starts)).first()


def _already(other: Row[Any]) -> str:
    days = f"{_day(other.starts)}至{_day(other.ends)}"
    return f"这个岗位在{days}已由{other.deputy_name}代理，时间不能重叠；请先撤销那一项，或者改日期。"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
