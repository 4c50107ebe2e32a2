"""When a timer fires: at a date, after a duration, or by a cycle, as ISO 8601 writes them and as FEEL gives them.

Both are meant by BPMN 2.0.2, 10.5.5: an expression whose result is a text of ISO 8601. FEEL's own dates and
durations, working days and the recurrences of `calendar` (`yearly(first_workday(1))`) are understood beside it.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias, cast

from isodate import Duration, parse_duration

from engine.core.calendar import Calendar, instant, morning, parse_recurrence
from engine.core.diagram import Timer, TimerKind
from engine.core.expressions import Value
from engine.core.feel_time import Months
from engine.ground.clock import ZONE, local

MAX_DAYS = 1_000
"""Working days of one timer."""
MAX_TIMES = 99_999
"""Turns of a cycle that says how many."""

_MAX_TEXT = 100
_FOREVER = 10_000_000_000
_LEAST, _LEAST_ENDLESS = timedelta(seconds=1), timedelta(minutes=1)
_LAST = datetime.max.replace(tzinfo=UTC)
_SOME_DAY = datetime(2026, 1, 5, 1, tzinfo=UTC)

_WRITTEN: Mapping[TimerKind, re.Pattern[str]] = {
    "date": re.compile(r"[-+]?[0-9][-+0-9:.,A-Za-z\[\]/]*"),
    "duration": re.compile(r"[-+]?(?:P(?:T?[0-9][\w.,:+-]*|T)?|[0-9.]+)"),
    "cycle": re.compile(
        r"R[-+0-9]*/.*|(?:yearly|monthly)\s*\(.*|[-+]?P(?:T?[0-9].*|T)?|[0-9.]+"
        # What cron writes, which other engines take.
        r"|[-0-9*/,?#A-Z]+(?:\s+[-0-9*/,?#A-Z]+){4,6}",
        re.DOTALL,
    ),
}
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9:.,]+(?:Z|[-+][0-9:]+)?)?")
# Short enough that no clock runs over its last year.
_LENGTH = re.compile(
    r"P(?=[0-9T])(?:[0-9]{1,2}Y)?(?:[0-9]{1,3}M)?(?:[0-9]{1,4}W)?(?:[0-9]{1,4}D)?"
    r"(?:T(?=[0-9])(?:[0-9]{1,6}H)?(?:[0-9]{1,7}M)?(?:[0-9]{1,8}(?:[.,][0-9]{1,6})?S)?)?"
)
_DAYS = re.compile(r"[0-9]{1,4}")
_REPETITION = re.compile(r"R(?P<times>[0-9]*)/(?:(?P<start>[^/]*)/)?(?P<every>[^/]*)")

Length: TypeAlias = timedelta | Duration


@dataclass(frozen=True)
class Turn:
    """One firing of a timer: when, in UTC; of a cycle also, as plain data, what the next is worked out from."""

    due_at: datetime
    cycle: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Repetition:
    """A cycle of ISO 8601, `R[times]/[start/]every`, that is awaited `since` some moment.

    Each turn is the anchor plus so many times the interval, by the calendar: months do not drift, for the last day of
    a short one is no new anchor. Where a start is written it is turn 0 and its zone's calendar counts, else turn 1 is
    one interval later than `since`.
    """

    text: str
    since: datetime
    anchor: datetime
    every: Length
    turns: range

    def at(self, turn: int) -> datetime:
        """Return the moment of a turn, in UTC; one that no calendar reaches is as late as can be."""
        try:
            return (self.anchor + turn * self.every).astimezone(UTC)
        except (OverflowError, ValueError):
            return _LAST

    def from_on(self, moment: datetime) -> Turn | None:
        """Give the first turn that is not earlier than a moment."""
        place = bisect_left(self.turns, moment, key=self.at)
        return self.turn(self.turns[place]) if place < len(self.turns) else None

    def turn(self, number: int) -> Turn | None:
        """Give one turn; there may be none of that number."""
        due_at = self.at(number)
        if number not in self.turns or due_at == _LAST:
            return None
        return Turn(due_at, {"cycle": self.text, "since": self.since.isoformat(), "turn": number})


def is_written(timer: Timer) -> bool:
    """Tell whether a timer's text is meant as it stands; any other is FEEL."""
    return bool(_WRITTEN[timer.kind].fullmatch(timer.text))


def follows_calendar(timer: Timer | None) -> bool:
    """Tell whether a written timer is one of the recurrences that count in working days."""
    return timer is not None and timer.kind == "cycle" and not timer.text.startswith("R")


def check(timer: Timer) -> None:
    """Demand that the text of a timer can be understood as it stands.

    Raises:
        ValueError: it cannot; says what is wrong, in Chinese.
    """
    first(timer.kind, timer.text, _SOME_DAY, Calendar())


