"""A small office with one process, for what pages do: two clerks, a head, a leader with a secretary, administrators."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from flask import Flask

from engine import accounts, definitions, jobs, people
from engine.ground import migrations
from engine.ground.clock import FixedClock
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Engine, Unit
from web.session import ENGINE

MORNING = datetime(2026, 1, 20, 1, 0, tzinfo=UTC)
FOUNDED = date(2024, 1, 1)
PASSWORD = "Suixu-Test-2026"
FOLDER = Path(__file__).with_name("errand")

UNITS = {"hr": ("人事部", "department"), "office": ("办公室", "department"), "group": ("领导小组", "group")}
POSTS = (
    ("hr", "staff", "承办人", "staff"),
    ("hr", "head", "负责人", "head"),
    ("office", "staff", "承办人", "staff"),
    ("group", "leader", "组长", "leader"),
    ("group", "secretary", "承办秘书", "secretary"),
)
PEOPLE = {
    "wang": ("王承办", ["hr.staff"], []),
    "li": ("李承办", ["hr.staff"], []),
    "zhang": ("张负责", ["hr.head"], []),
    "chen": ("陈办公", ["office.staff"], []),
    "zhao": ("赵组长", ["group.leader"], []),
    "qian": ("钱秘书", ["group.secretary"], []),
    "process": ("业务员", [], ["process"]),
    "audit": ("审计员", [], ["audit"]),
    "system": ("系统员", [], ["system"]),
    "link": ("对接程序", [], ["integration"]),
}


def settings(url: str, folder: Path, **more: str) -> Settings:
    """Describe an installation in a folder of its own."""
    return Settings.from_environment({"SUIXU_DATA": str(folder), "SUIXU_DATABASE_URL": url, **more})


def prepare(url: str) -> None:
    """Set up the office in a database, and leave nothing connected."""
    migrations.migrate(url)
    engine = Engine(Settings(Path("."), url, "127.0.0.1", 8000, "x" * 32, None, 50, ()), FixedClock(MORNING))
    prepared = accounts.prepare("all", PASSWORD, must_change=False)
    with engine.transaction() as unit:
        _found(unit)
        for login, (name, posts, roles) in PEOPLE.items():
            person_id = people.add_person(unit, name, SYSTEM)
            for reference in posts:
                people.appoint(unit, person_id, reference, FOUNDED, SYSTEM)
            accounts.create_prepared(unit, person_id, replace(prepared, login=login), roles, SYSTEM)
        forms = {path.name.split(".")[1]: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.form")}
        definitions.publish(unit, (FOLDER / "errand.bpmn").read_bytes(), forms, SYSTEM)
    engine.close()


def _found(unit: Unit) -> None:
    for code, (name, kind) in UNITS.items():
        people.add_unit(unit, code, name, kind, SYSTEM, starts=FOUNDED)
    for code, post, name, kind in POSTS:
        people.add_post(unit, code, post, name, kind, SYSTEM)


def engine_of(app: Flask) -> Engine:
    """Give the engine of an app."""
    found: Engine = app.extensions[ENGINE]
    return found


def clock_of(app: Flask) -> FixedClock:
    """Give the clock of an app, which a test may move."""
    clock = engine_of(app).clock
    assert isinstance(clock, FixedClock)
    return clock


def work(app: Flask) -> int:
    """Let the worker do what is due."""
    return jobs.run_due(engine_of(app))
