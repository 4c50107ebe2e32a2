"""From the elements of a process to a Diagram, as drawn."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from engine.core.diagram import Diagram, EventKind, Flow, Kind, Loop, Multi, Node, Timer, TimerKind, Trigger
from engine.core.elements import SHAPES
from engine.core.markup import (
    SUIXU,
    Element,
    child,
    elements,
    is_true,
    line_of,
    own,
    reference,
    tag_of,
    text,
)

KINDS: Mapping[str, Kind] = {
    "startEvent": "start",
    "endEvent": "end",
    "intermediateCatchEvent": "catch",
    "intermediateThrowEvent": "throw",
    "boundaryEvent": "boundary",
    "task": "plain",
    "userTask": "user",
    "manualTask": "manual",
    "scriptTask": "script",
    "businessRuleTask": "rule",
    "serviceTask": "service",
    "sendTask": "send",
    "receiveTask": "receive",
    "callActivity": "call",
    "subProcess": "subprocess",
    "transaction": "subprocess",
    "exclusiveGateway": "exclusive",
    "parallelGateway": "parallel",
    "inclusiveGateway": "inclusive",
    "eventBasedGateway": "event_based",
}
SCOPES = frozenset({"subProcess", "transaction"})
# Flow nodes that are refused; their neighbours are judged as if they could be passed.
REFUSED_NODES = frozenset(
    {
        "complexGateway",
        "implicitThrowEvent",
        "event",
        "adHocSubProcess",
        "callChoreography",
        "choreographyTask",
        "subChoreography",
    }
)
REFERENCE = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
TIMERS: Mapping[str, TimerKind] = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
EVENTS: Mapping[str, EventKind] = {
    "timerEventDefinition": "timer",
    "messageEventDefinition": "message",
    "signalEventDefinition": "signal",
    "conditionalEventDefinition": "condition",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "cancelEventDefinition": "cancel",
    "linkEventDefinition": "link",
    "terminateEventDefinition": "terminate",
}
REFERRED: Mapping[EventKind, tuple[str, str, str]] = {
    "message": ("messageRef", "message", "name"),
    "signal": ("signalRef", "signal", "name"),
    "error": ("errorRef", "error", "errorCode"),
    "escalation": ("escalationRef", "escalation", "escalationCode"),
}
"""Of each kind of event: the attribute that names its definition, the definition's element, and what is said there."""

Roots: TypeAlias = Mapping[str, Element]


class Lane(NamedTuple):
    """A lane, with what it inherits from the lane around it."""

    name: str = ""
    unit: str = ""
    post: str = ""
    path: tuple[Element, ...] = ()

    def is_within(self, other: "Lane") -> bool:
        """Tell whether this lane is the other or drawn inside it."""
        return self.path[: len(other.path)] == other.path


def read_process(process: Element) -> Diagram:
    """Read the process as drawn; its flows are still to be connected."""
    nodes: dict[str, Node] = {}
    roots = roots_of(process)
    for element, scope in node_elements(process):
        nodes.setdefault(element.get("id", ""), _node(element, scope, roots))
    lanes = {key: lane for key, lane in seats(process) if key in nodes}
    return Diagram(
        key=process.get("id", ""),
        name=_name(process),
        documentation=_documentation(process),
        title=own(process, "title"),
        business_key=own(process, "businessKey"),
        starters=tuple(own(process, "starters").split()),
        inputs=tuple(own(process, "inputs").split()),
        nodes={key: _seated(node, nodes, lanes) for key, node in nodes.items()},
        line=line_of(process),
    )


def read_flows(scope: Element) -> Iterator[Flow]:
    """Read the sequence flows of a process and of its sub-processes, in document order."""
    for element in elements(scope):
        if tag_of(element) == "sequenceFlow":
            yield _flow(element)
        elif tag_of(element) in SCOPES:
            yield from read_flows(element)


