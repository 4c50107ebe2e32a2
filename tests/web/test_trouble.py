"""A database that only reads, is full, locked or away, and a full disk: said plainly, logged, and over when over."""

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, event, make_url

from engine.core import documents as keeping
from engine.ground.database import Database
from tests.web.browsing import Browse, Visit
from tests.web.errands import engine_of
from tests.web.test_tasks import start
from tests.web.test_uploads import PDF
from web.server import LOG_FORMAT, Lines

on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)

WORDS = "写了很久的理由"


def database_of(app: Flask) -> Database:
    return engine_of(app).database


def is_told(visit: Visit) -> bool:
    """Tell whether a page says that the database is in trouble, and shows nothing of the inside."""
    assert visit.response is not None
    plain = "数据库" in visit.text and "没有生效" in visit.text
    bare = not any(word in visit.text for word in ("sqlite", "psycopg", "sqlalchemy", "Traceback", "SELECT", "INSERT"))
    return visit.status == 503 and plain and bare and visit.response.headers["Retry-After"] == "30"


def save(visit: Visit) -> Visit:
    return visit.submit("暂存", 理由=WORDS)


@contextmanager
def setting(app: Flask, *pragmas: str) -> Iterator[None]:
    """Let every connection to a SQLite file be opened with a setting that makes trouble."""
    pool = database_of(app).pool

    def prepare(connection: Any, _record: Any) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    pool.dispose()
    event.listen(pool, "connect", prepare)
    try:
        yield
    finally:
        event.remove(pool, "connect", prepare)
        pool.dispose()


