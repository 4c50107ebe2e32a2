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
from engine.ground.model import anchor, erasure, event, metadata

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


BLANK = "UPDATE event SET payload = NULL, salt = {empty} WHERE stream = 'access' AND number = 1"
REGISTERED = {"stream": "access", "number": 1, "authority": "依据", "reason": "原因", "by": "p", "at": EVENT["at"]}
ANCHOR = {"id": "a", "at": EVENT["at"], "streams": 1, "digest": "0" * 64}


def register(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(erasure), REGISTERED)
        connection.execute(insert(anchor), ANCHOR)


def run(database: Database, statement: str) -> None:
    empty, blob = ("X''", "X'00'") if database.sqlite else ("''::bytea", "'\\x00'::bytea")
    with database.writing() as connection:
        connection.execute(text(statement.format(empty=empty, blob=blob)))


def test_a_payload_is_blanked_where_its_erasure_is_registered_and_nowhere_else(database: Database) -> None:
    with pytest.raises(IntegrityError, match="事件记录只能追加"):
        run(database, BLANK)
    register(database)
    run(database, BLANK)
    with database.reading() as connection:
        row = connection.execute(select(event)).one()
    assert (row.payload, row.salt, row.kind, row.envelope, row.digest) == (None, b"", "signed-in", b"{}", b"digest")


@pytest.mark.parametrize(
    "change",
    [
        "payload = NULL",
        "payload = NULL, salt = {blob}",
        "payload = {blob}, salt = {empty}",
        "salt = {empty}",
        "payload = NULL, salt = {empty}, kind = 'other'",
        "payload = NULL, salt = {empty}, stream = 'organization'",
        "payload = NULL, salt = {empty}, number = 2",
        "payload = NULL, salt = {empty}, at = '2020-01-01 00:00:00'",
        "payload = NULL, salt = {empty}, envelope = {blob}",
        "payload = NULL, salt = {empty}, digest = {blob}",
    ],
)
def test_where_an_erasure_is_registered_nothing_but_blanking_is_let_through(database: Database, change: str) -> None:
    register(database)
    with pytest.raises(IntegrityError, match="事件记录只能追加"):
        run(database, f"UPDATE event SET {change}")


def test_what_was_blanked_cannot_come_back(database: Database) -> None:
    register(database)
    run(database, BLANK)
    for change in ("payload = {blob}", "payload = NULL, salt = {empty}", "payload = {blob}, salt = {blob}"):
        with pytest.raises(IntegrityError, match="事件记录只能追加"):
            run(database, f"UPDATE event SET {change}")


def test_the_record_of_an_erasure_is_never_blanked(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(event), {**EVENT, "number": 2, "kind": "event.erased"})
        connection.execute(insert(erasure), {**REGISTERED, "number": 2})
    with pytest.raises(IntegrityError, match="事件记录只能追加"):
        run(database, BLANK.replace("number = 1", "number = 2"))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE erasure SET reason = 'x'", "清除登记只能追加"),
        ("DELETE FROM erasure", "清除登记只能追加"),
        ("TRUNCATE erasure", "清除登记只能追加"),
        ("UPDATE anchor SET digest = 'x'", "锚定登记只能追加"),
        ("DELETE FROM anchor", "锚定登记只能追加"),
        ("TRUNCATE anchor", "锚定登记只能追加"),
    ],
)
def test_the_registers_of_erasures_and_anchors_only_grow(database: Database, statement: str, said: str) -> None:
    register(database)
    if statement.startswith("TRUNCATE") and database.sqlite:
        table = statement.split()[1]
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    with pytest.raises(IntegrityError, match=said):
        run(database, statement)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        # A row that takes another's rowid deletes that one
        "INSERT OR REPLACE INTO event (rowid, stream, number, kind, at, envelope, salt, digest) "
        "VALUES (1, 'other', 1, 'k', '2026-01-20', {blob}, {blob}, {blob})",
        "UPDATE OR REPLACE event SET rowid = 2, payload = NULL, salt = {empty} WHERE number = 1",
        "INSERT OR REPLACE INTO erasure (rowid, stream, number, authority, reason, by, at) "
        "VALUES (1, 'other', 1, 'a', 'r', 'p', '2026-01-20')",
        "INSERT OR REPLACE INTO anchor (rowid, id, at, streams, digest) VALUES (1, 'b', '2026-01-20', 1, 'd')",
    ],
)
def test_no_row_takes_the_place_of_another_by_its_rowid(database: Database, statement: str) -> None:
    register(database)
    with database.writing() as connection:
        connection.execute(insert(event), {**EVENT, "number": 2})
    with pytest.raises(IntegrityError, match="只能追加"):
        run(database, statement)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_register_of_ones_own_does_not_count(database: Database) -> None:
    # Given a table that hides the register from whoever made it
    with pytest.raises(IntegrityError, match="事件记录只能追加"), database.writing() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE erasure (stream text, number integer)"))
        connection.execute(text("INSERT INTO erasure VALUES ('access', 1)"))
        connection.execute(text(BLANK.format(empty="''::bytea")))


def test_a_replica_session_cannot_change_an_event_either(database: Database) -> None:
    if database.sqlite:
        statements = ["PRAGMA recursive_triggers=OFF", "DELETE FROM event"]
    else:
        statements = ["SET LOCAL session_replication_role = replica", "DELETE FROM event"]
    with pytest.raises(IntegrityError, match="事件记录只能追加"), database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))
