"""The rooms of processes: starting, versions, drawing, checking, publishing."""

import re
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from engine import definitions, instances
from engine.ground.unit_of_work import Actor
from tests.web.stage import ERRAND, ERRAND_FORMS, LONG_NAME, Stage, check_page, text_of, tree_of
from web import drawings

ROOMS = (
    "/processes/errand/edit",
    "/processes/new",
)


def sheet(stage: Stage, key: str = "errand") -> dict[str, str]:
    """Give what the drawing board would send as it stands."""
    return fields_of(stage.get("drawer", f"/processes/{key}/edit"))


def fields_of(answer: TestResponse) -> dict[str, str]:
    form = next(form for form in tree_of(answer).forms if "note" in form.fields)
    kept = {name: form.fields[name] for name in form.fields if name and not name.startswith("form_drop")}
    # A browser drops the first line break of a text field, and sends line ends as CR LF.
    return {
        name: (value or "").removeprefix("\n").replace("\n", "\r\n") if isinstance(value, str) else ""
        for name, value in kept.items()
    }


def post(stage: Stage, act: str, data: dict[str, str], key: str = "errand") -> Any:
    return stage.browse("drawer").post(f"/processes/{key}/{act}", data=data)


# Starting


def test_everyone_sees_what_their_post_may_start(stage: Stage) -> None:
    assert "发起跑腿" in check_page(stage.get("staff", "/processes"))
    shown = check_page(stage.get("head", "/processes"))
    assert "没有您的岗位可以发起的流程。" in shown
    assert "新建流程" not in shown


def test_starting_leads_to_ones_own_first_task(stage: Stage) -> None:
    # Given the form that starts an errand
    shown = check_page(stage.get("staff", "/processes/errand/start"))
    assert "发起跑腿" in shown
    assert "什么事" in shown
    # When it is sent
    answer = stage.post("staff", "/processes/errand/start", what="修门", outcome="go")
    # Then it leads to the task that is the starter's
    assert answer.status_code == 303
    assert re.fullmatch(r"/tasks/[0-9a-f-]{36}", answer.headers["Location"])


def test_starting_what_somebody_else_goes_on_with_leads_to_the_instance(stage: Stage) -> None:
    # Given a process whose first task is the head's
    source = ERRAND.replace('id="errand"', 'id="other"').replace(
        'id="draft" name', 'suixu:assignment="office.head" id="draft" name'
    )
    with stage.engine.transaction() as unit:
        definitions.publish(unit, source.encode(), ERRAND_FORMS, Actor(None))
    answer = stage.post("staff", "/processes/other/start", what="修门", outcome="go")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/instances/")


def test_a_start_form_with_faults_keeps_what_was_typed(stage: Stage) -> None:
    answer = stage.post("staff", "/processes/errand/start", what="", outcome="go")
    shown = check_page(answer, 422)
    assert "有 1 处需要改正" in shown
    long = "长" * 201
    answer = stage.post("staff", "/processes/errand/start", what=long, outcome="go")
    assert long in check_page(answer, 422) or long in answer.get_data(as_text=True)


def test_pressing_twice_starts_once(stage: Stage) -> None:
    # Given an errand that was started
    stage.start()
    # When the same is sent again
    answer = stage.post("staff", "/processes/errand/start", what="修门", outcome="go")
    # Then it is refused in words, and there is one
    assert "同一事项已经在办理中" in check_page(answer, 422)
    with stage.engine.reading() as unit:
        assert len(instances.started_by(unit, stage.persons["staff"])) == 1


@pytest.mark.parametrize("who", ["head", "hr", "auditor", "system", "drawer"])
def test_who_may_not_start_finds_nothing(stage: Stage, who: str) -> None:
    assert stage.get(who, "/processes/errand/start").status_code == 404
    assert stage.post(who, "/processes/errand/start", what="修门", outcome="go").status_code == 404


def test_who_may_start_sees_the_newest_version_only(stage: Stage) -> None:
    shown = check_page(stage.get("staff", "/processes/errand"))
    assert "第 3 步 负责人看" in shown
    assert "各个版本" not in shown
    assert stage.get("staff", "/processes/errand/versions/1/diagram.xml").data == ERRAND.encode()
    assert stage.get("staff", "/processes/reply").status_code == 404
    assert stage.get("staff", "/processes/nothing").status_code == 404


