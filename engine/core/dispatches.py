"""Know of each message from outside whether it was received, and when: the message itself goes with its receipt."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from engine.ground import model
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Unit

KEPT = timedelta(days=30)
"""How long it is known after the message would have expired."""

TABLE, MESSAGE = model.dispatch.c, model.message.c


@dataclass(frozen=True)
class Dispatch:
    """Show a message to who sent it; `state` is waiting, received or expired."""

    id: str
    name: str
    business_key: str
    sent_at: datetime
    expires_at: datetime
    received_at: datetime | None
    state: str


def note(
    unit: Unit, message_id: str, person_id: str | None, name: str, business_key: str, expires_at: datetime
) -> None:
    """Keep that a message was sent."""
    said = {"name": name, "business_key": business_key, "sent_at": unit.now, "expires_at": expires_at}
    unit.connection.execute(insert(model.dispatch), {"id": message_id, "person_id": person_id, **said})


def close(unit: Unit, message_id: str) -> None:
    """Keep that a message was received now; one from inside is not in this table."""
    unit.connection.execute(update(model.dispatch).where(TABLE.id == message_id).values(received_at=unit.now))


def find(unit: Unit, message_id: str, person_id: str | None) -> Dispatch:
    """Show a message that this person has sent.

    Raises:
        NotFound: unknown, forgotten, or somebody else's.
    """
    query = (
        select(model.dispatch, MESSAGE.id.label("kept"), MESSAGE.token_id)
        .outerjoin(model.message, MESSAGE.id == TABLE.id)
        .where(TABLE.id == message_id)
    )
    row = unit.connection.execute(query).one_or_none()
    if row is None or row.person_id != person_id:
        raise NotFound()
    waits = row.kept and (row.token_id or row.expires_at > unit.now)
    state = "received" if row.received_at else "waiting" if waits else "expired"
    return Dispatch(row.id, row.name, row.business_key, row.sent_at, row.expires_at, row.received_at, state)


def sweep(unit: Unit) -> None:
    """Forget what ended long ago."""
    unit.connection.execute(delete(model.dispatch).where(TABLE.expires_at <= unit.now - KEPT))
