"""The drawing board offers what the engine accepts, has an entry for all that it reads, and speaks while one types."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from engine.core.elements import SHAPES
from engine.core.event_rules import ALLOWED
from engine.core.reading import KINDS
from tests.browser.test_drawing import BPMN, MODELER, SUIXU, House, escape, facts

EVERYTHING = Path(__file__).with_name("everything.bpmn").read_text(encoding="utf-8")
# What the menus would show, by the names that the library gives its entries.
OFFERED = """async ([xml, targets]) => {
  const [container, properties] = [document.createElement("div"), document.createElement("div")];
  document.querySelector("main").append(container, properties);
  const { modeler } = await suixu.openModeler({ container, properties, xml });
  const [menus, registry] = [modeler.get("popupMenu"), modeler.get("elementRegistry")];
  const offered = (id, menu) => Object.keys(menus._getEntries(registry.get(id), menus._getProviders(menu)));
  return {
    create: Object.keys(menus._getEntries(modeler.get("canvas").getRootElement(), menus._getProviders("bpmn-create"))),
    ...Object.fromEntries(targets.map((id) => [id, offered(id, "bpmn-replace")])),
    append: offered("user", "bpmn-append"),
  };
}"""
SAME = {
    "rule-task": "businessRuleTask",
    "expanded-subprocess": "subProcess",
    "collapsed-subprocess": "subProcess",
    "event-subprocess": "subProcess",
}
PLACES = {
    "流程的开始": ("start_message", "-start"),
    "事件子流程的开始": ("handler_start", "-start"),
    "结束": ("end_cancel", "-end"),
    "中间捕获": ("catch_message", "-intermediate-catch"),
    "中间抛出": ("catch_message", "-intermediate-throw"),
    "边界": ("border_cancel", "-boundary"),
}


@pytest.fixture
def house(page: Page) -> Iterator[House]:
    """Open the board; nothing may be complained of."""
    served = House(page)
    yield served
    assert served.complaints == []


def open_everything(house: House, **data: str) -> Page:
    """Show a drawing of everything; `data` is what the house tells the board."""
    told = "".join(f" data-{name}='{value}'" for name, value in data.items())
    body = MODELER.format(xml=escape(EVERYTHING)).replace('<div id="modeler"', f'<div id="modeler"{told}')
    house.open(body.replace('name="xml"', 'name="xml" aria-label="源文件"'))
    return house.page


def choose(page: Page, element: str) -> None:
    page.get_by_label("选中图里的").select_option(element)


def offered(house: House) -> dict[str, list[str]]:
    house.open(MODELER.format(xml=escape("")))
    targets = sorted({target for target, _ in PLACES.values()} | {"border_timer", "border_error"})
    told: dict[str, list[str]] = house.page.evaluate(OFFERED, [EVERYTHING, targets])
    assert house.page.evaluate("[...suixu.untranslated]") == []
    return {menu: [re.sub("^(replace-with|create|append)-", "", id) for id in ids] for menu, ids in told.items()}


def camel(name: str) -> str:
    first, *others = name.split("-")
    return SAME.get(name, first + "".join(word.title() for word in others))


def test_the_menus_offer_what_the_engine_accepts_and_nothing_else(house: House) -> None:
    told = offered(house)
    # Then every task, sub-process and gateway of the profile is there to be created and appended
    wanted = {tag for tag in KINDS if tag in SHAPES and not tag.endswith("Event")}
    for menu in ("create", "append"):
        found = {camel(name) for name in told[menu] if re.search("task|activity|transaction|subprocess|gateway", name)}
        assert found == wanted
    # And each event where the profile lets it stand
    for place, (target, ending) in PLACES.items():
        names = [name.removeprefix("non-interrupting-") for name in told[target] if name.endswith(ending)]
        kinds = {name.removesuffix(ending).replace("conditional", "condition") for name in names} - {"none"}
        own = {target.partition("_")[2]} & ALLOWED[place]
        assert kinds | own == ALLOWED[place] - {None}, place
    # And on a border only what can come out of the activity
    assert not [name for name in told["border_timer"] if re.match("error|escalation|cancel", name)]
    assert not [name for name in told["border_error"] if re.match("escalation|cancel", name)]


def test_the_panel_of_every_element_is_in_chinese_and_open_to_everyone(house: House) -> None:
    page = open_everything(house)
    ids = page.get_by_label("选中图里的").locator("option").evaluate_all("found => found.map((one) => one.value)")
    assert len(ids) > 45
    for element in ids:
        choose(page, element)
        expect(page.locator(".bio-properties-panel-header-type")).to_have_text(re.compile("[一-鿿]"))
        results = Axe().run(page, context="#panel")
        assert results.violations_count == 0, f"{element}: {results.generate_report()}"
    assert page.evaluate("[...suixu.untranslated]") == []
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


ENTRIES: dict[str, dict[str, Any]] = {
    "catch_message": {"哪个消息": "create-new", "消息名称": "批复"},
    "end_error": {"错误代码": "worse"},
    "border_timer": {"怎样定时": "timeDate", "时间": "other_date", "发生时": "true"},
    "catch_condition": {"等什么条件": "x = 2"},
    "throw_link": {"链接名称": "前半"},
    "throw_none": {},
    "user": {"次数": "2 + 1", "提前结束的条件": "numberOfCompletedInstances >= 1"},
    "call": {"再办一遍的条件": "x < 3", "最多几遍": "5", "什么时候看条件": "true"},
    "service": {"办几次": "sequential", "函数": "send"},
    "send": {"发给哪个业务编号": '"plan:" + x'},
    "rule": {"决策表": "limits", "结果叫什么": "limit"},
    "f3": {"走这条路的条件": "x = 3"},
}


def test_what_the_entries_are_filled_with_is_in_the_file(house: House) -> None:
    page = open_everything(house)
    for element, entries in ENTRIES.items():
        choose(page, element)
        for label, value in entries.items():
            entry = page.locator("#panel").get_by_label(label, exact=True)
            if entry.evaluate("found => found.tagName") == "SELECT":
                entry.select_option(value)
            else:
                entry.fill(value)
    choose(page, "throw_none")
    page.get_by_label("画一条路线到").select_option("end_terminate")
    page.get_by_role("button", name="画上").click()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    said = facts(house.saved[0]["xml"])
    values = {value for *_, value in said}
    assert {"批复", "worse", "other_date", "x = 2", "前半", "2 + 1", "numberOfCompletedInstances >= 1"} <= values
    assert {"x < 3", "limits", "limit", '"plan:" + x', "x = 3"} <= values
    assert not [one for one in said if one[0] == "border_timer" and one[1:] == ("cancelActivity", "false")]
    assert ("service", f"{SUIXU}function", "send") in said
    assert (f"service/{BPMN}multiInstanceLoopCharacteristics", "isSequential", "true") in said
    assert (f"call/{BPMN}standardLoopCharacteristics", "loopMaximum", "5") in said
    flow = {whose for whose, name, *value in said if (name, *value) == ("sourceRef", "throw_none")}
    assert {(whose, "targetRef", "end_terminate") for whose in flow} <= said
    assert flow


def test_known_names_are_offered_behind_what_is_typed(house: House) -> None:
    page = open_everything(house, known='{"posts": [{"value": "hr.head", "label": "人事部负责人"}]}')
    choose(page, "user")
    page.get_by_label("催办").fill("2:")
    offers = page.get_by_label("催办").evaluate("found => [...found.list.options].map((one) => [one.value, one.label])")
    assert offers == [["2:hr.head", "人事部负责人"]]


def test_a_fault_is_said_at_its_entry_and_hinders_nobody(house: House) -> None:
    faults = iter(["第1行第4列：表达式没有写完。", ""])
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.post_data)
        fault = next(faults, None)
        route.abort() if fault is None else route.fulfill(json={"fault": fault})

    house.page.route("**/judge", answer)
    page = open_everything(house, check="/judge")
    choose(page, "catch_condition")
    entry = page.get_by_label("等什么条件")
    expect(entry).to_have_accessible_description(re.compile("第1行第4列：表达式没有写完。"))
    expect(entry).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[aria-live=polite]", has_text="没有写完")).to_be_visible()
    results = Axe().run(page, context="#panel")
    assert results.violations_count == 0, results.generate_report()
    # When it is put right, the fault goes
    entry.fill("x = 3")
    expect(entry).not_to_have_attribute("aria-invalid", "true")
    # When nobody answers any more, nothing is said, and what is typed is kept
    entry.fill("x +")
    with page.expect_event("requestfailed"):
        pass
    expect(entry).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#xml")).to_have_value(re.compile(r"x \+<"))
    # The house was told what is drawn by now as well
    sent = asked[-1].replace("\r\n", "\n")
    assert 'name="kind"\n\nexpression\n' in sent
    assert 'name="text"\n\nx +\n' in sent
    assert re.search(r'name="xml"\n\n.*x \+<', sent, re.DOTALL)
    house.complaints.clear()


def test_an_element_is_added_by_keyboard_alone(house: House) -> None:
    page = open_everything(house)
    choose(page, "start")
    page.locator("#modeler svg[tabindex]").focus()
    page.keyboard.press("a")
    expect(page.locator(".djs-popup input")).to_be_focused()
    page.keyboard.insert_text("发送任务")
    # The menu looks at the keys of an input method, not at the text that comes of them.
    page.keyboard.press("End")
    expect(page.locator(".djs-popup .entry.selected")).to_have_text("发送任务")
    page.keyboard.press("Enter")
    expect(page.locator(".bio-properties-panel-header-type")).to_have_text("发送任务")
    expect(page.get_by_label("选中图里的").locator("option:checked")).to_contain_text("发送任务")
