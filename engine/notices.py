"""Show people their notices (通知)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, tuple_, update

from engine.ground import model
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Unit

TABLE = model.notice.c


def listing(unit: Unit, person_id: str, before: tuple[datetime, str] | None = None, limit: int = 100) -> list[Row[Any]]:
    """List a person's notices, newest first; `before` is the (created, id) of the last row seen."""
    query = select(model.notice).where(TABLE.person_id == person_id)
    if before is not None:
        query = query.where(tuple_(TABLE.created_at, TABLE.id) < before)
    return list(unit.connection.execute(query.order_by(TABLE.created_at.desc(), TABLE.id.desc()).limit(limit)))


def place(row: Row[Any]) -> tuple[datetime, str]:
    """Give a row's place in the list, to ask for what comes after it."""
    return row.created_at, row.id


def unread(unit: Unit, person_id: str) -> int:
    """Count what a person has not read."""
    query = select(func.count()).where(TABLE.person_id == person_id, TABLE.read_at.is_(None))
    return int(unit.connection.execute(query).scalar_one())


def read(unit: Unit, notice_id: str, person_id: str) -> None:
    """Mark a notice as read; doing it again changes nothing.

    Raises:
        NotFound: not theirs.
    """
    mine = (TABLE.id == notice_id, TABLE.person_id == person_id)
    if unit.connection.execute(select(TABLE.id).where(*mine)).first() is None:
        raise NotFound()
    unit.connection.execute(update(model.notice).where(*mine, TABLE.read_at.is_(None)).values(read_at=unit.now))


def read_all(unit: Unit, person_id: str) -> None:
    """Mark all of a person's notices as read, those on no page that they have seen too."""
    unread_ones = (TABLE.person_id == person_id, TABLE.read_at.is_(None))
    unit.connection.execute(update(model.notice).where(*unread_ones).values(read_at=unit.now))
