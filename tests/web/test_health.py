"""Whoever watches over the house learns whether it stands, and how much waits in it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, text

from engine.ground import model
from engine.ground.errors import Busy
from engine.ground.unit_of_work import new_id
from tests.web import errands
from tests.web.api.programs import Program, Programs
from tests.web.browsing import Browse
from tests.web.test_tasks import start


def test_it_lives_and_is_ready_only_with_the_tables_of_this_version(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    with errands.engine_of(app).transaction() as unit:
        unit.connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    behind = client.get("/readyz")
    assert (behind.status_code, behind.mimetype) == (503, "application/problem+json")
    assert client.get("/healthz").status_code == 200


def test_it_is_not_ready_while_the_database_is_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_engine: object) -> bool:
        raise Busy("数据库暂时不能使用。")

    monkeypatch.setattr("engine.condition.is_ready", away)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_the_numbers_say_what_waits(app: Flask, browse: Browse) -> None:
    start(browse)
    program = Program(app, Programs(app).issue("system", ("metrics",))[1])
    with errands.engine_of(app).transaction() as unit:
        row = {"id": new_id(), "message": "m", "created_at": unit.now, "activity_id": ""}
        unit.connection.execute(insert(model.incident), row)
        job = {"kind": "remind", "state": "due", "attempts": 0, "payload": {}, "id": new_id()}
        unit.connection.execute(insert(model.job), {**job, "due_at": unit.now - timedelta(seconds=30)})
        # Whoever had taken the first of these has gone; whoever has the second is at it.
        for number, until in ((90, unit.now), (200, unit.now + timedelta(minutes=1))):
            taken = {"id": new_id(), "state": "leased", "leased_until": until}
            due = unit.now - timedelta(seconds=number)
            unit.connection.execute(insert(model.job), {**job, **taken, "due_at": due})
        unit.connection.execute(text("UPDATE inbox SET due_at = :due"), {"due": unit.now - timedelta(days=1)})
    told = program.ask("GET", "/metrics").text
    for line in (
        "suixu_open_tasks 1.0",
        "suixu_overdue_tasks 1.0",
        "suixu_due_jobs 2.0",
        "suixu_oldest_due_seconds 90.0",
        "suixu_incidents 1.0",
        'suixu_act_seconds_count{act="tasks.claim"} 1.0',
    ):
        assert line in told, told
