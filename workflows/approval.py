"""Write the sheet of an approval (处理单) and the text that was approved (定稿)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from docx.document import Document as Paper
from docx.enum.table import WD_ROW_HEIGHT_RULE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from engine import people
from engine.core import documents, kin, opinions
from engine.core.calendar import written
from engine.core.filenames import safe_name
from engine.ground.clock import local
from engine.ground.unit_of_work import Call, Result, Unit
from workflows import adjustment, differences, papers, word
from workflows.duties import Duties

URGENCY = {"normal": "平件", "urgent": "加急", "express": "特急"}
PUBLICITY = {"open": "主动公开", "request": "依申请公开", "closed": "不予公开"}
MODE = {"circulate": "传批", "meeting": "会议"}
APPROVER = {"group": "领导小组", "leader": "组长", "board": "党组理事会"}
SUPPLIED = "补件"
DECISION = "组长批示"
BOARD_DECISION = "党组理事会主要领导批示"
ROWS = (
    # activities of approval.bpmn, what the sheet calls them, millimetres to sign in
    (("propose",), "拟办意见", 14),
    (("head_review",), "人事部负责人意见", 14),
    (("director_review",), "领导小组办公室主任意见", 14),
    (("read",), "成员圈阅", 30),
    (("sign", "meeting"), DECISION, 20),
)
GROUP = "领导小组"
"""What every reader's post begins with, and need not be said ten times."""
WIDTHS = (26, 52, 26, 52)
OPINION_WIDTHS = (26, 98, 32)


class Opinion(NamedTuple):
    """Show one opinion as the sheet prints it."""

    activity: str
    round: int
    person: str
    post: str
    outcome: str
    text: str
    made_on: date
    recorded_at: datetime
    entered_by: str
    acting_for: str = ""


class Supplement(NamedTuple):
    """Hold the minutes of a meeting that came after its decision (补件)."""

    number: str
    papers: str
    supplied_on: date


class Content(NamedTuple):
    """Hold all that the sheet shows."""

    title: str
    sheet: Mapping[str, Any]
    mode: str
    approver: str
    attachments: Sequence[str]
    deadline: date | None
    opinions: Sequence[Opinion]
    meeting: Mapping[str, Any]
    approved_on: date | None
    version: int
    papers: str = ""
    supplement: Supplement | None = None

    @property
    def lacks_minutes(self) -> bool:
        """Tell whether a meeting decided, and its minutes are still to come."""
        decided = [opinion.activity for opinion in self.opinions if opinion.activity in ROWS[-1][0]]
        return decided[-1:] == ["meeting"] and not self.papers


def make_sheet(known: Duties, call: Call) -> Result:
    """Freeze what was approved: the final text and the sheet, as files."""
    with call.engine.reading() as unit:
        drafted = documents.values(unit, call.business_key, "plan") or {}
        content = _content(unit, call.instance_id, call.business_key, drafted)
        called = differences.labels(unit, known)
    if call.variables.get("subject") == adjustment.SUBJECT:
        approved = adjustment.final(drafted, called)
        text = adjustment.paper_file(approved)
    else:
        approved, text = drafted, papers.plan_file(drafted, "final_text", "定稿", "定稿", known, called["lead"])
    amended = approved != drafted
    content = content._replace(version=content.version + amended)
    variables = {"minutes_wanted": content.lacks_minutes}
    return Result(variables, {"plan": approved} if amended else {}, files=(text, _sheet_file(content)))


def sheet_file(
    unit: Unit, approval_id: str, business_key: str, supplement: Supplement
) -> tuple[str, str, str, str, bytes]:
    """Write the sheet of an approval that is over, with the minutes that came afterwards."""
    plan = documents.values(unit, business_key, "plan") or {}
    return _sheet_file(_content(unit, approval_id, business_key, plan)._replace(supplement=supplement))


def _sheet_file(content: Content) -> tuple[str, str, str, str, bytes]:
    file_name = safe_name(f"{content.title}处理单.docx")
    return "approval_sheet", "处理单（打印）", file_name, word.MEDIA_TYPE, sheet_paper(content)


