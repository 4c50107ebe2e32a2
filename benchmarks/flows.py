"""Measure whole flows as a program does them: start, list, complete, list, complete over the API, of a real server."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from typing import Any

from sqlalchemy import func, select, update

from benchmarks import drawings
from benchmarks.figures import Figure, seconds
from benchmarks.houses import House
from engine import accounts, definitions, personal_tokens, records
from engine.ground import model
from engine.ground.clock import SystemClock
from engine.ground.unit_of_work import SYSTEM, Actor, Engine, new_id
from tests.engine.office import FORM

CLIENTS = (1, 4)
FIRST, SECOND = "hr.head", "red.head"
REQUESTS, COMMITS = 5, 3
"""What a flow cannot do without: five answers, three of which need a commit."""

PASSWORD = "Suixu-Bench-2026"
OPENING = 60.0


def measure(house: House, flows: int) -> Iterator[Figure]:
    """Measure `flows` flows by one client after the other and by four at once, each against its floor."""
    # The server has the machine's clock, so what is prepared for it has it too.
    engine = Engine(house.engine.settings, SystemClock())
    engine.watchers.clear()
    try:
        with engine.transaction() as unit:
            definitions.publish(unit, drawings.pair(FIRST), {"form": FORM}, SYSTEM)
        tokens = [_token(engine, house.office.people[post], post) for post in (FIRST, SECOND)]
        with _served(engine) as port:
            for clients in CLIENTS:
                took = _by(clients, flows, port, partial(_flow, tokens=tokens))
                floor = _by(clients, flows, port, partial(_floor, engine=engine))
                note = f"{took / floor:.1f} × its floor: {REQUESTS} empty requests and {COMMITS} commits"
                yield Figure(f"flows_per_second_{clients}", house.kind, round(flows / took, 1), "/s", note=note)
        _demand_done(engine, flows * len(CLIENTS))
    finally:
        engine.close()


def _token(engine: Engine, person_id: str, login: str) -> str:
    initial = accounts.prepare(login, PASSWORD, must_change=False)
    with engine.transaction() as unit:
        account_id = accounts.create_prepared(unit, person_id, initial, (), SYSTEM)
        until = unit.today + timedelta(days=30)
        return personal_tokens.issue(unit, account_id, "bench", ("read", "act"), until, Actor(person_id))[1]


@contextmanager
def _served(engine: Engine) -> Iterator[int]:
    """Run `suixu serve` on the engine's database in a process of its own."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    given = engine.settings
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SUIXU_")}
    own = {"DATA": str(given.data), "DATABASE_URL": given.database_url, "SECRET_KEY": "0" * 64}
    process = subprocess.Popen(
        [sys.executable, "-m", "web.cli", "serve"],
        env={**kept, **{f"SUIXU_{name}": value for name, value in own.items()}, "PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None and process.stdout.readline(), "the server did not open"
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=OPENING)


def _by(clients: int, flows: int, port: int, flow: Callable[[HTTPConnection], object]) -> float:
    """Give the seconds that `flows` flows take, shared out among clients that each keep their line open."""

    def work(count: int) -> None:
        line = HTTPConnection("127.0.0.1", port)
        for _ in range(count):
            flow(line)
        line.close()

    shares = [flows // clients + (number < flows % clients) for number in range(clients)]
    work(1)
    with ThreadPoolExecutor(clients) as pool:
        return seconds(lambda: list(pool.map(work, shares)))


def _flow(line: HTTPConnection, tokens: list[str]) -> None:
    instance_id = _ask(line, tokens[0], "POST", "/definitions/pair/start", {})["id"]
    for token in tokens:
        waiting = _ask(line, token, "GET", "/tasks?limit=200")["items"]
        task_id = next(row["id"] for row in waiting if row["instance_id"] == instance_id)
        done = {"revision": 1, "outcome": "agree", "values": {"words": "同意"}}
        _ask(line, token, "POST", f"/tasks/{task_id}/complete", done)


def _ask(line: HTTPConnection, token: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    line.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
    answer = line.getresponse()
    text = answer.read()
    assert answer.status in (200, 201), text.decode()
    return json.loads(text)


def _floor(line: HTTPConnection, engine: Engine) -> None:
    table = model.definition
    for number in range(REQUESTS):
        line.request("GET", "/healthz")
        line.getresponse().read()
        if number < COMMITS:
            with engine.database.writing() as connection:
                connection.execute(update(table).values(note=new_id()))


def _demand_done(engine: Engine, flows: int) -> None:
    """Demand that every flow ended, with its whole history."""
    table = model.event.c
    query = select(func.count()).where(table.kind == "instance.completed")
    with engine.reading() as unit:
        done = unit.connection.execute(query).scalar_one()
    # And the one more of each round that warms the server up.
    assert done == flows + len(CLIENTS), f"{done} of {flows} flows have ended"
    assert records.verify(engine).whole
