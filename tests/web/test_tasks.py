"""A task's page and its acts, by people who only see pages."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from engine.ground import model
from engine.ground.errors import Busy
from tests.web import errands
from tests.web.browsing import Browse, Visit


def start(browse: Browse, subject: str = "采购纸张") -> Visit:
    """Start an errand; the clerk stands before the task of drafting, claimed."""
    visit = browse("wang").open("/processes/errand/start").submit("发起", 事由=subject)
    assert visit.status == 200, visit.text
    visit.open("/inbox").click("起草").submit("签收")
    assert visit.flash == "已签收，现在由您办理。"
    return visit


def hand_in(browse: Browse) -> Visit:
    """Draft an errand and hand it in; the head stands before the task of checking."""
    start(browse).submit("报送", 事项名称="纸张", 经费="100", 理由="用完了")
    return browse("zhang").open("/inbox").click("审核")


def test_an_errand_goes_from_start_to_end_through_pages(browse: Browse) -> None:
    wang = start(browse)
    assert "写明要办的事情。" in wang.text
    wang.submit("报送", 事项名称="纸张", 经费="100", 理由="用完了")
    assert wang.statuses == [303, 200]
    assert wang.path == "/inbox"
    assert wang.flash == "“办事：采购纸张”的“起草”已办理（报送）。下一步：“审核”（人事部负责人）。"
    assert "已经办结 办理结果：报送" in browse("wang").open("/done").click("起草").text
    zhang = browse("zhang").open("/inbox").click("审核")
    assert "王承办（人事部承办人）在“起草”办理后转来" in zhang.text
    assert "用完了" in zhang.text
    zhang.submit("同意", 审核意见="同意采购")
    assert "下一步：“签批”（领导小组组长）" in zhang.flash
    zhao = browse("zhao").open("/inbox").click("签批")
    assert "同意采购" in zhao.text
    zhao.submit("同意")
    assert "这个事项已经办结。" in zhao.flash


def test_a_returned_errand_says_why_and_keeps_what_was_written(browse: Browse) -> None:
    hand_in(browse).submit("退回修改", 审核意见="写明数量")
    wang = browse("wang").open("/inbox").click("起草")
    assert "写明数量" in wang.text
    assert "办理结果：退回修改" in wang.text
    wang.submit("签收")
    assert wang.value("理由") == "用完了"


def test_a_wrong_form_stays_as_typed_and_says_where_it_is_wrong(browse: Browse) -> None:
    wang = start(browse)
    wang.submit("报送", 事项名称="名" * 31, 经费="很多", 理由="理由😀")
    assert wang.status == 422
    assert wang.title.startswith("有误：")
    assert "有 2 处需要改正" in wang.errors
    assert wang.value("事项名称") == "名" * 31
    assert wang.value("经费") == "很多"
    assert wang.value("理由") == "理由😀"
    for link in wang.tree.xpath("//*[@role='alert']//a/@href"):
        assert wang.tree.xpath(f"//*[@id='{link[1:]}']")
    wang.submit("报送", 事项名称="纸张", 经费="１００")
    assert wang.statuses == [303, 200]


def test_an_opinion_of_ten_thousand_characters_is_refused_and_kept(browse: Browse) -> None:
    zhang = hand_in(browse).submit("同意", 审核意见="长" * 10_000)
    assert zhang.status == 422
    assert "最多 5000 字" in zhang.errors
    assert zhang.value("审核意见") == "长" * 10_000


def test_a_return_without_a_reason_is_refused(browse: Browse) -> None:
    zhang = hand_in(browse).submit("退回修改")
    assert zhang.status == 422
    assert "审核意见" in zhang.errors


def test_what_stands_under_more_is_confirmed_once_more(browse: Browse) -> None:
    zhang = hand_in(browse).submit("不同意", 审核意见="不必")
    assert zhang.status == 422
    assert "请先勾选“我已确认”" in zhang.errors
    zhang.submit("不同意", _confirm_refuse=True)
    assert zhang.statuses == [303, 200]


def test_what_looks_like_an_identity_card_is_confirmed_before_it_goes_on(browse: Browse) -> None:
    wang = start(browse).submit("报送", 事项名称="慰问", 理由="证件号码 11010519491231002X")
    assert wang.status == 422
    assert "像身份证号码" in wang.text
    wang.submit("报送", _confirm_sensitive=True)
    assert wang.statuses == [303, 200]


def test_a_double_click_acts_once_and_says_so_politely(browse: Browse) -> None:
    wang = start(browse)
    prepared = wang.prepared("报送", {"事项名称": "纸张"})
    assert wang.send(prepared).statuses == [303, 200]
    wang.send(prepared)
    assert wang.status == 409
    assert "“起草”已经办结，不用再交。" in wang.text
    assert browse("zhang").open("/inbox").links("审核") == ["办事：采购纸张：审核"]


def test_a_stale_page_shows_what_was_typed_and_the_way_to_the_fresh_one(browse: Browse) -> None:
    wang = start(browse)
    stale = wang.prepared("报送", {"事项名称": "旧页", "理由": "在旧页上写的"})
    wang.submit("暂存", 事项名称="新页")
    wang.send(stale)
    assert wang.status == 409
    assert "在旧页上写的" in wang.text
    wang.click("打开最新的页面")
    assert wang.value("事项名称") == "新页"


def test_of_two_clerks_the_second_learns_that_the_first_has_it(browse: Browse) -> None:
    browse("wang").open("/processes/errand/start").submit("发起", 事由="采购纸张")
    wang, li = (browse(login).open("/inbox").click("起草") for login in ("wang", "li"))
    wang.submit("签收")
    li.submit("签收")
    assert li.status == 409
    assert "这件待办已经有人签收" in li.text or "刚刚有变化" in li.text


def test_a_task_that_several_may_do_is_claimed_first(browse: Browse) -> None:
    wang = start(browse)
    prepared = wang.prepared("报送", {"事项名称": "纸张", "理由": "先写的"})
    wang.submit("放回")
    assert wang.flash == "已放回，同岗同事都可以签收。"
    assert "报送" not in wang.buttons()
    prepared[1]["revision"] = wang.tree.xpath("//input[@name='revision']/@value")[0]
    wang.send(prepared)
    assert wang.status == 422
    assert "先点“签收”" in wang.errors


def test_saving_never_checks_and_the_draft_is_there_again(browse: Browse) -> None:
    wang = start(browse).submit("暂存", 事项名称="名" * 40, 经费="说不清")
    assert wang.statuses == [303, 200]
    assert wang.flash == "已暂存，还没有提交。"
    assert browse("wang").open(wang.path).value("经费") == "说不清"


def test_rows_are_added_and_removed_and_the_focus_follows(app: Flask, browse: Browse) -> None:
    wang = start(browse).submit("添加一项", 事项名称="文具")
    assert wang.path.endswith("#field-items-0")
    assert wang.tree.xpath("//*[@id='field-items-0' and @autofocus]")
    wang.press("添加一项", {"items[0].thing": "笔"})
    wang.press("移除第 2 项", {"items[0].count": "3", "items[1].thing": "多余"})
    assert wang.value("items[0].thing") == "笔"
    assert "第 2 项" not in wang.text
    wang.submit("报送")
    assert wang.statuses == [303, 200]
    with errands.engine_of(app).reading() as unit:
        sheets = unit.connection.execute(select(model.document_version.c.content)).scalars()
        assert [sheet["items"] for sheet in sheets] == [[{"thing": "笔", "count": 3}]]


def test_a_completed_task_shows_what_was_handed_in_then(browse: Browse) -> None:
    hand_in(browse).submit("退回修改", 审核意见="写明数量")
    zhang = browse("zhang").open("/done").click("审核")
    assert "已经办结" in zhang.text
    assert "写明数量" in zhang.text
    assert "退回修改" not in zhang.buttons()


def test_what_was_just_done_can_be_taken_back_while_nobody_works_on_it(browse: Browse) -> None:
    hand_in(browse)
    wang = browse("wang").open("/done").click("起草").submit("撤回")
    assert wang.flash == "已撤回，可以修改后再提交。"
    assert browse("zhang").open("/inbox").links("审核") == []
    wang.submit("签收")
    assert wang.value("理由") == "用完了"


def test_what_somebody_works_on_cannot_be_taken_back(browse: Browse) -> None:
    zhang = hand_in(browse)
    wang = browse("wang").open("/done").click("起草")
    zhang.submit("暂存", 审核意见="在看")
    wang.submit("撤回")
    assert wang.status == 409
    assert "不能撤回" in wang.text


def test_a_task_is_assigned_to_a_colleague(browse: Browse) -> None:
    wang = start(browse).submit("指派")
    assert wang.status == 422
    assert "请选择要指派给谁" in wang.errors
    wang.submit("指派", 指派给="李承办")
    assert wang.flash == "已指派给同事办理。"
    assert wang.open("/inbox").links("起草") == []
    assert "由李承办办理" in browse("li").open("/inbox").click("起草").text


def test_it_cannot_be_assigned_to_somebody_of_another_post(browse: Browse) -> None:
    wang = start(browse)
    prepared = wang.prepared("指派", {"指派给": "李承办"})
    prepared[1]["person"] = "018f0000-0000-7000-8000-000000000000"
    assert wang.send(prepared).status == 422


@pytest.mark.parametrize("login", ["chen", "process", "system"])
def test_what_is_not_theirs_is_as_if_it_were_not_there(browse: Browse, login: str) -> None:
    wang = start(browse)
    task = wang.path.partition("#")[0]
    other = browse(login)
    assert other.open(task).status == 404
    assert "不在您的查看范围内" in other.text
    for act in ("claim", "unclaim", "assign", "save", "complete", "withdraw"):
        prepared = (f"{task}/{act}", wang.prepared("报送")[1].copy())
        prepared[1]["csrf_token"] = other.tree.xpath("//input[@name='csrf_token']/@value")[0]
        prepared[1]["person"] = "nobody"
        assert other.send(prepared).status == 404, act


def test_a_forged_address_is_not_found(browse: Browse) -> None:
    wang = browse("wang")
    for path in ("/tasks/x", "/tasks/018f0000-0000-7000-8000-000000000000", "/tasks/%00", "/nowhere"):
        assert wang.open(path).status == 404
        assert "Traceback" not in wang.text


def test_an_auditor_reads_and_does_not_act(browse: Browse) -> None:
    task = start(browse).path
    audit = browse("audit").open(task)
    assert audit.status == 200
    assert audit.buttons() == ["退出登录"]


def test_deadlines_are_told_in_words(app: Flask, browse: Browse) -> None:
    wang = start(browse)
    assert "剩余 3 个工作日" in wang.text
    errands.clock_of(app).advance(timedelta(days=3, hours=10))
    assert "已逾期" not in wang.open("/inbox").text
    errands.clock_of(app).advance(timedelta(days=4))
    assert "已逾期 2 个工作日" in wang.open("/inbox").text


def test_no_id_and_no_business_key_is_shown(browse: Browse) -> None:
    wang = start(browse)
    task_id = wang.path.rpartition("/")[2]
    for path in ("/inbox", wang.path, "/started", "/notices", "/account"):
        wang.open(path)
        assert task_id not in wang.text
        assert "errand:" not in wang.text
        assert "hr.staff" not in wang.text


def test_when_the_database_is_away_what_was_typed_is_still_shown(
    app: Flask, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang = start(browse)

    def away(*_arguments: object, **_named: object) -> None:
        raise Busy("数据库暂时不能使用，本次操作没有生效，请稍后再试。")

    monkeypatch.setattr("engine.tasks.complete", away)
    wang.submit("报送", 事项名称="纸张", 理由="写了很久")
    assert wang.status == 503
    assert "写了很久" in wang.text


def test_what_is_typed_is_kept_by_itself_and_the_page_goes_on(browse: Browse) -> None:
    # Given a page that keeps what is typed while one types
    wang = start(browse)
    path, data = wang.prepared("暂存", {"事项名称": "写到一半"})
    by_itself = {"Referer": f"http://localhost{wang.path}", "HX-Request": "true"}
    # When it does
    answer = wang.client.post(path, data=data, headers=by_itself)
    # Then nobody is led away, and the page learns which state it shows now
    assert answer.status_code == 200
    assert "已自动暂存，还没有提交。" in answer.text
    assert "登录保持到 09:30" in answer.text
    data["revision"] = answer.text.partition('name="revision" value="')[2].partition('"')[0]
    assert "已自动暂存" in wang.client.post(path, data=data, headers=by_itself).text
    assert wang.open(wang.path).value("事项名称") == "写到一半"
    # And one that is not the newest is told so
    assert "没有自动暂存：" in wang.client.post(path, data=data, headers=by_itself).text
