"""Lead the system administrator of a new house through its four steps, and other rooms back to them."""

from io import BytesIO
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import accounts, parameters, setup
from engine.accounts import Account
from engine.core.organization import EXCLUSIVE_ROLES
from engine.ground.errors import Fault, Invalid, NotFound
from engine.ground.unit_of_work import Unit
from web import guard, session
from web.guard import SYSTEM
from web.texts import gettext as _

HERE = "setup"
ANSWERS = {"done": _("已确认。"), "skipped": _("已跳过，以后还可以从“组织和账号”进来办。")}

room = Blueprint("setup", __name__)


# What other rooms ask: somebody may have come to them from here


def is_on_the_way() -> bool:
    """Tell whether this page was opened from the four steps."""
    return request.args.get("from") == HERE


def carried() -> dict[str, Any]:
    """Give what an address must carry so that the way back is not lost."""
    return {"from": HERE} if is_on_the_way() else {}


def way_back() -> str:
    """Give the address of the page that this one was opened from."""
    return url_for("setup.show" if is_on_the_way() else "organization.show")


# The steps


@room.get("/setup")
def show() -> str:
    """Show the four steps, with what is done and what waits."""
    guard.demand(SYSTEM)
    return _page()


def _page(faults: tuple[Fault, ...] = (), chosen: str = "") -> str:
    with session.engine().reading() as unit:
        known = [item for item in accounts.listing(unit) if not item.disabled]
        return render_template(
            "setup.html",
            steps={step.name: step.state for step in setup.steps(unit)},
            administrators=[item for item in known if "process" in item.roles],
            eligible=[(item.id, f"{item.person_name}（{item.login}）") for item in known if _may_be_chosen(item)],
            settings=parameters.listing(unit),
            year=unit.today.year,
            faults=faults,
            chosen=chosen,
        )


def _may_be_chosen(account: Account) -> bool:
    return not (EXCLUSIVE_ROLES | {"process"}) & set(account.roles)


@room.post("/setup/<name>/<state>")
def settle(name: str, state: str) -> AnyResponse:
    """Say that a step is done as it is, or skip it."""
    guard.demand(SYSTEM)
    if state not in ANSWERS:
        raise NotFound()
    with session.engine().transaction() as unit:
        setup.settle(unit, name, "done" if state == "done" else "skipped", session.actor())
    flash(ANSWERS[state])
    return redirect(url_for("setup.show", _anchor=f"step-{name}"), 303)


@room.post("/setup/administrator")
def appoint() -> AnyResponse | str:
    """Make somebody the business administrator, who publishes the processes."""
    guard.demand(SYSTEM)
    chosen = request.form.get("account", "")
    try:
        with session.engine().transaction() as unit:
            name = _grant(unit, chosen)
    except Invalid as error:
        return make_response(_page((Fault("refused", error.message, "account"),), chosen), 422)
    flash(_("%s 已是业务管理员。") % name)
    return redirect(url_for("setup.show", _anchor="step-people"), 303)


def _grant(unit: Unit, account_id: str) -> str:
    found = next((item for item in accounts.listing(unit) if item.id == account_id), None)
    if found is None:
        raise Invalid(_("请选择一个人。"))
    accounts.grant(unit, found.id, "process", session.actor())
    return found.person_name


@room.get("/setup/lists/<name>.xlsx")
def blank(name: str) -> AnyResponse:
    """Give a list to be filled in: of units and posts, or of the people for the posts that there are."""
    guard.demand(SYSTEM)
    found = current_app.config["BLANK_LISTS"].get(name)
    if found is None:
        raise NotFound()
    title, make = found
    with session.engine().reading() as unit:
        content = make(unit)
    return send_file(BytesIO(content), download_name=f"{title}.xlsx", as_attachment=True)


room.add_app_template_global(is_on_the_way)
room.add_app_template_global(carried)
room.add_app_template_global(way_back)
