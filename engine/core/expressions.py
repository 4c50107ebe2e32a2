"""The expressions of a diagram: a documented subset of FEEL (DMN 1.3), bounded, without a way into Python.

Literals: decimals, "strings" with escapes, true, false, null, [lists]; // and /* */ comments; names without spaces.
Operators: + - * / · = != < <= > >= · and or not(x) · between a and b · in a list, [1..5], (1..5], or (a, [1..5], …) ·
if then else · for x in list return · some/every x in list satisfies · list[2], list[-1], list[item > 3] · a.b.
Functions: those of `feel_functions.BUILTINS`, and the caller's, by position. Left out: durations, times, `**`, context
and function literals, ranges as values, several iterators at once, names of fields standing alone in a filter.

Null comes from a missing name, a wrong type, a division by zero, an order with null; only null equals null. A condition
holds when it `is True`.
"""

import inspect
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, Overflow
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from engine.core.feel_functions import BUILTINS, holds
from engine.core.feel_syntax import KEYWORDS, Node, calls_in, check_calls, read, unknown_function
from engine.core.feel_values import STEP, ExpressionError, Meter, Value, equal, items_of, order, whole

__all__ = [
    "Assignment",
    "Expression",
    "ExpressionError",
    "Value",
    "evaluate",
    "given_texts",
    "parse",
    "parse_assignments",
]

MAX_SCRIPT = 20_000

