"""A person who drafts for a unit and answers for it does both by one click, knowing it beforehand."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from engine import people
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM
from tests.story import telling
from tests.story.test_over_http import Staff
from tests.story.year import item
from tests.web.browsing import Browse

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
SAID = "提交后，如果转到“审核”，由您本人一并办理，结果为“报送”。 同一人连续两个环节只办一次，两步都留痕"


def test_draft_and_review_by_one_person_are_one_click_and_two_steps(house: Flask, browse: Browse) -> None:
    # Given that the office's drafter is its head too
    staff = Staff(house, browse)
    telling.start_the_year(staff)
    with staff.engine.transaction() as unit:
        query = select(model.account.c.person_id).where(model.account.c.login == "office-staff")
        person = str(unit.connection.execute(query).scalar_one())
        people.appoint(unit, person, "office.head", date(2026, 1, 5), SYSTEM)
    # When they open the draft, the page says what the click will do
    visit = staff.open("office-staff", "起草", "办公室")
    assert SAID in visit.text
    # And an incomplete form is refused, and says it again
    visit.press("提交审核", {"contact": "办公室承办人"})
    assert visit.status == 422
    assert SAID in visit.text
    # When it is complete
    visit.press("提交审核", item("office"))
    # Then both are done, and the matter waits for 人事部
    assert "“起草”已办理（提交审核）。“审核”一并办理。下一步：“人事部审看”（人事部承办人）。" in visit.flash
    visit.open("/done").click("审核")
    assert "同一人连续办理，一次办理、两步留痕" in visit.text
    # And nobody else is told that anything would be done along
    assert SAID not in staff.open("finance-staff", "起草", "计划财务部").text
