"""代录： a secretary enters what a leader signed on paper, with its scan; both dates show, and the leader is told."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from engine import documents, instances, notices, tasks
from engine.ground import model
from engine.ground.clock import local
from engine.ground.errors import Invalid, NotAllowed, NotFound, Stale
from engine.ground.unit_of_work import Actor, new_id
from engine.tasks import Entry
from tests.engine.office import Office, forget

PAPER = date(2026, 1, 15)


@pytest.fixture
def matter(office: Office) -> str:
    """Give an instance that waits for the leader."""
    office.publish("engine_leader")
    return office.start("leader")


def scan(office: Office, matter: str, post: str = "group.secretary") -> str:
    stored = documents.store(office.engine, "签批件.pdf", io.BytesIO(b"%PDF-1.7 scan"))
    with office.engine.transaction() as unit:
        return documents.add_file(unit, matter, stored, office.actor(post))


def enter(office: Office, entry: Entry, who: str = "group.secretary", outcome: str = "agree") -> str:
    (row,) = office.open_tasks()
    with office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor(who), {"words": "同意，请抓紧。"}, outcome, 1, entry)
    return row.id


def opinions(office: Office, matter: str) -> list[Any]:
    with office.engine.reading() as unit:
        return list(instances.view(unit, matter, "", ("audit",)).opinions)


def refused(office: Office, match: str, entry: Entry, who: str = "group.secretary") -> None:
    before = office.names()
    with pytest.raises(Invalid, match=match):
        enter(office, entry, who)
    assert office.names() == before


def test_the_decision_is_the_leaders_entered_by_the_secretary_with_both_dates(office: Office, matter: str) -> None:
    # Given a paper signed on Thursday, entered on Monday
    file = scan(office, matter)
    # When the secretary enters it
    task_id = enter(office, Entry("group.leader", PAPER, file))
    # Then the opinion is the leader's, and says who entered it, from which scan, signed and recorded when
    (opinion,) = opinions(office, matter)
    assert (opinion.person_id, opinion.post) == (office.people["group.leader"], "group.leader")
    assert (opinion.entered_by, opinion.scan_id) == (office.people["group.secretary"], file)
    assert (opinion.outcome, opinion.text) == ("同意", "同意，请抓紧。")
    assert opinion.made_on == PAPER
    assert local(opinion.recorded_at).date() == date(2026, 1, 19)
    # And the history keeps the same, with the scan
    with office.engine.reading() as unit:
        events = instances.view(unit, matter, "", ("audit",)).events
        (done,) = tasks.done(unit, office.people["group.leader"])
    told = next(event for event in events if event.kind == "task.completed")
    assert told.envelope["person"] == office.people["group.secretary"]
    assert told.envelope["entering_for"] == office.people["group.leader"]
    assert told.envelope["scan"] == file
    assert told.payload is not None
    assert told.payload["made_on"] == "2026-01-15"
    assert done.id == task_id
    assert office.state(matter)[0] == "completed"


def test_the_leader_is_told_once_and_nobody_else(office: Office, matter: str) -> None:
    enter(office, Entry("group.leader", PAPER, scan(office, matter)))
    with office.engine.reading() as unit:
        (notice,) = notices.listing(unit, office.people["group.leader"])
        assert notices.listing(unit, office.people["group.secretary"]) == []
    assert notice.body.startswith("签批事项：组长签批。已代录您于2026年1月15日的纸面签批“同意”。")
    assert notice.link == f"/instances/{matter}"
    assert notice.kind == "entered"


def test_what_a_leader_does_in_person_is_told_apart(office: Office, matter: str) -> None:
    office.do("组长签批", "group.leader", words="同意")
    (opinion,) = opinions(office, matter)
    assert (opinion.entered_by, opinion.scan_id, opinion.made_on) == (None, None, date(2026, 1, 19))
    with office.engine.reading() as unit:
        assert notices.listing(unit, office.people["group.leader"]) == []


def test_an_opinion_is_kept_even_where_the_form_asks_for_none(office: Office) -> None:
    plain = (
        '{"type":"default","id":"form","title":"表单","components":['
        '{"type":"button","action":"submit","key":"go","label":"同意","properties":{"outcome":"agree"}}]}'
    )
    office.publish("engine_leader", forms={"form": plain})
    matter = office.start("leader")
    file = scan(office, matter)
    (row,) = office.open_tasks()
    with office.engine.transaction() as unit:
        entry = Entry("group.leader", PAPER, file)
        tasks.complete(unit, row.id, office.actor("group.secretary"), {}, "agree", 1, entry)
    (opinion,) = opinions(office, matter)
    assert (opinion.entered_by, opinion.text) == (office.people["group.secretary"], "")


def test_a_paper_from_tomorrow_is_refused(office: Office, matter: str) -> None:
    file = scan(office, matter)
    refused(office, "不能晚于今天", Entry("group.leader", date(2026, 1, 20), file))
    enter(office, Entry("group.leader", date(2026, 1, 19), file))


def test_without_a_scan_nothing_is_entered(office: Office, matter: str) -> None:
    refused(office, "扫描件", Entry("group.leader", PAPER, ""))
    refused(office, "扫描件", Entry("group.leader", PAPER, "no-such-document"))


def test_a_file_of_another_matter_or_a_form_is_no_scan(office: Office, matter: str) -> None:
    other = office.begin("runs_user")
    foreign = scan(office, other, "hr.staff")
    office.claim("办理 a")
    office.do("办理 a", "hr.staff", words="写下的意见")
    with office.engine.reading() as unit:
        query = select(model.document.c.id).where(model.document.c.kind == "form")
        form = unit.connection.execute(query).scalars().one()
    for wrong in (foreign, form):
        refused(office, "扫描件", Entry("group.leader", PAPER, wrong))


def test_only_the_groups_own_secretary_enters(office: Office, matter: str) -> None:
    file = scan(office, matter)
    with pytest.raises(NotFound):
        enter(office, Entry("group.leader", PAPER, file), "hr.staff")
    with pytest.raises(NotFound):
        enter(office, Entry("group.leader", PAPER, file), "red.staff")
    # A leader signs in person: entering for oneself would hide who did it
    with pytest.raises(NotAllowed, match="承办秘书"):
        enter(office, Entry("group.leader", PAPER, file), "group.leader")
    # A secretary elsewhere has no part in it
    with office.engine.transaction() as unit:
        forget(unit)
        kind = update(model.post).where(model.post.c.reference == "blue.head").values(kind="secretary")
        unit.connection.execute(kind)
    with pytest.raises(NotFound):
        enter(office, Entry("group.leader", PAPER, file), "blue.head")
    assert office.names() == ["组长签批"]


def test_the_post_must_be_one_that_the_task_waits_for(office: Office, matter: str) -> None:
    file = scan(office, matter)
    for post in ("group.deputy_1", "hr.head", "", "nobody"):
        refused(office, "哪个岗位", Entry(post, PAPER, file))


def test_who_signed_is_who_held_the_post_on_the_day_of_the_paper(office: Office, matter: str) -> None:
    file = scan(office, matter)
    refused(office, "无人在任", Entry("group.leader", date(2019, 1, 1), file))
    # Given that the leader changed on 16 January
    with office.engine.transaction() as unit:
        forget(unit)
        post = unit.connection.execute(
            select(model.post.c.id).where(model.post.c.reference == "group.leader")
        ).scalar_one()
        holding = model.holding
        unit.connection.execute(update(holding).where(holding.c.post_id == post).values(ends=date(2026, 1, 16)))
        person = new_id()
        unit.connection.execute(insert(model.person), {"id": person, "name": "新组长"})
        row = {"id": new_id(), "person_id": person, "post_id": post, "starts": date(2026, 1, 16)}
        unit.connection.execute(insert(holding), row)
    # When a paper of the day before is entered, it is the former leader's
    enter(office, Entry("group.leader", PAPER, file))
    (opinion,) = opinions(office, matter)
    assert opinion.person_id == office.people["group.leader"]


def test_of_two_holders_the_one_who_claimed_it_signed(office: Office) -> None:
    office.publish("engine_leader")
    matter = office.start("leader")
    file = scan(office, matter)
    with office.engine.transaction() as unit:
        forget(unit)
        post = unit.connection.execute(
            select(model.post.c.id).where(model.post.c.reference == "group.leader")
        ).scalar_one()
        second = office.people["group.deputy_1"]
        row = {"id": new_id(), "person_id": second, "post_id": post, "starts": date(2026, 1, 1)}
        unit.connection.execute(insert(model.holding), row)
    refused(office, "无法确定由谁签批", Entry("group.leader", PAPER, file))
    (task,) = office.open_tasks()
    with office.engine.transaction() as unit:
        tasks.claim(unit, task.id, Actor(second, "group.leader"), 1)
    with office.engine.transaction() as unit:
        entry = Entry("group.leader", PAPER, file)
        tasks.complete(unit, task.id, office.actor("group.secretary"), {"words": ""}, "agree", 2, entry)
    (opinion,) = opinions(office, matter)
    assert opinion.person_id == second


def test_the_secretary_sees_the_task_and_may_only_enter(office: Office, matter: str) -> None:
    (row,) = office.open_tasks()
    with office.engine.reading() as unit:
        seen = tasks.view(unit, row.id, office.people["group.secretary"])
        assert seen.may == {"enter"}
        assert instances.view(unit, matter, office.people["group.secretary"]).row["id"] == matter
        assert tasks.view(unit, row.id, office.people["group.leader"]).may == {"save", "complete"}
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor("group.secretary"), {}, "agree", 1)


def test_a_stale_page_enters_nothing(office: Office, matter: str) -> None:
    file = scan(office, matter)
    enter(office, Entry("group.leader", PAPER, file))
    (opinion,) = opinions(office, matter)
    with pytest.raises(Stale), office.engine.transaction() as unit:
        entry = Entry("group.leader", PAPER, file)
        tasks.complete(unit, opinion.task_id, office.actor("group.secretary"), {}, "return", 1, entry)
    assert len(opinions(office, matter)) == 1


def test_what_was_entered_late_shows_by_its_two_dates(office: Office, matter: str) -> None:
    file = scan(office, matter)
    office.engine.clock.advance(timedelta(days=30))  # type: ignore[attr-defined]
    enter(office, Entry("group.leader", date(2026, 1, 20), file), outcome="return")
    (opinion,) = opinions(office, matter)
    assert opinion.outcome == "退回修改"
    assert (local(opinion.recorded_at).date() - opinion.made_on).days == 29
