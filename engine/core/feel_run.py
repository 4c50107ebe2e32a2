"""How a parsed expression is worked out: one rule for each kind of node."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import TypeAlias, TypeGuard, cast

from engine.core.feel_functions import BUILTINS
from engine.core.feel_misprints import unknown_function
from engine.core.feel_numbers import power
from engine.core.feel_operators import compare, operate
from engine.core.feel_syntax import Node
from engine.core.feel_time import Months, look, reverse
from engine.core.feel_values import (
    MAX_LIST,
    STEP,
    ExpressionError,
    Lambda,
    Meter,
    Range,
    Scalar,
    Value,
    equal,
    items_of,
    kind,
    order,
    whole,
)

Functions: TypeAlias = Mapping[str, Callable[..., Value]]
_Scope: TypeAlias = Mapping[str, Value]


class Run:
    """One evaluation: the variables it may read, the functions it may call, the steps it has left."""

    def __init__(self, meter: Meter, variables: Mapping[str, object], functions: Functions) -> None:
        self.meter = meter
        self._variables = variables
        self._functions = functions
        self._read: dict[str, Value] = {}

    def value(self, node: Node, scope: _Scope) -> Value:
        """Work out a node."""
        self.meter.at = node.at
        self.meter.spend(STEP)
        return _RULES[node.kind](self, node, scope)

    def values(self, node: Node, scope: _Scope) -> tuple[Value, ...]:
        """Work out a node's parts."""
        return tuple(self.value(part, scope) for part in node.parts)

    def variable(self, name: str) -> Value:
        """Read a variable of the caller's, once."""
        if name not in self._read:
            self._read[name] = self.meter.admit(self._variables.get(name), f"变量“{name}”")
        return self._read[name]

    def ask(self, name: str, arguments: tuple[Value, ...]) -> Value:
        """Call a function of the caller's; what it cannot take is an error of the expression, all else its own."""
        function = self._functions.get(name)
        if function is None:
            raise self.meter.error(unknown_function(name, frozenset(self._functions)))
        if not _takes(function, arguments):
            raise self.meter.error(f"函数“{name}”不能有{len(arguments)}个参数")
        try:
            result = function(*arguments)
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise self.meter.error(f"函数“{name}”不能处理这些参数{_reason(error)}") from error
        return self.meter.admit(result, f"函数“{name}”的结果")


def _reason(error: Exception) -> str:
    """Pass on what a function says to people; what Python says stays in the cause."""
    reason = error.reason if isinstance(error, ExpressionError) else str(error)
    return "" if reason.isascii() else f"：{reason}"


def _takes(function: Callable[..., Value], arguments: tuple[Value, ...]) -> bool:
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # a function written in C may not tell what it takes
        return True
    return True


def _literal(run: Run, node: Node, scope: _Scope) -> Value:
    return node.value


def _name(run: Run, node: Node, scope: _Scope) -> Value:
    name = str(node.value)
    return scope[name] if name in scope else run.variable(name)


def _path(run: Run, node: Node, scope: _Scope) -> Value:
    (owner,) = run.values(node, scope)
    return _part(run.meter, owner, str(node.value))


