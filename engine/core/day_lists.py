"""Read a year's official list of days off and working days, as people paste it or bring it in a file."""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

from engine.core import sheets
from engine.ground.errors import Fault, Refused

WORDS = {"休": False, "休息": False, "放假": False, "班": True, "上班": True, "补班": True}
MOST_LINES = 500

_DAY = r"(?:\d{4}[-/.年])?\d{1,2}[-/.月]\d{1,2}日?|\d{8}"
_LINE = re.compile(
    rf"(?P<first>{_DAY})(?:\s*(?:至|到|~|-+|—+|–)\s*(?P<last>{_DAY}))?"
    rf"[\s,;:、]*(?P<word>{'|'.join(sorted(WORDS, key=len, reverse=True))})(?:[\s,;:、(].*)?"
)
_NUMBERS = re.compile(r"(?:(\d{4})\D)?(\d{1,2})\D(\d{1,2})\D?|(\d{4})(\d{2})(\d{2})")

Line = tuple[int, str]
"""The number of a line, and what it says."""


@dataclass(frozen=True)
class _Entry:
    number: int
    days: tuple[date, ...]
    workday: bool


def lines_of_text(text: str) -> list[Line]:
    """Split what somebody pasted."""
    return _numbered(text.splitlines())


def lines_of_file(name: str, content: bytes) -> list[Line]:
    """Read an .xlsx or .csv file, by its ending.

    Raises:
        Refused: it is neither, or cannot be read.
    """
    if name.lower().endswith(".xlsx"):
        return _numbered(" ".join(map(_cell, row)) for row in sheets.read(content))
    if name.lower().endswith((".csv", ".txt")):
        return _numbered(" ".join(row) for row in _rows(_decode(content)))
    message = "只收 .xlsx、.csv 文件，也可以把各行直接粘贴到框里。"
    raise Refused(message, [Fault("kind", message)])


def _numbered(texts: Iterable[str]) -> list[Line]:
    found = [(number, unicodedata.normalize("NFKC", text).strip()) for number, text in enumerate(texts, 1)]
    return [(number, text) for number, text in found if text]


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def _rows(text: str) -> list[list[str]]:
    try:
        return list(csv.reader(StringIO(text)))
    except csv.Error as error:
        raise _unreadable() from error


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable()


def _unreadable() -> Refused:
    message = "文件的文字读不出，请另存为 .xlsx 或者 UTF-8 的 .csv 后再试。"
    return Refused(message, [Fault("encoding", message)])


def read(lines: list[Line], year: int, may_list: Callable[[int, date], bool]) -> dict[date, bool]:
    """Give the days of a year's list, each with whether it is worked; a first line without a date is a head.

    Raises:
        Refused: a line is wrong; every wrong line is named.
    """
    lines = lines[1:] if lines and not re.search(r"\d", lines[0][1]) else lines
    if not lines:
        message = "请粘贴名单，或者选择文件：每行一天，先写日期，再写“休”或“班”。"
        raise Refused(message, [Fault("empty", message)])
    if len(lines) > MOST_LINES:
        message = f"名单超过 {MOST_LINES} 行，请只留放假和调休的日子。"
        raise Refused(message, [Fault("too-long", message)])
    entries, faults = [], []
    for number, text in lines:
        try:
            entries.append(_entry(number, text, year, may_list))
        except ValueError as error:
            faults.append(_fault(number, text, str(error)))
    days, doubled = _united(entries)
    if faults := sorted([*faults, *doubled], key=lambda fault: fault.line):
        raise Refused(f"名单有 {len(faults)} 行不对，一天也没有收下。", faults)
    return days


def _entry(number: int, text: str, year: int, may_list: Callable[[int, date], bool]) -> _Entry:
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError("读不懂，请写成“2027-01-01 休”或“2027-01-01 至 2027-01-03 休”，上班的日子写“班”")
    first = _date(match["first"], year)
    last = _date(match["last"], year) if match["last"] else first
    if not first <= last <= first + timedelta(days=31):
        raise ValueError("起止日期不对：止不早于起，最多一个月")
    days = tuple(first + timedelta(days=passed) for passed in range((last - first).days + 1))
    if not all(may_list(year, day) for day in days):
        raise ValueError(f"不是 {year} 年的日子（只另收上一年 12 月的）")
    return _Entry(number, days, WORDS[match["word"]])


def _date(text: str, year: int) -> date:
    match = _NUMBERS.fullmatch(text)
    assert match is not None, "a line holds only what looks like a date"
    parts = [part for part in match.groups() if part is not None]
    numbers = [int(part) for part in parts] if len(parts) == 3 else [year, *map(int, parts)]
    try:
        return date(*numbers)
    except ValueError:
        raise ValueError(f"没有“{text}”这一天") from None


def _united(entries: Iterable[_Entry]) -> tuple[dict[date, bool], list[Fault]]:
    days: dict[date, bool] = {}
    first: dict[date, int] = {}
    faults = []
    for entry in entries:
        for day in entry.days:
            if day in first:
                faults.append(_fault(entry.number, f"{day:%Y-%m-%d}", f"第 {first[day]} 行已经写过这一天"))
                break
            first[day], days[day] = entry.number, entry.workday
    return days, faults


def _fault(number: int, text: str, reason: str) -> Fault:
    return Fault("line", f"第 {number} 行“{text[:40]}”：{reason}。", "", "", number)
