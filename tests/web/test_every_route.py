"""What holds for every address of the house, driven from its map: nobody can add a page and forget its guard."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import web
from engine.ground import model
from engine.ground.unit_of_work import new_id
from tests.web import errands
from tests.web.api.programs import Programs
from tests.web.browsing import Browse
from tests.web.signing import sign_in
from tests.web.test_tasks import hand_in, start
from web.account import limiter
from web.session import API, OPEN_TO_ALL, WATCHED

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For what happens before any database is asked."""

PDF = b"%PDF-1.7\n"
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}

OWNERS: Mapping[str, tuple[str, ...]] = {
    "account": (),
    "accounts": ("system",),
    "archives": (),
    "audit": ("audit",),
    "calendar": ("system",),
    "drafting": ("process",),
    "erasures": ("security", "audit"),
    "files": (),
    "hints": ("process",),
    "inbox": (),
    "incidents": ("process",),
    "instances": (),
    "notices": (),
    "organization": (),
    "parameters": ("system",),
    "personal_tokens": (),
    "processes": (),
    "setup": ("system",),
    "shipped": ("process",),
    "static": (),
    "substitutions": (),
    "tasks": (),
}
"""Whose each room is, by role; a room that is in nobody's name is everybody's, and looks at each thing by itself."""

NAMES = {
    "accounts.act": "disable",
    "organization.ask": "add-unit",
    "organization.change": "add-unit",
    "setup.blank": "units",
    "setup.settle": "units",
}
"""What `<name>` stands for, where it is one of a few words."""

OPEN_TO_PROGRAMS = ("/api/v1/openapi.json", "/healthz", "/readyz")
"""What any program may read: how to speak to the house, and whether it stands."""

ODD = (
    "x" * 5000,
    "%00",
    "a%00b",
    quote("🎖双拥"),
    "%ff%fe",
    "%F0%28%8C%28",
    "%0d%0aX-Evil:%201",
    "%2e%2e",
    "..%2f..%2f..%2fetc%2fpasswd",
    "..%5c..%5cwindows",
    quote("' OR 1=1 --"),
    quote('<img src=x onerror="alert(1)">'),
    quote("{{7*7}}%s%n"),
    "-1",
    "0",
    "9" * 40,
    quote("٣"),
    "00000000-0000-7000-8000-000000000000",
)
VALUES = ("", "x" * 5000, "a\0b", "🎖", "-1", "9" * 50, "２０２６", "<b>", "2026-13-45", "../..", "\u202e", "=1+1")


FORM = {"revision": "1", "confirmed": "yes", "resolution": "已经处理"}
"""Whatever else an act asks for before it looks at what it is for."""


@dataclass
class House:
    """Hold the app with a matter in it, and what its ids are."""

    app: Flask
    ids: dict[str, str]

    def rules(self, *methods: str) -> Iterator[tuple[Rule, str]]:
        """Give every rule for people (programs have tests of their own) with each method, or with those asked for."""
        for rule in self.app.url_map.iter_rules():
            if rule.rule.startswith(API) or rule.rule in WATCHED:
                continue
            for method in sorted((rule.methods or set()) & (set(methods) or {"GET", *CHANGING})):
                yield rule, method

    def programs(self) -> Iterator[tuple[Rule, str]]:
        """Give every rule for programs with each of its methods, but for what any of them may read."""
        for rule in self.app.url_map.iter_rules():
            if (rule.rule.startswith(API) or rule.rule in WATCHED) and rule.rule not in OPEN_TO_PROGRAMS:
                for method in sorted((rule.methods or set()) & {"GET", *CHANGING}):
                    yield rule, method

    def address(self, rule: Rule, odd: str = "") -> str:
        """Fill in a rule: with what there is, or with something odd in each place."""

        def fill(place: re.Match[str]) -> str:
            return odd or (NAMES[rule.endpoint] if place[1] == "name" else self.ids[place[1]])

        return re.sub(r"<(?:\w+:)?(\w+)>", fill, rule.rule)

    def client(self, login: str) -> tuple[FlaskClient, str]:
        """Sign somebody in; give their browser and the token that its forms carry."""
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie.update(sign_in(errands.engine_of(self.app), login))
        found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)
        assert found is not None
        return client, found[1]


