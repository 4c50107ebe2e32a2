"""Who is signed in, and for how long: a copied cookie, a planted one, a forged one, and one behind a proxy."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
import waitress
from flask import Flask

from engine.core import history
from engine.ground.clock import FixedClock
from engine.ground.unit_of_work import Engine
from tests.conftest import NewDatabase
from tests.web import errands
from tests.web.browsing import Browse, Visit
from web import server
from web.app import create_app

COOKIE = "suixu"
CLIENT, PROXY = "203.0.113.7", "198.51.100.2"

OpenHouse = Callable[..., Flask]


def cookie_of(visit: Visit) -> str:
    found = visit.client.get_cookie(COOKIE)
    assert found is not None
    return found.value


def is_let_in(app: Flask, cookie: str) -> bool:
    """Tell whether a browser that holds only this cookie sees an inbox."""
    thief = app.test_client()
    thief.set_cookie(COOKIE, cookie)
    return thief.get("/inbox").status_code == 200


# Copied cookies


def test_a_copied_cookie_ends_with_the_session_that_signed_out(app: Flask, browse: Browse) -> None:
    visit = browse("wang")
    copied = cookie_of(visit)
    assert is_let_in(app, copied)
    visit.submit("退出登录")
    assert not is_let_in(app, copied)


def test_signing_out_here_does_not_sign_out_elsewhere(app: Flask, browse: Browse) -> None:
    here, there = browse("wang"), browse("wang")
    here.submit("退出登录")
    assert is_let_in(app, cookie_of(there))


def test_a_cookie_copied_before_a_new_password_is_worth_nothing(app: Flask, browse: Browse) -> None:
    visit = browse("wang").open("/account")
    copied = cookie_of(visit)
    visit.submit("修改密码", old=errands.PASSWORD, new="Quite-New-2026", again="Quite-New-2026")
    assert visit.status == 200
    assert not is_let_in(app, copied)
    assert is_let_in(app, cookie_of(visit))


def test_however_busy_a_session_ends_after_twelve_hours(app: Flask, browse: Browse) -> None:
    visit = browse("wang")
    for _ in range(34):
        errands.clock_of(app).advance(timedelta(minutes=21))
        assert is_let_in(app, cookie_of(visit.open("/inbox")))
    assert "登录保持到 21:00" in visit.text
    errands.clock_of(app).advance(timedelta(minutes=6))
    assert not is_let_in(app, cookie_of(visit))


def test_a_late_answer_does_not_bring_back_a_session_that_signed_out(app: Flask, browse: Browse) -> None:
    # Given a page that is still on its way while its owner signs out in another window
    visit = browse("wang")
    on_its_way = visit.client.get("/inbox").headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    visit.open("/inbox").submit("退出登录")
    assert not is_let_in(app, on_its_way)


# Planted and forged cookies


def test_a_cookie_planted_before_signing_in_does_not_come_in_with_its_owner(app: Flask, browse: Browse) -> None:
    visit = browse().open("/login")
    planted = cookie_of(visit)
    token = visit.tree.xpath("//input[@name='csrf_token']/@value")[0]
    visit.submit("登录", login="wang", password=errands.PASSWORD)
    assert visit.path == "/inbox"
    assert not is_let_in(app, planted)
    answer = visit.client.post("/logout", data={"csrf_token": token})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        {"session": "00000000-0000-7000-8000-000000000000", "seen": "2026-01-20T01:00:00+00:00"},
        {"session": "", "seen": "2026-01-20T01:00:00+00:00"},
        {"session": "x" * 3000, "seen": "soon"},
        {"seen": "2026-01-20T01:00:00+00:00"},
        {"account": "an older version's cookie", "generation": 1, "seen": "2026-01-20T01:00:00+00:00"},
    ],
)
def test_a_cookie_that_names_no_session_lets_nobody_in(app: Flask, content: dict[str, object]) -> None:
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    assert not is_let_in(app, signer.dumps(content))


def test_a_cookie_signed_with_another_key_lets_nobody_in(app: Flask, browse: Browse) -> None:
    cookie = cookie_of(browse("wang"))
    app.config["SECRET_KEY"] = "y" * 40
    assert not is_let_in(app, cookie)


# Guessing


def guess(app: Flask, login: str, address: str = CLIENT) -> int:
    """Try a wrong password from an address, in a browser without a past; give the status."""
    visit = Visit(app)
    visit.client.environ_base["REMOTE_ADDR"] = address
    return visit.open("/login").submit("登录", login=login, password="nonsense").status


def test_many_failures_from_one_address_are_slowed_down_and_only_those(app: Flask, browse: Browse) -> None:
    assert {guess(app, f"nobody{number}") for number in range(20)} == {422}
    visit = Visit(app)
    visit.client.environ_base["REMOTE_ADDR"] = CLIENT
    visit.open("/login").submit("登录", login="wang", password=errands.PASSWORD)
    assert visit.status == 429
    assert "登录失败的次数太多" in visit.text
    assert guess(app, "nobody", PROXY) == 422
    assert browse("wang").path == "/inbox"


def test_who_has_signed_in_here_before_is_shut_out_by_nobody_else(app: Flask, browse: Browse) -> None:
    # Given somebody who has signed in from this browser before
    visit = browse("wang").submit("退出登录")
    # When others behind the same address guess at every account, and lock this one too
    for number in range(20):
        guess(app, "wang" if number < 6 else f"nobody{number}", "127.0.0.1")
    assert guess(app, "nobody", "127.0.0.1") == 429
    # Then that browser signs in as ever, and another one has to wait
    assert visit.submit("登录", login="wang", password=errands.PASSWORD).path == "/inbox"
    assert visit.submit("退出登录").submit("登录", login="li", password=errands.PASSWORD).status == 429


def test_a_forged_mark_of_a_known_browser_is_none(app: Flask) -> None:
    for _ in range(5):
        guess(app, "wang")
    visit = Visit(app)
    visit.client.set_cookie("suixu_known", "WyJ4IiwieSJd.forged.mark", path="/login")
    visit.open("/login").submit("登录", login="wang", password=errands.PASSWORD)
    assert visit.status == 422


def test_a_browser_remembers_a_few_people_and_no_more(app: Flask, browse: Browse) -> None:
    shared = browse()
    for login in (*errands.PEOPLE, "wang"):
        shared.open("/login").submit("登录", login=login, password=errands.PASSWORD)
        shared.submit("退出登录")
    found = shared.client.get_cookie("suixu_known", path="/login")
    assert found is not None
    assert (found.http_only, found.same_site, len(found.value) < 600) == (True, "Lax", True)
    assert len(errands.PEOPLE) > 8


def test_the_old_password_is_not_guessed_for_ever_where_somebody_left_the_page_open(browse: Browse) -> None:
    visit = browse("wang").open("/account")
    wrong = {"old": "nonsense", "new": "Quite-New-2026", "again": "Quite-New-2026"}
    assert {visit.press("修改密码", wrong).status for _ in range(20)} == {422}
    assert visit.press("修改密码", wrong).status == 429
    assert browse("li").open("/account").press("修改密码", wrong).status == 422


# Behind proxies


@pytest.fixture
def open_house(new_database: NewDatabase, tmp_path: Path) -> Iterator[OpenHouse]:
    """Open a house behind so many proxies."""
    opened: list[Engine] = []

    def make(proxies: str) -> Flask:
        url = new_database(errands.prepare)
        settings = errands.settings(url, tmp_path / "data", SUIXU_TRUSTED_PROXIES=proxies)
        clock = FixedClock(errands.MORNING)
        opened.append(Engine(settings, clock))
        return create_app(settings, clock, opened[0])

    yield make
    opened[0].close()


def last_source(app: Flask) -> str:
    with errands.engine_of(app).reading() as unit:
        return str((history.read(unit.connection, "access")[-1].payload or {})["source"])


def come_in(app: Flask, forwarded: str, scheme: str = "https") -> Visit:
    """Sign in through proxies that say where somebody comes from."""
    visit = Visit(app)
    said = {"HTTP_X_FORWARDED_FOR": forwarded, "HTTP_X_FORWARDED_PROTO": scheme, "HTTP_X_FORWARDED_HOST": "localhost"}
    visit.client.environ_base.update(said)
    path, data = visit.open("/login").prepared("登录", {"login": "wang", "password": errands.PASSWORD})
    answer = visit.client.post(path, data=data, headers={"Referer": f"{scheme}://localhost/login"})
    assert answer.status_code == 303
    return visit


@pytest.mark.parametrize(
    ("proxies", "forwarded", "source"),
    [
        ("0", CLIENT, "127.0.0.1"),
        ("1", CLIENT, CLIENT),
        ("1", f"forged, {CLIENT}", CLIENT),
        ("2", f"forged, {CLIENT}, {PROXY}", CLIENT),
    ],
)
def test_only_as_many_proxies_are_believed_as_there_are(
    open_house: OpenHouse, proxies: str, forwarded: str, source: str
) -> None:
    app = open_house(proxies)
    come_in(app, forwarded)
    assert last_source(app) == source


def test_an_endless_source_is_cut_off(open_house: OpenHouse) -> None:
    app = open_house("1")
    come_in(app, "9" * 4000)
    assert last_source(app) == "9" * 64


@pytest.mark.parametrize(
    ("proxies", "scheme", "secure"), [("1", "https", True), ("1", "http", False), ("0", "https", False)]
)
def test_cookies_are_marked_secure_where_the_proxy_says_https(
    open_house: OpenHouse, proxies: str, scheme: str, secure: bool
) -> None:
    visit = come_in(open_house(proxies), CLIENT, scheme)
    for name, path in ((COOKIE, "/"), ("suixu_known", "/login")):
        cookie = visit.client.get_cookie(name, path=path)
        assert cookie is not None
        assert cookie.secure is secure


@contextmanager
def served(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Serve an app as `suixu serve` does, on a port of its own."""
    made: list[waitress.server.BaseWSGIServer] = []
    create = waitress.create_server

    class Served:
        def run(self) -> None:
            """Come back at once: the test runs the server itself."""

        def close(self) -> None:
            """Stay open."""

    def listen(*given: object, **options: object) -> Served:
        made.append(create(*given, **{**options, "port": 0}))
        return Served()

    monkeypatch.setattr(waitress, "create_server", listen)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    server.run(app, errands.engine_of(app))
    thread = threading.Thread(target=made[0].run)
    thread.start()
    try:
        yield made[0].effective_port
    finally:
        made[0].trigger.pull_trigger(made[0].close)
        made[0].task_dispatcher.shutdown()
        thread.join()


@pytest.mark.parametrize(("proxies", "secure"), [("1", True), ("0", False)])
def test_the_server_hands_on_what_a_trusted_proxy_says_and_nothing_else(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch, proxies: str, secure: bool
) -> None:
    with served(open_house(proxies), monkeypatch) as port, closing(HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/login", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": CLIENT})
        answer = connection.getresponse()
        answer.read()
        assert ("Secure" in (answer.getheader("Set-Cookie") or "")) is secure
