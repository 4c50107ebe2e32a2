"""Programs bring files, enter signed papers (代录), and do two steps in a row by one act."""

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from sqlalchemy import select

from engine import definitions
from engine.core import execution
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import FORM
from tests.web import errands
from tests.web.api.programs import Program, Programs
from tests.web.api.test_tasks import claimed, codes, events

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PDF = b"%PDF-1.7\nsigned"
MEGABYTE = 1 << 20

TWO_STEPS = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:suixu="urn:suixu:bpmn:1" targetNamespace="urn:test">
 <bpmn:process id="two" name="两步" isExecutable="true" suixu:title="&quot;两步&quot;">
  <bpmn:startEvent id="s" /><bpmn:endEvent id="e" />
  <bpmn:userTask id="a" name="起草" suixu:form="form" suixu:assignment="hr.head" />
  <bpmn:userTask id="b" name="审核" suixu:form="form" suixu:assignment="hr.head" suixu:merge="agree" />
  <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a" />
  <bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="b" />
  <bpmn:sequenceFlow id="f3" sourceRef="b" targetRef="e" />
 </bpmn:process></bpmn:definitions>"""


def only_task(program: Program) -> dict[str, Any]:
    (row,) = program.get("/tasks")["items"]
    return dict(program.get(f"/tasks/{row['id']}"))


def complete(program: Program, task: dict[str, Any], outcome: str, **more: Any) -> Any:
    body = {"revision": task["revision"], "outcome": outcome, **more}
    return program.post(f"/tasks/{task['id']}/complete", body)


def before_the_leader(programs: Programs) -> dict[str, Any]:
    """Bring an errand before the leader; give the task as the secretary sees it."""
    wang = programs("wang")
    assert complete(wang, claimed(wang), "submit", values={"name": "纸张"}).status_code == 200
    zhang = programs("zhang")
    assert complete(zhang, only_task(zhang), "agree").status_code == 200
    return dict(programs("qian").get(f"/tasks/{only_task(programs('zhao'))['id']}"))


# Files


def test_a_file_is_brought_once_and_goes_on_with_the_form(app: Flask, programs: Programs) -> None:
    wang = programs("wang")
    task = claimed(wang)
    first = wang.upload(task["id"], "清单.pdf", PDF, Idempotency_Key="f1")
    again = wang.upload(task["id"], "清单.pdf", PDF, Idempotency_Key="f1")
    assert (first.status_code, again.status_code, first.json) == (201, 201, again.json), first.text
    assert events(app, "document.added") == 1
    kept = first.json or {}
    assert (kept["file_name"], kept["media_type"], kept["size"]) == ("清单.pdf", "application/pdf", len(PDF))
    other = wang.upload(task["id"], "清单.pdf", PDF + b".", Idempotency_Key="f1")
    assert (other.status_code, codes(other)) == (422, ["idempotency_key"])
    done = complete(wang, task, "submit", values={"name": "纸张", "files": [kept["id"]]})
    assert done.status_code == 200, done.text
    assert programs("zhang").ask("GET", f"/api/v1/documents/{kept['id']}/file").data == PDF
    # Whoever lost the answer gets it now too; a new one comes too late.
    assert wang.upload(task["id"], "清单.pdf", PDF, Idempotency_Key="f1").json == kept
    assert wang.upload(task["id"], "清单.pdf", PDF).status_code == 409


def bomb() -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w", compression=8) as archive:
        archive.writestr("word/document.xml", bytes(60 * MEGABYTE))
    return stream.getvalue()


@once
def test_what_the_pages_do_not_take_is_not_taken_here(app: Flask, programs: Programs) -> None:
    wang = programs("wang")
    path = claimed(wang)["id"]
    for name, content in (("病毒.docx", b"MZ"), ("脚本.html", b"<p>"), ("炸弹.docx", bomb()), ("宏.docx", macros())):
        answer = wang.upload(path, name, content)
        assert (answer.status_code, codes(answer)) == (422, ["upload_refused"]), name
    too_large = wang.upload(path, "大.pdf", PDF + bytes(MEGABYTE))
    assert (too_large.status_code, "“大.pdf”没有收下" in (too_large.json or {})["detail"]) == (413, True)
    assert wang.upload(path, "很大.pdf", PDF + bytes(2 * MEGABYTE)).status_code == 413
    for number in range(4):
        assert wang.upload(path, f"{number}.pdf", PDF + bytes(MEGABYTE - 20)).status_code == 201
    full = wang.upload(path, "5.pdf", PDF + bytes(MEGABYTE - 20))
    assert (full.status_code, "合计超过" in (full.json or {})["detail"]) == (413, True)
    for data, status in (({}, 415), ({"file": "text"}, 415), ({"other": (BytesIO(PDF), "a.pdf")}, 422)):
        assert wang.ask("POST", f"/api/v1/tasks/{path}/upload", data=data).status_code == status
    assert events(app, "document.added") == 4


def macros() -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
        archive.writestr("word/vbaProject.bin", "x")
    return stream.getvalue()


@once
def test_nobody_else_brings_anything(app: Flask, programs: Programs) -> None:
    task = claimed(programs("wang"))
    for login, status in (("chen", 404), ("audit", 403)):
        assert programs(login).upload(task["id"], "清单.pdf", PDF).status_code == status
    assert programs("wang", "read").upload(task["id"], "清单.pdf", PDF).status_code == 403
    assert not list(errands.engine_of(app).files.glob("??/*"))


# 代录


def test_a_secretary_enters_what_was_signed_on_paper(app: Flask, programs: Programs) -> None:
    task, qian = before_the_leader(programs), programs("qian")
    assert (task["may"], task["signers"]) == (["enter"], ["group.leader"])
    scan = (qian.upload(task["id"], "签批件.pdf", PDF).json or {})["id"]
    body = {"revision": task["revision"], "outcome": "agree", "post": "group.leader"}
    for made_on, paper, wrong in (("2026-02-01", scan, "made_on"), ("2026-01-19", "x", "scan")):
        refused = qian.post(f"/tasks/{task['id']}/enter", {**body, "made_on": made_on, "scan": paper})
        assert (refused.status_code, codes(refused)) == (422, ["entry"])
        assert (refused.json or {})["faults"][0]["element"] == wrong
    sound = {**body, "made_on": "2026-01-19", "scan": scan}
    assert programs("zhang").post(f"/tasks/{task['id']}/enter", sound).status_code == 404
    sent = [qian.post(f"/tasks/{task['id']}/enter", sound, Idempotency_Key="e") for _ in range(2)]
    assert [(answer.status_code, (answer.json or {}).get("state")) for answer in sent] == [(200, "completed")] * 2
    with errands.engine_of(app).reading() as unit:
        kept = unit.connection.execute(select(model.opinion).order_by(model.opinion.c.id.desc())).first()
    assert kept is not None
    assert (str(kept.made_on), kept.scan_id) == ("2026-01-19", scan)


# Two steps in a row


@once
def test_two_steps_in_a_row_are_done_by_one_act_where_both_are_named(app: Flask, programs: Programs) -> None:
    zhang = programs("zhang")
    with errands.engine_of(app).transaction() as unit:
        definition = definitions.publish(unit, TWO_STEPS.encode(), {"form": FORM}, SYSTEM)
        for key in ("one", "two"):
            execution.start(unit, definition, {}, SYSTEM, business_key=key)
    first, second = (zhang.get(f"/tasks/{row['id']}") for row in zhang.get("/tasks")["items"])
    assert first["along"] == [{"activity_id": "b", "name": "审核", "label": "同意", "certain": True}]
    alone = complete(zhang, first, "agree")
    assert (alone.status_code, (alone.json or {})["along"]) == (200, [])
    both = complete(zhang, second, "agree", along=["b", "nowhere"])
    assert both.status_code == 200, both.text
    ((along,), whole) = (both.json or {})["along"], zhang.get(f"/instances/{second['instance_id']}")
    assert (whole["state"], [step["id"] for step in whole["tasks"]]) == ("completed", [second["id"], along])
    assert len(zhang.get("/tasks")["items"]) == 1
