"""Open the house that is tormented: an office, three processes, the function of a service task, and its clock."""

import json
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from engine import accounts, definitions, people
from engine.ground import migrations
from engine.ground.clock import Clock, SystemClock
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Call, Engine, Function, Result, Unit

PASSWORD = "Suixu-Chaos-2026"
FOUNDED = date(2020, 1, 1)
UNITS = {"hr": "人事部", "office": "办公室"}
POSTS = {"hr.staff": ("承办人", "staff"), "hr.head": ("负责人", "head"), "office.staff": ("承办人", "staff")}
PEOPLE = {"wang": "hr.staff", "li": "hr.staff", "zhang": "hr.head", "chen": "office.staff", "qian": "office.staff"}
"""Login and post; where two hold a post, a task has to be claimed first, and both go for it."""

STARTERS = "hr.staff"
KEY, ADVICE, TALLY = "matter", "advice", "tally"
NOTICED = "hr.head"
"""The post that the service task tells."""

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:suixu="urn:suixu:bpmn:1"'
    ' targetNamespace="urn:suixu:chaos">'
    '<bpmn:message id="advised" name="已会办" /><bpmn:signal id="over" name="办完" />'
)
_FLOW = '<bpmn:sequenceFlow id="{0}_{1}" sourceRef="{0}" targetRef="{1}" />'
_CARRIED = '<bpmn:extensionElements><suixu:{} source="subject" target="subject" /></bpmn:extensionElements>'
_TASK = '<bpmn:userTask id="{0}" name="{1}" suixu:form="words" suixu:assignment="{2}" />'


def advice() -> bytes:
    """Draw the child: one task, and a message to its parent, which bears the same business key."""
    body = (
        '<bpmn:startEvent id="s" />'
        + _TASK.format("advise", "会办", "office.staff")
        + '<bpmn:endEvent id="e"><bpmn:messageEventDefinition messageRef="advised" /></bpmn:endEvent>'
    )
    return _drawn(ADVICE, "会办", '"会办"', body, "s>advise advise>e")


def tally() -> bytes:
    """Draw what the signal at the end of each matter starts, under the matter's name."""
    start = f'<bpmn:startEvent id="s">{_CARRIED.format("out")}<bpmn:signalEventDefinition signalRef="over" />'
    body = f'{start}</bpmn:startEvent><bpmn:task id="count" /><bpmn:endEvent id="e" />'
    return _drawn(TALLY, "计数", "subject", body, "s>count count>e")


def matter() -> bytes:
    """Draw the parent: a task, then a timer and a service task beside another task, then the child.

    Meanwhile it waits for the child's message; at its end it gives a signal.
    """
    body = (
        '<bpmn:startEvent id="s" name="发起" suixu:form="begin" />'
        + _TASK.format("draft", "起草", "hr.staff")
        + '<bpmn:parallelGateway id="split" />'
        + _TASK.format("check", "审核", "hr.head")
        + '<bpmn:intermediateCatchEvent id="pause"><bpmn:timerEventDefinition><bpmn:timeDuration>PT2S'
        "</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
        '<bpmn:serviceTask id="weigh" name="核对" suixu:function="chaos.weigh" />'
        '<bpmn:parallelGateway id="join" /><bpmn:callActivity id="ask" name="会办" calledElement="advice"'
        ' suixu:businessKey="subject" />'
        '<bpmn:receiveTask id="hear" name="得知会办" messageRef="advised" /><bpmn:parallelGateway id="all" />'
        f'<bpmn:endEvent id="e">{_CARRIED.format("in")}<bpmn:signalEventDefinition signalRef="over" /></bpmn:endEvent>'
    )
    flows = (
        "s>draft draft>split split>check split>pause pause>weigh check>join weigh>join join>ask ask>all"
        " split>hear hear>all all>e"
    )
    return _drawn(KEY, "办件", "subject", body, flows, f' suixu:starters="{STARTERS}" suixu:businessKey="subject"')


def _drawn(key: str, name: str, title: str, body: str, flows: str, more: str = "") -> bytes:
    drawn = "".join(_FLOW.format(*flow.split(">")) for flow in flows.split())
    quoted = title.replace('"', "&quot;")
    process = f'<bpmn:process id="{key}" name="{name}" isExecutable="true" suixu:title="{quoted}"{more}>'
    return f"{_HEAD}{process}{body}{drawn}</bpmn:process></bpmn:definitions>".encode()


def _form(name: str, field: dict[str, object], label: str, outcome: str) -> str:
    button = {"type": "button", "action": "submit", "key": "go", "label": label, "properties": {"outcome": outcome}}
    return json.dumps({"type": "default", "id": name, "title": name, "components": [field, button]})


FORMS = {
    "begin": _form(
        "begin",
        {"type": "textfield", "key": "subject", "label": "事由", "properties": {"variable": "subject"}},
        "发起",
        "start",
    ),
    "words": _form(
        "words",
        {"type": "textarea", "key": "words", "label": "意见", "properties": {"opinion": "true"}},
        "同意",
        "agree",
    ),
}


def weigh(call: Call) -> Result:
    """Take as long as work outside takes, so that some are killed in the middle of it; tell the head."""
    time.sleep(0.1)
    return Result(variables={"weighed": True}, notices=((NOTICED, "已核对", call.instance_id),))


FUNCTIONS: dict[str, Function] = {"chaos.weigh": weigh}


def settings(url: str, folder: Path, port: int = 8000) -> dict[str, str]:
    """Give the environment of a node; all nodes share one key, as nodes behind one proxy do."""
    return {
        "SUIXU_DATA": str(folder),
        "SUIXU_DATABASE_URL": url,
        "SUIXU_SECRET_KEY": "0" * 64,
        "SUIXU_HOST": "127.0.0.1",
        "PORT": str(port),
    }


def open_engine(url: str, folder: Path, clock: Clock | None = None) -> Engine:
    """Open the engine of this house."""
    given = Settings.from_environment(settings(url, folder))
    return Engine(given, clock or SystemClock(), FUNCTIONS)


def found(url: str, folder: Path) -> None:
    """Fill an empty database: people, their accounts, the processes."""
    migrations.migrate(url)
    engine = open_engine(url, folder)
    prepared = accounts.prepare("all", PASSWORD, must_change=False)
    with engine.transaction() as unit:
        for code, name in UNITS.items():
            people.add_unit(unit, code, name, "department", SYSTEM, starts=FOUNDED)
        for reference, (name, kind) in POSTS.items():
            code, _, post = reference.partition(".")
            people.add_post(unit, code, post, name, kind, SYSTEM)
        for login, reference in PEOPLE.items():
            _hire(unit, login, reference, prepared)
        for source in (advice(), matter(), tally()):
            definitions.publish(unit, source, FORMS, SYSTEM, own=(ADVICE, KEY, TALLY))
    engine.close()


def _hire(unit: Unit, login: str, reference: str, prepared: accounts.Initial) -> None:
    person_id = people.add_person(unit, login, SYSTEM)
    people.appoint(unit, person_id, reference, FOUNDED, SYSTEM)
    accounts.create_prepared(unit, person_id, replace(prepared, login=login), [], SYSTEM)
