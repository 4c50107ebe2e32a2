"""The functions every expression may call."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import reduce
from types import MappingProxyType
from typing import NamedTuple

from engine.core.feel_values import Meter, Value, equal, identity, items_of, order, render, whole

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Builtin(NamedTuple):
    """A function of the language and how many arguments it takes (`most` None: any number)."""

    call: Callable[[Meter, tuple[Value, ...]], Value]
    least: int
    most: int | None


def _listed(meter: Meter, arguments: tuple[Value, ...]) -> tuple[Value, ...] | None:
    """Read `f(list)` and `f(a, b, c)` alike."""
    values = items_of(arguments[0]) if len(arguments) == 1 else arguments
    return None if values is None else meter.items(values)


def _count(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    return None if values is None else Decimal(len(values))


def _sum(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = _listed(meter, arguments)
    numbers = [value for value in values or () if isinstance(value, Decimal)]
    if not values or len(numbers) < len(values):
        return None
    return reduce(meter.arithmetic.add, numbers, Decimal(0))


def _extreme(sign: int) -> Callable[[Meter, tuple[Value, ...]], Value]:
    def pick(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        values = _listed(meter, arguments)
        if not values:
            return None
        best = values[0]
        for value in values:
            compared = order(value, best)
            if compared is None:
                return None
            best = value if compared == sign else best
        return best

    return pick


def _list_contains(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    return None if values is None else holds(meter, values, arguments[1])


def holds(meter: Meter, values: tuple[Value, ...], sought: Value) -> bool:
    """Tell whether a list has an item equal to the one sought."""
    return any(equal(meter, value, sought) is True for value in meter.items(values))


def _append(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    return None if values is None else meter.items(values + arguments[1:])


def _concatenate(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    result: tuple[Value, ...] = ()
    for argument in arguments:
        values = items_of(argument)
        if values is None:
            return None
        result = meter.items(result + values)
    return result


def _distinct_values(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    if values is None:
        return None
    first: dict[object, Value] = {}
    for value in values:
        first.setdefault(identity(meter, value), value)
    return tuple(first.values())


def _flatten(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    if values is None:
        return None
    return meter.items(tuple(_leaves(meter, values)))


def _leaves(meter: Meter, values: tuple[Value, ...]) -> Iterator[Value]:
    for value in meter.items(values):
        if isinstance(value, tuple):
            yield from _leaves(meter, value)
        else:
            yield value


def _text_test(test: Callable[[str, str], bool]) -> Callable[[Meter, tuple[Value, ...]], Value]:
    def apply(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        text, part = arguments
        return test(text, part) if isinstance(text, str) and isinstance(part, str) else None

    return apply


def _text_map(change: Callable[[str], str]) -> Callable[[Meter, tuple[Value, ...]], Value]:
    def apply(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        (text,) = arguments
        return meter.string(change(text)) if isinstance(text, str) else None

    return apply


def _substring(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    text, start = arguments[0], whole(arguments[1])
    length = whole(arguments[2]) if len(arguments) == 3 else len(text) if isinstance(text, str) else None
    if not isinstance(text, str) or not start or length is None or length < 0 or start < -len(text):
        return None
    first = start - 1 if start > 0 else len(text) + start
    return meter.string(text[first : first + length])


def _string_length(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (text,) = arguments
    return Decimal(len(text)) if isinstance(text, str) else None


def _string(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    return value if value is None or isinstance(value, str) else render(meter, value)


def _number(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    if isinstance(value, Decimal):
        return value
    return meter.number(Decimal(value)) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def _date(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments if len(arguments) == 1 else (None,)
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        parts = [int(part) for part in value.split("-")] if _DATE.fullmatch(value) else []
    else:
        parts = [part for part in map(whole, arguments) if part is not None]
    try:
        return date(*parts) if len(parts) == 3 else None
    except (ValueError, OverflowError):
        return None


def _not(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    return not value if isinstance(value, bool) else None


BUILTINS: Mapping[str, Builtin] = MappingProxyType(
    {
        "append": Builtin(_append, 2, None),
        "concatenate": Builtin(_concatenate, 1, None),
        "contains": Builtin(_text_test(lambda text, part: part in text), 2, 2),
        "count": Builtin(_count, 1, 1),
        "date": Builtin(_date, 1, 3),
        "distinct values": Builtin(_distinct_values, 1, 1),
        "ends with": Builtin(_text_test(str.endswith), 2, 2),
        "flatten": Builtin(_flatten, 1, 1),
        "list contains": Builtin(_list_contains, 2, 2),
        "lower case": Builtin(_text_map(str.lower), 1, 1),
        "max": Builtin(_extreme(1), 1, None),
        "min": Builtin(_extreme(-1), 1, None),
        "not": Builtin(_not, 1, 1),
        "number": Builtin(_number, 1, 1),
        "starts with": Builtin(_text_test(str.startswith), 2, 2),
        "string": Builtin(_string, 1, 1),
        "string length": Builtin(_string_length, 1, 1),
        "substring": Builtin(_substring, 2, 3),
        "sum": Builtin(_sum, 1, None),
        "upper case": Builtin(_text_map(str.upper), 1, 1),
    }
)
