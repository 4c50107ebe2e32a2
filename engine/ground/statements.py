"""Send what an act writes: statements that are compiled once, gathered, and handed to the driver together.

SQLAlchemy builds and looks up a statement anew each time it is written out, which takes longer than SQLite takes to do
it. What an act always writes is built here once, and an act waits for the database once for all of it.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Dialect, Row, Select, Table, bindparam
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import result_tuple
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

    most = 1
    """Rows that it takes at once."""

    def __init__(self, query: Query, *columns: str) -> None:
        self._query = query
        self._columns = columns
        self._ready: dict[tuple[str, int], _Ready] = {}

    def ready(self, dialect: Dialect, rows: int = 1) -> "_Ready":
        """Give it as a database's driver takes it, for so many rows."""
        found = self._ready.get((dialect.name, rows))
        if found is None:
            found = self._ready[dialect.name, rows] = self._make(dialect, rows)
        return found

    def _make(self, dialect: Dialect, rows: int) -> "_Ready":
        return _Ready(self._query, dialect, self._columns)


class _Insertion(Statement):
    """Insert as many rows by one statement as there are, up to `most`; more go one by one."""

    most = 16

    def __init__(self, table: Table, finish: Callable[[Any], UpdateBase] = lambda query: query) -> None:
        super().__init__(table.insert())
        self._table = table
        self._finish = finish

    def _make(self, dialect: Dialect, rows: int) -> "_Ready":
        columns = self._table.columns
        values = [
            {each.name: bindparam(f"{each.name}_{row}", type_=each.type) for each in columns} for row in range(rows)
        ]
        return _Ready(self._finish(insert_into(self._table, dialect).values(values)), dialect, (), columns.keys())


def insertion(table: Table) -> Statement:
    """Insert rows, several by one statement; a column that a row does not name is NULL."""
    return _Insertion(table)


def insertion_of_new(table: Table) -> Statement:
    """Insert the rows whose keys are not there yet."""
    return _Insertion(table, lambda query: query.on_conflict_do_nothing())


def replacement(table: Table, *changed: str) -> Statement:
    """Insert rows of different keys, or change these columns where the key is there."""

    def finish(query: Any) -> UpdateBase:
        changes = {name: query.excluded[name] for name in changed}
        found: UpdateBase = query.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)
        return found

    return _Insertion(table, finish)


def insert_into(table: Table, dialect: Dialect) -> Any:
    """Begin an insertion that may say what to do where a key is there, which each database words for itself."""
    return (sqlite_insert if dialect.name == "sqlite" else postgresql_insert)(table)


class _Ready:
    """Hold a statement as text, with what turns rows into its parameters; `inserted` are the columns of each row."""

    def __init__(self, query: Query, dialect: Dialect, columns: Sequence[str], inserted: Sequence[str] = ()) -> None:
        compiled = query.compile(dialect=dialect, column_keys=list(columns) or None)
        assert isinstance(compiled, SQLCompiler)
        self.text = str(compiled)
        self._names = tuple(compiled.positiontup or compiled.binds)
        self._positional = compiled.positional
        self._given = dict.fromkeys(inserted) or {
            name: bind.value for name, bind in compiled.binds.items() if not bind.required
        }
        self._pick = _picker(inserted or self._names)
        kinds = (compiled.binds[name].type for name in self._names)
        self._turned = _processors(kind.dialect_impl(dialect).bind_processor(dialect) for kind in kinds)

        asked = query.selected_columns if isinstance(query, Select) else ()
        self._row = result_tuple([column.name for column in asked])
        self._read = _processors(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in asked)

    def parameters(self, rows: Sequence[Values]) -> Sequence[Any] | Values:
        """Turn rows into what the driver takes."""
        values: list[Any] = []
        for row in rows:
            values += self._pick({**self._given, **row})
        for place, process in self._turned:
            values[place] = process(values[place])
        return values if self._positional else dict(zip(self._names, values, strict=True))

    def rows(self, cursor: Any) -> list[Row[Any]]:
        """Turn what the driver found into rows as SQLAlchemy gives them."""
        return [self._row(self._turn_back(list(row))) for row in cursor]

    def _turn_back(self, values: list[Any]) -> list[Any]:
        for place, process in self._read:
            values[place] = process(values[place])
        return values


def _picker(names: Sequence[str]) -> Callable[[Values], Sequence[Any]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: [row[name] for name in names]


def _processors(found: Iterable[Callable[[Any], Any] | None]) -> list[tuple[int, Callable[[Any], Any]]]:
    """Give the processors of those values that need one, each with its place."""
    return [(place, process) for place, process in enumerate(found) if process is not None]


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
    step = len(given) if len(given) <= statement.most else 1
    ready = statement.ready(connection.dialect, step)
    rows = [ready.parameters(given[start : start + step]) for start in range(0, len(given), step)]
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
            cursor.execute(ready.text, ready.parameters([values]))
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
        hush(error)
        raise DBAPIError.instance(None, None, error, base, True, lost, dialect) from error


def hush(error: BaseException) -> None:
    """Keep what people typed out of a message, and so out of the log: PostgreSQL quotes the row that does not fit.

    It does so below the first line, in the server's own language.
    """
    error.args = (str(error.args[0]).partition("\n")[0],) if error.args else ()
