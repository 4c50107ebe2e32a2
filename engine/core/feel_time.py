"""Dates, times and durations of the expression language: reading, writing, reckoning, what each has.

A moment (`date and time`) and a time may carry an offset from UTC; names of zones are left out. The years are those of
Python's calendar, 1 to 9999. What leaves them raises OverflowError.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from typing import TypeAlias

MAX_MONTHS = 12 * 99_999
_SECOND = 1_000_000
_EXACT = Context(prec=60)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OFFSET = r"(?P<zone>Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9](?::[0-5][0-9])?)?"
_TIME = re.compile(rf"([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}})(?:\.([0-9]{{1,9}}))?{_OFFSET}")
_FRACTION = re.compile(r"\.[0-9]{6}")
_MONTHS = re.compile(r"(-?)P(?=[0-9])(?:([0-9]{1,7})Y)?(?:([0-9]{1,7})M)?")
_SPAN = re.compile(
    r"(-?)P(?=[0-9T])(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,12})H)?(?:([0-9]{1,12})M)?(?:([0-9]{1,12})(?:\.([0-9]{0,9}))?S)?)?"
)


@dataclass(frozen=True, slots=True, order=True)
class Months:
    """A duration of calendar years and months, in months."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what no calendar reaches."""
        if abs(self.number) > MAX_MONTHS:
            raise OverflowError("months")


Temporal: TypeAlias = date | time | timedelta | Months


def read_date(text: str) -> date | None:
    """Read 2026-01-20."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """Read 09:30:00, with a fraction and an offset where they are written; what is finer than a microsecond is cut."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    micros = int((found[4] or "0").ljust(6, "0")[:6])
    try:
        return time(int(found[1]), int(found[2]), int(found[3]), micros, _zone(found["zone"]))
    except ValueError:
        return None


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]), seconds=int(text[7:] or 0))
    return timezone(-offset if text[0] == "-" else offset)


def read_moment(text: str) -> datetime | None:
    """Read 2026-01-20T09:30:00; a date alone is its midnight."""
    written, sign, clock = text.partition("T")
    day, hour = read_date(written), read_time(clock) if sign else time()
    return datetime.combine(day, hour) if day is not None and hour is not None else None


def read_duration(text: str) -> timedelta | Months | None:
    """Read P1Y2M, or P1DT2H3M4S; the two kinds do not mix."""
    try:
        if found := _MONTHS.fullmatch(text):
            number = 12 * int(found[2] or 0) + int(found[3] or 0)
            return Months(-number if found[1] else number)
        if found := _SPAN.fullmatch(text):
            days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:5])
            micros = int((found[6] or "0").ljust(6, "0")[:6])
            span = timedelta(days, seconds, micros, minutes=minutes, hours=hours)
            return -span if found[1] else span
    except OverflowError:
        return None
    return None


def read_any(text: str) -> Temporal | None:
    """Read what stands in @"…"."""
    found = (read(text) for read in (read_date, read_moment, read_time, read_duration))
    return next((value for value in found if value is not None), None)


def write(value: Temporal) -> str:
    """Write a value as its function reads it."""
    if isinstance(value, Months):
        return _write_months(value.number)
    if isinstance(value, timedelta):
        return _write_span(value)
    text = _FRACTION.sub(lambda found: found[0].rstrip("0"), value.isoformat())
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _write_months(number: int) -> str:
    years, months = divmod(abs(number), 12)
    text = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
    return ("-P" if number < 0 else "P") + text


def _write_span(value: timedelta) -> str:
    days, hours, minutes, seconds = _parts(abs(value))
    second = f"{seconds:f}".rstrip("0").rstrip(".") if seconds % 1 else str(int(seconds))
    clock = "".join(f"{part}{sign}" for part, sign in ((hours, "H"), (minutes, "M")) if part)
    clock += f"{second}S" if seconds else ""
    text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return ("-P" if value < timedelta() else "P") + (text or "T0S")


def _parts(value: timedelta) -> tuple[int, int, int, Decimal]:
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return value.days, hours, minutes, Decimal(seconds) + Decimal(value.microseconds) / _SECOND


def micros(value: timedelta) -> int:
    """Count the microseconds of a duration."""
    return (value.days * 86_400 + value.seconds) * _SECOND + value.microseconds


