"""Measure how long it takes to verify a great many events."""

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import insert

from benchmarks.figures import Figure, at_most, seconds
from benchmarks.houses import MONDAY, House
from engine import records
from engine.core import chain, history
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM

SECONDS_PER_MILLION = 5
CHAIN = 100
ACT = 5
"""Events that share a moment."""
BATCH = 100


def measure(house: House, events: int) -> Iterator[Figure]:
    """Measure the recomputing of `events` events in chains of a hundred."""
    places = range(events // CHAIN)
    for start in range(0, len(places), BATCH):
        with house.engine.database.writing() as connection:
            rows = [row for place in places[start : start + BATCH] for row in _chain(place)]
            connection.execute(insert(model.event), rows)
    took = seconds(lambda: _verify(house, events))
    yield at_most(
        "verify_seconds_per_million_events",
        house.kind,
        took * 1_000_000 / events,
        "s",
        SECONDS_PER_MILLION,
        f"{events} events, {len(places)} chains",
    )


def _chain(place: int) -> Iterator[dict[str, Any]]:
    stream = f"instance:{place:036d}"
    previous = chain.GENESIS
    for number in range(1, CHAIN + 1):
        moment = MONDAY.astimezone(UTC) + timedelta(minutes=number // ACT, milliseconds=place)
        envelope = {
            "stream": stream,
            "kind": "activity.completed",
            "at": moment.isoformat(),
            "person": SYSTEM.person_id,
            "post": "",
            "entering_for": None,
        }
        row = history._chained(number, previous, stream, "activity.completed", envelope, {"name": "人事部审看"})
        previous = row["digest"]
        yield {**row, "at": moment}


def _verify(house: House, events: int) -> None:
    audit = records.verify(house.engine)
    assert not audit.broken, audit.broken[0].message
    assert audit.events >= events
