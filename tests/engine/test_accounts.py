"""Signing in and being locked out, passwords, and roles that never come together."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from engine import accounts, people
from engine.accounts import Browser
from engine.core import history, passwords
from engine.ground import model
from engine.ground.errors import Invalid, NotAllowed, NotFound, Stale
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import SYSTEM, Actor, Engine
from tests.conftest import NewDatabase
from tests.engine.offices import MORNING, TODAY, establish, move, open_engine
from tests.savings import CHEAP, DEAR

PASSWORD = "zxc-VBN-147-asd"
OTHER = "qaz-EDC-369-tgb"
HERE, THERE = "10.0.0.1", "10.0.0.2"
PREPARED = accounts.Initial("prepared", PASSWORD, CHEAP.hash(PASSWORD), must_change=False)


@pytest.fixture
def dear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash at the real cost."""
    monkeypatch.setattr(passwords, "_HASHER", DEAR)


def administer(url: str) -> None:
    """Prepare a database with two units and a system administrator."""
    establish(url)
    with TemporaryDirectory() as folder:
        engine = open_engine(url, Path(folder))
        enroll(engine, "root", "system")
        engine.close()


@pytest.fixture
def engine(new_database: NewDatabase, tmp_path: Path) -> Iterator[Engine]:
    """Give an engine with two units and a system administrator."""
    opened = open_engine(new_database(administer), tmp_path)
    yield opened
    opened.close()


def enroll(engine: Engine, login: str, *roles: str, post: str = "") -> str:
    """Add a person with an account, and give the account's id."""
    with engine.transaction() as unit:
        person = people.add_person(unit, login, SYSTEM)
        if post:
            people.appoint(unit, person, post, TODAY, SYSTEM)
        return accounts.create_prepared(unit, person, replace(PREPARED, login=login), roles, SYSTEM)


def person_of(engine: Engine, login: str) -> Actor:
    """Give the person behind a login as one who acts."""
    with engine.reading() as unit:
        return Actor(next(each.person_id for each in accounts.listing(unit) if each.login == login))


def try_in(engine: Engine, login: str, password: str, source: str = HERE) -> bool:
    """Tell whether signing in works."""
    try:
        accounts.sign_in(engine, login, password, source)
    except NotAllowed as error:
        assert error.message == accounts.REFUSED
        return False
    return True


def access(engine: Engine) -> list[tuple[str, str]]:
    """List the attempts to sign in and why they were refused."""
    with engine.reading() as unit:
        assert history.verify(unit.connection, "access").whole
        events = history.read(unit.connection, "access")
    return [(event.kind, str((event.payload or {})["reason"])) for event in events]


# Signing in


@pytest.mark.parametrize("typed", ["hr-staff", " HR-Staff ", "ｈｒ－ｓｔａｆｆ"])
def test_the_right_password_opens_a_session(engine: Engine, typed: str) -> None:
    account = enroll(engine, "hr-staff")
    session = accounts.sign_in(engine, typed, "ｚｘｃ-VBN-１４７-asd", HERE)
    assert (session.account_id, session.login, session.roles, session.must_change) == (account, "hr-staff", (), False)
    assert access(engine) == [("signed-in", "")]
    with engine.reading() as unit:
        assert accounts.session(unit, session.id) == session


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("hr-staff", "wrong"),
        ("hr-staff", ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("hr-staff", "长" * 100_000),
        ("x" * 100_000, PASSWORD),
        ("hr-staff\x00", PASSWORD),
        ("hr-staff' OR 1=1 --", "\x00"),
    ],
)
def test_a_wrong_login_and_a_wrong_password_sound_the_same(engine: Engine, login: str, password: str) -> None:
    enroll(engine, "hr-staff")
    assert not try_in(engine, login, password)
    assert [kind for kind, _ in access(engine)] == ["sign-in-refused"]


