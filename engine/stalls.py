"""Find what nobody and nothing can move any more: steps that wait for nothing, tasks that nobody may take."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select, union_all

from engine.core import catalogue, entering, organization, seats, substitutions
from engine.core.diagram import Diagram
from engine.core.spiff import Machine
from engine.core.tokens import Token
from engine.ground import model
from engine.ground.unit_of_work import Unit

INSTANCE, TASK, JOB = model.instance.c, model.task.c, model.job.c
THROWN = ("throw", "end", "send")


@dataclass(frozen=True)
class Stall:
    """Name an instance that stands still, and the step where it does; "" where it has none any more.

    `message` is what the step waits for and nobody sends; `posts` are those of a task that nobody may take, because
    none is held, or because those who hold them (`people`, by name) cannot sign in.
    """

    instance_id: str
    title: str
    step: str = ""
    message: str = ""
    posts: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


def find(unit: Unit) -> list[Stall]:
    """Give every step of a running instance that stands still, the oldest instance first."""
    return sorted([*_idle(unit), *_untakeable(unit)], key=lambda stall: (stall.instance_id, stall.step))


# Steps that wait for nothing


def _idle(unit: Unit) -> Iterator[Stall]:
    """Give the steps that no task, job, child, message, signal or open incident can bring on."""
    awaited, given_up = _awaited(unit), _given_up(unit)
    with_incident = _column(unit, select(model.incident.c.instance_id).where(model.incident.c.resolved_at.is_(None)))
    senders = _Senders(unit)
    for row, diagram, tokens in _running(unit):
        idle = {
            _name(diagram, token): ""
            for token in tokens
            if token.id not in awaited and (token.is_moved_from_outside or token.id in given_up)
        }
        idle |= {_name(diagram, token): name for token in tokens if (name := senders.lacking(token))}
        yield from (Stall(row.id, row.title, step, message) for step, message in idle.items())
        if not idle and row.id not in with_incident and not any(token.id in awaited for token in tokens):
            yield Stall(row.id, row.title)


def _name(diagram: Diagram, token: Token) -> str:
    return token.node.name or diagram.drawn.get(token.node.id, token.node.id)


def _running(unit: Unit) -> Iterator[tuple[Any, Diagram, list[Token]]]:
    """Give every active instance with its tokens."""
    state = model.instance_state.c
    query = (
        select(INSTANCE.id, INSTANCE.title, INSTANCE.definition_id, state.page, state.content)
        .outerjoin(model.instance_state, state.instance_id == INSTANCE.id)
        .where(INSTANCE.state == "active")
        .order_by(INSTANCE.id)
    )
    for _id, rows in groupby(unit.connection.execute(query), key=lambda row: row.id):
        pages = list(rows)
        definition = catalogue.load(unit, pages[0].definition_id)
        held = {row.page: row.content for row in pages if row.page is not None}
        yield pages[0], definition.diagram, Machine.read(definition.program, held)


def _column(unit: Unit, query: Any) -> set[str]:
    return set(unit.connection.execute(query).scalars())


def _awaited(unit: Unit) -> set[str]:
    """Give the tokens that something will move."""
    child, incident, waiter = INSTANCE, model.incident.c, model.subscription.c
    query = union_all(
        select(TASK.id).where(TASK.state == "open"),
        # A job that gave up moves nothing by itself: its incident does, while it is open.
        select(JOB.token_id).where(JOB.state.in_(("due", "leased"))),
        select(JOB.token_id).join(model.incident, incident.job_id == JOB.id).where(incident.resolved_at.is_(None)),
        select(child.parent_token).where(child.state == "active"),
        select(waiter.id).where(waiter.instance_id.is_not(None)),
    )
    return _column(unit, query)


def _given_up(unit: Unit) -> set[str]:
    return _column(unit, select(JOB.token_id).where(JOB.state == "failed", JOB.token_id.is_not(None)))


@dataclass
class _Senders:
    """Know who could send what a step waits for."""

    unit: Unit

    def lacking(self, token: Token) -> str:
        """Name the message or signal that a token waits for and nobody can send; "" where somebody can."""
        waits = token.node.kind in ("catch", "receive") and token.node.event in ("message", "signal")
        # One that shares its place with others is not the only way on.
        if not waits or token.race or token.state != "waiting" or self._come_from_outside:
            return ""
        trigger = token.node.trigger
        assert trigger is not None
        return "" if (trigger.kind, trigger.name) in self._drawn else trigger.name

    @cached_property
    def _come_from_outside(self) -> bool:
        """Tell whether a program may send; where nobody has an account at all, the embedding one does."""
        found = _open_accounts(self.unit)
        return not found or any(organization.INTEGRATION in row.roles for row in found)

    @cached_property
    def _drawn(self) -> set[tuple[str, str]]:
        """Give what some version of a process sends."""
        ids = self.unit.connection.execute(select(model.definition.c.id)).scalars().all()
        nodes = [node for item in ids for node in catalogue.load(self.unit, item).diagram.nodes.values()]
        return {(node.trigger.kind, node.trigger.name) for node in nodes if node.trigger and node.kind in THROWN}


# Tasks that nobody may take


def _open_accounts(unit: Unit) -> list[Row[Any]]:
    account = model.account.c
    query = select(account.person_id, account.roles).where(account.disabled.is_(False))
    return list(unit.connection.execute(query))


def _untakeable(unit: Unit) -> Iterator[Stall]:
    """Give the open tasks that nobody may do today: their posts are not held, or those who may cannot sign in."""
    able = {row.person_id for row in _open_accounts(unit)}
    query = select(model.task, INSTANCE.title).join(model.instance, INSTANCE.id == TASK.instance_id)
    for row in unit.connection.execute(query.where(TASK.state == "open")).all():
        posts, people = tuple(row.candidates), _takers(unit, row)
        if not seats.holders(unit, row):
            yield Stall(row.instance_id, row.title, row.name, posts=posts)
        elif able and not able & people:
            names = organization.person_names(unit, people)
            yield Stall(row.instance_id, row.title, row.name, posts=posts, people=tuple(sorted(names.values())))


def _takers(unit: Unit, task: Row[Any]) -> set[str]:
    """Name who may do a task: whoever has it, else the holders of its posts; their deputies and secretaries."""
    whose = {str(task.assignee_id)} if seats.is_taken(unit, task) else seats.holders(unit, task)
    covers = substitutions.covers(unit, task.candidates)
    deputies = {item.deputy_id for item in covers if item.principal_id in whose}
    secretaries = {
        person.id
        for post in organization.posts(unit)
        if post.kind == "secretary"
        for person in organization.holders(unit, post.reference)
        if entering.may_enter(unit, task, person.id)
    }
    return whose | deputies | secretaries
