"""Say who may read a document: who may see the instance that made it, or one whose own forms show it.

A plan is made while it is aggregated and shown while it is approved; working papers are shown nowhere else.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, select

from engine.core import catalogue, visibility
from engine.ground import model
from engine.ground.unit_of_work import Unit


def may_read(unit: Unit, document: Row[Any], person_id: str, roles: Collection[str] = ()) -> bool:
    """Tell whether a person may read a document."""
    if visibility.may_see(unit, document.instance_id, person_id, roles):
        return True
    table = model.instance.c
    query = select(table.id, table.definition_id).where(table.business_key == document.business_key)
    return any(
        document.name in _shown(unit, row.definition_id) and visibility.may_see(unit, row.id, person_id, roles)
        for row in unit.connection.execute(query).all()
    )


def _shown(unit: Unit, definition_id: str) -> set[str]:
    definition = catalogue.load(unit, definition_id)
    return {name for key in definition.forms if (name := definition.form(key).document)}
