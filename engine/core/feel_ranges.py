"""How points and ranges lie to each other (DMN 1.3, 10.3.4.10); a point is the range that begins and ends at it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from engine.core.feel_values import Meter, Range, Value, order

Call = Callable[[Meter, tuple[Value, ...]], Value]


class _Pair(NamedTuple):
    """Two ranges and how their ends lie: -1, 0 or 1 as the first's is before, at or after the second's."""

    a: Range
    b: Range
    starts: int
    ends: int
    start_end: int
    end_start: int


def _pair(left: Value, right: Value) -> _Pair | None:
    a, b = _range(left), _range(right)
    if a is None or b is None:
        return None
    starts, ends = order(a.start, b.start), order(a.end, b.end)
    start_end, end_start = order(a.start, b.end), order(a.end, b.start)
    if starts is None or ends is None or start_end is None or end_start is None:
        return None
    return _Pair(a, b, starts, ends, start_end, end_start)


def _range(value: Value) -> Range | None:
    if isinstance(value, Range):
        return value
    return None if value is None or isinstance(value, tuple | Mapping) else Range(value, value)


def _before(p: _Pair) -> bool:
    return p.end_start < 0 or (p.end_start == 0 and not (p.a.end_included and p.b.start_included))


def _after(p: _Pair) -> bool:
    return p.start_end > 0 or (p.start_end == 0 and not (p.a.start_included and p.b.end_included))


def _meets(p: _Pair) -> bool:
    return p.end_start == 0 and p.a.end_included and p.b.start_included


def _overlaps(p: _Pair) -> bool:
    return not _before(p) and not _after(p)


def _overlaps_before(p: _Pair) -> bool:
    begins_first = p.starts < 0 or (p.starts == 0 and p.a.start_included and not p.b.start_included)
    ends_first = p.ends < 0 or (p.ends == 0 and (not p.a.end_included or p.b.end_included))
    return begins_first and ends_first and not _before(p)


def _finishes(p: _Pair) -> bool:
    inside = p.starts > 0 or (p.starts == 0 and (not p.a.start_included or p.b.start_included))
    return p.ends == 0 and p.a.end_included is p.b.end_included and inside


def _starts(p: _Pair) -> bool:
    inside = p.ends < 0 or (p.ends == 0 and (not p.a.end_included or p.b.end_included))
    return p.starts == 0 and p.a.start_included is p.b.start_included and inside


def _includes(p: _Pair) -> bool:
    from_start = p.starts < 0 or (p.starts == 0 and (p.a.start_included or not p.b.start_included))
    to_end = p.ends > 0 or (p.ends == 0 and (p.a.end_included or not p.b.end_included))
    return from_start and to_end


def _coincides(p: _Pair) -> bool:
    same = (p.a.start_included, p.a.end_included) == (p.b.start_included, p.b.end_included)
    return p.starts == p.ends == 0 and same


_POINTS = "point1, point2 | point, range | range, point | range1, range2"
_ALIKE = "point1, point2 | range1, range2"
_RANGES = "range1, range2"
_INNER = "point, range | range1, range2"
_OUTER = "range, point | range1, range2"


def _test(holds: Callable[[_Pair], bool], ways: str, turned: bool = False) -> tuple[Call, str]:
    """Make a function that tests its two arguments, in their order or turned round, where they come in such a way."""
    taken = {tuple("range" in name for name in way.split(",")) for way in ways.split("|")}

    def apply(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        left, right = reversed(arguments) if turned else arguments
        pair = _pair(left, right) if tuple(isinstance(one, Range) for one in arguments) in taken else None
        return None if pair is None else holds(pair)

    return apply, ways


FUNCTIONS: Mapping[str, tuple[Call, str]] = {
    "after": _test(_after, _POINTS),
    "before": _test(_before, _POINTS),
    "coincides": _test(_coincides, _ALIKE),
    "during": _test(_includes, _INNER, turned=True),
    "finished by": _test(_finishes, _OUTER, turned=True),
    "finishes": _test(_finishes, _INNER),
    "includes": _test(_includes, _OUTER),
    "meets": _test(_meets, _RANGES),
    "met by": _test(_meets, _RANGES, turned=True),
    "overlaps": _test(_overlaps, _RANGES),
    "overlaps after": _test(_overlaps_before, _RANGES, turned=True),
    "overlaps before": _test(_overlaps_before, _RANGES),
    "started by": _test(_starts, _OUTER, turned=True),
    "starts": _test(_starts, _INNER),
}
