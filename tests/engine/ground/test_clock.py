from datetime import UTC, date, datetime, timedelta

import pytest

from engine.ground.clock import ZONE, FixedClock, ShiftedClock, SystemClock, local, today

EVENING = datetime(2026, 1, 19, 16, 30, tzinfo=UTC)


def test_today_is_the_date_in_shanghai() -> None:
    assert today(FixedClock(EVENING)) == date(2026, 1, 20)


def test_local_shows_the_wall_clock_of_shanghai() -> None:
    assert local(EVENING) == EVENING
    assert local(EVENING).strftime("%m-%d %H:%M") == "01-20 00:30"


def test_system_clock_is_aware_utc_and_does_not_run_backwards() -> None:
    clock = SystemClock()
    earlier = clock.now()
    assert earlier.tzinfo is UTC
    assert clock.now() >= earlier


def test_fixed_clock_stands_until_moved() -> None:
    clock = FixedClock(EVENING)
    assert clock.now() == clock.now() == EVENING
    clock.advance(timedelta(hours=2))
    assert clock.now() == EVENING + timedelta(hours=2)
    clock.move_to(datetime(2026, 2, 1, 9, 0, tzinfo=ZONE))
    assert clock.now() == datetime(2026, 2, 1, 1, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_fixed_clock_can_be_set_anew_even_backwards() -> None:
    clock = FixedClock(EVENING)
    clock.moment = EVENING - timedelta(days=3)
    assert clock.moment == clock.now() == EVENING - timedelta(days=3)


@pytest.mark.parametrize("back", [timedelta(microseconds=1), timedelta(days=400)])
def test_moving_backwards_is_refused_and_changes_nothing(back: timedelta) -> None:
    clock = FixedClock(EVENING)
    with pytest.raises(ValueError, match="时钟不能倒走"):
        clock.advance(-back)
    with pytest.raises(ValueError, match="时钟不能倒走"):
        clock.move_to(EVENING - back)
    assert clock.now() == EVENING


def test_a_moment_without_zone_is_refused() -> None:
    naive = EVENING.replace(tzinfo=None)
    clock = FixedClock(EVENING)
    with pytest.raises(ValueError, match="没有时区"):
        FixedClock(naive)
    with pytest.raises(ValueError, match="没有时区"):
        clock.moment = naive
    with pytest.raises(ValueError, match="没有时区"):
        local(naive)
    with pytest.raises(ValueError, match="没有时区"):
        ShiftedClock(EVENING, naive)


def test_shifted_clock_runs_from_its_origin_at_real_speed() -> None:
    real = FixedClock(datetime(2030, 5, 5, tzinfo=UTC))
    clock = ShiftedClock(EVENING, real.now(), real)
    assert clock.now() == EVENING
    real.advance(timedelta(minutes=7))
    assert clock.now() == EVENING + timedelta(minutes=7)


def test_shifted_clock_follows_the_machine_by_default() -> None:
    clock = ShiftedClock(EVENING, SystemClock().now())
    assert clock.now() >= EVENING
    assert clock.now().tzinfo is UTC
