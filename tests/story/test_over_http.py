"""One year's plan of eight units, from first draft to archive, every act through a page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bagit
import pytest
from flask import Flask
from sqlalchemy import select

from engine import archive, jobs, records
from engine.ground import model
from tests.story import year
from tests.story.year import NAMES, PLAN, READERS, REGISTRATION, SHEET, UNITS, item
from tests.web.browsing import Browse, Visit


class Staff:
    """Keep one browser per person, and act with it."""

    def __init__(self, house: Flask, browse: Browse) -> None:
        self.engine = year.engine_of(house)
        self.browse = browse
        self.visits: dict[str, Visit] = {}

    def at(self, login: str) -> Visit:
        """Give a person's browser."""
        if login not in self.visits:
            self.visits[login] = self.browse(login)
        return self.visits[login]

    def open(self, login: str, task: str, matter: str) -> Visit:
        """Find a task in a person's inbox and open it, claiming it where several could do it."""
        visit = self.at(login).open("/inbox")
        path = _find(visit, task, matter)
        visit.open(path)
        assert visit.status == 200, (visit.path, visit.text)
        if "签收" in visit.buttons():
            visit.submit("签收")
        return visit

    def do(self, login: str, task: str, matter: str, button: str, fields: Mapping[str, Any] | None = None) -> Visit:
        """Do a task: it must leave the inbox, and the page must say so."""
        visit = self.open(login, task, matter)
        visit.press(button, fields or {})
        assert visit.status == 200, f"{login} {task} {button}: {visit.status} {visit.errors or visit.text}"
        assert visit.statuses[0] == 303
        jobs.run_due(self.engine)
        return visit


def _find(visit: Visit, task: str, matter: str) -> str:
    for row in visit.tree.xpath("//main//li | //main//tr"):
        words = " ".join(row.text_content().split())
        links = row.xpath(".//a[contains(@href, '/tasks/')]/@href")
        if links and task in words and matter in words:
            return str(links[0])
    raise AssertionError(f"{visit.login} 的待办里没有“{task}”({matter}):{visit.text}")


@pytest.fixture
def staff(house: Flask, browse: Browse) -> Staff:
    return Staff(house, browse)


def report(staff: Staff, code: str) -> None:
    """Draft, review and hand in one unit's plan."""
    login, name = code.replace("_", "-"), NAMES[code]
    staff.do(f"{login}-staff", "起草", name, "提交审核", item(code))
    staff.do(f"{login}-head", "审核", name, "报送")


def test_a_year_from_first_draft_to_archive(house: Flask, staff: Staff, tmp_path: Path) -> None:
    engine = staff.engine
    start_the_year(staff)
    eight_units_report(staff)
    days_pass_and_people_are_reminded(staff)
    the_late_ones_are_settled(staff)
    one_unit_is_sent_back_alone(staff)
    the_leading_group_approves(staff)
    root = it_is_issued_and_filed(staff)
    nobody_sees_what_is_not_theirs(staff, root)
    the_record_is_whole(staff, root)
    assert records.verify(engine).whole


def start_the_year(staff: Staff) -> None:
    visit = staff.at("hr-staff").open("/processes/annual_plan/start")
    visit.press("启动", {"year": "2026"})
    assert visit.status == 200, visit.text
    jobs.run_due(staff.engine)
    staff.do("hr-staff", "锁定应报名单", "2026年双拥工作计划", "锁定名单并发出", {"units": list(UNITS)})
    # A second start of the same year is refused, and what was typed is still there
    visit.open("/processes/annual_plan/start").press("启动", {"year": "2026"})
    assert visit.status == 422
    assert "已经在办理" in visit.text
    assert visit.value("year") == "2026"


