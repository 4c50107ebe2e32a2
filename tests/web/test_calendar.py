"""The calendar's page: a year in months, single days, a whole year's list; nothing typed is lost."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest

from engine import calendar
from engine.core.workdays import calendar_of
from tests.web.stage import Stage, check_page, tree_of

PAGE = "/organization/calendar"
NOTICE = "国办发明电〔2026〕7号"
LIST = "2027-01-01 至 2027-01-03 休\n2027-01-09 班"


def look(stage: Stage, year: str = "") -> str:
    return check_page(stage.get("system", f"{PAGE}?year={year}"))


def set_day(stage: Stage, **said: str) -> Any:
    given = {"year": "2026", "day": "2026-03-02", "workday": "off", "source": "临时放假通知", **said}
    return stage.post("system", f"{PAGE}/day", **given)


def enter(stage: Stage, year: str = "2027", **said: Any) -> Any:
    return stage.post("system", f"{PAGE}/year", **{"year": year, "list_source": NOTICE, "days": LIST, **said})


def is_workday(stage: Stage, day: date) -> bool:
    with stage.engine.reading() as unit:
        return calendar_of(unit).is_workday(day)


def typed(answer: Any) -> dict[str, str]:
    tree = tree_of(answer)
    found = {one.get("name"): one.get("value") for one in tree.xpath("//main//input[@class='input'][@type='text']")}
    found["days"] = tree.xpath("string(//textarea[@name='days'])").strip("\n")
    found["workday"] = next(iter(tree.xpath("//select[@name='workday']/option[@selected]/@value")), "")
    return found


# Looking


def test_this_year_is_shown_first_and_its_neighbours_are_one_step_away(stage: Stage) -> None:
    shown = look(stage)
    assert "2026年日历 2025年 2027年 按国家公布的放假安排" in shown
    assert "1月，21 个工作日" in shown
    assert "已经开始的待办，期限不变" in shown
    tree = tree_of(stage.get("system", PAGE))
    assert tree.xpath("normalize-space(//td[@aria-current='date'])") == "20"
    assert [one.text_content().split() for one in tree.xpath("(//table)[1]/tbody/tr[1]/td")][3:] == [
        ["1", "休"],
        ["2", "休"],
        ["3", "休"],
        ["4", "班"],
    ]


def test_an_unpublished_year_is_provisional(stage: Stage) -> None:
    assert "暂定。 这一年的放假安排系统里还没有" in look(stage, "2027")


@pytest.mark.parametrize("year", ["", "never", "20261", "２０２６"])
def test_what_is_no_year_is_this_one(stage: Stage, year: str) -> None:
    assert "2026年日历" in look(stage, year)


def test_a_year_out_of_reach_is_not_there(stage: Stage) -> None:
    assert stage.get("system", f"{PAGE}?year=1949").status_code == 404
    assert "1949年" not in look(stage, "1950")
    assert "2101年" not in look(stage, "2100")


@pytest.mark.parametrize("who", ["staff", "drawer", "auditor"])
def test_the_calendar_is_the_system_administrators_alone(stage: Stage, who: str) -> None:
    assert stage.get(who, PAGE).status_code == 404
    for path in ("day", "day/unset", "year", "year/withdraw"):
        assert stage.post(who, f"{PAGE}/{path}", year="2027").status_code == 404


# One day


def test_a_day_is_set_and_unset(stage: Stage) -> None:
    answer = set_day(stage, day="2026年3月2日")
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?year=2026")
    shown = look(stage)
    assert "2026-03-02 已设为休。" in shown
    assert "2026年单独设定的 1 天" in shown
    assert "临时放假通知" in shown
    assert "2 休 录" in shown
    assert not is_workday(stage, date(2026, 3, 2))
    assert stage.post("system", f"{PAGE}/day/unset", day="2026-03-02").status_code == 303
    shown = look(stage)
    assert "2026-03-02 的设定已取消。" in shown
    assert "这一年没有单独设定的日子。" in shown
    set_day(stage, day="2026-03-01", workday="work")
    assert "2026-03-01 已设为班。" in look(stage)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"day": "三月二日"}, ["请填写日期"]),
        ({"day": "", "workday": ""}, ["请填写日期", "请选择这一天是休还是班。"]),
        ({"workday": "maybe"}, ["请选择这一天是休还是班。"]),
        ({"source": " "}, ["请填写依据"]),
        ({"day": "1949-01-01"}, ["日历只到 1950 至 2100 年。"]),
    ],
)
def test_a_day_that_cannot_be_set_is_told_at_its_field(stage: Stage, said: dict[str, str], words: list[str]) -> None:
    answer = set_day(stage, **said)
    shown = check_page(answer, 422)
    assert f"有 {len(words)} 处需要改正" in shown
    for word in words:
        assert shown.count(word) == 2, "once on top, once at the field"
    found = typed(answer)
    given = {"day": "2026-03-02", "source": "临时放假通知", **said}
    assert (found["day"], found["source"]) == (given["day"], given["source"])
    assert is_workday(stage, date(2026, 3, 2))


@pytest.mark.parametrize(("day", "status"), [("2026-03-02", 404), ("nothing", 422)])
def test_what_was_not_set_cannot_be_unset(stage: Stage, day: str, status: int) -> None:
    assert stage.post("system", f"{PAGE}/day/unset", day=day).status_code == status


# A whole year


def test_a_years_list_is_taken_and_withdrawn(stage: Stage) -> None:
    assert enter(stage).location == f"{PAGE}?year=2027"
    shown = look(stage, "2027")
    assert "2027年的名单已收下：休 3 天，班 1 天，其余的日子按星期。" in shown
    assert f"按录入的名单：{NOTICE}。" in shown
    assert "这些法定节日现在算上班，请核对是不是漏了：2027年2月5日、" in shown
    assert is_workday(stage, date(2027, 1, 9))
    assert stage.post("system", f"{PAGE}/year/withdraw", year="2027").status_code == 303
    shown = look(stage, "2027")
    assert "2027年的名单已取消。" in shown
    assert "暂定。" in shown
    assert stage.post("system", f"{PAGE}/year/withdraw", year="2027").status_code == 404


def test_a_years_list_comes_in_a_file_and_the_box_is_not_looked_at(stage: Stage) -> None:
    content = "日期,安排\n2027-01-01,休\n".encode("gb18030")
    assert enter(stage, file=(BytesIO(content), "2027.csv")).status_code == 303
    with stage.engine.reading() as unit:
        assert calendar.year(unit, 2027).source == NOTICE
    assert "休 1 天，班 0 天" in look(stage, "2027")


def test_a_wrong_line_is_named_nothing_is_taken_and_nothing_typed_is_lost(stage: Stage) -> None:
    text = "2027-01-01 休\n2027-02-30 休\n瞎写"
    answer = enter(stage, days=text)
    shown = check_page(answer, 422)
    assert "有 2 处需要改正" in shown
    assert "第 2 行“2027-02-30 休”：没有“2027-02-30”这一天。" in shown
    assert "第 3 行“瞎写”：读不懂" in shown
    assert "名单有 2 行不对，一天也没有收下。" in shown
    assert (typed(answer)["days"], typed(answer)["list_source"]) == (text, NOTICE)
    with stage.engine.reading() as unit:
        assert calendar.year(unit, 2027).source == ""


@pytest.mark.parametrize(
    ("said", "words", "place"),
    [
        ({"days": ""}, "请粘贴名单，或者选择文件", "days"),
        ({"list_source": ""}, "请填写依据：文号或者说明。", "list_source"),
        ({"file": "放假.docx"}, "只收 .xlsx、.csv 文件", "file"),
    ],
)
def test_a_list_that_cannot_be_taken_is_told_at_its_field(
    stage: Stage, said: dict[str, Any], words: str, place: str
) -> None:
    if "file" in said:
        said = {"file": (BytesIO(b"x"), said["file"])}
    answer = enter(stage, **said)
    assert words in check_page(answer, 422)
    assert tree_of(answer).xpath(f"//*[@id='field-{place}']/@aria-invalid") == ["true"]
    assert tree_of(answer).xpath("//div[@role='alert']//a/@href") == [f"#field-{place}"]


def test_who_came_from_the_four_steps_is_led_back_to_them(stage: Stage) -> None:
    page = stage.get("system", f"{PAGE}?year=2027&from=setup")
    tree = tree_of(page)
    assert tree.xpath("//main//a[contains(., '首次启动')]/@href") == ["/setup"]
    assert {one.partition("?")[2] for one in tree.xpath("//main//form/@action")} == {"from=setup"}
    answer = stage.post("system", f"{PAGE}/year?from=setup", year="2027", list_source=NOTICE, days=LIST)
    assert answer.location == f"{PAGE}?year=2027&from=setup"
