"""Who took part sees the matter and what is below it; a secretary sees what the group's posts see; nobody else."""

import json

import pytest

from engine.core import disclosure, documents, execution, visibility
from engine.core.execution import row_of
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import FORM, Office


def sees(office: Office, instance: str) -> set[str]:
    with office.engine.reading() as unit:
        return {post for post, person in office.people.items() if visibility.may_see(unit, instance, person)}


def test_what_waits_for_a_leader_is_seen_by_the_groups_secretary(office: Office) -> None:
    office.publish("engine_leader")
    assert sees(office, office.start("leader")) == {"hr.staff", "hr.staff2", "group.leader", "group.secretary"}


def test_who_has_a_part_at_the_top_sees_what_is_below_and_not_the_other_way_round(office: Office) -> None:
    office.publish("engine_child")
    parent = office.begin("engine_call")
    (row,) = office.open_tasks()
    with office.engine.reading() as unit:
        assert row_of(unit, row.instance_id)["parent_id"] == parent
    assert sees(office, row.instance_id) == {"hr.head"}
    assert sees(office, parent) == set()


def test_what_is_not_there_is_seen_by_nobody(office: Office) -> None:
    assert sees(office, "no-such-instance") == set()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("shown", "more"), [("report", {"group.leader", "group.secretary", "hr.staff", "hr.staff2"}), ("other", set())]
)
def test_a_document_is_read_by_who_sees_a_matter_that_made_it_or_one_whose_form_shows_it(
    office: Office, shown: str, more: set[str]
) -> None:
    # Given a report made in one matter, and another matter of the same business key with a form of its own
    plain = json.loads(FORM)
    forms = [json.dumps({**plain, "properties": {"document": name}}) for name in ("report", shown)]
    for diagram, form in zip(("engine_child", "engine_leader"), forms, strict=True):
        definition = office.publish(diagram, forms={"form": form})
        with office.engine.transaction() as unit:
            execution.start(unit, definition, {}, SYSTEM, business_key="one key")
    # When it is asked who may read the report
    (row,) = [row for row in office.open_tasks() if row.name == "子项办理"]
    with office.engine.transaction() as unit:
        documents.put_values(unit, row_of(unit, row.instance_id), "report", "报告", {"body": "全文"}, SYSTEM)
    with office.engine.reading() as unit:
        (document,) = documents.of_business_key(unit, "one key")
        readers = {post for post, person in office.people.items() if disclosure.may_read(unit, document, person)}
        assert disclosure.may_read(unit, document, office.people["blue.staff"], ("audit",))
    # Then those of its own matter may, and those of the other only where its form shows it
    assert readers == {"hr.head", *more}
