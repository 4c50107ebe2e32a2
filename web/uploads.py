"""Keep the files that came with a form, and say of each that was not taken why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from flask import request
from werkzeug.datastructures import FileStorage

from engine import documents
from engine.core.forms import Component, Form
from engine.ground.errors import Fault, Invalid, TooLarge
from engine.ground.unit_of_work import Actor, Unit


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


def keep(unit: Unit, instance_id: str, files: Mapping[str, list[FileStorage]], actor: Actor) -> Kept:
    """Put files into an instance; one that is refused does not keep the others out."""
    kept = Kept()
    for name, chosen in files.items():
        for file in chosen:
            _keep_one(unit, instance_id, name, file, actor, kept)
    return kept


def _keep_one(unit: Unit, instance_id: str, name: str, file: FileStorage, actor: Actor, kept: Kept) -> None:
    file.stream.seek(0)
    try:
        found = documents.add_file(unit, instance_id, file.filename or "", cast(BinaryIO, file.stream), actor)
    except TooLarge as error:
        kept.too_large = True
        kept.faults.append(Fault("upload_too_large", f"“{file.filename}”没有收下：{error.message}", name))
    except Invalid as error:
        kept.faults.append(Fault("upload_refused", error.message, name))
    else:
        kept.ids.setdefault(name, []).append(found)


def merge(form: Form, values: Mapping[str, Any], kept: Kept) -> dict[str, Any]:
    """Put the new files' ids into a form's values: added to those of a field for several, else in their place."""
    merged = dict(values)
    for part in form.fields():
        if part.key in kept.ids:
            merged[part.key] = _joined(part, values.get(part.key), kept.ids[part.key])
    return merged


def _joined(part: Component, before: Any, new: list[str]) -> list[str]:
    return [*before, *new] if part.multiple and isinstance(before, list) else new
