"""Bring a database to the tables of this version.

A migration's number says when it was begun, not when it runs: several hands write at once, and who lands hangs theirs
on the head that is there. The order is that of `down_revision` alone; with two heads nothing migrates.
"""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from engine.ground.database import Database

# Any number will do: it only has to be the same for every process that migrates.
MIGRATION_LOCK = 20260120


def migrate(database_url: str) -> None:
    """Upgrade the database to the newest revision in one transaction; nothing happens when it is there already."""
    database = Database(database_url)
    try:
        with database.writing() as connection:
            _wait_for_others(connection)
            command.upgrade(configure(connection), "head")
    finally:
        database.close()


def is_current(database_url: str) -> bool:
    """Tell whether the database has the tables of this version."""
    database = Database(database_url)
    try:
        with database.reading() as connection:
            return is_at_head(connection)
    finally:
        database.close()


def is_at_head(connection: Connection) -> bool:
    """Tell whether the database behind a connection has the tables of this version."""
    return set(MigrationContext.configure(connection).get_current_heads()) == _heads()


@cache
def _heads() -> frozenset[str]:
    return frozenset(ScriptDirectory.from_config(configure()).get_heads())


def configure(connection: Connection | None = None) -> Config:
    """Describe the migrations to Alembic without a file of settings."""
    config = Config()
    config.set_main_option("script_location", "engine.ground:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _wait_for_others(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
