"""Start nodes, kill them, start them again; cut their connections."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from benchmarks.chaos import house

STARTING = 60.0
"""Seconds after which a node that has not opened is given up."""

ROOT = Path(__file__).parents[2]


@dataclass
class Node:
    """Hold one process under test; `falls` counts how often it ended by itself."""

    name: str
    what: str
    environment: Mapping[str, str]
    folder: Path
    port: int = 0
    kills: int = 0
    falls: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def said(self) -> Path:
        """Give the file in which it says that it is open."""
        return self.folder / f"{self.name}.out"

    @property
    def noted(self) -> Path:
        """Give the file of what it logs, over all its lives."""
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start it; it opens a little later."""
        command = [sys.executable, "-m", "benchmarks.chaos.node", self.what]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SUIXU_")}
        with self.said.open("wb") as said, self.noted.open("ab") as noted:
            # It ends by itself when its standard input does: nothing outlives this process, however that ends.
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**kept, **self.environment},
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=noted,
            )

    def is_open(self) -> bool:
        """Tell whether it has said that it is open."""
        return self.said.stat().st_size > 0

    def wait(self, until: float) -> bool:
        """Wait until it is open; one that fell is started again. False: the time is over."""
        while time.monotonic() < until:
            if self.process is None or self.process.poll() is not None:
                self.falls += 1
                self.end()
                self.start()
            elif self.is_open():
                return True
            time.sleep(0.05)
        return False

    def kill(self) -> None:
        """Kill it without a warning."""
        self.kills += 1
        self.end()

    def end(self) -> None:
        """Make sure that it runs no more."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            if self.process.stdin:
                self.process.stdin.close()
            self.process = None


@dataclass
class Nodes:
    """Hold all nodes of one house."""

    url: str
    all: list[Node] = field(default_factory=list)

    @property
    def ports(self) -> list[int]:
        """Give where pages are served."""
        return [node.port for node in self.all if node.port]

    def cut(self) -> int:
        """Cut every connection to the database at once; give how many there were."""
        address = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        query = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(address, autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0


@contextmanager
def running(url: str, folder: Path) -> Iterator[Nodes]:
    """Run the nodes: two servers and two workers, or one server where the database allows one writer."""
    kinds = ("serve",) if url.startswith("sqlite") else ("serve", "serve", "worker", "worker")
    nodes = Nodes(url)
    for number, what in enumerate(kinds):
        port = _free_port() if what == "serve" else 0
        environment = house.settings(url, folder, port or 8000)
        nodes.all.append(Node(f"{what}-{number}", what, environment, folder, port))
    try:
        for node in nodes.all:
            node.start()
        for node in nodes.all:
            if not node.wait(time.monotonic() + STARTING):
                raise RuntimeError(f"{node.name} did not open: {node.noted.read_text(encoding='utf-8')[-2000:]}")
        yield nodes
    finally:
        for node in nodes.all:
            node.end()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
