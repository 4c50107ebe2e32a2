"""Working days by the statutory calendar, the deadlines and the recurrences that count in them."""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import chinese_calendar
from borax.calendars.lunardate import LunarDate, TermUtils

from engine.ground.clock import ZONE, local

OFFICE_OPENS = time(8, 30)
# A deadline is the end of an office day, not midnight: nobody is asked to work at night.
OFFICE_CLOSES = time(18, 0)

_DAY = timedelta(days=1)
_QINGMING = 6  # borax numbers the solar terms from 小寒 = 0


@dataclass(frozen=True)
class Calendar:
    """Say which days are worked: what administrators entered, else the published calendar, else a provisional one.

    `whole` are the years whose official list was entered: their other days go by the week.
    """

    overrides: Mapping[date, bool] = field(default_factory=dict)
    whole: frozenset[int] = frozenset()

    def is_workday(self, day: date) -> bool:
        """Say whether the office works on the day."""
        entered = self.overrides.get(day)
        if entered is None:
            return day.weekday() < 5 if day.year in self.whole else _is_workday_unentered(day)
        return entered

    def is_provisional(self, day: date) -> bool:
        """Say whether the answer for the day is a guess (暂定): its year is unpublished and nobody entered the day."""
        return day not in self.overrides and day.year not in self.whole and _published(day) is None

    def add_workdays(self, day: date, count: int) -> date:
        """Return the count-th working day after the day, before it if negative; the day itself if zero."""
        step = _DAY if count > 0 else -_DAY
        for _ in range(abs(count)):
            day = self._seek(day + step, step)
        return day

    def workdays_between(self, start: date, end: date) -> int:
        """Count the working days from start to end, start left out; negative backwards.

        It undoes add_workdays: `workdays_between(day, add_workdays(day, n)) == n`.
        """
        sign = 1 if end >= start else -1
        days = (start + sign * passed * _DAY for passed in range(1, abs((end - start).days) + 1))
        return sign * sum(self.is_workday(day) for day in days)

    def first_workday(self, year: int, month: int) -> date:
        """Return the first working day of the month."""
        return self.next_workday_on_or_after(date(year, month, 1))

    def last_workday(self, year: int, month: int) -> date:
        """Return the last working day of the month."""
        following = date(year + month // 12, month % 12 + 1, 1)
        return self.previous_workday_on_or_before(following - _DAY)

    def next_workday_on_or_after(self, day: date) -> date:
        """Return the day if worked, else the next working day."""
        return self._seek(day, _DAY)

    def previous_workday_on_or_before(self, day: date) -> date:
        """Return the day if worked, else the working day before it."""
        return self._seek(day, -_DAY)

    def deadline(self, start: datetime, workdays: int) -> datetime:
        """Return, in UTC, 18:00 in Shanghai of the n-th working day after the local date of start.

        Zero means the start's own day, or the next working day if that one is off.
        """
        if workdays < 0:
            raise ValueError(f"期限须为不小于 0 的工作日数，现为 {workdays}。")
        day = local(start).date()
        last = self.add_workdays(day, workdays) if workdays else self.next_workday_on_or_after(day)
        return _at(last, OFFICE_CLOSES)

    def _seek(self, day: date, step: timedelta) -> date:
        while not self.is_workday(day):
            day += step
        return day


def written(day: date) -> str:
    """Write a day as papers do: 2026年1月20日."""
    return f"{day.year}年{day.month}月{day.day}日"


def morning(day: date) -> datetime:
    """Return, in UTC, 08:30 in Shanghai of the day."""
    return _at(day, OFFICE_OPENS)


def instant(value: date) -> datetime:
    """Return, in UTC, a moment (in Shanghai where it has no offset), or 08:30 in Shanghai of a day.

    Raises:
        OverflowError: the first and the last hours of the calendar.
    """
    if not isinstance(value, datetime):
        return morning(value)
    return (value if value.tzinfo else value.replace(tzinfo=ZONE)).astimezone(UTC)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, ZONE).astimezone(UTC)


