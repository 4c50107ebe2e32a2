"""Whatever the engine runs, the drawing board opens, shows and writes again without changing what it says."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.core.catalogue import read_published
from engine.core.diagram import Diagram
from engine.core.elements import SHAPES
from tests.browser.test_drawing import DRAWING, MODELER, House, escape, facts

ROOT = Path(__file__).parents[2]
SHIPPED = [DRAWING, *sorted((ROOT / "bpmn").glob("*.bpmn"))]
FILES = [*sorted((ROOT / "tests" / "diagrams").glob("runs_*.bpmn")), *SHIPPED]
# Drawn on purpose in part only.
PARTLY_DRAWN = {"runs_drawn_extras"}
# Has marks of another tool, which this engine passes over as well: the board says that it would lose them.
DECORATED = {"runs_foreign_decoration"}
WRITE_EACH = """async (files) => {
  const [container, properties] = [document.createElement("div"), document.createElement("div")];
  document.querySelector("main").append(container, properties);
  const board = await suixu.openModeler({ container, properties });
  const told = {};
  for (const [name, xml] of Object.entries(files)) {
    const warnings = await board.openXML(xml);
    told[name] = {
      warnings: warnings.map((warning) => warning.message),
      undrawn: board.listUndrawn(),
      xml: await board.saveXML(),
    };
  }
  return told;
}"""


@pytest.fixture
def house(page: Page) -> Iterator[House]:
    """Open the drawing board; nothing may be complained of."""
    served = House(page)
    served.open(MODELER.format(xml=escape("")))
    yield served
    assert served.complaints == []


def reading(source: bytes) -> Diagram:
    """Read what the engine runs, but for the lines it stands on."""
    found = read_published(source)
    nodes = {key: replace(node, line=0) for key, node in found.nodes.items()}
    return replace(found, line=0, nodes=nodes, flows={key: replace(flow, line=0) for key, flow in found.flows.items()})


def test_what_the_engine_runs_is_opened_drawn_and_written_again_unchanged(house: House) -> None:
    sources = {file.stem: file.read_bytes() for file in FILES}
    told = house.page.evaluate(WRITE_EACH, {name: source.decode() for name, source in sources.items()})
    assert {name for name, answer in told.items() if answer["warnings"]} == DECORATED
    assert {name for name, answer in told.items() if answer["undrawn"]} == PARTLY_DRAWN
    changed = {name for name, source in sources.items() if reading(told[name]["xml"].encode()) != reading(source)}
    assert changed == set()
    for file in SHIPPED:
        assert facts(told[file.stem]["xml"]) == facts(file.read_text(encoding="utf-8"))
    assert len(told) > 100


def test_every_word_of_ours_is_known_to_the_board_where_it_may_stand() -> None:
    types = json.loads((ROOT / "web" / "frontend" / "suixu.json").read_text(encoding="utf-8"))["types"]
    words = {
        (element.removeprefix("bpmn:").lower(), word["name"])
        for kind in types
        for element in kind.get("extends", ())
        for word in kind["properties"]
    }
    marks = {
        (element.removeprefix("bpmn:").lower(), kind["name"].lower())
        for kind in types
        for element in kind.get("meta", {}).get("allowedIn", ())
    }
    assert words == {(tag.lower(), word) for tag, shape in SHAPES.items() for word in shape.own}
    assert marks == {(tag.lower(), mark) for tag, shape in SHAPES.items() for mark in shape.extensions}


def test_a_file_without_a_drawing_says_that_it_was_laid_out_and_stays_as_it_came(house: House) -> None:
    source = (ROOT / "tests" / "diagrams" / "runs_lanes_nested.bpmn").read_text(encoding="utf-8")
    house.open(MODELER.format(xml=escape(source)))
    expect(house.page.get_by_role("status")).to_contain_text("已自动排好")
    house.page.get_by_role("button", name="保存").click()
    expect(house.page.get_by_text("已保存")).to_be_visible()
    assert house.saved[0]["xml"].splitlines() == source.splitlines()


def test_what_a_drawing_leaves_out_is_named(house: House) -> None:
    source = (ROOT / "tests" / "diagrams" / "runs_drawn_extras.bpmn").read_text(encoding="utf-8")
    house.open(MODELER.format(xml=escape(source)))
    expect(house.page.get_by_role("status")).to_contain_text("看不见")
    expect(house.page.get_by_role("status")).to_contain_text("f1")
