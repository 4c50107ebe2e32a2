"""The auditor's room: every instance, the verdict of every chain, the log of access; nobody else comes in."""

import json

import pytest
from sqlalchemy import update

from engine import accounts
from engine.core import anchors, history
from engine.ground import model
from engine.ground.errors import NotAllowed
from engine.ground.unit_of_work import Actor
from tests.web.stage import Stage, check_page, text_of

PATHS = ("/audit", "/audit/access", "/audit?verify=page")


def tamper(stage: Stage, instance_id: str, number: int) -> None:
    """Change a record behind the database's back: its guard is taken off first."""
    stream = f"instance:{instance_id}"
    stage.engine.watchers.clear()
    with stage.engine.transaction() as unit:
        connection = unit.connection
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
        for name in names:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        table = model.event
        forged = update(table).where(table.c.stream == stream, table.c.number == number)
        connection.execute(forged.values(payload=b'{"title":"forged"}'))


def access_kinds(stage: Stage) -> list[str]:
    with stage.engine.reading() as unit:
        return [event.kind for event in history.read(unit.connection, "access")]


@pytest.mark.parametrize("who", ["staff", "drawer", "system"])
def test_only_auditors_come_in(stage: Stage, who: str) -> None:
    for path in PATHS:
        assert stage.get(who, path).status_code == 404
    assert stage.post(who, "/audit/verify").status_code == 404


def test_an_auditor_comes_into_no_other_room(stage: Stage) -> None:
    stage.start()
    for path in ("/processes/errand", "/processes/errand/edit", "/processes/new", "/organization/accounts"):
        assert stage.get("auditor", path).status_code == 404
    assert "修改跑腿" not in check_page(stage.get("auditor", "/processes"))


def test_every_instance_is_found_by_title_and_state(stage: Stage) -> None:
    # Given two errands of somebody else
    stage.start("修门")
    stage.start("擦窗")
    # Then the auditor finds both, or one by its title
    every = check_page(stage.get("auditor", "/audit"))
    assert "跑腿·修门" in every
    assert "跑腿·擦窗" in every
    assert "跑腿·擦窗" not in check_page(stage.get("auditor", "/audit?text=修门"))
    assert "没有找到事项。" in check_page(stage.get("auditor", "/audit?state=cancelled"))


def test_verdicts_are_given_on_demand(stage: Stage) -> None:
    # Given two errands of which one was tampered with
    stage.start("擦窗")
    instance_id = stage.start("修门")
    assert "校验 “跑腿·修门”" in check_page(stage.get("auditor", "/audit"))
    assert "完整" not in check_page(stage.get("auditor", "/audit"))
    tamper(stage, instance_id, 2)
    # Then the row says at which record, the other is whole
    shown = check_page(stage.get("auditor", f"/audit?verify={instance_id}"))
    assert "不一致 第2条记录与校验值不一致" in shown
    assert "完整" not in shown
    assert "完整" in check_page(stage.get("auditor", "/audit?verify=page"))
    assert "不一致 第2条记录与校验值不一致" in check_page(stage.get("auditor", f"/instances/{instance_id}"))


def test_all_chains_are_verified_by_a_button(stage_on_both: Stage) -> None:
    # Given an office with some history, on either database
    stage = stage_on_both
    stage.start()
    assert "跑腿·修门" in check_page(stage.get("auditor", "/audit?verify=page"))
    check_page(stage.get("auditor", "/audit/access"))
    with stage.engine.reading() as unit:
        chains = len(list(history.streams(unit.connection)))
    # When everything is verified
    shown = check_page(stage.post("auditor", "/audit/verify"))
    # Then the counts are told, and the verifying is on record
    assert f"全部完整：{chains} 条链" in shown
    assert access_kinds(stage)[-1] == "chains-verified"


def test_a_break_in_any_chain_is_named(stage: Stage) -> None:
    instance_id = stage.start()
    tamper(stage, instance_id, 3)
    shown = check_page(stage.post("auditor", "/audit/verify"))
    assert "有 1 条链不一致" in shown
    assert "事项“跑腿·修门”：第3条记录与校验值不一致" in shown


def test_what_differs_from_an_anchor_is_named_with_the_chains(stage: Stage) -> None:
    # Given an anchor that knows more of an errand than the chain has, and a file that is none
    instance_id = stage.start()
    with stage.engine.transaction() as unit:
        path = anchors.drop(unit)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["heads"][f"instance:{instance_id}"] = [99, "0" * 64]
    path.write_text(json.dumps(content), encoding="utf-8")
    (path.parent / "cut.json").write_bytes(b"{")
    # Then the page tells both, in words
    shown = check_page(stage.post("auditor", "/audit/verify"))
    assert "有 0 条链不一致；与锚定相比，有 3 处不一致" in shown
    assert "事项“跑腿·修门”：2026年1月20日锚定时的第99条记录" in shown
    assert "锚定文件 cut.json 读不出来" in shown


def test_the_log_of_access_says_who_came_who_was_refused_and_what_auditors_read(stage: Stage) -> None:
    # Given a wrong password, an unknown name, and an auditor who looked at an errand
    for login in ("staff", "nobody"):
        with pytest.raises(NotAllowed):
            accounts.sign_in(stage.engine, login, "wrong", "10.0.0.7")
    instance_id = stage.start()
    stage.get("auditor", f"/instances/{instance_id}")
    stage.get("auditor", "/audit?text=修门")
    # When the log is opened
    shown = check_page(stage.get("auditor", "/audit/access"))
    # Then each stands there in words
    assert "承办人甲（staff） 登录被拒绝：密码不对 10.0.0.7" in shown
    assert "没有这个登录名 登录被拒绝：登录名不存在 10.0.0.7" in shown
    assert "审计管理员 查看事项“跑腿·修门” 127.0.0.1" in shown
    assert "审计管理员 查找事项“修门”" in shown
    assert "nobody" not in shown
    # And so does the opening itself
    assert "审计管理员 查看访问日志" in check_page(stage.get("auditor", "/audit/access"))


def test_what_auditors_read_does_not_disturb_signing_in(stage: Stage) -> None:
    # Given readings in the log where failed sign-ins are counted
    stage.get("auditor", "/audit")
    with pytest.raises(NotAllowed):
        accounts.sign_in(stage.engine, "staff", "wrong", "10.0.0.7")
    assert access_kinds(stage) == ["audit-searched", "sign-in-refused"]


def test_the_log_is_turned_over_page_by_page(stage: Stage) -> None:
    # Given more readings than fit a page
    with stage.engine.transaction() as unit:
        for _ in range(120):
            history.record(unit, "access", "audit-searched", Actor(stage.persons["auditor"]), {}, account=None)
    # Then the page leads to the older ones
    first = stage.get("auditor", "/audit/access")
    assert "下一页" in check_page(first)
    older = text_of(stage.get("auditor", "/audit/access?before=21"))
    assert older.count("查找事项") == 20
    assert "下一页" not in older
    assert "回到第一页" in older
    check_page(stage.get("auditor", "/audit/access?before=nonsense"))
