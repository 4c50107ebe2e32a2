"""Hold one instance while an act works on it: its row locked, its variables at hand, its tokens where they were."""

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, literal, select

from engine.core import catalogue, decisions, effects, expressions, history, memory, settled, vocabulary
from engine.core.catalogue import Definition
from engine.core.diagram import Node
from engine.core.expressions import Value
from engine.core.spiff import Machine
from engine.core.tokens import Token
from engine.core.variables import Scopes, decode, encode, home
from engine.ground import model
from engine.ground.errors import NotFound, Stuck
from engine.ground.statements import Statement
from engine.ground.unit_of_work import SYSTEM, Actor, Unit, new_id

INSTANCE, TASK, STATE = model.instance.c, model.task.c, model.instance_state.c
# Built once: what every act asks, SQLAlchemy takes longer to build than a database to answer.
READ = select(model.instance).where(INSTANCE.id == bindparam("instance"))
LOCK = READ.with_for_update()
OWNER = select(TASK.instance_id).where(TASK.id == bindparam("task")).scalar_subquery()
LOCK_OF_TASK = Statement(
    select(model.instance, settled.ASKED).where(INSTANCE.id == OWNER).with_for_update(of=model.instance)
)
# Asked once the lock is held, and with its own eyes: what others did to the task before that is seen.
TASK_HELD = Statement(
    select(model.task, *history.asked(literal("instance:").concat(OWNER))).where(TASK.id == bindparam("task"))
)
PAGES = select(STATE.page, STATE.content).where(STATE.instance_id == bindparam("instance"))

ITEMS = "items"
"""Keeps, beside the results by number, what a sequential multi-instance goes through."""


@dataclass(frozen=True)
class Parcel:
    """Hold a message or signal on its way out of an instance."""

    node: Node
    key: str
    values: Mapping[str, Value]


@dataclass
class Run:
    """Hold one instance while an act works on it; it is the machine's host.

    `deadlines` are those that tasks about to open keep from before; `thrown` waits to be sent out; `joined` are posts
    that are known to see the instance.
    """

    unit: Unit
    row: dict[str, Any]
    definition: Definition
    scopes: Scopes
    actor: Actor
    kept: InitVar[Machine | None] = None
    machine: Machine = field(init=False)
    cause: Mapping[str, Any] | None = None
    opened: list[str] = field(default_factory=list)
    plain: bool = True
    deadlines: dict[str, datetime] = field(default_factory=dict)
    pending: "effects.Pending" = field(default_factory=lambda: effects.Pending())
    thrown: list[Parcel] = field(default_factory=list)
    joined: set[str] = field(default_factory=set)

    def __post_init__(self, kept: Machine | None) -> None:
        self.machine = kept or Machine(self.definition.program, self)
        self.machine.host = self

    @property
    def id(self) -> str:
        """Give the instance's id."""
        return str(self.row["id"])

    @property
    def stream(self) -> str:
        """Name the instance's history."""
        return f"instance:{self.id}"

    def awaits(self, token_id: str) -> bool:
        """Tell whether a token is here and waits for its event."""
        token = self.machine.find(token_id)
        return self.row["state"] == "active" and token is not None and token.state == "waiting"

    def view(self, frames: tuple[str, ...] = ()) -> dict[str, Value]:
        """Give the variables seen from inside `frames`."""
        return {"unit": self.row["unit_code"], "round": self.row["round"], **self.scopes.view(frames)}

    def record(self, kind: str, payload: Mapping[str, Any] | None = None, **envelope: Any) -> None:
        """Append to the instance's history."""
        version = f"{self.definition.key}:{self.definition.version}"
        history.record(self.unit, self.stream, kind, self.actor, payload, version=version, **envelope)

    # What the machine asks of its host

    @property
    def changes(self) -> int:
        """Count what happened to variables in this act."""
        return self.scopes.touched

    @property
    def is_called(self) -> bool:
        """Tell whether another instance waits for this one."""
        return self.row["parent_id"] is not None

    def throw(self, node: Node, frames: tuple[str, ...]) -> dict[str, Value]:
        """Send out a message or signal at the end of this step; give what it carries.

        Raises:
            Stuck: the key of whom the message is for has no value.
        """
        # What no variable can hold cannot travel either, and is found out while the token is still in its place.
        values = {target: decode(encode(self.evaluate(source, frames))) for source, target in node.inputs}
        text = node.attributes.get("businessKey", "")
        key = self.evaluate(text, frames) if text else self.row["business_key"]
        if not isinstance(key, str) or not key:
            raise Stuck(f"“{node.name or node.id}”的业务键“{text}”没有得出文字，消息没有发出。", node.id)
        self.thrown.append(Parcel(node, key, values))
        return values

    def receive(self, node: Node, frames: tuple[str, ...], values: Mapping[str, Value]) -> None:
        """Take over what a message or signal carries."""
        for source, target in node.outputs:
            self.scopes.set(home(frames), target, evaluate_with(self.unit, source, values))

    def evaluate(self, expression: str, frames: tuple[str, ...] = ()) -> Value:
        """Evaluate FEEL as seen from `frames`."""
        return evaluate_with(self.unit, expression, self.view(frames))

    def assign(self, script: str, frames: tuple[str, ...]) -> None:
        """Run a script task's assignments, one after the other."""
        for assignment in expressions.parse_assignments(script):
            value = expressions.evaluate(assignment.expression, self.view(frames), vocabulary.bind(self.unit))
            self.scopes.assign(frames, assignment.name, value)

    def decide(self, node: Node, frames: tuple[str, ...]) -> Mapping[str, Any]:
        """Ask the decision table of a node and put what it says into the node's variable."""
        decision = self.definition.decision(node.attributes["decision"])
        seen = self.view(frames)
        answer = decisions.decide(decision, seen, vocabulary.bind(self.unit))
        self.scopes.assign(frames, node.attributes["result"], answer.value)
        return decisions.record_of(decision, answer, seen)

    def open_iteration(self, scope: str, values: dict[str, Value]) -> None:
        """Give an iteration its own variables."""
        for name, value in values.items():
            self.scopes.set(scope, name, value)

    def keep_result(self, scope: str, kept_in: str, index: int, expression: str) -> None:
        """Keep the result of an iteration under its index."""
        if expression:
            frames = (scope, *self._frames_of(kept_in))
            self.scopes.set(kept_in, str(index), self.evaluate(expression, frames))

    def _frames_of(self, token_id: str) -> tuple[str, ...]:
        token = self.machine.find(token_id)
        return token.frames if token else ()

    def keep_items(self, kept_in: str, items: tuple[Value, ...]) -> None:
        """Keep what a sequential multi-instance goes through."""
        self.scopes.set(kept_in, ITEMS, items)

    def item(self, kept_in: str, index: int) -> Value:
        """Give one of the kept items."""
        items = self.scopes[kept_in, ITEMS]
        assert isinstance(items, tuple)
        return items[index]

    def is_enough(
        self, condition: str, kept_in: str, name: str, numbers: Mapping[str, Value], frames: tuple[str, ...]
    ) -> bool:
        """Say whether the results so far suffice; the condition sees them under the name of the whole list."""
        view = {**self.view(frames), **numbers, **({name: tuple(self._kept(kept_in))} if name else {})}
        return evaluate_with(self.unit, condition, view) is True

    def collect(self, kept_in: str, name: str, frames: tuple[str, ...]) -> None:
        """Put the results into one list, in the collection's order; an iteration that was cut short gives none."""
        kept = self._kept(kept_in)
        self.scopes.drop(kept_in)
        if name:
            self.scopes.assign(frames, name, kept)

    def _kept(self, kept_in: str) -> list[Value]:
        found = {int(name): value for name, value in self.scopes.inside(kept_in).items() if name != ITEMS}
        return [found[index] for index in sorted(found)]

    def drop(self, scope: str) -> None:
        """Forget the variables of a cancelled scope."""
        self.scopes.drop(scope)

    def new_id(self) -> str:
        """Make an identifier."""
        return new_id()