def eight_units_report(staff: Staff) -> None:
    year.to(staff.engine, 1, 7)
    # 人事部: its own plan is not looked at a second time
    report(staff, "hr")
    # 办公室, 直属单位乙: in order
    for code in ("office", "unit_b"):
        report(staff, code)
        staff.do("hr-staff", "人事部审看", NAMES[code], "收下")
    # 宣文部: returned by HR, who says why; the drafter sees it
    report(staff, "publicity")
    staff.do("hr-staff-2", "人事部审看", "宣文部", "退回修改", {"opinion": "第一项缺少完成日期，请补上。"})
    visit = staff.open("publicity-staff", "起草", "宣文部")
    assert "第一项缺少完成日期" in visit.text
    assert visit.value("items[0].name") == "宣文部国防双拥教育"
    visit.press("提交审核", {"items[0].until": "2026-04-30"})
    staff.do("publicity-head", "审核", "宣文部", "报送")
    staff.do("hr-staff", "人事部审看", "宣文部", "收下")
    # 计划财务部: returned by its own head
    staff.do("finance-staff", "起草", "计划财务部", "提交审核", item("finance"))
    staff.do("finance-head", "审核", "计划财务部", "退回修改", {"opinion": "请写明经费来源。"})
    staff.do("finance-staff", "起草", "计划财务部", "提交审核")
    staff.do("finance-head", "审核", "计划财务部", "报送")
    staff.do("hr-staff", "人事部审看", "计划财务部", "收下")
    # 直属单位丙: asked to complete
    report(staff, "unit_c")
    more = {"fields_to_complete": "整体工作计划正文", "opinion": "直属单位须附整体计划。"}
    staff.do("hr-staff", "人事部审看", "直属单位丙", "请补充完善", more)
    staff.do("unit-c-staff", "起草", "直属单位丙", "提交审核", {"overall": "本单位整体工作计划。"})
    staff.do("unit-c-head", "审核", "直属单位丙", "报送")
    staff.do("hr-staff", "人事部审看", "直属单位丙", "收下")
    # 直属单位甲: postponed
    wish = {"wanted_date": "2026-01-26", "extension_reason": "承办人抽调下乡。"}
    staff.do("unit-a-staff", "起草", "直属单位甲", "申请延期", wish)
    staff.do("hr-staff", "审批延期", "直属单位甲", "准予延期", {"granted_date": "2026-01-26"})


def days_pass_and_people_are_reminded(staff: Staff) -> None:
    """机关党委 lets ten working days pass: due on Monday 19 January 2026."""
    seen = []
    for day in range(13, 21):
        year.to(staff.engine, 1, day, 12)
        seen.append(_notices(staff, "party-staff"))
    # three days before (14th), one day before (16th), on the day (19th); silent at the weekend of the 17th and 18th
    assert seen == [0, 1, 1, 2, 2, 2, 3, 3]
    assert _notices(staff, "party-head") == 1  # one working day late, the head is asked to chase
    assert _notices(staff, "unit-a-staff") == 0  # postponed to the 26th: three working days before is the 21st
    assert _notices(staff, "leader") == 0
    visit = staff.at("party-staff").open("/notices")
    assert "请于1月19日前办理" in visit.text


def _notices(staff: Staff, login: str) -> int:
    table, account = model.notice, model.account.c
    with staff.engine.reading() as unit:
        person = unit.connection.execute(select(account.person_id).where(account.login == login)).scalar_one()
        return len(unit.connection.execute(select(table.c.id).where(table.c.person_id == person)).all())


def the_late_ones_are_settled(staff: Staff) -> None:
    reason = {"reason": "机关党委书面说明本年度不单独报送。"}
    visit = staff.open("hr-staff", "处置逾期", "机关党委")
    visit.press("确认缺报", reason)
    assert visit.status == 422, "what cannot be undone is confirmed once more"
    assert visit.value("reason") == reason["reason"]
    visit.press("确认缺报", {"_confirm_missing": True})
    assert visit.status == 200, visit.text
    jobs.run_due(staff.engine)
    assert "机关党委" not in staff.at("party-staff").open("/inbox").tree.find(".//main").text_content()
    year.to(staff.engine, 1, 23)
    report(staff, "unit_a")
    staff.do("hr-staff", "人事部审看", "直属单位甲", "收下")


def one_unit_is_sent_back_alone(staff: Staff) -> None:
    visit = staff.open("hr-staff", "汇总改稿", "2026年")
    assert "直属单位乙国防双拥教育" in _fields(visit)
    visit.press("退回单位", {**PLAN, "returned": ["unit_b"], "reason": "请补充上半年的安排。"})
    assert visit.status == 200, visit.errors
    jobs.run_due(staff.engine)
    # Only that unit is asked again, with what it had
    visit = staff.open("unit-b-staff", "起草", "直属单位乙")
    assert "请补充上半年的安排" in visit.text
    assert visit.value("items[0].name") == "直属单位乙国防双拥教育"
    visit.press("提交审核", {"items[0].measures": "上半年组织一次专题学习。"})
    staff.do("unit-b-head", "审核", "直属单位乙", "报送")
    staff.do("hr-staff", "人事部审看", "直属单位乙", "收下")
    staff.do(
        "hr-staff",
        "汇总改稿",
        "2026年",
        "送审",
        {"title": "2026年双拥工作计划（送审稿）", "returned": [], "reason": ""},
    )


