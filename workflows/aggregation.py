"""Put what the units hand in together into one draft as it comes (随到随汇), keeping what HR has edited already."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from engine import people
from engine.core import documents
from engine.ground.clock import local
from engine.ground.unit_of_work import Call, Result, Unit
from workflows import aggregation_checks, aggregation_sources, papers
from workflows.aggregation_sources import Source, Taken
from workflows.duties import Duties
from workflows.merging import Row, merge, merge_lines

OUT_OF_PLAN = "out_of_plan"
OUT_OF_PLAN_LABEL = "方案外/上级交办"
ARRANGEMENT_LENGTH = 5_000
NOTE_LENGTH = 2_000
SUBMIT, INCOMPLETE = "submit", "incomplete"

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


class _State(NamedTuple):
    """Hold what there is to work on: what came in, what the draft has of it already, the draft as HR left it."""

    year: str
    sources: list[Source]
    taken: Mapping[str, Taken]
    plan: Mapping[str, Any]
    note: str
    names: Mapping[str, str]

    @property
    def newer(self) -> list[Source]:
        """Give what was received and is not in the draft yet."""
        return [source for source in self.sources if source.received and not self.has(source)]

    def has(self, source: Source) -> bool:
        """Tell whether the draft has this version."""
        return source.code in self.taken and self.taken[source.code].version == source.version


def compile_plan(known: Duties, call: Call) -> Result:
    """Bring what has newly come in into the draft; write where each row comes from, and what HR should look at."""
    with call.engine.reading() as unit:
        state = _read(unit, call)
    return _compiled(known, call, state, _refused(state) if call.variables.get("outcome") == INCOMPLETE else "")


def tally(known: Duties, call: Call) -> Result:
    """Let the draft go up if every unit is in, or confirmed missing, and all of it is in the draft."""
    with call.engine.reading() as unit:
        state = _read(unit, call)
    if state.newer or any(source.outstanding for source in state.sources):
        return Result(variables={"outcome": INCOMPLETE})
    return _compiled(known, call, state, "")


def returnable(unit: Unit, instance: Mapping[str, Any]) -> list[dict[str, str]]:
    """Offer the units of the year, those that are still at it shown as closed."""
    instance_id = str(instance.get("id") or "")
    kept = documents.values(unit, str(instance.get("business_key") or ""), "sources") or {}
    have = aggregation_sources.taken(unit, kept)
    rounds = aggregation_sources.newest_rounds(unit, instance_id)
    codes = [item.code for item in people.units(unit) if item.code in rounds]
    return [_choice(source, have) for source in aggregation_sources.read(unit, instance_id, codes)]


def _choice(source: Source, have: Mapping[str, Taken]) -> dict[str, str]:
    if source.outstanding:
        return {"value": source.code, "label": f"{source.name}（未到：{source.reason}）", "disabled": "true"}
    new = source.received and (source.code not in have or have[source.code].version != source.version)
    mark = "（新到，还没有并入）" if new else "" if source.received else "（缺报）"
    return {"value": source.code, "label": f"{source.name}{mark}"}


def _read(unit: Unit, call: Call) -> _State:
    key = call.business_key
    checks = documents.values(unit, key, "checks") or {}
    return _State(
        str(call.variables.get("year") or ""),
        aggregation_sources.read(unit, call.instance_id, call.variables.get("units") or ()),
        aggregation_sources.taken(unit, documents.values(unit, key, "sources") or {}),
        documents.values(unit, key, "plan") or {},
        _note(str(checks.get("text") or "")),
        {item.code: item.name for item in people.units(unit)},
    )


def _compiled(known: Duties, call: Call, state: _State, refused: str) -> Result:
    rows, kept = _merged(known, state)
    lines = _lines(state)
    arrangement, overruled = merge_lines(str(state.plan.get("arrangement") or ""), _base_lines(state), lines)
    kept += [f"四、直属单位安排：{state.names.get(code, code)}" for code in overruled]
    checks = aggregation_checks.find(known, state.sources, rows, kept, state.year, state.names)
    plan = _plan(state, rows, arrangement, checks)
    return Result(
        variables={"progress": _progress(state, call, refused)},
        documents={
            "plan": plan,
            "sources": _sources(state, lines),
            "checks": {"title": f"{state.year}年双拥工作计划汇总核对（仅供人事部）", "text": checks},
        },
        files=(papers.plan_file(plan, "draft_text", "送审稿", "送审稿", known, state.names),),
    )


# The plan


def _merged(known: Duties, state: _State) -> tuple[list[Row], list[str]]:
    """Give the rows of the plan, and names of those where HR's wording stands against a unit's newer one."""
    rows: list[Row] = [dict(row) for row in state.plan.get("tasks") or ()]
    kept: list[Row] = []
    for source in state.newer:
        base = state.taken[source.code].rows if source.code in state.taken else []
        rows, conflicts = merge(rows, base, source.rows)
        kept += conflicts
    told = [aggregation_checks.named(row, state.names) for row in kept]
    return (_sorted(known, state.sources, rows) if state.newer else rows), told


def _sorted(known: Duties, sources: list[Source], rows: list[Row]) -> list[Row]:
    duties, units = list(known), [source.code for source in sources]

    def place(row: Row) -> tuple[int, int, str]:
        duty = duties.index(row["duty"]) if row.get("duty") in known else len(duties)
        lead = units.index(row["lead"]) if row.get("lead") in units else len(units)
        return duty, lead, row.get("from") or ""

    return sorted(rows, key=place)


def _plan(state: _State, rows: list[Row], arrangement: str, checks: str) -> dict[str, Any]:
    defaults = {
        "title": f"{state.year}年双拥工作计划",
        "guidance": GUIDANCE,
        "goals": GOALS,
        "requirements": REQUIREMENTS,
    }
    plan = {**defaults, **state.plan, "tasks": rows, "arrangement": arrangement}
    if plan.get("hr_note", state.note) == state.note:
        # HR has written nothing of its own there: the note goes with the checks.
        plan["hr_note"] = _note(checks)
    return plan


def _note(checks: str) -> str:
    return _shorten(checks, NOTE_LENGTH, "……（全文见材料“汇总核对”）")


def _lines(state: _State) -> dict[str, str]:
    """Give the line of each institution that is in the plan."""
    institutions = [source for source in state.sources if source.kind == "institution"]
    room = ARRANGEMENT_LENGTH // max(len(institutions), 1) - 1
    lines = {}
    for source in institutions:
        if source.received and not state.has(source):
            lines[source.code] = _shorten(_one_arrangement(source), room, "……（详见该单位报送）")
        elif source.code in state.taken:
            lines[source.code] = state.taken[source.code].line
    return lines


def _base_lines(state: _State) -> dict[str, str]:
    return {code: entry.line for code, entry in state.taken.items() if entry.line}


def _one_arrangement(source: Source) -> str:
    items = "；".join(f"{papers.when(row)}{row['name']}" for row in source.rows)
    overall = " ".join(str(source.content.get("overall") or "").split())
    parts = [part for part in (items, overall) if part]
    if not parts:
        parts = [f"本年度无计划事项。{source.content.get('no_items_reason') or ''}"]
    return f"{source.name}：{'。'.join(parts)}".rstrip("。；") + "。"


def _shorten(text: str, length: int, ending: str) -> str:
    return text if len(text) <= length else text[: length - len(ending)] + ending


# Where it comes from, and how far it is


def _sources(state: _State, lines: Mapping[str, str]) -> dict[str, Any]:
    told, units = [], []
    for source in state.sources:
        before = state.taken.get(source.code)
        taken = (source.document_id, source.version) if source.received else before[:2] if before else ("", 0)
        told.append(_source_line(source, taken[1]))
        told += [
            f"　　{row['name']}（出自{source.name}第{source.version}版）" for row in source.rows if source.received
        ]
        if taken[1]:
            line = lines.get(source.code, "")
            units.append({"code": source.code, "document": taken[0], "version": taken[1], "line": line})
    return {"title": f"{state.year}年双拥工作计划来源对照", "text": "\n".join(told), "units": units}


def _source_line(source: Source, taken: int) -> str:
    if source.received:
        return f"{source.name}：已收，第{source.version}版，{len(source.rows)}项。"
    kept = f"稿中保留其前一轮第{taken}版的事项。" if taken else ""
    if source.outstanding:
        return f"{source.name}：未到（{source.reason}）。{kept}"
    return f"{source.name}：缺报。{source.reason}{kept}"


def _refused(state: _State) -> str:
    if waited := [source for source in state.sources if source.outstanding]:
        return f"没有送审：{_listed(waited)}还没有收下，也没有确认缺报。"
    return "没有送审：有新到的报送，已经并入，请看过再送审。"


def _progress(state: _State, call: Call, refused: str) -> str:
    received = [source for source in state.sources if source.received]
    moment = local(call.moment)
    lines = [f"已收 {len(received)}/{len(state.sources)}（截至{moment.month}月{moment.day}日 {moment:%H:%M}）。"]
    groups = {
        "已收": received,
        "未到": [source for source in state.sources if source.outstanding],
        "缺报": [source for source in state.sources if source.outcome == "missing"],
        "本次并入": state.newer,
    }
    lines += [f"{label}：{_listed(group)}。" for label, group in groups.items() if group]
    return "\n".join([refused, *lines] if refused else lines)


def _listed(sources: Iterable[Source]) -> str:
    return "、".join(
        f"{source.name}（{source.reason}）" if source.outstanding and source.reason else source.name
        for source in sources
    )