def evaluate_with(unit: Unit, expression: str, variables: Mapping[str, object]) -> Value:
    """Evaluate FEEL with the house's functions."""
    return expressions.evaluate(expression, variables, vocabulary.bind(unit))


def lock(unit: Unit, instance_id: str) -> dict[str, Any]:
    """Lock an instance's row.

    Raises:
        NotFound: no such instance.
    """
    row = unit.connection.execute(LOCK, {"instance": instance_id}).first()
    if row is None:
        raise NotFound()
    return dict(row._mapping)


def lock_of_task(unit: Unit, task_id: str) -> tuple[dict[str, Any], Row[Any]]:
    """Lock the row of the instance that a task belongs to, then look at the task; learn where the history ends.

    Raises:
        NotFound: no such task.
    """
    instances, tasks = unit.ask((LOCK_OF_TASK, {"task": task_id}), (TASK_HELD, {"task": task_id}))
    if not instances:
        raise NotFound()
    found, task = dict(instances[0]._mapping), tasks[0]
    settled.note(unit, found)
    history.note(unit, f"instance:{task.instance_id}", task)
    return found, task


def lock_free(unit: Unit, instance_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Lock those of some instances that nobody else has locked; give their rows."""
    table = model.instance
    query = select(table).where(table.c.id.in_(instance_ids)).order_by(table.c.id).with_for_update(skip_locked=True)
    return {row.id: dict(row._mapping) for row in unit.connection.execute(query)}


def load(unit: Unit, instance_id: str, actor: Actor = SYSTEM, row: dict[str, Any] | None = None) -> Run:
    """Lock an instance, unless its locked row is given, and put its tokens back where they were."""
    row = row or lock(unit, instance_id)
    definition, kept = catalogue.load(unit, row["definition_id"]), memory.take(unit, row)
    if kept is not None:
        run = Run(unit, row, definition, kept.scopes, actor, kept.machine, joined=kept.joined)
    else:
        run = Run(unit, row, definition, Scopes.load(unit, instance_id), actor)
        run.machine.restore(_pages(unit, instance_id))
    memory.keep(run)
    return run


def _pages(unit: Unit, instance_id: str) -> dict[int, str]:
    rows = unit.connection.execute(PAGES, {"instance": instance_id})
    return {row.page: row.content for row in rows}


def row_of(unit: Unit, instance_id: str) -> dict[str, Any]:
    """Read an instance's row without a lock."""
    return dict(unit.connection.execute(READ, {"instance": instance_id}).one()._mapping)


def find_row(unit: Unit, instance_id: str) -> dict[str, Any] | None:
    """Read an instance's row, if there is one."""
    row = unit.connection.execute(READ, {"instance": instance_id}).first()
    return dict(row._mapping) if row is not None else None


def tokens_of(unit: Unit, instance_id: str, definition: Definition) -> list[Token]:
    """Show an instance's live tokens without locking it."""
    return Machine.read(definition.program, _pages(unit, instance_id))


def definition_of(unit: Unit, instance_id: str) -> Definition:
    """Give the version that an instance runs on."""
    return catalogue.load(unit, row_of(unit, instance_id)["definition_id"])
