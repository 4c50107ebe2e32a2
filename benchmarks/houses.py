"""Open the house that is measured: a real SQLite file, a real PostgreSQL, both keeping every commit on disk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import event

from engine import definitions
from engine.ground.clock import ZONE, FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Engine
from tests import postgres
from tests.engine.office import FORM, Office

MONDAY = datetime(2026, 1, 19, 9, 0, tzinfo=ZONE)
DATABASES = ("sqlite", "postgresql")
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "256MB"}


@dataclass
class House:
    """Hold an engine on one kind of database, with a small office in it."""

    kind: str
    engine: Engine
    clock: FixedClock
    office: Office

    def publish(self, source: bytes) -> None:
        """Publish a drawing."""
        with self.engine.transaction() as unit:
            definitions.publish(unit, source, {"form": FORM}, SYSTEM)


@contextmanager
def serve_postgresql() -> Iterator[postgres.Server | None]:
    """Run a PostgreSQL server that keeps its commits, or say that there is none."""
    with suppress(postgres.Unavailable), postgres.serve({**postgres.SETTINGS, **DURABLE}) as server:
        yield server
        return
    yield None


@contextmanager
def open_house(kind: str, server: postgres.Server | None) -> Iterator[House]:
    """Open a fresh house on one kind of database."""
    with tempfile.TemporaryDirectory(prefix="suixu-bench-") as folder:
        name = server.create() if server and kind == "postgresql" else ""
        url = server.address(name) if server and name else f"sqlite:///{Path(folder) / 'suixu.db'}"
        migrate(url)
        clock = FixedClock(MONDAY)
        environment = {"SUIXU_DATA": folder, "SUIXU_DATABASE_URL": url, "SUIXU_SECRET_KEY": "0" * 64}
        engine = Engine(Settings.from_environment(environment), clock)
        # Tests watch every engine; what is measured is the engine alone.
        engine.watchers.clear()
        try:
            yield House(kind, engine, clock, Office.open(engine))
        finally:
            engine.close()
            if server and name:
                server.drop(name)


@contextmanager
def counted(engine: Engine) -> Iterator[dict[str, int]]:
    """Count the statements and commits of what is done inside."""
    found = {"statements": 0, "commits": 0}

    def statement(*given: object) -> None:
        if not str(given[2]).startswith("BEGIN"):
            found["statements"] += 1

    def commit(*_given: object) -> None:
        found["commits"] += 1

    event.listen(engine.database.pool, "before_cursor_execute", statement)
    event.listen(engine.database.pool, "commit", commit)
    try:
        yield found
    finally:
        event.remove(engine.database.pool, "before_cursor_execute", statement)
        event.remove(engine.database.pool, "commit", commit)
