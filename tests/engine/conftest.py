"""Give engine tests a house of their own: a migrated database, a clock that stands still, a small organization."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from engine.ground.clock import ZONE, FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine
from tests.engine.office import Office

MONDAY = datetime(2026, 1, 19, 9, 0, tzinfo=ZONE)


@pytest.fixture
def engine(new_database: Callable[..., str], tmp_path: Path) -> Iterator[Engine]:
    """Open an engine on a fresh database."""
    url = new_database(migrate)
    environment = {"SUIXU_DATA": str(tmp_path / "var"), "SUIXU_DATABASE_URL": url, "SUIXU_SECRET_KEY": "0" * 64}
    made = Engine(Settings.from_environment(environment), FixedClock(MONDAY))
    yield made
    made.close()


@pytest.fixture
def office(engine: Engine) -> Office:
    """Give a small organization with people to act."""
    return Office.open(engine)
