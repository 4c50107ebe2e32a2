"""Put each step before the person whose turn it is: the inbox, and what can be done with a task (待办)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, insert, or_, select, tuple_, update

from engine.core import (
    catalogue,
    claims,
    completion,
    entering,
    execution,
    filling,
    history,
    merging,
    seats,
    visibility,
)
from engine.core.effects import END_OF_TIME
from engine.core.entering import Entry as Entry
from engine.core.forms import Form
from engine.core.merging import Step
from engine.core.seats import Seat
from engine.core.variables import decode
from engine.ground import model
from engine.ground.errors import Fault, Invalid, NotAllowed, NotFound, Stale
from engine.ground.statements import Statement
from engine.ground.unit_of_work import Actor, Unit

TASK, INBOX, INSTANCE = model.task.c, model.inbox.c, model.instance.c

REMEMBER = Statement(update(model.task).where(TASK.id == bindparam("key")), "effect")

BARRED = "这件待办是您自己发起、起草或者提交的，不能由您代理办理。请等本人办理，或者改由他人代理。"
"""Said to a deputy before their own matter."""


@dataclass(frozen=True)
class TaskRow:
    """Show a task in a list."""

    id: str
    instance_id: str
    name: str
    title: str
    created_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    outcome: str | None
    claimed: bool
    candidates: tuple[str, ...]
    cause: Mapping[str, Any] | None
    acting_for: str | None = None


@dataclass(frozen=True)
class TaskView:
    """Show one task with all that its page needs. `may` names the acts open to this person.

    `seat` is where they sit at it, if they do; `barred` deputies are kept from what is their own matter; `assignee_for`
    is in whose place the assignee has it. `along` are the steps that the same click does, for it finds the same person
    there.
    """

    id: str
    revision: int
    name: str
    documentation: str
    state: str
    outcome: str | None
    instance: Mapping[str, Any]
    form: Form
    values: Mapping[str, Any]
    saved_at: datetime | None
    options: Mapping[str, list[dict[str, str]]]
    cause: Mapping[str, Any] | None
    candidates: tuple[str, ...]
    assignee_id: str | None
    due_at: datetime | None
    created_at: datetime
    may: frozenset[str]
    seat: Seat | None = None
    barred: bool = False
    assignee_for: str | None = None
    along: tuple[Step, ...] = ()


def inbox(unit: Unit, person_id: str, after: tuple[datetime, str] | None = None, limit: int = 50) -> list[TaskRow]:
    """List what waits for a person, by deadline; `after` is the (due, id) of the last row seen."""
    found: dict[str, Row[Any]] = {}
    whose = seats.standing(unit, person_id)
    for principal, condition in seats.places(unit, whose):
        query = (
            select(model.task, model.instance.c.title, INBOX.due_at.label("place"))
            .join(model.task, TASK.id == INBOX.task_id)
            .join(model.instance, INSTANCE.id == TASK.instance_id)
            .where(INBOX.principal == principal)
            .order_by(INBOX.due_at, INBOX.task_id)
            .limit(limit)
        )
        if condition is not None:
            query = query.where(condition)
        if after is not None:
            query = query.where(tuple_(INBOX.due_at, INBOX.task_id) > after)
        found.update({row.id: row for row in unit.connection.execute(query)})
    rows = sorted(found.values(), key=lambda row: (row.place, row.id))[:limit]
    return [_row(row, next((seat.acting_for for seat in whose.seats(row.candidates)), None)) for row in rows]


def place(row: TaskRow) -> tuple[datetime, str]:
    """Give a row's place in its list, the inbox or what was done, to ask for what comes after it."""
    return row.completed_at or row.due_at or END_OF_TIME, row.id


