"""Keep the answers of acts under their idempotency keys, in the commit of the act: asked again, none is done twice."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from engine.ground import model
from engine.ground.database import insert_new
from engine.ground.errors import Fault, Invalid
from engine.ground.unit_of_work import Unit

KEPT = timedelta(hours=24)
TABLE = model.idempotency.c


@dataclass(frozen=True)
class Reply:
    """Say what an act was answered."""

    status: int
    body: Any


def claim(unit: Unit, token_id: str, key: str, digest: str) -> Reply | None:
    """Take a key for this act, or give the answer of the act that had it; who comes at the same moment waits.

    Raises:
        Invalid: the key was used for another request.
    """
    mine = (TABLE.token_id == token_id, TABLE.key == key)
    unit.connection.execute(delete(model.idempotency).where(*mine, TABLE.at <= unit.now - KEPT))
    row = {"token_id": token_id, "key": key, "digest": digest, "status": 0, "body": {}, "at": unit.now}
    if insert_new(unit.connection, model.idempotency, [row]):
        return None
    return find(unit, token_id, key, digest)


def find(unit: Unit, token_id: str, key: str, digest: str) -> Reply | None:
    """Give the answer that is kept under a key.

    Raises:
        Invalid: the key was used for another request.
    """
    kept = (TABLE.token_id == token_id, TABLE.key == key, TABLE.at > unit.now - KEPT)
    found = unit.connection.execute(select(model.idempotency).where(*kept)).one_or_none()
    if found is None:
        return None
    if found.digest != digest:
        message = "这个 Idempotency-Key 已经用于另一个请求，请换一个。"
        raise Invalid(message, [Fault("idempotency_key", message, "Idempotency-Key")])
    return Reply(found.status, found.body)


def keep(unit: Unit, token_id: str, key: str, reply: Reply) -> None:
    """Keep the answer of the act that has taken a key."""
    mine = (TABLE.token_id == token_id, TABLE.key == key)
    unit.connection.execute(update(model.idempotency).where(*mine).values(status=reply.status, body=reply.body))


def sweep(unit: Unit) -> None:
    """Forget the answers that are kept long enough."""
    unit.connection.execute(delete(model.idempotency).where(TABLE.at <= unit.now - KEPT))
