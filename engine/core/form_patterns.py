"""Which regular expressions a form may hold: those whose worst case is bounded before they ever run."""

import re

MAX_PATTERN = 200
MAX_WORK = 2_000_000

_COUNT = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_SETS = re.compile(r"(?<!\\)\[|--|&&|\|\||~~")
_ONLY = "只支持 \\d \\w \\s 等常用的反斜杠写法"
_ESCAPES = set("dDwWsSbBnrtfv") | set(r"\.^$*+?{}[]|()-/ ")


class Unsafe(ValueError):
    """Say why a pattern is refused."""


def check_pattern(pattern: str, length: int) -> int:
    """Refuse a pattern that is wrong, that JavaScript and Python read differently, or that could run for long.

    Gives in how many ways it can be tried at worst on a text of that length.
    """
    if len(pattern) > MAX_PATTERN:
        raise Unsafe(f"校验格式最多 {MAX_PATTERN} 字")
    scan = _Scan(pattern, max(length, 1))
    ways = scan.branches()
    if scan.at < len(pattern):
        raise Unsafe("括号不配对")
    try:
        re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        raise Unsafe("校验格式写得不对") from None
    # Of several branches the "^" holds only the first.
    work = ways * (1 if pattern.startswith("^") and "|" not in pattern else max(length, 1))
    if work > MAX_WORK:
        raise Unsafe("校验格式太复杂，可能要算很久；请减少 * 和 +，并以 ^ 开头")
    return work


class _Scan:
    """Walk over a pattern and bound in how many ways it can be tried at one place."""

    def __init__(self, pattern: str, length: int) -> None:
        self.pattern = pattern
        self.length = length
        self.at = 0
        self.depth = 0
        self.repeats = 0

    def branches(self) -> int:
        ways = self.sequence()
        while self.here() == "|":
            self.at += 1
            ways += self.sequence()
        return ways

    def sequence(self) -> int:
        ways = 1
        while (sign := self.here()) and sign not in "|)":
            ways = min(ways * self.piece(), MAX_WORK + 1)
        return ways

    def piece(self) -> int:
        before = self.repeats
        inner, repeated = self.atom(), self.repeats > before
        low, high = self.quantifier()
        if high > 1 and (inner > 1 or repeated):
            raise Unsafe("不能重复一个里面还有重复或多选的括号（例如 (a+)+）")
        return inner * (high - low + 1)

    def atom(self) -> int:
        sign = self.here()
        if sign == "(":
            return self.group()
        if sign == "[":
            found = _CLASS.match(self.pattern, self.at)
            if not found:
                raise Unsafe("方括号不配对")
            if _SETS.search(found[0], 1):
                raise Unsafe("方括号里的 [ 请写成 \\[，不支持 -- && || ~~")
            if not _ESCAPES.issuperset(re.findall(r"\\(.)", found[0], re.DOTALL)):
                raise Unsafe(_ONLY)
            self.at = found.end()
        elif sign == "\\":
            self.escape()
        elif sign in "*+?{":
            raise Unsafe(f"{sign} 前面没有要重复的内容")
        else:
            self.at += 1
        return 1

    def group(self) -> int:
        self.depth += 1
        self.at += 3 if self.pattern.startswith("(?:", self.at) else 1
        if self.here() == "?":
            raise Unsafe("只支持 ( ) 和 (?: ) 两种括号")
        if self.depth > 10:
            raise Unsafe("括号层数太多")
        ways = self.branches()
        if self.here() != ")":
            raise Unsafe("括号不配对")
        self.at += 1
        self.depth -= 1
        return ways

    def escape(self) -> None:
        if self.pattern[self.at + 1 : self.at + 2] not in _ESCAPES:
            raise Unsafe(_ONLY)
        self.at += 2

    def quantifier(self) -> tuple[int, int]:
        sign = self.here()
        low, high = 1, 1
        if sign and sign in "*+?":
            low, high = (0 if sign != "+" else 1), (1 if sign == "?" else self.length)
            self.at += 1
        elif sign == "{":
            low, high = self.counted()
        else:
            return 1, 1
        if self.here() and self.here() in "+*?{":
            raise Unsafe("不支持连写的重复符号（例如 a+?、a++）")
        self.repeats += high > 1
        return low, max(low, high)

    def counted(self) -> tuple[int, int]:
        found = _COUNT.match(self.pattern, self.at)
        if not found:
            raise Unsafe("重复次数应写成 {2}、{2,} 或 {2,5}")
        self.at = found.end()
        low = int(found[1])
        if found[2] is None:
            return low, low
        return low, int(found[3]) if found[3] else self.length

    def here(self) -> str:
        return self.pattern[self.at : self.at + 1]
