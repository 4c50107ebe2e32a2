"""What a token does at each kind of node."""

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.core.diagram import Node
from engine.core.tokens import LIVE_LIMIT
from engine.ground.errors import Stuck


class Step(BpmnTaskSpec):  # type: ignore[misc]  # SpiffWorkflow carries no types
    """Pass a token through a node and on along every outgoing flow."""

    def __init__(self, spec: WorkflowSpec, name: str, node: Node) -> None:
        super().__init__(spec, name, inputs=[], outputs=[], data={}, defines={}, pre_assign=[], post_assign=[])
        self.node = node

    def _update_hook(self, my_task: Task) -> bool:
        return True

    def _on_ready(self, my_task: Task) -> None:
        my_task.workflow.ready.append(my_task)

    def _run_hook(self, my_task: Task) -> bool | None:
        return True

    def _on_complete(self, my_task: Task) -> None:
        my_task.workflow.leave(my_task, self._outgoing(my_task))

    def _on_cancel(self, my_task: Task) -> None:
        my_task.workflow.forget(my_task, "cancelled")

    def _on_error_hook(self, my_task: Task) -> None:
        """Leave an error to the machine, which makes the token wait where it is."""

    def _outgoing(self, my_task: Task) -> tuple[str, ...]:
        return () if my_task.internal_data["iterating"] else self.node.outgoing


class PersonStep(Step):
    """Stay ready until a person has done it."""

    def _on_ready(self, my_task: Task) -> None:
        """Do not queue: a person completes it."""


class OutsideStep(Step):
    """Start work outside (a function, a child instance) and stay started until it is closed."""

    def _run_hook(self, my_task: Task) -> bool | None:
        return None


class WaitStep(Step):
    """Wait until a job fires it."""

    def _update_hook(self, my_task: Task) -> bool:
        my_task._set_state(TaskState.WAITING)
        return False


class ScriptStep(Step):
    """Run assignments."""

    def _run_hook(self, my_task: Task) -> bool | None:
        my_task.workflow.host.assign(self.node.script, my_task.internal_data["frames"])
        return True


class ChoiceStep(Step):
    """Take the first flow whose condition is true, else the default (BPMN 2.0.2, 13.4.2)."""

    def _run_hook(self, my_task: Task) -> bool | None:
        my_task.internal_data["chosen"] = self._choose(my_task)
        return True

    def _choose(self, my_task: Task) -> str:
        workflow, frames = my_task.workflow, my_task.internal_data["frames"]
        only = workflow.diagram.flows[self.node.outgoing[0]]
        if len(self.node.outgoing) == 1 and not only.condition:
            return str(only.id)
        for flow in (workflow.diagram.flows[name] for name in self.node.outgoing if name != self.node.default):
            if flow.condition and workflow.host.evaluate(flow.condition, frames) is True:
                return str(flow.id)
        if not self.node.default:
            raise Stuck(f"“{self.node.name}”的各个分支条件都不成立，又没有默认分支。", self.node.id)
        return self.node.default

    def _outgoing(self, my_task: Task) -> tuple[str, ...]:
        return (my_task.internal_data["chosen"],)


class JoinStep(Step):
    """Take one token from every incoming flow, then go on along all outgoing ones (BPMN 2.0.2, 13.4.1)."""

    def _update_hook(self, my_task: Task) -> bool:
        my_task._set_state(TaskState.WAITING)
        waiting: dict[str, Task] = {}
        for task in my_task.workflow.at(self, my_task.internal_data["container"]):
            waiting.setdefault(task.internal_data["via"], task)
        if set(waiting) != set(self.node.incoming):
            return False
        for task in waiting.values():
            if task is not my_task:
                my_task.workflow.forget(task, "completed")
                task._set_state(TaskState.COMPLETED)
        return True


class TerminateStep(Step):
    """End the scope around it at once."""

    def _run_hook(self, my_task: Task) -> bool | None:
        my_task.workflow.clear(my_task.internal_data["container"], but=my_task)
        return True


class ContainerStep(Step):
    """Open a sub-process."""

    def _run_hook(self, my_task: Task) -> bool | None:
        start = my_task.workflow.diagram.start(self.node.id)
        my_task.workflow.place(start, my_task.id, my_task.internal_data["frames"])
        return None


class ManyStep(Step):
    """Open one iteration for each item of a collection, all at once (BPMN 2.0.2, 13.3.7)."""

    def _run_hook(self, my_task: Task) -> bool | None:
        workflow, frames = my_task.workflow, my_task.internal_data["frames"]
        assert self.node.multi is not None
        items = workflow.host.evaluate(self.node.multi.collection, frames)
        if not isinstance(items, tuple):
            raise Stuck(f"“{self.node.name}”的集合“{self.node.multi.collection}”不是一个列表。", self.node.id)
        my_task.internal_data["count"] = len(items)
        if len(items) + len(workflow.tasks) > LIVE_LIMIT:
            raise Stuck(f"“{self.node.name}”的集合有{len(items)}项，同时进行的环节会超过{LIVE_LIMIT}个。", self.node.id)
        if not items:
            workflow.collect(my_task)
            return True
        for index, item in enumerate(items):
            workflow.iterate(my_task, self.node, index, item)
        return None


STEPS: dict[str, type[Step]] = {
    "start": Step,
    "end": Step,
    "terminate": TerminateStep,
    "user": PersonStep,
    "script": ScriptStep,
    "service": OutsideStep,
    "call": OutsideStep,
    "exclusive": ChoiceStep,
    "parallel": JoinStep,
    "timer": WaitStep,
    "boundary": WaitStep,
    "subprocess": ContainerStep,
}
