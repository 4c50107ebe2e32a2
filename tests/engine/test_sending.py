"""What leaves the house is a title and a link, sent again until it is taken."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from engine import incidents
from engine.core import notices, outbox
from engine.ground import model
from tests.engine.office import Office


class Channel:
    """A chat service on loopback that takes JSON, or refuses it."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.status = 200
        channel = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if channel.status == 200:
                    channel.taken.append(json.loads(body))
                self.send_response(channel.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)


@pytest.fixture
def channel() -> Iterator[Channel]:
    made = Channel()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def tell(office: Office, channel: Channel) -> Callable[[str], None]:
    settings = replace(office.engine.settings, notify_urls=(channel.url,))
    office.engine.settings = settings

    def say(key: str) -> None:
        with office.engine.transaction() as unit:
            notices.tell(unit, key, office.people["hr.staff"], "test", "请办理", "不出门的内容", "/inbox")

    return say


def test_a_notice_leaves_once_with_title_and_link_only(
    office: Office, channel: Channel, tell: Callable[[str], None]
) -> None:
    tell("one")
    tell("one")
    office.work()
    assert [(item["title"], item["message"]) for item in channel.taken] == [("请办理", "/inbox")]
    assert "不出门的内容" not in json.dumps(channel.taken, ensure_ascii=False)


def test_a_title_is_text_also_to_a_channel_that_writes_html(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a chat service that has no titles of its own: they stand above the message
    sent: list[str] = []

    def post(_address: str, data: bytes, **_more: Any) -> SimpleNamespace:
        sent.append(data.decode())
        return SimpleNamespace(status_code=200, content=b'{"errcode": 0}')

    monkeypatch.setattr("requests.post", post)
    address = "wecombot://abcdefgh-1234-1234-1234-123456789012?format=html"
    outbox.send((address,), "<img src=x onerror=alert(1)>", "/inbox")
    assert "<img" not in "".join(sent)
    assert "&lt;img" in "".join(sent)


def test_a_channel_that_refuses_is_tried_again_and_at_last_an_incident(
    office: Office, channel: Channel, tell: Callable[[str], None]
) -> None:
    channel.status = 500
    tell("two")
    for _ in range(3):
        office.wait(hours=1)
    with office.engine.reading() as unit:
        message = unit.connection.execute(select(model.incident.c.message)).scalar_one()
    assert "没有发出" in message
    assert channel.taken == []
    # Once the channel takes it again, a retry sends it, though the incident belongs to no matter
    channel.status = 200
    with office.engine.transaction() as unit:
        (found,) = incidents.listing(unit)
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    office.work()
    assert len(channel.taken) == 1


def test_an_address_that_nobody_understands_says_so(office: Office, tell: Callable[[str], None]) -> None:
    office.engine.settings = replace(office.engine.settings, notify_urls=("nothing://",))
    tell("three")
    for _ in range(3):
        office.wait(hours=1)
    with office.engine.reading() as unit:
        message = unit.connection.execute(select(model.incident.c.message)).scalar_one()
    assert "无法识别" in message
