"""Decision tables of DMN 1.3: what each hit policy answers, and what is refused."""

import re
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import decision_reading
from engine.core.decision_reading import DMN, id_of, read
from engine.core.decisions import Answer, Decision, decide, record_of, written
from engine.core.expressions import Value, parse_tests, passes
from engine.ground.errors import Stuck
from tests.engine.office import TABLES


def table(
    *rules: str,
    policy: str = "",
    inputs: str = "金额",
    outputs: str = "结果",
    more: str = "",
    column: str = "",
    values: str = "",
    result: str = "",
) -> bytes:
    """Write a file; a rule is "tests -> results", columns stand between ";"."""
    asked = "".join(
        f"<input><inputExpression {column}><text>{escape(one)}</text></inputExpression>{values}</input>"
        for one in inputs.split(";")
        if one
    )
    given = "".join(f"<output name={quoteattr(one)}>{result}</output>" for one in outputs.split(";") if one)
    rows = "".join(_row(rule) for rule in rules)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>'
        f'<definitions xmlns="{DMN}" xmlns:x="urn:x" x:version="1" id="d" name="d" namespace="n">'
        f'<inputData id="in" name="金额"/>{more}<decision id="dish" name="接待"><description>说明</description>'
        f"<decisionTable {policy}>{asked}{given}{rows}</decisionTable><x:y/></decision><x:DMNDI/></definitions>"
    ).encode()


def _row(rule: str) -> str:
    tests, _, results = rule.partition("->")
    entries = "".join(f"<inputEntry><text>{escape(one)}</text></inputEntry>" for one in tests.split(";"))
    given = "".join(f"<outputEntry><text>{escape(one)}</text></outputEntry>" for one in results.split(";"))
    return f"<rule>{entries}{given}</rule>"


def opened(source: bytes) -> Decision:
    decision, faults = read(source, frozenset({"today"}))
    assert faults == [] and decision is not None
    return decision


def answer(source: bytes, **variables: object) -> Value:
    return decide(opened(source), variables, {"today": lambda: None}).value


LEVELS = ("< 1000->1", "[1000..5000)->2", ">= 5000->3")


@pytest.mark.parametrize(("amount", "level"), [(999, 1), (1000, 2), (5000, 3), (None, None)])
def test_a_unique_table_gives_the_result_of_the_one_rule_that_holds(amount: object, level: object) -> None:
    assert answer(table(*LEVELS), 金额=amount) == level


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ('hitPolicy="FIRST"', Decimal(3)),
        ('hitPolicy="RULE ORDER"', (Decimal(3), Decimal(1), Decimal(3))),
        ('hitPolicy="COLLECT"', (Decimal(3), Decimal(1), Decimal(3))),
        ('hitPolicy="COLLECT" aggregation="SUM"', Decimal(7)),
        ('hitPolicy="COLLECT" aggregation="COUNT"', Decimal(3)),
        ('hitPolicy="COLLECT" aggregation="MIN"', Decimal(1)),
        ('hitPolicy="COLLECT" aggregation="MAX"', Decimal(3)),
    ],
)
def test_each_policy_answers_in_its_way(policy: str, value: Value) -> None:
    assert answer(table("> 9->5", "> 1->3", "-->1", "5->3", policy=policy), 金额=5) == value


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ("", None),
        ('hitPolicy="FIRST"', None),
        ('hitPolicy="ANY"', None),
        ('hitPolicy="RULE ORDER"', ()),
        ('hitPolicy="COLLECT" aggregation="SUM"', None),
        ('hitPolicy="COLLECT" aggregation="COUNT"', Decimal(0)),
    ],
)
def test_where_no_rule_holds_there_is_nothing(policy: str, value: Value) -> None:
    assert answer(table("> 9->5", policy=policy), 金额=5) == value


def test_where_no_rule_holds_a_default_is_the_result() -> None:
    default = "<defaultOutputEntry><text>金额 + 1</text></defaultOutputEntry>"
    assert answer(table("> 9->5", result=default), 金额=5) == Decimal(6)
    assert answer(table("> 9->5", policy='hitPolicy="FIRST"', result=default), 金额=5) == Decimal(6)


