"""Give every page what surrounds it: the links that are this person's, what waits, when the session ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request

from engine import incidents, notices, people, tasks
from engine.accounts import Session
from engine.ground.clock import local, today
from engine.ground.unit_of_work import Unit
from web import session, timeline
from web.texts import gettext as _

OWN_ROOMS = {"audit": "/audit", "system": "/organization", "security": "/erasures"}
"""Where the work of those is who have no tasks."""


@dataclass(frozen=True)
class Link:
    """Lead to a room; `count` says what waits there."""

    href: str
    text: str
    count: int = 0
    here: bool = False


@dataclass(frozen=True)
class Frame:
    """Hold what surrounds a page; `left` are the seconds until the session ends."""

    links: tuple[Link, ...]
    name: str
    ends: str
    left: int
    home: str


def install(app: Flask) -> None:
    """Hand the frame to every template."""
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    found = session.signed_in()
    return {"frame": None if found is None or g.get("bare") else _frame(found), "demo_day": _demo_day()}


def _demo_day() -> str:
    return timeline.day_words(today(session.engine().clock)) if current_app.config["DEMO"] else ""


def _frame(found: Session) -> Frame:
    with session.engine().reading() as unit:
        name = people.person_names(unit, [found.person_id]).get(found.person_id, found.login)
        links = () if found.must_change else tuple(_links(unit, found))
    ends = session.ends_at()
    left = int((ends - session.engine().clock.now()).total_seconds())
    return Frame(links, name, f"{local(ends):%H:%M}", left, home(found))


def home(found: Session) -> str:
    """Give the room where a person's work begins."""
    return next((path for role, path in OWN_ROOMS.items() if role in found.roles), "/inbox")


def _links(unit: Unit, found: Session) -> Iterator[Link]:
    if home(found) == "/inbox":
        yield _link("/inbox", _("待办"), tasks.count(unit, found.person_id))
        yield _link("/done", _("已办"))
        yield _link("/started", _("我发起的"))
        yield _link("/instances", _("事项"))
    yield _link("/notices", _("通知"), notices.unread(unit, found.person_id))
    if "process" in found.roles:
        yield _link("/processes", _("流程"))
        yield _link("/incidents", _("异常"), incidents.waiting(unit))
    if "audit" in found.roles:
        yield _link("/audit", _("审计"))
    if "security" in found.roles:
        yield _link("/erasures", _("依法清除"))
    if "system" in found.roles:
        yield _link("/organization", _("组织和账号"))


def _link(href: str, text: str, count: int = 0) -> Link:
    return Link(href, text, count, request.path == href or request.path.startswith(f"{href}/"))
