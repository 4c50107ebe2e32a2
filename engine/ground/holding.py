"""Let one process at a time write to a SQLite file: whoever comes second says so and stops."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout
from sqlalchemy import make_url

from engine.ground.errors import Busy
from engine.ground.settings import Settings


@contextmanager
def hold(settings: Settings) -> Iterator[None]:
    """Hold the data folder while writing; PostgreSQL looks after itself.

    Raises:
        Busy: another process holds it.
    """
    if make_url(settings.database_url).get_backend_name() != "sqlite":
        yield
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.data / "suixu.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise Busy(
            f"另一个岁序进程正在使用数据目录 {settings.data}。"
            "SQLite 只能由一个进程写入：请先停止它，或者改用 PostgreSQL。"
        ) from error
    try:
        yield
    finally:
        lock.release()
