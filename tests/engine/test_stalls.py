"""What stands still is found: nothing that could move it, or nobody who could."""

from datetime import timedelta

from sqlalchemy import update

from engine import incidents, stalls
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM
from engine.stalls import Stall
from tests.engine.office import Office, forget


def found(office: Office) -> list[Stall]:
    with office.engine.reading() as unit:
        return stalls.find(unit)


def test_a_matter_that_waits_for_somebody_moves(office: Office) -> None:
    office.begin("runs_send_back")
    assert found(office) == []


def test_a_matter_whose_incident_was_closed_by_words_alone_stands_still(office: Office) -> None:
    # Given an instance that waits for a person to look at its incident
    instance_id = office.begin("engine_split_no_way")
    assert found(office) == []
    with office.engine.reading() as unit:
        incident = incidents.listing(unit)[0]
    # When somebody closes it and nothing else is done
    office.engine.watchers.clear()
    with office.engine.transaction() as unit:
        incidents.resolve(unit, incident.id, SYSTEM, "看过了")
    # Then nothing brings it on
    assert found(office) == [Stall(instance_id, incident.title)]


def test_a_task_whose_posts_nobody_holds_is_named_with_them(office: Office) -> None:
    instance_id = office.begin("runs_send_back")
    task = office.open_tasks(instance_id)[0]
    with office.engine.transaction() as unit:
        yesterday = unit.today - timedelta(days=1)
        unit.connection.execute(update(model.holding).values(ends=yesterday))
        forget(unit)
    assert found(office) == [Stall(instance_id, task.title, task.name, tuple(task.candidates))]
