"""Let an open task's deadline follow the variables that it is worked out from.

Timers do not: one that has been set fires on the day that was true when it was set, and a diagram that wants otherwise
draws a loop back to it.
"""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, update

from engine.core import effects, moments
from engine.core.diagram import Node
from engine.core.expressions import ExpressionError, parse
from engine.core.tokens import Token
from engine.ground import model
from engine.ground.errors import Stuck

if TYPE_CHECKING:
    from engine.core.execution import Run


def follow(run: "Run") -> None:
    """Work out anew each deadline that names a variable which this act has changed; move what hangs on it."""
    changed = {name for _scope, name in run.scopes.changes()}
    watching = {node.id for node in run.definition.diagram.nodes.values() if changed and _names(node) & changed}
    if not watching:
        return
    tokens = {token.id: token for token in run.machine.tokens if token.node.id in watching}
    table = model.task.c
    query = select(model.task).where(table.id.in_(tokens.keys() - set(run.opened)), table.state == "open")
    for task in run.unit.connection.execute(query.order_by(table.id)).all():
        _move(run, tokens[task.id], task)


def _names(node: Node) -> frozenset[str]:
    due = node.attributes.get("due", "") if node.kind == "user" else ""
    return parse(due).names if due else frozenset()


def _move(run: "Run", token: Token, task: Row[Any]) -> None:
    try:
        after = moments.deadline(run, token, task.created_at)
    except (Stuck, ExpressionError) as error:
        effects.add_incident(run, token.node.id, f"{error}这件待办仍按原来的期限。", None)
        return
    assert after is not None, "only what has an expression is looked at"
    if after == task.due_at:
        return
    connection, job = run.unit.connection, model.job.c
    connection.execute(update(model.task).where(model.task.c.id == task.id).values(due_at=after))
    connection.execute(update(model.inbox).where(model.inbox.c.task_id == task.id).values(due_at=after))
    planned = (job.task_id == task.id, job.state == "due")
    connection.execute(update(model.job).where(*planned).values(state="cancelled", closed_at=run.unit.now))
    effects.plan_reminders(run, token, after)
    run.record("task.due_changed", {"before": task.due_at, "after": after}, activity=task.activity_id, task=task.id)
