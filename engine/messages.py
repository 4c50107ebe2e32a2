"""Send messages and signals from outside: to the instance that waits, or to the process that they start."""

from collections.abc import Mapping
from datetime import timedelta

from engine.core import correlation
from engine.core.expressions import Value
from engine.ground.errors import Invalid
from engine.ground.unit_of_work import Unit

MAX_NAME = 200


def correlate(
    unit: Unit, name: str, business_key: str, values: Mapping[str, Value], keep: timedelta = correlation.EXPIRY
) -> str:
    """Send a message to whoever waits for it under a business key, else to the process that it starts; give its id.

    It is received once, by a job. When nobody waits yet it is kept for `keep`.

    Raises:
        Invalid: it has no name or no key, or a value that a variable cannot hold.
    """
    _demand(name, "消息没有名称。")
    _demand(business_key, "消息没有业务键，不知道给谁。")
    _demand_values(values)
    return correlation.send(unit, name, business_key, values, keep=keep)


def signal(unit: Unit, name: str, values: Mapping[str, Value]) -> int:
    """Give a signal to everything that waits for it now, and start what it starts; tell how many there are.

    Raises:
        Invalid: it has no name, or a value that a variable cannot hold.
    """
    _demand(name, "信号没有名称。")
    _demand_values(values)
    return correlation.broadcast(unit, name, values)


def _demand(text: str, message: str) -> None:
    if not text.strip() or len(text) > MAX_NAME:
        raise Invalid(message if not text.strip() else f"名称和业务键不超过 {MAX_NAME} 字。")


def _demand_values(values: Mapping[str, Value]) -> None:
    for name, value in values.items():
        if not correlation.can_carry(value):
            raise Invalid(f"变量“{name[:40]}”的值不能带走：只能是文字、数、是否、日期、时间、时长和它们的清单。")
