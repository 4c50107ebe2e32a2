"""The archive that a person downloads opens in a browser with no server, and leads everywhere it says."""

import zipfile
from pathlib import Path

from playwright.sync_api import Browser, expect

from engine import archive
from tests.browser.served import House


def test_the_downloaded_archive_opens_with_no_server(house: House, browser: Browser, tmp_path: Path) -> None:
    # Given the archive as Chromium saves it
    context = house.enter(browser, "hr-staff")
    page = context.new_page()
    page.goto(house.instance("2025年双拥工作计划"))
    with page.expect_download() as loading:
        page.get_by_role("link", name="下载归档包（2025年双拥工作计划·2025年归档.zip）").click()
    assert loading.value.suggested_filename == "2025年双拥工作计划·2025年归档.zip"
    loading.value.save_as(tmp_path / "parcel.zip")
    context.close()
    # When it is unpacked and its page opened from the disk, with no way to any server
    with zipfile.ZipFile(tmp_path / "parcel.zip") as parcel:
        parcel.extractall(tmp_path)
    folder = tmp_path / "2025年双拥工作计划·2025年归档"
    offline = browser.new_context(offline=True)
    page = offline.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto((folder / "data" / "index.html").as_uri())
    # Then it shows what was decided, and its links lead to the papers beside it
    expect(page.get_by_role("heading", level=1)).to_contain_text("2025年双拥工作计划")
    expect(page.get_by_text("同意。请各单位抓好落实。").first).to_be_visible()
    page.get_by_role("link", name="第1版）").first.click()
    expect(page.get_by_role("link", name="回到归档首页")).to_be_visible()
    page.get_by_role("link", name="回到归档首页").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2025年双拥工作计划")
    assert complaints == []
    offline.close()
    # And it proves itself
    assert archive.verify(folder) == []
