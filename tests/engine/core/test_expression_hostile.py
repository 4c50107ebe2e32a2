"""Expressions written to crash, hang or break out: each gives a value or a refusal with its place."""

from collections.abc import Callable, Iterator

import pytest

from engine.core.expressions import ExpressionError, evaluate, parse_assignments, parse_tests, passes
from engine.core.feel_functions import BUILTINS
from engine.core.feel_grammar import KEYWORDS

VARIABLES = {
    "万": [1] * 10_000,
    "千": list(range(1_000)),
    "字": "啊" * 10_000,
    "层": [[[[[[1]]]]]],
    "单位": [{"名": f"单位{n}", "数": n} for n in range(300)],
    "大": 10**34 - 1,
}


def _deep() -> Iterator[str]:
    for opening, closing in (
        "()",
        "[]",
        ("[1][", "]"),
        ("{a:", "}"),
        ("not(", ")"),
        ("-", ""),
        ("[0..", "]"),
        ("(1..", ")"),
    ):
        for depth in (10, 39, 41, 300, 900):
            yield opening * depth + "1" + closing * depth
            yield opening * depth
            yield "1" + closing * depth
    for head, tail in (
        ("if true then ", " else 0"),
        ("for x in [1] return ", ""),
        ("some x in [1] satisfies ", ""),
        ("for x in 万, y in 万 return ", ""),
        ("count(", ")"),
        ("1 in ", ""),
        ("1 + ", ""),
        ("2 ** ", ""),
        ("true and ", ""),
        ("x.", ""),
        ("a instance of number and ", ""),
    ):
        for depth in (15, 60, 150):
            yield head * depth + "1" + tail * depth


