"""Whether a token can get everywhere and to an end, and which joins would wait for ever."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.core.diagram import Diagram, Flow, Node
from engine.core.markup import Place, fault
from engine.core.normalise import is_split, scopes
from engine.ground.errors import Fault


@dataclass(frozen=True)
class _Graph:
    """One scope as steps from node to node; `loose` ends are named as faults elsewhere and count as connected."""

    nodes: Mapping[str, Node]
    outgoing: Mapping[str, tuple[Flow, ...]]
    incoming: Mapping[str, tuple[Flow, ...]]
    hosted: Mapping[str, tuple[str, ...]]
    loose_in: frozenset[str]
    loose_out: frozenset[str]

    def roots(self) -> list[str]:
        return [key for key, node in self.nodes.items() if node.kind in {"start", "handler"} or key in self.loose_in]

    def exits(self) -> list[str]:
        return [key for key, node in self.nodes.items() if node.kind == "end" or key in self.loose_out]

    def reach(self, roots: Iterable[str], without_flow: str = "", without_node: str = "") -> set[str]:
        """Give the nodes that a token can get to, when one flow or one node is taken away."""
        found: set[str] = set()
        waiting = [key for key in roots if key != without_node]
        while waiting:
            key = waiting.pop()
            if key not in found and key != without_node:
                found.add(key)
                waiting += [flow.target for flow in self.outgoing[key] if flow.id != without_flow]
                waiting += self.hosted.get(key, ())
        return found

    def leading_to(self, goals: Iterable[str], over_borders: bool) -> set[str]:
        """Give the nodes from which a token can get to one of the goals, these included."""
        found: set[str] = set()
        waiting = list(goals)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += [flow.source for flow in self.incoming[key]]
                if over_borders and self.nodes[key].attached_to in self.nodes:
                    waiting.append(self.nodes[key].attached_to)
        return found


def check_soundness(diagram: Diagram, flows: Mapping[str, Flow]) -> Iterator[Fault]:
    """Name nodes that cannot be reached or left, and joins that cannot be passed."""
    for scope in scopes(diagram):
        graph = _graph(scope, diagram, flows)
        yield from _ways_in(graph)
        yield from _ways_out(scope, graph, diagram)
        yield from _dead_joins(graph)


def _graph(scope: str, diagram: Diagram, flows: Mapping[str, Flow]) -> _Graph:
    nodes = {node.id: node for node in diagram.children(scope)}
    whole = {key: flow for key, flow in flows.items() if flow.source in nodes and flow.target in nodes}
    broken = [flow for key, flow in flows.items() if key not in whole]
    hosted: dict[str, tuple[str, ...]] = {}
    for node in nodes.values():
        if node.kind == "boundary":
            hosted[node.attached_to] = (*hosted.get(node.attached_to, ()), node.id)
    refused = {key for key, node in nodes.items() if node.kind == "unsupported"}
    far = {key for key, node in nodes.items() if node.event == "link"}
    lost = {node.id for node in nodes.values() if node.kind == "boundary" and node.attached_to not in nodes}
    loose_in = {flow.target for flow in broken} | {
        key for key in refused | far if not nodes[key].incoming and nodes[key].kind != "throw"
    }
    loose_out = {flow.source for flow in broken} | {
        key for key in refused | far if not nodes[key].outgoing and nodes[key].kind != "catch"
    }
    outgoing = {key: tuple(whole[flow] for flow in node.outgoing if flow in whole) for key, node in nodes.items()}
    incoming = {key: tuple(whole[flow] for flow in node.incoming if flow in whole) for key, node in nodes.items()}
    return _Graph(nodes, outgoing, incoming, hosted, frozenset(loose_in | lost), frozenset(loose_out))


def _ways_in(graph: _Graph) -> Iterator[Fault]:
    roots = graph.roots()
    reached = graph.reach(roots)
    for key, node in graph.nodes.items():
        if roots and key not in reached:
            yield fault("UNREACHABLE", node, "从开始事件走不到这里。", "请把它连进流程，或删去它。")


def _ways_out(scope: str, graph: _Graph, diagram: Diagram) -> Iterator[Fault]:
    exits = graph.exits()
    if not exits:
        holder = diagram.nodes.get(scope) or Place(diagram.key, diagram.name, diagram.line)
        message = f"{'子流程' if scope else '流程'}没有结束事件。"
        yield fault("END", holder, message, "请画出结束事件，并让每条路都通到它。")
        return
    leading = graph.leading_to(exits, over_borders=False)
    for key, node in graph.nodes.items():
        if key not in leading and node.kind != "handler":
            yield fault("NO-END", node, "从这里走不到结束事件。", "请把它连到后面的环节或结束事件。")


def _dead_joins(graph: _Graph) -> Iterator[Fault]:
    joins = [node for node in graph.nodes.values() if node.kind == "parallel" and len(node.incoming) > 1]
    if not joins or any(node.kind == "unsupported" for node in graph.nodes.values()):
        return
    reached = graph.reach(graph.roots())
    split = list(_exclusive_ways(graph, reached))
    for join in joins:
        if join.id in reached and (_waits_for_itself(graph, join, reached) or _waits_for_both(graph, join, split)):
            message = "并行网关会永远等待：它等的几条路不会都走到。"
            remedy = "与排他网关对应的汇合请用排他网关；返回的连线请接到并行网关之前。"
            yield fault("DEAD-JOIN", join, message, remedy)


def _waits_for_itself(graph: _Graph, join: Node, reached: set[str]) -> bool:
    """Tell whether one of the flows that the join waits for can only be walked after the join."""
    before = graph.reach(graph.roots(), without_node=join.id)
    return any(flow.source in reached - before for flow in graph.incoming[join.id])


def _exclusive_ways(graph: _Graph, reached: set[str]) -> Iterator[list[tuple[str, set[str]]]]:
    """For each choice that is made at most once, give its flows, each with the nodes reached only through it."""
    starts = [key for key, node in graph.nodes.items() if node.kind == "start"]
    if len(starts) > 1:
        # An instance begins at one of them.
        yield [(key, reached - graph.reach(graph.roots(), without_node=key)) for key in starts]
    for key, node in graph.nodes.items():
        ways = graph.outgoing[key]
        if (
            node.kind in {"exclusive", "event_based"}
            and len(ways) > 1
            and key in reached
            and _is_made_once(graph, node)
        ):
            yield [(way.id, reached - graph.reach(graph.roots(), without_flow=way.id)) for way in ways]


def _is_made_once(graph: _Graph, choice: Node) -> bool:
    """Tell whether at most one token comes to the choice; where that is not plain, say no."""
    before = graph.leading_to([choice.id], over_borders=True)
    after = graph.reach([flow.target for flow in graph.outgoing[choice.id]])
    if choice.id in after:
        return False
    return not any(_multiplies(graph, graph.nodes[key], before) for key in before)


def _multiplies(graph: _Graph, node: Node, before: set[str]) -> bool:
    if node.kind == "boundary":
        return not node.interrupting
    ways = [flow for flow in graph.outgoing[node.id] if flow.target in before]
    return len(ways) > 1 and (node.kind in {"parallel", "inclusive"} or is_split(node))


def _waits_for_both(graph: _Graph, join: Node, choices: Iterable[list[tuple[str, set[str]]]]) -> bool:
    """Tell whether the join needs two ways of a choice that takes only one."""
    return any(sum(_needs(graph, join, way, behind) for way, behind in ways) > 1 for ways in choices)


def _needs(graph: _Graph, join: Node, way: str, behind: set[str]) -> bool:
    return any(flow.id == way or flow.source in behind for flow in graph.incoming[join.id])
