"""The security administrator's room: a record is found by its matter's full name, and erased without being read."""

import pytest

from engine import records, tasks
from engine.core import history
from tests.web.stage import Stage, check_page, text_of, tree_of

SECRET = "张某的住址是某街某号"
GIVEN = {"authority": "《个人信息保护法》第四十七条", "reason": "本人书面要求", "confirmed": "yes"}


def speak(stage: Stage) -> tuple[str, int]:
    """Let a head say too much; give the matter's address in the room, and the number of the record."""
    instance_id = stage.start()
    stage.work("staff", "写明要办的事", {"text": "修好"}, "send")
    stage.work("head", "负责人看", {"opinion": SECRET}, "return")
    stream = f"instance:{instance_id}"
    with stage.engine.reading() as unit:
        found = [event.number for event in history.read(unit.connection, stream) if event.kind == "task.completed"]
    return f"/erasures/{stream}", found[-1]


def instance_of(place: str) -> str:
    return f"/instances/{place.rpartition(':')[2]}"


def test_words_are_erased_from_finding_to_the_auditors_list(stage_on_both: Stage) -> None:
    # Given a security administrator who knows the matter's name and the record's number
    stage = stage_on_both
    place, number = speak(stage)
    assert SECRET in check_page(stage.get("head", instance_of(place)))
    found = check_page(stage.get("guard", "/erasures?kind=instance&name=跑腿·修门"))
    assert "事项“跑腿·修门” 2026年1月20日" in found
    # When they find the record, see it without its words, and erase it
    listed = check_page(stage.get("guard", place))
    assert f"第{number}条 办理，写意见" in listed
    asked = check_page(stage.get("guard", f"{place}/{number}"))
    for shown in (found, listed, asked):
        assert SECRET not in shown
        assert "负责人乙" not in shown
    answer = stage.post("guard", f"{place}/{number}", **GIVEN)
    assert (answer.status_code, answer.headers["Location"]) == (303, place)
    assert f"第{number}条记录的内容已依法清除" in check_page(stage.get("guard", place))
    # Then nobody is shown the words again, but that they were erased, and why
    for who in ("head", "staff", "auditor"):
        shown = check_page(stage.get(who, instance_of(place)))
        assert SECRET not in shown
        assert "（内容已依法清除）" in shown
        assert f"安全管理员：依法清除第{number}条记录的内容，依据：《个人信息保护法》第四十七条" in shown
    with stage.engine.reading() as unit:
        (following,) = tasks.inbox(unit, stage.persons["staff"])
    assert "（内容已依法清除）" in check_page(stage.get("staff", f"/tasks/{following.id}"))
    # And the auditor sees it listed, and every chain whole
    listed = check_page(stage.get("auditor", "/erasures"))
    assert f"事项“跑腿·修门” 第{number}条 《个人信息保护法》第四十七条 本人书面要求 安全管理员" in listed
    assert f"，第{number}条已依法清除内容" in check_page(stage.get("auditor", instance_of(place)))
    assert f"，第{number}条已依法清除内容" in check_page(stage.get("auditor", "/audit?verify=page"))
    verified = check_page(stage.post("auditor", "/audit/verify"))
    assert "全部完整" in verified
    assert f"事项“跑腿·修门”：第{number}条已依法清除内容" in verified


def test_who_did_the_task_and_reads_its_paper_is_shown_that_it_was_erased(stage: Stage) -> None:
    place, number = speak(stage)
    page = stage.get("head", instance_of(place))
    stage.post("guard", f"{place}/{number}", **GIVEN)
    links = [str(link) for link in tree_of(page).xpath("//a[contains(@href, '/documents/')]/@href")]
    shown = [check_page(stage.get("head", link)) for link in links]
    assert any("（内容已依法清除）" in text for text in shown)
    assert not any(SECRET in text for text in shown)
    # The page of the task that was done says so where the opinion stood
    with stage.engine.reading() as unit:
        event = history.read(unit.connection, place.removeprefix("/erasures/"))[number - 1]
    assert "意见 （内容已依法清除）" in check_page(stage.get("head", f"/tasks/{event.envelope['task']}"))


@pytest.mark.parametrize("who", ["staff", "head", "drawer", "system", "auditor"])
def test_nobody_else_comes_in_to_erase(stage: Stage, who: str) -> None:
    place, number = speak(stage)
    for path in (place, f"{place}/{number}"):
        assert stage.get(who, path).status_code == 404
    assert stage.post(who, f"{place}/{number}", **GIVEN).status_code == 404
    assert stage.get(who, "/erasures").status_code == (200 if who == "auditor" else 404)
    assert records.verify(stage.engine).erased == ()


def test_an_auditor_looks_and_is_offered_nothing_to_erase(stage: Stage) -> None:
    speak(stage)
    shown = check_page(stage.get("auditor", "/erasures?kind=instance&name=跑腿·修门"))
    assert "还没有清除过。" in shown
    assert "查找要清除的记录" not in shown
    assert "事项“跑腿·修门”" not in shown


