"""The text twin of a diagram says everything that the drawing says."""

from pathlib import Path

import pytest

from engine.core.catalogue import read_published
from engine.core.diagram import Diagram
from engine.ground.unit_of_work import Parameter
from engine.parameters import Setting
from tests.web.stage import ERRAND
from web import twin
from web.twin import Step

DIAGRAMS = Path(__file__).parents[1] / "diagrams"
DRAWN = sorted(Path(__file__).parents[2].joinpath("bpmn").glob("*.bpmn"))
RUNNING = sorted(DIAGRAMS.glob("runs_*.bpmn"))


def diagram_of(name: str) -> Diagram:
    return read_published((DIAGRAMS / f"{name}.bpmn").read_bytes())


def errand() -> Diagram:
    return read_published(ERRAND.encode())


def step(steps: list[Step], name: str) -> Step:
    return next(item for item in steps if item.name == name)


def said(item: Step) -> str:
    return " ".join([item.number, item.name, item.kind, item.who, *item.notes, item.lead, *(w.text for w in item.ways)])


def test_a_deadline_set_by_the_office_says_which_parameter_and_what_it_is_now() -> None:
    step_days = Parameter("每一步", "个工作日", default=3, least=1, most=30, basis="机关惯例")
    known = twin.told_parameters([Setting("step_days", step_days, 4, None, None)])
    item = step(twin.tell(diagram_of("runs_parameter"), parameters=known), "办理 a")
    assert "期限按参数“每一步”，现在是 4 个工作日。" in item.notes
    item = step(twin.tell(diagram_of("runs_parameter")), "办理 a")
    assert "期限按流程里定的日期。" in item.notes


def test_steps_stand_in_the_order_they_flow() -> None:
    # Given a process whose review may send a draft back
    steps = twin.tell(errand())
    # Then the draft comes before its review, and nothing is left out
    assert [item.name for item in steps] == ["交办", "写明要办的事", "负责人看", "看过以后", "各单位答复", "办完"]
    assert [item.number for item in steps] == ["1", "2", "3", "4", "5", "6"]


def test_a_step_that_goes_along_with_the_one_before_says_so() -> None:
    (item,) = [item for item in twin.tell(diagram_of("runs_merge")) if item.name == "办理 a"]
    assert "上一步由同一人办理的，这一步随它一并办理，两步都留痕。" in item.notes
    assert not any("一并办理" in said(item) for item in twin.tell(errand()))


def test_a_branch_names_its_conditions_and_where_each_leads() -> None:
    item = step(twin.tell(errand()), "看过以后")
    assert item.lead == "按情况只走一路："
    assert [way.text for way in item.ways] == [
        "“退回”：回到第 2 步“写明要办的事”",
        "其他情况（同意）：到第 5 步“各单位答复”",
    ]


def test_a_loop_says_to_which_step_it_leads_back() -> None:
    steps = twin.tell(errand())
    assert [way.back for way in step(steps, "看过以后").ways] == [True, False]
    assert "可以从第 1、4 步来到这里。" in step(steps, "写明要办的事").notes


def test_lanes_say_whose_a_step_is() -> None:
    steps = twin.tell(errand())
    assert step(steps, "写明要办的事").who == "办公室承办人"
    assert step(steps, "负责人看").who == "办公室负责人"


def test_a_step_outside_lanes_is_its_posts() -> None:
    steps = twin.tell(diagram_of("runs_user"), titles={"hr.staff": "人事部承办人"})
    assert "人事部承办人" in {item.who for item in steps}


def test_a_called_process_is_told_by_its_name() -> None:
    item = step(twin.tell(errand(), called={"reply": "答复"}), "各单位答复")
    assert "另开事项“答复”，它办结后才往下走。" in item.notes
    assert "名单里每一项各办一份，同时进行。" in item.notes


def test_a_rule_is_told_with_the_name_of_its_table() -> None:
    item = step(twin.tell(diagram_of("runs_rule_unique"), called={"unique.dmn": "分级"}), "定级")
    assert (item.kind, item.notes) == ("按规则自动判定", ("由决策表“分级”给出结果。",))


def test_deadlines_are_told_in_working_days() -> None:
    assert "限 3 个工作日。" in step(twin.tell(errand()), "写明要办的事").notes


def test_what_is_done_and_what_is_present_is_told_without_colour() -> None:
    marks = {"start": "done", "f1": "done", "draft": "now"}
    steps = twin.tell(errand(), marks)
    assert step(steps, "交办").progress == "已办完"
    assert step(steps, "交办").ways[0].walked
    assert step(steps, "写明要办的事").progress == "正在办"
    assert step(steps, "办完").progress == "还没有到"


def test_parallel_paths_and_their_join_are_told() -> None:
    steps = twin.tell(diagram_of("runs_parallel"))
    split = next(item for item in steps if item.lead == "以下各路同时开始：")
    assert split.kind == "同时进行"
    assert any("步都走到这里，才往下走。" in note for item in steps for note in item.notes)


def test_an_implicit_split_is_told_at_the_step_that_splits() -> None:
    # Given a task that was drawn with two outgoing flows
    steps = twin.tell(diagram_of("runs_split_implicit"))
    # Then it opens both at once, and the gateway that normalising put in is not told
    splitting = [item for item in steps if item.lead == "以下各路同时开始："]
    assert len(splitting) == 1
    assert splitting[0].kind == "人工办理"
    assert not any(".split" in item.id for item in steps)