def shift_months(day: date, number: int) -> date:
    """Move by calendar months; a day that the month does not have becomes its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("year")
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def add(left: object, right: object) -> Temporal | None:
    """Add as DMN 1.3 has it, or give None where the two have no sum."""
    if isinstance(left, timedelta | Months) and isinstance(right, date | time):
        left, right = right, left
    if isinstance(left, Months) and isinstance(right, Months):
        return Months(left.number + right.number)
    if isinstance(left, date) and isinstance(right, Months):
        return shift_months(left, right.number)
    return _add_span(left, right) if isinstance(right, timedelta) else None


def _add_span(left: object, right: timedelta) -> Temporal | None:
    if isinstance(left, datetime | timedelta):
        return left + right
    if isinstance(left, date):
        return date.fromordinal(_ordinal(left.toordinal() + right.days))
    if isinstance(left, time):
        moment = datetime.combine(date(2000, 1, 1), left.replace(tzinfo=None))
        return (moment + timedelta(0, right.seconds, right.microseconds)).time().replace(tzinfo=left.tzinfo)
    return None


def _ordinal(number: int) -> int:
    if not 1 <= number <= date.max.toordinal():
        raise OverflowError("day")
    return number


def subtract(left: object, right: object) -> Temporal | None:
    """Subtract as DMN 1.3 has it, or give None where the two have no difference."""
    if isinstance(right, timedelta | Months):
        return add(left, reverse(right))
    if isinstance(left, time) and isinstance(right, time):
        return _between(*(datetime.combine(date(2000, 1, 1), one) for one in (left, right)))
    if isinstance(left, date) and isinstance(right, date):
        return left - right if type(left) is type(right) is date else _between(_midnight(left), _midnight(right))
    return None


def reverse(span: timedelta | Months) -> timedelta | Months:
    """Turn a duration round."""
    return Months(-span.number) if isinstance(span, Months) else -span


def _between(left: datetime, right: datetime) -> timedelta | None:
    # Only one of the two says where it is: the difference is undefined.
    return left - right if (left.tzinfo is None) is (right.tzinfo is None) else None


def _midnight(day: date) -> datetime:
    """Read a date beside a moment as midnight in UTC: DMN 1.3, 10.3.2.3.4."""
    return day if isinstance(day, datetime) else datetime.combine(day, time(), UTC)


def multiply(span: timedelta | Months, factor: Decimal) -> timedelta | Months:
    """Lengthen a duration; months are cut to whole ones, seconds rounded to microseconds."""
    if factor.adjusted() > 20:
        raise OverflowError("factor")
    return _scaled(span, _EXACT.multiply(Decimal(_size(span)), factor))


def divide(span: timedelta | Months, divisor: Decimal) -> timedelta | Months:
    """Shorten a duration; the divisor is not 0."""
    if divisor.adjusted() < -20:
        raise OverflowError("divisor")
    return _scaled(span, _EXACT.divide(Decimal(_size(span)), divisor))


def ratio(arithmetic: Context, left: timedelta | Months, right: timedelta | Months) -> Decimal | None:
    """Divide one duration by another of its kind."""
    return arithmetic.divide(Decimal(_size(left)), Decimal(_size(right))) if _size(right) else None


def _size(span: timedelta | Months) -> int:
    return span.number if isinstance(span, Months) else micros(span)


def _scaled(span: timedelta | Months, size: Decimal) -> timedelta | Months:
    if isinstance(span, Months):
        return Months(int(size.to_integral_value(ROUND_DOWN, _EXACT)))
    days, rest = divmod(int(size.to_integral_value(ROUND_HALF_EVEN, _EXACT)), 86_400 * _SECOND)
    return timedelta(days, 0, rest)


def months_between(start: date, end: date) -> Months:
    """Count the whole calendar months from one day to another."""
    number = (end.year - start.year) * 12 + end.month - start.month
    number -= number > 0 and end.day < start.day
    number += number < 0 and end.day > start.day
    return Months(number)


_Property: TypeAlias = "Decimal | timedelta | None"


def _offset(value: time | datetime) -> timedelta | None:
    return value.utcoffset()


def _second(value: time | datetime) -> Decimal:
    return Decimal(value.second) + Decimal(value.microsecond) / _SECOND


_DAY: Mapping[str, Callable[[date], _Property]] = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(value.isoweekday()),
}
_CLOCK: Mapping[str, Callable[[time | datetime], _Property]] = {
    "hour": lambda value: Decimal(value.hour),
    "minute": lambda value: Decimal(value.minute),
    "second": _second,
    "time offset": _offset,
}
_LENGTH: Mapping[str, int] = {"days": 0, "hours": 1, "minutes": 2, "seconds": 3}


def look(value: Temporal, name: str) -> _Property:
    """Give what a value has under a name; None where it has no such thing."""
    if isinstance(value, Months):
        return _months(value.number, name)
    if isinstance(value, timedelta):
        part = Decimal(_parts(abs(value))[_LENGTH[name]]) if name in _LENGTH else None
        return -part if part and value < timedelta() else part
    if isinstance(value, date) and name in _DAY:
        return _DAY[name](value)
    return _CLOCK[name](value) if isinstance(value, time | datetime) and name in _CLOCK else None


def _months(number: int, name: str) -> Decimal | None:
    years, months = divmod(abs(number), 12)
    part = {"years": years, "months": months}.get(name)
    return None if part is None else Decimal(-part if number < 0 else part)
