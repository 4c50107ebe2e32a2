"""Open an engine on a database, with a clock that stands at a Tuesday morning of the demo."""

from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from engine import people
from engine.ground.clock import FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Engine, Unit

MORNING = datetime(2026, 1, 20, 1, 0, tzinfo=UTC)
TODAY = date(2026, 1, 20)
LONG_AGO = date(2024, 1, 1)


def open_engine(url: str, folder: Path) -> Engine:
    """Open an engine whose clock stands still."""
    settings = Settings.from_environment({"SUIXU_DATA": str(folder), "SUIXU_DATABASE_URL": url})
    return Engine(settings, FixedClock(MORNING))


def move(engine: Engine, moment: datetime) -> None:
    """Put an engine's clock forward."""
    assert isinstance(engine.clock, FixedClock)
    engine.clock.move_to(moment)


def establish(url: str) -> None:
    """Prepare a database with two units, for tests to copy."""
    migrate(url)
    with TemporaryDirectory() as folder:
        engine = open_engine(url, Path(folder))
        with engine.transaction() as unit:
            found(unit)
        engine.close()


def found(unit: Unit) -> None:
    """Set up two units, each with a head's and a staff member's post."""
    for code, name in (("hr", "人事部"), ("office", "办公室")):
        people.add_unit(unit, code, name, "department", SYSTEM, starts=LONG_AGO)
        people.add_post(unit, code, "staff", "承办人", "staff", SYSTEM)
        people.add_post(unit, code, "head", "负责人", "head", SYSTEM)
