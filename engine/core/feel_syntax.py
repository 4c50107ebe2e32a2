"""The grammar of the expression language: from text to a tree, or to an error a person can act on."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TypeAlias, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from engine.core.feel_functions import BUILTINS
from engine.core.feel_values import MAX_DEPTH, MAX_DIGITS, MAX_LENGTH, ExpressionError, Value

KEYWORDS = frozenset(
    [
        *("and", "or", "in", "between", "if", "then", "else", "for", "return"),
        *("some", "every", "satisfies", "true", "false", "null"),
    ]
)

# A function's name may hold spaces ("list contains"), so it is one token: words that are no keywords, before a "(".
# "if", "for", "some" and "every" reach as far to the right as they can: lark shifts where it might also reduce.
_WORD = rf"(?!(?:{'|'.join(sorted(KEYWORDS))})\b)[^\W\d]\w*"
_GRAMMAR = rf"""
start: expression
?expression: either
?either: both (_OR both)*
?both: comparison (_AND comparison)*
?comparison: sum
    | sum COMPARE sum -> compare
    | sum _BETWEEN sum _AND sum -> between
    | sum _IN sum -> within
    | sum _IN range -> within
    | sum _IN "(" range ")" -> within
    | sum _IN "(" choice ("," choice)+ ")" -> within
?choice: expression | range
range: (LSQB | LPAR) expression ".." expression (RSQB | RPAR)
?sum: product ((PLUS | MINUS) product)*
?product: unary ((TIMES | DIVIDE) unary)*
?unary: postfix | MINUS unary -> negative
?postfix: atom
    | postfix "." NAME -> path
    | postfix "[" expression "]" -> pick
?atom: "(" expression ")"
    | NUMBER -> number
    | STRING -> string
    | TRUE -> true
    | FALSE -> false
    | NULL -> null
    | NAME -> name
    | FUNCTION "(" [expression ("," expression)*] ")" -> call
    | LSQB [expression ("," expression)*] "]" -> listing
    | IF expression _THEN expression _ELSE expression -> choose
    | FOR NAME _IN expression _RETURN expression -> each
    | (SOME | EVERY) NAME _IN expression _SATISFIES expression -> quantify
