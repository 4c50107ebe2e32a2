"""Make the lists that an office fills in before it begins: its units and posts, then the people for its posts."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from engine import people
from engine.ground.unit_of_work import Unit
from workflows.organization import HEADERS, NAMES, OF_PERSONS

UNIT_KINDS, POST_KINDS = people.UNIT_KINDS, people.POST_KINDS
NEEDED = (
    # What the processes that come along name: unit, name, kind, post, name, kind.
    ("hr", "人事部", "department", "staff", "承办人", "staff"),
    ("hr", "人事部", "department", "head", "负责人", "head"),
    ("group", "领导小组", "group", "leader", "组长", "leader"),
    ("group", "领导小组", "group", "deputy", "副组长", "deputy"),
    ("group", "领导小组", "group", "member", "成员", "member"),
    ("group", "领导小组", "group", "secretary", "承办秘书", "secretary"),
    ("group_office", "领导小组办公室", "group", "director", "主任", "director"),
    ("board", "党组理事会", "group", "chair", "主持人", "chair"),
)
ROWS_WITH_CHOICES = 500
WIDTH = 18
TEXT = "@"

UNIT_HELP = (
    "一行写一个岗位；同一个单位的几个岗位写几行，单位的编码、名称、类别每行都一样。",
    "已经填好的几行是随系统附带的流程用到的岗位：编码不要改，名称可以改。其余单位接着往下写。",
    "每个要报送的部室和直属单位都要有 staff（承办人）和 head（负责人）两个岗位。",
    "编码用小写英文字母、数字和下划线，以字母开头，定了以后不能改。",
    f"单位类别：{'、'.join(UNIT_KINDS.values())}。",
    f"岗位类别：{'、'.join(POST_KINDS.values())}。",
)
PEOPLE_HELP = (
    "每个岗位已经列出一行：把姓名、工号、任职日期填上；一个岗位有几个人的，复制成几行；没有人的不填。",
    "一个人任几个岗位的写几行，工号相同。重名的人靠工号分清。",
    "要登录的人填登录名（小写英文字母、数字、点、横线、下划线），只填一行就够；初始密码由系统产生，只显示一次。",
    "任职日期写成 2026-01-01 这样，从这一天起可以办这个岗位的事。",
)


def units(unit: Unit) -> bytes:
    """Make the list of units and posts: what the processes that come along need, and room for the rest."""
    kinds = [(*row[:2], UNIT_KINDS[row[2]], *row[3:5], POST_KINDS[row[5]]) for row in NEEDED]
    return _book([NAMES[name] for name in NAMES if name not in OF_PERSONS], kinds, UNIT_HELP)


def persons(unit: Unit) -> bytes:
    """Make the list of people: a row for every post of the organization as it is, to be filled in."""
    named = {item.code: item for item in people.units(unit)}
    rows = [
        (
            post.unit_code,
            post.unit_name,
            UNIT_KINDS[named[post.unit_code].kind],
            post.code,
            post.name,
            POST_KINDS[post.kind],
        )
        for post in people.posts(unit)
    ]
    return _book(list(HEADERS), rows, PEOPLE_HELP)


def _book(header: Sequence[str], rows: Iterable[Sequence[Any]], notes: Sequence[str]) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "名单"
    for row in (header, *rows):
        sheet.append(list(row))
        for cell in sheet[sheet.max_row]:
            # The name of a unit is never a formula.
            cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type
    _shape(sheet, header)
    told = book.create_sheet("填写说明")
    for note in notes:
        told.append([note])
    told.column_dimensions["A"].width = 100
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def _shape(sheet: Worksheet, header: Sequence[str]) -> None:
    sheet.freeze_panes = "A2"
    for index, title in enumerate(header, 1):
        letter = get_column_letter(index)
        sheet.column_dimensions[letter].width = WIDTH
        sheet[f"{letter}1"].font = Font(bold=True)
        # As numbers, the zeros in front would be lost.
        sheet.column_dimensions[letter].number_format = TEXT
        for row in range(2, sheet.max_row + 1):
            sheet[f"{letter}{row}"].number_format = TEXT
        kinds = {"单位类别": UNIT_KINDS, "岗位类别": POST_KINDS}.get(title)
        if kinds:
            choice = DataValidation("list", formula1=f'"{",".join(kinds.values())}"', allow_blank=True)
            choice.add(f"{letter}2:{letter}{ROWS_WITH_CHOICES + 1}")
            sheet.add_data_validation(choice)
