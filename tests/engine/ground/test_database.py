"""When the database cannot serve, that is said in Chinese, and nothing half done stays."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError, ProgrammingError

from engine.ground import database as ground
from engine.ground import model
from engine.ground.database import Database, insert_new
from engine.ground.errors import Busy, Invalid
from engine.ground.migrations import migrate


@pytest.fixture
def database(new_database: Callable[..., str]) -> Iterator[Database]:
    """Open a fresh database."""
    made = Database(new_database(migrate))
    yield made
    made.close()


def persons(database: Database) -> int:
    with database.reading() as connection:
        return len(connection.execute(model.person.select()).all())


def hire(key: str = "p") -> dict[str, str]:
    return {"id": key, "name": "甲"}


def test_a_write_is_there_afterwards_and_an_error_undoes_it(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(model.person.insert(), hire())
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        connection.execute(model.person.insert(), hire("q"))
        raise ZeroDivisionError
    assert persons(database) == 1


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_statements_stay_prepared_from_one_look_to_the_next(database: Database) -> None:
    # Given looks enough for the driver to prepare what they ask
    for _ in range(8):
        persons(database)
    # Then the connection still has it
    with database.reading() as connection:
        prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%person%'")
        assert connection.execute(prepared).scalar_one() == 1


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_connections_that_were_cut_while_at_rest_are_replaced_unseen(database: Database) -> None:
    # Given two of them at rest
    with database.reading(), database.reading():
        pass
    # When the server lets go of both
    cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"
    with psycopg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False)) as stranger:
        assert stranger.execute(cut, [database.url.database]).fetchall() == [(True,), (True,)]
    # Then nobody notices
    with database.reading(), database.reading():
        assert persons(database) == 0


def test_only_new_rows_are_counted(database: Database) -> None:
    with database.writing() as connection:
        assert insert_new(connection, model.person, []) == 0
        assert insert_new(connection, model.person, [hire("p"), hire("q")]) == 2
        assert insert_new(connection, model.person, [hire("p"), hire("r")]) == 1
    assert persons(database) == 3


def test_a_broken_rule_is_no_outage(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(model.person.insert(), [hire(), hire()])
    assert persons(database) == 0


def test_a_pool_with_nothing_left_is_busy(database: Database) -> None:
    database.pool.dispose()
    database.pool = create_engine(database.url, pool_size=1, max_overflow=0, pool_timeout=0.01)
    with database.reading(), pytest.raises(Busy, match="没有生效"), database.reading():
        raise AssertionError("there is only one connection")


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_database_that_may_only_be_read_is_busy(database: Database) -> None:
    with pytest.raises(Busy, match="只能读取"), database.writing() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        connection.execute(model.person.insert(), hire())
    assert persons(database) == 0


def test_a_mistake_in_a_statement_is_no_outage(database: Database) -> None:
    with pytest.raises((ProgrammingError, OperationalError)), database.writing() as connection:
        connection.execute(text("SELECT nothing_of_that_name"))


class Said(Exception):
    """Be what a driver raises."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("what the server says")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "kind", "told"),
    [
        ("53100", OperationalError, "磁盘已满.*清理磁盘"),
        ("40P01", OperationalError, "互相等待.*请再试一次"),
        ("XX001", InternalError, "已经损坏.*从备份中恢复"),
        ("57P03", OperationalError, "暂时不能使用.*稍后再试"),
    ],
)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_ails_a_server_is_told_with_what_to_do(
    database: Database, sqlstate: str, kind: type[DBAPIError], told: str
) -> None:
    with pytest.raises(Busy, match=told), database.reading():
        raise kind("SELECT", {}, Said(sqlstate))


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_part_of_an_act_that_finds_no_room_says_so(database: Database) -> None:
    # Given a file that may not grow
    with pytest.raises(Busy, match="磁盘已满"), database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        # When a part fails in it, and the way back fails too
        with connection.begin_nested():
            try:
                connection.execute(model.person.insert(), [hire(f"p{number}") for number in range(2_000)])
            finally:
                connection.exec_driver_sql("ROLLBACK TO nothing_of_that_name")
    # Then nothing of it is there, and there is room again
    database.pool.dispose()
    assert persons(database) == 0


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    path.write_bytes(b"something else " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(Busy, match="已经损坏"), database.reading():
        raise AssertionError("it is no database")
    database.close()


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_what_the_database_cannot_hold_is_invalid(database: Database) -> None:
    with pytest.raises(Invalid, match="不能保存的字符"), database.writing() as connection:
        connection.execute(model.person.insert(), {"id": "p", "name": "甲\x00"})


def test_a_server_that_cannot_be_reached_is_busy() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    with pytest.raises(Busy), away.reading():
        raise AssertionError("nobody listens there")
    away.close()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_file_that_another_program_writes_is_busy(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "BUSY_TIMEOUT_MS", 10)
    other = Database(database.url.render_as_string())
    with database.writing(), pytest.raises(Busy), other.writing():
        raise AssertionError("there is one writer")
    other.close()


def test_a_new_folder_is_made_for_a_new_file(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path}/new/folder/x.db")
    with made.writing() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    made.close()
    in_memory = Database("sqlite:///:memory:")
    with in_memory.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    in_memory.close()


class Refusing:
    """Stand in for a connection whose file somebody else holds for the first few attempts."""

    def __init__(self, times: int, words: str) -> None:
        self.left, self.words = times, words

    def execute(self, statement: str) -> None:
        assert statement == "PRAGMA journal_mode=WAL"
        self.left -= 1
        if self.left >= 0:
            raise sqlite3.OperationalError(self.words)


def test_a_new_file_that_another_has_just_opened_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "WAL_PAUSES", (0, 0))
    connection = Refusing(2, "database is locked")
    ground._use_wal(connection)
    assert connection.left == -1
    # But not for ever, and not for what waiting does not mend
    for refusing in (Refusing(3, "database is locked"), Refusing(1, "disk I/O error")):
        with pytest.raises(sqlite3.OperationalError):
            ground._use_wal(refusing)
        assert refusing.left == 0


class Opened:
    """Be a connection to a file that somebody else is switching to WAL, for so many times."""

    def __init__(self, times: int, words: str = "database is locked") -> None:
        self.left, self.words = times, words

    def execute(self, _statement: str) -> None:
        self.left -= 1
        if self.left >= 0:
            raise sqlite3.OperationalError(self.words)


def test_who_opens_a_file_that_is_being_switched_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "WAL_PAUSES", (0.0, 0.0))
    soon = Opened(2)
    ground._use_wal(soon)
    assert soon.left == -1
    # But not for ever, and not where waiting does not help
    for hopeless in (Opened(9), Opened(1, "disk I/O error")):
        with pytest.raises(sqlite3.OperationalError, match=hopeless.words):
            ground._use_wal(hopeless)
    assert hopeless.left == 0
