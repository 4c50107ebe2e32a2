"""Know who is who: units, posts, persons and who holds what, on which day.

A date that ends something is the first day on which it is no more: `starts <= day < ends`.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, insert, or_, select
from sqlalchemy.exc import IntegrityError

from engine.core import directory
from engine.core.directory import Holding as Holding
from engine.core.directory import OrgUnit as OrgUnit
from engine.core.directory import Person as Person
from engine.core.directory import Post as Post
from engine.core.directory import holds
from engine.ground import model
from engine.ground.errors import NotAllowed, Stale
from engine.ground.unit_of_work import Actor, Unit

UNIT_KINDS = {"department": "内设部室", "institution": "直属单位", "group": "议事协调机构"}
POST_KINDS = {
    "head": "负责人",
    "staff": "承办人",
    "leader": "组长",
    "deputy": "副组长",
    "member": "成员",
    "director": "主任",
    "secretary": "秘书",
    "chair": "主持人",
    "other": "其他",
}
INTEGRATION = "integration"
"""The role whose programs bring messages and signals from outside."""

ROLES = {
    "system": "系统管理员",
    "security": "安全管理员",
    "audit": "审计管理员",
    "process": "业务管理员",
    INTEGRATION: "对接员",
}
EXCLUSIVE_ROLES = frozenset({"system", "security", "audit"})
"""Roles of which one account holds at most one, and then neither a post nor any other role."""


def lasts_after(on: date) -> ColumnElement[bool]:
    """Hold for appointments that hold on some day from the given one on; one that ends as it starts never holds."""
    table = model.holding.c
    return or_(table.ends.is_(None), and_(table.ends > on, table.ends > table.starts))


def units(unit: Unit, on: date | None = None) -> list[OrgUnit]:
    """List the units that exist on a day, in their order."""
    return [item for item in directory.of(unit).units.values() if holds(item, on or unit.today)]


def posts(unit: Unit) -> list[Post]:
    """List the posts that exist today, unit by unit, in their order."""
    known = directory.of(unit)
    return [post for post in known.posts.values() if known.is_alive(post, unit.today)]


def holders(unit: Unit, reference: str, on: date | None = None) -> list[Person]:
    """List who holds a post on a day."""
    known, day = directory.of(unit), on or unit.today
    post = known.posts.get(reference)
    if post is None or not known.is_alive(post, day):
        return []
    found = {item.person for item in known.by_post.get(reference, ()) if holds(item, day)}
    return sorted(found, key=lambda person: (person.name, person.id))


def posts_of(unit: Unit, person_id: str, on: date | None = None) -> list[Post]:
    """List the posts that a person holds on a day."""
    known, day = directory.of(unit), on or unit.today
    held = {item.reference for item in known.by_person.get(person_id, ()) if holds(item, day)}
    found = [post for post in map(known.posts.__getitem__, held) if known.is_alive(post, day)]
    return sorted(found, key=lambda post: (post.ordinal, post.reference))


def principals(unit: Unit, person_id: str) -> list[str]:
    """Name everything in whose place a person may act today: the person and each post held."""
    return [f"person:{person_id}", *(f"post:{post.reference}" for post in posts_of(unit, person_id))]


def references(unit: Unit) -> set[str]:
    """Give the reference of every post that exists today."""
    return {post.reference for post in posts(unit)}


def is_post(unit: Unit, reference: str) -> bool:
    """Tell whether a post exists today."""
    known = directory.of(unit)
    post = known.posts.get(reference)
    return post is not None and known.is_alive(post, unit.today)


def references_of_kind(unit: Unit, unit_code: str, kind: str) -> tuple[str, ...]:
    """Give a unit's posts of one kind that somebody holds today, in their order."""
    wanted = [post for post in posts(unit) if post.unit_code == unit_code and post.kind == kind]
    found = [post for post in wanted if holders(unit, post.reference)]
    return tuple(post.reference for post in sorted(found, key=lambda post: (post.ordinal, post.reference)))


def unit_name(unit: Unit, code: str) -> str:
    """Give the present name of a unit, of an ended one too; an unknown code is its own name."""
    found = directory.of(unit).units.get(code)
    return code if found is None else found.name


