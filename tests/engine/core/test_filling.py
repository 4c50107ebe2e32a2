"""What a task's form is filled in with, and what its rules see when it is handed in."""

import json
from typing import Any

import pytest

from engine import tasks
from engine.ground.errors import Invalid, Refused
from tests.engine.core.form_drawing import draw, part
from tests.engine.office import Office

AGREE = {"type": "button", "label": "同意", "properties": {"outcome": "agree", "style": "primary"}}


def drawn(*parts: dict[str, Any], rules: list[dict[str, Any]], **properties: Any) -> str:
    return draw(*parts, AGREE, properties={"rules": rules, **properties})


def rule(check: str, field: str = "x") -> dict[str, Any]:
    return {"check": check, "field": field, "message": "期限太短。"}


SOON = drawn(part("datetime"), rules=[rule("count workdays(today(), x) >= 5 and round = 1")])


def test_a_form_is_held_to_its_rules_when_it_is_handed_in_and_not_when_it_is_saved(office: Office) -> None:
    # Given a task whose form asks for five working days
    instance = office.begin("engine_child", forms={"form": SOON})
    (row,) = office.open_tasks()
    head, person = office.actor("hr.head"), office.people["hr.head"]
    # When too short a time is saved, nobody objects
    with office.engine.transaction() as unit:
        tasks.save(unit, row.id, head, {"x": "2026-01-23"}, 1)
    # When it is handed in, it is refused at the field, and what was saved stays
    with pytest.raises(Invalid) as refused, office.engine.transaction() as unit:
        tasks.complete(unit, row.id, head, {"x": "2026-01-23"}, "agree", 2)
    assert [(fault.element, fault.message) for fault in refused.value.faults] == [("x", "期限太短。")]
    with office.engine.reading() as unit:
        assert tasks.view(unit, row.id, person).values["x"] == "2026-01-23"
        assert [fault.element for fault in tasks.faults(unit, row.id, {"x": "2026-01-23"}, "agree")] == ["x"]
        assert tasks.faults(unit, row.id, {"x": "2026-01-26"}, "agree") == []
    # When it is long enough, it is done
    with office.engine.transaction() as unit:
        tasks.complete(unit, row.id, head, {"x": "2026-01-26"}, "agree", 2)
    assert office.state(instance)[0] == "completed"


def test_a_start_form_is_held_to_its_rules(office: Office) -> None:
    year = part("number", "year", properties={"variable": "year"})
    begin = drawn(year, rules=[rule("year >= 2026", "year")])
    office.publish("engine_start", forms={"begin": begin, "form": SOON})
    with pytest.raises(Invalid) as refused:
        office.start("started", year="2025")
    assert [fault.element for fault in refused.value.faults] == ["year"]
    office.start("started", year="2026")


once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@once
def test_a_rule_sees_the_iteration_around_its_task_and_so_does_a_default(office: Office) -> None:
    limited = drawn(part("number", properties={"default": "limit"}), rules=[rule("x <= limit")])
    office.begin("engine_inner_task", forms={"form": limited})
    found = {}
    with office.engine.reading() as unit:
        for row in office.open_tasks():
            found[row.id] = tasks.view(unit, row.id, office.people["hr.head"]).values["x"]
            assert [fault.element for fault in tasks.faults(unit, row.id, {"x": 5}, "agree")] == (
                ["x"] if found[row.id] == 3 else []
            )
    assert sorted(found.values()) == [3, 7]
    # A task that is done can still be read
    office.do("办理 b", "hr.head", x=1)
    with office.engine.reading() as unit:
        assert {tasks.view(unit, task, office.people["hr.head"]).values["x"] for task in found} == {"", 7}


@once
def test_what_a_rule_sees_of_a_field_that_is_only_shown_is_not_taken_from_input(office: Office) -> None:
    shown = part("number", "round_shown", readonly=True, properties={"default": "round"})
    form = drawn(part("checkbox", "x"), shown, rules=[rule("round_shown = 1")])
    office.begin("engine_child", forms={"form": form})
    office.do("子项办理", "hr.head", round_shown=2)
    assert office.names() == []


@once
def test_publishing_refuses_a_rule_that_asks_for_a_variable_nobody_gives(office: Office) -> None:
    form = drawn(part("datetime"), rules=[rule("x > today()"), rule("x > due_date")])
    with pytest.raises(Refused) as refused:
        office.publish("engine_child", forms={"form": form})
    (fault,) = refused.value.faults
    assert (fault.code, fault.element) == ("BPMN-VARIABLE", "a")
    assert "第 2 条校验规则用到的变量“due_date”" in fault.message


@once
def test_a_rule_of_a_start_form_sees_only_what_is_there_at_the_start(office: Office) -> None:
    later = json.loads(SOON)
    later["components"][0]["properties"] = {"variable": "later"}
    begin = drawn(part("number", "year", properties={"variable": "year"}), rules=[rule("later = null", "year")])
    with pytest.raises(Refused, match="1 处") as refused:
        office.publish("engine_start", forms={"begin": begin, "form": json.dumps(later)})
    assert refused.value.faults[0].element == "s"
    assert "later" in refused.value.faults[0].message


@once
def test_publishing_refuses_a_rule_that_asks_for_a_parameter_nobody_declared(office: Office) -> None:
    with pytest.raises(Refused, match="1 处") as refused:
        office.publish("engine_child", forms={"form": drawn(part("number"), rules=[rule('x > parameter("ghost")')])})
    assert [fault.code for fault in refused.value.faults] == ["form_parameter"]


@once
def test_a_diagram_with_a_broken_form_is_told_of_the_form_only(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        office.publish("engine_child", forms={"form": drawn(part("datetime"), rules=[rule("x >"), rule("x = ghost")])})
    assert [fault.code for fault in refused.value.faults] == ["form_rule"]
