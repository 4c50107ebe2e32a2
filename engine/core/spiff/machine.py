"""Run an instance's tokens from a ready queue until every one of them waits."""

import json
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Literal, cast

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from engine.core.diagram import AWAITED, Node, Trigger
from engine.core.expressions import ExpressionError
from engine.core.pages import Pages
from engine.core.spiff import events, joins
from engine.core.spiff.program import ITERATION, Program
from engine.core.spiff.repeats import RepeatStep
from engine.core.spiff.steps import InclusiveStep, JoinStep, PersonStep, Step, ThrowStep, WaitStep
from engine.core.tokens import LIVE_LIMIT, Change, Host, Token, counter
from engine.ground import compact
from engine.ground.errors import Stuck

STEP_LIMIT = 5_000
"""Steps of one act: past it the diagram goes round in circles without waiting for anybody."""

DEFAULTS: dict[str, Any] = {
    "via": "",
    "guards": "",
    "race": "",
    "index": None,
    "iterating": False,
    "count": 0,
    "held": False,
}
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
        self.escaped: list[Trigger] = []
        self.seen = -1
        self.cleared: Counter[str] = Counter()
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

    def begin(self, start: str = "") -> None:
        """Put the first token on a start event, by default on the one that waits for nothing.

        Raises:
            Stuck: there is none.
        """
        node = self.diagram.nodes.get(start) or self.diagram.start()
        if node is None:
            raise Stuck("这个流程只能由定时、消息或信号开始，不能由人或其他流程发起。")
        self.open(node, "", ())

    @property
    def tokens(self) -> list[Token]:
        """Show every live token."""
        return [self.token(task) for task in self.tasks.values()]

    def find(self, token_id: str) -> Token | None:
        """Show one live token."""
        task = self.tasks.get(token_id)
        return self.token(task) if task is not None else None

    def finish(self, token_id: str, stays: bool = False) -> None:
        """Complete what a token waited for: a person, a function, a child, an event that may come again (`stays`).

        Raises:
            Stuck: the token is gone, or it does not wait.
        """
        task = self.tasks.get(token_id)
        if task is None or task._state not in (TaskState.READY, TaskState.WAITING, TaskState.STARTED):
            raise Stuck("这个环节已经不在等待。")
        try:
            if isinstance(task.task_spec, WaitStep):
                self.fire(task, stays)
            elif isinstance(task.task_spec, PersonStep):
                task.run()
            else:
                task.complete()
        except ExpressionError as error:
            raise _stuck(task, error) from error

    def fail(self, token_id: str, thrown: Trigger) -> bool:
        """Let an error or escalation come out of an activity; tell whether somebody takes it, here or above."""
        return events.raise_at(self, self.tasks[token_id], thrown)

    def resume(self, token_id: str) -> None:
        """Try a stuck token again."""
        task = self.tasks[token_id]
        if isinstance(task.task_spec, WaitStep):
            task._set_state(TaskState.WAITING)
            self.seen = -1
        elif isinstance(task.task_spec, JoinStep | InclusiveStep) and not task.internal_data["held"]:
            task.task_spec._update(task)
        else:
            task._set_state(TaskState.READY)
            self.ready.append(task)

    def put_back(self, gone: str, node_id: str) -> Token:
        """Take the token `gone` away and put one on an earlier node of the same scope (withdrawal)."""
        task = self.tasks[gone]
        container, frames = task.internal_data["container"], task.internal_data["frames"]
        task.cancel()
        return self.token(self.put(self.diagram.nodes[node_id], container, frames))

    def cancel_all(self) -> None:
        """Cancel every token."""
        self.clear("")

    def run(self) -> None:
        """Step from the ready queue until everything waits."""
        for _ in range(STEP_LIMIT):
            if self.program.asks and self.seen != self.host.changes:
                events.look(self)
            if not self.ready and not joins.release(self):
                self._tell_starved()
                return
            task = self.ready.popleft()
            if task._state == TaskState.READY and task.id in self.tasks:
                self._step(task)
        raise Stuck("流程在没有人办理的环节之间不停循环，已停止。请检查流程图中的回路。")

    def token(self, task: Task) -> Token:
        """Show a token as plain data."""
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
            data["race"],
            data["iterating"],
        )

    def take_changes(self) -> list[Change]:
        """Give what happened since the last call."""
        changes, self.changes = self.changes, []
        self.cleared.clear()
        return changes

    def take_escaped(self) -> list[Trigger]:
        """Give the errors and escalations that nobody took since the last call."""
        escaped, self.escaped = self.escaped, []
        return escaped

    def dump(self) -> str:
        """Write all live tokens as text, in their order."""
        return _page(_text(task) for task in self.tasks.values())

    def take_pages(self) -> dict[int, str]:
        """Give the pages on which something has changed since the last call, as text."""
        touched = self.pages.take_touched(lambda token: _text(self.tasks[token]))
        return {page: _page(texts) for page, texts in touched.items()}

    def restore(self, pages: Mapping[int, str]) -> None:
        """Put the saved tokens back, in their order."""
        rows: list[dict[str, Any]] = []
        for page, text in pages.items():
            found = json.loads(text)
            self.pages.put_back(page, [row["id"] for row in found])
            rows += found
        for row in sorted(rows, key=itemgetter("number")):
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

    def open(self, start: Node, container: str, frames: tuple[str, ...]) -> None:
        """Begin a scope: what stands by for events first, then the first token."""
        for handler in self.program.handlers.get(start.scope, ()):
            if handler.event in AWAITED:
                self.put(handler, container, frames)
        self.put(start, container, frames)

    def put(
        self,
        node: Node,
        container: str,
        frames: tuple[str, ...],
        via: str = "",
        guards: str = "",
        race: str = "",
        index: int | None = None,
    ) -> Task:
        """Put a token on a node and let it arrive; `index` counts an iteration."""
        if len(self.tasks) >= LIVE_LIMIT:
            raise Stuck(f"同时进行的环节超过{LIVE_LIMIT}个，已停止。", node.id)
        iterating = index is not None
        spec = self.spec.task_specs[node.id + (ITERATION if iterating else "")]
        task = _Token(self, spec, state=TaskState.FUTURE, id=self.host.new_id())
        # Each of several instances has variables of its own; the rounds of a loop share those around it.
        frames = (task.id, *frames) if iterating and node.multi else frames
        data = {"container": container, "frames": frames, "via": via, "guards": guards, "race": race, "index": index}
        task.internal_data.update(DEFAULTS, **data, iterating=iterating, number=self._count)
        self._count += 1
        self.pages.add(task.id)
        self._enlist(task)
        spec._update(task)
        self.changes.append(Change("entered", self.token(task)))
        if not iterating:
            for boundary in self.program.boundaries.get(node.id, ()):
                self.put(boundary, container, frames, guards=task.id)
        if node.event == "condition":
            self.seen = -1
        return task

    def leave(self, task: Task, flows: Sequence[str]) -> None:
        """Let a completed token bring about what its node throws, and go on along `flows`, or end where it is."""
        data, node = task.internal_data, task.task_spec.node
        container = data["container"]
        self._unguard(task.id)
        self.forget(task, "completed")
        if data["guards"] and node.interrupting:
            self._cancel(self.tasks.get(data["guards"]))
        if data["race"]:
            self._end_race(data["race"], container)
        if isinstance(task.task_spec, ThrowStep):
            before = self.cleared[container]
            events.throw(self, task)
            if self.cleared[container] != before:
                # What caught it has taken the place of everything here.
                return
        for name in flows:
            flow = self.diagram.flows[name]
            self.put(self.diagram.nodes[flow.target], container, data["frames"], via=name)
        if data["iterating"]:
            outer = self.tasks[container]
            cast(RepeatStep, outer.task_spec).go_on(outer, task)
        else:
            self._end_container(container)

    def fire(self, task: Task, stays: bool = False) -> None:
        """Let an event come to what waits for it, before all else; if that stays, one like it goes on in its place."""
        data, node = task.internal_data, task.task_spec.node
        later, self.ready = self.ready, deque()
        if stays:
            task = self.put(node, data["container"], data["frames"], guards=data["guards"])
        task._set_state(TaskState.READY)
        task.run()
        self.ready.extend(later)

    def forget(self, task: Task, kind: Literal["completed", "cancelled"]) -> None:
        """Drop a token that is finished."""
        data = task.internal_data
        del self.tasks[task.id], self._inside[data["container"]][task.id]
        self.pages.drop(task.id)
        self._guards.get(data["guards"], {}).pop(task.id, None)
        self.changes.append(Change(kind, self.token(task)))

    def inside(self, container: str) -> list[Task]:
        """Give what lives in a scope, oldest first."""
        return list(self._inside.get(container, {}).values())

    def surrounds(self, task: Task) -> bool:
        """Tell whether anything lives in the scope that a token has opened."""
        return bool(self._inside.get(task.id))

    def is_taken(self, task: Task) -> bool:
        """Tell whether somebody takes what a token throws, where that is needed."""
        return events.is_taken(self, task)

    def guards(self, guarded: str) -> list[Task]:
        """Give the boundary events that stand ready at an activity."""
        return list(self._guards.get(guarded, {}).values())

    def at(self, spec: Step, container: str) -> list[Task]:
        """Give the tokens that wait at one node of one scope, oldest first."""
        return [task for task in self.inside(container) if task.task_spec is spec and task._state == TaskState.WAITING]

    def clear(self, container: str, but: Task | None = None) -> None:
        """Cancel all that lives in a scope."""
        self.cleared[container] += 1
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
            self.changes.append(Change("stuck", self.token(task), str(error)))

    def _tell_starved(self) -> None:
        starved = joins.starved(self)
        if starved is not None:
            lacking = joins.lack(self, starved)
            starved._set_state(TaskState.STARTED)
            self.changes.append(Change("stuck", self.token(starved), lacking))

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
        for task in self.guards(guarded):
            task.cancel()

    def _end_race(self, race: str, container: str) -> None:
        for task in self.inside(container):
            if task.internal_data["race"] == race:
                task.cancel()

    def _end_container(self, container: str) -> None:
        """End a scope in which nothing is left but what stands by for events."""
        if not all(events.is_armed(task) for task in self._inside.get(container, {}).values()):
            return
        for task in self.inside(container):
            task.cancel()
        outer = self.tasks.get(container)
        if outer is not None:
            outer.complete()


def _stuck(task: Task, error: Exception) -> Stuck:
    """Say what keeps a token from going on once it has left its place: the whole act is undone."""
    node = task.task_spec.node
    return Stuck(f"“{node.name or node.id}”之后不能继续：{error}", node.id)


STATES: dict[int, Literal["ready", "waiting", "started"]] = {
    TaskState.WAITING: "waiting",
    TaskState.STARTED: "started",
}


def _page(texts: Iterable[str]) -> str:
    return f"[{','.join(texts)}]"


def _text(task: Task) -> str:
    data = task.internal_data
    told = {name: data[name] for name, value in DEFAULTS.items() if data[name] != value}
    place = {"container": data["container"], "frames": list(data["frames"]), "number": data["number"]}
    saved = {"id": task.id, "node": task.task_spec.node.id, "state": task._state, **place, **told}
    return compact.write(saved)
