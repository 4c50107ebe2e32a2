"""Bad input gets a clear message in Chinese with the right status; nothing is lost, nothing is done twice."""

import io
import zipfile
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import func, select

from engine.ground import model
from tests.story import telling
from tests.story.test_over_http import Staff
from tests.story.year import item
from tests.web.browsing import Browse, Visit

LONG_NAME = "全省残疾人联合会系统国防教育与双拥共建工作综合协调联络服务办"
COLUMNS = [
    "单位编码", "单位名称", "单位类别", "岗位编码", "岗位名称", "岗位类别", "姓名", "工号", "登录名", "任职日期",
]  # fmt: skip

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def staff(house: Flask, browse: Browse) -> Staff:
    """Start the year: each unit has its plan to draft."""
    made = Staff(house, browse)
    telling.start_the_year(made)
    return made


def draft(staff: Staff, login: str = "office-staff", name: str = "办公室") -> Visit:
    return staff.open(login, "起草", name)


def refused(visit: Visit, status: int, *words: str) -> None:
    assert visit.status == status, (visit.status, visit.text)
    for part in words:
        assert part in visit.text
    assert "Traceback" not in visit.text


def completed(staff: Staff) -> int:
    with staff.engine.reading() as unit:
        query = select(func.count()).select_from(model.task).where(model.task.c.state == "completed")
        return int(unit.connection.execute(query).scalar_one())


def test_missing_fields_are_all_named_and_what_was_typed_stays(staff: Staff) -> None:
    visit = draft(staff).press("提交审核", {"contact": "办公室承办人", "items[0].name": "写了一半"})
    refused(visit, 422, "联系电话", "具体措施")
    assert visit.errors
    assert (visit.value("contact"), visit.value("items[0].name")) == ("办公室承办人", "写了一半")
    assert completed(staff) == 1


def test_wrong_types_are_named_with_their_row(staff: Staff) -> None:
    wrong = {**item("office"), "items[0].from": "春天", "items[0].count": "三次", "items[0].budget": "-1"}
    visit = draft(staff).press("提交审核", wrong)
    refused(visit, 422, "开始日期", "次数", "经费")
    assert visit.value("items[0].from") == "春天"
    assert visit.value("items[0].count") == "三次"


def test_an_end_before_its_start_is_told_at_its_row_and_what_was_typed_stays(staff: Staff) -> None:
    backwards = {**item("office"), "items[0].from": "2026年4月1日", "items[0].until": "2026-03-31", "no_items": "true"}
    visit = draft(staff).press("提交审核", backwards)
    refused(visit, 422, "第 1 项：完成日期不能早于开始日期。", "无计划事项的，请写明理由。")
    assert "完成日期不能早于开始日期" in visit.errors
    assert (visit.value("items[0].from"), visit.value("items[0].until")) == ("2026年4月1日", "2026-03-31")
    assert completed(staff) == 1


def test_emoji_full_width_digits_and_other_ways_to_write_a_date_are_taken(staff: Staff) -> None:
    fields = {
        **item("office"),
        "items[0].name": "拥军优属🎖活动",
        "items[0].count": "３",
        "items[0].from": "２０２６年３月２日",
    }
    visit = draft(staff).press("提交审核", fields)
    assert visit.status == 200, visit.errors
    words = staff.reads("office-head", "审核", "办公室")
    assert "拥军优属🎖活动" in words
    assert "2026-03-02" in words


def test_an_opinion_of_ten_thousand_characters_is_refused_with_its_length_and_kept(staff: Staff) -> None:
    draft(staff).press("提交审核", item("office"))
    opinion = "改" * 10_000
    visit = staff.open("office-head", "审核", "办公室").press("退回修改", {"opinion": opinion})
    refused(visit, 422, "10000")
    assert visit.value("opinion") == opinion


def test_a_name_of_thirty_characters_goes_through_whole(staff: Staff) -> None:
    assert len(LONG_NAME) == 30
    draft(staff).press("提交审核", {**item("office"), "contact": LONG_NAME})
    assert LONG_NAME in staff.reads("office-head", "审核", "办公室")


