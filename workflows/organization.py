"""Read a staff list from a spreadsheet, and bring it in with accounts for those who are to have one."""

import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from engine import accounts, people
from engine.ground.errors import Fault, Refused, SuixuError, TooLarge
from engine.ground.unit_of_work import Actor, Engine
from engine.people import RosterRow

HEADERS = {
    "单位编码": "unit_code",
    "单位名称": "unit_name",
    "单位类别": "unit_kind",
    "岗位编码": "post_code",
    "岗位名称": "post_name",
    "岗位类别": "post_kind",
    "姓名": "person_name",
    "工号": "number",
    "登录名": "login",
    "任职日期": "starts",
}
REQUIRED = ("unit_code", "unit_name", "unit_kind", "post_code", "post_name", "post_kind")
NAMES = {name: header for header, name in HEADERS.items()}
KINDS = {"unit_kind": people.UNIT_KINDS, "post_kind": people.POST_KINDS}
DATE_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")

MEGABYTE = 1024 * 1024
LARGEST_FILE = 10 * MEGABYTE
LARGEST_UNPACKED = 50 * MEGABYTE
MOST_ROWS = 5_000
MOST_COLUMNS = 100
MOST_PARTS = 2_000
"""An .xlsx file is a zip archive: what it unpacks to is looked up in its index before anything is unpacked."""


@dataclass(frozen=True)
class Imported:
    """Say what an import did; `passwords` are the new accounts' first passwords by login, told this once."""

    summary: people.Summary
    passwords: Mapping[str, str]


def load(engine: Engine, source: Path | bytes, actor: Actor) -> Imported:
    """Bring in a staff list: units, posts, persons, appointments, and accounts that must change their password."""
    rows = read(source)
    with engine.reading() as unit:
        known = {account.login for account in accounts.listing(unit)}
    asked = {row.login for row in rows if row.login}
    initials = {login: accounts.prepare(login) for login in sorted(asked - known)}
    with engine.transaction() as unit:
        summary = people.import_rows(unit, rows, actor)
        for person_id, login in summary.logins.items():
            if login in initials:
                accounts.create_prepared(unit, person_id, initials[login], (), actor)
    return Imported(summary, {login: initial.password for login, initial in initials.items()})


def read(source: Path | bytes) -> list[RosterRow]:
    """Read the rows of an .xlsx file, its columns in any order; raises Refused with every fault and its cell."""
    content = _content(source)
    _refuse_bomb(content)
    lines = _lines(content)
    columns = _columns(lines[0] if lines else ())
    rows, faults = [], []
    for number, values in enumerate(lines[1:], 2):
        if not all(_blank(value) for value in values):
            row, wrong = _row(number, values, columns)
            rows.append(row)
            faults.extend(wrong)
    if faults:
        raise Refused(f"名单有{len(faults)}处问题，没有导入任何一行。", faults)
    if not rows:
        raise Refused("名单里没有一行内容。", [Fault("empty", "表头下面没有内容。")])
    return rows


# The file


def _content(source: Path | bytes) -> bytes:
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > LARGEST_FILE:
        raise TooLarge(f"文件超过{LARGEST_FILE // MEGABYTE} MB，请分成几个文件。")
    return source if isinstance(source, bytes) else source.read_bytes()


def _refuse_bomb(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _not_a_workbook() from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise TooLarge("文件解压后过大，不能导入；请用表格软件另存为普通的 .xlsx 文件。")
    if "[Content_Types].xml" not in {part.filename for part in parts}:
        raise _not_a_workbook()


def _not_a_workbook() -> Refused:
    message = "这不是 .xlsx 表格，或者文件已损坏；请用表格软件另存为 .xlsx 后再试。"
    return Refused(message, [Fault("not-a-workbook", message)])


def _lines(content: bytes) -> list[tuple[Any, ...]]:
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            lines = list(_bounded(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS)))
        finally:
            book.close()
    except SuixuError:
        raise
    except Exception as error:  # openpyxl answers a damaged file with whatever it stumbles over
        raise _not_a_workbook() from error
    return lines


