"""The demo's office is complete, and nobody in it holds what they must not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import accounts, people
from engine.core import history
from engine.core.organization import EXCLUSIVE_ROLES
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import Engine
from tests.conftest import NewDatabase
from tests.engine.offices import open_engine
from workflows import demo_organization

PASSWORD = "demo-2026"


@pytest.fixture
def engine(new_database: NewDatabase, tmp_path: Path) -> Iterator[Engine]:
    """Give an engine with the demo's office."""
    opened = open_engine(new_database(migrate), tmp_path)
    demo_organization.load(opened, PASSWORD)
    yield opened
    opened.close()


def test_everybody_signs_in_with_the_one_password(engine: Engine) -> None:
    for login in ("hr-staff", "unit-a-head", "system-admin"):
        session = accounts.sign_in(engine, login, PASSWORD, "127.0.0.1")
        assert not session.must_change


def test_every_post_has_a_holder(engine: Engine) -> None:
    with engine.reading() as unit:
        assert [post.reference for post in people.posts(unit) if not people.holders(unit, post.reference)] == []
        assert len(people.holders(unit, "hr.staff")) == 2


def test_the_posts_that_the_processes_name_are_there(engine: Engine) -> None:
    named = {"group.leader", "group.secretary", "group_office.director", "board.chair", "hr.staff", "unit_c.head"}
    with engine.reading() as unit:
        assert named <= people.references(unit)
        assert people.references_of_kind(unit, "group", "deputy") == ("group.deputy_1", "group.deputy_2")
        members = people.references_of_kind(unit, "group", "member")
        assert members == tuple(f"group.member_{code}" for code in demo_organization.SUBMITTING_UNITS)
        for code in demo_organization.SUBMITTING_UNITS:
            assert people.holders(unit, f"{code}.head") == people.holders(unit, f"group.member_{code}")


def test_administrators_hold_no_post(engine: Engine) -> None:
    with engine.reading() as unit:
        kept = {account.login: account for account in accounts.listing(unit)}
        trusted = [account for account in kept.values() if EXCLUSIVE_ROLES & set(account.roles)]
        assert [account.login for account in trusted] == ["auditor", "security-admin", "system-admin"]
        assert all(people.posts_of(unit, account.person_id) == [] for account in trusted)
        assert kept["process-admin"].roles == ("process",)


def test_loading_again_changes_nothing(engine: Engine) -> None:
    with engine.reading() as unit:
        before = history.read(unit.connection, "organization")
        logins = {account.login: account.person_id for account in accounts.listing(unit)}
    assert demo_organization.load(engine, "another-2026") == logins
    with engine.reading() as unit:
        assert history.read(unit.connection, "organization") == before
    assert accounts.sign_in(engine, "leader", PASSWORD, "127.0.0.1").login == "leader"