# Versions


def test_an_administrator_sees_every_version_with_who_when_and_why(stage: Stage) -> None:
    # Given a second version, published through the page
    data = {**sheet(stage), "note": "写明了步骤的名称"}
    data["source"] = data["source"].replace("负责人看", "负责人仔细看")
    assert post(stage, "publish", data).status_code == 303
    # Then both stand in the list, and each can be seen as it was
    shown = check_page(stage.get("drawer", "/processes/errand"))
    assert "第 2 版 业务管理员 2026年1月20日 09:00 写明了步骤的名称" in shown
    assert "第 1 版 系统 2026年1月20日 09:00 首版" in shown
    assert "负责人仔细看" not in check_page(stage.get("drawer", "/processes/errand/versions/1"))
    assert "负责人仔细看" in check_page(stage.get("drawer", "/processes/errand/versions/2"))
    assert stage.get("drawer", "/processes/errand/versions/3").status_code == 404
    assert stage.get("staff", "/processes/errand/versions/1").status_code == 404


def test_running_instances_stay_on_their_version(stage: Stage) -> None:
    instance_id = stage.start()
    data = sheet(stage)
    data["source"] = data["source"].replace("负责人看", "负责人仔细看")
    post(stage, "publish", data)
    assert "负责人仔细看" not in check_page(stage.get("staff", f"/instances/{instance_id}"))


# Drawing


@pytest.mark.parametrize("who", ["staff", "auditor", "system"])
@pytest.mark.parametrize("path", ROOMS)
def test_only_administrators_of_processes_draw(stage: Stage, who: str, path: str) -> None:
    assert stage.get(who, path).status_code == 404
    for act in ("edit", "check", "publish", "discard"):
        assert stage.post(who, f"/processes/errand/{act}").status_code == 404
    with stage.engine.reading() as unit:
        assert definitions.draft(unit, "errand") is None


def test_the_board_holds_the_drawing_and_each_form_in_a_field_of_its_own(stage: Stage) -> None:
    answer = stage.get("drawer", "/processes/errand/edit")
    shown = check_page(answer)
    page = tree_of(answer)
    assert "还没有草稿，下面是现行版本。" in shown
    place = page.get_element_by_id("modeler")
    assert page.xpath("//textarea[@id='source']")[0].text.strip() == ERRAND.strip()
    assert place.get("data-source") == "#source"
    assert page.get_element_by_id(place.get("data-properties").removeprefix("#")) is not None
    assert len(page.xpath("//textarea[starts-with(@name, 'form_text_')]")) == len(ERRAND_FORMS)
    assert {button.get("formaction") for button in page.xpath("//button[@formaction]")} == {
        f"/processes/errand/{act}" for act in ("edit", "check", "publish")
    }


def test_a_draft_keeps_faults_and_all(stage: Stage) -> None:
    # Given a drawing that is not even XML
    data = {**sheet(stage), "source": "<未完"}
    # When it is saved
    answer = post(stage, "edit", data)
    # Then it is there again, with who saved it
    assert answer.status_code == 303
    page = stage.get("drawer", "/processes/errand/edit")
    assert "草稿由业务管理员于2026年1月20日 09:00保存。" in check_page(page)
    assert sheet(stage)["source"] == "<未完"
    assert "2026年1月20日 09:00保存" in check_page(stage.get("drawer", "/processes"))


def test_a_stale_tab_loses_nothing_and_may_still_win(stage: Stage) -> None:
    # Given two tabs of which one has saved
    first, second = sheet(stage), sheet(stage)
    assert post(stage, "edit", {**first, "source": "<!-- 甲 -->"}).status_code == 303
    # When the other saves
    answer = post(stage, "edit", {**second, "source": "<!-- 乙 -->"})
    # Then it is told so, keeps its text, and may put it over the other's
    assert "刚刚被别人保存过" in check_page(answer, 409)
    assert fields_of(answer)["source"] == "<!-- 乙 -->"
    button = tree_of(answer).xpath("//button[@name='overwrite']")[0]
    again = post(stage, "edit", {**fields_of(answer), "overwrite": button.get("value")})
    assert again.status_code == 303
    assert sheet(stage)["source"] == "<!-- 乙 -->"


