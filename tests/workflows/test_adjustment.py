"""An approved plan is changed by a sheet of its own, up to the plan's approver; the plan itself stays as it was."""

import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from engine import documents as files
from engine import incidents, instances, notices, tasks
from engine.core import documents, kin
from engine.ground.errors import Invalid
from engine.ground.unit_of_work import SYSTEM, Call, Result, Revision
from workflows import adjustment, demo_adjustment, duties
from workflows.demo_adjustment import ABOUT
from workflows.stage import Stage

LATER = "2025年双拥工作计划调整单第2号·"


def rows(stage: Stage) -> dict[str, dict[str, Any]]:
    """Give the table of tasks of 2025 by the names of its items."""
    with stage.engine.reading() as unit:
        table = adjustment.table_of(unit, "2025")
    assert table is not None
    return {row["name"]: row for row in table.rows}


def plan(stage: Stage) -> Mapping[str, Any]:
    with stage.engine.reading() as unit:
        return documents.values(unit, "plan:2025", "plan") or {}


def heard(stage: Stage, login: str) -> list[str]:
    with stage.engine.reading() as unit:
        found = notices.listing(unit, stage.people[login])
    return [notice.title for notice in found if notice.kind == "function"]


def words_of(path: Path) -> str:
    """Give every word of a paper, its tables too."""
    paper = Document(io.BytesIO(path.read_bytes()))
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(part.text for part in paper.paragraphs), *cells])


def begin(stage: Stage, login: str, kind: str) -> str:
    return stage.start(login, "adjustment", year="2025", kind=kind)


def shown(stage: Stage, login: str, name: str, about: str) -> tasks.TaskView:
    """Give what a task shows to a person whose inbox it is in."""
    with stage.engine.reading() as unit:
        found = tasks.inbox(unit, stage.people[login], limit=500)
        row = next(row for row in found if row.name == name and about in row.title)
        return tasks.view(unit, row.id, stage.people[login])


def send_up(stage: Stage, about: str) -> None:
    """Bring one that HR has accepted before the leader."""
    sheet = {"summary": "请审定。", "urgency": "normal", "publicity": "closed", "contact": "人事部"}
    stage.do("hr-staff", "拟办", "submit", about, **sheet, mode="meeting", opinion="拟同意。")
    stage.do("hr-head", "人事部负责人审核", "agree", about)
    stage.do("director", "领导小组办公室主任审核", "agree", about, mode="meeting")


def decide(stage: Stage, about: str, outcome: str, **values: Any) -> None:
    held = {"meeting_name": "领导小组会议", "meeting_date": "2026-01-20", "decision": "同意调整。"}
    stage.do("hr-staff", "会议登记", outcome, about, **held, **values)


def test_the_leader_agrees_and_only_the_table_of_tasks_changes(told: Stage) -> None:
    stage, before = told, plan(told)
    # Given the demo's adjustment before the leader, who reads what is to change
    seen = shown(stage, "leader", "组长签批", ABOUT)
    assert seen.values["change"] == (
        "变更“双拥工作简讯”（牵头：宣文部，3月1日至12月10日）：\n完成日期：由2025年12月10日改为2026年1月30日"
    )
    assert seen.values["change_reason"] == demo_adjustment.REASON
    # When the leader agrees
    stage.do("leader", "组长签批", "agree", ABOUT, opinion="同意。")
    # Then the item has its new date and says why, the others and the approved plan are as they were
    row = rows(stage)["双拥工作简讯"]
    assert (row["until"], row["from"], row["note"]) == ("2026-01-30", "2025-03-01", f"变更：{ABOUT}·宣文部")
    assert "note" not in rows(stage)["国防双拥教育"]
    assert plan(stage) == before
    # And the unit and HR are told, with a matter that they may open
    for login in ("publicity-staff", "publicity-head", "hr-staff"):
        assert heard(stage, login)[0] == f"计划已调整：{ABOUT}·宣文部", login
    # And its sheet and text are papers of their own
    with stage.engine.reading() as unit:
        (instance,) = [row for row in kin.of_process(unit, "adjustment", "plan:2025:") if row.state == "completed"]
        found = {row.name: row for row in documents.of_business_key(unit, instance.business_key)}
        path, version = files.open_file(unit, found["final_text"].id, stage.people["publicity-head"])
        sheet, _ = files.open_file(unit, found["approval_sheet"].id, stage.people["publicity-head"])
    assert version.file_name == f"{ABOUT}·宣文部（定稿）.docx"
    assert "完成日期：由2025年12月10日改为2026年1月30日" in words_of(path)
    assert f"{ABOUT}·宣文部（第1版）" in words_of(sheet)


