"""Publish processes: drafts that are checked as they are drawn, versions that never change (流程版本).

`sources` are what a drawing is published with: its forms by key, its decision tables by `<id>.dmn`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from engine.core import (
    catalogue,
    correlation,
    form_uses,
    forms,
    history,
    organization,
    parameters,
    plain_text,
    profile,
    snippets,
    starts,
    vocabulary,
)
from engine.core.catalogue import Definition
from engine.core.decisions import SUFFIX, name_in_version
from engine.core.diagram import Diagram, Surroundings
from engine.ground import model
from engine.ground.database import take_turns
from engine.ground.errors import Fault, Stale, SuixuError
from engine.ground.unit_of_work import Actor, Unit, new_id

TABLE = model.definition.c
NOTE_LIMIT = 500
TEXTS = snippets.KINDS


@dataclass(frozen=True)
class Overview:
    """Show a process in a list; `version` 0 is one that has only been drawn."""

    key: str
    name: str
    version: int
    published_at: datetime | None
    drafted_at: datetime | None


@dataclass(frozen=True)
class Comparison:
    """Hold a drawing against what is published: `version` is the newest, 0 for none; `same` when it is just that."""

    key: str
    name: str
    documentation: str
    version: int
    same: bool


def surroundings(unit: Unit, sources: Mapping[str, str], own: tuple[str, ...] = ()) -> Surroundings:
    """Say what a diagram may refer to here and now; `own` are processes published together with it."""
    keys = set(unit.connection.execute(select(TABLE.key).distinct()).scalars()) | set(own)
    options, known = set(unit.engine.options), parameters.labels(unit)
    return Surroundings(
        functions=unit.engine.functions,
        processes=keys,
        posts=organization.references(unit) or None,
        forms=sources,
        feel=vocabulary.NAMES,
        check_form=lambda source: forms.check(source, options) or form_uses.parameter_faults(source, known),
        uses=form_uses.of,
        parameters=known,
        calls=lambda key: _calls(unit, key),
        begins=lambda key: _begins(unit, key),
    )


def _calls(unit: Unit, key: str) -> frozenset[str]:
    newest = catalogue.latest_id(unit, key)
    return catalogue.load(unit, newest).diagram.calls if newest is not None else frozenset()


def _begins(unit: Unit, key: str) -> bool:
    newest = catalogue.latest_id(unit, key)
    return newest is None or catalogue.load(unit, newest).diagram.start() is not None


def sources_beside(drawing: Path) -> dict[str, str]:
    """Read what stands in the folder of `<name>.bpmn`: forms from `<name>.<form>.form`, tables from `<name>.<id>.dmn`.

    Raises:
        SuixuError: a file cannot be read, or is no text in UTF-8.
    """
    found = [path for ending in (".form", SUFFIX) for path in drawing.parent.glob(f"{drawing.stem}.*{ending}")]
    start = f"{drawing.stem}."
    return {path.name.removeprefix(start).removesuffix(".form"): _text(path) for path in sorted(found)}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SuixuError(f"不能读取文件 {path}：{error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SuixuError(f"文件 {path} 不是 UTF-8 编码，请另存为 UTF-8。") from error


def check(unit: Unit, source: bytes, sources: Mapping[str, str], own: tuple[str, ...] = ()) -> list[Fault]:
    """List every fault of a drawing."""
    return profile.faults(source, surroundings(unit, sources, own))


def judge_text(unit: Unit, kind: str, text: str, source: bytes, sources: Mapping[str, str]) -> str:
    """Say what is wrong with one text of a drawing and what to do, "" for nothing; `kind` is one of TEXTS.

    `source` is the drawing, `sources` its forms and tables: with them a variable that cannot exist is named as well.
    """
    around = surroundings(unit, sources)
    return snippets.judge(kind, text, around, profile.names(source, around))


def hold(unit: Unit) -> None:
    """Let nobody else publish or save a drawing until the commit: what is looked at from now on stays as it is."""
    take_turns(unit.connection, "definitions")


def publish(
    unit: Unit,
    source: bytes,
    sources: Mapping[str, str],
    actor: Actor,
    note: str = "",
    own: tuple[str, ...] = (),
) -> Definition:
    """Make a new version, unless nothing changed; running instances stay on theirs.

    Raises:
        Refused: the drawing has faults, all named. Invalid: the note.
    """
    # Two who each call the other's process would both find no ring of calls.
    hold(unit)
    diagram = profile.read(source, surroundings(unit, sources, own))
    note = plain_text.read(note, "发布说明", NOTE_LIMIT, "note", lines=True)
    used = _used(diagram, sources)
    digest = _digest(source, used)
    before = catalogue.latest_id(unit, diagram.key)
    if before is not None and _digest_of(unit, before) == digest:
        return catalogue.load(unit, before)
    row = {
        "id": new_id(),
        "key": diagram.key,
        "version": _next_version(unit, diagram.key),
        "name": diagram.name,
        "source": source,
        "digest": digest,
        "published_at": unit.now,
        "published_by": actor.person_id,
        "note": note,
    }
    unit.connection.execute(insert(model.definition), row)
    rows = [{"definition_id": row["id"], "key": key, "source": text} for key, text in sorted(used.items())]
    if rows:
        unit.connection.execute(insert(model.form), rows)
    discard_draft(unit, diagram.key)
    payload = {"name": diagram.name, "note": note, "digest": digest}
    history.record(unit, f"definition:{diagram.key}", "definition.published", actor, payload, version=row["version"])
    starts.plan(unit, diagram)
    correlation.plan_starts(unit, diagram)
    return catalogue.load(unit, str(row["id"]))


def _used(diagram: Diagram, sources: Mapping[str, str]) -> dict[str, str]:
    nodes = diagram.nodes.values()
    named = {node.attributes.get("form", "") for node in nodes} | {diagram.start_form}
    named |= {name_in_version(node.attributes["decision"]) for node in nodes if node.kind == "rule"}
    return {key: text for key, text in sources.items() if key in named}


def _digest(source: bytes, sources: Mapping[str, str]) -> str:
    whole = hashlib.sha256(source)
    for key, text in sorted(sources.items()):
        whole.update(b"\0" + key.encode() + b"\0" + text.encode())
    return whole.hexdigest()


def _digest_of(unit: Unit, definition_id: str) -> str:
    return str(unit.connection.execute(select(TABLE.digest).where(TABLE.id == definition_id)).scalar_one())


def _next_version(unit: Unit, key: str) -> int:
    query = select(func.coalesce(func.max(TABLE.version), 0)).where(TABLE.key == key)
    return int(unit.connection.execute(query).scalar_one()) + 1


def compare(unit: Unit, source: bytes, sources: Mapping[str, str]) -> Comparison:
    """Hold a sound drawing against the newest version of its process."""
    diagram = catalogue.read_published(source)
    before = catalogue.latest_id(unit, diagram.key)
    same = before is not None and _digest_of(unit, before) == _digest(source, _used(diagram, sources))
    version = catalogue.load(unit, before).version if before is not None else 0
    return Comparison(diagram.key, diagram.name, diagram.documentation, version, same)


def latest(unit: Unit, key: str) -> Definition:
    """Give the newest version of a process."""
    return catalogue.latest(unit, key)


def get(unit: Unit, definition_id: str) -> Definition:
    """Give one version."""
    return catalogue.load(unit, definition_id)


def versions(unit: Unit, key: str) -> list[Row[Any]]:
    """List the versions of a process, newest first."""
    return list(
        unit.connection.execute(select(model.definition).where(TABLE.key == key).order_by(TABLE.version.desc()))
    )


def overview(unit: Unit) -> list[Overview]:
    """List every process, published or only drawn, by key."""
    drafts = {row.subject.partition(":")[2]: row for row in _drafts(unit)}
    keys = set(unit.connection.execute(select(TABLE.key).distinct()).scalars()) | set(drafts)
    return [_overview(unit, key, drafts.get(key)) for key in sorted(keys)]


def _overview(unit: Unit, key: str, drafted: Row[Any] | None) -> Overview:
    newest = catalogue.latest_id(unit, key)
    saved = drafted.saved_at if drafted is not None else None
    if newest is None:
        return Overview(key, str(drafted.content["name"]) if drafted is not None else key, 0, None, saved)
    known = catalogue.load(unit, newest)
    return Overview(key, known.name, known.version, known.published_at, saved)


# Drafts


def _subject(key: str) -> str:
    return f"process:{key}"


def _drafts(unit: Unit) -> list[Row[Any]]:
    return list(unit.connection.execute(select(model.draft).where(model.draft.c.subject.like("process:%"))))


def draft(unit: Unit, key: str) -> Row[Any] | None:
    """Give the drawing that is being worked on: content {name, source, forms}, revision, who saved it and when."""
    return unit.connection.execute(select(model.draft).where(model.draft.c.subject == _subject(key))).first()


def save_draft(
    unit: Unit, key: str, name: str, source: str, sources: Mapping[str, str], revision: int, actor: Actor
) -> int:
    """Keep a drawing, faults and all; give its new revision.

    Raises:
        Stale: somebody else saved in between.
    """
    hold(unit)
    before = draft(unit, key)
    if (before.revision if before is not None else 0) != revision:
        raise Stale("这张流程图刚刚被别人保存过，请重新打开后再改。您的改动没有保存。")
    discard_draft(unit, key)
    row = {
        "subject": _subject(key),
        "content": {"name": name, "source": source, "forms": dict(sources)},
        "revision": revision + 1,
        "saved_by": actor.person_id,
        "saved_at": unit.now,
    }
    unit.connection.execute(insert(model.draft), row)
    return revision + 1


def discard_draft(unit: Unit, key: str) -> None:
    """Throw a drawing away; published versions stay."""
    unit.connection.execute(delete(model.draft).where(model.draft.c.subject == _subject(key)))
