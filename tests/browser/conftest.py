"""What tests in a real browser ask for: the served house, and one whose record was tampered with."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from engine import accounts, people
from engine.ground import model
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import SYSTEM
from tests.browser import served
from tests.browser.served import House
from web.account import limiter


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill a database once, archives beside it; they are copied by those who use them."""
    path = tmp_path_factory.mktemp("served") / "prepared.db"
    served.prepare(f"sqlite:///{path}", path.parent)
    return path


@pytest.fixture(scope="session")
def house(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Serve the house for the whole session."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copyfile(prepared, folder / "house.db")
    shutil.copytree(prepared.parent / "archives", folder / "archives")
    with served.serve(f"sqlite:///{folder / 'house.db'}", folder) as found:
        yield found
    limiter.reset()


@pytest.fixture(scope="session")
def tampered(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Serve a house in which somebody changed a record behind the database's back, its guards taken off."""
    folder = tmp_path_factory.mktemp("tampered")
    shutil.copyfile(prepared, folder / "house.db")
    with served.serve(f"sqlite:///{folder / 'house.db'}", folder) as found:
        found.engine.watchers.clear()
        stream = f"instance:{found.instance('2025年双拥工作计划').rpartition('/')[2]}"
        with found.engine.transaction() as unit:
            connection = unit.connection
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            for name in names:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            table = model.event
            forged = update(table).where(table.c.stream == stream, table.c.number == 2)
            connection.execute(forged.values(payload=b'{"title":"forged"}'))
        yield found


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Serve a house with nothing in it but its system administrator, and one who would publish."""
    folder = tmp_path_factory.mktemp("empty")
    migrate(f"sqlite:///{folder / 'house.db'}")
    with served.serve(f"sqlite:///{folder / 'house.db'}", folder) as found:
        with found.engine.transaction() as unit:
            for login, role in (("admin", "system"), ("drawer", "process")):
                person = people.add_person(unit, login, SYSTEM)
                initial = accounts.Initial(login, "", "nobody knocks here", must_change=False)
                accounts.create_prepared(unit, person, initial, [role], SYSTEM)
        yield found
