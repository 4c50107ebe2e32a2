"""The program of docs/embedding.md runs as it stands there, and two do not write to one folder."""

import re
from pathlib import Path
from typing import Any

import pytest

from engine.embedding import open_engine
from engine.ground.errors import Busy
from tests.conftest import NewDatabase

PAGE = Path(__file__).parents[2] / "docs" / "embedding.md"


def test_the_program_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(compile("\n".join(blocks), str(PAGE), "exec"), names)
    assert names["history"]


def test_a_folder_is_written_to_by_one_at_a_time_and_given_back(tmp_path: Path) -> None:
    with open_engine(tmp_path), pytest.raises(Busy, match="另一个岁序进程"), open_engine(tmp_path):
        pass
    with open_engine(tmp_path) as engine, engine.reading() as unit:
        assert unit.now.tzinfo


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_it_opens_on_postgresql_too(tmp_path: Path, new_database: NewDatabase) -> None:
    with open_engine(tmp_path, database_url=new_database(lambda url: None)) as engine, engine.reading() as unit:
        assert not engine.database.sqlite
        assert unit.engine is engine
