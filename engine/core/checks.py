"""Whether what a diagram says in words can be done: expressions, timers, forms, people, functions, calls."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.core import decision_reading, timing
from engine.core.decisions import Decision, name_in_version
from engine.core.diagram import Diagram, Kind, Loop, Multi, Node, Surroundings, Timer, TimerKind
from engine.core.expressions import Expression, ExpressionError, given_texts, parse, parse_assignments
from engine.core.markup import Place, Placed, fault
from engine.core.naming import NUMBERS, Names, is_name, names_of
from engine.core.reading import REFERENCE
from engine.core.structure import shown
from engine.ground.errors import Fault

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(T.*)?")
_NO_DAYS = re.compile(r"-\s*[0-9.]+|[0-9]*\.0*[1-9][0-9]*")
_REMIND = re.compile(r"[0-9]{1,3}(\s*,\s*[0-9]{1,3})*")
_CHASE = re.compile(r"[0-9]{1,3}:([a-z0-9_]+\.[a-z0-9_]+)")
_NUMBER = re.compile(r"[-+]?\s*[0-9.]+")
_WHOLE = re.compile(r"[0-9]{1,5}")
_MAX_ROUNDS = 10_000
_TIMER_REMEDIES: Mapping[TimerKind, str] = {
    "date": "请写成日期 2026-03-01，或时刻 2026-03-01T09:00:00+08:00。",
    "duration": "请写成工作日数，例如 3，或时长，例如 PT36H、P1M。",
    "cycle": "请写成“R次数/起点/间隔”，例如 R3/PT10H、R/P1M、R5/2026-03-01T09:00+08:00/P1W，"
    "或 yearly(first_workday(1)) 一类的周期。",
}


@dataclass(frozen=True)
class _Desk:
    """What every check needs at hand."""

    diagram: Diagram
    around: Surroundings
    names: Names

    def read(self, node: Node) -> frozenset[str]:
        return self.names.at(node, self.diagram)


def check_meaning(diagram: Diagram, around: Surroundings, names: Names | None = None) -> Iterator[Fault]:
    """Name what the words of a diagram ask for and nobody or nothing can do; `names` are read instead of its own."""
    desk = _Desk(diagram, around, names or names_of(diagram, around))
    yield from _process(desk)
    yield from _forms(desk)
    yield from _decisions(desk)
    for node in diagram.nodes.values():
        if node.kind == "handler":
            continue
        yield from _event(desk, node)
        yield from _carried(desk, node)
        yield from _repetition(desk, node)
        yield from _BY_KIND.get(node.kind, _nothing)(desk, node)
    yield from _conditions(desk)


def _process(desk: _Desk) -> Iterator[Fault]:
    diagram = desk.diagram
    at = Place(diagram.key, diagram.name, diagram.line)
    for text, what in ((diagram.title, "事项标题"), (diagram.business_key, "业务键")):
        if text:
            yield from _expression(desk, text, what, at, desk.names.at_start)
    for post in diagram.starters:
        yield from _post(desk, post, "发起岗位", at)
    for name in diagram.inputs:
        yield from _name(name, "流程的输入(suixu:inputs)", at)


def _forms(desk: _Desk) -> Iterator[Fault]:
    seen: set[str] = set()
    for node in desk.diagram.nodes.values():
        key = node.attributes.get("form", "")
        if key and key not in desk.around.forms:
            yield fault("FORM", node, f"表单“{key[:80]}”不存在。", "请建立这个表单，或改选已有的表单。")
        elif key and key not in seen:
            seen.add(key)
            for found in desk.around.check_form(desk.around.forms[key]):
                message = f"表单“{key[:80]}”：{found.message}"
                yield replace(found, message=message, element=node.id, name=node.name, line=node.line)
        if key in desk.around.forms:
            yield from _rules(desk, node, key)


def _rules(desk: _Desk, node: Node, form: str) -> Iterator[Fault]:
    """A form's rules read its own fields, and the variables of the place where it is filled in."""
    known = desk.names.at_start if node.kind == "start" else desk.read(node)
    if not desk.names.whole:
        return
    for number, asked in enumerate(desk.around.uses(desk.around.forms[form]).asked, 1):
        yield from _unknown(desk, asked, f"表单“{form[:80]}”的第 {number} 条校验规则", node, known)


