from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.calendar import Calendar, morning, parse_recurrence, statutory_days
from engine.ground.clock import ZONE

PLAIN = Calendar()
DAYS = st.dates(date(2025, 1, 1), date(2029, 12, 31))
CALENDARS = st.builds(Calendar, st.dictionaries(DAYS, st.booleans(), max_size=20))
patient = settings(deadline=None)
COUNTS = st.integers(-60, 60)


def at(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=ZONE)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 1, 4), True),
        (date(2026, 2, 14), True),
        (date(2026, 2, 28), True),
        (date(2026, 5, 9), True),
        (date(2026, 9, 20), True),
        (date(2026, 10, 10), True),
        (date(2026, 1, 1), False),
        (date(2026, 2, 15), False),
        (date(2026, 2, 16), False),
        (date(2026, 2, 23), False),
        (date(2026, 2, 24), True),
        (date(2026, 3, 7), False),
    ],
)
def test_a_published_year_follows_the_official_notice(day: date, worked: bool) -> None:
    assert PLAIN.is_workday(day) is worked
    assert not PLAIN.is_provisional(day)


def test_2026_has_248_working_days() -> None:
    assert PLAIN.workdays_between(date(2025, 12, 31), date(2026, 12, 31)) == 248


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2027, 1, 1), False),
        (date(2027, 1, 4), True),
        (date(2027, 2, 4), True),
        (date(2027, 2, 5), False),
        (date(2027, 2, 8), False),
        (date(2027, 2, 9), True),
        (date(2027, 4, 5), False),
        (date(2027, 6, 9), False),
        (date(2027, 9, 15), False),
        (date(2027, 10, 1), False),
        (date(2027, 10, 4), True),
        (date(2027, 3, 6), False),
    ],
)
def test_an_unpublished_year_is_provisional_and_raises_nothing(day: date, worked: bool) -> None:
    assert PLAIN.is_workday(day) is worked
    assert PLAIN.is_provisional(day)


@pytest.mark.parametrize("year", range(2027, 2037))
def test_an_unpublished_year_has_thirteen_statutory_days_unless_two_coincide(year: int) -> None:
    mid_autumn_in_national_days = year in (2028, 2031)
    assert len(statutory_days(year)) == 13 - mid_autumn_in_national_days
    assert {day.year for day in statutory_days(year)} == {year}


def test_what_was_entered_comes_before_every_table() -> None:
    entered = Calendar({date(2026, 2, 14): False, date(2027, 2, 20): True, date(2027, 2, 9): False})
    assert not entered.is_workday(date(2026, 2, 14))
    assert entered.is_workday(date(2027, 2, 20))
    assert not entered.is_workday(date(2027, 2, 9))
    assert not entered.is_provisional(date(2027, 2, 9))
    assert entered.is_provisional(date(2027, 2, 10))


def test_the_days_that_a_years_whole_list_does_not_name_go_by_the_week() -> None:
    entered = Calendar({date(2027, 2, 8): False, date(2027, 2, 20): True}, frozenset({2027}))
    worked = {day: entered.is_workday(date(2027, 2, day)) for day in (5, 6, 8, 9, 20, 21)}
    assert worked == {5: True, 6: False, 8: False, 9: True, 20: True, 21: False}
    assert not entered.is_provisional(date(2027, 2, 5))
    assert entered.is_provisional(date(2028, 2, 8))
    assert Calendar(whole=frozenset({2026})).is_workday(date(2026, 2, 23)), "a list comes before the published calendar"


def test_a_year_without_lunar_tables_says_so_unless_entered() -> None:
    with pytest.raises(ValueError, match=r"2150 年的农历资料.*请在“日历”中录入"):
        PLAIN.is_workday(date(2150, 3, 2))
    assert Calendar({date(2150, 3, 2): True}).is_workday(date(2150, 3, 2))


@pytest.mark.parametrize(
    ("day", "count", "result"),
    [
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 14), 1, date(2026, 2, 24)),
        (date(2026, 2, 24), -1, date(2026, 2, 14)),
        (date(2026, 2, 16), 0, date(2026, 2, 16)),
        (date(2026, 1, 5), 10, date(2026, 1, 19)),
        (date(2026, 12, 31), 1, date(2027, 1, 4)),
    ],
)
def test_adding_workdays_skips_days_off(day: date, count: int, result: date) -> None:
    assert PLAIN.add_workdays(day, count) == result


@patient
@given(CALENDARS, DAYS, COUNTS)
def test_adding_lands_on_a_workday_and_counting_undoes_it(calendar: Calendar, day: date, count: int) -> None:
    reached = calendar.add_workdays(day, count)
    assert count == 0 or calendar.is_workday(reached)
    assert calendar.workdays_between(day, reached) == count


@patient
@given(CALENDARS, DAYS, COUNTS)
def test_going_back_as_far_as_forth_returns(calendar: Calendar, day: date, count: int) -> None:
    start = calendar.next_workday_on_or_after(day)
    assert calendar.add_workdays(calendar.add_workdays(start, count), -count) == start


@patient
@given(CALENDARS, DAYS)
def test_the_nearest_workdays_are_the_nearest(calendar: Calendar, day: date) -> None:
    after, before = calendar.next_workday_on_or_after(day), calendar.previous_workday_on_or_before(day)
    assert before <= day <= after
    assert calendar.is_workday(before) and calendar.is_workday(after)
    between = (before + timedelta(passed) for passed in range(1, (after - before).days))
    assert not any(calendar.is_workday(each) for each in between)


