"""Open the demo: an office of its own in a folder of its own, on 20 January 2026."""

import json
import os
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from engine import accounts
from engine.core import passwords
from engine.ground import holding, migrations
from engine.ground.clock import ZONE, FixedClock, ShiftedClock, SystemClock
from engine.ground.settings import DATABASE_FILE, Settings
from engine.ground.unit_of_work import Engine
from web import app, server
from web.texts import gettext as _

NOW = datetime(2026, 1, 20, 9, 0, tzinfo=ZONE)
FOLDER, MARK = "demo", "demo.json"


@dataclass(frozen=True)
class Mark:
    """Remember when the demo was made, by the machine's clock, and its password."""

    real_origin: datetime
    password: str


def run(settings: Settings) -> int:
    """Make the demo where there is none yet, say how to get in, and serve it."""
    settings = _settings(settings, settings.data / FOLDER)
    if not (settings.data / MARK).is_file():
        _make(settings)
    mark = _read(settings.data / MARK)
    with holding.hold(settings):
        migrations.migrate(settings.database_url)
        clock = ShiftedClock(NOW, mark.real_origin)
        engine = app.create_engine(settings, clock)
        try:
            _announce(settings, engine, mark)
            return server.run(create_app(settings, engine, mark), engine)
        finally:
            engine.close()


def create_app(settings: Settings, engine: Engine, mark: Mark) -> Flask:
    """Build the app with its buttons for changing roles."""
    found = app.create_app(settings, engine.clock, engine)
    found.config.update(DEMO=True, DEMO_PASSWORD=mark.password)
    return found


def _settings(settings: Settings, folder: Path) -> Settings:
    """Keep the demo apart from whatever else is in the data folder."""
    return replace(settings, data=folder, database_url=f"sqlite:///{(folder / DATABASE_FILE).as_posix()}")


def _make(settings: Settings) -> None:
    """Tell the demo's story in a folder beside, which takes its name only when it is whole."""
    print(_("正在准备演示数据，约需一分钟……"), flush=True)
    draft = settings.data.with_name(f".{FOLDER}-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    try:
        build(_settings(settings, draft), settings.demo_password or passwords.generate())
        shutil.rmtree(settings.data, ignore_errors=True)
        draft.rename(settings.data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def build(settings: Settings, password: str) -> Mark:
    """Fill a data folder with the demo, and leave nothing open."""
    migrations.migrate(settings.database_url)
    clock = FixedClock(NOW)
    engine = app.create_engine(settings, clock)
    try:
        app.tell_demo(engine, clock, password)
    finally:
        engine.close()
    mark = Mark(SystemClock().now(), password)
    _write(settings.data / MARK, mark)
    return mark


def _write(path: Path, mark: Mark) -> None:
    text = json.dumps({"real_origin": mark.real_origin.astimezone(UTC).isoformat(), "password": mark.password})
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _read(path: Path) -> Mark:
    found = json.loads(path.read_text(encoding="utf-8"))
    return Mark(datetime.fromisoformat(found["real_origin"]), found["password"])


def _announce(settings: Settings, engine: Engine, mark: Mark) -> None:
    with engine.reading() as unit:
        known = accounts.listing(unit)
    print(_("演示账号（登录页上也可以一键进入）："))
    for account in known:
        print(f"  {account.login:<18} {account.person_name}")
    print(_("所有账号的密码：%s") % mark.password)
    if settings.demo_password not in (None, mark.password):
        print(_("SUIXU_DEMO_PASSWORD 只在第一次准备演示数据时有效；要重新准备，请删除 %s。") % settings.data)
