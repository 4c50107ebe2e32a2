"""Show what went wrong: in Chinese, with its status, and with whatever had been typed."""

import logging
from collections.abc import Iterable

from flask import Flask, Response, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine.ground import errors
from web import session
from web.api import problems
from web.texts import gettext as _

log = logging.getLogger("suixu.web")

STATUSES: tuple[tuple[type[errors.SuixuError], int], ...] = (
    (errors.NotFound, 404),
    (errors.Invalid, 422),
    (errors.Stale, 409),
    (errors.NotAllowed, 403),
    (errors.TooLarge, 413),
    (errors.Busy, 503),
    (errors.Stuck, 409),
)
TITLES = {
    400: _("请求不完整"),
    401: _("登录已经结束"),
    403: _("不能这样做"),
    404: _("没有找到"),
    405: _("不能这样打开"),
    409: _("情况已经变化"),
    413: _("内容太大"),
    422: _("内容需要修改"),
    429: _("操作太频繁"),
    500: _("系统出错"),
    503: _("暂时不能使用"),
}
MESSAGES = {
    400: _("请求的内容不完整或者不能识别。请返回原来的页面，刷新后再试。"),
    401: _("您的登录因为长时间没有操作已经结束，刚才的内容没有提交。请重新登录后再办理。"),
    403: _("您没有这项操作的权限。"),
    404: _("没有找到，或者不在您的查看范围内。"),
    405: _("这个地址不能直接打开。请从待办或者菜单进入。"),
    409: _("内容刚刚有变化，请打开最新的页面再办理。"),
    413: _("一次提交的内容太大，没有保存。请分几次上传，或者只登记存放地点。"),
    429: _("登录失败的次数太多，请过一分钟再试。"),
    500: _("系统出了错，这次操作没有生效。请稍后再试；反复出现时，请联系系统管理员。"),
    503: _("系统暂时不能使用，这次操作没有生效。请稍后再试。"),
}
EXPIRED = _("页面停留太久，或者不是从本系统的页面提交的，刚才的内容没有提交。请打开最新的页面再办理。")
AGAIN_IN = 30
"""Seconds after which whoever asks by machine may try again when the database was away."""

NOT_TYPED = ("csrf_token", "revision", "outcome", "next")
SECRET = ("password", "old", "new", "again")


def install(app: Flask) -> None:
    """Answer every failure with a page."""
    app.register_error_handler(errors.SuixuError, _engine_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)


def status_of(error: errors.SuixuError) -> int:
    """Give the status of an error of the engine."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def typed() -> list[str]:
    """Give what this request brought along, for people to copy; never a password."""
    try:
        form: MultiDict[str, str] = request.form
    except RequestEntityTooLarge:
        return []
    if request.method != "POST" or any(name in form for name in SECRET):
        return []
    return [value for name, value in form.items(multi=True) if _is_typed(name, value)]


def _is_typed(name: str, value: str) -> bool:
    return bool(value.strip()) and name not in NOT_TYPED and not name.startswith("_") and not name.endswith("._row")


def page(status: int, message: str = "", faults: Iterable[errors.Fault] = (), unsure: bool = False) -> Response:
    """Show an error."""
    told = status if status in TITLES else 400 if status < 500 else 500
    # Where the database may be away, the page is shown without what it would have to look up.
    g.bare = status >= 500
    text = render_template(
        "error.html",
        status=status,
        title=TITLES[told],
        message=message or MESSAGES[told],
        faults=list(faults),
        typed=typed(),
        unsure=unsure,
    )
    return make_response(text, status)


def _engine_error(error: errors.SuixuError) -> Response:
    status = status_of(error)
    if status >= 500:
        log.warning("%s %s %s: %s", status, request.method, request.path, errors.reason(error))
    if session.is_for_programs():
        return problems.of_engine(status, error)
    faults = error.faults if isinstance(error, errors.Invalid) else ()
    answer = page(status, error.message, faults, isinstance(error, errors.Unsure))
    if status >= 500:
        answer.headers["Retry-After"] = str(AGAIN_IN)
    return answer


def _csrf_error(error: CSRFError) -> Response:
    return page(400, EXPIRED)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response(request.environ))
    if session.is_for_programs():
        return problems.of_http(error)
    answer = page(status)
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer
