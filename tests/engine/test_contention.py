"""When people, clocks and workers meet, each act happens once or not at all, and nobody sees a machine's error."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from io import BytesIO
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event, select

from engine import definitions, documents, instances, jobs, messages, tasks
from engine.core import execution
from engine.ground import model
from engine.ground.errors import Busy, Invalid, NotFound, Refused, Stale
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import DIAGRAMS, FORM, Office
from tests.engine.test_jobs import FORM_YEAR

WAIT = 60


def together(*acts: Callable[[], object]) -> list[object]:
    """Do all at once, each in a thread; give what each returned, or the plain refusal it met."""
    gate = Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        gate.wait(timeout=WAIT)
        try:
            return act()
        except (Stale, Invalid, NotFound) as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result(timeout=WAIT) for each in [pool.submit(one, act) for act in acts]]


def refusals(results: list[object]) -> list[object]:
    return [each for each in results if isinstance(each, Exception)]


def complete(office: Office, task_id: str, post: str, revision: int = 1) -> Callable[[], object]:
    def act() -> object:
        with office.engine.transaction() as unit:
            tasks.complete(unit, task_id, office.actor(post), {"words": post}, "agree", revision)
        return post

    return act


def test_of_two_who_claim_one_gets_it(office: Office) -> None:
    office.begin("runs_user")
    (row,) = office.open_tasks()

    def claim(post: str) -> Callable[[], object]:
        def act() -> object:
            with office.engine.transaction() as unit:
                tasks.claim(unit, row.id, office.actor(post), 1)
            return post

        return act

    results = together(claim("hr.staff"), claim("hr.staff2"), claim("hr.staff"), claim("hr.staff2"))
    assert len(refusals(results)) == 3
    assert all(isinstance(each, Stale) for each in refusals(results))


def test_a_double_click_does_it_once(office: Office) -> None:
    instance = office.begin("engine_no_way_on")
    (row,) = office.open_tasks()
    results = together(*[complete(office, row.id, "hr.head")] * 4)
    assert len(refusals(results)) == 3
    assert office.state(instance)[0] == "completed"
    with office.engine.reading() as unit:
        events = instances.view(unit, instance, "", ("audit",)).events
    assert [event.kind for event in events].count("task.completed") == 1


def test_thirty_units_hand_in_at_once_and_none_is_refused(office: Office) -> None:
    # Given a parent that waits for thirty children
    office.publish("engine_child")
    definition = office.publish("engine_call_many")
    codes = tuple(f"u{number}" for number in range(30))
    with office.engine.transaction() as unit:
        parent = execution.start(unit, definition, {"codes": codes}, SYSTEM).id
    rows = office.open_tasks()
    assert len(rows) == 30
    # When all of them are handed in at the same moment, while a worker takes the returns
    acts = [complete(office, row.id, "hr.head") for row in rows]
    results = together(*acts, lambda: jobs.run_due(office.engine))
    # Then none is refused, and once the worker has done, the parent has all results in order
    assert refusals(results) == []
    office.work()
    assert office.state(parent)[0] == "completed"
    assert office.variables(parent)["results"] == ["agree"] * 30
    with office.engine.reading() as unit:
        assert instances.verify(unit, parent).whole


def test_a_timer_and_a_completion_meet_and_one_of_them_wins(office: Office) -> None:
    instance = office.begin("runs_boundary_interrupting")
    (row,) = office.open_tasks()
    office.claim("办理 a")
    office.engine.clock.advance(timedelta(days=10))  # type: ignore[attr-defined]
    work = lambda: jobs.run_due(office.engine)  # noqa: E731
    results = together(complete(office, row.id, "hr.staff", 2), work, work)
    assert office.state(instance)[0] == "completed"
    done = "a" in office.trace(instance)
    assert done == (refusals(results) == [])
    assert office.work() == 0


def test_cancelling_meets_the_childs_end_and_its_return(office: Office) -> None:
    office.publish("engine_child")
    definition = office.publish("engine_call")
    for _ in range(4):
        with office.engine.transaction() as unit:
            parent = execution.start(unit, definition, {}, office.actor("hr.staff")).id
        (row,) = office.open_tasks()

        def cancel(instance_id: str = parent) -> object:
            with office.engine.transaction() as unit:
                instances.cancel(unit, instance_id, office.actor("hr.staff"), "不办了")
            return "cancelled"

        done, cancelled, _worked = together(complete(office, row.id, "hr.head"), cancel, office.work)
        office.work()
        # Whoever came first, the starter's word holds unless all had ended before it
        state = office.state(parent)[0]
        assert (state == "cancelled") == (cancelled == "cancelled")
        assert cancelled == "cancelled" or isinstance(cancelled, Stale)
        assert done == "hr.head" or isinstance(done, Stale)
        assert office.open_tasks() == []


def test_the_same_matter_started_by_two_at_once_starts_once(office: Office) -> None:
    office.publish("engine_start", forms={"begin": FORM_YEAR, "form": FORM})
    starters = ("hr.staff", "hr.staff2", "hr.staff", "hr.staff2")
    results = together(*[lambda post=post: office.start("started", post, year="2026") for post in starters])
    assert len(refusals(results)) == 3
    assert all("已经在办理" in str(each) for each in refusals(results))
    assert len(office.open_tasks()) == 1


def _meet(office: Office, first: Callable[[], object], second: Callable[[], object], position: int) -> str:
    """Do the second just before a statement of the first; give that statement."""
    pool, statements = office.engine.database.pool, [""]

    def strike(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)
        if len(statements) == position + 1:
            second()

    event.listen(pool, "before_cursor_execute", strike)
    first()
    event.remove(pool, "before_cursor_execute", strike)
    return statements[position]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_the_same_matter_started_between_any_two_looks_of_another_start_starts_once(office: Office) -> None:
    office.publish("engine_start", forms={"begin": FORM_YEAR, "form": FORM})
    won: list[str] = []

    def start(year: int, post: str) -> None:
        try:
            won.append(office.start("started", post, year=str(year)))
        except Invalid as refusal:
            assert "已经在办理" in str(refusal)

    # Until the one that comes first has put its row down, somebody else is quicker, each time a look later
    for position in range(1, 100):
        starts = [partial(start, 2000 + position, post) for post in ("hr.staff", "hr.staff2")]
        statement = _meet(office, starts[0], starts[1], position)
        assert len(won) == position, statement
        if statement.startswith("INSERT INTO instance "):
            break
    assert position > 3


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_matters_that_are_counted_between_any_two_looks_of_another_start_get_a_number_each(office: Office) -> None:
    office.publish("engine_own_start")
    for position in range(1, 100):
        starts = [partial(office.start, "counted", post) for post in ("red.staff", "blue.staff")]
        statement = _meet(office, starts[0], starts[1], position)
        if statement.startswith("INSERT INTO instance "):
            break
    assert position > 3
    with office.engine.reading() as unit:
        rows = unit.connection.execute(select(model.instance.c.business_key, model.instance.c.title)).all()
    assert sorted(int(row.business_key.partition(":")[2]) for row in rows) == list(range(1, 2 * position + 1))
    assert all(row.title.endswith(f"第{row.business_key.partition(':')[2]}号") for row in rows)


def test_matters_that_are_counted_get_a_number_each_however_many_start_at_once(office: Office) -> None:
    office.publish("engine_own_start")
    starters = ("red.staff", "red.head", "blue.staff", "blue.head", "hr.head")
    results = together(*[lambda post=post: office.start("counted", post) for post in starters])
    assert refusals(results) == []
    with office.engine.reading() as unit:
        rows = unit.connection.execute(select(model.instance.c.business_key, model.instance.c.title)).all()
    assert sorted(row.business_key for row in rows) == [f"counted:{number}" for number in range(1, 6)]
    assert all(row.title.endswith(f"第{row.business_key[-1]}号") for row in rows)


def test_files_and_acts_on_one_instance_do_not_break_its_chain(office: Office) -> None:
    instance = office.begin("engine_no_way_on")
    (row,) = office.open_tasks()

    def add(number: int) -> Callable[[], object]:
        def act() -> object:
            stored = documents.store(office.engine, f"{number}.pdf", BytesIO(b"%PDF-1.7 " + bytes([number])))
            with office.engine.transaction() as unit:
                return documents.add_file(unit, instance, stored, office.actor("hr.head"))

        return act

    results = together(*map(add, range(5)), complete(office, row.id, "hr.head"))
    assert refusals(results) == []
    with office.engine.reading() as unit:
        found = instances.verify(unit, instance)
        assert found.whole
        assert len(instances.view(unit, instance, "", ("audit",)).documents) == 6


def test_two_publish_and_two_draw_at_once(office: Office) -> None:
    source = (DIAGRAMS / "engine_child.bpmn").read_bytes()

    def publish(text: str) -> Callable[[], object]:
        def act() -> object:
            with office.engine.transaction() as unit:
                return definitions.publish(unit, source + text.encode(), {"form": FORM}, SYSTEM).version

        return act

    def draw(text: str) -> Callable[[], object]:
        def act() -> object:
            with office.engine.transaction() as unit:
                return definitions.save_draft(unit, "drawn", text, text, {}, 0, SYSTEM)

        return act

    results = together(*[publish(f"<!-- {number} -->") for number in range(3)])
    versions = sorted(each for each in results if isinstance(each, int))
    assert versions == list(range(1, len(versions) + 1))
    assert all(isinstance(each, Stale) for each in refusals(results))
    results = together(*[draw(f"{number}") for number in range(3)])
    assert [each for each in results if each == 1] == [1]
    assert len([each for each in results if isinstance(each, Stale)]) == 2


def test_publishing_meets_starts_by_hand_and_by_messages(office: Office) -> None:
    # Given a process that is started by hand and by messages
    office.publish("runs_message_start")
    source = (DIAGRAMS / "runs_message_start.bpmn").read_bytes()

    def publish(number: int) -> None:
        with office.engine.transaction() as unit:
            definitions.publish(unit, source + f"<!-- {number} -->".encode(), {"plan": FORM}, SYSTEM)

    def begin() -> None:
        with office.engine.transaction() as unit:
            execution.start(unit, definitions.latest(unit, "main"), {}, SYSTEM)

    def send(key: str) -> None:
        with office.engine.transaction() as unit:
            messages.correlate(unit, "到货", key, {}, SYSTEM)

    # When it is published by several while it starts
    acts: list[Callable[[], object]] = [
        *(partial(publish, number) for number in range(3)),
        *[begin] * 4,
        *(partial(send, key) for key in "xyz"),
    ]
    results = together(*acts, office.work, office.work)
    office.work()
    # Then only who published second was told so, and each start is there once, on a version that there is
    assert all(isinstance(each, Stale) for each in refusals(results))
    assert len(refusals(results)) < 3
    with office.engine.reading() as unit:
        table = model.instance.join(model.definition, model.definition.c.id == model.instance.c.definition_id)
        keys = unit.connection.execute(select(model.instance.c.business_key).select_from(table)).scalars().all()
        assert unit.connection.execute(select(model.message.c.id)).all() == []
    assert len(keys) == len(office.open_tasks()) == 7
    assert sorted(key for key in keys if len(key) == 1) == ["x", "y", "z"]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_of_two_who_do_each_others_matters_in_one_commit_one_does_and_the_other_may_try_again(office: Office) -> None:
    # Given two programs that each do two tasks in one commit, one the other way round
    definition = office.publish("engine_no_way_on")
    for _ in range(2):
        with office.engine.transaction() as unit:
            execution.start(unit, definition, {}, SYSTEM)
    ids, gate = [row.id for row in office.open_tasks()], Barrier(2)

    def both(order: list[str]) -> object:
        try:
            with office.engine.transaction() as unit:
                unit.connection.exec_driver_sql("SET LOCAL deadlock_timeout = '50ms'")
                tasks.complete(unit, order[0], office.actor("hr.head"), {}, "agree", 1)
                gate.wait(timeout=WAIT)
                tasks.complete(unit, order[1], office.actor("hr.head"), {}, "agree", 1)
        except Busy as refusal:
            return refusal
        return "done"

    # When they meet
    results = together(partial(both, ids), partial(both, ids[::-1]))
    # Then one has done both, and of the other nothing has happened
    assert sorted(isinstance(each, Busy) for each in results) == [False, True]
    assert office.open_tasks() == []


def test_of_two_who_publish_at_once_only_one_closes_a_ring_of_calls(office: Office) -> None:
    source = (DIAGRAMS / "engine_call.bpmn").read_text(encoding="utf-8")

    def publish(own: str, called: str) -> object:
        made = source.replace('<bpmn:process id="caller"', f'<bpmn:process id="{own}"')
        made = made.replace('Element="child"', f'Element="{called}"')
        with office.engine.transaction() as unit:
            return definitions.publish(unit, made.encode(), {"form": FORM, "plan": FORM}, SYSTEM).version

    # Given two processes that both call a third
    office.publish("engine_child")
    publish("one", "child")
    publish("two", "child")
    # When each is drawn anew at the same moment, so that it calls the other
    results = together(partial(publish, "one", "two"), partial(publish, "two", "one"))
    # Then whoever comes second is told of the ring
    (refusal,) = refusals(results)
    assert isinstance(refusal, Refused)
    assert [fault.code for fault in refusal.faults] == ["BPMN-CALL-CYCLE"]


def test_workers_side_by_side_remind_each_person_once(office: Office) -> None:
    definition = office.publish("engine_deadline")
    for _ in range(6):
        with office.engine.transaction() as unit:
            execution.start(unit, definition, {}, SYSTEM, unit_code="red")
    office.engine.clock.advance(timedelta(days=9, hours=3))  # type: ignore[attr-defined]
    together(office.work, office.work, office.work)
    with office.engine.reading() as unit:
        query = select(model.notice.c.body).where(model.notice.c.person_id == office.people["red.staff"])
        (body,) = unit.connection.execute(query).scalars()
    assert len(body.split("\n")) == 6
