"""Put the events of a history into words that everybody reads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from engine import people
from engine.core import decisions
from engine.core.calendar import OFFICE_CLOSES
from engine.core.chain import ERASED
from engine.core.diagram import Diagram
from engine.core.history import Event
from engine.ground.clock import local
from engine.ground.unit_of_work import Unit
from web.texts import gettext as _

FORGOTTEN = ("activity.entered", "activity.completed", "activity.cancelled", "timer.fired", "function.done")
"""What the machine does by itself: kept in the history, told only in the full record."""

PERSONS = ("person", "acting_for", "entering_for", "assignee", "subject")
"""Where an event's envelope holds the id of a person."""

BY_ITSELF = (
    *("activity.", "child.", "event.thrown", "event.received", "message.", "timer.", "function.", "decision."),
    *("incident.raised", "task.due_changed"),
)
"""What follows from somebody's act without being that person's act."""


@dataclass(frozen=True)
class Line:
    """Say one thing that happened."""

    number: int
    at: datetime
    text: str
    who: str
    outcome: str = ""
    opinion: str = ""
    marks: tuple[str, ...] = ()
    detail: bool = False

    @property
    def when(self) -> str:
        """Give its time in words."""
        return moment_words(self.at)


@dataclass(frozen=True)
class Words:
    """Hold the names that a history's ids stand for."""

    persons: Mapping[str, str] = field(default_factory=dict)
    posts: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    children: Mapping[str, str] = field(default_factory=dict)

    def person(self, person_id: Any) -> str:
        """Name a person; one whose name was lawfully erased has none."""
        return self.persons.get(str(person_id), _("（姓名已删除）"))

    def post(self, reference: Any) -> str:
        """Name a post."""
        return self.posts.get(str(reference), _("（岗位已不存在）"))

    def step(self, event: Event) -> str:
        """Name the step that an event is about."""
        name = self.steps.get(str(event.envelope.get("activity")), "") or str((event.payload or {}).get("name") or "")
        index = event.envelope.get("index")
        return (name or _("（无名环节）")) + (_("（第 %s 份）") % (index + 1) if isinstance(index, int) else "")


def moment_words(moment: datetime | None) -> str:
    """Write a moment as the office's wall clock shows it: 2026年1月20日 09:30."""
    if moment is None:
        return ""
    shown = local(moment)
    return f"{shown.year}年{shown.month}月{shown.day}日 {shown:%H:%M}"


def due_words(moment: datetime | None) -> str:
    """Write a deadline: the day, and the hour only where it is not the end of the office's day."""
    if moment is None:
        return ""
    shown = local(moment)
    return day_words(shown.date()) if shown.time() == OFFICE_CLOSES else moment_words(moment)


def day_words(day: date | None) -> str:
    """Write a day: 2026年1月20日."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def tell(unit: Unit, events: Sequence[Event], diagram: Diagram | None = None) -> list[Line]:
    """Put an instance's events into words, oldest first."""
    words = gather(unit, events, diagram)
    return [line(event, words) for event in events]


def gather(unit: Unit, events: Iterable[Event], diagram: Diagram | None = None) -> Words:
    """Look up every name that some events need, in two queries."""
    persons: set[str] = set()
    posts: set[str] = set()
    children: dict[str, str] = {}
    for event in events:
        head, payload = event.envelope, event.payload or {}
        persons.update(str(head[key]) for key in PERSONS if head.get(key))
        posts.update(str(head[key]) for key in ("post", "held") if head.get(key))
        posts.update(str(item) for item in payload.get("candidates") or ())
        if event.kind == "child.started":
            children[str(head["child"])] = str(payload.get("title") or "")
    steps = {node.id: node.name for node in diagram.nodes.values()} if diagram else {}
    return Words(people.person_names(unit, persons), people.post_titles(unit, posts), steps, children)


def line(event: Event, words: Words) -> Line:
    """Put one event into words."""
    writer = _WRITERS.get(event.kind)
    text = writer(event, words) if writer else _("其他记录")
    told = Line(event.number, event.at, text, who(event, words), detail=event.kind in FORGOTTEN or writer is None)
    if event.kind == "task.completed":
        told = _with_opinion(told, event, words)
    if event.payload is None:
        told = replace(told, marks=(*told.marks, _("内容已依法清除")))
    return told


def who(event: Event, words: Words) -> str:
    """Say who acted, in which post and in whose place (代理); 代录 is told as the signer's act."""
    head = event.envelope
    if not head.get("person") or event.kind.startswith(BY_ITSELF):
        return _("系统")
    name = words.person(head.get("entering_for") or head["person"])
    principal = words.person(head["acting_for"]) if head.get("acting_for") else ""
    return people.signature(name, words.post(head["post"]) if head.get("post") else "", principal)


def _with_opinion(told: Line, event: Event, words: Words) -> Line:
    head, payload = event.envelope, event.payload or {}
    marks: tuple[str, ...] = ()
    if head.get("entering_for"):
        day = _day(payload.get("made_on"))
        marks = (_("代录：由%s录入，纸面签批日期%s") % (words.person(head["person"]), day or _("未注明")),)
    if head.get("merged"):
        marks = (_("同一人连续办理，一次办理、两步留痕"),)
    return replace(told, outcome=str(payload.get("label") or ""), opinion=str(payload.get("text") or ""), marks=marks)


