"""A house full of people and matters in every state, served on a port of this machine to a real browser."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext
from sqlalchemy import select
from werkzeug.serving import make_server

from engine import accounts, definitions, erasures, instances, people, substitutions, tasks
from engine.ground import migrations, model
from engine.ground.clock import FixedClock
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Actor, Engine, Unit
from tests.web.signing import sign_in
from web.app import create_app, create_engine
from web.session import ENGINE
from workflows import demo, demo_adjustment
from workflows.demo_organization import SUBMITTING_UNITS
from workflows.stage import Stage

PASSWORD = "Suixu-Served-2026"
LONG_NAME = "全省残疾人联合会系统双拥优抚与国防教育综合协调保障工作联席处"
ERRAND = Path(__file__).parents[1] / "web" / "errand"
MANY = 60
ERASED = "清除过内容的事"

Act = Callable[[Engine, Stage], None]


@dataclass(frozen=True)
class House:
    """Hold a house that is being served: where, and how to come in without knocking."""

    app: Flask
    origin: str

    @property
    def engine(self) -> Engine:
        """Give the engine behind the pages."""
        found: Engine = self.app.extensions[ENGINE]
        return found

    def person(self, login: str) -> str:
        """Give a person's id."""
        with self.engine.reading() as unit:
            return next(item.person_id for item in accounts.listing(unit) if item.login == login)

    def account(self, login: str) -> str:
        """Give an account's id."""
        with self.engine.reading() as unit:
            return next(item.id for item in accounts.listing(unit) if item.login == login)

    def cookie(self, login: str) -> str:
        """Sign a session as the door would."""
        signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        return str(signer.dumps(sign_in(self.engine, login)))

    def enter(self, browser: Browser, login: str, **options: Any) -> BrowserContext:
        """Open a browser profile in which somebody is signed in; nobody is, without a login."""
        given: dict[str, Any] = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "base_url": self.origin, **options}
        context = browser.new_context(**given)
        if login:
            context.add_cookies([{"name": "suixu", "value": self.cookie(login), "url": self.origin}])
        return context

    def task(self, login: str, name: str, about: str = "") -> str:
        """Give the path of a task in somebody's inbox."""
        with self.engine.reading() as unit:
            rows = tasks.inbox(unit, self.person(login), limit=500)
        return next(f"/tasks/{row.id}" for row in rows if row.name == name and about in row.title)

    def done(self, login: str, name: str, about: str = "") -> str:
        """Give the path of a task that somebody has completed."""
        with self.engine.reading() as unit:
            rows = tasks.done(unit, self.person(login), limit=500)
        return next(f"/tasks/{row.id}" for row in rows if row.name == name and about in row.title)

    def instance(self, title: str) -> str:
        """Give the path of an instance."""
        query = select(model.instance.c.id).where(model.instance.c.title == title)
        with self.engine.reading() as unit:
            return f"/instances/{unit.connection.execute(query).scalars().first()}"

    def document(self, title: str, name: str) -> str:
        """Give the path of a document of an instance."""
        found = self.instance(title)
        with self.engine.reading() as unit:
            row = instances.view(unit, found.rpartition("/")[2], self.person("hr-staff"))
        return next(f"{found}/documents/{item.id}" for item in row.documents if item.name == name)

    def archives(self) -> list[Path]:
        """Give the archives that are kept."""
        return [path for path in self.engine.archives.iterdir() if not path.name.startswith(".")]

    def start(self, subject: str) -> str:
        """Start an errand of its own, and give the path of its first task, claimed by nobody."""
        with self.engine.transaction() as unit:
            instances.start(unit, "errand", Actor(self.person("hr-staff")), {"subject": subject})
        return self.task("hr-staff", "起草", f"办事：{subject}")

    def take(self, subject: str, login: str = "hr-staff") -> str:
        """Start an errand, and let somebody claim its first task."""
        path = self.start(subject)
        with self.engine.transaction() as unit:
            view = tasks.view(unit, path.rpartition("/")[2], self.person(login))
            tasks.claim(unit, view.id, Actor(self.person(login)), view.revision)
        return path


