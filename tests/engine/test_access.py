"""A person sees their own latest sign-ins, and nobody else's."""

from pathlib import Path

import pytest

from engine import access, accounts, people
from engine.ground.errors import NotAllowed
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import SYSTEM
from tests.engine.offices import open_engine


def test_own_attempts_are_listed_newest_first_and_only_so_many(database_url: str, tmp_path: Path) -> None:
    migrate(database_url)
    engine = open_engine(database_url, tmp_path)
    prepared = accounts.prepare("wang", "Suixu-Test-2026", must_change=False)
    with engine.transaction() as unit:
        person_id = people.add_person(unit, "王承办", SYSTEM)
        account_id = accounts.create_prepared(unit, person_id, prepared, [], SYSTEM)
    for login, password in (("wang", "wrong"), ("nobody", "wrong")):
        with pytest.raises(NotAllowed):
            accounts.sign_in(engine, login, password, "10.0.0.1")
    accounts.sign_in(engine, "wang", "Suixu-Test-2026", "10.0.0.2")
    with engine.reading() as unit:
        found = access.sign_ins(unit, account_id)
        assert [(item.source, item.succeeded) for item in found] == [("10.0.0.2", True), ("10.0.0.1", False)]
        assert access.sign_ins(unit, account_id, limit=1) == found[:1]
        assert access.sign_ins(unit, "somebody else") == []
    engine.close()
