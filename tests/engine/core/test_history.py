"""Every chain proves itself: what is changed, added, moved or taken away is found; the database itself refuses."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from engine.core import history
from engine.ground import model
from engine.ground.clock import ZONE, FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Actor, Engine

TABLE = model.event.c
STREAM = "account:one"


@pytest.fixture
def engine(new_database: Callable[..., str], tmp_path: Path) -> Iterator[Engine]:
    """Open an engine on a fresh database."""
    environment = {"SUIXU_DATA": str(tmp_path), "SUIXU_DATABASE_URL": new_database(migrate)}
    made = Engine(Settings.from_environment(environment), FixedClock(datetime(2026, 1, 19, 9, tzinfo=ZONE)))
    yield made
    made.close()


def tell(engine: Engine, *words: str, stream: str = STREAM) -> None:
    for word in words:
        with engine.transaction() as unit:
            history.record(unit, stream, "said", Actor("p1", "hr.staff"), {"word": word}, place=word)


def verdict(engine: Engine, stream: str = STREAM) -> history.Verdict:
    with engine.reading() as unit:
        return history.verify(unit.connection, stream)


def disarm(engine: Engine) -> None:
    """Take the triggers away, as someone who owns the database could."""
    engine.watchers.clear()
    with engine.database.writing() as connection:
        if engine.database.sqlite:
            for name in ("event_no_update", "event_no_delete", "event_no_replace"):
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            for name in ("event_no_change", "event_no_update"):
                connection.execute(text(f"DROP TRIGGER {name} ON event"))


def tamper(engine: Engine, statement: str) -> None:
    with engine.database.writing() as connection:
        assert connection.execute(text(statement)).rowcount == 1


def test_a_chain_is_whole_and_each_event_is_computed_from_the_one_before(engine: Engine) -> None:
    tell(engine, "甲", "乙", "丙")
    found = verdict(engine)
    assert (found.whole, found.events, found.message) == (True, 3, "")
    # Then the digests can be recomputed by hand, as the design writes them
    previous = bytes(32)
    with engine.reading() as unit:
        for row in unit.connection.execute(model.event.select().order_by(TABLE.number)):
            inner = hashlib.sha256(row.salt + row.payload).digest()
            previous = hashlib.sha256(previous + row.envelope + inner).digest()
            assert previous == row.digest
        events = history.read(unit.connection, STREAM)
    assert previous.hex() == found.head
    assert [event.payload for event in events] == [{"word": "甲"}, {"word": "乙"}, {"word": "丙"}]
    assert [event.number for event in events] == [1, 2, 3]
    assert events[0].envelope["person"] == "p1"


def test_an_envelope_holds_no_payload_so_that_the_words_can_be_erased(engine: Engine) -> None:
    with engine.transaction() as unit:
        history.record(unit, STREAM, "said", SYSTEM, {"name": "张三"})
    with engine.reading() as unit:
        row = unit.connection.execute(model.event.select()).one()
    assert "张三".encode() not in row.envelope


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'unsaid'",
        "envelope = {blob}",
        "salt = {blob}",
        "payload = {blob}",
        "digest = {blob}",
        "payload = NULL",
        "payload = NULL, salt = {empty}",
        "at = '2020-01-01 00:00:00'",
        "stream = 'account:two'",
        "number = 9",
    ],
)
def test_a_change_of_any_column_is_found(engine: Engine, change: str) -> None:
    tell(engine, "甲", "乙", "丙")
    disarm(engine)
    blob = "X'00'" if engine.database.sqlite else "'\\x00'::bytea"
    empty = blob.replace("00", "")
    tamper(engine, f"UPDATE event SET {change.format(blob=blob, empty=empty)} WHERE number = 2")
    found = verdict(engine)
    assert not found.whole
    assert found.number in (2, 3)
    assert "第" in found.message


@pytest.mark.parametrize("number", [1, 2])
def test_an_event_taken_out_is_found(engine: Engine, number: int) -> None:
    tell(engine, "甲", "乙", "丙")
    disarm(engine)
    tamper(engine, f"DELETE FROM event WHERE number = {number}")
    assert "缺失" in verdict(engine).message
    # And a stream without its first event is still looked at
    with engine.reading() as unit:
        assert list(history.streams(unit.connection)) == [STREAM]


def test_events_that_change_places_are_found(engine: Engine) -> None:
    tell(engine, "甲", "乙", "丙")
    disarm(engine)
    for before, after in ((2, 20), (3, 2), (20, 3)):
        tamper(engine, f"UPDATE event SET number = {after} WHERE number = {before}")
    assert verdict(engine).number == 2


def test_a_chain_grafted_from_another_stream_is_found(engine: Engine) -> None:
    tell(engine, "甲")
    disarm(engine)
    tamper(engine, "UPDATE event SET stream = 'account:two'")
    assert "编号" in verdict(engine, "account:two").message


def test_a_stream_with_nothing_in_it_is_not_whole(engine: Engine) -> None:
    found = verdict(engine, "instance:nobody")
    assert not found.whole
    assert "没有" in found.message


@pytest.mark.parametrize("act", ["UPDATE event SET kind = 'x'", "DELETE FROM event", "TRUNCATE event"])
def test_the_database_itself_refuses_to_change_what_happened(engine: Engine, act: str) -> None:
    tell(engine, "甲")
    if act.startswith("TRUNCATE") and engine.database.sqlite:
        act = "INSERT OR REPLACE INTO event SELECT * FROM event"
    with pytest.raises(DBAPIError), engine.database.writing() as connection:
        connection.execute(text(act))
    assert verdict(engine).whole


def test_an_act_that_fails_leaves_no_event(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), engine.transaction() as unit:
        history.record(unit, STREAM, "said", SYSTEM, {})
        raise ZeroDivisionError
    with engine.reading() as unit:
        assert list(history.streams(unit.connection)) == []


def test_the_streams_that_there_are_come_in_order(engine: Engine) -> None:
    for stream in ("b", "a", "c"):
        tell(engine, "一", stream=stream)
    with engine.reading() as unit:
        assert list(history.streams(unit.connection)) == ["a", "b", "c"]


def test_an_act_writes_to_two_streams_in_its_own_order(engine: Engine) -> None:
    with engine.transaction() as unit:
        for stream in ("b", "a", "b"):
            history.record(unit, stream, "said", SYSTEM, {})
    assert [verdict(engine, name).events for name in ("a", "b")] == [1, 2]


def test_many_writers_of_one_stream_wait_for_one_another(engine: Engine) -> None:
    # Given eight writers that begin together
    gate = Barrier(8)

    def write(number: int) -> None:
        gate.wait(timeout=30)
        for turn in range(5):
            with engine.transaction() as unit:
                history.record(unit, "access", "said", SYSTEM, {"by": number, "turn": turn})
                history.record(unit, STREAM, "said", SYSTEM, {})

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == [None] * 8
    # Then nothing is lost and both chains hold
    for stream in ("access", STREAM):
        found = verdict(engine, stream)
        assert (found.whole, found.events) == (True, 40)


def test_an_erased_payload_reads_as_nothing(engine: Engine) -> None:
    tell(engine, "甲")
    disarm(engine)
    with engine.database.writing() as connection:
        connection.execute(update(model.event).values(payload=None))
    with engine.reading() as unit:
        (event,) = history.read(unit.connection, STREAM)
    assert event.payload is None


def test_a_moment_is_stored_as_it_was_hashed(engine: Engine) -> None:
    moment: Any = engine.clock
    moment.moment = datetime(2026, 7, 1, 23, 59, 59, 999_999, tzinfo=ZONE)
    tell(engine, "甲")
    assert verdict(engine).whole


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_time_that_is_none_is_a_break_and_no_crash(engine: Engine) -> None:
    tell(engine, "甲")
    disarm(engine)
    tamper(engine, "UPDATE event SET at = '昨天'")
    assert not verdict(engine).whole
