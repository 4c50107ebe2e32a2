"""Read a staff list from a spreadsheet, and bring it in with accounts for those who are to have one."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl.utils import get_column_letter

from engine import accounts, people
from engine.core import plain_text, sheets
from engine.ground.errors import Fault, Refused
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
OF_PERSONS = frozenset({"person_name", "number", "login", "starts"})
"""A list of units and posts has none of these columns."""

REQUIRED = ("unit_code", "unit_name", "unit_kind", "post_code", "post_name", "post_kind")
NAMES = {name: header for header, name in HEADERS.items()}
KINDS = {"unit_kind": people.UNIT_KINDS, "post_kind": people.POST_KINDS}
DATE_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")


@dataclass(frozen=True)
class Imported:
    """Say what an import did; `passwords` are the new accounts' first passwords by login, told this once."""

    summary: people.Summary
    passwords: Mapping[str, str]


def load(engine: Engine, content: bytes, actor: Actor) -> Imported:
    """Bring in a staff list: units, posts, persons, appointments, and accounts that must change their password."""
    rows = read(content)
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


def read(content: bytes) -> list[RosterRow]:
    """Read the rows of an .xlsx file, its columns in any order; raises Refused with every fault and its cell."""
    lines = sheets.read(content)
    columns = _columns(lines[0] if lines else ())
    rows, faults = [], []
    for number, values in enumerate(lines[1:], 2):
        if not all(map(sheets.is_blank, values)):
            row, wrong = _row(number, values, columns)
            rows.append(row)
            faults.extend(wrong)
    if faults:
        raise Refused(f"名单有{len(faults)}处问题，没有导入任何一行。", faults)
    if not rows:
        raise Refused("名单里没有一行内容。", [Fault("empty", "表头下面没有内容。")])
    return rows


# The header


def _columns(header: Sequence[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    faults = []
    for index, value in enumerate(header):
        name = HEADERS.get(_plain(value))
        if name in found:
            faults.append(_fault(1, index, f"表头“{NAMES[name]}”出现了两次。"))
        elif name:
            found[name] = index
    wanted = set(NAMES) if OF_PERSONS & set(found) else set(NAMES) - OF_PERSONS
    missing = [title for title, name in HEADERS.items() if name in wanted - set(found)]
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
    text = "".join(_half(character) for character in plain_text.tidy(str(value if value is not None else "")))
    return text.replace("\u3000", " ").strip()


def _half(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    return plain if plain.isascii() and (plain.isalnum() or plain in "_-./=") else character


def _place(number: int, index: int) -> str:
    return f"第{number}行{get_column_letter(index + 1)}列"


def _fault(number: int, index: int, message: str) -> Fault:
    place = _place(number, index)
    return Fault("cell", f"{place}：{message}", place)
