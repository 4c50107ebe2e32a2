"""Measure the completion of a task against its floor: the bare step in memory and one durable commit."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from sqlalchemy import select, update

from benchmarks import drawings
from benchmarks.figures import Figure, at_most, middle, seconds
from benchmarks.houses import House, counted
from engine import tasks
from engine.core import catalogue, execution, expressions
from engine.core.expressions import Value
from engine.core.spiff import Machine
from engine.core.variables import Scopes
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM, Unit, new_id

SIZES = {30: 2.0, 300: 2.0, 3_000: 2.5}
"""Live tokens of the instance, and the bound of the ratio."""

STATEMENTS, COMMITS, GROWTH = 15, 1, 1.5
HANDS = {"a": "hr.head", "b": "red.head"}


class BareHost:
    """Answer a machine out of memory, with no database behind it."""

    def __init__(self, variables: dict[str, Value]) -> None:
        self.variables = variables

    def evaluate(self, expression: str, frames: tuple[str, ...] = ()) -> Value:
        """Evaluate FEEL over plain variables."""
        return expressions.evaluate(expression, self.variables, {})

    def new_id(self) -> str:
        """Make an identifier."""
        return new_id()


def measure(house: House, sizes: tuple[int, ...], rounds: int) -> Iterator[Figure]:
    """Measure completions at several sizes of the instance."""
    house.publish(drawings.crowd())
    acts = {}
    for size in sizes:
        instance_id = _begin(house, size)
        act, step, commit, cold = _times(house, instance_id, rounds)
        acts[size] = act
        note = f"act {act * 1000:.2f} ms, step {step * 1000:.2f} ms, commit {commit * 1000:.2f} ms"
        yield at_most(f"completion_over_floor_{size}", house.kind, act / (step + commit), "×", SIZES[size], note)
        yield Figure(f"cold_load_ms_{size}", house.kind, round(cold * 1000, 2), "ms")
    small, large = min(sizes), max(sizes)
    yield at_most("completion_growth", house.kind, acts[large] / acts[small], f"{large}/{small}", GROWTH)
    yield from _counts(house)


def _begin(house: House, size: int) -> str:
    items = tuple(Decimal(number) for number in range(size - 2))
    with house.engine.transaction() as unit:
        return execution.start(unit, catalogue.latest(unit, "crowd"), {"items": items}, SYSTEM).id


def _times(house: House, instance_id: str, rounds: int) -> tuple[float, float, float, float]:
    """Give the medians of a completion, a bare step, a bare commit and a cold load; all in turn, in one loop."""
    machine = _machine(house, instance_id)
    waiting = next(token.id for token in machine.tokens if token.node.id == "a")
    acts, steps, commits, colds = [], [], [], []
    for number in range(rounds * 2):
        name = "ab"[number % 2]
        task_id = _open(house, instance_id, name)
        acts.append(seconds(partial(_complete, house, task_id, name)))
        steps.append(seconds(partial(_step, machine, waiting)))
        # Looked up among what changed: to list thousands of tokens would empty the caches that all others work in.
        waiting = next(
            one.token.id for one in machine.take_changes() if one.kind == "entered" and one.token.node.id in HANDS
        )
        commits.append(seconds(lambda: _commit(house, instance_id)))
        if number < 10:
            colds.append(seconds(lambda: _load(house, instance_id)))
    return middle(acts[2:]), middle(steps[2:]), middle(commits[2:]), middle(colds)


def _open(house: House, instance_id: str, name: str) -> str:
    table = model.task.c
    query = select(table.id).where(table.instance_id == instance_id, table.activity_id == name, table.state == "open")
    with house.engine.reading() as unit:
        return str(unit.connection.execute(query).scalar_one())


def _complete(house: House, task_id: str, name: str) -> None:
    with house.engine.transaction() as unit:
        tasks.complete(unit, task_id, house.office.actor(HANDS[name]), {}, "agree", 1)


def _step(machine: Machine, token_id: str) -> None:
    machine.finish(token_id)
    machine.run()


def _commit(house: House, instance_id: str) -> None:
    table = model.instance
    # Another value each time: SQLite leaves out a row that stays as it was, and then has nothing to put on disk.
    with house.engine.database.writing() as connection:
        connection.execute(update(table).where(table.c.id == instance_id).values(title=new_id()))


def _machine(house: House, instance_id: str) -> Machine:
    with house.engine.reading() as unit:
        run = _load_run(unit, instance_id)
        machine = Machine(run.definition.program, BareHost({"outcome": "agree"}))  # type: ignore[arg-type]
        machine.restore({0: run.machine.dump()})
        return machine


def _load_run(unit: Unit, instance_id: str) -> execution.Run:
    return execution.load(unit, instance_id, row=execution.row_of(unit, instance_id))


def _load(house: House, instance_id: str) -> None:
    with house.engine.reading() as unit:
        _load_run(unit, instance_id)
        Scopes.load(unit, instance_id)


def _counts(house: House) -> Iterator[Figure]:
    house.publish(drawings.pair())
    with house.engine.transaction() as unit:
        instance_id = execution.start(unit, catalogue.latest(unit, "pair"), {}, SYSTEM).id
    task_id = _open(house, instance_id, "a")
    with counted(house.engine) as found:
        _complete(house, task_id, "a")
    note = "a task with deadline and reminders, followed by another"
    yield at_most("statements_per_completion", house.kind, found["statements"], "", STATEMENTS, note)
    yield at_most("commits_per_completion", house.kind, found["commits"], "", COMMITS)
