"""Hand a folder out as one .zip, piece by piece: nothing is written beside it, nothing of it is held in memory."""

import os
import stat
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from engine.core.bag import BagError, opened
from engine.core.filenames import is_unsafe, shown
from engine.ground.clock import local

CHUNK = 1 << 18
FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The earliest that a .zip can say."""
READABLE = (stat.S_IFREG | 0o644) << 16


class _Sink:
    """Take what a ZipFile writes, which cannot go back here, until somebody takes it away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Do nothing: there is no file behind."""

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def wrap(folder: Path) -> Iterator[bytes]:
    """Give a folder as a .zip, its own name on top.

    Raises:
        BagError: something in it is neither file nor folder, or has a name that no other system takes.
    """
    found = sorted(_survey(folder, ""))
    return _pieces(folder, found)


def _survey(folder: Path, prefix: str) -> Iterator[str]:
    """List the files; links are not followed but refused, for they could lead anywhere."""
    try:
        entries = list(os.scandir(folder / prefix))
    except OSError as problem:
        raise BagError("archive.unreadable", f"归档包的目录“{shown(prefix)}”读不出来。") from problem
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if is_unsafe(path) or not (entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)):
            raise BagError("archive.not_plain", f"归档包里有不能下载的“{shown(path)}”，请先核对归档包。")
        if entry.is_dir(follow_symlinks=False):
            yield from _survey(folder, f"{path}/")
        else:
            yield path


def _pieces(folder: Path, paths: list[str]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as parcel:  # type: ignore[call-overload]
        for path in paths:
            with opened(folder / path) as source:
                about = os.fstat(source.fileno())
                with parcel.open(_entry(f"{folder.name}/{path}", about), "w") as target:
                    while piece := source.read(CHUNK):
                        target.write(piece)
                        yield sink.take()
    yield sink.take()


def _entry(name: str, about: os.stat_result) -> zipfile.ZipInfo:
    wall = local(datetime.fromtimestamp(about.st_mtime, UTC))
    entry = zipfile.ZipInfo(name, max(FIRST_MOMENT, wall.timetuple()[:6]))
    # Known beforehand, so that a file of more than 2 GB is announced as one.
    entry.file_size, entry.compress_type, entry.external_attr = about.st_size, zipfile.ZIP_DEFLATED, READABLE
    return entry
