"""When two people press a button in the same moment one of them is first, the other is told, and nothing is broken.

Each act is a request of its own, in a thread of its own, over the whole app.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Barrier
from typing import Any

from flask import Flask
from openpyxl import Workbook
from sqlalchemy import func, select, update

from engine import accounts, erasures, instances
from engine.core import history
from engine.core.attempts import FAILURES
from engine.ground import model
from tests.web import errands
from tests.web.browsing import Browse, Visit
from tests.web.errands import engine_of
from tests.web.test_tasks import hand_in, start

WAIT = 120
Prepared = tuple[str, Any]


def at_once(*acts: tuple[Visit, Prepared]) -> list[Visit]:
    """Send what was prepared, all in the same moment; give the browsers as they stand then."""
    gate = Barrier(len(acts))

    def send(act: tuple[Visit, Prepared]) -> Visit:
        gate.wait(timeout=WAIT)
        return act[0].send(act[1])

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result(timeout=WAIT) for each in [pool.submit(send, act) for act in acts]]


def firsts(visits: Sequence[Visit]) -> list[int]:
    """Give the status that each got at first, before it was led on."""
    return sorted(visit.statuses[0] for visit in visits)


def count(app: Flask, table: Any, *where: Any) -> int:
    with engine_of(app).reading() as unit:
        query = select(func.count()).select_from(table).where(*where)
        return int(unit.connection.execute(query).scalar_one())


def pair(browse: Browse, login: str, path: str) -> list[Visit]:
    """Open the same page in two browsers of one person."""
    return [browse(login).open(path) for _ in range(2)]


# Matters and tasks


def test_one_matter_is_started_once(app: Flask, browse: Browse) -> None:
    visits = [browse(login).open("/processes/errand/start") for login in ("wang", "li", "wang", "li")]
    at_once(*[(visit, visit.prepared("发起", {"事由": "同一件事"})) for visit in visits])
    assert firsts(visits) == [303, 422, 422, 422]
    assert all("已经在办理" in visit.text for visit in visits if visit.status == 422)
    assert all(visit.value("事由") == "同一件事" for visit in visits if visit.status == 422)
    assert count(app, model.instance) == 1


def test_a_task_is_claimed_once(app: Flask, browse: Browse) -> None:
    path = browse("wang").open("/processes/errand/start").submit("发起", 事由="采购").path
    visits = [browse(login).open(path) for login in ("wang", "li", "wang", "li")]
    visits = [visit.open("/inbox").click("起草") for visit in visits]
    at_once(*[(visit, visit.prepared("签收")) for visit in visits])
    assert firsts(visits) == [303, 409, 409, 409]


def test_a_task_is_done_once_and_what_the_other_typed_is_shown(app: Flask, browse: Browse) -> None:
    path = start(browse).path
    visits = pair(browse, "wang", path)
    typed = [{"事项名称": f"纸张{number}", "经费": "100", "理由": "用完了"} for number in range(2)]
    at_once(*[(visit, visit.prepared("报送", fields)) for visit, fields in zip(visits, typed, strict=True)])
    assert firsts(visits) == [303, 409]
    loser = next(number for number, visit in enumerate(visits) if visit.status == 409)
    assert f"纸张{loser}" in visits[loser].text
    assert count(app, model.task, model.task.c.name == "审核") == 1


def test_saving_and_handing_in_at_once_leave_one_of_them(app: Flask, browse: Browse) -> None:
    saver, sender = pair(browse, "wang", start(browse).path)
    sent = sender.prepared("报送", {"事项名称": "纸张", "经费": "100", "理由": "用完了"})
    at_once((saver, saver.prepared("暂存", {"理由": "还没写完"})), (sender, sent))
    assert firsts([saver, sender]) == [303, 409]
    assert count(app, model.draft) == (saver.statuses[0] == 303)


def test_cancelling_meets_completing(app: Flask, browse: Browse) -> None:
    path = start(browse).path
    sender, canceller = browse("wang").open(path), browse("wang").open(path)
    canceller.open(canceller.tree.xpath("//a[contains(@href, '/instances/')]/@href")[0])
    sent = sender.prepared("报送", {"事项名称": "纸张", "经费": "100", "理由": "用完了"})
    cancelled = canceller.prepared("撤销", {"reason": "不办了", "confirmed": True})
    at_once((sender, sent), (canceller, cancelled))
    assert canceller.statuses[0] == 303
    assert sender.statuses[0] in (303, 409)
    assert count(app, model.instance, model.instance.c.state == "cancelled") == 1
    assert count(app, model.inbox) == 0
    done = count(app, model.task, model.task.c.state == "completed")
    assert done == (sender.statuses[0] == 303)


def test_taking_back_meets_taking_on(app: Flask, browse: Browse) -> None:
    zhang = hand_in(browse)
    wang = browse("wang").open("/done").click("起草")
    back, on = wang.prepared("撤回"), zhang.prepared("同意", {"审核意见": "同意"})
    at_once((wang, back), (zhang, on))
    assert firsts([wang, zhang]) == [303, 409]
    assert count(app, model.task, model.task.c.state == "open") == 1


# Processes


def test_of_two_who_publish_one_does(app: Flask, browse: Browse) -> None:
    visits = pair(browse, "process", "/processes/errand/edit")
    sources = [visit.value("source").replace('name="起草"', f'name="起草{n}"') for n, visit in enumerate(visits)]
    at_once(*[(v, v.prepared("发布", {"source": s})) for v, s in zip(visits, sources, strict=True)])
    assert firsts(visits) == [303, 409]
    loser = next(number for number, visit in enumerate(visits) if visit.status == 409)
    assert visits[loser].value("source") == sources[loser]
    assert count(app, model.definition, model.definition.c.key == "errand") == 2


def test_of_two_who_save_a_drawing_one_does_and_the_other_keeps_it_on_the_page(app: Flask, browse: Browse) -> None:
    visits = pair(browse, "process", "/processes/errand/edit")
    sources = [visit.value("source").replace('name="起草"', f'name="起草{n}"') for n, visit in enumerate(visits)]
    at_once(*[(v, v.prepared("保存草稿", {"source": s})) for v, s in zip(visits, sources, strict=True)])
    assert firsts(visits) == [303, 409]
    loser = next(number for number, visit in enumerate(visits) if visit.status == 409)
    assert visits[loser].value("source") == sources[loser]


def test_publishing_meets_saving_and_what_was_saved_is_still_there(app: Flask, browse: Browse) -> None:
    visits = pair(browse, "process", "/processes/errand/edit")
    sources = [visit.value("source").replace('name="起草"', f'name="起草{n}"') for n, visit in enumerate(visits)]
    acts = [
        visit.prepared(press, {"source": s})
        for visit, press, s in zip(visits, ("发布", "保存草稿"), sources, strict=True)
    ]
    at_once(*zip(visits, acts, strict=True))
    publisher, saver = visits
    assert (publisher.statuses[0], saver.statuses[0]) in ((303, 303), (303, 409), (409, 303))
    assert count(app, model.draft) == (saver.statuses[0] == 303)


def test_publishing_meets_discarding(app: Flask, browse: Browse) -> None:
    first = browse("process").open("/processes/errand/edit")
    first.press("保存草稿", {"source": first.value("source").replace('name="起草"', 'name="拟写"')})
    publisher, discarder = pair(browse, "process", "/processes/errand/edit")
    at_once((publisher, publisher.prepared("发布")), (discarder, discarder.prepared("丢弃草稿")))
    assert {*firsts([publisher, discarder])} <= {303, 404, 409}
    assert count(app, model.draft) == 0


# People


def staff_list(*logins: str) -> bytes:
    book, content = Workbook(), BytesIO()
    sheet = book.worksheets[0]
    sheet.append([
        "单位编码", "单位名称", "单位类别", "岗位编码", "岗位名称", "岗位类别", "姓名", "工号", "登录名", "任职日期",
    ])  # fmt: skip
    for login in logins:
        row = ["new", "新单位", "department", "staff", "承办人", "staff", f"新人{login}", login, login, "2024-01-01"]
        sheet.append(row)
    book.save(content)
    return content.getvalue()


def test_two_lists_brought_in_at_once_double_nobody(app: Flask, browse: Browse) -> None:
    visits = pair(browse, "system", "/organization/import")
    content = staff_list("new1", "new2", "new3")
    at_once(*[(visit, visit.prepared("导入", {"file": ("名单.xlsx", content)})) for visit in visits])
    assert {*firsts(visits)} <= {200, 409, 422}
    assert 200 in firsts(visits)
    assert count(app, model.unit, model.unit.c.code == "new") == 1
    assert count(app, model.person, model.person.c.name.startswith("新人")) == 3
    assert count(app, model.account, model.account.c.login.startswith("new")) == 3
    holders = select(model.person.c.id).where(model.person.c.name.startswith("新人"))
    assert count(app, model.holding, model.holding.c.person_id.in_(holders)) == 3


def test_a_unit_of_one_code_is_made_once(app: Flask, browse: Browse) -> None:
    visits = pair(browse, "system", "/organization/change/add-unit")
    fields: dict[str, str | bool] = {"code": "new", "name": "新单位", "kind": "department"}
    at_once(*[(visit, _send_all(visit, fields)) for visit in visits])
    assert firsts(visits) in ([303, 409], [303, 422])
    assert count(app, model.unit, model.unit.c.code == "new") == 1


def _send_all(visit: Visit, fields: dict[str, str | bool]) -> Prepared:
    """Fill in the one form of a page and press its button, whatever that is called."""
    button = visit.tree.xpath("//main//form//button[not(@type) or @type='submit']")[0]
    return visit.request_of(button, fields)


def test_of_two_system_administrators_who_close_each_other_one_stays(app: Flask, browse: Browse) -> None:
    # Given a second system administrator
    engine = engine_of(app)
    with engine.transaction() as unit:
        unit.connection.execute(update(model.account).where(model.account.c.login == "audit").values(roles=["system"]))
        known = {item.login: item for item in accounts.listing(unit)}
    first, second = browse("system"), browse("audit")
    first.open(f"/organization/accounts/{known['audit'].id}")
    second.open(f"/organization/accounts/{known['system'].id}")
    # When each closes the other's account
    at_once((first, first.prepared("停用账号")), (second, second.prepared("停用账号")))
    # Then one is left who can open it again
    with engine.reading() as unit:
        left = [item for item in accounts.listing(unit) if "system" in item.roles and not item.disabled]
    assert len(left) == 1
    assert {*firsts([first, second])} <= {303, 401, 403, 404}


# Signing in


def test_of_two_new_passwords_one_counts(app: Flask, browse: Browse) -> None:
    visits = pair(browse, "wang", "/account")
    words = ["Quite-New-2026", "Another-New-2026"]
    fields = [{"old": errands.PASSWORD, "new": word, "again": word} for word in words]
    at_once(*[(visit, visit.prepared("修改密码", each)) for visit, each in zip(visits, fields, strict=True)])
    # The other one's session has ended, the password changed meanwhile, or the old one is wrong by now.
    assert {*firsts(visits)} <= {303, 401, 409, 422}
    assert firsts(visits).count(303) == 1
    doors = [browse().open("/login").submit("登录", login="wang", password=word).status for word in words]
    assert sorted(doors) == [200, 422]


def test_guesses_made_at_once_are_all_counted(app: Flask, browse: Browse) -> None:
    visits = [browse().open("/login") for _ in range(10)]
    at_once(*[(visit, visit.prepared("登录", {"login": "wang", "password": "nonsense"})) for visit in visits])
    assert firsts(visits) == [422] * 10
    with engine_of(app).reading() as unit:
        events = history.read(unit.connection, "access")
    reasons = [str((event.payload or {}).get("reason")) for event in events]
    assert (reasons.count("password"), reasons.count("locked")) == (FAILURES, 10 - FAILURES)
    assert browse().open("/login").submit("登录", login="wang", password=errands.PASSWORD).status == 422


def test_signing_in_meets_being_closed(app: Flask, browse: Browse) -> None:
    system = browse("system")
    with engine_of(app).reading() as unit:
        account = next(item for item in accounts.listing(unit) if item.login == "wang")
    system.open(f"/organization/accounts/{account.id}")
    door = browse().open("/login")
    sent = door.prepared("登录", {"login": "wang", "password": errands.PASSWORD})
    at_once((door, sent), (system, system.prepared("停用账号")))
    door.login = ""
    assert door.open("/inbox").path.startswith("/login")
    assert count(app, model.session, model.session.c.account_id == account.id) == 0


# The record


def test_one_event_is_erased_once(app: Flask, browse: Browse) -> None:
    path = start(browse).tree.xpath("//a[contains(@href, '/instances/')]/@href")[0].partition("#")[0]
    instance = path.rpartition("/")[2]
    engine = engine_of(app)
    with engine.transaction() as unit:
        guard = update(model.account).where(model.account.c.login == "audit").values(roles=["security"])
        unit.connection.execute(guard)
    visits = pair(browse, "audit", f"/erasures/instance:{instance}/1")
    fields: dict[str, str | bool] = {"authority": "个人信息保护法第四十七条", "reason": "当事人要求", "confirmed": True}
    at_once(*[(visit, _send_all(visit, fields)) for visit in visits])
    assert {*firsts(visits)} <= {303, 409, 422}
    assert firsts(visits).count(303) == 1
    with engine.reading() as unit:
        assert len(erasures.listing(unit)) == 1
        assert instances.verify(unit, instance).whole


def test_many_people_at_many_things_at_once(app: Flask, browse: Browse) -> None:
    """Nobody is refused who is not in anybody's way."""
    visits = [browse("wang").open("/processes/errand/start") for _ in range(4)]
    starting = [(visit, visit.prepared("发起", {"事由": f"第{n}件"})) for n, visit in enumerate(visits)]
    noticing = [(visit := browse("li").open("/notices"), visit.prepared("退出登录")) for _ in range(2)]
    drawing = [(visit := browse("process").open("/processes/errand/edit"), visit.prepared("检查"))]
    asking = [(visit := browse("system").open("/organization/change/add-person"), _send_all(visit, {"name": "新同事"}))]
    done = at_once(*starting, *noticing, *drawing, *asking)
    assert {visit.statuses[0] for visit in done} <= {200, 303}
    assert count(app, model.instance) == 4
