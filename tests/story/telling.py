"""The story: a year's plan of eight units, told by whatever means its cast acts."""

from collections.abc import Mapping
from typing import Any, Protocol

import bagit
from sqlalchemy import select

from engine import archive, records
from engine.ground import model
from engine.ground.unit_of_work import Engine
from tests.story import year
from tests.story.year import EXCERPTS, NAMES, PLAN, READERS, REGISTRATION, SHEET, UNITS, item


class Cast(Protocol):
    """Act as the people of the house."""

    engine: Engine

    def start(self, login: str, key: str, button: str, fields: Mapping[str, Any]) -> None:
        """Start a process from its page."""

    def do(self, login: str, task: str, matter: str, button: str, fields: Mapping[str, Any] | None = None) -> None:
        """Find a task in the inbox, claim it where several could do it, fill in its form, press a button."""

    def reads(self, login: str, task: str, matter: str) -> str:
        """Open a task, as `do` would, and give every word on its page, those in its fields too."""

    def sees(self, login: str, path: str) -> tuple[int, str]:
        """Open an address; give its status and words."""


def tell(cast: Cast) -> str:
    """Live the year; give the id of its plan's instance."""
    start_the_year(cast)
    eight_units_report(cast)
    the_draft_takes_in_what_has_come(cast)
    one_unit_is_sent_back_alone(cast)
    days_pass_and_people_are_reminded(cast)
    the_late_ones_are_settled(cast)
    the_draft_goes_up(cast)
    the_leading_group_approves(cast)
    root = it_is_issued_and_filed(cast)
    nobody_sees_what_is_not_theirs(cast, root)
    the_record_is_whole(cast, root)
    return root


def report(cast: Cast, code: str) -> None:
    """Draft, review and hand in one unit's plan."""
    login, name = code.replace("_", "-"), NAMES[code]
    cast.do(f"{login}-staff", "起草", name, "提交审核", item(code))
    cast.do(f"{login}-head", "审核", name, "报送")


def start_the_year(cast: Cast) -> None:
    cast.start("hr-staff", "annual_plan", "启动", {"year": "2026"})
    cast.do("hr-staff", "锁定应报名单", "2026年双拥工作计划", "锁定名单并发出", {"units": list(UNITS)})


def eight_units_report(cast: Cast) -> None:
    year.to(cast.engine, 1, 7)
    # 人事部： its own plan is not looked at a second time
    report(cast, "hr")
    # 办公室： in order
    report(cast, "office")
    cast.do("hr-staff", "人事部审看", "办公室", "收下")
    # 直属单位乙： HR mends its words and a date; the date is the unit's, whose head agrees
    report(cast, "unit_b")
    mended = {"items[0].measures": "组织一次专题学习，留存签到、照片和小结。", "items[0].until": "2026-04-10"}
    cast.do("hr-staff", "人事部审看", "直属单位乙", "修改后收下", mended)
    words = cast.reads("unit-b-head", "确认人事部改动", "直属单位乙")
    assert "留存签到、照片和小结" in words
    assert "2026年4月10日" in words
    cast.do("unit-b-head", "确认人事部改动", "直属单位乙", "同意")
    # 宣文部： returned by HR, who says why; the drafter sees it
    report(cast, "publicity")
    cast.do("hr-staff-2", "人事部审看", "宣文部", "退回修改", {"opinion": "第一项缺少完成日期，请补上。"})
    words = cast.reads("publicity-staff", "起草", "宣文部")
    assert "第一项缺少完成日期" in words
    assert "宣文部国防双拥教育" in words
    cast.do("publicity-staff", "起草", "宣文部", "提交审核", {"items[0].until": "2026-04-30"})
    cast.do("publicity-head", "审核", "宣文部", "报送")
    cast.do("hr-staff", "人事部审看", "宣文部", "收下")
    # 计划财务部： returned by its own head
    cast.do("finance-staff", "起草", "计划财务部", "提交审核", item("finance"))
    cast.do("finance-head", "审核", "计划财务部", "退回修改", {"opinion": "请写明经费来源。"})
    cast.do("finance-staff", "起草", "计划财务部", "提交审核")
    cast.do("finance-head", "审核", "计划财务部", "报送")
    cast.do("hr-staff", "人事部审看", "计划财务部", "收下")
    # 直属单位丙： asked to complete
    report(cast, "unit_c")
    more = {"fields_to_complete": "整体工作计划正文", "opinion": "直属单位须附整体计划。"}
    cast.do("hr-staff", "人事部审看", "直属单位丙", "请补充完善", more)
    cast.do("unit-c-staff", "起草", "直属单位丙", "提交审核", {"overall": "本单位整体工作计划。"})
    cast.do("unit-c-head", "审核", "直属单位丙", "报送")
    cast.do("hr-staff", "人事部审看", "直属单位丙", "收下")
    # 直属单位甲： postponed
    wish = {"wanted_date": "2026-01-26", "extension_reason": "承办人抽调下乡。"}
    cast.do("unit-a-staff", "起草", "直属单位甲", "申请延期", wish)
    cast.do("hr-staff", "审批延期", "直属单位甲", "准予延期", {"granted_date": "2026-01-26"})


