"""Show the processes: to those who may start them, and to administrators with every version."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import definitions, instances, parameters, people, tasks
from engine.core import execution, forms, starters
from engine.core.catalogue import Definition
from engine.core.forms import Form, Values
from engine.ground.errors import Fault, Invalid, NotFound
from engine.ground.unit_of_work import Unit
from web import decision_sheets, guard, security, session, timeline, twin
from web.files import diagram_file
from web.forms import apply_row_action, row_focus, unconfirmed
from web.texts import gettext as _

PROCESS = "process"

room = Blueprint("processes", __name__)


@room.get("/processes")
def listing() -> str:
    """List what one may start, and for administrators every process."""
    with session.engine().reading() as unit:
        startable = instances.startable(unit, guard.person_id())
        every = definitions.overview(unit) if guard.has(PROCESS) else []
    return render_template("processes/listing.html", startable=startable, every=every, administers=guard.has(PROCESS))


@room.get("/processes/<key>")
def show(key: str) -> str:
    """Show a process: its newest version, drawn and told, and to administrators all versions."""
    security.allow_inline_styles()
    with session.engine().reading() as unit:
        may_start = _may_start(unit, key)
        known = {item.key: item for item in definitions.overview(unit)}
        if key not in known or not (guard.has(PROCESS) or may_start):
            raise NotFound()
        versions = definitions.versions(unit, key) if guard.has(PROCESS) else []
        newest = definitions.latest(unit, key) if known[key].version else None
        names = people.person_names(unit, [row.published_by for row in versions])
        told = _told(unit, newest) if newest else {}
    return render_template(
        "processes/show.html",
        process=known[key],
        newest=newest,
        versions=versions,
        names=names,
        may_start=may_start,
        administers=guard.has(PROCESS),
        **told,
    )


def _may_start(unit: Unit, key: str) -> bool:
    return any(item.key == key for item in instances.startable(unit, guard.person_id()))


def _told(unit: Unit, definition: Definition) -> dict[str, Any]:
    diagram = definition.diagram
    wanted = [node.attributes.get("assignment", "") for node in diagram.nodes.values()]
    titles = {**people.post_titles(unit, wanted), **starters.titles(unit, diagram.starters)}
    called = {item.key: item.name for item in definitions.overview(unit)} | definition.decision_names
    steps = twin.tell(diagram, {}, called, titles, twin.told_parameters(parameters.listing(unit)))
    sheets = [*map(decision_sheets.sheet, definition.decisions.values())]
    return {"steps": steps, "beginning": twin.beginning(diagram, titles), "sheets": sheets}


@room.get("/processes/<key>/versions/<int:number>")
def version(key: str, number: int) -> str:
    """Show one version."""
    security.allow_inline_styles()
    with session.engine().reading() as unit:
        definition = _version(unit, key, number)
        row = next(row for row in definitions.versions(unit, key) if row.version == number)
        publisher = people.person_names(unit, [row.published_by]).get(row.published_by or "", "")
        told = _told(unit, definition)
    return render_template("processes/version.html", definition=definition, row=row, publisher=publisher, **told)


@room.get("/processes/<key>/versions/<int:number>/diagram.xml")
def diagram(key: str, number: int) -> Response:
    """Give a version's drawing."""
    with session.engine().reading() as unit:
        definition = _version(unit, key, number)
    return diagram_file(definition.source, f"{definition.name}_{number}")


def _version(unit: Unit, key: str, number: int) -> Definition:
    """Give a version to an administrator, the newest one also to those who may start it.

    Raises:
        NotFound: no such version, or not theirs.
    """
    found = next((row for row in definitions.versions(unit, key) if row.version == number), None)
    if found is None:
        raise NotFound()
    definition = definitions.get(unit, found.id)
    newest = definitions.latest(unit, key).version == number
    if not guard.has(PROCESS) and not (newest and _may_start(unit, key)):
        raise NotFound()
    return definition


# Starting


@room.get("/processes/<key>/start")
def begin(key: str) -> str:
    """Show the form that starts a process."""
    with session.engine().reading() as unit:
        definition = _startable(unit, key)
        form = _start_form(definition)
        values = forms.initial(form, lambda text: execution.evaluate_with(unit, text, {})) if form else {}
        options = instances.start_options(unit, definition) if form else {}
    return _start_page(definition, form, values, options)


def _startable(unit: Unit, key: str) -> Definition:
    found = next((item for item in instances.startable(unit, guard.person_id()) if item.key == key), None)
    if found is None:
        raise NotFound()
    return found


def _start_form(definition: Definition) -> Form | None:
    return definition.form(definition.diagram.start_form) if definition.diagram.start_form else None


def _start_page(
    definition: Definition,
    form: Form | None,
    values: Values,
    options: Mapping[str, Any],
    faults: tuple[Fault, ...] = (),
    message: str = "",
    focus: str = "",
) -> str:
    warned = forms.warnings(form, values) if form and faults else []
    return render_template(
        "processes/start.html",
        definition=definition,
        form=form,
        values=values,
        options=options,
        faults=faults,
        message=message,
        warnings=warned,
        focus=focus,
    )


@room.post("/processes/<key>/start")
def start(key: str) -> AnyResponse | str:
    """Start an instance, and lead to its first task when that is the starter's own."""
    raw = request.form.to_dict(flat=False)
    with session.engine().reading() as unit:
        definition = _startable(unit, key)
        form = _start_form(definition)
        options = instances.start_options(unit, definition) if form else {}
    values = forms.parse(form, raw) if form else {}
    if form and (changed := apply_row_action(form, values, raw)) is not None:
        return _start_page(definition, form, changed, options, focus=row_focus(changed, raw))
    try:
        _demand_confirmed(form, values, raw)
        with session.engine().transaction() as unit:
            instance_id = instances.start(unit, key, session.actor(), values)
    except Invalid as error:
        return make_response(_start_page(definition, form, values, options, error.faults, error.message), 422)
    flash(_("已发起。"))
    return redirect(_first_place(instance_id), 303)


def _demand_confirmed(form: Form | None, values: Values, raw: Mapping[str, list[str]]) -> None:
    if form is None:
        return
    outcome = next(iter(raw.get("outcome") or ()), None)
    faults = unconfirmed(form, raw, outcome, forms.warnings(form, values))
    if faults:
        raise Invalid("".join(fault.message for fault in faults), faults)


def _first_place(instance_id: str) -> str:
    """Give the first task of an instance if this person can do it now, else the instance."""
    who = guard.person_id()
    with session.engine().reading() as unit:
        view = instances.view(unit, instance_id, who, guard.roles())
        opened = [row.id for row in view.tasks if row.state == "open"]
        mine = [task for task in opened if tasks.view(unit, task, who).may & {"complete", "claim"}]
    return f"/tasks/{mine[0]}" if mine else url_for("instances.show", instance_id=instance_id)


for word in (timeline.moment_words, timeline.day_words):
    room.add_app_template_global(word)
