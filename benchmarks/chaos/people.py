"""People at their browsers: they sign in, start matters, claim and complete, and look again when in doubt."""

import http.client
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from random import Random
from urllib.parse import urlencode

from lxml import html
from lxml.html import HtmlElement

from benchmarks.chaos.house import KEY, PASSWORD, PEOPLE, STARTERS

DONE, REFUSED, UNSURE = "done", "refused", "unsure"
PATIENCE = 20.0
"""Seconds after which a person takes a page for lost."""

WAITING = 8
"""Open tasks in an inbox above which nobody starts anything new."""


class Lost(Exception):
    """Say that no answer came: whether it was done, nobody knows."""


@dataclass(frozen=True)
class Attempt:
    """Remember one press of a button; `subject` is a task's id, or a new matter's title."""

    kind: str
    subject: str
    login: str
    words: str
    result: str
    status: int


@dataclass
class Page:
    """Hold an answer."""

    status: int
    location: str
    text: str

    def forms(self, ending: str) -> list[HtmlElement]:
        """Find the forms that are sent to an address."""
        forms = self.tree.iter("form")
        return [form for form in forms if str(form.get("action") or "").endswith(ending)]

    @property
    def tree(self) -> HtmlElement:
        """Give the page as a tree."""
        return html.fromstring(self.text or "<html></html>")

    @property
    def waiting(self) -> list[str]:
        """List the addresses of what waits, where this page is an inbox."""
        links = [str(link.get("href") or "") for link in self.tree.iter("a")]
        return [link for link in links if link.startswith("/tasks/")]


@dataclass
class Browser:
    """Hold cookies, and ask any node that serves."""

    ports: list[int]
    random: Random
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Page:
        """Open a page."""
        return self._ask("GET", path, None)

    def send(self, form: HtmlElement, typed: Mapping[str, str]) -> Page:
        """Press a form's button."""
        # The form's own fields first: the token, the revision, and what is typed into the others.
        sent = {**{name: value or "" for name, value in form.form_values()}, **typed}
        return self._ask("POST", str(form.get("action")), urlencode(sent))

    def _ask(self, method: str, path: str, body: str | None) -> Page:
        connection = http.client.HTTPConnection("127.0.0.1", self.random.choice(self.ports), timeout=PATIENCE)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise Lost(str(error)) from error
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        return Page(answer.status, answer.headers.get("Location") or "", text)


@dataclass
class Person:
    """Work through what waits, again and again; every press of a button is remembered."""

    login: str
    browser: Browser
    stopping: threading.Event
    attempts: list[Attempt] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    presses: int = 0

    def live(self) -> None:
        """Go on until everybody is asked to stop."""
        while not self.stopping.wait(self.browser.random.uniform(0.0, 0.1)):
            try:
                self._look()
            except Exception as error:
                if not isinstance(error, Lost):
                    self.troubles.append(f"{self.login} met with {error!r}")
                # As a person would: wait a little, look again, at another node perhaps.
                self.stopping.wait(0.2)

    def _look(self) -> None:
        page = self._page("/inbox")
        if page.status != 200:
            self.stopping.wait(0.2)
            return
        waiting = page.waiting
        starts = PEOPLE[self.login] == STARTERS and len(waiting) < WAITING
        if starts and (not waiting or self.browser.random.random() < 0.4):
            self._start()
        elif waiting:
            self._attend(self.browser.random.choice(waiting))
        else:
            self.stopping.wait(0.2)

    def _page(self, path: str) -> Page:
        page = self.browser.get(path)
        if page.location.startswith("/login"):
            self._sign_in()
            page = self.browser.get(path)
        self._note(page.status, path)
        return page

    def _sign_in(self) -> None:
        for form in self.browser.get("/login").forms("/login"):
            answer = self.browser.send(form, {"login": self.login, "password": PASSWORD})
            self._note(answer.status, "/login")

    def _start(self) -> None:
        words = self._words()
        for form in self._page(f"/processes/{KEY}/start").forms(f"/processes/{KEY}/start"):
            self._press("start", words, words, form, {"subject": words, "outcome": "start"})

    def _attend(self, path: str) -> None:
        page, task_id = self._page(path), path.rpartition("/")[2]
        for form in page.forms("/claim"):
            self._press("claim", task_id, "", form, {})
            return
        for form in page.forms("/complete"):
            words = self._words()
            self._press("complete", task_id, words, form, {"words": words, "outcome": "agree"})

    def _press(self, kind: str, subject: str, words: str, form: HtmlElement, typed: Mapping[str, str]) -> None:
        try:
            answer = self.browser.send(form, typed)
        except Lost:
            self.attempts.append(Attempt(kind, subject, self.login, words, UNSURE, 0))
            raise
        self._note(answer.status, kind)
        self.attempts.append(Attempt(kind, subject, self.login, words, _result(answer), answer.status))

    def _words(self) -> str:
        """Say something that nobody has said before."""
        self.presses += 1
        return f"{self.login}-{self.presses}"

    def _note(self, status: int, where: str) -> None:
        """Whatever happens to the nodes, nobody is shown a fault of the program."""
        if status >= 500 and status != 503:
            self.troubles.append(f"{self.login} was answered {status} at {where}")


def _result(answer: Page) -> str:
    if answer.status == 303 and not answer.location.startswith("/login"):
        return DONE
    return REFUSED if answer.status < 500 else UNSURE


def meet(ports: list[int], seed: int, stopping: threading.Event) -> list[Person]:
    """Give everybody a browser."""
    return [Person(login, Browser(ports, Random(f"{seed}:{login}")), stopping) for login in PEOPLE]
