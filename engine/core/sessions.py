"""Keep who is signed in: a row for each sign-in, so that leaving ends it wherever its cookie was copied to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select

from engine.ground import model
from engine.ground.unit_of_work import Unit, new_id

LIFETIME = timedelta(hours=12)
"""After that a person signs in again, however busy they were."""

SESSION, ACCOUNT = model.session.c, model.account.c


@dataclass(frozen=True)
class Session:
    """Say who is signed in, and until when at most."""

    id: str
    account_id: str
    person_id: str
    login: str
    roles: tuple[str, ...]
    must_change: bool
    until: datetime


def begin(unit: Unit, account: Row[Any]) -> Session:
    """Open a session of an account, beside those it has elsewhere; what has run out is cleared away."""
    old = delete(model.session).where(SESSION.account_id == account.id, SESSION.started_at <= unit.now - LIFETIME)
    unit.connection.execute(old)
    row = {"id": new_id(), "account_id": account.id, "started_at": unit.now}
    unit.connection.execute(insert(model.session), row)
    return _session(row["id"], account, unit.now)


def find(unit: Unit, session_id: str) -> Session | None:
    """Give a session as it stands now, or None when it is over."""
    query = (
        select(model.account, SESSION.started_at)
        .join(model.session, SESSION.account_id == ACCOUNT.id)
        .where(SESSION.id == session_id, SESSION.started_at > unit.now - LIFETIME, ACCOUNT.disabled.is_(False))
    )
    row = unit.connection.execute(query).one_or_none()
    return _session(session_id, row, row.started_at) if row is not None else None


def end(unit: Unit, session_id: str) -> None:
    """End one session."""
    unit.connection.execute(delete(model.session).where(SESSION.id == session_id))


def end_all(unit: Unit, account_id: str) -> None:
    """End every session of an account."""
    unit.connection.execute(delete(model.session).where(SESSION.account_id == account_id))


def _session(session_id: str, account: Row[Any], started_at: datetime) -> Session:
    of_account = (account.id, account.person_id, account.login, tuple(account.roles), account.must_change)
    return Session(session_id, *of_account, started_at + LIFETIME)
