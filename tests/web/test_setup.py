"""A house from nothing: where the first administrator is led, the four steps, the lists, who publishes."""

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from werkzeug.test import TestResponse

from engine import accounts, people, setup
from engine.ground.clock import ZONE, FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Actor
from tests.databases import Databases
from tests.web.stage import Stage, check_page, text_of
from web.app import create_app, create_engine
from workflows import blank_lists, organization

NOW = datetime(2026, 1, 20, 9, 0, tzinfo=ZONE)
PASSWORD = "Suixu-Test-2026"
NEW_PASSWORD = "Suixu-Other-2026"


@pytest.fixture
def stage(sqlite_databases: Databases, tmp_path: Path) -> Iterator[Stage]:
    """Open a house of which only the database and the first administrator were made."""
    url = sqlite_databases.fresh(migrate)
    clock = FixedClock(NOW)
    settings = Settings.from_environment({"SUIXU_DATA": str(tmp_path), "SUIXU_DATABASE_URL": url})
    engine = create_engine(settings, clock)
    app = create_app(settings, clock, engine)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    with engine.transaction() as unit:
        account = accounts.first_administrator(unit, "admin", PASSWORD)
        person = accounts.find(unit, account).person_id
    accounts.change_password(engine, account, PASSWORD, NEW_PASSWORD, Actor(person))
    with engine.reading() as unit:
        known = accounts.find(unit, account)
    yield Stage(engine, app, {"admin": person}, {"admin": known})
    engine.close()


def open_house(stage: Stage) -> None:
    """Bring in the units and posts of the blank list."""
    with stage.engine.reading() as unit:
        content = blank_lists.units(unit)
    organization.load(stage.engine, content, SYSTEM)


def hire(stage: Stage, login: str, *posts: str, roles: tuple[str, ...] = ()) -> None:
    """Take somebody in with an account."""
    with stage.engine.transaction() as unit:
        person = people.add_person(unit, f"{login}先生", SYSTEM)
        for post in posts:
            people.appoint(unit, person, post, NOW.date(), SYSTEM)
        initial = accounts.Initial(login, "", "no password signs in here", must_change=False)
        account = accounts.create_prepared(unit, person, initial, roles, SYSTEM)
        stage.accounts[login] = accounts.find(unit, account)
    stage.persons[login] = person


def states(stage: Stage) -> list[str]:
    with stage.engine.reading() as unit:
        return [step.state for step in setup.steps(unit)]


def sign_in(stage: Stage, login: str, password: str) -> TestResponse:
    return stage.app.test_client().post("/login", data={"login": login, "password": password})


# Where one is led


def test_the_first_administrator_is_led_to_the_four_steps_once_the_password_is_their_own(stage: Stage) -> None:
    # Given an account with its first password
    with stage.engine.transaction() as unit:
        person = people.add_person(unit, "另一名系统管理员", SYSTEM)
        accounts.create(unit, person, "second", PASSWORD, ["system"], SYSTEM)
    client = stage.app.test_client()
    answer = client.post("/login", data={"login": "second", "password": PASSWORD})
    assert answer.location == "/account"
    # When the password is changed
    answer = client.post("/account", data={"old": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD})
    # Then the four steps are next
    assert (answer.status_code, answer.location) == (303, "/setup")
    # And a password that is changed later leads back to the account
    answer = client.post("/account", data={"old": NEW_PASSWORD, "new": PASSWORD, "again": PASSWORD})
    assert answer.location == "/account"


def test_once_there_are_units_signing_in_leads_to_the_organization(stage: Stage) -> None:
    assert sign_in(stage, "admin", NEW_PASSWORD).location == "/setup"
    open_house(stage)
    assert sign_in(stage, "admin", NEW_PASSWORD).location == "/organization"


def test_a_house_that_may_stay_empty_leads_to_the_organization_too(stage: Stage) -> None:
    assert stage.post("admin", "/setup/units/skipped").status_code == 303
    assert sign_in(stage, "admin", NEW_PASSWORD).location == "/organization"
    assert "从首次启动的四步开始" in check_page(stage.get("admin", "/organization"))