def test_first_and_last_workdays_of_a_month() -> None:
    assert PLAIN.first_workday(2026, 1) == date(2026, 1, 4)
    assert PLAIN.first_workday(2026, 2) == date(2026, 2, 2)
    assert PLAIN.last_workday(2026, 2) == date(2026, 2, 28)
    assert PLAIN.last_workday(2026, 12) == date(2026, 12, 31)


def test_a_deadline_is_the_end_of_the_office_day_in_utc() -> None:
    due = PLAIN.deadline(at(2026, 1, 20, 9, 15), 3)
    assert due == at(2026, 1, 23, 18)
    assert due.tzinfo is UTC


def test_a_deadline_counts_from_the_local_date() -> None:
    just_after_midnight = datetime(2026, 1, 19, 16, 1, tzinfo=UTC)
    assert PLAIN.deadline(just_after_midnight, 1) == at(2026, 1, 21, 18)


def test_a_deadline_of_no_days_is_today_or_the_next_workday() -> None:
    assert PLAIN.deadline(at(2026, 1, 20, 9), 0) == at(2026, 1, 20, 18)
    assert PLAIN.deadline(at(2026, 2, 16, 9), 0) == at(2026, 2, 24, 18)


def test_a_deadline_refuses_a_negative_count_and_a_moment_without_zone() -> None:
    with pytest.raises(ValueError, match="不小于 0 的工作日数"):
        PLAIN.deadline(at(2026, 1, 20), -1)
    with pytest.raises(ValueError, match="没有时区"):
        PLAIN.deadline(datetime(2026, 1, 20, 9), 3)


def test_morning_is_half_past_eight_in_shanghai() -> None:
    assert morning(date(2026, 1, 20)) == datetime(2026, 1, 20, 0, 30, tzinfo=UTC)
    assert morning(date(2026, 1, 20)).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("yearly(first_workday(1))", at(2025, 6, 1), at(2026, 1, 4, 8, 30)),
        ("yearly(first_workday(1))", at(2026, 1, 1), at(2026, 1, 4, 8, 30)),
        ("yearly(first_workday(1))", at(2026, 1, 4, 8, 30), at(2027, 1, 4, 8, 30)),
        ("yearly(last_workday(2))", at(2026, 1, 1), at(2026, 2, 28, 8, 30)),
        ("yearly(last_workday(12))", at(2026, 12, 31, 9), at(2027, 12, 31, 8, 30)),
        ("yearly(date(8, 1))", at(2026, 1, 1), at(2026, 8, 1, 8, 30)),
        ("yearly(date(2, 29))", at(2026, 1, 1), at(2028, 2, 29, 8, 30)),
        ("yearly(workday_on_or_before(8, 1))", at(2026, 1, 1), at(2026, 7, 31, 8, 30)),
        ("yearly(workday_on_or_before(1, 1))", at(2025, 12, 1), at(2025, 12, 31, 8, 30)),
        ("yearly(workday_on_or_after(10, 1))", at(2026, 1, 1), at(2026, 10, 8, 8, 30)),
        ("monthly(first_workday())", at(2026, 1, 20), at(2026, 2, 2, 8, 30)),
        ("monthly(first_workday())", at(2026, 12, 20), at(2027, 1, 4, 8, 30)),
        (" monthly ( last_workday ( ) ) ", at(2026, 1, 20), at(2026, 1, 30, 8, 30)),
    ],
)
def test_a_recurrence_comes_next_on_its_day(text: str, moment: datetime, expected: datetime) -> None:
    occurrence = parse_recurrence(text).after(moment, PLAIN)
    assert occurrence == expected
    assert occurrence.tzinfo is UTC


def test_a_recurrence_follows_what_was_entered() -> None:
    entered = Calendar({date(2027, 1, 2): True})
    assert parse_recurrence("yearly(first_workday(1))").after(at(2026, 6, 1), entered) == at(2027, 1, 2, 8, 30)


@patient
@given(
    st.sampled_from(
        [
            "yearly(first_workday(1))",
            "yearly(last_workday(12))",
            "yearly(workday_on_or_before(1,1))",
            "yearly(workday_on_or_after(12,31))",
            "monthly(first_workday())",
        ]
    ),
    st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC)),
)
def test_occurrences_are_strictly_later_and_none_is_left_out(text: str, moment: datetime) -> None:
    recurrence = parse_recurrence(text)
    first = recurrence.after(moment, PLAIN)
    second = recurrence.after(first, PLAIN)
    assert moment < first < second
    assert recurrence.after(first - timedelta(microseconds=1), PLAIN) == first
    assert recurrence.after(second - timedelta(microseconds=1), PLAIN) == second
    assert second - first < timedelta(days=31 if text.startswith("monthly") else 366) + timedelta(days=12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yearly",
        "R/P1Y",
        "yearly(first_workday())",
        "yearly(first_workday(1,2))",
        "yearly(first_workday(1)",
        "yearly(first_workday(1))x",
        "yearly(first_workday(\uff11))",
        "monthly(first_workday(1))",
        "monthly(date(1,1))",
        "weekly(first_workday())",
        "yearly(__import__(1))",
        "yearly(date(1,))",
    ],
)
def test_unknown_text_is_refused_with_what_may_be_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"无法识别，可写：yearly\(first_workday"):
        parse_recurrence(text)


@pytest.mark.parametrize("text", ["yearly(date(2,30))", "yearly(first_workday(13))", "yearly(last_workday(0))"])
def test_a_day_that_no_year_has_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"没有 \d+ 月 \d+ 日这一天"):
        parse_recurrence(text)
