"""The drawing board and the viewer, in a real browser, under the strict content policy of the pages."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "web" / "static"
ORIGIN = "http://suixu.test"
POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:"
DRAWING = Path(__file__).with_name("drawing.bpmn")
DIAGRAM = DRAWING.read_text(encoding="utf-8")
# How it is drawn, and what BPMN derives from the flows, may be written in another way.
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
# What holds anyway, said or not.
UNSAID = {("isSequential", "false"), (XSI_TYPE, "bpmn:tFormalExpression")}
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SUIXU = "{urn:suixu:bpmn:1}"
DRAWN = ("{http://www.omg.org/spec/BPMN/20100524/DI}", "{http://www.omg.org/spec/DD/")
MODELER = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>画图</title>
<link rel="stylesheet" href="/static/modeler.css"></head><body><main><h1>画图</h1><form method="post" action="/saved">
<textarea name="xml" id="xml" hidden>{xml}</textarea><button name="act" value="save">保存</button></form>
<div id="modeler" data-source="#xml" data-properties="#panel"></div><div id="panel"></div></main>
<script src="/static/modeler.js" defer></script></body></html>"""
VIEWER = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>看图</title>
<link rel="stylesheet" href="/static/viewer.css"></head><body><main><h1>看图</h1><a href="#before" id="before">前</a>
<div class="diagram" data-xml-url="{url}" data-marks='{marks}'></div><a href="#after" id="after">后</a></main>
<script src="/static/viewer.js" defer></script></body></html>"""


class House:
    """Answer the browser as the server would, without one, and keep what was posted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pages: dict[str, str] = {}
        self.saved: list[dict[str, str]] = []
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.route(f"{ORIGIN}/**", self.answer)

    def answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            route.fulfill(path=STATIC / path.removeprefix("/static/"))
        elif path == "/diagram.bpmn":
            route.fulfill(body=DIAGRAM, content_type="application/xml; charset=utf-8")
        elif path == "/saved":
            self.saved.append(dict(parse_qsl(route.request.post_data or "", keep_blank_values=True)))
            route.fulfill(body="<!doctype html><title>好</title>已保存", content_type="text/html; charset=utf-8")
        else:
            known = path in self.pages
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
            route.fulfill(body=self.pages.get(path, ""), headers=headers, status=200 if known else 404)

    def open(self, body: str, drawn: str = "yes") -> None:
        """Show a page and wait until its diagram is drawn, or has failed to be."""
        self.pages["/page"] = body
        self.page.goto(f"{ORIGIN}/page")
        expect(self.page.locator(f"[data-drawn={drawn}]")).to_be_attached()


@pytest.fixture
def house(page: Page) -> Iterator[House]:
    """Open a browser in front of a house of two rooms; nothing may be complained of."""
    served = House(page)
    yield served
    assert served.complaints == []


def escape(xml: str) -> str:
    """Write XML as the text of a field."""
    return xml.replace("&", "&amp;").replace("<", "&lt;")


def facts(xml: str) -> set[tuple[str, ...]]:
    """List what a diagram says: whose attribute is what, whose text is what."""
    found: set[tuple[str, ...]] = set()
    root = ElementTree.fromstring(xml)
    parents = {child: parent for parent in root.iter() for child in parent}
    for element in root.iter():
        whose = element.get("id") or f"{parents[element].get('id', '')}/{element.tag}"
        text = (element.text or "").strip()
        if not element.tag.startswith(DRAWN):
            said = element.attrib.items() - UNSAID
            found |= {(whose, name, value) for name, value in said}
            found |= {(whose, text)} if text else set()
    return found


def test_what_is_typed_in_the_panel_is_in_the_field_at_once_and_is_saved(house: House) -> None:
    house.open(MODELER.format(xml=escape(DIAGRAM)))
    page = house.page
    page.locator('#modeler [data-element-id="write"]').click()
    page.get_by_label("办理期限").clear()
    page.keyboard.type("due_date")
    page.get_by_label("同一人接着办").press_sequentially("agree")
    expect(page.locator("#xml")).to_have_value(re.compile('suixu:due="due_date"'))
    page.locator('#modeler [data-element-id="yes"]').first.click(force=True)
    condition = page.get_by_label("走这条路的条件")
    condition.clear()
    condition.press_sequentially('decision = "否"')
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    said = facts(house.saved[0]["xml"])
    assert ("write", f"{SUIXU}due", "due_date") in said
    assert ("write", f"{SUIXU}merge", "agree") in said
    assert (f"yes/{BPMN}conditionExpression", 'decision = "否"') in said


