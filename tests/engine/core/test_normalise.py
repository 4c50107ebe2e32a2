"""What a drawing implies is said openly before it runs, and leads back to what was drawn."""

from engine.core import profile
from engine.core.diagram import Diagram, Flow, Timer
from engine.core.normalise import name_flows
from tests.engine.core.test_profile import AROUND, link, source_of, whole


def diagram_of(name: str) -> Diagram:
    return profile.read(source_of(name), AROUND)


def read(nodes: str, flows: str) -> Diagram:
    return profile.read(whole(nodes, flows).encode(), AROUND)


CALL = '<callActivity id="{}" calledElement="child"/>'


def test_flows_without_ids_get_ids_that_depend_on_their_ends_only() -> None:
    first = read(CALL.format("a"), link("s", "a", "e"))
    second = read(CALL.format("b") + CALL.format("a"), link("b", "e") + link("s", "a") + link("a", "b"))

    assert set(first.flows) == {"flow.s.a", "flow.a.e"}
    assert "flow.s.a" in second.flows


def test_a_generated_id_never_takes_one_that_is_drawn() -> None:
    flows = [Flow("", "a", "b"), Flow("flow.a.b", "c", "d"), Flow("", "a", "b")]

    named = name_flows(flows, taken={"flow.a.b.2"})

    assert list(named) == ["flow.a.b.3", "flow.a.b", "flow.a.b.4"]
    assert named["flow.a.b"].source == "c"


def test_an_implicit_split_becomes_a_gateway_that_leads_back_to_the_activity() -> None:
    diagram = diagram_of("runs_split_implicit")

    gateway = diagram.nodes["a.split"]
    assert gateway.kind == "parallel"
    assert gateway.outgoing == ("f2", "f3")
    assert diagram.nodes["a"].outgoing == ("a.to_split",)
    assert diagram.flows["a.to_split"].target == "a.split"
    assert diagram.flows["f2"].source == "a.split"
    assert diagram.drawn == {"a.split": "a", "a.to_split": "a"}


def test_an_inserted_gateway_gives_way_to_drawn_ids() -> None:
    diagram = read(CALL.format("a") + CALL.format("a.split"), link("s", "a", "a.split", "e") + link("a", "e"))

    assert diagram.nodes["a.split"].kind == "call"
    assert diagram.drawn["a.split.2"] == "a"


def test_a_start_and_a_boundary_event_may_split_too() -> None:
    event = '<boundaryEvent id="late" attachedToRef="a"><timerEventDefinition><timeDuration>3</timeDuration>'
    diagram = read(
        CALL.format("a") + CALL.format("b") + event + "</timerEventDefinition></boundaryEvent>",
        link("s", "a", "e") + link("s", "b", "e") + link("late", "e") + link("late", "b"),
    )

    assert diagram.drawn["s.split"] == "s"
    assert diagram.drawn["late.split"] == "late"


def test_a_split_inside_a_sub_process_stays_inside() -> None:
    inner = f'<startEvent id="xs"/>{CALL.format("a")}{CALL.format("b")}<endEvent id="xe"/>'
    diagram = read(
        f'<subProcess id="x">{inner}{link("xs", "a", "xe")}{link("xs", "b", "xe")}</subProcess>', link("s", "x", "e")
    )

    assert diagram.nodes["xs.split"].scope == "x"


def test_several_incoming_flows_stay_a_merge() -> None:
    diagram = diagram_of("runs_merge_implicit")

    assert diagram.nodes["a"].incoming == ("f2", "f3")
    assert diagram.drawn == {}


def test_gateways_keep_the_flows_they_are_drawn_with() -> None:
    both = diagram_of("runs_parallel_join_and_split").nodes["both"]
    exclusive = diagram_of("runs_exclusive_join_and_split").nodes["x"]

    assert (both.incoming, both.outgoing) == (("f2", "f3"), ("f4", "f5"))
    assert (exclusive.incoming, exclusive.outgoing, exclusive.default) == (("f1", "f2"), ("f3", "f4"), "f4")


def test_a_timer_start_stands_beside_the_one_that_a_person_uses() -> None:
    diagram = diagram_of("runs_timer_start")

    assert [node.timer for node in diagram.starts("timer")] == [Timer("cycle", "yearly(first_workday(1))")]
    assert diagram.start() == diagram.nodes["s"]
    assert diagram.start_form == "plan"
    assert set(diagram.nodes["a"].incoming) == {"f0", "f1"}


def test_a_diagram_without_a_timer_start_has_none() -> None:
    diagram = diagram_of("runs_user")

    assert diagram.starts("timer") == ()
    assert diagram.start_form == ""
