"""Let the demo's 宣文部 ask for a change of last year's plan (计划调整单), up to where it waits for the leader."""

from engine.ground.errors import NotFound
from workflows import adjustment
from workflows.demo_organization import SUBMITTING_UNITS
from workflows.stage import Stage

YEAR = "2025"
ABOUT = "2025年双拥工作计划调整单第1号"
ITEM = "双拥工作简讯"
REASON = "第四季度简讯要收入春节走访慰问的内容，须等走访以后编发。"
SUMMARY = "宣文部申请将2025年第四季度双拥工作简讯推迟到2026年1月底编发，其他事项不变。请审定。"
PHONE = "010-0000000"


def begin(stage: Stage) -> None:
    """Put an item off into January, and have the unit's head agree."""
    stage.start("publicity-staff", "adjustment", year=YEAR, kind="change")
    stage.do("publicity-staff", "填写变更", "submit", ABOUT, item=item(stage, ITEM), until="2026-01-30", reason=REASON)
    stage.do("publicity-head", "负责人审核", "agree", ABOUT, opinion="情况属实，同意报人事部。")


def item(stage: Stage, name: str) -> str:
    """Give the id of an item of the plan."""
    with stage.engine.reading() as unit:
        table = adjustment.table_of(unit, YEAR)
    for row in table.rows if table else ():
        if row.get("name") == name:
            return str(row["id"])
    raise NotFound(f"{YEAR}年的计划里没有“{name}”。")


def send_up(stage: Stage, about: str = ABOUT, summary: str = SUMMARY) -> None:
    """Have HR look at it, and send it up with a sheet."""
    stage.do("hr-staff", "人事部审看", "accept", about, opinion="不影响全年目标，拟同意报批。")
    stage.do(
        "hr-staff",
        "拟办",
        "submit",
        about,
        summary=summary,
        urgency="normal",
        publicity="closed",
        contact=f"人事部承办人 {PHONE}",
        mode="circulate",
        opinion="拟同意调整，按原批准程序传批。",
    )
    stage.do("hr-head", "人事部负责人审核", "agree", about, opinion="同意。")
    stage.do("director", "领导小组办公室主任审核", "agree", about, opinion="同意，请各位成员圈阅。", mode="circulate")


def circulate(stage: Stage, about: str = ABOUT) -> None:
    """Have every reader tick it: then it waits for the leader."""
    for login in ("deputy-1", "deputy-2", *(f"{unit.replace('_', '-')}-head" for unit in SUBMITTING_UNITS)):
        stage.do(login, "圈阅", "agree", about, opinion="")
