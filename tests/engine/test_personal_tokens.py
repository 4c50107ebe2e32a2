"""A token is one's own to make and to end."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine import accounts, people, personal_tokens
from engine.ground.errors import NotFound
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import SYSTEM, Actor
from tests.engine.offices import open_engine


def test_nobody_makes_or_ends_a_token_for_another(database_url: str, tmp_path: Path) -> None:
    migrate(database_url)
    engine = open_engine(database_url, tmp_path)
    prepared = accounts.prepare("wang", "Suixu-Test-2026", must_change=False)
    with engine.transaction() as unit:
        mine, other = (Actor(people.add_person(unit, name, SYSTEM)) for name in ("王承办", "李承办"))
        assert mine.person_id is not None
        account_id = accounts.create_prepared(unit, mine.person_id, prepared, [], SYSTEM)
        expires = unit.today + timedelta(days=1)
        for account in (account_id, "unknown"):
            with pytest.raises(NotFound):
                personal_tokens.issue(unit, account, "统计", ["read"], expires, other)
        token_id, secret = personal_tokens.issue(unit, account_id, "统计", ["read"], expires, mine)
        with pytest.raises(NotFound):
            personal_tokens.revoke(unit, token_id, other)
        found = personal_tokens.find(unit, secret)
        assert found is not None
        assert (found.token_id, found.session.person_id) == (token_id, mine.person_id)
        assert [token.id for token in personal_tokens.listing(unit, account_id)] == [token_id]
        personal_tokens.revoke(unit, token_id, mine)
        with pytest.raises(NotFound):
            personal_tokens.revoke(unit, token_id, mine)
        assert personal_tokens.find(unit, secret) is None
        assert personal_tokens.listing(unit, account_id) == []
    engine.close()
