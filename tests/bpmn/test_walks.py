"""Every path that is drawn can be walked: tokens move as the office expects, on the machine that runs them."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from itertools import count

import pytest

from engine.core import expressions, spiff
from engine.core.calendar import Calendar
from engine.core.diagram import Node
from engine.core.expressions import Value
from tests.bpmn.test_drawings import published
from workflows import parameters

CALENDAR = Calendar()
START = date(2026, 1, 5)
DUE = date(2026, 1, 19)

PARAMETERS = parameters.load()
POSTS = {
    ("group", "deputy"): ("group.deputy_1",),
    ("group", "member"): ("group.member_office",),
    ("board", "member"): ("board.member_1",),
}


class Walk:
    """Walk one process; called processes, functions and timers end when the test says so."""

    changes = 0
    is_called = False

    def __init__(self, key: str, **variables: Value) -> None:
        self.variables: dict[str, Value] = {"unit": "publicity", "year": Decimal(2026), **variables}
        self.scopes: dict[str, dict[str, Value]] = {}
        self.results: dict[tuple[str, int], Value] = {}
        self.today = START
        self.ids = map(str, count(1))
        self.machine = spiff.Machine(spiff.compile_program(published(key)), self)
        self.machine.begin()
        self.move()

    # What the machine asks of its host

    def seen(self, frames: tuple[str, ...]) -> Mapping[str, Value]:
        inner = [self.scopes.get(frame, {}) for frame in reversed(frames)]
        return {**self.variables, **{name: value for scope in inner for name, value in scope.items()}}

    def throw(self, node: Node, frames: tuple[str, ...]) -> dict[str, Value]:
        return {}

    def receive(self, node: Node, frames: tuple[str, ...], values: Mapping[str, Value]) -> None:
        """Take nothing over."""

    def evaluate(self, expression: str, frames: tuple[str, ...] = ()) -> Value:
        functions: Mapping[str, Callable[..., Value]] = {
            "today": lambda: self.today,
            "add workdays": lambda day, number: CALENDAR.add_workdays(day, int(number)),
            "posts": lambda unit, kind: POSTS[unit, kind],
            "unit kind": lambda code: "institution" if str(code).startswith("unit_") else "department",
            "unit name": lambda code: {"publicity": "宣文部"}.get(code, code),
            "parameter": lambda name: Decimal(PARAMETERS[name].default),
        }
        return expressions.evaluate(expression, self.seen(frames), functions)

    def assign(self, script: str, frames: tuple[str, ...]) -> None:
        for line in expressions.parse_assignments(script):
            self.variables[line.name] = self.evaluate(line.expression.text, frames)
        self.changes += 1

    def decide(self, node: Node, frames: tuple[str, ...]) -> Mapping[str, object]:
        raise AssertionError("no table is asked")

    def open_iteration(self, scope: str, values: dict[str, Value]) -> None:
        self.scopes[scope] = dict(values)

    def keep_result(self, scope: str, kept_in: str, index: int, expression: str) -> None:
        self.results[kept_in, index] = self.evaluate(expression, (scope,)) if expression else None

    def keep_items(self, kept_in: str, items: tuple[Value, ...]) -> None:
        raise AssertionError("nothing is gone through one by one")

    def item(self, kept_in: str, index: int) -> Value:
        raise AssertionError("nothing is gone through one by one")

    def is_enough(
        self, condition: str, kept_in: str, name: str, numbers: Mapping[str, Value], frames: tuple[str, ...]
    ) -> bool:
        return self.evaluate(condition, frames) is True

    def collect(self, kept_in: str, name: str, frames: tuple[str, ...]) -> None:
        keys = sorted(key for key in self.results if key[0] == kept_in)
        found = tuple(self.results.pop(key) for key in keys)
        if name:
            self.variables[name] = found

    def drop(self, scope: str) -> None:
        self.scopes.pop(scope, None)

    def new_id(self) -> str:
        return next(self.ids)

    # What a test does

    def move(self) -> None:
        self.machine.run()
        stuck = [change.message for change in self.machine.take_changes() if change.kind == "stuck"]
        assert stuck == []

    def waiting(self) -> list[str]:
        """Name what waits, the iterations of an activity each for itself."""
        tokens = [token for token in self.machine.tokens if not token.node.multi or token.iterating]
        return sorted(token.node.name for token in tokens)

    def do(self, name: str, outcome: str = "", **variables: Value) -> None:
        """Complete the oldest token at the node of that name, as a form or a child would."""
        token = next(
            token
            for token in self.machine.tokens
            if token.node.name == name and (token.iterating or not token.node.multi)
        )
        scope = self.scopes[token.id] if token.iterating else self.variables
        scope.update(variables)
        if outcome:
            scope["outcome"] = outcome
        self.changes += 1
        self.machine.finish(token.id)
        self.move()

    def handed_over(self, name: str) -> dict[str, Value]:
        """Give what a called process is given."""
        token = next(token for token in self.machine.tokens if token.node.name == name)
        return {target: self.evaluate(source, token.frames) for source, target in token.node.inputs}

    def moment(self, name: str) -> Value:
        """Give the day on which a timer would fire."""
        node = next(token.node for token in self.machine.tokens if token.node.name == name)
        assert node.timer is not None
        return self.evaluate(node.timer.text)


def submission(unit: str = "publicity") -> Walk:
    return Walk("submission", unit=unit, due_date=DUE, reason=None)


def approval(approver: str = "group", **given: Value) -> Walk:
    walk = Walk("approval", approver=approver, **given)
    walk.do("拟办", "submit", mode="circulate")
    walk.do("人事部负责人审核", "agree")
    walk.do("领导小组办公室主任审核", "agree")
    return walk


def signing() -> Walk:
    walk = approval()
    walk.do("圈阅", "agree")
    walk.do("圈阅", "dissent")
    return walk


def year() -> Walk:
    walk = Walk("annual_plan", urgent=False)
    walk.do("锁定应报名单", "send", units=("publicity", "unit_a"), due_date=DUE)
    walk.do("各单位报送")
    walk.do("各单位报送")
    return walk


# submission


def looked_at(outcome: str, consent: bool = False) -> Walk:
    """Let a unit report, and HR look at it and change what needs consent or not."""
    walk = submission()
    walk.do("起草", "submit")
    walk.do("审核", "agree")
    walk.do("人事部审看", outcome)
    walk.do("对照改动", consent_needed=consent)
    return walk


@pytest.mark.parametrize("outcome", ["accept", "accept_amended"])
def test_a_unit_reports_and_hr_receives_it(outcome: str) -> None:
    walk = submission()
    assert walk.waiting() == ["报送逾期", "起草"]
    walk.do("起草", "submit")
    walk.do("审核", "agree")
    assert walk.waiting() == ["人事部审看", "报送逾期"]
    walk.do("人事部审看", outcome)
    assert walk.waiting() == ["对照改动", "报送逾期"]
    walk.do("对照改动", consent_needed=False)
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "received"


@pytest.mark.parametrize("outcome", ["accept", "accept_amended"])
def test_what_hr_changed_that_is_the_units_is_received_when_the_unit_agrees(outcome: str) -> None:
    walk = looked_at(outcome, consent=True)
    assert walk.waiting() == ["报送逾期", "确认人事部改动"]
    walk.do("确认人事部改动", "agree")
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "received"


def test_what_the_unit_does_not_agree_to_is_put_back_and_hr_looks_again() -> None:
    walk = looked_at("accept_amended", consent=True)
    walk.do("确认人事部改动", "disagree", objection="日期与训练冲突")
    assert walk.waiting() == ["恢复单位原稿", "报送逾期"]
    walk.do("恢复单位原稿")
    assert walk.waiting() == ["人事部审看", "报送逾期"]
    assert walk.variables["objection"] == "日期与训练冲突"
    walk.do("人事部审看", "return")
    walk.do("对照改动", consent_needed=False)
    walk.do("起草", "submit")
    walk.do("审核", "agree")
    assert walk.variables["objection"] is None


def test_changes_that_were_not_compared_count_as_the_units() -> None:
    walk = submission()
    walk.do("起草", "submit")
    walk.do("审核", "agree")
    walk.do("人事部审看", "accept")
    walk.do("对照改动")
    assert walk.waiting() == ["报送逾期", "确认人事部改动"]


def test_its_own_report_does_not_pass_hr_a_second_time() -> None:
    walk = submission("hr")
    walk.do("起草", "submit")
    walk.do("审核", "agree")
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "received"


@pytest.mark.parametrize("outcome", ["return", "supplement"])
def test_what_hr_gives_back_is_drafted_again_with_two_working_days_at_least(outcome: str) -> None:
    walk = submission()
    walk.do("起草", "submit")
    walk.do("审核", "return")
    walk.do("起草", "submit")
    walk.do("审核", "agree")
    walk.today = DUE
    walk.do("人事部审看", outcome)
    walk.do("对照改动", consent_needed=True)
    assert walk.waiting() == ["报送逾期", "起草"]
    assert walk.variables["due_date"] == CALENDAR.add_workdays(DUE, 2)


def test_a_granted_extension_moves_the_deadline_and_a_denied_one_does_not() -> None:
    walk = submission()
    walk.do("起草", "extend", wanted_date=date(2026, 1, 26))
    walk.do("审批延期", "deny")
    assert walk.variables["due_date"] == DUE
    walk.do("起草", "extend", wanted_date=date(2026, 1, 26))
    walk.do("审批延期", "grant", granted_date=date(2026, 1, 23))
    assert walk.waiting() == ["报送逾期", "起草"]
    walk.today = date(2026, 1, 20)
    walk.do("报送逾期")
    assert walk.waiting() == ["报送逾期", "起草"]
    assert walk.moment("报送逾期") == date(2026, 1, 26)


def test_hr_waits_longer_and_then_confirms_that_nothing_came() -> None:
    walk = submission()
    assert walk.moment("报送逾期") == date(2026, 1, 20)
    walk.today = date(2026, 1, 20)
    walk.do("报送逾期")
    assert walk.waiting() == ["处置逾期", "起草"]
    walk.do("处置逾期", "wait", new_date=date(2026, 1, 22))
    assert walk.moment("报送逾期") == date(2026, 1, 23)
    walk.today = date(2026, 1, 23)
    walk.do("报送逾期")
    walk.do("处置逾期", "missing")
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "missing"


def late() -> Walk:
    """Let a unit be late, HR wait once for it in vain, and then draft a request to step in."""
    walk = submission()
    walk.today = date(2026, 1, 20)
    walk.do("报送逾期")
    walk.do("处置逾期", "wait", new_date=date(2026, 1, 22))
    walk.today = date(2026, 1, 23)
    walk.do("报送逾期")
    walk.do("处置逾期", "coordinate")
    return walk


def test_a_request_to_step_in_is_about_the_first_deadline_that_was_missed() -> None:
    walk = late()
    assert walk.waiting() == ["已报来", "提请协调", "起草"]
    given = walk.handed_over("提请协调")
    assert given["matter"] == "报送2026年双拥工作计划"
    assert (given["missed_date"], given["due_date"]) == (DUE, date(2026, 1, 22))


def test_once_it_is_sent_hr_waits_until_the_new_day() -> None:
    walk = late()
    walk.do("提请协调", coordination_outcome="send", missed_date=DUE, due_date=date(2026, 1, 27))
    assert walk.waiting() == ["报送逾期", "起草"]
    assert walk.moment("报送逾期") == date(2026, 1, 28)
    # When nothing comes then either, HR decides again, and the first deadline is remembered
    walk.today = date(2026, 1, 28)
    walk.do("报送逾期")
    walk.do("处置逾期", "coordinate")
    assert walk.handed_over("提请协调")["missed_date"] == DUE


def test_what_is_not_sent_leaves_hr_to_decide_otherwise() -> None:
    walk = late()
    walk.do("提请协调", coordination_outcome="keep", missed_date=DUE)
    assert walk.waiting() == ["处置逾期", "起草"]
    walk.do("处置逾期", "missing")
    assert walk.variables["outcome"] == "missing"


def test_nobody_is_asked_to_step_in_once_the_unit_has_reported() -> None:
    walk = late()
    walk.do("起草", "submit")
    walk.do("审核", "agree")
    assert walk.waiting() == ["人事部审看", "报送逾期"]
    # And what comes late after HR gave it back is late by the new deadline alone
    walk.do("人事部审看", "return")
    walk.do("对照改动", consent_needed=False)
    assert walk.variables["missed_date"] is None


def test_a_request_to_step_in_is_drafted_and_a_person_sends_it_or_not() -> None:
    for outcome, following in (("send", ["送办公室主任"]), ("keep", [])):
        walk = Walk("coordination", matter="报送2026年双拥工作计划", missed_date=DUE, due_date=DUE)
        walk.do("拟提请协调")
        assert walk.waiting() == ["提请协调"]
        walk.do("提请协调", outcome)
        assert walk.waiting() == following


def test_a_report_that_waits_for_hr_is_not_overdue() -> None:
    walk = submission()
    walk.do("起草", "submit")
    walk.do("审核", "agree")
    walk.today = date(2026, 1, 20)
    walk.do("报送逾期")
    assert walk.waiting() == ["人事部审看", "报送逾期"]
    assert walk.moment("报送逾期") == date(2026, 1, 21)


# aggregation


def aggregation() -> Walk:
    walk = Walk("aggregation", units=("publicity", "finance"), due_date=DUE, approval_reason=None)
    walk.do("自动拼接")
    return walk


def test_the_draft_goes_up_once_the_tally_finds_everybody_in() -> None:
    walk = aggregation()
    walk.do("汇总改稿", "submit")
    assert walk.waiting() == ["核对到齐"]
    walk.do("核对到齐", "submit")
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "submit"


def test_where_somebody_is_not_in_the_draft_is_compiled_and_comes_back() -> None:
    walk = aggregation()
    walk.do("汇总改稿", "submit")
    walk.do("核对到齐", "incomplete")
    walk.do("自动拼接")
    assert walk.waiting() == ["汇总改稿"]


@pytest.mark.parametrize("outcome", ["merge", ""])
def test_what_is_new_is_taken_in_as_often_as_hr_likes(outcome: str) -> None:
    walk = aggregation()
    for _ in range(2):
        walk.do("汇总改稿", outcome)
        walk.do("自动拼接")
    assert walk.waiting() == ["汇总改稿"]


def test_units_report_again_while_hr_goes_on_and_others_can_follow_them() -> None:
    walk = aggregation()
    walk.do("汇总改稿", "send_back", returned=("publicity",), reason="请补齐经费")
    assert walk.waiting() == ["自动拼接", "重新报送"]
    walk.do("自动拼接")
    walk.do("汇总改稿", "send_back", returned=("finance", "office"), reason="请写明时间")
    walk.do("自动拼接")
    assert walk.waiting() == ["汇总改稿", "重新报送", "重新报送", "重新报送"]
    # When they come back, each in its own time, nothing is moved by it
    for _ in range(3):
        walk.do("重新报送")
    assert walk.waiting() == ["汇总改稿"]
    walk.do("汇总改稿", "submit")
    walk.do("核对到齐", "submit")
    assert walk.waiting() == []


def test_the_draft_may_go_up_before_the_last_return_is_handed_over() -> None:
    walk = aggregation()
    walk.do("汇总改稿", "send_back", returned=("publicity",), reason="请补齐经费")
    walk.do("自动拼接")
    walk.do("汇总改稿", "submit")
    walk.do("核对到齐", "submit")
    assert walk.waiting() == ["重新报送"]
    walk.do("重新报送")
    assert walk.waiting() == []


# breakdown


def test_tasks_are_issued_by_hr_and_then_told() -> None:
    walk = Walk("breakdown")
    walk.do("分解任务")
    assert walk.waiting() == ["下达任务"]
    walk.do("下达任务", "issued", message=None)
    walk.do("告知责任单位")
    assert walk.waiting() == []


# inclusion


def inclusion() -> Walk:
    return Walk("inclusion", unit="unit_a", due_date=DUE)


def test_what_a_unit_has_taken_into_its_plan_is_recorded_and_ends_the_waiting() -> None:
    walk = inclusion()
    assert walk.waiting() == ["登记节选", "登记逾期"]
    walk.do("登记节选", "recorded")
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "recorded"


def test_hr_waits_longer_for_a_record_or_puts_down_that_there_is_none() -> None:
    walk = inclusion()
    assert walk.moment("登记逾期") == date(2026, 1, 20)
    walk.do("登记逾期")
    assert walk.waiting() == ["处置逾期", "登记节选"]
    walk.do("处置逾期", "wait", new_date=date(2026, 1, 23))
    assert walk.moment("登记逾期") == date(2026, 1, 26)
    walk.do("登记逾期")
    walk.do("处置逾期", "missing")
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "missing"


@pytest.mark.parametrize(("outcome", "following"), [("send", "登记逾期"), ("keep", "处置逾期")])
def test_hr_can_ask_the_office_to_step_in_where_a_record_is_late(outcome: str, following: str) -> None:
    walk = inclusion()
    walk.do("登记逾期")
    walk.do("处置逾期", "coordinate")
    assert walk.handed_over("提请协调")["missed_date"] == DUE
    walk.do("提请协调", coordination_outcome=outcome, new_date=date(2026, 1, 23))
    assert walk.waiting() == sorted([following, "登记节选"])


# archiving


def test_a_plan_is_filed() -> None:
    walk = Walk("archiving", minutes_wanted=False)
    walk.do("归卷登记", "filed")
    walk.do("打包归档")
    assert walk.waiting() == []


def test_minutes_that_are_still_to_come_are_asked_for_once_more_before_a_plan_is_filed() -> None:
    walk = Walk("archiving", minutes_wanted=True)
    walk.do("归卷登记并补纪要", "filed")
    walk.do("补入处理单")
    assert walk.waiting() == ["打包归档"]


# minutes


def test_minutes_are_put_on_the_sheet_or_never_come() -> None:
    for outcome, following in (("supply", ["补入处理单"]), ("none", [])):
        walk = Walk("minutes")
        assert walk.waiting() == ["补会议纪要"]
        walk.do("补会议纪要", outcome)
        assert walk.waiting() == following


# approval


def test_members_read_side_by_side_and_the_leader_decides() -> None:
    walk = approval()
    assert walk.waiting() == ["圈阅", "圈阅"]
    walk.do("圈阅", "dissent")
    walk.do("圈阅", "absent")
    assert walk.variables["readings"] == ("dissent", "absent")
    walk.do("组长签批", "agree")
    walk.do("生成处理单")
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "agree"


def test_what_is_amended_is_put_into_the_text_before_the_sheet() -> None:
    walk = signing()
    walk.do("组长签批", "agree_amended")
    walk.do("按意见修改", "agree_amended")
    walk.do("生成处理单")
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "agree_amended"


def test_an_adjustment_that_is_amended_is_put_into_its_own_text() -> None:
    walk = approval("leader", subject="adjustment", title="2026年双拥工作计划调整单第1号")
    walk.do("组长签批", "agree_amended")
    assert walk.waiting() == ["按意见修改调整单"]
    walk.do("按意见修改调整单", "agree_amended")
    walk.do("生成处理单")
    assert walk.waiting() == []


@pytest.mark.parametrize(("given", "title"), [({}, "2026年双拥工作计划审批"), ({"title": "调整单"}, "调整单审批")])
def test_an_approval_is_named_after_what_it_is_about(given: dict[str, Value], title: str) -> None:
    walk = Walk("approval", approver="group", **given)
    assert walk.evaluate(published("approval").title) == title


@pytest.mark.parametrize("outcome", ["return", "refuse"])
def test_the_leader_sends_back_or_refuses(outcome: str) -> None:
    walk = signing()
    walk.do("组长签批", outcome)
    assert walk.waiting() == []
    assert walk.variables["outcome"] == outcome


def test_what_is_postponed_comes_back_to_the_leader_on_its_day() -> None:
    walk = signing()
    walk.do("组长签批", "postpone", resume_date=date(2026, 2, 2))
    assert walk.waiting() == ["暂缓期满"]
    assert walk.moment("暂缓期满") == date(2026, 2, 2)
    walk.do("暂缓期满")
    assert walk.waiting() == ["组长签批"]


def test_circulation_can_turn_into_a_meeting_that_postpones_or_decides() -> None:
    walk = signing()
    walk.do("组长签批", "to_meeting")
    walk.do("会议登记", "postpone", resume_date=date(2026, 2, 2))
    walk.do("暂缓期满")
    walk.do("组长签批", "to_meeting")
    walk.do("会议登记", "agree")
    assert walk.waiting() == ["生成处理单"]


def test_a_meeting_replaces_circulation() -> None:
    walk = Walk("approval", approver="group")
    walk.do("拟办", "submit", mode="circulate")
    walk.do("人事部负责人审核", "agree")
    walk.do("领导小组办公室主任审核", "agree", mode="meeting")
    assert walk.waiting() == ["会议登记"]


def test_reviewers_return_to_the_desk_which_redrafts_or_resubmits() -> None:
    walk = Walk("approval", approver="group")
    walk.do("拟办", "submit", mode="circulate")
    walk.do("人事部负责人审核", "return")
    walk.do("拟办", "submit")
    walk.do("人事部负责人审核", "agree")
    walk.do("领导小组办公室主任审核", "return")
    walk.do("拟办", "return")
    assert walk.waiting() == []
    assert walk.variables["outcome"] == "return"


@pytest.mark.parametrize(
    ("approver", "readers", "post"),
    [("group", 2, "group.leader"), ("board", 1, "board.chair"), ("leader", 0, "group.leader")],
)
def test_the_approver_is_the_callers_choice(approver: str, readers: int, post: str) -> None:
    walk = approval(approver)
    assert walk.waiting().count("圈阅") == readers
    for _ in range(readers):
        walk.do("圈阅", "agree")
    node = next(token.node for token in walk.machine.tokens)
    assert walk.evaluate(node.attributes["assignment"]) == post


# annual_plan


def test_a_year_goes_from_the_list_of_units_to_the_archive() -> None:
    walk = year()
    walk.do("汇总")
    walk.do("审批", approval_outcome="agree_amended")
    walk.do("印发登记", "registered", inclusion_due=date(2026, 2, 27))
    walk.do("任务分解")
    # The house itself and the institutions on the list record what they have taken in, nobody else does
    assert walk.waiting() == ["列入登记", "列入登记"]
    assert sorted(str(scope["unit_code"]) for scope in walk.scopes.values()) == ["hr", "unit_a"]
    assert walk.handed_over("列入登记")["due_date"] == date(2026, 2, 27)
    walk.do("列入登记")
    walk.do("列入登记")
    walk.do("归卷")
    assert walk.waiting() == []


def met() -> Walk:
    """Let a meeting approve the year's plan, its minutes still to come."""
    walk = year()
    walk.do("汇总")
    walk.do("审批", approval_outcome="agree", minutes_wanted=True)
    assert walk.waiting() == ["印发登记", "归卷开始", "补会议纪要"]
    return walk


