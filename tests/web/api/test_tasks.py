"""A matter goes its way through the API: started, claimed, saved, completed, taken back."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine.ground import model
from engine.ground.errors import Busy
from tests.web import errands
from tests.web.api.programs import Program, Programs

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def start(program: Program, subject: str = "采购纸张") -> str:
    answer = program.post("/definitions/errand/start", {"values": {"subject": subject}})
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return str(answer.json["id"])


def claimed(program: Program) -> dict[str, Any]:
    """Start an errand, and claim its first task."""
    start(program)
    task = program.get(f"/tasks/{program.get('/tasks')['items'][0]['id']}")
    answer = program.post(f"/tasks/{task['id']}/claim", {"revision": task["revision"]})
    assert answer.status_code == 200, answer.text
    return dict(program.get(f"/tasks/{task['id']}"))


def events(app: Flask, kind: str) -> int:
    with errands.engine_of(app).reading() as unit:
        table = model.event.c
        return int(unit.connection.execute(select(func.count(table.number)).where(table.kind == kind)).scalar_one())


def codes(answer: Any) -> list[str]:
    assert answer.mimetype == "application/problem+json"
    return [fault["code"] for fault in answer.json["faults"]]


def test_an_errand_is_started_drafted_and_handed_in(app: Flask, programs: Programs) -> None:
    wang = programs("wang")
    task = claimed(wang)
    assert task["may"] == ["assign", "complete", "save", "unclaim"]
    keys = {field["key"] for field in task["form"]["fields"]}
    name, reason = _keys(task, "事项名称"), _keys(task, "理由")
    assert {name, reason} <= keys
    saved = wang.post(f"/tasks/{task['id']}/save", {"revision": task["revision"], "values": {name: "纸张"}})
    assert saved.json is not None
    outcome = task["form"]["outcomes"][0]["value"]
    body = {"revision": saved.json["revision"], "values": {reason: "用完了"}, "outcome": outcome}
    done = wang.post(f"/tasks/{task['id']}/complete", body)
    assert (done.status_code, done.json and done.json["state"]) == (200, "completed"), done.text
    zhang = programs("zhang")
    (following,) = zhang.get("/tasks")["items"]
    assert following["name"] == "审核"
    whole = zhang.get(f"/instances/{task['instance_id']}")
    assert [step["state"] for step in whole["tasks"]] == ["completed", "open"]
    again = wang.post(f"/tasks/{task['id']}/withdraw", {"revision": done.json["revision"]} if done.json else {})
    assert again.status_code == 200, again.text
    assert zhang.get("/tasks")["items"] == []


def _keys(task: dict[str, Any], label: str) -> str:
    return next(str(field["key"]) for field in task["form"]["fields"] if field["label"] == label)


def test_a_task_is_assigned_and_put_back(programs: Programs) -> None:
    wang, li = programs("wang"), programs("li")
    task = claimed(wang)
    other = next(one for one in task["colleagues"] if one["name"] == "李承办")
    given = wang.post(f"/tasks/{task['id']}/assign", {"revision": task["revision"], "person": other["id"]})
    assert given.status_code == 200, given.text
    assert wang.get("/tasks")["items"] == []
    back = li.post(f"/tasks/{task['id']}/unclaim", {"revision": (given.json or {})["revision"]})
    assert back.status_code == 200, back.text
    assert len(wang.get("/tasks")["items"]) == 1


def test_the_inbox_and_the_matters_come_in_pages(programs: Programs) -> None:
    wang = programs("wang")
    begun = {start(wang, f"第{number}件") for number in range(5)}
    for path in ("/tasks", "/instances"):
        seen: list[str] = []
        following, pages = "", 0
        while pages == 0 or following:
            page = wang.get(f"{path}?limit=2&cursor={following}")
            seen += [item.get("instance_id", item["id"]) for item in page["items"]]
            following, pages = page["next"], pages + 1
        assert (sorted(seen), pages) == (sorted(begun), 3)
    for cursor in ("x", "!!!", "AAAA", "fg=="):
        answer = wang.ask("GET", f"/api/v1/tasks?cursor={cursor}")
        assert (answer.status_code, codes(answer)) == (422, ["cursor"])


def test_what_the_engine_refuses_is_told_with_its_codes(programs: Programs) -> None:
    wang = programs("wang")
    task = claimed(wang)
    path, seen = f"/tasks/{task['id']}", task["revision"]
    outcome = task["form"]["outcomes"][0]["value"]
    wrong = wang.post(f"{path}/complete", {"revision": seen, "outcome": outcome})
    assert (wrong.status_code, codes(wrong)) == (422, ["form_required"])
    name = _keys(task, "事项名称")
    for values, code in (
        ({"nobody": 1}, "unknown_field"),
        ({name: ["x"]}, "form_type"),
        ({"items": [{"thing": "笔", "odd": 1}]}, "unknown_field"),
        ({"items": "x"}, "form_type"),
    ):
        answer = wang.post(f"{path}/save", {"revision": seen, "values": values})
        assert (answer.status_code, codes(answer)) == (422, [code]), values
    assert wang.post(f"{path}/save", {"revision": seen - 1, "values": {"nobody": 1}}).status_code == 409
    stranger = programs("chen").post(f"{path}/claim", {"revision": seen})
    assert (stranger.status_code, codes(stranger)) == (404, [])
    assert programs("li").post(f"{path}/unclaim", {"revision": seen}).status_code == 403


def test_what_pages_ask_to_confirm_is_asked_here_too(programs: Programs) -> None:
    wang = programs("wang")
    task = claimed(wang)
    values = {_keys(task, "事项名称"): "慰问", _keys(task, "理由"): "证件号码 11010519491231002X"}
    outcome = task["form"]["outcomes"][0]["value"]
    body = {"revision": task["revision"], "values": values, "outcome": outcome}
    asked = wang.post(f"/tasks/{task['id']}/complete", body)
    assert (asked.status_code, codes(asked)) == (422, ["form_unconfirmed"])
    assert wang.post(f"/tasks/{task['id']}/complete", {**body, "confirmed": True}).status_code == 200


def test_what_is_no_sound_request_is_told_by_its_place(programs: Programs) -> None:
    wang = programs("wang")
    answer = wang.post("/tasks/x/claim", {"revision": "many", "more": 1})
    assert (answer.status_code, codes(answer)) == (422, ["request", "request"])
    assert {fault["element"] for fault in (answer.json or {})["faults"]} == {"revision", "more"}
    assert (answer.json or {})["faults"][1]["message"] == "请求里的“more”不在接口说明里，请删去。"
    unsound = (b"{", b'{"revision": NaN}', b'{"revision": 1e999}', b'{"a": "\\ud800"}', b"\xff", b"[" * 100_000)
    for body in (*unsound, b'{"revision": 1, "revision": 2}'):
        broken = _send(wang, body, "application/json")
        assert (broken.status_code, (broken.json or {})["code"]) == (400, "bad_request"), body[:20]
    for body in (b"[]", b"null", b'"x"'):
        assert "应当是 JSON 对象" in (_send(wang, body, "application/json").json or {})["faults"][0]["message"]
    lists = [wang.ask("GET", f"/api/v1/{path}") for path in ("tasks?status=open", "instances?limit=0")]
    assert [(given.status_code, codes(given)) for given in lists] == [(422, ["request"])] * 2


@once
def test_what_comes_as_something_else_is_not_taken_for_nothing(programs: Programs) -> None:
    wang = programs("wang")
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = _send(wang, b'{"revision": 1}', kind)
        assert (answer.status_code, (answer.json or {})["code"]) == (415, "unsupported_media_type")


def _send(program: Program, body: bytes, kind: str) -> Any:
    headers = {"Authorization": f"Bearer {program.secret}", "Content-Type": kind}
    return program.app.test_client().post("/api/v1/tasks/x/claim", data=body, headers=headers)


@once
def test_a_form_may_come_back_whole_and_says_what_it_wants(programs: Programs) -> None:
    wang, zhang = programs("wang"), programs("zhang")
    task = claimed(wang)
    field = next(each for each in task["form"]["fields"] if each["label"] == "事项名称")
    assert (field["max_length"], field["pattern"], field["choices"]) == (30, "", [])
    body = {"revision": task["revision"], "outcome": "submit", "values": {"name": "纸张", "reason": "用完了"}}
    assert wang.post(f"/tasks/{task['id']}/complete", body).status_code == 200
    shown = zhang.get(f"/tasks/{zhang.get('/tasks')['items'][0]['id']}")
    path, seen, values = f"/tasks/{shown['id']}/save", shown["revision"], shown["values"]
    assert values.keys() == {each["key"] for each in shown["form"]["fields"]}
    refused = zhang.post(path, {"revision": seen, "values": {**values, "name": "改了"}})
    assert (refused.status_code, codes(refused)) == (422, ["form_readonly"])
    assert zhang.post(path, {"revision": seen, "values": values}).status_code == 200


def test_an_act_under_a_key_is_done_once_and_answered_alike(app: Flask, programs: Programs) -> None:
    wang = programs("wang")
    body = {"values": {"subject": "采购纸张"}}
    first = wang.post("/definitions/errand/start", body, Idempotency_Key="k1")
    again = wang.post("/definitions/errand/start", body, Idempotency_Key="k1")
    assert (first.status_code, again.status_code, first.json) == (201, 201, again.json)
    assert events(app, "instance.started") == 1
    other = wang.post("/definitions/errand/start", {"values": {"subject": "别的"}}, Idempotency_Key="k1")
    assert (other.status_code, codes(other)) == (422, ["idempotency_key"])
    odd = wang.post("/definitions/errand/start", body, Idempotency_Key="a b")
    assert (odd.status_code, codes(odd)) == (422, ["idempotency_key"])
    assert programs("wang").post("/definitions/errand/start", body, Idempotency_Key="k1").json != first.json
    errands.clock_of(app).advance(timedelta(hours=24))
    assert wang.post("/definitions/errand/start", body, Idempotency_Key="k1").json != first.json


def test_a_refused_act_leaves_its_key_free(programs: Programs) -> None:
    wang = programs("wang")
    assert wang.post("/definitions/errand/start", {}, Idempotency_Key="k").status_code == 422
    body = {"values": {"subject": "采购纸张"}}
    refused = wang.post("/definitions/errand/start", {"values": {"odd": 1}}, Idempotency_Key="k2")
    assert refused.status_code == 422
    assert wang.post("/definitions/errand/start", body, Idempotency_Key="k2").status_code == 201


def test_a_database_that_is_away_is_told_with_when_to_come_back(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang = programs("wang")

    def busy(*_given: object) -> None:
        raise Busy("数据库暂时不能使用。")

    monkeypatch.setattr("engine.tasks.claim", busy)
    answer = wang.post("/tasks/x/claim", {"revision": 1})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
