"""Give FEEL the functions that only the house can answer: posts, units, working days, parameters, keys."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select

from engine.core import organization
from engine.core.calendar import Calendar
from engine.core.expressions import Value
from engine.core.parameters import value_of
from engine.core.workdays import calendar_of
from engine.ground import model
from engine.ground.clock import local
from engine.ground.unit_of_work import Unit

PARAMETER = "parameter"
"""The function that gives what the office has set; only names that are declared may be written out."""


def _whole(value: Value) -> int | None:
    """Read a whole number; part of a day is no working day."""
    if not isinstance(value, Decimal | int) or isinstance(value, bool) or value != int(value):
        return None
    return int(value)


def _day(value: Value) -> date | None:
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def _add_workdays(calendar: Calendar, given: Value, count: Value) -> Value:
    day, number = _day(given), _whole(count)
    if day is None or number is None or abs(number) > 1_000:
        return None
    return calendar.add_workdays(day, number)


def _workdays_between(calendar: Calendar, first: Value, last: Value) -> Value:
    start, end = _day(first), _day(last)
    if start is None or end is None or abs((end - start).days) > 4_000:
        return None
    return Decimal(calendar.workdays_between(start, end))


def _posts(unit: Unit, code: Value, kind: Value) -> Value:
    if not isinstance(code, str) or not isinstance(kind, str):
        return None
    return organization.references_of_kind(unit, code, kind)


def _unit_name(unit: Unit, code: Value) -> Value:
    return organization.unit_name(unit, code) if isinstance(code, str) else None


def _unit_kind(unit: Unit, code: Value) -> Value:
    return next((item.kind for item in organization.units(unit) if item.code == code), None)


def _parameter(unit: Unit, name: Value) -> Value:
    return Decimal(value_of(unit, name)) if isinstance(name, str) else None


def _count_keys(unit: Unit, prefix: Value) -> Value:
    """Count the business keys that begin with a text: the next one of a row of matters gets the number after it."""
    if not isinstance(prefix, str) or not prefix:
        return None
    key = model.instance.c.business_key
    query = select(func.count(key.distinct())).where(key.startswith(prefix, autoescape=True))
    return Decimal(unit.connection.execute(query).scalar_one())


NAMES = frozenset(
    {"today", "now", "add workdays", "count workdays", "posts", "unit kind", "unit name", "count keys", PARAMETER}
)


def bind(unit: Unit) -> Mapping[str, Callable[..., Value]]:
    """Give the functions, bound to one transaction."""
    return {
        "today": lambda: unit.today,
        # Without an offset, as people write moments: one with an offset does not compare with one without.
        "now": lambda: local(unit.now).replace(microsecond=0, tzinfo=None),
        "add workdays": lambda day, count: _add_workdays(calendar_of(unit), day, count),
        "count workdays": lambda start, end: _workdays_between(calendar_of(unit), start, end),
        "posts": lambda code, kind: _posts(unit, code, kind),
        "unit kind": lambda code: _unit_kind(unit, code),
        "unit name": lambda code: _unit_name(unit, code),
        "count keys": lambda prefix: _count_keys(unit, prefix),
        PARAMETER: lambda name: _parameter(unit, name),
    }
