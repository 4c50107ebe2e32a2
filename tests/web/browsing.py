"""Act as a person through pages only: open, click, fill in, press buttons by the words on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from lxml import html
from lxml.html import HtmlElement
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse

File = tuple[str, bytes]
Value = str | bool | int | Sequence[str] | File | Sequence[File]

REDIRECTS = (301, 302, 303, 307, 308)
BLOCKS = frozenset(
    (
        "p",
        "li",
        "tr",
        "dt",
        "dd",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "br",
        "td",
        "th",
        "section",
        "legend",
        "label",
        "option",
    )
) | {"button", "blockquote"}


class NotOnPage(AssertionError):
    """Say what was looked for and what the page shows instead."""


@dataclass
class Visit:
    """Hold one person's browser: its cookies, the page it shows, and what came before."""

    app: Flask
    login: str = ""
    password: str = ""
    path: str = ""
    status: int = 0
    trail: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()
        self.response: TestResponse | None = None

    # Going somewhere

    def open(self, path: str) -> "Visit":
        """Open an address; who was sent to the door because time has passed signs in again."""
        self._show(self.client.get(path, buffered=True), path)
        if self.login and self.path.startswith("/login") and not path.startswith("/login"):
            self.sign_in()
            if not self._at(path):
                self._show(self.client.get(path, buffered=True), path)
        return self

    def _at(self, path: str) -> bool:
        return urlsplit(self.path).path == urlsplit(path).path

    def sign_in(self) -> "Visit":
        """Fill in the door's form, as it stands if the door is shown already."""
        if not self.path.startswith("/login"):
            self._show(self.client.get("/login", buffered=True), "/login")
        return self.submit("登录", login=self.login, password=self.password)

    def click(self, text: str) -> "Visit":
        """Follow the link with these words."""
        links = self._named(self.tree.iter("a"), text, "链接")
        return self.open(self._resolve(links[0].get("href", "")))

    def links(self, text: str = "") -> list[str]:
        """List the words of the links that hold a text."""
        return [words for link in self.tree.iter("a") if text in (words := said(link))]

    def buttons(self) -> list[str]:
        """List the words on the buttons that a person sees."""
        return [said(button) for button in self._buttons()]

    # Filling in

    def submit(self, button_text: str, /, **fields: Value) -> "Visit":
        """Press the button with these words, its form filled in.

        A field is named as in its label or by its HTML name: text, True or a list for what is ticked, a (name, bytes)
        pair for a file. Names that are no Python names go through `press`.
        """
        return self.press(button_text, fields)

    def press(self, button_text: str, fields: Mapping[str, Value] | None = None) -> "Visit":
        """Press a button, as `submit` does, with fields under any names."""
        button = self._named(self._buttons(), button_text, "按钮")[0]
        sent = self.request_of(button, fields or {})
        self._show(self.client.post(sent[0], data=sent[1], headers=self._from(), buffered=True), sent[0])
        return self

    def prepared(self, button_text: str, fields: Mapping[str, Value] | None = None) -> tuple[str, Any]:
        """Give the address and the data that pressing a button would send, to send it twice or from a stale tab."""
        return self.request_of(self._named(self._buttons(), button_text, "按钮")[0], fields or {})

    def send(self, prepared: tuple[str, Any]) -> "Visit":
        """Send what was prepared."""
        copied = {name: [_again(value) for value in values] for name, values in prepared[1].lists()}
        data = MultiDict((name, value) for name, values in copied.items() for value in values)
        self._show(self.client.post(prepared[0], data=data, headers=self._from(), buffered=True), prepared[0])
        return self

    def request_of(self, button: HtmlElement, fields: Mapping[str, Value]) -> tuple[str, Any]:
        """Fill in the button's form as a browser would."""
        form = next(parent for parent in button.iterancestors("form"))
        data = _as_it_stands(form)
        for name, value in fields.items():
            self._fill(form, data, name, value)
        if button.get("name"):
            data.add(button.get("name"), button.get("value") or "")
        return self._resolve(button.get("formaction") or form.get("action") or self.path), data

    def _fill(self, form: HtmlElement, data: "MultiDict[str, Any]", name: str, value: Value) -> None:
        controls = _controls_of(form, name)
        if not controls:
            raise NotOnPage(f"页面上没有“{name}”这一栏:{sorted(set(_names(form)))}")
        key = controls[0].get("name") or ""
        data.poplist(key) if key in data else None
        kept = [control.get("value") or "" for control in _all_named(form, key) if control.get("type") == "hidden"]
        for item in kept if controls[0].get("type") == "file" else ():
            data.add(key, item)
        for item in _as_sent(controls, value):
            data.add(key, item)

    # Looking

    @property
    def tree(self) -> HtmlElement:
        """Give the page as a tree."""
        assert self.response is not None, "还没有打开任何页面"
        return html.fromstring(self.response.text or "<html></html>")

    @property
    def text(self) -> str:
        """Give all words on the page, as a person reads them."""
        body = self.tree.find(".//body")
        return said(body if body is not None else self.tree)

    @property
    def title(self) -> str:
        """Give the page's title."""
        return self.tree.findtext(".//title") or ""

    @property
    def flash(self) -> str:
        """Give what the page announces."""
        return " ".join(said(found) for found in self.tree.xpath("//*[@role='status']"))

    @property
    def errors(self) -> str:
        """Give the error summary."""
        return " ".join(said(found) for found in self.tree.xpath("//*[@role='alert']"))

    def value(self, name: str) -> str:
        """Give what stands in a field now."""
        for form in self.tree.iter("form"):
            for control in _controls_of(form, name):
                values = _as_it_stands(form).getlist(control.get("name") or "")
                return "、".join(str(item) for item in values)
        raise NotOnPage(f"页面上没有“{name}”这一栏")

    # Inside

    def _buttons(self) -> list[HtmlElement]:
        found = self.tree.xpath("//button[not(@type) or @type='submit'][not(@aria-hidden)]")
        return [button for button in found if not button.get("disabled")]

    def _named(self, elements: Any, text: str, what: str) -> list[HtmlElement]:
        found = list(elements)
        whole = [element for element in found if said(element) == text]
        part = [element for element in found if text in said(element)]
        if not whole and not part:
            raise NotOnPage(
                f"{self.status} {self.path} 上没有{what}“{text}”,只有:{[said(item) for item in found]}\n{self.text}"
            )
        return whole or part

    def _resolve(self, address: str) -> str:
        return urljoin(f"http://localhost{self.path}", address).removeprefix("http://localhost")

    def _from(self) -> dict[str, str]:
        return {"Referer": f"http://localhost{self.path}"}

    def _show(self, response: TestResponse, path: str) -> None:
        # The test client leaves what it sent open.
        response.request.environ["wsgi.input"].close()
        self.response, self.path, self.status = response, path, response.status_code
        self.trail.append((self.status, path))
        for _hop in range(5):
            if self.status not in REDIRECTS:
                return
            path = self._resolve(response.headers["Location"])
            response = self.client.get(path, buffered=True)
            self.response, self.path, self.status = response, path, response.status_code
            self.trail.append((self.status, path))

    @property
    def statuses(self) -> list[int]:
        """Give the statuses of the last act, redirects and all."""
        found: list[int] = []
        for status, _path in reversed(self.trail):
            if found and status not in REDIRECTS:
                break
            found.insert(0, status)
        return found


