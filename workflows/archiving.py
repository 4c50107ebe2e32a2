"""Put a finished plan into an archive bag (归卷)."""

from collections.abc import Mapping

from engine import archive
from engine.core import documents
from engine.ground.unit_of_work import Call, Result

MAIN = ("plan", "final_text", "approval_sheet", "sheet", "registration", "filing")
"""What the archive's page shows first, in this order."""
RETENTION = {"permanent": "永久", "30": "30年", "10": "10年"}


def pack(call: Call) -> Result:
    """Build the bag, or find the one that an earlier try has built."""
    with call.engine.reading() as unit:
        filing = documents.values(unit, call.business_key, "filing") or {}
    title = str(filing.get("title") or f"{call.variables.get('year')}年双拥工作计划")
    year = str(filing.get("filing_year") or call.variables.get("year") or "")
    folder = archive.build(call.engine, call.instance_id, f"{title}·{year}年归档", MAIN, _facts(filing))
    return Result(variables=archive.variables_of(call.engine, folder))


def _facts(filing: Mapping[str, object]) -> dict[str, str]:
    facts = {
        "归档年度": filing.get("filing_year"),
        "保管期限": RETENTION.get(str(filing.get("retention")), ""),
        "纸质件存放地点": filing.get("place"),
        "归卷说明": filing.get("note"),
    }
    return {label: str(value) for label, value in facts.items() if value}
