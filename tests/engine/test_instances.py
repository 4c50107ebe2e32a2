"""Starting, seeing, cancelling; and what happens when an instance cannot go on."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Row, delete, select, update

from engine import incidents, instances
from engine.core import execution, starters, variables
from engine.core.diagram import Surroundings
from engine.core.feel_time import Months
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.errors import Invalid, NotAllowed, NotFound, Stale, Stuck
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import FORM, Office, forget
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


def test_any_unit_starts_what_is_for_every_unit_in_its_own_name(office: Office) -> None:
    # Given a process that staff and heads of every unit may start
    office.publish("engine_own_start")
    first, second = office.start("counted", "red.staff"), office.start("counted", "blue.head")
    with pytest.raises(NotAllowed, match="不能发起"):
        office.start("counted", "group.leader")
    with office.engine.reading() as unit:
        keys = {post: [item.key for item in instances.startable(unit, office.people[post])] for post in office.people}
        assert {post for post, found in keys.items() if found} == {
            "hr.staff", "hr.staff2", "hr.head", "red.staff", "red.head", "blue.staff", "blue.head",
        }  # fmt: skip
        # Then each belongs to its starter's unit, is numbered, and waits for that unit's head
        for instance, post, title in ((first, "red.staff", "单位red第1号"), (second, "blue.head", "单位blue第2号")):
            row = instances.view(unit, instance, office.people[post]).row
            assert (row["unit_code"], row["title"]) == (post.partition(".")[0], title)
        assert [row.candidates for row in office.open_tasks()] == [("red.head",), ("blue.head",)]
        # And the unit's other starters see it and may cancel it, no other unit's
        seen = {post: [row.id for row in instances.search(unit, office.people[post], ())] for post in office.people}
        assert (seen["red.head"], seen["blue.staff"], seen["hr.head"]) == ([first], [second], [])
        row = execution.row_of(unit, first)
        may = {post for post, person in office.people.items() if instances.may_cancel(unit, row, person)}
        # And the pages call its starters what people do
        titles = starters.titles(unit, ("hr.staff", "own.head", "own.ghost"))
    assert may == {"red.staff", "red.head"}
    assert titles == {"hr.staff": "单位hrstaff", "own.head": "各单位head"}


def test_what_the_machine_starts_has_no_own_posts() -> None:
    assert starters.references(("hr.staff", "own.head"), None) == ["hr.staff"]


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
        assert [row.id for row in instances.search(unit, person, (), before=instances.place(newest))] == [first]
        assert [row.id for row in instances.started_by(unit, person, instances.place(newest))] == [first]


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
        forget(unit)
        unit.connection.execute(update(model.variable).where(model.variable.c.name == "outcome").values(value="agree"))
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    office.work()
    assert office.state(instance)[0] == "completed"
    with pytest.raises(Stale), office.engine.transaction() as unit:
        incidents.resolve(unit, found.id, office.actor("hr.staff"), "已处理")


def test_a_post_that_vanished_makes_an_incident_and_a_retry_opens_the_task(office: Office) -> None:
    definition = office.publish("runs_user")
    with office.engine.transaction() as unit:
        forget(unit)
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
        forget(unit)
        unit.connection.execute(
            update(model.post).where(model.post.c.reference == "hr.old").values(reference="hr.staff")
        )
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    office.work()
    assert office.names() == ["办理 a"]


def test_a_post_that_nobody_holds_opens_the_task_and_says_so(office: Office) -> None:
    with office.engine.transaction() as unit:
        forget(unit)
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


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish as the first versions did, which let a process call itself."""
    monkeypatch.setattr(Surroundings, "way", lambda around, start, goal: ())


@pytest.mark.usefixtures("unchecked")
def test_a_process_that_calls_itself_stops_at_the_depth_limit_as_an_incident(office: Office) -> None:
    instance = office.begin("engine_call_itself")
    with office.engine.reading() as unit:
        messages = [row.message for row in incidents.listing(unit)]
    assert office.state(instance)[0] == "active"
    assert messages


@pytest.mark.usefixtures("unchecked")
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


once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""


def incident(office: Office) -> Row[Any]:
    with office.engine.reading() as unit:
        (found,) = incidents.listing(unit)
    return found


def set_and_retry(office: Office, name: str, value: Any) -> None:
    """Put a variable right by hand, and have the one incident tried again."""
    found = incident(office)
    with office.engine.transaction() as unit:
        forget(unit)
        unit.connection.execute(
            update(model.variable).where(model.variable.c.name == name).values(value=variables.encode(value))
        )
        incidents.retry(unit, found.id, office.actor("hr.staff"))
    office.work()


@once
def test_a_deadline_or_a_moment_that_is_none_waits_as_an_incident_until_it_is_one(office: Office) -> None:
    # Given a deadline and a moment that are no days and no date
    instance = office.begin("engine_given", what="事项", days="很快", day="改日")
    assert office.names() == []
    assert "没有得出天数或者日期" in incident(office).message
    # When the deadline is put right, the task opens with it
    set_and_retry(office, "days", date(2026, 1, 30))
    (row,) = office.open_tasks(instance)
    assert row.due_at is not None and row.due_at.astimezone(ZONE).date() == date(2026, 1, 30)
    # And when the moment is put right, the timer waits for it
    office.do("限时办理", "hr.head")
    assert "“改日”不是日期，也不是时刻" in incident(office).message
    assert office.wait(days=30) == 0
    set_and_retry(office, "day", date(2026, 3, 2))
    assert office.state(instance)[0] == "active"
    office.engine.clock.move_to(datetime(2026, 3, 2, 12, tzinfo=ZONE))  # type: ignore[attr-defined]
    office.work()
    assert office.state(instance)[0] == "completed"


