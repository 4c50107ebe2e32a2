"""The machine at its limits: what it cannot do it says, and nothing half done stays."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.core import catalogue, spiff
from engine.core.expressions import ExpressionError
from engine.core.spiff import Machine, Program, repeats
from engine.core.spiff import machine as machine_module
from engine.ground.errors import Stuck
from tests.engine.test_machine_properties import Host

DIAGRAMS = Path(__file__).parents[2] / "diagrams"


def program(name: str) -> Program:
    return spiff.compile_program(catalogue.read_published((DIAGRAMS / f"{name}.bpmn").read_bytes()))


class Answers(Host):
    """Answer every expression with the same."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def evaluate(self, expression: str, frames: tuple[str, ...]) -> Any:
        return self.answer

    def keep_result(self, scope: str, kept_in: str, index: int, expression: str) -> None:
        if self.answer == ("broken",):
            raise ExpressionError("坏了")


def begun(name: str, host: Host) -> Machine:
    machine = Machine(program(name), host)
    machine.begin()
    machine.run()
    return machine


def test_a_collection_that_is_no_list_waits_as_stuck_and_goes_on_when_it_is_one() -> None:
    host = Answers("not a list")
    machine = begun("runs_multi_user", host)
    (change,) = [each for each in machine.take_changes() if each.kind == "stuck"]
    assert "不是一个列表" in change.message
    host.answer = ("x", "y", "z")
    machine.resume(change.token.id)
    machine.run()
    assert sum(token.iterating for token in machine.tokens) == 3


def test_a_collection_too_large_opens_nothing_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "LIVE_LIMIT", 5)
    machine = begun("runs_multi_user", Answers(tuple("abcdefg")))
    assert [token.node.id for token in machine.tokens] == ["a"]
    assert "会超过5个" in next(each for each in machine.take_changes() if each.kind == "stuck").message


def test_too_many_tokens_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_module, "LIVE_LIMIT", 1)
    with pytest.raises(Stuck, match="超过1个"):
        begun("runs_parallel", Host())


def test_a_result_that_cannot_be_had_is_said_as_stuck_not_as_an_error_of_the_machine() -> None:
    machine = begun("runs_multi_user", Answers(("broken",)))
    task = next(token for token in machine.tokens if token.iterating)
    with pytest.raises(Stuck, match=r"之后不能继续.*坏了"):
        machine.finish(task.id)


def test_a_token_that_is_gone_or_done_cannot_be_finished() -> None:
    machine = begun("runs_user", Host())
    (token,) = machine.tokens
    machine.finish(token.id)
    machine.run()
    with pytest.raises(Stuck, match="不在等待"):
        machine.finish(token.id)
    with pytest.raises(Stuck, match="不在等待"):
        machine.finish("no-such-token")


def test_going_round_without_anybody_is_stopped() -> None:
    class Round(Answers):
        def assign(self, script: str, frames: tuple[str, ...]) -> None:
            """Count nothing."""

    with pytest.raises(Stuck, match="不停循环"):
        begun("engine_round", Round(True))


def test_an_empty_collection_is_passed_at_once() -> None:
    assert begun("runs_multi_user", Answers(())).tokens == []


def test_a_process_that_only_events_start_is_not_begun_by_itself() -> None:
    with pytest.raises(Stuck, match="不能由人或其他流程发起"):
        begun("runs_message_start_only", Host())
    machine = Machine(program("runs_message_start_only"), Host())
    machine.begin("t")
    machine.run()
    assert [token.node.id for token in machine.tokens] == ["a"]


def test_a_number_of_instances_too_large_opens_nothing() -> None:
    machine = begun("runs_multi_cardinality", Answers(Decimal(10_001)))
    assert "次数超过10000" in next(each for each in machine.take_changes() if each.kind == "stuck").message
    assert [token.node.id for token in machine.tokens] == ["a"]


def test_a_condition_that_cannot_be_worked_out_waits_as_stuck_and_is_asked_again() -> None:
    class Broken(Host):
        broken = True

        def evaluate(self, expression: str, frames: tuple[str, ...]) -> Any:
            if self.broken:
                raise ExpressionError("坏了")
            return True

    host = Broken()
    machine = begun("runs_condition_at_once", host)
    (change,) = [each for each in machine.take_changes() if each.kind == "stuck"]
    assert change.message.endswith("坏了")
    host.broken = False
    machine.resume(change.token.id)
    machine.run()
    assert machine.tokens == []
