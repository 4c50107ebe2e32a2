"""Move an instance: lock it, step it until everything waits, and write down all that this changed.

Every act that moves a token goes through a `Run`: `load` or `start`, then what the act does, then `settle`. The
difference between before and after (tasks, jobs, children, variables, events, state, version) is written in the act's
own transaction. Locks go downwards: a run locks its own instance, then, only when it cancels them, its children.
"""

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from engine.core import catalogue, deadlines, effects, expressions, history, memory, settled, starters, vocabulary
from engine.core.catalogue import Definition
from engine.core.expressions import ExpressionError, Value
from engine.core.spiff import Machine
from engine.core.tokens import Token
from engine.core.variables import Scopes, home
from engine.ground import model
from engine.ground.database import insert_new, replace
from engine.ground.errors import Invalid, NotFound, Stale, Stuck
from engine.ground.unit_of_work import SYSTEM, Actor, Unit, new_id

CALL_DEPTH = 20
"""Levels of child instances below one another."""


ITEMS = "items"
"""Keeps, beside the results by number, what a sequential multi-instance goes through."""

RUNS_ALREADY = 0
"""Stands for the round of an instance that cannot be: rounds are counted from 1."""

RUNNING = "同一事项已经在办理中，不能重复发起。请在“我发起的”里查看。"


@dataclass
class Run:
    """Hold one instance while an act works on it; it is the machine's host.

    `deadlines` are those that tasks about to open keep from before.
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

    def view(self, frames: tuple[str, ...] = ()) -> dict[str, Value]:
        """Give the variables seen from inside `frames`."""
        return {"unit": self.row["unit_code"], "round": self.row["round"], **self.scopes.view(frames)}

    def record(self, kind: str, payload: Mapping[str, Any] | None = None, **envelope: Any) -> None:
        """Append to the instance's history."""
        version = f"{self.definition.key}:{self.definition.version}"
        history.record(self.unit, self.stream, kind, self.actor, payload, version=version, **envelope)

    # What the machine asks of its host

    def evaluate(self, expression: str, frames: tuple[str, ...] = ()) -> Value:
        """Evaluate FEEL as seen from `frames`."""
        return evaluate_with(self.unit, expression, self.view(frames))

    def assign(self, script: str, frames: tuple[str, ...]) -> None:
        """Run a script task's assignments, one after the other."""
        for assignment in expressions.parse_assignments(script):
            value = expressions.evaluate(assignment.expression, self.view(frames), vocabulary.bind(self.unit))
            self.scopes.assign(frames, assignment.name, value)

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
    query = select(model.instance).where(model.instance.c.id == instance_id).with_for_update()
    row = unit.connection.execute(query).first()
    if row is None:
        raise NotFound()
    return dict(row._mapping)


def lock_of_task(unit: Unit, task_id: str) -> dict[str, Any]:
    """Lock the row of the instance that a task belongs to.

    Raises:
        NotFound: no such task.
    """
    table, task = model.instance, model.task.c
    owner = select(task.instance_id).where(task.id == task_id).scalar_subquery()
    query = select(table, settled.asked()).where(table.c.id == owner).with_for_update(of=table)
    row = unit.connection.execute(query).first()
    if row is None:
        raise NotFound()
    found = dict(row._mapping)
    settled.note(unit, found)
    return found


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
        run = Run(unit, row, definition, kept.scopes, actor, kept.machine)
    else:
        run = Run(unit, row, definition, Scopes.load(unit, instance_id), actor)
        run.machine.restore(_pages(unit, instance_id))
    memory.keep(run)
    return run


def _pages(unit: Unit, instance_id: str) -> dict[int, str]:
    table = model.instance_state.c
    rows = unit.connection.execute(select(table.page, table.content).where(table.instance_id == instance_id))
    return {row.page: row.content for row in rows}


