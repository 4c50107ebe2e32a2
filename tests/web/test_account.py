"""Signing in and out, one's own account."""

from datetime import timedelta

import pytest
from flask import Flask

from engine import accounts, people
from engine.ground.unit_of_work import SYSTEM
from tests.web import errands
from tests.web.browsing import Browse
from web.session import is_local

NAVIGATION = "//nav[@aria-label='主导航']//a"


def test_nobody_sees_anything_without_signing_in(browse: Browse) -> None:
    visit = browse()
    for path in ("/", "/inbox", "/done", "/started", "/notices", "/account", "/tasks/x", "/processes", "/audit"):
        visit.open(path)
        assert visit.path.startswith("/login")
    assert visit.status == 200
    assert "本系统不处理涉密信息" in visit.text


def test_whoever_was_sent_to_the_door_goes_on_to_where_they_wanted(app: Flask, browse: Browse) -> None:
    visit = browse().open("/notices")
    visit.submit("登录", login="wang", password=errands.PASSWORD)
    assert visit.path == "/notices"


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/a\nb", ""]
)
def test_nobody_is_sent_out_of_the_house(path: str, browse: Browse) -> None:
    assert not is_local(path)
    visit = browse()
    visit.client.get("/login")
    visit._show(visit.client.get("/login", query_string={"next": path}), "/login")
    visit.submit("登录", login="wang", password=errands.PASSWORD)
    assert visit.path == "/inbox"


def test_a_wrong_password_keeps_the_name_and_tells_nothing_more(browse: Browse) -> None:
    visit = browse().open("/login")
    wrong = visit.submit("登录", login="wang", password="nonsense").errors
    assert visit.status == 422
    assert visit.value("登录名") == "wang"
    assert visit.value("密码") == ""
    assert visit.submit("登录", login="nobody", password="nonsense").errors == wrong


def test_nothing_typed_is_told_as_such(browse: Browse) -> None:
    visit = browse().open("/login").submit("登录")
    assert visit.status == 422
    assert "请填写登录名。" in visit.errors
    assert "请填写密码。" in visit.errors


def test_five_wrong_passwords_lock_the_account_for_a_while(app: Flask, browse: Browse) -> None:
    visit = browse().open("/login")
    for _attempt in range(5):
        visit.submit("登录", login="wang", password="nonsense")
    visit.submit("登录", login="wang", password=errands.PASSWORD)
    assert visit.status == 422
    assert "停用30分钟" in visit.errors
    errands.clock_of(app).advance(timedelta(minutes=31))
    visit.submit("登录", login="wang", password=errands.PASSWORD)
    assert visit.path == "/inbox"


def test_the_door_takes_pasted_passwords_and_managers(browse: Browse) -> None:
    door = browse().open("/login").tree
    assert door.xpath("//input[@name='login']/@autocomplete") == ["username"]
    assert door.xpath("//input[@name='password']/@autocomplete") == ["current-password"]
    assert not door.xpath("//*[@onpaste]")


def test_signing_out_ends_the_session(browse: Browse) -> None:
    visit = browse("wang")
    visit.submit("退出登录")
    assert visit.flash == "您已退出登录。"
    visit.login = ""
    assert visit.open("/inbox").path.startswith("/login")


def test_half_an_hour_without_doing_anything_ends_the_session(app: Flask, browse: Browse) -> None:
    visit = browse("wang")
    assert "如无操作，登录保持到 09:30。" in visit.text
    errands.clock_of(app).advance(timedelta(minutes=29))
    visit.click("延长登录")
    assert "登录保持到 09:59" in visit.flash
    errands.clock_of(app).advance(timedelta(minutes=29))
    assert visit.open("/inbox").path == "/inbox"
    errands.clock_of(app).advance(timedelta(minutes=31))
    visit.login = ""
    assert visit.open("/inbox").path == "/login?next=/inbox"


def test_what_was_typed_survives_a_session_that_ended(app: Flask, browse: Browse) -> None:
    visit = browse("wang").open("/processes/errand/start")
    errands.clock_of(app).advance(timedelta(minutes=31))
    visit.submit("发起", 事由="写了半小时")
    assert visit.status == 401
    assert "写了半小时" in visit.text
    visit.click("去登录")
    assert visit.status == 200


