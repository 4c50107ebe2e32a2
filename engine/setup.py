"""Lead a fresh installation through its four steps: 单位、人员、日历、期限. Each can be skipped, and come back to."""

import json
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import select

from engine.core import history, organization
from engine.ground import model
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Actor, Unit

SETTLED = "setup-step"
STEPS = ("units", "people", "calendar", "parameters")

State: TypeAlias = Literal["open", "done", "skipped"]


@dataclass(frozen=True)
class Step:
    """Show a step: `open` while it waits; `done` by what is there or because somebody said so; `skipped`."""

    name: str
    state: State


def steps(unit: Unit) -> list[Step]:
    """Show the four steps in their order."""
    there = {"units": bool(organization.units(unit)), "people": _has_process_administrator(unit)}
    settled = _settled(unit)
    return [Step(name, "done" if there.get(name) else settled.get(name, "open")) for name in STEPS]


def is_due(unit: Unit) -> bool:
    """Tell whether the house is empty, and nobody has said yet that it may stay so."""
    return not organization.units(unit) and _settled(unit).get("units") is None


def settle(unit: Unit, name: str, state: State, actor: Actor) -> None:
    """Say that a step is done as it is, or skipped.

    Raises:
        NotFound: there is no such step.
    """
    organization.require_role(unit, actor, "system")
    if name not in STEPS:
        raise NotFound()
    if _settled(unit).get(name) != state:
        history.record(unit, history.ORGANIZATION, SETTLED, actor, {}, step=name, state=state)


def _settled(unit: Unit) -> dict[str, State]:
    """Give what was said last of each step; an event's envelope outlives its payload."""
    table = model.event.c
    query = (
        select(table.envelope).where(table.stream == history.ORGANIZATION, table.kind == SETTLED).order_by(table.number)
    )
    said = [json.loads(envelope) for envelope in unit.connection.execute(query).scalars()]
    return {item["step"]: item["state"] for item in said}


def _has_process_administrator(unit: Unit) -> bool:
    roles = unit.connection.execute(select(model.account.c.roles).where(model.account.c.disabled.is_(False))).scalars()
    return any("process" in found for found in roles)
