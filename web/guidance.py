"""Say what comes next in a house where nothing runs yet, to each by their role."""

from dataclasses import dataclass

from flask import Flask, url_for

from engine import accounts, definitions, instances
from engine.ground.unit_of_work import Unit
from web import guard, session
from web.texts import gettext as _


@dataclass(frozen=True)
class Advice:
    """Say what comes next; with a link where it can be done."""

    words: str
    link: str = ""
    label: str = ""


def next_step() -> Advice | None:
    """Give advice as long as nothing has ever been started here."""
    with session.engine().reading() as unit:
        return None if instances.any_started(unit) else _advice(unit)


def _advice(unit: Unit) -> Advice:
    published = any(item.version for item in definitions.overview(unit))
    if guard.has("system"):
        words = _("还没有启动过事项。") if published else _("还没有发布流程，请业务管理员发布。")
        return Advice(words, url_for("setup.show"), _("看首次启动的四步"))
    if guard.has("process") and not published:
        words = _("还没有发布流程。随系统附带的流程可以直接采用，也可以自己画。")
        return Advice(words, url_for("shipped.show"), _("看随系统附带的流程"))
    if not published:
        return Advice(_("还没有发布流程，所以还没有事情可办。请%s发布流程。") % _process_administrators(unit))
    if guard.has("security", "audit"):
        return Advice(_("流程已经发布，还没有人发起过事项。"))
    startable = instances.startable(unit, guard.person_id())
    if startable:
        listed = "、".join(f"“{item.name}”" for item in startable)
        words = _("还没有发起过事项。您可以发起%s。") % listed
        return Advice(words, url_for("processes.listing"), _("去发起"))
    return Advice(_("流程已经发布，等有关岗位发起以后，轮到您办的会出现在“待办”里。"))


def _process_administrators(unit: Unit) -> str:
    found = [item.person_name for item in accounts.listing(unit) if "process" in item.roles and not item.disabled]
    names = "、".join(found)
    return _("业务管理员（%s）") % names if names else _("系统管理员先设业务管理员，再由业务管理员")


def install(app: Flask) -> None:
    """Let templates ask for advice."""
    app.jinja_env.globals.update(next_step=next_step)
