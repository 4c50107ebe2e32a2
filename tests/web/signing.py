"""Sign people in without the door, for tests of what lies behind it."""

from sqlalchemy import select

from engine.core import sessions
from engine.ground import model
from engine.ground.unit_of_work import Engine
from web.session import SEEN, SESSION


def sign_in(engine: Engine, login: str) -> dict[str, str]:
    """Open a session of an account, and give what its cookie holds."""
    with engine.transaction() as unit:
        account = unit.connection.execute(select(model.account).where(model.account.c.login == login)).one()
        return {SESSION: sessions.begin(unit, account).id, SEEN: unit.now.isoformat()}