def the_draft_takes_in_what_has_come(cast: Cast) -> None:
    assert "已收 0/8" in cast.reads("hr-staff", "汇总改稿", "2026年")
    cast.do("hr-staff", "汇总改稿", "2026年", "并入新到的报送")
    words = cast.reads("hr-staff", "汇总改稿", "2026年")
    for part in ("已收 6/8", "未到：机关党委（起草）、直属单位甲（起草）", "直属单位乙国防双拥教育", "送审稿"):
        assert part in words
    # Nobody sends it up before all are in
    cast.do("hr-staff", "汇总改稿", "2026年", "送审", PLAN)
    assert "没有送审：机关党委（起草）、直属单位甲（起草）" in cast.reads("hr-staff", "汇总改稿", "2026年")
    assert "：拟办" not in cast.sees("hr-staff", "/inbox")[1]


def days_pass_and_people_are_reminded(cast: Cast) -> None:
    """机关党委 lets ten working days pass: due on Monday 19 January 2026."""
    seen = []
    for day in range(13, 21):
        year.to(cast.engine, 1, day, 12)
        seen.append(_notices(cast, "party-staff"))
    # three days before (14th), one day before (16th), on the day (19th); silent at the weekend of the 17th and 18th
    assert seen == [0, 1, 1, 2, 2, 2, 3, 3]
    assert _notices(cast, "party-head") == 1  # one working day late, the head is asked to chase
    assert _notices(cast, "unit-a-staff") == 0  # postponed to the 26th: three working days before is the 21st
    assert _notices(cast, "leader") == 0
    status, words = cast.sees("party-staff", "/notices")
    assert (status, "请于1月19日前办理" in words) == (200, True)


def _notices(cast: Cast, login: str) -> int:
    table, account = model.notice, model.account.c
    with cast.engine.reading() as unit:
        person = unit.connection.execute(select(account.person_id).where(account.login == login)).scalar_one()
        return len(unit.connection.execute(select(table.c.id).where(table.c.person_id == person)).all())


def the_late_ones_are_settled(cast: Cast) -> None:
    # What time has brought says so, not that the process began with it
    assert "时间到了，由系统转来" in cast.reads("hr-staff", "处置逾期", "机关党委")
    # The office is asked to step in, by words that are drafted and a person who sends them; then HR decides
    cast.do("hr-staff", "处置逾期", "机关党委", "提请协调", {"reason": "电话催过，没有答复。"})
    words = cast.reads("hr-staff", "提请协调", "机关党委")
    for part in ("应于2026年1月19日前报送2026年双拥工作计划，至2026年1月20日已逾期1个工作日", "没有答复"):
        assert part in words
    cast.do("hr-staff", "提请协调", "机关党委", "发出", {"new_date": "2026-01-21"})
    assert "提请协调：机关党委逾期未报送2026年双拥工作计划" in cast.sees("director", "/notices")[1]
    year.to(cast.engine, 1, 22, 12)
    reason = {"reason": "机关党委书面说明本年度不单独报送。", "_confirm_missing": True}
    cast.do("hr-staff", "处置逾期", "机关党委", "确认缺报", reason)
    assert "机关党委：起草" not in cast.sees("party-staff", "/inbox")[1]
    year.to(cast.engine, 1, 23)
    report(cast, "unit_a")
    cast.do("hr-staff", "人事部审看", "直属单位甲", "收下")