def count(unit: Unit, person_id: str) -> int:
    """Count what waits for a person."""
    places = seats.places(unit, seats.standing(unit, person_id))
    query = select(func.count(INBOX.task_id.distinct()))
    if all(condition is None for _, condition in places):
        query = query.where(INBOX.principal.in_([principal for principal, _ in places]))
    else:
        wanted = [
            INBOX.principal == principal if condition is None else and_(INBOX.principal == principal, condition)
            for principal, condition in places
        ]
        query = query.join(model.task, TASK.id == INBOX.task_id).where(or_(*wanted))
    return int(unit.connection.execute(query).scalar_one())


def done(unit: Unit, person_id: str, before: tuple[datetime, str] | None = None, limit: int = 50) -> list[TaskRow]:
    """List what a person has completed, newest first; `before` is the (completed, id) of the last row seen.

    One click may complete two tasks at the same moment.
    """
    query = (
        select(model.task, model.instance.c.title)
        .join(model.instance, INSTANCE.id == TASK.instance_id)
        .where(TASK.completed_by == person_id)
        .order_by(TASK.completed_at.desc(), TASK.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(TASK.completed_at, TASK.id) < before)
    return [_row(row, row.acting_for) for row in unit.connection.execute(query)]


def _row(row: Row[Any], acting_for: str | None = None) -> TaskRow:
    return TaskRow(
        row.id,
        row.instance_id,
        row.name,
        row.title,
        row.created_at,
        row.due_at,
        row.completed_at,
        row.outcome,
        row.assignee_id is not None,
        tuple(row.candidates),
        row.cause,
        acting_for,
    )


def view(unit: Unit, task_id: str, person_id: str, roles: Collection[str] = ()) -> TaskView:
    """Show a task to someone who may see it.

    Raises:
        NotFound: unknown, or not theirs to see.
    """
    row = seats.find(unit, task_id)
    instance = execution.row_of(unit, row.instance_id)
    own = seats.of(unit, row, person_id)
    if not own and not entering.may_enter(unit, row, person_id):
        visibility.demand(unit, row.instance_id, person_id, roles)
    definition = catalogue.load(unit, instance["definition_id"])
    form = definition.form(row.form_key)
    values, saved_at = _values(unit, row, instance, form, bool(own))
    node = definition.diagram.nodes[row.activity_id]
    may = seats.acts(unit, row, person_id, own)
    alone = "complete" in may and not own[0].acting_for
    return TaskView(
        row.id,
        row.revision,
        row.name,
        node.documentation,
        row.state,
        row.outcome,
        instance,
        form,
        values,
        saved_at,
        filling.options(unit, form, instance),
        row.cause,
        tuple(row.candidates),
        row.assignee_id,
        row.due_at,
        row.created_at,
        frozenset(may),
        next(iter(own), None),
        row.state == "open" and not own and seats.is_barred(unit, row, person_id),
        seats.acting_for(unit, row, row.assignee_id) if row.assignee_id and row.state == "open" else None,
        merging.announce(unit, definition, instance, row.activity_id, person_id) if alone else (),
    )


def _values(
    unit: Unit, row: Row[Any], instance: Mapping[str, Any], form: Form, seated: bool
) -> tuple[dict[str, Any], datetime | None]:
    """Give what the form starts with: the draft, else the document, else the defaults.

    What is only saved is nobody's word yet: who cannot do the task does not see it.
    """
    query = select(model.draft).where(model.draft.c.subject == f"task:{row.id}")
    draft = unit.connection.execute(query).first() if seated else None
    if draft is not None:
        return dict(draft.content), draft.saved_at
    return filling.values(unit, row, instance, form), None


def faults(unit: Unit, task_id: str, values: Mapping[str, Any], outcome: str | None) -> list[Fault]:
    """Say what is wrong with a form that is about to be handed in; who may see the task is asked elsewhere."""
    row = seats.find(unit, task_id)
    instance = execution.row_of(unit, row.instance_id)
    form = catalogue.load(unit, instance["definition_id"]).form(row.form_key)
    return filling.inspect(unit, row, instance, form, values, outcome)[1]


# Acts


@dataclass
class _Held:
    """Hold a locked task while an act works on it."""

    row: Row[Any]
    instance: dict[str, Any]
    seats: list[Seat]


def _hold(unit: Unit, task_id: str, actor: Actor, revision: int, by_entry: bool = False) -> _Held:
    """Lock the task's instance, then look at the task again: who came later sees what has happened.

    Raises:
        NotFound: not theirs. NotAllowed: a deputy's own matter. Stale: closed, or changed since the page was shown.
    """
    instance, row = execution.lock_of_task(unit, task_id)
    assert actor.person_id is not None
    own = seats.of(unit, row, actor.person_id)
    if not own and not (by_entry and entering.may_enter(unit, row, actor.person_id)):
        if seats.is_barred(unit, row, actor.person_id):
            raise NotAllowed(BARRED)
        raise NotFound()
    if row.state != "open":
        raise Stale("这件待办已经办结或者撤销，不能再办理。您填写的内容没有提交。")
    if row.revision != revision:
        raise Stale("这件待办刚刚有变化（例如已被签收或者在另一个页面暂存过），请核对后再提交。您填写的内容没有提交。")
    return _Held(row, instance, own)


def _as(actor: Actor, held: _Held) -> Actor:
    """Give the actor in the seat that they take: the one they name, else the first; a secretary has none."""
    wanted = [seat for seat in held.seats if seat.post == actor.post]
    seat = next(iter(wanted or held.seats), Seat(actor.post))
    return Actor(actor.person_id, seat.post, actor.entering_for, seat.acting_for)


def _demand_mine(unit: Unit, held: _Held, person_id: str | None) -> None:
    if held.row.assignee_id == person_id:
        return
    if not seats.is_free(unit, held.row, held.seats):
        raise Stale("这件待办已由同岗同事签收，请与其联系。您填写的内容没有提交。")
    if not seats.needs_no_claim(unit, held.row):
        raise Invalid("这件待办有多人可以办理，请先点“签收”，再办理。")


def claim(unit: Unit, task_id: str, actor: Actor, revision: int) -> None:
    """Take a task that several may do (签收)."""
    held = _hold(unit, task_id, actor, revision)
    if not seats.is_free(unit, held.row, held.seats):
        raise Stale("这件待办已经有人签收。")
    claims.give(unit, held.row, actor.person_id)
    _record(unit, held, "task.claimed", _as(actor, held))


def unclaim(unit: Unit, task_id: str, actor: Actor, revision: int) -> None:
    """Put a claimed task back before everybody (放回)."""
    held = _hold(unit, task_id, actor, revision)
    if held.row.assignee_id != actor.person_id:
        raise NotAllowed("只有签收人可以放回。")
    claims.give(unit, held.row, None)
    _record(unit, held, "task.unclaimed", _as(actor, held))


def assign(unit: Unit, task_id: str, actor: Actor, person_id: str, revision: int) -> None:
    """Give a task to a colleague in a candidate post (指派)."""
    held = _hold(unit, task_id, actor, revision)
    if held.row.assignee_id != actor.person_id and not seats.is_free(unit, held.row, held.seats):
        raise NotAllowed("这件待办已由他人签收，不能指派。")
    if person_id not in seats.holders(unit, held.row):
        raise Invalid("只能指派给同岗位在任的人员。")
    claims.give(unit, held.row, person_id)
    _record(unit, held, "task.assigned", _as(actor, held), assignee=person_id)


def _change(unit: Unit, row: Row[Any], **fields: Any) -> None:
    unit.connection.execute(update(model.task).where(TASK.id == row.id).values(fields))


def _record(unit: Unit, held: _Held, kind: str, actor: Actor, **envelope: Any) -> None:
    stream = f"instance:{held.row.instance_id}"
    history.record(unit, stream, kind, actor, {}, activity=held.row.activity_id, task=held.row.id, **envelope)


def save(unit: Unit, task_id: str, actor: Actor, values: Mapping[str, Any], revision: int) -> int:
    """Keep an unfinished form without checking it (暂存); give the task's new revision."""
    held = _hold(unit, task_id, actor, revision)
    _demand_mine(unit, held, actor.person_id)
    table, subject = model.draft, f"task:{task_id}"
    unit.connection.execute(delete(table).where(table.c.subject == subject))
    row = {
        "subject": subject,
        "content": dict(values),
        "revision": revision + 1,
        "saved_by": actor.person_id,
        "saved_at": unit.now,
    }
    unit.connection.execute(insert(table), row)
    _change(unit, held.row, revision=revision + 1)
    return revision + 1


def complete(
    unit: Unit,
    task_id: str,
    actor: Actor,
    values: Mapping[str, Any],
    outcome: str | None,
    revision: int,
    entry: Entry | None = None,
    along: Collection[str] = (),
) -> tuple[str, ...]:
    """Do a task (办理): its form is checked, kept as a document's version, and the instance goes on.

    `along` names the activities that the page said would be done along with it (`TaskView.along`); give the ids of the
    tasks that were.

    Raises:
        Invalid: the form has faults, each named by its field. Stale, NotFound: see `_hold`.
    """
    held = _hold(unit, task_id, actor, revision, by_entry=entry is not None)
    actor = entering.as_signer(unit, held.row, actor, entry) if entry else _as(actor, held)
    if entry is None:
        _demand_mine(unit, held, actor.person_id)
    run = execution.load(unit, held.instance["id"], actor, held.instance)
    form = run.definition.form(held.row.form_key)
    clean, wrong = filling.inspect(unit, held.row, held.instance, form, values, outcome)
    if wrong:
        raise Invalid(f"有 {len(wrong)} 处需要修改，内容没有提交。", wrong)
    before = completion.carry_out(run, held.row, form, clean, outcome, entry)
    chain = merging.Chain([held.row], before, run.opened, run.plain)
    merging.carry_on(chain, run, along)
    members = [row.id for row in chain.tasks]
    if len(members) > 1:
        # What one click did is taken back together, or not at all.
        effect = completion.effect(chain.opened, chain.plain, chain.before, members)
        unit.write(REMEMBER, *({"key": member, "effect": effect} for member in members))
    return tuple(members[1:])


def withdraw(unit: Unit, task_id: str, actor: Actor, revision: int) -> str:
    """Take back what one has just completed (撤回), while its sole effect is one open, untouched task.

    What one click did along with it is taken back with it.

    Raises:
        NotFound: not completed by this person. Stale: somebody is working on what followed.
    """
    first = seats.find(unit, task_id)
    if not seats.may_withdraw(unit, first, actor.person_id or ""):
        raise NotFound()
    run = execution.load(unit, first.instance_id, replace(actor, acting_for=first.acting_for))
    row = seats.find(unit, task_id)
    if row.revision != revision or row.state != "completed" or not seats.is_withdrawable(unit, row):
        raise Stale("后面的环节已经有人着手办理，不能撤回。")
    members = [seats.find(unit, member) for member in row.effect["members"]]
    for scope, name, existed, value in reversed(row.effect["variables"]):
        run.scopes.set(scope, name, decode(value)) if existed else run.scopes.remove(scope, name)
    run.cause = members[0].cause
    for member in reversed(members):
        ids = {"activity": member.activity_id, "task": member.id, "following": row.effect["task"]}
        run.record("task.withdrawn", {}, **ids)
        _change(unit, member, effect=None, revision=member.revision + 1)
    again = run.machine.put_back(row.effect["task"], members[0].activity_id)
    if members[0].due_at is not None and members[0].due_at > unit.now:
        run.deadlines[again.id] = members[0].due_at
    execution.settle(run)
    return again.id
