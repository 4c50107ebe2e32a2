"""The sheet shows every opinion with who, in which post, when and how it came in; the papers are the office's."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from docx import Document
from docx.document import Document as Paper
from docx.oxml.ns import qn
from docx.shared import Mm

from engine.core import documents
from engine.ground.unit_of_work import Unit
from workflows import approval, duties, papers
from workflows.approval import Content, Opinion, Supplement
from workflows.demo_items import items_of
from workflows.merging import row_of
from workflows.stage import Stage

WHEN = datetime(2026, 2, 3, 2, 30, tzinfo=UTC)
NAMES = {"publicity": "宣文部"}


def opinion(activity: str, text: str = "同意。", **fields: Any) -> Opinion:
    plain = Opinion(activity, 1, "某负责人", "人事部负责人", "同意", text, date(2026, 2, 3), WHEN, "")
    return plain._replace(**fields)


def content(*opinions: Opinion, **fields: Any) -> Content:
    sheet = {"summary": "应报8家。", "urgency": "urgent", "publicity": "request", "contact": "承办人 010-0000000"}
    plain = Content(
        "2026年双拥工作计划", sheet, "circulate", "", ["附件一.pdf"], date(2026, 2, 9), opinions, {}, None, 3
    )
    return plain._replace(**fields)


def opened(data: bytes) -> Paper:
    return Document(io.BytesIO(data))


def cells(paper: Paper) -> list[str]:
    return [cell.text for table in paper.tables for row in table.rows for cell in row.cells]


def test_an_opinion_is_printed_with_name_post_and_time() -> None:
    assert approval.line(opinion("sign")) == "同意：同意。　某负责人（人事部负责人）2026年2月3日10:30"
    assert approval.line(opinion("sign", ""), several=True).startswith("第1轮 同意　")


def test_a_typed_in_paper_opinion_and_a_late_one_are_marked() -> None:
    entered = approval.line(opinion("sign", entered_by="承办秘书"))
    assert "〔代录：承办秘书，2026年2月3日10:30录入〕" in entered and "补录" not in entered
    late = approval.line(opinion("sign", made_on=date(2026, 2, 1), entered_by="承办秘书"))
    assert "2026年2月1日〔补录；代录：承办秘书，2026年2月3日10:30录入〕" in late
    assert "〔补录；2026年2月3日10:30录入〕" in approval.line(opinion("meeting", made_on=date(2026, 1, 30)))


def test_what_a_deputy_decided_is_printed_with_both_names() -> None:
    decided = approval.line(opinion("sign", person="副组长甲", post="领导小组组长", acting_for="组长乙"))
    assert decided == "同意：同意。　副组长甲（代理组长乙·领导小组组长）2026年2月3日10:30"
    # And so it is among those who only ticked
    read = opinion("read", "", person="成员甲", post="领导小组副组长", acting_for="副组长乙")
    found = cells(opened(approval.sheet_paper(content(read))))
    assert "同意：成员甲（代理副组长乙·副组长）2月3日10:30" in found


def test_the_sheet_shows_all_and_leaves_room_to_sign() -> None:
    said = [
        opinion("propose", "拟同意。"),
        opinion("read", "", outcome="圈阅（同意）"),
        opinion("sign", person="组长甲"),
    ]
    meeting = {"meeting_name": "第一次会议", "meeting_date": "2026-02-02", "minutes_number": "〔2026〕1号"}
    paper = opened(approval.sheet_paper(content(*said, meeting=meeting, approved_on=date(2026, 2, 3))))
    found = cells(paper)
    for text in (
        "2026年双拥工作计划（第3版）",
        "加急",
        "依申请公开",
        "传批",
        "2026年2月9日",
        "应报8家。",
        "附件一.pdf",
    ):
        assert text in found
    assert any("组长甲" in text for text in found) and "第一次会议" in found and "〔2026〕1号" in found
    # Then each kind of opinion has an empty cell to sign in
    signed = next(table for table in paper.tables if table.rows[0].cells[2].text == "签字")
    assert [row.cells[0].text for row in signed.rows[1:]] == [label for _, label, _ in approval.ROWS]
    assert all(row.cells[2].text == "" for row in signed.rows[1:])


@pytest.mark.parametrize(
    ("given", "late", "told"),
    [
        ("〔2026〕1号", Supplement("", "纪要.pdf（补件）", date(2026, 3, 2)), "〔2026〕1号"),
        ("〔2026〕1号", Supplement("〔2026〕1号", "纪要.pdf（补件）", date(2026, 3, 2)), "〔2026〕1号"),
        ("", Supplement("〔2026〕2号", "纪要.pdf（补件）", date(2026, 3, 2)), "〔2026〕2号（补件）"),
    ],
)
def test_only_what_came_after_the_decision_is_marked_on_the_sheet(given: str, late: Supplement, told: str) -> None:
    paper = opened(approval.sheet_paper(content(meeting={"minutes_number": given}, supplement=late)))
    found = cells(paper)
    assert found[found.index("纪要文号") + 1] == told
    assert found[found.index("会议纪要") + 1] == "纪要.pdf（补件）〔2026年3月2日补〕"


def test_minutes_are_lacking_where_a_meeting_decided_without_them() -> None:
    assert content(opinion("sign"), opinion("meeting")).lacks_minutes
    assert not content(opinion("meeting"), papers="纪要.pdf").lacks_minutes
    assert not content(opinion("meeting"), opinion("sign")).lacks_minutes


@pytest.mark.parametrize(
    ("approver", "manner", "decision"),
    [
        ("group", "传批（批准人：领导小组）", "组长批示"),
        ("leader", "传批（批准人：组长）", "组长批示"),
        ("board", "传批（批准人：党组理事会）", "党组理事会主要领导批示"),
    ],
)
def test_the_sheet_names_the_approver_and_never_takes_one_for_another(
    approver: str, manner: str, decision: str
) -> None:
    found = cells(opened(approval.sheet_paper(content(opinion("sign"), approver=approver))))
    assert manner in found
    decisions = {"组长批示", "党组理事会主要领导批示"}
    assert decisions.intersection(found) == {decision}


def test_papers_are_a4_in_the_offices_margins_with_real_headings_and_named_fonts() -> None:
    rows = [row_of(item, "publicity") for item in items_of("publicity", 2026)]
    plan = {"title": "2026年双拥工作计划", "guidance": "总体要求。\n第二段。", "tasks": rows, "requirements": "要求。"}
    paper = opened(papers.plan_paper(plan, "送审稿", duties.load(), NAMES))
    section = paper.sections[0]
    sizes = (section.page_width, section.page_height, section.top_margin, section.left_margin)
    assert [round(size / Mm(1)) for size in sizes if size is not None] == [210, 297, 37, 28]
    headings = [
        (part.style.name, part.text) for part in paper.paragraphs if part.style and "Head" in str(part.style.name)
    ]
    assert ("Heading 1", "三、重点任务") in headings and ("Heading 2", "（一）宣传") in headings
    fonts = paper.styles["Heading 1"].element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == "黑体"
    assert paper.paragraphs[0].text == "2026年双拥工作计划" and paper.paragraphs[1].text == "（送审稿）"
    # And the table of tasks repeats its header; nothing is drawn or embedded
    assert [cell.text for cell in paper.tables[0].rows[0].cells][:4] == ["序号", "条款", "事项", "牵头"]
    assert paper.tables[0].rows[0]._tr.find(f".//{qn('w:tblHeader')}") is not None
    assert not paper.inline_shapes


def test_an_empty_plan_and_odd_dates_still_make_a_paper() -> None:
    odd = row_of({"name": "无期限", "duty": "没有这条"}, "gone")
    text = "\n".join(
        part.text for part in opened(papers.plan_paper({"tasks": [odd]}, "定稿", duties.load(), {})).paragraphs
    )
    assert "无期限" in text and "其他事项" in text
    assert "无。" in "\n".join(
        part.text for part in opened(papers.plan_paper({}, "定稿", duties.load(), {})).paragraphs
    )


def test_what_is_done_ahead_of_the_approval_says_so() -> None:
    rows = [
        row_of({"name": name, "duty": "I07", "done_ahead": ahead}, "hr")
        for name, ahead in (("春节慰问", True), ("八一慰问", False))
    ]
    paper = opened(papers.plan_paper({"tasks": rows}, "送审稿", duties.load(), {"hr": "人事部"}))
    told = [part.text for part in paper.paragraphs if "慰问" in part.text]
    assert told == ["1.春节慰问。（牵头：人事部；先行办理）", "2.八一慰问。（牵头：人事部）"]


def test_the_same_data_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = approval.sheet_paper(content(opinion("sign")))
    second = approval.sheet_paper(content(opinion("sign")))
    assert first == second
    later = content(opinion("sign", recorded_at=WHEN + timedelta(days=1)))
    assert approval.sheet_paper(later) != first


def test_time_is_written_as_people_do() -> None:
    assert papers.when({"from": "2026-03-01", "until": "2026-03-10"}) == "3月1日至10日"
    assert papers.when({"from": "2026-03-01", "until": "2026-04-10"}) == "3月1日至4月10日"
    assert papers.when({"from": "2026-03-01", "until": "2026-03-01"}) == "3月1日"
    assert papers.when({"until": "2026-03-01"}) == "3月1日"
    assert papers.when({}) == ""


def stored(unit: Unit, name: str, key: str = "plan:2025") -> tuple[str, Paper]:
    found = documents.find(unit, key, name)
    assert found is not None
    version = documents.latest(unit, found.id)
    assert version is not None
    return version.file_name, opened(documents.path_of(unit.engine.files, version.digest).read_bytes())


def test_an_approved_plan_has_its_sheet_and_its_final_text(told: Stage) -> None:
    with told.engine.reading() as unit:
        name, sheet = stored(unit, "approval_sheet")
        final_name, final = stored(unit, "final_text")
    assert name == "2025年双拥工作计划处理单.docx"
    text = "\n".join(cells(sheet))
    # Then the ten who only ticked stand together, each with name, post and time
    assert text.count("圈阅（同意）：") == 1 and text.count("1月15日09:00") == 10
    assert "办公室负责人（成员（办公室））1月15日09:00" in text
    assert "同意。请各单位抓好落实。　领导小组组长（领导小组组长）2025年1月17日" in text
    assert "传批" in text and "2025年1月17日" in text
    assert final_name == "2025年双拥工作计划（定稿）.docx"
    assert final.paragraphs[1].text == "（定稿）"
