"""Let people of a filled organization act one after the other, through the engine's own acts, with jobs in between."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from engine import documents, instances, jobs, tasks
from engine.ground.clock import ZONE, FixedClock, local
from engine.ground.errors import NotFound
from engine.ground.unit_of_work import Actor, Engine, Unit

MORNING = time(9, 0)
MOST_TASKS = 500


@dataclass
class Stage:
    """Hold the engine, the clock that may be moved, and the persons by login."""

    engine: Engine
    clock: FixedClock
    people: Mapping[str, str]

    def go_to(self, day: date, at: time = MORNING) -> None:
        """Let time pass until a moment, doing each morning what falls due."""
        goal = datetime.combine(day, at, ZONE)
        while local(self.clock.moment).date() < day:
            following = local(self.clock.moment).date() + timedelta(days=1)
            self.clock.move_to(datetime.combine(following, MORNING, ZONE))
            self.work()
        if goal > self.clock.moment:
            self.clock.move_to(goal)
        self.work()

    def work(self) -> None:
        """Do what is due, and what that makes due at once."""
        while jobs.run_due(self.engine):
            pass

    def start(self, login: str, key: str, **values: Any) -> str:
        """Start a process."""
        with self.engine.transaction() as unit:
            instance_id = instances.start(unit, key, Actor(self.people[login]), values)
        self.work()
        return instance_id

    def do(self, login: str, name: str, outcome: str, about: str = "", /, **values: Any) -> None:
        """Complete a task on what the form shows, with these values on top."""
        actor = Actor(self.people[login])
        with self.engine.transaction() as unit:
            seen = self._taken(unit, login, name, about)
            tasks.complete(unit, seen.id, actor, {**seen.values, **values}, outcome, seen.revision)
        self.work()

    def save(self, login: str, name: str, about: str = "", **values: Any) -> None:
        """Leave a draft."""
        with self.engine.transaction() as unit:
            seen = self._taken(unit, login, name, about)
            tasks.save(unit, seen.id, Actor(self.people[login]), {**seen.values, **values}, seen.revision)

    def attach(self, login: str, name: str, file_name: str, content: bytes, about: str = "") -> str:
        """Upload a file to the instance of a task; give the document's id."""
        stored = documents.store(self.engine, file_name, BytesIO(content))
        with self.engine.transaction() as unit:
            row = self._find(unit, login, name, about)
            return documents.add_file(unit, row.instance_id, stored, Actor(self.people[login]))

    def waits(self, login: str, name: str, about: str = "") -> bool:
        """Tell whether a task waits for someone."""
        with self.engine.reading() as unit:
            return any(self._is(row, name, about) for row in tasks.inbox(unit, self.people[login], limit=MOST_TASKS))

    def _taken(self, unit: Unit, login: str, name: str, about: str) -> tasks.TaskView:
        row, person_id = self._find(unit, login, name, about), self.people[login]
        seen = tasks.view(unit, row.id, person_id)
        if "complete" not in seen.may:
            tasks.claim(unit, row.id, Actor(person_id), seen.revision)
            seen = tasks.view(unit, row.id, person_id)
        return seen

    def _find(self, unit: Unit, login: str, name: str, about: str) -> tasks.TaskRow:
        for row in tasks.inbox(unit, self.people[login], limit=MOST_TASKS):
            if self._is(row, name, about):
                return row
        raise NotFound(f"{login}没有“{about}”的待办“{name}”。")

    @staticmethod
    def _is(row: tasks.TaskRow, name: str, about: str) -> bool:
        return row.name == name and about in row.title
