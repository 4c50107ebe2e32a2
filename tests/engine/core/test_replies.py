"""Answers are kept for a day, and forgotten with the morning's jobs."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import jobs
from engine.core import replies
from engine.core.replies import Reply
from engine.ground import model
from engine.ground.clock import FixedClock
from engine.ground.errors import Invalid
from engine.ground.migrations import migrate
from tests.engine.offices import open_engine


def test_an_answer_is_given_again_for_a_day_and_then_swept(database_url: str, tmp_path: Path) -> None:
    migrate(database_url)
    engine = open_engine(database_url, tmp_path)
    clock = engine.clock
    assert isinstance(clock, FixedClock)
    reply = Reply(201, {"id": "x"})
    with engine.transaction() as unit:
        assert replies.claim(unit, "t", "k", "d") is None
        replies.keep(unit, "t", "k", reply)
    with engine.transaction() as unit:
        assert replies.claim(unit, "t", "k", "d") == reply
        assert replies.claim(unit, "other", "k", "d") is None
    with pytest.raises(Invalid), engine.transaction() as unit:
        replies.claim(unit, "t", "k", "another")
    jobs.plan_daily(engine)
    clock.advance(timedelta(days=1, hours=1))
    jobs.run_due(engine)
    with engine.reading() as unit:
        assert unit.connection.execute(select(model.idempotency)).all() == []
    engine.close()
