"""Lay out what the page of a task shows: the task itself, its instance's story, its files, who else may do it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template
from sqlalchemy import Row

from engine import documents, instances, people, tasks
from engine.core.erasures import INSTEAD
from engine.core.forms import FILES, offers
from engine.ground.errors import Fault, NotFound
from engine.ground.unit_of_work import Unit
from engine.instances import InstanceView
from engine.tasks import TaskView
from web import session, timeline
from web.files import file_url
from web.names import names
from web.texts import gettext as _


@dataclass(frozen=True)
class Desk:
    """Hold a task with the instance around it, which a leader's secretary may not see."""

    view: TaskView
    whole: InstanceView | None
    files: list[dict[str, str]]

    @property
    def known_files(self) -> set[str]:
        """Give the ids of the files that belong here."""
        return {file["value"] for file in self.files}

    @property
    def options(self) -> dict[str, list[dict[str, str]]]:
        """Give the choices of the form, its files among them."""
        return {**self.view.options, FILES: self.files}

    @property
    def pressed(self) -> str:
        """Name the button by which it was done."""
        button = offers(self.view.form, self.view.outcome or "")
        return button.label if button else ""

    @property
    def papers(self) -> list[Row[Any]]:
        """List the documents that are more than one person's opinion."""
        found = self.whole.documents if self.whole else ()
        return [row for row in found if not row.name.startswith("task:")]


@dataclass(frozen=True)
class Choice:
    """Offer a person or a post in a list."""

    value: str
    words: str


def lay(unit: Unit, task_id: str) -> Desk:
    """Gather a task and what is around it.

    Raises:
        NotFound: unknown, or not theirs to see.
    """
    me = session.who()
    view = tasks.view(unit, task_id, me.person_id, me.roles)
    try:
        whole = instances.view(unit, view.instance["id"], me.person_id, me.roles)
    except NotFound:
        whole = None
    found = [row for row in whole.documents if row.file_name] if whole else []
    files = [{"value": row.id, "label": row.title, "href": file_url(row.id)} for row in found]
    return Desk(view, whole, files)


def render(
    unit: Unit,
    desk: Desk,
    template: str = "task.html",
    values: Mapping[str, Any] | None = None,
    revision: int | None = None,
    faults: Sequence[Fault] = (),
    warnings: Sequence[Fault] = (),
    entry: Mapping[str, str] | None = None,
    focus: str = "",
    message: str = "",
) -> str:
    """Show the page of a task, with what was typed where there is something."""
    view, whole = desk.view, desk.whole
    return render_template(
        template,
        unit=unit,
        view=view,
        desk=desk,
        values=_values(unit, desk) if values is None else values,
        revision=view.revision if revision is None else revision,
        faults=list(faults),
        warnings=list(warnings),
        entry=entry or {},
        focus=focus,
        message=message,
        signers=signers(unit, view.candidates) if "enter" in view.may else [],
        colleagues=_colleagues(unit, view.candidates) if "assign" in view.may else [],
        lines=_story(unit, whole) if whole else [],
        lines_known=whole is not None,
    )


def _story(unit: Unit, whole: InstanceView) -> list[timeline.Line]:
    return [line for line in timeline.tell(unit, whole.events, whole.definition.diagram) if not line.detail]


def _values(unit: Unit, desk: Desk) -> dict[str, Any]:
    """Give what the form shows: of a task that was completed, what was handed in then."""
    values = dict(desk.view.values)
    if desk.view.state != "completed" or desk.whole is None:
        return values
    for event in desk.whole.events:
        if event.kind == "task.completed" and event.envelope.get("task") == desk.view.id:
            for document_id, number, *_digest in event.envelope.get("documents") or ():
                values.update(_content(unit, document_id, number))
            if event.payload is None:
                values.update({part.key: INSTEAD for part in desk.view.form.fields() if part.opinion})
    return values


def _content(unit: Unit, document_id: str, number: int) -> Mapping[str, Any]:
    me = session.who()
    found = documents.versions(unit, document_id, me.person_id, me.roles)
    return next((row.content for row in found if row.number == number and row.content), {})


def _colleagues(unit: Unit, candidates: Sequence[str]) -> list[Choice]:
    mine = session.who().person_id
    found = {person.id: person.name for post in candidates for person in people.holders(unit, post)}
    return [Choice(key, name) for key, name in found.items() if key != mine]


def signers(unit: Unit, candidates: Sequence[str]) -> list[Choice]:
    """Give the posts among the candidates whose papers this secretary prepares, with who holds them."""
    mine = people.posts_of(unit, session.who().person_id)
    groups = {post.unit_code for post in mine if post.kind == "secretary"}
    said = names(unit)
    return [
        Choice(post, f"{said.post(post)}：{'、'.join(person.name for person in holders)}")
        for post in candidates
        if post.partition(".")[0] in groups and (holders := people.holders(unit, post))
    ]


def describe_following(unit: Unit, desk: Desk) -> str:
    """Say where an instance went when this task was done."""
    whole = lay(unit, desk.view.id).whole
    if whole is None:
        return ""
    along = _along(whole, desk.view.id)
    done = "".join(_("“%s”一并办理。") % row.name for row in along)
    return done + _next(unit, whole, {desk.view.id, *(row.id for row in along)})


def _along(whole: InstanceView, task_id: str) -> list[Row[Any]]:
    """Give what the same click has done along with a task."""
    found: list[Row[Any]] = []
    for row in whole.tasks:
        opened_by = (row.cause or {}).get("task")
        if row.completed_at == row.created_at and opened_by in {task_id, *(one.id for one in found)}:
            found.append(row)
    return found


def _next(unit: Unit, whole: InstanceView, done: Collection[str]) -> str:
    said = names(unit)
    following = [row for row in whole.tasks if row.state == "open" and (row.cause or {}).get("task") in done]
    if following:
        steps = "；".join(_("“%s”（%s）") % (row.name, said.posts(row.candidates)) for row in following)
        return _("下一步：%s。") % steps
    if whole.row["state"] != "active":
        return _("这个事项已经办结。")
    waiting = any(row.state == "open" for row in whole.tasks)
    return _("其他环节还在办理。") if waiting else _("接下来由系统办理；再要您办的，稍后会出现在“待办”里。")
