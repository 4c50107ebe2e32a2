"""The API answers as it describes itself, whatever it is asked."""

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

from tests.web.api.programs import Program, Programs
from tests.web.api.test_tasks import claimed
from web.account import limiter

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BOUNDED = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Of each address, and the same ones each time."""


@pytest.fixture
def wang(app: Flask, programs: Programs) -> Program:
    """Let somebody with a matter in hand come."""
    found = programs("wang")
    claimed(found)
    return found


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


def test_no_request_is_answered_otherwise_than_described(app: Flask, wang: Program, programs: Programs) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    found: Any = schema.get_all_operations()
    operations = [one.ok() for one in found]
    held = {"task_id": wang.get("/tasks")["items"][0]["id"], "key": "errand"}
    held["instance_id"] = wang.get("/instances")["items"][0]["id"]
    link = programs("link", "send")
    for operation in operations:
        program = link if operation.path.endswith("/send") else wang
        _ask(operation, held, {"Authorization": f"Bearer {program.secret}"})


def _ask(operation: Any, held: dict[str, str], headers: dict[str, str]) -> None:
    sound = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    broken = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @BOUNDED
    @given(case=st.one_of(sound, broken), real=st.booleans())
    def ask(case: Any, real: bool) -> None:
        if real:
            case.path_parameters.update({name: held[name] for name in case.path_parameters if name in held})
        limiter.reset()
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()
