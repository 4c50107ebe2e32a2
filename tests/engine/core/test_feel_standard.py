"""What the public compatibility kit of DMN and the standard's own tables showed to be missing or otherwise here."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from engine.core.expressions import ExpressionError, Value, evaluate

ODD = timezone(timedelta(hours=8, seconds=30))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # A backslash that escapes nothing is a sign like any other (10.3.1.2).
        (r'split("甲 乙", "\s")', ("甲", "乙")),
        (r'matches("2026", "^\d{4}$")', True),
        ('"a\\/b\\\'c\\q"', "a\\/b'c\\q"),
        # A dot stands for no line end, a carriage return included (XPath).
        (r'matches("甲\r乙", "甲.乙")', False),
        (r'matches("甲\r乙", "甲.乙", "s")', True),
        (r'matches("a.b", "a[.]b$")', True),
        # Signs that mean nothing make no number, whatever stands before them (table 72).
        ('number(5, ",", ",")', None),
        ('number("5", ";", ".")', None),
        # A start lies within the text, a length is at least one (table 74); what stands behind a point is cut.
        ('substring("残疾人联合会", 3, 2.9)', "人联"),
        ('substring("残联", 1, 9)', "残联"),
        ('substring("残联", null)', None),
        ('substring("残联", 1 / 3 * 10 ** 20)', None),
        # A scale is cut too, and has bounds (table 76).
        ("decimal(2 / 3, 2.9)", Decimal("0.67")),
        ("round up(5.5, -6112)", None),
        ("round half up(5.5, 6177)", None),
        ("round down(5.5, 6176)", Decimal("5.5")),
        # The length of a part of a list lies within the list (table 75).
        ("sublist([1, 2, 3], 2, 2)", (2, 3)),
        ("sublist([1, 2, 3], 2, 3)", None),
        ("sublist([1, 2, 3], -2, 0)", None),
        ("sublist([1, 2, 3], -2)", (2, 3)),
        # An offset may have seconds, a fraction no digits.
        ('time("09:30:00+08:00:30")', time(9, 30, tzinfo=ODD)),
        ('string(time("09:30:00+08:00:30"))', "09:30:00+08:00:30"),
        ('duration("PT7.S")', timedelta(seconds=7)),
        # A date beside a moment is midnight in UTC (table 57).
        ('@"2026-01-20T12:00:00+08:00" - @"2026-01-20"', timedelta(hours=4)),
        # What has no offset is ordered by that of the other (table 54), and is not equal to it.
        ('@"2026-01-20T09:00:00" >= @"2026-01-20T08:00:00-10:00"', True),
        ('@"2026-01-20T09:00:00" != @"2026-01-20T09:00:00Z"', True),
        # A path over a list gives what each item has (10.3.2.5).
        ('[@"2026-01-20", @"2026-02-20"].month', (1, 2)),
        ("[{a: 1}, null, {b: 2}].a", (1, None, None)),
        ("[[{a: 1}], [{a: 2}, {a: 3}]].a", ((1,), (2, 3))),
        # Days can be counted.
        (
            'for d in @"2026-01-31"..@"2026-02-01" return d',
            (date(2026, 1, 31), date(2026, 2, 1)),
        ),
        ('for d in [@"2026-02-01"..@"2026-01-31"] return d.day', (1, 31)),
        ('for d in @"2026-01-31T00:00:00"..@"2026-02-01T00:00:00" return d', None),
        # A test of ranges takes points and ranges where its signature names them (table 78).
        ("overlaps([1..5], 3)", None),
        ("during(5, 5)", None),
        ("includes(5, [1..5])", None),
        ("coincides(5, [5..5])", None),
        ("coincides(5, 5)", True),
    ],
)
def test_the_answer_is_the_standard_s(text: str, value: Value) -> None:
    assert evaluate(text, {}) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sort([3, 1, 2], function(a, b) a < b)", (1, 2, 3)),
        ("sort(list: [3, 1, 2], precedes: function(a, b) a > b)", (3, 2, 1)),
        ("sort([{n: 2, k: 1}, {n: 1}, {n: 2, k: 2}], function(x, y) x.n < y.n).k", (None, 1, 2)),
        ("sort(数列, function(a, b) 权[a] < 权[b])", (2, 3, 1)),
        ("sort(5, function(a, b) a < b)", (5,)),
        ("sort([], function(a, b) a < b)", ()),
        ('sort([1, "a"], function(a, b) a < b)', None),
        ("sort(null, function(a, b) a < b)", None),
        ("sort([2, 1], 1)", None),
    ],
)
def test_a_list_is_put_in_the_order_that_a_comparison_gives(text: str, value: Value) -> None:
    assert evaluate(text, {"数列": [1, 2, 3], "权": [9, 1, 5]}) == value


def test_a_sort_that_reckons_for_long_stops() -> None:
    with pytest.raises(ExpressionError, match="计算量超过上限"):
        evaluate("sort(万, function(a, b) a < b)", {"万": list(range(10_000, 0, -1))})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('context([{key: "甲", value: 1}, {key: "乙", value: null}])', {"甲": 1, "乙": None}),
        ('context({key: "甲", value: 1, 余: 2})', {"甲": 1}),
        ("context(get entries({甲: 1}))", {"甲": 1}),
        ("context([])", {}),
        ('context([{key: "甲", value: 1}, {key: "甲", value: 2}])', None),
        ('context({key: "甲"})', None),
        ("context({key: 1, value: 1})", None),
        ("context(1)", None),
        ("context(null)", None),
        ('context put({甲: 1, 乙: 2}, "甲", 3)', {"甲": 3, "乙": 2}),
        ('context put({甲: {乙: 1}}, ["甲", "乙"], 2).甲', {"乙": 2}),
        ('context put(context: {}, keys: ["甲"], value: null)', {"甲": None}),
        ('context put({甲: 1}, ["甲", "乙"], 2)', None),
        ('context put({甲: {}}, ["甲", null], 2)', None),
        ("context put({}, [], 2)", None),
        ('context put(null, "甲", 2)', None),
        ("context merge([{甲: 1, 乙: 1}, {乙: 2}])", {"甲": 1, "乙": 2}),
        ("context merge({甲: 1})", {"甲": 1}),
        ("context merge([{甲: 1}, 2])", None),
        ("context merge(null)", None),
        ("is(1, 1.0)", True),
        ("is(null, null)", True),
        ('is(1, "1")', False),
        ('is(@"P0Y", @"P0D")', False),
        ('is(@"09:00:00Z", @"09:00:00+00:00")', True),
        ('is(@"09:00:00", @"09:00:00Z")', False),
        ('is(@"2026-01-20T09:00:00+08:00", @"2026-01-20T01:00:00Z")', False),
    ],
)
def test_contexts_are_made_and_values_are_told_apart(text: str, value: Value) -> None:
    assert evaluate(text, {}) == value


def test_the_least_and_greatest_moment_are_found_whatever_their_offsets() -> None:
    found = evaluate('max([@"2026-01-20T09:00:00", @"2026-01-20T10:00:00Z"])', {})
    assert found == datetime(2026, 1, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize("pattern", [r"[\1]", r"(a)[b\0]", r"[\p]", r"(a)\1", r"\q"])
def test_a_pattern_with_an_escape_that_readers_take_differently_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError, match=r"只支持 .* 等常用的反斜杠写法"):
        evaluate(f'matches("a", "{pattern}")', {})
