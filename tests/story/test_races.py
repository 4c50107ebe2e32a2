"""The year's plan is started once, whoever presses the button and whatever the calendar does in the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask
from sqlalchemy import select

from engine import jobs
from engine.ground import model
from engine.ground.clock import FixedClock
from tests.story.year import engine_of
from tests.web.browsing import Browse
from tests.web.test_races import WAIT, at_once


def _plans(house: Flask) -> list[str]:
    table = model.instance.c
    query = select(table.business_key).where(table.process_key == "annual_plan").order_by(table.business_key)
    with engine_of(house).reading() as unit:
        return list(unit.connection.execute(query).scalars())


def test_two_who_start_the_same_yearly_plan_start_one(house: Flask, browse: Browse) -> None:
    visits = [browse(login).open("/processes/annual_plan/start") for login in ("hr-staff", "hr-staff-2")]
    at_once(*[(visit, visit.prepared("启动", {"year": "2026"})) for visit in visits])
    assert sorted(visit.statuses[0] for visit in visits) == [303, 422]
    assert _plans(house) == ["plan:2026"]


def test_a_person_and_the_calendar_start_the_same_yearly_plan_once(house: Flask, browse: Browse) -> None:
    # Given the morning on which the calendar starts next year's plan, and somebody who is about to
    engine, job = engine_of(house), model.job.c
    with engine.reading() as unit:
        due = unit.connection.execute(select(job.due_at, job.payload).where(job.kind == "start")).one()
    assert isinstance(engine.clock, FixedClock)
    engine.clock.move_to(due.due_at)
    visit, year = browse("hr-staff").open("/processes/annual_plan/start"), str(due.payload["year"])
    sent, gate = visit.prepared("启动", {"year": year}), Barrier(2)

    def press() -> int:
        gate.wait(timeout=WAIT)
        return visit.send(sent).statuses[0]

    with ThreadPoolExecutor(1) as pool:
        pressed = pool.submit(press)
        gate.wait(timeout=WAIT)
        jobs.run_due(engine)
        assert pressed.result(timeout=WAIT) in (303, 422)
    assert _plans(house) == [f"plan:{year}"]
    with engine.reading() as unit:
        assert unit.connection.execute(select(model.incident)).all() == []
