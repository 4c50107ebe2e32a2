"""Write down what completing a task brings: its row, its documents, its opinion, its variables, its line of history."""

from typing import Any

from sqlalchemy import Row, bindparam, delete, update

from engine.core import documents, entering, execution, forms, opinions
from engine.core.entering import Entry
from engine.core.execution import Run
from engine.core.forms import Form
from engine.core.variables import encode, home
from engine.ground import model
from engine.ground.statements import Statement
from engine.ground.unit_of_work import Actor

CLOSE = Statement(
    update(model.task).where(model.task.c.id == bindparam("task")),
    *("state", "completed_at", "completed_by", "outcome", "acting_for", "revision", "effect"),
)
FORGET = Statement(delete(model.draft).where(model.draft.c.subject == bindparam("saved")))


def of_act(form: Form) -> set[str]:
    """Name the fields that belong to this act (an opinion, a reason), not to the document."""
    return {part.key for part in form.fields() if part.opinion or part.variable or not form.document}


def carry_out(
    run: Run,
    task: Row[Any],
    form: Form,
    values: dict[str, Any],
    outcome: str | None,
    entry: Entry | None = None,
    merged: bool = False,
) -> list[list[Any]]:
    """Complete a task with clean values and let the instance go on; give what the variables were before."""
    run.cause = write(run, task, form, values, outcome, entry, merged)
    before = lift(run, task.id, form, values, outcome)
    run.machine.finish(task.id)
    execution.settle(run)
    _close(run, task, outcome, effect(run.opened, run.plain, before, [task.id]))
    return before


def effect(opened: list[str], plain: bool, before: list[list[Any]], members: list[str]) -> dict[str, Any] | None:
    """Say what completing these tasks did, where it can be taken back: it only opened one task."""
    return {"task": opened[0], "variables": before, "members": members} if plain and len(opened) == 1 else None


def write(
    run: Run,
    task: Row[Any],
    form: Form,
    values: dict[str, Any],
    outcome: str | None,
    entry: Entry | None = None,
    merged: bool = False,
) -> dict[str, Any]:
    """Keep document and opinion, say in the history what was done; give the cause of what follows."""
    unit, actor = run.unit, run.actor
    button = forms.offers(form, outcome) if outcome else None
    label, text = (button.label if button else ""), forms.opinion(form, values)
    kept, paper = _keep(run, task, form, values)
    signer = signer_of(actor)
    if actor.acting_for:
        # The right will end; what was decided stays theirs to look at.
        execution.join(run, [f"person:{signer}"])
    made_on, scan = (entry.made_on, entry.scan_id) if entry else (unit.today, None)
    if entry or merged or text or any(part.opinion for part in form.fields()):
        opinions.keep(unit, task, actor, label, text, made_on, scan)
    payload = {"label": label, "text": text, "made_on": made_on.isoformat() if entry else None, "paper": paper}
    marks: dict[str, Any] = {"scan": scan, "merged": merged}
    ids = {"outcome": outcome, "documents": kept, **{key: value for key, value in marks.items() if value}}
    run.record("task.completed", payload, activity=task.activity_id, task=task.id, **ids)
    if entry:
        entering.tell_signer(unit, task, run.row, signer, label, entry)
    done = {"task": task.id, "name": task.name, "outcome": label, "text": text}
    return {**done, "person": signer, "post": actor.post, "acting_for": actor.acting_for}


def signer_of(actor: Actor) -> str:
    """Give the id of whose decision it is, whoever typed it in."""
    return actor.entering_for or actor.person_id or ""


def _close(run: Run, task: Row[Any], outcome: str | None, effect: dict[str, Any] | None) -> None:
    closed = {"state": "completed", "completed_at": run.unit.now, "completed_by": signer_of(run.actor)}
    closed |= {"outcome": outcome, "acting_for": run.actor.acting_for, "revision": task.revision + 1, "effect": effect}
    run.unit.write(CLOSE, {"task": task.id, **closed})
    # A task that nobody has saved, claimed or given away is still in its first revision.
    if task.revision > 1:
        run.unit.write(FORGET, {"saved": f"task:{task.id}"})


def _keep(run: Run, task: Row[Any], form: Form, values: dict[str, Any]) -> tuple[list[list[Any]], list[Any] | None]:
    """Keep what was filled in: the document's part in the document, the act's part under the task.

    The versions are given as the envelope names them: the act's paper without its digest, from which a short opinion
    could be guessed. That is given apart, to stand where it can be erased.
    """
    unit, mine = run.unit, of_act(form)
    acts = {key: value for key, value in values.items() if key in mine}
    kept, paper = [], None
    if form.document:
        changes = {key: value for key, value in values.items() if key not in mine}
        title = form.title or task.name
        kept.append(list(documents.change_values(unit, run.row, form.document, title, changes, run.actor, task.id)))
    if not all(forms.is_nothing(value) for value in acts.values()):
        name = documents.TASK + task.id
        paper = list(documents.put_values(unit, run.row, name, task.name, acts, run.actor, task.id))
        kept.append(paper[:2])
    for part in form.fields():
        if part.mark:
            documents.mark(unit, values.get(part.key) or (), task.created_at, part.mark)
    return kept, paper


def lift(run: Run, task_id: str, form: Form, values: dict[str, Any], outcome: str | None) -> list[list[Any]]:
    """Put the form's named scalars into the task's own scope; give what was there before."""
    token = run.machine.find(task_id)
    assert token is not None
    scope = home(token.frames)
    lifted: dict[str, Any] = dict(forms.lifted(form, values))
    if outcome is not None:
        lifted["outcome"] = outcome
    before = [[scope, name, (scope, name) in run.scopes, encode(run.scopes.get((scope, name)))] for name in lifted]
    for name, value in lifted.items():
        run.scopes.set(scope, name, value)
    return before
