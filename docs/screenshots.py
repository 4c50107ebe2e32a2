"""Take the pictures of the README: `make screenshots` opens a demo of its own, looks at it and lets it go."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Error, Page, Playwright, sync_playwright

IMAGES = Path(__file__).parent / "images"
PASSWORD = "suixu-demo-pictures"
LIMIT = 150_000
WIDE = {"width": 1200, "height": 760}
PHONE = {"width": 390, "height": 780}

Scene = Callable[[Page], None]


@contextmanager
def serve_demo() -> Iterator[str]:
    """Run `suixu demo` in a folder that is gone afterwards; give its address once it answers."""
    with TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        own = {"SUIXU_DATA": folder, "SUIXU_HOST": "127.0.0.1", "PORT": port, "SUIXU_DEMO_PASSWORD": PASSWORD}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SUIXU_")}
        command = [sys.executable, "-m", "web.cli", "demo"]
        with subprocess.Popen(
            command, cwd=IMAGES.parents[1], env={**kept, **own, "PYTHONUTF8": "1"}, stdout=subprocess.PIPE, text=True
        ) as demo:
            try:
                _wait_until_open(demo)
                yield f"http://127.0.0.1:{port}"
            finally:
                demo.terminate()


def _wait_until_open(demo: "subprocess.Popen[str]") -> None:
    assert demo.stdout is not None
    for line in demo.stdout:
        if "http://" in line:
            return
    raise SystemExit("演示没有打开，原因见上。")


def find_chromium(playwright: Playwright) -> str:
    """Find a Chromium: the one named by CHROMIUM, else Playwright's own, else this machine's."""
    own = playwright.chromium.executable_path
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or (own if Path(own).is_file() else None)
    found = found or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit(
            "没有找到 Chromium：sudo apt-get install chromium fonts-noto-cjk；或用 CHROMIUM 指明浏览器的路径。"
        )
    return found


# What is looked at


def see_inbox(page: Page) -> None:
    """Show what waits for HR."""
    page.goto("/inbox")


def see_task(page: Page) -> None:
    """Show a submission that was sent back, with the reason."""
    page.goto("/inbox")
    page.click("main a:has-text('起草')")


def see_instance(page: Page) -> None:
    """Show the path that last year's plan went."""
    page.goto("/started")
    page.click("main a:has-text('2025年双拥工作计划')")
    page.locator("svg .djs-shape").first.wait_for()
    _scroll_to(page, "走过的路")


def see_modeler(page: Page) -> None:
    """Show a process being drawn, with the attributes of one step."""
    page.goto("/processes/submission/edit")
    page.locator("[data-element-id=draft]").first.wait_for()
    page.locator("[data-element-id=draft] .djs-hit").first.click(force=True)
    page.get_by_text("办理", exact=False).first.wait_for()


def see_phone(page: Page) -> None:
    """Show a task on a phone."""
    page.goto("/inbox")
    page.click("main a:has-text('人事部审看')")


def _scroll_to(page: Page, heading: str) -> None:
    page.evaluate("element => element.scrollIntoView()", page.locator(f"h2:has-text('{heading}')").element_handle())


SCENES: tuple[tuple[str, str, Scene, dict[str, int]], ...] = (
    ("inbox", "hr-staff", see_inbox, WIDE),
    ("task", "unit-a-staff", see_task, {**WIDE, "height": 900}),
    ("instance", "hr-staff", see_instance, WIDE),
    ("modeler", "process-admin", see_modeler, {"width": 1360, "height": 860}),
    ("phone", "hr-staff", see_phone, PHONE),
)


def take(browser: Browser, origin: str) -> None:
    """Take every picture, each as the person whose page it is."""
    IMAGES.mkdir(exist_ok=True)
    for name, login, scene, size in SCENES:
        context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]}, locale="zh-CN", base_url=origin
        )
        page = context.new_page()
        page.goto("/login")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.click("form:has([name=password]) button[type=submit]")
        scene(page)
        picture = shrink(page.screenshot(animations="disabled", caret="hide"))
        context.close()
        if len(picture) > LIMIT:
            raise SystemExit(f"docs/images/{name}.png 有 {len(picture)} 字节，超过 {LIMIT}。")
        (IMAGES / f"{name}.png").write_bytes(picture)
        print(f"docs/images/{name}.png  {len(picture) // 1000} kB")


def shrink(picture: bytes) -> bytes:
    """Pack a PNG tighter than a browser in a hurry does; the pixels stay as they are."""
    kept: list[tuple[bytes, bytes]] = []
    packed: list[tuple[bytes, bytes]] = []
    for kind, body in _chunks(picture):
        (packed if kind == b"IDAT" else kept).append((kind, body))
    body = zlib.compress(zlib.decompress(b"".join(part for _kind, part in packed)), 9)
    head, end = kept[0], kept[-1]
    return picture[:8] + b"".join(_chunk(kind, body) for kind, body in (head, (b"IDAT", body), end))


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(picture):
        length, kind = struct.unpack(">I4s", picture[place : place + 8])
        yield kind, picture[place + 8 : place + 8 + length]
        place += length + 12


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def main() -> None:
    """Take all pictures."""
    with sync_playwright() as playwright:
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0
        try:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(playwright), args=["--no-sandbox"] if as_root else []
            )
        except Error as error:
            raise SystemExit(f"Chromium 打不开：{error.message.splitlines()[0]}") from error
        with browser, serve_demo() as origin:
            take(browser, origin)


if __name__ == "__main__":
    main()
