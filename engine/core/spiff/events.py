"""How events come to the tokens that wait for them, and from where they are thrown to whoever is around."""

from typing import TYPE_CHECKING, NamedTuple

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.core.diagram import Node, Trigger
from engine.core.expressions import ExpressionError, Value
from engine.core.spiff.steps import ContainerStep, HandlerStep
from engine.core.tokens import Change

if TYPE_CHECKING:
    from engine.core.spiff.machine import Machine


class Catch(NamedTuple):
    """Say who takes a thrown event: a boundary event that stands ready, or an event sub-process of a scope."""

    boundary: Task | None
    handler: Node | None = None
    container: str = ""


def is_armed(task: Task) -> bool:
    """Tell whether a token only stands by for an event that starts an event sub-process."""
    return isinstance(task.task_spec, HandlerStep) and task._state == TaskState.WAITING


def catcher(machine: "Machine", thrown: Trigger, container: str, leaving: Node | None = None) -> Catch | None:
    """Find who takes what is thrown in a scope: the event sub-processes in it, then its border, then outward."""
    outer = machine.tasks.get(container)
    if outer is None or isinstance(outer.task_spec, ContainerStep):
        found = _handler(machine, thrown, container, leaving)
        if found is not None:
            return Catch(None, found, container)
    return None if outer is None else catcher_at(machine, thrown, outer)


def catcher_at(machine: "Machine", thrown: Trigger, task: Task) -> Catch | None:
    """Find who takes what comes out of an activity: its border, then the scope around it, then outward."""
    boundaries = [guard for guard in machine.guards(task.id) if _catches(guard.task_spec.node, thrown)]
    # One that names the code comes before one that takes any.
    named = sorted(boundaries, key=lambda guard: not guard.task_spec.node.trigger.name)
    if named:
        return Catch(named[0])
    return catcher(machine, thrown, task.internal_data["container"], task.task_spec.node)


def _catches(node: Node, thrown: Trigger) -> bool:
    return node.trigger is not None and node.trigger.catches(thrown)


def _handler(machine: "Machine", thrown: Trigger, container: str, leaving: Node | None) -> Node | None:
    outer = machine.tasks.get(container)
    scope = outer.task_spec.node.id if outer is not None else ""
    if any(is_running(task) and task.task_spec.node.interrupting for task in machine.inside(container)):
        # An interrupting event sub-process has taken the place of all else in the scope.
        return None
    handlers = machine.program.handlers.get(scope, ())
    # An event sub-process does not take what it throws itself.
    found = [node for node in handlers if node is not leaving and _catches(node, thrown)]
    return min(found, key=lambda node: not (node.trigger and node.trigger.name), default=None)


def is_running(task: Task) -> bool:
    """Tell whether a token is an event sub-process that has started."""
    return isinstance(task.task_spec, HandlerStep) and task._state == TaskState.STARTED


def take(machine: "Machine", catch: Catch) -> None:
    """Let an event that was thrown be caught."""
    if catch.boundary is not None:
        machine.fire(catch.boundary, catch.boundary.task_spec.node.stays)
        return
    assert catch.handler is not None
    outer = machine.tasks.get(catch.container)
    frames = outer.internal_data["frames"] if outer is not None else ()
    machine.fire(machine.put(catch.handler, catch.container, frames))


def throw(machine: "Machine", task: Task) -> None:
    """Bring about what a token's node throws, at the place where the token was."""
    node, data = task.task_spec.node, task.internal_data
    trigger: Trigger = node.trigger
    machine.changes.append(Change("thrown", machine.token(task)))
    if trigger.kind == "signal":
        broadcast(machine, trigger, data["values"])
    elif trigger.kind in ("error", "escalation", "cancel"):
        _escape_or_take(machine, task, catcher(machine, trigger, data["container"]))


def raise_at(machine: "Machine", task: Task, thrown: Trigger) -> bool:
    """Let an error or escalation come out of an activity; tell whether somebody took it, here or above."""
    catch = catcher_at(machine, thrown, task)
    if catch is None and not machine.host.is_called:
        return False
    if catch is not None:
        take(machine, catch)
    else:
        _escape(machine, task, thrown)
    return True


def _escape_or_take(machine: "Machine", task: Task, catch: Catch | None) -> None:
    if catch is not None:
        take(machine, catch)
    else:
        _escape(machine, task, task.task_spec.node.trigger)


def _escape(machine: "Machine", task: Task, thrown: Trigger) -> None:
    """Let what nobody here took go to the instance that called this one; an error ends all that is still here."""
    machine.escaped.append(thrown)
    if thrown.kind == "error":
        machine.clear("")


def is_taken(machine: "Machine", task: Task) -> bool:
    """Tell whether somebody would take what a token throws; what need not be taken is."""
    trigger: Trigger = task.task_spec.node.trigger
    if trigger.kind not in ("error", "cancel"):
        return True
    found = catcher(machine, trigger, task.internal_data["container"]) is not None
    return found or (trigger.kind == "error" and machine.host.is_called)


def broadcast(machine: "Machine", signal: Trigger, values: dict[str, Value]) -> None:
    """Give a signal to everything in this instance that waits for it, what interrupts first."""
    waiting = [
        task
        for task in machine.tasks.values()
        if task._state == TaskState.WAITING and _catches(task.task_spec.node, signal)
    ]
    for task in sorted(waiting, key=lambda task: not _interrupts(task.task_spec.node)):
        if task.id in machine.tasks:
            machine.host.receive(task.task_spec.node, task.internal_data["frames"], values)
            machine.fire(task, task.task_spec.node.stays)


def _interrupts(node: Node) -> bool:
    return node.kind in ("boundary", "handler") and node.interrupting


def look(machine: "Machine") -> None:
    """Fire the conditional events whose condition has turned true since it was last asked."""
    machine.seen = machine.host.changes
    for task in [task for task in machine.tasks.values() if _awaits_condition(task)]:
        if task.id in machine.tasks:
            _ask(machine, task)


def _awaits_condition(task: Task) -> bool:
    return bool(task._state == TaskState.WAITING and task.task_spec.node.event == "condition")


def _ask(machine: "Machine", task: Task) -> None:
    data, node = task.internal_data, task.task_spec.node
    held: bool = data["held"]
    machine.pages.touch(task.id)
    try:
        data["held"] = machine.host.evaluate(node.trigger.condition, data["frames"]) is True
    except ExpressionError as error:
        task._set_state(TaskState.STARTED)
        machine.changes.append(Change("stuck", machine.token(task), str(error)))
        return
    if data["held"] and not held:
        machine.fire(task, node.stays)
