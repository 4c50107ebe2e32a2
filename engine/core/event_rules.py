"""Whether the events of a drawing can happen where they stand, and whether somebody can bring them about."""

import re
from collections.abc import Iterator, Mapping

from engine.core.diagram import AWAITED, Diagram, EventKind, Kind, Node, Trigger
from engine.core.expressions import ExpressionError, parse
from engine.core.markup import Element, elements, fault, place, reference, tag_of, text
from engine.core.reading import REFERRED, TIMERS, Roots, event_definitions, node_elements, roots_of
from engine.ground.errors import Fault

WORDS: Mapping[EventKind, str] = {
    "timer": "定时",
    "message": "消息",
    "signal": "信号",
    "condition": "条件",
    "error": "错误",
    "escalation": "升级",
    "cancel": "取消",
    "link": "链接",
    "terminate": "终止",
}
_CAUGHT: frozenset[EventKind | None] = frozenset({*AWAITED, "error", "escalation"})
ALLOWED: Mapping[str, frozenset[EventKind | None]] = {
    "流程的开始": frozenset({None, "timer", "message", "signal"}),
    "子流程的开始": frozenset({None}),
    "事件子流程的开始": _CAUGHT,
    "结束": frozenset({None, "message", "signal", "error", "escalation", "cancel", "terminate"}),
    "中间捕获": frozenset({*AWAITED, "link"}),
    "中间抛出": frozenset({None, "message", "signal", "escalation", "link"}),
    "边界": _CAUGHT | {"cancel"},
    "发送任务": frozenset({"message"}),
    "接收任务": frozenset({"message"}),
}
_MAX = 200
# Names are what they are: other engines work out a part of them, and would meet others than ours.
_FORMULA = re.compile(r"[$#]\{|^=")
_CLOCK = frozenset({"today", "now"})
_PLACES: Mapping[Kind, str] = {
    "end": "结束",
    "catch": "中间捕获",
    "throw": "中间抛出",
    "boundary": "边界",
    "send": "发送任务",
    "receive": "接收任务",
}
# What is over at once cannot be overtaken by anything: an event on its border would never happen.
_WAITING: frozenset[Kind] = frozenset({"user", "service", "receive", "call", "subprocess"})
_HOSTS: Mapping[EventKind, frozenset[Kind]] = {
    "error": frozenset({"service", "call", "subprocess"}),
    "escalation": frozenset({"call", "subprocess"}),
    "cancel": frozenset({"subprocess"}),
}


def check_events(process: Element, diagram: Diagram) -> Iterator[Fault]:
    """Name the events that cannot be where they are, that nothing throws, and that name nothing."""
    roots = roots_of(process)
    for element, _ in node_elements(process):
        yield from _definitions(element, roots)
    for node in diagram.nodes.values():
        if node.kind != "unsupported":
            yield from _place(node, diagram)
            yield from _name(node, roots)
            yield from _boundary(node, diagram)
            yield from _handler(node, diagram)
            yield from _cancel(node, diagram)
            yield from _race(node, diagram)
            yield from _carried(node)
            yield from _clocked(node)
    yield from _twice(diagram)


def _definitions(element: Element, roots: Roots) -> Iterator[Fault]:
    for inner in elements(element, "eventDefinitionRef"):
        target = roots.get(reference(text(inner)))
        if target is None or not tag_of(target).endswith("EventDefinition"):
            message = f"引用的事件定义“{text(inner)[:80]}”不存在。"
            yield fault("REFERENCE", place(inner), message, "请改成已有的事件定义，或直接写在事件里。")
    for definition in event_definitions(element, roots):
        if sum(tag_of(inner) in TIMERS for inner in elements(definition)) > 1:
            remedy = "日期(timeDate)、时长(timeDuration)、周期(timeCycle)请只留一种。"
            yield fault("TIMER", place(element), "一个定时写了几种时间。", remedy)
    if len(event_definitions(element, roots)) > 1:
        yield fault("EVENT", place(element), "一个事件同时写了几种事件定义。", "请只留一种，其余的另画事件。")


def _place(node: Node, diagram: Diagram) -> Iterator[Fault]:
    where = _PLACES.get(node.kind, "")
    if node.kind == "start":
        outer = diagram.nodes.get(node.scope)
        where = "流程的开始" if outer is None else f"{'事件' if outer.kind == 'handler' else ''}子流程的开始"
    if not where or node.event in ALLOWED[where]:
        return
    if node.event is None:
        yield fault("EVENT", node, f"没有说明{where}事件等什么。", "请选一种事件，例如定时或消息。")
    else:
        listed = "、".join(WORDS[kind] for kind in WORDS if kind in ALLOWED[where]) or "不带标记的"
        yield fault("EVENT", node, f"{where}事件不能是{WORDS[node.event]}事件。", f"这里可以用：{listed}。")