def test_a_hash_of_other_parameters_is_renewed_on_signing_in(engine: Engine, dear: None) -> None:
    enroll(engine, "hr-staff")

    def kept() -> str:
        with engine.reading() as unit:
            query = select(model.account.c.password_hash).where(model.account.c.login == "hr-staff")
            return str(unit.connection.scalar(query))

    assert "m=8," in kept()
    assert try_in(engine, "hr-staff", PASSWORD)
    renewed = kept()
    assert "$argon2id$" in renewed
    assert "m=19456," in renewed
    assert try_in(engine, "hr-staff", PASSWORD)
    assert kept() == renewed
    assert not try_in(engine, "hr-staff", "wrong")


def test_what_was_typed_as_a_login_is_not_kept(engine: Engine) -> None:
    assert not try_in(engine, "my-Secret-Password-1", "")
    with engine.reading() as unit:
        assert "secret" not in str(history.read(unit.connection, "access")).lower()


def test_five_failures_lock_for_thirty_minutes(engine: Engine) -> None:
    enroll(engine, "hr-staff")
    assert not any(try_in(engine, "hr-staff", "wrong") for _ in range(5))
    assert not try_in(engine, "hr-staff", PASSWORD)
    assert not try_in(engine, "hr-staff", PASSWORD, THERE)
    move(engine, MORNING + timedelta(minutes=29, seconds=59))
    assert not try_in(engine, "hr-staff", PASSWORD)
    move(engine, MORNING + timedelta(minutes=30))
    assert try_in(engine, "hr-staff", PASSWORD)
    assert [reason for _, reason in access(engine)] == ["password"] * 5 + ["locked"] * 3 + [""]


def test_a_locked_account_counts_nothing_so_that_it_opens_again(engine: Engine) -> None:
    enroll(engine, "hr-staff")
    assert not any(try_in(engine, "hr-staff", "wrong") for _ in range(20))
    move(engine, MORNING + timedelta(minutes=30))
    assert try_in(engine, "hr-staff", PASSWORD)


def test_four_failures_and_a_success_start_the_count_again(engine: Engine) -> None:
    enroll(engine, "hr-staff")
    for _ in range(3):
        assert not any(try_in(engine, "hr-staff", "wrong") for _ in range(4))
        assert try_in(engine, "hr-staff", PASSWORD)


def test_a_success_elsewhere_does_not_help_the_one_who_guesses(engine: Engine) -> None:
    # Given a guesser who pauses before the fifth failure, and the owner who signs in from another place
    enroll(engine, "hr-staff")
    assert not any(try_in(engine, "hr-staff", "wrong", THERE) for _ in range(4))
    assert try_in(engine, "hr-staff", PASSWORD, HERE)
    # When the guesser goes on
    assert not try_in(engine, "hr-staff", "wrong", THERE)
    # Then that place is shut even for the right password, and the owner's is open
    assert not try_in(engine, "hr-staff", PASSWORD, THERE)
    assert try_in(engine, "hr-staff", PASSWORD, HERE)
    assert ("sign-in-refused", "source-locked") in access(engine)


def test_failures_are_counted_however_many_others_fail_between_them(engine: Engine) -> None:
    enroll(engine, "hr-staff")
    assert not any(try_in(engine, "hr-staff", "wrong", THERE) for _ in range(4))
    assert try_in(engine, "hr-staff", PASSWORD, HERE)
    with engine.transaction() as unit:
        for _ in range(600):
            accounts._record_access(unit, "sign-in-refused", None, "10.0.0.9", "unknown")
    assert not try_in(engine, "hr-staff", "wrong", THERE)
    assert not try_in(engine, "hr-staff", PASSWORD, THERE)


def test_what_was_counted_half_an_hour_ago_counts_no_more(engine: Engine) -> None:
    enroll(engine, "hr-staff")
    assert not any(try_in(engine, "hr-staff", "wrong", THERE) for _ in range(4))
    assert try_in(engine, "hr-staff", PASSWORD, HERE)
    move(engine, MORNING + timedelta(minutes=30))
    assert not any(try_in(engine, "hr-staff", "wrong", THERE) for _ in range(4))
    assert try_in(engine, "hr-staff", PASSWORD, THERE)


