"""Read the first sheet of an .xlsx file that somebody brought, within bounds; whatever is wrong is said in Chinese."""

import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from engine.core import packed
from engine.ground.errors import Fault, Refused, SuixuError, TooLarge

MEGABYTE = 1024 * 1024
LARGEST_FILE = 10 * MEGABYTE
LARGEST_UNPACKED = 50 * MEGABYTE
MOST_ROWS = 5_000
MOST_COLUMNS = 100
MOST_PARTS = 2_000
"""An .xlsx file is a zip archive: what it unpacks to is looked up in its index before anything is unpacked."""


def read(content: bytes) -> list[tuple[Any, ...]]:
    """Give the rows of the first sheet, blank ones too; a formula comes as its text.

    Raises:
        Refused: this is no workbook. TooLarge: it is over a bound.
    """
    if len(content) > LARGEST_FILE:
        raise TooLarge(f"文件超过{LARGEST_FILE // MEGABYTE} MB，请分成几个文件。")
    _refuse_bomb(content)
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            return list(_bounded(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS)))
        finally:
            book.close()
    except SuixuError:
        raise
    except Exception as error:  # openpyxl answers a damaged file with whatever it stumbles over
        raise _not_a_workbook() from error


def is_blank(value: Any) -> bool:
    """Tell whether a cell holds nothing."""
    return value is None or not str(value).strip()


def _refuse_bomb(content: bytes) -> None:
    try:
        parts = packed.parts(BytesIO(content), MOST_PARTS)
    except zipfile.BadZipFile as error:
        raise _not_a_workbook() from error
    except packed.TooManyParts as error:
        raise _bomb() from error
    if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise _bomb()
    if "[Content_Types].xml" not in {part.filename for part in parts}:
        raise _not_a_workbook()


def _bomb() -> TooLarge:
    return TooLarge("文件解压后过大，不能导入；请用表格软件另存为普通的 .xlsx 文件。")


def _not_a_workbook() -> Refused:
    message = "这不是 .xlsx 表格，或者文件已损坏；请用表格软件另存为 .xlsx 后再试。"
    return Refused(message, [Fault("not-a-workbook", message)])


def _bounded(lines: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    filled = 0
    for number, line in enumerate(lines):
        filled += any(not is_blank(value) for value in line)
        if filled > MOST_ROWS + 1 or number > 10 * MOST_ROWS:
            raise TooLarge(f"名单超过{MOST_ROWS}行，请分成几个文件。")
        yield line