def _decisions(desk: _Desk) -> Iterator[Fault]:
    read: dict[str, Decision | None] = {}
    for node in desk.diagram.nodes.values():
        key = node.attributes.get("decision", "")
        if node.kind == "rule" and key and key not in read:
            read[key], found = _table(desk, node, key)
            yield from found
        if decision := read.get(key):
            yield from _cells(desk, node, decision)


def _table(desk: _Desk, node: Node, key: str) -> tuple[Decision | None, list[Fault]]:
    """Read a table, whose own lines its faults then name."""
    source = desk.around.forms.get(name_in_version(key))
    if source is None:
        remedy = "请上传这张决策表(.dmn)，或改选已有的。"
        return None, [fault("DECISION", node, f"决策表“{key[:80]}”不存在。", remedy)]
    decision, found = decision_reading.read(source.encode(), desk.around.feel)
    if decision and decision.id != key:
        message = f"决策表“{key[:80]}”的文件里，决策的编号(id)是“{decision.id}”。"
        return None, [fault("DECISION", node, message, "请让任务和文件写同一个编号。")]
    return decision, [_said_of_table(node, key, one) for one in found]


def _said_of_table(node: Node, key: str, found: Fault) -> Fault:
    where = f"第 {found.line} 行" if found.line else ""
    message = f"决策表“{key[:80]}”{where}：{found.message}"
    return replace(found, message=message, element=node.id, name=node.name, line=node.line)


def _cells(desk: _Desk, node: Node, decision: Decision) -> Iterator[Fault]:
    for cell in decision.cells():
        what = f"决策表“{decision.id}”的{cell.where}"
        yield from _parameters(desk, cell.expression, what, node)
        yield from _unknown(desk, cell.expression.needed, what, node, desk.read(node))


def _rule(desk: _Desk, node: Node) -> Iterator[Fault]:
    if not node.attributes.get("decision"):
        message = "业务规则任务没有指定决策表。"
        yield fault("DECISION", node, message, "请在任务属性中填写决策表的编号(suixu:decision)。")
    yield from _name(node.attributes.get("result", ""), "决策的结果变量(suixu:result)", node)


def _user(desk: _Desk, node: Node) -> Iterator[Fault]:
    if not node.attributes.get("form"):
        yield fault("FORM", node, "用户任务没有表单。", "请在任务属性中选一个表单。")
    assignment = node.attributes.get("assignment", "")
    if not assignment:
        message = "没有人能收到这个任务：泳道没有岗位，任务也没有指定办理岗位。"
        yield fault("ASSIGNMENT", node, message, "请给泳道填岗位，或给任务填办理岗位，例如 hr.staff、own.head。")
    elif REFERENCE.fullmatch(assignment):
        yield from _post(desk, assignment, "办理岗位", node)
    else:
        yield from _expression(desk, assignment, "办理岗位", node, desk.read(node))
    yield from _deadline(desk, node)
    if node.attributes.get("merge"):
        yield from _merge(desk, node)


def _merge(desk: _Desk, node: Node) -> Iterator[Fault]:
    """What is done along with the step before must be plain beforehand: the outcome, and whose it is."""
    form, outcome = node.attributes.get("form", ""), node.attributes["merge"]
    if node.repeats:
        yield fault("MERGE", node, "逐项办理的任务不能与上一步一并办理。", "请删去 suixu:merge。")
    if not REFERENCE.fullmatch(node.attributes.get("assignment", "")):
        message = "与上一步一并办理的任务须写明办理岗位。"
        yield fault("MERGE", node, message, "请写成“单位.岗位”，例如 own.head，不用表达式；或删去 suixu:merge。")
    if form and desk.names.whole and outcome not in desk.around.uses(desk.around.forms[form]).outcomes:
        message = f"一并办理的结果“{outcome[:40]}”在表单“{form[:80]}”里没有按钮，或者收在“更多”里。"
        yield fault("MERGE", node, message, "请写表单里一个按钮的 outcome，例如 agree。")


