"""A notice is one person's, once, and read when they say so."""

import pytest

from engine import notices
from engine.core import notices as keeping
from engine.ground.errors import NotFound
from tests.engine.office import Office


def tell(office: Office, key: str, post: str = "hr.head") -> bool:
    with office.engine.transaction() as unit:
        return keeping.tell(unit, key, office.people[post], "plain", "题" * 400, "正文", "/inbox")


def test_a_notice_exists_once_however_often_it_is_told(office: Office) -> None:
    assert tell(office, "one")
    assert not tell(office, "one")
    with office.engine.reading() as unit:
        (row,) = notices.listing(unit, office.people["hr.head"])
        assert (len(row.title), row.body, row.read_at) == (300, "正文", None)
        assert notices.unread(unit, office.people["hr.head"]) == 1
        assert notices.unread(unit, office.people["hr.staff"]) == 0


def test_reading_it_twice_keeps_the_first_moment_and_others_cannot(office: Office) -> None:
    tell(office, "one")
    person = office.people["hr.head"]
    with office.engine.transaction() as unit:
        (row,) = notices.listing(unit, person)
        notices.read(unit, row.id, person)
        first = notices.listing(unit, person)[0].read_at
        notices.read(unit, row.id, person)
        assert notices.listing(unit, person)[0].read_at == first
        assert notices.unread(unit, person) == 0
    with pytest.raises(NotFound), office.engine.transaction() as unit:
        notices.read(unit, row.id, office.people["hr.staff"])
