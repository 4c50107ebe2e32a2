"""Put a finished affair into an archive bag that proves itself, and check such a bag (归档)."""

import hashlib
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.core import archive_check, archive_items, archive_page, bag, dossier, parcel, visibility
from engine.core.bag import BagError, Fault
from engine.core.dossier import Dossier
from engine.core.filenames import is_unsafe, safe_name
from engine.ground import model
from engine.ground.clock import local
from engine.ground.errors import NotFound, Stale
from engine.ground.unit_of_work import Engine, Unit

PATH, DIGEST = "archive_path", "archive_digest"
"""The variables that say where an affair's bag is, and the SHA-256 of its tag manifest."""

DRAFTS = ".drafts"
IDENTIFIER = "External-Identifier"
ATTEMPTS = 100
MISSING = "归档包不在归档文件夹里，或者同名的文件夹装的不是这件事项。请系统管理员从备份放回。"


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


# A bag that is kept


@dataclass(frozen=True)
class Kept:
    """Name the bag of an affair: where it is to be, whose it is, and the digest that stands for it as it was made."""

    folder: Path
    root: str
    digest: str

    @property
    def is_there(self) -> bool:
        """Tell whether the folder is there and holds this affair."""
        # A diagram may have set the name: what no system takes is as good as gone.
        plain = os.path.isdir(self.folder) and not os.path.islink(self.folder)
        return plain and identifier(self.folder) == self.root


def find(unit: Unit, instance_id: str, person_id: str, roles: Collection[str] = ()) -> Kept | None:
    """Find the bag of an affair from its top or from where it was packed, for one who may see the whole affair."""
    instance, variable = model.instance.c, model.variable.c
    root = unit.connection.execute(select(instance.root_id).where(instance.id == instance_id)).scalar()
    if root is None or not visibility.may_see(unit, root, person_id, roles):
        return None
    query = (
        select(instance.id, variable.name, variable.value)
        .join_from(model.instance, model.variable, variable.instance_id == instance.id)
        .where(instance.root_id == root, variable.scope == "", variable.name.in_((PATH, DIGEST)))
        .order_by(instance.started_at, instance.id)
    )
    told: dict[str, dict[str, Any]] = {}
    for row in unit.connection.execute(query):
        told.setdefault(row.id, {})[row.name] = row.value
    holders = {holder: values for holder, values in told.items() if _is_name(values.get(PATH))}
    if not holders or instance_id not in (root, *holders):
        return None
    values = holders.get(instance_id) or holders[next(reversed(holders))]
    return Kept(unit.engine.archives / values[PATH], root, str(values.get(DIGEST) or ""))


def _is_name(path: object) -> bool:
    """Tell whether a variable, which a diagram may set too, names a folder right below the archives."""
    return isinstance(path, str) and "/" not in path and not path.startswith(".") and not is_unsafe(path)


def check(kept: Kept) -> list[Fault]:
    """List what is wrong with a bag that is kept, and whether it is still the one that was made."""
    if not kept.is_there:
        return [Fault("archive.missing", "", MISSING)]
    found = verify(kept.folder)
    with suppress(OSError):
        if fingerprint(kept.folder) != kept.digest:
            found.append(Fault("archive.replaced", "", "与归档时登记的校验值不一致，可能整包被换过。"))
    return found


def wrap(kept: Kept) -> Iterator[bytes]:
    """Give a bag as a .zip, piece by piece.

    Raises:
        NotFound: the folder is gone, or holds another affair. Stale: there is in it now what no bag has.
    """
    if not kept.is_there:
        raise NotFound(MISSING)
    try:
        return parcel.wrap(kept.folder)
    except BagError as error:
        raise Stale(str(error)) from error
