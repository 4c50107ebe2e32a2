"""Variables keep their value and their scope, whatever FEEL can hold."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.expressions import ExpressionError
from engine.core.feel_time import Months
from engine.core.feel_values import Range
from engine.core.variables import Scopes, decode, encode
from engine.ground.clock import ZONE, FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine

ZONES = st.none() | st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.dates(),
    st.times(timezones=ZONES),
    st.datetimes(timezones=ZONES),
    st.timedeltas(timedelta(-999_999), timedelta(999_999)),
    st.integers(-9_999, 9_999).map(Months),
    st.decimals(allow_nan=False, allow_infinity=False),
)


def grouped(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=3)
    return st.lists(inner, max_size=3).map(tuple) | named


@given(st.recursive(SCALARS, grouped, max_leaves=6))
def test_what_is_written_is_read_back(value: Any) -> None:
    assert decode(encode(value)) == value
    assert type(decode(encode(value))) is type(value)
    assert decode(json.loads(json.dumps(encode(value)))) == value


def test_numbers_from_a_form_become_exact_decimals() -> None:
    assert decode(0.1) == Decimal("0.1")
    assert decode(encode(3)) == Decimal(3)
    assert encode(Decimal("1.50")) == {"number": "1.50"}
    assert encode(Decimal(2**60)) == {"number": str(2**60)}


@pytest.mark.parametrize("value", [{1: 1}, 1.5, object(), b"x", Range(Decimal(1), Decimal(2)), [{"a": 1.5}]])
def test_what_feel_does_not_know_is_not_kept(value: Any) -> None:
    with pytest.raises(ExpressionError, match="变量只能保存数字、文字"):
        encode(value)


def test_the_innermost_scope_is_seen_first() -> None:
    scopes = Scopes("i", {("", "a"): "outer", ("x", "a"): "inner", ("", "b"): "outer"})
    assert scopes.view() == {"a": "outer", "b": "outer"}
    assert scopes.view(("x",)) == {"a": "inner", "b": "outer"}
    assert scopes.view(("y", "x")) == {"a": "inner", "b": "outer"}


def test_an_assignment_goes_where_the_name_lives_else_into_the_innermost_scope() -> None:
    scopes = Scopes("i", {("", "a"): Decimal(1)})
    scopes.assign(("x",), "a", 2)
    scopes.assign(("x",), "b", 3)
    scopes.assign((), "c", 4)
    assert dict(scopes) == {("", "a"): 2, ("x", "b"): 3, ("", "c"): 4}
    assert len(scopes) == 3


def test_only_what_differs_is_written() -> None:
    scopes = Scopes("i", {("", "a"): Decimal(1)})
    scopes.set("", "a", 1)
    scopes.remove("", "nothing")
    scopes.drop("x")
    assert scopes.changes() == []
    scopes.set("x", "b", None)
    scopes.drop("x")
    scopes.remove("", "a")
    assert scopes.changes() == [("", "a"), ("x", "b")]
    assert dict(scopes) == {}
    assert len(scopes) == 0


@pytest.fixture
def engine(new_database: Callable[..., str], tmp_path: Path) -> Iterator[Engine]:
    """Open an engine on a fresh database."""
    environment = {"SUIXU_DATA": str(tmp_path), "SUIXU_DATABASE_URL": new_database(migrate)}
    made = Engine(Settings.from_environment(environment), FixedClock(datetime(2026, 1, 19, 9, tzinfo=ZONE)))
    yield made
    made.close()


def test_a_great_many_variables_are_saved_and_removed(engine: Engine) -> None:
    scopes = Scopes("i")
    for number in range(6_000):
        scopes.set(f"scope{number}", "one", number)
    with engine.transaction() as unit:
        scopes.save(unit)
        scopes.save(unit)
    with engine.transaction() as unit:
        found = Scopes.load(unit, "i")
        assert dict(found) == dict(scopes)
        for name in [scope for scope, _ in found][1:]:
            found.remove(name, "one")
        found.save(unit)
    with engine.reading() as unit:
        assert len(Scopes.load(unit, "i")) == 1