def test_variables_are_passed_to_a_child_by_filling_in_two_fields(house: House) -> None:
    house.open(MODELER.format(xml=escape(DIAGRAM)))
    page = house.page
    page.locator('#modeler [data-element-id="collect"]').click()
    group = page.locator('[data-group-id="group-suixu-in"]')
    group.get_by_title("新增一项").click()
    group.get_by_label("本流程的变量或表达式").last.fill("due_date")
    group.get_by_label("子流程里的名字").last.press_sequentially("due")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    said = facts(house.saved[0]["xml"])
    assert {value for whose, *_, value in said if whose.endswith(f"{SUIXU}in")} == {"due_date", "due", "year"}


def test_a_new_task_is_one_for_a_person(house: House) -> None:
    house.open(MODELER.format(xml=""))
    page = house.page
    page.locator('#modeler [data-element-id="start"]').click()
    page.get_by_title("加上人工任务").click()
    expect(page.locator("#xml")).to_have_value(re.compile("<bpmn:userTask"))


def test_the_drawing_board_speaks_chinese(house: House) -> None:
    house.open(MODELER.format(xml=escape(DIAGRAM)))
    page = house.page
    for element in ("pool", "staff", "start", "write", "decide", "yes", "no", "collect", "end"):
        page.locator(f'#modeler [data-element-id="{element}"]').first.click(force=True)
        expect(page.locator(".bio-properties-panel-header-type")).to_have_text(re.compile("[一-鿿]"))
    assert page.evaluate("[...suixu.untranslated]") == []


def test_a_file_that_is_no_diagram_is_named_as_such_and_kept(house: House) -> None:
    house.open(MODELER.format(xml="这不是流程图"), drawn="failed")
    expect(house.page.get_by_role("alert")).to_contain_text("这张图打不开")
    expect(house.page.locator("#xml")).to_have_value("这不是流程图")
    house.page.get_by_role("button", name="保存").click()
    expect(house.page.get_by_text("已保存")).to_be_visible()
    assert house.saved[0]["xml"] == "这不是流程图"


def test_a_diagram_that_is_only_looked_at_is_saved_as_it_came(house: House) -> None:
    house.open(MODELER.format(xml=escape(DIAGRAM)))
    house.page.get_by_role("button", name="保存").click()
    expect(house.page.get_by_text("已保存")).to_be_visible()
    assert house.saved[0]["xml"].splitlines() == DIAGRAM.splitlines()
    assert house.saved[0]["act"] == "save"


def test_the_source_may_be_changed_by_hand_and_is_drawn(house: House) -> None:
    house.open(MODELER.format(xml=escape(DIAGRAM)).replace(" hidden>", ">"))
    page = house.page
    page.locator("#xml").fill(DIAGRAM.replace('name="起草"', 'name="拟稿"'))
    page.locator("#xml").blur()
    expect(page.locator('#modeler [data-element-id="write"]')).to_contain_text("拟稿")
    page.locator('#modeler [data-element-id="write"]').click()
    page.get_by_label("办理期限").fill("9")
    expect(page.locator("#xml")).to_have_value(re.compile('name="拟稿".* suixu:due="9"'))


def test_what_was_broken_by_hand_is_kept_until_it_is_mended(house: House) -> None:
    house.open(MODELER.format(xml=escape(DIAGRAM)).replace(" hidden>", ">"))
    page = house.page
    page.locator("#xml").fill("<还没写完")
    page.locator("#xml").blur()
    expect(page.get_by_role("alert")).to_contain_text("这张图打不开")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    assert house.saved[0]["xml"] == "<还没写完"


def test_a_fault_leads_to_the_element_that_has_it(house: House) -> None:
    link = '<a href="#modeler" data-element="decide">同意吗</a>'
    house.open(MODELER.format(xml=escape(DIAGRAM)).replace("</h1>", f"</h1>{link}"))
    house.page.get_by_role("link", name="同意吗").click()
    expect(house.page.locator('#modeler [data-element-id="decide"].selected')).to_have_count(1)
    expect(house.page.locator(".bio-properties-panel-header-type")).to_have_text("选择一条路的分支")