@pytest.mark.parametrize("path", ["/setup", "/setup/lists/units.xlsx"])
def test_the_steps_are_the_system_administrators_alone(stage: Stage, path: str) -> None:
    hire(stage, "drawer", roles=("process",))
    assert stage.get("drawer", path).status_code == 404
    assert stage.post("drawer", "/setup/units/skipped").status_code == 404
    assert stage.post("drawer", "/setup/administrator").status_code == 404


# The steps


def test_the_page_shows_what_waits_and_what_is_done(stage: Stage) -> None:
    shown = check_page(stage.get("admin", "/setup"))
    assert shown.count("还没办") == 4
    assert "还没有可选的人" in shown
    assert "审批每步 3 个工作日（缺省）" in shown
    # When the steps are taken, each in its way
    open_house(stage)
    hire(stage, "wang", "hr.staff")
    account = stage.accounts["wang"].id
    assert stage.post("admin", "/setup/administrator", account=account).status_code == 303
    answer = stage.post("admin", "/setup/calendar/done")
    assert answer.location == "/setup#step-calendar"
    assert stage.post("admin", "/setup/parameters/skipped").status_code == 303
    # Then the page says so, and who comes next
    shown = check_page(stage.get("admin", "/setup"))
    assert states(stage) == ["done", "done", "done", "skipped"]
    assert "四步都办过了。 接下来请业务管理员（wang先生）登录" in shown
    assert "再选一个人" not in shown, "there is nobody else"


def test_without_a_business_administrator_the_end_says_what_is_missing(stage: Stage) -> None:
    for name in ("units", "people", "calendar", "parameters"):
        stage.post("admin", f"/setup/{name}/skipped")
    assert "还没有业务管理员，流程没有人发布" in check_page(stage.get("admin", "/setup"))


@pytest.mark.parametrize("path", ["/setup/coffee/done", "/setup/units/open"])
def test_a_step_or_an_answer_that_there_is_not(stage: Stage, path: str) -> None:
    assert stage.post("admin", path).status_code == 404


def test_nobody_who_may_not_is_made_business_administrator(stage: Stage) -> None:
    hire(stage, "auditor", roles=("audit",))
    hire(stage, "wang")
    assert "auditor" not in check_page(stage.get("admin", "/setup"))
    shown = check_page(stage.post("admin", "/setup/administrator", account=""), 422)
    assert "请选择一个人。" in shown
    forged = stage.accounts["auditor"].id
    assert "不得兼任业务管理员" in check_page(stage.post("admin", "/setup/administrator", account=forged), 422)
    own = stage.accounts["admin"].id
    assert stage.post("admin", "/setup/administrator", account=own).status_code == 403


# The lists


@pytest.mark.parametrize(("name", "title"), [("units", "单位和岗位名单"), ("people", "人员名单")])
def test_a_blank_list_is_given_as_a_workbook(stage: Stage, name: str, title: str) -> None:
    open_house(stage)
    answer = stage.download("admin", f"/setup/lists/{name}.xlsx")
    assert answer.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert unquote(answer.headers["Content-Disposition"]).endswith(f"{title}.xlsx")
    assert organization.read(answer.get_data())


def test_a_list_that_there_is_not(stage: Stage) -> None:
    assert stage.get("admin", "/setup/lists/coffee.xlsx").status_code == 404


def test_who_came_from_the_steps_is_led_back_to_them(stage: Stage) -> None:
    page = stage.get("admin", "/organization/import?from=setup")
    assert 'action="/organization/import?from=setup"' in page.get_data(as_text=True)
    with stage.engine.reading() as unit:
        content = blank_lists.units(unit)
    file: dict[str, Any] = {"file": (BytesIO(content), "名单.xlsx")}
    answer = stage.post("admin", "/organization/import?from=setup", **file)
    assert "增加单位 4 个、岗位 8 个" in check_page(answer)
    assert '<a href="/setup">回到首次启动</a>' in answer.get_data(as_text=True)
    answer = stage.post("admin", "/organization/import", file=(BytesIO(content), "名单.xlsx"))
    assert "回到组织" in text_of(answer)
