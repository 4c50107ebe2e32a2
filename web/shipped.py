"""Let the business administrator take over the processes that came with the system."""

from collections.abc import Sequence

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import definitions, people
from engine.definitions import Comparison
from engine.ground.errors import Fault
from engine.ground.unit_of_work import Unit
from web import guard, session
from web.processes import PROCESS
from web.texts import gettext as _

room = Blueprint("shipped", __name__)


@room.get("/processes/shipped")
def show() -> str:
    """Show the processes that came along, each beside what is published."""
    guard.demand(PROCESS)
    with session.engine().reading() as unit:
        return _page(compare(unit), _faults(unit), refused=False)


def compare(unit: Unit) -> list[Comparison]:
    """Hold every process that came along against its newest version."""
    return [definitions.compare(unit, source, forms) for source, forms in _drawings()]


def _page(found: Sequence[Comparison], faults: Sequence[tuple[str, Fault]], refused: bool) -> str:
    return render_template("processes/shipped.html", found=found, faults=faults, refused=refused)


def _drawings() -> Sequence[tuple[bytes, dict[str, str]]]:
    found: Sequence[tuple[bytes, dict[str, str]]] = current_app.config["SHIPPED"].drawings()
    return found


def _faults(unit: Unit) -> list[tuple[str, Fault]]:
    """Give what stands in the way of publishing, with the name of the process: posts that are not there, as a rule."""
    if not people.posts(unit):
        return [(_("组织"), Fault("posts", _("还没有一个岗位，流程没有人办。")))]
    every = compare(unit)
    own = tuple(item.key for item in every)
    return [
        (item.name, fault)
        for item, (source, forms) in zip(every, _drawings(), strict=True)
        for fault in definitions.check(unit, source, forms, own)
    ]


@room.post("/processes/shipped")
def take_over() -> AnyResponse | str:
    """Publish all of them in one act; what is published already as it came stays as it is."""
    guard.demand(PROCESS)
    with session.engine().reading() as unit:
        found, faults = compare(unit), _faults(unit)
    if faults:
        return make_response(_page(found, faults, refused=True), 422)
    current_app.config["SHIPPED"].publish_all(session.engine(), session.actor())
    flash(_("随系统附带的流程已发布。"))
    return redirect(url_for("processes.listing"), 303)
