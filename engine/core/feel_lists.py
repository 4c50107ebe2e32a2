"""The functions of lists and contexts."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cmp_to_key, reduce
from typing import cast

from engine.core.feel_values import STEP, Lambda, Meter, Value, equal, identity, items_of, order, whole

Call = Callable[[Meter, tuple[Value, ...]], Value]


def _listed(meter: Meter, arguments: tuple[Value, ...]) -> tuple[Value, ...] | None:
    """Read `f(list)` and `f(a, b, c)` alike."""
    values = items_of(arguments[0]) if len(arguments) == 1 else arguments
    return None if values is None else meter.items(values)


def _numbers(meter: Meter, arguments: tuple[Value, ...]) -> tuple[Decimal, ...] | None:
    """Read the arguments as numbers: null where one is none, and where there are none."""
    values = _listed(meter, arguments)
    numbers = tuple(value for value in values or () if isinstance(value, Decimal))
    if not values or len(numbers) < len(values):
        return None
    meter.spend(STEP // 10 * len(numbers))
    return numbers


def _count(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    return None if values is None else Decimal(len(values))


def _sum(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    numbers = _numbers(meter, arguments)
    return None if numbers is None else reduce(meter.arithmetic.add, numbers, Decimal(0))


def _product(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    numbers = _numbers(meter, arguments)
    return None if numbers is None else reduce(meter.arithmetic.multiply, numbers, Decimal(1))


def _average(meter: Meter, numbers: tuple[Decimal, ...]) -> Decimal:
    return meter.arithmetic.divide(reduce(meter.arithmetic.add, numbers), Decimal(len(numbers)))


def _mean(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    numbers = _numbers(meter, arguments)
    return None if numbers is None else _average(meter, numbers)


def _median(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    numbers = _numbers(meter, arguments)
    if numbers is None:
        return None
    ordered, middle = sorted(numbers), len(numbers) // 2
    return ordered[middle] if len(numbers) % 2 else _average(meter, tuple(ordered[middle - 1 : middle + 1]))


def _stddev(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    """Give the standard deviation of a sample."""
    numbers = _numbers(meter, arguments)
    if numbers is None or len(numbers) < 2:
        return None
    reckon, average = meter.arithmetic, _average(meter, numbers)
    apart = [reckon.subtract(number, average) for number in numbers]
    squares = reduce(reckon.add, [reckon.multiply(one, one) for one in apart])
    return reckon.sqrt(reckon.divide(squares, Decimal(len(numbers) - 1)))


def _mode(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    if arguments == ((),):
        return ()
    numbers = _numbers(meter, arguments)
    if numbers is None:
        return None
    times: dict[Decimal, int] = {}
    for number in numbers:
        times[number] = times.get(number, 0) + 1
    most = max(times.values())
    return tuple(sorted(number for number, count in times.items() if count == most))


def _extreme(sign: int) -> Call:
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


def _decided(decisive: bool) -> Call:
    """`any` is decided by one true, `all` by one false; otherwise what is no truth value leaves it open."""

    def decide(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        values = _listed(meter, arguments)
        if values is None or any(value is decisive for value in values):
            return None if values is None else decisive
        return not decisive if all(isinstance(value, bool) for value in values) else None

    return decide


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


def _union(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    return _distinct_values(meter, (_concatenate(meter, arguments),))


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


def _place(values: tuple[Value, ...], position: Value) -> int | None:
    """Turn a position (1 is the first, -1 the last) into an index; null where there is nothing."""
    place = whole(position)
    if not place or not -len(values) <= place <= len(values):
        return None
    return place - 1 if place > 0 else place + len(values)


def _sublist(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    first = None if values is None else _place(values, arguments[1])
    if values is None or first is None:
        return None
    rest = len(values) - first
    length = whole(arguments[2]) if len(arguments) == 3 else rest
    return meter.items(values[first : first + length]) if length and 0 < length <= rest else None


def _insert_before(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    place = None if values is None else _place(values, arguments[1])
    if values is None or place is None:
        return None
    return meter.items((*values[:place], arguments[2], *values[place:]))


def _remove(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    place = None if values is None else _place(values, arguments[1])
    return None if values is None or place is None else meter.items(values[:place] + values[place + 1 :])


def _reverse(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    return None if values is None else meter.items(values[::-1])


def _index_of(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values = items_of(arguments[0])
    if values is None:
        return None
    found = enumerate(meter.items(values), start=1)
    return tuple(Decimal(place) for place, value in found if equal(meter, value, arguments[1]) is True)


def _sort(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    """Order a list so that no item stands before one that precedes it; null where that is not known of two."""
    values, precedes = items_of(arguments[0]), cast(object, arguments[1])
    if values is None or not isinstance(precedes, Lambda):
        return None
    answers: set[Value] = set()

    def compare(left: Value, right: Value) -> int:
        answer = precedes.apply(left, right)
        answers.add(answer if isinstance(answer, bool) else None)
        return -1 if answer is True else 1

    ordered = sorted(meter.items(values), key=cmp_to_key(compare))
    return None if None in answers else tuple(ordered)


# Contexts


def _get_value(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    context, key = arguments
    return context.get(key) if isinstance(context, Mapping) and isinstance(key, str) else None


def _get_entries(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (context,) = arguments
    if not isinstance(context, Mapping):
        return None
    return meter.items(tuple({"key": key, "value": value} for key, value in context.items()))


def _context(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    """Make a context of entries as `get entries` gives them; each key stands in one of them."""
    made: dict[str, Value] = {}
    entries = items_of(arguments[0])
    for entry in meter.items(entries or ()):
        key = entry.get("key") if isinstance(entry, Mapping) and "value" in entry else None
        if not isinstance(key, str) or key in made:
            return None
        made[key] = cast(Mapping[str, Value], entry)["value"]
    return None if entries is None else made


def _context_put(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    context, keys, value = arguments
    return _put(meter, context, items_of(keys) or (), value)


def _put(meter: Meter, context: Value, keys: tuple[Value, ...], value: Value) -> Value:
    """Write into a copy; several keys lead through contexts within it."""
    if not isinstance(context, Mapping) or not keys or not isinstance(keys[0], str):
        return None
    meter.spend(len(context))
    if len(keys) > 1:
        value = _put(meter, context.get(keys[0]), keys[1:], value)
        if value is None:
            return None
    return {**context, keys[0]: value}


def _context_merge(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    """Join contexts; of two entries under one key the later stays."""
    merged: dict[str, Value] = {}
    contexts = items_of(arguments[0])
    for context in meter.items(contexts or ()):
        if not isinstance(context, Mapping):
            return None
        meter.spend(len(context))
        merged |= context
    return None if contexts is None else merged


def _is(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    """Tell whether two values are one: of the same kind, equal, and an hour or moment with the same offset."""
    left, right = arguments
    return equal(meter, left, right) is True and _offset(left) == _offset(right)


def _offset(value: Value) -> timedelta | None:
    return value.utcoffset() if isinstance(value, time | datetime) else None


def _not(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    return not value if isinstance(value, bool) else None


FUNCTIONS: Mapping[str, tuple[Call, str]] = {
    "all": (_decided(False), "list | a, …"),
    "any": (_decided(True), "list | a, …"),
    "append": (_append, "list, item, …"),
    "concatenate": (_concatenate, "list, …"),
    "context": (_context, "entries"),
    "context merge": (_context_merge, "contexts"),
    "context put": (_context_put, "context, key, value | context, keys, value"),
    "count": (_count, "list"),
    "distinct values": (_distinct_values, "list"),
    "flatten": (_flatten, "list"),
    "get entries": (_get_entries, "m"),
    "get value": (_get_value, "m, key"),
    "index of": (_index_of, "list, match"),
    "insert before": (_insert_before, "list, position, newItem"),
    "is": (_is, "value1, value2"),
    "list contains": (_list_contains, "list, element"),
    "max": (_extreme(1), "list | a, …"),
    "mean": (_mean, "list | a, …"),
    "median": (_median, "list | a, …"),
    "min": (_extreme(-1), "list | a, …"),
    "mode": (_mode, "list | a, …"),
    "not": (_not, "negand"),
    "product": (_product, "list | a, …"),
    "remove": (_remove, "list, position"),
    "reverse": (_reverse, "list"),
    "sort": (_sort, "list, precedes"),
    "stddev": (_stddev, "list | a, …"),
    "sublist": (_sublist, "list, start position, length?"),
    "sum": (_sum, "list | a, …"),
    "union": (_union, "list, …"),
}
