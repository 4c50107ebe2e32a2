"""An instance's page: where it stands, the path walked, who said what, its documents; to those whose it is."""

from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Row

from engine import definitions, documents, instances, people
from engine.core import documents as kept
from engine.core import execution, history
from engine.ground.unit_of_work import SYSTEM, Actor
from tests.engine.offices import TODAY
from tests.web.stage import ERRAND, ERRAND_FORMS, LONG_NAME, Stage, check_page, text_of, tree_of

PDF = b"%PDF-1.4 a scan"


def walk(stage: Stage) -> str:
    """Take an errand once back and then on to the units."""
    instance_id = stage.start()
    stage.work("staff", "写明要办的事", {"text": "换一把锁"}, "send")
    stage.work("head", "负责人看", {"opinion": "一把不够"}, "return")
    stage.work("staff", "写明要办的事", {"text": "换两把锁"}, "send")
    stage.work("head", "负责人看", {"opinion": "好"}, "agree")
    return instance_id


def documents_of(stage: Stage, instance_id: str) -> dict[str, Row[Any]]:
    with stage.engine.reading() as unit:
        view = instances.view(unit, instance_id, stage.persons["staff"])
    return {row.title: row for row in view.documents}


def add_file(stage: Stage, instance_id: str, name: str) -> str:
    with stage.engine.transaction() as unit:
        stored = documents.store(stage.engine, name, BytesIO(PDF))
        return documents.add_file(unit, instance_id, stored, Actor(stage.persons["staff"]))


def test_an_instance_says_where_it_is_and_for_whom_it_waits(stage: Stage) -> None:
    # Given an errand that was just handed out
    instance_id = stage.start()
    # When its starter looks
    shown = check_page(stage.get("staff", f"/instances/{instance_id}"))
    # Then the page says state, starter, step, holder and deadline
    for words in ("跑腿·修门", "办理中", "承办人甲，2026年1月20日 09:00", "跑腿，第 1 版"):
        assert words in shown
    assert "写明要办的事 ：办公室承办人（承办人甲） 期限 2026年1月23日" in shown


def test_the_path_walked_is_drawn_from_the_instances_own_version(stage: Stage) -> None:
    # Given a running errand, and a newer version of its process
    instance_id = walk(stage)
    with stage.engine.transaction() as unit:
        newer = ERRAND.replace("交办", "新的交办").encode()
        definitions.publish(unit, newer, ERRAND_FORMS, SYSTEM)
    # When its page and its drawing are opened
    page = tree_of(stage.get("staff", f"/instances/{instance_id}"))
    answer = stage.get("staff", f"/instances/{instance_id}/diagram.xml")
    # Then they are those of the version it runs on, with what was walked marked
    place = page.xpath("//div[@class='diagram']")[0]
    assert place.get("data-xml-url") == f"/instances/{instance_id}/diagram.xml"
    assert '"returned":"done"' in place.get("data-marks").replace(" ", "")
    assert '"ask":"now"' in place.get("data-marks").replace(" ", "")
    assert answer.status_code == 200
    assert answer.data == ERRAND.encode()
    assert answer.mimetype == "application/xml"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_text_twin_is_in_the_page_and_says_the_same_as_the_drawing(stage: Stage) -> None:
    shown = check_page(stage.get("staff", f"/instances/{walk(stage)}"))
    for words in (
        "第 4 步 看过以后 按情况分路 办公室负责人",
        "“退回”：回到第 2 步“写明要办的事” 走过",
        "其他情况（同意）：到第 5 步“各单位答复” 走过",
        "另开事项“答复”，它办结后才往下走。",
        "正在办",
        "还没有到",
    ):
        assert words in shown


def test_opinions_and_the_time_line_say_who_in_which_post(stage: Stage) -> None:
    shown = check_page(stage.get("staff", f"/instances/{walk(stage)}"))
    assert "负责人看 负责人乙（办公室负责人） 退回 一把不够 2026年1月20日" in shown
    assert "2026年1月20日 09:00 负责人乙（办公室负责人）：办理“负责人看” 退回 一把不够" in shown
    assert "系统：开始“答复·人事部”" in shown


