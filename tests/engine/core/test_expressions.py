"""What administrators may write in a diagram, what it means, and what they are told when it is wrong."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

import pytest

from engine.core.expressions import Assignment, Expression, Value, evaluate, parse, parse_assignments

ORDINARY: Mapping[str, object] = {
    "部门": "宣文部",
    "金额": 5,
    "单价": Decimal("2.50"),
    "已审核": True,
    "空": None,
    "名单": ["办公室", "宣文部"],
    "数列": [1, 2, 3, 4],
    "日期": date(2026, 5, 1),
    "计划": {"负责": {"姓名": "张三"}, "件数": 3},
    "单位": ({"名": "甲", "数": 3}, {"名": "乙", "数": 8}),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", Decimal(1)),
        (".5", Decimal("0.5")),
        ("12.50", Decimal("12.5")),
        ("true", True),
        ("false", False),
        ("null", None),
        ('"双拥"', "双拥"),
        (r'"a\"b\\c\n\t\r/\u4e2d\U01F600"', 'a"b\\c\n\t\r/中😀'),
        (r'"\uD83D\uDE00"', "😀"),
        ("[]", ()),
        ('[1, "a", [null]]', (Decimal(1), "a", (None,))),
        ("1 // 说明", Decimal(1)),
        ("1 /* 说\n明 */ + 1", Decimal(2)),
        ("1\u3000+\n1", Decimal(2)),
    ],
)
def test_a_literal_is_its_value(text: str, value: Value) -> None:
    assert evaluate(text, {}) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 - 4 / 2", Decimal(5)),
        ("(1 + 2) * 3", Decimal(9)),
        ("2 - 1 - 1", Decimal(0)),
        ("-金额 + 1", Decimal(-4)),
        ("--1", Decimal(1)),
        ("0.1 + 0.2", Decimal("0.3")),
        ("1 / 3", Decimal("0." + "3" * 34)),
        ('"宣" + "文"', "宣文"),
        ('部门 + string(金额) + "件"', "宣文部5件"),
        ("1 / 0", None),
        ("0 / 0", None),
        ('"a" - 1', None),
        ('"a" + 1', None),
        ("1 + null", None),
        ("true + true", None),
        ("-true", None),
    ],
)
def test_arithmetic_is_decimal_and_wrong_types_give_null(text: str, value: Value) -> None:
    assert evaluate(text, ORDINARY) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("金额 = 5", True),
        ("金额 != 5", False),
        ("1.0 = 1", True),
        ("null = null", True),
        ("空 != null", False),
        ("金额 = null", False),
        ("金额 != null", True),
        ('金额 = "5"', None),
        ('金额 != "5"', None),
        ("true = 1", None),
        ("[1, 2] = [1, 2]", True),
        ("[1, 2] = [2, 1]", False),
        ("计划 = 计划", True),
        ("计划 = 单位[1]", False),
        ("金额 < 6", True),
        ("金额 <= 5", True),
        ("金额 > 5", False),
        ("金额 >= 5", True),
        ('"a" < "b"', True),
        ('日期 < date("2026-05-02")', True),
        ("金额 < null", None),
        ("不存在 > 1", None),
        ('1 < "2"', None),
        ("true < false", None),
        ("[1] < [2]", None),
    ],
)
def test_comparison_follows_dmn(text: str, value: Value) -> None:
    assert evaluate(text, ORDINARY) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true and true", True),
        ("true and null", None),
        ("false and null", False),
        ("null and false", False),
        ("true and 1", None),
        ("true or null", True),
        ("null or true", True),
        ("false or null", None),
        ("false or false", False),
        ("false or true and false", False),
        ("true and true and false", False),
        ("not(true)", False),
        ("not(false)", True),
        ("not(null)", None),
        ("not(1)", None),
        ("金额 > 3 and not (已审核 = false)", True),
    ],
)
def test_and_or_and_not_have_three_values(text: str, value: Value) -> None:
    assert evaluate(text, ORDINARY) is value


def test_what_a_decided_connection_does_not_need_is_not_evaluated() -> None:
    def never(*arguments: Value) -> Value:
        raise AssertionError

    assert evaluate("false and 查询()", {}, {"查询": never}) is False
    assert evaluate("true or 查询()", {}, {"查询": never}) is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("部门 in 名单", True),
        ('"财务部" in 名单', False),
        ('部门 in ["宣文部"]', True),
        ("金额 in 5", True),
        ("null in [1, null]", True),
        ("1 in [[1]]", False),
        ("部门 in 不存在", None),
        ("金额 in [1..5]", True),
        ("金额 in [1..5)", False),
        ("金额 in (5..9]", False),
        ("金额 in (4..9)", True),
        ("金额 in (1 .. 金额 + 1)", True),
        ("金额 in ([1..5])", True),
        ("金额 in (1, 2, [4..6])", True),
        ("金额 in (1, 2)", False),
        ("金额 in (1, 不存在)", None),
        ("null in [1..5]", None),
        ("金额 in [9..null]", False),
        ('"a" in [1..5]', None),
        ("金额 between 1 and 5", True),
        ("金额 between 6 and 9", False),
        ("金额 between null and 9", None),
        ("金额 between null and 4", False),
        ("金额 between 1 and 5 and 已审核", True),
    ],
)
def test_membership_and_ranges(text: str, value: Value) -> None:
    assert evaluate(text, ORDINARY) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('if 金额 > 3 then "高" else "低"', "高"),
        ('if 不存在 then "高" else "低"', "低"),
        ('if 1 then "高" else "低"', "低"),
        ("if false then 1 else if true then 2 else 3", Decimal(2)),
        ("(if true then 1 else 2) + 1", Decimal(2)),
        ("if false then 1 else 2 + 1", Decimal(3)),
        ("for x in [1, 2] return x * 金额", (Decimal(5), Decimal(10))),
        ("for x in 金额 return x + 1", (Decimal(6),)),
        ("for x in 不存在 return x", None),
        ("for 金额 in [1] return 金额", (Decimal(1),)),
        ("for x in [1] return for y in [10] return x + y", ((Decimal(11),),)),
        ("some x in 数列 satisfies x > 3", True),
        ("some x in 数列 satisfies x > 4", False),
        ("some x in [1, null] satisfies x > 3", None),
        ("some x in [] satisfies true", False),
        ("some x in 不存在 satisfies true", None),
        ("every x in 数列 satisfies x > 0 and x < 5", True),
        ("every x in 数列 satisfies x > 1", False),
        ("every x in [1, null] satisfies x > 0", None),
        ("every x in [] satisfies false", True),
        ("已审核 and some x in 数列 satisfies x = 2", True),
    ],
)
def test_choices_loops_and_quantifiers(text: str, value: Value) -> None:
    assert evaluate(text, ORDINARY) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("数列[1]", Decimal(1)),
        ("数列[-1]", Decimal(4)),
        ("数列[0]", None),
        ("数列[5]", None),
        ("数列[-5]", None),
        ("数列[1.5]", None),
        ("[][1]", None),
        ("不存在[1]", None),
        ("金额[1]", Decimal(5)),
        ("数列[true]", (Decimal(1), Decimal(2), Decimal(3), Decimal(4))),
        ("数列[null]", ()),
        ("数列[item > 2]", (Decimal(3), Decimal(4))),
        ("数列[item > 2][1]", Decimal(3)),
        ("数列[[1, 2][item > 1][1]]", Decimal(2)),
        ("数列[item]", ()),
        ("不存在[item > 2]", None),
        ("金额[item > 2]", (Decimal(5),)),
        ("单位[item.数 > 5][1].名", "乙"),
        ("for u in 单位 return u.名", ("甲", "乙")),
        ("计划.负责.姓名", "张三"),
        ("计划.负责.电话", None),
        ("部门.名称", None),
        ("名单.名称", (None, None)),
        ("不存在.名称", None),
    ],
)
def test_filters_indexes_and_paths(text: str, value: Value) -> None:
    assert evaluate(text, ORDINARY) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("count(数列)", Decimal(4)),
        ("count([])", Decimal(0)),
        ("count(金额)", Decimal(1)),
        ("count(不存在)", None),
        ("sum(数列)", Decimal(10)),
        ("sum(1, 2, 3)", Decimal(6)),
        ("sum([])", None),
        ("sum(null)", None),
        ('sum([1, "a"])', None),
        ("min(3, 1, 2)", Decimal(1)),
        ("max(数列)", Decimal(4)),
        ('max("甲", "乙")', "甲"),
        ('min(日期, date("2025-01-01"))', date(2025, 1, 1)),
        ("min([])", None),
        ("min(null)", None),
        ('min(1, "a")', None),
        ("list contains(名单, 部门)", True),
        ("list contains(名单, null)", False),
        ("list contains([1, null], null)", True),
        ("list  contains(不存在, 1)", None),
        ("append([1], 2, 3)", (Decimal(1), Decimal(2), Decimal(3))),
        ("append(null, 1)", None),
        ("concatenate([1], [2], 3)", (Decimal(1), Decimal(2), Decimal(3))),
        ("concatenate([1], null)", None),
        ('distinct values([1, 1.0, "1", [2], [2], null, null, true])', (1, "1", (2,), None, True)),
        ("distinct values(单位)", ({"名": "甲", "数": 3}, {"名": "乙", "数": 8})),
        ("distinct values(null)", None),
        ("flatten([1, [2, [3]], []])", (Decimal(1), Decimal(2), Decimal(3))),
        ("flatten(null)", None),
        ('contains(部门, "文")', True),
        ("contains(部门, 1)", None),
        ('starts with(部门, "宣")', True),
        ('ends with(部门, "宣")', False),
        ("ends with(null, null)", None),
        ("substring(部门, 2)", "文部"),
        ("substring(部门, 1, 2)", "宣文"),
        ("substring(部门, -1)", "部"),
        ("substring(部门, 1, 0)", None),
        ("substring(部门, 9)", None),
        ("substring(部门, 0)", None),
        ("substring(部门, -9)", None),
        ("substring(部门, 1, -1)", None),
        ("substring(部门, 2.9)", "文部"),
        ("substring(1, 1)", None),
        ("substring(部门, 1, null)", None),
        ("string length(部门)", Decimal(3)),
        ("string length(1)", None),
        ('upper case("aB")', "AB"),
        ('lower case("aB")', "ab"),
        ("upper case(1)", None),
        ("string(部门)", "宣文部"),
        ("string(null)", None),
        ("string(true)", "true"),
        ("string(2.50)", "2.5"),
        ("string(100)", "100"),
        ("string(0.00)", "0"),
        ("string(-0)", "0"),
        ("string(日期)", "2026-05-01"),
        (r'string([1, "a\"b", null, false, [日期]])', r'[1, "a\"b", null, false, [2026-05-01]]'),
        ("string(单位[1])", '{名: "甲", 数: 3}'),
        ('number("-12.50")', Decimal("-12.5")),
        ('number(".5")', Decimal("0.5")),
        ("number(5)", Decimal(5)),
        ('number("1e5")', None),
        ('number("１")', None),
        ("number(true)", None),
        ('date("2026-05-01")', date(2026, 5, 1)),
        ("date(2026, 5, 1)", date(2026, 5, 1)),
        ("date(日期)", date(2026, 5, 1)),
        ('date("2026-02-30")', None),
        ('date("20260501")', None),
        ("date(2026, 13, 1)", None),
        ("date(99999999999, 1, 1)", None),
        ("date(2026, 5)", None),
        ("date(1.5, 5, 1)", None),
        ("date(null)", None),
    ],
)
def test_a_function_gives_its_value_or_null(text: str, value: Value) -> None:
    assert evaluate(text, ORDINARY) == value


def test_names_and_functions_are_known_before_anything_runs() -> None:
    found = parse("for x in 名单 return 取值(x, y) + count(数列[item > 下限]) + 计划.件数 + item")
    assert found.names == {"名单", "y", "数列", "下限", "计划", "item"}
    assert found.functions == {"取值", "count"}


def test_a_bound_name_is_free_outside_its_binder() -> None:
    assert parse("some x in x satisfies x > 1").names == {"x"}
    assert parse("every x in [1] satisfies x > 1").names == frozenset()
    assert parse("名单[item = 部门]").names == {"名单", "部门"}
    assert parse("1").names == frozenset()


def test_an_expression_is_immutable_and_parsed_once() -> None:
    first = parse("金额 > 3")
    assert parse("金额 > 3") is first
    assert hash(first) == hash(parse("金额 > 3"))
    with pytest.raises(AttributeError):
        first.text = "x"  # type: ignore[misc]
    assert evaluate(first, ORDINARY) is True


@pytest.mark.parametrize("name", ["本单位负责人", "unit head", "岗位 的 人"])
def test_a_function_of_the_caller_is_called_by_position(name: str) -> None:
    seen: list[Value] = []

    def function(*arguments: Value) -> Value:
        seen.extend(arguments)
        return "张三"

    text = f"{name}(部门, [金额])"
    assert parse(text, {name}).functions == {name}
    assert evaluate(text, ORDINARY, {name: function}) == "张三"
    assert seen == ["宣文部", (Decimal(5),)]


def test_numbers_and_lists_of_the_caller_become_values() -> None:
    class Stage(StrEnum):
        DRAFT = "draft"

    variables = {"a": 7, "b": [1, [2]], "c": Stage.DRAFT, "d": {"k": [3]}, "e": True}
    assert evaluate("[a, b, c, d, e]", variables) == (7, (1, (2,)), "draft", {"k": (3,)}, True)
    assert type(evaluate("c", variables)) is str
    assert isinstance(evaluate("a", variables), Decimal)
    assert evaluate("f()", {}, {"f": lambda: [1]}) == (Decimal(1),)  # type: ignore[dict-item,return-value]


def test_a_function_of_the_caller_does_not_replace_one_of_the_language() -> None:
    assert evaluate("count([1])", {}, {"count": lambda items: "假"}) == Decimal(1)


def test_a_long_flat_expression_is_not_deep() -> None:
    assert evaluate(" and ".join(["true"] * 200), {}) is True
    assert evaluate(" + ".join(["1"] * 200), {}) == Decimal(200)
    assert evaluate("(" * 500 + "1" + ")" * 500, {}) == Decimal(1)


def test_a_script_is_lines_of_assignments() -> None:
    found = parse_assignments('# 说明\n\n  轮次 = 轮次 + 1  \r\n// 说明\n结论="通过" // 末尾\n', frozenset())
    assert [(one.name, one.line) for one in found] == [("轮次", 3), ("结论", 5)]
    assert evaluate(found[0].expression, {"轮次": 1}) == Decimal(2)
    assert evaluate(found[1].expression, {}) == "通过"
    assert found[0] == Assignment("轮次", found[0].expression, 3)
    assert found[0].expression == Expression(
        " 轮次 + 1  \r", frozenset(["轮次"]), frozenset(["轮次"]), frozenset(), parse("1").root, 3, 7
    )
    assert parse_assignments("") == ()


@pytest.mark.parametrize("text", ["a.__class__", "a.upper", '"".__class__.__mro__', "计划.items", "部门.count"])
def test_a_path_never_reaches_into_python(text: str) -> None:
    assert evaluate(text, {"a": "x", **ORDINARY}) is None
