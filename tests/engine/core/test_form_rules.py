"""A form's rules: fields held against each other."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.core import expressions, form_uses, forms
from engine.core.expressions import Value
from engine.ground.errors import Fault
from tests.engine.core.form_drawing import BACK, SEND, YES_NO, draw, part, str_id

ROWS = {
    **part("dynamiclist", "", path="items"),
    "components": [
        part("datetime", "from"),
        part("datetime", "until", validate={"required": True}),
        part("number", "budget", properties={"money": "true"}),
        part("textfield", "source"),
    ],
}
PARTS = (
    part("radio", "manner", values=YES_NO),
    part("textfield", "number"),
    part("checkbox", "none"),
    part("checklist", "units", valuesKey="units"),
    part("datetime", "limit", readonly=True),
    ROWS,
)
OPTIONS = {"units": [{"value": "hr", "label": "人事部"}]}
TODAY = date(2026, 1, 20)


def rule(check: str, field: str = "number", **more: Any) -> dict[str, Any]:
    return {"check": check, "field": field, "message": "不合规矩。", **more}


def draw_with(*rules: Any) -> str:
    return draw(*PARTS, SEND, BACK, properties={"rules": list(rules)})


def judge(text: str, seen: Mapping[str, Value]) -> Value:
    variables: dict[str, Value] = {"year": Decimal(2026), "number": "变量不盖过栏", **seen}
    return expressions.evaluate(text, variables, {"today": lambda: TODAY})


def broken(rules: list[dict[str, Any]], outcome: str | None = "send", **values: Any) -> list[Fault]:
    form = forms.load(draw_with(*rules))
    return forms.validate(form, values, outcome, OPTIONS, judge)[1]


FORMAL = rule('manner != "yes" or number != null')


@pytest.mark.parametrize(
    ("check", "values", "holds"),
    [
        ('manner != "yes" or number != null', {"manner": "yes", "number": ""}, False),
        ('manner != "yes" or number != null', {"manner": "yes", "number": "1号"}, True),
        ('manner != "yes" or number != null', {"manner": "no"}, True),
        ("limit >= today()", {"limit": "2026-01-19"}, False),
        ("limit >= today()", {"limit": "2026-01-20"}, True),
        ("none = false or count(items) = 0", {"none": True, "items": [{"until": "2026-03-01"}]}, False),
        ("none = false or count(items) = 0", {"none": True}, True),
        ('list contains(units, "hr")', {"units": ["hr"]}, True),
        ('list contains(units, "hr")', {}, False),
        ("every item in items satisfies item.budget < 10", {"items": [{"until": "2026-03-01", "budget": "12"}]}, False),
        ('outcome = "send"', {}, True),
        ("year = 2026", {}, True),
    ],
    ids=str_id,
)
def test_a_rule_must_be_true_of_the_clean_values(check: str, values: dict[str, Any], holds: bool) -> None:
    found = broken([rule(check, "none")], **values)
    assert [(fault.code, fault.element, fault.message) for fault in found] == (
        [] if holds else [("form_rule", "none", "不合规矩。")]
    )


@pytest.mark.parametrize("check", ['number > "5"', 'number = "5" or null', 'starts with(number, "5")'])
def test_what_an_empty_field_leaves_open_is_let_pass(check: str) -> None:
    assert broken([rule(check)], number="") == []


@pytest.mark.parametrize("check", ["number > 5", "ghost > 5", "null", "if number = null then false else ghost"])
def test_null_without_an_empty_field_is_as_wrong_as_false(check: str) -> None:
    (fault,) = broken([rule(check)], number="五号")
    assert (fault.element, fault.message, fault.name) == ("number", "不合规矩。", "栏number")


def test_a_rule_that_breaks_a_bound_is_a_fault_that_says_so() -> None:
    heavy = rule("count(for a in items return for b in items return for c in items return items) = 0")
    (fault,) = broken([heavy], items=[{"until": "2026-03-01"}] * 30)
    assert fault.message.startswith("不合规矩。（这一条没有核对成：")


def test_a_rule_of_rows_stands_at_the_row() -> None:
    order = rule("until >= from", "items.until")
    rows = [
        {"from": "2026年3月2日", "until": "2026-03-01"},
        {"from": "", "until": "2026-03-01"},
        {"from": "2026-03-01", "until": "2026-03-01"},
    ]
    (fault,) = broken([order], items=rows)
    assert (fault.element, fault.name, fault.message) == ("items[0].until", "栏until", "第 1 项：不合规矩。")


def test_a_rule_of_rows_sees_the_whole_form() -> None:
    paid = rule('none or budget = null or budget = 0 or source != null or manner = "yes"', "items.source")
    rows = [{"until": "2026-03-01", "budget": "500 元"}]
    assert [fault.element for fault in broken([paid], items=rows)] == ["items[0].source"]
    assert broken([paid], items=rows, none=True) == []
    assert broken([paid], items=[{**rows[0], "source": "部门经费"}]) == []


def test_a_rule_is_for_the_outcomes_that_it_names() -> None:
    for when in ("return", ["return"], "return,send", ["send"]):
        found = broken([rule("number != null", when=when)], "return")
        assert bool(found) is ("return" in when)
    assert [fault.code for fault in broken([rule("number != null")], "return")] == ["form_rule"]


def test_the_one_button_of_a_form_is_meant_when_none_is_named() -> None:
    needed = part("textfield", properties={"required_for": "send"})
    form = forms.load(draw(needed, properties={"rules": [rule("x != null", "x", when="send")]}))
    assert [fault.code for fault in forms.validate(form, {}, None, {}, judge)[1]] == ["form_required"]
    form = forms.load(draw(part("textfield"), properties={"rules": [rule("x != null", "x", when="send")]}))
    assert [fault.code for fault in forms.validate(form, {}, None, {}, judge)[1]] == ["form_rule"]


@pytest.mark.parametrize(
    ("check", "field", "values", "codes"),
    [
        ('manner = "yes" and number = null', "number", {"manner": "maybe"}, ["form_choice"]),
        ("until >= from", "items.until", {"items": [{"from": "春天", "until": "2026-03-01"}]}, ["form_date"]),
        ("until >= from", "items.until", {"items": [{"from": "2026-03-01"}]}, ["form_required"]),
        ("count(items) = 9", "number", {"items": [{"from": "2026-03-01"}]}, ["form_required"]),
        ("until >= from", "items.until", {"items": "x"}, ["form_type"]),
    ],
    ids=str_id,
)
def test_a_rule_waits_until_the_fields_that_it_names_are_right(
    check: str, field: str, values: dict[str, Any], codes: list[str]
) -> None:
    assert [fault.code for fault in broken([rule(check, field)], **values)] == codes


def test_without_a_judge_no_rule_is_asked() -> None:
    form = forms.load(draw_with(FORMAL))
    assert forms.validate(form, {"manner": "yes"}, "send", OPTIONS)[1] == []


def test_without_a_number_in_a_field_of_numbers_there_is_nothing_to_compare() -> None:
    form = forms.load(draw(part("number", readonly=True), part("checkbox", "ok"), properties={"rules": []}))
    assert form.rules == ()
    shown = draw(part("number", readonly=True), part("checkbox", "ok"), properties={"rules": [rule("x = null", "ok")]})
    assert forms.validate(forms.load(shown), {"x": "许多"}, "send", {}, judge)[1] == []


# Publishing


def test_rules_that_can_be_checked_are_published() -> None:
    good = (FORMAL, rule("until >= from", "items.until", when="send"), rule("limit > today()", when=["send", "return"]))
    assert forms.check(draw_with(*good), {"units"}) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("until >= from", "不是一条规则"),
        (rule("true", wenn="send"), "wenn"),
        ({"check": "true", "field": "number"}, "没有提示文字"),
        (rule("true", message="长" * 201), "太长"),
        (rule("true", field="ghost"), "ghost"),
        (rule("true", field="until"), "until"),
        (rule("true", field="items.ghost"), "items.ghost"),
        (rule("true", field="limit"), "不能填写"),
        (rule("true", field=""), "不存在"),
        (rule("true", when="sned"), "sned"),
        (rule("true", when=[]), "when"),
        (rule("true", when=7), "when"),
        (rule("until >="), "没有写完"),
        (rule("yesterday() = today()"), "yesterday"),
        (rule(""), "空的"),
    ],
    ids=str_id,
)
def test_publishing_refuses_a_rule_that_cannot_be_checked(wrong: Any, said: str) -> None:
    found = forms.check(draw_with(FORMAL, wrong), {"units"})
    assert {fault.code for fault in found} == {"form_rule"}
    assert [fault for fault in found if said in fault.message and "第 2 条" in fault.message and fault.remedy], found


@pytest.mark.parametrize("rules", ["number != null", {"check": "true"}, [FORMAL] * 51])
def test_publishing_refuses_rules_that_are_no_list_or_too_many(rules: Any) -> None:
    found = forms.check(draw(*PARTS, SEND, BACK, properties={"rules": rules}), {"units"})
    assert [fault.code for fault in found] == ["form_rule"]


@pytest.mark.parametrize("outer", ["group", "dynamiclist"])
def test_a_rule_does_not_stand_at_a_field_in_something_that_is_only_shown(outer: str) -> None:
    held = {**part(outer, "outer"), "readonly": True, "components": [part("textfield")]}
    field = "x" if outer == "group" else "outer.x"
    found = forms.check(draw(held, properties={"rules": [rule("true", field)]}), set())
    assert [fault.code for fault in found] == ["form_rule"]


def test_what_a_rule_asks_of_variables_is_what_no_field_gives() -> None:
    source = draw_with(rule("until >= from and year = 2026 and manner = outcome", "items.until"), rule("until > a"))
    assert form_uses.of(source).asked == (frozenset({"year"}), frozenset({"until", "a"}))
    assert form_uses.of(draw_with(rule("until >="))).asked == ()
