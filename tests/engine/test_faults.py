"""One act, one commit: broken off between any two statements, it is wholly there or wholly not."""

import os
import signal
from typing import Any

import pytest
from sqlalchemy import event, select

from engine import tasks
from engine.ground import model
from engine.ground.clock import FixedClock
from engine.ground.errors import Busy
from engine.ground.unit_of_work import Engine
from tests.engine.office import Office


class Killed(BaseException):
    """Stand for the end of the process."""


def picture(engine: Engine) -> dict[str, list[Any]]:
    """Take down every row that an act may touch."""
    with engine.reading() as unit:
        return {
            table.name: [tuple(row) for row in unit.connection.execute(select(table).order_by(*table.primary_key))]
            for table in model.metadata.sorted_tables
        }


def given_a_draft(office: Office) -> str:
    """Open an instance whose task is claimed and holds a draft; from here on the tests look for themselves."""
    office.begin("runs_send_back")
    row = office.claim("办理 a")
    with office.engine.transaction() as unit:
        tasks.save(unit, row.id, office.actor("hr.staff"), {"words": "写好的意见"}, 2)
    office.engine.watchers.clear()
    return row.id


def submit(engine: Engine, office: Office, task_id: str) -> None:
    with engine.transaction() as unit:
        tasks.complete(unit, task_id, office.actor("hr.staff"), {"words": "写好的意见"}, "agree", 3)


def test_an_error_before_any_statement_leaves_everything_as_it_was(office: Office) -> None:
    task_id = given_a_draft(office)
    before = picture(office.engine)
    position = 0
    while True:
        position += 1
        if _broken_at(office, task_id, position):
            assert picture(office.engine) == before, f"statement {position}"
        else:
            break
    assert position > 8
    assert office.names() == ["办理 b"]


def _broken_at(office: Office, task_id: str, position: int) -> bool:
    count = 0

    def strike(*_: Any) -> None:
        nonlocal count
        count += 1
        if count == position:
            raise Killed

    pool = office.engine.database.pool
    names = ("before_cursor_execute", "commit")
    for name in names:
        event.listen(pool, name, strike)
    try:
        submit(office.engine, office, task_id)
    except Killed:
        return True
    finally:
        for name in names:
            event.remove(pool, name, strike)
    return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed as POSIX does it")
def test_a_process_killed_before_any_statement_leaves_everything_as_it_was(office: Office) -> None:
    task_id = given_a_draft(office)
    before = picture(office.engine)
    office.engine.close()
    position = 0
    while True:
        position += 1
        status = _killed_at(office, task_id, position)
        if os.WIFSIGNALED(status):
            assert picture(office.engine) == before, f"statement {position}"
            office.engine.close()
        else:
            assert os.WEXITSTATUS(status) == 0
            break
    assert position > 8
    assert office.names() == ["办理 b"]


def _killed_at(office: Office, task_id: str, position: int) -> int:
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    # The child opens the database for itself, and never returns into pytest.
    code = 1
    try:
        engine = Engine(office.engine.settings, FixedClock(office.engine.clock.now()))
        engine.watchers.clear()
        count = 0

        def strike(*_: Any) -> None:
            nonlocal count
            count += 1
            if count == position:
                os.kill(os.getpid(), signal.SIGKILL)

        for name in ("before_cursor_execute", "commit"):
            event.listen(engine.database.pool, name, strike)
        submit(engine, office, task_id)
        code = 0
    finally:
        os._exit(code)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_lost_connection_is_said_and_nothing_happened(office: Office) -> None:
    task_id = given_a_draft(office)
    before = picture(office.engine)
    with pytest.raises(Busy, match="没有生效"), office.engine.transaction() as unit:
        tasks.complete(unit, task_id, office.actor("hr.staff"), {"words": ""}, "agree", 3)
        own = unit.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with office.engine.database.pool.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({own})")
        unit.connection.exec_driver_sql("SELECT 1")
    assert picture(office.engine) == before
