"""What an act writes is gathered and sent together: in its order, before any look, wholly or not at all."""

import pytest
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError

from engine.ground import model
from engine.ground.errors import Busy, Stale
from engine.ground.statements import Statement, hush, insertion, insertion_of_new, replacement
from engine.ground.unit_of_work import Engine, Unit

PERSON, DRAFT = model.person.c, model.draft.c
HIRE, HIRE_NEW = insertion(model.person), insertion_of_new(model.person)
RENAME = Statement(update(model.person).where(PERSON.id == bindparam("person"), PERSON.number.is_(None)), "name")
DISMISS = Statement(delete(model.person).where(PERSON.id == bindparam("person")))
SAVE = replacement(model.draft, "content")


def names(unit: Unit) -> list[str]:
    return list(unit.connection.execute(select(PERSON.name).order_by(PERSON.id)).scalars())


def kept(engine: Engine) -> list[str]:
    with engine.reading() as unit:
        return names(unit)


def test_what_is_gathered_is_there_at_the_next_look_and_in_its_order(engine: Engine) -> None:
    with engine.transaction() as unit:
        unit.write(HIRE, {"id": "1", "name": "甲"}, {"id": "2", "name": "乙"})
        unit.write(RENAME, {"person": "1", "name": "丙"})
        unit.write(DISMISS, {"person": "2"})
        unit.write(HIRE_NEW, {"id": "1", "name": "丁"}, {"id": "3", "name": "戊"})
        unit.write(HIRE)
        assert names(unit) == ["丙", "戊"]
        unit.write(DISMISS, {"person": "3"})
    assert kept(engine) == ["丙"]


def test_any_number_of_rows_is_inserted_each_with_its_own_values(engine: Engine) -> None:
    # Given as many as one statement takes, and more
    for number in (2, 16, 17):
        rows = [{"id": f"{number}-{row:02}", "name": f"{number}-{row:02}"} for row in range(number)]
        with engine.transaction() as unit:
            unit.write(HIRE, *rows[:1])
            # Then those that are there stay, and the others come
            unit.write(HIRE_NEW, *({**row, "number": row["id"]} for row in rows))
        with engine.reading() as unit:
            found = unit.connection.execute(select(model.person).where(PERSON.id.startswith(f"{number}-"))).all()
        assert {(row.id, row.name, row.number) for row in found} == {
            (row["id"], row["name"], row["id"] if row["id"] > f"{number}-00" else None) for row in rows
        }


def test_values_are_kept_as_the_model_says(engine: Engine) -> None:
    row = {"subject": "task:1", "revision": 1, "saved_at": engine.clock.now()}
    with engine.transaction() as unit:
        unit.write(SAVE, {**row, "content": {"甲": 1}})
        unit.write(SAVE, {**row, "content": {"甲": [1, None]}, "revision": 2})
    with engine.reading() as unit:
        draft = unit.connection.execute(select(model.draft)).one()
    assert (draft.content, draft.revision, draft.saved_by) == ({"甲": [1, None]}, 1, None)
    assert draft.saved_at == engine.clock.now()


def test_what_had_to_be_there_and_is_not_undoes_the_act(engine: Engine) -> None:
    with pytest.raises(Stale, match="晚了一步"), engine.transaction() as unit:
        unit.write(HIRE, {"id": "1", "name": "甲"})
        unit.write(RENAME, {"person": "1", "name": "乙"}, missed=Stale("不会"))
        unit.write(RENAME, {"person": "2", "name": "乙"}, missed=Stale("晚了一步"))
    assert kept(engine) == []


def test_a_part_that_is_undone_sends_nothing(engine: Engine) -> None:
    with engine.transaction() as unit:
        unit.write(HIRE, {"id": "1", "name": "甲"})
        with pytest.raises(ZeroDivisionError), unit.savepoint():
            unit.write(HIRE, {"id": "2", "name": "乙"})
            raise ZeroDivisionError
        with pytest.raises(IntegrityError), unit.savepoint():
            unit.write(HIRE, {"id": "1", "name": "乙"})
        with unit.savepoint():
            unit.write(HIRE, {"id": "3", "name": "丙"})
    assert kept(engine) == ["甲", "丙"]


def test_what_the_database_refuses_is_told_without_what_was_typed(engine: Engine) -> None:
    with pytest.raises(IntegrityError) as told, engine.transaction() as unit:
        unit.write(HIRE, {"id": "1", "name": "张三"}, {"id": "1", "name": "李四"})
    assert "李四" not in str(told.value)
    assert kept(engine) == []


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_connection_that_is_lost_meanwhile_is_said(engine: Engine) -> None:
    with pytest.raises(Busy, match="没有生效"), engine.transaction() as unit:
        own = unit.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with engine.database.pool.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({own})")
        unit.write(HIRE, {"id": "1", "name": "甲"})
    assert kept(engine) == []


def test_what_a_server_quotes_stays_out_of_the_message_whatever_language_it_speaks() -> None:
    # Given what a server says of a row that does not fit, in Chinese
    error = ValueError("错误:  重复键违反唯一约束\n描述:  键值“(name)=(写进来的字)”已经存在")
    # When it is hushed, only what went wrong is left
    hush(error)
    assert str(error) == "错误:  重复键违反唯一约束"
