"""Every example of the page on FEEL is true, and the page names every function and every bound."""

import re
from pathlib import Path

import pytest

from engine.core import feel_values
from engine.core.expressions import evaluate, parse_assignments
from engine.core.feel_functions import BUILTINS
from engine.core.vocabulary import NAMES

PAGE = (Path(__file__).parents[3] / "web" / "templates" / "processes" / "feel.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = [tuple(line.split(" → ")) for block in BLOCKS for line in block.splitlines() if "→" in line]
(GIVEN,) = [block for block in BLOCKS if "→" not in block]
VARIABLES = {line.name: evaluate(line.expression, {}) for line in parse_assignments(GIVEN)}


@pytest.mark.parametrize(("text", "result"), EXAMPLES)
def test_an_example_of_the_page_is_true(text: str, result: str) -> None:
    found, said = evaluate(text, VARIABLES), evaluate(result, {})
    assert (found, type(found)) == (said, type(said))


def test_the_page_has_many_examples_and_names_every_function() -> None:
    assert len(EXAMPLES) > 100
    shown = " ".join(
        [*(text for text, _ in EXAMPLES), *re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL))]
    )
    assert [name for name in (*BUILTINS, *NAMES) if not re.search(rf"\b{name}\b", shown)] == []


def test_the_page_tells_the_bounds() -> None:
    bounds = (feel_values.MAX_LENGTH, feel_values.MAX_STEPS, feel_values.MAX_STRING, feel_values.MAX_LIST)
    assert all(f"{bound:,}" in PAGE for bound in bounds)
    assert f"{feel_values.MAX_DEPTH} 层" in PAGE and f"{feel_values.MAX_DIGITS} 位" in PAGE