def _content(unit: Unit, approval_id: str, business_key: str, plan: Mapping[str, Any]) -> Content:
    sheet = documents.values(unit, business_key, "sheet") or {}
    rounds = {row.id: row.round for row in kin.siblings(unit, approval_id, "approval")} or {approval_id: 1}
    tasks = kin.tasks(unit, list(rounds))
    mine = [task for task in tasks.values() if task.instance_id == approval_id]
    found = documents.find(unit, business_key, "plan")
    version = documents.latest(unit, found.id) if found else None
    told = _opinions(unit, rounds, tasks)
    final = [opinion for opinion in told if opinion.activity in ROWS[-1][0]]
    meeting = _meeting(unit, business_key, mine)
    return Content(
        str(plan.get("title") or "双拥工作计划"),
        sheet,
        str(kin.variable(unit, approval_id, "mode") or ""),
        str(kin.variable(unit, approval_id, "approver") or ""),
        _titles(unit, sheet.get("attachments") or ()),
        _deadline(mine),
        told,
        meeting,
        final[-1].made_on if final else None,
        version.number if version else 0,
        "；".join(_titles(unit, meeting.get("minutes") or ())),
    )


def _titles(unit: Unit, document_ids: Sequence[str]) -> list[str]:
    known = kin.document_titles(unit, document_ids)
    return [known[item] for item in document_ids if item in known]


def _deadline(tasks: Iterable[Any]) -> date | None:
    due: list[datetime] = [task.due_at for task in tasks if task.due_at and task.activity_id in ROWS[-1][0]]
    return local(max(due)).date() if due else None


def _meeting(unit: Unit, business_key: str, tasks: Iterable[Any]) -> dict[str, Any]:
    held = [task for task in tasks if task.activity_id == "meeting" and task.state == "completed"]
    return (documents.values(unit, business_key, f"{documents.TASK}{held[-1].id}") or {}) if held else {}


def _opinions(unit: Unit, rounds: Mapping[str, int], tasks: Mapping[str, Any]) -> list[Opinion]:
    rows = opinions.of_instances(unit, list(rounds))
    names = people.person_names(unit, [who for row in rows for who in (row.person_id, row.entered_by, row.acting_for)])
    titles = people.post_titles(unit, [row.post for row in rows])
    return [
        Opinion(
            tasks[row.task_id].activity_id,
            rounds[row.instance_id],
            names.get(row.person_id, ""),
            titles.get(row.post, row.post),
            row.outcome,
            row.text,
            row.made_on,
            row.recorded_at,
            names.get(row.entered_by, "") if row.entered_by else "",
            names.get(row.acting_for, "") if row.acting_for else "",
        )
        for row in rows
    ]


def sheet_paper(content: Content) -> bytes:
    """Write the sheet on one A4 page, with room to sign by hand."""
    paper = word.new_paper(f"{content.title}处理单")
    section = paper.sections[0]
    section.top_margin = section.bottom_margin = Mm(20)
    heading = paper.add_paragraph("双拥工作文件处理单", style="Title")
    heading.paragraph_format.space_after = Pt(6)
    _head(paper, content)
    _signed(paper, content)
    _result(paper, content)
    note = paper.add_paragraph()
    note.alignment = WD_ALIGN_PARAGRAPH.LEFT
    run = note.add_run("代理：受权代为决定；代录：秘书录入纸面签批；补录：录入晚于签批。空白签字格供打印后手签。")
    run.font.size = Pt(9)
    note.paragraph_format.line_spacing = 1.0
    return word.to_bytes(paper)


def _head(paper: Paper, content: Content) -> None:
    sheet = content.sheet
    pairs = (
        ("编号", "", "紧急程度", URGENCY.get(str(sheet.get("urgency")), "")),
        ("公开属性", PUBLICITY.get(str(sheet.get("publicity")), ""), "办理期限", _day(content.deadline)),
        ("承办人及电话", str(sheet.get("contact") or ""), "办理方式", _manner(content)),
    )
    table = paper.add_table(rows=0, cols=4, style="Table Grid")
    for pair in (("标题", f"{content.title}（第{content.version}版）", "", ""), *pairs):
        cells = word.add_row(table).cells
        for number, text in enumerate(pair):
            word.fill(cells[number], text, word.SONG if number % 2 else word.HEI)
    attached = "；".join(content.attachments) or "无"
    for label, text in (("摘要", str(sheet.get("summary") or "")), ("附件及版本", attached)):
        cells = word.add_row(table).cells
        word.fill(cells[0], label, word.HEI)
        word.fill(cells[1], text)
    word.size_columns(table, WIDTHS)
    for number in (0, 4, 5):
        cells = table.rows[number].cells
        cells[1].merge(cells[3])
        _drop_empty(cells[1])


def _manner(content: Content) -> str:
    by = APPROVER.get(content.approver, "")
    return MODE.get(content.mode, "") + (f"（批准人：{by}）" if by else "")