def test_of_several_outputs_each_has_its_own_default() -> None:
    source = table("> 9->5;6", outputs="甲;乙", result="<defaultOutputEntry><text>1</text></defaultOutputEntry>")
    assert answer(source, 金额=5) == {"甲": Decimal(1), "乙": Decimal(1)}
    one = source.replace(b"<defaultOutputEntry><text>1</text></defaultOutputEntry>", b"", 1)
    assert answer(one, 金额=5) == {"甲": None, "乙": Decimal(1)}


def test_a_result_is_weighed_as_that_of_any_expression() -> None:
    with pytest.raises(Stuck, match="决策表“接待”结果：计算量超过上限"):
        answer(table(*["-->for x in 1..60 return 多"] * 90, policy='hitPolicy="COLLECT"'), 金额=5, 多=list(range(1000)))


def test_any_takes_rules_that_agree() -> None:
    source = table("> 1->2", "> 2->1 + 1", "> 9->7", policy='hitPolicy="ANY"')
    assert answer(source, 金额=5) == Decimal(2)
    with pytest.raises(Stuck, match="决策表“接待”第 1、2、3 条规则同时成立而结果不同"):
        answer(source, 金额=10)


def test_unique_rules_must_not_meet() -> None:
    with pytest.raises(Stuck, match="第 1、2 条规则同时成立，但命中策略是“唯一”"):
        answer(table("> 1->1", "> 2->2"), 金额=5)


def test_several_outputs_are_a_context_and_several_inputs_hold_together() -> None:
    source = table(
        '"宣文部","办公室";< 10->"甲";1', 'not("宣文部");-->"乙";件数 * 2', inputs="部门;件数", outputs="去向;份数"
    )
    assert answer(source, 部门="宣文部", 件数=3) == {"去向": "甲", "份数": Decimal(1)}
    assert answer(source, 部门="人事部", 件数=3) == {"去向": "乙", "份数": Decimal(6)}
    assert answer(source, 部门="宣文部", 件数=30) is None


@pytest.mark.parametrize(
    ("tests", "value", "holds"),
    [
        ("-", None, True),
        ("", 1, True),
        ("1, 2", 2, True),
        ("< 3", 2, True),
        ("< 3", None, None),
        ("not(1, 2)", 2, False),
        ("not(< 3)", 5, True),
        ("not(< 3)", None, None),
        ("not(true) or true", True, True),
        ("not(? > 9) or (? = 1)", 5, True),
        ("not(true) and true", False, True),
        ("[1..3]", 2, True),
        ("[[1..3], 9]", 2, True),
        ("限", 5, True),
        ("? > 限", 6, True),
        ('contains(?, "文")', "宣文部", True),
        ("? + 1", 1, False),
        ("null", None, True),
        ("true", True, True),
        ('> "a", 2', 2, True),
    ],
)
def test_unary_tests(tests: str, value: Any, holds: bool | None) -> None:
    given = Decimal(value) if type(value) is int else value
    found = passes(parse_tests(tests), given, {"限": 5})
    assert (found is True) == (holds is True)
    assert found is holds or tests == "? + 1"


def test_a_value_of_another_kind_or_outside_what_is_allowed_is_said() -> None:
    kinds = table("> 1->1", column='typeRef="number"')
    assert answer(kinds, 金额=5) == Decimal(1)
    assert answer(kinds, 金额=None) is None
    with pytest.raises(Stuck, match="输入“金额”得出的是 string，表里写的类型是 number"):
        answer(kinds, 金额="5")
    values = table("> 1->金额", values="<inputValues><text>[0..10]</text></inputValues>")
    assert answer(values, 金额=5) == Decimal(5)
    with pytest.raises(Stuck, match="输入“金额”得出的值不在表里写明的取值之内"):
        answer(values, 金额=50)
    results = table("> 1->金额", result="<outputValues><text>5, 6</text></outputValues>")
    assert answer(results, 金额=5) == Decimal(5)
    with pytest.raises(Stuck, match="结果“结果”得出的值不在表里写明的取值之内"):
        answer(results, 金额=50)


