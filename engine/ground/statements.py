"""Send what an act writes: statements that are compiled once, gathered, and handed to the driver together.

SQLAlchemy builds and looks up a statement anew each time it is written out, which takes longer than SQLite takes to do
it. What an act always writes is built here once, and an act waits for the database once for all of it.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Row, Select, Table
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

Values = Mapping[str, Any]
EVERY: Values = MappingProxyType({})
"""Asks for what no value restricts."""
Query = UpdateBase | Select[Any]


class Statement:
    """Hold a statement for one kind of database after the other.

    `columns` are those that an update sets; a row gives them and each `bindparam` by name.
    """

    def __init__(self, make: Query | Callable[[Dialect], Query], *columns: str) -> None:
        self._make = make
        self._columns = columns
        self._ready: dict[str, _Ready] = {}

    def ready(self, dialect: Dialect) -> "_Ready":
        """Give it as a database's driver takes it."""
        found = self._ready.get(dialect.name)
        if found is None:
            query = self._make if isinstance(self._make, Executable) else self._make(dialect)
            found = self._ready[dialect.name] = _Ready(query, self._columns, dialect)
        return found


def insertion(table: Table) -> Statement:
    """Insert rows; a column that a row does not name is NULL."""
    return Statement(partial(insert_into, table), *table.columns.keys())


def insertion_of_new(table: Table) -> Statement:
    """Insert the rows whose keys are not there yet."""
    return Statement(lambda dialect: insert_into(table, dialect).on_conflict_do_nothing(), *table.columns.keys())


def replacement(table: Table, *changed: str) -> Statement:
    """Insert rows, or change these columns where the key is there."""

    def make(dialect: Dialect) -> UpdateBase:
        query = insert_into(table, dialect)
        changes = {name: query.excluded[name] for name in changed}
        found: UpdateBase = query.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)
        return found

    return Statement(make, *table.columns.keys())


def insert_into(table: Table, dialect: Dialect) -> Any:
    """Begin an insertion that may say what to do where a key is there, which each database words for itself."""
    return (sqlite_insert if dialect.name == "sqlite" else postgresql_insert)(table)


class _Ready:
    """Hold a statement as text, with what turns a row into its parameters."""

    def __init__(self, query: Query, columns: Sequence[str], dialect: Dialect) -> None:
        compiled = query.compile(dialect=dialect, column_keys=list(columns))
        assert isinstance(compiled, SQLCompiler)
        self.text = str(compiled)
        self._names = tuple(compiled.positiontup or compiled.binds)
        self._positional = compiled.positional
        self._given = dict.fromkeys(columns) if query.is_insert else {}
        self._given |= {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        types = (compiled.binds[name].type.dialect_impl(dialect) for name in self._names)
        self._turned = [(name, kind.bind_processor(dialect)) for name, kind in zip(self._names, types, strict=True)]

        asked = query.selected_columns if isinstance(query, Select) else ()
        self._metadata = SimpleResultMetaData([column.name for column in asked])
        self._read = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in asked]

    def parameters(self, row: Values) -> Sequence[Any] | Values:
        """Turn a row into what the driver takes."""
        row = {**self._given, **row}
        values = [row[name] if process is None else process(row[name]) for name, process in self._turned]
        return values if self._positional else dict(zip(self._names, values, strict=True))

    def rows(self, cursor: Any) -> list[Row[Any]]:
        """Turn what the driver found into rows as SQLAlchemy gives them."""
        found = (
            tuple(value if process is None else process(value) for process, value in zip(self._read, row, strict=True))
            for row in cursor
        )
        return list(IteratorResult(self._metadata, found))


@dataclass(frozen=True)
class Write:
    """Hold rows on their way into the database; `missed` is raised unless exactly one is changed."""

    statement: Statement
    rows: Sequence[Values]
    missed: Exception | None = None


def send(connection: Connection, writes: Iterable[Write]) -> None:
    """Write everything in order; PostgreSQL is waited for once, at the end.

    Raises:
        DBAPIError: what the driver raised, as SQLAlchemy's own.
    """
    sent = []
    with _driver(connection) as driver, _together(connection, driver):
        for write in writes:
            cursor = driver.cursor()
            _execute(connection, cursor, write.statement, write.rows)
            sent.append((write, cursor))
    for write, cursor in sent:
        if write.missed is not None and cursor.rowcount != 1:
            raise write.missed


def ask(connection: Connection, asked: Iterable[tuple[Statement, Values]]) -> list[list[Row[Any]]]:
    """Ask several things in order, and give the rows of each; PostgreSQL is waited for once.

    Raises:
        DBAPIError: what the driver raised, as SQLAlchemy's own.
    """
    sent = []
    with _driver(connection) as driver:
        with _together(connection, driver):
            for statement, values in asked:
                cursor = driver.cursor()
                _execute(connection, cursor, statement, [values])
                sent.append((statement, cursor))
        return [statement.ready(connection.dialect).rows(cursor) for statement, cursor in sent]


def _execute(connection: Connection, cursor: Any, statement: Statement, given: Sequence[Values]) -> None:
    ready = statement.ready(connection.dialect)
    rows = [ready.parameters(row) for row in given]
    many = len(rows) > 1
    # Who listens to SQLAlchemy's statements hears of these too.
    connection.dispatch.before_cursor_execute(connection, cursor, ready.text, rows if many else rows[0], None, many)
    if many:
        cursor.executemany(ready.text, rows)
    else:
        cursor.execute(ready.text, rows[0])


def read(
    connection: Connection, statement: Statement, page: int, values: Values = EVERY
) -> Generator[Sequence[Any], None, None]:
    """Give a great many rows as the driver has them, a page at a time; PostgreSQL's in binary, read at half the cost.

    Raises:
        DBAPIError: what the driver raised, as SQLAlchemy's own.
    """
    ready = statement.ready(connection.dialect)
    with _driver(connection) as driver:
        cursor = driver.cursor("suixu", binary=True) if _is_postgresql(connection) else driver.cursor()
        # Closed even when nobody reads to the end: a cursor of PostgreSQL lives on the server.
        with closing(cursor):
            cursor.execute(ready.text, ready.parameters(values))
            while rows := cursor.fetchmany(page):
                yield from rows


def _together(connection: Connection, driver: Any) -> AbstractContextManager[Any]:
    return driver.pipeline() if _is_postgresql(connection) else nullcontext()


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


@contextmanager
def _driver(connection: Connection) -> Iterator[Any]:
    """Give the driver's own connection; what it raises becomes SQLAlchemy's."""
    driver: Any = connection.connection.driver_connection
    dialect = connection.dialect
    base: type[Exception] = dialect.loaded_dbapi.Error
    try:
        yield driver
    except base as error:
        lost = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
        if lost:
            connection.invalidate(error)
        # What people typed stays out of every message, and so out of the log.
        raise DBAPIError.instance(None, None, error, base, True, lost, dialect) from error
