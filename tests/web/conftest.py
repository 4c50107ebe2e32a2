"""What tests of pages ask for: an app with a small office in it, browsers for its people, and a stage with more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from engine.ground.clock import FixedClock
from engine.ground.unit_of_work import Engine
from tests.conftest import NewDatabase
from tests.databases import Databases
from tests.web import errands
from tests.web.browsing import Browse
from tests.web.stage import Stage, prepare, set_up
from web.app import create_app


@pytest.fixture
def app(new_database: NewDatabase, tmp_path: Path) -> Iterator[Flask]:
    """Open the small office, first on SQLite, then on PostgreSQL."""
    settings = errands.settings(new_database(errands.prepare), tmp_path / "data", SUIXU_UPLOAD_LIMIT_MB="1")
    clock = FixedClock(errands.MORNING)
    found = create_app(settings, clock, Engine(settings, clock))
    found.testing = True
    yield found
    errands.engine_of(found).close()


@pytest.fixture
def browse(app: Flask) -> Browse:
    """Open browsers: `browse("wang")` is signed in, `browse()` stands at the door."""
    return Browse(app, errands.PASSWORD)


@pytest.fixture
def stage(sqlite_databases: Databases, tmp_path: Path) -> Iterator[Stage]:
    """Set a stage on SQLite."""
    with set_up(sqlite_databases.fresh(prepare), tmp_path) as stage:
        yield stage


@pytest.fixture
def stage_on_both(new_database: NewDatabase, tmp_path: Path) -> Iterator[Stage]:
    """Set a stage, first on SQLite, then on PostgreSQL."""
    with set_up(new_database(prepare), tmp_path) as stage:
        yield stage
