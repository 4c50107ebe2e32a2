"""Who comes by token: made on the account's page, shown once, scoped, dated, revoked; never by cookie."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from engine.ground import model
from tests.web import errands
from tests.web.api.programs import Program, Programs
from tests.web.browsing import Browse
from web.account import limiter

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Give every address of the API that wants a token, filled in with something."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and not rule.endpoint.startswith("api-docs."):
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<{name}>", "x")
            yield from ((method, path) for method in (rule.methods or set()) & {"GET", "POST"})


def test_a_token_is_made_on_the_page_shown_once_and_revoked(app: Flask, browse: Browse) -> None:
    wang = browse("wang").open("/account")
    wang.press("生成令牌", {"用途": "统计", "查看": True, "令牌的截止日期": "2026-06-30"})
    secret = str(wang.tree.xpath("string(//code)"))
    assert secret.startswith("suixu_")
    program = Program(app, secret)
    assert program.get("/tasks")["items"] == []
    assert program.post("/tasks/x/claim", {"revision": 1}).status_code == 403
    wang.open("/account")
    assert secret not in wang.text
    assert "统计" in wang.text
    wang.press("撤销令牌“统计”")
    assert program.ask("GET", "/api/v1/tasks").status_code == 401
    with errands.engine_of(app).reading() as unit:
        row = unit.connection.execute(select(model.token)).one()
        kinds = set(unit.connection.execute(select(model.event.c.kind)).scalars())
        kept = unit.connection.execute(select(model.event.c.payload)).scalars().all()
    assert secret not in row.digest
    assert {"token-issued", "token-revoked"} <= kinds
    assert not [payload for payload in kept if payload and secret.encode() in payload]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "请填写令牌的用途"),
        ({"用途": "字" * 101, "查看": True, "令牌的截止日期": "2026-06-30"}, "“用途”有 101 字，最多 100 字"),
        ({"用途": "统计", "令牌的截止日期": "2026-06-30"}, "请至少选一项权限。"),
        ({"用途": "统计", "查看": True}, "请填写截止日期"),
        ({"用途": "统计", "查看": True, "令牌的截止日期": "2026-01-20"}, "截止日期应当在今天以后。"),
        ({"用途": "统计", "查看": True, "令牌的截止日期": "2027-06-30"}, "最长一年"),
    ],
)
@once
def test_what_is_missing_is_told_and_what_was_typed_stays(
    browse: Browse, fields: dict[str, str | bool], message: str
) -> None:
    wang = browse("wang").open("/account").press("生成令牌", fields)
    assert wang.status == 422
    assert message in wang.errors
    assert wang.value("用途") == fields.get("用途", "")


@once
def test_only_a_system_administrator_hands_out_the_numbers(app: Flask, browse: Browse, programs: Programs) -> None:
    wang = browse("wang").open("/account")
    assert "读取运行指标" not in wang.text
    prepared = wang.prepared("生成令牌", {"用途": "统计", "查看": True, "令牌的截止日期": "2026-06-30"})
    prepared[1].setlist("scopes", ["metrics"])
    assert wang.send(prepared).status == 422
    assert "读取运行指标" in browse("system").open("/account").text
    assert programs("system", "metrics").ask("GET", "/metrics").status_code == 200
    assert programs("system", "read").ask("GET", "/metrics").status_code == 403
    assert programs().ask("GET", "/metrics").status_code == 401


def test_a_token_ends_with_its_day_and_with_its_account(app: Flask, programs: Programs) -> None:
    short = Program(app, programs.issue("wang", days=1)[1])
    errands.clock_of(app).advance(timedelta(days=1))
    assert short.ask("GET", "/api/v1/tasks").status_code == 200
    errands.clock_of(app).advance(timedelta(days=1))
    assert short.ask("GET", "/api/v1/tasks").status_code == 401
    li = programs("li")
    for column in ("disabled", "must_change"):
        for state, status in ((True, 401), (False, 200)):
            with errands.engine_of(app).transaction() as unit:
                unit.connection.execute(update(model.account).values({column: state}))
            assert li.ask("GET", "/api/v1/tasks").status_code == status


@once
def test_every_address_wants_a_token_and_takes_no_cookie(app: Flask, browse: Browse) -> None:
    client = browse("wang").open("/inbox").client
    found = list(addresses(app))
    assert len(found) > 12
    for given in (client, app.test_client()):
        wrong = []
        for method, path in found:
            answer = given.open(path, method=method, json={} if method == "POST" else None)
            told = answer.status_code, answer.mimetype, answer.headers.get("WWW-Authenticate")
            if told != (401, "application/problem+json", "Bearer"):
                wrong.append((method, path, told))
            # Nobody is shut out for having no token at all in this test.
            limiter.reset()
        assert wrong == []


@once
def test_who_guesses_tokens_is_slowed_down_and_who_has_one_is_not(app: Flask, programs: Programs) -> None:
    answers = [Program(app, "wrong").ask("GET", "/api/v1/tasks") for _ in range(22)]
    assert [answers[at].status_code for at in (0, -1)] == [401, 429]
    assert answers[-1].headers["Retry-After"] == "60"
    assert programs("wang").ask("GET", "/api/v1/tasks").status_code == 200
    odd = programs().ask("GET", "/api/v1/tasks", Authorization="Basic eDp5")
    assert odd.status_code == 429


@once
def test_when_a_token_was_last_used_is_kept_to_the_hour(app: Flask, programs: Programs) -> None:
    wang = programs("wang")

    def used() -> object:
        with errands.engine_of(app).reading() as unit:
            return unit.connection.execute(select(model.token.c.last_used_at)).scalar_one()

    assert used() is None
    wang.get("/tasks")
    first = used()
    errands.clock_of(app).advance(timedelta(minutes=59))
    wang.get("/tasks")
    assert used() == first
    errands.clock_of(app).advance(timedelta(minutes=1))
    wang.get("/tasks")
    assert used() != first


@once
def test_an_unknown_address_and_a_wrong_method_are_told_to_the_program(app: Flask, programs: Programs) -> None:
    nowhere = programs("wang").ask("GET", "/api/v1/nowhere")
    assert (nowhere.status_code, nowhere.mimetype) == (404, "application/problem+json")
    wrong = programs("wang").ask("PUT", "/api/v1/tasks")
    assert (wrong.status_code, wrong.mimetype) == (405, "application/problem+json")
    assert "GET" in wrong.headers["Allow"]
    page = app.test_client().get("/nowhere")
    assert page.status_code == 303
