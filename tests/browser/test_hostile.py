"""An office whose every name is an attack: drawn, published, acted through and read in a real browser, nothing runs."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

import pytest
from lxml import html
from playwright.sync_api import Browser, FilePayload, expect
from sqlalchemy import insert

from engine import (
    accounts,
    archive,
    calendar,
    definitions,
    erasures,
    instances,
    people,
    personal_tokens,
    substitutions,
    tasks,
)
from engine.ground import migrations, model
from engine.ground.unit_of_work import SYSTEM, Actor, Unit, new_id
from tests.browser import served
from tests.browser.served import House
from tests.browser.test_pages import NO_PAGES, rule_of
from tests.browser.walk import PATIENCE, Walk
from web.session import API, WATCHED
from workflows import excel, word

H = """"><img src=x onerror=pwned()>'</script><script>pwned()</script>${7*7}]]>&lt;b&gt;"""
T = f"{H}{{{{7*7}}}}"
LONG = "x" * 180
CODE = "javascript:pwned()"
BEGUN, AUTHORITY = date(2024, 1, 1), f"{CODE} {T}"

PEOPLE = {
    "staff": (["hr.staff"], []),
    "deputy": ([], []),
    "head": (["hr.head"], []),
    "process": ([], ["process"]),
    "audit": ([], ["audit"]),
    "security": ([], ["security"]),
    "system": ([], ["system"]),
}
ROOMS = {
    **dict.fromkeys(
        ("staff", "head"), ("/inbox", "/done", "/started", "/instances", "/notices", "/account", "/processes")
    ),
    "deputy": ("/inbox", "/notices", "/account"),
    "process": ("/processes", "/processes/new", "/processes/hostile/edit", "/incidents?everything=1", "/incidents"),
    "audit": ("/audit", "/audit?verify=1", "/audit/access", "/erasures"),
    "security": ("/erasures", "/erasures?kind=definition&name=%22", "/erasures/organization"),
    "system": (
        "/organization",
        "/organization/accounts",
        "/organization/calendar?year=2026",
        "/organization/parameters",
    ),
    "": ("/login",),
}
BAD = """() => {
  const found = document.querySelectorAll("img[src='x'], script:not([src]), [onerror], [href^='javascript' i], iframe");
  return [...found].map((one) => one.outerHTML.slice(0, 200));
}"""
TRAP = "window.pwned = () => console.error('pwned')"


def _field(kind: str, key: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "label": f"{key}{H}", "description": f"{CODE} {H}", **more}


def _form(key: str, *fields: dict[str, Any]) -> str:
    button = {"type": "button", "action": "submit", "label": f"送{H}", "properties": {"outcome": "go"}}
    shown = {"type": "text", "text": f"# {H}\n\n- {H}"}
    return json.dumps({"type": "default", "id": key, "title": H, "components": [shown, *fields, button]})