@pytest.fixture
def house(app: Flask, browse: Browse) -> House:
    """Let 人事部 have matters, files, notices and everything else that has an address."""
    hand_in(browse)
    wang = start(browse, "还在起草").submit("暂存", 附件=("清单.pdf", PDF))
    engine = errands.engine_of(app)
    with engine.transaction() as unit:
        connection = unit.connection

        def one(column: Any, *where: Any) -> str:
            return str(connection.execute(select(column).where(*where)).scalars().first())

        people = {row.login: row for row in connection.execute(select(model.account))}
        document = connection.execute(select(model.document)).first()
        assert document is not None
        ids = {
            "instance_id": document.instance_id,
            "task_id": wang.path.rpartition("/")[2],
            "document_id": document.id,
            "message_id": new_id(),
            "account_id": people["li"].id,
            "key": "errand",
            "number": "1",
            "stream": f"account:{people['li'].id}",
            "state": "done",
            "filename": "app.css",
        }
        scopes = {"scopes": ["read"], "expires": unit.today, "created_at": unit.now, "name": "t", "digest": "d"}
        ids["token_id"] = new_id()
        row = {"id": ids["token_id"], "account_id": people["wang"].id, **scopes}
        connection.execute(insert(model.token), row)
        for name, row in _rows(unit.now, ids["instance_id"], people, one(model.post.c.id)):
            ids[f"{name}_id"] = row["id"] = new_id()
            connection.execute(insert(model.metadata.tables[name]), row)
    return House(app, ids)


def _rows(now: Any, instance: str, people: Mapping[str, Any], post: str) -> Iterator[tuple[str, dict[str, Any]]]:
    wang, li = people["wang"].person_id, people["li"].person_id
    yield (
        "notice",
        {"key": "k", "person_id": wang, "kind": "k", "title": "t", "body": "b", "link": "/", "created_at": now},
    )
    yield "incident", {"instance_id": instance, "message": "m", "created_at": now, "activity_id": ""}
    days = {"starts": now.date(), "ends": now.date().replace(month=12), "granted_at": now, "authority": "依据"}
    yield "substitution", {"principal_id": wang, "deputy_id": li, "post_id": post, **days}


def show(rule: Rule, method: str, answer: TestResponse) -> str:
    return f"{method} {rule.rule} → {answer.status_code}"


def is_guarded(answer: TestResponse) -> bool:
    """Tell whether an answer says all that a browser must be told."""
    headers = answer.headers
    policy = headers.get("Content-Security-Policy", "")
    return (
        "default-src" in policy
        and "frame-ancestors 'none'" in policy
        and "script-src 'unsafe" not in policy
        and "unsafe-eval" not in policy
        and headers.get("X-Content-Type-Options") == "nosniff"
        and headers.get("X-Frame-Options") == "DENY"
        and headers.get("Referrer-Policy") == "same-origin"
        and "Permissions-Policy" in headers
        and len(headers.getlist("Cache-Control")) == 1
        and ("no-store" in headers["Cache-Control"] or _is_asset(answer))
        and "X-Evil" not in headers
    )


def _is_asset(answer: TestResponse) -> bool:
    return answer.request.path.startswith("/static/") and answer.status_code == 200


def ask(client: FlaskClient, method: str, path: str, **form: str) -> TestResponse:
    answer = client.open(path, method=method, data=form or None, buffered=True)
    answer.request.environ["wsgi.input"].close()
    return answer


@once
def test_every_room_is_in_somebodys_name(house: House) -> None:
    rooms = {rule.endpoint.partition(".")[0] for rule, _ in house.rules()}
    assert rooms == set(OWNERS)


