"""Open the demo's office for a story, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import NewDatabase
from tests.story import year
from tests.web.browsing import Browse


@pytest.fixture
def house(new_database: NewDatabase, tmp_path: Path) -> Iterator[Flask]:
    """Open the house."""
    app = year.open_house(new_database(year.prepare), tmp_path / "data")
    yield app
    year.engine_of(app).close()


@pytest.fixture
def browse(house: Flask) -> Browse:
    """Open browsers for the people of the house."""
    return Browse(house, year.PASSWORD)