_OR: "or"
_AND: "and"
_BETWEEN: "between"
_IN: "in"
_THEN: "then"
_ELSE: "else"
_RETURN: "return"
_SATISFIES: "satisfies"
IF: "if"
FOR: "for"
SOME: "some"
EVERY: "every"
TRUE: "true"
FALSE: "false"
NULL: "null"
LSQB: "["
RSQB: "]"
LPAR: "("
RPAR: ")"
PLUS: "+"
MINUS: "-"
TIMES: "*"
DIVIDE: "/"
COMPARE: /!=|<=|>=|=|<|>/
NUMBER: /[0-9]+(?:\.[0-9]+)?|\.[0-9]+/
STRING: /"(?:[^"\\\n]|\\.)*"/
NAME: /[^\W\d]\w*/
FUNCTION.1: /{_WORD}(?:[ \t]+{_WORD})*(?=\s*\()/
%ignore /\s+/
%ignore /\/\/[^\n]*/
%ignore /\/\*(?:.|\n)*?\*\//
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the tree of an expression."""

    kind: str
    at: tuple[int, int]
    parts: tuple["Node", ...] = ()
    value: Value = None
    names: frozenset[str] = frozenset()
    depth: int = 1


def calls_in(node: Node) -> Iterator[Node]:
    """Walk over every function call in a tree."""
    if node.kind == "call":
        yield node
    for part in node.parts:
        yield from calls_in(part)


_NOT = "“不是”要写成 not(…)，括号不能省"
_Found: TypeAlias = Token | Node


class _Fault(Exception):
    """Carry what is wrong and where out of the tree building."""

    def __init__(self, at: tuple[int, int], reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


def _place(token: Token) -> tuple[int, int]:
    return (token.line or 1, token.column or 1)


def _node(kind: str, at: tuple[int, int], parts: tuple[Node, ...], value: Value = None, bound: str = "") -> Node:
    """Join parts; the last one of a binder sees the bound name, so it is not free there."""
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise _Fault(at, f"嵌套超过{MAX_DEPTH}层，请拆成几个表达式")
    names = frozenset[str]().union(*(part.names for part in parts[:-1])) if parts else frozenset()
    inner = parts[-1].names - {bound} if parts else frozenset()
    return Node(kind, at, parts, value, names | inner, depth)


def _literal(token: Token, value: Value) -> Node:
    return Node("literal", _place(token), value=value)


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
        return found[0]

    def number(self, found: list[Token]) -> Node:
        value = Decimal(found[0])
        if len(value.as_tuple().digits) > MAX_DIGITS:
            raise _Fault(_place(found[0]), f"数字超过{MAX_DIGITS}位")
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
        name = str(found[0])
        if name == "not":
            raise _Fault(_place(found[0]), _NOT)
        return Node("name", _place(found[0]), value=name, names=frozenset([name]))

    def call(self, found: list[_Found]) -> Node:
        head, parts = _split(found)
        return _node("call", _place(head[0]), parts, " ".join(head[0].split()))

    def listing(self, found: list[_Found]) -> Node:
        head, parts = _split(found)
        return _node("listing", _place(head[0]), parts)

    def choose(self, found: list[_Found]) -> Node:
        head, parts = _split(found)
        return _node("choose", _place(head[0]), parts)

    def each(self, found: list[_Found]) -> Node:
        (head, name), parts = _split(found)
        return _node("each", _place(head), parts, str(name), str(name))

    def quantify(self, found: list[_Found]) -> Node:
        (head, name), parts = _split(found)
        return _node(str(head), _place(head), parts, str(name), str(name))

    def path(self, found: list[_Found]) -> Node:
        (name,), parts = _split(found)
        return _node("path", parts[0].at, parts, str(name))

    def pick(self, found: list[Node]) -> Node:
        filtering = "item" in found[1].names
        return _node("filter" if filtering else "index", found[0].at, tuple(found), bound="item")

    def negative(self, found: list[_Found]) -> Node:
        head, parts = _split(found)
        return _node("negative", _place(head[0]), parts)

    def range(self, found: list[_Found]) -> Node:
        ends, parts = _split(found)
        return _node("range", _place(ends[0]), parts, tuple(str(end) for end in ends))

    either = _operation("either")
    both = _operation("both")
    compare = _operation("compare")
    between = _operation("between")
    within = _operation("within")
    sum = _operation("sum")
    product = _operation("product")


_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "r": "\r", "t": "\t"}


def _unescape(token: Token) -> str:
    def replace(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        if code and 0 < int(code, 16) <= 0x10FFFF:
            return chr(int(code, 16))
        if match[3] in _ESCAPED:
            return _ESCAPED[match[3]]
        raise _Fault(_place(token), f'文字里的“{match[0]}”不是可用的转义，反斜杠本身要写成“\\\\”，引号要写成“\\"”')

    try:
        # Two \u escapes may be the halves of one character; a half alone cannot be stored.
        return _ESCAPE.sub(replace, token[1:-1]).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise _Fault(_place(token), "文字里的“\\u”转义只有半个字符") from None


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", transformer=_Builder(), maybe_placeholders=False)


def read(text: str) -> Node:
    """Parse a text into a tree, or raise an ExpressionError."""
    try:
        _check_text(text)
        return _grow(text)
    except _Fault as fault:
        raise ExpressionError(fault.reason, text, *fault.at) from None


def _check_text(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise _Fault((1, 1), f"表达式超过{MAX_LENGTH}个字符，请拆成几个")
    if not text.strip():
        raise _Fault((1, 1), "表达式是空的")
    # A half surrogate or a NUL cannot be stored with the diagram.
    bad = next((index for index, sign in enumerate(text) if sign == "\0" or "\ud800" <= sign <= "\udfff"), None)
    if bad is not None:
        before = text[:bad]
        raise _Fault((before.count("\n") + 1, bad - before.rfind("\n")), "这里有一个不能保存的字符，请删除")


def _grow(text: str) -> Node:
    try:
        return cast(Node, _parser().parse(text))
    except UnexpectedCharacters as fault:
        raise _Fault((fault.line, fault.column), _explain_sign(fault.char)) from None
    except UnexpectedToken as fault:
        raise _stray(fault, text) from None


_HINTS = {
    '"': '文字没有写完，缺少右边的双引号（"）',
    "'": '文字要用双引号（"）括起来，不用单引号',
    "“": '文字要用半角双引号（"）括起来',
    "”": '文字要用半角双引号（"）括起来',
    "‘": '文字要用半角双引号（"）括起来',
    "’": '文字要用半角双引号（"）括起来',
    "【": "列表要用半角方括号（[ ]）",
    "】": "列表要用半角方括号（[ ]）",
    "、": "各项之间要用半角逗号（,）隔开",
    "。": "表达式末尾不要写句号",
    ";": "表达式末尾不要写分号",
    "≤": "小于等于要写成“<=”",
    "≥": "大于等于要写成“>=”",
    "≠": "不等于要写成“!=”",
    "×": "乘号要写成“*”",
    "÷": "除号要写成“/”",
    "&": "“并且”要写成 and",
    "|": "“或者”要写成 or",
    "!": "“不是”要写成 not(…)，不等于要写成“!=”",
    "#": "“#”说明要单独写一行",
}


def _explain_sign(sign: str) -> str:
    if sign in _HINTS:
        return _HINTS[sign]
    plain = unicodedata.normalize("NFKC", sign)
    if plain != sign and plain.isascii():
        return f"“{sign}”是全角字符，请改为半角的“{plain}”"
    return f"“{sign}”不能用在表达式里"


_CLOSERS = {"RPAR": ")", "RSQB": "]", "_THEN": "then", "_ELSE": "else", "_RETURN": "return", "_SATISFIES": "satisfies"}


def _stray(fault: UnexpectedToken, text: str) -> _Fault:
    if fault.token.type == "$END":
        lines = text.rstrip().split("\n")
        return _Fault((len(lines), len(lines[-1]) + 1), _explain_end(fault.accepts))
    return _Fault(_place(fault.token), _explain_token(fault.token, text))


def _explain_end(accepted: Container[str]) -> str:
    missing = next((word for name, word in _CLOSERS.items() if name in accepted), None)
    return f"表达式没有写完，后面还缺“{missing}”" if missing else "表达式没有写完，后面还缺一个值"


def _explain_token(token: Token, text: str) -> str:
    before = text[: token.start_pos].rstrip()
    if token == "=":
        return "等于只写一个“=”" if before.endswith("=") else "表达式前面不要写“=”" if not before else "这里不能再写“=”"
    if re.search(r"(?:^|\W)not$", before):
        return _NOT
    if token.type == "NAME" and re.search(r"\w$", before):
        return f"“{token}”前面缺少运算符；名称里不能有空格"
    if token == "..":
        return "区间只能写在 in 的后面"
    if token.type == "COMPARE" and re.search(r'[\w)\]"]$', before):
        return "比较不能连写，请用 and 连接，或改用 between"
    return f"“{token}”不应出现在这里，请检查它前面是否缺少运算符、逗号或值"


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


def unknown_function(name: str, functions: Container[str]) -> str:
    """Say that there is no such function, and which one may be meant."""
    known = [*BUILTINS, *(functions if isinstance(functions, Iterable) else ())]
    near = difflib.get_close_matches(name, known, n=1)
    return f"没有“{name}”这个函数" + (f"，是不是“{near[0]}”？" if near else "，请检查名称")
