"""Keep an instance's variables in scopes: the instance itself, or an iteration.

Values are the scalars that FEEL knows (`None`, booleans, numbers, text, dates, times, durations), lists and contexts of
them: never changed in place, so no two tokens can share something that changes. The table holds them as JSON; numbers
beyond integers, dates, times, durations and contexts carry a tag. Ranges live only within an expression.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import bindparam, delete, select, tuple_

from engine.core.expressions import ExpressionError, Value
from engine.core.feel_time import Months, read_date, read_duration, read_moment, read_time, write
from engine.core.tokens import COUNTS
from engine.ground import model
from engine.ground.statements import replacement
from engine.ground.unit_of_work import Unit

INSTANCE = ""
"""The scope of the instance itself."""

LOAD = select(model.variable).where(model.variable.c.instance_id == bindparam("instance"))
KEEP = replacement(model.variable, "value")
CHUNK = 500
"""Pairs in one statement: PostgreSQL runs out of stack at some thousands."""


CONTEXT = "context"
_TAGS = {date: "date", time: "time", datetime: "moment", timedelta: "duration", Months: "duration"}
_READ: Mapping[str, Callable[[str], Value]] = {
    "date": read_date,
    "time": read_time,
    "moment": read_moment,
    "duration": read_duration,
    "number": Decimal,
}


def encode(value: Any) -> Any:
    """Turn a FEEL value into JSON.

    Raises:
        ExpressionError: a range, or what is none of the language.
    """
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else {"number": str(value)}
    if tag := _TAGS.get(type(value)):
        return {tag: write(value)}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {CONTEXT: {key: encode(item) for key, item in value.items()}}
    if value is None or isinstance(value, bool | int | str):
        return value
    raise ExpressionError("变量只能保存数字、文字、是非、日期、时间、时长和它们的列表、上下文，不能保存区间")


def decode(value: Any) -> Value:
    """Turn stored JSON back into a FEEL value."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, list):
        return tuple(decode(item) for item in value)
    ((tag, kept),) = value.items()
    return {key: decode(item) for key, item in kept.items()} if tag == CONTEXT else _READ[tag](kept)


def home(frames: tuple[str, ...]) -> str:
    """Give the innermost scope that takes values."""
    return next((scope for scope in frames if not scope.startswith(COUNTS)), INSTANCE)


class Scopes(Mapping[tuple[str, str], Any]):
    """Hold the variables of one instance while an act works on it, and write what changed."""

    def __init__(self, instance_id: str, values: dict[tuple[str, str], Value] | None = None) -> None:
        self.instance_id = instance_id
        self._scopes: dict[str, dict[str, Value]] = {}
        for (scope, name), value in (values or {}).items():
            self._scopes.setdefault(scope, {})[name] = value
        # Counted as they come and go: after each act somebody asks, and there may be thousands of scopes.
        self._length = len(values or {})
        self._changed: set[tuple[str, str]] = set()
        self.touched = 0

    @classmethod
    def load(cls, unit: Unit, instance_id: str) -> "Scopes":
        """Read the variables of an instance."""
        rows = unit.connection.execute(LOAD, {"instance": instance_id})
        return cls(instance_id, {(row.scope, row.name): decode(row.value) for row in rows})

    def __getitem__(self, key: tuple[str, str]) -> Value:
        scope, name = key
        return self._scopes.get(scope, {})[name]

    def __contains__(self, key: object) -> bool:
        scope, name = cast(tuple[str, str], key)
        return name in self._scopes.get(scope, {})

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((scope, name) for scope, values in self._scopes.items() for name in values)

    def __len__(self) -> int:
        return self._length

    def inside(self, scope: str) -> Mapping[str, Value]:
        """Give the values of one scope."""
        return self._scopes.get(scope, {})

    def view(self, frames: tuple[str, ...] = ()) -> dict[str, Value]:
        """Give what is seen from inside `frames` (innermost first)."""
        seen: dict[str, Value] = {}
        for scope in (INSTANCE, *reversed(frames)):
            seen.update(self._scopes.get(scope, {}))
        return seen

    def set(self, scope: str, name: str, value: Any) -> None:
        """Put a value into one scope."""
        normal = decode(encode(value))
        known = (scope, name) in self
        if known and self[scope, name] == normal:
            return
        self._length += not known
        self._scopes.setdefault(scope, {})[name] = normal
        self._touch(scope, name)

    def assign(self, frames: tuple[str, ...], name: str, value: Any) -> None:
        """Put a value where the name already lives, else into the innermost scope."""
        owner = next((scope for scope in (*frames, INSTANCE) if (scope, name) in self), None)
        self.set(home(frames) if owner is None or owner.startswith(COUNTS) else owner, name, value)

    def remove(self, scope: str, name: str) -> None:
        """Forget a value."""
        if (scope, name) in self:
            del self._scopes[scope][name]
            self._length -= 1
            self._touch(scope, name)

    def _touch(self, scope: str, name: str) -> None:
        self._changed.add((scope, name))
        self.touched += 1

    def drop(self, scope: str) -> None:
        """Forget a whole scope."""
        for name in list(self.inside(scope)):
            self.remove(scope, name)
        self._scopes.pop(scope, None)

    def changes(self) -> list[tuple[str, str]]:
        """Name what differs from the database."""
        return sorted(self._changed)

    def save(self, unit: Unit) -> None:
        """Write what changed."""
        if not self._changed:
            return
        table = model.variable
        gone = [key for key in self.changes() if key not in self]
        for start in range(0, len(gone), CHUNK):
            keys = tuple_(table.c.scope, table.c.name).in_(gone[start : start + CHUNK])
            unit.connection.execute(delete(table).where(table.c.instance_id == self.instance_id, keys))
        rows = [
            {"instance_id": self.instance_id, "scope": scope, "name": name, "value": encode(self[scope, name])}
            for scope, name in self.changes()
            if (scope, name) in self
        ]
        unit.write(KEEP, *rows)
        self._changed.clear()