@contextmanager
def serve(url: str, folder: Path) -> Iterator[House]:
    """Serve a prepared database until the end of the block."""
    settings = Settings.from_environment(
        {"SUIXU_DATA": str(folder), "SUIXU_DATABASE_URL": url, "SUIXU_UPLOAD_LIMIT_MB": "1"}
    )
    app = create_app(settings, FixedClock(demo.NOW))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found = House(app, f"http://127.0.0.1:{server.server_port}")
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        found.engine.close()


def prepare(url: str, folder: Path) -> None:
    """Fill a database and a data folder once: the demo's two years, and beyond them whatever else a page can show."""
    migrations.migrate(url)
    _fill(Settings(folder, url, "127.0.0.1", 8000, "x" * 32, None, 50, ()))


def _fill(settings: Settings) -> None:
    clock = FixedClock(demo.NOW)
    engine = create_engine(settings, clock)
    persons = demo.load(engine, clock, PASSWORD)
    stage = Stage(engine, clock, persons)
    with engine.transaction() as unit:
        _welcome(unit)
        _publish_errand(unit, persons["process-admin"])
        people.rename_unit(unit, "unit_b", LONG_NAME, SYSTEM)
    _walk_to_the_leader(stage)
    _walk_to_the_readers(stage)
    _walk_into_changes(stage)
    _walk_to_the_excerpts(stage)
    _walk_into_adjustments(stage)
    _walk_into_an_incident(stage)
    _cancel(stage)
    _fill_the_inbox(stage)
    _stand_in(stage)
    with engine.transaction() as unit:
        people.appoint(unit, persons["unit-b-staff"], "unit_b.head", date(2026, 1, 20), SYSTEM)
    _erase(stage)
    engine.close()


def _welcome(unit: Unit) -> None:
    """Take in somebody with a long name and nothing to do, and others for the door."""
    idle = accounts.prepare("idle", PASSWORD, must_change=False)
    for login, name, must_change in (
        ("idle", f"{LONG_NAME}临时借调人员", False),
        ("newcomer", "新来的同事", True),
        ("locked", "输错密码的同事", False),
        ("gone", "已离任的同事", False),
    ):
        person_id = people.add_person(unit, name, SYSTEM)
        found = accounts.create_prepared(
            unit, person_id, replace(idle, login=login, must_change=must_change), [], SYSTEM
        )
        if login == "gone":
            accounts.disable(unit, found, SYSTEM)


def _publish_errand(unit: Unit, drawer: str) -> None:
    forms = {path.name.split(".")[1]: path.read_text(encoding="utf-8") for path in ERRAND.glob("*.form")}
    source = (ERRAND / "errand.bpmn").read_bytes()
    definitions.publish(unit, source, forms, Actor(drawer), "首版")
    text = source.decode("utf-8")
    definitions.save_draft(unit, "unborn", "还没发布的流程", text.replace('"errand"', '"unborn"'), forms, 0, SYSTEM)


def _item(unit: str, year: int) -> dict[str, Any]:
    return {
        "duty": "F01",
        "name": "国防双拥教育",
        "measures": "组织一次专题学习，留存签到和照片。",
        "category": "education",
        "lead": unit,
        "owner": "负责人",
        "from": f"{year}-03-02",
        "until": f"{year}-03-31",
    }


def _begin(stage: Stage, year: int, unit: str, **chosen: str) -> None:
    stage.start("hr-staff", "annual_plan", year=str(year))
    stage.do("hr-staff", "锁定应报名单", "send", f"{year}年", units=[unit], **chosen)
    login = unit.replace("_", "-")
    values = {"contact": "承办人", "phone": "0351-0000000", "overall": "整体计划。", "items": [_item(unit, year)]}
    stage.do(f"{login}-staff", "起草", "submit", f"{year}年", **values)


def _send(stage: Stage, year: int, unit: str) -> None:
    login = unit.replace("_", "-")
    stage.do(f"{login}-head", "审核", "agree", f"{year}年")
    stage.do("hr-staff", "人事部审看", "accept", f"{year}年")
    text = {"title": f"{year}年双拥工作计划", "guidance": "围绕中心。", "goals": "会议两次。", "requirements": "落实。"}
    stage.do("hr-staff", "汇总改稿", "merge", f"{year}年")
    stage.do("hr-staff", "汇总改稿", "submit", f"{year}年", **text)
    sheet: Mapping[str, Any] = {
        "summary": "应报一家，实报一家。",
        "urgency": "normal",
        "publicity": "closed",
        "contact": "人事部",
        "mode": "circulate",
        "opinion": "拟同意。",
    }
    stage.do("hr-staff", "拟办", "submit", f"{year}年", **sheet)
    stage.do("hr-head", "人事部负责人审核", "agree", f"{year}年")
    stage.do("director", "领导小组办公室主任审核", "agree", f"{year}年", mode="circulate")


