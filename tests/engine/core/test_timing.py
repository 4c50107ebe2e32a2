"""A timer comes when its words say, by the calendar and without drift; words that no clock understands are refused."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import timing
from engine.core.calendar import Calendar
from engine.core.diagram import Timer, TimerKind
from engine.core.feel_time import Months
from engine.core.timing import Turn
from engine.ground.clock import ZONE

PLAIN = Calendar()
NOW = datetime(2026, 1, 31, 9, tzinfo=ZONE)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)  # type: ignore[arg-type, misc]


def first(kind: TimerKind, given: Any, now: datetime = NOW) -> Turn | None:
    return timing.first(kind, given, now, PLAIN)


def turns(text: str, now: datetime = NOW, most: int = 9) -> list[datetime]:
    """Let a cycle come again and again, as the jobs do: each from what the one before has left."""
    found: list[datetime] = []
    turn = first("cycle", text, now)
    while turn is not None and len(found) < most:
        assert turn.due_at.tzinfo is UTC
        found.append(turn.due_at)
        turn = timing.following(turn.cycle, PLAIN)
    return found


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("date", "2026-03-01", at(2026, 3, 1, 8, 30)),
        ("date", "2026-03-01T09:00", at(2026, 3, 1, 9)),
        ("date", "2026-03-01T09:00:00+08:00", at(2026, 3, 1, 9)),
        ("date", "2026-03-01T01:00:00.000Z", at(2026, 3, 1, 9)),
        ("date", "2020-01-01", at(2020, 1, 1, 8, 30)),
        ("duration", "PT36H", at(2026, 2, 1, 21)),
        ("duration", "P1M", at(2026, 2, 28, 9)),
        ("duration", "P1Y2M3D", at(2027, 4, 3, 9)),
        ("duration", "P2W", at(2026, 2, 14, 9)),
        ("duration", "PT604800S", at(2026, 2, 7, 9)),
        ("duration", "PT1.5S", at(2026, 1, 31, 9, 0, 1, 500_000)),
        ("duration", "PT0S", NOW),
        ("duration", "0", at(2026, 1, 31, 8, 30)),
        ("duration", "2", at(2026, 2, 3, 8, 30)),
    ],
)
def test_what_is_written_is_understood_as_it_stands(kind: TimerKind, text: str, due: datetime) -> None:
    assert timing.is_written(Timer(kind, text))
    assert first(kind, text) == Turn(due.astimezone(UTC))


@pytest.mark.parametrize(
    ("kind", "given", "due"),
    [
        ("date", date(2026, 3, 1), at(2026, 3, 1, 8, 30)),
        ("date", at(2026, 3, 1, 7), at(2026, 3, 1, 7)),
        ("duration", timedelta(hours=1), at(2026, 1, 31, 10)),
        ("duration", Months(13), at(2027, 2, 28, 9)),
        ("duration", Decimal(2), at(2026, 2, 3, 8, 30)),
    ],
)
def test_what_feel_gives_is_understood(kind: TimerKind, given: Any, due: datetime) -> None:
    assert first(kind, given) == Turn(due.astimezone(UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R3/PT10H", [at(2026, 1, 31, 19), at(2026, 2, 1, 5), at(2026, 2, 1, 15)]),
        ("R1/P1D", [at(2026, 2, 1, 9)]),
        # Each is counted from the first: the short month has moved nothing.
        ("R4/P1M", [at(2026, 2, 28, 9), at(2026, 3, 31, 9), at(2026, 4, 30, 9), at(2026, 5, 31, 9)]),
        # The start is the first of them, a day its morning; what has gone by is counted and does not come.
        ("R3/2026-02-01/P1W", [at(2026, 2, 1, 8, 30), at(2026, 2, 8, 8, 30), at(2026, 2, 15, 8, 30)]),
        ("R3/2026-01-17T09:00+08:00/P1W", [at(2026, 1, 31, 9)]),
        ("R3/2026-01-17T09:00/P1W", [at(2026, 1, 31, 9)]),
        ("R2/2020-01-01T00:00Z/P1Y", []),
        # Months go by the calendar of the zone that is written.
        ("R2/2026-03-31T20:00Z/P1M", [at(2026, 4, 1, 4), at(2026, 5, 1, 4)]),
        ("R2/9999-12-01/P1M", [at(9999, 12, 1, 8, 30)]),
    ],
)
def test_a_cycle_comes_as_often_as_it_says(text: str, expected: list[datetime]) -> None:
    assert turns(text) == expected


def test_a_cycle_without_a_number_goes_on() -> None:
    assert turns("R/P1M")[-1] == at(2026, 10, 31, 9)
    assert turns("R/0001-06-01T00:00Z/PT1M", most=1) == [NOW]
    assert turns("monthly(last_workday())", most=2) == [at(2026, 2, 28, 8, 30), at(2026, 3, 31, 8, 30)]


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1)),
    st.integers(1, 40),
    st.integers(0, 20),
    st.integers(0, 40),
    st.integers(1, 200),
)
def test_the_nth_turn_is_so_many_times_the_interval_after_the_anchor(
    start: datetime, months: int, days: int, minutes: int, number: int
) -> None:
    start = start.replace(microsecond=0)
    repetition = timing.read_repetition(f"R/{start.isoformat()}/P{months}M{days}DT{minutes}M", NOW)
    year, month = divmod(start.year * 12 + start.month - 1 + number * months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    same_day = start.replace(year=year, month=month + 1, day=day, tzinfo=ZONE)
    assert repetition.at(number) == same_day + number * timedelta(days=days, minutes=minutes)
    # And what comes first from some moment on is the first that is not before it
    for moment in (repetition.at(number), repetition.at(number) - timedelta(seconds=1)):
        found = repetition.from_on(moment)
        assert found is not None and found.cycle["turn"] == number


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["date", "duration", "cycle"]), st.text("R0123456789/-+:.,TPYMWDHSZ() yearlymonthdt", max_size=30)
)
def test_whatever_is_written_is_understood_or_refused_and_a_cycle_moves_on(kind: TimerKind, text: str) -> None:
    try:
        turn = first(kind, text)
    except ValueError:
        return
    following = timing.following(turn.cycle, PLAIN) if turn is not None and turn.cycle else None
    assert turn is None or following is None or following.due_at > turn.due_at


BAD_DATES = ["2026-02-30", "25:00", "2026-03-01T24:30", "2026-3-1", "-2026-03-01", "20260301", "2026-W10-1", "46023"]
BAD_LENGTHS = ["P", "PT", "P1", "P1DT", "P1H", "-P1D", "-3", "2.5", "5000", "P9999Y", "PT1.5H", "P" + "9" * 200]
BAD_CYCLES = [
    *("R0/P1D", "R-1/P1D", "R100000/P1D", "R3/PT0S", "R3/P0M", "R3/PT0.5S", "R/PT59S", "R3/P", "R3//P1D", "R3/3"),
    *("R3/2026-02-30/P1D", "R3/P1D/2026-03-01", "R3/2026-03-01/2026-03-02", "R3/-P1D", "R3/P1D/", "PT10H", "7"),
    *("0 0 9 * * ?", "*/5 * * * *", "yearly(date(2,30))", "monthly(date(1))", "R3/0001-01-01T00:00+14:00/P1Y"),
]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("date", text) for text in BAD_DATES),
        *(("duration", text) for text in BAD_LENGTHS),
        *(("cycle", text) for text in BAD_CYCLES),
    ],
)
def test_what_no_clock_understands_is_not_taken_for_an_expression_and_is_refused(kind: TimerKind, text: str) -> None:
    assert timing.is_written(Timer(kind, text))
    with pytest.raises(ValueError, match=r"[一-鿿]"):
        timing.check(Timer(kind, text))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("date", 'date("2026-03-01")'),
        ("date", "due_date"),
        ("date", '2 * duration("P1D") + today()'),
        ("duration", "Pause"),
        ("duration", "days + 1"),
        ("cycle", '"R3/" + length'),
        ("cycle", "Rhythm"),
    ],
)
def test_an_expression_is_not_taken_for_a_time(kind: TimerKind, text: str) -> None:
    assert not timing.is_written(Timer(kind, text))


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("date", Decimal(3), "没有得出日期"),
        ("date", None, "没有得出日期"),
        ("date", "改日", "“改日”不是日期，也不是时刻"),
        ("date", datetime(1, 1, 1, 1), "超出了日历的范围"),
        ("duration", None, "没有得出工作日数或者时长"),
        ("duration", date(2026, 3, 1), "没有得出工作日数或者时长"),
        ("duration", Decimal("2.5"), "0 到 1000 的整数"),
        ("duration", Decimal(-1), "0 到 1000 的整数"),
        ("duration", Months(-1), "时长是负的"),
        ("duration", -timedelta(seconds=1), "时长是负的"),
        ("duration", timedelta(days=3_000_000), "超出了日历的范围"),
        ("duration", Months(12 * 9_000), "超出了日历的范围"),
        ("cycle", timedelta(days=1), "没有得出周期"),
        ("cycle", "很快", "周期“很快”无法识别"),
        ("cycle", "R3/" + "很" * 200, "太长"),
    ],
)
def test_a_value_that_is_no_time_is_told(kind: TimerKind, given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        first(kind, given)
