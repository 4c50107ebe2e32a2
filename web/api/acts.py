"""Act once: what is asked again under the same key is answered as before, and nothing is done twice."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, NoReturn

from flask import abort, request

from engine.core import replies
from engine.core.replies import Reply
from engine.ground.errors import Fault, Invalid
from engine.ground.unit_of_work import Unit
from web import session
from web.api.tokens import bearer
from web.texts import gettext as _

BODY_LIMIT = 8 * 1024 * 1024
AROUND_A_FILE = 64 * 1024
Answer = tuple[dict[str, Any], int]
_KEY = re.compile(r"[!-~]{1,200}")


def inspect_body(files: Collection[str]) -> None:
    """Turn away what is no plain JSON.

    Python alone would take NaN, halves of characters and any depth, and of a name that comes twice the last; what
    comes under another type would be taken for nothing at all.
    """
    if request.endpoint in files:
        request.max_content_length = session.engine().settings.upload_limit_bytes + AROUND_A_FILE
        if request.mimetype != "multipart/form-data":
            abort(415)
        return
    request.max_content_length = BODY_LIMIT
    if not (body := request.get_data()):
        return
    if not request.is_json:
        abort(415)
    try:
        found = json.loads(body, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_named_once)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        abort(400)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    return found if math.isfinite(found := float(text)) else _refuse(text)


def _named_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _refuse(str(len(pairs)))


def once(work: Callable[[Unit], dict[str, Any]], status: int = 200, sent: str = "") -> Answer:
    """Do an act in one commit with the keeping of its answer, or give the answer that is kept.

    A refused act is not kept: nothing was done, and the same key may try again. `sent` tells what came where the body
    does not: the marks between the parts of a multipart body are others each time.
    """
    key = _key()
    with session.engine().transaction() as unit:
        if key and (before := replies.claim(unit, bearer().token_id, key, _digest(sent))):
            return before.body, before.status
        body = work(unit)
        if key:
            replies.keep(unit, bearer().token_id, key, Reply(status, body))
    return body, status


def answered(sent: str) -> Answer | None:
    """Give the answer that is kept, before anything of an act is done outside its commit."""
    key = _key()
    with session.engine().reading() as unit:
        found = replies.find(unit, bearer().token_id, key, _digest(sent)) if key else None
    return (found.body, found.status) if found else None


def _key() -> str:
    found = request.headers.get("Idempotency-Key")
    if found is None:
        return ""
    if not _KEY.fullmatch(found):
        message = _("Idempotency-Key 应当是 1 到 200 个可见的 ASCII 字符。")
        raise Invalid(message, [Fault("idempotency_key", message, "Idempotency-Key")])
    return found


def _digest(sent: str) -> str:
    head = f"{request.method} {request.full_path}\n".encode()
    return hashlib.sha256(head + (sent.encode() or request.get_data())).hexdigest()