@once
def test_nothing_is_changed_without_a_token(house: House) -> None:
    client, _token = house.client("wang")
    wrong = []
    for rule, method in house.rules(*CHANGING):
        for forged in (FORM, {"csrf_token": "forged"}):
            answer = ask(client, method, house.address(rule), **forged)
            fine = answer.status_code == 400 and is_guarded(answer) and "请打开最新的页面再办理" in answer.text
            wrong += [] if fine else [show(rule, method, answer)]
    assert not wrong, "\n".join(wrong)


@once
def test_nobody_comes_in_without_signing_in(house: House) -> None:
    client = house.app.test_client()
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert found is not None
    wrong = []
    for rule, method in house.rules():
        if rule.endpoint in OPEN_TO_ALL:
            continue
        answer = ask(client, method, house.address(rule), **({"csrf_token": found[1]} if method in CHANGING else {}))
        wanted = (303, "/login") if method == "GET" else (401, None)
        got = answer.status_code, answer.location and answer.location.partition("?")[0]
        wrong += [] if got == wanted and is_guarded(answer) else [show(rule, method, answer)]
    assert not wrong, "\n".join(wrong)
    assert {"static", "account.login", "account.sign_in"} == OPEN_TO_ALL


@once
def test_a_program_comes_in_by_its_token_and_never_by_a_cookie(house: House) -> None:
    # Given a browser in which somebody is signed in, led to an address for programs by another site
    client, token = house.client("wang")
    wrong = []
    for rule, method in house.programs():
        limiter.reset()
        answer = ask(client, method, house.address(rule), **({"csrf_token": token} if method in CHANGING else {}))
        fine = answer.status_code == 401 and is_guarded(answer) and "Set-Cookie" not in answer.headers
        wrong += [] if fine else [show(rule, method, answer)]
    assert not wrong, "\n".join(wrong)


BEFORE = {"api_messages.show": 403, "api_tasks.upload": 415}
"""What is turned away before anything is looked for: a token for other things, a body that is no file."""

BODY = {"revision": 1, "values": {}, "reason": "无", "person": "x", "outcome": "x"}


@pytest.mark.parametrize("login", ["wang", "chen"])
def test_a_program_finds_nothing_odd_and_nothing_of_others(house: House, login: str) -> None:
    program = Programs(house.app)(login)
    wrong = []
    for rule, method in house.programs():
        odd = [house.address(rule, odd) for odd in ODD if rule.arguments]
        for path in [house.address(rule), *odd] if login == "chen" and rule.arguments else odd:
            answer = program.ask(method, path, BODY if method in CHANGING else None)
            fine = answer.status_code in (404, 422, BEFORE.get(rule.endpoint)) and is_guarded(answer)
            fine = fine and (answer.status_code != 422 or method in CHANGING)
            wrong += [] if fine else [f"{show(rule, method, answer)} {path[:80]}"]
    assert not wrong, "\n".join(wrong)


@once
def test_what_is_another_units_is_not_there_for_a_stranger(house: House) -> None:
    client, token = house.client("chen")
    wrong = []
    for rule, method in house.rules():
        if not rule.arguments or rule.endpoint == "static":
            continue
        answer = ask(
            client,
            method,
            house.address(rule),
            **({"csrf_token": token, **FORM} if method in CHANGING else {}),
        )
        wrong += [] if answer.status_code == 404 and is_guarded(answer) else [show(rule, method, answer)]
    assert not wrong, "\n".join(wrong)


@once
@pytest.mark.parametrize("login", ["wang", "qian", "process", "audit", "system"])
def test_an_administrators_room_is_not_there_for_anybody_else(house: House, login: str) -> None:
    client, token = house.client(login)
    roles = set(errands.PEOPLE[login][2])
    wrong = []
    for rule, method in house.rules():
        owners = OWNERS[rule.endpoint.partition(".")[0]]
        if not owners or roles & set(owners):
            continue
        answer = ask(client, method, house.address(rule), **({"csrf_token": token} if method in CHANGING else {}))
        wrong += [] if answer.status_code == 404 and is_guarded(answer) else [show(rule, method, answer)]
    assert not wrong, "\n".join(wrong)


