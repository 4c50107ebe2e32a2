"""What administrators are told when an expression is wrong or asks too much."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from engine.core import feel_values
from engine.core.expressions import ExpressionError, Value, evaluate, parse, parse_assignments


def refusal(text: str, variables: Mapping[str, object] | None = None, **functions: Callable[..., Value]) -> str:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, variables or {}, functions)
    return str(caught.value)


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
        ("1..5", "第1行第2列：区间要放在括号里，例如 [1..5]"),
        ("{a: 1", "第1行第6列：表达式没有写完，后面还缺“}”"),
        ("{a: 1, a: 2}", "第1行第8列：字段“a”写了两次"),
        ("{a b: 1}", '第1行第2列：字段名里不能有空格，请加上双引号："a b"'),
        ('@"明天"', '第1行第1列：@"明天"不是日期、时间或时长，例如 @"2026-01-20"、@"09:30:00"、@"P1M"'),
        ("a = ?", "第1行第1列：“?”只能写在决策表的条件格里"),
        ("for ? in [1] return 1", "第1行第5列：“?”不能当作名称"),
        ("for not in [1] return 1", "第1行第5列：“不是”要写成 not(…)，括号不能省"),
        ("count(list: a, list: b)", "第1行第16列：参数“list”写了两次"),
        ("count(items: a)", "第1行第1列：函数“count”的参数名称不对，应为 list"),
        ("date(year: 1)", "第1行第1列：函数“date”的参数名称不对，应为 from；或 year、month、day"),
        ("split(string: a)", "第1行第1列：函数“split”的参数名称不对，应为 string、delimiter"),
        ("sublist(list: a)", "第1行第1列：函数“sublist”的参数名称不对，应为 list、start position、length（可省）"),
        ("append(list: a, item: b)", "第1行第1列：函数“append”的参数只能按次序写，不能写名称"),
        ("查(a: 1)", "第1行第1列：函数“查”的参数只能按次序写，不能写名称"),
        (
            "a instance of 数字",
            "第1行第3列：instance of 的后面要写类型：Any、Null、boolean、context、date、date and time、"
            "days and time duration、list、number、range、string、time、years and months duration",
        ),
        ("1 < 2 < 3", "第1行第7列：比较不能连写，请用 and 连接，或改用 between"),
        ("1 + < 3", "第1行第5列：“<”不应出现在这里，请检查它前面是否缺少运算符、逗号或值"),
        ("1 2", "第1行第3列：“2”不应出现在这里，请检查它前面是否缺少运算符、逗号或值"),
        ("+ a", "第1行第1列：“+”不应出现在这里，请检查它前面是否缺少运算符、逗号或值"),
        (r'"\u12"', r"第1行第1列：文字里的“\u”不是可用的转义，反斜杠本身要写成“\\”"),
        (r'"\u0000"', r"第1行第1列：文字里的“\u0000”不是可用的转义，反斜杠本身要写成“\\”"),
        (r'"\UFFFFFF"', r"第1行第1列：文字里的“\UFFFFFF”不是可用的转义，反斜杠本身要写成“\\”"),
        ("for i in 1..3 return partial[-1]", "第1行第22列：循环里不能用 partial，请改用 sum、count 一类的函数"),
        ("function(a, b) a < b", "第1行第1列：function(a, b) … 只能写在 sort 的第二个参数里，用来比较先后"),
        ("count(function(a, b) a)", "第1行第7列：function(a, b) … 只能写在 sort 的第二个参数里，用来比较先后"),
        ("sort(function(a, b) a, 1)", "第1行第6列：function(a, b) … 只能写在 sort 的第二个参数里，用来比较先后"),
        ("function(a) a", "第1行第11列：function(a, b) … 只能写在 sort 的第二个参数里，用来比较先后"),
        ("function() 1", "第1行第10列：function(a, b) … 只能写在 sort 的第二个参数里，用来比较先后"),
        ("[1] instance of list<number>", "第1行第21列：类型里不写 <…>，只写 list"),
        ("{a: function(a, b) a}", "第1行第5列：function(a, b) … 只能写在 sort 的第二个参数里，用来比较先后"),
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
        "小数": (1.5, "变量“x”的类型（float）不能用在表达式里，只能是数字、文字、是非、日期、时间、时长或它们的列表"),
        "集合": ({1}, "变量“x”的类型（set）不能用在表达式里"),
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
    assert refusal("f()", f=lambda: (1.5,)).startswith("第1行第1列：函数“f”的结果的类型（float）")  # type: ignore[arg-type, return-value]


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
        ("for i in 1..10001 return i", "要数的数超过10000个，请缩短"),
        ("for i in 1..10000 return i", "计算量超过上限（10000步）"),
        ("for a in 百, b in 百, c in 百 return 1", "计算量超过上限（10000步）"),
        ("some a in 百, b in 百 satisfies a > b", "计算量超过上限（10000步）"),
        ("9 ** 9 ** 9 ** 9 ** 9", "计算结果超出数字的范围"),
        ("exp(大)", "计算结果超出数字的范围"),
        ('date("9999-12-31") + @"P1D"', "计算结果超出日期和时长的范围"),
        ('date("9999-12-31") + @"P1M"', "计算结果超出日期和时长的范围"),
        ('@"P1D" * 大', "计算结果超出日期和时长的范围"),
        ('@"P1D" / 0.000000000000000000000000001', "计算结果超出日期和时长的范围"),
        ('@"P99999Y" + @"P1M"', "计算结果超出日期和时长的范围"),
        ('replace(字, "ß", 字)', "计算量超过上限（10000步）"),
        ('matches(字, "(a+)+")', "正则表达式“(a+)+”不能用：不能重复一个里面还有重复或多选的括号"),
        ('matches(字, "a*b*")', "校验格式太复杂，可能要算很久"),
        ('matches("a", "a", "x")', "正则表达式的选项“x”不支持，只有 i、m、s"),
        ('replace("a", "a", "$x")', "“$”后面要跟 0 到 9 的数字"),
        ("string join([字, 字])", "文字超过10000个字符"),
    ],
)
def test_a_bound_broken_while_evaluating_is_refused(text: str, reason: str) -> None:
    variables = {"万": [1] * 10_000, "百": [1] * 100, "字": "ß" * 9_999, "大": Decimal("9E6143")}
    assert reason in refusal(text, variables)


def test_ordinary_sizes_stay_inside_the_bounds() -> None:
    units = [{"编码": f"U{n:03}", "人数": n} for n in range(300)]
    assert evaluate("count(单位[item.人数 > 100 and item.编码 != 本单位])", {"单位": units, "本单位": "U200"}) == 198
    assert evaluate("list contains(万, -1)", {"万": list(range(10_000))}) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\n\n  b = 1 +", "第3行第10列：表达式没有写完，后面还缺一个值"),
        ("a = 1\nb == 1", "第2行第4列：表达式前面不要写“=”"),
        ("a =", "第1行第4列：表达式是空的"),
        ("a = 1 # 说明", "第1行第7列：“#”说明要单独写一行；“#{…}”是其他产品的写法，请只写里面的表达式"),
        ("a = ${b}", "第1行第5列：“${…}”是其他产品的写法，请只写里面的表达式"),
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


def test_the_bounds_are_the_documented_ones() -> None:
    assert (feel_values.MAX_LENGTH, feel_values.MAX_DEPTH, feel_values.MAX_STEPS) == (2_000, 40, 10_000)