def test_guessing_from_elsewhere_does_not_shut_out_a_browser_that_has_been_let_in(engine: Engine) -> None:
    # Given the owner's browser, and a guesser who locks the account again and again, from the same address too
    own = Browser("own", frozenset([enroll(engine, "hr-staff")]))
    for minutes in (0, 31, 62):
        move(engine, MORNING + timedelta(minutes=minutes))
        assert not any(try_in(engine, "hr-staff", "wrong", THERE) for _ in range(6))
        assert not any(try_in(engine, "hr-staff", "wrong", HERE) for _ in range(6))
        # Then the owner comes in there and then, and the guesser does not profit from it
        assert accounts.sign_in(engine, "hr-staff", PASSWORD, HERE, own).login == "hr-staff"
        assert not try_in(engine, "hr-staff", PASSWORD, THERE)


def test_a_browser_that_has_been_let_in_has_five_guesses_like_anybody(engine: Engine) -> None:
    own = Browser("own", frozenset([enroll(engine, "hr-staff")]))
    for _ in range(5):
        with pytest.raises(NotAllowed):
            accounts.sign_in(engine, "hr-staff", "wrong", HERE, own)
    with pytest.raises(NotAllowed):
        accounts.sign_in(engine, "hr-staff", PASSWORD, HERE, own)
    assert try_in(engine, "hr-staff", PASSWORD, HERE)


def test_a_browser_is_known_to_its_own_accounts_only(engine: Engine) -> None:
    own = Browser("own", frozenset([enroll(engine, "hr-staff")]))
    enroll(engine, "hr-head")
    with engine.reading() as unit:
        assert accounts.is_known(unit, " HR-staff ", own)
        assert not accounts.is_known(unit, "hr-head", own)
        assert not accounts.is_known(unit, "nobody", own)
        assert not accounts.is_known(unit, "hr-staff", accounts.UNKNOWN)
    assert not any(try_in(engine, "hr-head", "wrong") for _ in range(5))
    with pytest.raises(NotAllowed):
        accounts.sign_in(engine, "hr-head", PASSWORD, THERE, own)


def test_an_unknown_login_costs_as_much_to_refuse_as_a_known_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            checked.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting(time_cost=1, memory_cost=8, parallelism=1))
    enroll(engine, "hr-staff")
    for login in ("hr-staff", "nobody", "不是登录名"):
        checked.clear()
        assert not try_in(engine, login, "wrong")
        assert len(checked) == 1, login


def test_locking_one_account_leaves_the_others_open(engine: Engine) -> None:
    enroll(engine, "hr-staff")
    enroll(engine, "hr-head")
    assert not any(try_in(engine, "hr-staff", "wrong") for _ in range(6))
    assert try_in(engine, "hr-head", PASSWORD)


def test_an_administrator_releases_a_locked_account(engine: Engine) -> None:
    account = enroll(engine, "hr-staff")
    assert not any(try_in(engine, "hr-staff", "wrong") for _ in range(5))
    with engine.transaction() as unit:
        accounts.enable(unit, account, person_of(engine, "root"))
    assert try_in(engine, "hr-staff", PASSWORD)


def test_a_disabled_account_signs_in_no_more_and_its_session_is_over(engine: Engine) -> None:
    account = enroll(engine, "hr-staff", "process")
    session = accounts.sign_in(engine, "hr-staff", PASSWORD, HERE)
    with engine.transaction() as unit:
        accounts.disable(unit, account, person_of(engine, "root"))
        assert accounts.session(unit, session.id) is None
        assert accounts.roles_of(unit, session.person_id) == ()
    assert not try_in(engine, "hr-staff", PASSWORD)


def test_signing_out_is_recorded(engine: Engine) -> None:
    session = accounts.sign_in(engine, "root", PASSWORD, HERE)
    with engine.transaction() as unit:
        accounts.sign_out(unit, session.id, HERE)
        assert accounts.session(unit, session.id) is None
        accounts.sign_out(unit, session.id, HERE)
    assert [kind for kind, _ in access(engine)] == ["signed-in", "signed-out"]


