"""Say in plain terms what a drawing implies: flows for links, ids for all, gateways for splits."""

from collections.abc import Container, Iterable
from dataclasses import replace
from itertools import count

from engine.core.diagram import GATEWAYS, Diagram, Flow, Node
from engine.core.markup import Element
from engine.core.reading import connect, read_flows, read_process


def read_drawing(process: Element) -> tuple[Diagram, dict[str, Flow]]:
    """Read a process with all its flows, those that link events stand for among them."""
    diagram = read_process(process)
    flows = name_flows(read_flows(process), diagram.nodes)
    links = [
        (node, other) for node in diagram.nodes.values() if node.kind == "throw" for other in caught(node, diagram)
    ]
    drawn: dict[str, str] = {}
    for source, target in links:
        flow = Flow(_free(f"link.{source.id}", (diagram.nodes, flows)), source.id, target.id, line=source.line)
        flows[flow.id], drawn[flow.id] = flow, source.id
    return connect(replace(diagram, drawn=drawn), flows), flows


def caught(node: Node, diagram: Diagram) -> list[Node]:
    """Give the events of the same scope at which a thrown link comes out: one, if the drawing is right."""
    if node.event != "link":
        return []
    return [
        other
        for other in diagram.children(node.scope)
        if other.kind == "catch" and other.event == "link" and other.trigger == node.trigger
    ]


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
    """Turn a diagram that has no faults into the one that is run.

    A gateway is inserted after each node that sends out several tokens: one for each flow whose condition holds.
    """
    nodes, flows, drawn = dict(diagram.nodes), dict(diagram.flows), dict(diagram.drawn)
    for node in filter(is_split, diagram.nodes.values()):
        gateway = _gateway_after(node, diagram, (nodes, flows))
        flow = Flow(_free(f"{node.id}.to_split", (nodes, flows)), node.id, gateway.id, line=node.line)
        # A flow keeps its place in the document, so that outgoing flows keep their order.
        flows.update({key: replace(flows[key], source=gateway.id) for key in node.outgoing})
        nodes[node.id], nodes[gateway.id], flows[flow.id] = replace(node, default=""), gateway, flow
        drawn |= {gateway.id: node.id, flow.id: node.id}
    return connect(replace(diagram, nodes=nodes, drawn=drawn), flows)


def is_split(node: Node) -> bool:
    """Tell whether a node sends out several tokens without a gateway."""
    return len(node.outgoing) > 1 and node.kind not in GATEWAYS and node.kind != "end"


def scopes(diagram: Diagram) -> list[str]:
    """List the top and every sub-process."""
    return ["", *(node.id for node in diagram.nodes.values() if node.kind in {"subprocess", "handler"})]


def _gateway_after(node: Node, diagram: Diagram, taken: tuple[Container[str], ...]) -> Node:
    return Node(
        _free(f"{node.id}.split", taken),
        "inclusive" if any(diagram.flows[key].condition for key in node.outgoing) else "parallel",
        name=node.name,
        scope=node.scope,
        line=node.line,
        lane=node.lane,
        default=node.default,
    )


def _free(wanted: str, taken: tuple[Container[str], ...]) -> str:
    names = (wanted if number == 1 else f"{wanted}.{number}" for number in count(1))
    return next(name for name in names if not any(name in group for group in taken))