def issued(walk: Walk) -> Walk:
    """Let a plan go on until it is to be filed."""
    walk.do("印发登记", "registered", inclusion_due=date(2026, 2, 27))
    walk.do("任务分解")
    walk.do("列入登记")
    walk.do("列入登记")
    return walk


def test_minutes_may_come_while_the_plan_goes_on() -> None:
    walk = met()
    walk.do("补会议纪要", minutes_wanted=False)
    issued(walk)
    assert walk.waiting() == ["归卷"]
    assert walk.handed_over("归卷")["minutes_wanted"] is False


def test_minutes_that_have_not_come_hold_nothing_up_and_are_called_back_when_the_plan_is_filed() -> None:
    walk = issued(met())
    assert walk.waiting() == ["归卷"]
    assert walk.handed_over("归卷")["minutes_wanted"] is True


def test_units_report_and_hr_compiles_side_by_side() -> None:
    walk = Walk("annual_plan", urgent=False)
    walk.do("锁定应报名单", "send", units=("publicity", "finance"), due_date=DUE)
    assert walk.waiting() == ["各单位报送", "各单位报送", "汇总"]
    # The draft is due five working days after the reports are
    assert walk.handed_over("汇总")["due_date"] == CALENDAR.add_workdays(DUE, 5)
    assert "approval_reason" not in walk.handed_over("汇总")
    # The approval begins once all have reported and the draft has been sent up, in whichever order
    walk.do("各单位报送")
    walk.do("汇总")
    assert walk.waiting() == ["各单位报送", "报齐并送审"]
    walk.do("各单位报送")
    assert walk.waiting() == ["审批"]


