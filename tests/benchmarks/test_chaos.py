"""`make chaos` runs, finds nothing where all is well, and finds every kind of wrong that is planted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from benchmarks.chaos import house, proof
from benchmarks.chaos.__main__ import torment
from benchmarks.chaos.people import DONE, REFUSED, UNSURE, Attempt
from benchmarks.chaos.proof import Record
from engine import instances, tasks
from engine.ground import model
from engine.ground.clock import FixedClock, SystemClock
from engine.ground.unit_of_work import Actor, Engine, Unit
from tests.engine import promises

Plant = Callable[[Record], Record]
Walked = tuple[Engine, Record, list[Attempt]]


def test_two_kills_leave_nothing_wrong(tmp_path: Path) -> None:
    report = torment(f"sqlite:///{tmp_path / 'suixu.db'}", tmp_path, seed=1, seconds=25, most_kills=2)

    assert list(report.violations) == []
    assert report.acts[DONE] > 0
    assert report.kills > 0
    assert f"{report.kills} kills" in report.lines()[0]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """Walk one matter from its start to its end, and remember each act as the people of chaos do."""
    folder = tmp_path_factory.mktemp("chaos")
    url, clock = f"sqlite:///{folder / 'suixu.db'}", FixedClock(SystemClock().now())
    house.found(url, folder)
    engine = house.open_engine(url, folder, clock)
    known = proof.read(engine).people
    attempts = [Attempt("start", "first", "wang", "first", DONE, 303)]
    with engine.transaction() as unit:
        instances.start(unit, house.KEY, Actor(known["wang"], "hr.staff"), {"subject": "first"})
    for login in ("wang", "zhang", "chen"):
        proof.settle(engine, clock)
        attempts += _do(engine, login, known[login])
    proof.settle(engine, clock)
    record = proof.read(engine)
    yield engine, record, attempts
    engine.close()


def _do(engine: Engine, login: str, person_id: str) -> Sequence[Attempt]:
    actor, made = Actor(person_id, house.PEOPLE[login]), []
    with engine.transaction() as unit:
        (row,) = tasks.inbox(unit, person_id)
        view = tasks.view(unit, row.id, person_id)
        if "claim" in view.may:
            tasks.claim(unit, row.id, actor, view.revision)
            made.append(Attempt("claim", row.id, login, "", DONE, 303))
    with engine.transaction() as unit:
        revision = tasks.view(unit, row.id, person_id).revision
        tasks.complete(unit, row.id, actor, {"words": f"{login} agrees"}, "agree", revision)
    return [*made, Attempt("complete", row.id, login, f"{login} agrees", DONE, 303)]


def test_a_whole_record_has_no_violations(walked: Walked) -> None:
    engine, record, attempts = walked

    assert [(row.process_key, row.state) for row in record.instances] == [
        (key, "completed") for key in (house.KEY, house.ADVICE, house.TALLY)
    ]
    assert proof.violations(engine, record, attempts) == []
    assert proof.extent(record) == dict.fromkeys(proof.extent(record), 1)


def _without(kind: str) -> Plant:
    return lambda record: replace(record, events=tuple(event for event in record.events if event.kind != kind))


def _twice(kind: str) -> Plant:
    return lambda record: replace(
        record, events=(*record.events, next(event for event in record.events if event.kind == kind))
    )


KINDS = (
    "instance.started",
    "instance.completed",
    "task.opened",
    "task.claimed",
    "task.completed",
    "activity.completed",
    "timer.fired",
    "function.done",
    "child.started",
    "child.returned",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plant", [_without, _twice], ids=["lost", "twice"])
def test_an_event_that_is_lost_or_there_twice_is_found(
    walked: Walked, plant: Callable[[str], Plant], kind: str
) -> None:
    _engine, record, attempts = walked

    assert list(proof.differences(plant(kind)(record), attempts))


@pytest.mark.parametrize("part", ["tasks", "jobs", "instances", "opinions", "papers", "variables", "notices"])
def test_a_part_that_is_missing_is_found(walked: Walked, part: str) -> None:
    _engine, record, attempts = walked
    emptied: dict[str, Any] = {part: type(getattr(record, part))()}

    assert list(proof.differences(replace(record, **emptied), attempts))


def _of_the_first_task(record: Record) -> Record:
    return replace(record, inbox=(("post:hr.staff", record.tasks[0].id),))


def _in_other_words(record: Record) -> Record:
    return replace(record, opinions=tuple((task_id, "something else") for task_id, _text in record.opinions))


def _with_another_child(record: Record) -> Record:
    return replace(record, instances=(*record.instances, next(row for row in record.instances if row.parent_id)))


LEFT_OVER: dict[str, Plant] = {
    "a task that is done and still in an inbox": _of_the_first_task,
    "an opinion in other words than the record's": _in_other_words,
    "a second child of one call": _with_another_child,
    "a message that nobody received": lambda record: replace(record, waiting=("已会办",)),
    "something that gave up": lambda record: replace(record, incidents=("坏了",)),
}


@pytest.mark.parametrize("plant", LEFT_OVER.values(), ids=LEFT_OVER)
def test_what_should_not_be_there_is_found(walked: Walked, plant: Plant) -> None:
    _engine, record, attempts = walked

    assert list(proof.differences(plant(record), attempts))


@pytest.mark.parametrize("name", ["hear", "e"])
def test_a_message_or_a_signal_that_nobody_heard_is_found(walked: Walked, name: str) -> None:
    _engine, record, _attempts = walked
    matter = next(f"instance:{row.id}" for row in record.instances if row.process_key == house.KEY)
    kept = [event for event in record.events if (event.stream, event.envelope.get("activity")) != (matter, name)]
    told = list(proof._told(replace(record, events=tuple(kept))))

    lacking = {"hear": "advices of first: 0 instead of 1", "e": "counts of the matter first: 1 instead of 0"}
    assert told == [lacking[name]]


@pytest.mark.parametrize("kind", ["start", "complete"])
def test_what_was_refused_and_is_there_all_the_same_is_found(walked: Walked, kind: str) -> None:
    _engine, record, attempts = walked
    told = [replace(attempt, result=REFUSED if attempt.kind == kind else attempt.result) for attempt in attempts]

    assert list(proof.differences(record, told))


@pytest.mark.parametrize("kind", ["start", "complete"])
def test_what_nobody_did_is_found(walked: Walked, kind: str) -> None:
    _engine, record, attempts = walked

    assert list(proof.differences(record, [attempt for attempt in attempts if attempt.kind != kind]))


def test_what_nobody_answered_may_have_happened_or_not(walked: Walked) -> None:
    _engine, record, attempts = walked
    unsure = [replace(attempt, result=UNSURE) for attempt in attempts]
    never = [*unsure, Attempt("start", "never", "li", "never", UNSURE, 0)]

    assert list(proof.differences(record, never)) == []


LOSSES: dict[str, Callable[[Unit], object]] = {
    "its task": lambda unit: unit.connection.execute(model.task.update().values(state="cancelled")),
    "the message that one of its steps waits for": lambda unit: unit.connection.execute(
        delete(model.subscription).where(model.subscription.c.instance_id.is_not(None))
    ),
    "the clock of one of its steps": lambda unit: unit.connection.execute(
        delete(model.job).where(model.job.c.kind == "timer")
    ),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_an_instance_of_which_one_step_waits_for_nothing_is_found(
    tmp_path: Path, lose: Callable[[Unit], object]
) -> None:
    url = f"sqlite:///{tmp_path / 'suixu.db'}"
    house.found(url, tmp_path)
    engine = house.open_engine(url, tmp_path)
    # What follows is broken on purpose.
    engine.watchers.clear()
    person_id = proof.read(engine).people["wang"]
    with engine.transaction() as unit:
        instances.start(unit, house.KEY, Actor(person_id, "hr.staff"), {"subject": "first"})
    _do(engine, "wang", person_id)
    assert list(promises.faults(engine)) == []

    with engine.transaction() as unit:
        lose(unit)

    assert len(list(promises.faults(engine))) == 1
    engine.close()
