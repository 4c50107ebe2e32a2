"""Tell the story of the demo (plan.md §6): the plan of 2025 filed, that of 2026 half-way on 20 January 2026.

Everything is done by the people of the demo through the engine's own acts; nothing is written behind its back.
"""

from datetime import date, datetime
from typing import Any

from engine.ground.clock import ZONE, FixedClock
from engine.ground.unit_of_work import Engine
from workflows import demo_adjustment, demo_organization, publication, word
from workflows.demo_items import items_of, overall_of
from workflows.demo_organization import SUBMITTING_UNITS
from workflows.stage import Stage

OPENING = datetime(2025, 1, 2, 9, 0, tzinfo=ZONE)
NOW = datetime(2026, 1, 20, 9, 0, tzinfo=ZONE)

PHONE = "010-0000000"
INSTITUTIONS = ("unit_a", "unit_b", "unit_c")


def load(engine: Engine, clock: FixedClock, password: str) -> dict[str, str]:
    """Fill an empty database with the demo, moving its clock to the demo's day; give each person's id by login."""
    clock.moment = OPENING
    people = demo_organization.load(engine, password)
    publication.publish_all(engine)
    stage = Stage(engine, clock, people)
    stage.work()
    _tell_2025(stage)
    _tell_2026(stage)
    stage.go_to(NOW.date(), NOW.time())
    return people


def _login(unit: str, post: str = "staff") -> str:
    return f"{unit.replace('_', '-')}-{post}"


def _about(year: int, unit: str) -> str:
    return f"{year}年双拥工作计划·{SUBMITTING_UNITS[unit][0]}"


def _submission(unit: str, year: int) -> dict[str, Any]:
    name = SUBMITTING_UNITS[unit][0]
    return {
        "contact": f"{name}承办人",
        "phone": PHONE,
        "overall": overall_of(name, year) if unit in INSTITUTIONS else "",
        "items": items_of(unit, year),
    }


def _draft(stage: Stage, unit: str, year: int) -> None:
    stage.do(_login(unit), "起草", "submit", _about(year, unit), **_submission(unit, year))


def _send(stage: Stage, unit: str, year: int) -> None:
    _draft(stage, unit, year)
    stage.do(_login(unit, "head"), "审核", "agree", _about(year, unit), opinion="同意报送。")


def _receive(stage: Stage, unit: str, year: int) -> None:
    if unit != "hr":
        stage.do("hr-staff", "人事部审看", "accept", _about(year, unit), opinion="内容齐全，收下。")


# The year before, from beginning to end


def _tell_2025(stage: Stage) -> None:
    stage.start("hr-staff", "annual_plan", year="2025")
    stage.do("hr-staff", "锁定应报名单", "send", units=list(SUBMITTING_UNITS), due_date="2025-01-16")
    stage.go_to(date(2025, 1, 8))
    for unit in SUBMITTING_UNITS:
        _send(stage, unit, 2025)
        _receive(stage, unit, 2025)
    stage.go_to(date(2025, 1, 13))
    stage.do("hr-staff", "汇总改稿", "merge")
    stage.do("hr-staff", "汇总改稿", "submit")
    _approve_2025(stage)
    _file_2025(stage)


def _approve_2025(stage: Stage) -> None:
    stage.do(
        "hr-staff",
        "拟办",
        "submit",
        summary="应报8家，已报8家，无缺报。请审定2025年双拥工作计划，并定组织实施。",
        urgency="normal",
        publicity="request",
        contact=f"人事部承办人 {PHONE}",
        mode="circulate",
        opinion="拟同意，按程序传批。",
    )
    stage.go_to(date(2025, 1, 14))
    stage.do("hr-head", "人事部负责人审核", "agree", opinion="同意，送办公室主任审核。")
    stage.do("director", "领导小组办公室主任审核", "agree", opinion="同意，请各位成员圈阅。", mode="circulate")
    stage.go_to(date(2025, 1, 15))
    for login in ("deputy-1", "deputy-2", *(_login(unit, "head") for unit in SUBMITTING_UNITS)):
        stage.do(login, "圈阅", "agree", opinion="")
    stage.go_to(date(2025, 1, 17))
    stage.do("leader", "组长签批", "agree", opinion="同意。请各单位抓好落实。")


