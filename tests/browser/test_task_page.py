"""The page of a task by keyboard, by ear, in forced colours, with small targets measured and with no scripts."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.served import House

Enter = Callable[..., Page]

FOCUSED = """() => {
  const found = document.activeElement;
  const labels = [...(found.labels ?? [])].map((label) => label.innerText);
  const style = getComputedStyle(found);
  const box = found.getBoundingClientRect();
  return {
    tag: found.tagName,
    name: (found.getAttribute("aria-label") || labels.join(" ") || found.innerText).replace(/\\s+/g, " ").trim(),
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    top: box.top + scrollY,
    bottom: box.bottom + scrollY,
    left: box.left,
    inside: box.top < innerHeight && box.bottom > 0,
    place: found.closest("header, main, footer")?.tagName ?? "",
  };
}"""
# A link within a sentence may be as small as its words; everything else is 24 pixels each way.
SMALL = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((one) => one.checkVisibility() && one.type !== "hidden" && one.tabIndex >= 0 && !one.matches(".skip-link"))
  .filter((one) => !(one.tagName === "A" && getComputedStyle(one).display === "inline"
    && one.parentElement.innerText.trim().length > one.innerText.trim().length))
  .map((one) => [one.outerHTML.slice(0, 100), one.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24)
  .map(([what, box]) => `${what} ${box.width}x${box.height}`)"""
BARE = """() => [...document.querySelectorAll("main button, main input, main select, main textarea, .tag")]
  .filter((one) => one.checkVisibility() && one.tabIndex >= 0 || one.matches(".tag"))
  .filter((one) => !["checkbox", "radio"].includes(one.type) && !one.matches(".default-button"))
  .filter((one) => getComputedStyle(one).borderTopStyle === "none" || getComputedStyle(one).borderTopWidth === "0px")
  .map((one) => one.outerHTML.slice(0, 100))"""


@pytest.fixture
def enter(browser: Browser, house: House) -> Iterator[Enter]:
    """Open a path as somebody, in a browser profile of its own."""
    opened = []

    def open_as(login: str, path: str, **options: Any) -> Page:
        context = house.enter(browser, login, **options)
        opened.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_as
    for context in opened:
        context.close()