def test_a_security_administrator_sees_no_matter(stage: Stage) -> None:
    place, _number = speak(stage)
    assert stage.get("guard", instance_of(place)).status_code == 404
    assert "跑腿·修门" not in text_of(stage.get("guard", "/instances"))
    assert stage.get("guard", "/audit").status_code == 404
    # A part of a name finds nothing
    assert "没有找到。" in check_page(stage.get("guard", "/erasures?kind=instance&name=跑腿"))
    assert "没有找到。" in check_page(stage.get("guard", "/erasures?kind=account&name=%25"))


def test_what_is_missing_is_said_and_what_was_typed_is_kept(stage: Stage) -> None:
    place, number = speak(stage)
    answer = stage.post("guard", f"{place}/{number}", authority="", reason="写了一半的原因")
    shown = check_page(answer, 422)
    assert "有 2 处需要改正" in shown
    assert "请填写“依据”。" in shown
    assert "请勾选“我已核对”" in shown
    assert "写了一半的原因" in shown
    tree = tree_of(answer)
    for key in ("authority", "confirmed"):
        (control,) = tree.xpath(f"//*[@name='{key}']")
        assert control.get("aria-invalid") == "true"
        assert tree.xpath(f"//*[@id='{control.get('aria-describedby').split()[-1]}']")
    (reason,) = tree.xpath("//textarea[@name='reason']")
    assert tree.xpath(f"//*[@id='{reason.get('aria-describedby')}']")
    assert records.verify(stage.engine).erased == ()


def test_a_record_erased_already_is_told_and_nothing_typed_is_lost(stage: Stage) -> None:
    place, number = speak(stage)
    stage.post("guard", f"{place}/{number}", **GIVEN)
    shown = check_page(stage.post("guard", f"{place}/{number}", **GIVEN), 409)
    assert "这条记录的内容已经清除。" in shown
    assert "本人书面要求" in shown
    assert "已经依法清除" in check_page(stage.get("guard", f"{place}/{number}"))
    # The record of the erasure is offered to nobody
    assert "清除的登记，不能清除" in check_page(stage.get("guard", place))
    with stage.engine.reading() as unit:
        last = len(history.read(unit.connection, place.removeprefix("/erasures/")))
    assert "本身不能清除" in check_page(stage.get("guard", f"{place}/{last}"))
    assert stage.post("guard", f"{place}/{last}", **GIVEN).status_code == 422


@pytest.mark.parametrize("path", ["", "/0", "/999", "/9999999999", "/nonsense"])
def test_what_is_not_there_is_not_found(stage: Stage, path: str) -> None:
    place, _number = speak(stage)
    assert stage.get("guard", f"/erasures/instance:nobody{path}").status_code == 404
    if path:
        assert stage.get("guard", f"{place}{path}").status_code == 404
        assert stage.post("guard", f"{place}{path}", **GIVEN).status_code in (404, 405)


def test_every_kind_of_stream_is_found_and_named(stage: Stage) -> None:
    speak(stage)
    for kind, name, words in (
        ("account", "head", "账号“head”"),
        ("definition", "跑腿", "流程“跑腿”的发布记录"),
        ("organization", "", "组织变更记录"),
        ("access", "", "访问日志"),
    ):
        page = stage.get("guard", f"/erasures?kind={kind}&name={name}")
        assert words in check_page(page)
        (link,) = tree_of(page).xpath("//main//ul//a/@href")
        assert f"记录目录：{words}" in check_page(stage.get("guard", str(link)))


def test_long_records_are_turned_over_and_entered_anywhere(stage: Stage) -> None:
    # Given a log of access with more entries than fit a page
    for _time in range(120):
        stage.get("auditor", "/audit/access")
    first = check_page(stage.get("guard", "/erasures/access"))
    assert "下一页" in first
    older = check_page(stage.get("guard", "/erasures/access?before=21"))
    assert "第20条" in older
    assert "第21条" not in older
    assert "下一页" not in older
    entered = check_page(stage.get("guard", "/erasures/access?number=7"))
    assert "第7条 查看访问日志" in entered
    assert "第8条" not in entered
    assert "没有更早的记录。" in check_page(stage.get("guard", "/erasures/access?before=1"))
    check_page(stage.get("guard", "/erasures/access?number=nonsense"))


def test_what_a_security_administrator_looks_at_is_on_record(stage: Stage) -> None:
    place, _number = speak(stage)
    stage.get("guard", "/erasures")
    stage.get("guard", place)
    shown = check_page(stage.get("auditor", "/audit/access"))
    assert "安全管理员 查看记录目录“事项“跑腿·修门””" in shown
    assert "安全管理员 查看依法清除的登记" in shown


def test_the_full_record_numbers_its_lines_so_that_one_can_be_named(stage: Stage) -> None:
    place, number = speak(stage)
    page = stage.get("head", instance_of(place))
    assert f"第{number}条 2026年1月20日" in check_page(page)


def test_a_source_is_erased_from_the_log_of_access(stage: Stage) -> None:
    stage.get("auditor", "/audit")
    answer = stage.post("guard", "/erasures/access/1", **GIVEN)
    assert answer.status_code == 303
    shown = check_page(stage.get("auditor", "/audit/access"))
    assert "安全管理员 依法清除" in shown
    assert "访问日志 第1条" in check_page(stage.get("auditor", "/erasures"))
