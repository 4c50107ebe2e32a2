"""The numbers that the office sets, on their page: kept with bounds, nothing typed is lost, the second is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from engine import parameters, setup
from engine.ground.unit_of_work import SYSTEM, Parameter
from tests.databases import Databases
from tests.web.stage import Stage, check_page, prepare, set_up, tree_of

PAGE = "/organization/parameters"
STEP = Parameter("每一步", "个工作日", default=3, least=1, most=30, basis="机关惯例。")
MEETING = Parameter("会议登记", "个工作日", default=10, least=1, most=90, basis="决定上会后。")


@pytest.fixture
def stage(sqlite_databases: Databases, tmp_path: Path) -> Iterator[Stage]:
    with set_up(sqlite_databases.fresh(prepare), tmp_path) as stage:
        stage.engine.parameters.update(step_days=STEP, meeting_days=MEETING)
        yield stage


def save(stage: Stage, path: str = PAGE, **values: Any) -> TestResponse:
    given = {"step_days": "3", "meeting_days": "10", "revision": "0", "outcome": "save", **values}
    return stage.post("system", path, **given)


def kept(stage: Stage) -> dict[str, int]:
    with stage.engine.reading() as unit:
        return {item.name: item.value for item in parameters.listing(unit)}


def test_the_page_shows_each_with_its_default_its_bounds_and_what_it_rests_on(stage: Stage) -> None:
    shown = check_page(stage.get("system", PAGE))
    assert "每一步 必填 现在是 3，缺省 3，可填 1 到 30。机关惯例。" in shown
    assert "已经开始的待办，期限不变" in shown


def test_a_change_is_kept_and_says_who_made_it(stage: Stage) -> None:
    answer = save(stage, step_days="５")
    assert (answer.status_code, answer.location) == (303, "/organization")
    assert "已保存，改了 1 项。" in check_page(stage.get("system", "/organization"))
    assert kept(stage) == {"step_days": 5, "meeting_days": 10}
    shown = check_page(stage.get("system", PAGE))
    assert "现在是 5，缺省 3，可填 1 到 30。系统管理员2026年1月20日 09:00设定。" in shown
    save(stage, step_days="5", revision="1")
    assert "没有改动。" in check_page(stage.get("system", "/organization"))


@pytest.mark.parametrize(
    ("typed", "words"),
    [("31", "“每一步”不能大于 30。"), ("", "请填写“每一步”。"), ("两三天", "“每一步”应当是数字"), ("2.5", "不带小数")],
)
def test_what_cannot_be_is_refused_and_stays_on_the_page(stage: Stage, typed: str, words: str) -> None:
    answer = save(stage, step_days=typed, meeting_days="20")
    assert words in check_page(answer, 422)
    fields = {one.get("name"): one.get("value") for one in tree_of(answer).xpath("//main//input[@type='text']")}
    assert fields == {"step_days": typed, "meeting_days": "20"}
    assert kept(stage) == {"step_days": 3, "meeting_days": 10}


@pytest.mark.parametrize("revision", ["0", "", "x", "9" * 12])
def test_the_second_of_two_is_told_and_keeps_what_was_typed(stage: Stage, revision: str) -> None:
    save(stage, step_days="4")
    answer = save(stage, meeting_days="20", revision=revision)
    shown = check_page(answer, 409)
    assert "参数刚刚被别人改过" in shown
    assert "现在是 4" in shown
    fields = {one.get("name"): one.get("value") for one in tree_of(answer).xpath("//main//input")}
    assert (fields["meeting_days"], fields["revision"]) == ("20", "1")
    assert kept(stage)["meeting_days"] == 10


@pytest.mark.parametrize("who", ["staff", "drawer", "auditor"])
def test_the_page_is_the_system_administrators_alone(stage: Stage, who: str) -> None:
    assert stage.get(who, PAGE).status_code == 404
    assert stage.post(who, PAGE, step_days="4").status_code == 404


def test_a_house_without_parameters_says_so(stage: Stage) -> None:
    stage.engine.parameters.clear()
    assert "没有可以设定的参数。" in check_page(stage.get("system", PAGE))


def test_saving_on_the_way_of_the_four_steps_settles_the_step(stage: Stage) -> None:
    assert f'action="{PAGE}?from=setup"' in stage.get("system", f"{PAGE}?from=setup").get_data(as_text=True)
    assert save(stage, f"{PAGE}?from=setup").location == "/setup"
    with stage.engine.reading() as unit:
        assert setup.steps(unit)[3].state == "done"


def test_what_the_machine_set_has_no_name(stage: Stage) -> None:
    with stage.engine.transaction() as unit:
        parameters.change(unit, {"step_days": 7}, 0, SYSTEM)
    assert "可填 1 到 30。2026年1月20日 09:00设定。" in check_page(stage.get("system", PAGE))