def _deadline(desk: _Desk, node: Node) -> Iterator[Fault]:
    due, remind, chase = (node.attributes.get(key, "") for key in ("due", "remind", "chase"))
    if _ISO_DATE.fullmatch(due) or _NO_DAYS.fullmatch(due):
        yield fault(
            "DUE", node, f"期限“{due[:40]}”不合规。", '请写整数的工作日数，例如 10；或日期，例如 date("2026-01-20")。'
        )
    elif due:
        yield from _expression(desk, due, "期限", node, desk.read(node), "DUE")
    if (remind or chase) and not due:
        yield fault("DUE", node, "有提醒或催办，但没有期限。", "请填写期限，或删去提醒和催办。")
    if remind and not _REMIND.fullmatch(remind):
        message = f"提醒“{remind[:40]}”不合规。"
        yield fault("REMIND", node, message, "请写到期前的工作日数，用逗号分开，例如 3,1,0。")
    if chase:
        yield from _chase(desk, node, chase)


def _chase(desk: _Desk, node: Node, chase: str) -> Iterator[Fault]:
    match = _CHASE.fullmatch(chase)
    if match:
        yield from _post(desk, match[1], "催办岗位", node)
    else:
        message = f"催办“{chase[:40]}”不合规。"
        yield fault("CHASE", node, message, "请写逾期工作日数和岗位，例如 1:own.head。")


def _script(desk: _Desk, node: Node) -> Iterator[Fault]:
    try:
        lines = parse_assignments(node.script, desk.around.feel)
    except ExpressionError as problem:
        yield fault("SCRIPT", node, f"脚本写错了：{problem}。", "每行写一个“名称 = 表达式”。")
        return
    if not lines:
        yield fault("SCRIPT", node, "脚本任务没有内容。", "请写上“名称 = 表达式”，或删去这个任务。")
    for line in lines:
        yield from _unknown(desk, line.expression.needed, "脚本", node, desk.read(node))
        yield from _parameters(desk, line.expression, "脚本", node)


def _service(desk: _Desk, node: Node) -> Iterator[Fault]:
    function = node.attributes.get("function", "")
    if not function:
        yield fault("FUNCTION", node, "服务任务没有指定功能。", "请在任务属性中选一个功能(suixu:function)。")
    elif function not in desk.around.functions:
        message = f"功能“{function[:80]}”没有登记。"
        yield fault("FUNCTION", node, message, "请改选已登记的功能，或请开发人员登记它。")


def _call(desk: _Desk, node: Node) -> Iterator[Fault]:
    if not node.called:
        yield fault("CALL", node, "调用活动没有指定流程。", "请填写被调用的流程(calledElement)。")
    elif chain := desk.around.way(node.called, desk.diagram.key):
        named = " → ".join(f"“{key[:80]}”" for key in (desk.diagram.key, *chain))
        message = f"调用成了环：{named}。"
        yield fault("CALL-CYCLE", node, message, "请去掉其中一个调用。要反复办，请画返回的连线或循环。")
    elif node.called not in desk.around.processes:
        message = f"被调用的流程“{node.called[:80]}”没有发布。"
        yield fault("CALL", node, message, "请先发布那个流程，或改选已发布的流程。")
    elif not desk.around.begins(node.called):
        message = f"被调用的流程“{node.called[:80]}”只能由定时、消息或信号开始，不能调用。"
        yield fault("CALL", node, message, "请在那个流程里画一个不带标记的开始事件，或改选别的流程。")
    for key, what in (("businessKey", "业务键"), ("unit", "单位")):
        if text := node.attributes.get(key, ""):
            yield from _expression(desk, text, what, node, desk.read(node))