def start(
    unit: Unit,
    definition: Definition,
    variables: Mapping[str, Value],
    actor: Actor,
    *,
    business_key: str | None = None,
    unit_code: str | None = None,
    parent: Run | None = None,
    parent_token: str | None = None,
) -> Run:
    """Make an instance and run it to where it waits.

    Raises:
        Invalid: an instance of the same process and business key is still active; or the key or title has no value.
        Stuck: a function or form of the version is gone, or children are nested too deeply.
    """
    if parent is not None and _level(unit, parent.row) >= CALL_DEPTH:
        raise Stuck(f"子流程嵌套超过{CALL_DEPTH}层，已停止。")
    _check_whole(unit, definition)
    seen = {"unit": unit_code, "year": None, **variables}
    own = definition.diagram.business_key
    key = business_key or (_text(unit, own, seen, "业务键") if own else new_id())
    row = _new_row(unit, definition, key, unit_code, actor, parent, parent_token)
    row["title"] = _text(unit, definition.diagram.title, {**seen, "round": row["round"]}, "题名")[:300]
    if row["round"] == RUNS_ALREADY or insert_new(unit.connection, model.instance, [row]) == 0:
        if business_key or not own or _text(unit, own, seen, "业务键") == key:
            raise Invalid(RUNNING)
        # The key counts what there is, and somebody who counted to the same number was faster.
        return start(unit, definition, variables, actor, unit_code=unit_code, parent=parent, parent_token=parent_token)
    run = Run(unit, row, definition, Scopes(row["id"]), actor)
    for name, value in variables.items():
        run.scopes.set("", name, value)
    run.record(
        "instance.started", {"title": row["title"]}, business_key=key, round=row["round"], parent=row["parent_id"]
    )
    memory.keep(run)
    if parent is None:
        starter = [f"person:{actor.person_id}"] if actor.person_id else []
        posts = starters.references(definition.diagram.starters, row["unit_code"])
        join(run, [*starter, *(f"post:{post}" for post in posts)])
    run.machine.begin()
    settle(run)
    return run


def _level(unit: Unit, row: Mapping[str, Any]) -> int:
    """Count the instances above and including one, as far as the limit."""
    level, above, table = 1, row["parent_id"], model.instance.c
    while above is not None and level < CALL_DEPTH:
        above = unit.connection.execute(select(table.parent_id).where(table.id == above)).scalar_one()
        level += 1
    return level


def _check_whole(unit: Unit, definition: Definition) -> None:
    for node in definition.diagram.nodes.values():
        function = node.attributes.get("function", "")
        if node.kind == "service" and function not in unit.engine.functions:
            raise Stuck(f"环节“{node.name}”所用的功能“{function}”已不存在，不能发起。请联系管理员。", node.id)
        form = node.attributes.get("form", "")
        if node.kind == "user" and form not in definition.sources:
            raise Stuck(f"环节“{node.name}”所用的表单“{form}”已不存在，不能发起。请联系管理员。", node.id)


def _text(unit: Unit, expression: str, variables: Mapping[str, Any], what: str) -> str:
    value = evaluate_with(unit, expression, variables)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"{what}“{expression}”没有得出文字，不能发起。请检查发起时填写的内容。")
    return value


def _new_row(
    unit: Unit,
    definition: Definition,
    key: str,
    unit_code: str | None,
    actor: Actor,
    parent: Run | None,
    parent_token: str | None,
) -> dict[str, Any]:
    instance_id = new_id()
    return {
        "id": instance_id,
        "definition_id": definition.id,
        "process_key": definition.key,
        "business_key": key,
        "round": _next_round(unit, definition.key, key),
        "title": "",
        "unit_code": unit_code,
        "parent_id": parent.id if parent else None,
        "parent_token": parent_token,
        "root_id": parent.row["root_id"] if parent else instance_id,
        "starter_id": actor.person_id,
        "state": "active",
        "outcome": None,
        "version": 0,
        "started_at": unit.now,
        "ended_at": None,
    }


def _next_round(unit: Unit, process_key: str, business_key: str) -> int:
    """Give the round of a new instance, or none if one of its key is still active."""
    table = model.instance
    same = (table.c.process_key == process_key, table.c.business_key == business_key)
    # In one look: between two, somebody else's start may be committed, and this one would be its second round.
    query = select(table.c.round, table.c.state).where(*same)
    earlier = list(unit.connection.execute(query))
    if any(row.state == "active" for row in earlier):
        return RUNS_ALREADY
    return max((row.round for row in earlier), default=0) + 1


def join(run: Run, principals: list[str]) -> None:
    """Let these people and posts see the instance from now on."""
    rows = [{"principal": principal, "instance_id": run.id} for principal in dict.fromkeys(principals)]
    insert_new(run.unit.connection, model.participant, rows)


def settle(run: Run) -> None:
    """Step until everything waits, then write down what changed."""
    if run.row["state"] != "active":
        raise Stale("这个事项已经结束。")
    run.machine.run()
    _write_effects(run)
    if not run.machine.tasks:
        _end(run, "completed", run.scopes.get(("", "outcome")))
    _save(run)


def _write_effects(run: Run) -> None:
    calls, ended = effects.apply(run)
    for token_id in calls:
        call(run, token_id)
    if ended:
        cancel_children(run, ended)
    deadlines.follow(run)
    effects.flush(run)
    run.scopes.save(run.unit)


def _end(run: Run, state: str, outcome: Value) -> None:
    text = outcome if isinstance(outcome, str) else None
    run.row.update(state=state, outcome=text, ended_at=run.unit.now)
    run.record(f"instance.{state}", {"outcome": text})
    if run.row["parent_id"] and state == "completed":
        parent, token = run.row["parent_id"], run.row["parent_token"]
        effects.add_job(run, "return", instance_id=parent, token_id=token, payload={"child": run.id})
        effects.flush(run)


