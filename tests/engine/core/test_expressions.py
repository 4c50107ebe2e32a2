"""What administrators may write in a diagram, what it means, and what they are told when it is wrong."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.core import feel_values
from engine.core.expressions import Assignment, Expression, ExpressionError, Value, evaluate, parse, parse_assignments

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


def refusal(text: str, variables: Mapping[str, object] | None = None, **functions: Callable[..., Value]) -> str:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, variables or {}, functions)
    return str(caught.value)


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
        (r'"a\"b\\c\n\t\r\/\u4e2d\U01F600"', 'a"b\\c\n\t\r/中😀'),
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
        ("名单.名称", None),
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
        ("substring(部门, 1, 0)", ""),
        ("substring(部门, 9)", ""),
        ("substring(部门, 0)", None),
        ("substring(部门, -9)", None),
        ("substring(部门, 1, -1)", None),
        ("substring(部门, 1.5)", None),
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "第1行第1列：表达式是空的"),
        (" \n ", "第1行第1列：表达式是空的"),
        ("1" + "+1" * 1000, "第1行第1列：表达式超过2000个字符，请拆成几个"),
        ("-" * 60 + "1", "第1行第21列：嵌套超过40层，请拆成几个表达式"),
        ("金额\n + 1" + "0" * 34, "第2行第4列：数字超过34位"),
        ("1 + \n\0", "第2行第1列：这里有一个不能保存的字符，请删除"),
        ("\ud800", "第1行第1列：这里有一个不能保存的字符，请删除"),
        ("(1 + 2", "第1行第7列：表达式没有写完，后面还缺“)”"),
        ("f(1\n", "第1行第4列：表达式没有写完，后面还缺“)”"),
        ("数列[1", "第1行第5列：表达式没有写完，后面还缺“]”"),
        ("if a", "第1行第5列：表达式没有写完，后面还缺“then”"),
        ("if a then b", "第1行第12列：表达式没有写完，后面还缺“else”"),
        ("for x in y", "第1行第11列：表达式没有写完，后面还缺“return”"),
        ("some x in y", "第1行第12列：表达式没有写完，后面还缺“satisfies”"),
        ("1 +", "第1行第4列：表达式没有写完，后面还缺一个值"),
        ('部门 = "宣', '第1行第6列：文字没有写完，缺少右边的双引号（"）'),
        ("'a'", '第1行第1列：文字要用双引号（"）括起来，不用单引号'),
        ("“a”", '第1行第1列：文字要用半角双引号（"）括起来'),
        ("f（1）", "第1行第2列：“（”是全角字符，请改为半角的“(”"),
        ("金额 ＞ 3", "第1行第4列：“＞”是全角字符，请改为半角的“>”"),
        ("金额 ≥ 3", "第1行第4列：大于等于要写成“>=”"),
        ("a @ b", "第1行第3列：“@”不能用在表达式里"),
        ("１", "第1行第1列：“１”是全角字符，请改为半角的“1”"),
        ("§", "第1行第1列：“§”不能用在表达式里"),
        ("a && b", "第1行第3列：“并且”要写成 and"),
        ("= 3", "第1行第1列：表达式前面不要写“=”"),
        ("a == 3", "第1行第4列：等于只写一个“=”"),
        ("a != = 3", "第1行第6列：等于只写一个“=”"),
        ("a + = 3", "第1行第5列：这里不能再写“=”"),
        ("not a", "第1行第5列：“不是”要写成 not(…)，括号不能省"),
        ("not", "第1行第1列：“不是”要写成 not(…)，括号不能省"),
        ("a b", "第1行第3列：“b”前面缺少运算符；名称里不能有空格"),
        ("[1..5]", "第1行第3列：区间只能写在 in 的后面"),
        ("1 < 2 < 3", "第1行第7列：比较不能连写，请用 and 连接，或改用 between"),
        ("1 + < 3", "第1行第5列：“<”不应出现在这里，请检查它前面是否缺少运算符、逗号或值"),
        ("1 2", "第1行第3列：“2”不应出现在这里，请检查它前面是否缺少运算符、逗号或值"),
        ("+ a", "第1行第1列：“+”不应出现在这里，请检查它前面是否缺少运算符、逗号或值"),
        (r'"\q"', r"第1行第1列：文字里的“\q”不是可用的转义，反斜杠本身要写成“\\”，引号要写成“\"”"),
        (r'"\u0000"', r"第1行第1列：文字里的“\u0000”不是可用的转义，反斜杠本身要写成“\\”，引号要写成“\"”"),
        (r'"\UFFFFFF"', r"第1行第1列：文字里的“\UFFFFFF”不是可用的转义，反斜杠本身要写成“\\”，引号要写成“\"”"),
        (r'"\ud800"', r"第1行第1列：文字里的“\u”转义只有半个字符"),
        ("1 +\n  count()", "第2行第3列：函数“count”至少要有1个参数，这里有0个"),
        ("count(1, 2)", "第1行第1列：函数“count”最多有1个参数，这里有2个"),
    ],
)
def test_a_fault_says_what_where_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value) == message
    assert caught.value.text == text


def test_an_error_carries_its_place() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("1 +\n 2 )")
    assert (caught.value.line, caught.value.column) == (2, 4)


def test_a_long_flat_expression_is_not_deep() -> None:
    assert evaluate(" and ".join(["true"] * 200), {}) is True
    assert evaluate(" + ".join(["1"] * 200), {}) == Decimal(200)
    assert evaluate("(" * 500 + "1" + ")" * 500, {}) == Decimal(1)


def test_an_unknown_function_is_refused_while_parsing_when_the_known_are_given() -> None:
    class Anything:
        def __contains__(self, name: object) -> bool:
            return name == "已知"

    assert parse("未知(1)").functions == {"未知"}
    assert parse("已知(count(x))", Anything()).functions == {"已知", "count"}
    with pytest.raises(ExpressionError, match=r"^第1行第5列：没有“未知”这个函数，请检查名称$"):
        parse("1 + 未知(1)", Anything())
    with pytest.raises(ExpressionError, match="没有“lists contain”这个函数，是不是“list contains”？"):
        parse("lists contain(a, b)", frozenset())
    with pytest.raises(ExpressionError, match="没有“单位负责”这个函数，是不是“单位负责人”？"):
        parse("单位负责(a)", {"单位负责人"})


def test_an_unknown_function_is_refused_while_evaluating_otherwise() -> None:
    assert refusal("1 +\n未知(1)") == "第2行第1列：没有“未知”这个函数，请检查名称"


def test_a_function_of_the_caller_does_not_replace_one_of_the_language() -> None:
    assert evaluate("count([1])", {}, {"count": lambda items: "假"}) == Decimal(1)


def test_what_a_function_of_the_caller_cannot_take_is_an_error_of_the_expression() -> None:
    def strict(value: str) -> Value:
        if value == "甲":
            raise ValueError("没有“甲”这个岗位")
        if value == "乙":
            return evaluate("空()", {})
        return value[0]

    assert refusal("f(1, 2)", f=strict) == "第1行第1列：函数“f”不能有2个参数"
    assert refusal("f(1)", f=strict) == "第1行第1列：函数“f”不能处理这些参数"
    assert refusal('f("甲")', f=strict) == "第1行第1列：函数“f”不能处理这些参数：没有“甲”这个岗位"
    assert refusal('f("乙")', f=strict).endswith("：没有“空”这个函数，请检查名称")
    assert refusal("f(1)", f=max) == "第1行第1列：函数“f”不能处理这些参数"
    assert evaluate("f(1, 2)", {}, {"f": max}) == Decimal(2)


def test_what_breaks_in_a_function_for_other_reasons_is_not_hidden() -> None:
    def broken() -> Value:
        raise ConnectionError("database")

    with pytest.raises(ConnectionError):
        evaluate("f()", {}, {"f": broken})


def test_a_value_of_the_caller_that_is_none_of_the_language_is_refused() -> None:
    deep: list[object] = []
    deep.append(deep)
    for value, reason in {
        "小数": (1.5, "变量“x”的类型（float）不能用在表达式里，只能是数字、文字、是非、日期或它们的列表"),
        "时刻": (datetime(2026, 1, 1), "变量“x”的类型（datetime）不能用在表达式里"),
        "无穷": (Decimal("NaN"), "数字超出范围：最多34位有效数字"),
        "太大": (10**40000, "数字超出范围"),
        "太细": (Decimal("1E-9000"), "数字超出范围"),
        "太长": (Decimal("1" * 35), "数字超出范围"),
        "文字": ("字" * 10_001, "变量“x”超过10000个字符"),
        "列表": ([1] * 10_001, "变量“x”超过10000项"),
        "字段": ({1: 2}, "变量“x”里有不是文字的字段名"),
        "嵌套": (deep, "变量“x”嵌套超过40层"),
    }.values():
        assert refusal("1 + x", {"x": value}).startswith(f"第1行第5列：{reason}")
    assert refusal("f()", f=lambda: (datetime(2026, 1, 1),)).startswith("第1行第1列：函数“f”的结果的类型（datetime）")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("for x in 万 return sum(万)", "计算量超过上限（10000步）"),
        ("万[item > 3]", "计算量超过上限（10000步）"),
        ("for x in 万 return for y in 万 return x * y", "计算量超过上限（10000步）"),
        ("count(for x in 百 return for y in 百 return [字] = [字])", "计算量超过上限（10000步）"),
        ("append(万, 1)", "列表超过10000项"),
        ("concatenate(万, 万)", "列表超过10000项"),
        ("flatten([万, 万])", "列表超过10000项"),
        ("字 + 字", "文字超过10000个字符"),
        ("string([字, 字])", "文字超过10000个字符"),
        ('upper case(字 + "ßß")', "文字超过10000个字符"),
        ("大 * 大", "计算结果超出数字的范围"),
        ("sum(for x in 百 return 大)", "计算结果超出数字的范围"),
        ('number("' + "1" * 35 + '")', "数字超出范围"),
        ("for x in 百 return 万", "计算量超过上限（10000步）"),
    ],
)
def test_a_bound_broken_while_evaluating_is_refused(text: str, reason: str) -> None:
    variables = {"万": [1] * 10_000, "百": [1] * 100, "字": "ß" * 9_999, "大": Decimal("9E6143")}
    assert reason in refusal(text, variables)


def test_ordinary_sizes_stay_inside_the_bounds() -> None:
    units = [{"编码": f"U{n:03}", "人数": n} for n in range(300)]
    assert evaluate("count(单位[item.人数 > 100 and item.编码 != 本单位])", {"单位": units, "本单位": "U200"}) == 198
    assert evaluate("list contains(万, -1)", {"万": list(range(10_000))}) is False


def test_a_script_is_lines_of_assignments() -> None:
    found = parse_assignments('# 说明\n\n  轮次 = 轮次 + 1  \r\n// 说明\n结论="通过" // 末尾\n', frozenset())
    assert [(one.name, one.line) for one in found] == [("轮次", 3), ("结论", 5)]
    assert evaluate(found[0].expression, {"轮次": 1}) == Decimal(2)
    assert evaluate(found[1].expression, {}) == "通过"
    assert found[0] == Assignment("轮次", found[0].expression, 3)
    assert found[0].expression == Expression(" 轮次 + 1  \r", frozenset(["轮次"]), frozenset(), parse("1").root, 3, 7)
    assert parse_assignments("") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\n\n  b = 1 +", "第3行第10列：表达式没有写完，后面还缺一个值"),
        ("a = 1\nb == 1", "第2行第4列：表达式前面不要写“=”"),
        ("a =", "第1行第4列：表达式是空的"),
        ("a = 1 # 说明", "第1行第7列：“#”说明要单独写一行"),
        ("a = 1;", "第1行第6列：表达式末尾不要写分号"),
        ("\nimport os", "第2行第1列：这一行要写成“名称 = 表达式”，名称由汉字、字母、数字和下划线组成"),
        ("a.b = 1", "第1行第1列：这一行要写成“名称 = 表达式”，名称由汉字、字母、数字和下划线组成"),
        (" if = 1", "第1行第2列：“if”是表达式的关键字，不能当作名称"),
        ("a = 未知(1)", "第1行第5列：没有“未知”这个函数，请检查名称"),
        ("a=1\n" * 6000, "第1行第1列：脚本超过20000个字符，请拆成几个脚本任务"),
    ],
)
def test_a_wrong_line_of_a_script_is_named(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_assignments(text, frozenset())
    assert str(caught.value) == message


def test_a_line_that_fails_when_it_runs_is_named() -> None:
    (found,) = parse_assignments("\n\n结果 = 1 + 查(1)")
    with pytest.raises(ExpressionError, match=r"^第3行第10列：没有“查”这个函数"):
        evaluate(found.expression, {})


@pytest.mark.parametrize("text", ["a.__class__", "a.upper", '"".__class__.__mro__', "计划.items", "数列.count"])
def test_a_path_never_reaches_into_python(text: str) -> None:
    assert evaluate(text, {"a": "x", **ORDINARY}) is None


WORDS = [
    *("1", "2.5", ".5", '"甲"', '"\\u4e2d"', "true", "false", "null", "[", "]", "(", ")", ",", ".", ".."),
    *("+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or", "not", "in", "between", "if", "then", "else"),
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


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    name = st.sampled_from(NAMES)
    sign = st.sampled_from(["+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"])
    one = ("count", "sum", "min", "max", "not", "flatten", "distinct values", "string", "number", "date")
    two = ("append", "concatenate", "list contains", "contains", "starts with", "substring", "min", "host")
    text = ("string length", "upper case", "lower case", "host")
    return st.one_of(
        _write("({} {} {})", inner, sign, inner),
        _write("{}({})", st.sampled_from(one + text), inner),
        _write("{}({}, {})", st.sampled_from(two), inner, inner),
        _write("{}({}, {}, {})", st.sampled_from(["substring", "date", "max"]), inner, inner, inner),
        _write("({}) in {}{}..{}{}", inner, st.sampled_from("[("), inner, inner, st.sampled_from("])")),
        _write("({}) in ({}, {})", inner, inner, inner),
        _write("(({}) between {} and {})", inner, inner, inner),
        _write("(if {} then {} else {})", inner, inner, inner),
        _write("(for {} in {} return {})", name, inner, inner),
        _write("({} {} in {} satisfies {})", st.sampled_from(["some", "every"]), name, inner, inner),
        _write("({})[{}]", inner, inner),
        _write("({}).{}", inner, name),
        _write("[{}, {}]", inner, inner),
        _write("-{}", inner),
    )


literals = st.sampled_from(["1", "0", "-2", "0.5", '"甲"', '"2026-05-01"', "true", "false", "null", "[]", "[1, 2]"])
expressions_of_any_kind = st.recursive(literals | st.sampled_from(NAMES), _larger, max_leaves=12)


def _is_value(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_value, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_value(item) for key, item in value.items())
    return value is None or type(value) in (bool, Decimal, str, date)


@given(st.text() | st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join))
@settings(max_examples=300, deadline=None)
@example("\ud83d\ude00")
@example('"\\')
def test_any_text_parses_or_is_refused(text: str) -> None:
    for read in (parse, parse_assignments):
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


def test_the_bounds_are_the_documented_ones() -> None:
    assert (feel_values.MAX_LENGTH, feel_values.MAX_DEPTH, feel_values.MAX_STEPS) == (2_000, 40, 10_000)
