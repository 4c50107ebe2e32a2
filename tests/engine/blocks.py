"""Draw random diagrams out of well-nested blocks; `stories` says by other means than tokens what they should do."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

# Blocks


@dataclass(frozen=True)
class One:
    """One activity that waits: `user`, `timer`, or `call`."""

    kind: str


@dataclass(frozen=True)
class Row:
    """One after the other; an empty one is a plain flow."""

    blocks: tuple["Block", ...]


@dataclass(frozen=True)
class Either:
    """One way when the last outcome is `agree`, else the other; `stops` puts a terminate end on the first."""

    first: "Block"
    second: "Block"
    stops: bool


@dataclass(frozen=True)
class Both:
    """All ways at once."""

    blocks: tuple["Block", ...]


@dataclass(frozen=True)
class Some:
    """The ways that are `taken` (the first always), joined by an inclusive gateway.

    All but the first leave for an end of their own when what ended them was `agree`.
    """

    blocks: tuple["Block", ...]
    taken: tuple[bool, ...]


@dataclass(frozen=True)
class Again:
    """A body, then a task that sends it back with `return`."""

    body: "Block"


@dataclass(frozen=True)
class Inner:
    """An embedded sub-process, perhaps with a timer on its border ("stops" it, or only "tells")."""

    body: "Block"
    border: str


@dataclass(frozen=True)
class Many:
    """A sub-process for each item; `until` results suffice (0: all of them)."""

    body: "Block"
    count: int
    until: int
    sequential: bool = False


@dataclass(frozen=True)
class Loop:
    """A sub-process that goes round while what ended it was `return`."""

    body: "Block"


Block = One | Row | Either | Both | Some | Again | Inner | Many | Loop


def _wider(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    some = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Row, some),
        st.builds(Either, inner, inner, st.booleans()),
        st.builds(Both, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Some, st.tuples(inner, inner, inner), st.tuples(st.just(True), st.booleans(), st.booleans())),
        st.builds(Again, inner),
        st.builds(Inner, inner, st.sampled_from(["", "stops", "tells"])),
        st.builds(Many, inner, st.integers(0, 3), st.integers(0, 2), st.booleans()),
        st.builds(lambda body: Loop(Row((body, One("user")))), inner),
    )


def blocks() -> st.SearchStrategy[Block]:
    """Make random blocks."""
    leaf: st.SearchStrategy[Block] = st.builds(One, st.sampled_from(["user", "user", "timer", "call"]))
    return st.recursive(leaf, _wider, max_leaves=8)


# Drawing


@dataclass(frozen=True)
class _Edge:
    source: str
    condition: str = ""
    default: bool = False


@dataclass
class Drawing:
    """Write blocks as BPMN; `names` tells which ids each block was given, in the order of drawing."""

    names: dict[int, tuple[str, ...]] = field(default_factory=dict)
    count: int = 0
    defaults: dict[str, str] = field(default_factory=dict)

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def flow(self, out: list[str], edge: _Edge, target: str) -> None:
        name = self.new("f")
        inside = f"<bpmn:conditionExpression>{edge.condition}</bpmn:conditionExpression>" if edge.condition else ""
        out.append(f'<bpmn:sequenceFlow id="{name}" sourceRef="{edge.source}" targetRef="{target}">{inside}'
                   "</bpmn:sequenceFlow>")  # fmt: skip
        if edge.default:
            self.defaults[edge.source] = name

    def gateway(self, out: list[str], kind: str, *edges: _Edge) -> str:
        name = self.new("g")
        out.append(f'<bpmn:{kind}Gateway id="{name}" name="{name}" @{name}@/>')
        for edge in edges:
            self.flow(out, edge, name)
        return name

    def scope(self, body: Block) -> str:
        out = [f'<bpmn:startEvent id="{(start := self.new("s"))}"/>']
        edge = self.draw(body, out, _Edge(start))
        end = self.new("e")
        out.append(f'<bpmn:endEvent id="{end}"/>')
        self.flow(out, edge, end)
        return "".join(out)

    def draw(self, block: Block, out: list[str], edge: _Edge) -> _Edge:
        """Draw a block behind an edge; give the edge that leads on."""
        act: Callable[..., _Edge] = getattr(self, f"_{type(block).__name__.lower()}")
        return act(block, out, edge)

    def _one(self, block: One, out: list[str], edge: _Edge) -> _Edge:
        name = self.new("a")
        self.names[id(block)] = (*self.names.get(id(block), ()), name)
        inside = {
            "user": f'<bpmn:userTask id="{name}" name="{name}" suixu:form="form" suixu:assignment="hr.head"/>',
            "call": f'<bpmn:callActivity id="{name}" name="{name}" calledElement="child"/>',
            "timer": f'<bpmn:intermediateCatchEvent id="{name}" name="{name}"><bpmn:timerEventDefinition>'
            "<bpmn:timeDuration>1</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>",
        }
        out.append(inside[block.kind])
        self.flow(out, edge, name)
        return _Edge(name)

    def _row(self, block: Row, out: list[str], edge: _Edge) -> _Edge:
        for inner in block.blocks:
            edge = self.draw(inner, out, edge)
        return edge

    def _either(self, block: Either, out: list[str], edge: _Edge) -> _Edge:
        split = self.gateway(out, "exclusive", edge)
        first = self.draw(block.first, out, _Edge(split, 'outcome = "agree"'))
        if block.stops:
            end = self.new("e")
            out.append(f'<bpmn:endEvent id="{end}"><bpmn:terminateEventDefinition/></bpmn:endEvent>')
            self.flow(out, first, end)
        second = self.draw(block.second, out, _Edge(split, default=True))
        return _Edge(self.gateway(out, "exclusive", *([] if block.stops else [first]), second))

    def _both(self, block: Both, out: list[str], edge: _Edge) -> _Edge:
        split = self.gateway(out, "parallel", edge)
        ends = [self.draw(inner, out, _Edge(split)) for inner in block.blocks]
        join = self.gateway(out, "parallel", *ends)
        self.names[id(block)] = (join,)
        return _Edge(join)

    def _some(self, block: Some, out: list[str], edge: _Edge) -> _Edge:
        split = self.gateway(out, "inclusive", edge)
        conditions = [str(taken).lower() for taken in block.taken]
        ends = [self.draw(inner, out, _Edge(split, text)) for inner, text in zip(block.blocks, conditions, strict=True)]
        join = self.gateway(out, "inclusive", ends[0], *(self._leaving(out, end) for end in ends[1:]))
        self.names[id(block)] = (join,)
        return _Edge(join)

    def _leaving(self, out: list[str], edge: _Edge) -> _Edge:
        choice, end = self.gateway(out, "exclusive", edge), self.new("e")
        out.append(f'<bpmn:endEvent id="{end}"/>')
        self.flow(out, _Edge(choice, 'outcome = "agree"'), end)
        return _Edge(choice, default=True)

    def _again(self, block: Again, out: list[str], edge: _Edge) -> _Edge:
        merge = self.gateway(out, "exclusive", edge)
        edge = self._one(One("user"), out, self.draw(block.body, out, _Edge(merge)))
        self.names[id(block)] = (edge.source,)
        choice = self.gateway(out, "exclusive", edge)
        self.flow(out, _Edge(choice, 'outcome = "return"'), merge)
        return _Edge(choice, default=True)

    def _inner(self, block: Inner, out: list[str], edge: _Edge) -> _Edge:
        name = self.new("p")
        out.append(f'<bpmn:subProcess id="{name}" name="{name}">{self.scope(block.body)}</bpmn:subProcess>')
        self.flow(out, edge, name)
        if not block.border:
            self.names[id(block)] = (name,)
            return _Edge(name)
        border = self.new("b")
        out.append(
            f'<bpmn:boundaryEvent id="{border}" name="{border}" attachedToRef="{name}" '
            f'cancelActivity="{str(block.border == "stops").lower()}"><bpmn:timerEventDefinition>'
            "<bpmn:timeDuration>2</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
        )
        handled = self._one(One("user"), out, _Edge(border))
        self.names[id(block)] = (name, border, handled.source)
        if block.border == "stops":
            return _Edge(self.gateway(out, "exclusive", _Edge(name), handled))
        end = self.new("e")
        out.append(f'<bpmn:endEvent id="{end}"/>')
        self.flow(out, handled, end)
        return _Edge(name)

    def _many(self, block: Many, out: list[str], edge: _Edge) -> _Edge:
        name = self.new("m")
        until = f"<bpmn:completionCondition>count({name}) &gt;= {block.until}</bpmn:completionCondition>"
        items = ", ".join(str(item) for item in range(block.count))
        out.append(
            f'<bpmn:subProcess id="{name}" name="{name}"><bpmn:multiInstanceLoopCharacteristics '
            f'isSequential="{str(block.sequential).lower()}" '
            f'suixu:collection="[{items}]" suixu:item="one" suixu:result="{name}" suixu:resultItem="one">'
            f"{until if block.until else ''}</bpmn:multiInstanceLoopCharacteristics>"
            f"{self.scope(block.body)}</bpmn:subProcess>"
        )
        self.flow(out, edge, name)
        self.names[id(block)] = (name,)
        return _Edge(name)

    def _loop(self, block: Loop, out: list[str], edge: _Edge) -> _Edge:
        name = self.new("l")
        out.append(
            f'<bpmn:subProcess id="{name}" name="{name}"><bpmn:standardLoopCharacteristics><bpmn:loopCondition>'
            'outcome = "return"</bpmn:loopCondition></bpmn:standardLoopCharacteristics>'
            f"{self.scope(block.body)}</bpmn:subProcess>"
        )
        self.flow(out, edge, name)
        self.names[id(block)] = (name,)
        return _Edge(name)

    def write(self, body: Block) -> bytes:
        """Write the whole file."""
        inside = self.scope(body)
        for number in range(self.count + 1):
            default = self.defaults.get(f"g{number}")
            inside = inside.replace(f"@g{number}@", f'default="{default}"' if default else "")
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions '
            'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:suixu="urn:suixu:bpmn:1" '
            'targetNamespace="urn:test"><bpmn:process id="p" name="流程" isExecutable="true" '
            f'suixu:inputs="outcome" suixu:title="&quot;事项&quot;">{inside}</bpmn:process></bpmn:definitions>'
        )
        return text.encode()


def fresh(block: Block) -> Block:
    """Copy a block, so that each of its parts is an object of its own (ids are kept by object)."""
    match block:
        case One(kind):
            return One(str(kind))
        case Row(inner):
            return Row(tuple(fresh(each) for each in inner))
        case Either(first, second, stops):
            return Either(fresh(first), fresh(second), stops)
        case Both(inner):
            return Both(tuple(fresh(each) for each in inner))
        case Some(inner, taken):
            return Some(tuple(fresh(each) for each in inner), tuple(taken))
        case Again(body):
            return Again(fresh(body))
        case Inner(body, border):
            return Inner(fresh(body), border)
        case Many(body, count, until, sequential):
            return Many(fresh(body), count, until, sequential)
        case Loop(body):
            return Loop(fresh(body))
