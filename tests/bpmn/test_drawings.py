"""The drawings read well in any editor, and publishing accepts them with their forms."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine import definitions
from engine.core import expressions, form_uses, forms, profile, vocabulary
from engine.core.calendar import Calendar
from engine.core.diagram import Diagram, Surroundings
from engine.core.expressions import Value
from tests.bpmn.drawing import BPMN, Drawing, is_chinese, pairs, read
from workflows import adjustment, differences, parameters, submission

FOLDER = Path(__file__).parents[2] / "bpmn"
KEYS = (
    *("annual_plan", "submission", "coordination", "aggregation", "approval", "minutes", "breakdown", "inclusion"),
    *("archiving", "adjustment"),
)
SUIXU = "{urn:suixu:bpmn:1}"
OPTIONS = frozenset({"approved_years", "plan_items", "units", "duties", "returnable"})
FUNCTIONS = frozenset(
    {
        "adjustment.apply",
        "adjustment.compose",
        "adjustment.refuse",
        "aggregation.compile",
        "aggregation.tally",
        "approval.sheet",
        "archiving.pack",
        "breakdown.break_down",
        "breakdown.tell",
        "coordination.compose",
        "coordination.send",
        "minutes.enter",
        "submission.compare",
        "submission.restore",
    }
)
NOT_HRS = {"contact", "phone", "no_items", "attachments"}
"""What only the unit itself may say; HR sees it."""
POSTS = frozenset({"hr.staff", "hr.head", "group_office.director", "group.leader", "board.chair"})


@pytest.fixture(params=KEYS)
def drawing(request: pytest.FixtureRequest) -> Drawing:
    """Give each drawing in turn."""
    return read(FOLDER / f"{request.param}.bpmn")


def forms_of(key: str) -> dict[str, str]:
    """Read the forms of a process by the names its tasks use."""
    return definitions.sources_beside(FOLDER / f"{key}.bpmn")


def surroundings(key: str) -> Surroundings:
    """Say what the drawings may refer to."""
    return Surroundings(
        functions=FUNCTIONS,
        processes=frozenset(KEYS),
        posts=POSTS,
        forms=forms_of(key),
        feel=vocabulary.NAMES,
        check_form=lambda source: forms.check(source, OPTIONS),
        uses=form_uses.of,
        parameters={name: declared.label for name, declared in parameters.load().items()},
    )


@cache
def published(key: str) -> Diagram:
    """Read a drawing as publishing does."""
    return profile.read((FOLDER / f"{key}.bpmn").read_bytes(), surroundings(key))


# What it says


def test_the_folder_holds_the_processes_and_only_forms_that_a_task_shows() -> None:
    assert {path.stem for path in FOLDER.glob("*.bpmn")} == set(KEYS)
    used = {
        f"{key}.{element.get(f'{SUIXU}form')}"
        for key in KEYS
        for element in read(FOLDER / f"{key}.bpmn").nodes.values()
        if element.get(f"{SUIXU}form")
    }
    assert {path.stem for path in FOLDER.glob("*.form")} == used


def test_publishing_finds_no_fault(drawing: Drawing) -> None:
    source = (FOLDER / f"{drawing.key}.bpmn").read_bytes()
    assert profile.faults(source, surroundings(drawing.key)) == []
    assert published(drawing.key).key == drawing.key


def test_every_node_every_lane_and_every_branch_has_a_chinese_name(drawing: Drawing) -> None:
    lanes = [lane.get("name", "") for lane in drawing.process.iter(f"{BPMN}lane")]
    branches = [
        flow.get("name", "") for key in drawing.nodes if len(found := drawing.outgoing(key)) > 1 for flow in found
    ]
    names = [node.get("name", "") for node in drawing.nodes.values()]
    assert [name for name in (*names, *lanes, *branches) if not is_chinese(name)] == []


def test_every_node_stands_in_exactly_one_lane(drawing: Drawing) -> None:
    seats = [reference.text for reference in drawing.process.iter(f"{BPMN}flowNodeRef")]
    assert sorted(seat or "" for seat in seats) == sorted(drawing.nodes)


def test_every_choice_marks_one_default_and_states_the_condition_of_the_others(drawing: Drawing) -> None:
    for key, node in drawing.nodes.items():
        if node.tag != f"{BPMN}exclusiveGateway" or len(drawing.outgoing(key)) == 1:
            continue
        bare = [flow.get("id") for flow in drawing.outgoing(key) if flow.find(f"{BPMN}conditionExpression") is None]
        assert bare == [node.get("default")], node.get("name")


@pytest.mark.parametrize("key", KEYS)
def test_every_outcome_a_condition_waits_for_has_a_button_or_a_script_that_gives_it(key: str) -> None:
    source = (FOLDER / f"{key}.bpmn").read_text(encoding="utf-8")
    awaited = set(re.findall(r'(?<![\w_])outcome = "(\w+)"</bpmn:conditionExpression>', source))
    awaited |= set(re.findall(r'(?<![\w_])outcome = "(\w+)" or', source))
    offered = {outcome for form in forms_of(key).values() for outcome in forms.load(form).outcomes}
    assert awaited <= offered


def test_every_outcome_the_year_waits_for_is_one_its_child_can_end_with() -> None:
    source = (FOLDER / "annual_plan.bpmn").read_text(encoding="utf-8")
    awaited = set(re.findall(r'approval_outcome = "(\w+)"', source))
    offered = {outcome for form in forms_of("approval").values() for outcome in forms.load(form).outcomes}
    assert awaited
    assert awaited <= offered


def test_silence_never_approves() -> None:
    """What nobody decided goes back, in the year as in the approval."""
    for key, gateway in (
        ("annual_plan", "approved"),
        ("approval", "decided"),
        ("submission", "checked"),
        ("adjustment", "approved"),
        ("adjustment", "checked"),
    ):
        drawing = read(FOLDER / f"{key}.bpmn")
        assert drawing.name(drawing.nodes[gateway].get("default", "")).startswith("退回")


def test_machines_chase_staff_and_never_leaders(drawing: Drawing) -> None:
    seats = {
        reference.text: lane.get(f"{SUIXU}post")
        for lane in drawing.process.iter(f"{BPMN}lane")
        for reference in lane.iterchildren(f"{BPMN}flowNodeRef")
    }
    chased = {key for key, node in drawing.nodes.items() if node.get(f"{SUIXU}chase")}
    assert {seats[key] for key in chased} <= {"staff"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.form")), ids=lambda path: path.stem)
def test_forms_are_whole_and_written_with_chinese_punctuation(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    form = forms.load(source)
    assert forms.check(source, OPTIONS) == []
    assert form.id == path.stem
    assert is_chinese(form.title)
    assert re.findall(r"[\u4e00-\u9fff][,;:?()]", source) == []


@pytest.mark.parametrize("key", ["review", "check"])
def test_head_and_hr_see_all_that_was_drafted(key: str) -> None:
    sources = forms_of("submission")
    drafted = [part for part in forms.load(sources["plan"]).fields() if not part.readonly]
    kept = {part.key for part in drafted if not part.variable and not part.opinion}
    shown = {part.key: part for part in forms.load(sources[key]).fields()}
    assert kept <= shown.keys()
    assert {name for name in kept if shown[name].readonly} == (set() if key == "review" else NOT_HRS)


def test_hr_neither_adds_nor_drops_an_item_and_may_not_empty_what_a_unit_must_say() -> None:
    items = _rows(forms_of("submission")["check"])
    assert items.fixed_rows
    drafted = {part.key for part in _rows(forms_of("submission")["plan"]).fields() if part.required_for}
    asked = {part.key for part in items.fields() if part.required_for == {"accept", "accept_amended"}}
    assert asked == drafted


def test_every_field_of_a_submission_has_a_rule_what_hr_may_change_by_itself() -> None:
    plan = forms.load(forms_of("submission")["plan"])
    kept = {part.key: part for part in plan.fields() if not part.variable and not part.readonly}
    items = {part.key: part for part in kept.pop("items").fields()}
    for rules, parts in ((submission.FIELDS, kept), (submission.ITEM_FIELDS, items)):
        assert {key: rule.label for key, rule in rules.items()} == {key: part.title for key, part in parts.items()}
        assert all(rules[key].consent for key, part in parts.items() if part.type in ("datetime", "number"))
        assert not any(rules[key].consent for key, part in parts.items() if part.type == "textarea")
    assert submission.ITEM_FIELDS["lead"].consent
    for key, labels in differences.CHOICES.items():
        assert {choice.value: choice.label for choice in items[key].choices} == labels
    assert {key for key, rule in submission.FIELDS.items() if rule.consent} == NOT_HRS


def test_what_head_and_hr_see_of_an_item_is_all_of_it() -> None:
    """The list is kept as a whole: a field that one of the forms lacked would be lost there."""
    sources = forms_of("submission")
    seen = {key: [part.key for part in _rows(sources[key]).fields()] for key in ("plan", "review", "check")}
    assert seen["plan"] == seen["review"] == seen["check"]
    assert {"assist", "funding", "done_ahead"} <= set(seen["plan"])


def _rows(source: str) -> forms.Component:
    return next(part for part in forms.load(source).fields() if part.type == "dynamiclist")


def test_what_is_adjusted_is_shown_to_all_who_decide_and_the_plans_parts_where_there_are_any() -> None:
    sources = forms_of("approval")
    for key in ("head", "director", "read", "sign"):
        shown = {part.key: part for part in forms.load(sources[key]).fields() if part.readonly}
        assert {"title", "change", "change_reason", "tasks"} <= shown.keys()
        assert {part.key for part in shown.values() if not part.hide_empty} == {"title"}
    columns = {part.key for part in _rows(sources["amend_adjustment"]).fields()}
    assert columns == adjustment.FIELDS.keys()


def test_what_an_adjustment_asks_for_is_what_it_writes_into_the_plan() -> None:
    sources = forms_of("adjustment")
    labels = {key: rule.label for key, rule in adjustment.FIELDS.items() if key != "done_ahead"}
    for key in ("add", "change", "review"):
        parts = {part.key: part.title for part in forms.load(sources[key]).fields()}
        assert {name: parts[name] for name in labels} == labels, key


def test_a_draft_can_ask_for_more_time_before_it_is_complete() -> None:
    form = forms.load(forms_of("submission")["plan"])
    _, faults = forms.validate(
        form, {"wanted_date": "2026-02-10", "extension_reason": "人员抽调"}, "extend", {"units": [], "duties": []}
    )
    assert faults == []
    _, faults = forms.validate(form, {}, "submit", {"units": [], "duties": []})
    assert {"contact", "phone"} <= {fault.element for fault in faults}


DAY = date(2026, 1, 20)


def judge(text: str, seen: Mapping[str, Value]) -> Value:
    functions: Mapping[str, Callable[..., Value]] = {
        "today": lambda: DAY,
        "count workdays": lambda start, end: Decimal(Calendar().workdays_between(start, end)),
    }
    return expressions.evaluate(text, {"year": Decimal(2026), **seen}, functions)


@pytest.mark.parametrize(
    ("form", "values", "wanted"),
    [
        ("annual_plan.prepare", {"due_date": "2026-01-27"}, set()),
        ("annual_plan.prepare", {"due_date": "2026-01-26"}, {"short_reason"}),
        ("annual_plan.prepare", {"due_date": "2026-01-26", "short_reason": "上级催要"}, set()),
        ("annual_plan.prepare", {"due_date": "2026-01-19", "short_reason": "上级催要"}, {"due_date"}),
        ("annual_plan.prepare", {"due_date": ""}, set()),
        ("annual_plan.register", {"manner": "formal", "document_number": "1号"}, set()),
        ("annual_plan.register", {"manner": "formal"}, {"document_number"}),
        ("annual_plan.register", {"manner": "none", "document_number": "1号"}, {"document_number"}),
        ("annual_plan.register", {"manner": "minutes"}, set()),
        ("annual_plan.register", {"document_number": "1号"}, set()),
        ("annual_plan.register", {"inclusion_due": "2026-01-19"}, {"inclusion_due"}),
        ("inclusion.record", {}, {"plan_files", "assessment_files"}),
        ("inclusion.record", {"plan_place": "文件柜", "assessment_files": ["f"]}, set()),
    ],
)
def test_the_rules_of_the_year_say_what_the_plan_asks(form: str, values: dict[str, Any], wanted: set[str]) -> None:
    key, _, name = form.partition(".")
    drawn = forms.load(forms_of(key)[name])
    _, faults = forms.validate(
        drawn, dict(values), drawn.outcomes[0], {"units": [], forms.FILES: [{"value": "f"}]}, judge
    )
    assert {fault.element for fault in faults if fault.code == "form_rule"} == wanted


@pytest.mark.parametrize(
    ("form", "rows"),
    [
        ("submission.plan", "items"),
        ("submission.review", "items"),
        ("aggregation.draft", "tasks"),
        ("approval.amend", "tasks"),
    ],
)
def test_nothing_planned_ends_before_it_begins(form: str, rows: str) -> None:
    key, _, name = form.partition(".")
    drawn = forms.load(forms_of(key)[name])
    given = [{"from": "2026-03-02", "until": "2026-03-01"}, {"from": "2026-03-02", "until": "2026-03-02"}, {}]
    _, faults = forms.validate(drawn, {rows: given}, drawn.outcomes[0], {"units": [], "duties": []}, judge)
    assert [fault.element for fault in faults if fault.code == "form_rule"] == [f"{rows}[0].until"]


@pytest.mark.parametrize(("day", "field"), [("2025-12-31", "from"), ("2027-01-01", "until")])
def test_what_a_unit_plans_lies_in_its_year(day: str, field: str) -> None:
    drawn = forms.load(forms_of("submission")["plan"])
    _, faults = forms.validate(drawn, {"items": [{field: day}]}, "submit", {"units": [], "duties": []}, judge)
    assert [fault.element for fault in faults if fault.code == "form_rule"] == [f"items[0].{field}"]


@pytest.mark.parametrize(
    ("budget", "funding", "told"), [("5000", "", True), ("0", "", False), ("5000", "budget", False)]
)
def test_money_has_a_source(budget: str, funding: str, told: bool) -> None:
    drawn = forms.load(forms_of("submission")["review"])
    row = {"budget": budget, "funding": funding}
    _, faults = forms.validate(drawn, {"items": [row]}, "agree", {"units": [], "duties": []}, judge)
    assert ["items[0].funding"] * told == [fault.element for fault in faults if fault.code == "form_rule"]


# How it looks


def test_everything_is_drawn(drawing: Drawing) -> None:
    assert drawing.nodes.keys() <= drawing.boxes.keys()
    assert drawing.flows.keys() == drawing.lines.keys()
    assert {lane.get("id") for lane in drawing.process.iter(f"{BPMN}lane")} <= drawing.boxes.keys()
    assert {key for key in drawing.flows if drawing.name(key)} <= drawing.labels.keys()


def test_nodes_stand_apart_and_inside_their_lanes(drawing: Drawing) -> None:
    borders = {(key, node.get("attachedToRef")) for key, node in drawing.nodes.items() if node.get("attachedToRef")}
    close = [(a, b) for a, one, b, other in pairs(drawing) if one.overlaps(other, by=-5)]
    assert [pair for pair in close if pair not in borders and pair[::-1] not in borders] == []
    assert all(drawing.boxes[host or ""].touches(drawing.boxes[key].middle) for key, host in borders)
    for lane in drawing.process.iter(f"{BPMN}lane"):
        inside = [reference.text or "" for reference in lane.iterchildren(f"{BPMN}flowNodeRef")]
        assert [key for key in inside if not drawing.boxes[lane.get("id", "")].contains(drawing.boxes[key])] == []


def test_lines_are_orthogonal_and_end_on_their_shapes(drawing: Drawing) -> None:
    for line in drawing.lines.values():
        assert all(stroke.left == stroke.right or stroke.top == stroke.bottom for stroke in line.strokes())
        assert drawing.boxes[line.source].touches(line.points[0])
        assert drawing.boxes[line.target].touches(line.points[-1])


def test_no_line_runs_through_a_shape(drawing: Drawing) -> None:
    through = [
        (key, node)
        for key, line in drawing.lines.items()
        for stroke in line.strokes()
        for node in drawing.nodes
        if stroke.overlaps(drawing.boxes[node], by=1 if node in (line.source, line.target) else -3)
    ]
    assert through == []


def test_lines_meet_only_where_they_end(drawing: Drawing) -> None:
    crossing = [
        (one, other)
        for (one, first), (other, second) in combinations(drawing.lines.items(), 2)
        if any(a.overlaps(b, by=-2) for a in first.strokes() for b in second.strokes())
    ]
    assert crossing == []


def test_labels_are_legible(drawing: Drawing) -> None:
    """No label lies on a line, on a shape or on another label, and each is wide enough for its text."""
    strokes = [stroke for line in drawing.lines.values() for stroke in line.strokes()]
    boxes = [drawing.boxes[key] for key in drawing.nodes]
    for key, label in drawing.labels.items():
        others = [box for other, box in drawing.labels.items() if other != key]
        assert not any(label.overlaps(box, by=-1) for box in (*strokes, *boxes, *others)), drawing.name(key)
        assert label.right - label.left >= 11 * len(drawing.name(key))


def test_the_main_path_reads_from_left_to_right(drawing: Drawing) -> None:
    starts = [key for key, node in drawing.nodes.items() if etree.QName(node).localname == "startEvent"]
    leftmost = min(box.left for key, box in drawing.boxes.items() if key in drawing.nodes)
    assert all(drawing.boxes[key].left == leftmost for key in starts)