Functions: TypeAlias = Mapping[str, Callable[..., Value]]
_Scope: TypeAlias = Mapping[str, Value]
_NOTHING: Mapping[str, Callable[..., Value]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; `line` and `column` say where it begins in what a person wrote."""

    text: str
    names: frozenset[str]
    functions: frozenset[str]
    root: Node = field(repr=False, compare=False)
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line of a script task."""

    name: str
    expression: Expression
    line: int


def parse(text: str, functions: Container[str] | None = None) -> Expression:
    """Parse a text; with `functions`, refuse a call of any other function."""
    expression = _parse(text)
    if functions is not None:
        check_calls(expression.root, text, functions)
    return expression


@lru_cache(maxsize=2048)
def _parse(text: str) -> Expression:
    root = read(text)
    check_calls(root, text, None)
    return Expression(text, root.names, frozenset(str(call.value) for call in calls_in(root)), root)


def given_texts(expression: Expression, function: str) -> frozenset[str]:
    """Name the texts that are written out as arguments of a function."""
    calls = (call for call in calls_in(expression.root) if call.value == function)
    given = (part.value for call in calls for part in call.parts if part.kind == "literal")
    return frozenset(value for value in given if isinstance(value, str))


def evaluate(expression: Expression | str, variables: Mapping[str, object], functions: Functions = _NOTHING) -> Value:
    """Give the value of an expression; what has no answer is null, what breaks a bound raises ExpressionError."""
    parsed = parse(expression) if isinstance(expression, str) else expression
    run = _Run(parsed, variables, functions)
    try:
        result = run.value(parsed.root, {})
    except Overflow:
        raise run.meter.error("计算结果超出数字的范围") from None
    # Lists may share their items, so a small run can stand for a huge value: the copy is weighed on its own.
    return Meter(parsed.text, parsed.line, parsed.column).admit(result, "结果")


_ASSIGNMENT = re.compile(r"\s*([^\W\d]\w*)\s*=(.*)", re.DOTALL)


def parse_assignments(text: str, functions: Container[str] | None = None) -> tuple[Assignment, ...]:
    """Parse the lines `name = expression` of a script task; blank lines and lines after # or // do nothing."""
    if len(text) > MAX_SCRIPT:
        raise ExpressionError(f"脚本超过{MAX_SCRIPT}个字符，请拆成几个脚本任务", text)
    lines = enumerate(text.split("\n"), start=1)
    return tuple(_assignment(line, content, functions) for line, content in lines if _says_something(content))


def _says_something(content: str) -> bool:
    return bool(content.strip()) and not content.lstrip().startswith(("#", "//"))


def _assignment(line: int, content: str, functions: Container[str] | None) -> Assignment:
    match = _ASSIGNMENT.fullmatch(content)
    if match is None:
        raise ExpressionError("这一行要写成“名称 = 表达式”，名称由汉字、字母、数字和下划线组成", content, line)
    if match[1] in KEYWORDS:
        raise ExpressionError(f"“{match[1]}”是表达式的关键字，不能当作名称", content, line, match.start(1) + 1)
    column = match.start(2) + 1
    try:
        expression = parse(match[2], functions)
    except ExpressionError as error:
        raise ExpressionError(error.reason, content, line, error.column + column - 1) from None
    return Assignment(match[1], replace(expression, line=line, column=column), line)


class _Run:
    """One evaluation: the variables it may read, the functions it may call, the steps it has left."""

    def __init__(self, expression: Expression, variables: Mapping[str, object], functions: Functions) -> None:
        self.meter = Meter(expression.text, expression.line, expression.column)
        self._variables = variables
        self._functions = functions
        self._read: dict[str, Value] = {}

    def value(self, node: Node, scope: _Scope) -> Value:
        self.meter.at = node.at
        self.meter.spend(STEP)
        return _RULES[node.kind](self, node, scope)

    def values(self, node: Node, scope: _Scope) -> tuple[Value, ...]:
        return tuple(self.value(part, scope) for part in node.parts)

    def variable(self, name: str) -> Value:
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


def _literal(run: _Run, node: Node, scope: _Scope) -> Value:
    return node.value


def _name(run: _Run, node: Node, scope: _Scope) -> Value:
    name = str(node.value)
    return scope[name] if name in scope else run.variable(name)


def _path(run: _Run, node: Node, scope: _Scope) -> Value:
    (owner,) = run.values(node, scope)
    return owner.get(str(node.value)) if isinstance(owner, Mapping) else None


def _listing(run: _Run, node: Node, scope: _Scope) -> Value:
    return run.values(node, scope)


def _index(run: _Run, node: Node, scope: _Scope) -> Value:
    values, chosen = items_of(run.value(node.parts[0], scope)), run.value(node.parts[1], scope)
    if values is None:
        return None
    if isinstance(chosen, Decimal):
        place = whole(chosen)
        return values[place - 1 if place > 0 else place] if place and -len(values) <= place <= len(values) else None
    return values if chosen is True else ()


def _filter(run: _Run, node: Node, scope: _Scope) -> Value:
    values = items_of(run.value(node.parts[0], scope))
    if values is None:
        return None
    return tuple(value for value in values if run.value(node.parts[1], {**scope, "item": value}) is True)


def _each(run: _Run, node: Node, scope: _Scope) -> Value:
    values = items_of(run.value(node.parts[0], scope))
    if values is None:
        return None
    return tuple(run.value(node.parts[1], {**scope, str(node.value): value}) for value in values)


def _quantify(decisive: bool) -> Callable[[_Run, Node, _Scope], Value]:
    """`some` is decided by one true, `every` by one false; otherwise a null leaves it open."""

    def rule(run: _Run, node: Node, scope: _Scope) -> Value:
        values = items_of(run.value(node.parts[0], scope))
        if values is None:
            return None
        scopes = ({**scope, str(node.value): value} for value in values)
        return _decide((run.value(node.parts[1], inner) for inner in scopes), decisive)

    return rule


def _connect(decisive: bool) -> Callable[[_Run, Node, _Scope], Value]:
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


def _choose(run: _Run, node: Node, scope: _Scope) -> Value:
    condition, then, otherwise = node.parts
    return run.value(then if run.value(condition, scope) is True else otherwise, scope)


def _call(run: _Run, node: Node, scope: _Scope) -> Value:
    name, arguments = str(node.value), run.values(node, scope)
    run.meter.at = node.at
    builtin = BUILTINS.get(name)
    return builtin.call(run.meter, arguments) if builtin else run.ask(name, arguments)


def _compare(run: _Run, node: Node, scope: _Scope) -> Value:
    left, right = run.values(node, scope)
    (sign,) = _signs(node)
    if sign in ("=", "!="):
        same = equal(run.meter, left, right)
        return None if same is None else same is (sign == "=")
    return _ordered(left, sign, right)


def _ordered(left: Value, sign: str, right: Value) -> bool | None:
    compared = order(left, right)
    if compared is None:
        return None
    return {"<": compared < 0, "<=": compared <= 0, ">": compared > 0, ">=": compared >= 0}[sign]


def _between(run: _Run, node: Node, scope: _Scope) -> Value:
    value, low, high = run.values(node, scope)
    return _decide((_ordered(value, ">=", low), _ordered(value, "<=", high)), False)


def _within(run: _Run, node: Node, scope: _Scope) -> Value:
    value = run.value(node.parts[0], scope)
    return _decide((_matches(run, value, choice, scope) for choice in node.parts[1:]), True)


def _matches(run: _Run, value: Value, choice: Node, scope: _Scope) -> Value:
    if choice.kind == "range":
        (low, high), (opening, closing) = run.values(choice, scope), _signs(choice)
        above = _ordered(value, ">=" if opening == "[" else ">", low)
        return _decide((above, _ordered(value, "<=" if closing == "]" else "<", high)), False)
    choices = items_of(run.value(choice, scope))
    return None if choices is None else holds(run.meter, choices, value)


def _chain(run: _Run, node: Node, scope: _Scope) -> Value:
    result, *others = run.values(node, scope)
    for sign, other in zip(_signs(node), others, strict=True):
        result = _operate(run.meter, result, sign, other)
    return result


def _operate(meter: Meter, left: Value, sign: str, right: Value) -> Value:
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return meter.string(left + right)
    if not isinstance(left, Decimal) or not isinstance(right, Decimal) or (sign == "/" and not right):
        return None
    arithmetic = meter.arithmetic
    operations = {"+": arithmetic.add, "-": arithmetic.subtract, "*": arithmetic.multiply, "/": arithmetic.divide}
    return operations[sign](left, right)


def _negative(run: _Run, node: Node, scope: _Scope) -> Value:
    (value,) = run.values(node, scope)
    return run.meter.arithmetic.minus(value) if isinstance(value, Decimal) else None


def _signs(node: Node) -> tuple[str, ...]:
    return tuple(str(sign) for sign in items_of(node.value) or ())


_RULES: Mapping[str, Callable[[_Run, Node, _Scope], Value]] = {
    "literal": _literal,
    "name": _name,
    "path": _path,
    "listing": _listing,
    "index": _index,
    "filter": _filter,
    "each": _each,
    "some": _quantify(True),
    "every": _quantify(False),
    "either": _connect(True),
    "both": _connect(False),
    "choose": _choose,
    "call": _call,
    "compare": _compare,
    "between": _between,
    "within": _within,
    "sum": _chain,
    "product": _chain,
    "negative": _negative,
}
