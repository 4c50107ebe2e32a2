"""The database has exactly the tables of the model, and refuses to change what happened."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from engine.ground.database import Database
from engine.ground.migrations import is_current, migrate
from engine.ground.model import event, metadata

EVENT = {
    "stream": "access",
    "number": 1,
    "kind": "signed-in",
    "at": datetime(2026, 1, 20, tzinfo=UTC),
    "envelope": b"{}",
    "salt": b"salt",
    "payload": b"{}",
    "digest": b"digest",
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Give a migrated database that holds one event."""
    migrate(database_url)
    opened = Database(database_url)
    with opened.writing() as connection:
        connection.execute(insert(event), EVENT)
    yield opened
    opened.close()


def test_the_migrated_database_is_the_model(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(database_url: str, database: Database) -> None:
    migrate(database_url)
    with database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(event)) == 1


def test_two_that_migrate_at_once_wait_for_each_other(database_url: str) -> None:
    with ThreadPoolExecutor(2) as both:
        assert list(both.map(migrate, [database_url, database_url])) == [None, None]
    assert is_current(database_url)


def test_a_database_is_current_only_once_migrated(database_url: str) -> None:
    assert not is_current(database_url)
    migrate(database_url)
    assert is_current(database_url)


def test_a_broken_migration_leaves_nothing_behind(database_url: str) -> None:
    # Given a database in which the last table cannot be created
    opened = Database(database_url)
    with opened.writing() as connection:
        connection.execute(text("CREATE TABLE variable (id INTEGER)"))
    # When it is migrated
    with pytest.raises(Exception, match=r"already exists|暂时不能使用"):
        migrate(database_url)
    # Then not one of the other tables is there, nor a revision
    with opened.reading() as connection:
        assert inspect(connection).get_table_names() == ["variable"]
    opened.close()
    assert not is_current(database_url)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET payload = NULL",
        "UPDATE event SET kind = 'other' WHERE number = 1",
        "DELETE FROM event",
        "DELETE FROM event WHERE stream = 'access'",
    ],
)
def test_an_event_can_be_neither_changed_nor_deleted(database: Database, statement: str) -> None:
    with pytest.raises(IntegrityError, match="事件记录只能追加"), database.writing() as connection:
        connection.execute(text(statement))
    with database.reading() as connection:
        assert connection.execute(select(event.c.kind, event.c.payload)).one() == ("signed-in", b"{}")


def test_an_event_cannot_be_replaced(database: Database) -> None:
    columns = "stream, number, kind, at, envelope, salt, payload, digest"
    copy = "SELECT stream, number, 'other', at, envelope, salt, payload, digest FROM event WHERE number = 1"
    statement = (
        f"INSERT OR REPLACE INTO event ({columns}) {copy}"
        if database.sqlite
        else f"INSERT INTO event ({columns}) {copy} ON CONFLICT (stream, number) DO UPDATE SET kind = 'other'"
    )
    with pytest.raises(IntegrityError, match="事件记录只能追加"), database.writing() as connection:
        connection.execute(text(statement))


def test_the_table_of_events_cannot_be_emptied(database: Database) -> None:
    statement = "DELETE FROM event WHERE 1" if database.sqlite else "TRUNCATE event"
    with pytest.raises(IntegrityError, match="事件记录只能追加"), database.writing() as connection:
        connection.execute(text(statement))


def test_a_replica_session_cannot_change_an_event_either(database: Database) -> None:
    if database.sqlite:
        statements = ["PRAGMA recursive_triggers=OFF", "DELETE FROM event"]
    else:
        statements = ["SET LOCAL session_replication_role = replica", "DELETE FROM event"]
    with pytest.raises(IntegrityError, match="事件记录只能追加"), database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))
