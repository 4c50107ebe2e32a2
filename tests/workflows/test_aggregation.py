"""The draft gathers what was received, says what is missing, and keeps what HR has edited."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from docx import Document

from engine import tasks
from engine.core import documents
from engine.ground.errors import Invalid
from workflows import aggregation, aggregation_checks, duties
from workflows.demo_items import items_of
from workflows.demo_organization import SUBMITTING_UNITS
from workflows.merging import row_of
from workflows.stage import Stage

UNITS = ("publicity", "finance", "unit_a")


def submission(unit: str) -> dict[str, Any]:
    overall = "全年工作安排。" if unit.startswith("unit_") else ""
    return {"contact": "承办人", "phone": "010-0000000", "overall": overall, "items": items_of(unit, 2026)}


def begin(stage: Stage, units: Sequence[str] = UNITS) -> None:
    stage.start("hr-staff", "annual_plan", year="2026")
    stage.do("hr-staff", "锁定应报名单", "send", units=list(units), due_date="2026-01-16")


def send(stage: Stage, unit: str, **changes: Any) -> None:
    login, about = (
        unit.replace("_", "-"),
        SUBMITTING_UNITS[unit][0],
    )
    stage.do(f"{login}-staff", "起草", "submit", about, **{**submission(unit), **changes})
    stage.do(f"{login}-head", "审核", "agree", about)
    stage.do("hr-staff", "人事部审看", "accept", about)


def miss(stage: Stage, about: str) -> None:
    stage.go_to(date(2026, 1, 19))
    stage.do("hr-staff", "处置逾期", "missing", about, reason="负责人外出，年内另报。")


def kept(stage: Stage, name: str) -> Mapping[str, Any]:
    with stage.engine.reading() as unit:
        return documents.values(unit, "plan:2026", name) or {}


def draft(stage: Stage) -> tasks.TaskView:
    """Look at the open draft as HR does."""
    with stage.engine.reading() as unit:
        rows = tasks.inbox(unit, stage.people["hr-staff"], limit=500)
        row = next(row for row in rows if row.name == "汇总改稿")
        return tasks.view(unit, row.id, stage.people["hr-staff"])


def progress(stage: Stage) -> list[str]:
    return str(draft(stage).values["progress"]).splitlines()


def returnable(stage: Stage) -> dict[str, dict[str, str]]:
    return {item["value"]: item for item in draft(stage).options["returnable"]}


def paper(stage: Stage, name: str = "draft_text") -> str:
    with stage.engine.reading() as unit:
        found = documents.find(unit, "plan:2026", name)
        assert found is not None
        version = documents.latest(unit, found.id)
        assert version is not None
        content = documents.path_of(stage.engine.files, version.digest).read_bytes()
    return "\n".join(part.text for part in Document(io.BytesIO(content)).paragraphs)


@pytest.fixture
def gathered(stage: Stage) -> Stage:
    """Give two that were received and one that is missing, all of it in the draft."""
    begin(stage)
    for unit in ("publicity", "unit_a"):
        send(stage, unit)
    miss(stage, "计划财务部")
    stage.do("hr-staff", "汇总改稿", "merge")
    return stage


# As it comes


def test_hr_edits_from_the_first_day_and_takes_in_what_has_come(stage: Stage) -> None:
    # Given that the units have only just been asked
    begin(stage)
    assert progress(stage) == [
        "已收 0/3（截至1月5日 09:00）。",
        "未到：宣文部（起草）、计划财务部（起草）、直属单位甲（起草）。",
    ]
    assert str(draft(stage).due_at).startswith("2026-01-23")  # five working days after 16 January
    assert "无。" in paper(stage)
    # When HR edits, and two units report, the one in two rounds with its head
    send(stage, "unit_a")
    stage.do("publicity-staff", "起草", "submit", "宣文部", **submission("publicity"))
    stage.do("hr-staff", "汇总改稿", "merge", guidance="人事部改定的总体要求。")
    # Then what was received is in the draft and in its paper, what is still at a unit's head is not
    assert progress(stage) == [
        "已收 1/3（截至1月5日 09:00）。",
        "已收：直属单位甲。",
        "未到：宣文部（审核）、计划财务部（起草）。",
        "本次并入：直属单位甲。",
    ]
    plan = kept(stage, "plan")
    assert plan["guidance"] == "人事部改定的总体要求。"
    assert {row["lead"] for row in plan["tasks"]} == {"unit_a"}
    assert plan["arrangement"].startswith("直属单位甲：")
    assert "人事部改定的总体要求。" in paper(stage) and "重大节日走访慰问" in paper(stage)
    assert kept(stage, "checks")["text"].startswith("应报3家，已收1家，未到2家，缺报0家，事项2项。")
    assert "宣文部：未到（审核）。" in kept(stage, "sources")["text"]


def test_it_is_not_sent_up_before_everybody_is_in_and_says_who_is_not(stage: Stage) -> None:
    begin(stage)
    send(stage, "unit_a")
    stage.do("hr-staff", "汇总改稿", "submit")
    assert not stage.waits("hr-staff", "拟办")
    assert progress(stage)[0] == "没有送审：宣文部（起草）、计划财务部（起草）还没有收下，也没有确认缺报。"
    # What had come in by then is in the draft now
    assert progress(stage)[-1] == "本次并入：直属单位甲。"
    send(stage, "publicity")
    miss(stage, "计划财务部")
    # What came in since is to be looked at first
    stage.do("hr-staff", "汇总改稿", "submit")
    assert not stage.waits("hr-staff", "拟办")
    assert progress(stage)[0] == "没有送审：有新到的报送，已经并入，请看过再送审。"
    assert "缺报：计划财务部。" in progress(stage)
    # And then it goes up, with the newest words in its paper
    stage.do("hr-staff", "汇总改稿", "submit", requirements="人事部最后改定的要求。")
    assert stage.waits("hr-staff", "拟办")
    assert "人事部最后改定的要求。" in paper(stage)


def test_who_was_confirmed_missing_since_keeps_nobody_from_sending_it_up(stage: Stage) -> None:
    begin(stage)
    for unit in ("publicity", "unit_a"):
        send(stage, unit)
    stage.do("hr-staff", "汇总改稿", "merge")
    miss(stage, "计划财务部")
    stage.do("hr-staff", "汇总改稿", "submit")
    assert stage.waits("hr-staff", "拟办")
    # What only HR sees is as of now, too
    assert "计划财务部：缺报。负责人外出，年内另报。" in kept(stage, "sources")["text"]
    assert kept(stage, "plan")["hr_note"].startswith("应报3家，已收2家，未到0家，缺报1家")


def test_what_hr_noted_and_arranged_itself_stays_while_units_come_in(stage: Stage) -> None:
    begin(stage)
    note = "等三家到齐再定轮值。"
    stage.do("hr-staff", "汇总改稿", "merge", hr_note=note, arrangement="各直属单位按本单位计划安排。")
    send(stage, "unit_a")
    stage.do("hr-staff", "汇总改稿", "merge")
    plan = kept(stage, "plan")
    assert plan["hr_note"] == note
    assert plan["arrangement"].splitlines()[0] == "各直属单位按本单位计划安排。"
    assert plan["arrangement"].splitlines()[1].startswith("直属单位甲：")


def test_the_draft_holds_the_received_rows_and_defaults_to_edit(gathered: Stage) -> None:
    plan = kept(gathered, "plan")
    assert plan["title"] == "2026年双拥工作计划"
    assert "走访慰问不少于3次" in plan["goals"]
    # Then the rows stand in the order of the clauses, each with its lead, and none of the missing unit's
    assert [(row["duty"], row["lead"]) for row in plan["tasks"]] == [
        ("F02", "unit_a"),
        ("H08", "publicity"),
        ("I02", "publicity"),
        ("I08", "unit_a"),
    ]
    assert plan["tasks"][1]["goal"] == "4次"
    # And the institutions' own plans are told
    assert plan["arrangement"].startswith("直属单位甲：") and "全年工作安排" in plan["arrangement"]
    # And HR can send it up as it is
    gathered.do("hr-staff", "汇总改稿", "submit")
    assert gathered.waits("hr-staff", "拟办")


def test_hr_is_told_who_is_missing_why_and_what_nobody_covers(gathered: Stage) -> None:
    checks = kept(gathered, "checks")["text"]
    assert "应报3家，已收2家，未到0家，缺报1家，事项4项。" in checks
    assert "计划财务部：负责人外出，年内另报。" in checks
    assert "四(三)¶4 年度总结" in checks and "四(五)¶1④" not in checks
    sources = kept(gathered, "sources")["text"]
    assert "宣文部：已收，第1版，2项。" in sources
    assert "计划财务部：缺报。负责人外出，年内另报。" in sources
    assert kept(gathered, "plan")["hr_note"].startswith("应报3家")


# Sent back alone


def test_a_unit_sent_back_alone_changes_only_its_own_rows(gathered: Stage) -> None:
    # Given that HR has edited texts and another unit's row, and sends one unit back
    plan = dict(kept(gathered, "plan"))
    rows = [dict(row) for row in plan["tasks"]]
    rows[1]["measures"] = "人事部改定：每季度一篇。"
    edits: dict[str, Any] = {"guidance": "人事部改定的总体要求。", "arrangement": "人事部改定的安排。", "tasks": rows}
    reason = "请补报走访慰问的次数。"
    gathered.do("hr-staff", "汇总改稿", "send_back", **edits, returned=["unit_a"], reason=reason)
    # Then HR goes on with the draft, which keeps what the unit had, and the unit reads why
    assert "未到：直属单位甲（起草）。" in progress(gathered)
    assert "直属单位甲：未到（起草）。稿中保留其前一轮第1版的事项。" in kept(gathered, "sources")["text"]
    assert len(kept(gathered, "plan")["tasks"]) == 4
    with gathered.engine.reading() as unit:
        row = next(row for row in tasks.inbox(unit, gathered.people["unit-a-staff"]) if row.name == "起草")
        again = tasks.view(unit, row.id, gathered.people["unit-a-staff"])
    assert again.values["returned_reason"] == reason
    assert len(again.values["items"]) == 2
    assert again.instance["round"] == 2
    assert str(again.due_at).startswith("2026-01-26")
    # When that unit reports again with another date and one more item
    items = items_of("unit_a", 2026)
    items[0]["until"] = "2026-07-12"
    items.append({**items[1], "duty": "J04", "name": "档案整理"})
    send(gathered, "unit_a", items=items)
    assert returnable(gathered)["unit_a"]["label"] == "直属单位甲（新到，还没有并入）"
    gathered.do("hr-staff", "汇总改稿", "merge")
    # Then its rows follow, and what HR wrote stands
    plan = dict(kept(gathered, "plan"))
    assert plan["guidance"] == "人事部改定的总体要求。"
    assert plan["arrangement"] == "人事部改定的安排。"
    assert "四、直属单位安排：直属单位甲" in kept(gathered, "checks")["text"]
    told = {(row["duty"], row["lead"]): row for row in plan["tasks"]}
    assert told["H08", "publicity"]["measures"] == "人事部改定：每季度一篇。"
    assert told["F02", "unit_a"]["until"] == "2026-07-12"
    assert told["J04", "unit_a"]["name"] == "档案整理"
    assert len(plan["tasks"]) == 5
    assert "直属单位甲：已收，第2版，3项。" in kept(gathered, "sources")["text"]
    gathered.do("hr-staff", "汇总改稿", "submit")
    assert gathered.waits("hr-staff", "拟办")


def test_a_unit_may_go_back_while_others_have_not_reported_and_not_twice_at_once(stage: Stage) -> None:
    begin(stage)
    send(stage, "unit_a")
    back: dict[str, Any] = {"returned": ["unit_a"], "reason": "请写明次数。"}
    stage.do("hr-staff", "汇总改稿", "send_back", **back)
    # Who is still at it is offered as closed, and refused by name
    offered = returnable(stage)
    assert offered["publicity"] == {"value": "publicity", "label": "宣文部（未到：起草）", "disabled": "true"}
    for again, name in (("unit_a", "直属单位甲"), ("publicity", "宣文部")):
        with pytest.raises(Invalid) as refused:
            stage.do("hr-staff", "汇总改稿", "send_back", returned=[again], reason="再改。")
        assert [fault.message for fault in refused.value.faults] == [
            f"“退回哪些单位”现在不能选“{name}（未到：起草）”，请重新选择。"
        ]
    # The others report meanwhile; what was sent back comes last, and only then it goes up
    send(stage, "publicity")
    send(stage, "finance")
    stage.do("hr-staff", "汇总改稿", "submit")
    assert progress(stage)[0] == "没有送审：直属单位甲（起草）还没有收下，也没有确认缺报。"
    send(stage, "unit_a")
    stage.do("hr-staff", "汇总改稿", "merge")
    stage.do("hr-staff", "汇总改稿", "submit")
    assert stage.waits("hr-staff", "拟办")


def test_who_was_missing_may_be_asked_again_and_be_missing_again(gathered: Stage) -> None:
    assert returnable(gathered)["finance"]["label"] == "计划财务部（缺报）"
    gathered.do("hr-staff", "汇总改稿", "send_back", returned=["finance"], reason="负责人已回，请补报。")
    assert "未到：计划财务部（起草）。" in progress(gathered)
    send(gathered, "finance")
    gathered.do("hr-staff", "汇总改稿", "send_back", returned=["finance", "unit_a"], reason="请再核对。")
    # What the draft had of a unit stays in it when nothing more comes
    gathered.go_to(date(2026, 1, 27))
    for name in ("计划财务部", "直属单位甲"):
        gathered.do("hr-staff", "处置逾期", "missing", name, reason="联系不上。")
    gathered.do("hr-staff", "汇总改稿", "submit")
    assert gathered.waits("hr-staff", "拟办")
    assert "直属单位甲：缺报。联系不上。稿中保留其前一轮第1版的事项。" in kept(gathered, "sources")["text"]
    assert "直属单位甲：" in kept(gathered, "plan")["arrangement"]
    # and what it never had does not come in by a round that was not received
    assert {row["lead"] for row in kept(gathered, "plan")["tasks"]} == {"publicity", "unit_a"}


def test_after_the_approver_returned_it_a_unit_can_still_be_sent_back(gathered: Stage) -> None:
    gathered.do("hr-staff", "汇总改稿", "submit")
    gathered.do("hr-staff", "拟办", "return", opinion="请宣文部落实经费。")
    shown = draft(gathered)
    assert shown.values["approval_reason"] == "请宣文部落实经费。"
    assert str(shown.due_at).startswith("2026-01-26")  # five working days after the return on the 19th
    gathered.do("hr-staff", "汇总改稿", "send_back", returned=["publicity"], reason="请写明经费。")
    # The approver's reason stays in sight while HR goes on
    assert draft(gathered).values["approval_reason"] == "请宣文部落实经费。"
    send(gathered, "publicity", items=items_of("publicity", 2026)[:1])
    gathered.do("hr-staff", "汇总改稿", "merge")
    gathered.do("hr-staff", "汇总改稿", "submit")
    assert gathered.waits("hr-staff", "拟办")
    assert len(kept(gathered, "plan")["tasks"]) == 3


def test_compiling_twice_gives_the_same(gathered: Stage) -> None:
    before = kept(gathered, "plan"), kept(gathered, "sources"), kept(gathered, "checks"), paper(gathered)
    gathered.do("hr-staff", "汇总改稿", "submit")
    gathered.do("hr-staff", "拟办", "return", opinion="改稿。")
    after = kept(gathered, "plan"), kept(gathered, "sources"), kept(gathered, "checks"), paper(gathered)
    assert before[1:] == after[1:]
    # Cleaned by the form, an unticked box is false where it was nothing
    rows = [{key: value or "" for key, value in row.items()} for row in after[0]["tasks"]]
    assert before[0] == {**after[0], "tasks": rows}


# The checks by themselves


def rows(*items: tuple[str, str, str, str, str]) -> list[dict[str, Any]]:
    keys = ("duty", "name", "category", "from", "until")
    return [row_of(dict(zip(keys, item, strict=True)), f"unit_{at}") for at, item in enumerate(items)]


def test_only_duties_with_a_cadence_or_a_quota_count_as_uncovered() -> None:
    known = duties.load()
    found = {duty.id for duty in aggregation_checks.uncovered(known, rows(("H08", "简讯", "publicity", "", "")))}
    assert "H08" not in found and {"F01", "F04", "I10"} <= found
    # standing without a number, and what only repeats another
    assert "B07" not in found
    assert not any(known[item].same_as for item in found)


def test_alike_rows_and_clashing_days_of_different_units_are_named() -> None:
    plan = rows(
        ("F02", "教育甲", "education", "2026-07-06", "2026-07-10"),
        ("F02", "教育乙", "education", "2026-07-09", "2026-07-12"),
        ("G04", "走访", "pairing", "2026-01-05", "2026-12-20"),
        ("J04", "归档", "other", "2026-03-31", "2026-03-01"),
        ("J04", "归档", "other", "2027-03-01", "2027-03-02"),
    )
    names = {f"unit_{at}": f"单位{at}" for at in range(5)}
    text = aggregation_checks.find(duties.load(), [], plan, [], "2026", names)
    assert "单位0“教育甲”、单位1“教育乙”" in text
    assert "单位0“教育甲”（7月6日至10日）与单位1“教育乙”（7月9日至12日）" in text
    assert "走访" not in text.partition("时间冲突")[2]
    assert "完成日期早于开始日期。" in text and "不在2026年内。" in text


def test_rows_without_dates_and_more_rows_than_a_plan_takes_are_told() -> None:
    plan = rows(*(("F01", f"教育{at}", "education", "", "没有写") for at in range(201)))
    text = aggregation_checks.find(duties.load(), [], plan, [], "2026", {})
    assert "事项超过200项，须合并后才能送审。" in text
    assert "unit_0“教育0”：没有写明起止日期。" in text
    assert "时间冲突：无" in text


def test_long_texts_are_cut_to_what_the_form_takes(stage: Stage) -> None:
    begin(stage, ["unit_a", "unit_b"])
    for unit in ("unit_a", "unit_b"):
        send(stage, unit, overall="长" * 10_000)
    stage.do("hr-staff", "汇总改稿", "merge")
    told = kept(stage, "plan")["arrangement"]
    assert len(told) <= aggregation.ARRANGEMENT_LENGTH
    assert told.count("详见该单位报送") == 2
