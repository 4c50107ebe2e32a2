"""Draw random diagrams out of well-nested blocks, and say by other means than tokens what they should do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from hypothesis import strategies as st

Key = tuple[str, tuple[int, ...]]
"""A place: a drawn id, and the numbers of the iterations around it, outermost first."""

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


Block = One | Row | Either | Both | Again | Inner | Many


def _wider(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    some = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Row, some),
        st.builds(Either, inner, inner, st.booleans()),
        st.builds(Both, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Again, inner),
        st.builds(Inner, inner, st.sampled_from(["", "stops", "tells"])),
        st.builds(Many, inner, st.integers(0, 3), st.integers(0, 2)),
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
            f'suixu:collection="[{items}]" suixu:item="one" suixu:result="{name}" suixu:resultItem="one">'
            f"{until if block.until else ''}</bpmn:multiInstanceLoopCharacteristics>"
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
            f'suixu:title="&quot;事项&quot;">{inside}</bpmn:process></bpmn:definitions>'
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
        case Again(body):
            return Again(fresh(body))
        case Inner(body, border):
            return Inner(fresh(body), border)
        case Many(body, count, until):
            return Many(fresh(body), count, until)


# What should happen, told as nested lists of what is still to be done


class Stopped(Exception):
    """Tell the scope around that a terminate end was reached."""


class Live(Protocol):
    """A block that has begun and has not ended."""

    def tokens(self) -> list[Key]:
        """Name the places of its tokens."""

    def act(self, key: Key, outcome: str) -> bool:
        """Finish what waits there; tell whether it was here."""

    def over(self) -> bool:
        """Tell whether it has ended."""


@dataclass
class Scope:
    """A scope with its main line and what was told beside it."""

    story: "Story"
    path: tuple[int, ...]
    parts: list[Live] = field(default_factory=list)

    def begin(self, body: Block, outcome: str) -> "Scope":
        try:
            self.parts.append(self.story.enter(body, self, outcome))
        except Stopped:
            self.parts.clear()
        return self

    def tokens(self) -> list[Key]:
        return [key for part in self.parts if not part.over() for key in part.tokens()]

    def act(self, key: Key, outcome: str) -> bool:
        try:
            return any(part.act(key, outcome) for part in list(self.parts) if not part.over())
        except Stopped:
            self.parts.clear()
            return True

    def over(self) -> bool:
        return all(part.over() for part in self.parts)


@dataclass
class _Waits:
    key: Key
    done: bool = False

    def tokens(self) -> list[Key]:
        return [self.key]

    def act(self, key: Key, outcome: str) -> bool:
        self.done = key == self.key
        return self.done

    def over(self) -> bool:
        return self.done


@dataclass
class _Steps:
    """Blocks one after the other; `back` sends them round again."""

    scope: Scope
    blocks: tuple[Block, ...]
    outcome: str
    back: bool = False
    at: int = 0
    live: Live | None = None

    def __post_init__(self) -> None:
        self._go_on(self.outcome)

    def _go_on(self, outcome: str) -> None:
        while (self.live is None or self.live.over()) and self.at < len(self.blocks):
            self.live = self.scope.story.enter(self.blocks[self.at], self.scope, outcome)
            self.at += 1

    def tokens(self) -> list[Key]:
        return self.live.tokens() if self.live else []

    def act(self, key: Key, outcome: str) -> bool:
        assert self.live is not None
        if not self.live.act(key, outcome):
            return False
        if self.back and self.live.over() and self.at == len(self.blocks) and outcome == "return":
            self.at, self.live = 0, None
        self._go_on(outcome)
        return True

    def over(self) -> bool:
        return self.at == len(self.blocks) and (self.live is None or self.live.over())


@dataclass
class _All:
    join: Key
    lives: list[Live]

    def tokens(self) -> list[Key]:
        return [key for live in self.lives for key in ([self.join] if live.over() else live.tokens())]

    def act(self, key: Key, outcome: str) -> bool:
        return any(live.act(key, outcome) for live in self.lives if not live.over())

    def over(self) -> bool:
        return all(live.over() for live in self.lives)


@dataclass
class _Bordered:
    """A sub-process with what waits on its border, and what handles it."""

    outer: Scope
    inside: Scope
    names: tuple[str, ...]
    border: str
    armed: bool
    handling: Live | None = None

    def _at(self, place: int) -> Key:
        return self.names[place], self.outer.path

    def tokens(self) -> list[Key]:
        if self.handling:
            return self.handling.tokens()
        return [self._at(0), *self.inside.tokens(), *([self._at(1)] if self.armed else [])]

    def act(self, key: Key, outcome: str) -> bool:
        if self.handling:
            return self.handling.act(key, outcome)
        if not (self.armed and key == self._at(1)):
            return self.inside.act(key, outcome)
        self.armed = False
        handler = _Waits(self._at(2))
        if self.border == "stops":
            self.handling = handler
        else:
            self.outer.parts.append(handler)
        return True

    def over(self) -> bool:
        return self.handling.over() if self.handling else self.inside.over()


@dataclass
class _Iterations:
    key: Key
    scopes: list[Scope]
    until: int

    def tokens(self) -> list[Key]:
        going = [scope for scope in self.scopes if not scope.over()]
        return [self.key, *(key for scope in going for key in [(self.key[0], scope.path), *scope.tokens()])]

    def act(self, key: Key, outcome: str) -> bool:
        return any(scope.act(key, outcome) for scope in self.scopes if not scope.over())

    def over(self) -> bool:
        ended = sum(scope.over() for scope in self.scopes)
        return ended == len(self.scopes) or bool(self.until and ended >= self.until)


@dataclass
class Story:
    """Tell what a drawing should do."""

    drawing: Drawing

    def begin(self, body: Block) -> Scope:
        """Begin at the top."""
        return Scope(self, ()).begin(body, "")

    def enter(self, block: Block, scope: Scope, outcome: str) -> Live:
        """Begin a block."""
        names = self.drawing.names.get(id(block), ())
        match block:
            case One():
                return _Waits((names[0], scope.path))
            case Row(inner):
                return _Steps(scope, inner, outcome)
            case Either(first, second, stops):
                if outcome != "agree":
                    return _Steps(scope, (second,), outcome)
                return _Stopping(scope, (first,), outcome) if stops else _Steps(scope, (first,), outcome)
            case Both(inner):
                return _All((names[0], scope.path), [self.enter(each, scope, outcome) for each in inner])
            case Again(body):
                return _Round(scope, (body,), outcome, names[0])
            case Inner(body, border):
                inside = Scope(self, scope.path).begin(body, outcome)
                return _Bordered(scope, inside, names, border, bool(border))
            case Many(body, count, until):
                scopes = [Scope(self, (*scope.path, number)) for number in range(count)]
                made = _Iterations((names[0], scope.path), scopes, until)
                for each in scopes:
                    each.begin(body, outcome)
                return made


class _Stopping(_Steps):
    """Steps that end in a terminate end."""

    def _go_on(self, outcome: str) -> None:
        super()._go_on(outcome)
        if self.over():
            raise Stopped


@dataclass
class _Round:
    """A body and the task that sends it back."""

    scope: Scope
    body: tuple[Block, ...]
    outcome: str
    task: str
    live: Live = field(init=False)
    asking: bool = False

    def __post_init__(self) -> None:
        self._again(self.outcome)

    def _again(self, outcome: str) -> None:
        self.live, self.asking = _Steps(self.scope, self.body, outcome), False
        self._ask()

    def _ask(self) -> None:
        if self.live.over() and not self.asking:
            self.live, self.asking = _Waits((self.task, self.scope.path)), True

    def tokens(self) -> list[Key]:
        return self.live.tokens()

    def act(self, key: Key, outcome: str) -> bool:
        if not self.live.act(key, outcome):
            return False
        if self.asking and outcome == "return":
            self._again(outcome)
        else:
            self._ask()
        return True

    def over(self) -> bool:
        return self.asking and self.live.over()
