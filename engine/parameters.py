"""Show and set the numbers that the office sets (参数) and diagrams read: deadlines in working days, above all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from engine.core import history, organization
from engine.core import parameters as values
from engine.ground import model
from engine.ground.database import insert_new
from engine.ground.errors import Fault, Invalid, Stale
from engine.ground.unit_of_work import Actor, Parameter, Unit

CHANGED = "参数刚刚被别人改过，请重新打开后再改。您的改动没有保存。"


@dataclass(frozen=True)
class Setting:
    """Show a parameter with its value now; `set_at` is None while it is the default."""

    name: str
    declared: Parameter
    value: int
    set_by: str | None
    set_at: datetime | None


def listing(unit: Unit) -> list[Setting]:
    """List every declared parameter in the order of the declaration."""
    rows, found = values.rows(unit), []
    for name, declared in unit.engine.parameters.items():
        row = rows.get(name)
        if row is None:
            found.append(Setting(name, declared, declared.default, None, None))
        else:
            found.append(Setting(name, declared, row.value, row.set_by, row.set_at))
    return found


def revision(unit: Unit) -> int:
    """Count the changes so far: what a page has shown is stale once this is another number."""
    return sum(row.revision for row in values.rows(unit).values())


def change(unit: Unit, wanted: Mapping[str, int], seen: int, actor: Actor) -> list[str]:
    """Set parameters, wholly or not at all, and name those that changed; tasks that are open keep their deadlines.

    Raises:
        Stale: somebody else has changed one since `seen`. Invalid: one is unknown or out of its bounds.
    """
    organization.require_role(unit, actor, "system")
    if seen != revision(unit):
        raise Stale(CHANGED)
    if faults := [fault for name, value in wanted.items() for fault in _faults(unit, name, value)]:
        raise Invalid("".join(fault.message for fault in faults), faults)
    before = {item.name: item.value for item in listing(unit)}
    changed = [name for name, value in wanted.items() if value != before[name]]
    for name in changed:
        _keep(unit, name, wanted[name], actor)
        payload = {"name": name, "before": before[name], "after": wanted[name]}
        history.record(unit, history.ORGANIZATION, "parameter-changed", actor, payload)
    return changed


def _faults(unit: Unit, name: str, value: int) -> list[Fault]:
    declared = unit.engine.parameters.get(name)
    if declared is None:
        return [Fault("unknown", f"没有参数“{name[:40]}”。", name)]
    if declared.least <= value <= declared.most:
        return []
    bounds = f"“{declared.label}”须在 {declared.least} 到 {declared.most} {declared.unit}之间。"
    return [Fault("bounds", bounds, name, declared.label)]


def _keep(unit: Unit, name: str, value: int, actor: Actor) -> None:
    """Write a value on top of the row that this act has seen; who wrote in between wins."""
    table, row = model.parameter, values.rows(unit).get(name)
    given = {"value": value, "set_by": actor.person_id, "set_at": unit.now}
    if row is None:
        kept = insert_new(unit.connection, table, [{"name": name, "revision": 1, **given}])
    else:
        mine = (table.c.name == name, table.c.revision == row.revision)
        kept = unit.connection.execute(update(table).where(*mine).values(revision=row.revision + 1, **given)).rowcount
    if not kept:
        raise Stale(CHANGED)
