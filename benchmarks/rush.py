"""Measure thirty units that submit at the same second, over HTTP's threads: none refused, the slowest soon served."""

import threading
from collections.abc import Iterator
from time import perf_counter

from benchmarks import drawings
from benchmarks.figures import Figure, at_most
from benchmarks.houses import House
from engine import tasks
from engine.core import catalogue, execution
from engine.ground.errors import SuixuError
from engine.ground.unit_of_work import SYSTEM

SLOWEST = 1.0
UNITS = 30


def measure(house: House) -> Iterator[Figure]:
    """Measure thirty completions at once, each of its own instance."""
    house.publish(drawings.pair())
    for _ in range(UNITS):
        with house.engine.transaction() as unit:
            execution.start(unit, catalogue.latest(unit, "pair"), {}, SYSTEM)
    waiting = [row.id for row in house.office.open_tasks() if row.name == "a"][:UNITS]
    gate, lock = threading.Barrier(len(waiting)), threading.Lock()
    took: list[float] = []
    refused: list[str] = []

    def submit(task_id: str) -> None:
        gate.wait()
        begun = perf_counter()
        try:
            with house.engine.transaction() as unit:
                tasks.complete(unit, task_id, house.office.actor("hr.head"), {}, "agree", 1)
        except SuixuError as error:
            with lock:
                refused.append(error.message)
        with lock:
            took.append(perf_counter() - begun)

    threads = [threading.Thread(target=submit, args=(task_id,)) for task_id in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield at_most("rush_slowest_seconds", house.kind, max(took), "s", SLOWEST, f"{len(waiting)} at once")
    yield at_most("rush_refused", house.kind, len(refused), "", 0)
