"""The functions every expression may call: DMN 1.3, 10.3.4, by position or by the names of their parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from engine.core import feel_lists, feel_numbers, feel_ranges, feel_strings, feel_times
from engine.core.feel_values import Meter, Value

_Call: TypeAlias = Callable[[Meter, tuple[Value, ...]], Value]


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of the language and how many arguments it takes (`most` None: any number).

    Each of `signatures` names the parameters of one way to call it, those that may be left out with a "?".
    """

    call: _Call
    least: int
    most: int | None
    signatures: tuple[tuple[str, ...], ...]


def _builtin(call: _Call, described: str) -> Builtin:
    """Read "list, position, length?"; "…" takes any number, "|" stands between two ways to call."""
    ways = tuple(tuple(name.strip() for name in way.split(",")) for way in described.split("|"))
    needed = min(sum(not name.endswith("?") and name != "…" for name in way) for way in ways)
    open_ended = any("…" in way for way in ways)
    named = tuple(way for way in ways if "…" not in way)
    return Builtin(call, needed, None if open_ended else max(map(len, ways)), named)


_TABLES = (
    feel_lists.FUNCTIONS,
    feel_numbers.FUNCTIONS,
    feel_ranges.FUNCTIONS,
    feel_strings.FUNCTIONS,
    feel_times.FUNCTIONS,
)

BUILTINS: Mapping[str, Builtin] = MappingProxyType(
    {name: _builtin(*described) for table in _TABLES for name, described in table.items()}
)