def test_what_is_added_has_an_id_of_its_own_and_reaches_the_unit_that_leads_it(told: Stage) -> None:
    stage = told
    begin(stage, "hr-head", "add")
    new = {
        "name": "年终双拥座谈", "duty": "D07", "category": "meeting", "measures": "召开座谈会。",
        "lead": "office", "assist": "宣文部、某单位",
        "owner": "部门负责人", "from": "2026-01-26", "until": "2026-01-28", "goal": "1次", "reason": "年度收尾。",
    }  # fmt: skip
    stage.do("hr-head", "填写增补", "submit", LATER, **new)
    stage.do("hr-head", "负责人审核", "agree", LATER)
    # HR's own goes up without HR looking at it again
    send_up(stage, LATER)
    decide(stage, LATER, "agree")
    row = rows(stage)["年终双拥座谈"]
    assert (row["id"], row["lead"], row["goal"]) == ("plan:2025:adjustment:2", "office", "1次")
    for login in ("office-head", "publicity-staff"):
        assert heard(stage, login)[0].startswith("计划已调整：")
    # And the matter is over once nobody waits for the minutes of the meeting any more
    stage.do("hr-staff", "补会议纪要", "none", LATER, reason="会议没有纪要。")
    # And the unit may open what it was told of
    with stage.engine.reading() as unit:
        notice = notices.listing(unit, stage.people["office-head"])[0]
        seen = instances.view(unit, notice.link.rpartition("/")[2], stage.people["office-head"])
        assert seen.row["state"] == "completed"
    assert "增补“年终双拥座谈”（牵头：办公室，1月26日至28日）：\n对应职责：" in notice.body


def test_what_is_cancelled_stays_in_the_table_and_cannot_be_adjusted_again(told: Stage) -> None:
    stage = told
    item = rows(stage)["三季度轮值活动"]["id"]
    begin(stage, "finance-staff", "cancel")
    stage.do("finance-staff", "填写取消", "submit", LATER, item=item, reason="并入全省活动。")
    seen = shown(stage, "finance-head", "负责人审核", LATER)
    assert (seen.values["kind"], seen.values["item"], seen.values["reason"]) == ("cancel", item, "并入全省活动。")
    stage.do("finance-head", "负责人审核", "agree", LATER)
    stage.do("hr-staff", "人事部审看", "accept", LATER)
    send_up(stage, LATER)
    decide(stage, LATER, "agree")
    row = rows(stage)["三季度轮值活动"]
    assert row["cancelled"] is True
    assert row["note"].startswith("取消：")
    begin(stage, "finance-head", "change")
    offered = {each["value"]: each for each in shown(stage, "finance-head", "填写变更", "第3号").options["plan_items"]}
    assert offered[item] == {
        "value": item,
        "label": "三季度轮值活动（计划财务部，7月27日至30日，已取消）",
        "disabled": True,
    }
    assert set(offered) == {row["id"] for row in rows(stage).values() if row["lead"] == "finance"}


def test_what_the_approver_amends_is_what_is_carried_out(told: Stage) -> None:
    stage = told
    stage.do("leader", "组长签批", "to_meeting", ABOUT, opinion="请上会定。")
    decide(stage, ABOUT, "agree_amended")
    seen = shown(stage, "hr-staff", "按意见修改调整单", ABOUT)
    (row,) = seen.values["adjusted"]
    change = {"adjusted": [{**row, "until": "2026-01-23"}], "opinion": "按批示改完成日期。"}
    stage.do("hr-staff", "按意见修改调整单", "agree_amended", ABOUT, **change)
    assert rows(stage)["双拥工作简讯"]["until"] == "2026-01-23"
    with stage.engine.reading() as unit:
        content = documents.values(unit, "plan:2025:adjustment:1", "plan") or {}
    assert content["change"].endswith("由2025年12月10日改为2026年1月23日")
    # And the item can be adjusted again, though the minutes of that meeting are still to come
    assert stage.waits("hr-staff", "补会议纪要", ABOUT)
    begin(stage, "publicity-head", "change")
    offered = {each["value"]: each for each in shown(stage, "publicity-head", "填写变更", LATER).options["plan_items"]}
    assert not offered[rows(stage)["双拥工作简讯"]["id"]]["disabled"]


def test_what_is_refused_changes_nothing_and_the_unit_reads_why(told: Stage) -> None:
    stage, before = told, rows(told)
    stage.do("leader", "组长签批", "refuse", ABOUT, opinion="简讯按季度编发，不宜推迟。")
    assert rows(stage) == before
    with stage.engine.reading() as unit:
        for login in ("publicity-staff", "publicity-head"):
            notice = notices.listing(unit, stage.people[login])[0]
            assert (notice.title, notice.body) == (
                f"计划调整未获批准：{ABOUT}·宣文部",
                "批准人意见：简讯按季度编发，不宜推迟。",
            )