@once
@pytest.mark.parametrize("days", [Decimal(-1), Decimal(10**9), date(2150, 1, 1)])
def test_a_deadline_that_no_calendar_reaches_is_an_incident(office: Office, days: Any) -> None:
    office.begin("engine_given", what="事项", days=days)
    assert office.names() == []
    assert "期限“days”不能用：" in incident(office).message


@once
def test_a_deadline_or_a_timer_may_be_given_as_a_moment(office: Office) -> None:
    # Given a deadline at some hour of a day, and a timer at a moment
    instance = office.begin("engine_given", what="事项", days=datetime(2026, 1, 30, 15), day=datetime(2026, 3, 2, 15))
    (row,) = office.open_tasks(instance)
    assert row.due_at is not None and row.due_at.astimezone(ZONE).date() == date(2026, 1, 30)
    office.do("限时办理", "hr.head")
    # Then the timer fires at that moment, in Shanghai, and not before
    office.engine.clock.move_to(datetime(2026, 3, 2, 14, 59, tzinfo=ZONE))  # type: ignore[attr-defined]
    assert office.work() == 0
    office.engine.clock.move_to(datetime(2026, 3, 2, 15, tzinfo=ZONE))  # type: ignore[attr-defined]
    assert office.work() == 1
    assert office.state(instance)[0] == "completed"


@once
@pytest.mark.parametrize("long", [timedelta(days=3, hours=12), Months(1), Decimal(3)])
def test_a_timer_may_be_given_as_a_duration(office: Office, long: Any) -> None:
    instance = office.begin("engine_length", long=long)
    assert office.wait(days=2) == 0
    assert office.wait(days=40) == 1
    assert office.state(instance)[0] == "completed"


@once
def test_a_time_that_no_calendar_reaches_is_an_incident(office: Office) -> None:
    office.begin("engine_length", long=Months(12 * 9_000))
    assert "超出了日历的范围" in incident(office).message


@once
def test_a_value_that_no_variable_holds_is_an_incident(office: Office) -> None:
    instance = office.begin("engine_range_kept")
    assert office.state(instance)[0] == "active"
    assert "变量只能保存数字、文字" in incident(office).message


@once
@pytest.mark.parametrize("what", [None, "  ", Decimal(3)])
def test_a_title_that_is_no_text_starts_nothing(office: Office, what: Any) -> None:
    definition = office.publish("engine_given")
    with pytest.raises(Invalid, match="题名“what”没有得出文字"), office.engine.transaction() as unit:
        execution.start(unit, definition, {"what": what, "days": Decimal(1), "day": None}, SYSTEM)
    with office.engine.reading() as unit:
        assert unit.connection.execute(select(model.instance)).all() == []


@once
def test_a_child_whose_process_is_not_published_yet_starts_once_it_is(office: Office) -> None:
    instance = office.begin("engine_call")
    assert "“child”还没有发布" in incident(office).message
    office.publish("engine_child")
    with office.engine.transaction() as unit:
        incidents.retry(unit, incident(office).id, office.actor("hr.staff"))
    office.work()
    assert office.names() == ["子项办理"]
    office.do("子项办理", "hr.head")
    office.work()
    assert office.state(instance)[0] == "completed"


@once
def test_who_may_start_its_like_may_cancel_but_a_child_goes_with_its_parent_only(office: Office) -> None:
    instance = begin(office)
    with office.engine.reading() as unit:
        row = execution.row_of(unit, instance)
        may = {post for post, person in office.people.items() if instances.may_cancel(unit, row, person)}
    assert may == {"hr.staff", "hr.staff2"}
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        instances.cancel(unit, "no-such-instance", office.actor("hr.staff"), "不办了")
    with office.engine.transaction() as unit:
        instances.cancel(unit, instance, office.actor("hr.staff2"), "不办了")
    assert office.state(instance) == ("cancelled", None)
    with office.engine.reading() as unit:
        assert not instances.may_cancel(unit, execution.row_of(unit, instance), office.people["hr.staff"])
    # A child is not cancelled by itself, though somebody started it
    office.publish("engine_child")
    office.begin("engine_call")
    (row_of_task,) = office.open_tasks()
    with office.engine.transaction() as unit:
        starter = update(model.instance).where(model.instance.c.id == row_of_task.instance_id)
        unit.connection.execute(starter.values(starter_id=office.people["hr.head"]))
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        instances.cancel(unit, row_of_task.instance_id, office.actor("hr.head"), "不办了")


@once
def test_what_another_act_changed_meanwhile_is_not_written_over(office: Office) -> None:
    instance = office.begin("runs_timer_date")
    with pytest.raises(Stale, match="刷新后再试"), office.engine.transaction() as unit:
        run = execution.load(unit, instance)
        unit.connection.execute(update(model.instance).where(model.instance.c.id == instance).values(version=99))
        execution.settle(run)


@once
def test_an_ended_instance_moves_no_more(office: Office) -> None:
    instance = begin(office)
    with office.engine.transaction() as unit:
        instances.cancel(unit, instance, office.actor("hr.staff"), "不办了")
    with pytest.raises(Stale, match="已经结束"), office.engine.transaction() as unit:
        execution.settle(execution.load(unit, instance))