def _walk_to_the_leader(stage: Stage) -> None:
    """Bring 2027, of the unit with the long name, before the leader, one member dissenting."""
    _begin(stage, 2027, "unit_b")
    _send(stage, 2027, "unit_b")
    heads = [f"{unit.replace('_', '-')}-head" for unit in SUBMITTING_UNITS]
    for login in ("deputy-2", *heads):
        stage.do(login, "圈阅", "agree", "2027年")
    stage.do("deputy-1", "圈阅", "dissent", "2027年", opinion="经费来源不明，请先落实。")


def _walk_to_the_readers(stage: Stage) -> None:
    _begin(stage, 2028, "finance")
    _send(stage, 2028, "finance")


def _walk_into_changes(stage: Stage) -> None:
    """Let HR change a date in 2030, which the head must agree to, and be about to change something in 2031."""
    for year, unit in ((2030, "party"), (2031, "office")):
        _begin(stage, year, unit)
        stage.do(f"{unit}-head", "审核", "agree", f"{year}年")
    changed = {**_item("party", 2030), "until": "2030-04-10", "measures": "组织一次专题学习，写出小结。"}
    stage.do("hr-staff", "人事部审看", "accept_amended", "2030年", items=[changed])
    stage.save("hr-staff", "人事部审看", "2031年", remark="请补充联系电话。")


def _walk_to_the_excerpts(stage: Stage) -> None:
    """Bring 2032, approved by the leader alone, to where units record excerpts, and 2033 to where tasks are issued."""
    _begin(stage, 2032, "unit_a", approver="leader")
    _send(stage, 2032, "unit_a")
    stage.do("leader", "组长签批", "agree", "2032年")
    fields = {"manner": "none", "signer": "组长", "publicity": "closed", "secrecy_reviewer": "办公室负责人"}
    days = dict.fromkeys(("signed_on", "dated", "issued_on"), "2026-01-20")
    stage.do("hr-staff", "印发登记", "registered", "2032年", **fields, **days)
    stage.do("hr-staff", "下达任务", "issued", "2032年")
    _begin(stage, 2033, "office", approver="leader")
    _send(stage, 2033, "office")
    stage.do("leader", "组长签批", "agree", "2033年")
    stage.do("hr-staff", "印发登记", "registered", "2033年", **fields, **days)


def _walk_into_adjustments(stage: Stage) -> None:
    """Bring adjustments of 2025 to every form of theirs; the demo's own, number 1, waits for the leader already."""
    for login, kind in (("office-staff", "add"), ("party-staff", "change"), ("unit-a-staff", "cancel")):
        stage.start(login, "adjustment", year="2025", kind=kind)
    _cancel_item(stage, 5, "unit-c", "本单位双拥档案整理")
    _cancel_item(stage, 6, "finance", "三季度轮值活动")
    stage.do("finance-head", "负责人审核", "agree", "调整单第6号")
    _cancel_item(stage, 7, "office", "一季度轮值活动")
    stage.do("office-head", "负责人审核", "agree", "调整单第7号")
    demo_adjustment.send_up(stage, "调整单第7号", "办公室申请取消一季度轮值活动。")
    demo_adjustment.circulate(stage, "调整单第7号")
    _amend(stage, "调整单第8号")


def _amend(stage: Stage, about: str) -> None:
    """Let a meeting agree to a change of HR's own, but for another day."""
    stage.start("hr-staff", "adjustment", year="2025", kind="change")
    item = demo_adjustment.item(stage, "双拥档案立卷归档")
    stage.do("hr-staff", "填写变更", "submit", about, item=item, until="2026-01-30", reason="上年度材料刚刚收齐。")
    stage.do("hr-head", "负责人审核", "agree", about)
    sheet = {"summary": "请审定。", "urgency": "normal", "publicity": "closed", "contact": "人事部"}
    stage.do("hr-staff", "拟办", "submit", about, **sheet, mode="meeting", opinion="拟同意。")
    stage.do("hr-head", "人事部负责人审核", "agree", about)
    stage.do("director", "领导小组办公室主任审核", "agree", about, mode="meeting")
    held = {"meeting_name": "领导小组会议", "meeting_date": "2026-01-20", "decision": "同意，但不晚于1月23日。"}
    stage.do("hr-staff", "会议登记", "agree_amended", about, **held)