def first(kind: TimerKind, given: Value, now: datetime, calendar: Calendar) -> Turn | None:
    """Work out when a timer fires that is set now; of a cycle whose days have all gone by there is no turn left.

    `given` is a written text, or what FEEL gave.

    Raises:
        ValueError: no clock understands it; says why, in Chinese.
    """
    if isinstance(given, str) and len(given) > _MAX_TEXT:
        raise ValueError(f"“{given[:40]}……”太长，没有这样的时间")
    try:
        return _FIRST[kind](given, now, calendar)
    except OverflowError:
        raise ValueError("超出了日历的范围") from None


def following(cycle: Mapping[str, Any], calendar: Calendar) -> Turn | None:
    """Give the turn after one, from what that one says; none if it was the last."""
    text = cycle["cycle"]
    if text.startswith("R"):
        return read_repetition(text, datetime.fromisoformat(cycle["since"])).turn(cycle["turn"] + 1)
    return _recur(text, datetime.fromisoformat(cycle["due"]), calendar)


def _on_date(given: Value, now: datetime, calendar: Calendar) -> Turn:
    day = read_moment(given) if isinstance(given, str) else given
    if not isinstance(day, date):
        raise ValueError("没有得出日期")
    return Turn(instant(day))


def _after_length(given: Value, now: datetime, calendar: Calendar) -> Turn:
    length = _read_length(given) if isinstance(given, str) else given
    if isinstance(length, Decimal):
        if length != length.to_integral_value() or not 0 <= length <= MAX_DAYS:
            raise ValueError(f"工作日数要是 0 到 {MAX_DAYS} 的整数，现为 {length}")
        return Turn(morning(calendar.add_workdays(local(now).date(), int(length))))
    if isinstance(length, Months):
        length = Duration(months=length.number)
    if not isinstance(length, timedelta | Duration):
        raise ValueError("没有得出工作日数或者时长")
    due_at = _later(now, length)
    if due_at < now:
        raise ValueError("时长是负的")
    return Turn(due_at)


def _later(now: datetime, length: Length) -> datetime:
    try:
        return (local(now) + length).astimezone(UTC)
    except ValueError:
        # Of a year past the last one.
        raise OverflowError from None


def _by_cycle(given: Value, now: datetime, calendar: Calendar) -> Turn | None:
    if not isinstance(given, str):
        raise ValueError("没有得出周期")
    return read_repetition(given, now).from_on(now) if given.startswith("R") else _recur(given, now, calendar)


def _recur(text: str, after: datetime, calendar: Calendar) -> Turn:
    due_at = parse_recurrence(text).after(after, calendar)
    return Turn(due_at, {"cycle": text, "due": due_at.isoformat()})


_FIRST: Mapping[TimerKind, Callable[[Value, datetime, Calendar], Turn | None]] = {
    "date": _on_date,
    "duration": _after_length,
    "cycle": _by_cycle,
}


def read_moment(text: str) -> date:
    """Read a day (2026-03-01) or a moment (2026-03-01T09:00+08:00).

    Raises:
        ValueError: the calendar has no such day, or the clock no such hour.
    """
    with suppress(ValueError):
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    raise ValueError(f"“{text}”不是日期，也不是时刻")


def _read_length(text: str) -> Decimal | Length:
    return Decimal(text) if _DAYS.fullmatch(text) else read_length(text)


def read_length(text: str) -> Length:
    """Read a duration such as P1Y2M3D, PT36H or P2W; years and months go by the calendar.

    Raises:
        ValueError: it is none, or one that takes longer than any timer.
    """
    if not _LENGTH.fullmatch(text):
        raise ValueError(f"“{text}”不是时长，或者太长")
    return cast(Length, parse_duration(text))


def read_repetition(text: str, since: datetime) -> Repetition:
    """Read a cycle such as R3/PT10H, R/P1M or R5/2026-03-01T09:00+08:00/P1W.

    Raises:
        ValueError: it is none; it has no turn, or too many; its turns come too fast.
    """
    found = _REPETITION.fullmatch(text)
    if found is None:
        raise ValueError(f"“{text}”不是周期")
    times = int(found["times"] or _FOREVER)
    if found["times"] and not 0 < times <= MAX_TIMES:
        raise ValueError(f"周期“{text}”的次数要在 1 到 {MAX_TIMES} 之间")
    every = read_length(found["every"])
    if isinstance(every, timedelta) and every < (_LEAST if found["times"] else _LEAST_ENDLESS):
        raise ValueError(f"周期“{text}”的间隔太短：至少 1 秒，没有次数的至少 1 分钟")
    if found["start"] is None:
        return Repetition(text, since, local(since), every, range(1, times + 1))
    return Repetition(text, since, _anchor(read_moment(found["start"])), every, range(times))


def _anchor(start: date) -> datetime:
    moment = instant(start)
    if isinstance(start, datetime) and start.tzinfo is not None:
        return start
    return moment.astimezone(ZONE)