def _drop_empty(cell: Any) -> None:
    """Take out the empty paragraphs that merging brought along."""
    for paragraph in cell.paragraphs[1:]:
        if not paragraph.text:
            paragraph._p.getparent().remove(paragraph._p)


def _signed(paper: Paper, content: Content) -> None:
    table = word.add_table(paper, ("环节", "意见", "签字"), (), OPINION_WIDTHS)
    for activities, label, height in ROWS:
        told = [opinion for opinion in content.opinions if opinion.activity in activities]
        row = word.add_row(table)
        row.height, row.height_rule = Mm(height), WD_ROW_HEIGHT_RULE.AT_LEAST
        decided = BOARD_DECISION if content.approver == "board" and label == DECISION else label
        word.fill(row.cells[0], decided, word.HEI)
        word.fill(row.cells[1], "\n".join(_lines(told, _several(content))))
    word.size_columns(table, OPINION_WIDTHS)


def _several(content: Content) -> bool:
    return len({opinion.round for opinion in content.opinions}) > 1


def _lines(told: Sequence[Opinion], several: bool) -> list[str]:
    """Write each opinion on a line of its own; those who only ticked stand together, so that the sheet is one page."""
    ticked: dict[str, list[str]] = {}
    lines = []
    for opinion in told:
        if opinion.activity == "read" and not opinion.text.strip() and not _is_apart(opinion):
            turn = f"第{opinion.round}轮 " if several else ""
            moment = local(opinion.recorded_at)
            who = people.signature(opinion.person, opinion.post.removeprefix(GROUP), opinion.acting_for)
            who += f"{moment.month}月{moment.day}日{moment:%H:%M}"
            ticked.setdefault(f"{turn}{opinion.outcome}", []).append(who)
        else:
            lines.append(line(opinion, several))
    return [*(f"{outcome}：{'；'.join(readers)}" for outcome, readers in ticked.items()), *lines]


def line(opinion: Opinion, several: bool = False) -> str:
    """Write one opinion with name, post, day, and how it came in."""
    said = "：".join(part for part in (opinion.outcome, opinion.text.strip()) if part)
    turn = f"第{opinion.round}轮 " if several else ""
    who = people.signature(opinion.person, opinion.post, opinion.acting_for)
    return f"{turn}{said}　{who}{_time(opinion)}"


def _time(opinion: Opinion) -> str:
    """Tell the day on the paper and the moment of entry apart, where they are two."""
    recorded = local(opinion.recorded_at)
    entered = f"{_day(recorded.date())}{recorded:%H:%M}"
    if not _is_apart(opinion):
        return entered
    late = opinion.made_on < recorded.date()
    who = f"代录：{opinion.entered_by}，" if opinion.entered_by else ""
    return f"{_day(opinion.made_on)}〔{'补录；' if late else ''}{who}{entered}录入〕"


def _is_apart(opinion: Opinion) -> bool:
    """Tell whether an opinion was entered by another, or later than it was given."""
    return bool(opinion.entered_by) or opinion.made_on < local(opinion.recorded_at).date()


def _result(paper: Paper, content: Content) -> None:
    meeting = content.meeting
    minutes_number, minutes = _minutes(content)
    pairs = (
        ("会议名称", str(meeting.get("meeting_name") or ""), "会议日期", str(meeting.get("meeting_date") or "")),
        ("纪要文号", minutes_number, "会议纪要", minutes),
        ("批准日期", _day(content.approved_on), "文号", ""),
        ("印发、分送", "", "", ""),
    )
    table = paper.add_table(rows=0, cols=4, style="Table Grid")
    for pair in pairs:
        for number, (cell, text) in enumerate(zip(word.add_row(table).cells, pair, strict=True)):
            word.fill(cell, text, word.SONG if number % 2 else word.HEI)
    word.size_columns(table, WIDTHS)
    cells = table.rows[-1].cells
    cells[1].merge(cells[3])
    _drop_empty(cells[1])


def _minutes(content: Content) -> tuple[str, str]:
    """Write number and minutes of the meeting; what came after the decision says so, and when."""
    number, late = str(content.meeting.get("minutes_number") or ""), content.supplement
    if late is None:
        return number, content.papers
    added = f"{late.number}（{SUPPLIED}）" if late.number and late.number != number else ""
    papers = f"{late.papers}〔{_day(late.supplied_on)}补〕"
    return added or number, papers


def _day(day: date | None) -> str:
    return written(day) if day else ""