def _cancel_item(stage: Stage, number: int, login: str, name: str) -> None:
    stage.start(f"{login}-staff", "adjustment", year="2025", kind="cancel")
    item = demo_adjustment.item(stage, name)
    stage.do(f"{login}-staff", "填写取消", "submit", f"调整单第{number}号", item=item, reason="并入全省活动。")


def _walk_into_an_incident(stage: Stage) -> None:
    """Let 2029 need a head whom 宣文部 does not have."""
    with stage.engine.transaction() as unit:
        for holding in people.holdings(unit, stage.people["publicity-head"]):
            if holding.reference == "publicity.head":
                people.relieve(unit, holding.id, date(2026, 1, 20), SYSTEM)
    _begin(stage, 2029, "publicity")


def _erase(stage: Stage) -> None:
    """Let a matter be cancelled with a reason that has to be erased."""
    started = stage.start("hr-staff", "errand", subject=ERASED)
    with stage.engine.transaction() as unit:
        instances.cancel(unit, started, Actor(stage.people["hr-staff"]), "写了不该写的话。")
    with stage.engine.transaction() as unit:
        stream, guard = f"instance:{started}", Actor(stage.people["security-admin"])
        number = next(row.number for row in erasures.events(unit, stream) if row.kind == "instance.cancelling")
        erasures.erase(unit, stream, number, guard, "《个人信息保护法》第四十七条", "本人书面要求。")


def _cancel(stage: Stage) -> None:
    started = stage.start("hr-staff", "errand", subject="办错了的事")
    with stage.engine.transaction() as unit:
        instances.cancel(unit, started, Actor(stage.people["hr-staff"]), "登记重复。")


def _stand_in(stage: Stage) -> None:
    """Let a deputy sign for the leader, and a clerk stand in for the head who is to check what the clerk started."""
    days = date(2026, 1, 20), date(2026, 2, 1)
    with stage.engine.transaction() as unit:
        for login, deputy, post in (("leader", "deputy-2", "group.leader"), ("hr-head", "hr-staff", "hr.head")):
            principal, given = stage.people[login], (post, *days, "赴省参加培训，经批准")
            substitutions.grant(unit, principal, stage.people[deputy], *given, Actor(principal))
        instances.start(unit, "errand", Actor(stage.people["hr-staff"]), {"subject": "代理签批的事"})
    stage.work()
    _send_errand(stage, "代理签批的事")
    stage.do("hr-head", "审核", "agree", "代理签批的事", opinion="同意。")
    stage.do("deputy-2", "签批", "agree", "代理签批的事", opinion="同意采购。")


def _fill_the_inbox(stage: Stage) -> None:
    """Give the two clerks of 人事部 sixty errands, one of them claimed, one come back with a reason."""
    with stage.engine.transaction() as unit:
        for number in range(1, MANY + 1):
            instances.start(unit, "errand", Actor(stage.people["hr-staff"]), {"subject": f"第{number}件"})
    stage.work()
    for subject in ("第60件", "第59件"):
        _send_errand(stage, subject)
    stage.do("hr-head", "审核", "return", "第60件", opinion="请写明数量。")
    with stage.engine.transaction() as unit:
        rows = tasks.inbox(unit, stage.people["hr-staff-2"], limit=500)
        row = next(row for row in rows if row.title == "办事：第58件")
        tasks.claim(unit, row.id, Actor(stage.people["hr-staff-2"]), 1)


def _send_errand(stage: Stage, subject: str) -> None:
    person_id = stage.people["hr-staff"]
    actor = Actor(person_id)
    with stage.engine.transaction() as unit:
        rows = tasks.inbox(unit, person_id, limit=500)
        row = next(row for row in rows if row.title == f"办事：{subject}")
        tasks.claim(unit, row.id, actor, 1)
        tasks.complete(unit, row.id, actor, {"name": "纸张", "amount": "12.50", "reason": "用完了。"}, "submit", 2)
    stage.work()