def test_a_cell_that_cannot_be_worked_out_is_named() -> None:
    with pytest.raises(Stuck, match="第 1 条规则第 1 个结果：计算结果超出范围"):
        answer(table("> 1->9 ** 9 ** 9 ** 9 ** 9"), 金额=5)
    with pytest.raises(Stuck, match=r"第 1 条规则第 1 个条件：计算量超过上限（100000步）"):
        answer(table("some x in 1..1000, y in 1..1000 satisfies ? = 0->1"), 金额=5)
    with pytest.raises(Stuck, match="第 1 个输入：变量“金额”的类型（float）"):
        answer(table("> 1->1"), 金额=1.5)


def test_all_cells_share_what_a_table_may_reckon() -> None:
    rules = ["some x in 1..9000 satisfies ? = 0->1"] * 20
    with pytest.raises(Stuck, match="计算量超过上限"):
        answer(table(*rules), 金额=5)
    assert answer(table(*(f"{n}->{n}" for n in range(1, 1001))), 金额=1000) == Decimal(1000)


def faults(source: bytes) -> list[tuple[str, str]]:
    decision, found = read(source, frozenset({"today"}))
    assert decision is None
    return [(one.code, one.message) for one in found]


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        (b"", "DMN-XML", "文件不是完整的 XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DMN-DOCTYPE", "DOCTYPE"),
        (b"<a/>", "DMN-FORMAT", "文件不是 DMN 1.3 的决策"),
        (table("1->1").replace(b'id="dish"', b'id="a.b"'), "DMN-ID", "决策的编号(id)“a.b”不合规"),
        (table("1->1").replace(b'id="dish"', b""), "DMN-ID", "决策没有编号(id)"),
        (table("1->1").replace("接待".encode(), "甲\u202e乙".encode()), "DMN-CHARACTER", "U+202E"),
        (table(more="<decision/>"), "DMN-TABLE", "文件里有 2 个决策、1 张决策表"),
        (table(policy='hitPolicy="PRIORITY"'), "DMN-POLICY", "不支持命中策略“PRIORITY”"),
        (table(policy='hitPolicy="OUTPUT ORDER"'), "DMN-POLICY", "不支持命中策略“OUTPUT ORDER”"),
        (table(policy='aggregation="SUM"'), "DMN-POLICY", "命中策略“UNIQUE”不能有汇总“SUM”"),
        (table(policy='hitPolicy="COLLECT" aggregation="AVG"'), "DMN-POLICY", "不能有汇总“AVG”"),
        (table(policy='hitPolicy="COLLECT" aggregation="SUM"', outputs="a;b"), "DMN-POLICY", "有几个结果时不能汇总"),
        (table(inputs=""), "DMN-TABLE", "没有输入列或者结果列"),
        (table(outputs=""), "DMN-TABLE", "没有输入列或者结果列"),
        (table(*["1->1"] * 1001), "DMN-LIMIT", "最多 1000 条规则、50 列、5000 个格子"),
        (table(inputs=";".join("a" * 60)), "DMN-LIMIT", "最多 1000 条规则"),
        (table(outputs="a;a"), "DMN-NAME", "第 1 个结果的名称“a”不能用，或者重复"),
        (table(outputs="a;b c"), "DMN-NAME", "第 2 个结果的名称“b c”不能用"),
        (table("1;2->3"), "DMN-RULE", "第 1 条规则有 2 个条件、1 个结果，表有 1 列和 1 列"),
        (table("1->2", "> ->3"), "DMN-CELL", "第 2 条规则第 1 个条件写错了：第1行第2列：表达式没有写完"),
        (table("1->a b"), "DMN-CELL", "第 1 条规则第 1 个结果写错了：第1行第3列"),
        (table("1->"), "DMN-CELL", "第 1 条规则第 1 个结果写错了：第1行第1列：表达式是空的"),
        (table("1->查()"), "DMN-CELL", "没有“查”这个函数"),
        (table("1->?"), "DMN-CELL", "“?”只能写在决策表的条件格里"),
        (table(inputs="a +"), "DMN-CELL", "第 1 个输入写错了"),
        (table("1->1", values="<inputValues><text>1,</text></inputValues>"), "DMN-CELL", "第 1 个输入的取值写错了"),
        (table("1->1", column='typeRef="integer"'), "DMN-TYPE", "第 1 个输入的类型“integer”不支持"),
        (table("1->1", column='expressionLanguage="juel"'), "DMN-LANGUAGE", "不支持表达式语言“juel”"),
        (table("1->1", policy='x="1"'), "DMN-ATTRIBUTE", "decisionTable 不支持属性 x"),
        (table(more="<businessKnowledgeModel/>"), "DMN-ELEMENT", "这里不支持 businessKnowledgeModel"),
        (table("1->1").replace(b"<text>1<", b"<text>1<b>2</b><"), "DMN-ELEMENT", "格子的文字里不能有别的元素"),
        (
            table(policy='hitPolicy="COLLECT"', result="<defaultOutputEntry><text>1</text></defaultOutputEntry>"),
            "DMN-DEFAULT",
            "结果是清单的命中策略不能有默认结果",
        ),
        (
            table().replace(b"<inputExpression ", b"<inputValues ").replace(b"</inputExpression", b"</inputValues"),
            "DMN-CELL",
            "第 1 个输入没有表达式",
        ),
    ],
)
def test_what_a_table_cannot_do_is_refused(source: bytes, code: str, message: str) -> None:
    found = faults(source)
    assert any(one == code and message in said for one, said in found), found


