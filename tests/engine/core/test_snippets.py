"""A text is judged while it is typed just as publishing judges it in its place."""

import pytest

from engine.core import profile, snippets
from engine.core.snippets import judge
from tests.engine.core.test_profile import AROUND, link, whole

WRONG = {
    "expression": [
        ("1 +", "第1行第4列：表达式没有写完，后面还缺一个值。请改正表达式。"),
        ("flor(1)", "第1行第1列：没有“flor”这个函数，是不是“floor”？。请改正表达式。"),
        ('parameter("ghost")', "用到的参数“ghost”没有登记。可用的参数：step_days（每一步）。"),
    ],
    "foreign": [("1 +", "第1行第4列：表达式没有写完，后面还缺一个值。请改正表达式。")],
    "script": [("x = 1\ny 2", "第2行第1列：这一行要写成“名称 = 表达式”")],
    "assignment": [("hr.ghost", "“hr.ghost”不存在。"), ("posts(", "第1行第7列：表达式没有写完")],
    "due": [("2 days", "第1行第3列："), ("2026-01-01", "“2026-01-01”不合规。")],
    "remind": [("3;1", "“3;1”不合规。")],
    "chase": [("own.head", "“own.head”不合规。"), ("1:hr.ghost", "岗位“hr.ghost”不存在。")],
    "date": [("one +", "第1行第6列：")],
    "duration": [("3 days", "第1行第3列：")],
    "cycle": [("R/", "“”不是时长")],
    "start_date": [("one +", "")],
    "start_duration": [("one +", "")],
    "start_cycle": [("每年", "")],
    "cardinality": [("2.5", "“2.5”不是不小于 0 的整数。"), ("n +", "第1行第4列：")],
    "name": [("1x", "“1x”不能作变量名。")],
}
RIGHT = {
    # What an expression reads may come from anywhere.
    "expression": ["", "  ", "ghost = 1", 'parameter("step_days") + 1', "unit name(unit)"],
    "foreign": ["ghost"],
    "script": ["x = 1\n\n# 说明\ny = x + 1"],
    "assignment": ["hr.head", "own.staff", 'posts(unit, "head")'],
    "due": ["3", 'parameter("step_days")'],
    "remind": ["3,1,0"],
    "chase": ["1:own.head"],
    "date": ['date("2026-03-15")'],
    "duration": ["3", "P1M"],
    "start_cycle": ["yearly(first_workday(1))"],
    "cardinality": ["2", "count(all)"],
    "name": ["办理结果"],
}


@pytest.mark.parametrize(("kind", "text", "said"), [(kind, *one) for kind, some in WRONG.items() for one in some])
def test_what_publishing_would_refuse_is_said_with_its_place_and_what_to_do(kind: str, text: str, said: str) -> None:
    told = judge(kind, text, AROUND)
    assert told.startswith(said)
    assert told.endswith("。")


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in RIGHT.items() for text in texts])
def test_what_may_be_published_is_let_be(kind: str, text: str) -> None:
    assert judge(kind, text, AROUND) == ""


DRAWN = """<scriptTask id="t"><script>made = 1</script></scriptTask><manualTask id="m">
  <multiInstanceLoopCharacteristics suixu:item="item"><loopCardinality>2</loopCardinality>
  </multiInstanceLoopCharacteristics></manualTask>"""
GHOST = "用到的变量“ghost”不会存在。请检查拼写，或由表单、脚本或调用给出它。可用的有：item、loopCounter、made、"


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("expression", "ghost = 1", GHOST),
        ("script", "x = ghost", GHOST),
        ("due", "ghost", GHOST),
        ("duration", "ghost", GHOST),
        ("cardinality", "ghost", GHOST),
        ("expression", "made + item + loopCounter + numberOfInstances", ""),
        ("script", "x = made\ny = x", ""),
        ("foreign", "ghost", ""),
    ],
)
def test_a_variable_that_exists_nowhere_in_the_drawing_is_named(kind: str, text: str, said: str) -> None:
    names = profile.names(whole(DRAWN, link("s", "t", "m", "e")).encode(), AROUND)
    told = judge(kind, text, AROUND, names)
    assert told.startswith(said)
    assert bool(told) is bool(said)


@pytest.mark.parametrize("source", ["", "<a/>", whole("").replace("process", "collaboration"), whole("<task/>" * 401)])
def test_a_drawing_that_holds_no_process_has_no_names(source: str) -> None:
    assert profile.names(source.encode(), AROUND) is None


def test_a_text_too_long_for_anybody_is_not_read() -> None:
    assert judge("script", "x" * (snippets.MAX + 1), AROUND) == "超过20000个字符，请缩短。"


def test_every_kind_is_tried() -> None:
    assert set(WRONG) == snippets.KINDS