def _long() -> Iterator[str]:
    for sign in (
        "1",
        "啊",
        " ",
        "\n",
        '"',
        "(",
        "/",
        "*",
        "//",
        "/*",
        "a ",
        "a b",
        "[",
        "{",
        "@",
        ".",
        "..",
        "?",
        ":",
        "\\",
    ):
        yield sign * 1_999
        yield sign * 2_001
    for piece in (
        "a.",
        "a,",
        "a:",
        "a and ",
        "1+",
        "[1],",
        "not ",
        "f(",
        "x in ",
        '"a"+',
        "a[1]",
        "1..",
        "<",
        '@"P1D"+',
    ):
        yield piece * (1_990 // len(piece)) + "a"


def _slow() -> Iterator[str]:
    for name in ("万", "千", "单位", "字"):
        for text in (
            "for x in {0} return for y in {0} return x",
            "for x in {0}, y in {0}, z in {0} return x",
            "some x in {0}, y in {0} satisfies x = {0}",
            "every x in {0} satisfies {0} = {0}",
            "{0}[{0} = {0}]",
            "{0}[item = {0}]",
            "for x in {0} return string({0})",
            "for x in {0} return distinct values({0})",
            "for x in {0} return index of({0}, x)",
            "for x in {0} return concatenate({0}, {0})",
            "for x in {0} return flatten([{0}, {0}])",
            "for x in {0} return {{a: {0}, b: a, c: [a, b]}}",
            "for x in {0} return sum({0})",
            "for x in {0} return median({0})",
            "for x in {0} return split({0}, x)",
            "for x in {0} return matches({0}, {0})",
            "for x in {0} return contains({0}, x)",
            "for x in {0} return string join({0}, {0})",
            "for x in {0} return insert before({0}, 1, {0})",
            "for x in {0} return {0}.名",
        ):
            yield text.format(name)
    for pattern in (
        "(a+)+$",
        "(a|a)*$",
        "(.*)*",
        ".*.*.*.*x",
        "a{1,9999}b{1,9999}",
        "(?=a)",
        "(?P<n>a)",
        r"\\1",
        "[[a]",
        "(",
        "a**",
        "\\\\",
        "^a*$|b*c*",
    ):
        for text in ("字", '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"', '""'):
            yield f'matches({text}, "{pattern}")'
            yield f'replace({text}, "{pattern}", "$0$0$0")'
            yield f'split({text}, "{pattern}")'
    yield 'replace(字, "啊", "啊啊")'
    yield 'replace(replace(字, "啊", "$0$0"), "啊", "$0$0")'


def _huge() -> Iterator[str]:
    for number in ("大", "9" * 34, "0." + "0" * 33 + "1", "1" * 1_000, "." + "1" * 1_000):
        for text in (
            "{0} ** {0}",
            "-{0} ** {0}",
            "exp({0})",
            "log({0})",
            "sqrt({0})",
            "modulo({0}, {0})",
            "modulo(大 ** 100, {0})",
            "decimal({0}, {0})",
            "round up({0}, -6000)",
            "date({0}, {0}, {0})",
            "time({0}, {0}, {0})",
            '@"P1D" * {0}',
            '@"P1M" * {0}',
            '@"P1M" / {0}',
            '@"2026-01-01" + @"P1D" * {0}',
            "for i in 1..{0} return i",
            "for i in -{0}..{0} return i",
            "substring(字, {0}, {0})",
            "sublist(万, {0}, {0})",
            "万[{0}]",
            "odd({0} ** 99)",
            "{0} / {0} ** 99",
        ):
            yield text.format(number)
    for text in (
        "P999999999Y",
        "P999999999999D",
        "PT999999999999H",
        "-P1000000M",
        "PT0.9999999999S",
        "P1Y1D",
        "PT",
        "P",
    ):
        yield f'@"{text}"'
        yield f'duration("{text}")'
        yield f'date("9999-12-31") + duration("{text}")'
    for text in (
        "0000-01-01",
        "9999-12-31T23:59:60",
        "99999-01-01",
        "2026-13-01",
        "0001-01-01T00:00:00+14:00",
        "24:00:00+99:99",
    ):
        yield f'@"{text}" = @"{text}"'
        yield f'date and time("{text}") - date and time("0001-01-01T00:00:00Z")'


def _tricks() -> Iterator[str]:
    yield from KEYWORDS
    for word in KEYWORDS:
        yield f"{word} + 1"
        yield f"{{{word}: 1}}"
        yield f"a.{word}"
        yield f"for {word} in [1] return {word}"
    for name in ("__class__", "__init__", "__import__", "eval", "exec", "lambda", "format", "self", "None", "True"):
        yield from (f"{name}", f"a.{name}", f"单位.{name}", f"{{a: 1}}.{name}", f'@"P1D".{name}', f"[1..2].{name}")
        yield from (f'{name}("1")', f'get value({{a: 1}}, "{name}")', f'"{{0.{name}}}" + {name}', f"单位[{name}]")
    for sign in (
        "\u202e",
        "\u200b",
        "\ufeff",
        "\u2028",
        "\x00",
        "\ud800",
        "\U0001f600",
        "\u0301",
        "ﬁ",
        "ª",
        "①",
        "Ⅷ",
        "\x1b",
        "%s",
        "\u0660",
    ):
        yield from (
            f"a{sign} = 1",
            f"{sign}1",
            f'"{sign}"',
            f"1 {sign} 1",
            f'string length("{sign}")',
            f'date("{sign}026-01-01")',
        )
    for text in (
        '"',
        '"\\',
        '"\\u',
        '"\\u12',
        '"\\U110000"',
        '"\\ud800\\ud800"',
        '@"',
        "@",
        "'a'",
        '"""',
        "/*",
        "/**/",
        "//",
        "1 /* 2",
    ):
        yield from (text, f"1 + {text}", f"{text} + 1", f"{{a: {text}}}")
    yield from (
        "a b c",
        "1 2",
        "a..b",
        "[1..]",
        "[..1]",
        "]1..2[",
        "..",
        "1...2",
        "a.",
        ".a",
        "a..",
        "f(",
        "f)",
        "f(,)",
        "[,]",
        "{,}",
        "{:}",
    )
    yield from (
        "a:b",
        "{a}",
        "{a:}",
        "f(a: 1, 2)",
        "f(1, a: 2)",
        "x in",
        "x in ()",
        "in x",
        "x in (,)",
        "not",
        "not()",
        "function(a) a",
        "a = b = c",
    )
    yield from (
        "external",
        "instance of",
        "a instance of",
        "a instance of list<number>",
        "for x in",
        "for x in [1], return x",
        "?",
        "? > 1",
        "x in ?",
    )


def _calls() -> Iterator[str]:
    for name in BUILTINS:
        for argument in ("null", "[]", "{}", "[1..2]", '"a"', "大", "单位", '@"P1M"', '@"09:30:00Z"', "万"):
            yield f"{name}({argument})"
            yield f"{name}({argument}, {argument})"
        yield f"{name}()"
        yield f"{name}(1, 2, 3, 4, 5, 6, 7)"
        yield f"{name}(错: 1)"


def _try(text: str) -> None:
    for run in (
        lambda: evaluate(text, VARIABLES),
        lambda: passes(parse_tests(text), "甲", VARIABLES),
        lambda: parse_assignments(f"结果 = {text}"),
    ):
        try:
            run()
        except ExpressionError as error:
            assert error.line >= 1 and error.column >= 1 and error.reason


@pytest.mark.parametrize("write", [_deep, _long, _slow, _huge, _tricks, _calls])
def test_nothing_that_is_written_crashes_hangs_or_breaks_out(write: Callable[[], Iterator[str]]) -> None:
    texts = list(write())
    assert len(texts) > 40
    for text in texts:
        _try(text)


def test_there_are_some_hundreds() -> None:
    assert sum(len(list(write())) for write in (_deep, _long, _slow, _huge, _tricks, _calls)) > 1_000