def test_children_are_listed_with_unit_round_and_state(stage: Stage) -> None:
    # Given an errand whose units are being asked
    instance_id = walk(stage)
    shown = check_page(stage.get("staff", f"/instances/{instance_id}"))
    assert "答复·人事部 人事部 第 1 轮 办理中" in shown
    assert "各单位答复 ：2 件下级事项还在办理" in shown
    # When one of them is done
    stage.work("hr", "写答复", {"text": "知道了"}, "send")
    # Then it says so, and the other is still waited for
    shown = check_page(stage.get("staff", f"/instances/{instance_id}"))
    assert "答复·人事部 人事部 第 1 轮 已办结" in shown
    assert "各单位答复 ：1 件下级事项还在办理" in shown


def test_a_child_names_what_it_belongs_to(stage: Stage) -> None:
    walk(stage)
    with stage.engine.reading() as unit:
        row = next(row for row in instances.search(unit, stage.persons["hr"], ()) if row.title == "答复·人事部")
    shown = check_page(stage.get("hr", f"/instances/{row.id}"))
    assert "上级事项 跑腿·修门" in shown
    # And leads there only those who may go there
    link = f'href="/instances/{row.parent_id}"'
    assert link not in stage.get("hr", f"/instances/{row.id}").get_data(as_text=True)
    assert link in stage.get("auditor", f"/instances/{row.id}").get_data(as_text=True)
    assert "由上级事项发起“答复·人事部”" in shown


def test_a_finished_instance_waits_for_nothing(stage: Stage) -> None:
    instance_id = walk(stage)
    stage.work("hr", "写答复", {"text": "知道了"}, "send")
    stage.work("staff", "写答复", {"text": "知道了"}, "send")
    shown = check_page(stage.get("staff", f"/instances/{instance_id}"))
    assert "这个事项已经结束，没有在等的环节。" in shown
    assert "事项办结" in shown


@pytest.mark.parametrize("who", ["stranger", "drawer", "system"])
def test_what_is_not_theirs_is_not_there(stage: Stage, who: str) -> None:
    # Given an errand that a person took no part in
    instance_id = walk(stage)
    document = documents_of(stage, instance_id)["办事说明"].id
    scan = add_file(stage, instance_id, "扫描.pdf")
    # Then none of its addresses shows anything
    for path in ("", "/diagram.xml", f"/documents/{document}"):
        answer = stage.get(who, f"/instances/{instance_id}{path}")
        assert answer.status_code == 404
        assert "修门" not in answer.get_data(as_text=True)
    assert stage.get(who, f"/documents/{scan}/file").status_code == 404
    assert "修门" not in text_of(stage.get(who, "/instances"))


@pytest.mark.parametrize(
    "path", ["/instances/x", "/instances/x/diagram.xml", "/documents/x/file", "/instances/x/documents/y"]
)
def test_a_forged_id_is_not_there(stage: Stage, path: str) -> None:
    assert stage.get("staff", path).status_code == 404
    assert stage.get("auditor", path).status_code == 404


def test_each_version_of_a_document_can_be_read(stage: Stage) -> None:
    # Given a paper that was written twice
    instance_id = walk(stage)
    path = f"/instances/{instance_id}/documents/{documents_of(stage, instance_id)['办事说明'].id}"
    # Then the newest is shown, and the one before on demand
    shown = check_page(stage.get("staff", path))
    assert "第 2 版的内容" in shown
    assert "换两把锁" in shown
    assert "换一把锁" not in shown
    assert "换一把锁" in check_page(stage.get("staff", f"{path}?version=1"))
    assert stage.get("staff", f"{path}?version=9").status_code == 404
    assert stage.get("staff", f"{path}?version=x").status_code == 404