@once
@pytest.mark.parametrize("login", ["process", "audit", "system"])
def test_an_administrator_does_nobodys_business(house: House, login: str) -> None:
    client, token = house.client(login)
    form = {"revision": "2", "confirmed": "yes", "reason": "无", "person": house.ids["account_id"]}
    wrong = []
    for rule, method in house.rules(*CHANGING):
        if rule.endpoint.partition(".")[0] in ("tasks", "instances", "notices") and rule.arguments:
            answer = ask(client, method, house.address(rule), **{**form, "csrf_token": token})
            wrong += [] if answer.status_code == 404 else [show(rule, method, answer)]
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def master(house: House) -> tuple[FlaskClient, str]:
    """Sign in somebody who may come in everywhere, as nobody may in earnest."""
    with errands.engine_of(house.app).transaction() as unit:
        mine = update(model.account).where(model.account.c.login == "wang")
        unit.connection.execute(mine.values(roles=["system", "security", "audit", "process"]))
    return house.client("wang")


def test_an_odd_address_is_not_found_and_never_fails(house: House, master: tuple[FlaskClient, str]) -> None:
    client, token = master
    wrong = []
    for rule, method in house.rules():
        for odd in ODD if rule.arguments else ():
            path = house.address(rule, odd)
            answer = ask(
                client,
                method,
                path,
                **({"csrf_token": token, **FORM} if method in CHANGING else {}),
            )
            fine = answer.status_code == 404 and is_guarded(answer)
            wrong += [] if fine else [f"{show(rule, method, answer)} {odd[:40]}"]
    assert not wrong, "\n".join(wrong)


def _asked_for(pattern: str) -> set[str]:
    """Name what the rooms read from an address or a form, so that no new field is forgotten."""
    sources = [path.read_text(encoding="utf-8") for path in Path(next(iter(web.__path__))).glob("*.py")]
    return {name for text in sources for name in re.findall(pattern, text)}


def test_odd_words_in_an_address_never_fail(house: House, master: tuple[FlaskClient, str]) -> None:
    client, _token = master
    names = sorted(_asked_for(r'request\.(?:args|values)\.get\(\s*"(\w+)"'))
    assert {"before", "after", "text", "state", "version"} <= set(names)
    wrong = []
    for rule, method in house.rules("GET"):
        for value in (*map(quote, VALUES), "%ff%fe"):
            path = f"{house.address(rule)}?{'&'.join(f'{name}={value}' for name in names)}"
            answer = ask(client, method, path)
            fine = answer.status_code < 500 and is_guarded(answer)
            wrong += [] if fine else [f"{show(rule, method, answer)} {value[:40]}"]
    assert not wrong, "\n".join(wrong)


def test_odd_words_in_a_form_never_fail(house: House, master: tuple[FlaskClient, str]) -> None:
    client, token = master
    names = sorted(_asked_for(r'request\.form(?:\.get|\.getlist)?[\[(]\s*"(\w+)"') - {"csrf_token", "demo"})
    assert {"reason", "revision", "person", "old", "new"} <= set(names)
    wrong = []
    for rule, method in house.rules(*CHANGING):
        if rule.endpoint in ("account.sign_out", "account.sign_in"):
            continue
        for value in VALUES:
            answer = ask(client, method, house.address(rule), csrf_token=token, **dict.fromkeys(names, value))
            fine = answer.status_code < 500 and is_guarded(answer)
            wrong += [] if fine else [f"{show(rule, method, answer)} {value[:40]!r}"]
    assert not wrong, "\n".join(wrong)


