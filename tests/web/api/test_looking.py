"""A program sees what its person sees: documents, matters, an auditor's looks kept; and nothing more."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine.ground import model
from tests.web import errands
from tests.web.api.programs import Programs
from tests.web.api.test_tasks import claimed, events, start
from tests.web.browsing import Browse
from tests.web.test_tasks import start as start_on_pages

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PDF = b"%PDF-1.7\n"


@once
def test_a_document_is_described_and_its_file_handed_out(app: Flask, browse: Browse, programs: Programs) -> None:
    start_on_pages(browse).submit("暂存", 附件=("清单.pdf", PDF))
    with errands.engine_of(app).reading() as unit:
        document_id = unit.connection.execute(select(model.document.c.id)).scalar_one()
    wang = programs("wang")
    shown = wang.get(f"/documents/{document_id}")
    assert [version["file_name"] for version in shown["versions"]] == ["清单.pdf"]
    for path in (f"/documents/{document_id}/file", f"/documents/{document_id}/file?version=1"):
        answer = wang.ask("GET", f"/api/v1{path}")
        assert (answer.status_code, answer.data) == (200, PDF)
    assert wang.ask("GET", f"/api/v1/documents/{document_id}/file?version=2").status_code == 404
    stranger = programs("chen")
    for path in (f"/documents/{document_id}", f"/documents/{document_id}/file"):
        assert stranger.ask("GET", f"/api/v1{path}").status_code == 404


@once
def test_who_may_not_start_a_process_does_not_see_it(programs: Programs) -> None:
    assert [item["key"] for item in programs("wang").get("/definitions")["items"]] == ["errand"]
    whole = programs("wang").get("/definitions/errand")
    assert [field["key"] for field in whole["start_form"]["fields"]] == ["subject"]
    assert programs("chen").get("/definitions")["items"] == []
    drawn = programs("process").get("/definitions")["items"]
    assert [(item["key"], item["may_start"]) for item in drawn] == [("errand", False)]
    for login in ("chen", "process"):
        refused = programs(login).post("/definitions/errand/start", {"values": {"subject": "采购"}})
        assert refused.status_code == 404


@once
def test_an_auditor_reads_all_does_nothing_and_is_watched(app: Flask, programs: Programs) -> None:
    task = claimed(programs("wang"))
    audit = programs("audit")
    assert len(audit.get("/instances")["items"]) == 1
    audit.get(f"/instances/{task['instance_id']}")
    assert audit.get(f"/tasks/{task['id']}")["may"] == []
    assert [events(app, kind) for kind in ("audit-searched", "instance-read", "task-read")] == [1, 1, 1]
    assert audit.post(f"/tasks/{task['id']}/unclaim", {"revision": task["revision"]}).status_code == 404
    assert audit.post(f"/instances/{task['instance_id']}/cancel", {"reason": "无"}).status_code == 404


@once
def test_what_happened_and_what_was_written_is_read_as_on_the_pages(programs: Programs) -> None:
    wang = programs("wang")
    task = claimed(wang)
    body = {"revision": task["revision"], "outcome": "submit", "values": {"name": "纸张", "reason": "用完了"}}
    assert wang.post(f"/tasks/{task['id']}/complete", body).status_code == 200
    path = f"/instances/{task['instance_id']}"
    told: list[dict[str, Any]] = []
    following = "0"
    while following:
        page = wang.get(f"{path}/history?limit=3&cursor={following}")
        told, following = told + page["items"], page["next"]
    assert [item["number"] for item in told] == list(range(1, len(told) + 1))
    (done,) = (item for item in told if item["kind"] == "task.completed")
    assert (done["text"], done["who"], done["task_id"]) == ("办理“起草”", "王承办（人事部承办人）", task["id"])
    paper = wang.get(path)["documents"][0]
    content = wang.get(f"{path}/documents/{paper['id']}")
    assert (content["version"], content["values"]["name"]) == (1, "纸张")
    assert {field["key"] for field in content["form"]["fields"]} >= content["values"].keys()
    for where in ("/history", f"/documents/{paper['id']}"):
        assert programs("chen").ask("GET", f"/api/v1{path}{where}").status_code == 404
    assert wang.ask("GET", f"/api/v1{path}/documents/{paper['id']}?version=2").status_code == 404


@once
def test_matters_are_found_by_process_key_and_state(programs: Programs) -> None:
    wang = programs("wang")
    instance_id, _other = start(wang), start(wang, "别的")

    def found(query: str) -> list[str]:
        return [item["id"] for item in wang.get(f"/instances?{query}")["items"]]

    assert found("business_key=errand:采购纸张&process=errand&state=active") == [instance_id]
    for nothing in ("process=nothing", f"parent_id={instance_id}", "state=failed", "business_key=errand"):
        assert found(nothing) == [], nothing


@once
def test_who_started_a_matter_cancels_it(programs: Programs) -> None:
    wang = programs("wang")
    instance_id = start(wang)
    assert wang.post(f"/instances/{instance_id}/cancel", {"reason": "不办了"}).status_code == 200
    assert wang.get(f"/instances/{instance_id}")["state"] == "cancelled"
    assert wang.get("/instances?state=active")["items"] == []
    assert [item["id"] for item in wang.get("/instances?text=采购")["items"]] == [instance_id]