def post_titles(unit: Unit, wanted: Iterable[str]) -> dict[str, str]:
    """Give what people call each of these posts, ended ones too; an unknown reference is left out."""
    known = directory.of(unit).posts
    return {reference: known[reference].title for reference in set(wanted) if reference in known}


def person_names(unit: Unit, wanted: Iterable[str | None]) -> dict[str, str]:
    """Give the names of these persons by id."""
    known = directory.of(unit).persons
    return {person_id: known[person_id].name for person_id in set(wanted) if person_id and person_id in known}


def signature(person: str, post: str = "", principal: str = "") -> str:
    """Write who acted as every page and paper does: in which post, and in whose place (代理)."""
    inside = "·".join(part for part in (f"代理{principal}" if principal else "", post) if part)
    return f"{person}（{inside}）" if inside else person


def insert_new(unit: Unit, table: Table, values: dict[str, Any]) -> None:
    """Insert a row whose code, number or login was free a moment ago."""
    try:
        unit.connection.execute(insert(table), values)
    except IntegrityError as error:
        raise Stale("刚刚有人增加了同样的内容，请刷新后再看。") from error


# Roles and posts


def roles_of(unit: Unit, person_id: str | None) -> tuple[str, ...]:
    """Give the roles of a person's account; a disabled account has none."""
    query = select(model.account.c.roles).where(
        model.account.c.person_id == person_id, model.account.c.disabled.is_(False)
    )
    return tuple(unit.connection.scalar(query) or ())


def require_role(unit: Unit, actor: Actor, *roles: str) -> None:
    """Refuse an actor who has none of the roles; the machine itself, at the command line, has them all."""
    if actor.person_id is not None and not set(roles) & set(roles_of(unit, actor.person_id)):
        wanted = "或".join(ROLES[role] for role in roles)
        raise NotAllowed(f"只有{wanted}可以这样做。")


def lock_person(unit: Unit, person_id: str) -> Row[Any] | None:
    """Give a person's row, held until the end of the act: roles and posts of one person are checked one at a time."""
    return unit.connection.execute(
        select(model.person).where(model.person.c.id == person_id).with_for_update()
    ).one_or_none()


def holds_or_will_hold(unit: Unit, person_id: str) -> bool:
    """Tell whether a person holds a post, or is to hold one."""
    table = model.holding.c
    query = select(table.id).where(table.person_id == person_id, lasts_after(unit.today)).limit(1)
    return unit.connection.execute(query).first() is not None


def refuse_post_for(unit: Unit, person_id: str) -> str:
    """Say why a person may hold no post; "" when they may. A disabled account still counts: it may be enabled."""
    found = unit.connection.scalar(select(model.account.c.roles).where(model.account.c.person_id == person_id))
    kept = EXCLUSIVE_ROLES & set(found or ())
    if not kept:
        return ""
    return f"{'、'.join(ROLES[role] for role in sorted(kept))}不得兼任业务岗位。"


def refuse_roles(unit: Unit, person_id: str, roles: Collection[str]) -> str:
    """Say why a person may not have these roles together; "" when they may."""
    exclusive = EXCLUSIVE_ROLES & set(roles)
    if len(exclusive) > 1:
        return "系统管理员、安全管理员、审计管理员不得由同一账号兼任。"
    if exclusive and (others := [ROLES[role] for role in ROLES if role in roles and role not in exclusive]):
        return f"系统、安全、审计管理员不得兼任{'、'.join(others)}。"
    if exclusive and holds_or_will_hold(unit, person_id):
        return "此人任有业务岗位，不得担任系统、安全、审计管理员；请先免去其岗位。"
    if exclusive and _stands_in(unit, person_id):
        return "此人是他人的代理人，不得担任系统、安全、审计管理员；请先撤销代理。"
    return ""


def _stands_in(unit: Unit, person_id: str) -> bool:
    """Tell whether a person is somebody's deputy, or is to be."""
    table = model.substitution.c
    query = select(table.id).where(table.deputy_id == person_id, table.revoked_at.is_(None), table.ends > unit.today)
    return unit.connection.execute(query.limit(1)).first() is not None
