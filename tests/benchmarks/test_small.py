"""`make bench` runs: every figure that the design names is measured, on both databases, and written down."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import SMALL, run
from benchmarks.houses import DATABASES
from tests import postgres
from tests.conftest import report_missing

NAMES = {
    "completion_over_floor_30",
    "completion_over_floor_300",
    "completion_growth",
    "cold_load_ms_30",
    "cold_load_ms_300",
    "statements_per_completion",
    "commits_per_completion",
    "rush_slowest_seconds",
    "rush_refused",
    "reminders_per_second",
    "token_timers_per_second",
    "verify_seconds_per_million_events",
    "flows_per_second_1",
    "flows_per_second_4",
    "inbox_query_p95_ms",
    "inbox_page_p95_ms",
}


def test_a_small_round_measures_everything(
    request: pytest.FixtureRequest, postgres_server: postgres.Server | str, tmp_path: Path
) -> None:
    if isinstance(postgres_server, str):
        report_missing(request, "PostgreSQL", postgres.HOW_TO_GET, postgres_server)

    run(SMALL, tmp_path / "bench.json")

    found = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))["figures"]
    assert {(figure["name"], figure["database"]) for figure in found} == {
        (name, database) for name in NAMES for database in DATABASES
    }
    # Counted, not timed: these hold whatever the machine is doing.
    counted = {figure["name"]: figure["value"] for figure in found}
    assert counted["commits_per_completion"] == 1
    assert counted["rush_refused"] == 0
