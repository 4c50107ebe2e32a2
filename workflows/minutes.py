"""Put the minutes of a meeting that came after its decision (补件) on the sheet of the approval."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from engine.core import documents, kin
from engine.ground.clock import local
from engine.ground.unit_of_work import Call, Result, Unit
from workflows import approval
from workflows.approval import Supplement

PLACES = ("filing", "minutes")
"""The documents in which minutes are supplied: with the registration of filing, or before by themselves."""


def enter(call: Call) -> Result:
    """Write the sheet anew with the minutes that were supplied; nothing where none were."""
    with call.engine.reading() as unit:
        supplied = _supplied(unit, call.business_key)
        held = kin.siblings(unit, call.instance_id, "approval")
        if supplied is None or not held:
            return Result()
        return Result(files=(approval.sheet_file(unit, held[-1].id, call.business_key, supplied),))


def _supplied(unit: Unit, business_key: str) -> Supplement | None:
    """Give what was supplied, and when."""
    for name in PLACES:
        found = documents.find(unit, business_key, name)
        version = documents.latest(unit, found.id) if found else None
        if version is not None and is_given(version.content or {}):
            return _supplement(unit, version.content, local(version.created_at).date())
    return None


def is_given(values: Mapping[str, Any]) -> bool:
    """Tell whether a form has minutes, their number or their place."""
    return any(values.get(key) for key in ("minutes_number", "minutes", "minutes_place"))


def _supplement(unit: Unit, values: Mapping[str, Any], day: date) -> Supplement:
    titles = list(kin.document_titles(unit, values.get("minutes") or ()).values())
    place = values.get("minutes_place")
    papers = [*titles, *([f"存{place}（{approval.SUPPLIED}）"] if place else [])]
    return Supplement(str(values.get("minutes_number") or ""), "；".join(papers), day)
