"""A form: what a person may fill in, what becomes of it."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import forms
from engine.core.expressions import ExpressionError, Value
from engine.ground.errors import Fault
from tests.engine.core.form_drawing import BACK, JSON, SEND, YES_NO, draw, part, str_id

UNITS = {"units": [{"value": "hr", "label": "人事部"}, {"value": "office", "label": "办公室"}]}
OPTIONS = UNITS | {forms.FILES: [{"value": "f1", "label": "计划.docx"}, {"value": "f2", "label": "照片.jpg"}]}


FULL = draw(
    {"type": "text", "text": "# 说明"},
    {"type": "separator"},
    part("textfield", "name", validate={"required": True, "maxLength": 60}),
    part("textfield", "unit_name", readonly=True),
    part("number", "budget", properties={"money": "true", "variable": "budget"}),
    part("number", "times", decimalDigits=0, validate={"min": 1, "max": 99}, properties={"variable": "times"}),
    part("datetime", "starts", subtype="date", properties={"variable": "开始"}),
    part("select", "lead", valuesKey="units", properties={"variable": "lead"}),
    part("radio", "army", values=YES_NO),
    part("checklist", "evidence", valuesKey="units", properties={"variable": "evidence"}),
    part("checkbox", "none", properties={"variable": "none"}),
    part("filepicker", "files", multiple=True),
    part("group", "", components=[part("textfield", "phone", validate={"pattern": r"^\d{4}-?\d{7,8}$"})]),
    {
        **part("dynamiclist", "", path="items"),
        "components": [
            part("textfield", "title", validate={"required": True}),
            part("datetime", "deadline", subtype="date"),
            part("checkbox", "done"),
        ],
    },
    part("textarea", "opinion", properties={"opinion": "true", "required_for": "return"}),
    SEND,
    BACK,
    properties={"document": "submission"},
)


def judge(component: dict[str, Any], value: Any, outcome: str = "send") -> tuple[Any, list[Fault]]:
    """Validate one value of a form with one field."""
    form = forms.load(draw(component, SEND, BACK))
    cleaned, found = forms.validate(form, {component["key"]: value}, outcome, OPTIONS)
    return cleaned[component["key"]], found


def test_a_form_of_all_kinds_is_published_and_loaded() -> None:
    assert forms.check(FULL, {"units"}) == []
    form = forms.load(FULL)
    assert form.document == "submission"
    assert [field.key for field in form.fields()][-3:] == ["phone", "items", "opinion"]
    assert form.outcomes == ("send", "return")


def test_parsing_keeps_what_was_typed() -> None:
    raw = {
        "name": ["１２ 😀 "],
        "times": ["三次"],
        "unit_name": ["冒充"],
        "none": ["true"],
        "items[4].title": ["后"],
        "items[1].title": ["先"],
        "items[7]._row": ["1"],
        "files": ["f1", "f2"],
        "files._drop": ["f1"],
        "nobody": ["x"],
        "opinion": ["一\r\n二"],
        "evidence": [],
    }
    values = forms.parse(forms.load(FULL), raw)
    assert values["name"] == "１２ 😀 "
    assert values["times"] == "三次"
    assert [row["title"] for row in values["items"]] == ["先", "后", ""]
    assert values["files"] == ["f2"]
    assert values["opinion"] == "一\n二"
    assert values["none"] is True
    assert "unit_name" not in values
    assert "nobody" not in values


@pytest.mark.parametrize(
    ("component", "typed", "kept"),
    [
        (part("number"), "１２，０００．５０", "12000.5"),
        (part("number"), " 7 ", 7),
        (part("number"), "－3", -3),
        (part("number", properties={"money": "true"}), "12000 元", 12000),
        (part("number"), 0, 0),
        (part("datetime"), "２０２６年１月２０日", "2026-01-20"),
        (part("datetime"), "2026/1/20", "2026-01-20"),
        (part("datetime"), "20260120", "2026-01-20"),
        (part("textfield"), " 走访😀 ", "走访😀"),
        (part("textarea"), "　　首行缩进\n\n尾 \n", "　　首行缩进\n\n尾"),
        (part("textfield", validate={"pattern": r"^\d{4}$"}), "２０２６", "2026"),
        (part("checklist", valuesKey="units"), ["hr", "hr"], ["hr"]),
        (part("filepicker", multiple=True), ["f1", "f2"], ["f1", "f2"]),
        (part("select", valuesKey="units"), "", ""),
    ],
    ids=str_id,
)
def test_what_is_meant_is_kept_plainly(component: dict[str, Any], typed: Any, kept: Any) -> None:
    assert judge(component, typed) == (kept, [])


@pytest.mark.parametrize(
    ("component", "typed", "said"),
    [
        (part("number"), "十二", "应当是数字"),
        (part("number"), "1e5", "应当是数字"),
        (part("number"), "1,00", "应当是数字"),
        (part("number"), "9" * 16, "数字太大"),
        (part("number", decimalDigits=2), "1.234", "最多 2 位小数"),
        (part("number", decimalDigits=0), "1.5", "应当是整数"),
        (part("number", properties={"money": "true"}), "-1", "不能小于 0"),
        (part("number", validate={"max": 99}), "100", "不能大于 99"),
        (part("number"), True, "格式不对"),
        (part("number"), 10**30, "格式不对"),
        (part("datetime"), "2026-02-30", "应当是日期"),
        (part("datetime"), "0026-01-20", "年份"),
        (part("textarea"), "长" * 10_000, "有 10000 字，最多 5000 字，请删去 5000 字"),
        (part("textfield", validate={"minLength": 5}), "短", "只有 1 字，至少 5 字"),
        (part("textfield"), "响\x07铃", "第 2 个字是看不见的控制字符（U+0007）"),
        (part("textfield"), "\ud800", "控制字符"),
        (part("textfield"), "一\n二", "只能填一行"),
        (part("textfield"), {"a": 1}, "格式不对"),
        (part("textfield", validate={"pattern": "^a$", "patternErrorMessage": "请写 a。"}), "b", "”请写 a。"),
        (part("select", valuesKey="units"), "party", "不在可选范围内"),
        (part("checklist", valuesKey="units"), ["hr", "party"], "不在可选范围内"),
        (part("checklist", valuesKey="units"), "hr", "格式不对"),
        (part("checkbox"), "maybe", "格式不对"),
        (part("filepicker", multiple=True), ["别人的文件"], "找不到"),
        (part("filepicker"), ["f1", "f2"], "只能留一个"),
        (part("dynamiclist", components=[part("textfield")]), "x", "格式不对"),
        (part("dynamiclist", components=[part("textfield")]), [{}] * 201, "最多 200 项"),
    ],
    ids=str_id,
)
def test_what_cannot_be_meant_is_refused_in_chinese_and_kept(component: dict[str, Any], typed: Any, said: str) -> None:
    value, found = judge(component, typed)
    assert [fault.element for fault in found] == ["x"]
    assert said in found[0].message
    assert value == typed


@pytest.mark.parametrize(("kind", "typed"), [("checklist", ["hr", "office"]), ("select", "office")])
def test_what_is_offered_but_cannot_be_chosen_now_is_refused_by_its_name(kind: str, typed: Any) -> None:
    form = forms.load(draw(part(kind, valuesKey="units"), SEND))
    closed = [UNITS["units"][0], {"value": "office", "label": "办公室（未到）", "disabled": "true"}]
    value, found = forms.validate(form, {"x": typed}, "send", {"units": closed})
    assert [fault.message for fault in found] == ["“栏x”现在不能选“办公室（未到）”，请重新选择。"]
    assert value["x"] == typed


@pytest.mark.parametrize("kind", ["textfield", "textarea", "number", "datetime", "checkbox", "filepicker"])
def test_what_is_required_must_be_there(kind: str) -> None:
    found = judge(part(kind, validate={"required": True}), None)[1]
    assert [fault.code for fault in found] == ["form_required"]


def test_blank_text_is_nothing_and_zero_is_something() -> None:
    assert judge(part("textarea", validate={"required": True}), " 　\n")[1][0].code == "form_required"
    assert judge(part("number", validate={"required": True}), "0")[1] == []


def test_some_fields_are_required_for_one_outcome_only() -> None:
    opinion = part("textarea", properties={"required_for": "return"})
    assert judge(opinion, "", "send")[1] == []
    assert [fault.element for fault in judge(opinion, "", "return")[1]] == ["x"]


def test_a_fault_in_a_row_says_which_row() -> None:
    form = forms.load(FULL)
    values = {"name": "计划", "items": [{"title": "一"}, {"title": "二"}, {"deadline": "明天"}]}
    _, found = forms.validate(form, values, "send", OPTIONS)
    assert [fault.element for fault in found] == ["items[2].title", "items[2].deadline"]
    assert all("第 3 项" in fault.message for fault in found)


@pytest.mark.parametrize("outcome", ["agree", "", None])
def test_an_outcome_must_be_one_that_the_buttons_offer(outcome: str | None) -> None:
    _, found = forms.validate(forms.load(draw(SEND, BACK)), {}, outcome, {})
    assert [(fault.code, fault.element) for fault in found] == [("form_outcome", "outcome")]


def test_one_button_leaves_nothing_to_choose() -> None:
    assert forms.validate(forms.load(draw(SEND)), {}, None, {})[1] == []


def test_read_only_fields_are_never_taken_from_input() -> None:
    cleaned, _ = forms.validate(forms.load(FULL), {"name": "x", "unit_name": "冒充"}, "send", OPTIONS)
    assert "unit_name" not in cleaned
    group = draw(part("group", "", readonly=True, components=[part("textfield", "inner")]))
    assert forms.parse(forms.load(group), {"inner": ["冒充"]}) == {}


def test_variables_are_lifted_from_clean_values() -> None:
    raw = {
        "name": ["x"],
        "budget": ["12.50"],
        "times": ["3"],
        "starts": ["2026年1月20日"],
        "evidence": ["hr", "office"],
    }
    form = forms.load(FULL)
    cleaned, found = forms.validate(form, forms.parse(form, raw), "send", OPTIONS)
    assert found == []
    assert forms.lifted(form, cleaned) == {
        "budget": Decimal("12.5"),
        "times": Decimal(3),
        "开始": date(2026, 1, 20),
        "lead": None,
        "evidence": ("hr", "office"),
        "none": False,
    }


def test_the_opinion_is_found() -> None:
    assert forms.opinion(forms.load(FULL), {"opinion": "请补充。"}) == "请补充。"
    assert forms.opinion(forms.load(draw(part("textarea"))), {"x": "别的"}) == ""


def test_a_fresh_form_holds_its_defaults() -> None:
    known: dict[str, Value] = {"unit": "hr", "n": Decimal("1.5"), "d": date(2026, 1, 20)}

    def evaluate(text: str) -> Value:
        if text not in known:
            raise ExpressionError("没有")
        return known[text]

    def default(kind: str, key: str, text: str) -> dict[str, Any]:
        return part(kind, key, properties={"default": text})

    fields = [default("textfield", "a", "unit"), default("number", "b", "n"), default("datetime", "c", "d")]
    fields += [default("textfield", "e", "gone"), default("checklist", "f", "unit") | {"valuesKey": "units"}]
    rows = part("dynamiclist", "rows", defaultRepetitions=2, components=[default("textfield", "lead", "unit")])
    form = forms.load(draw(*fields, part("textarea", "g", defaultValue="同意。"), rows))
    assert forms.initial(form, evaluate) == {
        **{"a": "hr", "b": "1.5", "c": "2026-01-20", "e": "", "f": [], "g": "同意。"},
        "rows": [{"lead": "hr"}, {"lead": "hr"}],
    }


@pytest.mark.parametrize(
    "text",
    [
        *("140101199001011233", "１４０１０１１９９００１０１１２３x", "证件140101900101123号"),
        *("驻地某12345部队", "９２０１５ 部队", "第82集团军", "三二一〇九部队"),
    ],
)
def test_what_looks_secret_is_warned_of(text: str) -> None:
    form = forms.load(FULL)
    (warning,) = forms.warnings(form, {"items": [{"title": text}]})
    assert warning.element == "items[0].title"
    assert "第 1 项" in warning.message
    assert warning.remedy


@pytest.mark.parametrize(
    "text",
    ["2026年走访慰问3次", "电话03511234567", "太原第一师范学校", "驻晋某部队", "100000000000000000", "第三旅游公司"],
)
def test_everyday_text_is_not_warned_of(text: str) -> None:
    assert forms.warnings(forms.load(FULL), {"name": text, "opinion": text}) == []


TEXT = st.text(max_size=12) | st.sampled_from(
    ["hr", "office", "yes", "f1", "2026-01-20", "１２", "-0.50", "2026年1月20日"]
)
NAMES = st.sampled_from(
    [
        "name",
        "budget",
        "times",
        "starts",
        "lead",
        "army",
        "evidence",
        "none",
        "files",
        "files._drop",
        "phone",
        "opinion",
    ]
    + [f"items[{index}].{key}" for index in (0, 3, 9999) for key in ("title", "deadline", "done", "_row")]
)


@given(raw=st.dictionaries(NAMES | st.text(max_size=12), st.lists(TEXT, max_size=3), max_size=12))
@settings(max_examples=80, deadline=None)
def test_anything_a_browser_sends_is_parsed_and_judged(raw: dict[str, list[str]]) -> None:
    form = forms.load(FULL)
    cleaned, found = forms.validate(form, forms.parse(form, raw), "send", OPTIONS)
    assert json.loads(json.dumps(cleaned)) == cleaned
    if not found:
        assert forms.validate(form, cleaned, "send", OPTIONS) == (cleaned, [])
        forms.lifted(form, cleaned)


@given(values=st.dictionaries(NAMES | st.just("items"), JSON, max_size=10), outcome=st.none() | st.text(max_size=5))
@settings(max_examples=80, deadline=None)
def test_anything_a_program_sends_is_judged(values: dict[str, Any], outcome: str | None) -> None:
    form = forms.load(FULL)
    forms.validate(form, values, outcome, OPTIONS)
    forms.warnings(form, values)
