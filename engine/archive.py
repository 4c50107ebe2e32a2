"""Put a finished affair into an archive bag that proves itself, and check such a bag (归档)."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.core import archive_check, archive_items, archive_page, bag, dossier, kin
from engine.core.bag import BagError, Fault
from engine.core.dossier import Dossier
from engine.core.filenames import safe_name
from engine.ground.clock import local
from engine.ground.unit_of_work import Engine, Unit

PATH, DIGEST = "archive_path", "archive_digest"
"""The variables that say where an affair's bag is, and the SHA-256 of its tag manifest."""

DRAFTS = ".drafts"
IDENTIFIER = "External-Identifier"
ATTEMPTS = 100


def build(
    engine: Engine, instance_id: str, title: str, main: Sequence[str] = (), facts: Mapping[str, str] | None = None
) -> Path:
    """Write the bag of an instance's whole family; a bag that is there already is verified and given instead.

    `main` names the documents that the page shows first; `facts` are lines of its summary.

    Raises:
        BagError: the bag that is there is damaged, or the new one could not be written.
    """
    with engine.reading() as unit:
        whole = dossier.gather(unit, instance_id)
    root = whole.root.id
    folder = _folder(engine, title, root)
    if folder.exists():
        return _verified(folder)
    draft = engine.archives / DRAFTS / root
    # What a killed try of this very affair left behind; a bag takes its name only when it is whole.
    shutil.rmtree(draft, ignore_errors=True)
    try:
        _write(engine, whole, draft / folder.name, title, main, facts or {})
        _give_name(draft / folder.name, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _folder(engine: Engine, title: str, root: str) -> Path:
    """Find the folder's name: of two affairs of one title, the second is told apart by a number."""
    for number in range(1, ATTEMPTS):
        folder = engine.archives / safe_name(title if number == 1 else f"{title}({number})")
        if not folder.exists() or identifier(folder) == root:
            return folder
    raise BagError("archive.name_taken", f"同名的归档包“{title}”太多，请换一个题名。")


def identifier(folder: Path) -> str:
    """Say which affair a bag holds, "" where it does not say."""
    with suppress(OSError, UnicodeDecodeError):
        for line in (folder / "bag-info.txt").read_text(encoding="utf-8").splitlines():
            label, _, value = line.partition(": ")
            if label == IDENTIFIER:
                return value.strip()
    return ""


def _verified(folder: Path) -> Path:
    faults = verify(folder)
    if faults:
        raise BagError("archive.damaged", f"已有的归档包“{folder.name}”核对不上：{faults[0]}请移走后重试。")
    return folder


def _write(
    engine: Engine, whole: Dossier, folder: Path, title: str, main: Sequence[str], facts: Mapping[str, str]
) -> None:
    layout = archive_items.lay_out(whole)
    pages = archive_page.pages(whole, layout, title, main, facts)
    info = {
        "Bagging-Date": local(whole.packed_at).date().isoformat(),
        IDENTIFIER: whole.root.id,
        "External-Description": title,
        "Bag-Software-Agent": "Suixu",
    }
    bag.write(folder, archive_items.items(whole, layout, engine.files, title, pages), info)


def _give_name(draft: Path, folder: Path) -> None:
    try:
        os.rename(draft, folder)
    except OSError as problem:
        # Another worker whose lease overlapped was quicker: its bag is as good, if it is whole.
        if not folder.exists():
            raise BagError("archive.not_written", "归档包没有写成。请检查磁盘空间和目录的写入权限后重试。") from problem
        _verified(folder)


def variables_of(engine: Engine, folder: Path) -> dict[str, Any]:
    """Give what the instance remembers of its bag: the path below the archives, the tag manifest's digest."""
    return {PATH: folder.relative_to(engine.archives).as_posix(), DIGEST: fingerprint(folder)}


def fingerprint(folder: Path) -> str:
    """Give the SHA-256 of the tag manifest, which stands for the whole bag."""
    return hashlib.sha256((folder / "tagmanifest-sha256.txt").read_bytes()).hexdigest()


def verify(folder: Path) -> list[Fault]:
    """List what is wrong with an archive: the bag, its chains of events, its documents and diagrams against the log."""
    faults = bag.verify(folder)
    if any(fault.code in ("bag.special_file", "bag.folder_missing", "bag.too_many") for fault in faults):
        # Links must not be followed, and a folder that is no bag has nothing to look into.
        return faults
    return faults + list(archive_check.check(folder))


def path_of(unit: Unit, instance_id: str) -> Path | None:
    """Find the bag of an instance's family, if there is one."""
    for row in reversed(kin.family(unit, instance_id)):
        path = kin.variable(unit, row.id, PATH)
        if isinstance(path, str):
            return unit.engine.archives / path
    return None
