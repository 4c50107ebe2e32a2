"""Change an approved plan (计划调整单): what may be adjusted, what it says, and carrying it out once it is approved."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from engine import people
from engine.core import documents, forms, kin
from engine.core.filenames import safe_name
from engine.ground.errors import Stuck
from engine.ground.unit_of_work import Call, Result, Revision, Unit
from workflows import breakdown, differences, papers, word
from workflows.differences import Labels, Rule, Values, differing, told
from workflows.duties import Duties
from workflows.merging import Row

SUBJECT = "adjustment"
"""What the approval is told that it is about."""
HR = "hr"
KINDS = {"add": "增补", "change": "变更", "cancel": "取消"}
APPROVED = ("agree", "agree_amended")
FIELDS: Mapping[str, Rule] = {
    "name": Rule("事项名称"),
    "duty": Rule("对应职责"),
    "category": Rule("类别"),
    "measures": Rule("具体措施"),
    "lead": Rule("牵头单位"),
    "assist": Rule("配合单位"),
    "owner": Rule("责任人（岗位）"),
    "from": Rule("开始日期"),
    "until": Rule("完成日期"),
    "goal": Rule("目标"),
    "done_ahead": Rule("先行办理"),
}

_PLAN = re.compile(r"plan:([0-9]{4})")
_OWN = re.compile(r"plan:([0-9]{4}):adjustment:[0-9]+")


class Table(NamedTuple):
    """Hold the table of tasks of an approved plan (任务分解表), as of one version."""

    business_key: str
    content: Mapping[str, Any]
    version: int

    @property
    def rows(self) -> list[Row]:
        """Give its rows, the cancelled ones too."""
        return [dict(row) for row in self.content.get("tasks") or ()]

    def find(self, item: Any) -> Row | None:
        """Give a row that stands."""
        return next((row for row in self.rows if row["id"] == item and not row.get("cancelled")), None)


# What may be adjusted


def approvals(unit: Unit) -> dict[str, str]:
    """Give by year the approver of each plan that was approved."""
    found = {}
    for row in kin.of_process(unit, "approval", "plan:"):
        match = _PLAN.fullmatch(row.business_key)
        if match and row.state == "completed" and row.outcome in APPROVED:
            found[match[1]] = str(kin.variable(unit, row.id, "approver") or "")
    return found


def years(unit: Unit, instance: Mapping[str, Any]) -> list[dict[str, str]]:
    """Offer the years whose plan was approved and broken down into tasks, the newest first."""
    found = sorted((year for year in approvals(unit) if table_of(unit, year)), reverse=True)
    return [{"value": year, "label": f"{year}年"} for year in found]


def items(unit: Unit, instance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Offer the items of the year's plan that a unit leads, to HR all; one that is being adjusted waits."""
    match = _OWN.fullmatch(str(instance.get("business_key") or ""))
    table = table_of(unit, match[1]) if match else None
    if match is None or table is None:
        return []
    code, taken = instance.get("unit_code"), _taken(unit, match[1], str(instance["id"]))
    names = {item.code: item.name for item in people.units(unit)}
    return [
        {
            "value": row["id"],
            "label": _label(row, names),
            "disabled": bool(row.get("cancelled")) or row["id"] in taken,
        }
        for row in table.rows
        if code == HR or row.get("lead") == code
    ]


def _label(row: Row, names: Mapping[str, str]) -> str:
    state = "，已取消" if row.get("cancelled") else ""
    lead = str(row.get("lead") or "")
    return f"{row.get('name')}（{names.get(lead, lead)}，{papers.when(row)}{state}）"


def table_of(unit: Unit, year: str) -> Table | None:
    """Give the newest table of tasks of a year."""
    key = f"plan:{year}"
    found = documents.find(unit, key, breakdown.NAME)
    version = documents.latest(unit, found.id) if found else None
    return Table(key, version.content or {}, version.number) if version is not None else None


def _taken(unit: Unit, year: str, but: str) -> set[Any]:
    """Name the items that other adjustments under way are about."""
    rows = kin.of_process(unit, "adjustment", f"plan:{year}:adjustment:")
    return {kin.variable(unit, row.id, "item") for row in rows if row.state == "active" and row.id != but} - {None}


# What it says


def compose(known: Duties, call: Call) -> Result:
    """Write the text that goes up, and name the plan's approver; or say what is wrong with what was filled in."""
    year, kind, item = (call.variables.get(name) for name in ("year", "kind", "item"))
    with call.engine.reading() as unit:
        draft = documents.values(unit, call.business_key, "adjustment") or {}
        table, called = table_of(unit, str(year)), differences.labels(unit, known)
        title = str(kin.family(unit, call.instance_id)[0].title)
        approver = approvals(unit).get(str(year))
        taken = _taken(unit, str(year), call.instance_id)
    before = table.find(item) if table and kind != "add" else None
    after = _after(str(kind), before, draft, str(call.variables.get("unit") or ""))
    fault = "这一年的计划还没有批准，不能调整。" if table is None or not approver else _fault(str(kind), before, after)
    if item in taken and kind != "add":
        fault = "这个事项已有一张计划调整单在办理，请等它办结再调整。"
    if fault:
        return Result({"fault": fault})
    content = {
        "title": title,
        "change": describe(str(kind), before, after, called),
        "change_reason": draft.get("reason") or "",
        "kind": kind,
        "before": [before] if before else [],
        "adjusted": [after] if after else [],
    }
    variables = {"fault": None, "subject_title": title, "subject_key": call.business_key, "approver": approver}
    return Result(variables, {"plan": content})


