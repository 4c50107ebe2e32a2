"""The working days that administrators enter: who, on what ground, and what follows the calendar or stays."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from engine import calendar, definitions, records
from engine.core import catalogue
from engine.core.workdays import calendar_of
from engine.ground import model
from engine.ground.clock import ZONE
from engine.ground.errors import Invalid, NotAllowed, NotFound, Stale
from engine.ground.unit_of_work import SYSTEM, Unit
from tests.engine.office import FORM, Office
from tests.engine.test_jobs import FORM_YEAR, to

NOTICE = "国办发明电〔2026〕7号"
LIST = {
    date(2026, 12, 31): False,
    date(2027, 1, 1): False,
    date(2027, 1, 4): False,
    date(2027, 2, 5): False,
    date(2027, 2, 20): True,
}


def is_workday(office: Office, *days: date) -> list[bool]:
    with office.engine.reading() as unit:
        return [calendar_of(unit).is_workday(day) for day in days]


def enter(office: Office, number: int = 2027, days: Mapping[date, bool] = LIST, source: str = NOTICE) -> None:
    with office.engine.transaction() as unit:
        calendar.enter_year(unit, number, days, source, SYSTEM)


def set_day(office: Office, day: date, workday: bool, source: str = "临时放假通知") -> None:
    with office.engine.transaction() as unit:
        calendar.set_day(unit, day, workday, source, SYSTEM)


def shown(office: Office, number: int) -> calendar.Year:
    with office.engine.reading() as unit:
        return calendar.year(unit, number)


def recorded(office: Office) -> list[tuple[str, dict[str, Any]]]:
    table = model.event.c
    with office.engine.reading() as unit:
        query = select(table.kind, table.payload).where(table.stream == "organization").order_by(table.number)
        return [(row.kind, json.loads(row.payload)) for row in unit.connection.execute(query)]


# Looking


def test_a_year_is_shown_in_months_of_weeks_that_begin_on_monday(office: Office) -> None:
    found = shown(office, 2026)
    assert [month.number for month in found.months] == list(range(1, 13))
    assert sum(month.workdays for month in found.months) == 248
    january = found.months[0]
    assert [day and day.day.day for day in january.weeks[0]] == [None, None, None, 1, 2, 3, 4]
    assert [day and day.workday for day in january.weeks[0]] == [None, None, None, False, False, False, True]
    assert (found.source, found.provisional, found.entered, found.doubtful) == ("", False, (), ())
    assert shown(office, 2027).provisional


@pytest.mark.parametrize("number", [1949, 2101])
def test_a_year_out_of_reach_is_not_there(office: Office, number: int) -> None:
    with pytest.raises(NotFound, match="1950 至 2100"):
        shown(office, number)


# Single days


def test_a_day_is_set_set_again_and_unset_and_all_of_it_is_on_record(office: Office) -> None:
    day = date(2026, 3, 2)
    set_day(office, day, False)
    assert is_workday(office, day) == [False]
    (entered,) = shown(office, 2026).entered
    assert (entered.day, entered.source) == (day, "临时放假通知")
    set_day(office, day, True, " 更正通知 ")
    assert [item.source for item in shown(office, 2026).entered] == ["更正通知"]
    with office.engine.transaction() as unit:
        calendar.unset_day(unit, day, SYSTEM)
    assert shown(office, 2026).entered == ()
    assert recorded(office) == [
        ("calendar-day-set", {"day": "2026-03-02", "workday": False, "source": "临时放假通知", "before": None}),
        ("calendar-day-set", {"day": "2026-03-02", "workday": True, "source": "更正通知", "before": False}),
        ("calendar-day-unset", {"day": "2026-03-02", "before": True}),
    ]
    assert records.verify(office.engine).whole


@pytest.mark.parametrize(
    ("day", "source", "words"),
    [
        (date(2026, 3, 2), " ", "请填写依据"),
        (date(2026, 3, 2), "长" * 201, "有 201 字，最多 200 字"),
        (date(1949, 3, 2), "通知", "1950 至 2100"),
    ],
)
def test_a_day_without_ground_or_out_of_reach_is_refused(office: Office, day: date, source: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        set_day(office, day, False, source)
    assert recorded(office) == []


def test_a_day_that_was_not_set_cannot_be_unset(office: Office) -> None:
    with pytest.raises(NotFound, match="没有设定过"), office.engine.transaction() as unit:
        calendar.unset_day(unit, date(2026, 3, 2), SYSTEM)


def test_only_the_system_administrator_changes_the_calendar(office: Office) -> None:
    actor, day = office.actor("hr.head"), date(2026, 3, 2)
    acts: list[Callable[[Unit], None]] = [
        lambda unit: calendar.set_day(unit, day, False, "通知", actor),
        lambda unit: calendar.unset_day(unit, day, actor),
        lambda unit: calendar.enter_year(unit, 2027, LIST, NOTICE, actor),
        lambda unit: calendar.withdraw_year(unit, 2027, actor),
    ]
    for act in acts:
        with pytest.raises(NotAllowed), office.engine.transaction() as unit:
            act(unit)


# A whole year


def test_a_years_list_settles_every_day_of_it(office: Office) -> None:
    enter(office)
    found = shown(office, 2027)
    assert (found.source, found.provisional, found.entered) == (NOTICE, False, ())
    assert is_workday(office, *LIST) == list(LIST.values())
    assert is_workday(office, date(2027, 2, 8), date(2027, 2, 6)) == [True, False]
    assert [item.day for item in shown(office, 2026).entered] == [date(2026, 12, 31)]
    assert [f"{day:%m-%d}" for day in found.doubtful] == ["02-08", "04-05", "06-09", "09-15", "10-01"]
    assert recorded(office) == [
        (
            "calendar-year-entered",
            {
                "year": 2027,
                "source": NOTICE,
                "days": {day.isoformat(): workday for day, workday in LIST.items()},
                "before": "",
            },
        )
    ]


def test_a_second_list_replaces_the_first_and_leaves_what_was_set_singly(office: Office) -> None:
    set_day(office, date(2027, 3, 1), False, "省里的通知")
    set_day(office, date(2027, 2, 5), True, "先按上班")
    enter(office)
    enter(office, days={date(2027, 2, 9): False}, source="更正后的名单")
    days = (date(2027, 2, 9), date(2027, 3, 1), date(2027, 2, 5), date(2027, 2, 20), date(2026, 12, 31))
    assert is_workday(office, *days) == [False, False, True, False, True]
    assert [item.source for item in shown(office, 2027).entered] == ["省里的通知"]
    assert recorded(office)[-1][1]["before"] == NOTICE


def test_a_years_list_is_withdrawn(office: Office) -> None:
    set_day(office, date(2027, 3, 1), False, "省里的通知")
    enter(office)
    with office.engine.transaction() as unit:
        calendar.withdraw_year(unit, 2027, SYSTEM)
    found = shown(office, 2027)
    assert (found.source, found.provisional) == ("", True)
    assert [item.day for item in found.entered] == [date(2027, 3, 1)]
    assert recorded(office)[-1] == ("calendar-year-withdrawn", {"year": 2027, "before": NOTICE})
    with pytest.raises(NotFound, match="没有录入过"), office.engine.transaction() as unit:
        calendar.withdraw_year(unit, 2027, SYSTEM)


@pytest.mark.parametrize(
    ("days", "source", "words"),
    [
        ({}, NOTICE, "没有一天"),
        ({date(2026, 11, 30): False}, NOTICE, "2026-11-30 不是 2027 年的日子"),
        (LIST, "", "请填写依据"),
    ],
)
def test_a_list_that_is_not_the_years_is_refused(
    office: Office, days: Mapping[date, bool], source: str, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        enter(office, days=days, source=source)
    assert recorded(office) == []


def test_a_change_that_came_in_between_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given somebody who enters the year after this act has looked for it
    look = calendar._source_of_year

    def look_too_early(unit: Any, number: int) -> str:
        found = look(unit, number)
        unit.connection.execute(insert(model.calendar_year), {"year": number, "source": "别人的"})
        return found

    monkeypatch.setattr(calendar, "_source_of_year", look_too_early)
    with pytest.raises(Stale, match="刚刚被别人改过"):
        enter(office)
    monkeypatch.undo()
    assert shown(office, 2027).source == ""


# What follows, and what stays


def test_open_tasks_keep_their_deadlines_and_later_ones_count_anew(office: Office) -> None:
    office.begin("engine_deadline", unit_code="red")
    before = [row.due_at for row in office.open_tasks()]
    set_day(office, date(2026, 1, 27), False)
    assert [row.due_at for row in office.open_tasks()] == before
    office.begin("engine_deadline", unit_code="red")
    assert [row.due_at for row in office.open_tasks()] != before * 2


def waiting_start(office: Office) -> tuple[str, str, int]:
    query = select(model.job).where(model.job.c.kind == "start", model.job.c.state == "due")
    with office.engine.reading() as unit:
        row = unit.connection.execute(query).one()
        return row.due_at.astimezone(ZONE).isoformat(), row.key, row.payload["year"]


def publish_yearly(office: Office) -> None:
    office.publish("engine_start", forms={"begin": FORM_YEAR, "form": FORM})


def test_a_waiting_start_moves_with_the_calendar(office: Office) -> None:
    # Given a start on the first working day of 2027, which is provisional
    publish_yearly(office)
    assert waiting_start(office)[0] == "2027-01-04T08:30:00+08:00"
    # When the official list comes, with Monday the 4th off
    enter(office)
    # Then it is planned for Tuesday, and begins then
    due, key, year = waiting_start(office)
    assert (due, year) == ("2027-01-05T08:30:00+08:00", 2027)
    assert key.endswith(":2027-01-05T00:30:00+00:00")
    to(office, 2027, 1, 4)
    assert office.names() == []
    to(office, 2027, 1, 5)
    assert office.names() == ["办理"]


def test_a_start_whose_day_has_gone_by_begins_at_once(office: Office) -> None:
    publish_yearly(office)
    office.engine.clock.move_to(datetime(2027, 1, 3, 12, tzinfo=ZONE))  # type: ignore[attr-defined]
    set_day(office, date(2027, 1, 2), True)
    office.work()
    assert office.names() == ["办理"]
    assert waiting_start(office)[2] == 2028


def test_a_start_that_a_worker_has_taken_is_left_alone(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_yearly(office)
    look = catalogue.latest

    def look_while_it_is_taken(unit: Any, key: str) -> Any:
        unit.connection.execute(update(model.job).where(model.job.c.kind == "start").values(state="done"))
        return look(unit, key)

    monkeypatch.setattr(catalogue, "latest", look_while_it_is_taken)
    enter(office)
    with office.engine.reading() as unit:
        row = unit.connection.execute(select(model.job).where(model.job.c.kind == "start")).one()
    assert (row.state, row.due_at.astimezone(ZONE).day) == ("done", 4)


def test_a_version_without_a_calendar_start_leaves_nothing_to_move(office: Office) -> None:
    office.publish("engine_child")
    enter(office)
    with office.engine.reading() as unit:
        assert definitions.latest(unit, "child").diagram.starts("timer") == ()
        assert unit.connection.execute(select(model.job)).all() == []
