"""What a token does at each kind of node."""

from collections.abc import Iterator, Mapping
from itertools import islice, product

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.core.diagram import EventKind, Kind, Node
from engine.core.spiff.joins import first_by_flow, meet
from engine.core.tokens import Change
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
    """Wait for an event."""

    def _update_hook(self, my_task: Task) -> bool:
        my_task._set_state(TaskState.WAITING)
        return False


class ScriptStep(Step):
    """Run assignments."""

    def _run_hook(self, my_task: Task) -> bool | None:
        my_task.workflow.host.assign(self.node.script, my_task.internal_data["frames"])
        return True


class RuleStep(Step):
    """Ask a decision table, and tell which rules answered."""

    def _run_hook(self, my_task: Task) -> bool | None:
        workflow = my_task.workflow
        told = workflow.host.decide(self.node, my_task.internal_data["frames"])
        workflow.changes.append(Change("decided", workflow.token(my_task), told=told))
        return True


class ChoiceStep(Step):
    """Take the first flow whose condition is true, else the default (BPMN 2.0.2, 13.4.2)."""

    def _run_hook(self, my_task: Task) -> bool | None:
        my_task.internal_data["chosen"] = self._choose(my_task)
        return True

    def _choose(self, my_task: Task) -> tuple[str, ...]:
        if len(self.node.outgoing) == 1 and not my_task.workflow.diagram.flows[self.node.outgoing[0]].condition:
            return self.node.outgoing
        return tuple(islice(self._true(my_task), 1)) or self._otherwise()

    def _true(self, my_task: Task) -> Iterator[str]:
        workflow, frames = my_task.workflow, my_task.internal_data["frames"]
        for flow in (workflow.diagram.flows[name] for name in self.node.outgoing if name != self.node.default):
            if flow.condition and workflow.host.evaluate(flow.condition, frames) is True:
                yield flow.id

    def _otherwise(self) -> tuple[str, ...]:
        if not self.node.default:
            raise Stuck(f"“{self.node.name}”的各个分支条件都不成立，又没有默认分支。", self.node.id)
        return (self.node.default,)

    def _outgoing(self, my_task: Task) -> tuple[str, ...]:
        chosen: tuple[str, ...] = my_task.internal_data["chosen"]
        return chosen


class InclusiveStep(ChoiceStep):
    """Wait while another token may still come, then take every flow whose condition is true (BPMN 2.0.2, 13.4.3).

    A flow without a condition, which only an activity may have beside conditional ones, is always taken.
    """

    def _update_hook(self, my_task: Task) -> bool:
        if len(self.node.incoming) < 2:
            return True
        my_task._set_state(TaskState.WAITING)
        return False

    def _choose(self, my_task: Task) -> tuple[str, ...]:
        flows = [my_task.workflow.diagram.flows[name] for name in self.node.outgoing]
        always = {flow.id for flow in flows if flow.condition is None and flow.id != self.node.default}
        chosen = set(self._true(my_task))
        if not chosen and (self.node.default or not always):
            chosen = set(self._otherwise())
        return tuple(flow.id for flow in flows if flow.id in chosen | always)


class JoinStep(Step):
    """Take one token from every incoming flow, then go on along all outgoing ones (BPMN 2.0.2, 13.4.1)."""

    def _update_hook(self, my_task: Task) -> bool:
        my_task._set_state(TaskState.WAITING)
        workflow = my_task.workflow
        waiting = first_by_flow(workflow.at(self, my_task.internal_data["container"]))
        if set(waiting) != set(self.node.incoming):
            return False
        meet(workflow, waiting.values(), my_task)
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
        my_task.workflow.open(start, my_task.id, my_task.internal_data["frames"])
        return None


class HandlerStep(WaitStep, ContainerStep):
    """Stand by for an event, then open the event sub-process; one that interrupts ends all else in its scope."""

    def _run_hook(self, my_task: Task) -> bool | None:
        if self.node.interrupting:
            my_task.workflow.clear(my_task.internal_data["container"], but=my_task)
        my_task.workflow.changes.append(Change("started", my_task.workflow.token(my_task)))
        return ContainerStep._run_hook(self, my_task)


class ThrowStep(Step):
    """Throw an event, then go on unless what caught it interrupts."""

    def _run_hook(self, my_task: Task) -> bool | None:
        workflow, data = my_task.workflow, my_task.internal_data
        if not workflow.is_taken(my_task):
            code = self.node.trigger.name if self.node.trigger else ""
            message = f"“{self.node.name or self.node.id}”抛出了错误“{code}”，没有环节处理它。"
            raise Stuck(message, self.node.id)
        if self.node.event in ("message", "signal"):
            data["values"] = workflow.host.throw(self.node, data["frames"])
        return True


class RaceStep(Step):
    """Wait for the first of several events (event-based gateway; BPMN 2.0.2, 13.4.4)."""

    def _run_hook(self, my_task: Task) -> bool | None:
        workflow, data = my_task.workflow, my_task.internal_data
        for name in self.node.outgoing:
            target = workflow.diagram.nodes[workflow.diagram.flows[name].target]
            workflow.put(target, data["container"], data["frames"], via=name, race=my_task.id)
        return True

    def _outgoing(self, my_task: Task) -> tuple[str, ...]:
        return ()


_BY_KIND: Mapping[Kind, type[Step]] = {
    "catch": WaitStep,
    "boundary": WaitStep,
    "user": PersonStep,
    "script": ScriptStep,
    "rule": RuleStep,
    "service": OutsideStep,
    "send": ThrowStep,
    "receive": WaitStep,
    "call": OutsideStep,
    "subprocess": ContainerStep,
    "handler": HandlerStep,
    "exclusive": ChoiceStep,
    "parallel": JoinStep,
    "inclusive": InclusiveStep,
    "event_based": RaceStep,
}
_THROWING: tuple[Kind, ...] = ("throw", "end")
_THROWN: tuple[EventKind, ...] = ("message", "signal", "error", "escalation", "cancel")
_BY_EVENT: Mapping[tuple[Kind, EventKind | None], type[Step]] = {
    ("end", "terminate"): TerminateStep,
    **{(kind, event): ThrowStep for kind, event in product(_THROWING, _THROWN)},
    ("catch", "link"): Step,
}


def step_of(node: Node) -> type[Step]:
    """Say what a token does at a node; what is not listed is passed."""
    return _BY_EVENT.get((node.kind, node.event)) or _BY_KIND.get(node.kind, Step)
