"""Let the system administrator see a year's working days, and enter what the almanac does not know."""

from dataclasses import dataclass, field, replace

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import calendar
from engine.core import day_lists
from engine.core.form_cleaning import read_date
from engine.ground.errors import Fault, Invalid, Refused
from web import guard, session
from web import setup as first_steps
from web.guard import SYSTEM
from web.texts import gettext as _

WEEKDAYS = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))
CHOICES = (("off", _("休")), ("work", _("班")))

room = Blueprint("calendar", __name__, url_prefix="/organization/calendar")


@dataclass(frozen=True)
class Typed:
    """Hold what was typed into the two forms of the page, and what is wrong with it."""

    day: str = ""
    workday: str = ""
    source: str = ""
    list_source: str = ""
    days: str = ""
    faults: tuple[Fault, ...] = field(default=())
    """All that is wrong, for the summary; at a field stands `brief`."""

    brief: tuple[Fault, ...] = field(default=())


@room.before_request
def _demand_administrator() -> None:
    guard.demand(SYSTEM)


@room.get("")
def show() -> str:
    """Show a year's months."""
    return _page(_year(request.args.get("year", "")))


def _year(text: str) -> int:
    """Read a year; what is none is this one."""
    if text.isascii() and text.isdigit() and len(text) == 4:
        return int(text)
    with session.engine().reading() as unit:
        return unit.today.year


def _page(number: int, typed: Typed | None = None) -> str:
    with session.engine().reading() as unit:
        year, today = calendar.year(unit, number), unit.today
    return render_template(
        "organization/calendar.html",
        year=year,
        today=today,
        weekdays=WEEKDAYS,
        choices=CHOICES,
        typed=typed or Typed(),
        reach=(calendar.EARLIEST, calendar.LATEST),
    )


def _shown(number: int, words: str) -> AnyResponse:
    flash(words)
    return redirect(url_for("calendar.show", year=number, **first_steps.carried()), 303)


# One day


@room.post("/day")
def set_day() -> AnyResponse | str:
    """Let a day be worked or off."""
    given = {name: request.form.get(name, "") for name in ("day", "workday", "source")}
    number, day = _year(request.form.get("year", "")), read_date(given["day"])
    faults = []
    if day is None:
        faults.append(Fault("date", _("请填写日期，例如 2026-10-01。"), "day"))
    if given["workday"] not in dict(CHOICES):
        faults.append(Fault("choice", _("请选择这一天是休还是班。"), "workday"))
    try:
        if day is None or faults:
            raise Invalid(_("没有保存。"), faults)
        with session.engine().transaction() as unit:
            calendar.set_day(unit, day, given["workday"] == "work", given["source"], session.actor())
    except Invalid as error:
        found = tuple(error.faults)
        return make_response(_page(number, Typed(**given, faults=found, brief=found)), 422)
    return _shown(day.year, _("%s 已设为%s。") % (day, dict(CHOICES)[given["workday"]]))


@room.post("/day/unset")
def unset_day() -> AnyResponse:
    """Take back what was entered for a day."""
    day = read_date(request.form.get("day", ""))
    if day is None:
        raise Invalid(_("没有写明是哪一天。"))
    with session.engine().transaction() as unit:
        calendar.unset_day(unit, day, session.actor())
    return _shown(day.year, _("%s 的设定已取消。") % day)


# A whole year


@room.post("/year")
def enter_year() -> AnyResponse | str:
    """Take over a year's official list, pasted or in a file, wholly or not at all."""
    number = _year(request.form.get("year", ""))
    source, text = request.form.get("list_source", ""), request.form.get("days", "")
    file = request.files.get("file")
    from_file = file is not None and bool(file.filename)
    try:
        lines = (
            day_lists.lines_of_file(file.filename or "", file.stream.read())
            if file is not None and from_file
            else day_lists.lines_of_text(text)
        )
        days = day_lists.read(lines, number, calendar.may_list)
        with session.engine().transaction() as unit:
            calendar.enter_year(unit, number, days, source, session.actor())
    except Invalid as error:
        typed = Typed(list_source=source, days=text)
        return make_response(_page(number, _told(typed, error, "file" if from_file else "days")), 422)
    off = sum(not workday for workday in days.values())
    words = _("%s年的名单已收下：休 %s 天，班 %s 天，其余的日子按星期。") % (number, off, len(days) - off)
    return _shown(number, words)


def _told(typed: Typed, error: Invalid, place: str) -> Typed:
    """Name every wrong line in the summary, and at the field only how many there are."""
    if not isinstance(error, Refused):
        found = tuple(replace(fault, element="list_source") for fault in error.faults)
        return replace(typed, faults=found, brief=found)
    lines = tuple(replace(fault, element=place) for fault in error.faults)
    return replace(typed, faults=lines, brief=(Fault("list", error.message, place),))


@room.post("/year/withdraw")
def withdraw_year() -> AnyResponse:
    """Take back a year's official list."""
    number = _year(request.form.get("year", ""))
    with session.engine().transaction() as unit:
        calendar.withdraw_year(unit, number, session.actor())
    return _shown(number, _("%s年的名单已取消。") % number)