def tab_through(page: Page) -> list[dict[str, Any]]:
    """Press Tab from the top to the end of the page, and tell where the focus was."""
    found: list[dict[str, Any]] = []
    for _press in range(150):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now["tag"] == "BODY":
            return found
        found.append(now)
    raise AssertionError("the focus never leaves the page")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something with this name has the focus."""
    for _press in range(150):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED)["name"].startswith(name):
            return
    raise AssertionError(f"nothing called {name} can be reached")


def test_the_focus_goes_the_way_the_page_is_read(enter: Enter, house: House) -> None:
    # Given a task of one's own
    page = enter("hr-staff", house.take("按顺序办的事"))
    # When Tab is pressed from its beginning to its end
    walked = tab_through(page)
    # Then one comes by everything in main once, from top to bottom
    names = [one["name"] for one in walked if one["place"] == "MAIN"]
    assert names == [
        "事项名称 必填",
        "经费",
        "理由",
        "附件",
        "添加一项 ：物品",
        "报送",
        "暂存",
        "查看整个事项和流程图",
        "转给别人办",
    ]
    assert [one["place"] for one in walked if one["place"]] == sorted(
        (one["place"] for one in walked if one["place"]), key=["HEADER", "MAIN", "FOOTER"].index
    )
    inside = [one for one in walked if one["place"] == "MAIN"]
    for before, after in pairwise(inside):
        assert after["top"] >= before["bottom"] or after["left"] > before["left"], (before, after)


@pytest.mark.parametrize(
    ("login", "about"), [("hr-staff", ""), ("unit-b-staff", "起草"), ("leader", "组长签批"), ("secretary", "")]
)
@pytest.mark.parametrize("width", [1280, 320])
def test_the_focus_is_always_seen(enter: Enter, house: House, login: str, about: str, width: int) -> None:
    paths = {"hr-staff": lambda: house.take(f"看得见焦点的事{width}")}
    paths["secretary"] = lambda: house.task("leader", "组长签批", "2027年")
    path = paths.get(login, lambda: house.task(login, about))()
    page = enter(login, path, viewport={"width": width, "height": 720})
    unseen = [one for one in tab_through(page) if one["outline"] < 2 or not one["inside"]]
    assert unseen == []


def test_the_skip_link_leads_past_the_menu(enter: Enter, house: House) -> None:
    page = enter("leader", house.task("leader", "组长签批"))
    link = page.get_by_role("link", name="跳到正文")
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    box = link.bounding_box()
    assert box is not None
    assert box["width"] > 24
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["place"] == "MAIN"


def test_the_error_summary_has_the_focus_and_leads_to_the_field(enter: Enter, house: House) -> None:
    # Given a task handed in blank
    page = enter("hr-staff", house.take("没填就交的事"))
    page.get_by_role("button", name="报送", exact=True).click()
    # Then the summary has the focus, and its link leads to the field, which says what is wrong with it
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("heading", name="有 1 处需要改正")).to_be_visible()
    page.keyboard.press("Tab")
    assert "事项名称" in page.evaluate(FOCUSED)["name"]
    page.keyboard.press("Enter")
    field = page.get_by_label("事项名称 必填")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("最多 30 字。 错误： 请填写“事项名称”。")
    assert field.get_attribute("aria-invalid") == "true"


def test_enter_in_a_field_saves_and_the_page_says_so(enter: Enter, house: House) -> None:
    # Given something typed
    page = enter("hr-staff", house.take("按回车的事"))
    page.get_by_label("事项名称 必填").fill("纸张")
    # When Enter is pressed in the field
    page.keyboard.press("Enter")
    # Then it is saved, not handed in, and announced
    expect(page.get_by_role("status")).to_have_text("已暂存，还没有提交。")
    expect(page.get_by_label("事项名称 必填")).to_have_value("纸张")
    expect(page.get_by_role("button", name="报送", exact=True)).to_be_visible()


def test_rows_come_and_go_by_keyboard_and_the_focus_stays_with_them(enter: Enter, house: House) -> None:
    # Given a form with rows
    page = enter("unit-b-staff", house.task("unit-b-staff", "起草"))
    rows = page.locator("fieldset.row")
    count = rows.count()
    # When one is added, the focus is on it, and the next Tab in its first field
    tab_to(page, "添加一项")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(count + 1)
    expect(rows.last).to_be_focused()
    expect(rows.last).to_have_accessible_name(f"第 {count + 1} 项")
    page.keyboard.press("Tab")
    expect(rows.last.get_by_label("对应职责")).to_be_focused()
    # When it is removed, the focus is on the list that it was taken from
    tab_to(page, f"移除第 {count + 1} 项")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(count)
    expect(page.get_by_role("group", name="计划事项", exact=True)).to_be_focused()


def test_what_is_rarely_done_opens_and_is_confirmed_by_keyboard(enter: Enter, house: House) -> None:
    # Given the leader's page, 更多 closed
    page = enter("leader", house.task("leader", "组长签批"))
    hidden = page.get_by_role("button", name="不同意", exact=True)
    expect(hidden).to_be_hidden()
    # When it is opened and an act pressed without its confirmation
    tab_to(page, "更多")
    page.keyboard.press("Enter")
    expect(hidden).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["name"] == "我已确认"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    # Then nothing is decided, 更多 stands open, and the summary leads to the confirmation
    expect(page.get_by_role("alert")).to_be_focused()
    expect(hidden).to_be_visible()
    page.get_by_role("alert").get_by_role("link").last.click()
    expect(page.get_by_role("group", name="不同意", exact=True).get_by_role("checkbox")).to_be_focused()


@pytest.mark.parametrize("width", [1280, 320])
def test_everything_that_is_pressed_is_big_enough(enter: Enter, house: House, width: int) -> None:
    size = {"width": width, "height": 720}
    for login, path in (
        ("hr-staff", house.take(f"量尺寸的事{width}")),
        ("unit-b-staff", house.task("unit-b-staff", "起草")),
        ("leader", house.task("leader", "组长签批")),
        ("hr-staff", "/inbox"),
        ("unit-c-staff", "/notices"),
        ("auditor", "/audit"),
        ("system-admin", "/organization"),
    ):
        page = enter(login, path, viewport=size)
        page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        assert page.evaluate(SMALL) == [], path


@pytest.mark.parametrize("login", ["unit-b-staff", "leader"])
def test_forced_colours_and_stilled_motion_hide_nothing(enter: Enter, house: House, login: str) -> None:
    path = house.task(login, "起草" if login == "unit-b-staff" else "组长签批")
    plain = enter(login, path)
    forced = enter(login, path, forced_colors="active", reduced_motion="reduce", color_scheme="dark")
    assert forced.evaluate("matchMedia('(forced-colors: active)').matches")
    assert forced.locator("main").inner_text() == plain.locator("main").inner_text()
    assert forced.evaluate(BARE) == []
    assert [one for one in tab_through(forced) if one["outline"] < 2] == []


def test_a_task_is_done_by_keyboard_alone_with_no_scripts(enter: Enter, house: House) -> None:
    # Given a task that nobody has claimed, in a browser without JavaScript
    page = enter("hr-staff", house.start("不用脚本的事"), java_script_enabled=False)
    page.get_by_role("button", name="签收", exact=True).press("Enter")
    expect(page.get_by_role("status")).to_have_text("已签收，现在由您办理。")
    # When it is filled in and handed in by keyboard
    page.get_by_label("事项名称 必填").focus()
    page.keyboard.type("纸张")
    page.keyboard.press("Tab")
    page.keyboard.type("12.5")
    page.get_by_role("button", name="报送", exact=True).focus()
    page.keyboard.press("Enter")
    # Then the inbox says what happened and who is next
    expect(page.get_by_role("status")).to_contain_text("“办事：不用脚本的事”的“起草”已办理（报送）。下一步：“审核”")
    assert page.url.endswith("/inbox")


def test_what_is_typed_is_kept_by_itself_and_the_end_of_the_session_is_told(enter: Enter, house: House) -> None:
    # Given something typed, and ten quiet seconds
    page = enter("hr-staff", house.take("自动暂存的事"))
    page.clock.install()
    page.reload()
    page.get_by_label("事项名称 必填").fill("纸张")
    page.clock.fast_forward(11_000)
    # Then it is kept: the page says so, and shows it when it is opened anew
    expect(page.get_by_text("已自动暂存，还没有提交。")).to_be_visible()
    page.reload()
    expect(page.get_by_label("事项名称 必填")).to_have_value("纸张")
    # When nothing is done for long, the page warns while the session can still be extended
    page.clock.fast_forward("25:01")
    expect(page.get_by_role("alert")).to_contain_text("登录快要结束了。")
    # When one goes on typing and hands in at the moment when it is kept again
    reason = page.get_by_label("理由")
    reason.fill("用完了。" * 400)
    # and a long text is seen, and would be printed, to its end
    cut = "field => field.scrollHeight - field.clientHeight"
    page.emulate_media(media="print")
    assert reason.evaluate(cut) <= 1
    page.emulate_media(media="screen")
    reason.fill("用完了。")
    page.clock.fast_forward(11_000)
    page.get_by_role("button", name="报送", exact=True).dblclick()
    # Then the one waits for the other, and a second click changes nothing
    expect(page.get_by_role("status")).to_contain_text("“起草”已办理（报送）")
    # When the server refuses to keep something
    path = house.take("不能自动暂存的事")
    page.goto(path)
    page.route("**/save", lambda route: route.fulfill(status=422))
    page.get_by_label("事项名称 必填").fill("纸张")
    page.clock.fast_forward(11_000)
    # Then the page does not put it down to the connection
    expect(page.get_by_role("alert")).to_contain_text("没有自动暂存：请点“暂存”，看是什么原因。")


def test_an_instance_without_scripts_is_told_in_words(enter: Enter, house: House) -> None:
    # When the page of an instance is opened in a browser that draws nothing
    page = enter("hr-staff", house.instance("2025年双拥工作计划"), java_script_enabled=False)
    # Then the text twin tells what the drawing would
    expect(page.get_by_role("table", name="各环节的先后、由谁办、往哪里走和进展")).to_be_visible()
    # And no empty frame stands in its place
    expect(page.locator(".diagram")).to_be_hidden()


def test_a_leader_approves_an_adjustment_on_a_phone_by_two_clicks_in_the_inbox(house: House, enter: Enter) -> None:
    """With the one that signs in, three: what is to change, why, and what the readers said stand on the page."""
    page = enter("leader", "/inbox", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.get_by_role("link", name="调整单第7号").click()
    words = page.locator("main").inner_text()
    assert "取消“一季度轮值活动”（牵头：办公室，3月16日至20日）。" in words
    assert "并入全省活动。" in words
    assert "圈阅（同意）" in words
    assert "三、重点任务" not in words
    page.get_by_role("button", name="同意", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("“组长签批”已办理")
