"""A task's page and its acts, by a person who only sees pages."""

from flask import Flask

from tests.web.browsing import Browse, Visit


def start(browse: Browse, subject: str = "采购纸张") -> Visit:
    """Start an errand; the clerk stands before the task of drafting, claimed."""
    visit = browse("wang").open("/processes/errand/start").submit("发起", 事由=subject)
    assert visit.status == 200, visit.text
    visit.open("/inbox").click("起草")
    return visit.submit("签收")


def test_an_errand_goes_from_start_to_end_through_pages(app: Flask, browse: Browse) -> None:
    wang = start(browse)
    assert "写明要办的事情。" in wang.text
    wang.submit("报送", 事项名称="纸张", 经费="100", 理由="用完了")
    assert wang.statuses == [303, 200], wang.text
    assert "下一步：“审核”（人事部负责人）" in wang.flash
    zhang = browse("zhang").open("/inbox").click("审核")
    assert "王承办（人事部承办人）" in zhang.text
    assert "用完了" in zhang.text
    zhang.submit("同意", 审核意见="同意采购")
    assert "下一步：“签批”（领导小组组长）" in zhang.flash
    zhao = browse("zhao").open("/inbox").click("签批")
    assert "同意采购" in zhao.text
    zhao.submit("同意")
    assert "这个事项已经办结" in zhao.flash
