"""Write the plan as a paper (送审稿、定稿): five parts, the table of tasks, the months."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH

from engine.core.filenames import safe_name
from workflows import word
from workflows.duties import Duties
from workflows.merging import Row

SECTIONS = ("组织机构", "制度建设", "计划总结", "国防双拥教育", "宣传", "活动", "权益保障", "档案", "其他事项")
SECTION_BY_CHAPTER = {
    "A": "组织机构",
    "C": "组织机构",
    "D": "制度建设",
    "L": "制度建设",
    "E": "计划总结",
    "F": "国防双拥教育",
    "H": "宣传",
    "I": "活动",
    "G": "权益保障",
    "J": "档案",
}
SECTION_BY_CATEGORY = {
    "meeting": "组织机构",
    "education": "国防双拥教育",
    "publicity": "宣传",
    "condolence": "活动",
    "activity": "活动",
    "pairing": "活动",
    "system": "制度建设",
}
NUMERALS = "一二三四五六七八九十"
OUT_OF_PLAN = "方案外"
LONG_MONTHS = 3


def plan_file(
    plan: Mapping[str, Any],
    name: str,
    title: str,
    stage: str,
    known: Duties,
    names: Mapping[str, str],
) -> tuple[str, str, str, str, bytes]:
    """Give the plan as a file document of the engine: name, title, file name, media type, bytes."""
    file_name = safe_name(f"{plan.get('title') or '双拥工作计划'}（{stage}）.docx")
    return name, title, file_name, word.MEDIA_TYPE, plan_paper(plan, stage, known, names)


def plan_paper(plan: Mapping[str, Any], stage: str, known: Duties, names: Mapping[str, str]) -> bytes:
    """Write the plan; `stage` is 送审稿 or 定稿， `names` are the units by code."""
    title = str(plan.get("title") or "双拥工作计划")
    rows: list[Row] = list(plan.get("tasks") or ())
    paper = word.new_paper(f"{title}（{stage}）")
    paper.add_paragraph(title, style="Title")
    paper.add_paragraph(f"（{stage}）").alignment = WD_ALIGN_PARAGRAPH.CENTER
    _part(paper, "一、总体要求", plan.get("guidance"))
    _part(paper, "二、主要目标", plan.get("goals"))
    paper.add_heading("三、重点任务", 1)
    _tasks(paper, rows, known, names)
    _part(paper, "四、直属单位安排", plan.get("arrangement"))
    _part(paper, "五、工作要求", plan.get("requirements"))
    word.add_text(paper, "附件：1.任务分工表\n2.月度安排")
    _appendix(paper, "附件1 任务分工表")
    _division(paper, rows, known, names)
    _appendix(paper, "附件2 月度安排")
    _months(paper, rows, names)
    word.number_pages(paper)
    return word.to_bytes(paper)


def when(row: Row) -> str:
    """Write a row's time as people do: 3月1日至10日."""
    starts, ends = _date(row.get("from")), _date(row.get("until"))
    if starts is None or ends is None:
        return _day(starts or ends)
    if starts == ends:
        return _day(starts)
    rest = f"{ends.day}日" if (starts.year, starts.month) == (ends.year, ends.month) else _day(ends)
    return f"{_day(starts)}至{rest}"


def _day(day: date | None) -> str:
    return f"{day.month}月{day.day}日" if day else ""


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _part(paper: Paper, heading: str, text: object) -> None:
    paper.add_heading(heading, 1)
    word.add_text(paper, str(text or "无。"))


def _appendix(paper: Paper, heading: str) -> None:
    paper.add_page_break()  # type: ignore[no-untyped-call]
    paper.add_heading(heading, 1)


def _tasks(paper: Paper, rows: Sequence[Row], known: Duties, names: Mapping[str, str]) -> None:
    groups = [(title, [row for row in rows if _section(row, known) == title]) for title in SECTIONS]
    filled = [(title, group) for title, group in groups if group]
    if not filled:
        word.add_text(paper, "无。")
    for number, (title, group) in enumerate(filled):
        paper.add_heading(f"（{NUMERALS[number]}）{title}", 2)
        for position, row in enumerate(group, 1):
            word.add_text(paper, f"{position}.{_sentence(row, names)}")


def _section(row: Row, known: Duties) -> str:
    duty = known.get(str(row.get("duty")))
    by_category = SECTION_BY_CATEGORY.get(str(row.get("category")), SECTIONS[-1])
    return SECTION_BY_CHAPTER.get(duty.chapter, by_category) if duty else by_category


def _sentence(row: Row, names: Mapping[str, str]) -> str:
    facts = {
        "牵头": _lead(row, names),
        "配合": row.get("assist"),
        "责任人": row.get("owner"),
        "时间": when(row),
        "目标": row.get("goal"),
    }
    ahead = ["先行办理"] if row.get("done_ahead") else []
    told = "；".join([*(f"{label}：{value}" for label, value in facts.items() if value), *ahead])
    measures = " ".join(str(row.get("measures") or "").split()).rstrip("。")
    return f"{row.get('name') or ''}。{f'{measures}。' if measures else ''}（{told}）"


def _lead(row: Row, names: Mapping[str, str]) -> str:
    lead = str(row.get("lead") or "")
    return names.get(lead, lead)


def _clause(row: Row, known: Duties) -> str:
    duty = known.get(str(row.get("duty")))
    return duty.clause if duty else OUT_OF_PLAN


def _division(paper: Paper, rows: Sequence[Row], known: Duties, names: Mapping[str, str]) -> None:
    headers = ("序号", "条款", "事项", "牵头", "配合", "时间", "目标")
    cells = [
        (
            str(number),
            _clause(row, known),
            str(row.get("name") or ""),
            _lead(row, names),
            str(row.get("assist") or ""),
            when(row),
            str(row.get("goal") or ""),
        )
        for number, row in enumerate(rows, 1)
    ]
    word.add_table(paper, headers, cells, (11, 20, 43, 22, 20, 24, 16))


def _months(paper: Paper, rows: Sequence[Row], names: Mapping[str, str]) -> None:
    lines = []
    for month in range(1, 13):
        held = [row for row in rows if _touches(row, month)]
        text = "\n".join(f"{row.get('name')}（{_lead(row, names)}，{when(row)}）" for row in held)
        lines.append((f"{month}月", text))
    word.add_table(paper, ("月份", "事项"), lines, (20, 136))


def _touches(row: Row, month: int) -> bool:
    starts, ends = _date(row.get("from")), _date(row.get("until"))
    days = [day for day in (starts, ends) if day]
    if not days:
        return False
    first, last = min(days).month, max(days).month
    # What goes on for longer is told where it starts and where it ends, not in every month between.
    return month in (first, last) or (last - first < LONG_MONTHS and first <= month <= last)
