"""Who took part sees the matter and what is below it; a secretary sees what the group's posts see; nobody else."""

from engine.core import visibility
from engine.core.execution import row_of
from tests.engine.office import Office


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