def connect(diagram: Diagram, flows: Mapping[str, Flow]) -> Diagram:
    """Give each node its incoming and outgoing flows; a flow whose ends are not both there is left out."""
    kept = {key: flow for key, flow in flows.items() if flow.source in diagram.nodes and flow.target in diagram.nodes}
    incoming: dict[str, list[str]] = {key: [] for key in diagram.nodes}
    outgoing: dict[str, list[str]] = {key: [] for key in diagram.nodes}
    for flow in kept.values():
        outgoing[flow.source].append(flow.id)
        incoming[flow.target].append(flow.id)
    nodes = {
        key: replace(node, incoming=tuple(incoming[key]), outgoing=tuple(outgoing[key]))
        for key, node in diagram.nodes.items()
    }
    return replace(diagram, nodes=nodes, flows=kept)


def node_elements(scope: Element, scope_id: str = "") -> Iterator[tuple[Element, str]]:
    """Walk the flow nodes of a process and of its sub-processes, each with the sub-process around it."""
    for element in elements(scope):
        tag, key = tag_of(element), element.get("id", "")
        if key and (tag in KINDS or tag in REFUSED_NODES):
            yield element, scope_id
        if key and tag in SCOPES:
            yield from node_elements(element, key)


def roots_of(process: Element) -> Roots:
    """Give what the file defines beside the process, by id: messages, signals, errors, escalations, events."""
    root = process.getparent()
    return {} if root is None else {element.get("id", ""): element for element in reversed(list(elements(root)))}


def event_definitions(element: Element, roots: Roots) -> list[Element]:
    """List an element's event definitions, those that it only refers to among them."""
    found = []
    for inner in elements(element):
        tag = tag_of(inner)
        target = roots.get(reference(text(inner))) if tag == "eventDefinitionRef" else inner
        if target is not None and tag_of(target).endswith("EventDefinition"):
            found.append(target)
    return found


def _node(element: Element, scope: str, roots: Roots) -> Node:
    kind, event = _kind(element, roots), _event_of(element)
    return Node(
        id=element.get("id", ""),
        kind=kind,
        name=_name(element),
        documentation=_documentation(element),
        scope=scope,
        line=line_of(element),
        attributes=_attributes(element),
        default=element.get("default", "").strip(),
        script=text(child(element, "script")),
        trigger=_trigger(event, roots),
        multi=_multi(element),
        loop=_loop(element),
        called=reference(element.get("calledElement", "")),
        inputs=tuple(_mappings(element, "in")),
        outputs=tuple(_mappings(event, "out")),
        attached_to=reference(element.get("attachedToRef", "")),
        interrupting=is_true(event.get("isInterrupting" if kind == "handler" else "cancelActivity", "true")),
        transaction=tag_of(element) == "transaction",
    )


def _event_of(element: Element) -> Element:
    """Give the element that holds the event: for an event sub-process its start event."""
    if tag_of(element) in SCOPES and is_true(element.get("triggeredByEvent", "")):
        start = child(element, "startEvent")
        return element if start is None else start
    return element


def _kind(element: Element, roots: Roots) -> Kind:
    """Name the kind; one that claims what is refused counts as unsupported, so that only the claim is named."""
    tag = tag_of(element)
    definitions = {tag_of(inner) for inner in event_definitions(element, roots)}
    known = SHAPES[tag].children if tag in SHAPES else frozenset()
    claims = (element.get("isForCompensation", ""), element.get("instantiate", ""))
    if tag in REFUSED_NODES or definitions - known or any(is_true(claim) for claim in claims):
        return "unsupported"
    if tag in SCOPES and is_true(element.get("triggeredByEvent", "")):
        return "handler"
    return KINDS[tag]


def _name(element: Element) -> str:
    return " ".join(element.get("name", "").split())


def _documentation(element: Element) -> str:
    return "\n".join(text(inner) for inner in elements(element, "documentation"))


def _attributes(element: Element) -> dict[str, str]:
    mark = f"{{{SUIXU}}}"
    return {
        str(key).removeprefix(mark): str(value).strip()
        for key, value in element.items()
        if str(key)[: len(mark)] == mark
    }


