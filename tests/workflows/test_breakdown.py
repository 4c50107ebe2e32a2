"""An approved plan becomes tasks with a unit and a time each, and every unit is told of its own, and sees no more."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from engine import documents as papers_of
from engine import instances
from engine import notices as told_to
from engine.core import documents
from engine.ground import model
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Unit
from workflows import breakdown, duties, excel
from workflows.aggregation_sources import Taken
from workflows.demo_organization import SUBMITTING_UNITS
from workflows.merging import row_of
from workflows.stage import Stage

NAMES = {code: name for code, (name, _) in SUBMITTING_UNITS.items()}


def instance(unit: Unit, title: str) -> str:
    query = select(model.instance.c.id).where(model.instance.c.title == title)
    return str(unit.connection.execute(query).scalar_one())


def table_of(unit: Unit) -> Mapping[str, Any]:
    return documents.values(unit, "plan:2025", "breakdown") or {}


def test_each_item_of_the_approved_plan_is_a_task_with_a_number_that_stays(told: Stage) -> None:
    with told.engine.reading() as unit:
        table, plan = table_of(unit), documents.values(unit, "plan:2025", "plan") or {}
    rows = table["tasks"]
    assert table["title"] == "2025年双拥工作任务分解表"
    assert [row["id"] for row in rows] == [f"{number:03}" for number in range(1, len(plan["tasks"]) + 1)]
    assert [row["name"] for row in rows] == [row["name"] for row in plan["tasks"]]
    assert all(row["lead"] and row["from"] and row["until"] for row in rows)
    assert next(row["source"] for row in rows if row["name"] == "双拥工作简讯") == "宣文部报送（第1版）"


def test_the_units_are_told_of_what_is_theirs_once_and_with_hrs_words(told: Stage) -> None:
    with told.engine.reading() as unit:
        for login in ("publicity-staff", "publicity-head"):
            rows = [row for row in told_to.listing(unit, told.people[login]) if row.title.startswith("任务已下达")]
            assert [row.body.splitlines() for row in rows] == [
                [
                    "请各单位按时间抓好落实。",
                    "牵头：双拥工作简讯（3月1日至12月10日，未开始）",
                    "牵头：二季度轮值活动（5月11日至15日，未开始）",
                ]
            ]
            # The notice leads to the table, which is theirs to see
            assert rows[0].link == f"/instances/{instance(unit, '2025年双拥工作任务分解')}"


def test_who_was_told_sees_the_table_and_nothing_else_of_the_plan(told: Stage) -> None:
    reader = told.people["publicity-staff"]
    with told.engine.reading() as unit:
        shown = instances.view(unit, instance(unit, "2025年双拥工作任务分解"), reader)
        papers = {row.name for row in shown.documents if not row.name.startswith("task:")}
        assert papers == {"breakdown", "breakdown_table"}
        for title in ("2025年双拥工作计划", "2025年双拥工作计划汇总", "2025年双拥工作计划·办公室"):
            with pytest.raises(NotFound):
                instances.view(unit, instance(unit, title), reader)
        file = next(row for row in shown.documents if row.name == "breakdown_table")
        path, version = papers_of.open_file(unit, file.id, reader)
        sheet = load_workbook(io.BytesIO(path.read_bytes())).worksheets[0]
        rows = len(table_of(unit)["tasks"])
    assert version.file_name == "2025年双拥工作任务分解表.xlsx"
    assert [cell.value for cell in sheet[2]] == list(breakdown.HEADERS)
    assert sheet.max_row == rows + 2
    told_rows = [[str(cell.value) for cell in row] for row in sheet.iter_rows(min_row=3)]
    news = next(row for row in told_rows if row[2] == "双拥工作简讯")
    assert news[1].startswith("四(五)¶1④") and news[3] == "宣文部"
    assert news[6:] == ["3月1日至12月10日", "4次", "未开始", "宣文部报送（第1版）"]


# By itself


def row(**fields: Any) -> dict[str, Any]:
    return {**row_of({"name": "慰问", "from": "2026-01-20", "until": "2026-01-20"}, "hr"), **fields}


def test_what_is_done_before_the_approval_is_taken_in_as_such() -> None:
    assert breakdown.status(row()) == "未开始"
    assert breakdown.status(row(done_ahead=True)) == "先行办理"
    assert breakdown.status(row(done_ahead=True, cancelled=True)) == "已取消"


def test_who_assists_is_told_whom() -> None:
    rows = [row(assist="计划财务部、宣文部， 社会各界", done_ahead=True), row(name="座谈", lead="finance")]
    assert breakdown._told(rows, NAMES) == {
        "hr": ["牵头：慰问（1月20日，先行办理）"],
        "finance": ["牵头：座谈（1月20日，未开始）", "配合人事部：慰问（1月20日，先行办理）"],
        "publicity": ["配合人事部：慰问（1月20日，先行办理）"],
    }


def test_hr_is_told_of_a_unit_that_has_nobody_to_tell() -> None:
    posts = {"finance.head"}
    notices = list(breakdown._notices("分解表", "", {"finance": ["牵头：慰问"], "party": ["牵头：座谈"]}, posts, NAMES))
    assert notices[0] == ("finance.head", "任务已下达：分解表", "牵头：慰问")
    assert notices[1][0] == "own.staff" and "没有告知到：机关党委。" in notices[1][2]
    assert len(notices) == 2


def test_a_row_that_hr_wrote_itself_comes_from_the_plan() -> None:
    rows = [row(duty="I07", name="春节慰问"), row(duty="I07", name="春节慰问", lead="finance")]
    have = {
        "hr": Taken("d", 2, [rows[0]], ""),
        "finance": Taken("e", 3, [rows[1]], ""),
    }
    assert breakdown._source(rows[1], have, NAMES) == "计划财务部报送（第3版）"
    assert breakdown._source({**rows[0], "lead": "office"}, have, NAMES) == "人事部报送（第2版）"
    assert breakdown._source(row(name="座谈"), have, NAMES) == "汇总稿"


def test_a_duty_is_told_by_clause_and_words_and_none_is_out_of_the_plan() -> None:
    known = duties.load()
    assert breakdown._cells(row(duty="H08"), 1, known, NAMES)[1].startswith("四(五)¶1④")
    assert breakdown._cells(row(duty="out_of_plan", lead="gone"), 2, known, NAMES)[:4] == (
        "2",
        "方案外",
        "慰问",
        "gone",
    )


def test_a_table_holds_text_and_never_a_formula_and_is_the_same_whenever_it_is_made() -> None:
    content = excel.table("标题", ("一", "二"), [("=1+1", "+甲\n乙")], (10, 10))
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert (sheet["A3"].value, sheet["A3"].data_type) == ("=1+1", "s")
    assert sheet["B3"].value == "+甲\n乙"
    assert excel.table("标题", ("一", "二"), [("=1+1", "+甲\n乙")], (10, 10)) == content
    assert b"1980-01-01T00:00:00Z" in _properties(content)


def _properties(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return book.read("docProps/core.xml")
