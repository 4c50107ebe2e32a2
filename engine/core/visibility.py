"""Say who may see an instance: who took part in it, by person or by post; more only by role."""

from collections.abc import Collection

from sqlalchemy import Select, select

from engine.core import entering, organization, substitutions
from engine.ground import model
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Unit

AUDIT = "audit"
"""The role that may read every instance, and act on none."""


def _principals(unit: Unit, person_id: str) -> list[str]:
    """Name in whose place a person may look: a secretary prepares the papers of every post of the group."""
    covered = [f"post:{cover.post}" for cover in substitutions.covered(unit, person_id)]
    groups = entering.assisted(unit, person_id)
    served = [post.reference for post in organization.posts(unit) if post.unit_code in groups] if groups else []
    return [*organization.principals(unit, person_id), *covered, *(f"post:{reference}" for reference in served)]


def seen_by(unit: Unit, person_id: str) -> Select[tuple[str]]:
    """Select the ids of the instances that a person took part in, with all below those that they started."""
    principals = _principals(unit, person_id)
    return select(model.participant.c.instance_id).where(model.participant.c.principal.in_(principals))


def may_see(unit: Unit, instance_id: str, person_id: str, roles: Collection[str] = ()) -> bool:
    """Tell whether a person may see an instance: their own part, or that of the instance at the top."""
    table = model.instance.c
    row = unit.connection.execute(select(table.root_id).where(table.id == instance_id)).first()
    if row is None or AUDIT in roles:
        return row is not None
    part = model.participant.c
    principals = _principals(unit, person_id)
    query = select(part.instance_id).where(
        part.principal.in_(principals), part.instance_id.in_((instance_id, row.root_id))
    )
    return unit.connection.execute(query.limit(1)).first() is not None


def demand(unit: Unit, instance_id: str, person_id: str, roles: Collection[str] = ()) -> None:
    """Refuse to show what is not theirs, as if it were not there.

    Raises:
        NotFound: unknown, or not theirs.
    """
    if not may_see(unit, instance_id, person_id, roles):
        raise NotFound()
