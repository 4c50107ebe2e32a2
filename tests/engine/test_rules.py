"""Business rule tasks: tables pinned with their version, rules on record, and what a table cannot say."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, update

from engine import definitions, incidents, instances
from engine.core import execution
from engine.core.history import Event
from engine.ground import model
from engine.ground.errors import Refused, Stuck
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import FORM, TABLES, Office

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def made(office: Office, instance: str) -> list[Event]:
    with office.engine.reading() as unit:
        events = instances.view(unit, instance, "", ("audit",)).events
    return [event for event in events if event.kind == "decision.made"]


def publish(office: Office, diagram: str, **tables: str) -> int:
    """Publish a diagram with tables put in the place of its own."""
    return office.publish(diagram, forms={"form": FORM, **{f"{key}.dmn": text for key, text in tables.items()}}).version


def test_the_history_proves_which_rule_answered_from_what(office: Office) -> None:
    instance = office.begin("runs_rule_several", amount=1000, what="gift")
    (event,) = made(office, instance)
    assert event.envelope["activity"] == "a"
    assert event.payload == {
        "name": "定级",
        "decision": "several",
        "table": "several",
        "inputs": [["amount", "1000"], ["what", '"gift"']],
        "variables": [],
        "rules": [1],
        "notes": {},
        "result": '{who: "head", copies: 2}',
    }
    assert office.variables(instance)["level"] == {"context": {"who": "head", "copies": 2}}


def test_rules_that_contradict_each_other_are_an_incident_that_a_retry_may_solve(office: Office) -> None:
    # Given two rules that hold at once where only one may
    instance = office.begin("engine_rule_meeting", amount=5)
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    assert found.message == "决策表“meeting”第 1、2 条规则同时成立，但命中策略是“唯一”（UNIQUE）。请改正规则。"
    assert office.state(instance)[0] == "active"
    # When it is tried again while nothing has changed, then it is an incident again
    retry(office, found.id)
    with office.engine.reading() as unit:
        (again,) = incidents.listing(unit)
    # When what was asked is another value, then it goes on
    with office.engine.transaction() as unit:
        run = execution.load(unit, instance)
        run.scopes.set("", "amount", 2)
        execution.settle(run)
    retry(office, again.id)
    assert office.state(instance)[0] == "completed"
    assert [event.payload["rules"] for event in made(office, instance) if event.payload] == [[1]]


def retry(office: Office, incident: str) -> None:
    with office.engine.transaction() as unit:
        incidents.retry(unit, incident, office.actor("hr.staff"))
    office.work()


@once
@pytest.mark.parametrize(("amount", "said"), [("much", "输入“amount”得出的是 string，表里写的类型是 number")])
def test_a_value_of_another_kind_is_an_incident(office: Office, amount: Any, said: str) -> None:
    office.begin("runs_rule_unique", amount=amount)
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    assert said in found.message


@once
def test_a_table_belongs_to_its_version(office: Office) -> None:
    # Given a version, and a second one that differs in its table alone
    first = office.publish("runs_rule_unique")
    assert publish(office, "runs_rule_unique", unique=TABLES["unique.dmn"], ghost="unused") == 1
    assert publish(office, "runs_rule_unique", unique=TABLES["unique.dmn"].replace("middle", "average")) == 2
    # Then each is asked by its own instances
    for definition, level in ((first, "middle"), (execution_latest(office), "average")):
        with office.engine.transaction() as unit:
            run = execution.start(unit, definition, {"amount": Decimal(1000)}, SYSTEM)
        assert office.variables(run.id)["level"] == level
    assert list(first.decisions) == ["unique.dmn"]
    assert first.forms == {}


def execution_latest(office: Office) -> Any:
    with office.engine.reading() as unit:
        return execution.latest(unit, "p")


@once
def test_a_start_with_a_version_whose_table_is_gone_fails_and_says_so(office: Office) -> None:
    definition = office.publish("runs_rule_unique")
    with office.engine.transaction() as unit:
        unit.connection.execute(delete(model.form))
    office.engine.definitions.clear()
    with pytest.raises(Stuck, match="决策表“unique”已不存在"), office.engine.transaction() as unit:
        execution.start(unit, definitions.get(unit, definition.id), {}, SYSTEM)


@once
def test_a_table_that_a_later_version_cannot_read_is_an_incident_and_keeps_its_name(office: Office) -> None:
    definition = office.publish("runs_rule_unique")
    assert definition.title_of("unique.dmn") == "决策表“分级”"
    with office.engine.transaction() as unit:
        unit.connection.execute(update(model.form).values(source="<future/>"))
    office.engine.definitions.clear()
    with office.engine.transaction() as unit:
        definition = definitions.get(unit, definition.id)
        execution.start(unit, definition, {"amount": Decimal(1000)}, SYSTEM)
    with office.engine.reading() as unit:
        assert [row.message for row in incidents.listing(unit)] == ["决策表“unique”已经不能读取。请联系管理员。"]
    assert definition.title_of("unique.dmn") == "决策表“unique”"


@once
def test_the_faults_of_a_table_name_its_lines_and_its_task(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        office.publish("refused_rule_broken")
    assert [(fault.code, fault.element, fault.line) for fault in refused.value.faults] == [("DMN-CELL", "a", 6)] * 2
    assert "决策表“broken”第 8 行：第 2 条规则第 1 个结果写错了" in refused.value.faults[1].message