def _part(meter: Meter, owner: Value, name: str) -> Value:
    """Give what a value has under a name; of a list, what each of its items has."""
    if isinstance(owner, tuple):
        meter.spend(STEP // 10 * len(owner))
        return tuple(_part(meter, item, name) for item in owner)
    return _property(owner, name)


_ENDS: Mapping[str, Callable[[Range], Value]] = {
    "start": lambda value: value.start,
    "end": lambda value: value.end,
    "start included": lambda value: value.start_included,
    "end included": lambda value: value.end_included,
}


def _property(owner: Value, name: str) -> Value:
    if isinstance(owner, Mapping):
        return owner.get(name)
    if isinstance(owner, Range):
        return _ENDS[name](owner) if name in _ENDS else None
    return look(owner, name) if isinstance(owner, date | time | timedelta | Months) else None


def _listing(run: Run, node: Node, scope: _Scope) -> Value:
    return run.values(node, scope)


def _context(run: Run, node: Node, scope: _Scope) -> Value:
    """Each entry sees those before it."""
    made: dict[str, Value] = {}
    inner = dict(scope)
    run.meter.spend(len(inner))
    for key, part in zip(_texts(node), node.parts, strict=True):
        made[key] = inner[key] = run.value(part, inner)
    return made


def _range(run: Run, node: Node, scope: _Scope) -> Value:
    low, high = run.values(node, scope)
    opening, closing = _texts(node)
    if not _bounds(low) or not _bounds(high):
        return None
    if low is not None and high is not None and order(low, high) is None:
        return None
    return Range(low, high, opening == "[", closing == "]")


def _bounds(value: Value) -> TypeGuard[Scalar | None]:
    return value is None or not isinstance(value, bool | Range | tuple | Mapping)


def _index(run: Run, node: Node, scope: _Scope) -> Value:
    values, chosen = items_of(run.value(node.parts[0], scope)), run.value(node.parts[1], scope)
    return None if values is None else _chosen(values, chosen)


def _chosen(values: tuple[Value, ...], chosen: Value) -> Value:
    if isinstance(chosen, Decimal):
        place = whole(chosen)
        return values[place - 1 if place > 0 else place] if place and -len(values) <= place <= len(values) else None
    return values if chosen is True else ()


def _filter(run: Run, node: Node, scope: _Scope) -> Value:
    """Keep the items for which the condition is true; their fields are names in it."""
    values, condition = items_of(run.value(node.parts[0], scope)), node.parts[1]
    if values is None:
        return None
    if "item" not in condition.names and not any(_has(value, condition.names) for value in run.meter.items(values)):
        return _chosen(values, run.value(condition, scope))
    return tuple(value for value in values if run.value(condition, _inside(run, scope, value)) is True)


def _has(value: Value, names: frozenset[str]) -> bool:
    return isinstance(value, Mapping) and any(name in value for name in names)


def _inside(run: Run, scope: _Scope, value: Value) -> _Scope:
    if not isinstance(value, Mapping):
        return {**scope, "item": value}
    run.meter.spend(len(value))
    return {**scope, "item": value, **value}


def _walk(run: Run, node: Node, scope: _Scope, depth: int = 0) -> Iterator[_Scope | None]:
    """Go through what the iterators of a loop stand for, the last one fastest; None where one has no list."""
    if depth == len(node.parts) - 1:
        yield scope
        return
    name, values = _texts(node)[depth], _domain(run, node.parts[depth], scope)
    if values is None:
        yield None
        return
    for value in values:
        yield from _walk(run, node, {**scope, name: value}, depth + 1)


def _domain(run: Run, node: Node, scope: _Scope) -> Iterable[Value] | None:
    if node.kind == "span":
        return _counted(run, *run.values(node, scope))
    found = run.value(node, scope)
    if isinstance(found, Range) and found.start_included and found.end_included:
        return _counted(run, found.start, found.end)
    return None if isinstance(found, Range) else items_of(found)


def _counted(run: Run, low: Value, high: Value) -> Iterable[Value] | None:
    """Count from one whole number or day to another, up or down."""
    if type(low) is type(high) is date:
        return map(date.fromordinal, _steps(run, low.toordinal(), high.toordinal()))
    first, last = whole(low), whole(high)
    return None if first is None or last is None else map(Decimal, _steps(run, first, last))


def _steps(run: Run, first: int, last: int) -> range:
    if abs(last - first) >= MAX_LIST:
        raise run.meter.error(f"要数的数超过{MAX_LIST}个，请缩短")
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def _each(run: Run, node: Node, scope: _Scope) -> Value:
    found: list[Value] = []
    for inner in _walk(run, node, scope):
        if inner is None:
            return None
        found.append(run.value(node.parts[-1], inner))
    return run.meter.items(tuple(found))


def _quantify(decisive: bool) -> Callable[[Run, Node, _Scope], Value]:
    """`some` is decided by one true, `every` by one false; otherwise a null leaves it open."""

    def rule(run: Run, node: Node, scope: _Scope) -> Value:
        body = node.parts[-1]
        return _decide((inner and run.value(body, inner) for inner in _walk(run, node, scope)), decisive)

    return rule


def _connect(decisive: bool) -> Callable[[Run, Node, _Scope], Value]:
    """`or` is decided by one true, `and` by one false; what comes after is not evaluated."""
    return lambda run, node, scope: _decide((run.value(part, scope) for part in node.parts), decisive)


def _decide(values: Iterable[Value], decisive: bool) -> bool | None:
    result: bool | None = not decisive
    for value in values:
        if value is decisive:
            return decisive
        if not isinstance(value, bool):
            result = None
    return result


def _choose(run: Run, node: Node, scope: _Scope) -> Value:
    condition, then, otherwise = node.parts
    return run.value(then if run.value(condition, scope) is True else otherwise, scope)


def _call(run: Run, node: Node, scope: _Scope) -> Value:
    name, arguments = str(node.value), run.values(node, scope)
    run.meter.at = node.at
    builtin = BUILTINS.get(name)
    return builtin.call(run.meter, arguments) if builtin else run.ask(name, arguments)


def _function(run: Run, node: Node, scope: _Scope) -> Value:
    def apply(*arguments: Value) -> Value:
        return run.value(node.parts[0], {**scope, **dict(zip(_texts(node), arguments, strict=True))})

    return cast(Value, Lambda(apply))


def _compare(run: Run, node: Node, scope: _Scope) -> Value:
    left, right = run.values(node, scope)
    (sign,) = _texts(node)
    if sign in ("=", "!="):
        same = equal(run.meter, left, right)
        return None if same is None else same is (sign == "=")
    return compare(left, sign, right)


def _between(run: Run, node: Node, scope: _Scope) -> Value:
    value, low, high = run.values(node, scope)
    return _decide((compare(value, ">=", low), compare(value, "<=", high)), False)


def _within(run: Run, node: Node, scope: _Scope) -> Value:
    value = run.value(node.parts[0], scope)
    return _decide((_matches(run, value, choice, scope) for choice in node.parts[1:]), True)


def _tests(run: Run, node: Node, scope: _Scope) -> Value:
    """Try a cell's choices on `?`; one that names it is a condition of its own."""
    choices = (
        run.value(part, scope) if "?" in part.names else _matches(run, scope["?"], part, scope) for part in node.parts
    )
    result = _decide(choices, True)
    return result if node.value is True or result is None else not result


def _matches(run: Run, value: Value, choice: Node, scope: _Scope) -> Value:
    if choice.kind == "order":
        (bound,) = run.values(choice, scope)
        return compare(value, str(choice.value), bound)
    if choice.kind == "range":
        (low, high), (opening, closing) = run.values(choice, scope), _texts(choice)
        return _inside_range(value, low, high, opening, closing)
    chosen = run.value(choice, scope)
    if chosen is None:
        return True if value is None and choice.kind == "literal" else None
    return _decide((_is_or_has(run.meter, one, value) for one in run.meter.items(items_of(chosen) or ())), True)


def _inside_range(value: Value, low: Value, high: Value, opening: str, closing: str) -> bool | None:
    above = compare(value, ">=" if opening == "[" else ">", low)
    return _decide((above, compare(value, "<=" if closing == "]" else "<", high)), False)


def _is_or_has(meter: Meter, one: Value, value: Value) -> bool | None:
    if not isinstance(one, Range) or isinstance(value, Range):
        return equal(meter, value, one) is True
    return _inside_range(
        value, one.start, one.end, "[" if one.start_included else "(", "]" if one.end_included else ")"
    )


def _instance(run: Run, node: Node, scope: _Scope) -> Value:
    (value,) = run.values(node, scope)
    return value is not None if node.value == "Any" else kind(value) == node.value


def _chain(run: Run, node: Node, scope: _Scope) -> Value:
    result, *others = run.values(node, scope)
    for sign, other in zip(_texts(node), others, strict=True):
        result = operate(run.meter, result, sign, other)
    return result


def _power(run: Run, node: Node, scope: _Scope) -> Value:
    result, *others = run.values(node, scope)
    for other in others:
        result = power(run.meter, result, other)
    return result


def _negative(run: Run, node: Node, scope: _Scope) -> Value:
    (value,) = run.values(node, scope)
    if isinstance(value, timedelta | Months):
        return reverse(value)
    return run.meter.arithmetic.minus(value) if isinstance(value, Decimal) else None


def _texts(node: Node) -> tuple[str, ...]:
    return cast(tuple[str, ...], node.value)


_RULES: Mapping[str, Callable[[Run, Node, _Scope], Value]] = {
    "literal": _literal,
    "name": _name,
    "path": _path,
    "listing": _listing,
    "context": _context,
    "range": _range,
    "index": _index,
    "filter": _filter,
    "each": _each,
    "some": _quantify(True),
    "every": _quantify(False),
    "either": _connect(True),
    "both": _connect(False),
    "choose": _choose,
    "call": _call,
    "function": _function,
    "compare": _compare,
    "between": _between,
    "within": _within,
    "tests": _tests,
    "instance": _instance,
    "sum": _chain,
    "product": _chain,
    "power": _power,
    "negative": _negative,
}
