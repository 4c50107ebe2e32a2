"""Errors and escalations go outward from where they are thrown, over instances too, until somebody takes them."""

import pytest

from engine import incidents, instances, jobs
from engine.core import execution
from engine.ground.errors import ProcessError, Stale
from engine.ground.unit_of_work import Call, Result
from tests.engine.office import Office


def open_incidents(office: Office) -> list[str]:
    with office.engine.reading() as unit:
        return [row.message for row in incidents.listing(unit)]


def states(office: Office) -> list[str]:
    with office.engine.reading() as unit:
        return [row.state for row in instances.search(unit, "", ("audit",))]


def test_an_error_goes_through_the_instances_until_somebody_takes_it(office: Office) -> None:
    # Given three instances above one another, of which only the topmost handles the error
    office.publish("engine_error_child", "engine_middle")
    instance = office.begin("engine_top")
    # When the lowest ends with it
    office.do("办理 a", "hr.head")
    office.work()
    # Then it has been taken at the top, and those below have failed
    assert office.trace(instance) == ["s", "b", "z"]
    assert sorted(states(office)) == ["completed", "failed", "failed"]
    assert open_incidents(office) == []


def test_an_error_of_a_child_that_nobody_takes_waits_and_a_retry_opens_another_child(office: Office) -> None:
    office.publish("engine_error_child")
    instance = office.begin("engine_middle")
    office.do("办理 a", "hr.head")
    office.work()
    (message,) = open_incidents(office)
    assert "“孙项”以错误“bad”结束" in message
    office.publish("engine_child")
    with office.engine.transaction() as unit:
        (row,) = incidents.listing(unit)
        incidents.retry(unit, row.id, office.actor("hr.staff"))
    office.work()
    office.do("子项办理", "hr.head")
    office.work()
    assert office.state(instance)[0] == "completed"


def test_an_error_that_nobody_takes_in_a_process_nobody_called_waits_as_an_incident(office: Office) -> None:
    instance = office.begin("engine_error_uncaught")
    office.do("办理 a", "hr.head")
    assert open_incidents(office) == ["“出错”抛出了错误“bad”，没有环节处理它。"]
    with office.engine.transaction() as unit:
        (row,) = incidents.listing(unit)
        incidents.retry(unit, row.id, office.actor("hr.staff"))
    office.work()
    assert len(open_incidents(office)) == 1
    assert office.state(instance)[0] == "active"


def test_an_error_of_a_function_that_nobody_takes_counts_as_its_failure(office: Office) -> None:
    def fail(call: Call) -> Result:
        raise ProcessError("bad", "打印机没有纸")

    office.engine.functions["record"] = fail
    office.begin("runs_service")
    for _ in range(3):
        office.wait(hours=1)
    assert open_incidents(office) == ["功能以错误“bad”结束，没有环节处理它：打印机没有纸"]


def test_an_error_of_a_function_in_a_called_process_comes_out_of_the_call(office: Office) -> None:
    def fail(call: Call) -> Result:
        raise ProcessError("bad")

    office.engine.functions["record"] = fail
    office.publish("engine_function_child")
    instance = office.begin("runs_error_call")
    office.work()
    assert office.trace(instance) == ["s", "b", "z"]


def test_an_error_of_a_function_whose_activity_is_gone_is_nobody_s(office: Office) -> None:
    def cancelled(call: Call) -> Result:
        with call.engine.transaction() as unit:
            execution.cancel(execution.load(unit, call.instance_id), "不办了")
        raise ProcessError("bad")

    office.engine.functions["record"] = cancelled
    instance = office.begin("runs_error_function", fails="bad")
    office.work()
    assert office.state(instance)[0] == "cancelled"
    assert open_incidents(office) == []


def test_an_escalation_that_comes_after_the_end_is_recorded_and_does_nothing(office: Office) -> None:
    office.publish("engine_escalation_child")
    instance = office.begin("runs_escalation_call")
    with office.engine.transaction() as unit:
        execution.cancel(execution.load(unit, instance), "不办了")
    assert office.work() == 0
    with office.engine.transaction() as unit, pytest.raises(Stale):
        execution.settle(execution.load(unit, instance))
    assert jobs.run_due(office.engine) == 0