def _carried(desk: _Desk, node: Node) -> Iterator[Fault]:
    """Judge what a call, a message or a signal takes along, and what it brings."""
    for source, target in node.inputs:
        yield from _name(target, "传入的目标(target)", node)
        yield from _expression(desk, source, f"传入“{target[:40]}”", node, desk.read(node))
    for source, target in node.outputs:
        yield from _name(target, "传出的目标(target)", node)
        # The names are those of the called process or the sender, which may change with its next version.
        yield from _expression(desk, source, f"传出“{target[:40]}”", node, None)
    yield from _twice(node, [target for _, target in node.inputs], "传入")
    yield from _twice(node, [target for _, target in node.outputs], "传出")


def _twice(node: Node, targets: list[str], what: str) -> Iterator[Fault]:
    code = "CALL" if node.kind == "call" else "EVENT"
    for name, times in Counter(targets).items():
        if times > 1:
            yield fault(code, node, f"{what}{times} 次写到同一个变量“{name[:40]}”。", "请只留一个。")


def _event(desk: _Desk, node: Node) -> Iterator[Fault]:
    known = desk.names.around(node, desk.diagram)
    if node.timer:
        yield from _timer(desk, node, node.timer)
    if node.trigger and node.event == "condition":
        if node.trigger.condition:
            yield from _expression(desk, node.trigger.condition, "条件", node, known)
        else:
            yield fault("EVENT", node, "条件事件没有写条件。", "请填写条件(condition)。")
    if node.kind in {"throw", "end", "send"} and (key := node.attributes.get("businessKey", "")):
        yield from _expression(desk, key, "业务键", node, known)
    if node.kind == "start" and (unit := node.attributes.get("unit", "")):
        yield from _expression(desk, unit, "单位", node, None)


def _repetition(desk: _Desk, node: Node) -> Iterator[Fault]:
    if node.multi and node.loop:
        yield fault("MULTI", node, "一个环节不能既是多实例又是循环。", "请只留一种。")
    if node.multi:
        yield from _multi(desk, node, node.multi)
    if node.loop:
        yield from _loop(desk, node, node.loop)


def _multi(desk: _Desk, node: Node, multi: Multi) -> Iterator[Fault]:
    if bool(multi.collection) == bool(multi.cardinality):
        message = "多实例既有集合又有次数。" if multi.collection else "多实例没有集合，也没有次数。"
        remedy = "请填写集合表达式(suixu:collection)或次数(loopCardinality)，只填一个。"
        yield fault("MULTI", node, message, remedy)
    outside = desk.names.around(node, desk.diagram)
    if multi.collection:
        yield from _expression(desk, multi.collection, "多实例的集合", node, outside, "MULTI")
    if multi.cardinality:
        yield from _cardinality(desk, node, multi.cardinality, outside)
    if multi.item or not multi.cardinality:
        yield from _name(multi.item, "多实例的元素变量(suixu:item)", node, "MULTI")
    yield from _results(desk, node, multi)


def _cardinality(desk: _Desk, node: Node, text: str, known: frozenset[str]) -> Iterator[Fault]:
    if _NUMBER.fullmatch(text) and not _WHOLE.fullmatch(text):
        yield fault("MULTI", node, f"多实例的次数“{text[:40]}”不是不小于 0 的整数。", "请改成整数。")
    else:
        yield from _expression(desk, text, "多实例的次数", node, known, "MULTI")


def _results(desk: _Desk, node: Node, multi: Multi) -> Iterator[Fault]:
    inside = desk.read(node) | {multi.result}
    if bool(multi.result) != bool(multi.result_item):
        message = "多实例的结果变量和结果表达式只填了一个。"
        yield fault("MULTI", node, message, "请把 suixu:result 和 suixu:resultItem 都填上，或都不填。")
    if multi.result:
        yield from _name(multi.result, "多实例的结果变量(suixu:result)", node, "MULTI")
    if multi.result_item:
        yield from _expression(desk, multi.result_item, "多实例的结果", node, inside, "MULTI")
    if multi.until:
        yield from _expression(desk, multi.until, "多实例的完成条件", node, inside | NUMBERS, "MULTI")


