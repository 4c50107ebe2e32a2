"""Whatever is written and whatever the variables hold: a value or a refusal, never another exception."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.core.expressions import ExpressionError, evaluate, parse, parse_assignments, parse_tests
from engine.core.feel_functions import BUILTINS
from engine.core.feel_time import Months
from engine.core.feel_values import Range

WORDS = [
    *("1", "2.5", ".5", '"甲"', '"\\u4e2d"', "true", "false", "null", "[", "]", "(", ")", ",", ".", ".."),
    *("+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or", "not", "in", "between", "if", "then", "else"),
    *(
        "{",
        "}",
        "a:",
        ":",
        "?",
        "**",
        "@",
        '@"P1M"',
        '@"2026-01-31"',
        "date and time(",
        "instance of",
        "number",
        "..",
        "x, y in",
    ),
    *("for", "return", "some", "every", "satisfies", "x", "金额", "item", "count(", "list contains(", "f(", "//", "\n"),
]
NAMES = ["a", "b", "金额", "item", "x"]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.text(max_size=8),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.timedeltas(),
    st.integers(-9_999, 9_999).map(Months),
    st.sampled_from([Decimal("9E6144"), Decimal("1E-6144"), 10**34 - 1, 1.5]),
)
foreign = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=8,
)
variables_of_any_kind = st.dictionaries(st.sampled_from(NAMES), foreign)


def _write(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda chosen: template.format(*chosen))


def _taking(count: int) -> list[str]:
    return sorted(name for name, one in BUILTINS.items() if one.least <= count <= (one.most or count))


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    name = st.sampled_from(NAMES)
    sign = st.sampled_from(["+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"])
    one = (*_taking(1), "host")
    two = (*_taking(2), "host")
    three = _taking(3)
    return st.one_of(
        _write("({} {} {})", inner, sign, inner),
        _write("{}({})", st.sampled_from(one), inner),
        _write("{}({}, {})", st.sampled_from(two), inner, inner),
        _write("{}({}, {}, {})", st.sampled_from(three), inner, inner, inner),
        _write("({}) in {}{}..{}{}", inner, st.sampled_from("[("), inner, inner, st.sampled_from("])")),
        _write("({}) in ({}, {})", inner, inner, inner),
        _write("(({}) between {} and {})", inner, inner, inner),
        _write("(if {} then {} else {})", inner, inner, inner),
        _write("(for {} in {} return {})", name, inner, inner),
        _write("({} {} in {} satisfies {})", st.sampled_from(["some", "every"]), name, inner, inner),
        _write("({})[{}]", inner, inner),
        _write("({}).{}", inner, name),
        _write("[{}, {}]", inner, inner),
        _write("{}{}..{}{}", st.sampled_from("[("), inner, inner, st.sampled_from("])")),
        _write("{{a: {}, {}: {}}}", inner, st.sampled_from(["b", '"x"', "金额"]), inner),
        _write("(for {} in {}..{} return {})", name, inner, inner, inner),
        _write("(for a in {}, b in {} return {})", inner, inner, inner),
        _write("({}) in ({} {}, {})", inner, st.sampled_from(["<", ">="]), inner, inner),
        _write("({}) instance of {}", inner, st.sampled_from(["number", "date and time", "context", "Any"])),
        _write("({}).{}", inner, st.sampled_from(["year", "days", "months", "second", "time offset", "start", "key"])),
        _write("-{}", inner),
    )


literals = st.sampled_from(
    [
        *("1", "0", "-2", "0.5", "9999999999", '"甲"', '"2026-05-01"', "true", "false", "null", "[]", "[1, 2]", "{}"),
        *('@"2026-01-31"', '@"09:30:00"', '@"2026-01-31T09:30:00Z"', '@"P1M"', '@"-PT36H"', "[1..5]"),
        *('"[a-z]+"', '"09:30:00Z"'),
    ]
)
expressions_of_any_kind = st.recursive(literals | st.sampled_from(NAMES), _larger, max_leaves=12)


def _is_value(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_value, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_value(item) for key, item in value.items())
    return value is None or type(value) in (bool, Decimal, str, date, time, datetime, timedelta, Months, Range)


@given(st.text() | st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join))
@settings(max_examples=300, deadline=None)
@example("\ud83d\ude00")
@example('"\\')
def test_any_text_parses_or_is_refused(text: str) -> None:
    for read in (parse, parse_assignments, parse_tests):
        try:
            read(text)
        except ExpressionError as error:
            assert error.line >= 1 and error.column >= 1


@given(expressions_of_any_kind, variables_of_any_kind)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_expression_over_any_variables_gives_a_value_or_is_refused(
    text: str, variables: Mapping[str, object]
) -> None:
    try:
        result = evaluate(text, variables, {"host": lambda *arguments: arguments})
    except ExpressionError:
        return
    assert _is_value(result)


@given(variables_of_any_kind, st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
@settings(deadline=None)
def test_only_the_free_names_are_read(variables: Mapping[str, object], text: str) -> None:
    try:
        names = parse(text).names
        whole = evaluate(text, variables)
    except ExpressionError:
        return
    assert evaluate(text, {name: value for name, value in variables.items() if name in names}) == whole


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20))
@settings(deadline=None)
def test_a_number_survives_being_written_and_read(number: Decimal) -> None:
    assert evaluate("number(string(x)) = x", {"x": number}) is True


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\n"), max_size=50))
@settings(deadline=None)
def test_a_string_literal_is_read_as_it_was_meant(text: str) -> None:
    literal = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert evaluate(literal, {}) == text
    assert evaluate("string([x])", {"x": text}) == f"[{literal}]"
