"""Send messages and signals from outside: to the instance that waits, or to the process that they start.

The machine itself may, and of people who has the role `integration`: it goes past who may start or do something. What
was sent, and by whom, is in the stream "access".
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from engine.core import correlation, dispatches, history, organization, plain_text
from engine.core.dispatches import Dispatch
from engine.core.expressions import ExpressionError, Value
from engine.core.variables import encode
from engine.ground.errors import Fault, Invalid
from engine.ground.unit_of_work import Actor, Unit

EXPIRY = correlation.EXPIRY
MAX_NAME = 200
MAX_CONTENT = 10_000
"""Characters that all values have together, as JSON."""

LABELS = {"name": "名称", "business_key": "业务键"}


def correlate(
    unit: Unit, name: str, business_key: str, values: Mapping[str, Value], actor: Actor, keep: timedelta = EXPIRY
) -> str:
    """Send a message to whoever waits for it under a business key, else to the process that it starts; give its id.

    It is received once, by a job. When nobody waits yet it is kept for `keep`.

    Raises:
        NotAllowed: not theirs to send.
        Invalid: it has no name or no key, or a value that a variable cannot hold.
    """
    organization.require_role(unit, actor, organization.INTEGRATION)
    content = _demand({"name": name, "business_key": business_key}, values)
    message_id = correlation.send(unit, name, business_key, values, keep=keep)
    dispatches.note(unit, message_id, actor.person_id, name, business_key, unit.now + keep)
    told = {"title": name, "business_key": business_key, "values": content}
    history.record(unit, history.ACCESS, "message-sent", actor, told, account=None, message=message_id)
    return message_id


def find(unit: Unit, message_id: str, actor: Actor) -> Dispatch:
    """Tell who sent a message whether it was received; known until a month after it would have expired.

    Raises:
        NotAllowed: without the role to send. NotFound: unknown, forgotten, or sent by somebody else.
    """
    organization.require_role(unit, actor, organization.INTEGRATION)
    return dispatches.find(unit, message_id, actor.person_id)


def signal(unit: Unit, name: str, values: Mapping[str, Value], actor: Actor) -> int:
    """Give a signal to everything that waits for it now, and start what it starts; tell how many there are.

    Raises:
        NotAllowed: not theirs to send. Invalid: it has no name, or a value that a variable cannot hold.
    """
    organization.require_role(unit, actor, organization.INTEGRATION)
    content = _demand({"name": name}, values)
    reached = correlation.broadcast(unit, name, values)
    told = {"title": name, "values": content}
    history.record(unit, history.ACCESS, "signal-sent", actor, told, account=None, reached=reached)
    return reached


def _demand(texts: Mapping[str, str], values: Mapping[str, Value]) -> dict[str, Any]:
    """Give the values as they are kept, once everything is as it has to be."""
    content: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, text in texts.items():
        faults += plain_text.faults(text, LABELS[key], MAX_NAME, key, f"请写明{LABELS[key]}。")
    for name, value in values.items():
        try:
            content[name] = encode(value)
        except ExpressionError:
            told = f"“{name[:40]}”的值不能带走：只能是文字、数、是否、日期、时间、时长和它们的清单。"
            faults.append(Fault("message_value", told, f"values.{name}", name))
        if unfit := next(filter(None, map(plain_text.stray, plain_text.texts([name, content.get(name)]))), ""):
            told = f"“{plain_text.printable(name)[:40]}”的值里{unfit}。"
            faults.append(Fault("message_value", told, f"values.{name}", name))
    if len(json.dumps(content, ensure_ascii=False)) > MAX_CONTENT:
        faults.append(Fault("message_content", f"带走的值合起来不超过 {MAX_CONTENT} 字。", "values"))
    if faults:
        raise Invalid("没有发出。" + faults[0].message, faults)
    return content