def test_what_a_function_wrote_is_shown_by_a_form_of_its_name_or_by_its_text(stage: Stage) -> None:
    # Given documents that no person filled in
    instance_id = stage.start()
    with stage.engine.transaction() as unit:
        instance = execution.row_of(unit, instance_id)
        for name, content in (
            ("paper", {"text": "自动写的说明"}),
            ("answer", {"text": "别处的表单"}),
            ("notes", {"text": "第一行\n第二行<b>"}),
            ("bare", {"numbers": [1]}),
        ):
            kept.put_values(unit, instance, name, f"材料{name}", content, SYSTEM)
    # Then each is shown as well as can be, and never as markup
    found = {
        title: f"/instances/{instance_id}/documents/{row.id}" for title, row in documents_of(stage, instance_id).items()
    }
    assert "办法 自动写的说明" in check_page(stage.get("staff", found["材料paper"]))
    assert "办法 别处的表单" in check_page(stage.get("staff", found["材料answer"]))
    assert "第一行 第二行<b>" in check_page(stage.get("staff", found["材料notes"]))
    assert "没有可以显示的表单" in check_page(stage.get("staff", found["材料bare"]))


def test_a_document_is_not_shown_under_another_instance(stage: Stage) -> None:
    first, second = walk(stage), stage.start("擦窗")
    document = documents_of(stage, first)["办事说明"].id
    assert stage.get("staff", f"/instances/{second}/documents/{document}").status_code == 404


def test_a_file_is_handed_out_under_its_own_name_and_never_run(stage: Stage) -> None:
    # Given a file with a Chinese name
    instance_id = stage.start()
    name = "双拥工作照片😀.pdf"
    document = add_file(stage, instance_id, name)
    # When it is downloaded
    answer = stage.download("staff", f"/documents/{document}/file")
    # Then it comes as an attachment, under its name, as what it is
    assert answer.status_code == 200
    assert answer.data == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert f"filename*=UTF-8''{quote(name)}" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert stage.download("staff", f"/documents/{document}/versions/1/file").data == PDF
    assert stage.get("staff", f"/documents/{document}/versions/2/file").status_code == 404


def test_a_forms_values_are_no_file(stage: Stage) -> None:
    instance_id = walk(stage)
    document = documents_of(stage, instance_id)["办事说明"].id
    assert stage.get("staff", f"/documents/{document}/file").status_code == 404


def test_a_title_of_thirty_characters_and_markup_is_shown_as_it_was_typed(stage: Stage) -> None:
    stage.start(f"{LONG_NAME}<b>")
    shown = check_page(stage.get("staff", "/instances"))
    assert f"跑腿·{LONG_NAME}<b>" in shown


def test_instances_are_found_by_title_and_state(stage: Stage) -> None:
    # Given two errands
    stage.start("修门")
    stage.start("擦窗")
    # Then each is found by a piece of its title, none under another state
    assert "跑腿·擦窗" not in check_page(stage.get("staff", "/instances?text=修门"))
    assert "没有找到事项。" in check_page(stage.get("staff", "/instances?state=completed"))
    assert "没有找到事项。" in check_page(stage.get("staff", "/instances?text=%25"))
    both = check_page(stage.get("staff", "/instances?state=nonsense&before=nonsense"))
    assert "跑腿·擦窗" in both
    assert "跑腿·修门" in both


def test_an_incident_is_shown_to_those_who_take_part(stage: Stage) -> None:
    # Given an errand whose review nobody can do
    instance_id = stage.start()
    with stage.engine.transaction() as unit:
        holding = people.holdings(unit, stage.persons["head"])[0]
        people.relieve(unit, holding.id, TODAY, SYSTEM)
    stage.work("staff", "写明要办的事", {"text": "换锁"}, "send")
    # Then its page says what is wrong and that a person is needed
    shown = check_page(stage.get("staff", f"/instances/{instance_id}"))
    assert "目前无人任职，请管理员任命。 等待处理" in shown
    assert "负责人看 ：办公室负责人（目前无人任职）" in shown


def test_an_auditor_sees_the_verdict_of_the_chain_and_the_reading_is_kept(stage: Stage) -> None:
    # Given an errand
    instance_id = walk(stage)
    # When an auditor opens it
    shown = check_page(stage.get("auditor", f"/instances/{instance_id}"))
    # Then its record is told to be whole, and who looked is on record
    assert "记录校验 完整" in shown
    assert "记录校验" not in check_page(stage.get("staff", f"/instances/{instance_id}"))
    with stage.engine.reading() as unit:
        events = history.read(unit.connection, "access")
    reads = [event for event in events if event.kind == "instance-read"]
    assert [(event.envelope["person"], event.envelope["instance"]) for event in reads] == [
        (stage.persons["auditor"], instance_id)
    ]
