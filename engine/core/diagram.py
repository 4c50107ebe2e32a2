"""What a diagram says, as plain data: the process that the engine runs, free of XML."""

from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from engine.ground.errors import Fault

# `unsupported` stands only in a diagram that is being refused, so that its neighbours are still judged fairly.
Kind: TypeAlias = Literal[
    "start",
    "end",
    "catch",
    "throw",
    "boundary",
    "user",
    "manual",
    "plain",
    "script",
    "rule",
    "service",
    "send",
    "receive",
    "call",
    "subprocess",
    "handler",
    "exclusive",
    "parallel",
    "inclusive",
    "event_based",
    "unsupported",
]
EventKind: TypeAlias = Literal[
    "timer", "message", "signal", "condition", "error", "escalation", "cancel", "link", "terminate"
]
TimerKind: TypeAlias = Literal["date", "duration", "cycle"]

GATEWAYS: frozenset[Kind] = frozenset({"exclusive", "parallel", "inclusive", "event_based"})
ACTIVITIES: frozenset[Kind] = frozenset(
    {"user", "manual", "plain", "script", "rule", "service", "send", "receive", "call", "subprocess"}
)
AWAITED: frozenset[EventKind] = frozenset({"timer", "message", "signal", "condition"})
"""Events that come from somewhere else: something waits for them. The others are thrown at whoever is around."""


@dataclass(frozen=True)
class Flow:
    """A sequence flow; its id is generated where the drawing has none."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str | None = None
    line: int = 0


@dataclass(frozen=True)
class Timer:
    """When a timer fires, as the drawing says it: in words of ISO 8601, a recurrence, or FEEL."""

    kind: TimerKind
    text: str


@dataclass(frozen=True)
class Trigger:
    """What an event waits for or brings about.

    `name` is that of a message, a signal or a link, or the code of an error or an escalation ("": any); `reference` is
    the id that the drawing names it by.
    """

    kind: EventKind
    name: str = ""
    reference: str = ""
    timer: Timer | None = None
    condition: str = ""

    def catches(self, thrown: "Trigger") -> bool:
        """Tell whether what waits for this is met by what is thrown."""
        return self.kind == thrown.kind and (not self.name or self.name == thrown.name)


@dataclass(frozen=True)
class Multi:
    """Several instances of an activity, all at once or one after the other.

    There is one for each item of a FEEL collection, or as many as a FEEL cardinality says; `until` is the condition
    that ends them early. Their outputs go to `result` in the collection's order.
    """

    collection: str = ""
    cardinality: str = ""
    item: str = ""
    result: str = ""
    result_item: str = ""
    until: str = ""
    sequential: bool = False


@dataclass(frozen=True)
class Loop:
    """A standard loop: again while `condition` holds, asked before or after each round, `maximum` rounds at most."""

    condition: str
    before: bool = False
    maximum: str = ""


@dataclass(frozen=True)
class Node:
    """A node of the diagram; `scope` is the enclosing sub-process, or "" at the top.

    An event sub-process (`handler`) has the trigger of its start event, its outputs, and whether it interrupts.
    """

    id: str
    kind: Kind
    name: str = ""
    documentation: str = ""
    scope: str = ""
    line: int = 0
    lane: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str = ""
    script: str = ""
    trigger: Trigger | None = None
    multi: Multi | None = None
    loop: Loop | None = None
    called: str = ""
    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    attached_to: str = ""
    interrupting: bool = True
    transaction: bool = False

    @property
    def event(self) -> EventKind | None:
        """Name what the event waits for or brings about."""
        return self.trigger.kind if self.trigger else None

    @property
    def timer(self) -> Timer | None:
        """Give the time that the event waits for."""
        return self.trigger.timer if self.trigger else None

    @property
    def stays(self) -> bool:
        """Tell whether what waits for an event goes on waiting when it has come."""
        return self.kind in ("boundary", "handler") and not self.interrupting

    @property
    def repeats(self) -> bool:
        """Tell whether the activity is carried out more than once each time it is reached."""
        return self.multi is not None or self.loop is not None


@dataclass(frozen=True)
class Diagram:
    """A process; `drawn` maps what normalising inserted (a gateway, a link's flow) to the drawn id it stands for."""

    key: str
    name: str
    documentation: str = ""
    title: str = ""
    business_key: str = ""
    starters: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    drawn: Mapping[str, str] = field(default_factory=dict)
    line: int = 0

    def start(self, scope: str = "") -> Node | None:
        """Give the one node at which the scope begins; at the top, one that waits for nothing, if there is one."""
        starts = (node for node in self.children(scope) if node.kind == "start")
        return next((node for node in starts if scope or node.trigger is None), None)

    def starts(self, kind: EventKind) -> tuple[Node, ...]:
        """List the nodes at which such an event creates an instance."""
        return tuple(node for node in self.children() if node.kind == "start" and node.event == kind)

    @property
    def start_form(self) -> str:
        """Name the form with which a person starts an instance."""
        start = self.start()
        return start.attributes.get("form", "") if start else ""

    @property
    def calls(self) -> frozenset[str]:
        """Name the processes that are called from here."""
        return frozenset(node.called for node in self.nodes.values() if node.kind == "call")

    def children(self, scope: str = "") -> tuple[Node, ...]:
        """List the nodes that stand directly in the scope."""
        return tuple(node for node in self.nodes.values() if node.scope == scope)

    def boundaries(self, node_id: str) -> tuple[Node, ...]:
        """List the boundary events attached to the node."""
        return tuple(node for node in self.nodes.values() if node.attached_to == node_id)


@dataclass(frozen=True)
class FormUses:
    """The variables that a form lifts, those that each of its rules reads, and the outcomes of its plain buttons."""

    lifted: frozenset[str] = frozenset()
    asked: tuple[frozenset[str], ...] = ()
    outcomes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Surroundings:
    """What a diagram may refer to; `posts` None leaves post references unchecked; `parameters` are labels by name.

    `calls` says which processes the newest version of another one calls, `begins` whether it begins without an event.
    """

    functions: Container[str]
    processes: Container[str]
    posts: Container[str] | None
    forms: Mapping[str, str]
    feel: Container[str]
    check_form: Callable[[str], list[Fault]]
    uses: Callable[[str], FormUses]
    parameters: Mapping[str, str] = field(default_factory=dict)
    calls: Callable[[str], Iterable[str]] = lambda key: ()
    begins: Callable[[str], bool] = lambda key: True

    def way(self, start: str, goal: str) -> tuple[str, ...]:
        """Give the shortest chain of calls that leads from one process to another, both included, if any does."""
        ways: deque[tuple[str, ...]] = deque([(start,)])
        seen = {start}
        while ways:
            way = ways.popleft()
            if way[-1] == goal:
                return way
            further = sorted(set(self.calls(way[-1])) - seen)
            seen.update(further)
            ways.extend((*way, key) for key in further)
        return ()
