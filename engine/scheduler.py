"""Wake when a job falls due. APScheduler only wakes: the job table is the truth."""

import logging
from datetime import date, datetime, timedelta
from threading import Event, Lock, Thread

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from engine import jobs
from engine.core.effects import SOON
from engine.ground.clock import today
from engine.ground.errors import Busy, reason
from engine.ground.unit_of_work import Engine

SAFETY = SOON
"""A look at the table even when nothing seems due: a clock may have moved, a node may have missed a wake-up."""
RECONNECT = 5.0
"""Seconds before listening to the other nodes again, where the database was away."""

log = logging.getLogger("suixu.scheduler")


class Scheduler:
    """Run due jobs in one thread, at their time or when an act has just made one."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._background = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(1)},
            # One look runs at a time; others may stand in the queue, so that no wake-up is lost.
            job_defaults={"max_instances": 3, "coalesce": True, "misfire_grace_time": None},
        )
        self._woken = False
        self._planning = Lock()
        self._stopping = Event()
        self._turn = Lock()
        self._planned: date | None = None
        self._listener = Thread(target=self._listen, name="suixu-listener", daemon=True)

    def start(self) -> None:
        """Begin to look after due jobs."""
        self._plan_day()
        self.engine.wake = self.wake
        self._background.start()
        self._listener.start()
        self.wake()

    def wake(self) -> None:
        """Look at the table now; whoever comes before that look has begun need not ask for another one."""
        with self._planning:
            if not self._woken:
                self._woken = True
                self._plan(timedelta(0))

    def stop(self) -> None:
        """Finish the job in hand, then stop."""
        self.engine.wake = lambda: None
        self._stopping.set()
        # APScheduler waits for a running look while it holds the lock that planning the next one needs: so wait first.
        with self._turn:
            pass
        self._listener.join()
        # A look that falls due while APScheduler shuts its threads down would be an error in its own.
        self._background.remove_all_jobs()
        self._background.shutdown(wait=True)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self.engine.database.listen(self.wake, self._stopping)
                return
            except Busy as error:
                told = "no longer told of other nodes' jobs (%s); listening again in %s s"
                log.warning(told, reason(error), RECONNECT)
                self._stopping.wait(RECONNECT)

    def _plan(self, delay: timedelta) -> None:
        # The delay counts in real time; the jobs' own clock may be a shifted one.
        when = datetime.now(self._background.timezone) + delay
        self._background.add_job(self._look, "date", run_date=when, id="look", replace_existing=True)

    def _plan_day(self) -> None:
        """Plan the day's jobs once a day: a clock that ran ahead and was set right has left them years away."""
        day = today(self.engine.clock)
        if day != self._planned:
            jobs.plan_daily(self.engine)
            self._planned = day

    def _look(self) -> None:
        with self._turn:
            if not self._stopping.is_set():
                self._look_once()

    def _look_once(self) -> None:
        self._woken = False
        pause = self._work()
        with self._planning:
            # Who woke us meanwhile has planned a look of their own.
            if not self._woken:
                self._plan(pause)

    def _work(self) -> timedelta:
        """Do what is due; say how long there is nothing to do. Nothing that goes wrong stops the looking."""
        try:
            self._plan_day()
            jobs.run_due(self.engine, stopping=self._stopping.is_set)
            return self._pause()
        except Busy as error:
            log.warning("the database is busy (%s); looking again in %s", reason(error), SAFETY)
        except Exception:
            log.exception("the jobs could not be looked at; looking again in %s", SAFETY)
        return SAFETY

    def _pause(self) -> timedelta:
        due = jobs.next_due(self.engine)
        if due is None:
            return SAFETY
        return min(max(due - self.engine.clock.now(), timedelta(milliseconds=50)), SAFETY)