def one_unit_is_sent_back_alone(cast: Cast) -> None:
    back = {"returned": ["unit_b"], "reason": "请补充上半年的安排。"}
    cast.do("hr-staff", "汇总改稿", "2026年", "退回单位", back)
    # Only that unit is asked again, with what it had, while HR can go on
    assert "已收 5/8" in cast.reads("hr-staff-2", "汇总改稿", "2026年")
    words = cast.reads("unit-b-staff", "起草", "直属单位乙")
    assert "请补充上半年的安排" in words
    assert "直属单位乙国防双拥教育" in words
    more = {"items[0].measures": "上半年组织一次专题学习。"}
    cast.do("unit-b-staff", "起草", "直属单位乙", "提交审核", more)
    cast.do("unit-b-head", "审核", "直属单位乙", "报送")
    cast.do("hr-staff", "人事部审看", "直属单位乙", "收下")


def the_draft_goes_up(cast: Cast) -> None:
    cast.do("hr-staff-2", "汇总改稿", "2026年", "并入新到的报送")
    words = cast.reads("hr-staff", "汇总改稿", "2026年")
    for part in ("已收 7/8", "缺报：机关党委", "上半年组织一次专题学习", PLAN["guidance"]):
        assert part in words
    cast.do("hr-staff", "汇总改稿", "2026年", "送审", {"title": "2026年双拥工作计划（送审稿）"})


def circulate(cast: Cast, dissent: bool) -> None:
    cast.do("hr-staff", "拟办", "2026年", "送审", {**SHEET, "mode": "circulate", "urgency": "normal"})
    cast.do("hr-head", "人事部负责人审核", "2026年", "同意")
    cast.do("director", "领导小组办公室主任审核", "2026年", "同意", {"mode": "circulate"})
    for login in READERS:
        if dissent and login == "finance-head":
            cast.do(login, "圈阅", "2026年", "不同意见", {"opinion": "经费来源不明，请先落实。"})
        elif dissent and login == "deputy-2":
            absent = {"opinion": "因公外出。", "_confirm_absent": True}
            cast.do(login, "圈阅", "2026年", "因公外出未参加", absent)
        else:
            cast.do(login, "圈阅", "2026年", "圈阅（同意）")


def the_leading_group_approves(cast: Cast) -> None:
    year.to(cast.engine, 1, 27)
    circulate(cast, dissent=True)
    assert "经费来源不明" in cast.reads("leader", "组长签批", "2026年"), "a dissent reaches the leader as it was said"
    cast.do("leader", "组长签批", "2026年", "退回修改", {"opinion": "请先落实经费来源，再报。"})
    words = cast.reads("hr-staff", "汇总改稿", "2026年")
    assert "请先落实经费来源" in words
    assert "2026年双拥工作计划（送审稿）" in words
    goals = {"goals": "会议上下半年各一次，教育不少于一次，经费由计划财务部列支。"}
    cast.do("hr-staff", "汇总改稿", "2026年", "送审", goals)
    year.to(cast.engine, 2, 3)
    circulate(cast, dissent=False)
    cast.do("leader", "组长签批", "2026年", "同意")


def it_is_issued_and_filed(cast: Cast) -> str:
    year.to(cast.engine, 2, 11)
    cast.do("hr-staff", "印发登记", "2026年", "登记", REGISTRATION)
    the_tasks_are_issued(cast)
    four_record_what_their_own_plans_take_in(cast)
    cast.do("hr-staff", "归卷登记", "2026年", "归卷", {"retention": "permanent", "filing_year": "2026"})
    with cast.engine.reading() as unit:
        rows = unit.connection.execute(select(model.instance)).all()
        assert {row.state for row in rows} == {"completed"}
        reports = [row for row in rows if row.process_key == "submission"]
        assert sorted(row.round for row in reports if row.business_key == "plan:2026:unit_b") == [1, 2]
        outcomes = {row.business_key: row.outcome for row in reports if row.round == 1}
        assert outcomes.pop("plan:2026:party") == "missing"
        assert set(outcomes.values()) == {"received"}
        assert unit.connection.execute(select(model.incident)).all() == []
        return next(str(row.id) for row in rows if row.parent_id is None)


