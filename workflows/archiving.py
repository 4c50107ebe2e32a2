"""Put a finished plan into an archive bag (归卷)."""

from collections.abc import Mapping

from engine import archive, people
from engine.core import documents, kin
from engine.ground.unit_of_work import Call, Result, Unit

MAIN = (
    *("plan", "final_text", "approval_sheet", "sheet", "minutes", "registration"),
    *("breakdown", "breakdown_table", "filing"),
)
"""What the archive's page shows first, in this order."""
RETENTION = {"permanent": "永久", "30": "30年", "10": "10年"}


def pack(call: Call) -> Result:
    """Build the bag, or find the one that an earlier try has built."""
    with call.engine.reading() as unit:
        filing = documents.values(unit, call.business_key, "filing") or {}
        recorded = _recorded(unit, call.instance_id)
    title = str(filing.get("title") or f"{call.variables.get('year')}年双拥工作计划")
    year = str(filing.get("filing_year") or call.variables.get("year") or "")
    folder = archive.build(call.engine, call.instance_id, f"{title}·{year}年归档", MAIN, _facts(filing, recorded))
    return Result(variables=archive.variables_of(call.engine, folder))


def _recorded(unit: Unit, instance_id: str) -> str:
    """Say who has recorded that its own plan takes this work in, and who has not and why (列入登记)."""
    rows = [row for row in kin.family(unit, instance_id) if row.process_key == "inclusion"]
    missing = [row for row in rows if row.outcome != "recorded"]
    told = [
        f"{people.unit_name(unit, row.unit_code)}（{kin.variable(unit, row.id, 'missing_reason') or '未写明原因'}）"
        for row in missing
    ]
    counts = f"应登记{len(rows)}家，已登记{len(rows) - len(missing)}家。" if rows else ""
    return counts + (f"未登记：{'；'.join(told)}。" if told else "")


def _facts(filing: Mapping[str, object], recorded: str) -> dict[str, str]:
    facts = {
        "归档年度": filing.get("filing_year"),
        "保管期限": RETENTION.get(str(filing.get("retention")), ""),
        "纸质件存放地点": filing.get("place"),
        "归卷说明": filing.get("note"),
        "列入登记": recorded,
    }
    return {label: str(value) for label, value in facts.items() if value}
