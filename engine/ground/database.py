"""Open the database: SQLite in WAL with full sync and one writer, or PostgreSQL."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Table, create_engine, event, make_url, text
from sqlalchemy.engine import Engine as Pool
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.ground.errors import Busy, Invalid, Unsure
from engine.ground.statements import hush, insert_into

log = logging.getLogger("suixu.database")

BUSY_TIMEOUT_MS = 10_000
WAL_PAUSES = (0.05,) * 20
"""Seconds between attempts to switch a file to WAL that somebody else has just made."""
SCRUB_TIMEOUT_MS = 2_000
CHANNEL, LISTENED_FOR = "suixu_job", 0.5
"""Where PostgreSQL tells of new jobs; the seconds after which a listener looks whether it is to stop."""
KEEPALIVE = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3}
"""Seconds after which the system asks a silent PostgreSQL whether it is there, and how often until it gives it up."""
AWAY = "数据库暂时不能使用，本次操作没有生效。请稍后再试；一直这样，请联系系统管理员。"
READ_ONLY = "数据库现在只能读取，本次操作没有生效。请稍后再试；一直这样，请联系系统管理员。"
FULL = "存放数据库的磁盘已满，本次操作没有生效。请联系系统管理员清理磁盘，然后再试。"
DAMAGED = "数据库已经损坏，本次操作没有生效。请联系系统管理员停止服务，从备份中恢复。"
CROSSED = "这次操作和别的操作互相等待，没有生效，请再试一次。"
SQLITE_TROUBLES = {
    sqlite3.SQLITE_BUSY: AWAY,
    sqlite3.SQLITE_LOCKED: AWAY,
    sqlite3.SQLITE_NOMEM: AWAY,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: AWAY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CANTOPEN: AWAY,
    sqlite3.SQLITE_PROTOCOL: AWAY,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
POSTGRESQL_TROUBLES = {
    "25006": READ_ONLY,
    "40P01": CROSSED,
    "53100": FULL,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
"""Codes of SQLSTATE; what else is operational is as good as away."""


class Database:
    """Give connections for reading and for writing.

    On SQLite one in-process lock stands in front of the writers: waiting there takes milliseconds, waiting in
    SQLite's busy handler takes up to hundreds.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._writer = threading.RLock()
        if self.sqlite:
            self._make_folder()
        self.pool = _open_sqlite(url) if self.sqlite else _open_postgresql(url)

    def _make_folder(self) -> None:
        if self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open one transaction that commits at the end, or rolls back when anything is raised.

        Raises:
            Unsure: the connection was lost at the commit.
        """
        done = False
        with self._one_writer(), _translated(), self.pool.connect() as connection:
            connection.execution_options(suixu_write=True)
            try:
                with connection.begin():
                    yield connection
                    done = True
            except DBAPIError as error:
                if done and error.connection_invalidated:
                    raise Unsure from error
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that never writes; PostgreSQL refuses what would."""
        with _translated(), self.pool.connect() as connection:
            connection.execution_options(postgresql_readonly=True)
            with connection.begin() as transaction:
                yield connection
                # Not on PostgreSQL: with each rollback the driver forgets the statements that it has prepared.
                if self.sqlite:
                    transaction.rollback()

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if not self.sqlite:
            yield
            return
        with self._writer:
            yield

    def listen(self, told: Callable[[], object], stopping: threading.Event) -> None:
        """Call `told` whenever a node has made a job, until asked to stop; on SQLite there is no other node.

        Raises:
            Busy: the database is away.
        """
        if self.sqlite:
            return
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(f"LISTEN {CHANNEL}".encode())
                # What was made while nobody listened.
                told()
                while not stopping.is_set():
                    for _ in connection.notifies(timeout=LISTENED_FOR, stop_after=1):
                        told()
        except psycopg.OperationalError as error:
            raise Busy("数据库连接中断，稍后再连。") from error

    def scrub(self) -> None:
        """Empty SQLite's journal, where what was overwritten still stands; PostgreSQL has its own ways (docs)."""
        if not self.sqlite:
            return
        # Only the writer checkpoints: SQLite below 3.51.3 may damage the file where another one does so meanwhile.
        with self._writer:
            connection = self.pool.raw_connection()
            try:
                cursor = connection.cursor()
                # While it waits for readers, nobody writes.
                cursor.execute(f"PRAGMA busy_timeout={SCRUB_TIMEOUT_MS}")
                (busy, *_rest) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            finally:
                connection.close()
        if busy:
            log.warning("somebody is reading: what was erased stays in the journal until it is next emptied")

    @property
    def version(self) -> tuple[int, ...]:
        """Give the version of SQLite or of the PostgreSQL server, such as (3, 51, 3) or (15, 18), once connected."""
        return tuple(int(part) for part in self.pool.dialect.server_version_info or ())

    def close(self) -> None:
        """Close every connection."""
        self.pool.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Busy(AWAY) from error
    except (DataError, UnicodeEncodeError) as error:
        # Neither database takes half a character; PostgreSQL takes no NUL.
        raise Invalid("内容里有不能保存的字符或者超出范围的值，本次操作没有生效，请检查后再试。") from error
    except DBAPIError as error:
        for found in _chain(error):
            if told := _trouble(found):
                raise Busy(told) from found
        raise