def _day(text: Any) -> str:
    try:
        return day_words(date.fromisoformat(str(text)[:10]))
    except ValueError:
        return ""


# One writer a kind

Writer = Callable[[Event, Words], str]


def _get(event: Event, key: str) -> str:
    return str((event.payload or {}).get(key) or "")


def _about_step(text: str) -> Writer:
    return lambda event, words: text % words.step(event)


def _about(text: str, key: str) -> Writer:
    return lambda event, words: text % _get(event, key) if _get(event, key) else text.replace("“%s”", "").rstrip("：%s")


def _plain(text: str) -> Writer:
    return lambda event, words: text


def _child(text: str) -> Writer:
    return lambda event, words: text % (words.children.get(str(event.envelope.get("child"))) or _("下级事项"))


def _started(event: Event, words: Words) -> str:
    if event.envelope.get("person"):
        return _("发起“%s”") % _get(event, "title")
    return (_("由上级事项发起“%s”") if event.envelope.get("parent") else _("到时自动发起“%s”")) % _get(event, "title")


def _opened(event: Event, words: Words) -> str:
    posts = "、".join(words.post(item) for item in (event.payload or {}).get("candidates") or ())
    text = _("“%s”交%s办理") % (words.step(event), posts)
    due = _get(event, "due")
    return text + _("，期限 %s") % due_words(datetime.fromisoformat(due)) if due else text


def _due_changed(event: Event, words: Words) -> str:
    if not event.payload:
        return _("“%s”的期限改变") % words.step(event)
    days = [due_words(datetime.fromisoformat(_get(event, key))) for key in ("before", "after")]
    return _("“%s”的期限由%s改为%s") % (words.step(event), *days)


def _assigned(event: Event, words: Words) -> str:
    return _("把“%s”指派给%s") % (words.step(event), words.person(event.envelope.get("assignee")))


def _released(event: Event, words: Words) -> str:
    person = words.person(event.envelope.get("assignee"))
    return _("“%s”放回岗位：%s已经不能再办理") % (words.step(event), person)


def _erased(event: Event, words: Words) -> str:
    return _("依法清除第%s条记录的内容，依据：%s") % (event.envelope.get("erases"), _get(event, "authority"))


def _thrown(event: Event, words: Words) -> str:
    texts = {
        "message": _("发出消息“%s”"),
        "signal": _("发出信号“%s”"),
        "error": _("出现错误“%s”"),
        "escalation": _("上报情况“%s”"),
    }
    text = texts.get(str(event.envelope.get("event")))
    return text % _get(event, "thrown") if text else _("取消这一组环节")


def _received(event: Event, words: Words) -> str:
    text = _("收到信号“%s”") if event.envelope.get("event") == "signal" else _("收到消息“%s”")
    return text % _get(event, "received")


def _code(text: str) -> Writer:
    return lambda event, words: text % (_child("%s")(event, words), _get(event, "code"))


def _decided(event: Event, words: Words) -> str:
    text = _("“%s”按规则判定") % words.step(event)
    return f"{text}。{decisions.told(event.payload)}" if event.payload else text


_WRITERS: dict[str, Writer] = {
    ERASED: _erased,
    "instance.started": _started,
    "instance.completed": _plain(_("事项办结")),
    "instance.failed": _about(_("事项出错结束：%s"), "outcome"),
    "instance.cancelling": _about(_("撤销事项，原因：%s"), "reason"),
    "instance.cancelled": _plain(_("事项已撤销")),
    "task.opened": _opened,
    "task.due_changed": _due_changed,
    "task.claimed": _about_step(_("签收“%s”")),
    "task.unclaimed": _about_step(_("放回“%s”")),
    "task.assigned": _assigned,
    "task.released": _released,
    "task.completed": _about_step(_("办理“%s”")),
    "task.withdrawn": _about_step(_("撤回“%s”")),
    "decision.made": _decided,
    "child.started": _child(_("开始“%s”")),
    "child.returned": _child(_("“%s”办结，结果已交回")),
    "child.discarded": _child(_("“%s”的结果来得太晚，只登记，不再使用")),
    "child.error": _code(_("“%s”出错结束：%s")),
    "child.escalation": _code(_("“%s”上报情况：%s")),
    "event.thrown": _thrown,
    "event.received": _received,
    "message.expired": _about(_("消息“%s”过期，没有人接收"), "name"),
    "incident.raised": _about(_("出现异常：%s"), "message"),
    "incident.resolved": _about(_("异常已处理：%s"), "resolution"),
    "document.added": _about(_("增加材料“%s”"), "name"),
    "timer.fired": _plain(_("定的时间到了")),
    "function.error": _about(_("系统没有办成：%s"), "message"),
    "function.done": _about_step(_("系统办完“%s”")),
    "activity.entered": _about_step(_("走到“%s”")),
    "activity.completed": _about_step(_("走完“%s”")),
    "activity.cancelled": _about_step(_("“%s”不再需要")),
    "activity.stuck": _about_step(_("“%s”走不下去，等待处理")),
}
