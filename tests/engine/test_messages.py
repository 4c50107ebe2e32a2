"""Messages are received once, by one who waits; signals by everybody who waits when they are given."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from engine import accounts, instances, jobs, messages, people, tasks
from engine.core import correlation, execution, history
from engine.ground import model
from engine.ground.errors import Invalid, NotAllowed, NotFound
from engine.ground.unit_of_work import SYSTEM, Actor, Unit
from tests.engine.office import Office


def begin(office: Office, name: str, key: str = "k", **variables: Any) -> str:
    definition = office.publish(name)
    with office.engine.transaction() as unit:
        return execution.start(unit, definition, variables, SYSTEM, business_key=key).id


def send(office: Office, key: str = "k", **values: Any) -> str:
    with office.engine.transaction() as unit:
        return messages.correlate(unit, "到货", key, {name: Decimal(value) for name, value in values.items()}, SYSTEM)


def kept(office: Office) -> int:
    with office.engine.reading() as unit:
        return int(unit.connection.execute(select(func.count()).select_from(model.message)).scalar_one())


def kinds(office: Office, instance_id: str) -> list[str]:
    with office.engine.reading() as unit:
        seen = instances.view(unit, instance_id, "", ("audit",)).events
        return [event.kind for event in seen if event.kind.startswith(("event.", "message."))]


def cancel(office: Office, instance_id: str) -> None:
    with office.engine.transaction() as unit:
        execution.cancel(execution.load(unit, instance_id), "不办了")


# Messages


def test_a_message_goes_from_one_instance_to_another_of_the_same_key(office: Office) -> None:
    # Given two that wait, of which one has the sender's key
    mine, other = begin(office, "engine_receiver"), begin(office, "engine_receiver", "l")
    sender = begin(office, "engine_sender", x=4)
    # When the sender gets there
    office.do("办理 a", "hr.head")
    office.work()
    # Then that one has it, with what it carries, and both histories say so
    assert (office.state(mine)[0], office.variables(mine)["y"]) == ("completed", 5)
    assert office.state(other)[0] == "active"
    assert kinds(office, sender) == ["event.thrown"]
    assert kinds(office, mine) == ["event.received"]
    assert kept(office) == 0


def test_who_has_waited_longest_gets_it(office: Office) -> None:
    first = begin(office, "engine_receiver")
    office.engine.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    second = begin(office, "runs_message_catch")
    send(office, x=1)
    office.work()
    assert [office.state(each)[0] for each in (first, second)] == ["completed", "active"]


def test_a_message_on_its_way_to_somebody_who_leaves_goes_to_the_next(office: Office) -> None:
    # Given a message on its way
    gone = begin(office, "engine_receiver")
    send(office, x=1)
    # When who waited is cancelled before it arrives
    cancel(office, gone)
    assert office.work() == 0
    assert kept(office) == 1
    # Then the next who waits gets it
    next_one = begin(office, "engine_receiver")
    office.work()
    assert (office.state(next_one)[0], kept(office)) == ("completed", 0)


def test_a_job_that_finds_nobody_waiting_gives_its_message_back(office: Office) -> None:
    office.engine.watchers.clear()
    waiting = begin(office, "engine_receiver")
    send(office, x=1)
    with office.engine.transaction() as unit:
        # what should not happen: it is for a token that is not there
        unit.connection.execute(update(model.job).values(token_id="somebody else"))
    office.work()
    assert (office.state(waiting)[0], kept(office)) == ("active", 1)


def test_a_message_that_has_been_received_is_not_received_again(office: Office) -> None:
    begin(office, "engine_receiver")
    send(office, x=1)
    office.work()
    with office.engine.transaction() as unit:
        unit.connection.execute(update(model.job).where(model.job.c.kind == "message").values(state="due"))
    # Two workers had it in hand: the second finds nothing to do
    again = begin(office, "engine_receiver")
    office.work()
    assert office.state(again)[0] == "active"


def test_what_stays_waiting_is_given_one_message_after_the_other(office: Office) -> None:
    instance = begin(office, "runs_message_boundary_non_interrupting")
    send(office)
    send(office)
    assert office.work() == 2
    assert office.trace(instance).count("b") == 2


def test_a_message_that_nobody_receives_in_time_is_given_up_and_its_sender_is_told(office: Office) -> None:
    jobs.plan_daily(office.engine)
    sender = begin(office, "engine_sender", x=4)
    office.do("办理 a", "hr.head")
    send(office)
    office.wait(days=29)
    assert kept(office) == 2
    for _ in range(3):
        office.wait(days=1)
    assert kept(office) == 0
    assert kinds(office, sender) == ["event.thrown", "message.expired"]
    late = begin(office, "engine_receiver")
    office.work()
    assert office.state(late)[0] == "active"


def test_a_message_that_expires_while_it_is_given_up_elsewhere_is_given_up_once(office: Office) -> None:
    sender = begin(office, "engine_sender", x=4)
    office.do("办理 a", "hr.head")
    office.engine.clock.advance(timedelta(days=31))  # type: ignore[attr-defined]
    with office.engine.transaction() as unit:
        (message,) = correlation.expired(unit)
        correlation.expire(unit, message)
        correlation.expire(unit, message)
    assert kinds(office, sender) == ["event.thrown", "message.expired"]


def test_who_sent_a_message_from_outside_is_told_what_became_of_it_until_long_after(office: Office) -> None:
    # Given two messages of which one is received
    jobs.plan_daily(office.engine)
    mine, lost = send(office), send(office, "l")
    assert [fate(office, each) for each in (mine, lost)] == ["waiting", "waiting"]
    begin(office, "engine_receiver")
    office.work()
    assert [fate(office, each) for each in (mine, lost)] == ["received", "waiting"]
    # When the other's time is over, then it is told, also where nobody has given it up yet
    office.engine.clock.advance(correlation.EXPIRY)  # type: ignore[attr-defined]
    assert [fate(office, each) for each in (mine, lost)] == ["received", "expired"]
    office.work()
    assert fate(office, lost) == "expired"
    # And nobody else is told, nor anybody for ever
    with office.engine.transaction() as unit:
        other = people.add_person(unit, "采购系统", SYSTEM)
        accounts.create_prepared(unit, other, accounts.Initial("purchase", "", ""), ["integration"], SYSTEM)
    for who, refusal in ((Actor(other), NotFound), (office.actor("hr.head"), NotAllowed)):
        with pytest.raises(refusal):
            fate(office, mine, who)
    office.wait(days=30)
    office.wait(days=1)
    with pytest.raises(NotFound):
        fate(office, lost)


def fate(office: Office, message_id: str, who: Actor = SYSTEM) -> str:
    with office.engine.reading() as unit:
        return messages.find(unit, message_id, who).state


def test_a_sender_and_a_receiver_that_act_at_once_do_not_miss_each_other(office: Office) -> None:
    # Given a sender whose act has written its message, and is not committed yet
    definition = office.publish("engine_receiver")
    written, go_on = Event(), Event()

    def hold() -> None:
        written.set()
        assert go_on.wait(20)

    def sending() -> None:
        with office.engine.transaction() as unit:
            messages.correlate(unit, "到货", "k", {"x": Decimal(1)}, SYSTEM)
            unit.before_commit(hold)

    def receiving() -> str:
        assert written.wait(20)
        with office.engine.transaction() as unit:
            started = execution.start(unit, definition, {}, SYSTEM, business_key="k").id
            unit.before_commit(go_on.set) if unit.connection.dialect.name == "postgresql" else None
            return started

    # When somebody begins to wait in the meantime
    with ThreadPoolExecutor(2) as both:
        sent, started = both.submit(sending), both.submit(receiving)
        if office.engine.database.sqlite:
            go_on.set()
        else:
            # What receives waits for the sender's lock before it looks.
            assert written.wait(20)
            go_on.wait(0.3)
            go_on.set()
        sent.result(20)
        instance = started.result(20)
    # Then it is received
    office.work()
    assert office.state(instance)[0] == "completed"


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_who_sends_along_with_another_act_takes_its_locks_in_the_order_of_who_only_sends(office: Office) -> None:
    office.begin("runs_user")
    row = office.claim(office.open_tasks()[0].name)
    held: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "pg_advisory_xact_lock" in statement:
            held.append(str(next(iter(parameters.values()))))

    # When a program that has the engine inside does a task and tells somebody of it, in one commit
    event.listen(office.engine.database.pool, "before_cursor_execute", note)
    with office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor("hr.staff"), {}, "agree", 2)
        messages.correlate(unit, "到货", "k", {}, SYSTEM)
    along, held = held, []
    send(office)
    # Then it cannot wait in a ring with who only sends
    assert along == held == ["到货", "到货\x1fk", "access"]


@pytest.mark.parametrize(
    ("name", "key", "values", "said"),
    [
        ("", "k", {}, "请写明名称"),
        ("到货", " ", {}, "请写明业务键"),
        ("长" * 201, "k", {}, "最多 200 字"),
        ("到\0货", "k", {}, "控制字符"),
        ("到货", "k", {"x": ("好", "甲\u202e乙")}, "“x”的值里第 2 个字是看不见的控制字符"),
        ("到货", "k", {"x": object()}, "“x”的值不能带走"),
        ("到货", "k", {"x": "长" * 10_000}, "合起来不超过"),
    ],
)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_cannot_be_sent_is_refused(office: Office, name: str, key: str, values: Any, said: str) -> None:
    with office.engine.transaction() as unit, pytest.raises(Invalid, match=said):
        messages.correlate(unit, name, key, values, SYSTEM)


def test_only_who_has_the_role_sends_and_all_that_comes_from_outside_is_on_record(office: Office) -> None:
    # Given the head of a unit, and a program's account that has the role
    jobs.plan_daily(office.engine)
    with office.engine.transaction() as unit:
        program = people.add_person(unit, "采购系统", SYSTEM)
        accounts.create_prepared(unit, program, accounts.Initial("purchase", "", ""), ["integration"], SYSTEM)
    # When they send
    with office.engine.transaction() as unit, pytest.raises(NotAllowed, match="只有对接员"):
        messages.correlate(unit, "到货", "k", {}, office.actor("hr.head"))
    with office.engine.transaction() as unit, pytest.raises(NotAllowed, match="只有对接员"):
        messages.signal(unit, "放假", {}, office.actor("hr.head"))
    with office.engine.transaction() as unit:
        messages.correlate(unit, "到货", "k", {"x": Decimal(1)}, Actor(program), timedelta(days=1))
        messages.signal(unit, "放假", {}, Actor(program))
    office.wait(days=1)
    office.wait(days=1)
    # Then only the program's are there, and what nobody received is told to be over
    with office.engine.reading() as unit:
        record = history.read(unit.connection, "access")
    assert [(event.kind, event.envelope["person"]) for event in record] == [
        ("message-sent", program),
        ("signal-sent", program),
        ("message-expired", None),
    ]
    assert record[0].payload == {"title": "到货", "business_key": "k", "values": {"x": 1}}


# Signals


def test_a_signal_is_given_to_everybody_who_waits_when_it_is_thrown_and_to_nobody_later(office: Office) -> None:
    early = [begin(office, "engine_listener", key) for key in ("k", "l")]
    thrower = begin(office, "engine_announcer", x=2)
    office.do("办理 a", "hr.head")
    late = begin(office, "engine_listener", "m")
    assert office.work() == 2
    assert [office.state(each)[0] for each in (*early, late, thrower)] == ["completed"] * 2 + ["active", "completed"]
    assert [office.variables(each)["y"] for each in early] == [3, 3]


def test_a_signal_for_somebody_who_leaves_is_given_to_nobody(office: Office) -> None:
    gone = begin(office, "engine_listener")
    with office.engine.transaction() as unit:
        assert messages.signal(unit, "放假", {}, SYSTEM) == 1
    cancel(office, gone)
    assert office.work() == 0
    with office.engine.transaction() as unit:
        assert messages.signal(unit, "放假", {}, SYSTEM) == 0
        with pytest.raises(Invalid, match="请写明名称"):
            messages.signal(unit, "", {}, SYSTEM)


def test_a_signal_job_whose_token_waits_no_longer_does_nothing(office: Office) -> None:
    office.engine.watchers.clear()
    waiting = begin(office, "engine_listener")
    with office.engine.transaction() as unit:
        messages.signal(unit, "放假", {}, SYSTEM)
        unit.connection.execute(update(model.job).values(token_id="somebody else"))
    office.work()
    assert office.state(waiting)[0] == "active"


# What they start


def started(office: Office) -> list[tuple[str, int, str | None]]:
    with office.engine.reading() as unit:
        table = model.instance.c
        query = select(table.business_key, table.round, table.unit_code).where(table.process_key == "ordered")
        return [tuple(row) for row in unit.connection.execute(query.order_by(table.started_at, table.id))]


def test_a_message_starts_a_process_of_its_key_and_unit_and_the_next_waits_for_its_end(office: Office) -> None:
    office.publish("engine_ordered")
    with office.engine.transaction() as unit:
        messages.correlate(unit, "到货", "k", {"where": "red", "x": Decimal(1)}, SYSTEM)
    send(office, x=2)
    office.work()
    assert started(office) == [("k", 1, "red")]
    assert kept(office) == 1
    office.do("办理 a", "hr.head")
    office.work()
    assert started(office) == [("k", 1, "red"), ("k", 2, None)]
    assert kept(office) == 0


def test_a_message_that_came_before_its_process_starts_it_when_that_is_published(office: Office) -> None:
    send(office, x=1)
    assert office.work() == 0
    office.publish("engine_ordered")
    office.work()
    assert started(office) == [("k", 1, None)]


def test_a_version_without_the_start_is_not_started_any_more(office: Office) -> None:
    office.publish("engine_ordered")
    send(office, x=1)
    # A version comes in between that knows nothing of it
    office.publish("engine_ordered_by_hand")
    office.work()
    assert (started(office), kept(office)) == ([], 1)
    with office.engine.transaction() as unit:
        assert messages.signal(unit, "放假", {}, SYSTEM) == 0


def test_one_that_was_started_by_hand_in_the_meantime_leaves_the_message_waiting(office: Office) -> None:
    definition = office.publish("engine_ordered")
    send(office, x=1)
    with office.engine.transaction() as unit:
        execution.start(unit, definition, {}, SYSTEM, business_key="k", at="t")
    office.work()
    assert (started(office), kept(office)) == ([("k", 1, None)], 1)


def test_a_message_gone_before_its_start_starts_nothing(office: Office) -> None:
    office.publish("engine_ordered")
    message = send(office, x=1)
    with office.engine.transaction() as unit:
        correlation.received(unit, message)
        assert correlation.find(unit, message) is None
        correlation.put_back(unit, message)
    office.work()
    assert started(office) == []


def test_a_signal_starts_a_process_unless_it_is_running(office: Office) -> None:
    office.publish("engine_ordered")
    for _ in range(2):
        with office.engine.transaction() as unit:
            assert messages.signal(unit, "放假", {}, SYSTEM) == 1
        office.work()
    assert started(office) == [("one", 1, None)]


def test_a_signal_for_a_start_that_the_newest_version_lacks_starts_nothing(office: Office) -> None:
    office.publish("engine_ordered")
    with office.engine.transaction() as unit:
        messages.signal(unit, "放假", {}, SYSTEM)
    office.publish("engine_ordered_by_hand")
    office.work()
    assert started(office) == []


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_nobody_starts_by_hand_what_only_a_message_starts(office: Office) -> None:
    office.publish("runs_message_start_only")
    with office.engine.reading() as unit:
        assert instances.startable(unit, office.people["hr.staff"]) == []


def _rows(unit: Unit) -> Callable[[Any], int]:
    return lambda table: int(unit.connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_who_ends_waits_for_nothing(office: Office) -> None:
    for name, key in (("engine_receiver", "k"), ("engine_listener", "k"), ("runs_message_boundary", "l")):
        cancel(office, begin(office, name, key))
    with office.engine.reading() as unit:
        assert _rows(unit)(model.subscription) == 0


def test_a_child_that_could_not_be_started_waits_for_nothing(office: Office) -> None:
    # Given a child that begins to wait for a message and then goes round without end
    office.publish("engine_waits_and_spins")
    instance = office.begin("engine_middle")
    # Then nothing of it is left: the call waits as an incident, and a message finds nobody
    with office.engine.reading() as unit:
        assert (_rows(unit)(model.subscription), _rows(unit)(model.incident)) == (0, 1)
    send(office)
    assert (office.work(), kept(office), office.state(instance)[0]) == (0, 1, "active")
