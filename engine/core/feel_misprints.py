"""What people are told when an expression cannot be read."""

import difflib
import re
import unicodedata
from collections.abc import Container, Iterable

from lark import Token, UnexpectedToken

from engine.core.feel_functions import BUILTINS
from engine.core.feel_values import KINDS

LAMBDA = "function(a, b) … 只能写在 sort 的第二个参数里，用来比较先后"
PARTIAL = "循环里不能用 partial，请改用 sum、count 一类的函数"
NOT = "“不是”要写成 not(…)，括号不能省"


class Misprint(Exception):
    """Carry what is wrong and where out of the tree building."""

    def __init__(self, at: tuple[int, int], reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


def place(token: Token) -> tuple[int, int]:
    """Say where a token stands."""
    return (token.line or 1, token.column or 1)


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
    "#": "“#”说明要单独写一行；“#{…}”是其他产品的写法，请只写里面的表达式",
    "$": "“${…}”是其他产品的写法，请只写里面的表达式",
}


def explain_sign(sign: str) -> str:
    """Say what to write in the place of a sign that has none."""
    if sign in _HINTS:
        return _HINTS[sign]
    plain = unicodedata.normalize("NFKC", sign)
    if plain != sign and plain.isascii():
        return f"“{sign}”是全角字符，请改为半角的“{plain}”"
    return f"“{sign}”不能用在表达式里"


_CLOSERS = {
    "RPAR": ")",
    "RSQB": "]",
    "RBRACE": "}",
    "_THEN": "then",
    "_ELSE": "else",
    "_RETURN": "return",
    "_SATISFIES": "satisfies",
}


def explain_stray(fault: UnexpectedToken, text: str) -> Misprint:
    """Say why a token cannot stand where it does."""
    if fault.token.type == "$END":
        lines = text.rstrip().split("\n")
        return Misprint((len(lines), len(lines[-1]) + 1), _explain_end(fault.accepts))
    return Misprint(place(fault.token), _explain_token(fault.token, text))


def _explain_end(accepted: Container[str]) -> str:
    missing = next((word for name, word in _CLOSERS.items() if name in accepted), None)
    return f"表达式没有写完，后面还缺“{missing}”" if missing else "表达式没有写完，后面还缺一个值"


def _explain_token(token: Token, text: str) -> str:
    before = text[: token.start_pos].rstrip()
    if token == "=":
        return "等于只写一个“=”" if before.endswith("=") else "表达式前面不要写“=”" if not before else "这里不能再写“=”"
    if re.search(r"(?:^|\W)not$", before):
        return NOT
    if token == "instance":
        return f"instance of 的后面要写类型：{'、'.join(sorted(KINDS | {'Any'}))}"
    if token.type == "NAME" and re.search(r"\w$", before):
        return f"“{token}”前面缺少运算符；名称里不能有空格"
    if token == "..":
        return "区间要放在括号里，例如 [1..5]"
    if re.search(r"\bfunction\s*\([^()]*\)?$", before):
        return LAMBDA
    if token == "<" and (found := re.search(r"instance\s+of\s+(\w+)$", before)):
        return f"类型里不写 <…>，只写 {found[1]}"
    if token.type == "ORDER" and re.search(r'[\w)\]"]$', before):
        return "比较不能连写，请用 and 连接，或改用 between"
    return f"“{token}”不应出现在这里，请检查它前面是否缺少运算符、逗号或值"


def unknown_function(name: str, functions: Container[str]) -> str:
    """Say that there is no such function, and which one may be meant."""
    known = [*BUILTINS, *(functions if isinstance(functions, Iterable) else ())]
    near = difflib.get_close_matches(name, known, n=1)
    return f"没有“{name}”这个函数" + (f"，是不是“{near[0]}”？" if near else "，请检查名称")
