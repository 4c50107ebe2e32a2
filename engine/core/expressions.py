"""The expressions of a diagram: a documented subset of FEEL (DMN 1.3), bounded, without a way into Python.

web/templates/processes/feel.md is the page for those who write them: literals, operators, functions, null. Left out:
functions of one's own but for the comparison of `sort`, boxed expressions, names with spaces, names of time zones,
`partial` in a loop, `]a..b[`.

Null comes from a missing name, a wrong type, a division by zero, an order with null; only null equals null. A condition
holds when it `is True`.
"""

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from decimal import Overflow
from functools import lru_cache
from types import MappingProxyType

from engine.core.feel_grammar import KEYWORDS
from engine.core.feel_run import Functions, Run
from engine.core.feel_syntax import Node, calls_in, check_calls, nodes_in, read, read_tests
from engine.core.feel_values import ExpressionError, Meter, Value, items_of

__all__ = [
    "Assignment",
    "Expression",
    "ExpressionError",
    "Value",
    "evaluate",
    "given_texts",
    "parse",
    "parse_assignments",
    "parse_tests",
    "passes",
]

MAX_SCRIPT = 20_000

_NOTHING: Mapping[str, Callable[..., Value]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; `line` and `column` say where it begins in what a person wrote.

    `names` are all that it may read; `needed` leaves out those that a filter may mean as fields of its items.
    """

    text: str
    names: frozenset[str]
    needed: frozenset[str]
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
    return _checked(_parse(text), functions)


def parse_tests(text: str, functions: Container[str] | None = None) -> Expression:
    """Parse the unary tests of a decision table's cell: `-`, `> 3, [7..9]`, `not("a")`, `contains(?, "a")`."""
    return _checked(_parse_tests(text), functions)


def _checked(expression: Expression, functions: Container[str] | None) -> Expression:
    if functions is not None:
        check_calls(expression.root, expression.text, functions)
    return expression


@lru_cache(maxsize=2048)
def _parse(text: str) -> Expression:
    return _expression(text, read(text))


@lru_cache(maxsize=4096)
def _parse_tests(text: str) -> Expression:
    return _expression(text, read_tests(text))


def _expression(text: str, root: Node) -> Expression:
    check_calls(root, text, None)
    nodes = tuple(nodes_in(root))
    fields = {str(key) for node in nodes if node.kind == "context" for key in items_of(node.value) or ()}
    filtered = {name for node in nodes if node.kind == "filter" for name in node.parts[1].names}
    needed = root.names - (filtered & (fields | {"key", "value"})) - {"?"}
    return Expression(text, root.names, needed, frozenset(str(call.value) for call in calls_in(root)), root)


def given_texts(expression: Expression, function: str) -> frozenset[str]:
    """Name the texts that are written out as arguments of a function."""
    calls = (call for call in calls_in(expression.root) if call.value == function)
    given = (part.value for call in calls for part in call.parts if part.kind == "literal")
    return frozenset(value for value in given if isinstance(value, str))


def evaluate(expression: Expression | str, variables: Mapping[str, object], functions: Functions = _NOTHING) -> Value:
    """Give the value of an expression; what has no answer is null, what breaks a bound raises ExpressionError."""
    return _evaluate(parse(expression) if isinstance(expression, str) else expression, variables, functions, {})


def passes(
    tests: Expression, value: Value, variables: Mapping[str, object], functions: Functions = _NOTHING
) -> bool | None:
    """Tell whether a value passes a cell's unary tests, which read it as `?`."""
    result = _evaluate(tests, variables, functions, {"?": value})
    return result if isinstance(result, bool) else None


def _evaluate(
    parsed: Expression, variables: Mapping[str, object], functions: Functions, scope: Mapping[str, Value]
) -> Value:
    meter = Meter(parsed.text, parsed.line, parsed.column)
    try:
        result = Run(meter, variables, functions).value(parsed.root, scope)
    except Overflow:
        raise meter.error("计算结果超出数字的范围") from None
    except OverflowError:
        raise meter.error("计算结果超出日期和时长的范围") from None
    if result is None or isinstance(result, bool):
        return result
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
