"""What a hostile or clumsy visitor tries by address and by hand: every answer is a page, and nothing is let out."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from engine.ground import model
from tests.web.api.programs import Programs
from tests.web.browsing import Browse, Visit
from tests.web.errands import engine_of
from tests.web.test_tasks import hand_in, start

HUGE = "9" * 5000
EDGES = ("0001-01-01T00:00%2B14:00", "9999-12-31T23:59-14:00")
HALF_THOUGHT = "还没有想好的意见"


def _readings(app: Flask) -> int:
    table = model.event.c
    with engine_of(app).reading() as unit:
        query = select(func.count()).where(table.stream == "access", table.kind.notlike("sign%"))
        return int(unit.connection.execute(query).scalar_one())


@pytest.mark.parametrize("page", ["/instances?before=", "/done?before=", "/started?before=", "/inbox?after="])
def test_a_moment_at_the_edge_of_the_calendar_is_as_good_as_none(browse: Browse, page: str) -> None:
    wang = browse("wang")
    for edge in EDGES:
        wang.open(f"{page}{edge}~x")
        assert wang.status == 200, edge


@pytest.mark.parametrize("number", [HUGE, "9" * 30, "-1", "٣", "%C2%B3"])
def test_the_log_of_access_opens_whatever_number_the_address_says(browse: Browse, number: str) -> None:
    assert browse("audit").open(f"/audit/access?before={number}").status == 200


@pytest.mark.parametrize("number", [HUGE, "9" * 30, "-1", "0", "1.5"])
def test_a_version_that_cannot_be_is_not_found(browse: Browse, number: str) -> None:
    process = browse("process")
    for path in (f"/processes/errand/versions/{number}", f"/documents/x/versions/{number}/file"):
        assert process.open(path).status == 404, path


@pytest.mark.parametrize("key", ["new", "中文", "a" * 300, "x.y", "<script>", "A"])
def test_no_draft_is_kept_under_a_key_that_no_process_may_have(app: Flask, browse: Browse, key: str) -> None:
    process = browse("process").open("/processes/errand/edit")
    address, data = process.prepared("保存草稿")
    process.send((address.replace("/errand/", f"/{key}/"), data))
    assert process.status == 404
    assert key not in process.open("/processes").links()


def _saved_by_the_head(browse: Browse) -> Visit:
    """Let the head save an opinion without giving it; they stand before their task."""
    zhang = hand_in(browse).submit("暂存", 审核意见=HALF_THOUGHT)
    assert zhang.value("审核意见") == HALF_THOUGHT
    return zhang


@pytest.mark.parametrize("login", ["wang", "audit"])
def test_an_opinion_that_is_only_saved_is_shown_to_nobody_else(browse: Browse, login: str) -> None:
    zhang = _saved_by_the_head(browse)
    task = zhang.path
    other = browse(login).open(task)
    assert other.status == 200
    assert HALF_THOUGHT not in other.text
    zhang.submit("同意")
    assert HALF_THOUGHT in other.open(task).text


def test_an_auditor_leaves_a_trace_by_whatever_page_they_read(app: Flask, browse: Browse) -> None:
    task = hand_in(browse).path
    audit = browse("audit")
    for path in (task, "/instances", "/instances?text=采购"):
        before = _readings(app)
        assert audit.open(path).status == 200
        assert _readings(app) == before + 1, path
    log = audit.open("/audit/access").text
    assert "查看待办“办事：采购纸张：审核”" in log
    assert "查找事项“采购”" in log


def test_an_auditor_reads_nothing_unseen_by_an_act_that_is_not_theirs(app: Flask, browse: Browse) -> None:
    task = hand_in(browse).path
    audit = browse("audit").open(task)
    whole = audit.tree.xpath("//a[contains(@href, '/instances/')]/@href")[0]
    for path in (f"{task}/assign", f"{whole.partition('#')[0]}/cancel"):
        audit.open("/account")
        token = audit.tree.xpath("//input[@name='csrf_token']/@value")[0]
        before = _readings(app)
        audit.send((path, MultiDict({"csrf_token": token})))
        assert audit.status == 404 or _readings(app) == before + 1, path


NUL, TURNED = "第一\0行", "甲\u202e乙"


def test_what_no_paper_can_carry_is_named_at_its_field_and_what_was_typed_stays(browse: Browse) -> None:
    # A matter's reason, a token's purpose, a new process' name
    wang = start(browse)
    matter = wang.tree.xpath("//a[contains(@href, '/instances/')]/@href")[0]
    wang.open(matter).press("撤销", {"reason": TURNED, "confirmed": True})
    assert (wang.status, wang.value("reason")) == (422, TURNED)
    assert "“撤销的原因”第 2 个字是看不见的控制字符（U+202E）" in wang.errors
    wang.open("/account").press("生成令牌", {"用途": NUL, "查看": True, "令牌的截止日期": "2026-06-30"})
    assert wang.status == 422
    assert "“用途”第 3 个字是看不见的控制字符（U+0000）" in wang.errors
    process = browse("process").open("/processes/new").press("建立草稿", {"key": "fresh", "name": "甲\x01乙"})
    assert process.status == 422
    assert "“流程的名称”第 2 个字是看不见的控制字符（U+0001）" in process.errors


def test_a_form_is_kept_unfinished_with_whatever_was_typed_and_handed_in_only_when_it_can_be_printed(
    browse: Browse,
) -> None:
    wang = start(browse).submit("暂存", 事项名称="纸张", 经费="1", 理由=NUL)
    assert wang.statuses == [303, 200]
    wang.submit("报送", 理由=NUL)
    assert wang.status == 422
    assert "第 3 个字是看不见的控制字符（U+0000）" in wang.errors
    wang.submit("报送", 理由="\ufeff用\u200b完了")
    assert wang.statuses == [303, 200]


def test_a_draft_keeps_a_source_that_is_no_xml(browse: Browse) -> None:
    process = browse("process").open("/processes/errand/edit").submit("保存草稿", source=f"<x>{NUL}{TURNED}</x>")
    assert process.statuses == [303, 200]
    assert process.submit("发布", note=TURNED).status == 422


def test_a_program_is_told_the_same(app: Flask, browse: Browse) -> None:
    matter = start(browse).tree.xpath("//a[contains(@href, '/instances/')]/@href")[0].rpartition("/")[2]
    answer = Programs(app)("wang").post(f"/instances/{matter.partition('#')[0]}/cancel", {"reason": NUL})
    assert answer.status_code == 422
    assert '"code": "characters"' in answer.text