def _fields(visit: Visit) -> str:
    values = [control.get("value") or "" for control in visit.tree.iter("input")]
    return " ".join(values + [area.text or "" for area in visit.tree.iter("textarea")])


def circulate(staff: Staff, dissent: bool) -> None:
    staff.do("hr-staff", "拟办", "2026年", "送审", {**SHEET, "mode": "circulate", "urgency": "normal"})
    staff.do("hr-head", "人事部负责人审核", "2026年", "同意")
    staff.do("director", "领导小组办公室主任审核", "2026年", "同意", {"mode": "circulate"})
    for login in READERS:
        if dissent and login == "finance-head":
            staff.do(login, "圈阅", "2026年", "不同意见", {"opinion": "经费来源不明，请先落实。"})
        elif dissent and login == "deputy-2":
            absent = {"opinion": "因公外出。", "_confirm_absent": True}
            staff.do(login, "圈阅", "2026年", "因公外出未参加", absent)
        else:
            staff.do(login, "圈阅", "2026年", "圈阅（同意）")


def the_leading_group_approves(staff: Staff) -> None:
    year.to(staff.engine, 1, 27)
    circulate(staff, dissent=True)
    visit = staff.open("leader", "组长签批", "2026年")
    assert "经费来源不明" in visit.text, "a dissent reaches the leader as it was said"
    visit.press("退回修改", {"opinion": "请先落实经费来源，再报。"})
    assert visit.status == 200, visit.errors
    jobs.run_due(staff.engine)
    visit = staff.open("hr-staff", "汇总改稿", "2026年")
    assert "请先落实经费来源" in visit.text
    assert visit.value("title") == "2026年双拥工作计划（送审稿）"
    visit.press("送审", {"goals": "会议上下半年各一次，教育不少于一次，经费由计划财务部列支。"})
    jobs.run_due(staff.engine)
    year.to(staff.engine, 2, 3)
    circulate(staff, dissent=False)
    staff.do("leader", "组长签批", "2026年", "同意")


def it_is_issued_and_filed(staff: Staff) -> str:
    year.to(staff.engine, 2, 11)
    staff.do("hr-staff", "印发登记", "2026年", "登记并归卷", REGISTRATION)
    staff.do("hr-staff", "归卷登记", "2026年", "归卷", {"retention": "permanent", "filing_year": "2026"})
    with staff.engine.reading() as unit:
        rows = unit.connection.execute(select(model.instance)).all()
        assert {row.state for row in rows} == {"completed"}
        rounds = [row.round for row in rows if row.business_key == "plan:2026:unit_b"]
        assert sorted(rounds) == [1, 2]
        outcomes = {row.business_key: row.outcome for row in rows if row.process_key == "submission" and row.round == 1}
        assert outcomes.pop("plan:2026:party") == "missing"
        assert set(outcomes.values()) == {"received"}
        assert unit.connection.execute(select(model.incident)).all() == []
        return next(str(row.id) for row in rows if row.parent_id is None)


def nobody_sees_what_is_not_theirs(staff: Staff, root: str) -> None:
    with staff.engine.reading() as unit:
        own = unit.connection.execute(
            select(model.instance.c.id).where(model.instance.c.business_key == "plan:2026:unit_a")
        ).scalar_one()
        task = unit.connection.execute(select(model.task.c.id).where(model.task.c.instance_id == own)).scalars().first()
    for login in ("unit-b-staff", "process-admin", "system-admin"):
        for path in (f"/instances/{own}", f"/tasks/{task}"):
            assert staff.at(login).open(path).status == 404, (login, path)
    assert staff.at("unit-a-staff").open(f"/instances/{own}").status == 200
    assert staff.at("hr-staff").open(f"/instances/{root}").status == 200
    assert staff.at("auditor").open(f"/instances/{root}").status == 200


def the_record_is_whole(staff: Staff, root: str) -> None:
    visit = staff.at("auditor").open(f"/instances/{root}")
    assert "2026年双拥工作计划" in visit.text
    folders = [path for path in staff.engine.archives.iterdir() if not path.name.startswith(".")]
    assert len(folders) == 1
    assert archive.verify(folders[0]) == []
    bagit.Bag(str(folders[0])).validate()
    page = (folders[0] / "data" / "index.html").read_text(encoding="utf-8")
    for words in ("请先落实经费来源", "经费来源不明", "机关党委书面说明", "直属单位乙"):
        assert words in page
