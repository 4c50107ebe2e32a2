"""The same story in a real browser, by clicks and keys, one account after another; one submission by keyboard alone."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect
from werkzeug.serving import make_server

from engine import jobs
from tests.story import telling, year

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
STEPS = 400


class Clicks:
    """Keep one browser window per person, and act with it."""

    def __init__(self, house: Flask, browser: Browser, address: str) -> None:
        self.engine = year.engine_of(house)
        self.browser = browser
        self.address = address
        self.windows: dict[str, Page] = {}

    def at(self, login: str) -> Page:
        """Give a person's window, signed in."""
        if login not in self.windows:
            page = self.browser.new_context(locale="zh-CN").new_page()
            page.goto(f"{self.address}/login")
            page.get_by_label("登录名").fill(login)
            page.get_by_label("密码", exact=True).fill(year.PASSWORD)
            page.get_by_role("button", name="登录", exact=True).click()
            expect(page).not_to_have_url(re.compile("/login"))
            self.windows[login] = page
        return self.windows[login]

    def goto(self, login: str, path: str) -> tuple[Page, int]:
        """Open an address; who was sent to the door because time has passed signs in again."""
        page = self.at(login)
        response = page.goto(self.address + path)
        if "/login" in page.url:
            page.context.close()
            del self.windows[login]
            page = self.at(login)
            response = page.goto(self.address + path)
        assert response is not None
        return page, response.status

    def open(self, login: str, task: str, matter: str) -> Page:
        """Click a task in the inbox, claiming it where several could do it."""
        page, _ = self.goto(login, "/inbox")
        page.get_by_role("link").filter(has_text=re.compile(f"{re.escape(matter)}.*：{task}$")).first.click()
        # A click does not wait for the page that it leads to.
        page.wait_for_url("**/tasks/*")
        claim = page.get_by_role("button", name="签收", exact=True)
        if claim.count():
            claim.click()
            expect(page.get_by_text("已签收，现在由您办理。").first).to_be_visible()
        return page

    def start(self, login: str, key: str, button: str, fields: Mapping[str, Any]) -> None:
        """Start a process from its page."""
        page, _ = self.goto(login, f"/processes/{key}/start")
        self._send(page, button, fields)

    def do(self, login: str, task: str, matter: str, button: str, fields: Mapping[str, Any] | None = None) -> None:
        """Do a task."""
        self._send(self.open(login, task, matter), button, fields or {})

    def _send(self, page: Page, button: str, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            _fill(page, name, value)
        pressed = page.get_by_role("button", name=button, exact=True)
        if not pressed.is_visible():
            page.locator("summary", has_text="更多").click()
        pressed.click()
        expect(page.get_by_role("status").first).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        jobs.run_due(self.engine)

    def reads(self, login: str, task: str, matter: str) -> str:
        """Open a task and give every word on its page, those in its fields too."""
        page = self.open(login, task, matter)
        values = page.locator("main input, main textarea").evaluate_all("all => all.map(one => one.value)")
        return " ".join([page.locator("main").inner_text(), *values])

    def sees(self, login: str, path: str) -> tuple[int, str]:
        """Open an address; give its status and words."""
        page, status = self.goto(login, path)
        return status, page.locator("body").inner_text()


def _fill(page: Page, name: str, value: Any) -> None:
    controls = page.locator(f'main [name="{name}"]:not([type=hidden])')
    first = controls.first
    if not first.is_visible():
        page.locator("summary", has_text="更多").click()
    kind = first.get_attribute("type") or first.evaluate("one => one.tagName.toLowerCase()")
    if kind == "checkbox" and isinstance(value, bool):
        first.set_checked(value)
    elif kind in ("checkbox", "radio"):
        _tick(controls, [value] if isinstance(value, str) else list(value), kind)
    elif kind == "select":
        first.select_option(value)
    else:
        first.fill(value)


def _tick(controls: Locator, wanted: list[str], kind: str) -> None:
    for control in controls.all():
        chosen = control.get_attribute("value") in wanted
        if kind == "checkbox" or chosen:
            control.set_checked(chosen)


@pytest.fixture
def address(house: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, house, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clicks(house: Flask, browser: Browser, address: str) -> Iterator[Clicks]:
    made = Clicks(house, browser, address)
    yield made
    for page in made.windows.values():
        page.context.close()


def test_a_year_from_first_draft_to_archive(clicks: Clicks, tmp_path: Path) -> None:
    telling.tell(clicks)


def focused(page: Page) -> str:
    """Say what has the focus, as a screen reader would name it."""
    return str(
        page.evaluate(
            """() => {
                const one = document.activeElement;
                const label = one.labels && one.labels.length ? one.labels[0].textContent : one.textContent;
                return (one.getAttribute('aria-label') || label || '').replace(/\\s+/g, ' ').trim();
            }"""
        )
    )


def tab_to(page: Page, fits: Callable[[str], bool]) -> str:
    """Press Tab until what has the focus fits."""
    passed = []
    for _ in range(STEPS):
        page.keyboard.press("Tab")
        name = focused(page)
        if fits(name):
            return name
        passed.append(name)
    raise AssertionError(f"the keyboard never gets there; it passes {passed}")


def test_a_submission_by_keyboard_alone(clicks: Clicks) -> None:
    # Given 宣文部 is to report
    telling.start_the_year(clicks)
    page = clicks.browser.new_context(locale="zh-CN").new_page()
    page.goto(f"{clicks.address}/login")
    # When its drafter signs in, opens the task, fills in the form and hands it in, without touching a mouse
    tab_to(page, lambda name: name.startswith("登录名"))
    page.keyboard.type("publicity-staff")
    tab_to(page, lambda name: name.startswith("密码"))
    page.keyboard.type(year.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("待办")
    tab_to(page, lambda name: "宣文部" in name and "起草" in name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("起草")
    for label, text in (("承办人", "宣文部承办人"), ("联系电话", "0351-0000000")):
        tab_to(page, lambda name, label=label: name.startswith(label))  # type: ignore[misc]
        page.keyboard.type(text)
    tab_to(page, lambda name: name.startswith("对应职责"))
    page.keyboard.press("ArrowDown")
    texts = {"事项名称": "全民国防教育月宣传", "具体措施": "开设专栏，制作展板。"}
    for label, text in texts.items():
        tab_to(page, lambda name, label=label: name.startswith(label))  # type: ignore[misc]
        page.keyboard.type(text)
    for label in ("类别", "牵头单位"):
        tab_to(page, lambda name, label=label: name.startswith(label))  # type: ignore[misc]
        page.keyboard.press("ArrowDown")
    for label, text in {"责任人": "负责人", "开始日期": "2026-09-01", "完成日期": "2026-09-30"}.items():
        tab_to(page, lambda name, label=label: name.startswith(label))  # type: ignore[misc]
        page.keyboard.type(text)
    tab_to(page, lambda name: name == "提交审核")
    page.keyboard.press("Enter")
    # Then it is with the head, and the page says so
    expect(page.get_by_role("status").first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.context.close()
    jobs.run_due(clicks.engine)
    assert "全民国防教育月宣传" in clicks.reads("publicity-head", "审核", "宣文部")