def _file_2025(stage: Stage) -> None:
    stage.go_to(date(2025, 1, 20))
    title = "签批原件登记（演示）"
    stage.attach("hr-staff", "印发登记", f"{title}.docx", _sample_attachment(title))
    stage.do(
        "hr-staff",
        "印发登记",
        "registered",
        manner="none",
        signer="领导小组组长",
        signed_on="2025-01-17",
        dated="2025-01-17",
        issued_on="2025-01-20",
        publicity="request",
        secrecy_reviewer="办公室负责人",
        distribution="各部室、各直属单位",
    )
    stage.do("hr-staff", "下达任务", "issued", message="请各单位按时间抓好落实。")
    stage.go_to(date(2025, 1, 21))
    for unit in ("hr", *INSTITUTIONS):
        _record(stage, unit, 2025)
    stage.do("hr-staff", "归卷登记", "filed", filing_year="2025", retention="permanent", place="人事部档案柜")


def _record(stage: Stage, unit: str, year: int) -> None:
    """Let a unit record what its own plan and assessment take in."""
    whose = "省残联" if unit == "hr" else SUBMITTING_UNITS[unit][0]
    stage.do(
        _login(unit),
        "登记节选",
        "recorded",
        f"{year}年双拥列入登记·{whose}",
        plan_excerpt=f"“把双拥工作列入{whose}{year}年工作计划，按季度检查落实。”",
        plan_place="人事部文件柜" if unit == "hr" else "本单位文件柜",
        assessment_excerpt="“双拥工作任务完成情况纳入年度目标责任考核。”",
        assessment_place="人事部文件柜" if unit == "hr" else "本单位文件柜",
    )


# This year, half-way


def _tell_2026(stage: Stage) -> None:
    # The first working day of January starts the plan by itself: nobody has to remember it.
    stage.go_to(date(2026, 1, 5))
    if not stage.waits("hr-staff", "锁定应报名单"):
        stage.start("hr-staff", "annual_plan", year="2026")
    note = "请结合本单位职责编报，涉及部队的用不涉密的代称。"
    stage.do("hr-staff", "锁定应报名单", "send", units=list(SUBMITTING_UNITS), due_date="2026-01-16", note=note)
    stage.go_to(date(2026, 1, 12))
    for unit in ("hr", "office", "publicity", "finance"):
        _send(stage, unit, 2026)
    demo_adjustment.begin(stage)
    stage.go_to(date(2026, 1, 14))
    demo_adjustment.send_up(stage)
    for unit in ("office", "publicity", "finance"):
        _receive(stage, unit, 2026)
    # HR does not wait for all: what has come is in the draft.
    stage.do("hr-staff", "汇总改稿", "merge")
    _postpone(stage)
    stage.go_to(date(2026, 1, 16), NOW.time())
    for unit in ("party", "unit_a"):
        _send(stage, unit, 2026)
    demo_adjustment.circulate(stage)
    _settle_late(stage)


def _postpone(stage: Stage) -> None:
    """Let 直属单位乙 ask for more time and get it; what it has written so far waits as a draft."""
    about = _about(2026, "unit_b")
    reason = "本单位正在换届，整体计划须经新一届班子研究后报送。"
    stage.do("unit-b-staff", "起草", "extend", about, wanted_date="2026-01-28", extension_reason=reason)
    stage.do("hr-staff", "审批延期", "grant", about, granted_date="2026-01-28", opinion="同意延期，请抓紧。")
    unfinished = {**_submission("unit_b", 2026), "overall": "", "items": items_of("unit_b", 2026)[:1]}
    stage.save("unit-b-staff", "起草", about, **unfinished)


def _settle_late(stage: Stage) -> None:
    """On the first working day after the deadline one is sent back, one waits to be looked at, one has said nothing."""
    stage.go_to(date(2026, 1, 19), NOW.time())
    stage.do(
        "hr-staff",
        "人事部审看",
        "return",
        _about(2026, "unit_a"),
        opinion="“重大节日走访慰问”只写了八一，请把春节的走访也写上，并改好次数和日期后再报。",
    )


def _sample_attachment(title: str) -> bytes:
    paper = word.new_paper(title)
    paper.add_paragraph(title, style="Title")
    word.add_text(paper, "本附件仅用于演示。")
    return word.to_bytes(paper)
