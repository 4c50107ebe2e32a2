"""Run an instance's tokens from a ready queue until every one of them waits."""

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, cast

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from engine.core.diagram import Node
from engine.core.expressions import ExpressionError
from engine.core.pages import Pages
from engine.core.spiff import joins
from engine.core.spiff.program import ITERATION, Program
from engine.core.spiff.repeats import RepeatStep
from engine.core.spiff.steps import PersonStep, Step, WaitStep
from engine.core.tokens import LIVE_LIMIT, Change, Host, Token, counter
from engine.ground.errors import Stuck

STEP_LIMIT = 5_000
"""Steps of one act: past it the diagram goes round in circles without waiting for anybody."""

DEFAULTS: dict[str, Any] = {"via": "", "guards": "", "index": None, "iterating": False, "count": 0}
"""What a saved token leaves out where it is so."""


class _Token(Task):  # type: ignore[misc]
    """Stand at a node; every change of state is noted, so that the page it is on is written."""

    def _set_state(self, value: int) -> None:
        self._state = value
        self.workflow.pages.touch(self.id)


class Machine(Workflow):  # type: ignore[misc]  # SpiffWorkflow carries no types
    """Run one instance's tokens from a ready queue until every one of them waits."""

    def __init__(self, program: Program, host: Host) -> None:
        super().__init__(program.spec, deserializing=True)
        self.program = program
        self.diagram = program.diagram
        self.host = host
        self.ready: deque[Task] = deque()
        self.changes: list[Change] = []
        self.pages = Pages()
        self._count = 0
        self._inside: dict[str, dict[str, Task]] = {}
        self._guards: dict[str, dict[str, Task]] = {}

    # What callers ask

    @classmethod
    def read(cls, program: Program, pages: Mapping[int, str]) -> list[Token]:
        """Show the tokens of a saved state."""
        machine = cls(program, cast(Host, None))
        machine.restore(pages)
        return machine.tokens

    def begin(self) -> None:
        """Put the first token on the start event."""
        self.place(self.diagram.start(), "", ())

    @property
    def tokens(self) -> list[Token]:
        """Show every live token."""
        return [_token(task) for task in self.tasks.values()]

    def find(self, token_id: str) -> Token | None:
        """Show one live token."""
        task = self.tasks.get(token_id)
        return _token(task) if task is not None else None

    def finish(self, token_id: str) -> None:
        """Complete what a token waited for: a person, a function, a child, a timer.

        Raises:
            Stuck: the token is gone, or it does not wait.
        """
        task = self.tasks.get(token_id)
        if task is None or task._state not in (TaskState.READY, TaskState.WAITING, TaskState.STARTED):
            raise Stuck("这个环节已经不在等待。")
        try:
            if isinstance(task.task_spec, WaitStep):
                self._fire(task)
            elif isinstance(task.task_spec, PersonStep):
                task.run()
            else:
                task.complete()
        except ExpressionError as error:
            raise _stuck(task, error) from error

    def resume(self, token_id: str) -> None:
        """Try a stuck token again."""
        task = self.tasks[token_id]
        task._set_state(TaskState.READY)
        self.ready.append(task)

    def put_back(self, gone: str, node_id: str) -> Token:
        """Take the token `gone` away and put one on an earlier node of the same scope (withdrawal)."""
        task = self.tasks[gone]
        container, frames = task.internal_data["container"], task.internal_data["frames"]
        task.cancel()
        return self.place(self.diagram.nodes[node_id], container, frames)

    def cancel_all(self) -> None:
        """Cancel every token."""
        self.clear("")

    def run(self) -> None:
        """Step from the ready queue until everything waits."""
        for _ in range(STEP_LIMIT):
            if not self.ready and not joins.release(self):
                return
            task = self.ready.popleft()
            if task._state == TaskState.READY and task.id in self.tasks:
                self._step(task)
        raise Stuck("流程在没有人办理的环节之间不停循环，已停止。请检查流程图中的回路。")

    def take_changes(self) -> list[Change]:
        """Give what happened since the last call."""
        changes, self.changes = self.changes, []
        return changes

    def dump(self) -> str:
        """Write all live tokens as text, in their order."""
        return _text(self.tasks.values())

    def take_pages(self) -> dict[int, str]:
        """Give the pages on which something has changed since the last call, as text."""
        touched = self.pages.take_touched()
        return {page: _text(self.tasks[token] for token in tokens) for page, tokens in touched.items()}

    def restore(self, pages: Mapping[int, str]) -> None:
        """Put the saved tokens back, in their order."""
        rows = [(row, page) for page, text in pages.items() for row in json.loads(text)]
        for page in pages:
            self.pages.put_back(page, (row["id"] for row, at in rows if at == page))
        for row, _page in sorted(rows, key=lambda found: int(found[0]["number"])):
            data = {**DEFAULTS, **row}
            name = data.pop("node") + (ITERATION if data["iterating"] else "")
            task = _Token(self, self.spec.task_specs[name], state=data.pop("state"), id=data.pop("id"))
            task.internal_data.update(data, frames=tuple(data["frames"]))
            self._enlist(task)
            self._count = data["number"] + 1

    def rest(self) -> None:
        """Let go of the host while nobody acts."""
        self.host = cast(Host, None)

    # What steps ask

    def place(
        self,
        node: Node,
        container: str,
        frames: tuple[str, ...],
        via: str = "",
        guards: str = "",
        index: int | None = None,
    ) -> Token:
        """Put a token on a node and let it arrive; `index` counts an iteration."""
        if len(self.tasks) >= LIVE_LIMIT:
            raise Stuck(f"同时进行的环节超过{LIVE_LIMIT}个，已停止。", node.id)
        iterating = index is not None
        spec = self.spec.task_specs[node.id + (ITERATION if iterating else "")]
        task = _Token(self, spec, state=TaskState.FUTURE, id=self.host.new_id())
        # Each of several instances has variables of its own; the rounds of a loop share those around it.
        frames = (task.id, *frames) if iterating and node.multi else frames
        task.internal_data.update(
            container=container, frames=frames, via=via, guards=guards, index=index, iterating=iterating, count=0
        )
        task.internal_data["number"], self._count = self._count, self._count + 1
        self.pages.add(task.id)
        self._enlist(task)
        spec._update(task)
        token = _token(task)
        self.changes.append(Change("entered", token))
        if not iterating:
            for boundary in self.diagram.boundaries(node.id):
                self.place(boundary, container, frames, guards=task.id)
        return token

    def leave(self, task: Task, flows: Sequence[str]) -> None:
        """Let a completed token go on along `flows`, or end where it is."""
        data = task.internal_data
        self._unguard(task.id)
        self.forget(task, "completed")
        if data["guards"] and task.task_spec.node.interrupting:
            self._cancel(self.tasks.get(data["guards"]))
        for name in flows:
            flow = self.diagram.flows[name]
            self.place(self.diagram.nodes[flow.target], data["container"], data["frames"], via=name)
        if data["iterating"]:
            outer = self.tasks[data["container"]]
            cast(RepeatStep, outer.task_spec).go_on(outer, task)
        else:
            self._end_container(data["container"])

    def forget(self, task: Task, kind: Literal["completed", "cancelled"]) -> None:
        """Drop a token that is finished."""
        data = task.internal_data
        del self.tasks[task.id], self._inside[data["container"]][task.id]
        self.pages.drop(task.id)
        self._guards.get(data["guards"], {}).pop(task.id, None)
        self.changes.append(Change(kind, _token(task)))

    def inside(self, container: str) -> list[Task]:
        """Give what lives in a scope, oldest first."""
        return list(self._inside.get(container, {}).values())

    def at(self, spec: Step, container: str) -> list[Task]:
        """Give the tokens that wait at one node of one scope, oldest first."""
        return [task for task in self.inside(container) if task.task_spec is spec and task._state == TaskState.WAITING]

    def clear(self, container: str, but: Task | None = None) -> None:
        """Cancel all that lives in a scope."""
        for task in self.inside(container):
            if task is not but:
                self._cancel(task)

    # How it works

    def _enlist(self, task: Task) -> None:
        data = task.internal_data
        self._inside.setdefault(data["container"], {})[task.id] = task
        if data["guards"]:
            self._guards.setdefault(data["guards"], {})[task.id] = task

    def _step(self, task: Task) -> None:
        try:
            task.run()
        except (Stuck, ExpressionError) as error:
            if task.id not in self.tasks:
                raise _stuck(task, error) from error
            # Not waiting: what waits at a join is taken along by the next that comes.
            task._set_state(TaskState.STARTED)
            self.changes.append(Change("stuck", _token(task), str(error)))

    def _fire(self, task: Task) -> None:
        task._set_state(TaskState.READY)
        task.run()

    def _cancel(self, task: Task | None) -> None:
        if task is None or task.id not in self.tasks:
            return
        self.clear(task.id)
        self._unguard(task.id)
        self.host.drop(task.id)
        if task.task_spec.node.loop:
            self.host.drop(counter(task.id))
        task.cancel()

    def _unguard(self, guarded: str) -> None:
        for task in list(self._guards.get(guarded, {}).values()):
            task.cancel()

    def _end_container(self, container: str) -> None:
        outer = self.tasks.get(container)
        if outer is not None and not self._inside.get(container):
            outer.complete()


def _stuck(task: Task, error: Exception) -> Stuck:
    """Say what keeps a token from going on once it has left its place: the whole act is undone."""
    node = task.task_spec.node
    return Stuck(f"“{node.name or node.id}”之后不能继续：{error}", node.id)


STATES: dict[int, Literal["ready", "waiting", "started"]] = {
    TaskState.WAITING: "waiting",
    TaskState.STARTED: "started",
}


def _token(task: Task) -> Token:
    data = task.internal_data
    return Token(
        task.id,
        task.task_spec.node,
        STATES.get(task._state, "ready"),
        data["container"],
        data["frames"],
        data["index"],
        data["via"],
        data["guards"],
        data["iterating"],
    )


def _text(tasks: Iterable[Task]) -> str:
    return json.dumps([_saved(task) for task in tasks], ensure_ascii=False, separators=(",", ":"))


def _saved(task: Task) -> dict[str, Any]:
    data = task.internal_data
    told = {name: data[name] for name, value in DEFAULTS.items() if data[name] != value}
    place = {"container": data["container"], "frames": list(data["frames"]), "number": data["number"]}
    return {"id": task.id, "node": task.task_spec.node.id, "state": task._state, **place, **told}
