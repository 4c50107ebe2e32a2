"""The first day of a real house: installed by the command, set up in four steps, published, and a first plan begun."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect
from werkzeug.serving import make_server

from engine import jobs
from engine.ground.clock import ZONE, FixedClock
from engine.ground.settings import Settings
from web import cli
from web.account import limiter
from web.app import create_app
from web.session import ENGINE

NOW = datetime(2026, 1, 20, 9, 0, tzinfo=ZONE)
NEW_PASSWORD = "First-Day-Of-Suixu-2026"
MORE_UNITS = (
    ("publicity", "宣文部", "内设部室", "staff", "承办人", "承办人"),
    ("publicity", "宣文部", "内设部室", "head", "负责人", "负责人"),
)
PEOPLE = {
    # post: name, number, login
    "hr.staff": ("人事承办", "0001", "hr-staff"),
    "hr.head": ("人事负责", "0002", "hr-head"),
    "publicity.staff": ("宣文承办", "0003", "drawer"),
}


@pytest.fixture
def origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[tuple[str, str, str]]:
    """Install a house by the command and serve it; give its address, and the login and password that were shown."""
    monkeypatch.setenv("SUIXU_DATA", str(tmp_path / "data"))
    clock = FixedClock(NOW)
    monkeypatch.setattr(cli, "SystemClock", lambda: clock)
    assert cli.main(["init"]) == 0
    said = capfd.readouterr().out
    login, password = re.findall(r"登录名：(\w+)\n密码：([\w-]+)", said)[0]
    app = create_app(Settings.from_environment({"SUIXU_DATA": str(tmp_path / "data")}), clock)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", login, password
    server.shutdown()
    thread.join()
    server.server_close()
    _work(app)
    app.extensions[ENGINE].close()
    limiter.reset()


def _work(app: Flask) -> None:
    """Do what is due, so that nothing that was begun turns out to have failed."""
    while jobs.run_due(app.extensions[ENGINE]):
        pass


def enter(browser: Browser, origin: str, login: str, password: str) -> Page:
    """Sign in with a first password, and change it as one must."""
    context: BrowserContext = browser.new_context(
        locale="zh-CN", timezone_id="Asia/Shanghai", base_url=origin, accept_downloads=True
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_label("原密码").fill(password)
    page.get_by_label("新密码", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("再填一次新密码").fill(NEW_PASSWORD)
    page.get_by_role("button", name="修改密码").click()
    return page


def fill_list(page: Page, link: str, change: Callable[[Worksheet], None]) -> FilePayload:
    """Download a list, fill it in as one would in a spreadsheet, and give it back as a file."""
    with page.expect_download() as loading:
        page.get_by_role("link", name=link).click()
    book = load_workbook(BytesIO(loading.value.path().read_bytes()))
    change(book.worksheets[0])
    kept = BytesIO()
    book.save(kept)
    return {"name": "名单.xlsx", "mimeType": "", "buffer": kept.getvalue()}


def bring_in(page: Page, button: str, file: FilePayload) -> None:
    """Bring a list in."""
    page.get_by_role("link", name=button, exact=True).click()
    page.get_by_label("名单文件").set_input_files(file)
    page.get_by_role("button", name="导入", exact=True).click()


def add_units(sheet: Worksheet) -> None:
    """Add the house's own units below those that the processes need."""
    for row in MORE_UNITS:
        sheet.append(row)


def add_people(sheet: Worksheet) -> None:
    """Write people beside the posts."""
    for row in sheet.iter_rows(min_row=2):
        found = PEOPLE.get(f"{row[0].value}.{row[3].value}")
        if found:
            row[6].value, row[7].value, row[8].value, row[9].value = (*found, "2026-01-01")


def test_a_house_is_set_up_from_nothing(browser: Browser, origin: tuple[str, str, str]) -> None:
    address, login, password = origin
    # Given a house of which only the command was run
    page = enter(browser, address, login, password)
    expect(page).to_have_url(f"{address}/setup")
    # When the system administrator brings in units and people from the lists offered there
    units = fill_list(page, "下载空白的单位和岗位名单（.xlsx）", add_units)
    bring_in(page, "导入单位和岗位", units)
    expect(page.get_by_role("status")).to_contain_text("增加单位 5 个、岗位 10 个")
    page.get_by_role("link", name="回到首次启动").click()
    persons = fill_list(page, "下载人员名单（.xlsx）", add_people)
    bring_in(page, "导入人员", persons)
    expect(page.get_by_role("status")).to_contain_text("人员 3 名、任职 3 条")
    cells = page.locator("table tbody tr").evaluate_all("all => all.map(row => row.innerText.split(/\\s+/))")
    passwords = {cell[1]: cell[2] for cell in cells}
    page.get_by_role("link", name="回到首次启动").click()
    # and chooses the first business administrator, looks at the calendar, and sets a deadline
    page.get_by_label("选一个人").select_option(label="宣文承办（drawer）")
    page.get_by_role("button", name="设为业务管理员").click()
    page.get_by_role("link", name="看2026年的日历").click()
    expect(page.get_by_role("table", name="1月，21 个工作日", exact=True)).to_be_visible()
    page.get_by_role("link", name="首次启动", exact=True).click()
    page.get_by_role("button", name="日历没有问题").click()
    page.get_by_role("link", name="改期限").click()
    page.get_by_label("锁定应报名单").fill("4")
    page.get_by_role("button", name="保存", exact=True).first.click()
    # Then the four steps are done
    expect(page.get_by_text("四步都办过了。")).to_be_visible()
    expect(page.get_by_text("接下来请业务管理员（宣文承办）登录")).to_be_visible()
    # When the business administrator signs in, they are led to the processes, and publish them
    page = enter(browser, address, "drawer", passwords["drawer"])
    page.get_by_role("link", name="看随系统附带的流程").click()
    page.get_by_role("button", name="全部发布").click()
    expect(page.get_by_role("status")).to_contain_text("随系统附带的流程已发布。")
    # Then the office of personnel is led to its first plan, and begins it
    page = enter(browser, address, "hr-staff", passwords["hr-staff"])
    page.get_by_role("link", name="去发起").click()
    page.get_by_role("link", name=re.compile("^发起.*年度")).click()
    page.get_by_label("计划年度").fill("2026")
    page.get_by_role("button", name="启动", exact=True).click()
    # And its first deadline is counted by what was set
    expect(page.get_by_role("heading", level=1)).to_contain_text("锁定应报名单")
    expect(page.get_by_role("main")).to_contain_text("2026年1月26日")
