"""代理 on the pages: naming a deputy, standing in for somebody, and how it shows wherever a name does."""

import pytest
from flask import Flask

from tests.engine.offices import move
from tests.web import errands
from tests.web.browsing import Browse, Visit
from tests.web.test_tasks import hand_in

AWAY = {"由人代理的岗位": "领导小组组长", "代理人": "陈办公", "起始日期": "2026-01-20", "截止日期": "2026年2月1日"}
WHY = "赴省参加培训，经批准"


def away(browse: Browse, **more: str) -> Visit:
    """Let the leader name a deputy, as it can be filled in."""
    zhao = browse("zhao").open("/account")
    return zhao.press("授权代理", {**AWAY, "授权依据或者原因": WHY, **more})


def before_the_leader(browse: Browse) -> None:
    hand_in(browse).submit("同意", 审核意见="同意采购")


# Granting and revoking


def test_a_holder_names_a_deputy_and_takes_it_back(browse: Browse) -> None:
    zhao = away(browse)
    assert zhao.statuses == [303, 200], zhao.errors
    assert "代理已授权" in zhao.flash
    for shown in (zhao.text, browse("chen").open("/account").text):
        assert "领导小组组长" in shown and "2026年1月20日起，2026年2月1日止" in shown
        assert WHY in shown and "生效中" in shown
    # Both are told, and led to the same page
    for who in ("zhao", "chen"):
        assert "陈办公代理赵组长（领导小组组长）" in browse(who).open("/notices").text
    # When it is taken back without confirming, it stays; confirmed, it is over
    zhao.submit("撤销代理")
    assert zhao.status == 422
    assert "请勾选“我确认撤销”" in zhao.errors
    assert zhao.tree.xpath("//details[@open]//input[@aria-invalid='true']")
    zhao.submit("撤销代理", confirmed=True)
    assert zhao.statuses == [303, 200]
    assert "代理已撤销" in zhao.flash and "生效中" not in zhao.text
    assert "从现在起无效" in browse("chen").open("/notices").text


def test_whatever_is_missing_or_wrong_is_named_and_what_was_typed_stays(browse: Browse) -> None:
    zhao = browse("zhao").open("/account").press("授权代理", {"代理人": "陈办公", "起始日期": "明天"})
    assert zhao.status == 422
    for words in ("请选择由人代理的岗位", "请填写起始日期", "请填写截止日期", "请写明授权依据或者原因"):
        assert words in zhao.errors
    assert zhao.value("起始日期") == "明天"
    chosen = zhao.tree.xpath("//select[@name='deputy']/option[@selected]/text()")
    assert chosen == ["陈办公"]
    # And what the engine refuses is told at its field
    late = away(browse, 截止日期="2027-03-01")
    assert (late.status, late.value("截止日期"), late.value("授权依据或者原因")) == (422, "2027-03-01", WHY)
    assert "一次代理最长一年" in late.errors
    assert late.tree.xpath("//input[@name='ends'][@aria-invalid='true']")


def test_only_who_holds_a_post_is_asked_and_only_business_people_are_offered(browse: Browse) -> None:
    zhao = browse("zhao").open("/account")
    offered = zhao.tree.xpath("//select[@name='deputy']/option/text()")
    assert "陈办公" in offered and "业务员" in offered
    assert not {"赵组长", "审计员", "系统员"} & set(offered)
    for who in ("audit", "system", "process"):
        assert "委托代理" not in browse(who).open("/account").text


def test_nobody_revokes_what_is_not_theirs(browse: Browse) -> None:
    zhao = away(browse)
    path = zhao.tree.xpath("//form[contains(@action, '/revoke')]/@action")[0]
    chen = browse("chen").open("/account")
    token = chen.tree.xpath("//input[@name='csrf_token']/@value")[0]
    answer = chen.client.post(path, data={"csrf_token": token, "confirmed": "yes"})
    assert answer.status_code == 404
    assert "生效中" in chen.open("/account").text


def test_an_administrator_grants_and_revokes_on_the_page_of_the_organization(browse: Browse) -> None:
    system = browse("system").open("/organization").click("授权代理")
    fields = {"委托人和岗位": "领导小组组长：赵组长，2024-01-01起", "代理人": "陈办公", "起始日期": "2026-01-20"}
    system.press("授权代理", {**fields, "截止日期": "2026-01-20", "授权文件": "领导小组会议纪要〔2026〕1号"})
    assert system.status == 422
    assert "截止日期须晚于起始日期" in system.errors
    assert system.value("授权文件") == "领导小组会议纪要〔2026〕1号"
    system.press("授权代理", {"截止日期": "2026-02-01"})
    assert system.statuses == [303, 200], system.errors
    assert "领导小组会议纪要〔2026〕1号" in system.text and "生效中" in system.text
    # Then the principal sees it too, and the administrator takes it back from there
    assert "陈办公" in browse("zhao").open("/account").text
    system.click("撤销陈办公代理赵组长").submit("撤销代理")
    assert system.status == 422
    system.submit("撤销代理", confirmed=True)
    assert system.statuses == [303, 200], system.errors
    assert "生效中" not in system.text


