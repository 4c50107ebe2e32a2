"""What must hold after every committed act, whatever the test and whichever engine it made.

`install` hangs a keeper on every engine that is opened. After each commit it looks at what that commit touched: its
instances with their parents, and the new tail of its streams. At the end of each test, and when an engine is closed,
whatever was touched is looked at as a whole. A test that breaks things on purpose clears the engine's `watchers`.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import Row, bindparam, select, union_all

from engine.core import catalogue, chain, execution, history
from engine.core.execution import Run
from engine.core.variables import Scopes
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM, Engine, Unit

Head = tuple[int, bytes]

RUNS = "promises.runs"
"""Where a unit keeps the instances that it has saved, as they were in memory."""

SNAPSHOTS: dict[str, str] = {}
KEEPERS: "WeakKeyDictionary[Engine, Keeper]" = WeakKeyDictionary()


def install(patch: pytest.MonkeyPatch) -> None:
    """Keep the promises of every engine from now on."""
    opened, closed, saved = Engine.__init__, Engine.close, execution._save

    def open_kept(engine: Engine, *given: Any, **named: Any) -> None:
        opened(engine, *given, **named)
        KEEPERS[engine] = keeper = Keeper()
        engine.watchers.append(keeper)

    def close_kept(engine: Engine) -> None:
        try:
            KEEPERS[engine].settle(engine)
        finally:
            closed(engine)

    def save_kept(run: Run) -> None:
        saved(run)
        run.unit.cache.setdefault(RUNS, {})[run.id] = run

    patch.setattr(Engine, "__init__", open_kept)
    patch.setattr(Engine, "close", close_kept)
    patch.setattr(execution, "_save", save_kept)


def settle() -> None:
    """Look at all that was touched since the last time, as a whole."""
    for engine, keeper in list(KEEPERS.items()):
        keeper.settle(engine)


def check(engine: Engine) -> None:
    """Check every instance, every chain and every cached spec."""
    with _look(engine) as look:
        _check_instances(look, look.connection.execute(select(model.instance)))
        for stream in history.streams(look.connection):
            _verify(look, stream)
    _check_specs(engine)


def faults(engine: Engine) -> Iterator[str]:
    """Tell of every instance that waits for nothing, or has ended and still has tokens."""
    with _look(engine) as look:
        for row in look.connection.execute(select(model.instance)).all():
            try:
                _check_instances(look, [row])
            except AssertionError as error:
                yield f"the instance {row.id} ({row.state}) is not as it should be: {error}"


class Keeper:
    """Watch one engine: told of each commit, in whatever thread it was made."""

    # It must not hold its engine: KEEPERS holds it for as long as the engine lives.
    def __init__(self) -> None:
        self.heads: dict[str, Head] = {}
        self.broken: AssertionError | None = None
        self.touched = False
        self._turn = Lock()

    def __call__(self, unit: Unit) -> None:
        """Look at what a commit touched."""
        heads = history.heads(unit)
        if not heads and RUNS not in unit.cache:
            return
        with self._turn:
            self.touched = True
            try:
                self._check_touched(unit, heads)
            except AssertionError as error:
                # A worker or a page may swallow it; the end of the test does not.
                self.broken = self.broken or error
                raise

    def _check_touched(self, unit: Unit, heads: dict[str, Head]) -> None:
        with _look(unit.engine) as look:
            for stream, head in heads.items():
                self.heads[stream] = _verify(look, stream, self.heads.get(stream, (0, chain.GENESIS)))
                assert self.heads[stream][0] >= head[0], f"{stream}: the end of what was written is missing"
            runs: dict[str, Run] = unit.cache.get(RUNS, {})
            changed = {*runs, *(name.partition(":")[2] for name in heads if name.startswith("instance:"))}
            rows = _rows(look, changed)
            _check_instances(look, [*rows, *_rows(look, {row.parent_id for row in rows} - {None} - changed)])
            for row in rows:
                if row.id in runs and row.version == runs[row.id].row["version"]:
                    _is_as_remembered(look, row, runs[row.id])

    def settle(self, engine: Engine) -> None:
        """Look at the whole, if anything was touched and the test has not excused its engine."""
        broken, touched, self.broken, self.touched = self.broken, self.touched, None, False
        if self not in engine.watchers:
            return
        if broken:
            raise broken
        if touched:
            check(engine)


@contextmanager
def _look(engine: Engine) -> Iterator[Unit]:
    """See one state of the database, however many are writing to it."""
    with engine.database.pool.connect() as connection:
        if not engine.database.sqlite:
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield Unit(engine, connection)


def _rows(look: Unit, ids: Iterable[str]) -> list[Row[Any]]:
    query = select(model.instance).where(model.instance.c.id.in_(list(ids)))
    return list(look.connection.execute(query))


def _verify(look: Unit, stream: str, since: Head = (0, chain.GENESIS)) -> Head:
    verdict = history.verify(look.connection, stream, since)
    assert verdict.whole, f"{stream}: {verdict.message}"
    return since[0] + verdict.events, bytes.fromhex(verdict.head)


def _check_instances(look: Unit, rows: Iterable[Row[Any]]) -> None:
    for row in list(rows):
        run = _reload(look, row)
        _lives(look, row, run)
        _is_unchanged(run.definition)


def _check_specs(engine: Engine) -> None:
    for definition in list(engine.definitions.values()):
        _is_unchanged(definition)


def _is_unchanged(definition: catalogue.Definition) -> None:
    now = definition.program.snapshot()
    assert SNAPSHOTS.setdefault(definition.id, now) == now, "running an instance changed the cached spec"


def _stored(look: Unit, instance_id: str) -> dict[int, str]:
    table = model.instance_state.c
    query = select(table.page, table.content).where(table.instance_id == instance_id)
    return {row.page: row.content for row in look.connection.execute(query)}


def _tokens(pages: dict[int, str]) -> list[Any]:
    """Give what stands on all pages, in the order of the tokens."""
    return sorted((token for text in pages.values() for token in json.loads(text)), key=lambda token: token["number"])


def _reload(look: Unit, row: Row[Any]) -> Run:
    """Put an instance together from the database, as an act does, but for the lock; it must be what was stored."""
    definition, scopes = catalogue.load(look, row.definition_id), Scopes.load(look, row.id)
    run = Run(look, dict(row._mapping), definition, scopes, SYSTEM)
    stored = _stored(look, row.id)
    run.machine.restore(stored)
    assert json.loads(run.machine.dump()) == _tokens(stored)
    return run


def _is_as_remembered(look: Unit, row: Row[Any], run: Run) -> None:
    """What an act had in memory is what the next one will find."""
    assert json.loads(run.machine.dump()) == _tokens(_stored(look, row.id))
    assert dict(Scopes.load(look, row.id)) == dict(run.scopes)
    assert dict(row._mapping) == run.row


def _lives(look: Unit, row: Row[Any], run: Run) -> None:
    """An active instance waits for a person, a job or an incident, in each of its steps; an ended one has no token."""
    tokens = run.machine.tokens
    if row.state != "active":
        assert not tokens
        return
    awaited = {found for (found,) in look.connection.execute(AWAITED, {"instance": row.id})}
    # A condition counts for nothing: what turns it true is something else that happens in the instance.
    assert any(token.id in awaited for token in tokens)
    for token in tokens:
        assert token.id in awaited or not token.is_moved_from_outside, f"{token.node.id} waits for nothing"


_TASK, _JOB, _CHILD, _WAITER = model.task.c, model.job.c, model.instance.c, model.subscription.c
_HERE: Any = bindparam("instance")
AWAITED = union_all(
    select(_TASK.id).where(_TASK.instance_id == _HERE, _TASK.state == "open"),
    select(_JOB.token_id).where(_JOB.instance_id == _HERE, _JOB.state.in_(("due", "leased", "failed"))),
    select(_CHILD.parent_token).where(_CHILD.parent_id == _HERE, _CHILD.state == "active"),
    select(_WAITER.id).where(_WAITER.instance_id == _HERE),
)
"""The tokens of an instance that something outside of it will move: what gave up has its incident."""
