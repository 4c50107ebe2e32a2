"""What publishing accepts and refuses: one tiny diagram each in tests/diagrams, whose comment says what to expect."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core import markup, profile
from engine.core.diagram import Diagram, FormUses, Surroundings
from engine.ground.errors import Fault, Refused
from tests.engine.mutations import SOURCES, mutated, retargeted
from tests.engine.office import TABLES

DIAGRAMS = Path(__file__).parents[2] / "diagrams"
FILES = sorted(DIAGRAMS.glob("*.bpmn"))
GOOD = [file for file in FILES if file.name.startswith("runs_")]
BAD = [file for file in FILES if file.name.startswith("refused_")]


def check_form(source: str) -> list[Fault]:
    return [Fault("FORM-TYPE", "组件不能显示。", "field", remedy="请换成其他组件。")] if source == "broken" else []


AROUND = Surroundings(
    functions={"record"},
    processes={"p", "child", "ring", "noticed"},
    posts={"hr.staff", "hr.head", "office.staff"},
    forms={"plan": "urgent", "broken": "broken", **TABLES},
    feel={"posts", "add workdays", "workdays between", "today", "unit name", "parameter"},
    check_form=check_form,
    uses=lambda source: FormUses(frozenset({source}), outcomes=frozenset({"agree"})),
    parameters={"step_days": "每一步"},
    begins=lambda key: key != "noticed",
    calls=lambda key: {"ring": ["child", "back"], "back": ["ring", "p"]}.get(key, []),
)


def source_of(name: str) -> bytes:
    return (DIAGRAMS / f"{name}.bpmn").read_bytes()


def expected(file: Path) -> list[str]:
    match = re.search(r"<!-- expect: (.*?) -->", file.read_text(encoding="utf-8"))
    return sorted(match[1].split()) if match else ["BPMN-XML@"]


def named(name: str) -> list[str]:
    return sorted(f"{fault.code}@{fault.element}" for fault in profile.faults(source_of(name), AROUND))


def stem(file: Path) -> str:
    return file.stem


@pytest.mark.parametrize("file", GOOD, ids=stem)
def test_a_diagram_of_the_profile_is_accepted(file: Path) -> None:
    assert profile.faults(file.read_bytes(), AROUND) == []
    assert isinstance(profile.read(file.read_bytes(), AROUND), Diagram)
    assert expected(file) == ["runs"]


@pytest.mark.parametrize("file", BAD, ids=stem)
def test_a_diagram_outside_the_profile_is_refused_with_all_its_faults(file: Path) -> None:
    with pytest.raises(Refused, match="不能发布") as refusal:
        profile.read(file.read_bytes(), AROUND)

    faults = refusal.value.faults
    assert sorted(f"{fault.code}@{fault.element}" for fault in faults) == expected(file)
    for fault in faults:
        assert re.search(r"[一-鿿].*。$", fault.message), fault
        assert re.search(r"[一-鿿]", fault.remedy), fault
        assert fault.line > 0 or fault.code in {"BPMN-DOCTYPE", "BPMN-XML"}
    assert [fault.line for fault in faults] == sorted(fault.line for fault in faults)


# --- what a diagram says


def test_several_independent_faults_are_named_together() -> None:
    assert named("refused_many_faults") == [
        "BPMN-ELEMENT@g",
        "BPMN-FORM@a",
        "BPMN-FUNCTION@b",
        "BPMN-UNREACHABLE@c",
    ]


def test_a_fault_says_where_in_words_of_the_drawing() -> None:
    (fault,) = profile.faults(source_of("refused_complex_gateway"), AROUND)

    assert (fault.name, fault.line) == ("不能运行", 6)
    assert "复杂网关" in fault.message
    assert "排他" in fault.remedy


def test_a_nameless_flow_is_named_by_its_ends() -> None:
    (fault,) = profile.faults(source_of("refused_condition_after_task"), AROUND)

    assert fault.name == "办理 a → e"


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('<userTask id="a" o:candidateGroups="x"/>', "“办理岗位”(suixu:assignment)"),
        (
            '<serviceTask id="a"><extensionElements><o:taskDefinition/></extensionElements></serviceTask>',
            "(suixu:function)",
        ),
        ('<manualTask id="a" o:asyncBefore="true"/>', "本系统每一步都保存"),
        ('<manualTask id="a"><extensionElements><x xmlns="urn:other"/></extensionElements></manualTask>', "另行填写"),
    ],
)
def test_what_another_product_wrote_is_named_as_written_with_what_to_fill_in(written: str, instead: str) -> None:
    found = profile.faults(whole(written).replace("<process", '<process xmlns:o="urn:other"').encode(), AROUND)

    (fault,) = [fault for fault in found if fault.code == "BPMN-EXTENSION"]
    assert re.search(r"“(o:)?\w+”是其他产品的扩展", fault.message)
    assert (fault.element, instead in fault.remedy) == ("a", True)


def test_what_lives_in_an_iteration_only_is_told_apart_from_what_nothing_makes() -> None:
    found = profile.faults(source_of("refused_made_inside_iteration"), AROUND)

    assert all("只在逐项办理的每一项里有，这里读不到。" in fault.message for fault in found)


def test_a_file_of_an_older_bpmn_is_told_by_its_namespace() -> None:
    (fault,) = profile.faults(b'<definitions xmlns="http://schema.omg.org/spec/BPMN/2.0"/>', AROUND)

    assert "命名空间是“http://schema.omg.org/spec/BPMN/2.0”" in fault.message


def test_the_process_is_read_with_what_people_see_of_it() -> None:
    diagram = profile.read(source_of("runs_inputs"), AROUND)

    assert (diagram.key, diagram.name, diagram.title) == ("p", "流程", "string(year) + reason")
    assert diagram.business_key == '"plan:" + string(year)'
    assert diagram.starters == ("hr.staff", "hr.head")
    assert diagram.inputs == ("reason", "year")


def test_a_lane_seats_its_tasks_and_what_is_drawn_inside_them() -> None:
    plain = profile.read(source_of("runs_lanes"), AROUND).nodes
    nested = profile.read(source_of("runs_lanes_nested"), AROUND).nodes

    assert plain["a"].attributes["assignment"] == "hr.head"
    assert plain["b"].attributes["assignment"] == "own.staff"
    assert (plain["a"].lane, plain["b"].lane, plain["s"].lane) == ("人事部", "本单位", "人事部")
    assert nested["a"].attributes["assignment"] == "hr.staff"
    assert nested["c"].attributes["assignment"] == "hr.staff"
    assert nested["c"].lane == "承办人"


def test_a_boundary_event_stands_in_the_lane_of_its_host() -> None:
    diagram = profile.read(source_of("runs_boundary_in_lane"), AROUND)

    assert diagram.nodes["late"].lane == "人事部"
    assert [event.id for event in diagram.boundaries("a")] == ["late"]


def test_boundary_events_interrupt_unless_they_say_otherwise() -> None:
    assert profile.read(source_of("runs_boundary_in_lane"), AROUND).nodes["late"].interrupting
    assert profile.read(source_of("runs_boundary_interrupting"), AROUND).nodes["late"].interrupting
    assert not profile.read(source_of("runs_boundary_non_interrupting"), AROUND).nodes["late"].interrupting


def test_prefixes_of_references_do_not_matter() -> None:
    diagram = profile.read(source_of("runs_default_namespace"), AROUND)

    assert diagram.nodes["a"].called == "child"
    assert diagram.nodes["late"].attached_to == "a"
    assert diagram.title == "string(round)"


def test_a_multi_instance_and_a_call_are_read_whole() -> None:
    multi = profile.read(source_of("runs_multi_user"), AROUND).nodes["a"].multi
    call = profile.read(source_of("runs_call"), AROUND).nodes["a"]

    assert multi is not None
    assert (multi.collection, multi.item, multi.result, multi.result_item) == ("[1, 2]", "one", "all", "one + 1")
    assert multi.until == "count(all) > 1"
    assert call.inputs == (("year", "year"),)
    assert call.outputs == (("verdict", "result"),)


def test_scopes_know_their_start_and_their_nodes() -> None:
    diagram = profile.read(source_of("runs_subprocess_nested"), AROUND)

    assert [node.id for node in diagram.children() if node.kind == "start"] == ["s"]
    assert [node.id for node in diagram.children("a") if node.kind == "start"] == ["as"]
    assert {node.id for node in diagram.children("o")} == {"os", "a", "oe"}
    assert diagram.nodes["oe"].event == "terminate"


def test_documentation_is_kept() -> None:
    assert profile.read(source_of("runs_drawn_extras"), AROUND).documentation == "第一段\n第二段"


def test_without_an_organization_posts_are_not_checked() -> None:
    around = Surroundings(AROUND.functions, AROUND.processes, None, AROUND.forms, AROUND.feel, check_form, AROUND.uses)

    assert profile.faults(source_of("refused_post_unknown"), around) == []


# --- limits and encodings


def whole(nodes: str, flows: str = "", prolog: str = "") -> str:
    return (
        f'{prolog}<definitions xmlns="{markup.BPMN}" xmlns:suixu="urn:suixu:bpmn:1">'
        f'<process id="p" name="流程" suixu:title="1"><startEvent id="s"/>{nodes}<endEvent id="e"/>{flows}'
        "</process></definitions>"
    )


def link(*path: str) -> str:
    return "".join(f'<sequenceFlow sourceRef="{left}" targetRef="{right}"/>' for left, right in pairwise(path))


def codes(source: bytes) -> list[str]:
    return [fault.code for fault in profile.faults(source, AROUND)]


def test_a_file_over_two_megabytes_is_not_even_read() -> None:
    assert codes(b" " * (markup.MAX_BYTES + 1)) == ["BPMN-SIZE"]


def test_too_many_nodes_or_flows_are_refused_before_anything_else() -> None:
    gateways = "".join(f'<exclusiveGateway id="g{number}"/>' for number in range(399))

    assert codes(whole(gateways).encode()) == ["BPMN-LIMIT"]
    assert codes(whole("", link("s", "e") * 1_601).encode()) == ["BPMN-LIMIT"]


def test_a_file_of_too_many_elements_is_refused() -> None:
    assert codes(whole("<group/>" * markup.MAX_ELEMENTS).encode()) == ["BPMN-LIMIT"]
    crowd = " ".join(f'a{number}="1"' for number in range(100_000))
    assert codes(whole(f"<group {crowd}/>").encode()) == ["BPMN-LIMIT"]


@pytest.mark.parametrize(("depth", "code"), [(60, "BPMN-DEPTH"), (5_000, "BPMN-XML")])
def test_deep_nesting_is_refused(depth: int, code: str) -> None:
    nodes = '<subProcess id="x">' * depth + "</subProcess>" * depth

    assert codes(whole(nodes).encode()) == [code]


def test_the_biggest_diagram_is_judged() -> None:
    ladder = [f"g{number}" for number in range(398)]
    nodes = "".join(f'<exclusiveGateway id="{key}" default="d{key}"/>' for key in ladder)
    ways = "".join(
        f'<sequenceFlow id="d{left}" sourceRef="{left}" targetRef="{right}"/>'
        f'<sequenceFlow sourceRef="{left}" targetRef="e"><conditionExpression>year = 1</conditionExpression>'
        "</sequenceFlow>"
        for left, right in zip(ladder, [*ladder[1:], "e"], strict=True)
    )

    assert codes(whole(nodes, ways + link("s", "g0")).encode()) == []


def test_a_dense_diagram_is_judged() -> None:
    kinds = ["exclusive", "parallel"]
    nodes = "".join(f'<{kinds[number % 2]}Gateway id="g{number}"/>' for number in range(398))
    flows = "".join(link(f"g{number}", f"g{(number * step + 7) % 398}") for number in range(398) for step in (2, 3, 5))

    assert codes(whole(nodes, flows + link("s", "g0") + link("g397", "e")).encode())[-1] == "BPMN-MORE"


def test_of_a_hopeless_diagram_the_first_faults_are_listed() -> None:
    listed = profile.faults(whole('<x xmlns="urn:x"/>\n' * 600, link("s", "e")).encode(), AROUND)

    assert len(listed) == profile.MAX_FAULTS + 1
    assert listed[-1].message == "另有 100 处问题没有列出。"


def test_every_encoding_that_declares_itself_is_read() -> None:
    text = whole("", link("s", "e"))

    assert codes(text.encode("utf-16")) == []
    assert codes(('<?xml version="1.0" encoding="GB18030"?>' + text).encode("gb18030")) == []
    assert codes(b"\xef\xbb\xbf" + text.encode()) == []


@pytest.mark.parametrize(
    "source",
    [b"", b"   ", b"\x00\x01", b"<", b"PK\x03\x04", b'<?xml version="1.0" encoding="klingon"?><a/>'],
)
def test_what_is_no_xml_is_one_fault(source: bytes) -> None:
    assert codes(source) == ["BPMN-XML"]


def test_entities_are_never_expanded() -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'

    assert codes(whole('<task id="&b;"/>', prolog=bomb).encode()) == ["BPMN-DOCTYPE"]


def test_doubled_ids_of_nested_scopes_make_no_circle() -> None:
    inner = '<subProcess id="x"><subProcess id="y"><subProcess id="x"><userTask id="y"/></subProcess></subProcess>'

    assert "BPMN-DUPLICATE" in codes(whole(inner + "</subProcess>").encode())


# --- no input crashes or hangs


def judge(source: bytes) -> None:
    try:
        diagram = profile.read(source, AROUND)
    except Refused as refusal:
        assert refusal.faults
        return
    for flow in diagram.flows.values():
        assert flow.id in diagram.nodes[flow.source].outgoing
        assert flow.id in diagram.nodes[flow.target].incoming
    for scope in ("", *(node.id for node in diagram.nodes.values() if node.kind in ("subprocess", "handler"))):
        starts = [node for node in diagram.children(scope) if node.kind == "start"]
        assert len(starts) == 1 if scope else sum(node.trigger is None for node in starts) <= 1 <= len(starts)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_mutated_diagram_is_read_or_refused(source: bytes) -> None:
    judge(source)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(retargeted())
def test_a_diagram_with_other_values_is_read_or_refused(source: bytes) -> None:
    judge(source)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SOURCES), st.floats(0, 1))
def test_a_truncated_diagram_is_read_or_refused(source: bytes, part: float) -> None:
    judge(source[: int(len(source) * part)])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(source: bytes) -> None:
    judge(source)
