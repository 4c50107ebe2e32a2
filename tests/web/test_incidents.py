"""Business administrators see what gave up, try it again, or say how it was solved; nobody else does."""

import pytest
from flask import Flask
from sqlalchemy import insert

from engine import incidents, jobs
from engine.ground import model
from engine.ground.unit_of_work import new_id
from tests.web import errands
from tests.web.browsing import Browse
from tests.web.test_tasks import start
from web import incidents as room


def given(app: Flask, job: bool) -> str:
    engine, row = errands.engine_of(app), {"id": new_id(), "message": "打印机没有纸了"}
    with engine.transaction() as unit:
        fields = {"kind": "start", "payload": {"process": "none"}, "state": "failed", "attempts": 3, "due_at": unit.now}
        job_id = new_id() if job else None
        if job_id:
            unit.connection.execute(insert(model.job), {"id": job_id, **fields})
        unit.connection.execute(insert(model.incident), {**row, "job_id": job_id, "created_at": unit.now})
    return row["id"]


def test_nothing_waits(browse: Browse) -> None:
    visit = browse("process").open("/incidents")
    assert (visit.status, "没有等待处理的异常" in visit.text) == (200, True)


@pytest.mark.parametrize("login", ["wang", "audit", "system"])
def test_it_is_nobody_elses_to_see(app: Flask, browse: Browse, login: str) -> None:
    incident = given(app, job=False)
    visit = browse(login)
    assert visit.open("/incidents").status == 404
    assert incident not in visit.text


def test_many_are_turned_page_by_page(app: Flask, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PAGE", 2)
    for _number in range(3):
        given(app, job=False)
    # Whatever else the address says
    visit = browse("process").open("/incidents?everything=1&incident_id=x&endpoint=y&_scheme=z")
    assert "异常 3件" in visit.text
    assert len(visit.tree.xpath("//main//h2")) == 2
    assert len(visit.click("下一页").tree.xpath("//main//h2")) == 1
    # And who has dealt with one is where they were
    visit.press("已解决", {"resolution": "已换纸"})
    assert "已处理 已换纸" in visit.text
    assert visit.click("回到第一页").path == "/incidents?everything=1"


def test_a_retry_is_planned_once(app: Flask, browse: Browse) -> None:
    given(app, job=True)
    visit = browse("process").open("/incidents")
    assert "打印机没有纸了" in visit.text
    assert "作业：自动发起，试过 3 次" in visit.text
    again = visit.prepared("重试")
    visit.press("重试")
    assert "已安排重试" in visit.flash
    assert visit.send(again).status == 409


def test_how_it_was_solved_is_kept_and_must_be_said(app: Flask, browse: Browse) -> None:
    given(app, job=False)
    visit = browse("process").open("/incidents")
    assert not [words for words in visit.buttons() if "重试" in words]
    visit.press("已解决", {"resolution": "  "})
    assert visit.status == 422
    assert "怎样解决" in visit.errors
    visit.press("已解决", {"resolution": "已换纸"})
    assert "没有等待处理的异常" in visit.text
    assert "已换纸" in visit.click("也看已经处理的").text
    with errands.engine_of(app).reading() as unit:
        assert incidents.listing(unit) == []


def test_an_incident_names_the_step_of_its_matter(app: Flask, browse: Browse) -> None:
    path = start(browse).tree.xpath("//a[contains(@href, '/instances/')]/@href")[0].partition("#")[0]
    row = {"instance_id": path.rpartition("/")[2], "activity_id": "draft", "message": "打印机没有纸了"}
    with errands.engine_of(app).transaction() as unit:
        unit.connection.execute(insert(model.incident), {"id": new_id(), **row, "created_at": unit.now})
    assert "；环节：起草" in browse("process").open("/incidents").text


def test_every_kind_of_job_has_a_name() -> None:
    assert set(room.JOBS) == set(jobs._ACTS)
