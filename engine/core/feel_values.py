"""The values of the expression language, and the bounds every evaluation keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import cached_property
from typing import TypeAlias

from engine.core.feel_time import Months, write

Scalar: TypeAlias = bool | Decimal | str | date | time | timedelta | Months
Value: TypeAlias = "Scalar | Range | tuple[Value, ...] | Mapping[str, Value] | None"
"""A `date and time` is a datetime, which is a date to `isinstance`: ask `kind`, or for the datetime first."""

MAX_LENGTH = 2_000
MAX_DEPTH = 40
MAX_STEPS = 10_000
MAX_DIGITS = 34
MAX_EXPONENT = 6_144
MAX_STRING = 10_000
MAX_LIST = 10_000

# One step of the evaluator is worth a hundred items copied or characters made, so that a native walk over a long
# list is allowed while a walk inside a walk is not.
STEP = 100
_ITEM = 10


@dataclass(frozen=True, slots=True)
class Range:
    """All values between two; an end of null leaves open what lies there."""

    start: "Scalar | None"
    end: "Scalar | None"
    start_included: bool = True
    end_included: bool = True


@dataclass(frozen=True, slots=True)
class Lambda:
    """A function written where it is used; no value of the language: nothing but its caller ever holds it."""

    apply: Callable[..., Value]


class ExpressionError(ValueError):
    """Say in Chinese what is wrong with an expression, and where."""

    def __init__(self, reason: str, text: str = "", line: int = 1, column: int = 1) -> None:
        super().__init__(f"第{line}行第{column}列：{reason}")
        self.reason = reason
        self.text = text
        self.line = line
        self.column = column


class Meter:
    """Bound one evaluation and know the place it has reached."""

    def __init__(self, text: str, line: int = 1, column: int = 1, steps: int = MAX_STEPS) -> None:
        self._text = text
        self._origin = (line, column)
        self._steps = steps
        self._left = steps * STEP
        self.at = (1, 1)

    @cached_property
    def arithmetic(self) -> Context:
        """Give the context that numbers are reckoned in; most conditions need none."""
        return Context(
            prec=MAX_DIGITS,
            Emax=MAX_EXPONENT,
            Emin=-MAX_EXPONENT,
            traps=[Overflow, InvalidOperation, DivisionByZero],
        )

    def error(self, reason: str) -> ExpressionError:
        """Make the error that names the place reached."""
        line, column = (base + here - 1 for base, here in zip(self._origin, self.at, strict=True))
        return ExpressionError(reason, self._text, line, column)

    def spend(self, cost: int) -> None:
        """Take from what this evaluation may still do."""
        self._left -= cost
        if self._left < 0:
            raise self.error(f"计算量超过上限（{self._steps}步），请把表达式拆小，或缩短其中的列表")

    def string(self, value: str) -> str:
        """Let a string pass that has just been made."""
        if len(value) > MAX_STRING:
            raise self.error(f"文字超过{MAX_STRING}个字符，请缩短")
        self.spend(len(value))
        return value

    def items(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        """Let a list pass that has just been made."""
        if len(values) > MAX_LIST:
            raise self.error(f"列表超过{MAX_LIST}项，请缩短")
        self.spend(len(values))
        return values

    def number(self, value: Decimal) -> Decimal:
        """Let a number pass that did not come from our own arithmetic."""
        if not value.is_finite() or len(value.as_tuple().digits) > MAX_DIGITS or abs(value.adjusted()) > MAX_EXPONENT:
            raise self.error(f"数字超出范围：最多{MAX_DIGITS}位有效数字")
        return value

    def admit(self, value: object, name: str, depth: int = 0) -> Value:
        """Copy a foreign value into the language, or refuse it; `name` says in Chinese what it is."""
        self.spend(_ITEM)
        if depth > MAX_DEPTH:
            raise self.error(f"{name}嵌套超过{MAX_DEPTH}层")
        if type(value) in _PLAIN:
            return value  # type: ignore[return-value]
        if isinstance(value, list | tuple):
            return tuple(self.admit(item, name, depth + 1) for item in self._short(value, name))
        if isinstance(value, Mapping):
            return {self._key(key, name): self.admit(item, name, depth + 1) for key, item in value.items()}
        return self._admit_scalar(value, name)

    def _short(self, value: list[object] | tuple[object, ...], name: str) -> list[object] | tuple[object, ...]:
        if len(value) > MAX_LIST:
            raise self.error(f"{name}超过{MAX_LIST}项，请缩短")
        return value

    def _key(self, key: object, name: str) -> str:
        if not isinstance(key, str):
            raise self.error(f"{name}里有不是文字的字段名")
        return str.__str__(key)

    def _admit_scalar(self, value: object, name: str) -> Value:
        if isinstance(value, int):
            # A longer integer is refused before Decimal spends time on it: 128 bits hold any 34 digits.
            return self.number(Decimal(value) if value.bit_length() <= 128 else Decimal("Infinity"))
        if isinstance(value, Decimal):
            return self.number(Decimal(value))
        if isinstance(value, str):
            return self._admit_string(value, name)
        if isinstance(value, date | time):
            return _plain(value)
        raise self.error(
            f"{name}的类型（{type(value).__name__}）不能用在表达式里，只能是数字、文字、是非、日期、时间、时长或它们的列表"
        )

    def _admit_string(self, value: str, name: str) -> str:
        if len(value) > MAX_STRING:
            raise self.error(f"{name}超过{MAX_STRING}个字符，请缩短")
        self.spend(len(value) // 4)
        return str.__str__(value)


_PLAIN = frozenset({bool, type(None), timedelta, Months, Range})
"""What cannot be large or be dressed up: it is taken as it is."""


def _plain(value: date | time) -> date | time:
    """Copy a day or hour without its class; an offset loses its name."""
    if isinstance(value, datetime):
        return datetime.combine(date.fromordinal(value.toordinal()), _fixed(value.timetz(), value.utcoffset()))
    return date.fromordinal(value.toordinal()) if isinstance(value, date) else _fixed(value, value.utcoffset())


def _fixed(value: time, offset: timedelta | None) -> time:
    zone = None if offset is None else timezone(offset)
    return time(value.hour, value.minute, value.second, value.microsecond, zone)


_KINDS: Mapping[type, str] = {
    type(None): "Null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    date: "date",
    time: "time",
    datetime: "date and time",
    timedelta: "days and time duration",
    Months: "years and months duration",
    Range: "range",
    tuple: "list",
}
KINDS = frozenset({*_KINDS.values(), "context"})


def kind(value: Value) -> str:
    """Name the FEEL type of a value."""
    return _KINDS.get(type(value), "context")


def _placed(value: Value) -> bool:
    """Tell whether an hour or moment says where it is: it never equals one that does not."""
    return isinstance(value, time | datetime) and value.tzinfo is not None


def identity(meter: Meter, value: Value) -> object:
    """Give the hashable key that two values share exactly when they are equal."""
    meter.spend(_ITEM)
    if isinstance(value, tuple):
        return ("list", tuple(identity(meter, item) for item in value))
    if isinstance(value, Mapping):
        return ("context", frozenset((key, identity(meter, item)) for key, item in value.items()))
    if isinstance(value, Range):
        ends = (identity(meter, value.start), identity(meter, value.end))
        return ("range", ends, value.start_included, value.end_included)
    return (kind(value), _placed(value), value)


def equal(meter: Meter, left: Value, right: Value) -> bool | None:
    """Compare as `=` does: null equals only null, and different types do not compare."""
    if left is None or right is None:
        return left is right
    if kind(left) != kind(right):
        return None
    return identity(meter, left) == identity(meter, right)


_ORDERED = frozenset({Decimal, str, date, time, datetime, timedelta, Months})


def order(left: Value, right: Value) -> int | None:
    """Give -1, 0 or 1, or null where the two have no order."""
    if type(left) is not type(right) or type(left) not in _ORDERED:
        return None
    left, right = _beside(left, right), _beside(right, left)
    return (left > right) - (left < right)  # type: ignore[operator]


def _beside(value: Value, other: Value) -> Value:
    """Lend an hour or moment without an offset that of the other: DMN 1.3, table 54."""
    if isinstance(value, time | datetime) and isinstance(other, time | datetime) and value.tzinfo is None:
        return value.replace(tzinfo=other.tzinfo)
    return value


def items_of(value: Value) -> tuple[Value, ...] | None:
    """Read a value as a list: a single value is a list of one, null is none."""
    if value is None or isinstance(value, tuple):
        return value
    return (value,)


def whole(value: Value) -> int | None:
    """Read an integer that can count items or characters."""
    if isinstance(value, Decimal) and value.adjusted() < 18 and value == value.to_integral_value():
        return int(value)
    return None


def cut(value: Value) -> int | None:
    """Read a number as an integer, without what stands behind its point."""
    return None if not isinstance(value, Decimal) or value.adjusted() >= 18 else int(value)


def number_text(value: Decimal) -> str:
    """Write a number plainly, without an exponent or idle zeros."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def render(meter: Meter, value: Value) -> str:
    """Write a value as `string` does inside a list; each part is charged as it is made."""
    meter.spend(_ITEM)
    if isinstance(value, tuple):
        return meter.string("[" + ", ".join([render(meter, item) for item in value]) + "]")
    if isinstance(value, Mapping):
        return meter.string("{" + ", ".join([f"{key}: {render(meter, item)}" for key, item in value.items()]) + "}")
    if isinstance(value, Range):
        opening, closing = "[" if value.start_included else "(", "]" if value.end_included else ")"
        return meter.string(f"{opening}{render(meter, value.start)}..{render(meter, value.end)}{closing}")
    return meter.string(_render_scalar(value))


def _render_scalar(value: Scalar | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return write(value)
