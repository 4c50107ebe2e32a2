"""Stored states: what an office of each version has in its database, which later code must load, or migrate.

`python -m tests.stored` writes that of the version in the making; that of a released one is never written again.
`<version>/<name>.json.gz` holds every row of every table, and the revision that the tables were of.
"""

import base64
import gzip
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, select

from engine.ground.database import Database
from engine.ground.migrations import configure, migrate

FOLDER = Path(__file__).parent
CHANGELOG = FOLDER.parents[1] / "CHANGELOG.md"
IN_THE_MAKING = "Unreleased"
VERSION_TABLE = "alembic_version"


@dataclass(frozen=True)
class State:
    """Hold a stored state: what is to be known about it, its revision, and its rows by table."""

    about: dict[str, Any]
    revision: str
    tables: dict[str, list[dict[str, Any]]]


def versions() -> list[str]:
    """Name the versions of which a state is stored."""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and not path.name.startswith("_"))


def told(changelog: str) -> dict[str, str]:
    """Give the versions that a changelog tells of, the newest first, each with the day of its release."""
    return dict(re.findall(r"^## \[(.+?)\] – (.+)$", changelog, re.M))


def lacking(changelog: str, revision: str) -> list[str]:
    """Say what the stored states lack: each version has its own, and the newest is written last before its release."""
    found = told(changelog)
    wrong = [f"{version}: python -m tests.stored" for version in sorted(set(found) ^ set(versions()))]
    newest = next(iter(found))
    released = found[newest] != IN_THE_MAKING and newest in versions()
    stale = released and any(read(newest, name).revision != revision for name in ("office", "waits"))
    return [*wrong, *([f"{newest}: older than its tables"] if stale else [])]


def read(version: str, name: str) -> State:
    """Read a stored state."""
    with gzip.open(FOLDER / version / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        return State(**json.load(file, object_hook=_unpacked))


def write(version: str, name: str, database_url: str, about: dict[str, Any]) -> None:
    """Store the state of a database."""
    database = Database(database_url)
    with database.reading() as connection:
        known = _reflected(connection)
        tables = {
            table.name: [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in known.sorted_tables
        }
        revision = MigrationContext.configure(connection).get_current_revision()
    database.close()
    text = json.dumps({"about": about, "revision": revision, "tables": tables}, ensure_ascii=False, default=_packed)
    path = FOLDER / version / f"{name}.json.gz"
    path.parent.mkdir(exist_ok=True)
    # Without a time inside, the same state is the same file.
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def restore(state: State, database_url: str) -> None:
    """Put a stored state into an empty database, as its version left it, and bring that to this version."""
    database = Database(database_url)
    with database.writing() as connection:
        command.upgrade(configure(connection), state.revision)
        for table in _reflected(connection).sorted_tables:
            if rows := state.tables[table.name]:
                connection.execute(insert(table), rows)
    database.close()
    migrate(database_url)


def _reflected(connection: Connection) -> MetaData:
    """Know the tables as they are in the database, not as this version's model has them."""
    known = MetaData()
    known.reflect(connection, only=lambda name, _metadata: name != VERSION_TABLE)
    return known


def _packed(value: Any) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    raise TypeError(value)


def _unpacked(found: dict[str, Any]) -> Any:
    match found:
        case {"$bytes": text}:
            return base64.b64decode(text)
        case {"$moment": text}:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        case {"$date": text}:
            return date.fromisoformat(text)
    return found
