"""Starting, seeing, cancelling; and what happens when an instance cannot go on."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from engine import incidents, instances
from engine.core import execution
from engine.ground import model
from engine.ground.errors import Invalid, NotAllowed, NotFound, Stale, Stuck
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import FORM, Office
from tests.engine.test_jobs import FORM_YEAR


def begin(office: Office, year: str = "2026") -> str:
    office.publish("engine_start", forms={"begin": FORM_YEAR, "form": FORM})
    return office.start("started", year=year)


def test_a_start_form_gives_the_title_and_the_key(office: Office) -> None:
    instance = begin(office)
    with office.engine.reading() as unit:
        row = instances.view(unit, instance, office.people["hr.staff"]).row
        assert (row["title"], row["business_key"], row["round"]) == ("2026年事项", "started:2026", 1)
        assert [item.key for item in instances.startable(unit, office.people["hr.staff"])] == ["started"]
        assert instances.startable(unit, office.people["red.staff"]) == []
        assert [item.id for item in instances.started_by(unit, office.people["hr.staff"])] == [instance]


def test_a_wrong_start_form_starts_nothing_and_names_the_field(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        begin(office, year="明年")
    assert [fault.element for fault in refused.value.faults] == ["year"]
    assert office.open_tasks() == []


def test_the_same_matter_is_not_started_twice_while_it_runs(office: Office) -> None:
    begin(office)
    with pytest.raises(Invalid, match="已经在办理"):
        office.start("started", year="2026")
    office.do("办理", "red.staff")
    # Once it has ended, the next start is its second round
    instance = office.start("started", year="2026")
    with office.engine.reading() as unit:
        assert instances.view(unit, instance, office.people["hr.staff"]).row["round"] == 2


def test_only_a_starter_starts(office: Office) -> None:
    begin(office)
    with pytest.raises(NotAllowed, match="不能发起"):
        office.start("started", post="red.staff", year="2027")
    with pytest.raises(NotFound, match="没有发布"):
        office.start("unknown")


def test_people_see_what_they_take_part_in_and_nothing_else(office: Office) -> None:
    instance = begin(office)
    with office.engine.reading() as unit:
        for post, roles, seen in (
            ("hr.staff", (), True),
            ("hr.staff2", (), True),
            ("red.staff", (), True),
            ("blue.staff", (), False),
            ("blue.staff", ("process",), False),
            ("blue.staff", ("audit",), True),
        ):
            found = [row.id for row in instances.search(unit, office.people[post], roles)]
            assert found == ([instance] if seen else []), post
            if seen:
                assert instances.view(unit, instance, office.people[post], roles).row["id"] == instance
            else:
                with pytest.raises(NotFound):
                    instances.view(unit, instance, office.people[post], roles)
        with pytest.raises(NotFound):
            instances.view(unit, "no-such-instance", office.people["hr.staff"])


def test_a_search_by_title_state_and_page(office: Office) -> None:
    first = begin(office)
    office.engine.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    second = office.start("started", year="2027")
    person = office.people["hr.staff"]
    with office.engine.reading() as unit:
        assert [row.id for row in instances.search(unit, person, (), "2026")] == [first]
        assert instances.search(unit, person, (), "%") == []
        assert instances.search(unit, person, (), state="completed") == []
        (newest,) = instances.search(unit, person, (), limit=1)
        assert newest.id == second
        assert [row.id for row in instances.search(unit, person, (), before=newest.started_at)] == [first]
        assert [row.id for row in instances.started_by(unit, person, newest.started_at)] == [first]


def test_the_starter_cancels_with_a_reason(office: Office) -> None:
    instance = begin(office)
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        instances.cancel(unit, instance, office.actor("red.staff"), "不办")
    with pytest.raises(Invalid, match="原因"), office.engine.transaction() as unit:
        instances.cancel(unit, instance, office.actor("hr.staff"), "  ")
    with office.engine.transaction() as unit:
        instances.cancel(unit, instance, office.actor("hr.staff"), "上级另有安排")
    assert office.state(instance) == ("cancelled", None)
    with pytest.raises(Stale), office.engine.transaction() as unit:
        instances.cancel(unit, instance, office.actor("hr.staff"), "再来一次")


def test_the_diagram_shows_what_was_walked_and_where_it_stands(office: Office) -> None:
    instance = office.begin("runs_split_implicit")
    with office.engine.reading() as unit:
        marks = instances.view(unit, instance, "", ("audit",)).marks
        assert instances.verify(unit, instance).whole
    assert marks["s"] == "done"
    assert "now" in marks.values()
    drawn = {name for name in marks if "split" in name or "_gateway" in name}
    assert drawn == set(), "what normalising inserted is not on the drawing"


def test_a_gateway_with_no_way_on_waits_as_an_incident_and_can_be_retried(office: Office) -> None:
    instance = office.begin("engine_no_way_on")
    office.do("办理 a", "hr.head", "return")
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    assert "都不成立" in found.message
    assert office.state(instance)[0] == "active"
    with office.engine.transaction() as unit:
        unit.connection.execute(update(model.variable).where(model.variable.c.name == "outcome").values(value="agree"))
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    office.work()
    assert office.state(instance)[0] == "completed"
    with pytest.raises(Stale), office.engine.transaction() as unit:
        incidents.resolve(unit, found.id, office.actor("hr.staff"), "已处理")


def test_a_post_that_vanished_makes_an_incident_and_a_retry_opens_the_task(office: Office) -> None:
    definition = office.publish("runs_user")
    with office.engine.transaction() as unit:
        unit.connection.execute(
            update(model.post).where(model.post.c.reference == "hr.staff").values(reference="hr.old")
        )
    with office.engine.transaction() as unit:
        execution.start(unit, definition, {}, SYSTEM)
    assert office.names() == []
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    assert "hr.staff" in found.message
    with office.engine.transaction() as unit:
        unit.connection.execute(
            update(model.post).where(model.post.c.reference == "hr.old").values(reference="hr.staff")
        )
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    office.work()
    assert office.names() == ["办理 a"]


def test_a_post_that_nobody_holds_opens_the_task_and_says_so(office: Office) -> None:
    with office.engine.transaction() as unit:
        unit.connection.execute(delete(model.holding).where(model.holding.c.person_id == office.people["hr.head"]))
    office.begin("engine_no_way_on")
    assert office.names() == ["办理 a"]
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    assert "无人任职" in found.message
    with pytest.raises(Invalid, match="没有可以重试"), office.engine.transaction() as unit:
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    with pytest.raises(Invalid, match="怎样解决"), office.engine.transaction() as unit:
        incidents.resolve(unit, found.id, office.actor("hr.staff"), "")
    with office.engine.transaction() as unit:
        incidents.resolve(unit, found.id, office.actor("hr.staff"), "已任命")
    with office.engine.reading() as unit:
        assert incidents.listing(unit) == []
        assert len(incidents.listing(unit, everything=True)) == 1
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        incidents.resolve(unit, "no-such", office.actor("hr.staff"), "x")


def test_a_start_with_a_version_whose_form_or_function_is_gone_fails_and_says_so(office: Office) -> None:
    office.engine.functions["record"] = lambda call: None  # type: ignore[assignment, return-value]
    definition = office.publish("runs_service")
    del office.engine.functions["record"]
    with pytest.raises(Stuck, match="record"), office.engine.transaction() as unit:
        execution.start(unit, definition, {}, SYSTEM)
    definition = office.publish("runs_user")
    with office.engine.transaction() as unit:
        unit.connection.execute(delete(model.form))
    office.engine.definitions.clear()
    with pytest.raises(Stuck, match="表单"), office.engine.transaction() as unit:
        execution.start(unit, execution.latest(unit, definition.key), {}, SYSTEM)
    with office.engine.reading() as unit:
        assert unit.connection.execute(select(model.instance)).all() == []


def test_a_process_that_calls_itself_stops_at_the_depth_limit_as_an_incident(office: Office) -> None:
    instance = office.begin("runs_call_itself")
    with office.engine.reading() as unit:
        messages = [row.message for row in incidents.listing(unit)]
    assert office.state(instance)[0] == "active"
    assert messages


def test_levels_are_counted_across_acts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "CALL_DEPTH", 3)
    office.begin("engine_call_itself_later")
    for _ in range(3):
        office.do("再来一层", "hr.head")
    assert office.names() == []
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
        assert len(unit.connection.execute(select(model.instance)).all()) == 3
    assert "超过3层" in found.message
