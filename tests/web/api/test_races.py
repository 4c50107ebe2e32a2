"""One key is one act, also where the same request comes twice in the same moment, on connections of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any

import pytest
from flask import Flask

from engine import instances
from tests.web.api.programs import Program, Programs
from tests.web.api.test_tasks import claimed, codes, events
from web.api import acts

WAIT = 60
BEGIN = "/definitions/errand/start"


class Overlap:
    """Keep the first start open until so many others have come as far as their key."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.under_way, self._come, self._begun = Event(), Semaphore(0), False
        self._key, self._start = acts._key, instances.start
        monkeypatch.setattr(acts, "_key", self._count)
        monkeypatch.setattr(instances, "start", self._hold)

    def _count(self) -> str:
        self._come.release()
        return self._key()

    def _hold(self, *given: Any) -> str:
        if not self._begun:
            self._begun = True
            self.under_way.set()
            for _ in range(2):
                assert self._come.acquire(timeout=WAIT)
        return self._start(*given)

    def send(self, program: Program, *bodies: Any) -> list[Any]:
        """Send the first, and the second while that is under way; give both answers."""

        def start(body: Any) -> Any:
            return program.post(BEGIN, body, Idempotency_Key="k")

        with ThreadPoolExecutor(2) as both:
            first = both.submit(start, bodies[0])
            assert self.under_way.wait(WAIT)
            second = both.submit(start, bodies[1])
            return [first.result(WAIT), second.result(WAIT)]


def matter(subject: str) -> dict[str, Any]:
    return {"values": {"subject": subject}}


def test_the_second_of_two_at_once_gets_the_answer_of_the_first(
    app: Flask, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang, body = programs("wang"), matter("采购")
    first, second = Overlap(monkeypatch).send(wang, body, body)
    assert (first.status_code, second.status_code, first.json) == (201, 201, second.json)
    assert events(app, "instance.started") == 1


def test_another_request_under_the_key_of_one_under_way_is_refused(
    app: Flask, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Overlap(monkeypatch).send(programs("wang"), matter("采购"), matter("慰问"))
    assert (first.status_code, second.status_code, codes(second)) == (201, 422, ["idempotency_key"])
    assert events(app, "instance.started") == 1


def test_where_the_first_is_refused_the_second_is_judged_anew(
    app: Flask, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang = programs("wang")
    first, second = Overlap(monkeypatch).send(wang, matter(""), matter("采购"))
    assert (first.status_code, second.status_code) == (422, 201)
    assert events(app, "instance.started") == 1


def test_a_file_that_comes_twice_at_once_is_kept_once(app: Flask, programs: Programs) -> None:
    wang = programs("wang")
    task_id = claimed(wang)["id"]
    with ThreadPoolExecutor(4) as all_:
        sent = [all_.submit(wang.upload, task_id, "清单.pdf", b"%PDF-1.7\n", Idempotency_Key="k") for _ in range(4)]
        answers = [each.result(WAIT) for each in sent]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({(answer.json or {})["id"] for answer in answers}) == 1
    assert events(app, "document.added") == 1