def test_what_is_returned_comes_back_with_what_was_filled_in_and_the_reason(told: Stage) -> None:
    stage = told
    stage.do("leader", "组长签批", "return", ABOUT, opinion="请写明第四季度简讯的提纲。")
    seen = shown(stage, "publicity-staff", "填写变更", ABOUT)
    assert (seen.values["why"], seen.values["until"]) == ("请写明第四季度简讯的提纲。", "2026-01-30")
    assert seen.values["item"] == rows(stage)["双拥工作简讯"]["id"]
    # It goes up again, in a second round of the approval on the same text
    stage.do("publicity-staff", "填写变更", "submit", ABOUT, reason="提纲见附件。")
    stage.do("publicity-head", "负责人审核", "agree", ABOUT)
    stage.do("hr-staff", "人事部审看", "accept", ABOUT)
    assert stage.waits("hr-staff", "拟办", ABOUT)


def test_one_item_is_in_one_adjustment_at_a_time(told: Stage) -> None:
    stage, item = told, rows(told)["双拥工作简讯"]["id"]
    begin(stage, "publicity-head", "cancel")
    with pytest.raises(Invalid) as refused:
        stage.do("publicity-head", "填写取消", "submit", LATER, item=item, reason="不再编发。")
    assert [fault.element for fault in refused.value.faults] == ["item"]
    assert "现在不能选“双拥工作简讯" in refused.value.faults[0].message


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, "这个事项已有一张计划调整单在办理，请等它办结再调整。"),
        ({"item": "nothing"}, "所选的事项已不在任务分解表里，请重新选择。"),
        ({"year": "2026"}, "这一年的计划还没有批准，不能调整。"),
    ],
)
def test_what_no_longer_holds_when_it_is_put_into_words_goes_back(
    told: Stage, given: dict[str, Any], fault: str
) -> None:
    # Given two who chose the same item at the same moment, or one whose item went away meanwhile
    other = begin(told, "publicity-head", "cancel")
    seen = {"year": "2025", "kind": "cancel", "unit": "publicity", "item": rows(told)["双拥工作简讯"]["id"], **given}
    call = Call(told.engine, other, "compose", "plan:2025:adjustment:2", seen, told.clock.now())
    assert adjustment.compose(duties.load(), call) == Result({"fault": fault})


def test_what_can_no_longer_be_carried_out_waits_as_an_incident(told: Stage) -> None:
    with told.engine.reading() as unit:
        table, (row,) = adjustment.table_of(unit, "2025"), kin.of_process(unit, "adjustment", "plan:2025:")
    assert table is not None
    left = {**table.content, "tasks": [row for row in table.rows if row["name"] != "双拥工作简讯"]}
    with told.engine.transaction() as unit:
        documents.revise(unit, dict(row._mapping), Revision("plan:2025", "breakdown", left, table.version), SYSTEM)
    told.do("leader", "组长签批", "agree", ABOUT)
    for day in (21, 22):
        told.go_to(date(2026, 1, day))
    with told.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    assert "任务分解表里已没有这张调整单所调整的事项" in found.message


def test_what_changes_nothing_or_turns_time_round_goes_back_with_the_reason(told: Stage) -> None:
    stage = told
    row = rows(stage)["三季度轮值活动"]
    begin(stage, "finance-staff", "change")
    for given, why in (
        ({"until": row["until"]}, "填写的和原来一样，请写明要改成什么。"),
        ({"until": "2025-03-01"}, "调整后的完成日期早于开始日期，请改正。"),
    ):
        stage.do("finance-staff", "填写变更", "submit", LATER, item=row["id"], reason="改期。", **given)
        stage.do("finance-head", "负责人审核", "agree", LATER)
        assert shown(stage, "finance-staff", "填写变更", LATER).values["why"] == why


def test_only_years_with_an_approved_plan_can_be_adjusted(told: Stage, stage: Stage) -> None:
    with told.engine.reading() as unit:
        assert adjustment.years(unit, {}) == [{"value": "2025", "label": "2025年"}]
    with pytest.raises(Invalid) as refused:
        told.start("office-staff", "adjustment", year="2026", kind="add")
    assert [fault.element for fault in refused.value.faults] == ["year"]
    with stage.engine.reading() as unit:
        assert adjustment.years(unit, {}) == []
        assert adjustment.items(unit, {}) == adjustment.items(unit, {"business_key": "plan:2026:adjustment:1"}) == []


def test_any_unit_may_start_one_and_nobody_else(told: Stage) -> None:
    with told.engine.reading() as unit:
        may = {
            login for login, person in told.people.items()
            if any(item.key == "adjustment" for item in instances.startable(unit, person))
        }  # fmt: skip
    assert {"hr-staff", "unit-c-head", "office-staff"} <= may
    assert may.isdisjoint({"leader", "deputy-1", "secretary", "director", "board", "process-admin", "auditor"})
