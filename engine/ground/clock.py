"""Time has one source: the clock, kept in UTC and thought in Asia/Shanghai."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tell what time it is."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        ...


def local(moment: datetime) -> datetime:
    """Return the moment as the wall clock in Shanghai shows it."""
    return _utc(moment).astimezone(ZONE)


def today(clock: Clock) -> date:
    """Return the date in Shanghai."""
    return local(clock.now()).date()


class SystemClock:
    """Read the clock of the machine."""

    def now(self) -> datetime:
        """Return the machine's present moment in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """Stand still at a moment until someone moves it."""

    def __init__(self, moment: datetime) -> None:
        self._moment = _utc(moment)

    @property
    def moment(self) -> datetime:
        """Return the moment the clock stands at."""
        return self._moment

    @moment.setter
    def moment(self, moment: datetime) -> None:
        self._moment = _utc(moment)

    def now(self) -> datetime:
        """Return the moment the clock stands at."""
        return self._moment

    def advance(self, step: timedelta) -> None:
        """Move the clock forward by a step."""
        self.move_to(self._moment + step)

    def move_to(self, moment: datetime) -> None:
        """Move the clock forward to a moment."""
        if _utc(moment) < self._moment:
            raise ValueError(f"时钟不能倒走：现在是 {self._moment.isoformat()}，不能拨到 {moment.isoformat()}。")
        self._moment = _utc(moment)


@dataclass(frozen=True)
class ShiftedClock:
    """Run at real speed from a pinned origin, as the demo does."""

    origin: datetime
    real_origin: datetime
    source: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", _utc(self.origin))
        object.__setattr__(self, "real_origin", _utc(self.real_origin))

    def now(self) -> datetime:
        """Return the origin plus the real time that has passed since."""
        return self.origin + (self.source.now() - self.real_origin)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"时刻 {moment.isoformat()} 没有时区，须写明时区。")
    return moment.astimezone(UTC)