BOUNDARY = "multipart/form-data; boundary=b"
BODIES: tuple[tuple[str, bytes], ...] = (
    ("application/json", b'{"reason": "\xe6\x97\xa0"}'),
    ("application/json", b"{"),
    ("text/xml; charset=utf-16", b"<a>"),
    ("application/x-www-form-urlencoded", b"reason=%ff%fe&confirmed=yes&\xff=\xfe&=&&resolution=%ED%A0%80"),
    ("application/x-www-form-urlencoded; charset=utf-7", b"reason=+2AA-&confirmed=yes"),
    ("multipart/form-data", b"--b\r\n"),
    (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\r\n'),
    (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="\xff"; filename="\xff.pdf"\r\n\r\n%PDF-\r\n--b--\r\n'),
    (BOUNDARY, b"--b\r\nContent-Type: \0\r\nContent-Disposition: form-data; name=file; filename*=x''%00\r\n\r\n--b--"),
    ("a" * 5000, b"\0" * 5000),
    ("", b"x"),
)
"""What no browser sends; the first is what a program may."""


def is_chinese(answer: TestResponse) -> bool:
    """Tell whether a refusal is one of ours, and shows nothing of the inside."""
    text = answer.text
    own = 'lang="zh-CN"' in text if "html" in (answer.mimetype or "") else '"faults":' in text
    return own and not any(word in text for word in ("Traceback", "werkzeug", "sqlalchemy", "SELECT", "/work/", ".py"))


@once
def test_a_body_that_no_browser_sends_is_refused_in_chinese_and_never_fails(
    house: House, master: tuple[FlaskClient, str]
) -> None:
    client, token = master
    wrong = []
    for rule, method in house.rules(*CHANGING):
        if rule.endpoint in ("account.sign_out", "account.sign_in"):
            continue
        for kind, body in BODIES:
            headers = {"X-CSRFToken": token, "Content-Type": kind}
            answer = client.open(house.address(rule), method=method, data=body, headers=headers, buffered=True)
            fine = answer.status_code < 500 and is_guarded(answer)
            fine = fine and (answer.status_code < 400 or is_chinese(answer))
            wrong += [] if fine else [f"{show(rule, method, answer)} {kind[:40]} {body[:40]!r}"]
    assert not wrong, "\n".join(wrong)


@once
def test_a_program_that_sends_no_json_is_told_so_and_nothing_fails(house: House) -> None:
    program = Programs(house.app)("wang")
    client, wrong = house.app.test_client(), []
    for rule, method in house.programs():
        for kind, body in BODIES[1:] if method in CHANGING else ():
            headers = {"Authorization": f"Bearer {program.secret}", "Content-Type": kind}
            answer = client.open(house.address(rule), method=method, data=body, headers=headers, buffered=True)
            fine = 400 <= answer.status_code < 500 and is_guarded(answer) and is_chinese(answer)
            wrong += [] if fine else [f"{show(rule, method, answer)} {kind[:40]} {body[:40]!r}"]
    assert not wrong, "\n".join(wrong)


@once
def test_asking_for_the_head_only_is_answered_as_the_page_is(house: House, master: tuple[FlaskClient, str]) -> None:
    client, _token = master
    wrong = []
    for rule, _method in house.rules("GET"):
        path = f"{house.address(rule)}?text={'x' * 100_000}&before={'9' * 10_000}"
        whole, head = ask(client, "GET", path), ask(client, "HEAD", path)
        fine = head.status_code == whole.status_code < 500 and head.data == b"" and is_guarded(head)
        wrong += [] if fine else [show(rule, "HEAD", head)]
    assert not wrong, "\n".join(wrong)


@once
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND"])
def test_other_methods_change_nothing(house: House, method: str) -> None:
    client, _token = house.client("wang")
    wrong = []
    for rule, _ in house.rules("GET"):
        answer = ask(client, method, house.address(rule))
        wanted = {200, 404} if method == "OPTIONS" else {400, 404, 405}
        wrong += [] if answer.status_code in wanted and is_guarded(answer) else [show(rule, method, answer)]
    assert not wrong, "\n".join(wrong)


@once
def test_what_failed_unforeseen_is_guarded_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    client, _token = house.client("wang")
    monkeypatch.setitem(house.app.view_functions, "inbox.waiting", lambda: 1 // 0)
    house.app.testing = False
    answer = ask(client, "GET", "/inbox")
    assert (answer.status_code, is_guarded(answer)) == (500, True)
