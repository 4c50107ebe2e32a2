"""The numbers that the office sets: their bounds, who set them, and what diagrams make of them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from engine import definitions, parameters, records
from engine.core import execution
from engine.core.expressions import ExpressionError
from engine.ground import model
from engine.ground.errors import Invalid, NotAllowed, Refused, Stale
from engine.ground.unit_of_work import SYSTEM, Parameter
from tests.engine.office import DIAGRAMS, FORM, Office

STEP = Parameter("每一步", "个工作日", default=3, least=1, most=30, basis="机关惯例")
LONG = Parameter("会议", "个工作日", default=10, least=5, most=90, basis="机关惯例")
ASKING = FORM.replace('"key":"words"', '"key":"words","description":"x"').replace(
    '"opinion":"true"', '"opinion":"true","required_for":"agree,return","default":"string(parameter(\\"step_days\\"))"'
)


@pytest.fixture
def office(office: Office) -> Iterator[Office]:
    """Declare two parameters in the small organization."""
    office.engine.parameters.update(step_days=STEP, meeting_days=LONG)
    yield office


def change(office: Office, seen: int | None = None, /, **wanted: int) -> list[str]:
    with office.engine.transaction() as unit:
        known = parameters.revision(unit) if seen is None else seen
        return parameters.change(unit, wanted, known, SYSTEM)


def values(office: Office) -> dict[str, int]:
    with office.engine.reading() as unit:
        return {item.name: item.value for item in parameters.listing(unit)}


def dues(office: Office) -> list[datetime | None]:
    return [row.due_at for row in office.open_tasks()]


def test_what_nobody_has_set_has_its_default(office: Office) -> None:
    with office.engine.reading() as unit:
        assert [(item.declared, item.value, item.set_at) for item in parameters.listing(unit)] == [
            (STEP, 3, None),
            (LONG, 10, None),
        ]


def test_a_change_is_kept_with_who_when_and_what_it_was(office: Office) -> None:
    assert change(office, step_days=4, meeting_days=10) == ["step_days"]
    assert change(office, step_days=6) == ["step_days"]
    assert change(office, step_days=6) == []
    assert values(office) == {"step_days": 6, "meeting_days": 10}
    with office.engine.reading() as unit:
        (row,) = unit.connection.execute(select(model.parameter)).all()
        assert (row.name, row.revision, row.set_at) == ("step_days", 2, unit.now)
        query = select(model.event.c.payload).where(model.event.c.kind == "parameter-changed")
        assert [bytes(text) for text in unit.connection.execute(query).scalars()] == [
            b'{"name":"step_days","before":3,"after":4}',
            b'{"name":"step_days","before":4,"after":6}',
        ]
    assert records.verify(office.engine).whole


def test_one_act_sees_what_it_has_set(office: Office) -> None:
    with office.engine.transaction() as unit:
        parameters.change(unit, {"step_days": 5}, 0, SYSTEM)
        assert execution.evaluate_with(unit, 'parameter("step_days")', {}) == 5


def test_what_is_out_of_bounds_or_unknown_is_refused_with_everything_else(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        change(office, step_days=31, meeting_days=4, ghost=1)
    assert [(fault.element, fault.message) for fault in refused.value.faults] == [
        ("step_days", "“每一步”须在 1 到 30 个工作日之间。"),
        ("meeting_days", "“会议”须在 5 到 90 个工作日之间。"),
        ("ghost", "没有参数“ghost”。"),
    ]
    assert values(office) == {"step_days": 3, "meeting_days": 10}


def test_only_the_system_administrator_sets_parameters(office: Office) -> None:
    with pytest.raises(NotAllowed, match="系统管理员"), office.engine.transaction() as unit:
        parameters.change(unit, {"step_days": 4}, 0, office.actor("hr.head"))


def test_the_second_of_two_who_change_at_once_is_told(office: Office) -> None:
    change(office, 0, step_days=4)
    with pytest.raises(Stale, match="刚刚被别人改过"):
        change(office, 0, step_days=5)
    assert values(office)["step_days"] == 4


@pytest.mark.parametrize("first", [True, False])
def test_a_change_that_came_in_between_wins(office: Office, first: bool) -> None:
    # Given somebody whose change is committed after this act has looked
    if not first:
        change(office, step_days=4)
    with pytest.raises(Stale), office.engine.transaction() as unit:
        seen = parameters.revision(unit)
        if first:
            row = {"name": "step_days", "value": 9, "revision": 1, "set_at": unit.now}
            unit.connection.execute(model.parameter.insert(), row)
        else:
            unit.connection.execute(update(model.parameter).values(revision=7))
        # When this act writes on top of what it saw, then it is refused
        parameters.change(unit, {"step_days": 5}, seen, SYSTEM)
    assert values(office)["step_days"] == (3 if first else 4)


# What diagrams make of them


def test_a_deadline_reads_the_parameter_when_the_task_opens(office: Office) -> None:
    # Given a task that opened under the default of three working days
    office.publish("runs_parameter")
    first = office.begin("runs_parameter")
    assert dues(office) == [datetime(2026, 1, 22, 10, tzinfo=UTC)]
    # When the office sets another number
    change(office, step_days=4)
    # Then what is open keeps its deadline, and what opens afterwards has the new one
    assert dues(office) == [datetime(2026, 1, 22, 10, tzinfo=UTC)]
    office.claim_and_do("办理 a")
    assert office.names(first) == ["办理 b"]
    assert dues(office) == [datetime(2026, 1, 29, 10, tzinfo=UTC)]


def test_a_parameter_that_is_declared_no_more_is_an_incident(office: Office) -> None:
    definition = office.publish("runs_parameter")
    del office.engine.parameters["step_days"]
    with office.engine.transaction() as unit:
        execution.start(unit, definition, {}, SYSTEM)
    with office.engine.reading() as unit:
        message = unit.connection.execute(select(model.incident.c.message)).scalar_one()
    assert "没有名为“step_days”的参数" in message


def test_a_name_may_be_worked_out_and_what_is_no_name_gives_nothing(office: Office) -> None:
    with office.engine.reading() as unit:
        assert execution.evaluate_with(unit, 'parameter("step" + "_days")', {}) == 3
        assert execution.evaluate_with(unit, "parameter(1)", {}) is None
        with pytest.raises(ExpressionError, match="没有名为“ghost”的参数"):
            execution.evaluate_with(unit, 'parameter("ghost")', {})


def test_publishing_refuses_an_unknown_parameter_and_lists_the_known_ones(office: Office) -> None:
    source = (DIAGRAMS / "refused_parameter_unknown.bpmn").read_bytes()
    with office.engine.reading() as unit:
        found = definitions.check(unit, source, {"plan": FORM})
    assert [fault.element for fault in found] == ["a", "b"]
    assert found[0].message == "期限用到的参数“ghost_days”没有登记。"
    assert found[0].remedy == "可用的参数：meeting_days（会议）、step_days（每一步）。"
    office.engine.parameters.clear()
    with office.engine.reading() as unit:
        assert {fault.remedy for fault in definitions.check(unit, source, {"plan": FORM})} == {"可用的参数：（没有）。"}


def test_publishing_refuses_a_form_that_asks_for_an_unknown_parameter(office: Office) -> None:
    office.publish("runs_parameter", forms={"plan": ASKING})
    with pytest.raises(Refused) as refused:
        office.publish("runs_parameter", forms={"plan": ASKING.replace("step_days", "ghost_days")})
    (fault,) = refused.value.faults
    assert (fault.code, fault.element) == ("form_parameter", "a")
    assert "参数“ghost_days”没有登记" in fault.message
    assert "step_days（每一步）" in fault.remedy
