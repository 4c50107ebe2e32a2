"""Measure everything: `python -m benchmarks`, or with `--small` a quick round that only proves that it runs."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks import completion, flows, inbox, record, rush, worker
from benchmarks.figures import Figure, show, write
from benchmarks.houses import DATABASES, House, open_house, serve_postgresql

FILE = Path("build") / "bench.json"


@dataclass(frozen=True)
class Scale:
    """Say how much is measured."""

    sizes: tuple[int, ...]
    rounds: int
    inbox: tuple[int, int]
    looks: int
    reminders: int
    timers: int
    events: int
    flows: int


WHOLE = Scale((30, 300, 3_000), 60, (1_000_000, 40_000), 100, 3_000, 1_000, 1_000_000, 200)
SMALL = Scale((30, 300), 4, (3_000, 2_900), 4, 20, 10, 1_000, 2)


def measures(scale: Scale) -> list[Callable[[House], Iterator[Figure]]]:
    """Give what is measured, each in a house of its own."""
    return [
        lambda house: completion.measure(house, scale.sizes, scale.rounds),
        lambda house: rush.measure(house),
        lambda house: worker.measure(house, scale.reminders, scale.timers),
        lambda house: record.measure(house, scale.events),
        lambda house: flows.measure(house, scale.flows),
        lambda house: inbox.measure(house, *scale.inbox, scale.looks),
    ]


def run(scale: Scale, path: Path) -> list[Figure]:
    """Measure on every database that can be had, print each figure as it comes, write the file."""
    begun, found = perf_counter(), []
    with serve_postgresql() as server:
        for kind in DATABASES if server else DATABASES[:1]:
            for measure in measures(scale):
                with open_house(kind, server) as house:
                    for figure in measure(house):
                        found.append(figure)
                        print(show([figure]).splitlines()[1], flush=True)
        if server is None:
            print("PostgreSQL: not available, not measured", file=sys.stderr)
    write(path, found, perf_counter() - begun)
    return found


def main() -> int:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser("benchmarks")
    parser.add_argument("--small", action="store_true", help="a quick round: its figures mean nothing")
    parser.add_argument("--out", type=Path, default=FILE)
    given = parser.parse_args()
    print(show([]))
    run(SMALL if given.small else WHOLE, given.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
