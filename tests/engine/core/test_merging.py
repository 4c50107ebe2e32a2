"""同一人连续两个环节只办一次，两步都留痕: one click, said beforehand, each step on record for itself."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from engine import instances, tasks
from engine.core import completion, execution, merging, seats
from engine.core.merging import Step
from engine.ground import model
from engine.ground.errors import Stale, Stuck
from engine.ground.unit_of_work import Actor
from tests.engine.core.form_drawing import draw, part
from tests.engine.office import FORM, Office

AGREE = {"type": "button", "label": "报送", "properties": {"outcome": "agree", "style": "primary"}}
BACK = {"type": "button", "label": "退回修改", "properties": {"outcome": "return"}}
BODY = part("textarea", "body")
OPINION = part("textarea", "opinion", properties={"opinion": "true", "variable": "remark", "required_for": "return"})
FORMS = {
    "draft": draw(BODY, AGREE, BACK, properties={"document": "plan"}),
    "review": draw(
        {**BODY, "properties": {"required_for": "agree"}}, OPINION, AGREE, BACK, properties={"document": "plan"}
    ),
    "form": FORM,
}
once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""


@pytest.fixture
def office(office: Office) -> Office:
    """Let the staff of the red unit be its head too."""
    office.appoint("red.head", "red.staff")
    return office


def begin(office: Office, name: str = "engine_merge", **variables: Any) -> str:
    return office.begin(name, unit_code="red", forms=FORMS, **variables)


def along(office: Office, name: str = "起草", post: str = "red.staff") -> tuple[Step, ...]:
    row = next(item for item in office.open_tasks() if item.name == name)
    with office.engine.reading() as unit:
        return tasks.view(unit, row.id, office.people[post]).along


def do(
    office: Office, steps: Collection[str], name: str = "起草", actor: Actor | None = None, **values: Any
) -> tasks.TaskRow:
    row = next(item for item in office.open_tasks() if item.name == name)
    with office.engine.transaction() as unit:
        tasks.complete(unit, row.id, actor or office.actor("red.staff"), values, "agree", 1, along=steps)
    return row


def events(office: Office, instance: str, kind: str) -> list[Any]:
    with office.engine.reading() as unit:
        found = instances.view(unit, instance, "", ("audit",)).events
    return [event for event in found if event.kind == kind]


def revision(office: Office, task_id: str) -> int:
    with office.engine.reading() as unit:
        return int(
            unit.connection.execute(select(model.task.c.revision).where(model.task.c.id == task_id)).scalar_one()
        )


def test_one_click_does_both_steps_and_both_are_on_record(office: Office) -> None:
    # Given a draft before somebody who is to review it too: the page says what else the click does
    instance = begin(office)
    assert along(office) == (Step("review", "审核", "报送", certain=False),)
    # When they hand it in
    do(office, ["review"], body="一份计划")
    # Then the review is done as well, by the same person in their other post, with its opinion
    assert office.names(instance) == ["复核"]
    drafted, reviewed = events(office, instance, "task.completed")
    assert (drafted.envelope["post"], drafted.envelope.get("merged")) == ("red.staff", None)
    assert (reviewed.envelope["post"], reviewed.envelope["merged"]) == ("red.head", True)
    assert reviewed.envelope["person"] == office.people["red.staff"]
    with office.engine.reading() as unit:
        (opinion,) = instances.view(unit, instance, "", ("audit",)).opinions
        assert (opinion.activity_name, opinion.outcome, opinion.text) == ("审核", "报送", "")
        # And the next one sees that it came from the review, nothing is left in an inbox, and no reminder is due
        (left,) = office.open_tasks()
        assert left.cause is not None
        assert (left.cause["name"], left.cause["post"]) == ("审核", "red.head")
        assert tasks.count(unit, office.people["red.staff"]) == tasks.count(unit, office.people["red.head"]) == 0
        both = tasks.done(unit, office.people["red.staff"])
        assert [row.name for row in both] == ["审核", "起草"]
        # They were done at one moment, and the next page goes on after the first of them
        assert both[0].completed_at
        rest = tasks.done(unit, office.people["red.staff"], (both[0].completed_at, both[0].id))
        assert [row.name for row in rest] == ["起草"]
        due = select(model.job.c.kind).where(model.job.c.state == "due", model.job.c.kind == "remind")
        assert list(unit.connection.execute(due).scalars()) == []


def test_taking_back_takes_back_what_the_one_click_did(office: Office) -> None:
    instance = begin(office)
    for which in (0, 1):
        # Given both done, and nobody has touched what followed
        do(office, ["review"], body="一份计划")
        with office.engine.reading() as unit:
            done = tasks.done(unit, office.people["red.staff"])[:2]
        task = done[which].id
        # When either is taken back
        with office.engine.transaction() as unit:
            again = tasks.withdraw(unit, task, office.actor("red.staff"), revision(office, task))
        # Then the first is open again, the variables are as before, and neither can be taken back once more
        assert [(row.id, row.name) for row in office.open_tasks(instance)] == [(again, "起草")]
        assert office.variables(instance) == {}
        for row in done:
            with pytest.raises(Stale), office.engine.transaction() as unit:
                tasks.withdraw(unit, row.id, office.actor("red.staff"), revision(office, row.id))
    assert [event.envelope["activity"] for event in events(office, instance, "task.withdrawn")] == [
        "review",
        "draft",
    ] * 2


def test_a_step_that_breaks_leaves_no_trace_and_stays_open(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = begin(office)
    carry_out = completion.carry_out

    def break_off(*given: Any, **named: Any) -> list[list[Any]]:
        before = carry_out(*given, **named)
        if named.get("merged"):
            raise Stuck("之后不能继续")
        return before

    monkeypatch.setattr(completion, "carry_out", break_off)
    do(office, ["review"], body="一份计划")
    assert office.names(instance) == ["审核"]
    assert len(events(office, instance, "task.completed")) == 1
    with office.engine.reading() as unit:
        assert instances.view(unit, instance, "", ("audit",)).opinions == ()
        assert tasks.count(unit, office.people["red.head"]) == 1


@once
def test_three_in_a_row_are_done_and_the_leaders_own_is_never(office: Office) -> None:
    office.appoint("hr.head", "red.staff")
    office.appoint("group.leader", "red.staff")
    instance = begin(office)
    steps = along(office)
    assert [step.activity_id for step in steps] == ["review", "check"]
    do(office, [*(step.activity_id for step in steps), "sign"], body="一份计划")
    assert office.names(instance) == ["签批"]
    posts = [event.envelope["post"] for event in events(office, instance, "task.completed")]
    assert posts == ["red.staff", "red.head", "hr.head"]
    # A script has run in between: as everywhere, that is not taken back
    with office.engine.reading() as unit:
        for row in tasks.done(unit, office.people["red.staff"]):
            assert tasks.view(unit, row.id, office.people["red.staff"]).may == frozenset()


@once
@pytest.mark.parametrize("asked", [(), ("check",), ("ghost",)])
def test_what_the_page_did_not_say_is_not_done(office: Office, asked: tuple[str, ...]) -> None:
    instance = begin(office)
    do(office, asked, body="一份计划")
    assert office.names(instance) == ["审核"]


@once
def test_somebody_without_the_next_post_does_one_step_whatever_is_sent(office: Office) -> None:
    instance = office.begin("engine_merge", unit_code="blue", forms=FORMS)
    assert along(office, post="blue.staff") == ()
    do(office, ["review"], actor=office.actor("blue.staff"), body="一份计划")
    assert office.names(instance) == ["审核"]


@once
def test_a_form_that_asks_for_more_stays_open(office: Office) -> None:
    instance = begin(office)
    do(office, ["review"], body="")
    assert office.names(instance) == ["审核"]
    assert events(office, instance, "task.completed")[-1].envelope["activity"] == "draft"


@once
def test_another_way_is_not_the_step_that_was_said(office: Office) -> None:
    instance = begin(office)
    (row,) = office.open_tasks()
    with office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor("red.staff"), {}, "return", 1, along=["review"])
    assert office.state(instance) == ("completed", "return")


@once
@pytest.mark.parametrize(
    ("how", "done"),
    [
        ({}, True),
        ({"entering_for": "hr.staff"}, False),
        ({"acting_for": "hr.staff"}, False),
        ({"person_id": None}, False),
    ],
)
def test_only_a_person_in_their_own_right_does_more_than_one_step(
    office: Office, how: dict[str, str | None], done: bool
) -> None:
    # Given a draft that was done, and the review that it opened
    instance = begin(office)
    first = do(office, [], body="一份计划")
    (second,) = office.open_tasks()
    given: dict[str, Any] = {name: office.people[who] if who else None for name, who in how.items()}
    actor = replace(office.actor("red.staff"), **given)
    # When the same act goes on to it, as a secretary's, a deputy's or the machine's
    with office.engine.transaction() as unit:
        chain = merging.Chain([seats.find(unit, first.id)], [], [second.id], True)
        merging.carry_on(chain, execution.load(unit, instance, actor), ["review"])
    # Then it stays open
    assert office.names(instance) == (["复核"] if done else ["审核"])


@once
def test_of_two_that_open_at_once_only_the_one_said_is_done(office: Office) -> None:
    instance = begin(office, "engine_merge_parallel")
    steps = along(office)
    assert [(step.activity_id, step.certain) for step in steps] == [("review", True), ("last", False)]
    do(office, [step.activity_id for step in steps])
    assert office.names(instance) == ["会签"]
    # What opens by somebody else's act later is a task as any
    office.do("会签", "hr.head")
    assert office.names(instance) == ["收下"]


@once
def test_what_was_called_off_meanwhile_is_not_done(office: Office) -> None:
    instance = begin(office, "engine_merge_terminate")
    assert [step.activity_id for step in along(office)] == ["review", "other"]
    do(office, ["review", "other"])
    assert office.state(instance)[0] == "completed"
    assert [event.envelope["activity"] for event in events(office, instance, "task.completed")] == ["draft", "review"]


@once
def test_a_chain_is_bounded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "LONGEST", 1)
    office.appoint("hr.head", "red.staff")
    instance = begin(office)
    assert [step.activity_id for step in along(office)] == ["review"]
    do(office, ["review", "check"], body="一份计划")
    assert office.names(instance) == ["复核"]
