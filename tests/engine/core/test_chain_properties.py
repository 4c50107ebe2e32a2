"""Whatever is recorded and lawfully erased, every chain is whole; whatever else is done to it is found."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from engine.core import chain, history
from engine.core.chain import ERASED, Chain
from engine.ground import model
from engine.ground.clock import FixedClock
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import Actor, Engine, new_id
from tests.conftest import NewDatabase
from tests.engine.offices import MORNING, open_engine

EVENT, ERASURE = model.event, model.erasure
WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ACTS = st.lists(
    st.one_of(st.tuples(st.just("record"), WORDS), st.tuples(st.just("erase"), st.integers(0, 9))), max_size=8
)
Acts = list[tuple[str, Any]]
TRIED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def engine(new_database: NewDatabase, tmp_path: Path) -> Iterator[Engine]:
    """Open an engine on a fresh database."""
    opened = open_engine(new_database(migrate), tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def disarmed(engine: Engine) -> Engine:
    """Take the guards off, as one could who is master of the database."""
    engine.watchers.clear()
    with engine.database.writing() as connection:
        if engine.database.sqlite:
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            for table in ("event", "erasure"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    return engine


def tell(engine: Engine, acts: Acts) -> tuple[str, set[int]]:
    """Record and erase as hypothesis thought of; give the stream, and the numbers of what was erased."""
    stream, numbers, erased = f"account:{new_id()}", [1], set[int]()
    with engine.transaction() as unit:
        history.record(unit, stream, "said", Actor("p"), {"word": "first"})
    for act, what in acts:
        assert isinstance(engine.clock, FixedClock)
        engine.clock.advance(timedelta(seconds=1))
        with engine.transaction() as unit:
            if act == "record":
                history.record(unit, stream, "said", Actor("p"), {"word": what})
                numbers.append(numbers[-1] + 1)
            elif (number := numbers[what % len(numbers)]) not in erased and kind(engine, stream, number) != ERASED:
                history.hold(unit, stream)
                history.erase(unit, stream, number, Actor("g"), "依据", f"原因{what}")
                numbers.append(numbers[-1] + 1)
                erased.add(number)
    return stream, erased


def kind(engine: Engine, stream: str, number: int) -> str:
    with engine.reading() as unit:
        query = select(EVENT.c.kind).where(EVENT.c.stream == stream, EVENT.c.number == number)
        return str(unit.connection.execute(query).scalar_one())


def verdict(engine: Engine, stream: str) -> history.Verdict:
    with engine.reading() as unit:
        return history.verify(unit.connection, stream)


@TRIED
@given(acts=ACTS)
def test_records_and_erasures_in_any_order_keep_the_chain_whole(engine: Engine, acts: Acts) -> None:
    stream, erased = tell(engine, acts)
    found = verdict(engine, stream)
    assert (found.whole, found.message, set(found.erased)) == (True, "", erased)
    with engine.reading() as unit:
        events = history.read(unit.connection, stream)
    assert found.events == len(events)
    assert {event.number for event in events if event.payload is None} == erased


# What else could be done

Change = Callable[[Any], dict[str, Any]]
EVENT_CHANGES: dict[str, Change] = {
    "kind": lambda row: {"kind": f"{row['kind']}x"},
    "at": lambda row: {"at": row["at"] + timedelta(seconds=1)},
    "envelope": lambda row: {"envelope": row["envelope"].replace(b'"person":"', b'"person":"x')},
    "salt": lambda row: {"salt": row["salt"] + b"x"},
    "payload": lambda row: {"payload": (row["payload"] or b"{}") + b" "},
    "digest": lambda row: {"digest": bytes(32)},
    "garbage": lambda row: {"envelope": b"\xff"},
    "blank": lambda row: {"payload": None, "salt": b""},
}
REGISTER_CHANGES: dict[str, Change] = {
    "authority": lambda row: {"authority": "没有依据"},
    "reason": lambda row: {"reason": "别的"},
    "by": lambda row: {"by": "somebody"},
    "at": lambda row: {"at": row["at"] + timedelta(seconds=1)},
}


@TRIED
@given(acts=ACTS, change=st.sampled_from(sorted(EVENT_CHANGES)), place=st.integers(0, 9))
def test_any_change_of_a_record_is_found(disarmed: Engine, acts: Acts, change: str, place: int) -> None:
    stream, erased = tell(disarmed, acts)
    number = place % verdict(disarmed, stream).events + 1
    assume(change != "blank" or number not in erased)
    with disarmed.database.writing() as connection:
        here = (EVENT.c.stream == stream, EVENT.c.number == number)
        row = connection.execute(select(EVENT).where(*here)).one()._mapping
        connection.execute(update(EVENT).where(*here).values(EVENT_CHANGES[change](row)))
    assert not verdict(disarmed, stream).whole


@TRIED
@given(acts=ACTS, place=st.integers(0, 9))
def test_a_record_taken_out_is_found(disarmed: Engine, acts: Acts, place: int) -> None:
    stream, _erased = tell(disarmed, acts)
    last = verdict(disarmed, stream).events
    number = place % last + 1
    # That the end was cut off, anchors tell; but not where the end says what was erased.
    assume(number < last or kind(disarmed, stream, number) == ERASED)
    with disarmed.database.writing() as connection:
        connection.execute(delete(EVENT).where(EVENT.c.stream == stream, EVENT.c.number == number))
    assert not verdict(disarmed, stream).whole


@pytest.mark.parametrize("change", [*sorted(REGISTER_CHANGES), "gone", "restored"])
def test_any_change_of_the_register_is_found_and_so_is_content_put_back(disarmed: Engine, change: str) -> None:
    stream, _erased = tell(disarmed, [])
    with disarmed.reading() as unit:
        before = unit.connection.execute(select(EVENT).where(EVENT.c.stream == stream)).one()
    with disarmed.transaction() as unit:
        history.erase(unit, stream, 1, Actor("g"), "依据", "原因")
    with disarmed.database.writing() as connection:
        here = ERASURE.c.stream == stream
        if change == "restored":
            restored = {"payload": before.payload, "salt": before.salt}
            connection.execute(update(EVENT).where(EVENT.c.stream == stream, EVENT.c.number == 1).values(restored))
        elif change == "gone":
            connection.execute(delete(ERASURE).where(here))
        else:
            row = connection.execute(select(ERASURE).where(here)).one()._mapping
            connection.execute(update(ERASURE).where(here).values(REGISTER_CHANGES[change](row)))
    found = verdict(disarmed, stream)
    assert (found.whole, found.number, found.erased) == (False, 1, ())


@pytest.mark.parametrize(("number", "said"), [(1, "没有依法清除的记录"), (9, "这条记录却不存在")])
def test_an_erasure_that_is_registered_alone_is_found(engine: Engine, number: int, said: str) -> None:
    engine.watchers.clear()
    stream, _erased = tell(engine, [])
    row = {"stream": stream, "number": number, "authority": "依据", "reason": "原因", "by": "g", "at": MORNING}
    with engine.database.writing() as connection:
        connection.execute(insert(ERASURE), row)
    found = verdict(engine, stream)
    assert (found.whole, found.number, said in found.message) == (False, number, True)


def test_a_stream_that_only_the_register_knows_is_looked_at(engine: Engine) -> None:
    row = {"stream": "account:gone", "number": 1, "authority": "依据", "reason": "原因", "by": "g", "at": MORNING}
    with engine.database.writing() as connection:
        connection.execute(insert(ERASURE), row)
    with engine.reading() as unit:
        assert list(history.streams(unit.connection)) == ["account:gone"]
    assert "全部缺失" in verdict(engine, "account:gone").message


def test_an_erasure_committed_while_a_chain_is_verified_is_no_break(engine: Engine) -> None:
    # Given the register as it was read before something was erased
    stream, _erased = tell(engine, [("record", "a")])
    with engine.reading() as unit:
        known = history.registers(unit.connection)
    with engine.transaction() as unit:
        history.erase(unit, stream, 2, Actor("g"), "依据", "原因")
    # Then the chain as it is now holds
    with engine.reading() as unit:
        assert history.verify(unit.connection, stream, known=known).whole


@pytest.mark.parametrize("target", [None, True, 0, 2, 7, "1"])
def test_an_erasure_that_does_not_say_of_what_breaks_the_chain(engine: Engine, target: Any) -> None:
    engine.watchers.clear()
    stream, _erased = tell(engine, [])
    with engine.transaction() as unit:
        history.record(unit, stream, ERASED, Actor("g"), {"authority": "依据"}, erases=target)
    assert "没有说清楚" in verdict(engine, stream).message


def test_an_erasure_told_twice_breaks_the_chain(engine: Engine) -> None:
    engine.watchers.clear()
    stream, _erased = tell(engine, [("erase", 0)])
    with engine.transaction() as unit:
        history.record(unit, stream, ERASED, Actor("g"), {"authority": "依据", "reason": "原因"}, erases=1)
    assert "没有说清楚" in verdict(engine, stream).message


@pytest.mark.parametrize(
    "envelope", [b"", b"\xff", b"[]", b"7", b"{}", b'{"payload": 7}', b'{"payload": "zz"}', b"[" * 9**5]
)
def test_an_envelope_that_cannot_be_read_is_told_even_where_its_digest_fits(envelope: bytes) -> None:
    links = Chain("s")
    inner = chain.inner_digest(b"", b"{}")
    assert "编号、类别或者时间" in links.follow(
        1, "k", "t", envelope, b"", b"{}", chain.digest(bytes(32), envelope, inner)
    )
    links = Chain("s")
    assert "编号、类别或者时间" in links.follow(
        1, "k", "t", envelope, b"", None, chain.digest(bytes(32), envelope, b"")
    )
