"""The functions of numbers."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)

from engine.core.feel_time import Months
from engine.core.feel_values import MAX_EXPONENT, STEP, Meter, Value, cut

Call = Callable[[Meter, tuple[Value, ...]], Value]

_HARD = 20 * STEP
"""What a root, a power or a logarithm of so many digits costs against a step."""


_SCALES = range(-6111, 6177)
"""What a number may be rounded to: DMN 1.3, 10.3.4.5."""


def _rounded(rounding: str, places: int | None = None) -> Call:
    """Round to a scale (`places` where none is given); a negative scale rounds to tens."""

    def trim(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        number, scale = arguments[0], cut(arguments[1]) if len(arguments) == 2 else places
        if not isinstance(number, Decimal) or scale is None or scale not in _SCALES:
            return None
        # What is finer than the number has nothing to round.
        if int(number.as_tuple().exponent) >= -scale:
            return number
        wide = Context(prec=2 * MAX_EXPONENT, rounding=rounding)
        return meter.number(number.quantize(Decimal((0, (1,), -scale)), context=wide))

    return trim


def _modulo(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    """Give the remainder that has the sign of the divisor."""
    left, right = arguments
    if not isinstance(left, Decimal) or not isinstance(right, Decimal) or not right:
        return None
    meter.spend(_HARD)
    exact = Context(prec=4 * MAX_EXPONENT)
    rest = exact.remainder(left, right)
    return meter.arithmetic.plus(exact.add(rest, right) if rest and (rest < 0) is not (right < 0) else rest)


def _absolute(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    if isinstance(value, Months):
        return Months(abs(value.number))
    return abs(value) if isinstance(value, timedelta) else value.copy_abs() if isinstance(value, Decimal) else None


def _root(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    meter.spend(_HARD)
    return meter.arithmetic.sqrt(value) if isinstance(value, Decimal) and value >= 0 else None


def _logarithm(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    meter.spend(_HARD)
    return meter.arithmetic.ln(value) if isinstance(value, Decimal) and value > 0 else None


def _exponential(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    meter.spend(_HARD)
    return meter.arithmetic.exp(value) if isinstance(value, Decimal) else None


def power(meter: Meter, base: Value, exponent: Value) -> Value:
    """Raise to a power; null where the answer is no number."""
    if not isinstance(base, Decimal) or not isinstance(exponent, Decimal):
        return None
    if (base < 0 and exponent != exponent.to_integral_value()) or (not base and exponent <= 0):
        return Decimal(1) if not base and not exponent else None
    meter.spend(_HARD)
    return meter.arithmetic.power(base, exponent)


def _remainder_of_two(remainder: int) -> Call:
    def test(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        (value,) = arguments
        if not isinstance(value, Decimal):
            return None
        if int(value.as_tuple().exponent) > 0:
            return remainder == 0
        return value == value.to_integral_value() and int(value) % 2 == remainder

    return test


FUNCTIONS: Mapping[str, tuple[Call, str]] = {
    "abs": (_absolute, "n"),
    "ceiling": (_rounded(ROUND_CEILING, 0), "n, scale?"),
    "decimal": (_rounded(ROUND_HALF_EVEN), "n, scale"),
    "even": (_remainder_of_two(0), "number"),
    "exp": (_exponential, "number"),
    "floor": (_rounded(ROUND_FLOOR, 0), "n, scale?"),
    "log": (_logarithm, "number"),
    "modulo": (_modulo, "dividend, divisor"),
    "odd": (_remainder_of_two(1), "number"),
    "round down": (_rounded(ROUND_DOWN), "n, scale"),
    "round half down": (_rounded(ROUND_HALF_DOWN), "n, scale"),
    "round half up": (_rounded(ROUND_HALF_UP), "n, scale"),
    "round up": (_rounded(ROUND_UP), "n, scale"),
    "sqrt": (_root, "number"),
}
