"""Say in plain terms what a drawing implies: ids for flows, gateways for implicit splits, one start per scope."""

from collections.abc import Container, Iterable
from dataclasses import replace
from itertools import count

from engine.core.diagram import ENDS, GATEWAYS, Diagram, Flow, Node
from engine.core.reading import connect


def name_flows(flows: Iterable[Flow], taken: Container[str]) -> dict[str, Flow]:
    """Give an id to each flow without one; it depends only on the flow's ends, so a new version keeps it."""
    flows = tuple(flows)
    named = {flow.id: flow for flow in reversed(flows) if flow.id}
    result: dict[str, Flow] = {}
    for flow in flows:
        if not flow.id:
            flow = replace(flow, id=_free(f"flow.{flow.source}.{flow.target}", (taken, named, result)))
        result.setdefault(flow.id, flow)
    return result


def normalise(diagram: Diagram) -> Diagram:
    """Turn a diagram that has no faults into the one that is run."""
    return _split_openly(_start_once(diagram))


def is_split(node: Node) -> bool:
    """Tell whether a node sends out several tokens without a gateway."""
    return len(node.outgoing) > 1 and node.kind not in GATEWAYS | ENDS


def scopes(diagram: Diagram) -> list[str]:
    """List the top and every sub-process."""
    return ["", *(node.id for node in diagram.nodes.values() if node.kind == "subprocess")]


def _start_once(diagram: Diagram) -> Diagram:
    """Take the timer start out of the drawing: it creates instances, and those begin at the plain start."""
    timers = {node.id: node.timer for node in diagram.nodes.values() if node.kind == "start" and node.timer}
    nodes = {key: node for key, node in diagram.nodes.items() if key not in timers}
    form = next(node.attributes.get("form", "") for node in nodes.values() if node.kind == "start" and not node.scope)
    kept = replace(diagram, nodes=nodes, start_form=form, start_timer=next(iter(timers.values()), None))
    return connect(kept, diagram.flows)


def _split_openly(diagram: Diagram) -> Diagram:
    """Insert a parallel gateway after each node that sends out several tokens."""
    nodes, flows, drawn = dict(diagram.nodes), dict(diagram.flows), dict(diagram.drawn)
    for node in filter(is_split, diagram.nodes.values()):
        gateway = _gateway_after(node, (nodes, flows))
        flow = Flow(_free(f"{node.id}.to_split", (nodes, flows)), node.id, gateway.id, line=node.line)
        # A flow keeps its place in the document, so that outgoing flows keep their order.
        flows.update({key: replace(flows[key], source=gateway.id) for key in node.outgoing})
        nodes[gateway.id], flows[flow.id] = gateway, flow
        drawn |= {gateway.id: node.id, flow.id: node.id}
    return connect(replace(diagram, nodes=nodes, drawn=drawn), flows)


def _gateway_after(node: Node, taken: tuple[Container[str], ...]) -> Node:
    return Node(_free(f"{node.id}.split", taken), "parallel", scope=node.scope, line=node.line, lane=node.lane)


def _free(wanted: str, taken: tuple[Container[str], ...]) -> str:
    names = (wanted if number == 1 else f"{wanted}.{number}" for number in count(1))
    return next(name for name in names if not any(name in group for group in taken))
