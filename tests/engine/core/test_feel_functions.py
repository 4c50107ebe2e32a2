"""The built-in functions of DMN 1.3, contexts, ranges and loops over several lists."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from engine.core.expressions import Value, evaluate, parse
from engine.core.feel_functions import BUILTINS

ORDINARY: Mapping[str, object] = {
    "部门": "宣文部",
    "数列": [1, 2, 3, 4],
    "名单": ["办公室", "宣文部"],
    "单位": ({"名": "甲", "数": 3}, {"名": "乙", "数": 8}),
    "限额": 5,
    "两年": {"值": 1},
}


def check(text: str, value: object) -> None:
    assert evaluate(text, ORDINARY) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('substring before("a-b-c", "-")', "a"),
        ('substring before("abc", "x")', ""),
        ('substring before("abc", "")', ""),
        ('substring before("abc", 1)', None),
        ('substring after("a-b-c", "-")', "b-c"),
        ('substring after("abc", "x")', ""),
        ('substring after("abc", "")', "abc"),
        ("substring after(1, 1)", None),
        ('substring(string: "宣文部", start position: 2)', "文部"),
        ('substring(start position: 1, length: 2, string: "宣文部")', "宣文"),
        (r'matches("2026-01", "^\\d{4}-\\d{2}$")', True),
        ('matches("a\\n", "^a$")', False),
        ('matches("a\\nb", "^b$", "m")', True),
        ('matches("A", "a", "i")', True),
        ('matches("a\\nb", "a.b", "s")', True),
        ('matches("a$", "[$]$")', True),
        ("matches(部门, null)", None),
        ("matches(null, 部门)", None),
        ("matches(部门, 部门, 1)", None),
        ('replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', "[1=ab][2=]cd"),
        (r'replace("a.b", "\\.", "\\$$9\\\\")', r"a$\b"),
        ('replace("aBa", "A", "-", "i")', "-B-"),
        ('replace("abc", "x*", "-")', None),
        ('replace("abc", "b", 1)', None),
        ("replace(null, null, null)", None),
        ('replace("abc", null, "b")', None),
        ('split("甲、乙、丙", "、")', ("甲", "乙", "丙")),
        ('split("abc", "x")', ("abc",)),
        ('split("abc", "")', None),
        ("split(null, null)", None),
        ('string join(["甲", null, "乙"], "、")', "甲、乙"),
        ('string join(["甲", "乙"])', "甲乙"),
        ('string join(["甲"], null)', "甲"),
        ("string join(null)", None),
        ("string join([1])", None),
        ("string join([], 1)", None),
        ('number("1 234,5", " ", ",")', Decimal("1234.5")),
        ('number("1.234,5", ".", ",")', Decimal("1234.5")),
        ('number("1,234.5", ",", ".")', Decimal("1234.5")),
        ('number(from: "1,5", decimal separator: ",")', Decimal("1.5")),
        ('number("1.5", null, ",")', Decimal("1.5")),
        ('number("1", ".", ".")', None),
        ('number("1", "x", ".")', None),
        ('number("1", null, "x")', None),
        ('string(@"2026-01-20")', "2026-01-20"),
        ('string([1..5)) + string({a: "x"})', '[1..5){a: "x"}'),
        ("string((null..5])", "(null..5]"),
    ],
)
def test_text(text: str, value: Value) -> None:
    check(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mean(数列)", Decimal("2.5")),
        ("mean([])", None),
        ("median(8, 2, 5)", Decimal(5)),
        ("median(数列)", Decimal("2.5")),
        ("median([])", None),
        ("mode([6, 3, 9, 6, 6])", (Decimal(6),)),
        ("mode([6, 1, 9, 6, 1])", (Decimal(1), Decimal(6))),
        ("mode([])", ()),
        ('mode(["a"])', None),
        ("stddev(2, 4, 7, 5)", Decimal("2.081665999466132735282297706979931")),
        ("stddev([1])", None),
        ("stddev([])", None),
        ("product(数列)", Decimal(24)),
        ("product([])", None),
        ("all([true, true])", True),
        ("all([true, null])", None),
        ("all([false, null])", False),
        ("all([])", True),
        ("all(null)", None),
        ("any(false, true, null)", True),
        ("any([false, 1])", None),
        ("any([])", False),
        ("sublist(数列, 2)", (Decimal(2), Decimal(3), Decimal(4))),
        ("sublist(数列, -2, 1)", (Decimal(3),)),
        ("sublist(数列, 0)", None),
        ("sublist(数列, 1, -1)", None),
        ("sublist(数列, 1, null)", None),
        ("sublist(null, 1)", None),
        ("insert before([1, 3], 2, 2)", (Decimal(1), Decimal(2), Decimal(3))),
        ("insert before([1, 3], 3, 2)", None),
        ("insert before(null, 1, 2)", None),
        ("remove([1, 2, 3], 2)", (Decimal(1), Decimal(3))),
        ("remove([1, 2, 3], -1)", (Decimal(1), Decimal(2))),
        ("remove([1], 2)", None),
        ("remove(null, 1)", None),
        ("reverse([1, 2])", (Decimal(2), Decimal(1))),
        ("reverse(null)", None),
        ("index of([1, 2, 1], 1)", (Decimal(1), Decimal(3))),
        ("index of([1, null], null)", (Decimal(2),)),
        ("index of(null, 1)", None),
        ("union([1, 2], [2, 3])", (Decimal(1), Decimal(2), Decimal(3))),
        ("union([1], null)", None),
    ],
)
def test_lists(text: str, value: Value) -> None:
    check(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("decimal(1/3, 2)", Decimal("0.33")),
        ("decimal(2.5, 0)", Decimal(2)),
        ("decimal(1250, -2)", Decimal(1200)),
        ("decimal(1, 9)", Decimal(1)),
        ("decimal(1, 9999)", None),
        ("decimal(1.26, 1.5)", Decimal("1.3")),
        ('decimal("1", 1)', None),
        ("floor(-1.5)", Decimal(-2)),
        ("floor(1.25, 1)", Decimal("1.2")),
        ("ceiling(1.1)", Decimal(2)),
        ("round up(-1.21, 1)", Decimal("-1.3")),
        ("round down(-1.29, 1)", Decimal("-1.2")),
        ("round half up(5.5, 0)", Decimal(6)),
        ("round half down(5.5, 0)", Decimal(5)),
        ("abs(-5)", Decimal(5)),
        ("abs(null)", None),
        ("modulo(12, 5)", Decimal(2)),
        ("modulo(-12, 5)", Decimal(3)),
        ("modulo(12, -5)", Decimal(-3)),
        ("modulo(10.1, 4.5)", Decimal("1.1")),
        ("modulo(10, 5)", Decimal(0)),
        ("modulo(1, 0)", None),
        ('modulo("1", 1)', None),
        ("sqrt(16)", Decimal(4)),
        ("sqrt(-1)", None),
        ("decimal(log(10), 4)", Decimal("2.3026")),
        ("log(0)", None),
        ("decimal(exp(5), 4)", Decimal("148.4132")),
        ('exp("5")', None),
        ("odd(5)", True),
        ("odd(2)", False),
        ("odd(1.5)", False),
        ("odd(9 ** 6000)", False),
        ("even(-2)", True),
        ("even(9 ** 6000)", True),
        ("even(null)", None),
        ("2 ** 3", Decimal(8)),
        ("2 ** 3 ** 2", Decimal(64)),
        ("-3 ** 2", Decimal(9)),
        ("2 * 3 ** 2", Decimal(18)),
        ("4 ** 0.5", Decimal(2)),
        ("2 ** -1", Decimal("0.5")),
        ("-2 ** 0.5", None),
        ("0 ** -1", None),
        ("0 ** 0", Decimal(1)),
        ('2 ** "3"', None),
    ],
)
def test_numbers(text: str, value: Value) -> None:
    check(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ('{a: 1, "b c": a + 1}', {"a": Decimal(1), "b c": Decimal(2)}),
        ("{a: {b: [1, 2]}}.a.b[2]", Decimal(2)),
        ("{a: 1} = {a: 1.0}", True),
        ("{a: 1}.b", None),
        ("[{a: 1}, {a: 2}].a", (Decimal(1), Decimal(2))),
        ("[{a: 1}, {b: 2}].a", (Decimal(1), None)),
        ("[{a: 1}, 2].a", (1, None)),
        ("[].a", ()),
        ("单位.名", ("甲", "乙")),
        ("单位[数 > 限额].名", ("乙",)),
        ("单位[数 > 限额][1].名", "乙"),
        ("单位[item.数 > 限额].名", ("乙",)),
        ("单位[名 = 部门]", ()),
        ("数列[限额 - 3]", Decimal(2)),
        ("数列[限额 > 3]", (Decimal(1), Decimal(2), Decimal(3), Decimal(4))),
        ("[{x: 1, y: 2}, {x: 2, y: 3}][x = 1]", ({"x": Decimal(1), "y": Decimal(2)},)),
        ("[{item: 1}][item = 1]", ({"item": Decimal(1)},)),
        ("[{x: 1}, 2, {x: 3}][x > 2]", ({"x": Decimal(3)},)),
        ('get value({a: 1}, "a")', Decimal(1)),
        ('get value({a: 1}, "b")', None),
        ("get value({a: 1}, 1)", None),
        ('get value(1, "a")', None),
        ('get entries({a: 1})[key = "a"].value', (Decimal(1),)),
        ("get entries(1)", None),
        ("count(get entries({}))", Decimal(0)),
    ],
)
def test_contexts(text: str, value: Value) -> None:
    check(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 in [[1..3], [5..7]]", True),
        ("4 in [[1..3], [5..7]]", False),
        ("4 in [[1..4), (4..7]]", False),
        ("[1..3] in [[1..3]]", True),
        ("5 in > 4", True),
        ("5 in (< 3)", False),
        ("5 in (< 3, >= 5)", True),
        ('5 in (> "a", 6)', None),
        ("null in (null)", True),
        ("null in (1, null)", True),
        ("1 in (1, null)", True),
        ("{段: [1..3], 在: 2 in 段}.在", True),
        ("[1..3] = [1..3]", True),
        ("[1..3] = [1..3)", False),
        ("[1..3) = (1..3)", False),
        ('[1.."a"]', None),
        ("[[1]..2]", None),
        ("[true..false]", None),
        ("[1..5].start", Decimal(1)),
        ("[1..5].end", Decimal(5)),
        ("(1..5].start included", False),
        ("(1..5].end included", True),
        ("[1..5].middle", None),
        ("before(1, 10)", True),
        ("before(10, 1)", False),
        ("before([1..5], [5..9])", False),
        ("before([1..5), [5..9])", True),
        ("before(5, (5..9])", True),
        ("before(1, null)", None),
        ("before([1..null], 3)", None),
        ("before([1..3], [null..5])", None),
        ("before([1..3], [2..null])", None),
        ('before(1, "a")', None),
        ("before([1], 2)", None),
        ("after(10, [1..9])", True),
        ("after([5..9], [1..5])", False),
        ("after([5..9], [1..5))", True),
        ("meets([1..5], [5..10])", True),
        ("meets([1..5), [5..10])", False),
        ("met by([5..10], [1..5])", True),
        ("overlaps([1..5], [5..10])", True),
        ("overlaps([1..5), [5..10])", False),
        ("overlaps([6..10], [1..5])", False),
        ("overlaps before([1..5], [3..10])", True),
        ("overlaps before([1..5], [1..5])", False),
        ("overlaps before([1..5), (1..5])", True),
        ("overlaps before([1..5], (1..5))", False),
        ("overlaps before([1..2], [3..5])", False),
        ("overlaps after([3..10], [1..5])", True),
        ("finishes(5, [1..5])", True),
        ("finishes([3..5], [1..5])", True),
        ("finishes([1..5], (1..5])", False),
        ("finished by([1..5], 5)", True),
        ("includes([1..5], 5)", True),
        ("includes([1..5), 5)", False),
        ("includes([1..5), [1..5))", True),
        ("includes((1..5], [1..3])", False),
        ("during(3, [1..5])", True),
        ("starts(1, [1..5])", True),
        ("starts([1..5], [1..5))", False),
        ("starts([1..3], [1..5])", True),
        ("started by([1..5], 1)", True),
        ("coincides([1..5], [1..5])", True),
        ("coincides([1..5], [1..5))", False),
        ("coincides(1, 1)", True),
        ('during(@"2026-01-20", [@"2026-01-01"..@"2026-12-31"])', True),
    ],
)
def test_ranges(text: str, value: Value) -> None:
    check(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("for i in 1..3 return i * 2", (Decimal(2), Decimal(4), Decimal(6))),
        ("for i in 3..1 return i", (Decimal(3), Decimal(2), Decimal(1))),
        ("for i in [1..3] return i", (Decimal(1), Decimal(2), Decimal(3))),
        ("for i in (1..3] return i", None),
        ("for i in 1..1.5 return i", None),
        ("for i in 1..count(数列) return 数列[i] + i", tuple(map(Decimal, (2, 4, 6, 8)))),
        ("for x in [1, 2], y in [10, 20] return x + y", tuple(map(Decimal, (11, 21, 12, 22)))),
        ("for x in [[1, 2], [3]], y in x return y", tuple(map(Decimal, (1, 2, 3)))),
        ("for x in [1], y in null return x", None),
        ("some x in [1, 2], y in [2, 3] satisfies x = y", True),
        ("every x in [1, 2], y in [2, 3] satisfies x <= y", True),
        ("every x in [1, 2], y in null satisfies true", None),
        ("some i in 1..9 satisfies i * i = 49", True),
    ],
)
def test_loops(text: str, value: Value) -> None:
    check(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 instance of number", True),
        ('"a" instance of number', False),
        ("true instance of boolean", True),
        ('@"2026-01-20" instance of date', True),
        ('@"2026-01-20T00:00:00" instance of date', False),
        ('@"2026-01-20T00:00:00" instance of date and time', True),
        ('@"P1M" instance of years and months duration', True),
        ('@"P1D" instance of days and time duration', True),
        ("[1] instance of list", True),
        ("{} instance of context", True),
        ("[1..2] instance of range", True),
        ("null instance of Any", False),
        ("null instance of Null", True),
        ("1 instance of Any", True),
    ],
)
def test_kinds(text: str, value: Value) -> None:
    check(text, value)


def test_what_a_filter_may_mean_as_a_field_is_not_needed() -> None:
    found = parse("[{价: 1}, {价: 限额}][价 > 底价 and item.价 < 顶价].价")
    assert found.names == {"价", "限额", "底价", "顶价"}
    assert found.needed == {"限额", "底价", "顶价"}
    assert parse('get entries({a: 1})[key = "a"]').needed == set()


def test_each_function_takes_what_it_says() -> None:
    for name, builtin in BUILTINS.items():
        assert builtin.least >= 1, name
        assert all(builtin.most is None or len(way) <= builtin.most for way in builtin.signatures), name
