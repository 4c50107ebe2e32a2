"""Tell a diagram in words: its steps in the order they flow, whose they are, where each leads, what is done."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engine.core.decisions import name_in_version
from engine.core.diagram import Diagram, Flow, Node
from engine.parameters import Setting
from web import twin_words
from web.texts import gettext as _

Names: TypeAlias = Mapping[str, str]

WHOLE = re.compile(r"\d{1,4}")
PARAMETER = re.compile(r'parameter\s*\(\s*"(\w+)"\s*\)')
ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
CYCLE = re.compile(r"R(?P<times>\d*)/(?P<every>[^/]+)")


@dataclass(frozen=True)
class Way:
    """Say where one outgoing path leads; `back` is one that returns to an earlier step."""

    text: str
    back: bool
    walked: bool


@dataclass(frozen=True)
class Step:
    """Say all there is to know of one step; `state` is `done`, `now` or empty."""

    id: str
    number: str
    depth: int
    name: str
    kind: str
    who: str
    notes: tuple[str, ...]
    lead: str
    ways: tuple[Way, ...]
    state: str

    @property
    def progress(self) -> str:
        """Give its state in words."""
        return {"done": _("已办完"), "now": _("正在办")}.get(self.state, _("还没有到"))


def tell(
    diagram: Diagram,
    marks: Mapping[str, str] | None = None,
    called: Names | None = None,
    titles: Names | None = None,
    parameters: Names | None = None,
) -> list[Step]:
    """List a diagram's steps.

    `called` names processes by key and decision tables by `<id>.dmn`, `titles` posts by reference, `parameters` say
    theirs.
    """
    return _Teller(diagram, marks or {}, called or {}, titles or {}, parameters or {}).steps()


def told_parameters(settings: Iterable[Setting]) -> dict[str, str]:
    """Say of each parameter by name what it is called, and what it is now."""
    text = _("“%s”，现在是 %s %s")
    return {item.name: text % (item.declared.label, item.value, item.declared.unit) for item in settings}


def beginning(diagram: Diagram, titles: Names | None = None) -> str:
    """Say how an instance begins."""
    names = [(titles or {}).get(post, "") for post in diagram.starters]
    by_hand = _("由%s发起。") % "、".join(name for name in names if name) if any(names) else ""
    by_itself = _("到流程里定的日子自动开始。") if diagram.starts("timer") else ""
    events = [node for kind in ("message", "signal") for node in diagram.starts(kind)]
    by_event = "".join(_("%s时自动开始。") % awaited(node) for node in events)
    return (by_hand + by_itself + by_event) or _("由上级事项自动发起。")


class _Teller:
    def __init__(
        self, diagram: Diagram, marks: Mapping[str, str], called: Names, titles: Names, parameters: Names
    ) -> None:
        self.diagram, self.marks, self.called, self.titles = diagram, marks, called, titles
        self.parameters = parameters
        self.numbers: dict[str, str] = {}
        self.places: dict[str, int] = {}

    def steps(self) -> list[Step]:
        shown = list(self._order(""))
        return [self._step(node, depth) for node, depth in shown]

    # The order

    def _order(self, scope: str, prefix: str = "", depth: int = 0) -> list[tuple[Node, int]]:
        """Put what comes first first; a path that leads back is then seen by its smaller number."""
        found: list[tuple[Node, int]] = []
        nodes = [node for node in self._sorted(scope) if node.id not in self.diagram.drawn]
        for count, node in enumerate(nodes, 1):
            self.numbers[node.id] = f"{prefix}{count}"
            self.places[node.id] = len(self.places)
            found.append((node, depth))
            if node.kind in ("subprocess", "handler"):
                found += self._order(node.id, f"{prefix}{count}.", depth + 1)
        return found

    def _sorted(self, scope: str) -> list[Node]:
        """Sort by depth-first finishing times: every path runs forward except those that close a loop."""
        finished: list[Node] = []
        seen: set[str] = set()

        def visit(start: Node) -> None:
            stack: list[tuple[Node, Iterator[str]]] = [(start, iter(self._following(start)))]
            seen.add(start.id)
            while stack:
                _node, following = stack[-1]
                target = next((name for name in following if name not in seen), None)
                if target is None:
                    finished.append(stack.pop()[0])
                else:
                    seen.add(target)
                    after = self.diagram.nodes[target]
                    stack.append((after, iter(self._following(after))))

        children = self.diagram.children(scope)
        starts = [node for node in children if node.kind == "start"]
        for node in reversed([*starts, *(node for node in children if node not in starts)]):
            # What nothing leads to keeps its place after what the start leads to.
            if node.id not in seen and (node in starts or not self._is_reached(node)):
                visit(node)
        return finished[::-1]

    def _is_reached(self, node: Node) -> bool:
        return bool(node.incoming or node.attached_to)

    def _following(self, node: Node) -> list[str]:
        targets = [self.diagram.flows[name].target for name in node.outgoing]
        boundaries = [boundary.id for boundary in self.diagram.boundaries(node.id)]
        # The path drawn first is told first: it must be finished last.
        return [*reversed(boundaries), *reversed(targets)]

    # One step

    def _step(self, node: Node, depth: int) -> Step:
        flows, gateway = self._leaving(node)
        return Step(
            node.id,
            self.numbers[node.id],
            depth,
            name_of(node),
            self._kind(node),
            self._who(node),
            tuple(self._notes(node)),
            self._lead(gateway, flows),
            tuple(self._way(gateway, flow, len(flows) > 1) for flow in flows),
            self.marks.get(node.id, ""),
        )

    def _leaving(self, node: Node) -> tuple[list[Flow], Node]:
        """Give the drawn flows out of a node, and the gateway that chooses among them: itself, or the one implied."""
        flows = [self.diagram.flows[name] for name in node.outgoing]
        if len(flows) == 1 and flows[0].target in self.diagram.drawn:
            node = self.diagram.nodes[flows[0].target]
        return [self.diagram.flows[name] for name in node.outgoing], node

    def _kind(self, node: Node) -> str:
        several = len(node.outgoing) > 1
        words = {
            "start": twin_words.START.get(node.event, _("开始")),
            "end": twin_words.END.get(node.event, _("结束")),
            "catch": twin_words.CATCH.get(node.event, _("等待")),
            "throw": twin_words.THROW.get(node.event, _("记一个节点")),
            "boundary": twin_words.BOUNDARY.get(node.event, _("另走一路")),
            "user": _("人工办理"),
            "manual": _("线下办理，系统不等待"),
            "plain": _("只作说明，系统不等待"),
            "script": _("自动记录"),
            "rule": _("按规则自动判定"),
            "service": _("系统自动办理"),
            "send": _("发出消息"),
            "receive": _("等消息"),
            "call": _("另开事项"),
            "subprocess": _("可以整体取消的一组环节") if node.transaction else _("一组环节"),
            "handler": _("发生了才办的一组环节"),
            "event_based": _("等其中一件事"),
            "exclusive": _("按情况分路") if several else _("会合"),
            "parallel": _("同时进行") if several else _("等齐会合"),
            "inclusive": _("按情况走一路或几路") if several else _("等要来的都来了会合"),
        }
        return words.get(node.kind, node.kind)

    def _who(self, node: Node) -> str:
        reference = node.attributes.get("assignment", "")
        return node.lane or self.titles.get(reference, "")

    def _lead(self, gateway: Node, flows: list[Flow]) -> str:
        if len(flows) < 2:
            return ""
        words = {
            "exclusive": _("按情况只走一路："),
            "inclusive": _("符合情况的各路都走："),
            "event_based": _("先等到哪一件，就走哪一路："),
        }
        return words.get(gateway.kind, _("以下各路同时开始："))

    def _way(self, gateway: Node, flow: Flow, several: bool) -> Way:
        target = self._drawn_target(flow)
        source = self._drawn_source(flow)
        back = self.places[target.id] <= self.places[source.id]
        where = _("回到第 %s 步“%s”") if back else _("到第 %s 步“%s”")
        text = where % (self.numbers[target.id], name_of(target))
        chosen = several and gateway.kind in ("exclusive", "inclusive")
        if chosen or flow.condition:
            text = _("%s：%s") % (self._when(gateway, flow), text)
        return Way(text, back, self.marks.get(flow.id) == "done")

    def _drawn_source(self, flow: Flow) -> Node:
        return self.diagram.nodes[self.diagram.drawn.get(flow.source, flow.source)]

    def _drawn_target(self, flow: Flow) -> Node:
        return self.diagram.nodes[self.diagram.drawn.get(flow.target, flow.target)]

    def _when(self, gateway: Node, flow: Flow) -> str:
        if gateway.default == flow.id:
            return _("其他情况（%s）") % flow.name if flow.name else _("其他情况")
        if flow.name:
            return _("“%s”") % flow.name
        if flow.condition is None:
            return _("无论如何")
        return _("符合条件“%s”时") % " ".join(flow.condition.split())

    def _notes(self, node: Node) -> Iterator[str]:
        if node.documentation:
            yield node.documentation
        yield from self._arrivals(node)
        if node.kind == "rule":
            key = node.attributes["decision"]
            yield _("由决策表“%s”给出结果。") % self.called.get(name_in_version(key), key)
        if node.kind == "call":
            yield _("另开事项“%s”，它办结后才往下走。") % (self.called.get(node.called) or name_of(node))
        yield from _repetitions(node)
        yield from self._times(node)
        if node.attributes.get("merge"):
            yield _("上一步由同一人办理的，这一步随它一并办理，两步都留痕。")
        for boundary in self.diagram.boundaries(node.id):
            yield self._guard(boundary)

    def _arrivals(self, node: Node) -> Iterator[str]:
        sources = [self.diagram.flows[name].source for name in node.incoming]
        numbers = "、".join(self._in_order(self.diagram.drawn.get(source, source) for source in sources))
        if len(sources) < 2:
            return
        if node.kind == "inclusive":
            yield _("第 %s 步要走到这里的都来了，才往下走。") % numbers
        elif node.kind == "parallel":
            yield _("等第 %s 步都走到这里，才往下走。") % numbers
        else:
            yield _("可以从第 %s 步来到这里。") % numbers

    def _in_order(self, ids: Iterable[str]) -> list[str]:
        return [self.numbers[name] for name in sorted(dict.fromkeys(ids), key=lambda name: self.places[name])]

    def _times(self, node: Node) -> Iterator[str]:
        due = node.attributes.get("due", "").strip()
        if WHOLE.fullmatch(due):
            yield _("限 %s 个工作日。") % due
        elif (match := PARAMETER.fullmatch(due)) and match[1] in self.parameters:
            yield _("期限按参数%s。") % self.parameters[match[1]]
        elif due:
            yield _("期限按流程里定的日期。")
        yield from self._events(node)

    def _events(self, node: Node) -> Iterator[str]:
        if node.kind == "catch" and node.event == "timer":
            yield _("等%s，到时自动往下走。") % _span(node)
        elif node.kind in ("catch", "receive") and node.event != "link":
            yield _("等%s，才往下走。") % awaited(node)
        if node.kind == "handler":
            others = _("中止同一层的其他环节") if node.interrupting else _("其他环节照常办")
            yield _("%s时开始，%s。") % (awaited(node), others)
        if node.kind in ("throw", "end", "send") and node.event in twin_words.THROWN:
            yield twin_words.THROWN[node.event] % (node.trigger.name if node.trigger else "")
        if node.kind == "boundary":
            host = self.diagram.nodes[node.attached_to]
            what = _("就中止它，改走这一路") if node.interrupting else _("它照常办，另外走这一路")
            text = _("守着第 %s 步“%s”：还没有办完而%s，%s。")
            yield text % (self.numbers[host.id], name_of(host), awaited(node), what)

    def _guard(self, boundary: Node) -> str:
        text = _("没有办完而%s，就走第 %s 步“%s”。")
        return text % (awaited(boundary), self.numbers[boundary.id], name_of(boundary))


def awaited(node: Node) -> str:
    """Say what an event waits for."""
    if node.event == "timer":
        return _("到了时间") if node.kind == "catch" else _coming(node) % _span(node)
    trigger = node.trigger
    if trigger is None or node.event not in twin_words.AWAITED:
        return _("出了别的事")
    if node.event == "condition":
        return twin_words.AWAITED["condition"] % " ".join(trigger.condition.split())
    named, unnamed = twin_words.AWAITED[node.event], twin_words.ANY.get(node.event, "")
    return named % trigger.name if trigger.name else unnamed


def _coming(node: Node) -> str:
    """Say how a time comes: once or again and again, after a while or on its days."""
    if node.timer is None or node.timer.kind != "cycle":
        return _("过了%s")
    after_a_while = CYCLE.fullmatch(node.timer.text)
    if node.stays:
        return _("每过%s") if after_a_while else _("每到%s")
    return _("过了%s") if after_a_while else _("到了%s")


def name_of(node: Node) -> str:
    """Name a node as a person reads it; one that was drawn without a name is called by its kind."""
    words = {
        "start": _("开始"),
        "end": _("结束"),
        "exclusive": _("分路") if len(node.outgoing) > 1 else _("会合"),
        "inclusive": _("分路") if len(node.outgoing) > 1 else _("会合"),
        "parallel": _("同时进行") if len(node.outgoing) > 1 else _("等齐"),
        "event_based": _("等其中一件事"),
        "handler": _("发生了才办"),
        "catch": _("等待"),
        "boundary": _("到时") if node.event == "timer" else _("另走"),
    }
    if node.event == "link" and node.trigger:
        return node.name or node.trigger.name
    if node.kind == "end":
        return node.name or twin_words.END.get(node.event, _("结束"))
    return node.name or words.get(node.kind, _("环节"))


def _repetitions(node: Node) -> Iterator[str]:
    if node.loop:
        yield _("先看条件，符合才办；办完再看一次。") if node.loop.before else _("办完看一次条件，符合就再办一遍。")
        if node.loop.maximum:
            yield _("最多办 %s 遍。") % node.loop.maximum
    if node.multi is None:
        return
    many = _("名单里每一项各办一份") if node.multi.collection else _("按定的次数各办一份")
    yield _("%s，%s。") % (many, _("依次进行") if node.multi.sequential else _("同时进行"))
    if node.multi.until:
        yield _("够了约定的条件可以提前结束，否则都办完才往下走。")
    else:
        yield _("都办完才往下走。")


def _span(node: Node) -> str:
    text = node.timer.text.strip() if node.timer else ""
    if WHOLE.fullmatch(text):
        return _(" %s 个工作日") % text
    cycle = CYCLE.fullmatch(text)
    found = ISO.fullmatch(cycle["every"] if cycle else text)
    if found and any(found.groups()):
        units = (_("年"), _("个月"), _("周"), _("天"), _("小时"), _("分钟"), _("秒"))
        words = zip(found.groups(), units, strict=True)
        times = _("（最多 %s 次）") % cycle["times"] if cycle and cycle["times"] and node.stays else ""
        return "".join(f" {int(number)} {word}" for number, word in words if number) + times
    if node.timer and node.timer.kind == "duration":
        return _("流程里定的几个工作日")
    return _("流程里定的日期")
