"""Give tests of the office's processes its demo: an organization that may act, and the whole story told once."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from engine import accounts
from engine.ground.clock import ZONE, FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine
from tests.databases import Databases
from workflows import demo, demo_organization, parameters, publication, registry
from workflows.stage import Stage

PASSWORD = "演示口令-2026"
NEW_YEAR = datetime(2026, 1, 5, 9, 0, tzinfo=ZONE)


def open_engine(url: str, data: Path, moment: datetime) -> tuple[Engine, FixedClock]:
    """Open an engine with the office's functions on a database and a data folder."""
    environment = {"SUIXU_DATA": str(data), "SUIXU_DATABASE_URL": url, "SUIXU_SECRET_KEY": "0" * 64}
    clock = FixedClock(moment)
    settings = Settings.from_environment(environment)
    engine = Engine(settings, clock, registry.functions(), registry.options(), parameters.load())
    return engine, clock


def persons(engine: Engine) -> dict[str, str]:
    """Give each person's id by login."""
    with engine.reading() as unit:
        return {account.login: account.person_id for account in accounts.listing(unit)}


def _kind(url: str) -> str:
    return url.partition(":")[0].partition("+")[0]


@pytest.fixture(scope="session")
def found_office(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Fill a database with the demo's organization and its processes."""
    data = tmp_path_factory.mktemp("founded")

    def prepare(url: str) -> None:
        migrate(url)
        engine, _ = open_engine(url, data, NEW_YEAR)
        demo_organization.load(engine, PASSWORD)
        publication.publish_all(engine)
        engine.close()

    return prepare


@pytest.fixture(scope="session")
def told_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder where the told story's files lie, one for each kind of database."""
    return tmp_path_factory.mktemp("told")


@pytest.fixture(scope="session")
def tell_story(told_data: Path) -> Callable[[str], None]:
    """Tell the demo's whole story in a database."""

    def prepare(url: str) -> None:
        migrate(url)
        engine, clock = open_engine(url, told_data / _kind(url), demo.OPENING)
        demo.load(engine, clock, PASSWORD)
        engine.close()

    return prepare


@pytest.fixture
def stage(databases: Databases, found_office: Callable[[str], None], tmp_path: Path) -> Iterator[Stage]:
    """Give the office on its first working day of 2026, with nothing begun."""
    engine, clock = open_engine(databases.fresh(found_office), tmp_path / "var", NEW_YEAR)
    yield Stage(engine, clock, persons(engine))
    engine.close()


@pytest.fixture
def told(databases: Databases, tell_story: Callable[[str], None], told_data: Path, tmp_path: Path) -> Iterator[Stage]:
    """Give the office with the demo's story told."""
    url = databases.fresh(tell_story)
    shutil.copytree(told_data / _kind(url), tmp_path / "var")
    engine, clock = open_engine(url, tmp_path / "var", demo.NOW)
    yield Stage(engine, clock, persons(engine))
    engine.close()