def _after(kind: str, before: Row | None, draft: Values, unit_code: str) -> Row | None:
    """Give the row as it shall read; nothing for one that is cancelled."""
    if kind == "cancel" or (kind == "change" and before is None):
        return None
    given = {key: draft[key] for key in FIELDS if not forms.is_nothing(draft.get(key))}
    old = {key: before.get(key) or "" for key in FIELDS} if before else {"lead": unit_code}
    return {**{key: "" for key in FIELDS}, **old, **given}


def _fault(kind: str, before: Row | None, after: Row | None) -> str:
    if kind == "add":
        return ""
    if before is None:
        return "所选的事项已不在任务分解表里，请重新选择。"
    if after is None:
        return ""
    if not any(differing("", FIELDS, _fields(before), after, {})):
        return "填写的和原来一样，请写明要改成什么。"
    starts, ends = _date(after["from"]), _date(after["until"])
    return "调整后的完成日期早于开始日期，请改正。" if starts and ends and ends < starts else ""


def _fields(row: Row) -> Row:
    return {key: row.get(key) for key in FIELDS}


def _date(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def describe(kind: str, before: Row | None, after: Row | None, called: Labels) -> str:
    """Write what is adjusted, a line each."""
    row = before or after or {}
    head = f"{KINDS[kind]}“{row.get('name')}”（牵头：{told('lead', row.get('lead'), called)}，{papers.when(row)}）"
    if kind == "add" and after is not None:
        rest = {key: rule.label for key, rule in FIELDS.items() if key != "name" and not forms.is_nothing(after[key])}
        return "\n".join([f"{head}：", *(f"{label}：{told(key, after[key], called)}" for key, label in rest.items())])
    if after is None or before is None:
        return f"{head}。"
    found = differing("", FIELDS, _fields(before), after, called)
    return "\n".join([f"{head}：", *(f"{change.field}：由{change.before}改为{change.after}" for change in found)])


def final(content: Values, called: Labels) -> dict[str, Any]:
    """Give what was approved with its text brought up to what was amended."""
    before, after = (next(iter(content.get(key) or ()), None) for key in ("before", "adjusted"))
    return {**content, "change": describe(str(content.get("kind")), before, after, called)}


def paper_file(content: Values) -> tuple[str, str, str, str, bytes]:
    """Write the approved adjustment as a paper."""
    title = str(content.get("title") or "计划调整单")
    paper = word.new_paper(f"{title}（定稿）")
    paper.add_paragraph(title, style="Title")
    for heading, key in (("一、调整内容", "change"), ("二、调整理由", "change_reason")):
        paper.add_heading(heading, 1)
        word.add_text(paper, str(content.get(key) or "无。"))
    word.number_pages(paper)
    return "final_text", "定稿", safe_name(f"{title}（定稿）.docx"), word.MEDIA_TYPE, word.to_bytes(paper)


# Carrying it out


def apply(call: Call) -> Result:
    """Bring the table of tasks to what was approved, and tell the units concerned."""
    with call.engine.reading() as unit:
        content = documents.values(unit, call.business_key, "plan") or {}
        table, known = table_of(unit, str(call.variables.get("year"))), people.references(unit)
        codes = {item.name: item.code for item in people.units(unit)}
    before, after = (next(iter(content.get(key) or ()), None) for key in ("before", "adjusted"))
    if table is None or (before and table.find(before["id"]) is None):
        raise Stuck("任务分解表里已没有这张调整单所调整的事项，不能落实。请管理员核对后重试。", call.activity_id)
    rows = _adjusted(table.rows, content, before, after, call.business_key)
    concerned = [code for row in (before, after) if row for code in (row.get("lead"), *breakdown.assisting(row, codes))]
    title, body = f"计划已调整：{content.get('title')}", str(content.get("change"))
    return Result(
        # The item is free for the next adjustment, though this one may still wait for the minutes of its meeting.
        variables={"item": None},
        revisions=(Revision(table.business_key, breakdown.NAME, {**table.content, "tasks": rows}, table.version),),
        notices=tuple((post, title, body) for post in _posts([call.variables.get("unit"), *concerned], known)),
    )


def _adjusted(
    rows: Sequence[Row], content: Values, before: Row | None, after: Row | None, business_key: str
) -> list[Row]:
    kind = str(content.get("kind"))
    mark = {"note": f"{KINDS[kind]}：{content.get('title')}"}
    if before is None:
        return [*rows, {"id": business_key, **(after or {}), "source": content.get("title"), **mark}]
    changed = {**(after or {"cancelled": True}), **mark}
    return [{**row, **changed} if row["id"] == before["id"] else row for row in rows]


def _posts(codes: Iterable[Any], known: Iterable[str]) -> Iterator[str]:
    wanted = [f"{code}.{post}" for code in dict.fromkeys(codes) for post in breakdown.POSTS]
    return (post for post in dict.fromkeys([*wanted, f"{HR}.staff"]) if post in set(known))


def refuse(call: Call) -> Result:
    """Tell the unit that its adjustment was not approved, and why."""
    reason = call.variables.get("approval_reason") or "没有写明理由。"
    title = f"计划调整未获批准：{call.variables.get('subject_title')}"
    return Result(notices=tuple((post, title, f"批准人意见：{reason}") for post in ("own.staff", "own.head")))