def test_a_first_password_is_changed_before_anything_else(app: Flask, browse: Browse) -> None:
    with errands.engine_of(app).transaction() as unit:
        person_id = people.add_person(unit, "新同事", SYSTEM)
        accounts.create(unit, person_id, "new", "First-Word-2026", [], SYSTEM)
    visit = browse().open("/login").submit("登录", login="new", password="First-Word-2026")
    assert visit.path == "/account"
    assert "请先修改" in visit.text
    assert visit.open("/inbox").path == "/account"
    visit.submit("修改密码", old="First-Word-2026", new="short", again="short")
    assert visit.status == 422
    assert "密码至少12个字符" in visit.errors
    visit.submit("修改密码", old="First-Word-2026", new="Second-Word-2026", again="Another-2026")
    assert "两次填写的新密码不一样" in visit.errors
    visit.submit("修改密码", old="First-Word-2026", new="Second-Word-2026", again="Second-Word-2026")
    assert "密码已修改" in visit.flash
    assert visit.open("/inbox").path == "/inbox"


def test_a_security_administrator_begins_where_their_work_is(app: Flask, browse: Browse) -> None:
    with errands.engine_of(app).transaction() as unit:
        person_id = people.add_person(unit, "安全员", SYSTEM)
        accounts.create(unit, person_id, "guard", "First-Word-2026", ["security"], SYSTEM)
    visit = browse().open("/login").submit("登录", login="guard", password="First-Word-2026")
    visit.submit("修改密码", old="First-Word-2026", new="Second-Word-2026", again="Second-Word-2026")
    assert visit.path == "/erasures"
    # And every way back leads there
    assert visit.open("/").path == "/erasures"
    assert visit.open("/incidents").click("回到首页").path == "/erasures"


def test_a_new_password_ends_every_other_session(browse: Browse) -> None:
    here, there = browse("wang"), browse("wang")
    here.open("/account").submit("修改密码", old=errands.PASSWORD, new="Quite-New-2026", again="Quite-New-2026")
    there.login = ""
    assert there.open("/inbox").path.startswith("/login")
    assert here.open("/inbox").path == "/inbox"


def test_a_closed_account_is_out_at_once(app: Flask, browse: Browse) -> None:
    visit = browse("wang")
    with errands.engine_of(app).transaction() as unit:
        account = next(item for item in accounts.listing(unit) if item.login == "wang")
        accounts.disable(unit, account.id, SYSTEM)
    visit.login = ""
    assert visit.open("/inbox").path.startswith("/login")


def test_the_account_shows_posts_and_sign_ins(browse: Browse) -> None:
    browse().open("/login").submit("登录", login="wang", password="nonsense")
    visit = browse("wang").open("/account")
    assert "人事部承办人" in visit.text
    assert "127.0.0.1" in visit.text
    assert "未成功" in visit.text


def test_the_demo_lets_people_change_roles_with_one_click(app: Flask, browse: Browse) -> None:
    app.config.update(DEMO=True, DEMO_PASSWORD=errands.PASSWORD)
    visit = browse().open("/login")
    assert "演示：今天是 2026年1月20日。" in visit.text
    visit.submit("进入：赵组长")
    assert visit.path == "/inbox"
    assert "赵组长" in visit.text


def test_outside_the_demo_nobody_gets_in_by_its_buttons(app: Flask, browse: Browse) -> None:
    visit = browse().open("/login")
    assert visit.buttons() == ["登录"]
    prepared = visit.prepared("登录")
    prepared[1]["demo"] = "wang"
    assert visit.send(prepared).status == 422


@pytest.mark.parametrize(("login", "links"), [
    ("wang", ["待办", "已办", "我发起的", "事项", "通知"]),
    ("process", ["待办", "已办", "我发起的", "事项", "通知", "流程", "异常"]),
    ("audit", ["通知", "审计"]),
    ("system", ["通知", "组织和账号"]),
])  # fmt: skip
def test_everyone_is_led_to_their_own_rooms(browse: Browse, login: str, links: list[str]) -> None:
    visit = browse(login)
    shown = ["".join(link.itertext()).split()[0] for link in visit.tree.xpath(NAVIGATION)]
    assert [text.rstrip("0123456789件") for text in shown] == links
    for href in visit.tree.xpath(f"{NAVIGATION}/@href"):
        assert visit.open(href).status == 200
