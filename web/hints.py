"""Help whoever draws while they type: which names are known, and what is wrong with a text."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from flask import Blueprint, make_response, render_template, request
from markdown import markdown
from markupsafe import Markup
from werkzeug.wrappers import Response

from engine import definitions, people
from engine.core import plain_text
from engine.core.decisions import SUFFIX
from engine.ground.errors import Invalid
from engine.ground.unit_of_work import Unit
from web import drafting, guard, session
from web.account import limiter
from web.processes import PROCESS
from web.texts import gettext as _

room = Blueprint("hints", __name__)

MANUAL = Path(__file__).with_name("templates") / "processes" / "feel.md"

ASKED = "300/minute"
"""Many times what one person types; a script that asks more is no person."""

Names = list[dict[str, str]]
"""What a list offers: `value`, and `label` where the value does not say it by itself."""


@room.before_request
def _demand_administrator() -> None:
    guard.demand(PROCESS)


@room.post("/processes/text")
@limiter.limit(ASKED, key_func=guard.person_id)
def judge() -> Response:
    """Say what publishing would refuse in one text, as JSON: `{"fault": ""}` for nothing; refuse an unknown kind.

    What is being drawn comes along, as it does when it is saved.
    """
    kind, text = request.form.get("kind", ""), request.form.get("text", "")
    if kind not in definitions.TEXTS:
        raise Invalid(_("不知道要检查的是哪一种内容，请刷新页面后再试。"))
    paper = drafting.read_paper("")
    with session.engine().reading() as unit:
        fault = definitions.judge_text(unit, kind, plain_text.unix_lines(text), paper.source.encode(), paper.beside)
    return make_response({"fault": fault})


@room.get("/expressions")
def feel() -> str:
    """Show how expressions are written, by examples."""
    return render_template("processes/feel.html", words=_manual())


@cache
def _manual() -> Markup:
    # What stands in our own file is trusted: it is no input.
    page = markdown(MANUAL.read_text(encoding="utf-8"), extensions=["tables", "fenced_code"])
    return Markup(page.replace("<table>", '<table class="table">').replace("<th>", '<th scope="col">'))


@room.app_template_global()
def known_names(beside: Iterable[str]) -> Mapping[str, Names]:
    """Give the names that a drawing may use, by what they name; `beside` it are its forms and decision tables."""
    files = tuple(beside)
    with session.engine().reading() as unit:
        known = definitions.surroundings(unit, {})
        return {
            **_posts(unit),
            "forms": [{"value": key} for key in files if not key.endswith(SUFFIX)],
            "decisions": [{"value": key.removesuffix(SUFFIX)} for key in files if key.endswith(SUFFIX)],
            "functions": [{"value": name} for name in sorted(unit.engine.functions)],
            "processes": [{"value": item.key, "label": item.name} for item in definitions.overview(unit)],
            "parameters": [
                {"value": f'parameter("{name}")', "label": label} for name, label in sorted(known.parameters.items())
            ],
        }


def _posts(unit: Unit) -> Mapping[str, Names]:
    """List every post by its reference, those of a matter's own unit first, and what references are made of."""
    posts = people.posts(unit)
    kinds = {post.code: post.name for post in reversed(posts)}
    own = [{"value": f"own.{code}", "label": _("事项自己的单位·%s") % name} for code, name in kinds.items()]
    return {
        "posts": [*own, *({"value": post.reference, "label": post.title} for post in posts)],
        "kinds": [{"value": code, "label": name} for code, name in kinds.items()],
        "units": [{"value": item.code, "label": item.name} for item in people.units(unit)],
    }
