"""Put words where the engine has ids and moments: people, posts and units by name, deadlines as time left."""

from dataclasses import dataclass
from datetime import datetime

from flask import Flask

from engine import people
from engine.core.workdays import calendar_of
from engine.ground.clock import local
from engine.ground.unit_of_work import Unit
from web import timeline
from web.texts import gettext as _


@dataclass(frozen=True)
class Names:
    """Name persons, posts and units, each looked up once a page; no id is ever shown."""

    unit: Unit

    def person(self, person_id: str | None) -> str:
        """Name a person."""
        if not person_id:
            return _("系统")
        return self._known("person", person_id) or _("（姓名已删除）")

    def post(self, reference: str | None) -> str:
        """Name a post with its unit."""
        return self._known("post", reference) or _("（岗位已不存在）") if reference else ""

    def posts(self, references: list[str] | tuple[str, ...]) -> str:
        """Name several posts."""
        return "、".join(self.post(reference) for reference in references)

    def office(self, code: str | None) -> str:
        """Name a unit of the office."""
        return people.unit_name(self.unit, code) if code else ""

    def actor(self, person_id: str | None, post: str | None = None, principal_id: str | None = None) -> str:
        """Name a person with the post in which they acted, and in whose place."""
        principal = self.person(principal_id) if principal_id else ""
        return people.signature(self.person(person_id), self.post(post) if person_id else "", principal)

    def _known(self, kind: str, key: str) -> str:
        kept: dict[tuple[str, str], str] = self.unit.cache.setdefault("names", {})
        if (kind, key) not in kept:
            look = people.person_names if kind == "person" else people.post_titles
            kept[kind, key] = look(self.unit, [key]).get(key, "")
        return kept[kind, key]


@dataclass(frozen=True)
class Due:
    """Say a deadline in words; `state` is late, soon, later or empty."""

    day: str
    words: str
    state: str


def names(unit: Unit) -> Names:
    """Give the names that a page needs."""
    return Names(unit)


def due(unit: Unit, moment: datetime | None) -> Due:
    """Say how much time is left, in working days."""
    if moment is None:
        return Due("", _("没有期限"), "")
    calendar, day = calendar_of(unit), local(moment).date()
    shown = timeline.due_words(moment) + (_("（暂定）") if calendar.is_provisional(day) else "")
    left = calendar.workdays_between(unit.today, day)
    if unit.now > moment:
        return Due(shown, _("已逾期 %s 个工作日") % -left if left else _("今天已到时"), "late")
    if day == unit.today:
        return Due(shown, _("今天到期"), "soon")
    return Due(shown, _("剩余 %s 个工作日") % left, "soon" if left <= 3 else "later")


def install(app: Flask) -> None:
    """Let templates name things and say times."""
    app.jinja_env.globals.update(names=names, due=due)
    app.jinja_env.filters.update(moment=timeline.moment_words, day=timeline.day_words)
