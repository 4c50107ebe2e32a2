"""Give an act its calendar: the published one, with the days that the administrators entered."""

from sqlalchemy import select

from engine.core import settled
from engine.core.calendar import Calendar
from engine.ground import model
from engine.ground.unit_of_work import Unit


def calendar_of(unit: Unit) -> Calendar:
    """Give the calendar as it is now."""
    return settled.of(unit, "calendar", _read)


def _read(unit: Unit) -> Calendar:
    rows = unit.connection.execute(select(model.calendar_day.c.day, model.calendar_day.c.workday))
    whole = unit.connection.execute(select(model.calendar_year.c.year)).scalars()
    return Calendar({row.day: row.workday for row in rows}, frozenset(whole))
