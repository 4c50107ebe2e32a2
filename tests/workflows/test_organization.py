"""A staff list is brought in whole or not at all; every fault names its cell."""

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from engine import accounts, people
from engine.core import history
from engine.ground.errors import Invalid, NotAllowed, Refused
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import SYSTEM, Actor, Engine
from tests.conftest import NewDatabase
from tests.engine.offices import open_engine
from workflows import organization

HEADER = ["单位编码", "单位名称", "单位类别", "岗位编码", "岗位名称", "岗位类别", "姓名", "工号", "登录名", "任职日期"]
HR = ["hr", "人事部", "内设部室"]
ZHANG = [*HR, "staff", "承办人", "承办人", "张三", "1001", "hr-staff", "2024-03-01"]
LI = [*HR, "head", "负责人", "负责人", "李四", "1002", "hr-head", date(2023, 5, 6)]
MEMBER = ["group", "领导小组", "议事协调机构", "member_hr", "成员", "成员", "李四", "1002", "", "2024年1月2日"]
VACANT = ["unit_a", "直属单位甲", "institution", "head", "负责人", "head", None, None, None, None]


def sheet(*rows: Sequence[Any], header: Sequence[Any] = HEADER) -> bytes:
    """Write a staff list."""
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (header, *rows):
        page.append(list(row))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def places(content: bytes) -> list[str]:
    """Give the cells that reading complains of."""
    with pytest.raises(Refused) as caught:
        organization.read(content)
    assert all(fault.message for fault in caught.value.faults)
    return [fault.element for fault in caught.value.faults]


@pytest.fixture
def engine(new_database: NewDatabase, tmp_path: Path) -> Iterator[Engine]:
    """Give an engine with nobody in it."""
    opened = open_engine(new_database(migrate), tmp_path)
    yield opened
    opened.close()


def everything(engine: Engine) -> list[Any]:
    """Show all that an import may change."""
    with engine.reading() as unit:
        assert all(history.verify(unit.connection, stream).whole for stream in history.streams(unit.connection))
        return [
            people.overview(unit),
            people.persons(unit),
            accounts.listing(unit),
            history.read(unit.connection, "organization"),
        ]


# Reading


def test_rows_are_read_by_their_headers_in_any_order() -> None:
    order = [9, 3, 0, 7, 1, 8, 2, 6, 5, 4]
    content = sheet([ZHANG[i] for i in order], header=[HEADER[i] for i in order])
    [row] = organization.read(content)
    assert (row.reference, row.unit_kind, row.post_kind) == ("hr.staff", "department", "staff")
    assert (row.person_name, row.number, row.login, row.starts) == ("张三", "1001", "hr-staff", date(2024, 3, 1))
    assert row.cells["login"] == "第2行F列"


def test_other_columns_and_empty_rows_are_passed_over() -> None:
    content = sheet([None] * 11, [*ZHANG, "备注一则"], [" "] * 11, [*LI, None], header=[*HEADER, "备注"])
    assert [row.person_name for row in organization.read(content)] == ["张三", "李四"]


def test_full_width_text_and_numbers_become_plain() -> None:
    names = [" ｈｒ ", "人事部", "内设部室", "ＳＴＡＦＦ", "承办人", "承办人", "张三"]
    content = sheet([*names, 1001, "ＨＲ－ｓｔａｆｆ", "２０２４．３．１"])
    [row] = organization.read(content)
    assert (row.reference, row.number, row.login, row.starts) == ("hr.staff", "1001", "hr-staff", date(2024, 3, 1))


@pytest.mark.parametrize(
    "written",
    ["2024-03-01", "2024/3/1", "2024.3.1", "2024年3月1日", 20240301, "20240301", datetime(2024, 3, 1, 9)],
)
def test_a_date_may_be_written_in_many_ways(written: Any) -> None:
    [row] = organization.read(sheet([*ZHANG[:9], written]))
    assert row.starts == date(2024, 3, 1)


@pytest.mark.parametrize("written", ["2024-02-30", "去年", "24-3-1", 45352, 1.5, True, "1024-03-01", "9999-01-01"])
def test_what_is_no_date_is_named_with_its_cell(written: Any) -> None:
    assert places(sheet([*ZHANG[:9], written])) == ["第2行J列"]


