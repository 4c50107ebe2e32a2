"""A small organization for engine tests, and the short words in which tests act."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine import definitions, instances, jobs, tasks
from engine.core import execution
from engine.core.catalogue import Definition
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM, Actor, Engine, Unit, new_id

DIAGRAMS = Path(__file__).parents[1] / "diagrams"
TABLES = {file.name: file.read_text(encoding="utf-8") for file in sorted(DIAGRAMS.glob("*.dmn"))}
POSTS = (
    "hr.staff", "hr.head", "red.staff", "red.head", "blue.staff", "blue.head",
    "group.leader", "group.deputy_1", "group.deputy_2", "group.secretary",
)  # fmt: skip
KINDS = {"group": "group", "hr": "department", "red": "institution", "blue": "institution"}
FORM = (
    '{"type":"default","id":"form","title":"表单","components":['
    '{"type":"textarea","key":"words","label":"意见","properties":{"opinion":"true"}},'
    '{"type":"button","action":"submit","key":"go","label":"同意","properties":{"outcome":"agree","style":"primary"}},'
    '{"type":"button","action":"submit","key":"back","label":"退回修改","properties":{"outcome":"return"}}]}'
)


@dataclass
class Office:
    """Hold an engine with people in it; `people` maps a post to who holds it."""

    engine: Engine
    people: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, engine: Engine) -> "Office":
        """Fill the organization: one person a post, and a second one in hr.staff."""
        office = cls(engine)
        with engine.transaction() as unit:
            for place, (code, kind) in enumerate(KINDS.items()):
                _insert(unit, "unit", code=code, name=f"单位{code}", kind=kind, ordinal=place, starts=date(2020, 1, 1))
            for place, reference in enumerate(POSTS):
                office._seat(unit, reference, place)
            office.people["hr.staff2"] = _hire(unit, "hr.staff", "hr.staff2")
        return office

    def _seat(self, unit: Unit, reference: str, place: int) -> None:
        code, _, post = reference.partition(".")
        unit_id = unit.connection.execute(select(model.unit.c.id).where(model.unit.c.code == code)).scalar_one()
        kind = post.partition("_")[0]
        fields = {"unit_id": unit_id, "code": post, "name": post, "kind": kind, "reference": reference}
        _insert(unit, "post", **fields, ordinal=place)
        self.people[reference] = _hire(unit, reference, reference)

    def appoint(self, post: str, whose: str) -> None:
        """Give a post to whoever holds another one, besides its holder."""
        with self.engine.transaction() as unit:
            post_id = unit.connection.execute(
                select(model.post.c.id).where(model.post.c.reference == post)
            ).scalar_one()
            _insert(unit, "holding", person_id=self.people[whose], post_id=post_id, starts=date(2020, 1, 1))

    def actor(self, post: str) -> Actor:
        """Act as the holder of a post."""
        return Actor(self.people[post], post.removesuffix("2") if post == "hr.staff2" else post)

    def begin(
        self, name: str, unit_code: str | None = None, forms: Mapping[str, str] | None = None, **variables: Any
    ) -> str:
        """Publish a diagram and start it by the machine, whoever may start it."""
        definition = self.publish(name, forms=forms)
        with self.engine.transaction() as unit:
            return execution.start(unit, definition, variables, SYSTEM, unit_code=unit_code).id

    def publish(self, *names: str, forms: Mapping[str, str] | None = None) -> Definition:
        """Publish tests/diagrams/<name>.bpmn for each name; give the last."""
        made: Definition | None = None
        for name in names:
            source = (DIAGRAMS / f"{name}.bpmn").read_bytes()
            with self.engine.transaction() as unit:
                made = definitions.publish(
                    unit, source, TABLES | dict(forms or {"form": FORM, "plan": FORM}), SYSTEM, own=("child", "p")
                )
        assert made is not None
        return made

    def start(self, key: str, post: str = "hr.staff", **values: Any) -> str:
        """Start a process as a post."""
        with self.engine.transaction() as unit:
            return instances.start(unit, key, self.actor(post), values)

    def open_tasks(self, instance_id: str | None = None) -> list[tasks.TaskRow]:
        """List every open task, oldest first."""
        table = model.task
        query = select(table, model.instance.c.title).join(model.instance, model.instance.c.id == table.c.instance_id)
        query = query.where(table.c.state == "open").order_by(table.c.created_at, table.c.id)
        if instance_id:
            query = query.where(table.c.instance_id == instance_id)
        with self.engine.reading() as unit:
            return [tasks._row(row) for row in unit.connection.execute(query)]

    def names(self, instance_id: str | None = None) -> list[str]:
        """Name the open tasks."""
        return sorted(row.name for row in self.open_tasks(instance_id))

    def do(self, name: str, post: str, outcome: str = "agree", index: int = 0, **values: Any) -> str:
        """Complete the open task of that name as a post."""
        row = [item for item in self.open_tasks() if item.name == name][index]
        with self.engine.transaction() as unit:
            revision = tasks.view(unit, row.id, self.people[post]).revision
            tasks.complete(unit, row.id, self.actor(post), values, outcome, revision)
        return row.id

    def claim(self, name: str, post: str = "hr.staff") -> tasks.TaskRow:
        """Claim the open task of that name."""
        row = next(item for item in self.open_tasks() if item.name == name)
        with self.engine.transaction() as unit:
            revision = tasks.view(unit, row.id, self.people[post]).revision
            tasks.claim(unit, row.id, self.actor(post), revision)
        return row

    def claim_and_do(self, name: str, outcome: str = "agree", post: str = "hr.staff") -> str:
        """Claim a task that several may do, and complete it."""
        self.claim(name, post)
        return self.do(name, post, outcome)

    def work(self) -> int:
        """Run what is due."""
        return jobs.run_due(self.engine)

    def wait(self, **duration: float) -> int:
        """Let time pass, then run what is due."""
        self.engine.clock.advance(timedelta(**duration))  # type: ignore[attr-defined]
        return self.work()

    def state(self, instance_id: str) -> tuple[str, str | None]:
        """Give an instance's state and outcome."""
        with self.engine.reading() as unit:
            row = unit.connection.execute(select(model.instance).where(model.instance.c.id == instance_id)).one()
            return row.state, row.outcome

    def trace(self, instance_id: str) -> list[str]:
        """List the nodes that completed, in order."""
        with self.engine.reading() as unit:
            seen = instances.view(unit, instance_id, "", ("audit",)).events
            return [event.envelope["activity"] for event in seen if event.kind == "activity.completed"]

    def variables(self, instance_id: str) -> dict[str, Any]:
        """Give an instance's own variables."""
        table = model.variable.c
        with self.engine.reading() as unit:
            query = select(model.variable).where(table.instance_id == instance_id, table.scope == "")
            return {row.name: row.value for row in unit.connection.execute(query)}


def _insert(unit: Unit, table: str, **fields: Any) -> str:
    row = {"id": new_id(), **fields}
    unit.connection.execute(model.metadata.tables[table].insert(), row)
    forget(unit)
    return str(row["id"])


def _hire(unit: Unit, reference: str, name: str) -> str:
    person = _insert(unit, "person", name=name)
    post = unit.connection.execute(select(model.post.c.id).where(model.post.c.reference == reference)).scalar_one()
    _insert(unit, "holding", person_id=person, post_id=post, starts=date(2020, 1, 1))
    return person


def forget(unit: Unit) -> None:
    """Let the engine read everything anew: a test changes it behind the engine's back."""
    _forget(unit.engine)
    unit.after_commit(partial(_forget, unit.engine))


def _forget(engine: Engine) -> None:
    engine.settled.clear()
    engine.memory = None