def test_all_faults_come_at_once() -> None:
    assert len(faults(table("> ->a b", "1->", policy='hitPolicy="PRIORITY"', outputs="a;a"))) >= 5


@pytest.mark.parametrize(
    ("policy", "rules"),
    [
        ('hitPolicy="FIRST"', (2,)),
        ('hitPolicy="RULE ORDER"', (2, 3)),
        ('hitPolicy="COLLECT" aggregation="MAX"', (2, 3)),
    ],
)
def test_an_answer_tells_the_rules_that_gave_it(policy: str, rules: tuple[int, ...]) -> None:
    source = table("> 9->5", "> 1->3", "-->1", policy=policy)
    assert decide(opened(source), {"金额": 5}, {}).rules == rules


def test_the_history_keeps_what_was_asked_which_rules_answered_and_what_came_out() -> None:
    noted = (
        b"<rule><description>\xe4\xbe\x8b\xe5\xa4\x96</description>",
        b"<rule><annotationEntry><text>A</text></annotationEntry>",
    )
    source = table("> 限额->3", "-->1", policy='hitPolicy="COLLECT"')
    for note in noted:
        source = source.replace(b"<rule><inputEntry>", note + b"<inputEntry>", 1)
    decision = opened(source)
    seen: dict[str, Value] = {"金额": Decimal(5), "限额": Decimal(1), "别的": None}
    assert record_of(decision, decide(decision, seen, {}), seen) == {
        "decision": "dish",
        "table": "接待",
        "inputs": [["金额", "5"]],
        "variables": [["限额", "1"]],
        "rules": [1, 2],
        "notes": {"1": "例外", "2": "A"},
        "result": "[3, 1]",
    }
    assert record_of(decision, Answer(None, (None,), ()), {})["rules"] == []


def test_a_long_value_is_cut_in_the_history() -> None:
    assert written("长" * 600) == '"' + "长" * 499 + "…"
    assert written(tuple(Decimal(10**30) for _ in range(1000))) == "…"


@pytest.mark.parametrize(("source", "key"), [(table("1->1"), "dish"), (b"", ""), (b"<a/>", "")])
def test_a_file_names_its_decision(source: bytes, key: str) -> None:
    assert id_of(source) == key


def test_a_required_decision_is_refused() -> None:
    inner = '<informationRequirement><requiredDecision href="#x"/></informationRequirement><decisionTable '
    source = table("1->1").replace(b"<decisionTable ", inner.encode())
    assert ("DMN-ELEMENT", "这里不支持 requiredDecision。") in faults(source)


def test_the_bounds_are_the_documented_ones() -> None:
    assert (decision_reading.MAX_RULES, decision_reading.MAX_COLUMNS, decision_reading.MAX_CELLS) == (1_000, 50, 5_000)


PIECES = re.compile(r'"[^"]*"|</?[\w:]+|[^"<]+|.', re.DOTALL)


@given(st.sampled_from(sorted(TABLES.values())), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9)), max_size=5))
def test_no_file_breaks_the_reader(source: str, cuts: list[tuple[int, int]]) -> None:
    pieces = PIECES.findall(source)
    for start, length in cuts:
        pieces[start : start + length] = reversed(pieces[start : start + length * (start % 2)])
    decision, found = read("".join(pieces).encode(), frozenset())
    assert (decision is None) == bool(found)
