"""The functions of dates, times and durations; what day it is now only the caller knows."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

from engine.core.feel_time import Months, months_between, read_date, read_duration, read_moment, read_time
from engine.core.feel_values import Meter, Value, whole

Call = Callable[[Meter, tuple[Value, ...]], Value]

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _day_of(value: Value) -> date | None:
    """Read the day of a date or a moment."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def _date(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    if len(arguments) == 1:
        (value,) = arguments
        return read_date(value) if isinstance(value, str) else _day_of(value)
    parts = [part for part in map(whole, arguments) if part is not None]
    try:
        return date(*parts) if len(parts) == 3 else None
    except (ValueError, OverflowError):
        return None


def _time(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    if len(arguments) == 1:
        return _time_from(arguments[0])
    hour, minute = map(whole, arguments[:2])
    second, offset = (*arguments, None, None)[2:4]
    if hour is None or minute is None or not isinstance(second, Decimal) or not 0 <= second < 60:
        return None
    if offset is not None and not (isinstance(offset, timedelta) and abs(offset) <= timedelta(hours=14)):
        return None
    try:
        zone = None if offset is None else timezone(offset)
        return time(hour, minute, int(second), int((second - int(second)) * 1_000_000), zone)
    except (ValueError, OverflowError):
        return None


def _time_from(value: Value) -> Value:
    if isinstance(value, str):
        return read_time(value)
    if isinstance(value, datetime):
        return value.timetz()
    return value if isinstance(value, time) else None


def _moment(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    if len(arguments) == 2:
        day, hour = _day_of(arguments[0]), arguments[1]
        return datetime.combine(day, hour) if day is not None and isinstance(hour, time) else None
    (value,) = arguments
    if isinstance(value, str):
        return read_moment(value)
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time()) if isinstance(value, date) else None


def _duration(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    if isinstance(value, str):
        return read_duration(value)
    return value if isinstance(value, timedelta | Months) else None


def _years_and_months(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    start, end = map(_day_of, arguments)
    return months_between(start, end) if start is not None and end is not None else None


def _of_day(look: Callable[[date], str | int]) -> Call:
    def apply(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        day = _day_of(arguments[0])
        found = None if day is None else look(day)
        return Decimal(found) if isinstance(found, int) else found

    return apply


FUNCTIONS: Mapping[str, tuple[Call, str]] = {
    "date": (_date, "from | year, month, day"),
    "date and time": (_moment, "from | date, time"),
    "day of week": (_of_day(lambda day: _WEEKDAYS[day.weekday()]), "date"),
    "day of year": (_of_day(lambda day: day.timetuple().tm_yday), "date"),
    "duration": (_duration, "from"),
    "month of year": (_of_day(lambda day: _MONTHS[day.month - 1]), "date"),
    "time": (_time, "from | hour, minute, second, offset?"),
    "week of year": (_of_day(lambda day: day.isocalendar().week), "date"),
    "years and months duration": (_years_and_months, "from, to"),
}
