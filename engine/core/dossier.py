"""Gather all that an instance and its whole family left behind, as plain data, to be kept for good."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from engine.core import catalogue, form_uses, history, kin, opinions, organization
from engine.core.catalogue import Definition
from engine.core.forms import Form
from engine.core.history import Event, Verdict
from engine.ground import model
from engine.ground.unit_of_work import Unit


@dataclass(frozen=True)
class Stream:
    """Hold a chain of events: as stored, as read, and whether it is whole."""

    name: str
    rows: tuple[Row[Any], ...]
    events: tuple[Event, ...]
    verdict: Verdict


@dataclass(frozen=True)
class Member:
    """Hold one instance of the family; `standing` says which version of a document it last confirmed."""

    row: Row[Any]
    unit_name: str
    definition: Definition
    tasks: Mapping[str, Row[Any]]
    stream: Stream
    standing: Mapping[str, int]


@dataclass(frozen=True)
class Record:
    """Hold a document with all its versions; `form` says how its values read, where a form is known.

    `owner` is the unit whose affair it belongs to, "" for the whole's own.
    """

    row: Row[Any]
    owner: str
    versions: tuple[Row[Any], ...]
    form: Form | None
    choices: Mapping[str, list[dict[str, str]]]

    @property
    def title(self) -> str:
        """Name it with its owner."""
        return f"{self.owner}·{self.row.title}" if self.owner else str(self.row.title)


@dataclass(frozen=True)
class Dossier:
    """Hold everything, the root first."""

    members: tuple[Member, ...]
    records: tuple[Record, ...]
    opinions: tuple[Row[Any], ...]
    definitions: tuple[Definition, ...]
    published: tuple[Stream, ...]
    persons: Mapping[str, str]
    posts: Mapping[str, str]
    units: Mapping[str, str]
    packed_at: datetime

    @property
    def root(self) -> Row[Any]:
        """Give the instance at the top."""
        return self.members[0].row

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Give every chain of events."""
        return (*(member.stream for member in self.members), *self.published)


def gather(unit: Unit, instance_id: str) -> Dossier:
    """Read the whole family of an instance."""
    rows = kin.family(unit, instance_id)
    definitions = {row.definition_id: catalogue.load(unit, row.definition_id) for row in rows}
    members = tuple(_member(unit, row, definitions[row.definition_id]) for row in rows)
    records = tuple(_records(unit, members))
    said = tuple(opinions.of_instances(unit, [row.id for row in rows]))
    used = sorted(definitions.values(), key=lambda item: (item.key, item.version))
    published = tuple(read_stream(unit, f"definition:{key}") for key in sorted({item.key for item in used}))
    streams = (*(member.stream for member in members), *published)
    return Dossier(
        members,
        records,
        said,
        tuple(used),
        published,
        _person_names(unit, members, records, said, streams),
        organization.post_titles(unit, _posts(members, said, streams)),
        {item.code: item.name for item in organization.units(unit)} | _unit_names(unit, rows),
        unit.now,
    )


def _member(unit: Unit, row: Row[Any], definition: Definition) -> Member:
    stream = read_stream(unit, f"instance:{row.id}")
    name = organization.unit_name(unit, row.unit_code) if row.unit_code else ""
    return Member(row, name, definition, kin.tasks(unit, [row.id]), stream, kin.standing(list(stream.events)))


def read_stream(unit: Unit, name: str) -> Stream:
    """Read a chain of events with its verdict."""
    known = history.registers(unit.connection, name)
    rows = tuple(unit.connection.execute(history.kept(name)))
    # The verdict is of these very rows: the chain may grow between two looks.
    verdict = history.judge(unit.connection, name, rows, known)
    return Stream(name, rows, tuple(history.as_event(row) for row in rows), verdict)


def _records(unit: Unit, members: tuple[Member, ...]) -> list[Record]:
    keys = {member.row.business_key for member in members}
    table, version = model.document, model.document_version
    query = (
        select(table)
        .where(table.c.business_key.in_(keys))
        .order_by(table.c.business_key, table.c.created_at, table.c.id)
    )
    found = list(unit.connection.execute(query))
    query_versions = (
        select(version).where(version.c.document_id.in_([row.id for row in found])).order_by(version.c.number)
    )
    by_document: dict[str, list[Row[Any]]] = {row.id: [] for row in found}
    for item in unit.connection.execute(query_versions):
        by_document[item.document_id].append(item)
    return [_record(unit, row, by_document[row.id], members) for row in found]


def _record(unit: Unit, row: Row[Any], versions: list[Row[Any]], members: tuple[Member, ...]) -> Record:
    form = _form(row, versions, members)
    maker = next((member for member in members if member.row.business_key == row.business_key), members[0])
    own = maker.row.business_key == members[0].row.business_key
    sources = form_uses.sources(form) if form else []
    offered = unit.engine.options
    choices = {name: offered[name](unit, dict(maker.row._mapping)) for name in sources if name in offered}
    return Record(row, "" if own else maker.unit_name, tuple(versions), form, choices)


def _form(row: Row[Any], versions: list[Row[Any]], members: tuple[Member, ...]) -> Form | None:
    """Find how a document reads: the form of the task that wrote it, else one that is kept in such a document."""
    for version in reversed(versions):
        for member in members:
            task = member.tasks.get(version.task_id or "")
            if task is not None and task.form_key in member.definition.sources:
                return member.definition.form(task.form_key)
    forms = (member.definition.form(key) for member in members for key in member.definition.forms)
    return next((form for form in forms if form.document == row.name), None)


def _person_names(
    unit: Unit,
    members: tuple[Member, ...],
    records: tuple[Record, ...],
    said: tuple[Row[Any], ...],
    streams: tuple[Stream, ...],
) -> dict[str, str]:
    wanted = {member.row.starter_id for member in members}
    wanted |= {version.created_by for record in records for version in record.versions}
    wanted |= {who for row in said for who in (row.person_id, row.acting_for, row.entered_by)}
    events = [event for stream in streams for event in stream.events]
    wanted |= {
        event.envelope.get(key) for event in events for key in ("person", "acting_for", "entering_for", "assignee")
    }
    return organization.person_names(unit, wanted)


def _posts(members: tuple[Member, ...], said: tuple[Row[Any], ...], streams: tuple[Stream, ...]) -> set[str]:
    found = {row.post for row in said}
    found |= {event.envelope.get("post") or "" for stream in streams for event in stream.events}
    return found | {post for member in members for task in member.tasks.values() for post in task.candidates}


def _unit_names(unit: Unit, rows: list[Row[Any]]) -> dict[str, str]:
    """Name the units of the family, those that have ended too."""
    return {row.unit_code: organization.unit_name(unit, row.unit_code) for row in rows if row.unit_code}