def _bounded(lines: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    filled = 0
    for number, line in enumerate(lines):
        filled += any(not _blank(value) for value in line)
        if filled > MOST_ROWS + 1 or number > 10 * MOST_ROWS:
            raise TooLarge(f"名单超过{MOST_ROWS}行，请分成几个文件。")
        yield line


def _columns(header: Sequence[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    faults = []
    for index, value in enumerate(header):
        name = HEADERS.get(_plain(value))
        if name in found:
            faults.append(_fault(1, index, f"表头“{NAMES[name]}”出现了两次。"))
        elif name:
            found[name] = index
    missing = [title for title, name in HEADERS.items() if name not in found]
    if missing:
        faults.append(Fault("header", f"第1行缺少表头：{'、'.join(missing)}。", "第1行"))
    if faults:
        raise Refused("名单的表头不对，没有导入任何一行。", faults)
    return found


# The cells


def _row(number: int, values: Sequence[Any], columns: Mapping[str, int]) -> tuple[RosterRow, list[Fault]]:
    read_values: dict[str, Any] = {}
    faults = []
    for name, index in columns.items():
        try:
            read_values[name] = _cell(name, values[index] if index < len(values) else None)
        except ValueError as error:
            read_values[name] = None if name == "starts" else ""
            faults.append(_fault(number, index, str(error)))
    cells = {name: _place(number, index) for name, index in columns.items()}
    return RosterRow(**read_values, cells=cells), faults


def _cell(name: str, value: Any) -> Any:
    if _plain(value).startswith("=") or not isinstance(value, str | int | float | date | None):
        raise ValueError("单元格里是公式，请改为文字。")
    if name == "starts":
        return _date(value)
    text = _text(value)
    if name in REQUIRED and not text:
        raise ValueError(f"“{NAMES[name]}”没有填。")
    if name in KINDS and text:
        return _kind(text, KINDS[name])
    return text.lower() if name in ("login", "unit_code", "post_code") else text


def _kind(text: str, known: Mapping[str, str]) -> str:
    codes = {label: code for code, label in known.items()}
    code = text if text in known else codes.get(text)
    if code is None:
        raise ValueError(f"没有“{text}”这个类别，只能填：{'、'.join(codes)}。")
    return code


def _date(value: Any) -> date | None:
    if isinstance(value, datetime):
        value = value.date()
    day = value if isinstance(value, date) else _parse_date(_text(value))
    if day is not None and not 1949 <= day.year <= 2100:
        raise ValueError(f"日期“{day}”不合理，请核对年份。")
    return day


def _parse_date(text: str) -> date | None:
    if not text:
        return None
    for form in DATE_FORMS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise ValueError(f"“{text}”不是日期，请写成 2026-01-20 这样。")


def _text(value: Any) -> str:
    """Give a cell as plain text; a number that was typed without a point has none."""
    if value is None:
        return ""
    if isinstance(value, bool | datetime | date):
        raise ValueError("单元格里应当是文字。")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = _plain(value)
    if len(text) > 300:
        raise ValueError("单元格里的文字超过300个字。")
    return text


def _plain(value: Any) -> str:
    """Make full-width letters and digits plain, but leave Chinese punctuation as it is."""
    text = "".join(_half(character) for character in str(value if value is not None else ""))
    return text.replace("\u3000", " ").strip()


def _half(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    return plain if plain.isascii() and (plain.isalnum() or plain in "_-./=") else character


def _blank(value: Any) -> bool:
    return value is None or not str(value).strip()


def _place(number: int, index: int) -> str:
    return f"第{number}行{get_column_letter(index + 1)}列"


def _fault(number: int, index: int, message: str) -> Fault:
    place = _place(number, index)
    return Fault("cell", f"{place}：{message}", place)
