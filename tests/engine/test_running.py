"""Each element of the profile runs as the standard says."""

import pytest

from engine import incidents
from engine.core import execution
from engine.ground.unit_of_work import SYSTEM, Call, Result
from tests.engine.office import Office


def test_a_user_task_waits_for_a_person_and_then_the_instance_ends(office: Office) -> None:
    # Given an instance at its user task
    instance = office.begin("runs_user")
    assert office.names() == ["办理 a"]
    # When the person completes it
    office.claim_and_do("办理 a")
    # Then the instance has ended
    assert office.state(instance) == ("completed", "agree")
    assert office.trace(instance) == ["s", "a", "e"]


def test_a_parallel_gateway_waits_for_a_token_from_every_flow(office: Office) -> None:
    instance = office.begin("runs_parallel")
    assert office.names() == ["办理 a", "办理 b"]
    office.claim_and_do("办理 a")
    assert office.state(instance)[0] == "active"
    office.claim_and_do("办理 b")
    assert office.state(instance)[0] == "completed"
    assert office.trace(instance).count("join") == 2


def test_a_send_back_comes_again_as_often_as_it_is_sent_back(office: Office) -> None:
    instance = office.begin("runs_send_back")
    for _ in range(3):
        office.claim_and_do("办理 a")
        office.claim_and_do("办理 b", "return")
    office.claim_and_do("办理 a")
    office.claim_and_do("办理 b")
    assert office.state(instance)[0] == "completed"
    assert office.trace(instance).count("a") == 4


def test_a_terminate_end_takes_away_every_other_token(office: Office) -> None:
    instance = office.begin("runs_terminate")
    office.claim_and_do("办理 b")
    assert office.state(instance)[0] == "completed"
    assert office.names() == []


def test_several_instances_of_a_task_end_when_the_condition_holds(office: Office) -> None:
    instance = office.begin("runs_multi_user")
    assert office.names() == ["办理 a", "办理 a"]
    office.claim_and_do("办理 a")
    office.claim_and_do("办理 a")
    assert office.state(instance)[0] == "completed"
    assert office.variables(instance)["all"] == [2, 3]


def test_a_sub_process_and_its_iterations_end_with_their_last_token(office: Office) -> None:
    instance = office.begin("runs_multi_subprocess")
    assert office.state(instance)[0] == "completed"
    trace = office.trace(instance)
    assert (trace.count("ae"), trace.count("af")) == (1, 1)


@pytest.mark.parametrize("name", ["runs_timer_date", "runs_timer_workdays", "runs_timer_iso"])
def test_a_timer_fires_once_at_its_time(office: Office, name: str) -> None:
    instance = office.begin(name)
    assert office.work() == 0
    assert office.wait(days=40) == 1
    assert office.state(instance)[0] == "completed"


def test_an_interrupting_boundary_takes_the_task_away(office: Office) -> None:
    instance = office.begin("runs_boundary_interrupting")
    office.wait(days=5)
    assert office.names() == []
    assert office.state(instance)[0] == "completed"
    assert "a" not in office.trace(instance)


def test_a_boundary_that_does_not_interrupt_leaves_the_task(office: Office) -> None:
    instance = office.begin("runs_boundary_non_interrupting")
    office.wait(days=5)
    assert office.names() == ["办理 a"]
    office.claim_and_do("办理 a")
    assert office.state(instance)[0] == "completed"
    assert office.trace(instance).count("told") == 1


def test_a_boundary_whose_task_is_done_never_fires(office: Office) -> None:
    instance = office.begin("runs_boundary_interrupting")
    office.claim_and_do("办理 a")
    assert office.state(instance)[0] == "completed"
    assert office.wait(days=9) == 0


def test_a_function_runs_outside_any_transaction_and_its_result_is_kept(office: Office) -> None:
    calls: list[Call] = []

    def work(call: Call) -> Result:
        calls.append(call)
        with call.engine.transaction():  # would wait for ever inside another one
            return Result(variables={"made": "yes"})

    office.engine.functions["record"] = work
    instance = office.begin("runs_service")
    assert office.state(instance)[0] == "active"
    assert office.work() == 1
    assert office.state(instance)[0] == "completed"
    assert office.variables(instance)["made"] == "yes"
    assert len(calls) == 1


