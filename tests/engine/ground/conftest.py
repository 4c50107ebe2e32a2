"""Give tests of the ground an engine that nobody is in."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from engine.ground.clock import ZONE, FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine


@pytest.fixture
def engine(new_database: Callable[..., str], tmp_path: Path) -> Iterator[Engine]:
    """Open an engine on a fresh database."""
    environment = {"SUIXU_DATA": str(tmp_path), "SUIXU_DATABASE_URL": new_database(migrate)}
    made = Engine(Settings.from_environment(environment), FixedClock(datetime(2026, 1, 20, 0, 30, tzinfo=ZONE)))
    yield made
    made.close()
