"""The house itself: what is packaged, who owns a name, where things may stand."""

import ast
import configparser
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.conftest import NewDatabase

ROOT = Path(__file__).parents[1]
HOUSES = ("bpmn", "engine", "web", "workflows")


@pytest.fixture(scope="session")
def setup() -> configparser.ConfigParser:
    """Read setup.cfg."""
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def run(url: str, statement: str) -> list[object]:
    """Run a statement in a database of its own and leave nothing connected."""
    engine = create_engine(url)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        answer: list[object] = list(result.scalars()) if result.returns_rows else []
    engine.dispose()
    return answer


def test_every_package_that_holds_code_is_named_in_setup_cfg(setup: configparser.ConfigParser) -> None:
    named = set(setup["options"]["packages"].split())
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for house in HOUSES
        for path in (ROOT / house).rglob("*.py")
        if "node_modules" not in path.parts
    }
    assert found <= named
    assert all((ROOT / name.replace(".", "/") / "__init__.py").is_file() for name in named - {"bpmn"})


def test_no_other_installed_distribution_owns_our_top_level_names() -> None:
    owners = {
        (distribution.name, name)
        for distribution in distributions()
        if distribution.name != "suixu"
        for name in {file.parts[0] for file in distribution.files or []}
        if name in HOUSES or name.removesuffix(".py") in HOUSES
    }
    assert owners == set()


def test_a_wheel_carries_diagrams_templates_and_assets_and_nothing_of_the_workshop(tmp_path: Path) -> None:
    source = tmp_path / "source"
    unwanted = shutil.ignore_patterns(".*", "var", "build", "*.egg-info", "node_modules", "__pycache__")
    shutil.copytree(ROOT, source, ignore=unwanted)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
    ]
    built = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())

    def expected(folder: str, pattern: str) -> set[str]:
        return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(pattern) if path.is_file()}

    wanted = expected("bpmn", "*.bpmn") | expected("bpmn", "*.form") | expected("web/templates", "*.html")
    wanted |= expected("web/static", "[!.]*") | expected("workflows", "*.yaml") | expected("engine", "*.py")
    assert wanted <= names
    assert "web/static/modeler.js" in names
    assert not [name for name in names if name.startswith(("tests/", "web/frontend/", "benchmarks/"))]


def test_the_folder_of_diagrams_holds_no_code() -> None:
    assert list((ROOT / "bpmn").rglob("*.py")) == []


def test_only_the_clock_asks_for_the_time() -> None:
    askers = {
        path.relative_to(ROOT).as_posix()
        for house in ("engine", "web", "workflows")
        for path in (ROOT / house).rglob("*.py")
        if "node_modules" not in path.parts
        if re.search(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time)\(", path.read_text(encoding="utf-8"))
    }
    # The scheduler tells APScheduler, which knows no other time, when to wake.
    assert askers <= {"engine/ground/clock.py", "engine/scheduler.py"}


def test_the_engine_and_the_web_know_nothing_of_the_first_office() -> None:
    knowers = {
        path.relative_to(ROOT).as_posix()
        for house in ("engine", "web")
        for pattern in ("*.py", "*.html")
        for path in (ROOT / house).rglob(pattern)
        if "node_modules" not in path.parts and re.search("双拥|残联", path.read_text(encoding="utf-8"))
    }
    assert knowers == set()


def test_nothing_runs_text_as_code() -> None:
    calls = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for house in ("engine", "web", "workflows")
        for path in (ROOT / house).rglob("*.py")
        if "node_modules" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec")
    }
    assert calls == set()


def test_every_database_is_empty_and_alone(new_database: NewDatabase) -> None:
    def prepare(url: str) -> None:
        run(url, "CREATE TABLE thing (name TEXT)")
        prepared.append(url)

    prepared: list[str] = []
    first, second = new_database(prepare), new_database(prepare)
    assert first != second
    assert len(prepared) == 1
    for url in (first, second):
        run(url, "INSERT INTO thing VALUES ('a')")
        assert run(url, "SELECT count(*) FROM thing") == [1]


def test_make_names_every_command_it_has() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall("make ([a-z]+)", said) == [
        "help",
        "run",
        "test",
        "check",
        "bench",
        "chaos",
        "assets",
        "screenshots",
    ]


def test_the_lock_file_names_no_registry() -> None:
    lock = (ROOT / "web/frontend/package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert "://registry" not in lock