def test_a_walked_path_is_marked_in_shape_and_in_words(house: House) -> None:
    house.open(VIEWER.format(url="/diagram.bpmn", marks=json.dumps({"start": "done", "write": "now", "gone": "done"})))
    page = house.page
    expect(page.locator('[data-element-id="write"].mark-now title')).to_have_text("起草：正在办")
    expect(page.locator('[data-element-id="start"].mark-done title')).to_have_text("开始：已办完")
    width = "el => getComputedStyle(el.querySelector('.djs-visual > *')).strokeDasharray"
    assert page.locator('[data-element-id="write"]').evaluate(width) != "none"
    expect(page.get_by_role("link", name="Powered by bpmn.io")).to_be_visible()


def test_a_diagram_is_printed_whole_on_narrow_paper(house: House) -> None:
    house.open(VIEWER.format(url="/diagram.bpmn", marks="{}"))
    drawn = house.page.locator(".djs-container > svg[viewBox]")
    # When it is printed, all that the canvas showed is fitted to the paper
    house.page.emulate_media(media="print")
    house.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(drawn).to_have_count(1)
    # And afterwards it is as before
    house.page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(drawn).to_have_count(0)


def test_the_diagram_is_passed_by_keyboard_and_moved_by_it(house: House) -> None:
    house.open(VIEWER.format(url="/diagram.bpmn", marks="{}"))
    page = house.page
    page.get_by_role("link", name="前").focus()
    page.keyboard.press("Tab")
    expect(page.locator(".diagram-canvas")).to_be_focused()
    box = page.locator('[data-element-id="write"]').bounding_box()
    page.keyboard.press("ArrowRight")
    moved = page.locator('[data-element-id="write"]').bounding_box()
    assert box and moved and moved["x"] < box["x"]
    page.keyboard.press("0")
    back = page.locator('[data-element-id="write"]').bounding_box()
    assert back and back["x"] == box["x"]
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "after":
            return
    pytest.fail("the focus never left the diagram")


def test_a_diagram_that_cannot_be_fetched_says_so(house: House) -> None:
    house.open(VIEWER.format(url="/nothing", marks="{}"), drawn="failed")
    expect(house.page.get_by_role("alert")).to_contain_text("流程图没有画出来（HTTP 404）")
    house.complaints.clear()


def test_axe_finds_nothing_wrong_with_the_viewer(house: House) -> None:
    house.open(VIEWER.format(url="/diagram.bpmn", marks=json.dumps({"write": "now"})))
    expect(house.page.locator(".mark-now")).to_have_count(1)
    results = Axe().run(house.page)
    assert results.violations_count == 0, results.generate_report()


def test_axe_finds_nothing_wrong_with_the_drawing_board(house: House) -> None:
    house.open(MODELER.format(xml=escape(DIAGRAM)))
    house.page.locator('#modeler [data-element-id="write"]').click()
    expect(house.page.get_by_label("办理期限")).to_have_value("5")
    results = Axe().run(house.page)
    assert results.violations_count == 0, results.generate_report()


def test_htmx_makes_no_code_and_no_styles_of_its_own(house: House) -> None:
    house.open(f'{VIEWER.format(url="/diagram.bpmn", marks="{}")}<script src="/static/htmx.js"></script>')
    assert house.page.evaluate("[htmx.config.allowEval, htmx.config.includeIndicatorStyles]") == [False, False]


def test_no_key_is_lost_to_what_comes_back_of_the_keys_before(house: House) -> None:
    # Given keys that come faster than the panel shows what they made
    house.open(MODELER.format(xml=escape(DIAGRAM)))
    page = house.page
    page.locator('#modeler [data-element-id="write"]').click()
    page.get_by_label("同一人接着办").clear()
    typed = page.get_by_label("同一人接着办").evaluate(
        """async (field) => {
            field.focus();
            for (const key of "agree, return, agree, return") {
                document.execCommand("insertText", false, key);
                await new Promise((resolve) => setTimeout(resolve));
            }
            return field.value;
        }"""
    )
    # Then each of them is there
    assert typed == "agree, return, agree, return"
