"""What must hold after every committed act."""

import json

from sqlalchemy import select

from engine.core import history
from engine.core.execution import load
from engine.core.variables import Scopes
from engine.ground import model
from engine.ground.unit_of_work import Unit

SNAPSHOTS: dict[str, str] = {}


def check(unit: Unit) -> None:
    """Check every instance, every chain and every cached spec."""
    with unit.engine.database.reading() as connection:
        look = Unit(unit.engine, connection)
        for row in connection.execute(select(model.instance)):
            _reloads(look, row.id)
            _lives(look, row)
        for stream in history.streams(connection):
            verdict = history.verify(connection, stream)
            assert verdict.whole, f"{stream}: {verdict.message}"
    for definition in unit.engine.definitions.values():
        before = SNAPSHOTS.setdefault(definition.id, definition.program.snapshot())
        assert definition.program.snapshot() == before, "running an instance changed the cached spec"


def _reloads(look: Unit, instance_id: str) -> None:
    run = load(look, instance_id)
    table = model.instance_state.c
    stored = look.connection.execute(select(table.content).where(table.instance_id == instance_id)).scalar_one()
    assert json.loads(run.machine.dump()) == json.loads(stored)
    assert dict(Scopes.load(look, instance_id)) == dict(run.scopes)


def _lives(look: Unit, row: object) -> None:
    """An active instance waits for a person, a job or an incident at each of its tokens; an ended one has none."""
    assert isinstance(row.id, str)  # type: ignore[attr-defined]
    instance_id, state = row.id, row.state  # type: ignore[attr-defined]
    tokens = load(look, instance_id).machine.tokens
    if state != "active":
        assert not tokens
        return
    assert tokens
    assert any(_is_awaited(look, instance_id, token.id, token.node.kind) for token in tokens)


def _is_awaited(look: Unit, instance_id: str, token_id: str, kind: str) -> bool:
    task, job, child = model.task.c, model.job.c, model.instance.c
    connection = look.connection
    if connection.execute(select(task.id).where(task.id == token_id, task.state == "open")).first():
        return True
    waiting = select(job.id).where(job.token_id == token_id, job.state.in_(("due", "leased", "failed")))
    if connection.execute(waiting).first():
        return True
    called = select(child.id).where(child.parent_id == instance_id, child.parent_token == token_id)
    return connection.execute(called.where(child.state == "active")).first() is not None
