"""One year's plan of eight units, from first draft to archive, every act through a page."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from engine import jobs
from tests.story import telling, year
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

    def start(self, login: str, key: str, button: str, fields: Mapping[str, Any]) -> None:
        """Start a process from its page."""
        visit = self.at(login).open(f"/processes/{key}/start").press(button, fields)
        assert visit.status == 200, visit.text
        jobs.run_due(self.engine)

    def do(self, login: str, task: str, matter: str, button: str, fields: Mapping[str, Any] | None = None) -> None:
        """Do a task: it must leave the inbox, and the page must say so."""
        visit = self.open(login, task, matter)
        visit.press(button, fields or {})
        assert visit.status == 200, f"{login} {task} {button}: {visit.status} {visit.errors or visit.text}"
        assert visit.statuses[0] == 303
        jobs.run_due(self.engine)

    def reads(self, login: str, task: str, matter: str) -> str:
        """Open a task and give every word on its page, those in its fields too."""
        visit = self.open(login, task, matter)
        values = [control.get("value") or "" for control in visit.tree.iter("input")]
        return " ".join([visit.text, *values, *(area.text or "" for area in visit.tree.iter("textarea"))])

    def sees(self, login: str, path: str) -> tuple[int, str]:
        """Open an address; give its status and words."""
        visit = self.at(login).open(path)
        return visit.status, visit.text


def _find(visit: Visit, task: str, matter: str) -> str:
    for row in visit.tree.xpath("//main//li | //main//tr"):
        words = " ".join(row.text_content().split())
        links = row.xpath(".//a[contains(@href, '/tasks/')]/@href")
        if links and task in words and matter in words:
            return str(links[0])
    raise AssertionError(f"{visit.login} 的待办里没有“{task}”({matter}):{visit.text}")


def test_a_year_from_first_draft_to_archive(house: Flask, browse: Browse) -> None:
    telling.tell(Staff(house, browse))


def test_the_same_year_is_not_started_twice(house: Flask, browse: Browse) -> None:
    staff = Staff(house, browse)
    staff.start("hr-staff", "annual_plan", "启动", {"year": "2026"})
    visit = staff.at("hr-staff-2").open("/processes/annual_plan/start").press("启动", {"year": "2026"})
    assert visit.status == 422
    assert "已经在办理" in visit.text
    assert visit.value("year") == "2026"


def test_what_cannot_be_undone_is_confirmed_once_more(house: Flask, browse: Browse) -> None:
    staff = Staff(house, browse)
    telling.start_the_year(staff)
    year.to(staff.engine, 1, 20)
    visit = staff.open("hr-staff", "处置逾期", "机关党委")
    visit.press("确认缺报", {"reason": "书面说明"})
    assert visit.status == 422
    assert visit.value("reason") == "书面说明"
    visit.press("确认缺报", {"_confirm_missing": True})
    assert visit.status == 200


def test_an_administrator_changes_a_diagram_and_what_runs_stays_on_its_version(house: Flask, browse: Browse) -> None:
    # Given a year under way, its units drafting
    staff = Staff(house, browse)
    telling.start_the_year(staff)
    # When an administrator renames the step and publishes
    visit = staff.at("process-admin").open("/processes/submission/edit")
    source = visit.value("source")
    visit.press("发布", {"source": source.replace('name="起草"', 'name="拟写计划"'), "note": "改用单位习惯的叫法"})
    assert visit.status == 200, visit.text
    assert "第 2 版" in visit.text
    assert "改用单位习惯的叫法" in visit.text
    # Then the running reports keep their step, and the next year's have the new one
    assert "办公室：起草" in staff.sees("office-staff", "/inbox")[1]
    staff.start("hr-staff", "annual_plan", "启动", {"year": "2027"})
    staff.do("hr-staff", "锁定应报名单", "2027年", "锁定名单并发出", {"units": ["office"], "due_date": "2026-02-27"})
    words = staff.sees("office-staff", "/inbox")[1]
    assert "2026年双拥工作计划·办公室：起草" in words
    assert "2027年双拥工作计划·办公室：拟写计划" in words


def test_a_diagram_with_faults_is_not_published_and_each_is_named(house: Flask, browse: Browse) -> None:
    visit = Staff(house, browse).at("process-admin").open("/processes/submission/edit")
    broken = visit.value("source").replace('suixu:form="review"', "").replace('calledElement="', 'calledElement="no_')
    broken = broken.replace("bpmn:scriptTask", "bpmn:adHocSubProcess")
    visit.press("发布", {"source": broken})
    assert visit.status == 422
    assert "特设子流程" in visit.text
    assert "审核" in visit.text
    assert visit.value("source") == broken
    assert "第 2 版" not in visit.open("/processes/submission").text
