"""When a gateway that joins several flows lets a token go on."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.core.diagram import AWAITED, Diagram, Kind, Node

if TYPE_CHECKING:
    from engine.core.spiff.machine import Machine

_BESIDE: tuple[Kind, ...] = ("boundary", "handler")
_JOINS: Mapping[Kind, int] = {"parallel": 1, "inclusive": 2}
"""Who waits at a join waits for others: of those it is told first."""


def meet(machine: "Machine", waiting: Iterable[Task], goes_on: Task) -> None:
    """Take the tokens that met into the one that goes on."""
    for task in waiting:
        if task is not goes_on:
            machine.forget(task, "completed")
            task._set_state(TaskState.COMPLETED)


def first_by_flow(tasks: Iterable[Task]) -> dict[str, Task]:
    """Give, of the tokens that wait at a join, the oldest on each flow."""
    found: dict[str, Task] = {}
    for task in tasks:
        found.setdefault(task.internal_data["via"], task)
    return found


def ways_to(join: Node, diagram: Diagram) -> Mapping[str, frozenset[str]]:
    """Say of each flow into a join from which nodes a token can come along it without passing the join.

    A path may lead over the border of an activity, by one of its boundary events.
    """
    return {name: frozenset(_sources(diagram.flows[name].source, join, diagram)) for name in join.incoming}


def _sources(last: str, join: Node, diagram: Diagram) -> set[str]:
    found: set[str] = set()
    waiting = [last]
    while waiting:
        key = waiting.pop()
        if key in found or key == join.id:
            continue
        found.add(key)
        node = diagram.nodes[key]
        waiting += [diagram.flows[name].source for name in node.incoming]
        waiting += [node.attached_to] if node.attached_to else []
    return found


def release(machine: "Machine") -> bool:
    """Let go on what waits at inclusive gateways and need wait no longer; tell whether there was any."""
    released = False
    for name, ways in machine.program.joins.items():
        spec = machine.spec.task_specs[name]
        scopes = dict.fromkeys(
            task.internal_data["container"]
            for task in machine.tasks.values()
            if task.task_spec is spec and task._state == TaskState.WAITING
        )
        for container in scopes:
            waiting = first_by_flow(machine.at(spec, container))
            if not _may_come(machine.inside(container), set(waiting), ways):
                first = next(iter(waiting.values()))
                meet(machine, waiting.values(), first)
                # Those that met are gone: should it get stuck now, it need not wait for them again.
                first.internal_data["held"] = True
                first._ready()
                released = True
    return released


def _may_come(tasks: Iterable[Task], filled: set[str], ways: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether a token may still come along a flow that has none (BPMN 2.0.2, 13.4.3).

    One that can as well come along a flow that has a token is not waited for. A boundary event is no token: what may
    come by it is looked for from its activity.
    """
    held = {task.task_spec.node.id for task in tasks if not task.task_spec.node.attached_to}
    lacking = frozenset[str]().union(*(ways[name] for name in ways if name not in filled))
    having = frozenset[str]().union(*(ways[name] for name in filled))
    return bool(held & lacking - having)


def starved(machine: "Machine") -> Task | None:
    """Give a token that waits for what nothing in the instance can bring any more, the one that lacks most plainly.

    Where only joins and conditions wait no variable changes any more, so no condition turns true either; inclusive
    gateways may even wait for each other in a ring, as the standard has it (BPMN 2.0.2, 13.4.3).
    """
    waits: list[Task] = []
    for task in machine.tasks.values():
        node = task.task_spec.node
        if machine.surrounds(task) or (
            node.kind in _BESIDE and (node.event not in AWAITED or node.event == "condition")
        ):
            # It stands around others, or takes what they throw or change: what they do counts.
            continue
        if (node.kind not in _JOINS and node.event != "condition") or task._state != TaskState.WAITING:
            return None
        waits.append(task)
    return min(waits, key=lambda task: _JOINS.get(task.task_spec.node.kind, 0), default=None)


def lack(machine: "Machine", task: Task) -> str:
    """Say what a starved token lacks."""
    node, diagram = task.task_spec.node, machine.diagram
    if node.event == "condition":
        condition = f"“{node.name or node.id}”等的条件“{node.trigger.condition}”没有成立"
        return f"{condition}，这个事项里已经没有什么会使它成立。请撤销事项，并修改流程图。"
    came = first_by_flow(machine.at(task.task_spec, task.internal_data["container"]))
    sources = [diagram.nodes[diagram.flows[name].source] for name in node.incoming if name not in came]
    names = "、".join(dict.fromkeys(f"“{source.name or source.id}”" for source in sources))
    join = f"汇合网关“{node.name or node.id}”还缺从{names}来的一路"
    return f"{join}，这个事项里已经没有什么会从那里来。请撤销事项，并修改流程图。"
