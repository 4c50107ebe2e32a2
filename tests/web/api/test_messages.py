"""Programs of an account that has the role for it send messages and signals."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from engine import definitions
from engine.core import execution
from engine.ground import model
from engine.ground.errors import Invalid
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import DIAGRAMS
from tests.web import errands
from tests.web.api.programs import Programs
from tests.web.api.test_tasks import codes, events
from tests.web.browsing import Browse

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def begin(app: Flask, name: str, key: str = "k") -> str:
    with errands.engine_of(app).transaction() as unit:
        definition = definitions.publish(unit, (DIAGRAMS / f"{name}.bpmn").read_bytes(), {}, SYSTEM)
        return execution.start(unit, definition, {}, SYSTEM, business_key=key).id


def ended(app: Flask, instance_id: str) -> Any:
    """Give what an instance that has ended made of x, None while it is running."""
    errands.work(app)
    with errands.engine_of(app).reading() as unit:
        assert execution.row_of(unit, instance_id)["state"] in ("active", "completed")
        query = select(model.variable.c.value).where(model.variable.c.instance_id == instance_id)
        return unit.connection.execute(query).scalar()


def test_a_message_reaches_the_one_who_waits_once(app: Flask, programs: Programs) -> None:
    mine, other = begin(app, "engine_receiver"), begin(app, "engine_receiver", "l")
    link = programs("link", "send")
    body = {"name": "到货", "business_key": "k", "values": {"x": 1.5, "more": ["字", None, True]}}
    first = link.post("/messages/send", body, Idempotency_Key="m1")
    again = link.post("/messages/send", body, Idempotency_Key="m1")
    assert (first.status_code, again.status_code, first.json) == (201, 201, again.json), first.text
    assert events(app, "message-sent") == 1
    assert (ended(app, mine), ended(app, other)) == ({"number": "2.5"}, None)


@once
def test_a_message_that_nobody_awaits_is_kept_as_long_as_is_said(
    app: Flask, programs: Programs, browse: Browse
) -> None:
    link = programs("link", "send")
    sent = link.post("/messages/send", {"name": "到货", "business_key": "k", "values": {"x": 1}, "keep_days": 2})
    assert (sent.json or {})["expires_at"].startswith("2026-01-22T")
    path = f"/messages/{(sent.json or {})['id']}"
    assert (link.get(path)["state"], link.get(path)["received_at"]) == ("waiting", None)
    assert ended(app, begin(app, "engine_receiver")) == 2
    assert (link.get(path)["state"], link.get(path)["received_at"]) == ("received", "2026-01-20T01:00:00+00:00")
    # and an auditor sees who sent what
    assert "对接程序 发送消息“到货”" in browse("audit").open("/audit/access").text


@once
def test_a_signal_reaches_all_who_wait(app: Flask, programs: Programs) -> None:
    waiting = [begin(app, "runs_signal_catch", key) for key in ("k", "l")]
    told = programs("link", "send").post("/signals/send", {"name": "放假", "values": {"x": 1}})
    assert (told.status_code, told.json) == (200, {"reached": 2})
    assert [ended(app, each) for each in waiting] == [2, 2]


@once
def test_it_takes_the_scope_and_the_role(app: Flask, programs: Programs) -> None:
    body = {"name": "到货", "business_key": "k"}
    for login in ("wang", "process"):
        with pytest.raises(Invalid):
            programs(login, "send")
    assert programs("link").post("/messages/send", body).status_code == 403
    link = programs("link", "send")
    assert link.ask("GET", "/api/v1/tasks").status_code == 403
    assert link.post("/definitions/errand/start", {}).status_code == 403
    with errands.engine_of(app).transaction() as unit:
        unit.connection.execute(update(model.account).where(model.account.c.login == "link").values(roles=[]))
    for path in ("/messages/send", "/signals/send"):
        assert link.post(path, body).status_code == 403
    assert (events(app, "message-sent"), events(app, "signal-sent")) == (0, 0)


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"name": " "}, ["required"]),
        ({"name": "到\n货", "business_key": "\0"}, ["lines", "characters"]),
        ({"values": {"x": {"date": "2026-01-01"}, "y": [[1]], "z": "\0", "w": 10**34}}, ["message_value"] * 4),
        ({"values": {"x": "长" * 10_000}}, ["message_content"]),
        ({"keep_days": 0, "business_key": ""}, ["request", "request"]),
    ],
)
@once
def test_what_cannot_be_sent_is_told(programs: Programs, more: dict[str, Any], wanted: list[str]) -> None:
    answer = programs("link", "send").post("/messages/send", {"name": "到货", "business_key": "k", **more})
    assert (answer.status_code, codes(answer)) == (422, wanted)
