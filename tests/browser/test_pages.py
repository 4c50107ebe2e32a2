"""Every page and every state of it: the right one, open to everyone, narrow and wide."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from werkzeug.exceptions import MethodNotAllowed, NotFound

from tests.browser import offices, sights
from tests.browser.served import House
from tests.browser.sights import Sight
from tests.browser.walk import Walk
from web.session import API, WATCHED

SIGHTS = (*sights.EVERYTHING, *offices.EVERYTHING)

# What is no page: files, and the way from the house's address to the inbox.
NO_PAGES = {
    "/static/<path:filename>",
    "/",
    "/setup/lists/<name>.xlsx",
    "/documents/<document_id>/file",
    "/instances/<instance_id>/archive.zip",
    "/documents/<document_id>/versions/<int:number>/file",
    "/instances/<instance_id>/diagram.xml",
    "/processes/<key>/versions/<int:number>/diagram.xml",
}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}
NARROW = {"width": 320, "height": 640}
# 1280 by 1024 at 400 %.
MAGNIFIED = {"width": 320, "height": 256}
FACTS = """() => ({
  title: document.title,
  lang: document.documentElement.lang,
  headings: [...document.querySelectorAll("h1")].map((found) => found.innerText),
  text: document.querySelector("main").innerText.replace(/\\s+/g, " ").trim(),
})"""
SIDEWAYS = """() => {
  const wide = document.documentElement.scrollWidth;
  if (wide <= innerWidth) return [];
  const over = (one) => one.getBoundingClientRect().right > innerWidth;
  const found = [...document.querySelectorAll("body *")].filter(over);
  return [`${wide} px`, ...found.slice(0, 5).map((one) => one.outerHTML.slice(0, 120))];
}"""


@dataclass
class Album:
    """Keep what each page said under its heading, to compare at the end."""

    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    titles: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


@pytest.fixture(scope="module")
def album() -> Album:
    return Album()


@pytest.fixture
def walk(request: pytest.FixtureRequest, browser: Browser, house: House) -> Iterator[Walk]:
    sight: Sight = request.getfixturevalue("sight")
    where = house
    if sight.tampered or sight.empty:
        where = request.getfixturevalue("tampered" if sight.tampered else "empty")
    context = where.enter(browser, sight.login)
    yield Walk(where, sight.login, context)
    context.close()


def rule_of(house: House, url: str, method: str) -> str:
    """Give the address of a page as the app's map says it."""
    try:
        rule, _values = house.app.url_map.bind("").match(urlsplit(url).path, method, return_rule=True)
    except (NotFound, MethodNotAllowed):
        return ""
    return str(rule.rule)


@pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: sight.name)
def test_a_page_is_what_it_should_be_for_everyone(sight: Sight, walk: Walk, album: Album) -> None:
    answer = sight.go(walk)
    page = walk.page
    facts = page.evaluate(FACTS)
    # It is the page that was meant
    assert answer.status == sight.status, facts["text"]
    assert sight.text in facts["text"], facts["text"]
    if sight.status != 405:
        assert rule_of(walk.house, answer.url, answer.request.method) == sight.rule
    album.texts[sight.name] = " ".join(facts["headings"]), facts["text"]
    if sight.status == 200 and answer.request.method == "GET":
        album.titles[facts["title"]].add(sight.rule)
    # It says what it is
    assert facts["lang"] == "zh-CN"
    assert len(facts["headings"]) == 1
    assert facts["title"].removeprefix("有误：").startswith(facts["headings"][0].strip())
    if sight.status == 422:
        assert facts["title"].startswith("有误：")
        assert page.locator(".error-summary[role=alert]").evaluate("found => found === document.activeElement")
    # It stays within a narrow window, and within a wide one magnified four times
    for size in (NARROW, MAGNIFIED):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate(SIDEWAYS) == []
    page.set_viewport_size({"width": 1280, "height": 720})
    assert page.evaluate(SIDEWAYS) == []
    # Axe finds nothing, and the browser has nothing to complain of
    results = Axe().run(page, options=OPTIONS)
    assert results.violations_count == 0, results.generate_report()
    assert walk.complaints == []


def test_what_tells_a_page_is_on_no_other(album: Album) -> None:
    shown = [sight for sight in SIGHTS if sight.name in album.texts]
    shared = [
        f"“{sight.text}” of {sight.name} also stands on {name}"
        for sight in shown
        for name, (heading, text) in album.texts.items()
        if sight.text in text and heading != album.texts[sight.name][0]
    ]
    assert not shared, "\n".join(shared)


def test_no_two_pages_have_the_same_title(album: Album) -> None:
    assert {title: rules for title, rules in album.titles.items() if len(rules) > 1} == {}


def test_no_page_of_the_house_is_missing(house: House) -> None:
    shown = {sight.rule for sight in SIGHTS}
    found = (rule for rule in house.app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    # What programs are answered is no page.
    rules = {rule.rule for rule in found if not rule.rule.startswith(API) and rule.rule not in WATCHED}
    assert rules - shown - NO_PAGES == set()
    assert NO_PAGES - rules == set()
