"""A small office with an errand to run, and people before its pages: what the tests of these rooms act on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from engine import accounts, definitions, jobs, people, tasks
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import SYSTEM, Actor, Engine, Unit
from tests.engine.offices import LONG_AGO, found, open_engine
from tests.web.signing import sign_in
from web.app import create_app

LONG_NAME = "全省残疾人联合会系统双拥优抚与国防教育综合协调保障工作联席处"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:suixu="urn:suixu:bpmn:1"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="urn:test">
"""

ERRAND = (
    HEAD
    + """  <bpmn:process id="errand" name="跑腿" isExecutable="true" suixu:title='"跑腿·" + what'
    suixu:businessKey='"errand:" + what' suixu:starters="office.staff">
    <bpmn:documentation>从交办到办完。</bpmn:documentation>
    <bpmn:laneSet id="lanes">
      <bpmn:lane id="lane_staff" name="办公室承办人" suixu:unit="office" suixu:post="staff">
        <bpmn:flowNodeRef>start</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>draft</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>ask</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>done</bpmn:flowNodeRef>
      </bpmn:lane>
      <bpmn:lane id="lane_head" name="办公室负责人" suixu:unit="office" suixu:post="head">
        <bpmn:flowNodeRef>review</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>reviewed</bpmn:flowNodeRef>
      </bpmn:lane>
    </bpmn:laneSet>
    <bpmn:startEvent id="start" name="交办" suixu:form="start" />
    <bpmn:userTask id="draft" name="写明要办的事" suixu:form="paper" suixu:due="3" />
    <bpmn:userTask id="review" name="负责人看" suixu:form="look" />
    <bpmn:exclusiveGateway id="reviewed" name="看过以后" default="agreed" />
    <bpmn:callActivity id="ask" name="各单位答复" calledElement="reply"
      suixu:businessKey='"reply:" + what + ":" + one' suixu:unit="one">
      <bpmn:multiInstanceLoopCharacteristics suixu:collection='["hr", "office"]' suixu:item="one" />
    </bpmn:callActivity>
    <bpmn:endEvent id="done" name="办完" />
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="draft" />
    <bpmn:sequenceFlow id="f2" sourceRef="draft" targetRef="review" />
    <bpmn:sequenceFlow id="f3" sourceRef="review" targetRef="reviewed" />
    <bpmn:sequenceFlow id="returned" name="退回" sourceRef="reviewed" targetRef="draft">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">outcome = "return"</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="agreed" name="同意" sourceRef="reviewed" targetRef="ask" />
    <bpmn:sequenceFlow id="f4" sourceRef="ask" targetRef="done" />
  </bpmn:process>
</bpmn:definitions>
"""
)
REPLY = (
    HEAD
    + """  <bpmn:process id="reply" name="答复" isExecutable="true" suixu:title='"答复·" + unit name(unit)'>
    <bpmn:startEvent id="start" name="接到" />
    <bpmn:userTask id="answer" name="写答复" suixu:form="answer" suixu:assignment="own.staff" />
    <bpmn:endEvent id="end" name="已答复" />
    <bpmn:sequenceFlow id="g1" sourceRef="start" targetRef="answer" />
    <bpmn:sequenceFlow id="g2" sourceRef="answer" targetRef="end" />
  </bpmn:process>
</bpmn:definitions>
"""
)


def sheet(title: str, components: str, document: str = "") -> str:
    """Write a form's JSON."""
    kept = f'"properties":{{"document":"{document}"}},' if document else ""
    return f'{{"type":"default","id":"f","title":"{title}",{kept}"components":[{components}]}}'


def button(outcome: str, label: str) -> str:
    """Write a button's JSON."""
    return f'{{"type":"button","action":"submit","label":"{label}","properties":{{"outcome":"{outcome}"}}}}'


WHAT = (
    '{"type":"textfield","key":"what","label":"什么事","validate":{"required":true},"properties":{"variable":"what"}}'
)
TEXT = '{"type":"textarea","key":"text","label":"办法","validate":{"required":true}}'
OPINION = '{"type":"textarea","key":"opinion","label":"意见","properties":{"opinion":"true"}}'
ERRAND_FORMS = {
    "start": sheet("交办一件事", f"{WHAT},{button('go', '交办')}"),
    "paper": sheet("办事说明", f"{TEXT},{button('send', '送审')}", "paper"),
    "look": sheet("负责人意见", f"{OPINION},{button('agree', '同意')},{button('return', '退回')}"),
}
REPLY_FORMS = {"answer": sheet("答复", f"{TEXT},{button('send', '送出')}", "answer")}

