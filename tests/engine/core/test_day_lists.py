"""A year's list of days is taken wholly or not at all, pasted or in a file, and every wrong line is named."""

import io
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from engine.calendar import may_list
from engine.core import day_lists
from engine.ground.errors import Refused

NEW_YEAR, SATURDAY = date(2027, 1, 1), date(2027, 1, 9)


def read(text: str, year: int = 2027) -> dict[date, bool]:
    return day_lists.read(day_lists.lines_of_text(text), year, may_list)


def complaints(text: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        read(text)
    return [fault.message for fault in refused.value.faults]


@pytest.mark.parametrize(
    "text",
    [
        "2027-01-01 休\n2027-01-09 班",
        "2027/1/1,休\n\n2027.1.9，班",
        "２０２７年１月１日：放假\r\n2027年1月9日 上班",
        "20270101休息\n20270109 补班",
        "1月1日\t休\n1-9 班 （星期六）",
        "日期 安排\n2027-01-01 休 元旦\n2027-01-09 班，调休",
    ],
)
def test_a_list_is_read_however_people_write_it(text: str) -> None:
    assert read(text) == {NEW_YEAR: False, SATURDAY: True}


@pytest.mark.parametrize("text", ["2026-12-30至2027-01-02 休", "2026-12-30~2027/1/2休", "2026-12-30—1月2日 放假"])
def test_a_stretch_of_days_may_begin_in_the_december_before(text: str) -> None:
    days = [date(2026, 12, 30), date(2026, 12, 31), NEW_YEAR, date(2027, 1, 2)]
    assert read(text) == dict.fromkeys(days, False)


def test_every_wrong_line_is_named_and_nothing_is_taken() -> None:
    text = "\n".join(
        [
            "2027-01-01 休",
            "2027-02-30 休",
            "元旦 休",
            "2027-03-01 也许",
            "2026-11-30 休",
            "2028-01-01 休",
            "2027-05-05 至 2027-05-01 休",
            "2027-05-05 至 2027-08-01 休",
            "2027-01-01 班",
            "12月31日至1月2日 休",
        ]
    )
    assert complaints(text) == [
        "第 2 行“2027-02-30 休”：没有“2027-02-30”这一天。",
        "第 3 行“元旦 休”：读不懂，请写成“2027-01-01 休”或“2027-01-01 至 2027-01-03 休”，上班的日子写“班”。",
        "第 4 行“2027-03-01 也许”：读不懂，请写成“2027-01-01 休”或“2027-01-01 至 2027-01-03 休”，上班的日子写“班”。",
        "第 5 行“2026-11-30 休”：不是 2027 年的日子（只另收上一年 12 月的）。",
        "第 6 行“2028-01-01 休”：不是 2027 年的日子（只另收上一年 12 月的）。",
        "第 7 行“2027-05-05 至 2027-05-01 休”：起止日期不对：止不早于起，最多一个月。",
        "第 8 行“2027-05-05 至 2027-08-01 休”：起止日期不对：止不早于起，最多一个月。",
        "第 9 行“2027-01-01”：第 1 行已经写过这一天。",
        "第 10 行“12月31日至1月2日 休”：起止日期不对：止不早于起，最多一个月。",
    ]


def test_a_list_with_nothing_in_it_is_refused() -> None:
    assert (
        complaints("\n \n")
        == complaints("日期 安排")
        == ["请粘贴名单，或者选择文件：每行一天，先写日期，再写“休”或“班”。"]
    )


def test_a_list_that_is_too_long_is_refused() -> None:
    (message,) = complaints("\n".join(["2027-01-01 休"] * (day_lists.MOST_LINES + 1)))
    assert "超过 500 行" in message


# Files


def in_file(name: str, content: bytes) -> dict[date, bool]:
    return day_lists.read(day_lists.lines_of_file(name, content), 2027, may_list)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_of_values_is_read_in_the_encodings_of_the_office(encoding: str) -> None:
    content = "日期,安排\r\n2027-01-01,休\r\n2027-01-09,班\r\n".encode(encoding)
    assert in_file("2027.CSV", content) == {NEW_YEAR: False, SATURDAY: True}


def test_a_sheet_is_read_with_real_dates_and_with_text() -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (["日期", "安排", "说明"], [datetime(2027, 1, 1), "休", "元旦"], [], ["2027年1月9日", "班", None]):
        page.append(row)
    kept = io.BytesIO()
    book.save(kept)
    assert in_file("2027.xlsx", kept.getvalue()) == {NEW_YEAR: False, SATURDAY: True}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("放假.docx", b"x", "只收 .xlsx、.csv 文件"),
        ("放假.xlsx", b"x", "这不是 .xlsx 表格"),
        ("放假.csv", b"\xff\xff\xff\xff", "文件的文字读不出"),
        ("放假.csv", b'"' + b"1" * 200_000 + b'"', "文件的文字读不出"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(name: str, content: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        in_file(name, content)
