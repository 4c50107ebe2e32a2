"""What the house adds to FEEL: posts, units, working days; a wrong argument gives null, as FEEL has it."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.core.execution import evaluate_with
from engine.core.vocabulary import NAMES, bind
from engine.ground.clock import ZONE, FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine
from tests.engine.office import Office


@pytest.fixture
def office(new_database: Callable[..., str], tmp_path: Path) -> Iterator[Office]:
    """Give a small organization on Monday 19 January 2026."""
    environment = {"SUIXU_DATA": str(tmp_path), "SUIXU_DATABASE_URL": new_database(migrate)}
    engine = Engine(Settings.from_environment(environment), FixedClock(datetime(2026, 1, 19, 9, tzinfo=ZONE)))
    yield Office.open(engine)
    engine.close()


CASES: tuple[tuple[str, Any], ...] = (
    ("today()", date(2026, 1, 19)),
    ("now()", datetime(2026, 1, 19, 9)),
    ('now() > date and time("2026-01-19T08:59:59")', True),
    ("add workdays(now(), 5)", date(2026, 1, 26)),
    ("add workdays(today(), 5)", date(2026, 1, 26)),
    ("add workdays(today(), -1)", date(2026, 1, 16)),
    ('add workdays("明天", 1)', None),
    ('add workdays(today(), "三")', None),
    ("add workdays(today(), true)", None),
    ("add workdays(today(), 2.5)", None),
    ("add workdays(today(), 1001)", None),
    ("count workdays(today(), add workdays(today(), 3))", Decimal(3)),
    ("count workdays(today(), 3)", None),
    ("count workdays(3, today())", None),
    ('count workdays(today(), date("2099-01-01"))', None),
    ('posts("group", "deputy")', ("group.deputy_1", "group.deputy_2")),
    ('posts("nobody", "deputy")', ()),
    ("posts(1, 2)", None),
    ('posts("group", 2)', None),
    ('unit kind("red")', "institution"),
    ('unit kind("gone")', None),
    ("unit kind(1)", None),
    ('unit name("red")', "单位red"),
    ('unit name("gone")', "gone"),
    ("unit name(1)", None),
    ('count keys("plan:")', Decimal(0)),
    ('count keys("")', None),
    ("count keys(1)", None),
)


def test_each_function_answers_or_gives_null(office: Office) -> None:
    with office.engine.reading() as unit:
        assert set(bind(unit)) == NAMES
        assert {text: evaluate_with(unit, text, {}) for text, _ in CASES} == dict(CASES)
