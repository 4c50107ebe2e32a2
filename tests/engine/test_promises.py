"""The promises are kept by somebody who would notice: each of them, broken on purpose, is told."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, insert, update

from engine.core import execution, history
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM, Engine, Unit
from tests.engine import promises
from tests.engine.office import Office


def _tell(unit: Unit, instance_id: str) -> None:
    history.record(unit, f"instance:{instance_id}", "said", SYSTEM)


def _lose_the_task(unit: Unit, instance_id: str) -> None:
    unit.connection.execute(delete(model.inbox))
    unit.connection.execute(delete(model.task))
    _tell(unit, instance_id)


def _end_with_a_token(unit: Unit, instance_id: str) -> None:
    unit.connection.execute(update(model.instance).values(state="completed"))
    _tell(unit, instance_id)


def _store_other_tokens(unit: Unit, instance_id: str) -> None:
    execution.settle(execution.load(unit, instance_id))
    unit.connection.execute(update(model.instance_state).values(content="[]"))


def _store_other_variables(unit: Unit, instance_id: str) -> None:
    execution.settle(execution.load(unit, instance_id))
    row = {"instance_id": instance_id, "scope": "", "name": "smuggled", "value": 1}
    unit.connection.execute(insert(model.variable), row)


def _break_the_chain(unit: Unit, instance_id: str) -> None:
    row = {"stream": f"instance:{instance_id}", "number": 99, "kind": "forged", "at": unit.now}
    forged = {"envelope": b"{}", "salt": b"", "payload": b"{}", "digest": b""}
    unit.connection.execute(insert(model.event), {**row, **forged})
    unit.cache["heads"] = {row["stream"]: (99, b"")}


def _change_the_spec(unit: Unit, instance_id: str) -> None:
    for definition in unit.engine.definitions.values():
        next(iter(definition.program.spec.task_specs.values())).manual = "changed"
    _tell(unit, instance_id)


BROKEN = (
    _lose_the_task,
    _end_with_a_token,
    _store_other_tokens,
    _store_other_variables,
    _break_the_chain,
    _change_the_spec,
)


@pytest.mark.parametrize("act", BROKEN, ids=lambda act: act.__name__)
def test_a_broken_promise_is_told_at_once_and_again_at_the_end(
    office: Office, act: Callable[[Unit, str], None]
) -> None:
    instance = office.begin("runs_user")
    promises.settle()
    with pytest.raises(AssertionError), office.engine.transaction() as unit:
        act(unit, instance)
    with pytest.raises(AssertionError):
        promises.settle()
    office.engine.watchers.clear()


def test_what_is_broken_behind_every_act_is_told_at_the_end(office: Office) -> None:
    office.begin("runs_user")
    with office.engine.database.writing() as connection:
        connection.execute(update(model.instance_state).values(content="[]"))
    with pytest.raises(AssertionError):
        office.engine.close()
    office.engine.watchers.clear()


def test_an_engine_is_kept_wherever_it_is_made(engine: Engine) -> None:
    (keeper,) = engine.watchers
    assert isinstance(keeper, promises.Keeper)
