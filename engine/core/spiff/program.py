"""Hold a diagram as Spiff's specs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.specs import WorkflowSpec

from engine.core.diagram import Diagram, Node
from engine.core.spiff.joins import ways_to
from engine.core.spiff.repeats import LoopStep, ManyStep
from engine.core.spiff.steps import step_of

ITERATION = "#"
"""Marks the spec of one round of an activity that is carried out several times."""


@dataclass(frozen=True)
class Program:
    """Hold a diagram as Spiff's specs: made once for a version, never changed afterwards.

    `joins` says of each inclusive gateway that joins, for each of its incoming flows, from which nodes a token can
    come along it without passing the gateway; `handlers` are the event sub-processes of each scope, `boundaries` the
    events on the border of each activity; `asks` whether any event waits for a condition.
    """

    diagram: Diagram
    spec: WorkflowSpec
    joins: Mapping[str, Mapping[str, frozenset[str]]]
    handlers: Mapping[str, tuple[Node, ...]]
    boundaries: Mapping[str, tuple[Node, ...]]
    asks: bool

    def snapshot(self) -> str:
        """Describe the spec, so that a test can prove that running does not change it."""
        return json.dumps(
            {name: [type(spec).__name__, sorted(_plain(vars(spec)))] for name, spec in self.spec.task_specs.items()}
        )


def _plain(values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if name not in ("_wf_spec", "node") and not name.endswith("_event"):
            yield f"{name}={value!r}"


def compile_program(diagram: Diagram) -> Program:
    """Turn a checked diagram into specs."""
    spec = WorkflowSpec(name=diagram.key)
    spec.task_specs.clear()
    for node in diagram.nodes.values():
        if node.repeats:
            (ManyStep if node.multi else LoopStep)(spec, node.id, node)
        step_of(node)(spec, node.id + ITERATION * node.repeats, node)
    nodes = diagram.nodes.values()
    inclusive = (node for node in nodes if node.kind == "inclusive" and len(node.incoming) > 1)
    return Program(
        diagram,
        spec,
        {node.id: ways_to(node, diagram) for node in inclusive},
        _grouped((node.scope, node) for node in nodes if node.kind == "handler"),
        _grouped((node.attached_to, node) for node in nodes if node.kind == "boundary"),
        any(node.event == "condition" for node in nodes),
    )


def _grouped(pairs: Iterable[tuple[str, Node]]) -> dict[str, tuple[Node, ...]]:
    found: dict[str, tuple[Node, ...]] = {}
    for key, node in pairs:
        found[key] = (*found.get(key, ()), node)
    return found