def zipped(inside: str, size: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inside, b"0" * size)
    return target.getvalue()


def sheet_with_formula() -> bytes:
    book, target = Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(COLUMNS)
    book.active.append(['=HYPERLINK("http://127.0.0.1/","点我")', *COLUMNS[1:]])
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("计划.docx", b"MZ\x90\x00" + b"\x00" * 200, "不符"),
        ("病毒.exe", b"MZ\x90\x00", "只接收"),
        ("照片.jpg", b"GIF89a", "不符"),
        ("炸弹.docx", zipped("word/document.xml", 120 << 20), "解压"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_and_the_form_stays(
    staff: Staff, name: str, content: bytes, words: str
) -> None:
    visit = draft(staff).press("提交审核", {**item("office"), "attachments": (name, content)})
    refused(visit, 422, words, name)
    assert visit.value("items[0].name") == "办公室国防双拥教育"
    assert completed(staff) == 1


def test_a_file_over_the_limit_is_refused_with_the_limit(staff: Staff) -> None:
    big: tuple[str, Any] = ("扫描.pdf", b"%PDF-1.7\n" + b"0" * (51 << 20))
    visit = draft(staff).press("提交审核", {**item("office"), "attachments": big})
    refused(visit, 413, "50")
    assert completed(staff) == 1
    assert draft(staff).status == 200


def test_a_formula_in_a_staff_list_is_refused_with_its_cell(staff: Staff) -> None:
    visit = staff.at("system-admin").open("/organization/import")
    visit.press("导入", {"file": ("名单.xlsx", sheet_with_formula())})
    refused(visit, 422, "公式", "A")


def test_a_double_click_hands_in_once(staff: Staff) -> None:
    visit = draft(staff)
    sent = visit.prepared("提交审核", item("office"))
    visit.send(sent)
    assert visit.status == 200
    visit.send(sent)
    assert visit.status in (200, 409)
    assert "办结" in visit.text or "已经" in visit.text
    assert completed(staff) == 2
    with staff.engine.reading() as unit:
        query = select(func.count()).select_from(model.task).where(model.task.c.name == "审核")
        assert unit.connection.execute(query).scalar_one() == 1


def test_of_two_on_one_task_the_second_is_told(staff: Staff) -> None:
    staff.do("office-staff", "起草", "办公室", "提交审核", item("office"))
    staff.do("office-head", "审核", "办公室", "报送")
    first, second = staff.at("hr-staff").open("/inbox"), staff.at("hr-staff-2").open("/inbox")
    path = next(
        link.get("href") for link in first.tree.iter("a") if "办公室：人事部审看" in (link.text_content() or "")
    )
    second.open(path)
    staff.do("hr-staff", "人事部审看", "办公室", "收下")
    second.submit("签收")
    refused(second, 409, "办结")


def test_a_stale_tab_keeps_what_was_typed(staff: Staff) -> None:
    old = draft(staff)
    sent = old.prepared("提交审核", {**item("office"), "items[0].name": "旧页面上写的"})
    draft(staff).press("暂存", {"contact": "另一个页面"})
    old.send(sent)
    refused(old, 409, "旧页面上写的")
    assert completed(staff) == 1


def test_a_forged_id_and_another_units_task_are_not_there(staff: Staff) -> None:
    path = draft(staff).path
    visit = staff.at("unit-a-staff")
    for wanted in (path, "/tasks/00000000-0000-7000-8000-000000000000", "/tasks/%00", "/instances/' OR 1=1 --"):
        refused(visit.open(wanted), 404)
    own = staff.open("unit-a-staff", "起草", "直属单位甲")
    _, data = own.prepared("提交审核", item("unit_a"))
    own.send((path + "/complete", data))
    refused(own, 404)
    assert completed(staff) == 1


def test_a_post_without_its_token_is_refused(staff: Staff) -> None:
    visit = draft(staff)
    address, data = visit.prepared("提交审核", item("office"))
    data.poplist("csrf_token")
    visit.send((address, data))
    refused(visit, 400)
    assert completed(staff) == 1
