"""The lists that are a person's own, and notices."""

from datetime import timedelta
from types import ModuleType

import pytest
from flask import Flask

from engine import accounts, instances
from engine.core import notices
from engine.ground.unit_of_work import Actor
from tests.web import errands
from tests.web.browsing import Browse
from web import inbox
from web import instances as matters
from web import notices as room


def person_of(app: Flask, login: str) -> str:
    """Give the id of a person."""
    with errands.engine_of(app).reading() as unit:
        return next(item.person_id for item in accounts.listing(unit) if item.login == login)


def start_many(app: Flask, count: int, minutes: int = 1) -> None:
    """Start some errands, a minute after each other."""
    actor = Actor(person_of(app, "wang"))
    for number in range(count):
        with errands.engine_of(app).transaction() as unit:
            instances.start(unit, "errand", actor, {"subject": f"第{number:02}件"})
        errands.clock_of(app).advance(timedelta(minutes=minutes))


def test_an_empty_inbox_says_so(browse: Browse) -> None:
    visit = browse("wang").open("/inbox")
    assert "现在没有待办" in visit.text
    assert visit.title == "待办 - 岁序"


def test_a_long_inbox_is_turned_page_by_page_and_nothing_is_lost(
    app: Flask, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PAGE", 4)
    start_many(app, 10)
    visit = browse("wang").open("/inbox")
    assert "共 10 件" in visit.text
    seen = visit.links("起草")
    while "下一页" in visit.links():
        visit.click("下一页")
        seen += visit.links("起草")
    assert seen == [f"办事：第{number:02}件：起草" for number in range(10)]
    assert visit.click("回到第一页").path == "/inbox"


@pytest.mark.parametrize(("path", "listed"), [("/done", inbox), ("/started", inbox), ("/instances", matters)])
def test_lists_of_the_past_are_turned_too_and_skip_nothing_of_one_moment(
    app: Flask, browse: Browse, monkeypatch: pytest.MonkeyPatch, path: str, listed: ModuleType
) -> None:
    monkeypatch.setattr(listed, "PAGE", 2)
    start_many(app, 3, minutes=0)
    wang = browse("wang")
    for _number in range(3):
        wang.open("/inbox").click("起草").submit("签收").submit("报送", 事项名称="事")
    wang.open(path)
    first = wang.links("办事：")
    assert len(first) == 2
    second = wang.click("下一页").links("办事：")
    assert len(second) == 1
    assert not set(first) & set(second)


def test_an_address_that_was_tampered_with_is_the_first_page(app: Flask, browse: Browse) -> None:
    start_many(app, 1)
    visit = browse("wang")
    for path in (
        "/inbox?after=x",
        "/inbox?after=2026~",
        "/inbox?after=~x",
        "/done?before=x",
        "/started?before=9",
        "/notices?before=x",
    ):
        assert visit.open(path).status == 200


def test_a_claimed_task_leaves_the_colleagues_inbox(app: Flask, browse: Browse) -> None:
    start_many(app, 1)
    li = browse("li").open("/inbox")
    assert "未签收" in li.text
    wang = browse("wang").open("/inbox").click("起草").submit("签收").open("/inbox")
    assert "已签收" in wang.text
    assert "现在没有待办" in li.open("/inbox").text


def test_what_one_started_is_listed_and_can_be_started_again(app: Flask, browse: Browse) -> None:
    start_many(app, 1)
    visit = browse("wang").open("/started")
    assert "办理中" in visit.text
    assert visit.click("办事流程").path == "/processes/errand/start"
    assert "可以发起" not in browse("chen").open("/started").text


def tell(app: Flask, login: str, key: str) -> None:
    """Put a notice before a person."""
    person_id = person_of(app, login)
    with errands.engine_of(app).transaction() as unit:
        notices.tell(unit, key, person_id, "test", f"通知{key}", "正文\n第二行", "/inbox")


def test_notices_are_read_one_by_one_and_all_at_once(app: Flask, browse: Browse) -> None:
    for key in "甲乙丙":
        tell(app, "wang", key)
    visit = browse("wang").open("/notices")
    assert "3 条未读" in visit.text
    assert visit.submit("标为已读：通知甲").statuses == [303, 200]
    assert "2 条未读" in visit.text
    assert visit.submit("查看：通知乙").path == "/inbox"
    visit.open("/notices").submit("全部标为已读")
    assert "未读" not in visit.text


def test_long_notices_are_turned_and_one_that_is_read_keeps_the_page(
    app: Flask, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given five notices of the same moment, two a page
    monkeypatch.setattr(room, "PAGE", 2)
    for key in "甲乙丙丁戊":
        tell(app, "wang", key)
    visit = browse("wang").open("/notices").click("下一页")
    shown = [key for key in "甲乙丙丁戊" if f"通知{key} 未读" in visit.text]
    assert len(shown) == 2
    # When one of the second page is read
    visit.submit(f"标为已读：通知{shown[0]}")
    # Then one is still there, and every one is read by one button
    assert "已标为已读。" in visit.text
    assert f"通知{shown[1]} 未读" in visit.text
    visit.submit("全部标为已读")
    assert "未读" not in visit.text
    assert "未读" not in visit.click("下一页").click("下一页").text


def test_nobody_reads_another_ones_notices(app: Flask, browse: Browse) -> None:
    tell(app, "wang", "甲")
    wang, li = browse("wang").open("/notices"), browse("li").open("/notices")
    assert "没有通知。" in li.text
    path, data = wang.prepared("标为已读：通知甲")
    data["csrf_token"] = li.tree.xpath("//input[@name='csrf_token']/@value")[0]
    assert li.send((path, data)).status == 404


def test_a_notice_never_leads_out_of_the_house(app: Flask, browse: Browse) -> None:
    tell(app, "wang", "甲")
    visit = browse("wang").open("/notices")
    path, data = visit.prepared("查看：通知甲")
    data["open"] = "//evil.example"
    assert visit.send((path, data)).path == "/notices"
