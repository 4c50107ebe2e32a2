"""Where a unit is late past all reminders the office drafts a request to step in, and a person decides about it."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances, notices, people, tasks
from engine.core import documents
from engine.ground import model
from engine.ground.errors import Invalid, NotFound
from engine.ground.unit_of_work import SYSTEM
from workflows.demo_items import items_of
from workflows.stage import Stage

ABOUT = "2026年双拥工作计划·宣文部"
KEY = "plan:2026:publicity:coordination"
DRAFT = """领导小组办公室主任：
宣文部应于2026年1月16日前报送2026年双拥工作计划，后定于2026年1月21日前，至2026年1月22日已逾期4个工作日，仍未办结。
此前已办：
（1）1月13日、1月15日、1月16日、1月20日、1月21日提醒承办人。
（2）1月19日、1月22日催办单位负责人。
（3）1月19日人事部处置逾期，再等（到1月21日）：承办人生病，同意宽限。
（4）1月22日人事部了解到：电话催过，没有答复。
提请协调，督促宣文部尽快办结。
人事部　2026年1月22日"""


@pytest.fixture
def late(stage: Stage) -> Stage:
    """Give a unit that is late, has been waited for once, and about which the office is to be asked."""
    stage.start("hr-staff", "annual_plan", year="2026")
    stage.do("hr-staff", "锁定应报名单", "send", units=["publicity"], due_date="2026-01-16")
    stage.go_to(date(2026, 1, 19))
    stage.do("hr-staff", "处置逾期", "wait", ABOUT, new_date="2026-01-21", reason="承办人生病，同意宽限。")
    stage.go_to(date(2026, 1, 22))
    stage.do("hr-staff", "处置逾期", "coordinate", ABOUT, reason="电话催过，没有答复。")
    return stage


def letter(stage: Stage) -> dict[str, Any]:
    with stage.engine.reading() as unit:
        return documents.values(unit, KEY, "coordination") or {}


def told(stage: Stage, login: str) -> list[tuple[str, str, str]]:
    with stage.engine.reading() as unit:
        found = notices.listing(unit, stage.people[login])
    return [(notice.title, notice.body, notice.link) for notice in found if notice.kind == "function"]


def matter(stage: Stage, process_key: str) -> Any:
    with stage.engine.reading() as unit:
        table = model.instance.c
        query = select(model.instance).where(table.process_key == process_key).order_by(table.started_at.desc())
        return unit.connection.execute(query.limit(1)).one()


def test_hr_finds_it_drafted_and_sends_what_it_makes_of_it_to_the_director_who_sees_nothing_else(late: Stage) -> None:
    assert letter(late) == {"title": "提请协调：宣文部逾期未报送2026年双拥工作计划", "text": DRAFT}
    assert told(late, "director") == []
    late.do("hr-staff", "提请协调", "send", text="请主任协调。", new_date="2026-01-27")
    sent = matter(late, "coordination")
    title = "提请协调：宣文部逾期未报送2026年双拥工作计划"
    assert told(late, "director") == [(title, "请主任协调。", f"/instances/{sent.id}")]
    assert (sent.state, sent.outcome) == ("completed", "send")
    with late.engine.reading() as unit:
        seen = instances.view(unit, sent.id, late.people["director"])
        assert [row.title for row in seen.documents] == [title, "提请协调"]
        for hidden in (sent.parent_id, sent.root_id):
            with pytest.raises(NotFound):
                instances.view(unit, hidden, late.people["director"])
        # And what is written about a unit the unit does not read
        with pytest.raises(NotFound):
            instances.view(unit, sent.id, late.people["publicity-staff"])
        draft = next(row for row in tasks.inbox(unit, late.people["publicity-staff"]) if row.name == "起草")
        assert str(draft.due_at).startswith("2026-01-27")
    # When the unit is late again, the next draft says that the office was asked before
    late.go_to(date(2026, 1, 28))
    late.do("hr-staff", "处置逾期", "coordinate", ABOUT)
    assert "已逾期8个工作日" in letter(late)["text"] and "1月22日已提请协调。" in letter(late)["text"]


def test_it_is_dropped_once_the_unit_has_reported(late: Stage) -> None:
    values = {"contact": "承办人", "phone": "010-0000000", "items": items_of("publicity", 2026)}
    late.do("publicity-staff", "起草", "submit", ABOUT, **values)
    late.do("publicity-head", "审核", "agree", ABOUT)
    assert matter(late, "coordination").state == "cancelled"
    assert not late.waits("hr-staff", "提请协调") and late.waits("hr-staff", "人事部审看", ABOUT)


def test_what_is_not_sent_reaches_nobody_and_neither_does_what_finds_no_director(late: Stage) -> None:
    late.do("hr-staff", "提请协调", "keep", text="")
    assert told(late, "director") == []
    assert letter(late)["text"] == ""
    # When HR decides again, it is drafted anew, and goes out only with words and a day to come
    late.do("hr-staff", "处置逾期", "coordinate", ABOUT)
    with pytest.raises(Invalid) as caught:
        late.do("hr-staff", "提请协调", "send", text="", new_date="2026-01-21")
    assert sorted(fault.element for fault in caught.value.faults) == ["new_date", "text"]
    # Where nobody is director, HR is told so
    with late.engine.transaction() as unit:
        (held,) = people.holdings(unit, late.people["director"])
        people.relieve(unit, held.id, date(2026, 1, 21), SYSTEM)
    late.do("hr-staff", "提请协调", "send")
    ((title, body, _),) = told(late, "hr-staff")
    assert title == "没有送到：提请协调：宣文部逾期未报送2026年双拥工作计划"
    assert body == "领导小组办公室主任目前无人任职，请另行送达。"
