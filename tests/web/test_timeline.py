"""The words for a history: who, in which post, when, what, with which opinion; never an id."""

from datetime import UTC, datetime
from typing import Any

from engine.core.history import Event
from web import streams, timeline
from web.timeline import Words

AT = datetime(2026, 1, 20, 1, 30, tzinfo=UTC)
WORDS = Words(
    {"p1": "王承办", "p2": "赵组长"},
    {"hr.staff": "人事部承办人", "group.leader": "领导小组组长"},
    {"draft": "起草"},
    {"c1": "答复·人事部"},
)


def event(kind: str, payload: dict[str, Any] | None = None, **envelope: Any) -> Event:
    head = {"person": "p1", "post": "hr.staff", "entering_for": None, **envelope}
    return Event("instance:i", 1, kind, AT, head, {} if payload is None else payload)


def text(kind: str, payload: dict[str, Any] | None = None, **envelope: Any) -> str:
    return timeline.line(event(kind, payload, **envelope), WORDS).text


def test_an_act_says_who_in_which_post_and_when() -> None:
    told = timeline.line(event("task.claimed", activity="draft"), WORDS)
    assert (told.who, told.when, told.text) == ("王承办（人事部承办人）", "2026年1月20日 09:30", "签收“起草”")


def test_a_completion_says_outcome_and_opinion() -> None:
    payload = {"label": "退回", "text": "请补数字。", "made_on": None}
    told = timeline.line(event("task.completed", payload, activity="draft"), WORDS)
    assert (told.text, told.outcome, told.opinion, told.marks) == ("办理“起草”", "退回", "请补数字。", ())


def test_a_step_done_along_with_another_says_so() -> None:
    payload = {"label": "报送", "text": "", "made_on": None}
    told = timeline.line(event("task.completed", payload, activity="draft", merged=True), WORDS)
    assert (told.outcome, told.marks) == ("报送", ("同一人连续办理，一次办理、两步留痕",))


def test_what_was_entered_for_a_leader_is_the_leaders_act_and_says_who_typed_it() -> None:
    # Given a secretary who typed in what the leader signed on paper
    payload = {"label": "同意", "text": "", "made_on": "2026-01-19"}
    head = {"entering_for": "p2", "post": "group.leader", "activity": "draft"}
    told = timeline.line(event("task.completed", payload, **head), WORDS)
    # Then it is the leader's, marked, with both names and the paper's date
    assert told.who == "赵组长（领导小组组长）"
    assert told.marks == ("代录：由王承办录入，纸面签批日期2026年1月19日",)


def test_what_a_deputy_did_is_theirs_and_says_in_whose_place() -> None:
    payload = {"label": "同意", "text": "", "made_on": None}
    head = {"acting_for": "p2", "post": "group.leader", "activity": "draft"}
    told = timeline.line(event("task.completed", payload, **head), WORDS)
    assert (told.who, told.marks) == ("王承办（代理赵组长·领导小组组长）", ())


def test_a_deadline_that_moved_says_from_when_to_when() -> None:
    moments = {"before": "2026-01-28T10:00:00+00:00", "after": "2026-02-04T10:00:00+00:00"}
    told = timeline.line(event("task.due_changed", moments, activity="draft"), WORDS)
    assert (told.text, told.who) == ("“起草”的期限由2026年1月28日改为2026年2月4日", "系统")
    erased = Event("instance:i", 1, "task.due_changed", AT, {"activity": "draft"}, None)
    assert timeline.line(erased, WORDS).text == "“起草”的期限改变"


def test_each_kind_has_its_words() -> None:
    assert text("task.released", assignee="p2", activity="draft") == "“起草”放回岗位：赵组长已经不能再办理"
    assert text("instance.started", {"title": "修门"}) == "发起“修门”"
    assert text("instance.started", {"title": "修门"}, person=None, parent="x") == "由上级事项发起“修门”"
    assert text("instance.started", {"title": "修门"}, person=None) == "到时自动发起“修门”"
    assert text("task.assigned", assignee="p2", activity="draft") == "把“起草”指派给赵组长"
    assert text("task.withdrawn", activity="draft") == "撤回“起草”"
    assert text("child.returned", child="c1") == "“答复·人事部”办结，结果已交回"
    assert text("incident.raised", {"message": "岗位无人"}) == "出现异常：岗位无人"
    assert text("instance.cancelling", {"reason": "重复"}) == "撤销事项，原因：重复"
    assert text("document.added", {"name": "照片.jpg"}) == "增加材料“照片.jpg”"
    assert text("activity.entered", {"name": "另一步"}, activity="gone", index=1) == "走到“另一步（第 2 份）”"


