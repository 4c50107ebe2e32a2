"""Say where each unit's submission stands: received, confirmed missing or not yet in, and which version counts."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Row as Found

from engine import people
from engine.core import documents, kin
from engine.ground.unit_of_work import Unit
from workflows.merging import Row, row_of

PROCESS = "submission"


class Source(NamedTuple):
    """Say what became of one unit's submission, in its newest round, and what was in it.

    `outcome` is received, missing or outstanding; `reason` says why it is missing, or at which step it stands.
    """

    code: str
    name: str
    kind: str
    outcome: str
    reason: str = ""
    document_id: str = ""
    version: int = 0
    content: Mapping[str, Any] = {}

    @property
    def received(self) -> bool:
        """Tell whether it counts."""
        return self.outcome == "received"

    @property
    def outstanding(self) -> bool:
        """Tell whether it may still come."""
        return self.outcome == "outstanding"

    @property
    def rows(self) -> list[Row]:
        """Give its items as rows of the plan."""
        return rows_of(self.content, self.code)


class Taken(NamedTuple):
    """Say which version of a unit's submission the plan has taken in, as rows and as a line of the arrangement."""

    document_id: str
    version: int
    rows: list[Row]
    line: str


def rows_of(content: Mapping[str, Any], code: str) -> list[Row]:
    """Give the items of a submission as rows of the plan."""
    return [row_of(item, code) for item in content.get("items") or ()]


def read(unit: Unit, instance_id: str, codes: Iterable[str]) -> list[Source]:
    """Give the sources of these units, in their order."""
    rounds = newest_rounds(unit, instance_id)
    known = {item.code: item for item in people.units(unit)}
    found = []
    for code in codes:
        name = known[code].name if code in known else people.unit_name(unit, code)
        found.append(_source(unit, Source(code, name, known[code].kind if code in known else "", ""), rounds.get(code)))
    return found


def newest_rounds(unit: Unit, instance_id: str) -> dict[str, Found[Any]]:
    """Give the newest submission of each unit, wherever under the same root it was asked for."""
    rows = [row for row in kin.family(unit, instance_id) if row.process_key == PROCESS]
    return {row.unit_code: row for row in sorted(rows, key=lambda row: row.round)}


def _source(unit: Unit, plain: Source, row: Found[Any] | None) -> Source:
    if row is None:
        return plain._replace(outcome="outstanding", reason="尚未发出")
    if row.state == "active":
        waiting = [task.name for task in kin.tasks(unit, [row.id]).values() if task.state == "open"]
        return plain._replace(outcome="outstanding", reason="、".join(waiting))
    if row.outcome != "received":
        reason = str(kin.variable(unit, row.id, "missing_reason") or "")
        return plain._replace(outcome="missing", reason=reason or "未写明原因。")
    document = documents.find(unit, row.business_key, PROCESS)
    version = documents.latest(unit, document.id) if document else None
    if document is None or version is None:
        return plain._replace(outcome="received")
    # Nobody but a running round writes it, and this one has ended: the newest version is the one that was received.
    return plain._replace(
        outcome="received", document_id=document.id, version=version.number, content=version.content or {}
    )


def taken(unit: Unit, kept: Mapping[str, Any]) -> dict[str, Taken]:
    """Read back from the document `sources` what the last compiling took in, by unit."""
    return {
        entry["code"]: Taken(
            entry["document"],
            entry["version"],
            rows_of(kin.content(unit, entry["document"], entry["version"]), entry["code"]),
            entry["line"],
        )
        for entry in kept.get("units") or ()
    }