def _chain(error: DBAPIError) -> Iterator[DBAPIError]:
    """Give an error and those in whose wake it came: who has run out of room cannot go back to a savepoint either."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, DBAPIError):
            yield found
        found = found.__context__


def _trouble(error: DBAPIError) -> str:
    """Say what ails the database and what to do, "" where the statement is at fault."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE_TROUBLES.get(code & 0xFF, "")
    state = getattr(error.orig, "sqlstate", None) or ""
    is_away = error.connection_invalidated or isinstance(error, OperationalError)
    return POSTGRESQL_TROUBLES.get(state, AWAY if is_away else "")


def _open_sqlite(url: str) -> Pool:
    options = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
    # What people typed stays out of every message, and so out of the log.
    pool = create_engine(url, connect_args=options, hide_parameters=True)

    @event.listens_for(pool, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        # What is deleted is overwritten in the file: an erasure that left its bytes would be none.
        _use_wal(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(pool, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("suixu_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return pool


def _use_wal(connection: Any) -> None:
    """Switch to WAL; of two who open a new file at once SQLite sends one away without letting it wait."""
    for pause in WAL_PAUSES:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(pause)
    connection.execute("PRAGMA journal_mode=WAL")


def _open_postgresql(url: str) -> Pool:
    pool = create_engine(url, pool_size=10, max_overflow=20, hide_parameters=True, connect_args=KEEPALIVE)

    @event.listens_for(pool, "checkout")
    def _hand_out(connection: Any, _record: Any, _proxy: Any) -> None:
        # Whether the server has hung up the socket knows; to ask the server would be a trip for each act.
        try:
            # First comes what it said last, then that it is gone.
            for _ in range(2):
                connection.pgconn.consume_input()
        except psycopg.OperationalError as error:
            raise InvalidatePoolError from error
        # A look leaves its connection asking for leave to write, over the head of a server that was told to read only.
        connection.read_only = None

    @event.listens_for(pool, "handle_error")
    def _keep_quiet(context: ExceptionContext) -> None:
        for error in filter(None, (context.original_exception, context.sqlalchemy_exception)):
            hush(error)

    return pool


def take_turns(connection: Connection, name: str) -> None:
    """Wait until nobody else holds a name, and hold it until the transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    """Insert the rows whose keys are not there yet; give how many were new."""
    if not rows:
        return 0
    # A row count is not known on every driver; what comes back is what was new.
    query = insert_into(table, connection.dialect).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return len(connection.execute(query, rows).all())
