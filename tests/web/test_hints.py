"""Whoever draws is told which names are known, and what is wrong with a text; nobody else is."""

import json

import pytest

from tests.web.stage import ERRAND, ERRAND_FORMS, Stage, tree_of


def test_the_board_is_told_the_names_that_a_drawing_may_use(stage: Stage) -> None:
    place = tree_of(stage.get("drawer", "/processes/errand/edit")).get_element_by_id("modeler")
    known = json.loads(place.get("data-known"))
    assert place.get("data-check") == "/processes/text"
    assert {"value": "own.staff", "label": "事项自己的单位·承办人"} in known["posts"]
    assert {"office.staff", "office.head"} <= {item["value"] for item in known["posts"]}
    assert {"staff", "head"} <= {item["value"] for item in known["kinds"]}
    assert "office" in {item["value"] for item in known["units"]}
    assert {"value": "reply", "label": "答复"} in known["processes"]
    assert {"start", "paper"} <= {item["value"] for item in known["forms"]}
    named = {"posts", "kinds", "units", "forms", "decisions", "functions", "processes", "parameters"}
    assert known.keys() == named


def test_a_text_is_judged_as_publishing_would(stage: Stage) -> None:
    def judged(kind: str, text: str) -> str:
        return str(stage.post("drawer", "/processes/text", kind=kind, text=text).get_json()["fault"])

    assert judged("expression", "1 +").startswith("第1行第4列：")
    assert judged("script", "x = 1\r\ny = 2") == ""
    assert judged("assignment", "office.ghost").startswith("“office.ghost”不存在。")
    assert judged("assignment", "office.head") == ""


def test_a_variable_that_nothing_in_the_drawing_makes_is_named(stage: Stage) -> None:
    board = {"source": ERRAND, "form_count": str(len(ERRAND_FORMS))}
    for number, (key, text) in enumerate(ERRAND_FORMS.items()):
        board |= {f"form_key_{number}": key, f"form_text_{number}": text}

    def judged(text: str, **changed: str) -> str:
        given = {"kind": "expression", "text": text, **board, **changed}
        return str(stage.post("drawer", "/processes/text", **given).get_json()["fault"])

    assert judged("what = one") == ""
    assert judged("colour = what").startswith("用到的变量“colour”不会存在。请检查拼写")
    # Where the drawing or a form cannot be read no variable is missed
    assert judged("colour = what", source="<a") == ""
    assert judged("colour = what", form_text_0="{") == ""


def test_a_kind_that_nobody_knows_is_no_question(stage: Stage) -> None:
    assert stage.post("drawer", "/processes/text", kind="poem", text="x").status_code == 422


@pytest.mark.parametrize("who", ["staff", "auditor", "system"])
def test_only_administrators_of_processes_ask(stage: Stage, who: str) -> None:
    assert stage.post(who, "/processes/text", kind="expression", text="1").status_code == 404
    assert stage.get(who, "/expressions").status_code == 404


def test_the_page_on_expressions_shows_its_examples_as_they_are_written(stage: Stage) -> None:
    answer = stage.get("drawer", "/expressions")
    tree = tree_of(answer)
    assert answer.status_code == 200
    assert [head.text for head in tree.iter("h1")] == ["表达式（FEEL）"]
    assert any("1 + 2 * 3 → 7" in block.text_content() for block in tree.iter("pre"))
    assert all(cell.get("scope") == "col" for cell in tree.iter("th"))
    # And who draws is led there
    for page in ("/processes", "/processes/errand/edit"):
        assert "/expressions" in [link.get("href") for link in tree_of(stage.get("drawer", page)).iter("a")]
