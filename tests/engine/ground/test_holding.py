"""Only one process writes to a SQLite file."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.ground.errors import Busy
from engine.ground.holding import hold
from engine.ground.settings import Settings

TRY = """
import sys
from engine.ground.errors import Busy
from engine.ground.holding import hold
from engine.ground.settings import Settings
try:
    with hold(Settings.from_environment({"SUIXU_DATA": sys.argv[1], "SUIXU_SECRET_KEY": "0" * 64})):
        print("held")
except Busy as error:
    print("busy", "请先停止它" in error.message)
"""


def settings(folder: Path, url: str = "") -> Settings:
    given = {"SUIXU_DATA": str(folder), "SUIXU_SECRET_KEY": "0" * 64}
    return Settings.from_environment({**given, "SUIXU_DATABASE_URL": url} if url else given)


def another_process(folder: Path) -> str:
    return subprocess.run([sys.executable, "-c", TRY, str(folder)], capture_output=True, text=True, check=True).stdout


def test_a_second_process_is_told_and_stops(tmp_path: Path) -> None:
    with hold(settings(tmp_path)):
        assert another_process(tmp_path) == "busy True\n"
    assert another_process(tmp_path) == "held\n"


def test_an_error_lets_go_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), hold(settings(tmp_path)):
        raise RuntimeError
    with hold(settings(tmp_path)), pytest.raises(Busy), hold(settings(tmp_path)):
        raise AssertionError("held twice")


def test_postgresql_looks_after_itself(tmp_path: Path) -> None:
    several = settings(tmp_path, "postgresql://nobody@127.0.0.1/none")
    with hold(several), hold(several):
        assert not (tmp_path / "suixu.lock").exists()
