"""Whatever is drawn out of nested blocks, and whatever people and clocks do: tokens go where the blocks say."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from weakref import WeakKeyDictionary

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import catalogue, profile, spiff
from engine.core.diagram import Diagram, FormUses, Node, Surroundings
from engine.core.expressions import Value
from engine.core.spiff import Machine, Program
from engine.core.tokens import COUNTS, Token
from tests.engine.blocks import Again, Block, Both, Drawing, Many, Some, blocks, fresh
from tests.engine.stories import Key, Scope, Story

PLACE = Surroundings({}, {"child", "p"}, None, {"form": ""}, (), lambda _: [], lambda _: FormUses())


class Host:
    """Answer the machine from plain dictionaries."""

    changes = 0
    is_called = False

    def __init__(self) -> None:
        self.outcome = ""
        self.kept: dict[str, set[int]] = {}
        self.items: dict[str, tuple[Value, ...]] = {}
        self.numbers = count(1)

    def throw(self, node: Node, frames: tuple[str, ...]) -> dict[str, Value]:
        return {}

    def receive(self, node: Node, frames: tuple[str, ...], values: Mapping[str, Value]) -> None:
        """Take nothing over."""

    def evaluate(self, expression: str, frames: tuple[str, ...]) -> Value:
        if not expression.startswith("outcome"):
            value = json.loads(expression)
            return tuple(value) if isinstance(value, list) else bool(value)
        assert expression in ('outcome = "agree"', 'outcome = "return"')
        return self.outcome in expression and self.outcome != ""

    def assign(self, script: str, frames: tuple[str, ...]) -> None:
        raise AssertionError("no script is drawn")

    def decide(self, node: Node, frames: tuple[str, ...]) -> Mapping[str, object]:
        raise AssertionError("no table is asked")

    def open_iteration(self, scope: str, values: dict[str, Value]) -> None:
        assert set(values) == ({"loopCounter"} if scope.startswith(COUNTS) else {"one", "loopCounter"})

    def keep_result(self, scope: str, kept_in: str, index: int, expression: str) -> None:
        self.kept.setdefault(kept_in, set()).add(index)

    def keep_items(self, kept_in: str, items: tuple[Value, ...]) -> None:
        self.items[kept_in] = items

    def item(self, kept_in: str, index: int) -> Value:
        return self.items[kept_in][index]

    def is_enough(
        self, condition: str, kept_in: str, name: str, numbers: Mapping[str, Value], frames: tuple[str, ...]
    ) -> bool:
        return len(self.kept[kept_in]) >= int(condition.split()[-1])

    def collect(self, kept_in: str, name: str, frames: tuple[str, ...]) -> None:
        self.drop(kept_in)

    def drop(self, scope: str) -> None:
        self.kept.pop(scope, None)
        self.items.pop(scope, None)

    def new_id(self) -> str:
        return f"k{next(self.numbers)}"


def draw(body: Block) -> tuple[Diagram, Scope]:
    """Draw a block, have it accepted, and begin the story of what it should do."""
    drawing = Drawing()
    source = drawing.write(body)
    faults = profile.faults(source, PLACE)
    assert [fault for fault in faults if fault.code != "NOTE"] == [], source.decode()
    return catalogue.read_published(source), Story(drawing).begin(body)


def path(machine: Machine, token: Token) -> tuple[int, ...]:
    around = machine.find(token.container)
    before = path(machine, around) if around else ()
    return (*before, token.index) if token.iterating and token.index is not None else before


def places(machine: Machine) -> Counter[Key]:
    return Counter((token.node.id, path(machine, token)) for token in machine.tokens)


def often_joined() -> st.SearchStrategy[Block]:
    """Make the blocks in which joins could mistake one iteration's token for another's."""
    both = st.builds(Both, st.tuples(blocks(), blocks()))
    some = st.builds(Some, st.tuples(blocks(), blocks(), blocks()), st.just((True, True, False)))
    joined = st.one_of(both, some)
    many = st.builds(Many, joined, st.integers(2, 3), st.integers(0, 2), st.booleans())
    return st.one_of(blocks(), some, many, st.builds(Again, joined))


def waiting(machine: Machine) -> list[Token]:
    """Give the tokens that something outside finishes."""
    kinds = ("user", "catch", "call", "boundary")
    return [token for token in machine.tokens if token.node.kind in kinds]


PAGES: WeakKeyDictionary[Machine, dict[int, str]] = WeakKeyDictionary()
"""The pages of each machine as they were last written."""


def reloaded(program: Program, machine: Machine, host: Host) -> Machine:
    """Write the tokens down and read them back, as between two acts: the pages touched, over those of before."""
    written = PAGES.setdefault(machine, {})
    written.update(machine.take_pages())
    again = Machine(program, host)
    again.restore(written)
    PAGES[again] = written
    assert again.dump() == machine.dump()
    assert again.tokens == machine.tokens
    return again


def begin(diagram: Diagram) -> tuple[Program, Host, Machine]:
    program, host = spiff.compile_program(diagram), Host()
    machine = Machine(program, host)
    machine.begin()
    machine.run()
    return program, host, machine


def follow(body: Block, choose: Callable[[int], tuple[int, str]], acts: int) -> tuple[Machine, Scope]:
    diagram, story = draw(body)
    program, host, machine = begin(diagram)
    before = program.snapshot()
    for _ in range(acts):
        assert places(machine) == Counter(story.tokens())
        machine = reloaded(program, machine, host)
        open_ones = waiting(machine)
        assert bool(open_ones) == bool(machine.tasks)
        if not open_ones:
            break
        number, host.outcome = choose(len(open_ones))
        token = open_ones[number]
        assert story.act((token.node.id, path(machine, token)), host.outcome)
        machine.finish(token.id)
        machine.run()
        assert not machine.ready
    assert program.snapshot() == before
    return machine, story


@given(often_joined().map(fresh), st.data())
@settings(max_examples=120, deadline=None)
def test_tokens_are_where_the_blocks_say(body: Block, data: st.DataObject) -> None:
    def choose(size: int) -> tuple[int, str]:
        return data.draw(st.tuples(st.integers(0, size - 1), st.sampled_from(["agree", "return"])))

    machine, story = follow(body, choose, 30)
    assert places(machine) == Counter(story.tokens())
    assert bool(machine.tasks) == (not story.over())


@given(blocks().map(fresh))
@settings(max_examples=50, deadline=None)
def test_everything_ends_when_the_oldest_is_always_done_and_agreed_to(body: Block) -> None:
    machine, story = follow(body, lambda size: (0, "agree"), 300)
    assert story.over()
    assert machine.tokens == []


@given(blocks().map(fresh), st.data())
@settings(max_examples=30, deadline=None)
def test_cancelling_leaves_nothing_and_says_so_of_each_token_once(body: Block, data: st.DataObject) -> None:
    def choose(size: int) -> tuple[int, str]:
        return data.draw(st.tuples(st.integers(0, size - 1), st.sampled_from(["agree", "return"])))

    machine, _ = follow(body, choose, 5)
    machine.take_changes()
    live = {token.id for token in machine.tokens}
    machine.cancel_all()
    assert machine.tokens == []
    gone = [change.token.id for change in machine.take_changes() if change.kind == "cancelled"]
    assert sorted(gone) == sorted(live)
