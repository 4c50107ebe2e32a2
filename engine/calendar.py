"""Show and set the working days: what is published, what is provisional (暂定), what administrators entered.

Open tasks keep their deadlines; a start by the calendar that still waits moves with it.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select

from engine.core import history, organization, plain_text, starts
from engine.core.calendar import statutory_days
from engine.core.workdays import calendar_of
from engine.ground import model
from engine.ground.database import insert_new
from engine.ground.errors import Fault, Invalid, NotFound, Stale
from engine.ground.unit_of_work import Actor, Unit

EARLIEST, LATEST = 1950, 2100
"""Years with lunar tables, without which an unpublished year has no provisional days."""

LONGEST_SOURCE = 200


@dataclass(frozen=True)
class Day:
    """Show a day; `source` says on what ground somebody entered it, "" when nobody did."""

    day: date
    workday: bool
    provisional: bool
    source: str


@dataclass(frozen=True)
class Month:
    """Show a month in weeks that begin on Monday; None stands for a day of another month."""

    number: int
    workdays: int
    weeks: tuple[tuple[Day | None, ...], ...]


@dataclass(frozen=True)
class Year:
    """Show a year; `source` is that of its official list, "" while none was entered; `entered` are days set singly.

    `doubtful` are statutory days that would be worked: the list may lack a line.
    """

    number: int
    source: str
    provisional: bool
    months: tuple[Month, ...]
    entered: tuple[Day, ...]
    doubtful: tuple[date, ...]


def year(unit: Unit, number: int) -> Year:
    """Show a year.

    Raises:
        NotFound: the year is out of reach.
    """
    if not EARLIEST <= number <= LATEST:
        raise NotFound(f"日历只到 {EARLIEST} 至 {LATEST} 年。")
    sources, source = _sources(unit), _source_of_year(unit, number)
    months = tuple(_month(unit, number, month, sources) for month in range(1, 13))
    days = [day for month in months for week in month.weeks for day in week if day is not None]
    singly = tuple(day for day in days if day.source and day.source != source)
    doubtful = tuple(day.day for day in days if day.workday and day.day in statutory_days(number))
    return Year(number, source, any(day.provisional for day in days), months, singly, doubtful)


def _month(unit: Unit, year: int, month: int, sources: Mapping[date, str]) -> Month:
    known = calendar_of(unit)

    def show(day: date) -> Day | None:
        if day.month != month:
            return None
        return Day(day, known.is_workday(day), known.is_provisional(day), sources.get(day, ""))

    weeks = tuple(tuple(map(show, week)) for week in calendar.Calendar().monthdatescalendar(year, month))
    return Month(month, sum(day.workday for week in weeks for day in week if day), weeks)


def _sources(unit: Unit) -> dict[date, str]:
    table = model.calendar_day.c
    return {row.day: row.source for row in unit.connection.execute(select(table.day, table.source))}


def _source_of_year(unit: Unit, number: int) -> str:
    table = model.calendar_year.c
    return unit.connection.scalar(select(table.source).where(table.year == number)) or ""


# What changes


def set_day(unit: Unit, day: date, workday: bool, source: str, actor: Actor) -> None:
    """Let a day be worked or off, on some ground (文号 or a reason)."""
    organization.require_role(unit, actor, "system")
    _refuse([*_day_faults(day), *_source_faults(source)])
    before = _workday_entered(unit, day)
    _put(unit, {day: workday}, source)
    payload = {"day": day, "workday": workday, "source": plain_text.kept(source), "before": before}
    _close(unit, "calendar-day-set", actor, payload)


def unset_day(unit: Unit, day: date, actor: Actor) -> None:
    """Take back what was entered for a day.

    Raises:
        NotFound: nobody entered it.
    """
    organization.require_role(unit, actor, "system")
    before = _workday_entered(unit, day)
    if before is None:
        raise NotFound("这一天没有设定过，请刷新后再看。")
    _drop(unit, model.calendar_day.c.day == day)
    _close(unit, "calendar-day-unset", actor, {"day": day, "before": before})


def enter_year(unit: Unit, number: int, days: Mapping[date, bool], source: str, actor: Actor) -> None:
    """Take over a year's official list in place of the one before; its other days go by the week, nothing stays 暂定.

    Days that were set singly stay, but for those that the list names.
    """
    organization.require_role(unit, actor, "system")
    _refuse([*_source_faults(source), *_list_faults(number, days)])
    before = _drop_list(unit, number)
    _put(unit, days, source)
    _insert(unit, model.calendar_year, [{"year": number, "source": plain_text.kept(source)}])
    listed = {day.isoformat(): workday for day, workday in sorted(days.items())}
    payload = {"year": number, "source": plain_text.kept(source), "days": listed, "before": before}
    _close(unit, "calendar-year-entered", actor, payload)


def withdraw_year(unit: Unit, number: int, actor: Actor) -> None:
    """Take back a year's official list.

    Raises:
        NotFound: none was entered.
    """
    organization.require_role(unit, actor, "system")
    before = _drop_list(unit, number)
    if not before:
        raise NotFound("这一年没有录入过名单，请刷新后再看。")
    _close(unit, "calendar-year-withdrawn", actor, {"year": number, "before": before})


def may_list(number: int, day: date) -> bool:
    """Tell whether a year's list may name a day: its own, and of the December before, which New Year may touch."""
    return date(number - 1, 12, 1) <= day <= date(number, 12, 31)


