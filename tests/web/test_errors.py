"""Every failure has its status and a page in Chinese."""

import pytest
from flask import Flask
from werkzeug.exceptions import ImATeapot

from engine.ground import errors
from tests.web.browsing import Browse
from web.errors import status_of

RAISED = [
    (errors.NotFound(), 404),
    (errors.Invalid("不对。"), 422),
    (errors.Refused("拒绝。"), 422),
    (errors.Stale("变了。"), 409),
    (errors.NotAllowed("不准。"), 403),
    (errors.TooLarge("太大。"), 413),
    (errors.Busy("忙。"), 503),
    (errors.Stuck("卡住。"), 409),
    (errors.SuixuError("其他。"), 500),
]


@pytest.mark.parametrize(("error", "status"), RAISED)
def test_every_error_of_the_engine_has_its_status(error: errors.SuixuError, status: int) -> None:
    assert status_of(error) == status


@pytest.fixture
def broken(app: Flask, request: pytest.FixtureRequest) -> Flask:
    """Add an address that fails as the test asks."""
    error = request.param

    def fail() -> str:
        raise error

    app.add_url_rule("/broken", "broken", fail)
    app.testing = False
    return app


@pytest.mark.parametrize(("broken", "status"), RAISED, indirect=["broken"])
def test_it_is_shown_as_a_page(broken: Flask, browse: Browse, status: int) -> None:
    visit = browse("wang").open("/broken")
    assert visit.status == status
    assert visit.tree.xpath("//h1")
    assert "本系统不处理涉密信息" in visit.text


@pytest.mark.parametrize("broken", [ZeroDivisionError("secret words")], indirect=True)
def test_what_nobody_expected_shows_no_trace_of_itself(broken: Flask, browse: Browse) -> None:
    visit = browse("wang").open("/broken")
    assert visit.status == 500
    assert "系统出了错" in visit.text
    assert "secret words" not in visit.text
    assert "Traceback" not in visit.text


@pytest.mark.parametrize("broken", [ImATeapot()], indirect=True)
def test_a_status_without_words_of_its_own_keeps_its_number(broken: Flask, browse: Browse) -> None:
    assert browse("wang").open("/broken").status == 418


def test_a_missing_token_is_refused_and_what_was_typed_is_shown(browse: Browse) -> None:
    visit = browse("wang").open("/processes/errand/start")
    path, data = visit.prepared("发起", {"事由": "写了很久"})
    del data["csrf_token"]
    visit.send((path, data))
    assert visit.status == 400
    assert "写了很久" in visit.text
    assert "没有提交" in visit.text


def test_a_password_is_never_shown_again(browse: Browse) -> None:
    visit = browse("wang").open("/account")
    path, data = visit.prepared("修改密码", {"old": "my-old-word", "new": "my-new-word"})
    del data["csrf_token"]
    visit.send((path, data))
    assert visit.status == 400
    assert "my-old-word" not in (visit.response.text if visit.response else "")


def test_an_act_is_not_opened_like_a_page(browse: Browse) -> None:
    visit = browse("wang").open("/logout")
    assert visit.status == 405
    assert visit.response is not None
    assert "POST" in visit.response.headers["Allow"]
    assert "不能直接打开" in visit.text


def test_every_page_tells_the_browser_what_it_may_do(browse: Browse) -> None:
    visit = browse("wang")
    for path in ("/inbox", "/login", "/nowhere", "/account"):
        response = visit.client.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["Cache-Control"] == "no-store"


def test_the_cookie_is_kept_from_scripts_and_other_sites(browse: Browse) -> None:
    cookie = browse().client.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
