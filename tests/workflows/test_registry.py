"""What the diagrams name is there, and what their forms offer can be chosen."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine import definitions
from engine.core.decisions import SUFFIX
from workflows import duties, publication, registry
from workflows.aggregation import OUT_OF_PLAN
from workflows.stage import Stage

SUBMITTING = ["hr", "office", "publicity", "finance", "party", "unit_a", "unit_b", "unit_c"]


def offered(stage: Stage, name: str, unit_code: str | None) -> list[dict[str, str]]:
    with stage.engine.reading() as unit:
        return registry.options()[name](unit, {"unit_code": unit_code})


def keys_in(parts: list[dict[str, Any]]) -> set[str]:
    found = {part["valuesKey"] for part in parts if "valuesKey" in part}
    return found.union(*(keys_in(part.get("components", [])) for part in parts)) if parts else found


def test_every_function_and_choice_that_the_drawings_name_is_given() -> None:
    named = {
        name
        for key in publication.KEYS
        for name in re.findall(r'suixu:function="([^"]+)"', (publication.FOLDER / f"{key}.bpmn").read_text("utf-8"))
    }
    assert named == set(registry.functions())
    beside = [definitions.sources_beside(publication.path_of(key)) for key in publication.KEYS]
    sources = [text for found in beside for key, text in found.items() if not key.endswith(SUFFIX)]
    assert set().union(*(keys_in(json.loads(text)["components"]) for text in sources)) == set(registry.options())


def test_only_units_that_must_submit_can_be_chosen(stage: Stage) -> None:
    found = offered(stage, "units", None)
    assert [item["value"] for item in found] == SUBMITTING
    assert found[2] == {"value": "publicity", "label": "宣文部"}


@pytest.mark.parametrize(("unit_code", "first"), [("publicity", "all_departments"), ("unit_a", "all_institutions")])
def test_a_unit_sees_its_own_recurring_duties_first_and_may_choose_any(
    stage: Stage, unit_code: str, first: str
) -> None:
    known = duties.load()
    values = [item["value"] for item in offered(stage, "duties", unit_code)]
    # Then everything can be chosen once, and what is out of the plan too
    assert sorted(values) == sorted([*known, OUT_OF_PLAN])
    # And the first is its own and comes round; after its own comes what is out of the plan
    assert first in known[values[0]].lead.codes and known.recurs(known[values[0]])
    own = values[: values.index(OUT_OF_PLAN)]
    assert 0 < len(own) < 60
    mine = {"publicity", "all_departments", "planning_departments", "all_institutions"}
    assert all(mine & set(known[item].lead.codes) for item in own)


def test_a_duty_reads_as_clause_and_obligation_in_a_line_that_can_be_read(stage: Stage) -> None:
    for item in offered(stage, "duties", "hr"):
        assert len(item["label"]) <= registry.LABEL_LENGTH
    labels = {item["value"]: item["label"] for item in offered(stage, "duties", None)}
    assert labels["H08"].startswith("四(五)¶1④")
    assert labels[OUT_OF_PLAN] == "方案外/上级交办"


def test_a_fault_in_the_duties_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "duties.yaml"
    broken.write_text("duties: []", encoding="utf-8")
    monkeypatch.setattr(duties, "PATH", broken)
    with pytest.raises(duties.DutiesError, match="职责清单有"):
        registry.options()
    with pytest.raises(duties.DutiesError, match="职责清单有"):
        registry.functions()
