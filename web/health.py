"""Tell those who watch over the house whether it stands, and how much waits in it."""

from time import perf_counter

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest

from engine import condition
from engine.condition import Condition
from engine.ground.errors import Busy
from engine.personal_tokens import METRICS
from web import session
from web.api import problems, tokens
from web.texts import gettext as _

LATENCY = "suixu.latency"
GAUGES = {
    "open_tasks": "Tasks that wait for a person.",
    "overdue_tasks": "Open tasks past their deadline.",
    "due_jobs": "Jobs that are due and not done.",
    "oldest_due": "Seconds since the job that is due longest fell due.",
    "incidents": "Incidents that nobody has resolved.",
}

room = Blueprint("health", __name__)


def install(app: Flask) -> None:
    """Measure how long acts take, in this process."""
    registry = CollectorRegistry()
    latency = Histogram("suixu_act_seconds", "How long acts took to answer.", ["act"], registry=registry)
    app.extensions[LATENCY] = registry

    def begin() -> None:
        g.begun = perf_counter()

    def end(response: Response) -> Response:
        if request.method == "POST" and request.endpoint and "begun" in g:
            latency.labels(request.endpoint).observe(perf_counter() - g.begun)
        return response

    app.before_request(begin)
    app.after_request(end)


@room.get("/healthz")
def alive() -> Response:
    """Say that this process answers."""
    return Response("ok\n", mimetype="text/plain")


@room.get("/readyz")
def ready() -> Response:
    """Say whether the database answers and has the tables of this version."""
    try:
        if condition.is_ready(session.engine()):
            return Response("ok\n", mimetype="text/plain")
    except Busy as error:
        return problems.of_engine(503, error)
    return problems.answer(503, _("数据库不是这个版本的，请先运行 suixu migrate。"))


@room.get("/metrics")
@tokens.guessing
def metrics() -> Response:
    """Give the numbers in Prometheus' text, to a token that is for them."""
    tokens.demand(METRICS)
    with session.engine().reading() as unit:
        text = _text(condition.look(unit)) + generate_latest(current_app.extensions[LATENCY])
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _text(found: Condition) -> bytes:
    registry = CollectorRegistry()
    for name, documentation in GAUGES.items():
        unit = "seconds" if name == "oldest_due" else ""
        Gauge(f"suixu_{name}", documentation, unit=unit, registry=registry).set(getattr(found, name))
    return generate_latest(registry)