def _save(run: Run) -> None:
    table = model.instance
    before = run.row["version"]
    run.row["version"] = before + 1
    changed = {name: run.row[name] for name in ("state", "outcome", "ended_at", "version")}
    query = update(table).where(table.c.id == run.id, table.c.version == before).values(changed)
    if run.unit.connection.execute(query).rowcount != 1:
        raise Stale("这个事项刚刚被别人办理过，请刷新后再试。")
    if pages := run.machine.take_pages():
        rows = [{"instance_id": run.id, "page": page, "content": text} for page, text in pages.items()]
        replace(run.unit.connection, model.instance_state, rows, "content")


def cancel(run: Run, reason: str) -> None:
    """Cancel an instance with all its descendants, in this commit."""
    if run.row["state"] != "active":
        raise Stale("这个事项已经结束。")
    run.machine.ready.clear()
    run.machine.cancel_all()
    run.record("instance.cancelling", {"reason": reason})
    _write_effects(run)
    _end(run, "cancelled", None)
    _save(run)


def call(run: Run, token_id: str) -> None:
    """Start the child that a token waits for, wholly or not at all; what prevents it becomes an incident."""
    mark = history.mark(run.unit)
    try:
        with run.unit.savepoint():
            start_child(run, token_id)
    except (Stuck, Invalid, ExpressionError) as error:
        history.rewind(run.unit, mark)
        effects.get_stuck(run, token_id, "call", str(error))


def start_child(run: Run, token_id: str) -> None:
    """Start the child that a call activity's token waits for.

    Raises:
        Stuck: the called process is not published, or its key has no value.
    """
    token = run.machine.find(token_id)
    assert token is not None
    node, frames = token.node, token.frames
    found = catalogue.latest_id(run.unit, node.called)
    if found is None:
        raise Stuck(f"环节“{node.name}”调用的流程“{node.called}”还没有发布。", node.id)
    code = run.evaluate(node.attributes["unit"], frames) if node.attributes.get("unit") else run.row["unit_code"]
    key = run.evaluate(node.attributes["businessKey"], frames) if node.attributes.get("businessKey") else None
    variables = {target: run.evaluate(source, frames) for source, target in node.inputs}
    child = start(
        run.unit,
        catalogue.load(run.unit, found),
        variables,
        Actor(None),
        business_key=str(key) if key else None,
        unit_code=str(code) if code else None,
        parent=run,
        parent_token=token_id,
    )
    run.record("child.started", {"title": child.row["title"]}, activity=node.id, token=token_id, child=child.id)


def cancel_children(run: Run, tokens: list[str]) -> None:
    """Cancel the children that cancelled call activities waited for, locking them by ascending id."""
    table = model.instance.c
    query = select(table.id).where(table.parent_id == run.id, table.parent_token.in_(tokens), table.state == "active")
    for child_id in sorted(run.unit.connection.execute(query).scalars()):
        child = load(run.unit, child_id, run.actor)
        # It may have ended while this act waited for its lock.
        if child.row["state"] == "active":
            cancel(child, "上级事项结束")


def deliver(run: Run, token_id: str, child_id: str) -> bool:
    """Hand a finished child's outcome to the token that waits for it; tell whether it was still waiting."""
    token = run.machine.find(token_id)
    if run.row["state"] != "active" or token is None:
        run.record("child.discarded", {}, child=child_id)
        return False
    child = row_of(run.unit, child_id)
    seen = {"unit": child["unit_code"], "round": child["round"], **Scopes.load(run.unit, child_id).view()}
    inner = home(token.frames)
    for source, target in token.node.outputs:
        run.scopes.set(inner, target, evaluate_with(run.unit, source, seen))
    run.record("child.returned", {"outcome": child["outcome"]}, activity=token.node.id, token=token_id, child=child_id)
    run.machine.finish(token_id)
    settle(run)
    return True


def row_of(unit: Unit, instance_id: str) -> dict[str, Any]:
    """Read an instance's row without a lock."""
    row = unit.connection.execute(select(model.instance).where(model.instance.c.id == instance_id)).one()
    return dict(row._mapping)


def find_row(unit: Unit, instance_id: str) -> dict[str, Any] | None:
    """Read an instance's row, if there is one."""
    row = unit.connection.execute(select(model.instance).where(model.instance.c.id == instance_id)).first()
    return dict(row._mapping) if row is not None else None


def tokens_of(unit: Unit, instance_id: str, definition: Definition) -> list[Token]:
    """Show an instance's live tokens without locking it."""
    return Machine.read(definition.program, _pages(unit, instance_id))


def definition_of(unit: Unit, instance_id: str) -> Definition:
    """Give the version that an instance runs on."""
    return catalogue.load(unit, row_of(unit, instance_id)["definition_id"])


latest = catalogue.latest
