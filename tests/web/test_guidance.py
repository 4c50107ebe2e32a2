"""In a house where nothing runs yet, each is told by their role what comes next; later nobody is."""

from collections.abc import Iterator

import pytest

from engine import definitions, instances, people
from engine.ground.unit_of_work import SYSTEM, Actor
from tests.web.stage import Stage, check_page
from tests.web.test_setup import hire, open_house, stage
from workflows import publication

__all__ = ["stage"]
EMPTY = ("/inbox", "/started", "/instances")


@pytest.fixture
def house(stage: Stage) -> Iterator[Stage]:
    """Give a house with units and one of each."""
    open_house(stage)
    hire(stage, "staff", "hr.staff")
    hire(stage, "member", "group.member")
    hire(stage, "auditor", roles=("audit",))
    hire(stage, "guard", roles=("security",))
    yield stage


def told(house: Stage, login: str, path: str) -> str:
    return check_page(house.get(login, path))


def test_before_anything_is_published_everybody_is_told_who_publishes(house: Stage) -> None:
    for path in EMPTY:
        assert "请系统管理员先设业务管理员，再由业务管理员发布流程。" in told(house, "staff", path)
    hire(house, "drawer", roles=("process",))
    for path in (*EMPTY, "/processes"):
        assert "还没有发布流程，所以还没有事情可办。请业务管理员（drawer先生）发布流程。" in told(house, "staff", path)
    assert "请业务管理员（drawer先生）发布流程。" in told(house, "auditor", "/audit")
    for path in (*EMPTY, "/processes"):
        shown = told(house, "drawer", path)
        assert "随系统附带的流程可以直接采用，也可以自己画。 看随系统附带的流程" in shown
    shown = told(house, "admin", "/instances")
    assert "还没有发布流程，请业务管理员发布。 看首次启动的四步" in shown


def test_once_published_who_may_start_is_told_so(house: Stage) -> None:
    hire(house, "drawer", roles=("process",))
    assert house.post("drawer", "/processes/shipped").status_code == 303
    for path in ("/inbox", "/instances"):
        shown = told(house, "staff", path)
        assert "您可以发起" in shown
        assert "年度双拥工作计划编制" in shown
        assert "去发起" in shown
    for login in ("member", "drawer"):
        assert "等有关岗位发起以后，轮到您办的会出现在“待办”里。" in told(house, login, "/inbox")
    for login in ("auditor", "guard"):
        assert "流程已经发布，还没有人发起过事项。" in told(house, login, "/instances")
    assert "还没有启动过事项。 看首次启动的四步" in told(house, "admin", "/instances")


def test_once_something_was_started_nobody_is_told_anything(house: Stage) -> None:
    hire(house, "drawer", roles=("process",))
    house.post("drawer", "/processes/shipped")
    with house.engine.transaction() as unit:
        instances.start(unit, "annual_plan", Actor(house.persons["staff"]), {"year": 2026})
    assert "您可以发起" not in told(house, "member", "/inbox")
    assert "等有关岗位发起以后" not in told(house, "member", "/inbox")


# What came along


def test_the_processes_that_came_along_are_published_as_the_one_who_presses(house: Stage) -> None:
    hire(house, "drawer", roles=("process",))
    shown = told(house, "drawer", "/processes/shipped")
    assert shown.count("还没有发布") == len(publication.KEYS)
    assert house.post("drawer", "/processes/shipped").location == "/processes"
    assert "随系统附带的流程已发布。" in told(house, "drawer", "/processes")
    assert "drawer先生" in told(house, "drawer", "/processes/annual_plan")
    # And then there is nothing left to take over
    shown = told(house, "drawer", "/processes/shipped")
    assert "都已经发布，和附带的一样。" in shown
    assert "全部发布" not in shown


def test_a_process_that_was_changed_here_is_shown_as_different(house: Stage) -> None:
    hire(house, "drawer", roles=("process",))
    house.post("drawer", "/processes/shipped")
    with house.engine.transaction() as unit:
        newest = definitions.latest(unit, "archiving")
        source = newest.source.replace(b'name="', b'name="\xe6\x96\xb0', 1)
        definitions.publish(unit, source, newest.sources, Actor(house.persons["drawer"]))
    assert "和现在的第 2 版不同，发布会成为新的一版" in told(house, "drawer", "/processes/shipped")
    assert house.post("drawer", "/processes/shipped").status_code == 303
    with house.engine.reading() as unit:
        assert definitions.latest(unit, "archiving").version == 3
        assert definitions.latest(unit, "approval").version == 1


def test_a_house_without_posts_publishes_nothing(stage: Stage) -> None:
    hire(stage, "drawer", roles=("process",))
    for answer in (stage.get("drawer", "/processes/shipped"), stage.post("drawer", "/processes/shipped")):
        assert "还没有一个岗位" in check_page(answer, answer.status_code)
    assert answer.status_code == 422
    assert "还没有流程。" in told(stage, "drawer", "/processes")


def test_posts_that_are_not_there_are_named_and_nothing_is_published(stage: Stage) -> None:
    hire(stage, "drawer", roles=("process",))
    with stage.engine.transaction() as unit:
        people.add_unit(unit, "hr", "人事部", "department", SYSTEM)
        people.add_post(unit, "hr", "staff", "承办人", "staff", SYSTEM)
    assert "办理岗位“group_office.director”不存在。" in told(stage, "drawer", "/processes/shipped")
    shown = check_page(stage.post("drawer", "/processes/shipped"), 422)
    assert "请系统管理员在“组织”里增加" in shown
    assert "还没有流程。" in told(stage, "drawer", "/processes")


def test_what_came_along_is_the_business_administrators(house: Stage) -> None:
    for login in ("staff", "admin", "auditor"):
        assert house.get(login, "/processes/shipped").status_code == 404
        assert house.post(login, "/processes/shipped").status_code == 404
