"""Load published versions: diagram, program and forms, read once a process and kept, for they never change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.core import decision_reading, forms, spiff
from engine.core.admission import find_process
from engine.core.decisions import SUFFIX, Decision, name_in_version
from engine.core.diagram import Diagram
from engine.core.forms import Form
from engine.core.markup import parse
from engine.core.normalise import normalise, read_drawing
from engine.ground import model
from engine.ground.errors import NotFound, Stuck
from engine.ground.unit_of_work import Unit


@dataclass(frozen=True)
class Definition:
    """Hold a published version (流程版本); `sources` are its forms by key and its decision tables by `<id>.dmn`."""

    id: str
    key: str
    version: int
    name: str
    source: bytes
    sources: Mapping[str, str]
    published_at: datetime
    diagram: Diagram
    program: spiff.Program

    @property
    def forms(self) -> dict[str, str]:
        """Give the texts of its forms."""
        return {key: text for key, text in self.sources.items() if not key.endswith(SUFFIX)}

    @property
    def decisions(self) -> dict[str, Decision]:
        """Give its decision tables by `<id>.dmn`, as far as they can be read."""
        read = ((key, decision_reading.load(text)) for key, text in self.sources.items() if key.endswith(SUFFIX))
        return {key: decision for key, decision in read if decision}

    @property
    def decision_names(self) -> dict[str, str]:
        """Give what people call its decision tables, by `<id>.dmn`."""
        return {key: decision.name or decision.id for key, decision in self.decisions.items()}

    def form(self, key: str) -> Form:
        """Give one of its forms."""
        return forms.load(self.sources[key])

    def title_of(self, key: str) -> str:
        """Give what people call one of its sources."""
        if key.endswith(SUFFIX):
            return f"决策表“{self.decision_names.get(key, key.removesuffix(SUFFIX))}”"
        return self.form(key).title or key

    def decision(self, decision_id: str) -> Decision:
        """Give one of its decision tables.

        Raises:
            Stuck: it cannot be read any more.
        """
        found = decision_reading.load(self.sources[name_in_version(decision_id)])
        if found is None:
            raise Stuck(f"决策表“{decision_id}”已经不能读取。请联系管理员。")
        return found


def load(unit: Unit, definition_id: str) -> Definition:
    """Give a version by its id.

    Raises:
        NotFound: there is none.
    """
    known = unit.engine.definitions.get(definition_id)
    if known is None:
        known = unit.engine.definitions[definition_id] = _read(unit, definition_id)
    found: Definition = known
    return found


def _read(unit: Unit, definition_id: str) -> Definition:
    row = unit.connection.execute(select(model.definition).where(model.definition.c.id == definition_id)).first()
    if row is None:
        raise NotFound()
    table = model.form
    rows = unit.connection.execute(select(table.c.key, table.c.source).where(table.c.definition_id == definition_id))
    source = bytes(row.source)
    diagram = read_published(source)
    return Definition(
        row.id,
        row.key,
        row.version,
        row.name,
        source,
        {form.key: form.source for form in rows},
        row.published_at,
        diagram,
        spiff.compile_program(diagram),
    )


def latest_id(unit: Unit, key: str) -> str | None:
    """Give the id of the newest version of a process."""
    table = model.definition.c
    query = select(table.id).where(table.key == key).order_by(table.version.desc()).limit(1)
    return unit.connection.execute(query).scalar_one_or_none()


def latest(unit: Unit, key: str) -> Definition:
    """Give the newest version of a process.

    Raises:
        NotFound: nothing is published under that key.
    """
    found = latest_id(unit, key)
    if found is None:
        raise NotFound("这个流程还没有发布。")
    return load(unit, found)


def read_published(source: bytes) -> Diagram:
    """Read a diagram that was checked when it was published; what has vanished since shows where it is used."""
    root, _ = parse(source)
    assert root is not None
    process, _ = find_process(root)
    assert process is not None
    return normalise(read_drawing(process)[0])
