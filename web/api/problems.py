"""Say to programs what went wrong: RFC 9457 problems, with the engine's faults by code."""

import json
import re
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
RETRY_AFTER = {429: "60", 503: "5"}
"""Seconds after which whoever was sent away may come again."""

DETAILS = {
    400: _("请求的内容不能识别：应当是 UTF-8 的 JSON，名称不重复，嵌套不过深，数字在范围内。请改正后再发。"),
    401: _("没有令牌，或者令牌不对、已过期、已撤销。请在请求头里写 Authorization: Bearer 令牌。"),
    403: _("这个令牌没有这项权限。请由本人在“我的账号”页面另生成一个有这项权限的令牌。"),
    404: _("没有找到，或者不在您的查看范围内。"),
    405: _("这个地址不支持这个方法。请用 Allow 里写的方法。"),
    409: _("情况已经变化，请重新读取后再办理。"),
    413: _("一次提交的内容太大，没有保存。请分几次提交。"),
    415: _("内容的类型不对。Content-Type 应当是 application/json，上传文件应当是 multipart/form-data。"),
    422: _("请求不符合接口说明。请按 faults 逐处改正后再发。"),
    429: _("令牌不对的次数太多，请过一分钟再试。"),
    500: _("系统出了错，这次操作没有生效。请稍后再试；反复出现时，请联系系统管理员。"),
    503: _("系统暂时不能使用，这次操作没有生效。请稍后再试。"),
}
CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")

BODY = "_schema"
"""Where marshmallow puts what is wrong with a body as a whole."""

WORDS = (
    (r"Missing data for required field\.", _("必须填写")),
    (r"Field may not be null\.", _("不能是 null")),
    (r"Unknown field\.", _("不在接口说明里，请删去")),
    (r"Not a valid integer\.|Not a valid number\.|Number too large\.", _("应当是范围内的整数")),
    (r"Not a valid (utf-8 )?string\.|Special numeric.*", _("应当是文字")),
    (r"Not a valid boolean\.", _("应当是 true 或 false")),
    (r"Not a valid date\.", _("应当是日期，例如 2026-01-20")),
    (r"Not a valid list\.", _("应当是清单")),
    (r"Not a valid mapping type\.|Invalid input type\.", _("应当是 JSON 对象")),
    (r"Must be one of: [, ]*(.*)\.", _(r"应当是其中之一：\1")),
    (r"Must be greater than or equal to (\d+) and less than or equal to (\d+)\.", _(r"应当在 \1 到 \2 之间")),
    (r"Length must be between (\d+) and (\d+)\.", _(r"应当有 \1 到 \2 个字")),
    (r"Longer than maximum length (\d+)\.", _(r"最多 \1 个")),
    (r"One or more of the choices you made was in: .*", _("里有不能用的字符")),
)
"""What marshmallow says, as people read it."""


class FaultSchema(Schema):
    """One thing that is wrong."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    element = fields.String(required=True, metadata={"description": _("说的是哪个字段，或者图里的哪个编号。")})
    name = fields.String(required=True)
    line = fields.Integer(required=True)
    remedy = fields.String(required=True)


class ProblemSchema(Schema):
    """A problem as RFC 9457 has it; `faults` name each thing that is wrong."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": _("出了什么事，供程序判断，例如 stale、not_found。")})
    detail = fields.String(required=True, metadata={"description": _("出了什么事、该怎样做，给人看。")})
    faults = fields.List(fields.Nested(FaultSchema), required=True)


def answer(
    status: int,
    detail: str = "",
    faults: Iterable[Fault] = (),
    headers: Mapping[str, str] | None = None,
    code: str = "",
) -> Response:
    """Answer with a problem."""
    title = HTTPStatus(status).phrase
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code or title.lower().replace(" ", "_"),
        "detail": detail or DETAILS.get(status, DETAILS[400]),
        "faults": [asdict(fault) for fault in faults],
    }
    found = Response(json.dumps(body, ensure_ascii=False), status, mimetype=MEDIA_TYPE)
    found.headers.update(headers or {})
    if status == 401:
        found.headers["WWW-Authenticate"] = "Bearer"
    if status in RETRY_AFTER:
        found.headers["Retry-After"] = RETRY_AFTER[status]
    return found


def of_engine(status: int, error: SuixuError) -> Response:
    """Answer with what the engine says."""
    faults = error.faults if isinstance(error, Invalid) else ()
    return answer(status, error.message, faults, code=CAPITAL.sub("_", type(error).__name__).lower())


def of_http(error: HTTPException) -> Response:
    """Answer with what went wrong before anything was asked of the engine."""
    status = error.code or 500
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    messages = (getattr(error, "data", None) or {}).get("messages", {})
    return answer(status, "", _faults(messages) if status == 422 else (), kept)


def _faults(messages: Mapping[str, Any]) -> Iterator[Fault]:
    for found in messages.values():
        for place, words in _places(found):
            about = _("请求的内容") if place == BODY else _("请求里的“%s”") % place
            yield Fault("request", f"{about}{words}。", "" if place == BODY else place, place)


def _places(found: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(found, Mapping):
        for key, inner in found.items():
            yield from _places(inner, f"{place}.{key}" if place else str(key))
    else:
        yield place, "，".join(map(_said, found if isinstance(found, list) else [found]))


def _said(words: Any) -> str:
    for pattern, said in WORDS:
        if match := re.fullmatch(pattern, str(words)):
            return str(match.expand(said))
    return _("不符合接口说明：%s") % str(words)
