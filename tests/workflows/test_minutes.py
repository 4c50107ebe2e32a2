"""A meeting decides, its minutes come later: the plan never waits for them, and wherever they show they are marked."""

import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from docx import Document
from sqlalchemy import select

from engine import archive
from engine.core import documents
from engine.ground import model
from engine.ground.errors import Invalid
from workflows.demo_items import items_of
from workflows.stage import Stage
from workflows.word import new_paper, to_bytes

KEY = "plan:2026"
MEETING = {"meeting_name": "领导小组第一次会议", "meeting_date": "2026-01-20", "decision": "会议同意。"}
LATE, DAY = "补件", "2026年1月22日"


@pytest.fixture
def met(stage: Stage) -> Stage:
    """Give a plan of one unit that a meeting has approved, whose minutes are still to come."""
    stage.start("hr-staff", "annual_plan", year="2026")
    stage.do("hr-staff", "锁定应报名单", "send", units=["hr"], due_date="2026-01-16")
    about = "2026年双拥工作计划·人事部"
    values = {"contact": "承办人", "phone": "010-0000000", "items": items_of("hr", 2026)}
    stage.do("hr-staff", "起草", "submit", about, **values)
    stage.do("hr-head", "审核", "agree", about)
    stage.do("hr-staff", "汇总改稿", "merge")
    stage.do("hr-staff", "汇总改稿", "submit")
    sheet = {
        "summary": "应报一家。",
        "publicity": "closed",
        "contact": "人事部",
        "mode": "meeting",
        "opinion": "拟同意。",
    }
    stage.do("hr-staff", "拟办", "submit", urgency="normal", **sheet)
    stage.do("hr-head", "人事部负责人审核", "agree", opinion="同意。")
    stage.do("director", "领导小组办公室主任审核", "agree", opinion="同意上会。", mode="meeting")
    stage.do("hr-staff", "会议登记", "agree", **MEETING)
    stage.go_to(date(2026, 1, 22))
    return stage


def go_on(stage: Stage) -> None:
    """Let the plan go on until it is to be filed."""
    values = {"signer": "组长", "publicity": "closed", "secrecy_reviewer": "办公室", "manner": "none"}
    days = dict.fromkeys(("signed_on", "dated", "issued_on"), "2026-01-22")
    stage.do("hr-staff", "印发登记", "registered", **values, **days)
    stage.do("hr-staff", "下达任务", "issued")
    excerpts = dict.fromkeys(("plan_excerpt", "plan_place", "assessment_excerpt", "assessment_place"), "文件柜")
    stage.do("hr-staff", "登记节选", "recorded", **excerpts)


def bring(stage: Stage, task: str) -> str:
    """Bring the minutes as a file."""
    return stage.attach("hr-staff", task, "会议纪要.docx", to_bytes(new_paper("会议纪要")))


def titles(stage: Stage) -> list[str]:
    with stage.engine.reading() as unit:
        return [row.title for row in documents.of_business_key(unit, KEY)]


def sheet(stage: Stage) -> tuple[int, Mapping[str, str]]:
    """Give the number of the newest sheet, and what it says of the meeting."""
    with stage.engine.reading() as unit:
        found = documents.find(unit, KEY, "approval_sheet")
        assert found is not None
        version = documents.latest(unit, found.id)
        assert version is not None
        data = documents.path_of(unit.engine.files, version.digest).read_bytes()
    texts = [cell.text for row in Document(io.BytesIO(data)).tables[-1].rows for cell in row.cells]
    return version.number, dict(zip(texts[::2], texts[1::2], strict=True))


def bag(stage: Stage) -> Path:
    """Give the folder of the finished archive."""
    with stage.engine.reading() as unit:
        root = unit.connection.execute(
            select(model.instance.c.id).where(
                model.instance.c.process_key == "annual_plan", model.instance.c.state == "completed"
            )
        ).scalar_one()
        kept = archive.find(unit, root, stage.people["hr-staff"])
    assert kept is not None and archive.check(kept) == []
    return kept.folder / "data"


def test_minutes_that_come_in_time_are_marked_in_the_list_on_the_sheet_and_in_the_archive(met: Stage) -> None:
    number, before = sheet(met)
    assert (number, before["纪要文号"], before["会议纪要"]) == (1, "", "")
    # Who supplies has them or knows where they are; who does not says why
    for outcome, values in (("supply", {"minutes_number": "〔2026〕1号"}), ("none", {})):
        with pytest.raises(Invalid):
            met.do("hr-staff", "补会议纪要", outcome, **values)
    with met.engine.reading() as unit:
        older = documents.find(unit, KEY, "final_text")
    assert older is not None
    file = bring(met, "补会议纪要")
    met.do("hr-staff", "补会议纪要", "supply", minutes_number="〔2026〕1号", minutes=[file, older.id])
    # A mark is for what was brought for it, never for what was there before
    assert older.title in titles(met)
    assert {f"会议纪要.docx（{LATE}）", f"会议纪要（{LATE}）"} <= set(titles(met))
    number, after = sheet(met)
    assert (number, after["会议名称"], after["纪要文号"]) == (2, "领导小组第一次会议", f"〔2026〕1号（{LATE}）")
    assert after["会议纪要"].endswith(f"会议纪要.docx（{LATE}）〔{DAY}补〕")
    # When the plan is filed, nothing is asked again
    go_on(met)
    met.do("hr-staff", "归卷登记", "filed", filing_year="2026", retention="permanent")
    page = (bag(met) / "index.html").read_text(encoding="utf-8")
    assert f"会议纪要.docx（{LATE}）" in page and f"会议纪要（{LATE}）（第1版）" in page
    assert f"会议纪要.docx（{LATE}）" in (bag(met) / "目录.json").read_text(encoding="utf-8")


def test_the_plan_does_not_wait_and_filing_takes_the_task_back_and_asks_once_more(met: Stage) -> None:
    assert met.waits("hr-staff", "补会议纪要") and met.waits("hr-staff", "印发登记")
    go_on(met)
    assert not met.waits("hr-staff", "补会议纪要")
    file = bring(met, "归卷登记并补纪要")
    filing = {"filing_year": "2026", "retention": "permanent", "minutes": [file]}
    met.do("hr-staff", "归卷登记并补纪要", "filed", **filing, minutes_place="人事部档案柜")
    assert sheet(met)[1]["会议纪要"] == f"会议纪要.docx（{LATE}）；存人事部档案柜（{LATE}）〔{DAY}补〕"
    assert f"会议纪要.docx（{LATE}）" in (bag(met) / "index.html").read_text(encoding="utf-8")


def test_without_minutes_a_plan_is_filed_all_the_same_and_its_sheet_stays(met: Stage) -> None:
    go_on(met)
    met.do("hr-staff", "归卷登记并补纪要", "filed", filing_year="2026", retention="permanent")
    assert sheet(met)[0] == 1 and bag(met).is_dir()
