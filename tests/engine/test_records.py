"""The record proves itself, and what was cut off at the end shows by the anchors outside the database."""

from datetime import datetime

from sqlalchemy import text

from engine import jobs, records
from engine.core import anchors
from engine.ground.clock import ZONE
from engine.ground.unit_of_work import Engine
from tests.engine.office import Office


def a_day_passes(office: Office, day: int) -> None:
    office.engine.clock.move_to(datetime(2026, 1, day, 12, tzinfo=ZONE))  # type: ignore[attr-defined]
    office.work()


def disarm(engine: Engine) -> None:
    """Do what only someone with the database in hand can: switch the guards off."""
    with engine.database.pool.begin() as connection:
        if engine.database.sqlite:
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("ALTER TABLE event DISABLE TRIGGER USER"))


def cut_off(engine: Engine, stream: str) -> None:
    """Take the last event away."""
    disarm(engine)
    with engine.database.pool.begin() as connection:
        last = "SELECT max(number) FROM event WHERE stream = :stream"
        delete = f"DELETE FROM event WHERE stream = :stream AND number = ({last})"
        connection.execute(text(delete), {"stream": stream})


def test_an_untouched_record_is_whole(office: Office) -> None:
    office.begin("runs_user")
    jobs.plan_daily(office.engine)
    a_day_passes(office, 20)
    audit = records.verify(office.engine)
    assert audit.whole
    assert audit.streams >= 2
    assert audit.events > 3
    assert [path.name for path in anchors.folder(office.engine).iterdir()] == ["2026-01-20.json"]


def test_anchors_are_dropped_once_a_day(office: Office) -> None:
    office.begin("runs_user")
    jobs.plan_daily(office.engine)
    jobs.plan_daily(office.engine)
    a_day_passes(office, 20)
    a_day_passes(office, 21)
    with office.engine.transaction() as unit:
        anchors.drop(unit)
    assert sorted(path.stem for path in anchors.folder(office.engine).iterdir()) == ["2026-01-20", "2026-01-21"]
    assert records.verify(office.engine).whole


def test_events_cut_off_at_the_end_of_a_chain_are_missed(office: Office) -> None:
    # Given a chain that was anchored
    instance = office.begin("runs_user")
    jobs.plan_daily(office.engine)
    a_day_passes(office, 20)
    office.engine.watchers.clear()
    # When its last event is taken away, the chain by itself still holds
    cut_off(office.engine, f"instance:{instance}")
    audit = records.verify(office.engine)
    assert audit.broken == ()
    # Then the anchor tells
    assert len(audit.anchors) == 1
    assert "已经缺失" in audit.anchors[0].message
    assert audit.anchors[0].element == f"instance:{instance}"


def test_a_stream_taken_away_whole_is_missed_even_without_an_anchor(office: Office) -> None:
    # Given an instance whose whole history somebody deletes
    instance = office.begin("runs_user")
    office.engine.watchers.clear()
    disarm(office.engine)
    with office.engine.transaction() as unit:
        unit.connection.execute(text("DELETE FROM event WHERE stream = :stream"), {"stream": f"instance:{instance}"})
    # Then the instance that is there misses it
    (broken,) = records.verify(office.engine).broken
    assert (broken.stream, "全部缺失" in broken.message) == (f"instance:{instance}", True)
