"""Say to programs what went wrong: RFC 9457 problems, with the engine's faults by code."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import Response
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from engine.ground.errors import Fault, Invalid, SuixuError
from web.texts import gettext as _

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "5"

DETAILS = {
    400: _("请求的内容不能识别：应当是 UTF-8 的 JSON，嵌套不过深，数字在范围内。"),
    401: _("没有令牌，或者令牌不对、已过期、已撤销。请在请求头里写 Authorization: Bearer 令牌。"),
    403: _("这个令牌没有这项权限。"),
    404: _("没有找到，或者不在您的查看范围内。"),
    405: _("这个地址不支持这个方法。"),
    409: _("情况已经变化，请重新读取后再办理。"),
    413: _("一次提交的内容太大，没有保存。"),
    422: _("请求不符合接口说明。"),
    429: _("令牌不对的次数太多，请过一分钟再试。"),
    500: _("系统出了错，这次操作没有生效。"),
    503: _("系统暂时不能使用，这次操作没有生效。请稍后再试。"),
}


class FaultSchema(Schema):
    """One thing that is wrong."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    element = fields.String(required=True, metadata={"description": "The field or BPMN id that it is about."})
    name = fields.String(required=True)
    line = fields.Integer(required=True)
    remedy = fields.String(required=True)


class ProblemSchema(Schema):
    """A problem as RFC 9457 has it; `faults` name each thing that is wrong."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    faults = fields.List(fields.Nested(FaultSchema), required=True)


def answer(
    status: int, detail: str = "", faults: Iterable[Fault] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a problem."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or DETAILS.get(status, DETAILS[400]),
        "faults": [asdict(fault) for fault in faults],
    }
    found = Response(json.dumps(body, ensure_ascii=False), status, mimetype=MEDIA_TYPE)
    found.headers.update(headers or {})
    if status == 401:
        found.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        found.headers["Retry-After"] = RETRY_AFTER
    return found


def of_engine(status: int, error: SuixuError) -> Response:
    """Answer with what the engine says."""
    return answer(status, error.message, error.faults if isinstance(error, Invalid) else ())


def of_http(error: HTTPException) -> Response:
    """Answer with what went wrong before anything was asked of the engine."""
    status = error.code or 500
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    messages = (getattr(error, "data", None) or {}).get("messages", {})
    return answer(status, "", _faults(messages) if status == 422 else (), kept)


def _faults(messages: Mapping[str, Any]) -> Iterator[Fault]:
    for found in messages.values():
        for place, words in _places(found):
            yield Fault("request", _("请求里的“%s”不符合接口说明：%s") % (place, words), place, place)


def _places(found: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(found, Mapping):
        for key, inner in found.items():
            yield from _places(inner, f"{place}.{key}" if place else str(key))
    else:
        yield place, " ".join(map(str, found)) if isinstance(found, list) else str(found)