def test_checking_lists_every_fault_with_place_and_remedy_and_saves_nothing(stage: Stage) -> None:
    # Given a drawing with two faults
    data = sheet(stage)
    data["source"] = (
        data["source"].replace('suixu:form="paper"', 'suixu:form="lost"').replace('outcome = "return"', "outcome = =")
    )
    # When it is checked
    answer = post(stage, "check", data)
    # Then each is named with its line and what to do, and points at its element
    shown = check_page(answer)
    assert "表单“lost”不存在。" in shown
    assert "请建立这个表单" in shown
    assert re.search(r"写明要办的事 ，第 \d+ 行", shown)
    links = tree_of(answer).xpath("//a[@data-element]")
    assert {"draft", "returned"} <= {link.get("data-element") for link in links}
    with stage.engine.reading() as unit:
        assert definitions.draft(unit, "errand") is None
        assert definitions.latest(unit, "errand").version == 1


def test_checking_a_sound_drawing_says_so(stage: Stage) -> None:
    assert "没有发现问题，可以发布。" in check_page(post(stage, "check", sheet(stage)))


def test_a_broken_form_is_told_at_the_form(stage: Stage) -> None:
    data = sheet(stage)
    number = next(name.removeprefix("form_key_") for name, value in data.items() if value == "paper" and "key" in name)
    answer = post(stage, "check", {**data, f"form_text_{number}": "{"})
    field = tree_of(answer).get_element_by_id(f"form-{number}")
    assert field.get("aria-invalid") == "true"
    assert "表单不是有效的 JSON。" in check_page(answer)


def test_publishing_with_faults_publishes_nothing_and_keeps_the_text(stage: Stage) -> None:
    data = {**sheet(stage), "note": "试一试"}
    data["source"] = data["source"].replace('suixu:form="paper"', 'suixu:form="lost"')
    answer = post(stage, "publish", data)
    assert "表单“lost”不存在。" in check_page(answer, 422)
    assert fields_of(answer)["note"] == "试一试"
    assert 'suixu:form="lost"' in fields_of(answer)["source"]
    with stage.engine.reading() as unit:
        assert definitions.latest(unit, "errand").version == 1


def test_publishing_what_has_not_changed_makes_no_version(stage: Stage) -> None:
    answer = post(stage, "publish", sheet(stage))
    assert answer.status_code == 303
    assert "没有变化" in text_of(stage.get("drawer", answer.headers["Location"]))
    with stage.engine.reading() as unit:
        assert definitions.latest(unit, "errand").version == 1


def test_publishing_twice_from_a_stale_tab_is_refused(stage: Stage) -> None:
    # Given two tabs, of which one has published
    first, second = sheet(stage), sheet(stage)
    first["source"] = first["source"].replace("负责人看", "负责人仔细看")
    second["source"] = second["source"].replace("负责人看", "负责人略看")
    assert post(stage, "publish", first).status_code == 303
    # Then the other is told, keeps its text, and can make it a draft on the new version
    answer = post(stage, "publish", second)
    assert "已经发布了第 2 版" in check_page(answer, 409)
    kept = fields_of(answer)
    assert "负责人略看" in kept["source"]
    assert post(stage, "edit", {**kept, "overwrite": "0"}).status_code == 303
    assert post(stage, "publish", sheet(stage)).status_code == 303


def test_another_process_cannot_be_published_under_this_name(stage: Stage) -> None:
    data = sheet(stage)
    data["source"] = data["source"].replace('process id="errand"', 'process id="reply"')
    assert "和这个流程的代码“errand”不一样" in check_page(post(stage, "publish", data), 422)
    with stage.engine.reading() as unit:
        assert definitions.latest(unit, "reply").version == 1


def test_a_form_is_added_and_one_is_dropped(stage: Stage) -> None:
    # Given a new form and one that is no longer wanted
    data = sheet(stage)
    number = next(name.removeprefix("form_key_") for name, value in data.items() if value == "look" and "key" in name)
    data |= {"new_key": "extra", "new_text": ERRAND_FORMS["look"], f"form_drop_{number}": "1"}
    assert post(stage, "edit", data).status_code == 303
    with stage.engine.reading() as unit:
        saved = definitions.draft(unit, "errand")
    assert saved is not None
    assert sorted(saved.content["forms"]) == ["extra", "paper", "start"]


@pytest.mark.parametrize("key", ["", "大写", "paper", "a b"])
def test_a_new_form_needs_a_code_of_its_own(stage: Stage, key: str) -> None:
    answer = post(stage, "edit", {**sheet(stage), "new_key": key, "new_text": "{}"})
    check_page(answer, 422)
    assert fields_of(answer)["new_text"] == "{}"


def test_a_draft_is_thrown_away(stage: Stage) -> None:
    post(stage, "edit", {**sheet(stage), "source": "<未完"})
    assert stage.post("drawer", "/processes/errand/discard").status_code == 303
    assert "<未完" not in sheet(stage)["source"]
    assert stage.post("drawer", "/processes/errand/discard").status_code == 404


# New ones


def create(stage: Stage, **data: Any) -> Any:
    return stage.post("drawer", "/processes/new", **data)


def test_a_process_is_copied_with_its_forms_and_published(stage: Stage) -> None:
    # Given a copy under another code
    answer = create(stage, key="errand_two", name=LONG_NAME, copy="errand")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/processes/errand_two/edit"
    # Then nobody can start it before it is published, and its page can be opened
    assert LONG_NAME in check_page(stage.get("drawer", "/processes/errand_two"))
    assert "还没有发布过" in check_page(stage.get("drawer", "/processes"))
    assert stage.get("staff", "/processes/errand_two/start").status_code == 404
    # When it is published
    assert post(stage, "publish", sheet(stage, "errand_two"), "errand_two").status_code == 303
    # Then it can be started
    assert f"发起{LONG_NAME}" in check_page(stage.get("staff", "/processes/errand_two/start"))


def test_a_process_begins_with_a_file_of_any_encoding(stage: Stage) -> None:
    # Given a file in an encoding of old
    file = ERRAND.replace('encoding="UTF-8"', 'encoding="GB18030"').encode("gb18030")
    answer = create(stage, key="from_file", name="来自文件", file=(BytesIO(file), "跑腿.bpmn"))
    # Then the draft is that drawing, under the new code and name, readable
    assert answer.status_code == 303
    source = sheet(stage, "from_file")["source"]
    assert drawings.process_of(source) == ("from_file", "来自文件")
    assert "写明要办的事" in source
    assert "GB18030" not in source


def test_a_process_begins_empty(stage: Stage) -> None:
    assert create(stage, key="blank", name="空白").status_code == 303
    assert drawings.process_of(sheet(stage, "blank")["source"]) == ("blank", "空白")
    assert stage.post("drawer", "/processes/blank/discard").headers["Location"] == "/processes"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"key": "errand", "name": "又一个"}, "已经有代码为“errand”的流程。"),
        ({"key": "new", "name": "新"}, "代码须以小写英文字母开头"),
        ({"key": "大写", "name": "新"}, "代码须以小写英文字母开头"),
        ({"key": "fine", "name": ""}, "请填写流程的名称"),
        ({"key": "fine", "name": "新", "copy": "nothing"}, "请选择一个已有的流程来复制。"),
        ({"key": "fine", "name": "新", "file": b"MZ\x90\x00"}, "这个文件读不出来"),
        ({"key": "fine", "name": "新", "file": b"<html/>"}, "文件里没有流程。"),
        ({"key": "fine", "name": "新", "file": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}, "DOCTYPE"),
    ],
)
def test_what_is_no_process_is_refused_in_words(stage: Stage, data: dict[str, Any], words: str) -> None:
    if "file" in data:
        data = {**data, "file": (BytesIO(data["file"]), "a.bpmn")}
    answer = create(stage, **data)
    assert words in check_page(answer, 422)
    with stage.engine.reading() as unit:
        assert {item.key for item in definitions.overview(unit)} == {"errand", "reply"}