def test_a_task_that_opens_says_whose_it_is_and_until_when() -> None:
    payload = {"candidates": ["hr.staff", "gone.post"], "due": "2026-01-23 10:00:00+00:00"}
    assert text("task.opened", payload, activity="draft") == (
        "“起草”交人事部承办人、（岗位已不存在）办理，期限 2026年1月23日"
    )


def test_what_the_machine_does_is_told_as_the_systems_and_only_in_the_full_record() -> None:
    told = timeline.line(event("activity.completed", {"name": "分路"}, activity="x"), WORDS)
    assert told.detail
    assert told.who == "系统"
    assert not timeline.line(event("incident.raised", {"message": "m"}), WORDS).detail


def test_erased_content_is_told_and_hides_nothing_else() -> None:
    # Given an event whose payload was lawfully erased
    erased = Event("instance:i", 1, "task.completed", AT, {"person": "p9", "activity": "draft"}, None)
    told = timeline.line(erased, WORDS)
    # Then the act is still told, with the erasure
    assert told.text == "办理“起草”"
    assert told.who == "（姓名已删除）"
    assert told.marks == ("内容已依法清除",)
    assert timeline.line(Event("i", 1, "incident.raised", AT, {}, None), WORDS).text == "出现异常"


def test_an_erasure_says_of_what_and_on_which_authority() -> None:
    payload = {"authority": "某法第一条", "reason": "本人要求"}
    assert text("event.erased", payload, erases=7) == "依法清除第7条记录的内容，依据：某法第一条"


def test_every_kind_that_has_a_sentence_has_a_name_too() -> None:
    assert timeline._WRITERS.keys() <= streams.KINDS.keys()
    assert streams.kind_words("something.new") == "其他记录"


def test_an_unknown_kind_is_told_as_another_record() -> None:
    told = timeline.line(event("something.new"), WORDS)
    assert (told.text, told.detail) == ("其他记录", True)


def test_times_and_days_are_those_of_the_offices_wall_clock() -> None:
    assert timeline.moment_words(datetime(2026, 1, 19, 17, 5, tzinfo=UTC)) == "2026年1月20日 01:05"
    assert timeline.moment_words(None) == ""
    assert timeline.day_words(None) == ""


def test_events_are_told_by_what_was_thrown_and_received() -> None:
    assert text("event.thrown", {"thrown": "到货"}, event="message") == "发出消息“到货”"
    assert text("event.thrown", {"thrown": "bad"}, event="error") == "出现错误“bad”"
    assert text("event.thrown", {"thrown": ""}, event="cancel") == "取消这一组环节"
    assert text("event.received", {"received": "放假"}, event="signal") == "收到信号“放假”"
    assert text("event.received", {"received": "到货"}, event="message") == "收到消息“到货”"
    assert text("child.error", {"code": "bad"}, child="c1") == "“答复·人事部”出错结束：bad"
    assert text("child.escalation", {"code": "late"}, child="c1") == "“答复·人事部”上报情况：late"
    assert text("message.expired", {"name": "到货"}) == "消息“到货”过期，没有人接收"
    assert text("instance.failed", {"outcome": "bad"}) == "事项出错结束：bad"


def test_a_decision_says_what_was_asked_which_rules_answered_and_what_came_out() -> None:
    asked = {"table": "分级", "inputs": [["金额", "5000"]], "variables": [["事由", '"慰问"']], "result": '"high"'}
    words = '“（无名环节）”按规则判定。决策表“分级”：金额 = 5000，事由 = "慰问"；%s；结果 "high"'
    answered = {**asked, "rules": [1, 3], "notes": {"3": "大额"}}
    assert text("decision.made", answered) == words % "第 1、3 条规则成立（第 3 条：大额）"
    assert text("decision.made", {**asked, "rules": [], "notes": {}}) == words % "没有规则成立"
