"""Keep the files that came with a form, and say of each that was not taken why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from flask import request
from werkzeug.datastructures import FileStorage

from engine import documents
from engine.core.filenames import shown
from engine.core.forms import Component, Form
from engine.documents import Stored
from engine.ground.errors import Fault, Invalid, TooLarge
from engine.ground.unit_of_work import Actor, Engine, Unit


@dataclass
class Brought:
    """Hold the files of one request, stored by the field's name, and say of each that was not taken why."""

    files: dict[str, list[Stored]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    too_large: bool = False


@dataclass
class Kept:
    """Say what became of the files of one request, by the field's name."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    too_large: bool = False


def sent(names: Iterable[str]) -> dict[str, list[FileStorage]]:
    """Give the files that were chosen, by the field's name."""
    found = {name: [file for file in request.files.getlist(name) if file.filename] for name in names}
    return {name: files for name, files in found.items() if files}


def bring(engine: Engine, files: Mapping[str, list[FileStorage]]) -> Brought:
    """Store the files of a request while no transaction is open; one that is refused does not keep the others out."""
    brought = Brought()
    for name, chosen in files.items():
        for file in chosen:
            _bring_one(engine, name, file, brought)
    return brought


def _bring_one(engine: Engine, name: str, file: FileStorage, brought: Brought) -> None:
    try:
        stored = documents.store(engine, file.filename or "", cast(BinaryIO, file.stream))
    except TooLarge as error:
        brought.too_large = True
        brought.faults.append(_too_large(file.filename, error, name))
    except Invalid as error:
        brought.faults.append(Fault("upload_refused", error.message, name))
    else:
        brought.files.setdefault(name, []).append(stored)


def _too_large(file_name: str | None, error: TooLarge, name: str) -> Fault:
    return Fault("upload_too_large", f"“{shown(file_name or '')}”没有收下：{error.message}", name)


def keep(unit: Unit, instance_id: str, brought: Brought, actor: Actor) -> Kept:
    """Put what was brought into an instance; what does not fit in does not keep the others out."""
    kept = Kept({}, list(brought.faults), brought.too_large)
    for name, files in brought.files.items():
        for file in files:
            try:
                found = documents.add_file(unit, instance_id, file, actor)
            except TooLarge as error:
                kept.too_large = True
                kept.faults.append(_too_large(file.name, error, name))
            else:
                kept.ids.setdefault(name, []).append(found)
    return kept


def merge(form: Form, values: Mapping[str, Any], kept: Kept) -> dict[str, Any]:
    """Put the new files' ids into a form's values: added to those of a field for several, else in their place."""
    merged = dict(values)
    for part in form.fields():
        if part.key in kept.ids:
            merged[part.key] = _joined(part, values.get(part.key), kept.ids[part.key])
    return merged


def _joined(part: Component, before: Any, new: list[str]) -> list[str]:
    return [*before, *new] if part.multiple and isinstance(before, list) else new