def _name(node: Node, roots: Roots) -> Iterator[Fault]:
    trigger = node.trigger
    if trigger is None or trigger.kind not in REFERRED or node.kind == "handler":
        return
    attribute, tag, said = REFERRED[trigger.kind]
    word, target = WORDS[trigger.kind], roots.get(trigger.reference)
    if not trigger.reference:
        # Whatever error or escalation comes is caught where none is named (BPMN 2.0.2, table 10.86).
        if trigger.kind in AWAITED or node.kind in {"throw", "end"}:
            yield fault("EVENT", node, f"没有选定是哪个{word}({attribute})。", f"请选一个{word}，或新建一个。")
    elif target is None or tag_of(target) != tag:
        message = f"所指的{word}“{trigger.reference[:80]}”不存在。"
        yield fault("REFERENCE", node, message, f"请改选已有的{word}，或新建一个。")
    elif not trigger.name:
        what = "名称(name)" if said == "name" else f"代码({said})"
        yield fault("EVENT", node, f"{word}“{trigger.reference[:80]}”没有{what}。", f"请填写它的{what}。")
    elif _FORMULA.search(trigger.name):
        message = f"{word}的{'名称' if said == 'name' else '代码'}“{trigger.name[:80]}”里的表达式不会计算。"
        yield fault("EVENT", node, message, "请写成固定的文字；发给谁由业务键决定。")
    elif len(trigger.name) > _MAX:
        yield fault("EVENT", node, f"{word}的名称或代码超过 {_MAX} 字。", "请缩短。")


def _boundary(node: Node, diagram: Diagram) -> Iterator[Fault]:
    if node.kind != "boundary":
        return
    host = diagram.nodes.get(node.attached_to)
    yield from _host(node, diagram)
    if host is None or host.kind in {"unsupported", "handler"} or node.event is None or host.scope != node.scope:
        return
    if host.kind not in _HOSTS.get(node.event, _WAITING) or (node.event == "cancel" and not host.transaction):
        hosts = {"error": "服务任务、调用活动或子流程", "escalation": "调用活动或子流程", "cancel": "事务子流程"}
        where = hosts.get(node.event, "用户任务、服务任务、接收任务、调用活动或子流程")
        message = f"{WORDS[node.event]}边界事件只能附在{where}上。"
        yield fault("BOUNDARY", node, message, "请移到这类环节的边框上。")
    elif node.trigger is not None and not _may_come(host, node.trigger, diagram):
        message = f"里面没有什么会抛出这个{WORDS[node.event]}，这个边界事件不会发生。"
        yield fault("UNREACHABLE", node, message, "请在里面画出抛出它的事件，或删去它。")
    if node.event in {"error", "cancel"} and not node.interrupting:
        yield fault("EVENT", node, f"{WORDS[node.event]}总是中断，不能是不中断的。", "请改成中断的边界事件。")


def _host(node: Node, diagram: Diagram) -> Iterator[Fault]:
    host = diagram.nodes.get(node.attached_to)
    if host is None:
        message = f"边界事件所附的环节“{node.attached_to[:80]}”不存在。"
        yield fault("BOUNDARY", node, message, "请把它附在环节的边框上。")
    elif host.scope != node.scope or host.kind in {"handler", "boundary"}:
        message = "边界事件只能附在同一层的环节上。"
        yield fault("BOUNDARY", node, message, "请移到同一层环节的边框上。")


def _may_come(host: Node, trigger: Trigger, diagram: Diagram) -> bool:
    """Tell whether an error, escalation or cancelling can come out of an activity; of a called one nobody knows."""
    if trigger.kind in AWAITED or host.kind in {"call", "service"}:
        return True
    return any(_throws(node, trigger) or _may_come(node, trigger, diagram) for node in diagram.children(host.id))


def _throws(node: Node, trigger: Trigger) -> bool:
    if node.kind == "unsupported" or (node.kind in {"call", "service"} and trigger.kind != "cancel"):
        return True
    return node.kind in {"end", "throw"} and node.trigger is not None and trigger.catches(node.trigger)


def _handler(node: Node, diagram: Diagram) -> Iterator[Fault]:
    if node.kind != "handler":
        return
    if node.transaction:
        yield fault("EVENT", node, "事务子流程不能是事件子流程。", "请改成普通的事件子流程。")
    if node.repeats:
        yield fault("EVENT", node, "事件子流程不能是多实例或循环。", "请删去多实例或循环的标记。")
    if node.event == "error" and not node.interrupting:
        yield fault("EVENT", node, "错误总是中断，不能是不中断的。", "请改成中断的开始事件。")
    if node.trigger is None or node.trigger.kind not in {"error", "escalation"}:
        return
    around = [other for other in diagram.children(node.scope) if other.id != node.id]
    if not any(_throws(other, node.trigger) or _may_come(other, node.trigger, diagram) for other in around):
        message = f"没有什么会抛出这个{WORDS[node.trigger.kind]}，这个事件子流程不会开始。"
        yield fault("UNREACHABLE", node, message, "请画出抛出它的事件，或删去它。")