def test_every_fault_is_told_at_once_with_its_cell() -> None:
    wrong = ["hr", "", "什么部", "head", "负责人", "负责人", "李四", "1002", "=HYPERLINK(1)", "明天"]
    assert places(sheet(ZHANG, wrong)) == ["第3行B列", "第3行C列", "第3行I列", "第3行J列"]


@pytest.mark.parametrize("formula", ["=1+1", " =cmd|'/c calc'!A0", "＝1+1", "=SUM(A1:A9)"])
def test_a_formula_is_refused_wherever_it_stands(formula: str) -> None:
    for index in range(10):
        row = list(ZHANG)
        row[index] = formula
        assert places(sheet(row)) == [f"第2行{'ABCDEFGHIJ'[index]}列"]


def test_a_text_that_is_too_long_is_refused() -> None:
    assert places(sheet([*ZHANG[:6], "张" * 10_000, *ZHANG[7:]])) == ["第2行G列"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER[:-2], "登录名、任职日期"),
        ([*HEADER, "姓名"], "“姓名”出现了两次"),
        ([], "单位编码"),
        (["说明"], "单位编码"),
    ],
)
def test_a_header_that_is_not_as_agreed_is_refused(header: list[str], said: str) -> None:
    with pytest.raises(Refused) as caught:
        organization.read(sheet(ZHANG, header=header))
    assert said in caught.value.faults[0].message


def test_a_list_with_no_row_is_refused() -> None:
    with pytest.raises(Refused, match="没有一行内容"):
        organization.read(sheet())


# Files that are no staff list


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 not a workbook",
    ],
    ids=["empty", "program"],
)
def test_a_file_that_is_no_workbook_is_refused_in_chinese(content: bytes) -> None:
    with pytest.raises(Refused, match=r"不是 \.xlsx"):
        organization.read(content)


def test_a_list_of_units_and_posts_needs_no_columns_of_persons() -> None:
    rows = organization.read(sheet(VACANT[:6], header=HEADER[:6]))
    assert [(row.reference, row.person_name, row.starts) for row in rows] == [("unit_a.head", "", None)]
    with pytest.raises(Refused) as caught:
        organization.read(sheet(VACANT[:7], header=HEADER[:7]))
    assert [fault.message for fault in caught.value.faults] == ["第1行缺少表头：工号、登录名、任职日期。"]


# Bringing it in


def test_a_list_becomes_units_posts_people_and_accounts(engine: Engine) -> None:
    done = organization.load(engine, sheet(ZHANG, LI, MEMBER, VACANT), SYSTEM)
    summary = done.summary
    assert (summary.units, summary.posts, summary.persons, summary.holdings, summary.renamed) == (3, 4, 2, 3, 0)
    with engine.reading() as unit:
        [li] = people.holders(unit, "hr.head")
        assert {post.reference for post in people.posts_of(unit, li.id)} == {"hr.head", "group.member_hr"}
        assert people.holders(unit, "unit_a.head") == []
        assert [each.name for each in people.units(unit, date(2024, 3, 1))] == ["人事部", "领导小组"]
    assert sorted(done.passwords) == ["hr-head", "hr-staff"]
    session = accounts.sign_in(engine, "hr-head", done.passwords["hr-head"], "10.0.0.1")
    assert (session.person_id, session.roles, session.must_change) == (li.id, (), True)


def test_importing_twice_changes_nothing(engine: Engine) -> None:
    content = sheet(ZHANG, LI, MEMBER, VACANT)
    organization.load(engine, content, SYSTEM)
    before = everything(engine)
    again = organization.load(engine, content, SYSTEM)
    assert not again.summary.changed
    assert again.passwords == {}
    assert everything(engine) == before


def test_an_old_list_does_not_bring_back_who_was_relieved(engine: Engine) -> None:
    organization.load(engine, sheet(ZHANG), SYSTEM)
    with engine.transaction() as unit:
        [holding] = people.holdings(unit)
        people.relieve(unit, holding.id, unit.today, SYSTEM)
    assert not organization.load(engine, sheet(ZHANG), SYSTEM).summary.changed
    with engine.reading() as unit:
        assert people.holders(unit, "hr.staff") == []


