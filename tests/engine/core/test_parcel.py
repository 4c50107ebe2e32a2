"""A folder leaves the house as one .zip that any system unpacks, piece by piece, and nothing else leaves with it."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from engine.core import parcel
from engine.core.bag import BagError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with an empty file, a large one, and Chinese names."""
    found = tmp_path / "二〇二六年计划"
    (found / "data" / "材料").mkdir(parents=True)
    (found / "bagit.txt").write_bytes(b"")
    (found / "data" / "材料" / "第1版.json").write_text('{"字": "值"}', encoding="utf-8")
    (found / "data" / "扫描件.bin").write_bytes(os.urandom(3 * parcel.CHUNK + 1))
    return found


def unpacked(folder: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(parcel.wrap(folder))))


def test_every_file_is_in_it_below_the_folders_own_name(folder: Path) -> None:
    found = unpacked(folder)
    assert found.testzip() is None
    expected = {path for path in folder.rglob("*") if path.is_file()}
    assert set(found.namelist()) == {f"{folder.name}/{path.relative_to(folder).as_posix()}" for path in expected}
    for path in expected:
        assert found.read(f"{folder.name}/{path.relative_to(folder).as_posix()}") == path.read_bytes()
    # A name that is not ASCII is marked as UTF-8, so that every system reads it
    assert all(entry.flag_bits & 0x800 for entry in found.infolist())
    assert {entry.external_attr >> 16 for entry in found.infolist()} == {0o100644}


def test_it_comes_in_pieces_and_never_whole(folder: Path) -> None:
    pieces = list(parcel.wrap(folder))
    assert len(pieces) > 4
    assert max(map(len, pieces)) < 2 * parcel.CHUNK


@pytest.mark.parametrize(("moment", "shown"), [(0, (1980, 1, 1, 0, 0, 0)), (1768870800, (2026, 1, 20, 9, 0, 0))])
def test_a_file_keeps_its_time_by_the_offices_clock(folder: Path, moment: int, shown: tuple[int, ...]) -> None:
    os.utime(folder / "bagit.txt", (moment, moment))
    assert unpacked(folder).getinfo(f"{folder.name}/bagit.txt").date_time == shown


def test_a_link_or_a_pipe_is_refused_before_anything_is_sent(folder: Path) -> None:
    for make in (lambda path: path.symlink_to("/etc"), lambda path: path.symlink_to("bagit.txt"), os.mkfifo):
        odd = folder / "data" / "odd"
        make(odd)
        with pytest.raises(BagError, match="不能下载的“data/odd”"):
            parcel.wrap(folder)
        odd.unlink()


def test_a_name_that_no_other_system_takes_is_refused(folder: Path) -> None:
    (folder / "a\\b").write_bytes(b"")
    with pytest.raises(BagError, match="不能下载"):
        parcel.wrap(folder)
    (folder / "a\\b").unlink()
    (folder / os.fsdecode(b"\xff")).write_bytes(b"")
    with pytest.raises(BagError, match="不能下载"):
        parcel.wrap(folder)


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="读不出来"):
        parcel.wrap(tmp_path / "gone")


def test_a_file_that_is_swapped_for_a_link_while_it_is_sent_does_not_lead_outside(folder: Path) -> None:
    pieces = parcel.wrap(folder)
    (folder / "data" / "扫描件.bin").unlink()
    (folder / "data" / "扫描件.bin").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        list(pieces)
