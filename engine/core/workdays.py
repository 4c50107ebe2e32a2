"""Give an act its calendar: the published one, with the days that the administrators entered."""

from sqlalchemy import select

from engine.core.calendar import Calendar
from engine.ground import model
from engine.ground.unit_of_work import Unit


def calendar_of(unit: Unit) -> Calendar:
    """Read the calendar once for an act."""
    if "calendar" not in unit.cache:
        rows = unit.connection.execute(select(model.calendar_day.c.day, model.calendar_day.c.workday))
        overrides = {row.day: row.workday for row in rows}
        whole = unit.connection.execute(select(model.calendar_year.c.year)).scalars()
        unit.cache["calendar"] = Calendar(overrides, frozenset(whole))
    calendar: Calendar = unit.cache["calendar"]
    return calendar
