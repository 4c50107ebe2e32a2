"""Put what the units handed in together into one draft (汇总), keeping what HR has edited already."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from engine import people
from engine.core import documents, kin
from engine.ground.unit_of_work import Call, Result, Unit
from workflows import aggregation_checks, papers
from workflows.duties import Duties
from workflows.merging import Row, merge, row_of

OUT_OF_PLAN = "out_of_plan"
OUT_OF_PLAN_LABEL = "方案外/上级交办"
ARRANGEMENT_LENGTH = 5_000
NOTE_LENGTH = 2_000

GUIDANCE = (
    "以习近平新时代中国特色社会主义思想为指导，认真贯彻党中央、国务院、中央军委关于双拥工作的决策部署，"
    "落实省双拥工作领导小组工作安排，结合残联工作实际，把双拥工作纳入年度工作计划和考核内容，"
    "健全组织、完善制度、丰富活动、落实政策，扎实做好本年度双拥工作。"
)
GOALS = "\n".join(
    (
        "1.领导小组会议上下半年各召开一次。",
        "2.国防双拥教育不少于1次，参与率不低于80%。",
        "3.双拥工作简讯不少于4篇。",
        "4.走访慰问不少于3次。",
        "5.领导干部结对帮扶比例不低于50%。",
    )
)
REQUIREMENTS = "\n".join(
    (
        "1.加强组织领导。各部室、各直属单位要明确责任人，按分工抓好落实。",
        "2.严格时限要求。按计划时间完成，变更、取消的按程序报批。",
        "3.注重资料积累。活动结束后及时整理归档，做到一事一档。",
        "4.严守保密规定。涉及部队的事项不写番号、驻地和人数。",
    )
)


class Source(NamedTuple):
    """Say what became of one unit's submission: received or missing, which version, what was in it."""

    code: str
    name: str
    kind: str
    outcome: str
    reason: str
    document_id: str
    version: int
    content: Mapping[str, Any]

    @property
    def received(self) -> bool:
        """Tell whether it counts."""
        return self.outcome == "received"

    @property
    def rows(self) -> list[Row]:
        """Give its items as rows of the plan."""
        return [row_of(item, self.code) for item in self.content.get("items") or ()]


def compile_plan(known: Duties, call: Call) -> Result:
    """Write the draft, where each row comes from, and what HR should look at."""
    year = str(call.variables.get("year") or "")
    with call.engine.reading() as unit:
        sources = [_source(unit, call, code) for code in call.variables.get("units") or ()]
        before = documents.values(unit, call.business_key, "plan") or {}
        used = _used(unit, documents.values(unit, call.business_key, "sources") or {})
        names = {item.code: item.name for item in people.units(unit)}
    rows, kept = _merged(known, sources, before, used)
    checks = aggregation_checks.find(known, sources, rows, kept, year, names)
    plan = _plan(year, before, rows, sources, checks)
    return Result(
        documents={
            "plan": plan,
            "sources": _sources(year, sources, used),
            "checks": {"title": f"{year}年双拥工作计划汇总核对（仅供人事部）", "text": checks},
        },
        files=(papers.plan_file(plan, "draft_text", "送审稿（自动汇总初稿）", "送审稿", known, names),),
    )


def _source(unit: Unit, call: Call, code: str) -> Source:
    found = next((item for item in people.units(unit) if item.code == code), None)
    name, kind = (found.name, found.kind) if found else (people.unit_name(unit, code), "")
    mine = [row for row in kin.siblings(unit, call.instance_id, "submission") if row.unit_code == code]
    if not mine:
        return Source(code, name, kind, "missing", "没有报送记录。", "", 0, {})
    outcome = mine[-1].outcome or "missing"
    reason = str(kin.variable(unit, mine[-1].id, "missing_reason") or "") if outcome == "missing" else ""
    document = documents.find(unit, mine[-1].business_key, "submission")
    version = documents.latest(unit, document.id) if document else None
    if document is None or version is None:
        return Source(code, name, kind, outcome, reason, "", 0, {})
    return Source(code, name, kind, outcome, reason, document.id, version.number, version.content or {})


