"""An instance kept in memory is used only in the version that it has, and an act that fails leaves none behind."""

import pytest
from sqlalchemy import event, update

from engine.core import execution, memory
from engine.ground import model
from engine.ground.unit_of_work import Engine
from tests.engine.office import Office


def reads(engine: Engine, act: object) -> int:
    """Count the looks at the state of instances while something is done."""
    found: list[str] = []

    def note(*given: object) -> None:
        if "FROM instance_state" in str(given[2]):
            found.append(str(given[2]))

    event.listen(engine.database.pool, "before_cursor_execute", note)
    assert callable(act)
    act()
    event.remove(engine.database.pool, "before_cursor_execute", note)
    return len(found)


def load(office: Office, instance: str) -> None:
    with office.engine.transaction() as unit:
        execution.load(unit, instance)


def test_the_next_act_finds_it_in_memory(office: Office) -> None:
    instance = office.begin("runs_user")
    assert reads(office.engine, lambda: load(office, instance)) == 0
    assert reads(office.engine, lambda: load(office, instance)) == 0


def test_another_version_is_read_anew(office: Office) -> None:
    instance = office.begin("runs_user")
    with office.engine.transaction() as unit:
        unit.connection.execute(update(model.instance).values(version=model.instance.c.version + 1))
    assert reads(office.engine, lambda: load(office, instance)) == 1


def test_what_another_node_has_done_is_seen(office: Office) -> None:
    # Given two nodes, the first of which has the instance in memory
    instance = office.begin("runs_send_back")
    node = Office(Engine(office.engine.settings, office.engine.clock), office.people)
    first = office.names(instance)
    # When the second node goes on with it
    node.claim_and_do(first[0])
    # Then the first sees where it is now, and goes on from there
    with office.engine.transaction() as unit:
        run = execution.load(unit, instance)
        assert {token.id for token in run.machine.tokens} >= {row.id for row in office.open_tasks(instance)}
    node.engine.close()


def test_an_act_that_fails_leaves_nothing_in_memory(office: Office) -> None:
    instance = office.begin("runs_user")
    with pytest.raises(ZeroDivisionError), office.engine.transaction() as unit:
        execution.load(unit, instance).machine.cancel_all()
        raise ZeroDivisionError
    assert reads(office.engine, lambda: load(office, instance)) == 1
    assert office.names(instance)


def test_what_an_act_moved_and_did_not_write_is_not_kept(office: Office) -> None:
    instance = office.begin("runs_user")
    office.engine.watchers.clear()
    with office.engine.transaction() as unit:
        execution.load(unit, instance).machine.cancel_all()
    assert reads(office.engine, lambda: load(office, instance)) == 1


def test_what_has_ended_and_what_is_too_large_is_not_kept(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = office.begin("runs_user")
    with monkeypatch.context() as patch:
        patch.setattr(memory, "TOKENS", 1)
        load(office, instance)
    assert reads(office.engine, lambda: load(office, instance)) == 1
    with office.engine.transaction() as unit:
        execution.cancel(execution.load(unit, instance), "不办了")
    assert reads(office.engine, lambda: load(office, instance)) == 1


def test_a_look_takes_nothing_out_of_memory(office: Office) -> None:
    instance = office.begin("runs_user")
    with office.engine.reading() as unit:
        execution.load(unit, instance, row=execution.row_of(unit, instance))
    assert reads(office.engine, lambda: load(office, instance)) == 0


def test_a_step_that_is_undone_within_an_act_is_not_kept(office: Office) -> None:
    instance = office.begin("runs_send_back")
    office.engine.watchers.clear()
    with office.engine.transaction() as unit, pytest.raises(ZeroDivisionError), unit.savepoint():
        execution.settle(execution.load(unit, instance))
        raise ZeroDivisionError
    assert reads(office.engine, lambda: load(office, instance)) == 1
