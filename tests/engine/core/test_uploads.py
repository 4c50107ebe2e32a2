"""Only files of the office's kinds come in, and only when they are what their name says."""

import struct
import zipfile
from pathlib import Path

import pytest

from engine.core import uploads as module
from engine.ground.errors import Invalid

OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64)
HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(32)


def check(name: str, path: Path) -> str:
    with path.open("rb") as stream:
        return module.check(name, stream)


def zipped(path: Path, *names: str, size: int = 10) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"0" * size)
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("报告.pdf", b"%PDF-1.7\n", "application/pdf"),
        ("报告.PDF", b"%PDF-1.4\n", "application/pdf"),
        ("图.png", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("图.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("图.jpeg", b"\xff\xd8\xff\xe1", "image/jpeg"),
        ("图.heic", HEIC, "image/heic"),
        ("文.wps", OLD_OFFICE, "application/vnd.ms-works"),
        ("表.et", OLD_OFFICE, "application/vnd.ms-excel"),
    ],
)
def test_files_with_a_signature_are_taken(tmp_path: Path, name: str, content: bytes, media_type: str) -> None:
    assert check(name, written(tmp_path / "x", content)) == media_type


@pytest.mark.parametrize("kind", sorted(module.INSIDE))
def test_files_that_are_packed_are_taken(tmp_path: Path, kind: str) -> None:
    path = zipped(tmp_path / "x", module.INSIDE[kind], "other.xml")
    assert check(f"文件.{kind}", path) == module.ZIPPED[kind]


@pytest.mark.parametrize("kind", ["wps", "et"])
def test_newer_files_of_the_domestic_office_are_packed_too(tmp_path: Path, kind: str) -> None:
    assert check(f"文件.{kind}", zipped(tmp_path / "x", "a.xml"))


@pytest.mark.parametrize("name", ["坏.exe", "坏", "坏.docx.exe", "坏.docm", "坏.html", "坏.svg", "坏.", "坏.zip"])
def test_other_kinds_are_refused_saying_which_are_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="只接收 pdf、"):
        check(name, written(tmp_path / "x", b"MZ\x90\x00"))


@pytest.mark.parametrize("kind", ["docx", "xlsx", "ofd", "pdf", "png", "jpg", "jpeg", "heic", "wps", "et"])
def test_a_program_under_another_name_is_found_out(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Invalid, match="与扩展名不符"):
        check(f"报告.{kind}", written(tmp_path / "x", b"MZ\x90\x00" + bytes(600)))


def test_a_film_is_no_photograph(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="与扩展名不符"):
        check("图.heic", written(tmp_path / "x", b"\x00\x00\x00\x18ftypisom" + bytes(32)))


@pytest.mark.parametrize("name", ["空.pdf", "空.docx", "空.heic", "空.wps"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="与扩展名不符"):
        check(name, written(tmp_path / "x", b""))


def test_a_packed_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="与扩展名不符"):
        check("文.docx", zipped(tmp_path / "x", "xl/workbook.xml"))


def test_a_damaged_packed_file_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x", "word/document.xml", size=5_000)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(Invalid, match="与扩展名不符"):
        check("文.docx", path)


@pytest.mark.parametrize("kind", ["docx", "xlsx", "ofd", "wps", "et"])
def test_a_bomb_is_refused_without_unpacking_it(tmp_path: Path, kind: str) -> None:
    path = zipped(tmp_path / "x", module.INSIDE.get(kind, "a.xml"), "bomb.bin", size=60 << 20)
    with pytest.raises(Invalid, match="解压后过大"):
        check(f"文件.{kind}", path)


def test_a_file_of_very_many_parts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRIES_LIMIT", 3)
    path = zipped(tmp_path / "x", "word/document.xml", "a", "b", "c")
    with pytest.raises(Invalid, match="解压后过大"):
        check("文.docx", path)


def indexed(count: int, announced: int | None = None, remark: bytes = b"") -> bytes:
    """Make a packed file whose index names one tiny part very many times, and may understate its own size."""
    part = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, *[0] * 8, 1, *[0] * 6) + b"a"
    index, body = part * count, b"PK\x03\x04" + bytes(40)
    size = len(index) if announced is None else announced
    numbers = (0, 0, count & 0xFFFF, count & 0xFFFF, size, len(body), len(remark))
    return body + index + struct.pack("<4s4H2LH", b"PK\x05\x06", *numbers) + remark


@pytest.mark.parametrize("kind", ["docx", "wps"])
def test_an_index_that_is_itself_a_bomb_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    read: list[object] = []
    monkeypatch.setattr(zipfile, "ZipFile", read.append)
    for remark in (b"", b"a remark"):
        with pytest.raises(Invalid, match="解压后过大"):
            check(f"文.{kind}", written(tmp_path / "x", indexed(100_000, remark=remark)))
    assert read == []


def test_an_index_that_understates_its_size_is_no_whole_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="与扩展名不符"):
        check("文.docx", written(tmp_path / "x", indexed(100_000, announced=47)))


def test_a_file_packed_in_a_way_of_the_future_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x", "word/document.xml")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 99
    with pytest.raises(Invalid, match="与扩展名不符"):
        check("文.docx", written(path, bytes(content)))


def test_a_file_made_for_gigabytes_is_refused(tmp_path: Path) -> None:
    end = b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(18)
    with pytest.raises(Invalid, match="与扩展名不符"):
        check("文.docx", written(tmp_path / "x", b"PK\x03\x04" + bytes(40) + end))


@pytest.mark.parametrize("kind", ["docx", "xlsx", "wps", "et"])
def test_macros_are_refused_under_whatever_name(tmp_path: Path, kind: str) -> None:
    path = zipped(tmp_path / "x", module.INSIDE.get(kind, "a.xml"), "word/VBAproject.bin")
    with pytest.raises(Invalid, match="有宏"):
        check(f"文.{kind}", path)


@pytest.mark.parametrize("before", [0, (1 << 20) - 80, (1 << 20) - 76])
def test_macros_in_the_old_format_are_refused(tmp_path: Path, before: int) -> None:
    content = OLD_OFFICE + bytes(before) + "_VBA_PROJECT".encode("utf-16-le") + bytes(9)
    with pytest.raises(Invalid, match="有宏"):
        check("文.wps", written(tmp_path / "x", content))


def test_a_large_honest_file_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RATIO_LIMIT", 5_000)
    path = zipped(tmp_path / "x", "word/document.xml", size=51 << 20)
    assert check("文.docx", path)