@pytest.mark.parametrize("outcome", ["return", "withdrawn", None])
def test_what_is_not_approved_is_revised_with_the_approvers_reason_and_comes_back(outcome: str | None) -> None:
    walk = year()
    walk.do("汇总")
    walk.today = date(2026, 2, 2)
    walk.do("审批", approval_outcome=outcome, approval_reason="请落实经费")
    assert walk.waiting() == ["按审批意见改稿"]
    given = walk.handed_over("按审批意见改稿")
    assert (given["approval_reason"], given["due_date"]) == ("请落实经费", CALENDAR.add_workdays(walk.today, 5))
    walk.do("按审批意见改稿")
    assert walk.waiting() == ["审批"]


def test_a_refusal_is_registered_and_ends_the_year() -> None:
    walk = year()
    walk.do("汇总")
    walk.do("审批", approval_outcome="refuse")
    walk.do("登记未获批准", "registered")
    assert walk.waiting() == []


# adjustment

FILLED = {"add": "填写增补", "change": "填写变更", "cancel": "填写取消"}


def adjusting(kind: str = "change", unit: str = "finance") -> Walk:
    walk = Walk("adjustment", unit=unit, year="2026", kind=kind)
    assert walk.waiting() == [FILLED[kind]]
    return walk


def composed(unit: str = "finance", fault: str | None = None) -> Walk:
    walk = adjusting(unit=unit)
    walk.do("填写变更", "submit", item="003")
    walk.do("负责人审核", "agree")
    walk.do("成文核对", fault=fault, subject_title="调整单", subject_key="plan:2026:adjustment:1", approver="group")
    return walk