@lru_cache(maxsize=8192)
def _is_workday_unentered(day: date) -> bool:
    published = _published(day)
    return day.weekday() < 5 and day not in statutory_days(day.year) if published is None else published


def _published(day: date) -> bool | None:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


@lru_cache(maxsize=256)
def statutory_days(year: int) -> frozenset[date]:
    """Return the statutory days off of a year, thirteen unless two coincide, without the days moved around them."""
    try:
        new_year = LunarDate(year, 1, 1).to_solar_date()
        moving = {new_year + passed * _DAY for passed in range(-1, 3)}
        moving |= {LunarDate(year, 5, 5).to_solar_date(), LunarDate(year, 8, 15).to_solar_date()}
        moving.add(TermUtils.nth_term_day(year, _QINGMING))
    except Exception as fault:
        raise ValueError(f"没有 {year} 年的农历资料（只有 1900 至 2100 年），请在“日历”中录入该年的工作日。") from fault
    return frozenset(moving | {date(year, month, day) for month, day in _FIXED_DAYS})


_FIXED_DAYS = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))


@dataclass(frozen=True)
class Recurrence:
    """Name the days on which something begins again, each at the office's morning."""

    text: str
    _days: "_Days"

    def after(self, moment: datetime, calendar: Calendar) -> datetime:
        """Return the first occurrence strictly later than the moment, in UTC."""
        # The year before: a day moved forwards from its end can fall into this one.
        years = itertools.count(local(moment).year - 1)
        mornings = (morning(day) for year in years for day in self._days(calendar, year))
        return next(each for each in mornings if each > moment)


_Days = Callable[[Calendar, int], Iterable[date]]

_FORMS = (
    "yearly(first_workday(月))、yearly(last_workday(月))、yearly(date(月， 日))、"
    "yearly(workday_on_or_before(月， 日))、yearly(workday_on_or_after(月， 日))、"
    "monthly(first_workday())、monthly(last_workday())"
)
_SHAPE = re.compile(
    r"\s* (yearly|monthly) \s*\(\s* (\w+) \s*\(\s* ([0-9]{1,2} (?:\s*,\s* [0-9]{1,2})*)? \s*\)\s*\) \s*", re.VERBOSE
)
_BOUNDARIES = {"first_workday": Calendar.first_workday, "last_workday": Calendar.last_workday}
_SHIFTS: Mapping[str, Callable[[Calendar, date], date]] = {
    "date": lambda calendar, day: day,
    "workday_on_or_before": Calendar.previous_workday_on_or_before,
    "workday_on_or_after": Calendar.next_workday_on_or_after,
}


def parse_recurrence(text: str) -> Recurrence:
    """Read a recurrence such as `yearly(first_workday(1))`."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError(f"周期“{text}”无法识别，可写：{_FORMS}。")
    cycle, name, listed = match.groups()
    numbers = tuple(int(number) for number in (listed.split(",") if listed else ()))
    return Recurrence(text, _days_of(text, cycle, name, numbers))


def _days_of(text: str, cycle: str, name: str, numbers: tuple[int, ...]) -> _Days:
    match cycle, numbers:
        case "monthly", () if name in _BOUNDARIES:
            return _in_months(name, range(1, 13))
        case "yearly", (month,) if name in _BOUNDARIES:
            _demand_date(text, month, 1)
            return _in_months(name, range(month, month + 1))
        case "yearly", (month, day) if name in _SHIFTS:
            _demand_date(text, month, day)
            return _on_date(name, month, day)
    raise ValueError(f"周期“{text}”无法识别，可写：{_FORMS}。")


def _in_months(name: str, months: range) -> _Days:
    return lambda calendar, year: (_BOUNDARIES[name](calendar, year, month) for month in months)


def _on_date(name: str, month: int, day: int) -> _Days:
    def days(calendar: Calendar, year: int) -> Iterable[date]:
        return (_SHIFTS[name](calendar, date(year, month, day)),) if _exists(year, month, day) else ()

    return days


def _demand_date(text: str, month: int, day: int) -> None:
    if not _exists(2000, month, day):
        raise ValueError(f"周期“{text}”中没有 {month} 月 {day} 日这一天。")


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
