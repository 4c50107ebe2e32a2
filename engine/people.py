"""Tell who is who, and keep it: units, posts, persons and who holds what, from day to day."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, select

from engine.core import establishment, logins, organization, roster
from engine.ground import model
from engine.ground.errors import Fault, Refused
from engine.ground.unit_of_work import Actor, Unit

# What the engine itself asks, told to callers too

POST_KINDS = organization.POST_KINDS
UNIT_KINDS = organization.UNIT_KINDS
Holding = organization.Holding
OrgUnit = organization.OrgUnit
Person = organization.Person
Post = organization.Post
holders = organization.holders
person_names = organization.person_names
post_titles = organization.post_titles
posts = organization.posts
posts_of = organization.posts_of
principals = organization.principals
references = organization.references
references_of_kind = organization.references_of_kind
signature = organization.signature
unit_name = organization.unit_name
units = organization.units

# What changes

add_unit = establishment.add_unit
rename_unit = establishment.rename_unit
end_unit = establishment.end_unit
add_post = establishment.add_post
rename_post = establishment.rename_post
end_post = establishment.end_post
add_person = establishment.add_person
rename_person = establishment.rename_person
appoint = establishment.appoint
relieve = establishment.relieve
find_unit = establishment.find_unit
find_post = establishment.find_post
find_person = establishment.find_person

RosterRow = roster.Row


@dataclass(frozen=True)
class Seat:
    """Show a post with those who hold it today or will hold it."""

    post: Post
    holdings: tuple[Holding, ...]


@dataclass(frozen=True)
class Section:
    """Show a unit with its posts."""

    unit: OrgUnit
    seats: tuple[Seat, ...]


@dataclass(frozen=True)
class Summary:
    """Count what an import added and renamed; `logins` are those asked for, by person id."""

    units: int
    posts: int
    persons: int
    holdings: int
    renamed: int
    logins: Mapping[str, str]

    @property
    def changed(self) -> bool:
        """Tell whether anything was not yet as the list says."""
        return any((self.units, self.posts, self.persons, self.holdings, self.renamed))


def persons(unit: Unit) -> list[Person]:
    """List every person by name."""
    rows = unit.connection.execute(select(model.person).order_by(model.person.c.name, model.person.c.id))
    return [Person(row.id, row.name, row.number) for row in rows]


def holdings(unit: Unit, person_id: str | None = None) -> list[Holding]:
    """List the appointments that hold today or later, of everyone or of one person."""
    table = model.holding.c
    query = (
        select(model.holding, model.person.c.name, model.person.c.number, model.post.c.reference)
        .join(model.person, model.person.c.id == table.person_id)
        .join(model.post, model.post.c.id == table.post_id)
        .where(organization.lasts_after(unit.today))
        .order_by(table.starts, table.id)
    )
    if person_id is not None:
        query = query.where(table.person_id == person_id)
    return [
        Holding(row.id, Person(row.person_id, row.name, row.number), row.reference, row.starts, row.ends)
        for row in unit.connection.execute(query)
    ]


def overview(unit: Unit) -> list[Section]:
    """Show the whole organization as it stands today: units, their posts, who holds them."""
    held: dict[str, list[Holding]] = {}
    for holding in holdings(unit):
        held.setdefault(holding.reference, []).append(holding)
    seats: dict[str, list[Seat]] = {}
    for post in posts(unit):
        seats.setdefault(post.unit_code, []).append(Seat(post, tuple(held.get(post.reference, ()))))
    return [Section(each, tuple(seats.get(each.code, ()))) for each in units(unit)]


def import_rows(unit: Unit, rows: Sequence[roster.Row], actor: Actor) -> Summary:
    """Bring the organization to what a list says: what is missing is added, what is there stays, nothing is ended.

    Refuses the whole list, with every fault, when one row cannot be.
    """
    organization.require_role(unit, actor, "system")
    faults = list(_list_faults(unit, rows))
    if faults:
        raise Refused(f"名单有{len(faults)}处问题，没有导入任何一行。", faults)
    people = [row for row in rows if row.person_name]
    done = [
        _import_each(unit, roster.founding(rows), _import_unit, actor),
        _import_each(unit, roster.distinct(rows, lambda row: row.reference), _import_post, actor),
        _import_each(unit, roster.distinct(people, lambda row: row.number), _import_person, actor),
        _import_each(unit, people, _import_holding, actor),
    ]
    asked = {_person(unit, row.number).id: row.login for row in people if row.login}
    added = [count for count, _ in done]
    return Summary(added[0], added[1], added[2], added[3], sum(renamed for _, renamed in done), asked)


Faults = Iterable[Fault]
ADDED, RENAMED, SAME = (1, 0), (0, 1), (0, 0)


def _import_each(
    unit: Unit, rows: Iterable[roster.Row], act: Callable[[Unit, roster.Row, Actor], tuple[int, int]], actor: Actor
) -> tuple[int, int]:
    done = [act(unit, row, actor) for row in rows]
    return sum(added for added, _ in done), sum(renamed for _, renamed in done)


def _import_unit(unit: Unit, row: roster.Row, actor: Actor) -> tuple[int, int]:
    found = _stored(unit, model.unit, "code", row.unit_code)
    if found is None:
        starts = min(unit.today, row.starts or unit.today)
        add_unit(unit, row.unit_code, row.unit_name, row.unit_kind, actor, starts=starts)
        return ADDED
    if found.name == row.unit_name:
        return SAME
    rename_unit(unit, row.unit_code, row.unit_name, actor)
    return RENAMED


def _import_post(unit: Unit, row: roster.Row, actor: Actor) -> tuple[int, int]:
    found = _stored(unit, model.post, "reference", row.reference)
    if found is None:
        add_post(unit, row.unit_code, row.post_code, row.post_name, row.post_kind, actor)
        return ADDED
    if found.name == row.post_name:
        return SAME
    rename_post(unit, row.reference, row.post_name, actor)
    return RENAMED


def _import_person(unit: Unit, row: roster.Row, actor: Actor) -> tuple[int, int]:
    found = _stored(unit, model.person, "number", row.number)
    if found is None:
        add_person(unit, row.person_name, actor, number=row.number)
        return ADDED
    if found.name == row.person_name:
        return SAME
    rename_person(unit, found.id, row.person_name, actor)
    return RENAMED


def _import_holding(unit: Unit, row: roster.Row, actor: Actor) -> tuple[int, int]:
    person, post = _person(unit, row.number), find_post(unit, row.reference)
    if row.starts is None or establishment.overlaps(unit, person.id, post.id, row.starts):
        return SAME
    appoint(unit, person.id, row.reference, row.starts, actor)
    return ADDED


def _stored(unit: Unit, table: Table, name: str, value: str) -> Row[Any] | None:
    return unit.connection.execute(select(table).where(table.c[name] == value)).one_or_none()


def _person(unit: Unit, number: str) -> Row[Any]:
    return unit.connection.execute(select(model.person).where(model.person.c.number == number)).one()


def _list_faults(unit: Unit, rows: Sequence[roster.Row]) -> Faults:
    """Give what is wrong with the rows by themselves, with each other, and with what is there."""
    yield from roster.faults(rows)
    for row in roster.distinct(rows, lambda row: row.unit_code):
        yield from _unit_faults(unit, row)
    for row in roster.distinct(rows, lambda row: row.reference):
        yield from _post_faults(unit, row)
    for row in roster.distinct((row for row in rows if row.number), lambda row: row.number):
        yield from _person_faults(unit, row)


def _unit_faults(unit: Unit, row: roster.Row) -> Faults:
    yield from _moved(row, "unit_code", establishment.code_faults(row.unit_code))
    yield from _moved(row, "unit_name", establishment.name_faults(row.unit_name))
    yield from _moved(row, "unit_kind", establishment.kind_faults(row.unit_kind, UNIT_KINDS, "单位类别"))
    found = _stored(unit, model.unit, "code", row.unit_code)
    yield from _conflicts(row, found, "unit", "单位")


def _post_faults(unit: Unit, row: roster.Row) -> Faults:
    yield from _moved(row, "post_code", establishment.code_faults(row.post_code))
    yield from _moved(row, "post_name", establishment.name_faults(row.post_name))
    yield from _moved(row, "post_kind", establishment.kind_faults(row.post_kind, POST_KINDS, "岗位类别"))
    found = _stored(unit, model.post, "reference", row.reference)
    yield from _conflicts(row, found, "post", "岗位")


def _conflicts(row: roster.Row, found: Row[Any] | None, what: str, name: str) -> Faults:
    if found is not None and found.ends is not None:
        yield row.fault(f"{what}_code", f"这个{name}已经撤销。")
    if found is not None and found.kind != getattr(row, f"{what}_kind"):
        yield row.fault(f"{what}_kind", f"与系统中已有{name}的类别不一致。")


def _person_faults(unit: Unit, row: roster.Row) -> Faults:
    yield from _moved(
        row, "person_name", establishment.name_faults(row.person_name, longest=establishment.LONGEST_PERSON)
    )
    yield from _moved(row, "number", establishment.name_faults(row.number, longest=50))
    if row.login:
        yield from _moved(row, "login", logins.faults(row.login))
    found = _stored(unit, model.person, "number", row.number)
    if found is not None and (reason := organization.refuse_post_for(unit, found.id)):
        yield row.fault("person_name", reason)
    if row.login:
        yield from _login_faults(unit, row, found)


def _login_faults(unit: Unit, row: roster.Row, person: Row[Any] | None) -> Faults:
    taken = _stored(unit, model.account, "login", row.login)
    if taken is not None and (person is None or taken.person_id != person.id):
        yield row.fault("login", f"登录名“{row.login}”已经是别人的。")
    own = _stored(unit, model.account, "person_id", person.id) if person is not None else None
    if own is not None and own.login != row.login:
        yield row.fault("login", f"此人已有登录名“{own.login}”。")


def _moved(row: roster.Row, name: str, found: Iterable[Fault]) -> Faults:
    return [row.fault(name, fault.message) for fault in found]
