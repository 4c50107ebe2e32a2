"""Activities that are carried out several times: multi-instance and standard loop."""

from decimal import Decimal

from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.task import Task

from engine.core.diagram import Node
from engine.core.expressions import Value
from engine.core.naming import COUNTER
from engine.core.spiff.steps import Step
from engine.core.tokens import LIVE_LIMIT, counter
from engine.ground.errors import Stuck


class RepeatStep(Step):
    """Carry out an activity several times: each round is a token inside this one."""

    def go_on(self, outer: Task, round_: Task) -> None:
        """Decide what follows a round that has ended."""

    def _open(self, outer: Task, index: int, frames: tuple[str, ...]) -> str:
        return str(outer.workflow.put(self.node, outer.id, frames, index=index).id)


class ManyStep(RepeatStep):
    """Open one instance for each item, all at once or one after the other (BPMN 2.0.2, 13.3.7)."""

    def __init__(self, spec: WorkflowSpec, name: str, node: Node) -> None:
        super().__init__(spec, name, node)
        assert node.multi is not None
        self.multi = node.multi

    def _run_hook(self, my_task: Task) -> bool | None:
        items = self._items(my_task)
        my_task.internal_data["count"] = len(items)
        if len(items) + len(my_task.workflow.tasks) > LIVE_LIMIT:
            raise Stuck(f"“{self.node.name}”有{len(items)}项，同时进行的环节会超过{LIVE_LIMIT}个。", self.node.id)
        if not items:
            self._collect(my_task)
            return True
        if self.multi.sequential:
            my_task.workflow.host.keep_items(my_task.id, items)
        for index, item in enumerate(items[:1] if self.multi.sequential else items):
            self._begin(my_task, index, item)
        return None

    def go_on(self, outer: Task, round_: Task) -> None:
        """Keep the result; go on to the next item, or end when all are done or enough."""
        host, data = outer.workflow.host, round_.internal_data
        index: int = data["index"]
        host.keep_result(round_.id, outer.id, index, self.multi.result_item)
        enough = self.multi.until and self._is_enough(outer, round_)
        host.drop(round_.id)
        if enough:
            outer.workflow.clear(outer.id)
        elif self.multi.sequential and index + 1 < outer.internal_data["count"]:
            self._begin(outer, index + 1, host.item(outer.id, index + 1))
        if not outer.workflow.inside(outer.id):
            self._collect(outer)
            outer.complete()

    def _items(self, my_task: Task) -> tuple[Value, ...]:
        host, frames = my_task.workflow.host, my_task.internal_data["frames"]
        if self.multi.cardinality:
            return _numbers(host.evaluate(self.multi.cardinality, frames), self.node)
        items = host.evaluate(self.multi.collection, frames)
        if not isinstance(items, tuple):
            raise Stuck(f"“{self.node.name}”的集合“{self.multi.collection}”不是一个列表。", self.node.id)
        return items

    def _begin(self, outer: Task, index: int, item: Value) -> None:
        opened = self._open(outer, index, outer.internal_data["frames"])
        named = {self.multi.item: item} if self.multi.item else {}
        outer.workflow.host.open_iteration(opened, {**named, COUNTER: Decimal(index + 1)})

    def _is_enough(self, outer: Task, round_: Task) -> bool:
        count, active = outer.internal_data["count"], len(outer.workflow.inside(outer.id))
        done = round_.internal_data["index"] + 1 if self.multi.sequential else count - active
        numbers = {"Instances": count, "ActiveInstances": active, "CompletedInstances": done, "TerminatedInstances": 0}
        named = {f"numberOf{name}": Decimal(number) for name, number in numbers.items()}
        # Asked when an instance ends: its item and what it made are still seen.
        frames = round_.internal_data["frames"]
        return bool(outer.workflow.host.is_enough(self.multi.until, outer.id, self.multi.result, named, frames))

    def _collect(self, outer: Task) -> None:
        outer.workflow.host.collect(outer.id, self.multi.result, outer.internal_data["frames"])


def _numbers(cardinality: Value, node: Node) -> tuple[Value, ...]:
    if not isinstance(cardinality, Decimal) or cardinality != cardinality.to_integral_value() or cardinality < 0:
        raise Stuck(f"“{node.name}”的次数没有得出不小于 0 的整数。", node.id)
    if cardinality > LIVE_LIMIT:
        raise Stuck(f"“{node.name}”的次数超过{LIVE_LIMIT}。", node.id)
    return tuple(Decimal(number + 1) for number in range(int(cardinality)))


class LoopStep(RepeatStep):
    """Go round while the condition holds (BPMN 2.0.2, 13.3.6); `loopCounter` is seen inside, all else is shared."""

    def __init__(self, spec: WorkflowSpec, name: str, node: Node) -> None:
        super().__init__(spec, name, node)
        assert node.loop is not None
        self.loop = node.loop

    def _run_hook(self, my_task: Task) -> bool | None:
        if self.loop.before and not self._holds(my_task, 0):
            self._close(my_task)
            return True
        self._begin(my_task, 0)
        return None

    def go_on(self, outer: Task, round_: Task) -> None:
        """Begin another round, or end."""
        done: int = round_.internal_data["index"] + 1
        if (self.loop.maximum and done >= int(self.loop.maximum)) or not self._holds(outer, done):
            self._close(outer)
            outer.complete()
        else:
            self._begin(outer, done)

    def _begin(self, outer: Task, index: int) -> None:
        self._count(outer, index + 1)
        self._open(outer, index, self._frames(outer))

    def _holds(self, outer: Task, done: int) -> bool:
        self._count(outer, done)
        return outer.workflow.host.evaluate(self.loop.condition, self._frames(outer)) is True

    def _count(self, outer: Task, number: int) -> None:
        outer.workflow.host.open_iteration(counter(outer.id), {COUNTER: Decimal(number)})

    def _frames(self, outer: Task) -> tuple[str, ...]:
        return (counter(outer.id), *outer.internal_data["frames"])

    def _close(self, outer: Task) -> None:
        outer.workflow.host.drop(counter(outer.id))
