"""Let nobody in where their role does not lead, and keep what auditors read."""

from collections.abc import Collection
from typing import Any

from flask import request

from engine.accounts import SOURCE_LENGTH
from engine.core import history
from engine.core.visibility import AUDIT
from engine.erasures import SECURITY
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Unit
from web import session

SYSTEM = "system"
"""The role that keeps organization, accounts, calendar and parameters."""

WATCHED = (AUDIT, SECURITY)
"""The roles whose looks are kept: who watches is watched too."""


def person_id() -> str:
    """Give the id of the person who is signed in."""
    return session.who().person_id


def roles() -> Collection[str]:
    """Give the roles of the person who is signed in."""
    return session.who().roles


def has(*wanted: str) -> bool:
    """Tell whether the person who is signed in has one of some roles."""
    return bool(set(wanted) & set(roles()))


def demand(*wanted: str) -> None:
    """Answer as if nothing were here to who has none of the roles.

    Raises:
        NotFound: the role is missing.
    """
    if not has(*wanted):
        raise NotFound()


def looking() -> Any:
    """Open a look; an auditor's is kept, and so is an act."""
    engine = session.engine()
    return engine.transaction() if has(*WATCHED) else engine.reading()


def note_reading(unit: Unit, kind: str, payload: dict[str, Any], **envelope: Any) -> None:
    """Keep what an auditor or a security administrator reads."""
    if has(*WATCHED):
        # Whoever counts failed sign-ins in this stream looks for an account in every event.
        where = {"source": (request.remote_addr or "")[:SOURCE_LENGTH]}
        history.record(unit, history.ACCESS, kind, session.actor(), {**where, **payload}, account=None, **envelope)
