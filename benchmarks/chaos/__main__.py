"""Torment each database in turn: `SEED=7 SECONDS=60 python -m benchmarks.chaos`."""

import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.chaos import house, nodes, people, proof
from benchmarks.chaos.nodes import STARTING, Nodes
from benchmarks.chaos.people import Person
from benchmarks.houses import serve_postgresql
from engine.ground.clock import FixedClock, SystemClock

CUTS = 0.15
"""How often connections are cut rather than a node killed."""

PAUSE = 1.5
"""Seconds at most between two blows, once the node that is meant is open and somebody has got on with their work."""

IDLE = 10.0
"""Seconds after which a blow falls though nobody got on."""


@dataclass(frozen=True)
class Report:
    """Hold what came of one database."""

    database: str
    seed: int
    seconds: float
    kills: int
    cuts: int
    falls: int
    acts: Counter[str]
    extent: Mapping[str, int]
    violations: Sequence[str]

    def lines(self) -> list[str]:
        """Say it."""
        acts = ", ".join(f"{self.acts[kind]} {kind}" for kind in (people.DONE, people.REFUSED, people.UNSURE))
        first = (
            f"{self.database:12}seed {self.seed}, {self.seconds:.0f} s: {self.kills} kills, {self.cuts} cuts, "
            f"{self.falls} falls; {self.acts.total()} acts ({acts}); "
            f"{', '.join(f'{number} {what}' for what, number in self.extent.items())}; "
            f"{len(self.violations)} violations"
        )
        return [first, *(f"  - {violation}" for violation in self.violations)]


def torment(url: str, folder: Path, seed: int, seconds: float, most_kills: int = 1_000_000) -> Report:
    """Let people work while nodes are killed, until the time is over or enough were; then prove the record."""
    house.found(url, folder)
    begun, stopping = time.monotonic(), threading.Event()
    with nodes.running(url, folder) as all_nodes:
        crowd = people.meet(all_nodes.ports, seed, stopping)
        threads = [threading.Thread(target=person.live, name=person.login, daemon=True) for person in crowd]
        for thread in threads:
            thread.start()
        try:
            cuts = _strike(all_nodes, crowd, Random(seed), time.monotonic() + seconds, most_kills)
        finally:
            stopping.set()
            for thread in threads:
                thread.join(people.PATIENCE * 2)
        took = time.monotonic() - begun
        kills, falls = (sum(getattr(node, name) for node in all_nodes.all) for name in ("kills", "falls"))
    attempts = [attempt for person in crowd for attempt in person.attempts]
    found = [trouble for person in crowd for trouble in person.troubles]
    found += [f"{thread.name} never came back" for thread in threads if thread.is_alive()]
    if not any(attempt.result == people.DONE for attempt in attempts):
        found.append("nobody got anything done: nothing is proved")
    clock = FixedClock(SystemClock().now())
    engine = house.open_engine(url, folder, clock)
    try:
        proof.settle(engine, clock)
        record = proof.read(engine)
        found += proof.violations(engine, record, attempts)
    finally:
        engine.close()
    database, acts = url.partition(":")[0].partition("+")[0], Counter(attempt.result for attempt in attempts)
    return Report(database, seed, took, kills, cuts, falls, acts, proof.extent(record), found)


def _strike(all_nodes: Nodes, crowd: list[Person], random: Random, until: float, most_kills: int) -> int:
    """Kill and cut by the seed's choices; give how often connections were cut."""
    cuts = kills = 0
    while kills < most_kills and time.monotonic() < until:
        target, pause, cutting = random.choice(all_nodes.all), random.uniform(0, PAUSE), random.random() < CUTS
        if not target.wait(min(until, time.monotonic() + STARTING)):
            break
        _let_work(crowd, min(until, time.monotonic() + IDLE))
        time.sleep(pause)
        if cutting and not all_nodes.url.startswith("sqlite"):
            cuts += 1 if all_nodes.cut() else 0
            continue
        target.kill()
        target.start()
        kills += 1
    return cuts


def _let_work(crowd: list[Person], until: float) -> None:
    """Wait until something more was done: blows on a house where nothing happens prove nothing."""

    def done() -> int:
        return sum(attempt.result == people.DONE for person in crowd for attempt in list(person.attempts))

    before = done()
    while done() == before and time.monotonic() < until:
        time.sleep(0.02)


def main() -> int:
    """Torment SQLite and PostgreSQL; 1 if anything was not as promised."""
    seed, seconds = int(os.environ.get("SEED") or time.time_ns() % 100_000), float(os.environ.get("SECONDS") or 60)
    failed = False
    with serve_postgresql() as server:
        for kind in ("postgresql", "sqlite"):
            if kind == "postgresql" and server is None:
                print("PostgreSQL: not available, not tormented", file=sys.stderr)
                continue
            name = server.create() if server and kind == "postgresql" else ""
            with tempfile.TemporaryDirectory(prefix="suixu-chaos-") as text:
                folder = Path(text)
                url = server.address(name) if server and name else f"sqlite:///{folder / 'suixu.db'}"
                report = torment(url, folder, seed, seconds)
                print("\n".join(report.lines()), flush=True)
                failed = failed or bool(report.violations)
            if server and name:
                server.drop(name)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