# How it is done


def _workday_entered(unit: Unit, day: date) -> bool | None:
    table = model.calendar_day.c
    return unit.connection.scalar(select(table.workday).where(table.day == day))


def _put(unit: Unit, days: Mapping[date, bool], source: str) -> None:
    _drop(unit, model.calendar_day.c.day.in_(list(days)))
    rows = [{"day": day, "workday": workday, "source": plain_text.kept(source)} for day, workday in days.items()]
    _insert(unit, model.calendar_day, rows)


def _insert(unit: Unit, table: Table, rows: list[dict[str, Any]]) -> None:
    if insert_new(unit.connection, table, rows) < len(rows):
        raise Stale("日历刚刚被别人改过，请刷新后再试。您的改动没有保存。")


def _drop(unit: Unit, *conditions: ColumnElement[bool]) -> None:
    unit.connection.execute(delete(model.calendar_day).where(*conditions))


def _drop_list(unit: Unit, number: int) -> str:
    """Take a year's list away, and give its source."""
    source, table = _source_of_year(unit, number), model.calendar_day.c
    if source:
        around = table.day.between(date(number - 1, 12, 1), date(number, 12, 31))
        _drop(unit, around, table.source == source)
        unit.connection.execute(delete(model.calendar_year).where(model.calendar_year.c.year == number))
    return source


def _close(unit: Unit, kind: str, actor: Actor, payload: dict[str, object]) -> None:
    """Record a change, and let what is planned by the calendar follow it."""
    history.record(unit, history.ORGANIZATION, kind, actor, payload)
    starts.replan(unit)


# What is refused


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise Invalid("".join(fault.message for fault in faults), faults)


def _source_faults(source: str) -> list[Fault]:
    return plain_text.faults(source, "依据", LONGEST_SOURCE, "source", "请填写依据：文号或者说明。")


def _day_faults(day: date) -> list[Fault]:
    if EARLIEST <= day.year <= LATEST:
        return []
    return [Fault("out-of-reach", f"日历只到 {EARLIEST} 至 {LATEST} 年。", "day")]


def _list_faults(number: int, days: Mapping[date, bool]) -> list[Fault]:
    if not days:
        return [Fault("empty", "名单里没有一天。", "days")]
    wrong = [day for day in sorted(days) if not may_list(number, day)]
    return [Fault("other-year", f"{day:%Y-%m-%d} 不是 {number} 年的日子。", "days") for day in wrong]
