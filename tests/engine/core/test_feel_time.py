"""Dates, times and durations in expressions, as DMN 1.3 has them."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from engine.core.expressions import Value, evaluate
from engine.core.feel_time import Months

CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('date("2026-02-30")', None),
        ('date("2026-01-20T09:30:00")', None),
        ('date("明天T")', None),
        ('date(@"2026-01-20T09:30:00")', date(2026, 1, 20)),
        ('date(@"09:30:00")', None),
        ("date(2026, 1, 20)", date(2026, 1, 20)),
        ("date(day: 20, month: 1, year: 2026)", date(2026, 1, 20)),
        ('time("09:30:00")', time(9, 30)),
        ('time("09:30:00.123456789+08:00")', time(9, 30, 0, 123456, CHINA)),
        ('time("09:30:00-08:00")', time(9, 30, tzinfo=timezone(timedelta(hours=-8)))),
        ('time("24:00:00")', None),
        ('time("9:30")', None),
        ('time("2026-01-20T09:30:00Z")', None),
        ('time("明天T")', None),
        ('time(@"2026-01-20T09:30:00")', time(9, 30)),
        ('time(@"09:30:00")', time(9, 30)),
        ('time(@"2026-01-20")', None),
        ("time(9, 30, 1.5)", time(9, 30, 1, 500_000)),
        ('time(9, 30, 0, @"PT8H")', time(9, 30, tzinfo=CHINA)),
        ('time(9, 30, 0, @"PT20H")', None),
        ("time(9, 30, 0, 8)", None),
        ("time(9, 30, 60)", None),
        ("time(25, 30, 0)", None),
        ("time(9, 30)", None),
        ('time("九", 30, 0)', None),
        ('date and time("2026-01-20T09:30:00")', datetime(2026, 1, 20, 9, 30)),
        ('date and time("2026-01-20T09:30:00+08:00")', datetime(2026, 1, 20, 9, 30, tzinfo=CHINA)),
        ('date and time("2026-01-20")', datetime(2026, 1, 20)),
        ('date and time("2026-01-20T")', None),
        ('date and time(@"2026-01-20", @"09:30:00")', datetime(2026, 1, 20, 9, 30)),
        ('date and time(@"2026-01-20T08:00:00", @"09:30:00Z")', datetime(2026, 1, 20, 9, 30, tzinfo=UTC)),
        ('date and time(@"2026-01-20", 9)', None),
        ('date and time(@"2026-01-20T09:30:00")', datetime(2026, 1, 20, 9, 30)),
        ('date and time(@"2026-01-20")', datetime(2026, 1, 20)),
        ("date and time(1)", None),
        ('duration("P1Y2M")', Months(14)),
        ('duration("-P1M")', Months(-1)),
        ('duration("P1M2D")', None),
        ('duration("P")', None),
        ('duration("P1DT")', None),
        ('duration("P9999999Y")', None),
        ('duration("P1DT2H3M4.5S")', timedelta(1, 4, 500_000, minutes=3, hours=2)),
        ('duration("-PT36H")', timedelta(hours=-36)),
        ('duration(@"P1M")', Months(1)),
        ("duration(1)", None),
        ('@"2026-01-20T09:30:00Z"', datetime(2026, 1, 20, 9, 30, tzinfo=UTC)),
        ('@"00:00:00"', time()),
        ('@"PT0S"', timedelta()),
        ('years and months duration(@"2026-01-31", @"2026-02-28")', Months(0)),
        ('years and months duration(@"2024-02-29", @"2026-03-01")', Months(24)),
        ('years and months duration(@"2026-02-28", @"2026-01-31")', Months(0)),
        ('years and months duration(@"2026-03-01", @"2026-01-01")', Months(-2)),
        ('years and months duration(@"2026-01-01T00:00:00", @"2026-03-01")', Months(2)),
        ("years and months duration(1, 2)", None),
    ],
)
def test_a_day_an_hour_or_a_length_is_read(text: str, value: Value) -> None:
    found = evaluate(text, {})
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('@"2026-01-31" + @"P1M"', date(2026, 2, 28)),
        ('@"P1M" + @"2024-01-31"', date(2024, 2, 29)),
        ('@"2026-03-31" - @"P1M"', date(2026, 2, 28)),
        ('@"2024-02-29" + @"P1Y"', date(2025, 2, 28)),
        ('@"2026-12-31" + @"P1D"', date(2027, 1, 1)),
        ('@"2026-12-31" + @"PT36H"', date(2027, 1, 1)),
        ('@"2026-01-01" - @"PT1H"', date(2025, 12, 31)),
        ('@"2026-01-31T09:30:00" + @"P1M"', datetime(2026, 2, 28, 9, 30)),
        ('@"2026-01-31T09:30:00Z" - @"PT10H"', datetime(2026, 1, 30, 23, 30, tzinfo=UTC)),
        ('@"23:30:00" + @"PT1H"', time(0, 30)),
        ('@"00:30:00Z" - @"P1DT1H"', time(23, 30, tzinfo=UTC)),
        ('@"23:30:00" + @"P1M"', None),
        ('@"2026-01-20" - @"2026-01-01"', timedelta(19)),
        ('@"2026-01-20T12:00:00" - @"2026-01-20"', None),
        ('@"2026-01-20" - @"2026-01-20T12:00:00Z"', timedelta(hours=-12)),
        ('@"2026-01-20T12:00:00" - @"2026-01-20T12:00:00Z"', None),
        ('@"10:00:00" - @"09:30:00"', timedelta(minutes=30)),
        ('@"10:00:00+08:00" - @"01:00:00Z"', timedelta(hours=1)),
        ('@"10:00:00" - @"09:30:00Z"', None),
        ('@"10:00:00" - @"2026-01-20"', None),
        ('@"2026-01-20" + @"2026-01-20"', None),
        ('@"2026-01-20" + 1', None),
        ('@"2026-01-20" - 1', None),
        ('"甲" - @"P1D"', None),
        ('@"P1D" + @"PT1H"', timedelta(1, 3600)),
        ('@"P1D" - @"PT1H"', timedelta(hours=23)),
        ('@"P1Y" + @"P1M"', Months(13)),
        ('@"P1M" - @"P1Y"', Months(-11)),
        ('@"P1M" + @"P1D"', None),
        ('@"P1D" - @"P1M"', None),
        ('@"P1D" * 1.5', timedelta(hours=36)),
        ('2 * @"P1M"', Months(2)),
        ('@"P5M" * 0.5', Months(2)),
        ('@"-P5M" / 2', Months(-2)),
        ('@"P1D" / 3', timedelta(hours=8)),
        ('@"P1D" / 0', None),
        ('@"P1D" / @"PT6H"', Decimal(4)),
        ('@"P1Y" / @"P5M"', Decimal("2.4")),
        ('@"P1Y" / @"P0M"', None),
        ('@"P1D" / @"P1M"', None),
        ('@"P1D" * @"P1D"', None),
        ('1 / @"P1D"', None),
        ('true * @"P1D"', None),
        ('-@"P1D"', timedelta(-1)),
        ('-@"P1M"', Months(-1)),
        ('abs(@"-P1D")', timedelta(1)),
        ('abs(@"-P1M")', Months(1)),
    ],
)
def test_reckoning_follows_the_calendar(text: str, value: Value) -> None:
    found = evaluate(text, {})
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('@"2026-01-20" < @"2026-01-21"', True),
        ('@"09:00:00" < @"09:30:00"', True),
        ('@"09:00:00+08:00" = @"01:00:00Z"', True),
        ('@"09:00:00" = @"09:00:00Z"', False),
        ('@"09:00:00" < @"09:30:00+14:00"', True),
        ('@"2026-01-20T09:00:00" >= @"2026-01-20T09:00:00"', True),
        ('@"2026-01-20T09:00:00+08:00" = @"2026-01-20T01:00:00Z"', True),
        ('@"2026-01-20T09:00:00+14:00" > @"2026-01-20T08:00:00"', True),
        ('@"2026-01-20" = @"2026-01-20T00:00:00"', None),
        ('@"2026-01-20" < @"2026-01-21T00:00:00"', None),
        ('@"P1D" = @"PT24H"', True),
        ('@"P1Y" = @"P12M"', True),
        ('@"P1M" > @"P1D"', None),
        ('@"P1M" < @"P2M"', True),
        ('max(@"P1D", @"PT36H") = @"PT36H"', True),
        ('@"2026-01-20" in [@"2026-01-01"..@"2026-01-31"]', True),
        ('@"2026-01-20" between @"2026-01-01" and @"2026-01-31"', True),
        (
            'distinct values([@"P1D", @"PT24H", @"09:00:00", @"09:00:00Z"])',
            (timedelta(1), time(9), time(9, tzinfo=UTC)),
        ),
    ],
)
def test_order_and_equality_need_the_same_kind_and_what_has_no_offset_takes_the_other_s_for_the_order(
    text: str, value: Value
) -> None:
    assert evaluate(text, {}) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('@"2026-01-20".year', 2026),
        ('@"2026-01-20".month', 1),
        ('@"2026-01-20".day', 20),
        ('@"2026-01-20".weekday', 2),
        ('@"2026-01-20".hour', None),
        ('@"2026-01-20T09:30:01.5".weekday', 2),
        ('@"2026-01-20T09:30:01.5".hour', 9),
        ('@"09:30:01.5".minute', 30),
        ('@"09:30:01.5".second', Decimal("1.5")),
        ('@"09:30:00+08:00".time offset', timedelta(hours=8)),
        ('@"09:30:00".time offset', None),
        ('@"09:30:00".year', None),
        ('@"P1Y2M".years', 1),
        ('@"P1Y2M".months', 2),
        ('@"-P1Y2M".months', -2),
        ('@"P1Y2M".days', None),
        ('@"P1DT2H3M4.5S".days', 1),
        ('@"P1DT2H3M4.5S".hours', 2),
        ('@"P1DT2H3M4.5S".minutes', 3),
        ('@"P1DT2H3M4.5S".seconds', Decimal("4.5")),
        ('@"-PT36H".days', -1),
        ('@"-PT36H".minutes', 0),
        ('@"P1D".years', None),
        ('(@"2026-03-01" - @"2026-02-01").days', 28),
        ('day of week(@"2026-01-20")', "Tuesday"),
        ('day of year(@"2026-02-01T00:00:00")', 32),
        ('month of year(@"2026-02-01")', "February"),
        ('week of year(@"2026-12-31")', 53),
        ('week of year("2026-12-31")', None),
    ],
)
def test_each_kind_has_its_parts(text: str, value: object) -> None:
    assert evaluate(text, {}) == value


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-20", "09:30:00", "09:30:00.5", "09:30:00Z", "09:30:00+08:00", "2026-01-20T09:30:00"),
        *(
            "2026-01-20T09:30:00-05:30",
            "P1Y2M",
            "P1Y",
            "-P2M",
            "P0M",
            "PT0S",
            "P1DT2H3M4.5S",
            "-P1DT12H",
            "PT0.000001S",
        ),
        *("P10D", "PT10H", "PT10S"),
    ],
)
def test_what_is_written_is_what_was_read(text: str) -> None:
    assert evaluate(f'string(@"{text}")', {}) == text


def test_a_value_of_the_caller_loses_its_class_and_the_name_of_its_zone() -> None:
    class Day(date):
        pass

    assert type(evaluate("x", {"x": Day(2026, 1, 20)})) is date
    assert type(evaluate("x", {"x": time(9)})) is time
    found = evaluate("x", {"x": datetime(2026, 1, 20, tzinfo=CHINA)})
    assert isinstance(found, datetime) and found.tzinfo == CHINA
