"""While the leader is away a deputy decides (代理), and the papers of the approval say so."""

from datetime import date

import pytest

from engine import substitutions
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Actor
from tests.workflows.test_aggregation import submission
from tests.workflows.test_approval import cells, stored
from workflows.demo_organization import SUBMITTING_UNITS
from workflows.stage import Stage


@pytest.fixture
def read(stage: Stage) -> Stage:
    """Bring the plan of 2026, of one unit, to where everybody has read it and the leader is to sign."""
    stage.start("hr-staff", "annual_plan", year="2026")
    stage.do("hr-staff", "锁定应报名单", "send", units=["publicity"], due_date="2026-01-16")
    stage.do("publicity-staff", "起草", "submit", **submission("publicity"))
    stage.do("publicity-head", "审核", "agree")
    stage.do("hr-staff", "人事部审看", "accept")
    stage.do("hr-staff", "汇总改稿", "merge")
    stage.do("hr-staff", "汇总改稿", "submit")
    sheet = {"summary": "应报一家，实报一家。", "urgency": "normal", "publicity": "request", "contact": "人事部"}
    stage.do("hr-staff", "拟办", "submit", **sheet, mode="circulate", opinion="拟同意。")
    stage.do("hr-head", "人事部负责人审核", "agree")
    stage.do("director", "领导小组办公室主任审核", "agree", mode="circulate")
    for login in (*(f"{unit.replace('_', '-')}-head" for unit in SUBMITTING_UNITS), "deputy-1", "deputy-2"):
        stage.do(login, "圈阅", "agree", opinion="")
    return stage


def go_away(stage: Stage, deputy: str) -> None:
    leader, days = stage.people["leader"], (date(2026, 1, 5), date(2026, 1, 31))
    with stage.engine.transaction() as unit:
        given = (leader, stage.people[deputy], "group.leader", *days, "赴省参加培训")
        substitutions.grant(unit, *given, Actor(leader))


def test_the_deputy_signs_and_the_sheet_says_so(read: Stage) -> None:
    # Given the leader away, and the deputy leader who read the plan last of all
    go_away(read, "deputy-2")
    # When the deputy signs
    read.do("deputy-2", "组长签批", "agree", opinion="同意，请抓好落实。")
    # Then the sheet names both where the leader signs, and says what that means
    with read.engine.reading() as unit:
        _, paper = stored(unit, "approval_sheet", "plan:2026")
    (signed,) = [text for text in cells(paper) if "请抓好落实" in text]
    both = "领导小组副组长二（代理领导小组组长·领导小组组长）2026年1月5日"
    assert signed.startswith(f"同意：同意，请抓好落实。　{both}")
    assert any("代理：" in part.text for part in paper.paragraphs)
    assert "代录" not in signed and "补录" not in signed


def test_who_proposed_it_does_not_sign_it_for_the_leader(read: Stage) -> None:
    go_away(read, "hr-staff")
    assert not read.waits("hr-staff", "组长签批")
    with pytest.raises(NotFound):
        read.do("hr-staff", "组长签批", "agree")
    assert read.waits("leader", "组长签批")
