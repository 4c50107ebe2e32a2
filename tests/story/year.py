"""The year's plan as its people live it: who does what, in words; told over HTTP and in a real browser alike."""

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask

import bpmn
from engine import definitions, jobs
from engine.ground import migrations
from engine.ground.clock import ZONE, FixedClock
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Engine
from web.app import create_app
from web.session import ENGINE
from workflows import demo_organization

DRAWINGS = Path(next(iter(bpmn.__path__)))
PASSWORD = "Suixu-Story-2026"
BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=ZONE)
KEYS = (
    *("coordination", "submission", "aggregation", "approval", "minutes", "breakdown", "inclusion", "archiving"),
    *("annual_plan", "adjustment"),
)

UNITS = ("hr", "office", "publicity", "finance", "party", "unit_a", "unit_b", "unit_c")
NAMES = {
    "hr": "人事部",
    "office": "办公室",
    "publicity": "宣文部",
    "finance": "计划财务部",
    "party": "机关党委",
    "unit_a": "直属单位甲",
    "unit_b": "直属单位乙",
    "unit_c": "直属单位丙",
}
READERS = ("deputy-1", "deputy-2", *(f"{code.replace('_', '-')}-head" for code in UNITS))


def prepare(url: str) -> None:
    """Set up the demo's office with its processes in a database."""
    migrations.migrate(url)
    settings = Settings(Path("."), url, "127.0.0.1", 8000, "x" * 32, None, 50, ())
    engine = create_app(settings, FixedClock(BEGIN)).extensions[ENGINE]
    demo_organization.load(engine, PASSWORD)
    for key in KEYS:
        publish(engine, key)
    engine.close()


def publish(engine: Engine, key: str) -> None:
    """Publish one of the drawings that the house is delivered with."""
    forms = {path.name.split(".")[1]: path.read_text(encoding="utf-8") for path in DRAWINGS.glob(f"{key}.*.form")}
    with engine.transaction() as unit:
        definitions.publish(unit, (DRAWINGS / f"{key}.bpmn").read_bytes(), forms, SYSTEM, own=KEYS)


def open_house(url: str, folder: Path) -> Flask:
    """Open the app on a prepared database, its clock standing at the first Monday of 2026."""
    settings = Settings.from_environment({"SUIXU_DATA": str(folder), "SUIXU_DATABASE_URL": url})
    app = create_app(settings, FixedClock(BEGIN))
    app.testing = True
    return app


def engine_of(app: Flask) -> Engine:
    """Give the engine behind an app."""
    found = app.extensions[ENGINE]
    assert isinstance(found, Engine)
    return found


def to(engine: Engine, month: int, day: int, hour: int = 9) -> None:
    """Let time pass, the worker doing what falls due on each day."""
    clock = engine.clock
    assert isinstance(clock, FixedClock)
    goal = datetime(2026, month, day, hour, 0, tzinfo=ZONE)
    while True:
        due = jobs.next_due(engine)
        if due is None or due > goal:
            break
        clock.move_to(max(due, clock.now()))
        jobs.run_due(engine)
    clock.move_to(goal)
    jobs.run_due(engine)


def item(code: str) -> dict[str, Any]:
    """Give one row of a unit's plan."""
    return {
        "contact": f"{NAMES[code]}承办人",
        "phone": "0351-0000000",
        "items[0].duty": "F01",
        "items[0].name": f"{NAMES[code]}国防双拥教育",
        "items[0].measures": "组织一次专题学习，留存签到和照片。",
        "items[0].category": "education",
        "items[0].lead": code,
        "items[0].owner": "负责人",
        "items[0].from": "2026-03-02",
        "items[0].until": "2026-03-31",
    }


PLAN = {
    "title": "2026年双拥工作计划",
    "guidance": "深入学习贯彻，围绕中心、服务大局。",
    "goals": "会议上下半年各一次，教育不少于一次。",
    "requirements": "各部门、各单位认真落实。",
}
SHEET = {
    "summary": "应报八家，实报七家，缺报一家。",
    "publicity": "closed",
    "contact": "人事部 0351-0000000",
    "opinion": "拟同意",
}
REGISTRATION = {
    "manner": "formal",
    "document_number": "晋残联〔2026〕1号",
    "signer": "领导小组组长",
    "signed_on": "2026-02-10",
    "dated": "2026-02-10",
    "issued_on": "2026-02-11",
    "publicity": "closed",
    "secrecy_reviewer": "机关党委负责人",
}
EXCERPTS = {
    "plan_excerpt": "双拥工作列入本年度重点工作。",
    "plan_place": "文件柜",
    "assessment_excerpt": "双拥工作纳入年度考核。",
    "assessment_place": "文件柜",
}