def _used(unit: Unit, sources: Mapping[str, Any]) -> dict[str, tuple[int, list[Row]]]:
    """Give by unit the version that the last round took in, and its rows."""
    found = {}
    for entry in sources.get("units") or ():
        content = kin.content(unit, entry["document"], entry["version"])
        found[entry["code"]] = (entry["version"], [row_of(item, entry["code"]) for item in content.get("items") or ()])
    return found


def _merged(
    known: Duties, sources: list[Source], before: Mapping[str, Any], used: Mapping[str, tuple[int, list[Row]]]
) -> tuple[list[Row], list[Row]]:
    """Give the rows of the plan, and those where HR's wording stands against a unit's newer one."""
    rows: list[Row] = [dict(row) for row in before.get("tasks") or ()]
    kept: list[Row] = []
    for source in sources:
        version, base = used.get(source.code, (0, []))
        if source.received and version != source.version:
            rows, conflicts = merge(rows, base, source.rows)
            kept += conflicts
    return (rows if used else _sorted(known, sources, rows)), kept


def _sorted(known: Duties, sources: list[Source], rows: list[Row]) -> list[Row]:
    duties, units = list(known), [source.code for source in sources]

    def place(row: Row) -> tuple[int, int, str]:
        duty = duties.index(row["duty"]) if row.get("duty") in known else len(duties)
        lead = units.index(row["lead"]) if row.get("lead") in units else len(units)
        return duty, lead, row.get("from") or ""

    return sorted(rows, key=place)


def _plan(year: str, before: Mapping[str, Any], rows: list[Row], sources: list[Source], checks: str) -> dict[str, Any]:
    defaults = {
        "title": f"{year}年双拥工作计划",
        "guidance": GUIDANCE,
        "goals": GOALS,
        "arrangement": _arrangement(sources),
        "requirements": REQUIREMENTS,
        "hr_note": _shorten(checks, NOTE_LENGTH, "……（全文见材料“汇总核对”）"),
    }
    return {**defaults, **before, "tasks": rows}


def _arrangement(sources: Iterable[Source]) -> str:
    institutions = [source for source in sources if source.kind == "institution" and source.received]
    room = ARRANGEMENT_LENGTH // max(len(institutions), 1) - 1
    return "\n".join(_shorten(_one_arrangement(source), room, "……（详见该单位报送）") for source in institutions)


def _one_arrangement(source: Source) -> str:
    items = "；".join(f"{papers.when(row)}{row['name']}" for row in source.rows)
    overall = " ".join(str(source.content.get("overall") or "").split())
    parts = [part for part in (items, overall) if part]
    if not parts:
        parts = [f"本年度无计划事项。{source.content.get('no_items_reason') or ''}"]
    return f"{source.name}：{'。'.join(parts)}".rstrip("。；") + "。"


def _shorten(text: str, length: int, ending: str) -> str:
    return text if len(text) <= length else text[: length - len(ending)] + ending


def _sources(year: str, sources: list[Source], used: Mapping[str, tuple[int, list[Row]]]) -> dict[str, Any]:
    lines, units = [], []
    for source in sources:
        taken = source.version if source.received else used.get(source.code, (0, []))[0]
        lines.append(_source_line(source, taken))
        lines += [
            f"　　{row['name']}（出自{source.name}第{source.version}版）" for row in source.rows if source.received
        ]
        if taken:
            units.append({"code": source.code, "document": source.document_id, "version": taken})
    return {"title": f"{year}年双拥工作计划来源对照", "text": "\n".join(lines), "units": units}


def _source_line(source: Source, taken: int) -> str:
    if source.received:
        return f"{source.name}：已收，第{source.version}版，{len(source.rows)}项。"
    reason = source.reason or "未写明原因。"
    return f"{source.name}：缺报。{reason}" + (f"稿中保留其前一轮第{taken}版的事项。" if taken else "")
