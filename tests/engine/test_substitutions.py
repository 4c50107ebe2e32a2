"""代理: a deputy decides in the place of an absent holder, authorised and dated, and never on their own matter."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from engine import accounts, erasures, instances, jobs, notices, people, substitutions, tasks
from engine.core import history, visibility
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.errors import Invalid, NotAllowed, NotFound, Stale
from engine.ground.unit_of_work import SYSTEM, Actor, new_id
from tests.engine.office import FORM, Office, forget

TODAY, TOMORROW, NEXT_MONTH = date(2026, 1, 19), date(2026, 1, 20), date(2026, 2, 19)
AUTHORITY = "因公出差，领导小组会议纪要〔2026〕1号"
PLAN = (
    '{"type":"default","id":"plan","title":"计划","properties":{"document":"plan"},"components":['
    '{"type":"textarea","key":"body","label":"正文"},'
    '{"type":"button","action":"submit","key":"go","label":"报送","properties":{"outcome":"agree","style":"primary"}}]}'
)
INITIAL = accounts.Initial("", "", "no password signs in here", must_change=False)
once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""


@pytest.fixture
def office(office: Office) -> Office:
    """Let everybody sign in, and somebody administer."""
    with office.engine.transaction() as unit:
        for post, person in office.people.items():
            _open_account(unit, person, post.replace(".", "-"))
        for role in ("system", "audit"):
            office.people[role] = people.add_person(unit, role, SYSTEM)
            _open_account(unit, office.people[role], role, role)
    return office


def _open_account(unit: Any, person: str, login: str, *roles: str) -> str:
    initial = accounts.Initial(login, "", INITIAL.hashed, must_change=False)
    return accounts.create_prepared(unit, person, initial, roles, SYSTEM)


def grant(
    office: Office, post: str, deputy: str, starts: date = TODAY, ends: date = NEXT_MONTH, by: str = "", **more: Any
) -> str:
    given = {"authority": AUTHORITY, "reference": post.removesuffix("2"), **more}
    who = {"principal_id": office.people[post], "deputy_id": office.people[deputy]}
    with office.engine.transaction() as unit:
        return substitutions.grant(
            unit, starts=starts, ends=ends, actor=Actor(office.people[by or post]), **{**who, **given}
        )


def revoke(office: Office, substitution: str, by: str) -> None:
    with office.engine.transaction() as unit:
        substitutions.revoke(unit, substitution, Actor(office.people[by]))


def waiting(office: Office, post: str) -> list[str]:
    with office.engine.reading() as unit:
        rows = tasks.inbox(unit, office.people[post])
        assert tasks.count(unit, office.people[post]) == len(rows)
    return [row.name for row in rows]


def may(office: Office, task: str, post: str) -> frozenset[str]:
    with office.engine.reading() as unit:
        return tasks.view(unit, task, office.people[post]).may


def deal(office: Office, name: str, post: str, outcome: str = "agree", **values: Any) -> str:
    """Do a task as somebody, in whatever right they have."""
    row = next(item for item in office.open_tasks() if item.name == name)
    with office.engine.transaction() as unit:
        revision = tasks.view(unit, row.id, office.people[post]).revision
        tasks.complete(unit, row.id, Actor(office.people[post]), values, outcome, revision)
    return row.id


def events(office: Office, instance: str, kind: str = "task.completed") -> list[history.Event]:
    with office.engine.reading() as unit:
        seen = instances.view(unit, instance, "", ("audit",)).events
    return [event for event in seen if event.kind == kind]


def told(office: Office, post: str) -> list[tuple[str, str]]:
    with office.engine.reading() as unit:
        return [(row.title, row.body) for row in notices.listing(unit, office.people[post])]


def to(office: Office, day: date, hour: int = 9) -> None:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)
    office.engine.clock.move_to(moment)  # type: ignore[attr-defined]
    office.work()


def approval(office: Office, post: str = "hr.head") -> str:
    office.publish("engine_approval", forms={"plan": PLAN, "form": FORM})
    return office.start("approval", post)


def before_the_leader(office: Office) -> str:
    instance = approval(office)
    deal(office, "起草", "red.staff", body="全文")
    deal(office, "审核", "red.head")
    for reader in ("group.deputy_1", "group.deputy_2"):
        office.do("圈阅", reader)
    return instance


# Granting


def test_a_holder_names_a_deputy_and_both_are_told(office: Office) -> None:
    granted = grant(office, "group.leader", "group.deputy_1")
    with office.engine.reading() as unit:
        (shown,) = substitutions.listing(unit, principal_id=office.people["group.leader"])
        assert substitutions.listing(unit, deputy_id=office.people["group.deputy_1"]) == [shown]
        assert substitutions.listing(unit, deputy_id=office.people["group.deputy_2"]) == []
        assert substitutions.listing(unit) == [shown]
        last = history.read(unit.connection, "organization")[-1]
    assert (shown.id, shown.title, shown.state, shown.authority) == (granted, "单位groupleader", "in_force", AUTHORITY)
    assert (shown.principal.name, shown.deputy.name) == ("group.leader", "group.deputy_1")
    # Then it stands in the record of the organization, which names nobody
    assert last.kind == "substitution-granted"
    assert (last.envelope["person"], last.envelope["subject"]) == (office.people["group.leader"],) * 2
    assert (last.envelope["deputy"], last.envelope["held"]) == (office.people["group.deputy_1"], "group.leader")
    assert last.payload is not None
    assert last.payload["authority"] == AUTHORITY
    # And both have the same notice
    (notice,) = told(office, "group.leader")
    assert notice == (
        "代理授权",
        "group.deputy_1代理group.leader（单位groupleader），自2026年1月19日起，至2026年2月19日止（当日起不再代理）。"
        f"授权依据：{AUTHORITY}",
    )
    assert told(office, "group.deputy_1") == [notice]
    assert told(office, "group.deputy_2") == []


def test_an_administrator_grants_on_paper_authority_and_nobody_else_for_others(office: Office) -> None:
    with pytest.raises(NotAllowed, match="自己任职的岗位"):
        grant(office, "group.leader", "group.deputy_1", by="group.deputy_1")
    grant(office, "group.leader", "group.deputy_1", by="system")
    with office.engine.reading() as unit:
        granted_by = unit.connection.execute(select(model.substitution.c.granted_by)).scalar_one()
    assert granted_by == office.people["system"]


@pytest.mark.parametrize(
    ("given", "element", "words"),
    [
        ({"deputy": "group.leader"}, "deputy", "不能是委托人自己"),
        ({"deputy": "system"}, "deputy", "系统、安全、审计管理员"),
        ({"deputy": "audit"}, "deputy", "系统、安全、审计管理员"),
        ({"starts": date(2026, 1, 18)}, "starts", "不能追溯"),
        ({"starts": date(2027, 1, 20), "ends": date(2027, 2, 1)}, "starts", "一年以后"),
        ({"ends": date(2027, 1, 20)}, "ends", "最长一年"),
        ({"ends": TODAY}, "ends", "须晚于起始日期"),
        ({"authority": " "}, "authority", "授权依据"),
        ({"authority": "字" * 301}, "authority", "300"),
        ({"authority": "一行\n又一行"}, "authority", "一行"),
        ({"reference": "group.deputy_1"}, "post", "不任这个岗位"),
    ],
)
@once
def test_what_cannot_be_is_refused_with_its_field(
    office: Office, given: dict[str, Any], element: str, words: str
) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        grant(office, "group.leader", given.pop("deputy", "group.deputy_1"), **given)
    assert [fault.element for fault in refused.value.faults] == [element]
    with office.engine.reading() as unit:
        assert substitutions.listing(unit) == []


@once
def test_whoever_cannot_sign_in_is_no_deputy(office: Office) -> None:
    with office.engine.transaction() as unit:
        unit.connection.execute(
            update(model.account).where(model.account.c.login == "group-deputy_1").values(disabled=True)
        )
        names = [person.name for person in substitutions.eligible(unit)]
    assert "group.deputy_1" not in names and "system" not in names and "group.deputy_2" in names
    with pytest.raises(Invalid, match="可以登录的账号"):
        grant(office, "group.leader", "group.deputy_1")


@once
def test_a_year_is_allowed_and_a_leap_day_has_one_too(office: Office) -> None:
    grant(office, "group.leader", "group.deputy_1", ends=date(2027, 1, 19))
    to(office, date(2027, 6, 1))
    grant(office, "group.leader", "group.deputy_1", starts=date(2028, 2, 29), ends=date(2029, 3, 1))


def test_a_post_is_covered_once_at_a_time(office: Office) -> None:
    first = grant(office, "group.leader", "group.deputy_1", starts=TOMORROW)
    with pytest.raises(Invalid, match="代理，时间不能重叠"):
        grant(office, "group.leader", "group.deputy_2", ends=date(2026, 1, 21))
    # But the days before, another post of the same person, and the time of one that was revoked are free
    grant(office, "group.leader", "group.deputy_2", ends=TOMORROW)
    revoke(office, first, "group.leader")
    grant(office, "group.leader", "group.deputy_2", starts=TOMORROW)
    with office.engine.reading() as unit:
        assert [item.state for item in substitutions.listing(unit)] == ["in_force", "coming"]


def test_a_deputy_has_nothing_to_hand_on(office: Office) -> None:
    grant(office, "group.leader", "group.deputy_1")
    for by in ("group.deputy_1", "system"):
        with pytest.raises(Invalid, match="不任这个岗位"):
            grant(office, "group.deputy_1", "group.deputy_2", reference="group.leader", by=by)


@once
def test_a_deputy_takes_no_exclusive_role(office: Office) -> None:
    with office.engine.transaction() as unit:
        newcomer = office.people["newcomer"] = people.add_person(unit, "newcomer", SYSTEM)
        account = _open_account(unit, newcomer, "newcomer")
    granted = grant(office, "group.leader", "newcomer", starts=TOMORROW)
    with pytest.raises(Invalid, match="请先撤销代理"), office.engine.transaction() as unit:
        accounts.grant(unit, account, "audit", Actor(office.people["system"]))
    revoke(office, granted, "system")
    with office.engine.transaction() as unit:
        accounts.grant(unit, account, "audit", Actor(office.people["system"]))


# Deciding


def test_a_deputy_decides_and_everything_says_for_whom(office: Office) -> None:
    instance = before_the_leader(office)
    assert waiting(office, "group.deputy_1") == []
    # When the leader is away
    grant(office, "group.leader", "group.deputy_1")
    with office.engine.reading() as unit:
        (row,) = tasks.inbox(unit, office.people["group.deputy_1"])
        seen = tasks.view(unit, row.id, office.people["group.deputy_1"])
    assert (row.name, row.acting_for) == ("签批", office.people["group.leader"])
    assert seen.may == {"save", "complete"}
    assert seen.seat is not None
    assert (seen.seat.post, seen.seat.acting_for) == ("group.leader", office.people["group.leader"])
    # Then the deputy signs
    deal(office, "签批", "group.deputy_1", words="同意。")
    assert office.state(instance)[0] == "completed"
    with office.engine.reading() as unit:
        opinion = instances.view(unit, instance, "", ("audit",)).opinions[-1]
        (done, _reading) = tasks.done(unit, office.people["group.deputy_1"])
        assert tasks.done(unit, office.people["group.leader"]) == []
    assert (opinion.person_id, opinion.acting_for) == (office.people["group.deputy_1"], office.people["group.leader"])
    assert (opinion.post, opinion.entered_by) == ("group.leader", None)
    assert (done.name, done.acting_for) == ("签批", office.people["group.leader"])
    head = events(office, instance)[-1].envelope
    assert (head["person"], head["acting_for"]) == (office.people["group.deputy_1"], office.people["group.leader"])
    assert (head["post"], head["entering_for"]) == ("group.leader", None)
    # And both may look at it, after the substitution too
    to(office, NEXT_MONTH)
    with office.engine.reading() as unit:
        assert visibility.may_see(unit, instance, office.people["group.deputy_1"])


@once
def test_an_act_in_ones_own_right_says_of_nobody(office: Office) -> None:
    instance = before_the_leader(office)
    grant(office, "group.leader", "group.deputy_1")
    deal(office, "签批", "group.leader")
    assert [event.envelope["acting_for"] for event in events(office, instance)] == [None] * 5
    with office.engine.reading() as unit:
        assert tasks.done(unit, office.people["group.leader"])[0].acting_for is None


@pytest.mark.parametrize(
    ("day", "there"),
    [(date(2026, 1, 20), False), (date(2026, 1, 21), True), (date(2026, 1, 22), True), (date(2026, 1, 23), False)],
)
@once
def test_the_right_has_its_days(office: Office, day: date, there: bool) -> None:
    instance = before_the_leader(office)
    grant(office, "group.leader", "blue.head", starts=date(2026, 1, 21), ends=date(2026, 1, 23))
    to(office, day, 0)
    assert waiting(office, "blue.head") == (["签批"] if there else [])
    with office.engine.reading() as unit:
        assert visibility.may_see(unit, instance, office.people["blue.head"]) is there
    (row,) = office.open_tasks()
    if not there:
        with pytest.raises(NotFound), office.engine.transaction() as unit:
            tasks.complete(unit, row.id, Actor(office.people["blue.head"]), {}, "agree", 1)
        assert office.names(instance) == ["签批"]
    else:
        deal(office, "签批", "blue.head")


def test_it_ends_with_the_holding_and_a_new_appointment_does_not_revive_it(office: Office) -> None:
    before_the_leader(office)
    grant(office, "group.leader", "blue.head")
    with office.engine.transaction() as unit:
        (holding,) = people.holdings(unit, office.people["group.leader"])
        people.relieve(unit, holding.id, TOMORROW, SYSTEM)
        people.appoint(unit, office.people["group.leader"], "group.leader", date(2026, 1, 21), SYSTEM)
    assert waiting(office, "blue.head") == ["签批"]
    for day in (TOMORROW, date(2026, 1, 21)):
        to(office, day)
        assert waiting(office, "blue.head") == []
        with office.engine.reading() as unit:
            assert [item.state for item in substitutions.listing(unit)] == ["void"]


def test_a_revoked_one_is_over_at_once_and_both_are_told(office: Office) -> None:
    before_the_leader(office)
    granted = grant(office, "group.leader", "blue.head")
    with pytest.raises(NotFound):
        revoke(office, granted, "blue.head")
    revoke(office, granted, "group.leader")
    assert waiting(office, "blue.head") == []
    for who in ("group.leader", "blue.head"):
        assert told(office, who)[0] == (
            "代理已撤销",
            "blue.head代理group.leader（单位groupleader）已撤销，从现在起无效。",
        )
    with office.engine.reading() as unit:
        last = history.read(unit.connection, "organization")[-1]
        assert substitutions.listing(unit) == []
    assert (last.kind, last.envelope["person"]) == ("substitution-revoked", office.people["group.leader"])
    # And a second click finds it over; what is not there is not there
    with pytest.raises(Stale, match="已经撤销"):
        revoke(office, granted, "system")
    with pytest.raises(NotFound):
        revoke(office, "no-such-substitution", "system")


@once
def test_what_has_ended_is_revoked_no_more(office: Office) -> None:
    granted = grant(office, "group.leader", "blue.head", ends=TOMORROW)
    to(office, TOMORROW)
    with pytest.raises(Stale, match="到期"):
        revoke(office, granted, "group.leader")


def test_in_a_shared_post_the_deputy_claims_like_any_colleague(office: Office) -> None:
    # Given a post of two, one of them away
    office.begin("runs_user")
    (row,) = office.open_tasks()
    granted = grant(office, "hr.staff", "blue.head")
    assert may(office, row.id, "blue.head") == {"claim", "assign"}
    with pytest.raises(Invalid, match="签收"):
        deal(office, "办理 a", "blue.head")
    # When the deputy claims, it is theirs
    with office.engine.transaction() as unit:
        tasks.claim(unit, row.id, Actor(office.people["blue.head"]), 1)
    assert may(office, row.id, "blue.head") == {"save", "complete", "unclaim", "assign"}
    assert may(office, row.id, "hr.staff2") == frozenset()
    with office.engine.reading() as unit:
        (mine,) = tasks.inbox(unit, office.people["blue.head"])
    assert mine.acting_for == office.people["hr.staff"]
    (claimed,) = events(office, row.instance_id, "task.claimed")
    assert claimed.envelope["acting_for"] == office.people["hr.staff"]
    # And when the substitution is revoked, it goes back to the post
    revoke(office, granted, "hr.staff")
    office.work()
    assert waiting(office, "blue.head") == []
    assert waiting(office, "hr.staff2") == ["办理 a"]
    (released,) = events(office, row.instance_id, "task.released")
    assert released.envelope["assignee"] == office.people["blue.head"]


def test_a_claim_goes_back_when_the_last_day_is_over(office: Office) -> None:
    jobs.plan_daily(office.engine)
    office.begin("runs_user")
    (row,) = office.open_tasks()
    grant(office, "hr.staff", "blue.head", ends=date(2026, 1, 21))
    with office.engine.transaction() as unit:
        tasks.claim(unit, row.id, Actor(office.people["blue.head"]), 1)
    to(office, TOMORROW)
    assert waiting(office, "blue.head") == ["办理 a"]
    to(office, date(2026, 1, 21), 0)
    assert waiting(office, "hr.staff") == ["办理 a"]


def test_what_the_absent_one_had_claimed_is_taken_over(office: Office) -> None:
    office.begin("runs_user")
    row = office.claim("办理 a")
    # A task that they claimed in another post of theirs is not covered
    with office.engine.transaction() as unit:
        forget(unit)
        post = select(model.post.c.id).where(model.post.c.reference == "red.staff")
        held = {"id": new_id(), "person_id": office.people["hr.staff"], "starts": date(2026, 1, 1)}
        unit.connection.execute(insert(model.holding), {**held, "post_id": unit.connection.scalar(post)})
    approval(office)
    with office.engine.transaction() as unit:
        other = next(item for item in office.open_tasks() if item.name == "起草")
        tasks.claim(unit, other.id, Actor(office.people["hr.staff"]), 1)
    grant(office, "hr.staff", "blue.head")
    assert waiting(office, "blue.head") == ["办理 a"]
    assert may(office, row.id, "blue.head") == {"claim", "assign"}
    assert may(office, row.id, "hr.staff2") == frozenset()
    with pytest.raises(Invalid, match="签收"):
        deal(office, "办理 a", "blue.head")
    with office.engine.transaction() as unit:
        tasks.claim(unit, row.id, Actor(office.people["blue.head"]), 2)
    deal(office, "办理 a", "blue.head")
    assert waiting(office, "hr.staff") == ["起草"]


def test_a_deputy_who_holds_the_post_too_acts_in_their_own_right(office: Office) -> None:
    instance = office.begin("runs_user")
    grant(office, "hr.staff", "hr.staff2")
    with office.engine.reading() as unit:
        (row,) = tasks.inbox(unit, office.people["hr.staff2"])
    assert row.acting_for is None
    office.claim("办理 a", "hr.staff2")
    deal(office, "办理 a", "hr.staff2")
    assert events(office, instance)[-1].envelope["acting_for"] is None


def test_what_a_deputy_did_can_be_taken_back_while_they_stand_in(office: Office) -> None:
    instance = approval(office)
    granted = grant(office, "red.staff", "blue.staff")
    done = deal(office, "起草", "blue.staff", body="草稿")
    assert may(office, done, "blue.staff") == {"withdraw"}
    with office.engine.transaction() as unit:
        tasks.withdraw(unit, done, Actor(office.people["blue.staff"]), 2)
    (event,) = events(office, instance, "task.withdrawn")
    assert event.envelope["acting_for"] == office.people["red.staff"]
    done = deal(office, "起草", "blue.staff", body="再写")
    revoke(office, granted, "red.staff")
    assert may(office, done, "blue.staff") == frozenset()
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        tasks.withdraw(unit, done, Actor(office.people["blue.staff"]), 2)


# One's own matter


def barred(office: Office, name: str, post: str) -> bool:
    """Tell whether a deputy is kept from a task, by every way there is."""
    row = next(item for item in office.open_tasks() if item.name == name)
    with office.engine.reading() as unit:
        seen = tasks.view(unit, row.id, office.people[post])
    if not seen.barred:
        assert name in waiting(office, post)
        return False
    assert name not in waiting(office, post)
    assert (seen.may, seen.seat) == (frozenset(), None)
    with pytest.raises(NotAllowed, match="您自己发起、起草或者提交的"):
        deal(office, name, post)
    with pytest.raises(NotAllowed), office.engine.transaction() as unit:
        tasks.claim(unit, row.id, Actor(office.people[post]), seen.revision)
    return True


def test_who_started_the_matter_decides_nothing_in_it_for_others(office: Office) -> None:
    approval(office, "hr.head")
    grant(office, "red.staff", "hr.head")
    assert barred(office, "起草", "hr.head")
    deal(office, "起草", "red.staff", body="全文")
    grant(office, "red.head", "hr.head")
    assert barred(office, "审核", "hr.head")


def test_who_wrote_does_not_review_in_anothers_place_nor_anywhere_after(office: Office) -> None:
    approval(office)
    grant(office, "red.head", "red.staff")
    grant(office, "group.leader", "red.staff")
    deal(office, "起草", "red.staff", body="全文")
    assert barred(office, "审核", "red.staff")
    deal(office, "审核", "red.head")
    for reader in ("group.deputy_1", "group.deputy_2"):
        office.do("圈阅", reader)
    assert barred(office, "签批", "red.staff")


def test_who_reviewed_may_sign_unless_it_comes_straight_from_them(office: Office) -> None:
    # Given somebody who reviews for one and stands in for a reader and for the leader
    approval(office)
    deal(office, "起草", "red.staff", body="全文")
    grant(office, "group.deputy_1", "red.head")
    grant(office, "group.leader", "red.head")
    deal(office, "审核", "red.head")
    # Then what follows straight is not theirs to decide, and what comes later is
    assert barred(office, "圈阅", "red.head")
    for reader in ("group.deputy_1", "group.deputy_2"):
        office.do("圈阅", reader)
    assert not barred(office, "签批", "red.head")


def test_the_last_of_several_readers_may_sign_for_the_leader(office: Office) -> None:
    before_the_leader(office)
    grant(office, "group.leader", "group.deputy_2")
    assert not barred(office, "签批", "group.deputy_2")


def test_who_drafted_for_another_takes_it_back_when_it_is_returned(office: Office) -> None:
    approval(office)
    grant(office, "red.staff", "blue.staff")
    deal(office, "起草", "blue.staff", body="草稿")
    deal(office, "审核", "red.head", "return")
    assert not barred(office, "起草", "blue.staff")
    # But not further, in the place of somebody else
    deal(office, "起草", "blue.staff", body="改好")
    grant(office, "red.head", "blue.staff")
    assert barred(office, "审核", "blue.staff")


@once
def test_what_is_barred_hides_nothing_that_is_ones_own(office: Office) -> None:
    # Given somebody who holds one of the two posts and covers another
    approval(office, "hr.head")
    office.begin("engine_child")
    grant(office, "red.staff", "hr.head")
    assert waiting(office, "hr.head") == ["子项办理"]


# Reminders


def test_a_deputy_is_reminded_too_and_not_of_their_own_matter(office: Office) -> None:
    approval(office)
    grant(office, "red.staff", "blue.staff")
    grant(office, "red.head", "blue.head")
    for day in (date(2026, 1, 30), date(2026, 2, 3)):
        to(office, day)
    for who in ("red.staff", "blue.staff"):
        assert told(office, who)[0][1].startswith("审批事项：起草，请于")
    # And whoever chases in the head's place
    assert told(office, "blue.head")[0][1].endswith("尚未办理，请督促承办人。")
    assert told(office, "red.head")[0] == told(office, "blue.head")[0]


def test_who_covers_their_own_matter_is_not_reminded_of_it(office: Office) -> None:
    approval(office, "hr.head")
    grant(office, "red.staff", "hr.head")
    to(office, date(2026, 1, 30))
    assert [title for title, _ in told(office, "hr.head")] == ["代理授权"]


def test_machines_remind_no_leader_nor_their_deputy(office: Office) -> None:
    before_the_leader(office)
    grant(office, "group.leader", "group.deputy_1")
    for day in (date(2026, 1, 21), date(2026, 1, 23)):
        to(office, day)
    for who in ("group.leader", "group.deputy_1"):
        assert [title for title, _ in told(office, who)] == ["代理授权"]
    assert told(office, "group.secretary")


def test_of_a_claimed_task_its_holders_deputy_is_reminded(office: Office) -> None:
    office.begin("engine_deadline", unit_code="red")
    (row,) = office.open_tasks()
    with office.engine.transaction() as unit:
        tasks.claim(unit, row.id, office.actor("red.staff"), 1)
    grant(office, "red.staff", "blue.staff")
    to(office, date(2026, 1, 28))
    for who in ("red.staff", "blue.staff"):
        assert told(office, who)[0][1] == "限时事项：限时办理，请于2月2日前办理。"


def test_the_midnight_look_leaves_a_standing_deputys_claim_alone(office: Office) -> None:
    jobs.plan_daily(office.engine)
    instance = office.begin("runs_user")
    (row,) = office.open_tasks()
    grant(office, "hr.staff", "blue.head")
    with office.engine.transaction() as unit:
        tasks.claim(unit, row.id, Actor(office.people["blue.head"]), 1)
    office.wait(days=2)
    office.engine.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    assert waiting(office, "blue.head") == ["办理 a"]
    assert events(office, instance, "task.released") == []


@once
def test_a_lawful_erasure_takes_the_authority_from_the_pages_too(office: Office) -> None:
    # Given an authority that says more of somebody's health than it should
    with office.engine.transaction() as unit:
        guard = people.add_person(unit, "guard", SYSTEM)
        _open_account(unit, guard, "guard", "security")
    for post, authority in (("group.leader", "因病住院，诊断某某"), ("red.head", AUTHORITY)):
        grant(office, post, "blue.head", authority=authority)
    with office.engine.reading() as unit:
        known = history.read(unit.connection, "organization")
    number = next(event.number for event in known if event.kind == "substitution-granted")
    # When it is erased
    with office.engine.transaction() as unit:
        erasures.erase(unit, "organization", number, Actor(guard), "《个人信息保护法》第四十七条", "本人书面要求")
    # Then it is shown no more, and the other one is
    with office.engine.reading() as unit:
        shown = [item.authority for item in substitutions.listing(unit)]
    assert shown == [erasures.INSTEAD, AUTHORITY]
