"""Work out when a task is due and when a timer fires, from what a matter holds."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.core import timing
from engine.core.calendar import morning
from engine.core.tokens import Token
from engine.core.workdays import calendar_of
from engine.ground.errors import Stuck

if TYPE_CHECKING:
    from engine.core.run import Run


def deadline(run: "Run", token: Token, since: datetime) -> datetime | None:
    """Work out until when a task is to be done, which opened at `since`.

    Raises:
        Stuck: the expression gives neither days nor a date, or what no calendar reaches.
    """
    text = token.node.attributes.get("due", "")
    if not text:
        return None
    value = run.evaluate(text, token.frames)
    calendar = calendar_of(run.unit)
    if isinstance(value, datetime):
        value = value.date()
    said = f"环节“{token.node.name}”的期限“{text}”"
    try:
        if isinstance(value, date):
            return calendar.deadline(morning(value), 0)
        if isinstance(value, Decimal):
            return calendar.deadline(since, _whole_days(value))
    except ValueError as error:
        raise Stuck(f"{said}不能用：{error}", token.node.id) from error
    raise Stuck(f"{said}没有得出天数或者日期。", token.node.id)


def first_turn(run: "Run", token: Token) -> timing.Turn | None:
    """Work out when a timer that is set now fires; one that only tells, and whose days have all gone by, never does.

    Raises:
        Stuck: no clock understands its time, or it would wait for ever.
    """
    node, timer = token.node, token.node.timer
    assert timer is not None
    said = f"定时“{node.name or node.id}”的时间“{timer.text}”"
    given = timer.text if timing.is_written(timer) else run.evaluate(timer.text, token.frames)
    try:
        turn = timing.first(timer.kind, given, run.unit.now, calendar_of(run.unit))
    except ValueError as error:
        raise Stuck(f"{said}不能用：{str(error).rstrip('。')}。", node.id) from error
    # What only tells, beside work that goes on, has nothing more to tell; anything else would wait for ever.
    if turn is None and not node.stays:
        raise Stuck(f"{said}已经都过去了，不会再到。", node.id)
    return turn


def _whole_days(number: Decimal) -> int:
    """Read a number of working days.

    Raises:
        ValueError: part of a day is none.
    """
    if number != number.to_integral_value():
        raise ValueError(f"工作日数要是整数，现为 {number}。")
    return int(number)
