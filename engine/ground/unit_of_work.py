"""Own the transaction: one act, one commit; what must follow a commit follows it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row
from uuid_utils import uuid7

from engine.ground.clock import Clock, local
from engine.ground.database import Database
from engine.ground.settings import Settings
from engine.ground.statements import Statement, Write, ask, send

log = logging.getLogger("suixu.unit_of_work")


def new_id() -> str:
    """Make a UUIDv7 as text."""
    return str(uuid7())


@dataclass(frozen=True)
class Actor:
    """Say who acts: a person, in which post.

    `entering_for` is the person whose signed paper is typed in (代录); `acting_for` the holder in whose place a deputy
    decides (代理).
    """

    person_id: str | None
    post: str = ""
    entering_for: str | None = None
    acting_for: str | None = None


SYSTEM = Actor(None)
"""The machine itself: timers, functions, returns."""


@dataclass(frozen=True)
class Revision:
    """Change a form document of another matter, on the ground of its version `after` (0: there is none yet)."""

    business_key: str
    name: str
    content: Mapping[str, Any]
    after: int


@dataclass(frozen=True)
class Result:
    """Carry what a registered function gives back: plain data, written in the closing commit.

    `variables` are set in the instance; `documents` are new versions of the instance's documents by name
    (values of a form); `files` are (document name, title, file name, media type, bytes). `notices` are (to, title,
    body): `to` is a post (`hr.staff`, `own.head`), whose holders are told, or a person's id; both may see the instance
    from then on. `revisions` are new versions of documents elsewhere: where somebody was faster, nothing of the result
    is kept and the function runs again.
    """

    variables: Mapping[str, Any] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: tuple[tuple[str, str, str, str, bytes], ...] = ()
    notices: tuple[tuple[str, str, str], ...] = ()
    revisions: tuple[Revision, ...] = ()


@dataclass(frozen=True)
class Call:
    """Tell a registered function what it works for. It runs with no transaction open."""

    engine: "Engine"
    instance_id: str
    activity_id: str
    business_key: str
    variables: Mapping[str, Any]
    moment: datetime


Function = Callable[[Call], Result]

Option = Callable[["Unit", Mapping[str, Any]], list[dict[str, str]]]
"""Gives the choices of a form for the instance that it belongs to; at a start there is none yet, and it is empty."""


@dataclass(frozen=True)
class Parameter:
    """Declare a number that the office sets and diagrams read (参数); `basis` says what its default rests on."""

    label: str
    unit: str
    default: int
    least: int
    most: int
    basis: str


class Unit:
    """Hold one open transaction, its moment, and what must happen once it is committed."""

    def __init__(self, engine: "Engine", connection: Connection, writing: bool = False) -> None:
        self.engine = engine
        self._connection = connection
        self.writing = writing
        self.now = engine.clock.now()
        self.cache: dict[str, Any] = {}
        self._writes: list[Write] = []
        self._before: list[Callable[[], None]] = []
        self._after: list[Callable[[], None]] = []

    @property
    def connection(self) -> Connection:
        """Give the transaction as it stands: what was gathered until now is in it."""
        self.flush()
        return self._connection

    def write(self, statement: Statement, *rows: Mapping[str, Any], missed: Exception | None = None) -> None:
        """Gather rows that a statement writes; `missed` is raised then unless exactly one is changed."""
        if rows:
            self._writes.append(Write(statement, rows, missed))

    def flush(self) -> None:
        """Send what was gathered."""
        if self._writes:
            writes, self._writes = self._writes, []
            send(self._connection, writes)

    def ask(self, *asked: tuple[Statement, Mapping[str, Any]]) -> list[list[Row[Any]]]:
        """Ask several things at once, each after the one before; give the rows of each."""
        self.flush()
        return ask(self._connection, asked)

    @cached_property
    def today(self) -> date:
        """Give the local date of this act."""
        return local(self.now).date()

    def before_commit(self, act: Callable[[], None], first: bool = False) -> None:
        """Run `act` as the last thing inside this transaction, or as the first of the last ones."""
        self._before.insert(0 if first else len(self._before), act)

    def after_commit(self, act: Callable[[], None]) -> None:
        """Run `act` when, and only when, this transaction has been committed."""
        if act not in self._after:
            self._after.append(act)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Do a part wholly or not at all; where it is undone, so is what it gathered for the end of the act."""
        asked, gathered = len(self._after), {name: len(found) for name, found in self._gathered()}
        try:
            with self.connection.begin_nested():
                yield
                self.flush()
        except BaseException:
            self._writes.clear()
            del self._after[asked:]
            for name, found in self._gathered():
                del found[gathered.get(name, 0) :]
            raise

    def _gathered(self) -> list[tuple[str, list[Any]]]:
        return [(name, found) for name, found in self.cache.items() if isinstance(found, list)]

    def close(self) -> None:
        """Write what was put off to the end of the transaction."""
        while self._before:
            self._before.pop(0)()
        self.flush()

    def follow(self) -> None:
        """Do what waited for the commit. It has happened: what fails now is noted, and changes nothing of that."""
        for act in self._after:
            try:
                act()
            except Exception:
                log.exception("after the commit, %r failed", act)


class Engine:
    """Bind a database, a clock and the registered functions; hand out transactions.

    `functions` are what service tasks name; `options` give the choices of a form's `valuesKey`; `parameters` are the
    numbers that the office may set, by name.
    `definitions` caches what was read of immutable versions, `settled` what
    changes seldom, `memory` instances between two acts; `watchers` are called with each committed unit.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        functions: Mapping[str, Function] | None = None,
        options: Mapping[str, Option] | None = None,
        parameters: Mapping[str, Parameter] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = Database(settings.database_url)
        self.functions = dict(functions or {})
        self.options = dict(options or {})
        self.parameters = dict(parameters or {})
        self.definitions: dict[str, Any] = {}
        self.settled: dict[str, Any] = {}
        self.memory: Any = None
        self.wake: Callable[[], None] = lambda: None
        self.watchers: list[Callable[[Unit], None]] = []

    @property
    def files(self) -> Path:
        """Give the folder of uploaded files."""
        return Path(self.settings.data) / "files"

    @property
    def archives(self) -> Path:
        """Give the folder of archive bags."""
        return Path(self.settings.data) / "archives"

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """Open one act: committed whole at the end, or not at all."""
        with self.database.writing() as connection:
            unit = Unit(self, connection, writing=True)
            yield unit
            unit.close()
        for watcher in self.watchers:
            watcher(unit)
        unit.follow()

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """Open a look that changes nothing."""
        with self.database.reading() as connection:
            yield Unit(self, connection)

    def close(self) -> None:
        """Let go of every connection."""
        self.database.close()
