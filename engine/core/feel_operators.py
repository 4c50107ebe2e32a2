"""What the signs between two values do: reckoning and comparing, DMN 1.3, tables 54 to 59."""

from datetime import timedelta
from decimal import Decimal

from engine.core.feel_time import Months, add, divide, multiply, ratio, subtract
from engine.core.feel_values import Meter, Value, order


def compare(left: Value, sign: str, right: Value) -> bool | None:
    """Tell whether two values stand in an order, or give null where they have none."""
    compared = order(left, right)
    if compared is None:
        return None
    return (
        compared < 0
        if sign == "<"
        else compared <= 0
        if sign == "<="
        else compared > 0
        if sign == ">"
        else compared >= 0
    )


def operate(meter: Meter, left: Value, sign: str, right: Value) -> Value:
    """Reckon with two values, or give null where the sign means nothing between them."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _reckon(meter, left, sign, right)
    if sign == "+":
        return meter.string(left + right) if isinstance(left, str) and isinstance(right, str) else add(left, right)
    if sign == "-":
        return subtract(left, right)
    if sign == "*" and isinstance(left, Decimal):
        left, right = right, left
    if not isinstance(left, timedelta | Months):
        return None
    if isinstance(right, Decimal):
        return multiply(left, right) if sign == "*" else divide(left, right) if right else None
    return ratio(meter.arithmetic, left, right) if sign == "/" and type(left) is type(right) else None


def _reckon(meter: Meter, left: Decimal, sign: str, right: Decimal) -> Decimal | None:
    if sign == "+":
        return meter.arithmetic.add(left, right)
    if sign == "-":
        return meter.arithmetic.subtract(left, right)
    if sign == "*":
        return meter.arithmetic.multiply(left, right)
    return meter.arithmetic.divide(left, right) if right else None