def test_signing_out_here_leaves_the_session_elsewhere(engine: Engine) -> None:
    here, there = (accounts.sign_in(engine, "root", PASSWORD, place) for place in (HERE, THERE))
    with engine.transaction() as unit:
        accounts.sign_out(unit, here.id, HERE)
        assert accounts.session(unit, here.id) is None
        assert accounts.session(unit, there.id) == there


def test_after_twelve_hours_a_session_is_over_and_cleared_away(engine: Engine) -> None:
    session = accounts.sign_in(engine, "root", PASSWORD, HERE)
    assert session.until == MORNING + timedelta(hours=12)
    move(engine, session.until - timedelta(seconds=1))
    with engine.reading() as unit:
        assert accounts.session(unit, session.id) == session
    move(engine, session.until)
    with engine.reading() as unit:
        assert accounts.session(unit, session.id) is None
    again = accounts.sign_in(engine, "root", PASSWORD, HERE)
    with engine.reading() as unit:
        assert list(unit.connection.execute(select(model.session.c.id)).scalars()) == [again.id]


def test_a_session_of_nobody_is_none(engine: Engine) -> None:
    with engine.reading() as unit:
        assert accounts.session(unit, "forged") is None
        with pytest.raises(NotFound):
            accounts.find(unit, "forged")


# Passwords


def test_changing_the_password_ends_the_other_sessions(engine: Engine) -> None:
    account = enroll(engine, "hr-staff")
    elsewhere = accounts.sign_in(engine, "hr-staff", PASSWORD, THERE)
    here = accounts.sign_in(engine, "hr-staff", PASSWORD, HERE)
    going_on = accounts.change_password(engine, account, PASSWORD, OTHER, Actor(elsewhere.person_id))
    with engine.reading() as unit:
        assert [accounts.session(unit, each.id) for each in (elsewhere, here)] == [None, None]
        assert accounts.session(unit, going_on.id) == going_on
    assert not try_in(engine, "hr-staff", PASSWORD)
    assert try_in(engine, "hr-staff", OTHER)


def test_a_first_password_must_be_changed_once(engine: Engine) -> None:
    account, root = enroll(engine, "hr-staff"), person_of(engine, "root")
    with engine.transaction() as unit:
        given = accounts.reset_password(unit, account, root)
    session = accounts.sign_in(engine, "hr-staff", given, HERE)
    assert session.must_change
    after = accounts.change_password(engine, account, given, OTHER, Actor(session.person_id))
    assert not after.must_change
    assert not accounts.sign_in(engine, "hr-staff", OTHER, HERE).must_change


def test_a_weak_password_is_refused_with_every_reason(engine: Engine) -> None:
    account = enroll(engine, "hr-staff")
    with pytest.raises(Invalid) as caught:
        accounts.change_password(engine, account, PASSWORD, "hr-staff", person_of(engine, "hr-staff"))
    assert [(fault.code, fault.element) for fault in caught.value.faults] == [
        ("too-short", "new"),
        ("contains-login", "new"),
    ]
    with pytest.raises(Invalid, match="不能与原密码相同"):
        accounts.change_password(engine, account, PASSWORD, PASSWORD, person_of(engine, "hr-staff"))


def test_only_who_knows_the_old_password_changes_it(engine: Engine) -> None:
    account = enroll(engine, "hr-staff")
    with pytest.raises(Invalid, match="原密码不对"):
        accounts.change_password(engine, account, "wrong", OTHER, person_of(engine, "hr-staff"))
    with pytest.raises(NotAllowed, match="自己"):
        accounts.change_password(engine, account, PASSWORD, OTHER, person_of(engine, "root"))