def the_tasks_are_issued(cast: Cast) -> None:
    words = cast.reads("hr-staff", "下达任务", "2026年")
    for part in ("宣文部国防双拥教育", "宣文部报送", "001"):
        assert part in words
    cast.do("hr-staff", "下达任务", "2026年", "下达", {"message": "请按时间抓好落实。"})
    # Each unit is told of its own, and finds the table by its notice and nothing besides
    status, words = cast.sees("unit-b-staff", "/notices")
    assert (status, "牵头：直属单位乙国防双拥教育（3月2日至4月10日，未开始）" in words) == (200, True)
    assert "直属单位甲国防双拥教育" not in words


def four_record_what_their_own_plans_take_in(cast: Cast) -> None:
    """省残联 and two institutions record an excerpt, the third has none to show."""
    for login, matter in (("hr-staff", "省残联"), ("unit-a-staff", "直属单位甲"), ("unit-b-staff", "直属单位乙")):
        cast.do(login, "登记节选", f"列入登记·{matter}", "登记", EXCERPTS)
    assert "归卷登记" not in cast.sees("hr-staff", "/inbox")[1]
    # Ten working days from the eleventh, with the Spring Festival in between
    year.to(cast.engine, 3, 5)
    late = {"reason": "本年度考核办法尚未印发。", "_confirm_missing": True}
    cast.do("hr-staff", "处置逾期", "列入登记·直属单位丙", "记为未登记", late)


def nobody_sees_what_is_not_theirs(cast: Cast, root: str) -> None:
    with cast.engine.reading() as unit:
        own = unit.connection.execute(
            select(model.instance.c.id).where(model.instance.c.title == "2026年双拥工作计划·直属单位甲")
        ).scalar_one()
        task = unit.connection.execute(select(model.task.c.id).where(model.task.c.instance_id == own)).scalars().first()
    for login in ("unit-b-staff", "process-admin", "system-admin"):
        for path in (f"/instances/{own}", f"/tasks/{task}"):
            assert cast.sees(login, path)[0] == 404, (login, path)
    assert cast.sees("unit-a-staff", f"/instances/{own}")[0] == 200
    assert cast.sees("hr-staff", f"/instances/{root}")[0] == 200


def the_record_is_whole(cast: Cast, root: str) -> None:
    with cast.engine.reading() as unit:
        titles = {row.id: row.title for row in unit.connection.execute(select(model.instance))}
    # one plan; eight reports and one in a second round; two aggregations, two approvals;
    # one request to step in, one breakdown, four records, one filing
    assert len(titles) == 1 + 9 + 2 + 2 + 1 + 1 + 4 + 1
    for instance_id, title in titles.items():
        status, words = cast.sees("auditor", f"/instances/{instance_id}")
        assert (status, title in words, "首尾相连，没有改动" in words) == (200, True, True), title
    words = cast.sees("hr-staff", f"/instances/{root}")[1]
    for document in ("送审稿", "处理单", "定稿", "印发登记", "任务分解表", "归卷登记"):
        assert document in words
    the_archive_is_whole(cast)
    assert records.verify(cast.engine).whole


def the_archive_is_whole(cast: Cast) -> None:
    folders = [path for path in cast.engine.archives.iterdir() if not path.name.startswith(".")]
    assert len(folders) == 1
    assert archive.verify(folders[0]) == []
    bagit.Bag(str(folders[0])).validate()
    page = (folders[0] / "data" / "index.html").read_text(encoding="utf-8")
    excerpt, missing = "列入本年度重点工作", "应登记4家，已登记3家。未登记：直属单位丙（本年度考核办法尚未印发。）"
    asked = "机关党委应于2026年1月19日前"
    for words in ("请先落实经费来源", "经费来源不明", "机关党委书面说明", "宣文部报送", asked, excerpt, missing):
        assert words in page
