"""The year's plan goes to the approver that HR has named, and to no other."""

from datetime import date
from typing import Any

import pytest

from workflows.demo_items import items_of
from workflows.stage import Stage

SHEET = {
    "summary": "应报1家，已报1家。",
    "urgency": "normal",
    "publicity": "request",
    "contact": "人事部承办人 010-0000000",
    "mode": "circulate",
    "opinion": "拟同意。",
}


def to_the_approver(stage: Stage, **chosen: Any) -> None:
    """Bring a plan of one unit before its approver."""
    stage.start("hr-staff", "annual_plan", year="2026")
    stage.do("hr-staff", "锁定应报名单", "send", units=["finance"], due_date="2026-01-16", **chosen)
    items = items_of("finance", 2026)
    stage.do("finance-staff", "起草", "submit", contact="承办人", phone="010-0000000", items=items)
    stage.do("finance-head", "审核", "agree")
    stage.do("hr-staff", "人事部审看", "accept")
    stage.do("hr-staff", "汇总改稿", "merge")
    stage.do("hr-staff", "汇总改稿", "submit")
    stage.do("hr-staff", "拟办", "submit", **SHEET)
    stage.do("hr-head", "人事部负责人审核", "agree")
    stage.do("director", "领导小组办公室主任审核", "agree", mode="circulate")


def test_the_leading_group_approves_where_hr_says_nothing_else(stage: Stage) -> None:
    to_the_approver(stage)
    assert stage.waits("deputy-1", "圈阅")
    assert not stage.waits("leader", "组长签批")


@pytest.mark.parametrize(("approver", "login"), [("leader", "leader"), ("board", "board")])
def test_hr_names_the_approver_when_it_locks_the_list(stage: Stage, approver: str, login: str) -> None:
    to_the_approver(stage, approver=approver)
    assert not stage.waits("deputy-1", "圈阅")
    assert {name for name in ("leader", "board") if stage.waits(name, "组长签批")} == {login}
    # What was returned goes to the same approver again
    stage.do(login, "组长签批", "return", opinion="请补经费来源。")
    stage.go_to(date(2026, 1, 12))
    stage.do("hr-staff", "汇总改稿", "submit")
    stage.do("hr-staff", "拟办", "submit", **SHEET)
    stage.do("hr-head", "人事部负责人审核", "agree")
    stage.do("director", "领导小组办公室主任审核", "agree", mode="circulate")
    stage.do(login, "组长签批", "agree")
    assert stage.waits("hr-staff", "印发登记")
