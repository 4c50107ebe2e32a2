"""A sheet that somebody brought is read within bounds, or refused in Chinese; it is measured before it is unpacked."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from engine.core import sheets
from engine.ground.errors import Refused, TooLarge

ROW = ["hr", "人事部", 3, None]


def sheet(*rows: Sequence[Any]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(list(row))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def zipped(**parts: bytes) -> bytes:
    """Make a zip archive that is no workbook."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return kept.getvalue()


def overwritten(content: bytes) -> bytes:
    """Damage the sheet inside a workbook."""
    at = content.index(b"xl/worksheets/sheet1.xml") + 40
    return content[:at] + bytes(50) + content[at + 50 :]


def test_rows_come_as_they_are_blank_ones_too() -> None:
    read = sheets.read(sheet(["表头"], [], ROW))
    assert [tuple(filter(None, row)) for row in read] == [("表头",), (), ("hr", "人事部", 3)]


@pytest.mark.parametrize(("value", "blank"), [(None, True), (" ", True), (0, False), ("字", False)])
def test_a_cell_with_nothing_to_read_is_blank(value: object, blank: bool) -> None:
    assert sheets.is_blank(value) is blank


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 not a workbook",
        zipped(hello=b"world"),
        zipped(**{"[Content_Types].xml": b"<broken"}),
        sheet(ROW)[:-200],
        overwritten(sheet(ROW)),
    ],
    ids=["empty", "program", "zip", "broken", "cut", "overwritten"],
)
def test_a_file_that_is_no_workbook_is_refused_in_chinese(content: bytes) -> None:
    with pytest.raises(Refused, match=r"不是 \.xlsx"):
        sheets.read(content)


def test_a_file_over_the_limit_is_not_opened() -> None:
    with pytest.raises(TooLarge, match="10 MB"):
        sheets.read(b"0" * (sheets.LARGEST_FILE + 1))


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an archive of a few kilobytes that unpacks to far more than allowed
    bomb = zipped(**{"[Content_Types].xml": b"", "bomb.xml": bytes(sheets.LARGEST_UNPACKED + 1)})
    assert len(bomb) < sheets.MEGABYTE
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    # Then it is refused by its index alone
    with pytest.raises(TooLarge, match="解压后过大"):
        sheets.read(bomb)


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(TooLarge, match="解压后过大"):
        sheets.read(zipped(**{f"part{number}": b"" for number in range(sheets.MOST_PARTS + 1)}))


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    assert len(sheets.read(sheet(*[ROW] * 4))) == 4, "a head and three rows"
    with pytest.raises(TooLarge, match="超过3行"):
        sheets.read(sheet(*[ROW] * 5))


def rewritten(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """Change a part of a workbook."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            text = before.read(name)
            assert name != part or old in text
            after.writestr(name, text.replace(old, new) if name == part else text)
    return kept.getvalue()


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "拥军"}">' for n in range(12))


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("bomb", [True, False], ids=["a thousand million words", "a file of the server"])
def test_entities_are_never_filled_in(tmp_path: Path, part: str, bomb: bool) -> None:
    (tmp_path / "secret").write_text("机密")
    entities = ENTITIES if bomb else f'<!ENTITY e11 SYSTEM "{(tmp_path / "secret").as_uri()}">'
    hostile = _with_doctype(sheet(["表头"]), part, f"<!DOCTYPE x [{entities}]>".encode())
    try:
        read = str(sheets.read(hostile))
    except Refused:
        read = ""
    assert "拥军拥军" not in read
    assert "机密" not in read


def _with_doctype(content: bytes, part: str, head: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        text = book.read(part)
    start = text.index(b"<", text.index(b"?>") if text.startswith(b"<?xml") else 0)
    body = text[start:].replace("表头".encode(), b"&e11;")
    return rewritten(content, part, text, head + body)
