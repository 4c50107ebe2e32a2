"""The API answers as it describes itself, whatever it is asked."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import TestResponse

from tests.web.api.programs import Program, Programs
from tests.web.api.test_papers import PDF, complete, only_task
from tests.web.api.test_tasks import claimed, start
from web.account import limiter

ENGLISH = re.compile(r"[Nn]ot a valid|[Mm]ust be|[Mm]issing data|may not|Unknown field|Invalid|Longer|Length")


def says_it_in_chinese(_context: Any, response: Any, _case: Any) -> None:
    """What is wrong with a request is told in the language of its readers."""
    if response.status_code == 422:
        told = response.json()
        assert not [fault for fault in told["faults"] if ENGLISH.search(fault["message"])], told


CHECKS: list[Any] = [
    *(not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance),
    says_it_in_chinese,
]
BOUNDED = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Of each address, and the same ones each time."""


@pytest.fixture
def operations(app: Flask) -> dict[str, Any]:
    """Give what is described, by method and address."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    found: Any = schema.get_all_operations()
    described = [one.ok() for one in found]
    return {f"{one.method.upper()} {one.path}": one for one in described}


@dataclass
class Held(Program):
    """Hold every answer that a program gets against the description, and remember what was done."""

    operations: dict[str, Any] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def ask(self, method: str, path: str, json: Any = None, data: Any = None, **headers: str) -> TestResponse:
        """Ask for something that is there to be had."""
        answer = super().ask(method, path, json, data, **headers)
        rule, _given = self.app.url_map.bind("").match(path.partition("?")[0], method, return_rule=True)
        name = f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        self.operations[name].Case().validate_response(answer, checks=CHECKS)
        assert answer.status_code < 300, (name, answer.text)
        self.done.add(name)
        return answer


def test_it_is_described_without_a_token_and_hides_no_act(app: Flask) -> None:
    told = app.test_client().get("/api/v1/openapi.json")
    assert told.status_code == 200
    assert told.json is not None
    assert told.json["openapi"].startswith("3.")
    described = {path.replace("{", "<").replace("}", ">") for path in told.json["paths"]}
    open_ones = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert open_ones - described == {"/api/v1/openapi.json"}
    for path, operations in told.json["paths"].items():
        keyed = any(parameter["name"] == "Idempotency-Key" for parameter in operations.get("parameters", ()))
        assert keyed == ("post" in operations), path
        for name, operation in operations.items():
            if name in ("get", "post"):
                assert {"401", "404", "422", "503"} <= set(operation["responses"]), path
                problem = operation["responses"]["422"]["content"]
                assert set(problem) == {"application/problem+json"}, path


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_all_that_it_describes_can_be_done(app: Flask, programs: Programs, operations: dict[str, Any]) -> None:
    done: set[str] = set()

    def come(login: str, *scopes: str) -> Held:
        return Held(app, programs(login, *scopes).secret, operations, done)

    wang, li, zhang, qian, link = come("wang"), come("li"), come("zhang"), come("qian"), come("link", "send")
    wang.get("/definitions")
    wang.get("/definitions/errand")
    wang.post(f"/instances/{start(wang, '不办的')}/cancel", {"reason": "不办了"})
    task = claimed(wang)
    path, instance = f"/tasks/{task['id']}", f"/instances/{task['instance_id']}"
    colleague = next(one["id"] for one in task["colleagues"] if one["name"] == "李承办")

    def act(program: Program, verb: str, **more: Any) -> None:
        program.post(f"{path}/{verb}", {"revision": program.get(path)["revision"], **more})

    act(wang, "assign", person=colleague)
    act(li, "unclaim")
    act(wang, "claim")
    brought = (wang.upload(task["id"], "清单.pdf", PDF).json or {})["id"]
    act(wang, "save", values={"name": "纸张", "files": [brought]})
    wang.get(f"/documents/{brought}")
    wang.ask("GET", f"/api/v1/documents/{brought}/file")
    complete(wang, wang.get(path), "submit")
    act(wang, "withdraw")
    path = f"/tasks/{only_task(wang)['id']}"
    act(wang, "claim")
    complete(wang, wang.get(path), "submit")
    complete(zhang, only_task(zhang), "agree")
    at_leader = only_task(programs("zhao"))
    scan = (qian.upload(at_leader["id"], "签批件.pdf", PDF).json or {})["id"]
    paper = {"post": "group.leader", "made_on": "2026-01-19", "scan": scan}
    qian.post(f"/tasks/{at_leader['id']}/enter", {"revision": at_leader["revision"], "outcome": "agree", **paper})
    assert wang.get("/instances?state=completed")["items"][0]["id"] == task["instance_id"]
    for document in wang.get(instance)["documents"]:
        wang.get(f"{instance}/documents/{document['id']}")
    wang.get(f"{instance}/history")
    sent = link.post("/messages/send", {"name": "到货", "business_key": "k"}).json or {}
    link.get(f"/messages/{sent['id']}")
    link.post("/signals/send", {"name": "放假"})
    assert operations.keys() - done == set()


def test_no_request_is_answered_otherwise_than_described(
    app: Flask, programs: Programs, operations: dict[str, Any]
) -> None:
    wang, link = programs("wang"), programs("link", "send")
    task = claimed(wang)
    sent = link.post("/messages/send", {"name": "到货", "business_key": "k"}).json or {}
    # What is cancelled on the way is another matter, or nothing could be done any more.
    held = {"task_id": task["id"], "instance_id": start(wang, "别的"), "key": "errand", "message_id": sent["id"]}
    held["document_id"] = (wang.upload(task["id"], "清单.pdf", PDF).json or {})["id"]
    for operation in operations.values():
        if operation.path.endswith("/file"):
            # No file is handed out to somebody who never closes it.
            del held["document_id"]
        program = link if operation.path.startswith(("/api/v1/messages", "/api/v1/signals")) else wang
        _ask(operation, held, wang, {"Authorization": f"Bearer {program.secret}"})


def _ask(operation: Any, held: dict[str, str], wang: Program, headers: dict[str, str]) -> None:
    sound = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    broken = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @BOUNDED
    @given(case=st.one_of(sound, broken), real=st.sampled_from((True, True, False)))
    def ask(case: Any, real: bool) -> None:
        if real:
            case.path_parameters.update({name: held[name] for name in case.path_parameters if name in held})
            if isinstance(case.body, dict) and isinstance(case.body.get("revision"), int):
                case.body["revision"] = wang.get(f"/tasks/{held['task_id']}")["revision"]
        limiter.reset()
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()
