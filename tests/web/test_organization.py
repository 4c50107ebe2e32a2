"""The organization's room: everybody may read who does what, the system administrator changes it."""

import re
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from openpyxl import Workbook

from engine import accounts, people
from engine.ground.unit_of_work import Unit
from tests.web.stage import LONG_NAME, Stage, check_page, text_of
from web.organization_forms import ACTS

HEADER = ["单位编码", "单位名称", "单位类别", "岗位编码", "岗位名称", "岗位类别", "姓名", "工号", "登录名", "任职日期"]


def change(stage: Stage, act: str, **said: Any) -> Any:
    return stage.post("system", f"/organization/change/{act}", outcome="do", **said)


def account_id(stage: Stage, login: str) -> str:
    return stage.accounts[login].id


def organization(unit: Unit) -> dict[str, list[str]]:
    return {section.unit.name: [seat.post.name for seat in section.seats] for section in people.overview(unit)}


# Reading


def test_a_long_list_of_accounts_is_turned_and_searched(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given more accounts than one page shows
    monkeypatch.setattr("web.accounts.PAGE", 2)
    logins = sorted(stage.accounts)
    # When the administrator turns the pages
    first = check_page(stage.get("system", "/organization/accounts"))
    second = check_page(stage.get("system", "/organization/accounts?after=2"))
    # Then each is on one of them, in order, and the number is that of all
    assert f"共 {len(logins)} 个账号" in first and "下一页" in first and "回到第一页" in second
    assert all(login in first for login in logins[:2]) and all(login in second for login in logins[2:4])
    # When they look for a name or a login, in capitals too
    for words in (stage.accounts["hr"].person_name, "HR"):
        found = stage.get("system", f"/organization/accounts?text={quote(words)}").text
        # Then only who has it is there
        assert f"/organization/accounts/{account_id(stage, 'hr')}" in found
        assert f"/organization/accounts/{account_id(stage, 'system')}" not in found
    nobody = stage.get("system", f"/organization/accounts?text={quote('<b>无此人')}")
    assert "没有找到账号。" in check_page(nobody) and 'value="&lt;b&gt;无此人"' in nobody.text


def test_everybody_reads_units_and_posts_and_only_the_administrator_who_holds_them(stage: Stage) -> None:
    shown = check_page(stage.get("staff", "/organization"))
    assert "人事部 内设部室 承办人 负责人" in shown
    for hidden in ("人事丙", "任职", "账号和角色", "hr.staff"):
        assert hidden not in shown
    shown = check_page(stage.get("system", "/organization"))
    assert "人事丙，2024年1月1日起" in shown
    assert "账号和角色" in shown


@pytest.mark.parametrize("who", ["staff", "drawer", "auditor"])
def test_only_the_system_administrator_changes_anything(stage: Stage, who: str) -> None:
    # Given every address that changes something
    paths = [f"/organization/change/{name}" for name in ACTS]
    paths += ["/organization/import", "/organization/accounts/new"]
    one = f"/organization/accounts/{account_id(stage, 'hr')}"
    # Then none of them is there for anybody else, by page or by act
    for path in [*paths, "/organization/accounts", one]:
        assert stage.get(who, path).status_code == 404
    for path in [*paths, *(f"{one}/{act}" for act in ("grant", "revoke", "disable", "enable", "reset"))]:
        assert stage.post(who, path, outcome="do").status_code == 404
    with stage.engine.reading() as unit:
        assert not accounts.find(unit, account_id(stage, "hr")).disabled


def test_every_form_of_change_opens(stage: Stage) -> None:
    room = stage.get("system", "/organization").get_data(as_text=True)
    for name, act in ACTS.items():
        assert f'"/organization/change/{name}"' in room
        assert act.title in check_page(stage.get("system", f"/organization/change/{name}"))
    assert stage.get("system", "/organization/change/nothing").status_code == 404


# Changing


def test_a_unit_a_post_a_person_and_an_appointment_are_added(stage: Stage) -> None:
    # Given a new unit with a name of thirty characters
    assert change(stage, "add-unit", name=LONG_NAME, code="joint", kind="department").status_code == 303
    assert change(stage, "add-post", unit="joint", name="承办人", code="staff", kind="staff").status_code == 303
    assert change(stage, "add-person", name="新人", number="9001").status_code == 303
    with stage.engine.reading() as unit:
        person = next(person.id for person in people.persons(unit) if person.name == "新人")
    answer = change(stage, "appoint", person=person, post="joint.staff", starts="2026年1月20日")
    # Then it all stands in the organization
    assert answer.status_code == 303
    shown = check_page(stage.get("system", "/organization"))
    assert "已任职。" in shown
    assert LONG_NAME in shown
    assert "新人，2026年1月20日起" in shown


def test_a_holder_is_relieved(stage: Stage) -> None:
    # Given the form that the holder's own link opens
    page = stage.get("system", "/organization").get_data(as_text=True)
    path = next(link for link in re.findall(r'href="([^"]+)"', page) if "relieve?holding=" in link)
    assert "selected" in stage.get("system", path).get_data(as_text=True)
    holding = path.partition("holding=")[2]
    # When it is sent
    assert change(stage, "relieve", holding=holding, ends="2026-02-01").status_code == 303
    # Then the end is shown
    assert "2026年2月1日止" in check_page(stage.get("system", "/organization"))


def test_names_change_and_units_end(stage: Stage) -> None:
    assert change(stage, "rename-unit", unit="hr", name="人力资源部").status_code == 303
    assert change(stage, "rename-post", post="office.staff", name="文秘").status_code == 303
    assert change(stage, "rename-person", person=stage.persons["hr"], name="人事丁").status_code == 303
    assert change(stage, "end-post", post="hr.head", ends="2026-01-20").status_code == 303
    with stage.engine.reading() as unit:
        assert organization(unit) == {"人力资源部": ["承办人"], "办公室": ["文秘", "负责人"]}
    assert change(stage, "end-unit", unit="hr", ends="2026-01-20", successor="office").status_code == 303
    with stage.engine.reading() as unit:
        assert list(organization(unit)) == ["办公室"]


@pytest.mark.parametrize(
    ("act", "said", "words"),
    [
        ("add-unit", {"name": "", "code": "x", "kind": "department"}, "名称"),
        ("add-unit", {"name": "新部", "code": "大写", "kind": "department"}, "编码须以小写英文字母开头"),
        ("add-unit", {"name": "新部", "code": "hr", "kind": "department"}, "单位编码“hr”已有。"),
        ("add-unit", {"name": "新部", "code": "x", "kind": "forged"}, "类别"),
        ("add-post", {"unit": "hr", "name": "承办人", "code": "staff", "kind": "staff"}, "岗位编码“hr.staff”已有。"),
        ("appoint", {"person": "forged", "post": "hr.staff", "starts": "2026-01-20"}, "人员"),
        ("relieve", {"holding": "forged", "ends": "2026-01-20"}, "任职"),
        ("end-unit", {"unit": "hr", "ends": "2026-13-40"}, "撤销日期"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_kept_on_the_page(
    stage: Stage, act: str, said: dict[str, str], words: str
) -> None:
    with stage.engine.reading() as unit:
        before = organization(unit)
    answer = change(stage, act, **said)
    shown = check_page(answer, 422)
    assert "有 1 处需要改正" in shown
    assert words in shown
    with stage.engine.reading() as unit:
        assert organization(unit) == before


def test_an_auditor_holds_no_post(stage: Stage) -> None:
    answer = change(stage, "appoint", person=stage.persons["auditor"], post="hr.staff", starts="2026-01-20")
    assert "不得兼任业务岗位" in check_page(answer, 422)


# Accounts


def test_an_account_is_opened_and_its_first_password_is_shown_once(stage: Stage) -> None:
    # Given a person without an account
    change(stage, "add-person", name="新人")
    with stage.engine.reading() as unit:
        person = next(person.id for person in people.persons(unit) if person.name == "新人")
    # When an account is opened
    said = {"person": person, "login": "New-One", "roles": ["process"], "outcome": "do"}
    answer = stage.post("system", "/organization/accounts/new", **said)
    # Then the password is shown, works, and has to be changed
    shown = check_page(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    password = re.search(r"初始密码 (\S+) 回到账号", shown)
    assert password
    session = accounts.sign_in(stage.engine, "new-one", password[1], "10.0.0.7")
    assert (session.roles, session.must_change) == (("process",), True)
    # And it is shown nowhere again
    assert password[1] not in text_of(stage.get("system", f"/organization/accounts/{session.account_id}"))
    again = stage.post("system", "/organization/accounts/new", **said)
    assert "人员" in check_page(again, 422)


@pytest.mark.parametrize(
    ("login", "roles", "words"),
    [
        ("", [], "登录名"),
        ("甲", [], "登录名须为2至64个"),
        ("staff", [], "登录名“staff”已有。"),
        ("fine", ["audit", "process"], "不得兼任业务管理员"),
        ("fine", ["system"], "管理角色"),
    ],
)
def test_an_account_that_cannot_be_is_refused(stage: Stage, login: str, roles: list[str], words: str) -> None:
    change(stage, "add-person", name="新人")
    with stage.engine.reading() as unit:
        person = next(person.id for person in people.persons(unit) if person.name == "新人")
    said = {"person": person, "login": login, "roles": roles, "outcome": "do"}
    answer = stage.post("system", "/organization/accounts/new", **said)
    assert words in check_page(answer, 422)
    with stage.engine.reading() as unit:
        assert len(accounts.listing(unit)) == len(stage.accounts)


def test_an_account_is_closed_and_opened_again(stage: Stage) -> None:
    # Given somebody who is signed in
    one = f"/organization/accounts/{account_id(stage, 'hr')}"
    assert stage.get("hr", "/organization").status_code == 200
    # When the account is closed
    assert stage.post("system", f"{one}/disable").status_code == 303
    # Then the session is over, and the page says so
    assert stage.get("hr", "/organization").status_code == 303
    assert "已停用" in check_page(stage.get("system", one))
    assert stage.post("system", f"{one}/enable").status_code == 303
    assert "状态 正常" in check_page(stage.get("system", one))


def test_roles_are_granted_and_taken(stage: Stage) -> None:
    one = f"/organization/accounts/{account_id(stage, 'hr')}"
    assert stage.post("system", f"{one}/grant", role="process").status_code == 303
    assert "收回业务管理员" in check_page(stage.get("system", one))
    assert stage.post("system", f"{one}/revoke", role="process").status_code == 303
    assert "授予业务管理员" in check_page(stage.get("system", one))


def test_a_role_that_must_not_be_combined_is_refused_in_words(stage: Stage) -> None:
    one = f"/organization/accounts/{account_id(stage, 'hr')}"
    assert "此人任有业务岗位" in check_page(stage.post("system", f"{one}/grant", role="audit"), 422)
    assert "没有“boss”这个角色。" in check_page(stage.post("system", f"{one}/grant", role="boss"), 422)
    assert stage.post("system", f"{one}/grant", role="system").status_code == 403
    assert stage.post("system", f"{one}/nothing").status_code == 404


def test_a_password_is_reset_and_shown_once(stage: Stage) -> None:
    shown = check_page(stage.post("system", f"/organization/accounts/{account_id(stage, 'hr')}/reset"))
    password = re.search(r"初始密码 (\S+) 回到账号", shown)
    assert password
    assert accounts.sign_in(stage.engine, "hr", password[1], "10.0.0.7").must_change


def test_nobody_changes_their_own_account(stage: Stage) -> None:
    own = f"/organization/accounts/{account_id(stage, 'system')}"
    shown = check_page(stage.get("system", own))
    assert "须由另一名管理员更改" in shown
    assert "停用账号" not in shown
    assert stage.post("system", f"{own}/disable").status_code == 403
    assert stage.get("system", "/organization/accounts/nobody").status_code == 404


# Lists


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [HEADER, *rows]:
        sheet.append(row)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


NEWCOMER = ["hr", "人事部", "内设部室", "staff", "承办人", "承办人", "新人", "9001", "new-one", "2026-01-20"]


def bring(stage: Stage, content: bytes, name: str = "名单.xlsx") -> Any:
    return stage.post("system", "/organization/import", file=(BytesIO(content), name))


def test_a_list_is_brought_in_with_first_passwords(stage: Stage) -> None:
    # Given a list with one newcomer
    shown = check_page(bring(stage, workbook(NEWCOMER)))
    # Then they are added, and their password is shown this once
    assert "增加单位 0 个、岗位 0 个、人员 1 名、任职 1 条" in shown
    password = re.search(r"初始密码 新人 new-one (\S+)", shown)
    assert password
    assert accounts.sign_in(stage.engine, "new-one", password[1], "10.0.0.7").must_change
    # And a second time changes nothing
    again = check_page(bring(stage, workbook(NEWCOMER)))
    assert "没有改动" in again
    assert "初始密码" not in again


def test_a_list_with_a_fault_brings_in_nothing_and_names_the_cell(stage: Stage) -> None:
    wrong = [*NEWCOMER[:6], "另一人", "9002", "", "没有日期"]
    shown = check_page(bring(stage, workbook(NEWCOMER, wrong)), 422)
    assert "没有导入任何一行" in shown
    assert "第3行J列" in shown
    with stage.engine.reading() as unit:
        assert "新人" not in [person.name for person in people.persons(unit)]


@pytest.mark.parametrize("content", [b"", b"MZ\x90 not a workbook", b"PK\x03\x04 broken"])
def test_what_is_no_list_is_refused(stage: Stage, content: bytes) -> None:
    assert "不是 .xlsx 表格" in check_page(bring(stage, content), 422)


def test_no_file_is_told_as_such(stage: Stage) -> None:
    assert "请选择要导入的名单。" in check_page(stage.post("system", "/organization/import"), 422)
    assert "导入名单" in check_page(stage.get("system", "/organization/import"))
