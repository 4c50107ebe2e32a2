"""Serve the pages, with the worker beside them in the same process."""

import logging
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn, TextIO

import waitress
from flask import Flask

from engine.core.filenames import shown
from engine.ground.errors import SuixuError
from engine.ground.unit_of_work import Engine
from engine.scheduler import Scheduler
from web.texts import gettext as _

THREADS = 8
SLACK = 64 * 1024
LOG_FORMAT = "%(asctime)s %(name)s %(message)s"


class Lines(logging.Formatter):
    """Write each message as one line, whatever a visitor put into an address; only a traceback has more."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Spell out what would break the line, or steer the terminal that shows it."""
        return shown(super().formatMessage(record))


def log_to(stream: TextIO) -> None:
    """Write warnings and what is worse to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines(LOG_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def run(app: Flask, engine: Engine) -> int:
    """Serve until told to stop; nothing of what is being done is cut off."""
    log_to(sys.stderr)
    settings = engine.settings
    try:
        # Flask answers what is too large with a page; the server's own limit only guards against the absurd.
        limit = int(app.config["MAX_CONTENT_LENGTH"]) * 2 + SLACK
        server = waitress.create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=THREADS,
            ident=None,
            max_request_body_size=limit,
            # Behind proxies the app itself reads what they say, and how many of them it may believe.
            clear_untrusted_proxy_headers=not settings.trusted_proxies,
        )
    except OSError as error:
        raise SuixuError(_("不能在 %s:%s 上提供服务：%s。请换一个端口。") % _told(engine, error)) from error
    scheduler = Scheduler(engine)
    signal.signal(signal.SIGTERM, _stop)
    scheduler.start()
    print(_("已打开：http://%s:%s （按 Ctrl+C 停止）") % (settings.host, settings.port), flush=True)
    try:
        server.run()
    finally:
        scheduler.stop()
        server.close()
    return 0


def work(engine: Engine, stopping: threading.Event | None = None) -> int:
    """Work off due jobs until told to stop; the job in hand is finished."""
    log_to(sys.stderr)
    scheduler = Scheduler(engine)
    signal.signal(signal.SIGTERM, _stop)
    scheduler.start()
    print(_("正在办理作业（按 Ctrl+C 停止）"), flush=True)
    try:
        (stopping or threading.Event()).wait()
    finally:
        scheduler.stop()
    return 0


def _told(engine: Engine, error: OSError) -> tuple[str, int, str]:
    return engine.settings.host, engine.settings.port, error.strerror or str(error)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