def test_a_substitution_to_come_and_one_that_has_lapsed_say_so(app: Flask, browse: Browse) -> None:
    away(browse, 起始日期="2026-01-25")
    assert "未开始" in browse("chen").open("/account").text
    system = browse("system").open("/organization").click("免去赵组长的组长")
    system.submit("免职", 免职日期="2026-01-24")
    move(errands.engine_of(app), errands.MORNING.replace(day=26))
    assert "已失效：委托人不再任这个岗位" in browse("chen").open("/account").text


# Standing in


def test_a_deputy_decides_and_every_page_says_for_whom(browse: Browse) -> None:
    before_the_leader(browse)
    away(browse)
    chen = browse("chen").open("/inbox")
    assert "代理赵组长" in chen.text
    chen.click("签批")
    assert "办理身份 代理赵组长（领导小组组长）" in chen.text
    assert "您正在代理赵组长（领导小组组长）办理" in chen.text
    chen.submit("同意", 批示="照办")
    assert chen.statuses == [303, 200], chen.errors
    assert "代理赵组长，2026年1月20日" in chen.open("/done").text
    # Then the task, the matter and its story name both
    told = "陈办公（代理赵组长·领导小组组长）"
    for page in (chen.click("签批"), browse("wang").open("/instances").click("办事")):
        assert told in page.text
        assert "代录" not in page.text
    assert "照办" in browse("zhao").open("/instances").click("办事").text


def test_before_it_is_done_the_matter_says_who_stands_in(browse: Browse) -> None:
    before_the_leader(browse)
    away(browse)
    shown = browse("wang").open("/instances").click("办事").text
    assert "领导小组组长（赵组长、陈办公（代理赵组长））" in shown


def test_in_a_shared_post_a_deputys_claim_is_told_as_theirs(browse: Browse) -> None:
    wang = browse("wang").open("/account")
    fields = {"由人代理的岗位": "人事部承办人", "代理人": "陈办公", "起始日期": "2026-01-20", "截止日期": "2026-02-01"}
    wang.press("授权代理", {**fields, "授权依据或者原因": WHY})
    wang.open("/processes/errand/start").submit("发起", 事由="修门")
    chen = browse("chen").open("/inbox").click("起草")
    assert "您正在代理王承办（人事部承办人）办理" in chen.text
    chen.submit("签收")
    assert "由陈办公（代理王承办）办理" in browse("li").open(chen.path).text
    assert "陈办公（代理王承办）" in browse("li").open("/instances").click("修门").text
    # And the next one sees from whom it came
    chen.submit("报送", 事项名称="门", 经费="1", 理由="坏了")
    zhang = browse("zhang").open("/inbox")
    assert "来自陈办公（代理王承办）" in zhang.text
    assert "陈办公（代理王承办·人事部承办人）在“起草”办理后转来" in zhang.click("审核").text


def test_a_deputys_own_matter_is_closed_to_them_and_says_why(browse: Browse) -> None:
    # Given a clerk who started a matter and stands in for the head who is to check it
    task = hand_in(browse).path
    zhang = browse("zhang").open("/account")
    fields = {"由人代理的岗位": "人事部负责人", "代理人": "王承办", "起始日期": "2026-01-20", "截止日期": "2026-02-01"}
    zhang.press("授权代理", {**fields, "授权依据或者原因": WHY})
    wang = browse("wang").open("/inbox")
    assert "审核" not in wang.text
    wang.open(task)
    assert "不能由您代理办理" in wang.text
    assert not {"同意", "签收", "暂存"} & set(wang.buttons())
    # When they send it anyway, it is refused and what was typed is shown again
    zhang.open(task)
    path, data = zhang.prepared("同意", {"审核意见": "同意采购"})
    token = wang.open("/account").tree.xpath("//input[@name='csrf_token']/@value")[0]
    data["csrf_token"] = token
    wang.send((path, data))
    assert wang.status == 403
    assert "您自己发起、起草或者提交的" in wang.text and "同意采购" in wang.text


def test_a_right_that_ended_meanwhile_loses_nothing_typed(browse: Browse) -> None:
    before_the_leader(browse)
    zhao = away(browse)
    chen = browse("chen").open("/inbox").click("签批")
    sent = chen.prepared("同意", {"批示": "照办"})
    zhao.submit("撤销代理", confirmed=True)
    chen.send(sent)
    assert chen.status == 404
    assert "照办" in chen.text


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_page_works_at_the_keyboard_with_labels(browse: Browse) -> None:
    zhao = away(browse)
    for control in zhao.tree.xpath("//main//input[not(@type='hidden')] | //main//select"):
        assert zhao.tree.xpath("//label[@for=$id]", id=control.get("id")), control.get("name")