CHOICES = [{"value": H, "label": H}, {"value": CODE, "label": CODE}]
FORMS = {
    "begin": _form("begin", _field("textfield", "subject", properties={"variable": "subject"})),
    "paper": _form(
        "paper",
        _field("textfield", "name"),
        _field("textarea", "text", properties={"opinion": "true"}),
        _field("select", "one", values=CHOICES),
        _field("checklist", "some", values=CHOICES),
        _field("filepicker", "files", multiple=True),
        {
            **_field("dynamiclist", "rows", components=[_field("textfield", "cell")]),
            **{"isRepeating": True, "allowAddRemove": True, "defaultRepetitions": 1},
        },
    ),
    "rates.dmn": f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
      <decision id="rates" name={quoteattr(T)}><description><![CDATA[{CODE}]]></description><decisionTable>
      <input label={quoteattr(T)}><inputExpression><text>subject</text></inputExpression></input>
      <output name="level" label={quoteattr(T)}/>
      <rule><description>{"&lt;img src=x onerror=pwned()&gt;"}</description><inputEntry><text>-</text></inputEntry>
      <outputEntry><text>"&lt;img src=x onerror=pwned()&gt;"</text></outputEntry></rule>
      </decisionTable></decision></definitions>""",
}
NODES = ("start", "draft", "rate", "check", "end")


def _drawing() -> str:
    name = quoteattr(T)
    flows = list(pairwise(NODES))
    shapes = "".join(
        f'<di:BPMNShape id="{node}_di" bpmnElement="{node}"><dc:Bounds x="{60 + 150 * at}" y="80" width="100" '
        'height="80"/></di:BPMNShape>'
        for at, node in enumerate(NODES)
    )
    edges = "".join(
        f'<di:BPMNEdge id="f{at}_di" bpmnElement="f{at}"><w:waypoint x="{160 + 150 * at}" y="120"/>'
        f'<w:waypoint x="{210 + 150 * at}" y="120"/></di:BPMNEdge>'
        for at in range(len(flows))
    )
    drawn = "".join(
        f'<sequenceFlow id="f{at}" name={name} sourceRef="{one}" targetRef="{two}"/>'
        for at, (one, two) in enumerate(flows)
    )
    members = "".join(f"<flowNodeRef>{node}</flowNodeRef>" for node in NODES)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:suixu="urn:suixu:bpmn:1" id="d"
  xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:w="http://www.omg.org/spec/DD/20100524/DI" targetNamespace="urn:hostile">
  <process id="hostile" name={name} isExecutable="true" suixu:starters="hr.staff"
    suixu:title='"办：" + subject' suixu:businessKey='"hostile:" + subject'>
    <documentation>{escape(f"{CODE} {T}")}</documentation>
    <laneSet id="lanes"><lane id="lane" name={name} suixu:unit="hr" suixu:post="staff">{members}</lane></laneSet>
    <startEvent id="start" name={name} suixu:form="begin"/>
    <userTask id="draft" name={name} suixu:form="paper" suixu:due="3" suixu:remind="1">
      <documentation>{escape(f"{CODE} {T}")}</documentation></userTask>
    <businessRuleTask id="rate" name={name} suixu:decision="rates" suixu:result="rated"/>
    <userTask id="check" name={name} suixu:form="paper" suixu:assignment="hr.head"/>
    <endEvent id="end" name={name}/>{drawn}
    <textAnnotation id="note"><text>{escape(T)}</text></textAnnotation>
  </process>
  <di:BPMNDiagram id="di"><di:BPMNPlane id="plane" bpmnElement="hostile"><di:BPMNShape id="lane_di" bpmnElement="lane"
    isHorizontal="true"><dc:Bounds x="0" y="40" width="900" height="200"/></di:BPMNShape>{shapes}{edges}
  </di:BPMNPlane></di:BPMNDiagram>
</definitions>"""


def _found(unit: Unit) -> None:
    people.add_unit(unit, "hr", T, "department", SYSTEM, starts=BEGUN)
    for code in ("staff", "head"):
        people.add_post(unit, "hr", code, f"{code}{T}", code, SYSTEM)
    for login, (posts, roles) in PEOPLE.items():
        person = people.add_person(unit, f"{login}{H}", SYSTEM)
        for reference in posts:
            people.appoint(unit, person, reference, BEGUN, SYSTEM)
        accounts.create_prepared(unit, person, accounts.Initial(login, "", "nobody knocks", False), roles, SYSTEM)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Serve an office that nobody should trust, with matters in it that have been begun."""
    folder = tmp_path_factory.mktemp("hostile")
    migrations.migrate(f"sqlite:///{folder / 'house.db'}")
    with served.serve(f"sqlite:///{folder / 'house.db'}", folder) as found:
        with found.engine.transaction() as unit:
            _found(unit)
        drawer, me = Actor(found.person("process")), Actor(found.person("staff"))
        with found.engine.transaction() as unit:
            definitions.publish(unit, _drawing().encode(), FORMS, drawer, T)
            definitions.save_draft(unit, "hostile", T, _drawing(), FORMS, 0, drawer)
            definitions.save_draft(unit, "unborn", T, f"<x>{T}", {"a": T}, 0, drawer)
            calendar.set_day(unit, date(2026, 3, 2), False, AUTHORITY, SYSTEM)
            given = (date(2026, 1, 20), date(2026, 9, 1), AUTHORITY)
            substitutions.grant(unit, str(me.person_id), found.person("deputy"), "hr.staff", *given, me)
            personal_tokens.issue(unit, found.account("staff"), T, ["read"], date(2026, 9, 1), me)
            erasures.erase(unit, "organization", 1, Actor(found.person("security")), AUTHORITY, T)
        matters = []
        for subject in (T, f"{CODE}{LONG}", f"取消{T}", f"=1+1{T}"):
            with found.engine.transaction() as unit:
                matters.append(instances.start(unit, "hostile", me, {"subject": subject}))
        with found.engine.transaction() as unit:
            instances.cancel(unit, matters[2], me, T)
            rows: list[dict[str, Any]] = [
                {"message": T},
                {"message": f"{T}好", "resolution": T, "resolved_at": unit.now},
            ]
            for row in rows:
                whole = {"id": new_id(), "created_at": unit.now, "activity_id": "draft", "instance_id": matters[3]}
                unit.connection.execute(
                    insert(model.incident), {"resolution": None, "resolved_at": None, **whole, **row}
                )
        yield found


def _enter(house: House, browser: Browser, login: str) -> Walk:
    walk = Walk(house, login, house.enter(browser, login))
    walk.page.add_init_script(TRAP)
    walk.page.on("dialog", lambda dialog: walk.complaints.append(f"dialog: {dialog.message}"))
    return walk


def _fill_in(walk: Walk, path: str) -> None:
    """Do a task with hostile words, first wrongly."""
    walk.open(path)
    walk.fill(name=f"{T}{LONG * 2}", text=T)
    walk.page.locator("main [name='rows[0].cell']").fill(T)
    walk.page.locator("main [name=one]").select_option(value=H)
    walk.page.locator("main [name=some]").first.check()
    file: FilePayload = {"name": f"{H}.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n"}
    walk.page.locator("main [name=files]").set_input_files(file)
    walk.page.locator("main [name=name]").evaluate("found => { found.value += '\\u202e' }")
    button = walk.page.locator("main button[name=outcome]").first
    for status in (422, 200):
        with walk.page.expect_navigation() as going:
            button.click()
        assert going.value is not None
        assert going.value.status == status
        assert walk.page.evaluate(BAD) == []
        if status == 422:
            walk.fill(name=T)


def _addresses(house: House, login: str, most: int = 2) -> list[str]:
    """Follow the links from somebody's rooms; give a few pages of each kind."""
    client = house.app.test_client()
    if login:
        client.set_cookie("suixu", house.cookie(login))
    waiting, known, count = list(ROOMS[login]), set(ROOMS[login]), dict[str, int]()
    found = []
    while waiting:
        path = waiting.pop(0)
        rule = rule_of(house, path, "GET")
        count[rule] = count.get(rule, 0) + 1
        # What programs are answered is no page.
        apart = not rule or rule in NO_PAGES or rule == "/extend" or rule.startswith(API)
        if apart or (count[rule] > most and path not in ROOMS[login]):
            continue
        answer = client.get(path)
        assert answer.status_code in (200, 303), (path, answer.status_code, answer.text)
        found.append(path)
        tree: Any = html.fromstring(answer.text) if answer.status_code == 200 else None
        links: list[str] = tree.xpath("//a/@href") if tree is not None else []
        for link in links:
            where = urlsplit(link)
            assert where.scheme == where.netloc == "", link
            if where.path and link not in known:
                known.add(link)
                waiting.append(link)
    return found


def test_nothing_that_was_typed_or_drawn_ever_runs(house: House, browser: Browser) -> None:
    # Given a task that is handed in with hostile words, by its own pages
    seen = defaultdict[str, str](str)
    staff = _enter(house, browser, "staff")
    with house.engine.reading() as unit:
        mine = tasks.inbox(unit, house.person("staff"))
    _fill_in(staff, f"/tasks/{mine[0].id}")
    # When everybody opens every page that is theirs
    walks = {"staff": staff}
    for login in ROOMS:
        walk = walks.setdefault(login, _enter(house, browser, login))
        for path in _addresses(house, login):
            walk.open(path)
            for place in walk.page.locator(".diagram[data-xml-url]").all():
                expect(place).to_have_attribute("data-drawn", "yes", timeout=PATIENCE)
            if path.endswith("/hostile/edit"):
                walk.page.locator('#modeler [data-element-id="draft"]').first.click()
                expect(walk.page.locator("#panel .bio-properties-panel-header")).to_be_visible(timeout=PATIENCE)
            seen[rule_of(house, path, "GET")] += walk.page.locator("main").inner_text()
            assert walk.page.evaluate(BAD) == [], path
    # Then nothing has run or was tried: no dialog, no call, no word of the content policy
    assert {login: walk.complaints for login, walk in walks.items() if walk.complaints} == {}
    for walk in walks.values():
        walk.context.close()
    # And no page was left out, and the words stand there as they were typed, worked out by nobody
    found = (rule for rule in house.app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    pages = {rule.rule for rule in found if not rule.rule.startswith(API) and rule.rule not in WATCHED}
    assert pages - NO_PAGES - seen.keys() == {"/extend"}
    for rule in (
        *("/inbox", "/tasks/<task_id>", "/instances/<instance_id>", "/notices", "/account", "/incidents"),
        *("/processes", "/processes/<key>/versions/<int:number>", "/audit", "/organization", "/erasures"),
    ):
        assert T in seen[rule], rule


def test_what_leaves_the_house_holds_them_as_text(house: House) -> None:
    # An archive's page opens with no server: it can run nothing, and nothing in it would
    with house.engine.reading() as unit:
        row = next(row for row in instances.search(unit, "", ("audit",)) if row.state == "cancelled")
    folder = archive.build(house.engine, row.id, f"../{T}\r\n{LONG}", facts={T: T})
    assert archive.verify(folder) == []
    for page in folder.rglob("*.html"):
        tree: Any = html.fromstring(page.read_text(encoding="utf-8"))
        assert tree.xpath("//img | //script | //iframe | //@onerror | //@href[starts-with(., 'java')]") == [], page
        assert "default-src 'none'" in tree.xpath("//meta[@http-equiv]/@content")[0]
    # Papers and tables take every sign, and no cell is a formula
    paper = word.new_paper(f"{T}{LONG}{LONG}")
    word.add_text(paper, T)
    assert word.to_bytes(paper)[:2] == b"PK"
    assert b"<f>" not in excel.table(f"=1+{T}", ('=HYPERLINK("x")',), [(f"=cmd|{T}",), ("@SUM(1)",)], (20,))
