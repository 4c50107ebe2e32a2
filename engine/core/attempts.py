"""Count wrong passwords by account and by where they come from, so that guessing is shut out and its owner is not."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update

from engine.ground import model
from engine.ground.database import insert_new
from engine.ground.unit_of_work import Unit

FAILURES = 5
LOCKED_FOR = timedelta(minutes=30)
TABLE = model.failure.c


def are_too_many(unit: Unit, account_id: str, source: str) -> bool:
    """Tell whether a place has given so many wrong passwords of late that it must wait."""
    query = select(TABLE.count).where(*_of(account_id, source), TABLE.last_at > unit.now - LOCKED_FOR)
    return (unit.connection.execute(query).scalar_one_or_none() or 0) >= FAILURES


def add(unit: Unit, account_id: str, source: str) -> None:
    """Count one more wrong password from a place; what is older than a lock counts no more."""
    _forget(unit, TABLE.account_id == account_id, TABLE.last_at <= unit.now - LOCKED_FOR)
    insert_new(
        unit.connection,
        model.failure,
        [{"account_id": account_id, "source": source, "count": 0, "last_at": unit.now}],
    )
    more = update(model.failure).where(*_of(account_id, source)).values(count=TABLE.count + 1, last_at=unit.now)
    unit.connection.execute(more)


def forget(unit: Unit, account_id: str, source: str) -> None:
    """Start the count of a place again: the right password came from it."""
    _forget(unit, *_of(account_id, source))


def forget_all(unit: Unit, account_id: str) -> None:
    """Start every count of an account again: an administrator has released it."""
    _forget(unit, TABLE.account_id == account_id)


def _of(account_id: str, source: str) -> tuple[ColumnElement[bool], ...]:
    return TABLE.account_id == account_id, TABLE.source == source


def _forget(unit: Unit, *which: ColumnElement[bool]) -> None:
    unit.connection.execute(delete(model.failure).where(*which))
