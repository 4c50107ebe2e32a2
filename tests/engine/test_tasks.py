"""What a person may do with a task, and what happens when two of them try."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete

from engine import instances, tasks
from engine.core import execution
from engine.ground import model
from engine.ground.errors import Invalid, NotAllowed, NotFound, Stale
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import FORM, Office, forget


def revision(office: Office, task_id: str, post: str = "hr.staff") -> int:
    with office.engine.reading() as unit:
        return tasks.view(unit, task_id, office.people[post]).revision


def may(office: Office, task_id: str, post: str = "hr.staff") -> frozenset[str]:
    with office.engine.reading() as unit:
        return tasks.view(unit, task_id, office.people[post]).may


def test_a_task_of_a_post_is_in_the_inbox_of_each_holder_and_of_nobody_else(office: Office) -> None:
    office.begin("runs_user")
    with office.engine.reading() as unit:
        for post, expected in (("hr.staff", 1), ("hr.staff2", 1), ("hr.head", 0), ("red.staff", 0)):
            assert tasks.count(unit, office.people[post]) == expected
            assert len(tasks.inbox(unit, office.people[post])) == expected


def test_where_two_could_do_it_one_claims_it_first(office: Office) -> None:
    # Given a task that two hold, neither has claimed
    office.begin("runs_user")
    (row,) = office.open_tasks()
    assert may(office, row.id) == {"claim", "assign"}
    # When one completes without a claim, it is refused, saying what to do
    with pytest.raises(Invalid, match="签收"):
        office.do("办理 a", "hr.staff")
    # Then one claims it: it leaves the other's inbox
    office.claim("办理 a")
    with office.engine.reading() as unit:
        assert tasks.count(unit, office.people["hr.staff2"]) == 0
        assert tasks.count(unit, office.people["hr.staff"]) == 1
    assert may(office, row.id) == {"save", "complete", "unclaim", "assign"}
    assert may(office, row.id, "hr.staff2") == frozenset()


def test_a_second_claim_is_too_late(office: Office) -> None:
    office.begin("runs_user")
    row = office.claim("办理 a")
    with pytest.raises(Stale, match="签收"), office.engine.transaction() as unit:
        tasks.claim(unit, row.id, office.actor("hr.staff2"), 2)


def test_a_claimed_task_can_be_put_back(office: Office) -> None:
    office.begin("runs_user")
    row = office.claim("办理 a")
    with office.engine.transaction() as unit:
        tasks.unclaim(unit, row.id, office.actor("hr.staff"), 2)
    with office.engine.reading() as unit:
        assert tasks.count(unit, office.people["hr.staff2"]) == 1
    with pytest.raises(NotAllowed), office.engine.transaction() as unit:
        tasks.unclaim(unit, row.id, office.actor("hr.staff2"), 3)


def test_who_claimed_a_task_and_left_the_post_has_let_go_of_it(office: Office) -> None:
    # Given a task claimed by one of two, who then leaves the post
    office.begin("runs_user")
    row = office.claim("办理 a")
    with office.engine.transaction() as unit:
        forget(unit)
        mine = model.holding.c.person_id == office.people["hr.staff"]
        unit.connection.execute(delete(model.holding).where(mine))
    # When the other one looks, the task can be claimed, and done
    assert may(office, row.id, "hr.staff2") == {"claim", "assign"}
    with pytest.raises(Invalid, match="签收"):
        office.do("办理 a", "hr.staff2")
    office.claim("办理 a", "hr.staff2")
    office.do("办理 a", "hr.staff2")
    assert office.names() == []


def test_a_task_can_be_assigned_to_a_colleague_in_the_post_only(office: Office) -> None:
    office.begin("runs_user")
    (row,) = office.open_tasks()
    with pytest.raises(Invalid, match="同岗位"), office.engine.transaction() as unit:
        tasks.assign(unit, row.id, office.actor("hr.staff"), office.people["red.staff"], 1)
    with office.engine.transaction() as unit:
        tasks.assign(unit, row.id, office.actor("hr.staff"), office.people["hr.staff2"], 1)
    assert may(office, row.id, "hr.staff2") == {"save", "complete", "unclaim", "assign"}
    with pytest.raises(NotAllowed), office.engine.transaction() as unit:
        tasks.assign(unit, row.id, office.actor("hr.staff"), office.people["hr.staff"], 2)


def test_somebody_elses_task_is_not_there(office: Office) -> None:
    office.begin("runs_user")
    (row,) = office.open_tasks()
    with pytest.raises(NotFound), office.engine.reading() as unit:
        tasks.view(unit, row.id, office.people["red.staff"])
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        tasks.claim(unit, "no-task", office.actor("hr.staff"), 1)
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor("red.staff"), {}, "agree", 1)
    with pytest.raises(NotFound), office.engine.reading() as unit:
        tasks.view(unit, "no-such-task", office.people["red.staff"])


def test_a_draft_is_kept_unchecked_and_belongs_to_the_post(office: Office) -> None:
    office.begin("runs_user")
    row = office.claim("办理 a")
    with office.engine.transaction() as unit:
        assert tasks.save(unit, row.id, office.actor("hr.staff"), {"words": "写到一半"}, 2) == 3
    with office.engine.transaction() as unit:
        tasks.unclaim(unit, row.id, office.actor("hr.staff"), 3)
    with office.engine.reading() as unit:
        seen = tasks.view(unit, row.id, office.people["hr.staff2"])
    assert seen.values["words"] == "写到一半"
    assert seen.saved_at is not None


def test_a_stale_page_changes_nothing(office: Office) -> None:
    office.begin("runs_user")
    row = office.claim("办理 a")
    with office.engine.transaction() as unit:
        tasks.save(unit, row.id, office.actor("hr.staff"), {"words": "新"}, 2)
    with pytest.raises(Stale, match="刚刚有变化"), office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor("hr.staff"), {"words": "旧"}, "agree", 2)
    assert office.names() == ["办理 a"]


def test_a_second_click_finds_it_done(office: Office) -> None:
    office.begin("runs_user")
    row = office.claim("办理 a")
    office.do("办理 a", "hr.staff")
    with pytest.raises(Stale, match="已经办结"), office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor("hr.staff"), {}, "agree", 2)


def test_an_outcome_the_form_does_not_offer_is_refused(office: Office) -> None:
    office.begin("runs_user")
    row = office.claim("办理 a")
    with pytest.raises(Invalid) as refused, office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor("hr.staff"), {}, "approve-everything", 2)
    assert [fault.code for fault in refused.value.faults] == ["form_outcome"]
    assert office.names() == ["办理 a"]


def test_an_opinion_is_kept_with_its_words_and_the_next_task_tells_why_it_came(office: Office) -> None:
    instance = office.begin("runs_send_back")
    office.claim_and_do("办理 a")
    office.claim("办理 b")
    office.do("办理 b", "hr.staff", "return", words="请补充时间")
    (row,) = office.open_tasks()
    with office.engine.reading() as unit:
        cause = tasks.view(unit, row.id, office.people["hr.staff"]).cause
        seen = instances.view(unit, instance, office.people["hr.staff"])
    assert cause is not None
    assert (cause["outcome"], cause["text"], cause["name"]) == ("退回修改", "请补充时间", "办理 b")
    assert [(row.outcome, row.text, row.post) for row in seen.opinions][-1] == ("退回修改", "请补充时间", "hr.staff")


def test_what_was_just_done_can_be_taken_back_while_nobody_has_touched_what_followed(office: Office) -> None:
    # Given a task completed, whose sole effect is one open task
    instance = office.begin("runs_send_back")
    done = office.claim_and_do("办理 a")
    assert may(office, done) == {"withdraw"}
    # When it is withdrawn
    with office.engine.transaction() as unit:
        again = tasks.withdraw(unit, done, office.actor("hr.staff"), revision(office, done))
    # Then it is open again, the other is gone, and the history keeps both
    assert office.names(instance) == ["办理 a"]
    assert office.open_tasks(instance)[0].id == again
    with office.engine.reading() as unit:
        kinds = [event.kind for event in instances.view(unit, instance, office.people["hr.staff"]).events]
    assert "task.completed" in kinds
    assert "task.withdrawn" in kinds
    assert office.variables(instance) == {}
    office.claim_and_do("办理 a")
    assert office.names(instance) == ["办理 b"]


def test_what_followed_and_was_claimed_cannot_be_taken_back(office: Office) -> None:
    office.begin("runs_send_back")
    done = office.claim_and_do("办理 a")
    office.claim("办理 b", "hr.staff2")
    assert may(office, done) == frozenset()
    with pytest.raises(Stale, match="着手办理"), office.engine.transaction() as unit:
        tasks.withdraw(unit, done, office.actor("hr.staff"), 3)


def test_somebody_elses_act_cannot_be_taken_back(office: Office) -> None:
    office.begin("runs_send_back")
    done = office.claim_and_do("办理 a")
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        tasks.withdraw(unit, done, office.actor("hr.staff2"), 3)


def test_what_ended_the_instance_or_joined_others_cannot_be_taken_back(office: Office) -> None:
    office.begin("runs_parallel")
    first = office.claim_and_do("办理 a")
    last = office.claim_and_do("办理 b")
    assert may(office, first) == frozenset()
    assert may(office, last) == frozenset()


def test_the_inbox_comes_in_pages_by_deadline(office: Office) -> None:
    definition = office.publish("runs_user")
    for _ in range(7):
        with office.engine.transaction() as unit:
            execution.start(unit, definition, {}, SYSTEM)
    seen: list[str] = []
    after = None
    with office.engine.reading() as unit:
        while rows := tasks.inbox(unit, office.people["hr.staff"], after, limit=3):
            seen += [row.id for row in rows]
            after = tasks.place(rows[-1])
        assert tasks.count(unit, office.people["hr.staff"]) == 7
    assert len(seen) == len(set(seen)) == 7


once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""


@once
def test_a_cancelled_task_can_be_read_and_nothing_done_with_it(office: Office) -> None:
    instance = office.begin("runs_user")
    (row,) = office.open_tasks()
    with office.engine.transaction() as unit:
        execution.cancel(execution.load(unit, instance, office.actor("hr.staff")), "不办了")
    assert may(office, row.id) == frozenset()


@once
def test_what_a_colleague_of_the_post_has_claimed_is_theirs_to_do(office: Office) -> None:
    office.begin("runs_user")
    office.claim("办理 a", "hr.staff2")
    with pytest.raises(Stale, match="同岗同事签收"):
        office.do("办理 a", "hr.staff")
    assert office.names() == ["办理 a"]


@once
def test_a_form_with_one_button_is_done_without_naming_the_outcome(office: Office) -> None:
    form = json.loads(FORM)
    form["components"] = form["components"][:2]
    office.publish("engine_child", forms={"form": json.dumps(form)})
    with office.engine.transaction() as unit:
        instance = execution.start(unit, execution.latest(unit, "child"), {}, SYSTEM).id
    (row,) = office.open_tasks()
    with office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor("hr.head"), {"words": "照办"}, None, 1)
    assert office.state(instance) == ("completed", None)
    assert "outcome" not in office.variables(instance)


@once
def test_what_was_done_is_listed_newest_first_and_in_pages(office: Office) -> None:
    first = office.begin("engine_no_way_on")
    office.do("办理 a", "hr.head")
    office.engine.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    second = office.begin("engine_no_way_on")
    office.do("办理 a", "hr.head")
    with office.engine.reading() as unit:
        rows = tasks.done(unit, office.people["hr.head"])
        assert [row.instance_id for row in rows] == [second, first]
        assert rows[0].completed_at
        older = tasks.done(unit, office.people["hr.head"], (rows[0].completed_at, rows[0].id))
    assert [row.instance_id for row in older] == [first]