@dataclass(frozen=True)
class Browse:
    """Open browsers for people: `browse("hr-staff")`; nobody is signed in without a login."""

    app: Flask
    password: str

    def __call__(self, login: str = "") -> Visit:
        """Open a browser and sign in."""
        visit = Visit(self.app, login, self.password)
        return visit.sign_in() if login else visit


def said(element: HtmlElement) -> str:
    """Give an element's words in one line; what is not shown to anybody is left out."""
    return " ".join("".join(_words(element)).split())


def _words(element: HtmlElement) -> list[str]:
    if not isinstance(element.tag, str) or element.tag in ("script", "style", "head"):
        return []
    parts = [element.text or ""]
    for child in element:
        parts += [*_words(child), child.tail or ""]
    return [" ", *parts, " "] if element.tag in BLOCKS else parts


def _as_it_stands(form: HtmlElement) -> "MultiDict[str, Any]":
    data: MultiDict[str, Any] = MultiDict()
    for control in form.iter("input", "select", "textarea"):
        name, kind = control.get("name"), control.get("type") or "text"
        if not name or control.get("disabled") is not None or kind in ("submit", "file", "button"):
            continue
        if kind in ("checkbox", "radio"):
            if control.get("checked") is not None:
                data.add(name, control.get("value") or "on")
        elif control.tag == "select":
            for option in control.iter("option"):
                if option.get("selected") is not None:
                    data.add(name, option.get("value") or "")
        elif control.tag == "textarea":
            data.add(name, (control.text or "").removeprefix("\n"))
        else:
            data.add(name, control.get("value") or "")
    return data


def _all_named(form: HtmlElement, name: str) -> list[HtmlElement]:
    return [control for control in form.iter("input", "select", "textarea") if control.get("name") == name]


def _names(form: HtmlElement) -> list[str]:
    return [name for control in form.iter("input", "select", "textarea") if (name := control.get("name"))]


def _controls_of(form: HtmlElement, name: str) -> list[HtmlElement]:
    """Find the controls of a field by its HTML name, or by the words of its label or legend."""
    found = [control for control in _all_named(form, name) if control.get("type") != "hidden"]
    if found:
        return found
    for label in form.iter("label"):
        if _label(label) == name:
            controls = form.xpath(".//*[@id=$id]", id=label.get("for"))
            return list(controls)
    for legend in form.iter("legend"):
        if _label(legend) == name and legend.get("class") == "label":
            return [item for item in legend.getparent().iter("input") if item.get("name")]
    return []


def _label(element: HtmlElement) -> str:
    return said(element).removesuffix("必填").strip()


def _as_sent(controls: list[HtmlElement], value: Value) -> list[Any]:
    first = controls[0]
    if first.get("type") == "file":
        return [FileStorage(BytesIO(content), name) for name, content in _files(value)]
    if isinstance(value, bool):
        return [first.get("value") or "on"] if value else []
    wanted = [value] if isinstance(value, str | int) else list(value)
    return [_choice(controls, str(item)) for item in wanted]


def _files(value: Value) -> list[File]:
    """Give the files of a field: one pair, or several."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], bytes):
        return [(str(value[0]), value[1])]
    return [item for item in value if isinstance(item, tuple)] if isinstance(value, list | tuple) else []


def _choice(controls: list[HtmlElement], wanted: str) -> str:
    """Give the value of a choice that is named by its words."""
    first = controls[0]
    if first.tag == "select":
        by_words = {said(option): option.get("value") or "" for option in first.iter("option")}
        return by_words.get(wanted, wanted)
    if first.get("type") in ("radio", "checkbox"):
        form = next(parent for parent in first.iterancestors("form"))
        labels = {label.get("for"): said(label) for label in form.iter("label")}
        return next((one.get("value") or "on" for one in controls if labels.get(one.get("id")) == wanted), wanted)
    return wanted


def _again(value: Any) -> Any:
    """Give a file anew for each sending: reading it empties it."""
    if not isinstance(value, FileStorage):
        return value
    value.stream.seek(0)
    return FileStorage(BytesIO(value.stream.read()), value.filename)