def test_a_sub_process_numbers_its_own_steps() -> None:
    steps = twin.tell(diagram_of("runs_multi_subprocess"))
    inner = [item for item in steps if item.depth == 1]
    outer = next(item for item in steps if item.kind == "一组环节")
    assert [item.number for item in inner] == [f"{outer.number}.{count}" for count in range(1, len(inner) + 1)]
    assert "名单里每一项各办一份，同时进行。" in outer.notes


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("runs_boundary_interrupting", "中止它，改走这一路"),
        ("runs_boundary_non_interrupting", "它照常办，另外走这一路"),
    ],
)
def test_a_boundary_timer_is_told_at_both_ends(name: str, words: str) -> None:
    steps = twin.tell(diagram_of(name))
    boundary = next(item for item in steps if item.kind == "到时另走")
    assert any(words in note for note in boundary.notes)
    assert any(f"就走第 {boundary.number} 步" in note for item in steps for note in item.notes)


def test_waiting_times_are_told_in_words() -> None:
    def waits(name: str) -> str:
        return " ".join(said(item) for item in twin.tell(diagram_of(name)))

    assert "等流程里定的日期，到时自动往下走。" in waits("runs_timer_date")
    assert "等流程里定的几个工作日，到时自动往下走。" in waits("runs_timer_workdays")
    assert "等 1 个月 2 天 3 小时，到时自动往下走。" in waits("runs_timer_iso")


def test_a_condition_without_a_name_is_told_as_it_stands() -> None:
    steps = twin.tell(diagram_of("runs_multi_subprocess"))
    assert any("符合条件“one = 1”时" in said(item) for item in steps)


def test_how_it_begins_is_told() -> None:
    assert twin.beginning(errand(), {"office.staff": "办公室承办人"}) == "由办公室承办人发起。"
    assert "自动开始" in twin.beginning(diagram_of("runs_timer_start"))
    assert twin.beginning(diagram_of("runs_script")) == "由上级事项自动发起。" or diagram_of("runs_script").starters


@pytest.mark.parametrize("path", [*DRAWN, *RUNNING], ids=lambda path: path.stem)
def test_every_drawn_step_is_told_once_and_every_way_leads_to_a_step(path: Path) -> None:
    # Given any diagram that can be published
    diagram = read_published(path.read_bytes())
    steps = twin.tell(diagram)
    # Then each drawn node stands once, each drawn flow is a way, and forward ways lead to later steps
    assert sorted(item.id for item in steps) == sorted(set(diagram.nodes) - set(diagram.drawn))
    links = [flow.id for flow in diagram.flows.values() if diagram.nodes[flow.source].event == "link"]
    drawn_flows = [flow for flow in diagram.flows.values() if flow.id not in diagram.drawn or flow.id in links]
    assert sum(len(item.ways) for item in steps) == len(drawn_flows)
    assert len({item.number for item in steps}) == len(steps)
    for item in steps:
        assert item.name and item.kind
        assert len(item.ways) > 1 or not item.lead


def told(name: str) -> str:
    return "\n".join(said(item) for item in twin.tell(diagram_of(name)))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("runs_message_catch", "等收到消息“到货”，才往下走。"),
        ("runs_receive_task", "等收到消息“到货”，才往下走。"),
        ("runs_send_and_receive", "发出消息“到货”。"),
        ("runs_message_boundary", "守着第 2 步“办理 a”：还没有办完而收到消息“到货”，就中止它，改走这一路。"),
        ("runs_message_boundary_non_interrupting", "还没有办完而收到消息“到货”，它照常办，另外走这一路。"),
        ("runs_signal_end", "发出信号“放假”，在等的都会收到。"),
        ("runs_event_based", "先等到哪一件，就走哪一路："),
        ("runs_condition_boundary", '符合条件“outcome = "agree"”'),
        ("runs_error_boundary", "以错误“bad”结束，由外面处理它的环节接着办。"),
        ("runs_error_boundary_any", "还没有办完而出现错误，就中止它"),
        ("runs_escalation_handler", "上报情况“late”时开始，其他环节照常办。"),
        ("runs_message_handler", "收到消息“到货”时开始，中止同一层的其他环节。"),
        ("runs_transaction_cancel", "可以整体取消的一组环节"),
        ("runs_transaction_cancel", "还没有办完而被取消，就中止它"),
        ("runs_inclusive", "符合情况的各路都走："),
        ("runs_inclusive", "要走到这里的都来了，才往下走。"),
        ("runs_split_conditional", "无论如何：到第"),
        ("runs_link", "转到链接处"),
        ("runs_loop_maximum", "最多办 2 遍。"),
        ("runs_loop_before", "先看条件，符合才办；办完再看一次。"),
        ("runs_multi_cardinality_sequential", "按定的次数各办一份，依次进行。"),
        ("runs_timer_handler", "过了 3 个工作日时开始"),
        ("runs_timer_cycle_boundary", "还没有办完而每过 1 周（最多 3 次），它照常办，另外走这一路。"),
        ("runs_timer_cycle_handler", "每过 1 个月时开始，其他环节照常办。"),
        ("runs_timer_cycle_interrupting", "还没有办完而过了 10 小时，就中止它"),
        ("runs_timer_cycle_from_day", "还没有办完而每到流程里定的日期，它照常办"),
        ("runs_timer_cycle_catch", "等流程里定的日期，到时自动往下走。"),
    ],
)
def test_every_element_says_what_it_does(name: str, words: str) -> None:
    assert words in told(name)


def test_a_process_says_by_which_events_it_begins() -> None:
    assert twin.beginning(diagram_of("runs_message_start")) == "收到消息“到货”时自动开始。"
    assert twin.beginning(diagram_of("runs_signal_start")) == "收到信号“放假”时自动开始。"
