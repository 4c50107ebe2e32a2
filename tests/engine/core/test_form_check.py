"""What publishing refuses in a form."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import form_uses, forms
from engine.core.diagram import FormUses
from engine.ground.errors import Fault, Refused
from tests.bpmn.test_drawings import OPTIONS
from tests.engine.core.form_drawing import JSON, SEND, YES_NO, draw, part, str_id

BPMN = Path(__file__).parents[3] / "bpmn"
KEYS = st.sampled_from(
    ["type", "key", "path", "label", "components", "validate", "values", "properties", "defaultValue"]
)
PART = st.dictionaries(
    KEYS | st.text(max_size=5), JSON | st.sampled_from(["group", "dynamiclist", "textfield", "select"])
)


def faults_of(source: str) -> list[Fault]:
    """Check a form against the host's option sources."""
    return forms.check(source, {"units"})


@pytest.mark.parametrize("path", sorted(BPMN.glob("*.form")), ids=lambda path: path.name)
def test_the_forms_of_this_house_are_published(path: Path) -> None:
    assert forms.check(path.read_text(encoding="utf-8"), OPTIONS) == []


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("[]", "form_not_a_form", "components"),
        ("{", "form_not_json", "JSON"),
        ('{"components": [' + "[" * 100_000, "form_not_json", "JSON"),
        (draw(part("textfield"), title="长" * 200_000), "form_too_large", "200 kB"),
        (
            draw(part("textfield", label="甲\u202e乙")),
            "form_characters",
            "甲乙”里第 2 个字是看不见的控制字符（U+202E）",
        ),
        (draw(part("select", values=[{"value": "a\0", "label": "甲"}])), "form_characters", "U+0000"),
        (draw(part("html")), "form_component_type", "不支持的类型 html"),
        (draw(part("textfield", conditional={"hide": "=a"})), "form_key", "conditional"),
        (draw(part("number", increment="2")), "form_key", "increment"),
        (draw(part("textfield", validate={"validationType": "email"})), "form_key", "validate.validationType"),
        (draw(part("textfield", properties={"required-for": "send"})), "form_key", "properties.required-for"),
        (draw(part("textfield", validate={"required": "true"})), "form_switch", "required"),
        (draw(part("textfield"), part("number")), "form_duplicate_key", "重复"),
        (draw(part("textfield"), part("group", "", components=[part("number")])), "form_duplicate_key", "重复"),
        (draw(part("textfield", "")), "form_no_key", "没有 key"),
        (draw(part("textfield", "a.b")), "form_bad_key", "a.b"),
        (draw(part("textfield", "_add")), "form_bad_key", "_add"),
        (draw(part("textfield", "csrf_token")), "form_bad_key", "留用"),
        (draw({"type": "textfield", "key": "x"}), "form_no_label", "没有标签"),
        (draw({**part("textfield"), "label": "=unit"}), "form_template", "表达式"),
        (draw({"type": "button", "label": "好"}), "form_no_outcome", "办理结果"),
        (draw({**SEND, "action": "reset"}), "form_button", "提交"),
        (draw(SEND, SEND), "form_duplicate_outcome", "send"),
        (json.dumps({"id": "f", "components": []}), "form_no_button", "没有提交按钮"),
        (draw({**SEND, "properties": {"outcome": "send", "more": "true"}}), "form_no_button", "没有提交按钮"),
        (draw(part("select", valuesKey="nowhere")), "form_values_key", "nowhere"),
        (draw(part("select", valuesKey=forms.FILES)), "form_values_key", "不存在"),
        (draw(part("select")), "form_values", "只写一个"),
        (draw(part("radio", values=[*YES_NO, YES_NO[0]])), "form_values", "不能重复"),
        (draw(part("textfield", properties={"variable": "a-b"})), "form_variable", "a-b"),
        (draw(part("textfield", properties={"variable": "and"})), "form_variable", "and"),
        (draw(part("textfield", properties={"variable": "outcome"})), "form_variable", "留用"),
        (draw(part("filepicker", properties={"variable": "files"})), "form_variable", "文件"),
        (draw(part("checkbox", properties={"opinion": "true"})), "form_key", "opinion"),
        (draw(part("textfield", properties={"mark": "补件"})), "form_key", "mark"),
        (draw(part("textfield", properties={"default": "1 +"})), "form_default", "默认值"),
        (draw(part("textfield", properties={"required_for": "sned"})), "form_required_for", "sned"),
        (draw(part("datetime", subtype="datetime")), "form_subtype", "时间"),
        (draw(part("number", validate={"min": 5, "max": 1})), "form_limits", "下限大于上限"),
        (draw(part("number", decimalDigits=9)), "form_limits", "小数"),
        (draw(part("number", defaultValue="多")), "form_default", "数字"),
        (draw(part("dynamiclist", components=[])), "form_rows", "没有可填的栏"),
        (draw(part("dynamiclist", components=[part("dynamiclist", components=[])])), "form_nested", "不能再放"),
        (draw(part("dynamiclist", components=[part("filepicker")])), "form_row_file", "不能放文件"),
        (draw(part("dynamiclist", components=[SEND])), "form_button", "不能放在清单里"),
        (draw(part("dynamiclist", components=[part("textfield", readonly=True)])), "form_row_readonly", "只读"),
        (
            draw(part("dynamiclist", components=[part("number", properties={"variable": "n"})])),
            "form_row_variable",
            "变量",
        ),
        (draw(part("dynamiclist", components=[part("number")], defaultRepetitions=51)), "form_rows", "0 到 50"),
        (draw(part("group", "", components=[part("number")], path="a")), "form_path", "path"),
        (draw(part("group", "", components="x")), "form_components", "清单"),
        (draw(*[part("number", f"n{index}") for index in range(301)]), "form_too_many", "300"),
        (draw(part("number"), title="t", other=1), "form_key", "other"),
        (draw(part("number"), properties={"documnet": "x"}), "form_property", "documnet"),
        (draw(part("number"), type="special"), "form_type", "default"),
        (draw(part("number"), id=""), "form_id", "id"),
        (json.dumps({"id": "f", "components": [1, SEND]}), "form_component", "不是组成部分"),
        (draw(part("number", properties={"money": True})), "form_property", "文字"),
        (draw(part("number", properties={"money": "yes"})), "form_property", "true"),
        (draw(part("number", properties={"hide_empty": "true"})), "form_property", "只读"),
        (draw({**SEND, "label": ""}), "form_no_label", "没有文字"),
        (draw({**SEND, "properties": {"outcome": "send", "style": "big"}}), "form_property", "style"),
        (
            draw(part("number", properties={"variable": "n"}), part("number", "y", properties={"variable": "n"})),
            "form_variable",
            "同一个变量",
        ),
        (
            draw(
                part("textarea", properties={"opinion": "true"}), part("textarea", "y", properties={"opinion": "true"})
            ),
            "form_opinion",
            "第二个",
        ),
        (draw(part("textarea", readonly=True, properties={"opinion": "true"})), "form_opinion", "不能作为意见"),
        (draw(part("textfield", validate={"maxLength": "60"})), "form_limits", "整数"),
        (draw(part("number", validate={"min": "一"})), "form_limits", "数字"),
        (draw(part("textfield", validate={"minLength": 9, "maxLength": 8})), "form_limits", "字数"),
    ],
    ids=str_id,
)
def test_publishing_refuses_what_cannot_be_rendered_or_checked(source: str, code: str, said: str) -> None:
    found = faults_of(source)
    assert [fault for fault in found if fault.code == code and said in fault.message], found
    assert all(fault.remedy for fault in found)