def test_of_two_who_change_one_password_at_once_the_second_is_told(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given somebody who changes the password in another window while this one is being hashed
    account, own = enroll(engine, "hr-staff"), person_of(engine, "hr-staff")
    hashing = passwords.hash_password

    def meanwhile(password: str) -> str:
        monkeypatch.setattr(passwords, "hash_password", hashing)
        accounts.change_password(engine, account, PASSWORD, OTHER, own)
        return hashing(password)

    monkeypatch.setattr(passwords, "hash_password", meanwhile)
    with pytest.raises(Stale, match="别处修改过"):
        accounts.change_password(engine, account, PASSWORD, "wsx-RFV-258-yhn", own)
    assert try_in(engine, "hr-staff", OTHER)


def test_no_password_is_kept_or_recorded(engine: Engine) -> None:
    account = enroll(engine, "hr-staff")
    accounts.change_password(engine, account, PASSWORD, OTHER, person_of(engine, "hr-staff"))
    with engine.reading() as unit:
        kept = str([history.read(unit.connection, stream) for stream in history.streams(unit.connection)])
    assert PASSWORD not in kept
    assert OTHER not in kept
    assert "argon2" not in kept


# Accounts and roles


def test_the_first_administrator_is_the_first(new_database: NewDatabase, tmp_path: Path) -> None:
    engine = open_engine(new_database(migrate), tmp_path)
    with engine.transaction() as unit:
        accounts.first_administrator(unit, "root", PASSWORD)
        with pytest.raises(Invalid, match="已有账号"):
            accounts.first_administrator(unit, "root2", PASSWORD)
    assert accounts.sign_in(engine, "root", PASSWORD, HERE).roles == ("system",)
    engine.close()


def test_a_system_administrator_opens_accounts_for_business(engine: Engine) -> None:
    root = person_of(engine, "root")
    with engine.transaction() as unit:
        person = people.add_person(unit, "业务管理员", root)
        account = accounts.create(unit, person, "Process-Admin", PASSWORD, ["process"], root)
        people.appoint(unit, person, "hr.staff", TODAY, root)
    session = accounts.sign_in(engine, "process-admin", PASSWORD, HERE)
    assert (session.roles, session.must_change) == (("process",), True)
    with engine.reading() as unit:
        [event] = history.read(unit.connection, f"account:{account}")
    assert (event.kind, event.envelope["person"]) == ("account-created", root.person_id)


def test_a_system_administrator_makes_no_other(engine: Engine) -> None:
    account, root = enroll(engine, "hr-staff"), person_of(engine, "root")
    with engine.transaction() as unit:
        with pytest.raises(NotAllowed, match="服务器上"):
            accounts.grant(unit, account, "system", root)
        person = people.add_person(unit, "新人", root)
        with pytest.raises(NotAllowed, match="服务器上"):
            accounts.create(unit, person, "new", PASSWORD, ["system"], root)


def test_nobody_changes_the_own_roles(engine: Engine) -> None:
    root = person_of(engine, "root")
    with engine.transaction() as unit:
        own = next(each.id for each in accounts.listing(unit) if each.login == "root")
        for act in (accounts.disable, accounts.enable, accounts.reset_password):
            with pytest.raises(NotAllowed, match="自己"):
                act(unit, own, root)
        for change in (accounts.grant, accounts.revoke):
            with pytest.raises(NotAllowed, match="自己"):
                change(unit, own, "audit", root)


@pytest.mark.parametrize("roles", [(), ("process",), ("audit",), ("security",)])
def test_nobody_else_changes_accounts(engine: Engine, roles: tuple[str, ...]) -> None:
    enroll(engine, "someone", *roles)
    account, someone = enroll(engine, "other"), person_of(engine, "someone")
    with engine.transaction() as unit:
        with pytest.raises(NotAllowed, match="系统管理员"):
            accounts.grant(unit, account, "process", someone)
        with pytest.raises(NotAllowed, match="系统管理员"):
            accounts.reset_password(unit, account, someone)
        with pytest.raises(NotAllowed, match="系统管理员"):
            accounts.create(unit, "anybody", "new", PASSWORD, [], someone)


@pytest.mark.parametrize("role", ["system", "security", "audit"])
def test_a_role_of_trust_and_a_post_never_come_together(engine: Engine, role: str) -> None:
    holder, keeper = enroll(engine, "holder", post="hr.staff"), enroll(engine, "keeper", role)
    with engine.transaction() as unit:
        with pytest.raises(Invalid, match="岗位"):
            accounts.grant(unit, holder, role, SYSTEM)
        with pytest.raises(Invalid, match="不得兼任业务岗位"):
            people.appoint(unit, accounts.find(unit, keeper).person_id, "hr.head", TODAY, SYSTEM)
        with pytest.raises(Invalid, match="业务管理员"):
            accounts.grant(unit, keeper, "process", SYSTEM)


def test_an_appointment_to_come_counts_as_well(engine: Engine) -> None:
    account = enroll(engine, "holder")
    with engine.transaction() as unit:
        person = accounts.find(unit, account).person_id
        holding = people.appoint(unit, person, "hr.staff", TODAY + timedelta(days=60), SYSTEM)
        with pytest.raises(Invalid, match="请先免去"):
            accounts.grant(unit, account, "audit", SYSTEM)
        people.relieve(unit, holding, TODAY + timedelta(days=60), SYSTEM)
        accounts.grant(unit, account, "audit", SYSTEM)
        assert accounts.find(unit, account).roles == ("audit",)


def test_taking_a_role_away_ends_the_sessions(engine: Engine) -> None:
    account = enroll(engine, "auditor", "audit")
    session = accounts.sign_in(engine, "auditor", PASSWORD, HERE)
    with engine.transaction() as unit:
        accounts.revoke(unit, account, "audit", person_of(engine, "root"))
        assert accounts.session(unit, session.id) is None
    with engine.reading() as unit:
        event = history.read(unit.connection, f"account:{account}")[-1]
    assert (event.kind, event.payload) == ("role-revoked", {"role": "audit", "before": ["audit"], "after": []})


def test_the_last_system_administrator_stays(engine: Engine) -> None:
    with engine.transaction() as unit:
        [root] = [each.id for each in accounts.listing(unit)]
        with pytest.raises(Invalid, match="最后一个"):
            accounts.disable(unit, root, SYSTEM)
        with pytest.raises(Invalid, match="最后一个"):
            accounts.revoke(unit, root, "system", SYSTEM)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_of_two_system_administrators_one_may_go(engine: Engine) -> None:
    second = enroll(engine, "second", "system")
    with engine.transaction() as unit:
        accounts.disable(unit, second, person_of(engine, "root"))
        assert accounts.find(unit, second).disabled


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_an_account_is_of_somebody(engine: Engine) -> None:
    with pytest.raises(NotFound, match="没有这个人"), engine.transaction() as unit:
        accounts.create(unit, "no-such-person", "somebody", PASSWORD, [], SYSTEM)


def test_a_login_that_is_none_is_refused(engine: Engine) -> None:
    with engine.transaction() as unit:
        person = people.add_person(unit, "张三", SYSTEM)
        for login in ("", "a", "张三", "a b", "-ab", "a" * 65, "a@b"):
            with pytest.raises(Invalid, match="登录名"):
                accounts.create(unit, person, login, PASSWORD, [], SYSTEM)


def test_a_login_and_a_person_have_one_account(engine: Engine) -> None:
    account = enroll(engine, "hr-staff")
    with engine.transaction() as unit:
        with pytest.raises(Invalid, match="此人已有账号"):
            accounts.create(unit, accounts.find(unit, account).person_id, "again", PASSWORD, [], SYSTEM)
        with pytest.raises(Invalid, match="已有"):
            accounts.create(unit, people.add_person(unit, "李四", SYSTEM), "HR-staff", PASSWORD, [], SYSTEM)
        with pytest.raises(Invalid, match="没有“king”"):
            accounts.grant(unit, account, "king", SYSTEM)


def test_a_moment_of_lock_is_shown_in_utc(engine: Engine) -> None:
    account = enroll(engine, "hr-staff")
    assert not any(try_in(engine, "hr-staff", "wrong") for _ in range(5))
    with engine.reading() as unit:
        assert accounts.find(unit, account).locked_until == datetime(2026, 1, 20, 1, 30, tzinfo=UTC)
