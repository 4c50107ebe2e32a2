"""Hold the whole organization in memory: units, posts, persons, who holds what; read in one go."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from engine.core import settled
from engine.ground import model
from engine.ground.unit_of_work import Unit


@dataclass(frozen=True)
class OrgUnit:
    """Show a unit of the office; `successor` is the code of the unit that took over."""

    id: str
    code: str
    name: str
    kind: str
    ordinal: int
    starts: date
    ends: date | None
    successor: str | None


@dataclass(frozen=True)
class Post:
    """Show a post; `title` is what people call it: the unit's name and the post's."""

    id: str
    reference: str
    unit_code: str
    unit_name: str
    code: str
    name: str
    kind: str
    ordinal: int
    ends: date | None

    @property
    def title(self) -> str:
        """Name the post with its unit."""
        return self.name if self.name.startswith(self.unit_name) else self.unit_name + self.name


@dataclass(frozen=True)
class Person:
    """Show a person."""

    id: str
    name: str
    number: str | None


@dataclass(frozen=True)
class Holding:
    """Show that a person holds a post from one day until another."""

    id: str
    person: Person
    reference: str
    starts: date
    ends: date | None


@dataclass(frozen=True)
class Directory:
    """Hold everything, ended too: units by code and posts by reference in their order, holdings both ways round."""

    units: Mapping[str, OrgUnit]
    posts: Mapping[str, Post]
    persons: Mapping[str, Person]
    by_post: Mapping[str, list[Holding]]
    by_person: Mapping[str, list[Holding]]

    def is_alive(self, post: Post, on: date) -> bool:
        """Tell whether a post and its unit exist on a day."""
        return holds(self.units[post.unit_code], on) and (post.ends is None or post.ends > on)


def holds(item: OrgUnit | Holding, on: date) -> bool:
    """Tell whether the day is among an item's days: its end is the first day on which it is no more."""
    return item.starts <= on and (item.ends is None or item.ends > on)


def of(unit: Unit) -> Directory:
    """Give the organization as it is now."""
    return settled.of(unit, "directory", _read)


def _read(unit: Unit) -> Directory:
    units = {item.id: item for item in _units(unit)}
    posts = {item.id: item for item in _posts(unit, units)}
    rows = unit.connection.execute(select(model.person).order_by(model.person.c.name, model.person.c.id))
    persons = {row.id: Person(row.id, row.name, row.number) for row in rows}
    by_post, by_person = defaultdict(list), defaultdict(list)
    table = model.holding.c
    for row in unit.connection.execute(select(model.holding).order_by(table.starts, table.id)):
        item = Holding(row.id, persons[row.person_id], posts[row.post_id].reference, row.starts, row.ends)
        by_post[item.reference].append(item)
        by_person[item.person.id].append(item)
    return Directory(
        {item.code: item for item in units.values()},
        {item.reference: item for item in posts.values()},
        persons,
        dict(by_post),
        dict(by_person),
    )


def _units(unit: Unit) -> list[OrgUnit]:
    after = model.unit.alias("after")
    query = (
        select(model.unit, after.c.code.label("successor"))
        .outerjoin(after, after.c.id == model.unit.c.successor_id)
        .order_by(model.unit.c.ordinal, model.unit.c.code)
    )
    return [
        OrgUnit(row.id, row.code, row.name, row.kind, row.ordinal, row.starts, row.ends, row.successor)
        for row in unit.connection.execute(query)
    ]


def _posts(unit: Unit, units: Mapping[str, OrgUnit]) -> list[Post]:
    place = {unit_id: number for number, unit_id in enumerate(units)}
    rows = unit.connection.execute(select(model.post)).all()
    found = sorted(rows, key=lambda row: (place[row.unit_id], row.ordinal, row.code))
    return [
        Post(
            row.id,
            row.reference,
            units[row.unit_id].code,
            units[row.unit_id].name,
            row.code,
            row.name,
            row.kind,
            row.ordinal,
            row.ends,
        )
        for row in found
    ]
