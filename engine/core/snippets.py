"""What is wrong with one text while somebody types it: judged as a diagram that says nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.core.checks import check_meaning
from engine.core.diagram import Diagram, Kind, Multi, Node, Surroundings, Timer, TimerKind, Trigger
from engine.core.naming import Names, names_of

MAX = 20_000
"""As long as a script may be; more is nothing that anybody types."""


@dataclass(frozen=True)
class _Frame:
    """A diagram around a text: the faults that are the text's own, and what they call it at their beginning."""

    diagram: Callable[[str], Diagram]
    codes: frozenset[str]
    subject: str = ""


def _of(node: Callable[[str], Node], codes: str, subject: str = "") -> _Frame:
    found = frozenset(f"BPMN-{code}" for code in f"{codes} PARAMETER".split())
    return _Frame(lambda text: Diagram("p", "", nodes={"a": node(text)}), found, subject)


def _task(name: str) -> Callable[[str], Node]:
    # Reminders and chasing have a meaning only beside a deadline.
    return lambda text: Node("a", "user", attributes={"due": "1", name: text})


def _timer(where: Kind, kind: TimerKind) -> _Frame:
    return _of(lambda text: Node("a", where, trigger=Trigger("timer", timer=Timer(kind, text))), "TIMER", "定时")


_FRAMES: Mapping[str, _Frame] = {
    "expression": _Frame(
        lambda text: Diagram("p", "", title=text), frozenset({"BPMN-EXPRESSION", "BPMN-PARAMETER"}), "事项标题"
    ),
    "foreign": _of(lambda text: Node("a", "call", outputs=((text, "x"),)), "EXPRESSION", "传出“x”"),
    "script": _of(lambda text: Node("a", "script", script=text), "SCRIPT", "脚本"),
    "assignment": _of(_task("assignment"), "EXPRESSION POST", "办理岗位"),
    "due": _of(_task("due"), "DUE", "期限"),
    "remind": _of(_task("remind"), "REMIND", "提醒"),
    "chase": _of(_task("chase"), "CHASE POST", "催办"),
    "date": _timer("catch", "date"),
    "duration": _timer("catch", "duration"),
    "cycle": _timer("catch", "cycle"),
    "start_date": _timer("start", "date"),
    "start_duration": _timer("start", "duration"),
    "start_cycle": _timer("start", "cycle"),
    "cardinality": _of(lambda text: Node("a", "manual", multi=Multi(cardinality=text)), "MULTI", "多实例的次数"),
    "name": _of(
        lambda text: Node("a", "manual", multi=Multi(cardinality="1", item=text)),
        "MULTI",
        "多实例的元素变量(suixu:item)",
    ),
}
KINDS = frozenset(_FRAMES)
"""What a text can be: `expression`, `foreign` (one that reads another process's variables), `script`, the attributes
of a task, the times of an event, a number, a name."""


def judge(kind: str, text: str, around: Surroundings, names: Names | None = None) -> str:
    """Say what publishing would refuse in a text and what to do, "" for nothing.

    That a variable cannot exist is said only where `names` are given.
    """
    frame = _FRAMES[kind]
    if not text.strip():
        return ""
    if len(text) > MAX:
        return f"超过{MAX}个字符，请缩短。"
    diagram = frame.diagram(text.strip() if kind != "script" else text)
    if names:
        # What the text itself makes is there, even where the drawing does not hold it yet.
        known = names.at_start.union(*names_of(diagram, around).made.values())
        names = Names(known, {"": known}, names.whole)
    codes = frame.codes | ({"BPMN-VARIABLE"} if names else frozenset())
    found = next((fault for fault in check_meaning(diagram, around, names) if fault.code in codes), None)
    if found is None:
        return ""
    return f"{found.message.removeprefix(frame.subject).removeprefix('写错了：')}{found.remedy}"
