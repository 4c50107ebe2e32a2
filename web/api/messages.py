"""Messages and signals from outside (消息、信号), by programs of an account that has the role for it."""

import math
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from engine import messages
from engine.core import plain_text
from engine.core.dispatches import Dispatch
from engine.core.expressions import Value
from engine.ground.errors import Fault, Invalid
from engine.ground.unit_of_work import Unit
from engine.personal_tokens import SEND
from web import session
from web.api import acts
from web.api.acts import Answer
from web.api.rooms import Room
from web.texts import gettext as _

LONGEST = 365
DIGITS = 34
"""As many as a number may have in an expression."""

room = Room("messages", _("消息：令牌要有发送消息和信号的权限，本人要有“对接员”角色"), SEND)
signals = Room("signals", _("信号：令牌要有发送消息和信号的权限，本人要有“对接员”角色"), SEND)

Given = bool | int | float | str | None


class SignalSchema(Schema):
    """What is sent: `values` are texts, numbers, booleans, nulls, and lists of them; a date goes as a text."""

    name = fields.String(required=True, validate=validate.Length(1, messages.MAX_NAME))
    values = fields.Dict(keys=fields.String(validate=validate.Length(1, messages.MAX_NAME)), load_default=dict)


class MessageSchema(SignalSchema):
    """What is sent to whom: the one who waits under the business key, else the process that it starts."""

    business_key = fields.String(required=True, validate=validate.Length(1, messages.MAX_NAME))
    keep_days = fields.Integer(
        load_default=messages.EXPIRY.days,
        strict=True,
        validate=validate.Range(1, LONGEST),
        metadata={"description": _("还没有人等它时，留多少天。")},
    )


class SentMessageSchema(Schema):
    """The message that was sent: it is received once, until it expires."""

    id = fields.String(required=True)
    expires_at = fields.String(required=True, metadata={"format": "date-time"})


class WholeMessageSchema(Schema):
    """A message that this person has sent."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    business_key = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("waiting", "received", "expired")))
    sent_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(required=True)
    received_at = fields.DateTime(required=True, allow_none=True)


class SentSignalSchema(Schema):
    """How many waited for the signal, or are started by it."""

    reached = fields.Integer(required=True)


@room.act("/send", _("发送消息"), SentMessageSchema, MessageSchema, 201)
def send_message(body: dict[str, Any]) -> Answer:
    """Send a message."""
    values, keep = _read(body["values"]), timedelta(days=body["keep_days"])

    def work(unit: Unit) -> dict[str, Any]:
        actor = session.actor()
        sent = messages.correlate(unit, body["name"], body["business_key"], values, actor, keep)
        return {"id": sent, "expires_at": (unit.now + keep).isoformat()}

    return acts.once(work, 201)


@room.look("/<message_id>", _("查看本人发出的消息收到没有"), WholeMessageSchema)
def show(message_id: str) -> Dispatch:
    """Tell whether a message was received, and when."""
    with session.engine().reading() as unit:
        return messages.find(unit, message_id, session.actor())


@signals.act("/send", _("向所有在等的发送信号"), SentSignalSchema, SignalSchema)
def send_signal(body: dict[str, Any]) -> Answer:
    """Send a signal to everything that waits for it now."""
    values = _read(body["values"])
    return acts.once(lambda unit: {"reached": messages.signal(unit, body["name"], values, session.actor())})


def _read(given: Mapping[str, Any]) -> dict[str, Value]:
    """Read values as expressions know them.

    Raises:
        Invalid: an object, a list in a list, a number beyond all bounds, or a character that no text may have.
    """
    wrong = [name for name, value in given.items() if not _is_sound(value)]
    if wrong:
        told = _("“%s”的值不能发送：只能是文字、数、是否、空值和它们的清单。")
        faults = [Fault("message_value", told % name[:40], f"values.{name}", name) for name in wrong]
        raise Invalid(_("没有发出。"), faults)
    return {name: _value(value) for name, value in given.items()}


def _is_sound(value: Any) -> bool:
    return all(map(_is_plain, value)) if isinstance(value, list) else _is_plain(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return not plain_text.stray(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return math.isfinite(value) and abs(value) < 10**DIGITS
    return value is None or isinstance(value, bool)


def _value(value: list[Given] | Given) -> Value:
    if isinstance(value, list):
        return tuple(map(_value, value))
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