def sent_up() -> Walk:
    walk = composed()
    walk.do("人事部审看", "accept")
    assert walk.waiting() == ["审批"]
    return walk


@pytest.mark.parametrize("kind", FILLED)
def test_each_kind_of_adjustment_has_a_form_of_its_own_that_staff_or_head_fills_in(kind: str) -> None:
    walk = adjusting(kind)
    node = next(token.node for token in walk.machine.tokens)
    assert walk.evaluate(node.attributes["assignment"]) == ("finance.staff", "finance.head")
    walk.do(FILLED[kind], "submit")
    assert walk.waiting() == ["负责人审核"]
    walk.do("负责人审核", "return")
    assert walk.waiting() == [FILLED[kind]]
    assert walk.variables["why"] is None


def test_an_adjustment_goes_up_to_the_plans_approver_and_changes_the_table_of_tasks() -> None:
    walk = composed()
    assert walk.waiting() == ["人事部审看"]
    walk.do("人事部审看", "accept")
    call = next(token.node for token in walk.machine.tokens)
    given = {target: walk.evaluate(source) for source, target in call.inputs}
    assert given == {"year": "2026", "approver": "group", "title": "调整单", "subject": "adjustment"}
    assert walk.evaluate(call.attributes["businessKey"]) == "plan:2026:adjustment:1"
    walk.do("审批", approval_outcome="agree_amended")
    assert walk.waiting() == ["调整任务分解表"]
    walk.do("调整任务分解表")
    assert walk.waiting() == []


