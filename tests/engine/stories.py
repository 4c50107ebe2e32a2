"""Say what a drawing out of blocks should do, without tokens: as nested lists of what is still to be done."""

from dataclasses import dataclass, field
from typing import Protocol

from tests.engine.blocks import Again, Block, Both, Drawing, Either, Inner, Loop, Many, One, Row, Some

Key = tuple[str, tuple[int, ...]]
"""A place: a drawn id, and the numbers of the iterations around it, outermost first."""


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

    def comes(self) -> bool:
        """Tell whether one of its tokens can still come to its end, by the flows alone."""


@dataclass(eq=False)
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


@dataclass(eq=False)
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

    def comes(self) -> bool:
        return True


@dataclass(eq=False)
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

    def comes(self) -> bool:
        return self.live is None or self.live.comes()


@dataclass(eq=False)
class _All:
    join: Key
    lives: list[Live]

    def tokens(self) -> list[Key]:
        return [key for live in self.lives for key in ([self.join] if live.over() else live.tokens())]

    def act(self, key: Key, outcome: str) -> bool:
        return any(live.act(key, outcome) for live in self.lives if not live.over())

    def over(self) -> bool:
        return all(live.over() for live in self.lives)

    def comes(self) -> bool:
        return any(live.over() or live.comes() for live in self.lives)


@dataclass(eq=False)
class _Ways:
    """Those ways of an inclusive gateway that were taken; what can come no more is left to the scope around."""

    scope: Scope
    join: Key
    lives: list[Live]
    outcome: str
    gone: list[Live] = field(default_factory=list)
    met: bool = False

    def __post_init__(self) -> None:
        self._look(self.outcome, self.lives)

    def _look(self, outcome: str, moved: list[Live]) -> None:
        self.gone += [live for live in moved if live is not self.lives[0] and live.over() and outcome == "agree"]
        still = [live for live in self.lives if not live.over()]
        if self._arrived() and not any(live.comes() for live in still):
            self.met = True
            self.scope.parts += still

    def tokens(self) -> list[Key]:
        live = [each for each in self.lives if each not in self.gone]
        return [key for each in live for key in ([self.join] if each.over() else each.tokens())]

    def act(self, key: Key, outcome: str) -> bool:
        going = [live for live in self.lives if not live.over()]
        if not any(live.act(key, outcome) for live in going):
            return False
        self._look(outcome, going)
        return True

    def _arrived(self) -> list[Live]:
        return [live for live in self.lives if live.over() and live not in self.gone]

    def over(self) -> bool:
        return self.met

    def comes(self) -> bool:
        return bool(self._arrived()) or any(live.comes() for live in self.lives if not live.over())


@dataclass(eq=False)
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

    def comes(self) -> bool:
        return True


@dataclass(eq=False)
class _Iterations:
    """A scope for each number: all at once, or the next when the one before is over; `until` of them suffice."""

    outer: Scope
    key: Key
    block: Many
    outcome: str
    scopes: list[Scope] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._begin(self.outcome)

    def _begin(self, outcome: str) -> None:
        while len(self.scopes) < self.block.count and not (self.block.sequential and (self._going() or self._enough())):
            self.scopes.append(Scope(self.outer.story, (*self.outer.path, len(self.scopes))))
            self.scopes[-1].begin(self.block.body, outcome)

    def _going(self) -> list[Scope]:
        return [scope for scope in self.scopes if not scope.over()]

    def _enough(self) -> bool:
        ended = len(self.scopes) - len(self._going())
        return bool(self.block.until and ended >= self.block.until)

    def tokens(self) -> list[Key]:
        return [self.key, *(key for scope in self._going() for key in [(self.key[0], scope.path), *scope.tokens()])]

    def act(self, key: Key, outcome: str) -> bool:
        acted = any(scope.act(key, outcome) for scope in self._going())
        self._begin(outcome)
        return acted

    def over(self) -> bool:
        return self._enough() or (len(self.scopes) == self.block.count and not self._going())

    def comes(self) -> bool:
        return True


@dataclass(eq=False)
class _Rounds:
    """A scope for each round of a loop: another one when what ended the last was `return`."""

    outer: Scope
    key: Key
    block: Loop
    outcome: str
    count: int = 0
    inside: Scope = field(init=False)

    def __post_init__(self) -> None:
        self._begin(self.outcome)

    def _begin(self, outcome: str) -> None:
        self.inside = Scope(self.outer.story, (*self.outer.path, self.count)).begin(self.block.body, outcome)
        self.count += 1

    def tokens(self) -> list[Key]:
        return [self.key, (self.key[0], self.inside.path), *self.inside.tokens()]

    def act(self, key: Key, outcome: str) -> bool:
        acted = self.inside.act(key, outcome)
        if self.inside.over() and outcome == "return":
            self._begin(outcome)
        return acted

    def over(self) -> bool:
        return self.inside.over()

    def comes(self) -> bool:
        return True


@dataclass(eq=False)
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
            case Some(inner, taken):
                ways = [self.enter(each, scope, outcome) for each, way in zip(inner, taken, strict=True) if way]
                return _Ways(scope, (names[0], scope.path), ways, outcome)
            case Again(body):
                return _Round(scope, (body,), outcome, names[0])
            case Inner(body, border):
                inside = Scope(self, scope.path).begin(body, outcome)
                return _Bordered(scope, inside, names, border, bool(border))
            case Many():
                return _Iterations(scope, (names[0], scope.path), block, outcome)
            case Loop():
                return _Rounds(scope, (names[0], scope.path), block, outcome)


class _Stopping(_Steps):
    """Steps that end in a terminate end."""

    def _go_on(self, outcome: str) -> None:
        super()._go_on(outcome)
        if self.over():
            raise Stopped

    def comes(self) -> bool:
        return False


@dataclass(eq=False)
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

    def comes(self) -> bool:
        return self.live.comes()
