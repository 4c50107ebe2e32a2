"""Prove that nothing was lost, done twice or left half done: what people remember against what is written down."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from benchmarks.chaos.house import ADVICE, KEY, TALLY
from benchmarks.chaos.people import DONE, REFUSED, Attempt
from engine import jobs, records
from engine.core import history
from engine.core.history import Event
from engine.ground import model
from engine.ground.clock import FixedClock
from engine.ground.unit_of_work import Engine
from tests.engine import promises

ROUNDS = 30
"""Looks of the worker after everything stopped, one minute of its clock apart: more than any lease and back-off."""

STEPS = {
    KEY: ("draft", "check", "pause", "weigh", "ask", "hear", "e"),
    ADVICE: ("advise", "e"),
    TALLY: ("s", "count", "e"),
}
"""What each process passes exactly once before it ends; a join is passed by each token that it takes."""


@dataclass(frozen=True)
class Record:
    """Hold what is written down, as plain data; `people` maps a login to a person's id.

    `opinions` and `papers` are a task's id with the words said in it, `inbox` whose it is with a task's id, `variables`
    those of whole instances by instance and name, `waiting` the messages that nobody has received.
    """

    events: tuple[Event, ...]
    tasks: tuple[Row[Any], ...]
    jobs: tuple[Row[Any], ...]
    instances: tuple[Row[Any], ...]
    opinions: tuple[tuple[str, str], ...]
    papers: tuple[tuple[str, str], ...]
    inbox: tuple[tuple[str, str], ...]
    variables: dict[tuple[str, str], Any]
    waiting: tuple[str, ...]
    incidents: tuple[str, ...]
    notices: tuple[str, ...]
    people: dict[str, str]


def settle(engine: Engine, clock: FixedClock) -> None:
    """Work off what was left when everything was killed."""
    for _ in range(ROUNDS):
        clock.advance(timedelta(minutes=1))
        jobs.run_due(engine)


def read(engine: Engine) -> Record:
    """Read what is written down."""
    opinion, version, inbox = model.opinion.c, model.document_version.c, model.inbox.c
    account = model.account.c
    with engine.reading() as unit:

        def rows(*what: Any) -> list[Row[Any]]:
            return list(unit.connection.execute(select(*what)))

        events = select(model.event).order_by(model.event.c.stream, model.event.c.number)
        return Record(
            events=tuple(history.as_event(row) for row in unit.connection.execute(events)),
            tasks=tuple(rows(model.task)),
            jobs=tuple(rows(model.job)),
            instances=tuple(rows(model.instance)),
            opinions=tuple((row.task_id, row.text) for row in rows(opinion.task_id, opinion.text)),
            papers=tuple((row.task_id, row.content["words"]) for row in rows(version.task_id, version.content)),
            inbox=tuple((row.principal, row.task_id) for row in rows(inbox.principal, inbox.task_id)),
            variables={(row.instance_id, row.name): row.value for row in rows(model.variable) if not row.scope},
            waiting=tuple(row.name for row in rows(model.message.c.name)),
            incidents=tuple(row.message for row in rows(model.incident.c.message)),
            notices=tuple(row.key for row in rows(model.notice.c.key)),
            people={row.login: row.person_id for row in rows(account.login, account.person_id)},
        )


def extent(record: Record) -> dict[str, int]:
    """Count what the house did of what is proved."""
    kinds = Counter(event.kind for event in record.events)
    return {
        "timers": kinds["timer.fired"],
        "functions": kinds["function.done"],
        "children": kinds["child.returned"],
        "messages": kinds["event.received"],
        "signals": sum(row.process_key == TALLY for row in record.instances),
        "notices": len(record.notices),
    }


def violations(engine: Engine, record: Record, attempts: Sequence[Attempt]) -> list[str]:
    """Find everything that is not as it was promised."""
    audit = records.verify(engine)
    broken = [f"{verdict.stream}: {verdict.message}" for verdict in audit.broken]
    anchored = [f"{fault.element}: {fault.message}" for fault in audit.anchors]
    return [*broken, *anchored, *promises.faults(engine), *differences(record, attempts)]


def differences(record: Record, attempts: Sequence[Attempt]) -> Iterator[str]:
    """Compare what people remember with the record, and the record with itself."""
    yield from _starts(record, attempts)
    yield from _claims(record, attempts)
    yield from _completions(record, attempts)
    yield from _halves(record)
    yield from _inboxes(record)
    yield from _work(record)
    yield from _children(record)
    yield from _told(record)
    yield from _ends(record)
    # Nothing in this house can fail by itself.
    yield from (f"something gave up: {message}" for message in record.incidents)


def _count(record: Record, kind: str, name: str) -> Counter[str]:
    return Counter(str(event.envelope.get(name)) for event in record.events if event.kind == kind)


def _unequal(what: str, wanted: Counter[str], found: Counter[str]) -> Iterator[str]:
    for name in sorted({*wanted, *found}):
        if wanted[name] != found[name]:
            yield f"{what} {name}: {found[name]} instead of {wanted[name]}"


def _starts(record: Record, attempts: Iterable[Attempt]) -> Iterator[str]:
    titles = Counter(row.title for row in record.instances if row.process_key == KEY)
    for attempt in attempts:
        if attempt.kind == "start":
            yield from _as_answered(attempt, titles[attempt.subject], f"the matter {attempt.subject}")
    known = {attempt.subject for attempt in attempts if attempt.kind == "start"}
    yield from (f"nobody started the matter {title}" for title in titles if title not in known)


def _as_answered(attempt: Attempt, found: int, what: str) -> Iterator[str]:
    """What was acknowledged happened once, what was refused did not, what nobody answered at most once."""
    least, most = {DONE: (1, 1), REFUSED: (0, 0)}.get(attempt.result, (0, 1))
    if not least <= found <= most:
        yield f"{what}: {attempt.kind} by {attempt.login} was {attempt.result}, and is there {found} times"


def _claims(record: Record, attempts: Iterable[Attempt]) -> Iterator[str]:
    claimed = [event for event in record.events if event.kind == "task.claimed"]
    by = Counter((str(event.envelope["task"]), str(event.envelope["person"])) for event in claimed)
    for attempt in attempts:
        # One who was refused may have claimed it before, when no answer came.
        if attempt.kind == "claim" and attempt.result == DONE:
            found = by[attempt.subject, record.people[attempt.login]]
            yield from _as_answered(attempt, found, f"the task {attempt.subject}")
    for task_id, number in Counter(task_id for task_id, _person in by.elements()).items():
        if number > 1:
            yield f"the task {task_id} was claimed {number} times"


def _completions(record: Record, attempts: Iterable[Attempt]) -> Iterator[str]:
    said = Counter(
        (str(event.envelope["task"]), str(event.envelope["person"]), str((event.payload or {}).get("text")))
        for event in record.events
        if event.kind == "task.completed"
    )
    made = [attempt for attempt in attempts if attempt.kind == "complete"]
    keys = {(attempt.subject, record.people[attempt.login], attempt.words): attempt for attempt in made}
    for key, attempt in keys.items():
        yield from _as_answered(attempt, said[key], f"the task {attempt.subject}")
    yield from (f"nobody completed the task {key[0]} as it is written: {key[2]}" for key in said if key not in keys)


def _halves(record: Record) -> Iterator[str]:
    """A completion is a task closed, one event of it, its words in opinion and paper, a token gone on: all or none."""
    done = Counter(row.id for row in record.tasks if row.state == "completed")
    ids = {row.id for row in record.tasks}
    yield from _unequal("completions of the task", done, _count(record, "task.completed", "task"))
    passed = Counter({key: n for key, n in _count(record, "activity.completed", "token").items() if key in ids})
    yield from _unequal("steps of the task", done, passed)
    yield from _unequal("openings of the task", Counter(ids), _count(record, "task.opened", "task"))
    completed = [event for event in record.events if event.kind == "task.completed"]
    said = Counter(f"{event.envelope['task']} ({(event.payload or {}).get('text')})" for event in completed)
    for what, kept in (("opinions", record.opinions), ("papers", record.papers)):
        yield from _unequal(f"{what} of the task", said, Counter(f"{task_id} ({text})" for task_id, text in kept))


def _inboxes(record: Record) -> Iterator[str]:
    """Whoever claimed a task has it, and it stands before those who may do it while it is open, and no longer."""
    claimed = {
        str(event.envelope["task"]): event.envelope["person"] for event in record.events if event.kind == "task.claimed"
    }
    wanted: Counter[str] = Counter()
    for row in record.tasks:
        if row.assignee_id != claimed.get(row.id):
            yield f"the task {row.id} is with {row.assignee_id}, and was claimed by {claimed.get(row.id)}"
        if row.state == "open":
            whose = [f"person:{row.assignee_id}"] if row.assignee_id else [f"post:{post}" for post in row.candidates]
            wanted.update(f"{row.id} before {principal}" for principal in whose)
    found = Counter(f"{task_id} before {principal}" for principal, task_id in record.inbox)
    yield from _unequal("places in inboxes of the task", wanted, found)


def _work(record: Record) -> Iterator[str]:
    """Each timer fired once, each function was done once, and told whom it told once."""
    for kind, event, name in (("timer", "timer.fired", "job"), ("function", "function.done", "token")):
        rows = [row for row in record.jobs if row.kind == kind]
        column = "id" if name == "job" else "token_id"
        done = Counter(str(getattr(row, column)) for row in rows if row.state == "done")
        yield from _unequal(event, done, _count(record, event, name))
    for row in record.jobs:
        if row.kind in ("timer", "function", "return", "signal", "message", "start") and row.state != "done":
            yield f"the {row.kind} {row.id} is still {row.state}"
    wanted = Counter(
        f"function:{event.envelope['token']}:0:{person}"
        for event in record.events
        if event.kind == "function.done"
        for person in event.envelope.get("told") or ["nobody"]
    )
    yield from _unequal("the notice", wanted, Counter(key for key in record.notices if key.startswith("function:")))


def _children(record: Record) -> Iterator[str]:
    """Each call has one child, and each child that ended came home once: nobody here leaves before it does."""
    rows = [row for row in record.instances if row.parent_id]
    calls = Counter(row.parent_token for row in rows)
    yield from (f"the call {token} has {number} children" for token, number in calls.items() if number > 1)
    yield from _unequal(
        "starts of the child", Counter(row.id for row in rows), _count(record, "child.started", "child")
    )
    ended = Counter(row.id for row in rows if row.state != "active")
    yield from _unequal("returns of the child", ended, _count(record, "child.returned", "child"))


def _told(record: Record) -> Iterator[str]:
    """Each end of a matter was signalled once, and counted once; each advice was heard of once."""
    subjects = {row.id: (row.process_key, row.title if row.process_key == KEY else "") for row in record.instances}
    subjects |= {row.id: (ADVICE, row.business_key) for row in record.instances if row.process_key == ADVICE}
    passed: dict[tuple[str, str], Counter[str]] = {}
    for event in record.events:
        if event.kind == "activity.completed":
            key, subject = subjects.get(event.stream.partition(":")[2], ("", ""))
            passed.setdefault((key, str(event.envelope.get("activity"))), Counter())[subject] += 1
    none: Counter[str] = Counter()
    counted = Counter(row.title for row in record.instances if row.process_key == TALLY)
    yield from _unequal("counts of the matter", passed.get((KEY, "e"), none), counted)
    yield from _unequal("advices of", passed.get((ADVICE, "e"), none), passed.get((KEY, "hear"), none))
    yield from (f"a message {name} was never received" for name in record.waiting)


def _ends(record: Record) -> Iterator[str]:
    """No token passes anything twice, and no step is passed by two; what ended passed each of its steps."""
    done = [event for event in record.events if event.kind == "activity.completed"]
    tokens = Counter((event.envelope.get("token"), event.envelope.get("activity")) for event in done)
    twice = [(token, name) for (token, name), number in tokens.items() if number > 1]
    yield from (f"the token {token} passed {name} more than once" for token, name in twice)
    passed = Counter((event.stream.partition(":")[2], event.envelope.get("activity")) for event in done)
    told = Counter((event.stream.partition(":")[2], event.kind) for event in record.events)
    for row in record.instances:
        completed = row.state == "completed"
        if (told[row.id, "instance.started"], told[row.id, "instance.completed"]) != (1, completed):
            yield f"the matter {row.id} ({row.state}) did not start once and end as it says"
        for name in STEPS.get(row.process_key, ()):
            number = passed[row.id, name]
            if number > 1 or (completed and number != 1):
                yield f"the matter {row.id} ({row.state}) passed {name} {number} times"
        if row.process_key == KEY:
            wanted = (row.title, True if passed[row.id, "weigh"] else None)
            found = tuple(record.variables.get((row.id, name)) for name in ("subject", "weighed"))
            if found != wanted:
                yield f"the matter {row.id} remembers {found} instead of {wanted}"
