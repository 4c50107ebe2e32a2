"""Words where the engine has ids and moments: nobody and nothing is shown as an id, and a deadline as time left."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.web import errands
from web.names import Due, due, names

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

# Tuesday, 20 January 2026, 09:00 in Shanghai.
NOW = errands.MORNING


@once
def test_who_is_nobody_or_gone_is_said_in_words(app: Flask) -> None:
    with errands.engine_of(app).reading() as unit:
        said = names(unit)
        assert (said.person(None), said.person("gone")) == ("系统", "（姓名已删除）")
        assert said.posts(["hr.staff", "no.such"]) == "人事部承办人、（岗位已不存在）"
        assert (said.post(None), said.office(None), said.office("hr")) == ("", "", "人事部")
        assert said.actor(None, "hr.staff") == "系统"


DEADLINES = (
    (None, Due("", "没有期限", "")),
    (NOW - timedelta(days=1), Due("2026年1月19日 09:00", "已逾期 1 个工作日", "late")),
    (NOW - timedelta(hours=1), Due("2026年1月20日 08:00", "今天已到时", "late")),
    (NOW + timedelta(hours=9), Due("2026年1月20日", "今天到期", "soon")),
    (NOW + timedelta(days=3), Due("2026年1月23日 09:00", "剩余 3 个工作日", "soon")),
    (NOW + timedelta(days=7), Due("2026年1月27日 09:00", "剩余 5 个工作日", "later")),
)


@once
def test_a_deadline_is_said_as_working_days_left(app: Flask) -> None:
    with errands.engine_of(app).reading() as unit:
        assert [due(unit, moment) for moment, _told in DEADLINES] == [told for _moment, told in DEADLINES]
        # A year whose days off nobody has published yet
        assert due(unit, NOW.replace(year=2040)).day == "2040年1月20日 09:00（暂定）"
