"""Walk a tiny diagram as its comment says, and tell which way it went.

`<!-- walk: start x=1, do a=return, wait 5d -> s a ×b late e completed x=2 -->`: acts, then what completed, in order
(`×` was cancelled, `!` got stuck), the instance's state, and variables at the end.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine import instances, messages, tasks
from engine.core import execution
from engine.core.seats import holders
from engine.core.variables import decode
from engine.ground import model
from engine.ground.errors import ProcessError
from engine.ground.unit_of_work import SYSTEM, Actor, Call, Result
from tests.engine.office import DIAGRAMS, Office

COMMENT = re.compile(r"<!-- walk: ?(.*?) ?-> (.*?) -->")
ROWS = re.compile("messageEvent|signalEvent|timerEvent|Task messageRef|callActivity|serviceTask|isSequential")
"""What makes rows of its own beside a user task's."""
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True)
class Walk:
    """Hold what a diagram's comment says; `rows` tells whether it uses the database in a way of its own."""

    name: str
    acts: tuple[tuple[str, ...], ...]
    told: str
    rows: bool


def walks() -> list[Walk]:
    """Read the comment of every tiny diagram that has one."""
    return [walk for file in sorted(DIAGRAMS.glob("*.bpmn")) for walk in read(file)]


def read(file: Path) -> Iterator[Walk]:
    """Read the comments of one diagram."""
    text = file.read_text(encoding="utf-8", errors="replace")
    rows = bool(ROWS.search(text))
    for acts, told in COMMENT.findall(text):
        yield Walk(file.stem, tuple(tuple(act.split()) for act in acts.split(",") if act.strip()), told, rows)


class Walker:
    """Do what a walk says, in an office of its own."""

    def __init__(self, office: Office, walk: Walk, key: str = "key") -> None:
        self.office, self.walk, self.key = office, walk, key
        self.instance = ""
        self.by_event = False
        office.engine.functions["record"] = lambda call: self.record(call)

    def record(self, call: Call) -> Result:
        """Be the function that service tasks name."""
        if call.variables.get("fails"):
            raise ProcessError(str(call.variables["fails"]), "函数出错")
        return Result(variables={"made": "yes"})

    def go(self) -> str:
        """Do everything; tell the way, the state and the variables asked for."""
        self.act(*self.walk.acts)
        if not self.instance and not self.by_event:
            self.start()
        elif not self.instance:
            self.find()
        self.office.work()
        return self.told()

    def act(self, *acts: tuple[str, ...]) -> None:
        """Do these acts, and what they make due; where none of them starts it, it is started first."""
        for act in acts:
            if not self.instance and not self.by_event and act[0] not in ("publish", "start"):
                self.start()
            getattr(self, act[0])(*act[1:])
            self.office.work()

    # Acts

    def publish(self, name: str) -> None:
        """Publish another diagram first, or this one, which then an event starts."""
        self.office.publish(name)
        self.by_event = self.by_event or name == self.walk.name

    def start(self, *given: str) -> None:
        """Start it, with variables."""
        definition = self.office.publish(self.walk.name)
        with self.office.engine.transaction() as unit:
            self.instance = execution.start(unit, definition, values(given), SYSTEM, business_key=self.key).id

    def do(self, what: str) -> None:
        """Complete the oldest open task at a node, `node=outcome`."""
        node, _, outcome = what.partition("=")
        with self.office.engine.transaction() as unit:
            table = model.task.c
            query = select(model.task).where(table.activity_id == node, table.state == "open")
            if self.instance:
                family = select(model.instance.c.id).where(model.instance.c.root_id == self.instance)
                query = query.where(table.instance_id.in_(family))
            row = unit.connection.execute(query.order_by(table.created_at, table.id)).first()
            assert row is not None, f"nobody is asked to do {node}"
            actor = Actor(sorted(holders(unit, row))[0], row.candidates[0])
            tasks.complete(unit, row.id, actor, {}, outcome or "agree", row.revision)

    def wait(self, time: str) -> None:
        """Let time pass: 5d, 2h."""
        self.office.wait(**{UNITS[time[-1]]: float(time[:-1])})

    def message(self, name: str, key: str, *given: str) -> None:
        """Send a message from outside; `key` is that of the instance, whatever it is."""
        with self.office.engine.transaction() as unit:
            messages.correlate(unit, name, self.key if key == "key" else key, values(given), SYSTEM)

    def signal(self, name: str, *given: str) -> None:
        """Give a signal from outside."""
        with self.office.engine.transaction() as unit:
            messages.signal(unit, name, values(given), SYSTEM)

    # What was seen

    def find(self) -> None:
        """Find the one instance that an event started."""
        with self.office.engine.reading() as unit:
            table = model.instance.c
            query = select(table.id).where(table.parent_id.is_(None)).order_by(table.started_at, table.id)
            self.instance = unit.connection.execute(query).scalars().first() or ""

    def told(self) -> str:
        """Tell the way, the state and the variables that the comment names."""
        asked = [word.split("=")[0] for word in self.walk.told.split() if "=" in word]
        kept = self.office.variables(self.instance)
        shown = [f"{name}={json.dumps(kept.get(name), separators=(',', ':'))}" for name in asked]
        return " ".join([*self.way(), self.office.state(self.instance)[0], *shown])

    def way(self) -> list[str]:
        """Name what completed, was cancelled or got stuck, in order; events that only stood by are left out."""
        marks = {"activity.completed": "", "activity.cancelled": "×", "activity.stuck": "!"}
        with self.office.engine.reading() as unit:
            view = instances.view(unit, self.instance, "", ("audit",))
        nodes = view.definition.diagram.nodes
        told = [(marks[event.kind], event.envelope["activity"]) for event in view.events if event.kind in marks]
        beside = ("boundary", "handler")
        return [mark + name for mark, name in told if not (mark == "×" and nodes[name].kind in beside)]


def values(given: tuple[str, ...]) -> dict[str, Any]:
    """Read `name=json`."""
    pairs = (each.split("=", 1) for each in given)
    return {name: decode(json.loads(text)) for name, text in pairs}
