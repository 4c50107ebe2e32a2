"""Be one node: the product's own server or worker, with this house's function (`python -m benchmarks.chaos.node`)."""

import os
import sys
import threading
from datetime import timedelta

from benchmarks.chaos.house import FUNCTIONS
from engine import jobs
from engine.ground import holding
from engine.ground.clock import SystemClock
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine
from web import app, server

LEASE = timedelta(seconds=5)
"""As short as a round is: with the product's five minutes no other node would ever take over a killed one's work."""


def main(what: str) -> int:
    """Serve pages, or only work, until killed or until whoever started this is gone."""
    threading.Thread(target=_follow_the_parent, daemon=True).start()
    jobs.LEASE = LEASE
    settings = Settings.from_environment(os.environ)
    engine = Engine(settings, SystemClock(), FUNCTIONS)
    if what == "worker":
        return server.work(engine)
    with holding.hold(settings):
        return server.run(app.create_app(settings, engine.clock, engine), engine)


def _follow_the_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