@on_sqlite
def test_a_database_that_only_reads_is_read_and_says_that_it_takes_nothing(
    app: Flask, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    wang = start(browse)
    with setting(app, "query_only=ON"), caplog.at_level(logging.WARNING):
        assert is_told(save(wang))
        assert WORDS in wang.text
        assert wang.open("/inbox").status == 200
        stranger = browse().open("/login").submit("登录", login="li", password=browse.password)
        assert is_told(stranger)
    assert "503 POST /tasks/" in caplog.text
    assert "readonly" in caplog.text
    assert save(wang.open("/inbox").click("起草")).statuses == [303, 200]


@on_sqlite
def test_a_full_database_says_so_and_takes_things_again_when_there_is_room(
    app: Flask, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    wang = start(browse)
    with database_of(app).reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    with setting(app, f"max_page_count={pages}"), caplog.at_level(logging.WARNING):
        long = wang.submit("暂存", 理由=WORDS * 20_000)
        assert is_told(long)
        assert wang.open("/inbox").status == 200
    assert "full" in caplog.text
    assert WORDS not in caplog.text
    assert save(wang.click("起草")).statuses == [303, 200]


@on_sqlite
def test_a_database_that_somebody_else_holds_says_so(app: Flask, browse: Browse) -> None:
    wang, other = start(browse), Database(engine_of(app).settings.database_url)
    with setting(app, "busy_timeout=10"), other.writing():
        assert is_told(save(wang))
    other.close()
    assert save(wang.open("/inbox").click("起草")).statuses == [303, 200]


@on_sqlite
def test_a_file_that_cannot_be_opened_says_so(app: Flask, browse: Browse, tmp_path: Path) -> None:
    wang = start(browse)
    path = Path(str(database_of(app).url.database))
    database_of(app).close()
    path.rename(tmp_path / "away.db")
    path.mkdir()
    assert is_told(wang.open("/inbox"))
    path.rmdir()
    (tmp_path / "away.db").rename(path)
    assert wang.open("/inbox").status == 200


Run = Callable[[str], object]


@pytest.fixture
def administer(app: Flask) -> Iterator[Run]:
    """Do something to the server from outside the house."""
    url = make_url(engine_of(app).settings.database_url).set(drivername="postgresql", database="postgres")
    name = make_url(engine_of(app).settings.database_url).database
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield lambda statement: connection.execute(statement.format(name=name).encode())


# It comes back once they are gone: who asks in the same moment is told to try again.
END = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'"
CLOSED, OPEN = ('ALTER DATABASE "{name}" ALLOW_CONNECTIONS ' + word for word in ("false", "true"))


@on_postgresql
def test_connections_that_were_cut_are_opened_anew(browse: Browse, administer: Run) -> None:
    wang = start(browse)
    administer(END)
    assert wang.open("/inbox").status == 200
    wang.click("起草")
    administer(END)
    assert save(wang).statuses == [303, 200]


@on_postgresql
def test_a_server_that_is_away_says_so_and_everything_goes_on_when_it_is_back(
    browse: Browse, administer: Run, caplog: pytest.LogCaptureFixture
) -> None:
    wang = start(browse)
    administer(CLOSED)
    administer(END)
    with caplog.at_level(logging.WARNING):
        assert is_told(save(wang))
        assert WORDS in wang.text
        assert is_told(wang.open("/inbox"))
        assert wang.client.get("/static/app.css", buffered=True).status_code == 200
        assert browse().open("/login").status == 200
    assert "503 GET /inbox" in caplog.text
    administer(OPEN)
    assert save(wang.open("/inbox").click("起草")).statuses == [303, 200]


@on_postgresql
def test_a_connection_that_is_cut_in_the_middle_of_an_act_says_so(app: Flask, browse: Browse, administer: Run) -> None:
    wang = start(browse)
    pool = database_of(app).pool

    def cut(*_: Any) -> None:
        event.remove(pool, "before_cursor_execute", strike)
        administer(END)

    def strike(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE task"):
            cut()

    event.listen(pool, "before_cursor_execute", strike)
    assert is_told(save(wang))
    assert save(wang.open("/inbox").click("起草")).statuses == [303, 200]


@on_postgresql
def test_a_connection_that_is_cut_at_the_commit_leaves_open_whether_it_was_done_and_says_so(
    app: Flask, browse: Browse, administer: Run
) -> None:
    wang = start(browse)
    pool = database_of(app).pool

    def cut(connection: Connection) -> None:
        if connection.get_execution_options().get("suixu_write"):
            administer(END)

    # When the answer to the commit is lost
    event.listen(pool, "commit", cut)
    save(wang)
    event.remove(pool, "commit", cut)
    # Then the page does not say that nothing was done, and gives back what was typed
    assert wang.status == 503
    assert "不能确定本次操作是否已经生效" in wang.text
    assert "没有生效，请" not in wang.text
    assert "没有提交" not in wang.text
    assert WORDS in wang.text
    assert wang.open("/inbox").status == 200


@on_postgresql
def test_a_server_that_only_reads_says_that_it_takes_nothing(browse: Browse, administer: Run) -> None:
    wang = start(browse)
    administer('ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    administer(END)
    assert wang.open("/inbox").status == 200
    assert is_told(save(wang.click("起草")))
    administer('ALTER DATABASE "{name}" RESET default_transaction_read_only')
    administer(END)
    assert save(wang.open("/inbox").click("起草")).statuses == [303, 200]


# The disk


@on_sqlite
def test_a_full_disk_refuses_the_file_and_keeps_what_was_typed(
    browse: Browse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wang = start(browse)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with caplog.at_level(logging.WARNING):
        wang.submit("暂存", 理由=WORDS, 附件=("清单.pdf", PDF))
    assert wang.status == 503
    assert "文件没有保存" in wang.text
    assert WORDS in wang.text
    assert "No space left" in caplog.text
    monkeypatch.undo()
    assert wang.open("/inbox").click("起草").submit("暂存", 附件=("清单.pdf", PDF)).statuses == [303, 200]


@on_sqlite
def test_a_file_whose_bytes_are_gone_is_told_as_such(
    app: Flask, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    wang = start(browse).submit("暂存", 附件=("清单.pdf", PDF))
    for path in engine_of(app).files.glob("??/*"):
        path.unlink()
    with caplog.at_level(logging.WARNING):
        wang.click("清单.pdf")
    assert wang.status == 404
    assert "从备份中恢复" in wang.text
    assert "is missing" in caplog.text
    assert keeping.UNFINISHED in os.listdir(engine_of(app).files)


def test_a_fault_of_ours_puts_nothing_that_was_typed_into_the_log(
    app: Flask, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    wang = start(browse)
    with engine_of(app).transaction() as unit:
        unit.connection.exec_driver_sql("DROP TABLE draft")
        kept = "content TEXT, revision INTEGER, saved_by TEXT, saved_at TIMESTAMPTZ"
        unit.connection.exec_driver_sql(f"CREATE TABLE draft (subject TEXT CHECK (subject = ''), {kept})")
    app.testing = False
    with caplog.at_level(logging.WARNING):
        assert save(wang).status == 500
    assert re.search("CHECK constraint failed|violates check constraint", caplog.text)
    assert WORDS not in caplog.text


def test_a_line_of_the_log_stays_one_line_whatever_was_in_the_address() -> None:
    line = {"name": "suixu.web", "msg": "503 GET %s", "args": ("/a\n2026-01-20 suixu.web forged\x1b[2J\u202e",)}
    told = Lines(LOG_FORMAT).format(logging.makeLogRecord(line))
    assert told.isprintable()
    assert told.endswith(r"503 GET /a\n2026-01-20 suixu.web forged\x1b[2J\u202e")