def test_the_minutes_of_a_meeting_about_an_adjustment_come_after_it_is_carried_out() -> None:
    walk = sent_up()
    walk.do("审批", approval_outcome="agree", minutes_wanted=True)
    walk.do("调整任务分解表")
    assert walk.waiting() == ["补会议纪要"]
    assert walk.handed_over("补会议纪要")["title"] == "调整单"
    walk.do("补会议纪要")
    assert walk.waiting() == []


def test_hrs_own_adjustment_does_not_pass_hr_a_second_time() -> None:
    assert composed(unit="hr").waiting() == ["审批"]


def test_what_is_wrong_with_an_adjustment_goes_back_with_the_reason() -> None:
    walk = composed(fault="这个事项已有一张计划调整单在办理。")
    assert walk.waiting() == ["填写变更"]
    assert (walk.variables["why"], walk.variables["fault"]) == ("这个事项已有一张计划调整单在办理。", None)


def test_hr_gives_an_adjustment_back() -> None:
    walk = composed()
    walk.do("人事部审看", "return")
    assert walk.waiting() == ["填写变更"]


@pytest.mark.parametrize("outcome", ["return", None])
def test_an_adjustment_that_comes_back_from_the_approver_is_filled_in_again(outcome: str | None) -> None:
    walk = sent_up()
    walk.do("审批", approval_outcome=outcome, approval_reason="请写明新的日期。")
    assert walk.waiting() == ["填写变更"]
    assert walk.variables["why"] == "请写明新的日期。"


def test_the_unit_is_told_that_an_adjustment_was_refused() -> None:
    walk = sent_up()
    walk.do("审批", approval_outcome="refuse", approval_reason="经费不足")
    assert walk.waiting() == ["告知未获批准"]
    walk.do("告知未获批准")
    assert walk.waiting() == []