def _cancel(node: Node, diagram: Diagram) -> Iterator[Fault]:
    if node.kind != "end" or node.event != "cancel":
        return
    outer = diagram.nodes.get(node.scope)
    while outer is not None and not outer.transaction:
        outer = diagram.nodes.get(outer.scope)
    if outer is None:
        yield fault("EVENT", node, "取消结束事件只能在事务子流程里。", "请改成普通的结束事件，或放进事务子流程。")
    elif not any(event.event == "cancel" for event in diagram.boundaries(outer.id)):
        message = "事务会被取消，但它的边框上没有取消边界事件。"
        yield fault("EVENT", outer, message, "请在边框上画出取消边界事件和以后的环节。")


def _race(node: Node, diagram: Diagram) -> Iterator[Fault]:
    if node.kind != "event_based":
        return
    targets = [diagram.nodes[diagram.flows[key].target] for key in node.outgoing]
    if len(targets) < 2:
        yield fault("EVENT", node, "事件网关之后不到两条路。", "请画出要等的几件事，或删去网关。")
    for target in targets:
        if target.kind == "unsupported":
            continue
        waits = target.kind == "receive" or (target.kind == "catch" and target.event in AWAITED)
        if not waits:
            message = "事件网关之后只能是等消息、信号、定时、条件的中间事件或接收任务。"
            yield fault("EVENT", target, message, "请换成这类事件，其余的画在它后面。")
        elif len(target.incoming) > 1:
            yield fault("EVENT", target, "事件网关等的事件不能再有别的连线接入。", "请删去别的连线。")
        if target.kind == "receive" and (target.repeats or diagram.boundaries(target.id)):
            message = "事件网关之后的接收任务不能有边界事件，也不能是多实例或循环。"
            yield fault("EVENT", target, message, "请去掉它们。")
    kinds = {"receive" if target.kind == "receive" else target.event for target in targets}
    if {"receive", "message"} <= kinds:
        message = "事件网关之后不能既有接收任务，又有消息事件。"
        yield fault("EVENT", node, message, "请都用消息事件，或都用接收任务。")


def _carried(node: Node) -> Iterator[Fault]:
    """Refuse what is said about variables, keys and forms where nothing carries them."""
    if node.kind in {"throw", "end"} and node.attributes.get("businessKey") and node.event != "message":
        message = "只有消息事件可以填业务键(suixu:businessKey)。"
        yield fault("ATTRIBUTE", node, message, "请删去它。")
    events = {"start", "catch", "boundary", "throw", "end"}
    if node.kind in events and (node.inputs or node.outputs) and node.event not in {"message", "signal"}:
        yield fault("EXTENSION", node, "只有消息和信号带变量。", "请删去 suixu:in 和 suixu:out。")
    if node.kind != "start":
        return
    if node.attributes.get("form") and (node.event is not None or node.scope):
        message = "这个开始没有人填表，不能有表单。"
        yield fault("ATTRIBUTE", node, message, "请把表单放在普通的开始事件上，或改成用户任务。")
    if node.attributes.get("unit") and (node.event not in {"message", "signal"} or node.scope):
        message = "只有消息和信号的开始可以定单位(suixu:unit)。"
        yield fault("ATTRIBUTE", node, message, "请删去它。")


def _clocked(node: Node) -> Iterator[Fault]:
    """Refuse a condition that only the clock could turn true: conditions are asked when a variable has changed."""
    if node.event != "condition" or node.trigger is None or node.kind == "handler":
        return
    try:
        used = parse(node.trigger.condition).functions & _CLOCK
    except ExpressionError:
        return
    if used:
        names = "、".join(f"{name}()" for name in sorted(used))
        message = f"条件事件的条件用了 {names}：条件只在变量变化之后判断，时间到了不会发生。"
        yield fault("EVENT", node, message, "请改用定时事件，或先用脚本把日期放进变量。")


def _twice(diagram: Diagram) -> Iterator[Fault]:
    """Refuse two that would catch the same: which of them does, nobody could say."""
    seen: set[tuple[object, ...]] = set()
    for node in diagram.nodes.values():
        if node.trigger is None or node.kind not in {"boundary", "handler"}:
            continue
        if node.trigger.kind not in {"error", "escalation", "cancel"} and (
            node.kind == "boundary" or not node.trigger.name
        ):
            continue
        key = (node.kind, node.scope, node.attached_to, node.trigger.kind, node.trigger.name)
        if key in seen:
            message = f"同一处已有接住同一个{WORDS[node.trigger.kind]}的事件。"
            yield fault("EVENT", node, message, "请只留一个。")
        seen.add(key)
