"""Measure the first page of an inbox among a great many tasks: the query, and the whole page over HTTP."""

import logging
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

from sqlalchemy import Table, insert, text
from werkzeug.serving import make_server

from benchmarks import drawings
from benchmarks.figures import Figure, at_most, p95, seconds
from benchmarks.houses import MONDAY, House
from engine import accounts, people, tasks
from engine.core import catalogue, execution
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM, new_id
from tests.web.browsing import Visit
from web.app import create_app

QUERY_MS, PAGE_MS = 10, 50
POSTS, HELD = 200, 5
CHUNK = 5_000
LOGIN, PASSWORD = "reader", "Suixu-Bench-2026"


def measure(house: House, total: int, waiting: int, rounds: int) -> Iterator[Figure]:
    """Measure inboxes among `total` tasks of which `waiting` are open, for a person in 5 of 200 posts."""
    person_id = _settle(house)
    _fill(house, total, waiting)
    note = f"{total} tasks, {waiting} open"
    yield at_most("inbox_query_p95_ms", house.kind, _query(house, person_id, rounds), "ms", QUERY_MS, note)
    yield at_most("inbox_page_p95_ms", house.kind, _page(house, rounds), "ms", PAGE_MS, note)


def _settle(house: House) -> str:
    """Make the posts, and one person with an account in some of them."""
    initial = accounts.prepare(LOGIN, PASSWORD, must_change=False)
    with house.engine.transaction() as unit:
        people.add_unit(unit, "bench", "被测单位", "department", SYSTEM, starts=MONDAY.date())
        for number in range(POSTS):
            people.add_post(unit, "bench", f"p{number}", f"岗位{number}", "staff", SYSTEM)
        person_id = people.add_person(unit, "被测人员", SYSTEM)
        for number in range(HELD):
            people.appoint(unit, person_id, f"bench.p{number}", MONDAY.date(), SYSTEM)
        accounts.create_prepared(unit, person_id, initial, (), SYSTEM)
    return person_id


def _fill(house: House, total: int, waiting: int) -> None:
    house.publish(drawings.pair())
    with house.engine.transaction() as unit:
        instance_id = execution.start(unit, catalogue.latest(unit, "pair"), {}, SYSTEM).id
    chance = random.Random(1)
    for start in range(0, total, CHUNK):
        numbers = range(start, min(start + CHUNK, total))
        rows = [_row(instance_id, chance, number < waiting) for number in numbers]
        with house.engine.database.writing() as connection:
            connection.execute(insert(model.task), rows)
            _place(connection, model.inbox, rows)
    with house.engine.database.writing() as connection:
        connection.execute(text("ANALYZE"))


def _row(instance_id: str, chance: random.Random, is_open: bool) -> dict[str, Any]:
    created = MONDAY - timedelta(minutes=chance.randrange(500_000))
    return {
        "id": new_id(),
        "instance_id": instance_id,
        "activity_id": "a",
        "name": "第一步",
        "form_key": "form",
        "state": "open" if is_open else "completed",
        "candidates": [f"bench.p{chance.randrange(POSTS)}"],
        "created_at": created,
        "due_at": created + timedelta(days=chance.randrange(1, 400)),
        "completed_at": None if is_open else created,
        "revision": 1,
    }


def _place(connection: Any, table: Table, rows: list[dict[str, Any]]) -> None:
    found = [
        {"principal": f"post:{row['candidates'][0]}", "due_at": row["due_at"], "task_id": row["id"]}
        for row in rows
        if row["state"] == "open"
    ]
    if found:
        connection.execute(insert(table), found)


def _query(house: House, person_id: str, rounds: int) -> float:
    def look() -> None:
        with house.engine.reading() as unit:
            assert len(tasks.inbox(unit, person_id, limit=51)) == 51

    return p95([seconds(look) for _ in range(rounds)][1:]) * 1000


def _page(house: House, rounds: int) -> float:
    app = create_app(house.engine.settings, house.clock, house.engine)
    visit = Visit(app, LOGIN, PASSWORD).sign_in()
    cookie = visit.client.get_cookie("suixu")
    assert cookie is not None
    with _served(app) as port:
        line = HTTPConnection("127.0.0.1", port)

        def fetch() -> None:
            line.request("GET", "/inbox", headers={"Cookie": f"suixu={cookie.value}"})
            answer = line.getresponse()
            assert answer.status == 200 and "待办" in answer.read().decode()

        found = p95([seconds(fetch) for _ in range(rounds)][1:]) * 1000
        line.close()
        return found


@contextmanager
def _served(app: Any) -> Iterator[int]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Closed in an orderly way, which waitress is not while a line is kept open.
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