def _loop(desk: _Desk, node: Node, loop: Loop) -> Iterator[Fault]:
    if loop.condition:
        yield from _expression(desk, loop.condition, "循环的条件", node, desk.read(node), "LOOP")
    else:
        yield fault("LOOP", node, "循环没有条件。", "请填写条件(loopCondition)：成立就再来一遍。")
    if loop.maximum and not (_WHOLE.fullmatch(loop.maximum) and 0 < int(loop.maximum) <= _MAX_ROUNDS):
        message = f"循环的最多次数“{loop.maximum[:40]}”不合规。"
        yield fault("LOOP", node, message, f"请填 1 到 {_MAX_ROUNDS} 的整数，或不填。")


def _timer(desk: _Desk, node: Node, timer: Timer) -> Iterator[Fault]:
    starts = node.kind == "start" and not node.scope
    if not timer.text:
        yield fault("TIMER", node, "定时事件没有写时间。", "请填写时间。")
    elif starts or timing.is_written(timer):
        try:
            timing.check(timer)
        except ValueError as problem:
            remedy = ("流程的定时开始不能用表达式。" if starts else "") + _TIMER_REMEDIES[timer.kind]
            yield fault("TIMER", node, f"定时写错了：{str(problem).rstrip('。')}。", remedy)
    else:
        yield from _expression(desk, timer.text, "定时", node, desk.names.around(node, desk.diagram), "TIMER")


def _conditions(desk: _Desk) -> Iterator[Fault]:
    for flow in desk.diagram.flows.values():
        if flow.condition is not None:
            source = desk.diagram.nodes[flow.source]
            known = desk.names.around(source, desk.diagram)
            yield from _expression(desk, flow.condition, "条件", shown(flow, desk.diagram), known)


def _expression(
    desk: _Desk, text: str, what: str, at: Placed, known: frozenset[str] | None, code: str = "EXPRESSION"
) -> Iterator[Fault]:
    try:
        parsed = parse(text, desk.around.feel)
    except ExpressionError as problem:
        yield fault(code, at, f"{what}写错了：{problem}。", "请改正表达式。")
        return
    yield from _parameters(desk, parsed, what, at)
    if known is not None:
        yield from _unknown(desk, parsed.needed, what, at, known)


def _parameters(desk: _Desk, expression: Expression, what: str, at: Placed) -> Iterator[Fault]:
    known = desk.around.parameters
    for name in sorted(given_texts(expression, "parameter") - known.keys()):
        listed = "、".join(f"{name}（{label}）" for name, label in sorted(known.items())) or "（没有）"
        yield fault("PARAMETER", at, f"{what}用到的参数“{name[:40]}”没有登记。", f"可用的参数：{listed}。")


def _unknown(desk: _Desk, used: frozenset[str], what: str, at: Placed, known: frozenset[str]) -> Iterator[Fault]:
    for name in sorted(used - known if desk.names.whole else ()):
        message, remedy = desk.names.lack(name, known)
        yield fault("VARIABLE", at, f"{what}用到的变量“{name[:40]}”{message}", remedy)


def _name(text: str, what: str, at: Placed, code: str = "NAME") -> Iterator[Fault]:
    if not is_name(text):
        message = f"{what}“{text[:40]}”不能作变量名。" if text else f"{what}没有填写。"
        yield fault(code, at, message, "变量名由汉字、字母、数字和下划线组成，不以数字开头，不超过 100 字。")


def _post(desk: _Desk, post: str, what: str, at: Placed) -> Iterator[Fault]:
    if not REFERENCE.fullmatch(post):
        yield fault("POST", at, f"{what}“{post[:80]}”不合规。", "请写成“单位.岗位”，例如 hr.staff。")
    elif desk.around.posts is not None and not post.startswith("own.") and post not in desk.around.posts:
        yield fault("POST", at, f"{what}“{post[:80]}”不存在。", "请改选已有的岗位，或先设立这个岗位。")


def _nothing(desk: _Desk, node: Node) -> Iterator[Fault]:
    return iter(())


_BY_KIND: Mapping[Kind, Callable[[_Desk, Node], Iterator[Fault]]] = {
    "user": _user,
    "script": _script,
    "rule": _rule,
    "service": _service,
    "call": _call,
}
