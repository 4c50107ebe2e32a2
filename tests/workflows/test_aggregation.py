"""The draft gathers what was received, says what is missing, and keeps what HR has edited."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from engine.core import documents
from workflows import aggregation, aggregation_checks, duties
from workflows.demo_items import items_of
from workflows.merging import row_of
from workflows.stage import Stage

UNITS = ["publicity", "finance", "unit_a"]


def submission(unit: str) -> dict[str, Any]:
    overall = "全年工作安排。" if unit.startswith("unit_") else ""
    return {"contact": "承办人", "phone": "010-0000000", "overall": overall, "items": items_of(unit, 2026)}


def begin(stage: Stage) -> None:
    stage.start("hr-staff", "annual_plan", year="2026")
    stage.do("hr-staff", "锁定应报名单", "send", units=UNITS, due_date="2026-01-16")


def send(stage: Stage, unit: str, **changes: Any) -> None:
    login, about = (
        unit.replace("_", "-"),
        {"publicity": "宣文部", "finance": "计划财务部", "unit_a": "直属单位甲"}[unit],
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


@pytest.fixture
def gathered(stage: Stage) -> Stage:
    """Give two that were received and one that is missing."""
    begin(stage)
    for unit in ("publicity", "unit_a"):
        send(stage, unit)
    miss(stage, "计划财务部")
    return stage


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
    assert "应报3家，已收2家，缺报1家，事项4项。" in checks
    assert "计划财务部：负责人外出，年内另报。" in checks
    assert "四(三)¶4 年度总结" in checks and "四(五)¶1④" not in checks
    sources = kept(gathered, "sources")["text"]
    assert "宣文部：已收，第1版，2项。" in sources
    assert "计划财务部：缺报。负责人外出，年内另报。" in sources
    assert kept(gathered, "plan")["hr_note"].startswith("应报3家")


def test_a_unit_sent_back_alone_changes_only_its_own_rows(gathered: Stage) -> None:
    # Given that HR has edited texts and another unit's row, and sends one unit back
    plan = dict(kept(gathered, "plan"))
    rows = [dict(row) for row in plan["tasks"]]
    rows[1]["measures"] = "人事部改定：每季度一篇。"
    edits: dict[str, Any] = {"guidance": "人事部改定的总体要求。", "arrangement": "人事部改定的安排。", "tasks": rows}
    reason = "请补报走访慰问的次数。"
    gathered.do("hr-staff", "汇总改稿", "send_back", **edits, returned=["unit_a"], reason=reason)
    # When that unit reports again with another date and one more item
    items = items_of("unit_a", 2026)
    items[0]["until"] = "2026-07-12"
    items.append({**items[1], "duty": "J04", "name": "档案整理"})
    send(gathered, "unit_a", items=items)
    # Then its rows follow, and what HR wrote stands
    plan = dict(kept(gathered, "plan"))
    assert plan["guidance"] == "人事部改定的总体要求。"
    assert plan["arrangement"] == "人事部改定的安排。"
    told = {(row["duty"], row["lead"]): row for row in plan["tasks"]}
    assert told["H08", "publicity"]["measures"] == "人事部改定：每季度一篇。"
    assert told["F02", "unit_a"]["until"] == "2026-07-12"
    assert told["J04", "unit_a"]["name"] == "档案整理"
    assert len(plan["tasks"]) == 5
    assert "直属单位甲：已收，第2版，3项。" in kept(gathered, "sources")["text"]


def test_compiling_twice_gives_the_same(gathered: Stage) -> None:
    before = kept(gathered, "plan"), kept(gathered, "sources"), kept(gathered, "checks")
    gathered.do("hr-staff", "汇总改稿", "submit")
    gathered.do("hr-staff", "拟办", "return", opinion="改稿。")
    after = kept(gathered, "plan"), kept(gathered, "sources"), kept(gathered, "checks")
    assert {**before[0], "hr_note": ""} == {**after[0], "hr_note": ""}
    assert before[1:] == after[1:]


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


def test_long_texts_are_cut_to_what_the_form_takes() -> None:
    source = aggregation.Source(
        "unit_a", "直属单位甲", "institution", "received", "", "d", 1, {"overall": "长" * 10_000}
    )
    other = source._replace(name="直属单位乙")
    told = aggregation._arrangement([source, other])
    assert len(told) <= aggregation.ARRANGEMENT_LENGTH
    assert told.count("详见该单位报送") == 2
