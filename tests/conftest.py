"""What every test may ask for: a fresh database of both kinds, a browser, and the truth about what could not run."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests import postgres, savings
from tests.databases import Clusters, Databases, Files, Prepare
from tests.engine import promises

NewDatabase = Callable[..., str]
MISSING = pytest.StashKey[dict[str, str]]()
# In this order, each of them longer than all others: `--no-loadscope-reorder` gives the files out as they come here.
LONGEST = (
    "browser/test_pages.py",
    "story/test_in_chromium.py",
    "story/test_over_http.py",
    "web/test_every_route.py",
    "browser/test_drawing.py",
)
ALONE_ON_POSTGRESQL = {"engine", "test_cli.py", "test_races.py", "test_trouble.py"}
"""Folders and files with tests that go ways on PostgreSQL which nobody goes on SQLite."""
THOUSANDS = {"test_every_route.py", "test_expression_hostile.py"}
"""Files of which each test goes a thousand times where others have gone."""
CHROMIUM_HOW_TO_GET = "sudo apt-get install chromium fonts-noto-cjk；或用 CHROMIUM 指明浏览器的路径"


def pytest_configure(config: pytest.Config) -> None:
    """Open the list of what could not be had, and get ready to run."""
    config.stash[MISSING] = {}
    savings.stay_in_memory()
    savings.hold()


# Last, below the table of coverage: what is said at the end is what is read.
@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker process could not have to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["missing"] = session.config.stash[MISSING]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker process could not have."""
    node.config.stash[MISSING].update(getattr(node, "workeroutput", {}).get("missing", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what could not run, and how to get it."""
    missing = config.stash[MISSING]
    if not missing:
        return
    terminalreporter.section("有测试没有运行", sep="!", red=True, bold=True)
    for what, how in missing.items():
        terminalreporter.line(f"缺少 {what}，用到它的测试都没有运行。", red=True, bold=True)
        terminalreporter.line(f"    补上的办法：{how}", red=True)


def report_missing(request: pytest.FixtureRequest, what: str, how: str, reason: str) -> None:
    """Leave the test out and note it for the end; in CI, where nothing may be left out, fail it."""
    request.config.stash[MISSING][what] = how
    message = f"缺少 {what}：{reason}。{how}"
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left alone with it in the end."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get("/".join(item.path.parts[-2:]), len(places)))


def pytest_collection_finish() -> None:
    """Take what lives as long as the process out of the way."""
    savings.freeze()


@pytest.fixture(scope="session", autouse=True)
def _promises() -> Iterator[None]:
    """Keep the promises of every engine that any test opens, and spend little on what is beside the point."""
    with pytest.MonkeyPatch.context() as patch:
        promises.install(patch)
        savings.install(patch)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Trace what tells which lines are tested: not what goes the same ways once more, on PostgreSQL or by Chromium."""
    with savings.untraced() if _goes_the_same_ways(item) else nullcontext():
        return (yield)


def _goes_the_same_ways(item: pytest.Item) -> bool:
    place = set(item.path.parts)
    again = "postgresql" in item.name and not place & ALONE_ON_POSTGRESQL
    return again or bool(place & THOUSANDS) or "browser" in getattr(item, "fixturenames", ())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Look at the whole at the end of each test, while what it opened is still there."""
    broken: AssertionError | None = None
    try:
        promises.settle()
    except AssertionError as error:
        broken = error
    yield
    if broken:
        raise broken


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server | str]:
    """Run one PostgreSQL server for the whole session, or give the reason why there is none."""
    try:
        with postgres.serve() as server:
            yield server
    except postgres.Unavailable as error:
        yield str(error)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Make SQLite databases."""
    return Files(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_databases(postgres_server: postgres.Server | str) -> Iterator[Databases | str]:
    """Make PostgreSQL databases, or give the reason why that cannot be."""
    if isinstance(postgres_server, str):
        yield postgres_server
        return
    clusters = Clusters(postgres_server)
    yield clusters
    clusters.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Make databases of both kinds in turn: what a test makes is dropped after it."""
    found = request.getfixturevalue(f"{request.param}_databases")
    if isinstance(found, str):
        report_missing(request, "PostgreSQL", postgres.HOW_TO_GET, found)
    yield found
    found.clear()


@pytest.fixture
def new_database(databases: Databases) -> Callable[[Prepare | None], str]:
    """Make another database at each call: `new_database(prepare)` copies one that `prepare(url)` filled once."""
    return databases.fresh


@pytest.fixture
def database_url(databases: Databases) -> str:
    """Give the URL of an empty database, first on SQLite, then on PostgreSQL."""
    return databases.fresh()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Run Playwright's driver for the whole session."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Path | None:
    """Find a Chromium: the one named by CHROMIUM, else Playwright's own, else this machine's."""
    if given := os.environ.get("CHROMIUM"):
        return Path(given)
    if (own := Path(playwright.chromium.executable_path)).is_file():
        return own
    # The first draws the same pages by the same code without a window's trimmings, for a fifth less.
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def launched(playwright: Playwright, chromium: Path | None) -> Iterator[Browser | str]:
    """Run one Chromium for the whole session, or give the reason why there is none."""
    if chromium is None:
        yield "没有找到 Chromium"
        return
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = ["--disable-background-networking", *(["--no-sandbox"] if as_root else [])]
    try:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
    except PlaywrightError as error:
        yield f"{chromium} 打不开：{error.message.splitlines()[0]}"
        return
    yield browser
    browser.close()


@pytest.fixture
def browser(request: pytest.FixtureRequest, launched: Browser | str) -> Browser:
    """Give a running Chromium."""
    if isinstance(launched, str):
        report_missing(request, "Chromium", CHROMIUM_HOW_TO_GET, launched)
    assert isinstance(launched, Browser)
    return launched


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page of a Chinese office in a browser profile of its own."""
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    yield context.new_page()
    context.close()
