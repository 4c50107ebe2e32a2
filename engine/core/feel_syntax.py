"""The grammar of the expression language: from text to a tree, or to an error a person can act on."""

import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import TypeAlias, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from engine.core.feel_functions import BUILTINS
from engine.core.feel_grammar import GRAMMAR
from engine.core.feel_misprints import (
    LAMBDA,
    NOT,
    PARTIAL,
    Misprint,
    explain_sign,
    explain_stray,
    place,
    unknown_function,
)
from engine.core.feel_time import read_any
from engine.core.feel_values import MAX_DEPTH, MAX_DIGITS, MAX_LENGTH, ExpressionError, Value


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the tree of an expression."""

    kind: str
    at: tuple[int, int]
    parts: tuple["Node", ...] = ()
    value: Value = None
    names: frozenset[str] = frozenset()
    depth: int = 1


def nodes_in(node: Node) -> Iterator[Node]:
    """Walk over a tree."""
    yield node
    for part in node.parts:
        yield from nodes_in(part)


def calls_in(node: Node) -> Iterator[Node]:
    """Walk over every function call in a tree."""
    return (one for one in nodes_in(node) if one.kind == "call")


_Found: TypeAlias = Token | Node


def _node(
    kind: str, at: tuple[int, int], parts: tuple[Node, ...], value: Value = None, bound: tuple[str, ...] = ()
) -> Node:
    """Join parts; after each of them the name at its place in `bound` is known, so it is not free in the next."""
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise Misprint(at, f"嵌套超过{MAX_DEPTH}层，请拆成几个表达式")
    _check_lambdas(kind, parts, value)
    free = [part.names.difference(bound[:index]) for index, part in enumerate(parts)]
    return Node(kind, at, parts, value, frozenset[str]().union(*free), depth)


def _check_lambdas(kind: str, parts: tuple[Node, ...], value: Value) -> None:
    for index, part in enumerate(parts):
        if part.kind == "function" and kind != "named" and (kind, value, index) != ("call", "sort", 1):
            raise Misprint(part.at, LAMBDA)


def _literal(token: Token, value: Value) -> Node:
    return Node("literal", place(token), value=value)


def _split(found: list[_Found]) -> tuple[list[Token], tuple[Node, ...]]:
    return [one for one in found if isinstance(one, Token)], tuple(one for one in found if isinstance(one, Node))


def _operation(kind: str) -> Callable[["_Builder", list[_Found]], Node]:
    def build(builder: "_Builder", found: list[_Found]) -> Node:
        signs, parts = _split(found)
        return _node(kind, parts[0].at, parts, tuple(str(sign) for sign in signs))

    return build


class _Builder(Transformer[Token, Node]):
    """Build the tree while lark reduces, so that no depth of nesting recurses."""

    def start(self, found: list[Node]) -> Node:
        _check_lambdas("start", tuple(found), None)
        return found[0]

    def number(self, found: list[Token]) -> Node:
        value = Decimal(found[0])
        if len(value.as_tuple().digits) > MAX_DIGITS:
            raise Misprint(place(found[0]), f"数字超过{MAX_DIGITS}位")
        return _literal(found[0], value)

    def string(self, found: list[Token]) -> Node:
        return _literal(found[0], _unescape(found[0]))

    def true(self, found: list[Token]) -> Node:
        return _literal(found[0], True)

    def false(self, found: list[Token]) -> Node:
        return _literal(found[0], False)

    def null(self, found: list[Token]) -> Node:
        return _literal(found[0], None)

    def name(self, found: list[Token]) -> Node:
        name = _named(found[0], "?")
        return Node("name", place(found[0]), value=name, names=frozenset([name]))

    def at(self, found: list[Token]) -> Node:
        value = read_any(found[0][2:-1])
        if value is None:
            raise Misprint(place(found[0]), f'{found[0]}不是日期、时间或时长，例如 @"2026-01-20"、@"09:30:00"、@"P1M"')
        return _literal(found[0], value)

    def call(self, found: list[_Found]) -> Node:
        head, parts = _split(found)
        return _node("call", place(head[0]), parts, " ".join(head[0].split()))

    def named(self, found: list[_Found]) -> Node:
        (name,), parts = _split(found)
        return _node("named", place(name), parts, " ".join(name.split()))

    def named_call(self, found: list[_Found]) -> Node:
        (head,), parts = _split(found)
        name = " ".join(head.split())
        given: dict[str, Node] = {}
        for part in parts:
            if given.setdefault(str(part.value), part.parts[0]) is not part.parts[0]:
                raise Misprint(part.at, f"参数“{part.value}”写了两次")
        return _node("call", place(head), _ordered(name, given, place(head)), name)

    def listing(self, found: list[_Found]) -> Node:
        head, parts = _split(found)
        return _node("listing", place(head[0]), parts)

    def entry(self, found: list[_Found]) -> Node:
        (key,), parts = _split(found)
        if key.type == "KEY" and len(key.split()) > 1:
            raise Misprint(place(key), f'字段名里不能有空格，请加上双引号："{" ".join(key.split())}"')
        return _node("entry", place(key), parts, str(key) if key.type == "KEY" else _unescape(key))

    def context(self, found: list[_Found]) -> Node:
        (head,), entries = _split(found)
        keys = tuple(str(entry.value) for entry in entries)
        again = next((entry for index, entry in enumerate(entries) if entry.value in keys[:index]), None)
        if again:
            raise Misprint(again.at, f"字段“{again.value}”写了两次")
        return _node("context", place(head), tuple(entry.parts[0] for entry in entries), keys, keys)

    def choose(self, found: list[_Found]) -> Node:
        head, parts = _split(found)
        return _node("choose", place(head[0]), parts)

    def iterator(self, found: list[_Found]) -> Node:
        (name,), parts = _split(found)
        return _node("iterator", place(name), parts, _named(name))

    def span(self, found: list[_Found]) -> Node:
        _, parts = _split(found)
        return _node("span", parts[0].at, parts)

    def each(self, found: list[_Found]) -> Node:
        (head,), (*iterators, body) = _split(found)
        names = tuple(str(one.value) for one in iterators)
        kind = "each" if head == "for" else str(head)
        if kind == "each" and "partial" in body.names.difference(names):
            raise Misprint(body.at, PARTIAL)
        return _node(kind, place(head), (*(one.parts[0] for one in iterators), body), names, names)

    def function(self, found: list[_Found]) -> Node:
        (head, *given), parts = _split(found)
        names = tuple(map(_named, given))
        made = _node("function", place(head), parts, names)
        return replace(made, names=made.names.difference(names))

    def path(self, found: list[_Found]) -> Node:
        (name,), parts = _split(found)
        return _node("path", parts[0].at, parts, " ".join(name.split()))

    def pick(self, found: list[Node]) -> Node:
        # What names nothing cannot depend on the item.
        kind = "filter" if found[1].names else "index"
        return _node(kind, found[0].at, tuple(found), bound=("item",))

    def instance(self, found: list[_Found]) -> Node:
        (token,), parts = _split(found)
        return _node("instance", parts[0].at, parts, " ".join(token.split()[2:]))

    def negative(self, found: list[_Found]) -> Node:
        head, parts = _split(found)
        return _node("negative", place(head[0]), parts)

    def order(self, found: list[_Found]) -> Node:
        (sign,), parts = _split(found)
        return _node("order", place(sign), parts, str(sign))

    def range(self, found: list[_Found]) -> Node:
        ends, parts = _split(found)
        return _node("range", place(ends[0]), parts, tuple(str(end) for end in ends))

    def tests(self, found: list[Node]) -> Node:
        return _node("tests", found[0].at, tuple(found), True)

    either = _operation("either")
    both = _operation("both")
    compare = _operation("compare")
    between = _operation("between")
    within = _operation("within")
    sum = _operation("sum")
    product = _operation("product")
    power = _operation("power")


def _named(token: Token, *allowed: str) -> str:
    name = str(token)
    if name == "not":
        raise Misprint(place(token), NOT)
    if name == "?" and name not in allowed:
        raise Misprint(place(token), "“?”不能当作名称")
    return name


def _ordered(name: str, given: Mapping[str, Node], at: tuple[int, int]) -> tuple[Node, ...]:
    """Put named arguments where they stand by position; what is left out between them is null."""
    builtin = BUILTINS.get(name)
    if builtin is None or not builtin.signatures:
        raise Misprint(at, f"函数“{name}”的参数只能按次序写，不能写名称")
    for signature in builtin.signatures:
        names = [parameter.rstrip("?") for parameter in signature]
        if given.keys() <= set(names) and all(one in given or one + "?" in signature for one in names):
            last = max(index for index, one in enumerate(names) if one in given)
            return tuple(given.get(one) or Node("literal", at) for one in names[: last + 1])
    ways = "；或 ".join("、".join(signature) for signature in builtin.signatures)
    raise Misprint(at, f"函数“{name}”的参数名称不对，应为 {ways}".replace("?", "（可省）"))


_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_ESCAPED = {'"': '"', "'": "'", "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


def _unescape(token: Token) -> str:
    def replace(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        if code and 0 < int(code, 16) <= 0x10FFFF:
            return chr(int(code, 16))
        if code or match[3] in ("u", "U"):
            raise Misprint(place(token), f"文字里的“{match[0]}”不是可用的转义，反斜杠本身要写成“\\\\”")
        # DMN 1.3, 10.3.1.2: elsewhere a backslash is a sign like any other, as in "\d+".
        return _ESCAPED.get(match[3], match[0])

    try:
        # Two \u escapes may be the halves of one character; a half alone cannot be stored.
        return _ESCAPE.sub(replace, token[1:-1]).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise Misprint(place(token), "文字里的“\\u”转义只有半个字符") from None


@cache
def _parser() -> Lark:
    start = ["start", "tests"]
    return Lark(GRAMMAR, parser="lalr", lexer="basic", start=start, transformer=_Builder(), maybe_placeholders=False)


def read(text: str) -> Node:
    """Parse a text into a tree, or raise an ExpressionError."""
    try:
        _check_text(text)
        root = _grow(text, "start")
        if "?" in root.names:
            raise Misprint((1, 1), "“?”只能写在决策表的条件格里")
        return root
    except Misprint as fault:
        raise ExpressionError(fault.reason, text, *fault.at) from None


_NEGATED = re.compile(r"(\s*not\s*\()(.*)(\)\s*)", re.DOTALL)


def read_tests(text: str) -> Node:
    """Parse the unary tests of a decision table's cell; the root's value is what one that holds decides."""
    try:
        if text.strip() in ("", "-"):
            return Node("tests", (1, 1), value=False)
        _check_text(text)
        if found := _NEGATED.fullmatch(text):
            try:
                # Blanks keep every place where a person sees it.
                inner = _grow(re.sub(r"\S", " ", found[1]) + found[2], "tests")
                return replace(inner, value=False)
            except Misprint:
                pass  # not(a) and not(b), or a fault that is told below
        return _grow(text, "tests")
    except Misprint as fault:
        raise ExpressionError(fault.reason, text, *fault.at) from None


def _check_text(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise Misprint((1, 1), f"表达式超过{MAX_LENGTH}个字符，请拆成几个")
    if not text.strip():
        raise Misprint((1, 1), "表达式是空的")
    # A half surrogate or a NUL cannot be stored with the diagram.
    bad = next((index for index, sign in enumerate(text) if sign == "\0" or "\ud800" <= sign <= "\udfff"), None)
    if bad is not None:
        before = text[:bad]
        raise Misprint((before.count("\n") + 1, bad - before.rfind("\n")), "这里有一个不能保存的字符，请删除")


def _grow(text: str, start: str) -> Node:
    try:
        return cast(Node, _parser().parse(text, start=start))
    except UnexpectedCharacters as fault:
        raise Misprint((fault.line, fault.column), explain_sign(fault.char)) from None
    except UnexpectedToken as fault:
        raise explain_stray(fault, text) from None


def check_calls(root: Node, text: str, functions: Container[str] | None) -> None:
    """Refuse calls with a wrong number of arguments and, where the known functions are given, calls of others."""
    for node in calls_in(root):
        reason = _call_fault(str(node.value), len(node.parts), functions)
        if reason:
            raise ExpressionError(reason, text, *node.at)


def _call_fault(name: str, given: int, functions: Container[str] | None) -> str:
    builtin = BUILTINS.get(name)
    if builtin is None:
        return "" if functions is None or name in functions else unknown_function(name, functions)
    if given < builtin.least:
        return f"函数“{name}”至少要有{builtin.least}个参数，这里有{given}个"
    if builtin.most is not None and given > builtin.most:
        return f"函数“{name}”最多有{builtin.most}个参数，这里有{given}个"
    return ""
