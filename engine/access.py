"""Show a person when and from where somebody signed in to their account, or tried to."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.core import history
from engine.ground import model
from engine.ground.unit_of_work import Unit

LOOKED_BACK = 2_000
"""Attempts of everybody among which one's own are looked for: the page stays quick in a house of any age."""


@dataclass(frozen=True)
class Attempt:
    """Show one attempt to sign in."""

    at: datetime
    source: str
    succeeded: bool


def sign_ins(unit: Unit, account_id: str, limit: int = 10) -> list[Attempt]:
    """List the latest attempts to sign in to an account, newest first."""
    table = model.event.c
    kinds = table.kind.in_(("signed-in", "sign-in-refused"))
    query = select(table.kind, table.at, table.envelope, table.payload).where(table.stream == history.ACCESS, kinds)
    found = []
    for row in unit.connection.execute(query.order_by(table.number.desc()).limit(LOOKED_BACK)):
        if json.loads(row.envelope)["account"] == account_id:
            source = json.loads(row.payload or b"{}").get("source") or ""
            found.append(Attempt(row.at, source, row.kind == "signed-in"))
    return found[:limit]
