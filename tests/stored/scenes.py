"""The scenes whose states are stored: the office of the demo in mid-year, and tiny diagrams left half-way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from engine.ground import model
from engine.ground.clock import FixedClock
from engine.ground.migrations import migrate
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine
from tests.engine.conftest import MONDAY
from tests.engine.office import Office
from tests.engine.walks import Walk, Walker, walks
from web import app, demo
from workflows.stage import Stage

WAITS = (
    "runs_signal_handler_non_interrupting", "runs_condition_boundary", "runs_condition_non_interrupting",
    "runs_error_call_many", "runs_error_handler_in_subprocess", "runs_escalation_call", "runs_event_based",
    "runs_event_based_beside", "runs_inclusive", "runs_inclusive_in_iterations", "runs_link", "runs_loop_call",
    "runs_message_boundary", "runs_message_early", "runs_message_handler_non_interrupting",
    "runs_multi_call_sequential", "runs_multi_counts", "runs_multi_subprocess_sequential",
    "runs_transaction_cancel_from_inside", "runs_timer_handler",
)  # fmt: skip
"""Diagrams of which an instance is left one act before the end of their walk.

What hears a signal comes first, what waits for time last.
"""


def settings(database_url: str, folder: Path) -> Settings:
    """Give the settings of a house on a database."""
    environment = {"SUIXU_DATA": str(folder), "SUIXU_DATABASE_URL": database_url, "SUIXU_SECRET_KEY": "0" * 64}
    return Settings.from_environment(environment)


def tell_office(database_url: str, folder: Path) -> dict[str, str]:
    """Fill a database with the office of the demo."""
    demo.build(settings(database_url, folder), "demo-password")
    return {}


@contextmanager
def office(database_url: str, folder: Path) -> Iterator[Stage]:
    """Let the people of the demo go on."""
    clock = FixedClock(demo.NOW)
    engine = app.create_engine(settings(database_url, folder), clock)
    with engine.reading() as unit:
        accounts = unit.connection.execute(select(model.account.c.login, model.account.c.person_id))
        people = {row.login: row.person_id for row in accounts}
    yield Stage(engine, clock, people)
    engine.close()


def tell_waits(database_url: str, folder: Path) -> dict[str, str]:
    """Leave an instance of every chosen diagram half-way; give the instances by diagram."""
    migrate(database_url)
    engine = Engine(settings(database_url, folder), FixedClock(MONDAY))
    small = Office.open(engine)
    walkers = [Walker(small, walk, walk.name) for walk in chosen()]
    for walker in walkers:
        walker.act(*walker.walk.acts[:-1])
        if not walker.instance:
            walker.start()
            small.work()
    engine.close()
    return {walker.walk.name: walker.instance for walker in walkers}


@contextmanager
def waits(database_url: str, folder: Path, about: dict[str, str]) -> Iterator[list[Walker]]:
    """Give the walkers who stand half-way, each with one act to do."""
    engine = Engine(settings(database_url, folder), FixedClock(MONDAY))
    small = Office(engine, _people(engine))
    walkers = []
    for walk in chosen():
        walkers.append(walker := Walker(small, walk, walk.name))
        walker.instance = about[walk.name]
    yield walkers
    engine.close()


def chosen() -> list[Walk]:
    """Give the first walk of every chosen diagram, in the order of the choice."""
    first: dict[str, Walk] = {}
    for walk in walks():
        first.setdefault(walk.name, walk)
    return [first[name] for name in WAITS]


def _people(engine: Engine) -> dict[str, str]:
    with engine.reading() as unit:
        person = model.person.c
        return {row.name: row.id for row in unit.connection.execute(select(person.name, person.id))}