PEOPLE: Mapping[str, tuple[str, Sequence[str], Sequence[str]]] = {
    # login: name, posts, roles
    "staff": ("承办人甲", ["office.staff"], []),
    "head": ("负责人乙", ["office.head"], []),
    "hr": ("人事丙", ["hr.staff"], []),
    "stranger": ("路人丁", ["hr.head"], []),
    "drawer": ("业务管理员", [], ["process"]),
    "auditor": ("审计管理员", [], ["audit"]),
    "system": ("系统管理员", [], ["system"]),
    "guard": ("安全管理员", [], ["security"]),
}


@dataclass
class Stage:
    """Hold the office, its pages and its people."""

    engine: Engine
    app: Flask
    persons: dict[str, str]
    accounts: dict[str, accounts.Account]
    clients: dict[str, FlaskClient] = field(default_factory=dict)

    def browse(self, login: str) -> FlaskClient:
        """Give somebody's browser."""
        if login not in self.clients:
            client = self.clients[login] = self.app.test_client()
            with client.session_transaction() as cookie:
                cookie.update(sign_in(self.engine, login))
        return self.clients[login]

    def get(self, login: str, path: str) -> TestResponse:
        """Open a page as somebody."""
        return self.browse(login).get(path)

    def post(self, login: str, path: str, /, **data: Any) -> TestResponse:
        """Send a form as somebody."""
        return self.browse(login).post(path, data=data)

    def download(self, login: str, path: str) -> TestResponse:
        """Take a file as somebody, and let go of it."""
        answer = self.get(login, path)
        answer.get_data()
        answer.close()
        return answer

    def start(self, what: str = "修门") -> str:
        """Start an errand by its page, and give the instance's id."""
        answer = self.post("staff", "/processes/errand/start", what=what, outcome="go")
        assert answer.status_code == 303, text_of(answer)
        with self.engine.reading() as unit:
            rows = tasks.inbox(unit, self.persons["staff"])
        return next(row.instance_id for row in rows if row.title == f"跑腿·{what}")

    def work(self, login: str, name: str, values: dict[str, Any], outcome: str) -> None:
        """Do a task by name."""
        person = self.persons[login]
        with self.engine.transaction() as unit:
            row = next(row for row in tasks.inbox(unit, person) if row.name == name)
            view = tasks.view(unit, row.id, person)
            tasks.complete(unit, row.id, Actor(person), values, outcome, view.revision)
        jobs.run_due(self.engine)


def prepare(url: str) -> None:
    """Fill a database once: tables, the office, its people, two published processes."""
    migrate(url)
    engine = open_engine(url, Path("/nonexistent"))
    with engine.transaction() as unit:
        found(unit)
        _welcome(unit)
    with engine.transaction() as unit:
        definitions.publish(unit, REPLY.encode(), REPLY_FORMS, SYSTEM, "首版")
        definitions.publish(unit, ERRAND.encode(), ERRAND_FORMS, SYSTEM, "首版")
    engine.close()


def _welcome(unit: Unit) -> None:
    for login, (name, posts, roles) in PEOPLE.items():
        person = people.add_person(unit, name, SYSTEM)
        for post in posts:
            people.appoint(unit, person, post, LONG_AGO, SYSTEM)
        initial = accounts.Initial(login, "", "no password signs in here", must_change=False)
        accounts.create_prepared(unit, person, initial, roles, SYSTEM)


@contextmanager
def set_up(url: str, folder: Path) -> Iterator[Stage]:
    """Open the pages of these rooms on a prepared database."""
    engine = open_engine(url, folder)
    app = create_app(engine.settings, engine.clock, engine)
    # Tokens against forgery are other tests' concern.
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    with engine.reading() as unit:
        known = {item.login: item for item in accounts.listing(unit)}
    yield Stage(engine, app, {login: item.person_id for login, item in known.items()}, known)
    engine.close()


def text_of(answer: TestResponse) -> str:
    """Give what a person reads on a page, blanks narrowed."""
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.get_data(as_text=True), flags=re.S)
    return re.sub(r"\s+", " ", unescape(plain))


def tree_of(answer: TestResponse) -> Any:
    """Give a page as a tree."""
    return html.fromstring(answer.get_data(as_text=True))


def check_page(answer: TestResponse, status: int = 200) -> str:
    """Hold a page to what every page must be, and give its text."""
    assert answer.status_code == status, text_of(answer)
    whole = answer.get_data(as_text=True)
    assert len(re.findall(r"<h1\b", whole)) == 1
    for table in re.findall(r"<table\b.*?</table>", whole, flags=re.S):
        assert "<caption>" in table
        assert not re.search(r"<t[dh](?![^>]*(data-label|scope=\"col\"))[^>]*>", table.split("<tbody>")[1])
    shown = text_of(answer)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}", shown), "an id is shown"
    return shown