def test_groups_may_be_nested_but_not_without_end() -> None:
    def nest(depth: int) -> dict[str, Any]:
        return part("group", "", components=[nest(depth - 1) if depth else part("number")])

    assert faults_of(draw(nest(3))) == []
    assert [fault.code for fault in faults_of(draw(nest(9)))] == ["form_nested"]


@pytest.mark.parametrize("values", ["yes", 7, {"value": "yes"}, ["yes", "no"], [{"value": "", "label": "是"}]])
def test_choices_that_are_no_list_of_choices_are_refused(values: object) -> None:
    assert "form_values" in {fault.code for fault in faults_of(draw(part("select", values=values)))}


def test_a_text_that_is_no_form_lifts_no_variable() -> None:
    assert form_uses.of("{") == FormUses()
    named = draw(part("textfield", properties={"variable": "reason"}))
    assert form_uses.of(named).lifted == {"reason"}


def test_publishing_names_every_fault_at_once() -> None:
    found = faults_of(draw(part("html"), part("textfield", ""), part("select", "s")))
    assert {fault.code for fault in found} == {"form_component_type", "form_no_key", "form_values"}
    assert [fault.element for fault in found if fault.code == "form_values"] == ["s"]


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a+)+$", "(a|a)*b", r"(\w*)*", "a++", "(?=a)", r"(a)\1", "[", "(", ")", "a{3", "*", "a+a+"),
        *("(" * 11 + "a" + ")" * 11, r"\d*\d*\d*x", "x" * 201, "[[a]]", "((a{0}){9999}){9999}", "a{2,1}", r"\p"),
    ],
)
def test_a_pattern_that_is_wrong_or_could_run_for_long_is_refused(pattern: str) -> None:
    found = faults_of(draw(part("textfield", validate={"pattern": pattern})))
    assert [fault.code for fault in found] == ["form_pattern"]


@pytest.mark.parametrize(
    "pattern", [r"^\d{3,4}-?\d{7,8}$", "^[A-Z]{2}[0-9]+$", "^(甲|乙)?第.{1,10}号$", r"^a(?:bc)?\(x\)$"]
)
def test_a_plain_pattern_is_accepted(pattern: str) -> None:
    assert faults_of(draw(part("textfield", validate={"pattern": pattern}))) == []


def test_a_source_that_is_no_form_is_refused_when_loaded() -> None:
    with pytest.raises(Refused, match="无法读取"):
        forms.load("null")


@given(parts=st.lists(PART | JSON, max_size=4))
@settings(max_examples=80, deadline=None)
def test_any_json_is_checked(parts: list[Any]) -> None:
    source = json.dumps({"id": "f", "components": parts})
    if not forms.check(source, {"units"}):
        forms.load(source)


@given(pattern=st.text(alphabet="ab(){}[]|?*+\\d0,9^$.-", max_size=14), text=st.text(alphabet="ab09", max_size=30))
@settings(max_examples=200, deadline=None)
def test_a_pattern_that_is_accepted_can_be_used(pattern: str, text: str) -> None:
    source = draw(part("textfield", validate={"pattern": pattern}))
    if not forms.check(source, set()):
        forms.validate(forms.load(source), {"x": text}, "send", {})