def test_new_names_are_taken_over(engine: Engine) -> None:
    organization.load(engine, sheet(ZHANG), SYSTEM)
    renamed = ["hr", "组织人事部", "内设部室", "staff", "干事", "承办人", "张三丰", "1001", "hr-staff", "2024-03-01"]
    assert organization.load(engine, sheet(renamed), SYSTEM).summary.renamed == 3
    with engine.reading() as unit:
        assert people.post_titles(unit, ["hr.staff"]) == {"hr.staff": "组织人事部干事"}
        assert [person.name for person in people.holders(unit, "hr.staff")] == ["张三丰"]


WRONG_ROWS: list[tuple[list[Any], str]] = [
    (["hr", "办公室", "内设部室", *LI[3:]], "第3行B列"),
    (["hr", "人事部", "直属单位", *LI[3:]], "第3行C列"),
    ([*HR, "staff", "干事", "承办人", *LI[6:]], "第3行E列"),
    ([*HR, "staff", "承办人", "负责人", *LI[6:]], "第3行F列"),
    ([*LI[:6], "张四", "1001", "", "2024-01-01"], "第3行G列"),
    ([*LI[:6], "张三", "1001", "other", "2024-01-01"], "第3行I列"),
    ([*LI[:6], "李四", "1002", "hr-staff", "2024-01-01"], "第3行I列"),
    (ZHANG, "第3行H列"),
    ([*LI[:7], "", "", "2024-01-01"], "第3行H列"),
    ([*LI[:8], "", ""], "第3行J列"),
    ([*LI[:6], "", "1002", "", ""], "第3行H列"),
    (["人事", *LI[1:]], "第3行A列"),
    ([*HR, "9", "负责人", "负责人", *LI[6:]], "第3行D列"),
    ([*LI[:8], "李四", "2024-01-01"], "第3行I列"),
]


def test_one_wrong_row_stops_the_whole_list(engine: Engine) -> None:
    before = everything(engine)
    for row, cell in WRONG_ROWS:
        with pytest.raises(Refused) as caught:
            organization.load(engine, sheet(ZHANG, row), SYSTEM)
        assert cell in [fault.element for fault in caught.value.faults]
        assert all(fault.message.startswith("第") for fault in caught.value.faults)
    assert everything(engine) == before


def test_what_contradicts_the_system_is_refused(engine: Engine) -> None:
    organization.load(engine, sheet(ZHANG, LI, VACANT), SYSTEM)
    with engine.transaction() as unit:
        people.end_unit(unit, "unit_a", unit.today, SYSTEM)
        auditor = people.add_person(unit, "审计员", SYSTEM, number="1009")
        accounts.create(unit, auditor, "auditor", "zxc-VBN-147-asd", ["audit"], SYSTEM)
    before = everything(engine)
    wrong = sheet(
        ["hr", "人事部", "直属单位", "staff", "承办人", "成员", "张三", "1001", "another", "2024-03-01"],
        VACANT,
        ["office", "办公室", "内设部室", "staff", "承办人", "承办人", "审计员", "1009", "", "2024-03-01"],
        ["office", "办公室", "内设部室", "staff", "承办人", "承办人", "王五", "1010", "hr-head", "2024-03-01"],
    )
    with pytest.raises(Refused) as caught:
        organization.load(engine, wrong, SYSTEM)
    found = sorted(fault.element for fault in caught.value.faults)
    assert found == ["第2行C列", "第2行F列", "第2行I列", "第3行A列", "第3行D列", "第4行G列", "第5行I列"]
    assert everything(engine) == before


def test_only_a_system_administrator_imports(engine: Engine) -> None:
    organization.load(engine, sheet(ZHANG), SYSTEM)
    with engine.reading() as unit:
        [zhang] = people.holders(unit, "hr.staff")
    with pytest.raises(NotAllowed, match="系统管理员"):
        organization.load(engine, sheet(LI), Actor(zhang.id))


def test_an_import_that_fails_late_leaves_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(engine)

    def refuse(*_: object) -> str:
        raise Invalid("不行。")

    monkeypatch.setattr(accounts, "create_prepared", refuse)
    with pytest.raises(Invalid, match="不行"):
        organization.load(engine, sheet(ZHANG), SYSTEM)
    assert everything(engine) == before
