"""Whether the lines of a drawing hold together: references, flows, starts, boundaries, conditions."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.core.diagram import ACTIVITIES, Diagram, Flow, Node
from engine.core.markup import BPMN, Element, Place, elements, fault, own, place, reference, tag_of, text
from engine.core.normalise import caught, scopes
from engine.core.reading import KINDS, REFUSED_NODES, Lane, node_elements, seats
from engine.ground.errors import Fault

_CODE = re.compile(r"[a-z0-9_]+")


def check_structure(process: Element, diagram: Diagram, flows: Mapping[str, Flow]) -> Iterator[Fault]:
    """Name what is wrong with the lines of the drawing; `flows` holds those to nowhere as well."""
    for flow in flows.values():
        yield from _flow(flow, diagram)
    for scope in scopes(diagram):
        yield from _starts(scope, diagram)
    for node in diagram.nodes.values():
        yield from _link(node, diagram)
        yield from _conditions(node, diagram)
    yield from _flow_references(process, flows)
    yield from _lane_references(process)
    yield from _lane_posts(process)


def shown(flow: Flow, diagram: Diagram) -> Flow:
    """Name a flow by its ends where the drawing gives it no name."""
    ends = [diagram.nodes[key].name or key for key in (flow.source, flow.target) if key in diagram.nodes]
    return flow if flow.name else replace(flow, name=" → ".join(ends))


def _flow(flow: Flow, diagram: Diagram) -> Iterator[Fault]:
    at = shown(flow, diagram)
    for key, end, attribute in ((flow.source, "起点", "sourceRef"), (flow.target, "终点", "targetRef")):
        if not key:
            yield fault("FLOW", at, f"连线没有{end}({attribute})。", "请把连线接到环节上，或删去它。")
        elif key not in diagram.nodes:
            yield fault("FLOW", at, f"连线的{end}“{key[:80]}”不存在。", "请把连线接到环节上，或删去它。")
    source, target = diagram.nodes.get(flow.source), diagram.nodes.get(flow.target)
    if source and target:
        yield from _ends(at, source, target)


def _ends(at: Flow, source: Node, target: Node) -> Iterator[Fault]:
    if source.scope != target.scope:
        yield fault("SCOPE", at, "连线穿过了子流程的边框。", "请把连线接到子流程本身，不要接到里面的环节。")
    if source.kind == "end":
        yield fault("FLOW", at, "结束事件之后不能再有连线。", "请删去这条连线。")
    if target.kind in {"start", "boundary"}:
        yield fault("FLOW", at, "连线不能指向开始事件或边界事件。", "请把连线接到环节上。")
    if "handler" in {source.kind, target.kind}:
        yield fault("FLOW", at, "连线不能接事件子流程。", "请删去这条连线：事件发生了它就开始。")


def _starts(scope: str, diagram: Diagram) -> Iterator[Fault]:
    outer = diagram.nodes.get(scope)
    holder = outer or Place(diagram.key, diagram.name, diagram.line)
    starts = [node for node in diagram.children(scope) if node.kind == "start"]
    if not starts and not any(node.kind == "unsupported" for node in diagram.children(scope)):
        where = "事件子流程" if outer and outer.kind == "handler" else "子流程" if outer else "流程"
        yield fault("START", holder, f"{where}没有开始事件。", "请画出一个开始事件。")
    # At the top, each event that creates an instance begins it at its own start.
    for extra in (starts if outer else [node for node in starts if node.trigger is None])[1:]:
        yield fault("START", extra, "这样的开始事件只能有一个。", "请只留一个开始事件，用网关分出几条路。")


def _link(node: Node, diagram: Diagram) -> Iterator[Fault]:
    if node.kind not in {"catch", "throw"} or node.event != "link" or node.trigger is None:
        return
    name, way, throws = node.trigger.name[:80], "出" if node.kind == "throw" else "入", node.kind == "throw"
    drawn = [key for key in (node.outgoing if throws else node.incoming) if key not in diagram.drawn]
    if not name:
        yield fault("LINK", node, "链接事件没有名称。", "请给这一对链接事件填写同样的名称。")
    if drawn:
        yield fault("LINK", node, f"链接事件不能有画{way}的连线。", "请删去连线；同名的一对链接事件本身就是连线。")
    found = caught(node, diagram) if throws else _thrown(node, diagram)
    if not found:
        other = "捕获" if throws else "抛出"
        yield fault("LINK", node, f"同一层里没有名为“{name}”的{other}链接事件。", "请画出另一端，或改成同样的名称。")
    elif throws and len(found) > 1:
        yield fault("LINK", node, f"有 {len(found)} 个名为“{name}”的捕获链接事件。", "请只留一个。")


def _thrown(node: Node, diagram: Diagram) -> list[Node]:
    return [other for other in diagram.children(node.scope) if other.kind == "throw" and node in caught(other, diagram)]


def _conditions(node: Node, diagram: Diagram) -> Iterator[Fault]:
    outgoing = [diagram.flows[key] for key in node.outgoing]
    yield from _default(node, outgoing)
    for flow in outgoing:
        at = shown(flow, diagram)
        if flow.id == node.default and flow.condition is not None:
            yield fault("CONDITION", at, "默认连线不能有条件。", "请删去条件，或另设默认连线。")
        elif node.kind in {"exclusive", "inclusive"}:
            if flow.id != node.default and flow.condition is None and len(outgoing) > 1:
                yield fault("CONDITION", at, "网关之后的连线没有条件。", "请写上条件，或设为默认连线。")
        elif flow.condition is not None and node.kind != "unsupported":
            yield from _condition(node, outgoing, at)


def _default(node: Node, outgoing: list[Flow]) -> Iterator[Fault]:
    if not node.default or node.kind == "unsupported":
        return
    if node.default not in node.outgoing:
        message = f"默认连线“{node.default[:80]}”不是从这里出发的。"
        yield fault("DEFAULT", node, message, "请重新设定默认连线。")
    elif node.kind in ACTIVITIES and len(outgoing) > 1 and not any(flow.condition for flow in outgoing):
        message = "有默认连线，但其他连线都没有条件。"
        yield fault("DEFAULT", node, message, "请给其他连线写上条件，或取消默认。")


def _condition(node: Node, outgoing: list[Flow], at: Flow) -> Iterator[Fault]:
    """Judge a condition on a flow that does not leave a choosing gateway."""
    if node.kind not in ACTIVITIES:
        message = "条件只能写在环节、排他网关或包容网关之后的连线上。"
        yield fault("CONDITION", at, message, "请先画一个排他网关，再写条件。")
    elif len(outgoing) < 2:
        message = "环节之后只有一条连线，不能有条件。"
        yield fault("CONDITION", at, message, "请先画一个排他网关，或画出条件不成立时走的连线。")


def _flow_references(process: Element, flows: Mapping[str, Flow]) -> Iterator[Fault]:
    for element, _ in node_elements(process):
        for side in ("incoming", "outgoing"):
            for inner in elements(element, side):
                flow = flows.get(reference(text(inner)))
                if flow is None or element.get("id") != (flow.target if side == "incoming" else flow.source):
                    message = f"环节所列的连线“{text(inner)[:80]}”不存在，或不接在这里。"
                    yield fault("REFERENCE", place(inner), message, "请重新连线，或用流程编辑器重新保存。")


def _lane_posts(process: Element) -> Iterator[Fault]:
    for element in process.iter(f"{{{BPMN}}}lane"):
        for value, what in ((own(element, "unit"), "单位"), (own(element, "post"), "岗位")):
            if value and not _CODE.fullmatch(value):
                message = f"泳道的{what}“{value[:40]}”不合规。"
                yield fault("LANE", place(element), message, f"请填{what}的编码，由小写字母、数字和下划线组成。")


def _lane_references(process: Element) -> Iterator[Fault]:
    known = {element.get("id") for element in process.iter("*") if tag_of(element) in KINDS.keys() | REFUSED_NODES}
    seen: dict[str, Lane] = {}
    for key, lane in seats(process):
        at = place(lane.path[-1])
        if key not in known:
            message = f"泳道里的环节“{key[:80]}”不存在。"
            yield fault("REFERENCE", at, message, "请用流程编辑器重新保存，或删去这个引用。")
        if key in seen and not lane.is_within(seen[key]) and not seen[key].is_within(lane):
            message = f"环节“{key[:80]}”画在了两个泳道里。"
            yield fault("LANE", at, message, "请让每个环节只在一个泳道里。")
        seen[key] = lane
