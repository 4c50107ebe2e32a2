"""Let one person do steps in a row by one click, each on record for itself (同一人连续两个环节只办一次).

A user task says so with `suixu:merge`, the outcome that it then gets. The page of the step before announces it; only
what was announced, and comes back with the click, is done along. Whatever does not fit stays open as any task.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from engine.core import completion, effects, execution, filling, forms, notices, organization, seats
from engine.core.catalogue import Definition
from engine.core.diagram import GATEWAYS, Diagram, Node
from engine.core.execution import Run
from engine.core.expressions import ExpressionError
from engine.core.forms import Component
from engine.ground.errors import Invalid, Stuck
from engine.ground.unit_of_work import Actor, Unit

LONGEST = 10
"""Steps that one click may do beyond the first."""

_PASSED = frozenset({*GATEWAYS, "script", "rule"})


@dataclass(frozen=True)
class Step:
    """Announce a step done along with the one before it; `certain` unless the way may lead elsewhere."""

    activity_id: str
    name: str
    label: str
    certain: bool


@dataclass
class Chain:
    """Gather what one click does: its tasks, what variables were before, what is open, whether it may be undone."""

    tasks: list[Row[Any]]
    before: list[list[Any]]
    opened: list[str]
    plain: bool


def announce(
    unit: Unit, definition: Definition, instance: Mapping[str, Any], activity_id: str, person_id: str
) -> tuple[Step, ...]:
    """Say which steps a person would do along with one, their own as they stand today."""
    held = {post.reference for post in organization.posts_of(unit, person_id)}
    found: dict[str, Step] = {}
    waiting = [(activity_id, True)]
    while waiting and len(found) < LONGEST:
        here, sure = waiting.pop(0)
        for node, certain in _ahead(definition.diagram, here):
            button = _offered(definition, node)
            if node.id in {activity_id, *found} or button is None or not held & set(_posts(unit, instance, node)):
                continue
            found[node.id] = Step(node.id, node.name, button.label, sure and certain)
            waiting.append((node.id, sure and certain))
    return tuple(found.values())


def _ahead(diagram: Diagram, activity_id: str) -> Iterator[tuple[Node, bool]]:
    """Walk to the user tasks that come next with nothing between but what the machine does at once."""
    start = diagram.nodes[activity_id]
    waiting, seen = [(start, not start.repeats)], {start.id}
    while waiting:
        here, certain = waiting.pop(0)
        for target in (diagram.nodes[diagram.flows[name].target] for name in here.outgoing):
            if target.kind == "user":
                yield target, certain
            elif target.kind in _PASSED and target.id not in seen:
                seen.add(target.id)
                waiting.append((target, certain and not _may_turn(target)))


def _may_turn(node: Node) -> bool:
    """Tell whether a token may leave by another way, or wait here for others."""
    chooses = node.kind in ("exclusive", "inclusive") and len(node.outgoing) > 1
    return chooses or (node.kind in ("parallel", "inclusive") and len(node.incoming) > 1)


def _offered(definition: Definition, node: Node) -> Component | None:
    outcome = node.attributes.get("merge")
    return forms.offers(definition.form(node.attributes["form"]), outcome) if outcome else None


def _posts(unit: Unit, instance: Mapping[str, Any], node: Node) -> list[str]:
    """Give the post of a step that may be done along; leaders click themselves, always."""
    post = effects.own_post(instance["unit_code"], node.attributes["assignment"])
    return [] if notices.is_leading(unit, post) else [post]


def carry_on(chain: Chain, run: Run, announced: Collection[str]) -> None:
    """Do the announced steps that have opened, as the person who did the one before, in their own right."""
    actor, left = run.actor, set(announced)
    if actor.person_id is None or actor.entering_for or actor.acting_for:
        return
    while left and len(chain.tasks) <= LONGEST:
        found = next((row for row in _opened(run.unit, chain) if row.activity_id in left), None)
        if found is None:
            return
        left.discard(found.activity_id)
        steps = announce(run.unit, run.definition, run.row, _before(chain, found).activity_id, actor.person_id)
        if found.activity_id in {step.activity_id for step in steps}:
            _do(chain, run, found)


def _opened(unit: Unit, chain: Chain) -> list[Row[Any]]:
    rows = [seats.find(unit, task_id) for task_id in chain.opened]
    return [row for row in rows if row.state == "open"]


def _before(chain: Chain, task: Row[Any]) -> Row[Any]:
    return next(row for row in chain.tasks if row.id == task.cause["task"])


def _do(chain: Chain, before: Run, task: Row[Any]) -> None:
    """Do one step with the form as it starts, wholly or not at all."""
    unit = before.unit
    node = before.definition.diagram.nodes[task.activity_id]
    form, outcome = before.definition.form(task.form_key), node.attributes["merge"]
    try:
        with unit.savepoint():
            run = execution.load(unit, before.id, Actor(before.actor.person_id, task.candidates[0]))
            given = filling.values(unit, task, run.row, form)
            clean, wrong = filling.inspect(unit, task, run.row, form, given, outcome)
            if wrong:
                return
            kept = completion.carry_out(run, task, form, clean, outcome, merged=True)
    except (Stuck, Invalid, ExpressionError):
        return
    chain.tasks.append(task)
    chain.before += kept
    chain.opened = [*(name for name in chain.opened if name != task.id), *run.opened]
    chain.plain = chain.plain and run.plain