def test_a_function_that_keeps_failing_becomes_an_incident_that_can_be_retried(office: Office) -> None:
    broken = [True]

    def work(call: Call) -> Result:
        if broken[0]:
            raise RuntimeError("打印机坏了")
        return Result()

    office.engine.functions["record"] = work
    instance = office.begin("runs_service")
    for _ in range(3):
        office.wait(hours=1)
    with office.engine.reading() as unit:
        found = incidents.listing(unit)
    assert [row.message for row in found] == ["RuntimeError: 打印机坏了"]
    broken[0] = False
    with office.engine.transaction() as unit:
        incidents.retry(unit, found[0].id, office.actor("hr.staff"))
    office.work()
    assert office.state(instance)[0] == "completed"


def test_a_call_activity_is_a_child_instance_whose_result_comes_back_as_a_job(office: Office) -> None:
    office.publish("engine_child")
    instance = office.begin("engine_call", year=2026)
    assert office.names() == ["子项办理"]
    office.do("子项办理", "hr.head")
    assert office.state(instance)[0] == "active"
    assert office.work() == 1
    assert office.state(instance)[0] == "completed"
    assert office.variables(instance)["result"] == "agree"


def test_cancelling_closes_all_descendants_in_one_commit(office: Office) -> None:
    office.publish("engine_child")
    instance = office.begin("engine_call_many", codes=["red", "blue"])
    assert len(office.names()) == 2
    with office.engine.transaction() as unit:
        execution.cancel(execution.load(unit, instance, office.actor("hr.staff")), "不办了")
    assert office.names() == []
    assert office.state(instance)[0] == "cancelled"
    assert office.work() == 0


def test_many_children_come_back_in_the_order_of_the_collection(office: Office) -> None:
    office.publish("engine_child")
    instance = office.begin("engine_call_many", codes=["red", "blue"])
    office.do("子项办理", "hr.head", index=1, outcome="return")
    office.work()
    office.do("子项办理", "hr.head", outcome="agree")
    office.work()
    assert office.state(instance)[0] == "completed"
    assert office.variables(instance)["results"] == ["agree", "return"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["runs_boundary_interrupting", "runs_boundary_non_interrupting"])
def test_a_cancelled_task_takes_its_timer_along(office: Office, name: str) -> None:
    instance = office.begin(name)
    with office.engine.transaction() as unit:
        execution.cancel(execution.load(unit, instance, office.actor("hr.staff")), "不办了")
    assert office.names() == []
    assert office.wait(days=30) == 0
    assert office.state(instance)[0] == "cancelled"


@pytest.mark.parametrize(
    ("name", "outcome", "told"),
    [
        ("engine_join_starved", "agree", "汇合网关“汇合”还缺从“x”来的一路"),
        ("engine_inclusive_ring", "", "汇合网关“甲”还缺从“y”来的一路"),
        ("engine_inclusive_starved", "agree", "汇合网关“汇合”还缺从“x”来的一路"),
        ("engine_inclusive_met_no_way", "", "“汇合”的各个分支条件都不成立"),
        ("runs_condition_catch", "return", '“b”等的条件“outcome = "agree"”没有成立'),
    ],
)
def test_what_waits_in_vain_is_an_incident_and_no_retry_lets_it_pass(
    office: Office, name: str, outcome: str, told: str
) -> None:
    # Given a token that waits for what nothing can bring any more
    instance = office.begin(name)
    if outcome:
        office.do("办理 a", "hr.head", outcome)
    # Then a person is told what is lacking
    with office.engine.reading() as unit:
        (incident,) = incidents.listing(unit)
    assert told in incident.message
    # When it is tried again
    with office.engine.transaction() as unit:
        incidents.retry(unit, incident.id, SYSTEM)
    office.work()
    # Then it waits before a person again
    with office.engine.reading() as unit:
        (again,) = incidents.listing(unit)
    assert (again.id != incident.id, office.state(instance)[0]) == (True, "active")
