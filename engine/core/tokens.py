"""Tokens as plain data, and what a machine of tokens asks of its host."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from engine.core.diagram import AWAITED, Node
from engine.core.expressions import Value

LIVE_LIMIT = 10_000
"""Tokens of one instance."""


COUNTS = "~"
"""Begins the name of a scope that only counts a loop's rounds: nothing is assigned into it."""


def counter(token_id: str) -> str:
    """Name the scope that holds the `loopCounter` of a standard loop."""
    return COUNTS + token_id.replace("-", "")


@dataclass(frozen=True)
class Token:
    """Show a token as plain data.

    `container` is the token of the sub-process or multi-instance around it ("" at the top), `frames` the variable
    scopes it sees, innermost first; `index` counts an iteration; `via` is the drawn flow that it came by; `guards` is
    the token whose boundary event it is, `race` what it shares with those of which only the first goes on.
    """

    id: str
    node: Node
    state: Literal["ready", "waiting", "started"]
    container: str
    frames: tuple[str, ...]
    index: int | None
    via: str
    guards: str
    race: str
    iterating: bool

    @property
    def stands_by(self) -> bool:
        """Tell whether it is only there for what may happen: an event sub-process, or an error that may come."""
        if self.node.kind == "handler":
            return self.state == "waiting"
        return self.node.kind == "boundary" and self.node.event not in AWAITED

    @property
    def is_moved_from_outside(self) -> bool:
        """Tell whether it stays where it is until a person, a job, a child, a message or a signal comes."""
        node = self.node
        if node.repeats and not self.iterating:
            return False
        if node.kind in ("user", "service", "call"):
            return True
        if node.stays and node.timer is not None and node.timer.kind == "cycle":
            # One that only tells, and all of whose days have gone by, has nothing more to tell.
            return False
        comes = node.event in ("timer", "message", "signal")
        return comes and self.state == "waiting" and node.kind in ("catch", "receive", "boundary", "handler")


@dataclass(frozen=True)
class Change:
    """Tell what happened to a token.

    It entered, completed, was cancelled, threw its event, or got stuck and says why; an event sub-process started; a
    decision table answered, which is `told` as the history keeps it.
    """

    kind: Literal["entered", "started", "completed", "cancelled", "thrown", "decided", "stuck"]
    token: Token
    message: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)


class Host(Protocol):
    """Give the machine what it must not know itself: variables, identifiers, and the world around the instance.

    `changes` counts what happened to variables; `is_called` says whether another instance waits for this one.
    """

    @property
    def changes(self) -> int: ...

    @property
    def is_called(self) -> bool: ...

    def throw(self, node: Node, frames: tuple[str, ...]) -> dict[str, Value]:
        """Send the message or signal that a node throws out of the instance; give what it carries."""

    def receive(self, node: Node, frames: tuple[str, ...], values: Mapping[str, Value]) -> None:
        """Take over what a message or signal carries, as the node that catches it says."""

    def evaluate(self, expression: str, frames: tuple[str, ...]) -> Value:
        """Evaluate FEEL as seen from `frames`."""

    def assign(self, script: str, frames: tuple[str, ...]) -> None:
        """Run a script task's assignments."""

    def decide(self, node: Node, frames: tuple[str, ...]) -> Mapping[str, Any]:
        """Ask the decision table of a node and keep the answer; give what the history tells of it."""

    def open_iteration(self, scope: str, values: dict[str, Value]) -> None:
        """Give an iteration its own variables."""

    def keep_result(self, scope: str, kept_in: str, index: int, expression: str) -> None:
        """Keep the result of an iteration that has ended."""

    def keep_items(self, kept_in: str, items: tuple[Value, ...]) -> None:
        """Keep the items of a sequential multi-instance: what it goes through is settled when it begins."""

    def item(self, kept_in: str, index: int) -> Value:
        """Give one of the kept items."""

    def is_enough(
        self, condition: str, kept_in: str, name: str, numbers: Mapping[str, Value], frames: tuple[str, ...]
    ) -> bool:
        """Say whether the instances that have ended suffice (completionCondition)."""

    def collect(self, kept_in: str, name: str, frames: tuple[str, ...]) -> None:
        """Put the results in the order of the collection into one list."""

    def drop(self, scope: str) -> None:
        """Forget the variables of a cancelled scope."""

    def new_id(self) -> str:
        """Make an identifier."""
