"""The scheduler wakes when something is due, and nothing that goes wrong keeps it from waking again."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from engine import jobs
from engine import scheduler as module
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.errors import Busy
from engine.ground.unit_of_work import Call, Engine, Result
from engine.scheduler import Scheduler
from tests.engine.office import Office

WAIT = 60


@pytest.fixture
def running(engine: Engine) -> Iterator[Scheduler]:
    """Run a scheduler beside the test."""
    made = Scheduler(engine)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def function(office: Office) -> Iterator[Callable[[Callable[[Call], Result]], Event]]:
    """Let a service task call something, and give an event that tells when it did."""

    def register(act: Callable[[Call], Result]) -> Event:
        called = Event()

        def outer(call: Call) -> Result:
            try:
                return act(call)
            finally:
                called.set()

        office.engine.functions["record"] = outer
        return called

    yield register


def test_an_act_that_makes_a_job_wakes_the_scheduler(office: Office, function: Any, running: Scheduler) -> None:
    called = function(lambda call: Result())
    office.begin("runs_service")
    assert called.wait(WAIT)


def test_what_is_due_later_is_done_when_its_time_comes(
    office: Office, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a timer, and a scheduler that looks often
    instance = office.begin("runs_timer_workdays")
    monkeypatch.setattr(module, "SAFETY", timedelta(milliseconds=20))
    fired, look = Event(), jobs.run_one

    def see(engine: Engine, job: Any) -> None:
        look(engine, job)
        if job.kind == "timer":
            fired.set()

    monkeypatch.setattr(jobs, "run_one", see)
    running = Scheduler(engine)
    running.start()
    # When its time comes, nobody has to wake anything
    engine.clock.advance(timedelta(days=40))  # type: ignore[attr-defined]
    assert fired.wait(WAIT)
    running.stop()
    assert office.state(instance)[0] == "completed"


def test_a_function_that_fails_does_not_stop_the_others(office: Office, function: Any, running: Scheduler) -> None:
    def fail(call: Call) -> Result:
        raise ZeroDivisionError

    first = function(fail)
    office.begin("runs_service")
    assert first.wait(WAIT)
    second = function(lambda call: Result())
    office.begin("runs_service")
    assert second.wait(WAIT)


@pytest.mark.parametrize("error", [Busy(""), ZeroDivisionError()])
def test_a_look_that_fails_is_not_the_last(
    office: Office,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    monkeypatch.setattr(module, "SAFETY", timedelta(milliseconds=20))
    looks: list[int] = []
    again = Event()

    def look(*_: Any, **__: Any) -> int:
        looks.append(1)
        if len(looks) == 1:
            raise error
        again.set()
        return 0

    monkeypatch.setattr(jobs, "run_due", look)
    with caplog.at_level(logging.WARNING):
        running = Scheduler(engine)
        running.start()
        assert again.wait(WAIT)
        running.stop()
    assert "looking again" in caplog.text


def test_stopping_waits_for_the_job_in_hand_and_takes_no_other(office: Office, function: Any, engine: Engine) -> None:
    # Given a function that is working, and another that waits behind it
    began, go_on, ended = Event(), Event(), []

    def work(call: Call) -> Result:
        began.set()
        assert go_on.wait(WAIT)
        ended.append(call.instance_id)
        return Result()

    function(work)
    first, second = office.begin("runs_service"), office.begin("runs_service")
    running = Scheduler(engine)
    running.start()
    assert began.wait(WAIT)
    # When it is told to stop, and the function ends
    running._stopping.set()
    go_on.set()
    running.stop()
    # Then the one in hand was done wholly, the other is left for the next start
    assert len(ended) == 1
    states = {office.state(instance)[0] for instance in (first, second)}
    assert states == {"completed", "active"}


def test_a_wake_up_during_a_look_is_not_lost(office: Office, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a look that is about to find nothing more to do
    looks: list[int] = []
    again = Event()

    made = Scheduler(engine)

    def look(*_: Any, **__: Any) -> int:
        looks.append(1)
        if len(looks) == 1:
            made.wake()
        else:
            again.set()
        return 0

    monkeypatch.setattr(jobs, "run_due", look)
    made.start()
    # Then what woke it meanwhile is looked at at once, not after the long pause
    assert again.wait(WAIT / 6)
    made.stop()


def test_many_who_wake_it_during_a_look_are_served_by_one_more(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a look that lasts, while a great many acts make jobs
    looks: list[int] = []
    again, made = Event(), Scheduler(engine)

    def look(*_: Any, **__: Any) -> int:
        looks.append(1)
        if len(looks) == 1:
            for _wake in range(20):
                made.wake()
        else:
            again.set()
        return 0

    monkeypatch.setattr(jobs, "run_due", look)
    with caplog.at_level(logging.WARNING):
        made.start()
        assert again.wait(WAIT)
        made.stop()
    # Then one more look serves them all, and the log says nothing
    assert (len(looks), caplog.text) == (2, "")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_an_act_whose_jobs_are_due_much_later_wakes_nobody(office: Office, engine: Engine) -> None:
    woken: list[int] = []
    engine.wake = lambda: woken.append(1)
    office.begin("runs_timer_workdays")
    assert woken == []


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_with_nothing_planned_it_looks_again_after_the_long_pause(engine: Engine) -> None:
    scheduler = Scheduler(engine)
    assert scheduler._pause() == module.SAFETY
    assert scheduler._work() == module.SAFETY


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_who_stops_while_the_database_is_away_listens_no_more(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler = Scheduler(engine)
    asked: list[object] = []

    def away(*given: object) -> None:
        asked.append(given)
        scheduler._stopping.set()
        raise Busy("")

    monkeypatch.setattr(type(engine.database), "listen", away)
    monkeypatch.setattr(jobs, "run_due", lambda *given, **named: pytest.fail("looked"))
    scheduler._listen()
    scheduler._look()
    assert len(asked) == 1
    assert "listening again" in caplog.text


def test_a_clock_set_to_another_day_has_that_day_planned(engine: Engine) -> None:
    scheduler = Scheduler(engine)
    planned = []
    for day in (19, 20, 19):
        engine.clock.moment = datetime(2026, 1, day, 9, tzinfo=ZONE)  # type: ignore[attr-defined]
        scheduler._work()
        scheduler._work()
        with engine.reading() as unit:
            keys = select(model.job.c.key).where(model.job.c.kind == "anchor").order_by(model.job.c.key)
            planned.append(unit.connection.execute(keys).scalars().all())
    assert planned == [["anchor:2026-01-20"], ["anchor:2026-01-20", "anchor:2026-01-21"], planned[1]]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_another_nodes_job_is_done_at_once(office: Office, function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a node that would not look again for an hour, and another node on the same database
    monkeypatch.setattr(module, "SAFETY", timedelta(hours=1))
    called = function(lambda call: Result())
    node = Engine(office.engine.settings, office.engine.clock, office.engine.functions)
    made = Scheduler(node)
    made.start()
    # When the other one makes a job
    office.begin("runs_service")
    # Then it is told
    assert called.wait(WAIT)
    made.stop()
    node.close()


def test_who_is_cut_off_from_the_others_listens_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    again = Event()

    def listen(told: Callable[[], object], stopping: Event) -> None:
        tried.append(1)
        if len(tried) == 1:
            raise Busy("gone")
        again.set()

    monkeypatch.setattr(module, "RECONNECT", 0)
    monkeypatch.setattr(engine.database, "listen", listen)
    made = Scheduler(engine)
    made.start()
    assert again.wait(WAIT)
    made.stop()


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_database_that_goes_away_is_busy_to_who_listens(engine: Engine) -> None:
    stopping = Event()

    def cut() -> None:
        with engine.database.writing() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query = 'LISTEN suixu_job'"
            )

    with pytest.raises(Busy):
        engine.database.listen(cut, stopping)