def _trigger(element: Element, roots: Roots) -> Trigger | None:
    if tag_of(element) in {"sendTask", "receiveTask"}:
        return _named("message", element, roots)
    found = (inner for inner in event_definitions(element, roots) if tag_of(inner) in EVENTS)
    definition = next(found, None)
    if definition is None:
        return None
    kind = EVENTS[tag_of(definition)]
    if kind in REFERRED:
        return _named(kind, definition, roots)
    timer = _timer(definition) if kind == "timer" else None
    return Trigger(kind, _name(definition), timer=timer, condition=text(child(definition, "condition")))


def _named(kind: EventKind, holder: Element, roots: Roots) -> Trigger:
    attribute, tag, said = REFERRED[kind]
    key = reference(holder.get(attribute, ""))
    target = roots.get(key)
    known = target is not None and tag_of(target) == tag
    return Trigger(kind, " ".join(target.get(said, "").split()) if target is not None and known else "", key)


def _timer(definition: Element) -> Timer:
    times = (Timer(TIMERS[tag_of(inner)], text(inner)) for inner in elements(definition) if tag_of(inner) in TIMERS)
    return next(times, Timer("cycle", ""))


def _multi(element: Element) -> Multi | None:
    multi = child(element, "multiInstanceLoopCharacteristics")
    if multi is None:
        return None
    return Multi(
        collection=own(multi, "collection"),
        cardinality=text(child(multi, "loopCardinality")),
        item=own(multi, "item"),
        result=own(multi, "result"),
        result_item=own(multi, "resultItem"),
        until=text(child(multi, "completionCondition")),
        sequential=is_true(multi.get("isSequential", "")),
    )


def _loop(element: Element) -> Loop | None:
    loop = child(element, "standardLoopCharacteristics")
    if loop is None:
        return None
    before = is_true(loop.get("testBefore", ""))
    return Loop(text(child(loop, "loopCondition")), before, loop.get("loopMaximum", "").strip())


def _mappings(element: Element, name: str) -> Iterator[tuple[str, str]]:
    for extension in elements(element, "extensionElements"):
        for inner in extension.iterchildren(f"{{{SUIXU}}}{name}"):
            yield inner.get("source", "").strip(), inner.get("target", "").strip()


def _flow(element: Element) -> Flow:
    condition = child(element, "conditionExpression")
    return Flow(
        id=element.get("id", ""),
        source=element.get("sourceRef", "").strip(),
        target=element.get("targetRef", "").strip(),
        name=_name(element),
        condition=None if condition is None else text(condition),
        line=line_of(element),
    )


def seats(scope: Element, around: Lane | None = None) -> Iterator[tuple[str, Lane]]:
    """Tell which lane each node is drawn in; of nested lanes the innermost comes last."""
    for element in elements(scope):
        if tag_of(element) in {"laneSet", "childLaneSet"}:
            for lane in elements(element, "lane"):
                yield from _lane_seats(lane, around or Lane())
        elif tag_of(element) in SCOPES:
            yield from seats(element)


def _lane_seats(element: Element, around: Lane) -> Iterator[tuple[str, Lane]]:
    unit, post = own(element, "unit") or around.unit, own(element, "post") or around.post
    lane = Lane(_name(element) or around.name, unit, post, (*around.path, element))
    for inner in elements(element, "flowNodeRef"):
        yield text(inner), lane
    yield from seats(element, lane)


def _seated(node: Node, nodes: Mapping[str, Node], lanes: Mapping[str, Lane]) -> Node:
    lane = _lane_of(node, nodes, lanes)
    attributes = dict(node.attributes)
    seat = f"{lane.unit or 'own'}.{lane.post}"
    if node.kind == "user" and not attributes.get("assignment") and REFERENCE.fullmatch(seat):
        attributes["assignment"] = seat
    return replace(node, lane=lane.name, attributes=attributes)


def _lane_of(node: Node, nodes: Mapping[str, Node], lanes: Mapping[str, Lane]) -> Lane:
    """Find the lane; what stands on an activity's border or in a sub-process stands where that stands."""
    around = [node.id, node.attached_to]
    # A scope's own element comes before what is in it, so that even doubled ids make no circle here.
    while node.scope in nodes:
        node = nodes[node.scope]
        around.append(node.id)
    return next((lanes[key] for key in around if key in lanes), Lane())
