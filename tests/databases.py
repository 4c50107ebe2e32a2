"""Give every test a fresh database, SQLite or PostgreSQL, empty or copied from one that was prepared once."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.postgres import Server

# Creates what a test needs in the database at a URL, and leaves nothing connected to it.
Prepare = Callable[[str], object]


class Databases(Protocol):
    """Make databases of one kind and take them away again."""

    def fresh(self, prepare: Prepare | None = None) -> str:
        """Return the URL of a database of its own; `prepare` runs once a session, and is then copied."""

    def clear(self) -> None:
        """Drop what was made since the last call."""


@dataclass
class Files:
    """SQLite databases in one folder."""

    folder: Path
    templates: dict[Prepare, Path] = field(default_factory=dict)
    made: list[Path] = field(default_factory=list)
    count: int = 0

    def fresh(self, prepare: Prepare | None = None) -> str:
        """Return the URL of a database of its own; `prepare` runs once a session, and is then copied."""
        if prepare and prepare not in self.templates:
            self.templates[prepare] = self._make_template(prepare)
        target = self._name("database")
        self.made.append(target)
        if prepare:
            shutil.copyfile(self.templates[prepare], target)
        return f"sqlite:///{target}"

    def clear(self) -> None:
        """Drop what was made since the last call."""
        while self.made:
            path = self.made.pop()
            for suffix in ("", "-wal", "-shm", "-journal"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)

    def _make_template(self, prepare: Prepare) -> Path:
        path = self._name("template")
        prepare(f"sqlite:///{path}")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path

    def _name(self, kind: str) -> Path:
        self.count += 1
        return self.folder / f"{kind}{self.count}.db"


@dataclass
class Clusters:
    """PostgreSQL databases on one server."""

    server: Server
    templates: dict[Prepare, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)

    def fresh(self, prepare: Prepare | None = None) -> str:
        """Return the URL of a database of its own; `prepare` runs once a session, and is then copied."""
        if prepare and prepare not in self.templates:
            self.templates[prepare] = self._make_template(prepare)
        name = self.server.create(self.templates[prepare] if prepare else "template0")
        self.made.append(name)
        return self.server.address(name)

    def clear(self) -> None:
        """Drop what was made since the last call."""
        while self.made:
            self.server.drop(self.made.pop())

    def close(self) -> None:
        """Drop everything, the templates too: the server may be somebody's own."""
        self.clear()
        for name in self.templates.values():
            self.server.drop(name)

    def _make_template(self, prepare: Prepare) -> str:
        name = self.server.create()
        self.templates[prepare] = name
        prepare(self.server.address(name))
        self.server.freeze(name)
        return name
