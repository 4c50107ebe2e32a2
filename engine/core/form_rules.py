"""A form's rules: fields held against each other, checked when the form is published and when it is handed in."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from engine.core import vocabulary
from engine.core.expressions import ExpressionError, Value, parse
from engine.core.form_cleaning import lift_all
from engine.core.form_schema import Component, Form, Rule, Values, outcomes, text
from engine.ground.errors import Fault

MAX_RULES = 50
MAX_MESSAGE = 200

Judge: TypeAlias = Callable[[str, Mapping[str, Value]], Value]
"""Evaluates FEEL over the values of a form and whatever else is seen there."""

_KEYS = frozenset({"when", "check", "field", "message"})


def broken(form: Form, values: Values, outcome: str | None, faults: Iterable[Fault], judge: Judge) -> list[Fault]:
    """Give a fault for each rule that clean values do not fulfil.

    A rule must be true. Null leaves it open, and is let pass, where a field that it names is empty; otherwise null is
    as wrong as false. A rule that names a field with a fault of its own waits until that one is put right.
    """
    fields = {part.key: part for part in form.fields()}
    hand = _Hand(judge, frozenset(fault.element for fault in faults), fields)
    seen = {**lift_all(fields.values(), values), "outcome": outcome}
    found = [hand.apply(rule, seen, values) for rule in form.rules if not rule.when or outcome in rule.when]
    return [fault for some in found for fault in some]


class _Hand:
    def __init__(self, judge: Judge, wrong: frozenset[str], fields: Mapping[str, Component]) -> None:
        self.judge = judge
        self.wrong = wrong
        self.fields = fields

    def apply(self, rule: Rule, seen: Mapping[str, Value], values: Values) -> list[Fault]:
        names = parse(rule.check).names
        owner, _dot, key = rule.field.rpartition(".")
        if any(self.is_wrong(name) for name in names & self.fields.keys()):
            return []
        if not owner:
            fault = self.judged(rule, seen, names & self.fields.keys())
            return [Fault("form_rule", fault, rule.field, self.fields[key].title)] if fault else []
        return list(self.rows(rule, seen, values.get(owner), names))

    def rows(self, rule: Rule, seen: Mapping[str, Value], given: Any, names: frozenset[str]) -> Iterator[Fault]:
        owner, _dot, key = rule.field.rpartition(".")
        columns = {part.key: part for part in self.fields[owner].fields()}
        if owner in self.wrong or not isinstance(given, list):
            return
        for index, row in enumerate(given):
            inner = {**seen, **lift_all(columns.values(), row)}
            prefix = f"{owner}[{index}]."
            if any(prefix + name in self.wrong for name in names & columns.keys()):
                continue
            if fault := self.judged(rule, inner, names & (self.fields.keys() | columns.keys())):
                yield Fault("form_rule", f"第 {index + 1} 项：{fault}", prefix + key, columns[key].title)

    def is_wrong(self, name: str) -> bool:
        return any(element == name or element.startswith(f"{name}[") for element in self.wrong)

    def judged(self, rule: Rule, seen: Mapping[str, Value], named: Collection[str]) -> str:
        """Say what is wrong; nothing where the rule holds, or cannot be decided because a field is empty."""
        try:
            value = self.judge(rule.check, seen)
        except ExpressionError as error:
            return f"{rule.message}（这一条没有核对成：{error.reason}）"
        if value is True or (value is None and any(seen[name] is None for name in named)):
            return ""
        return rule.message


# Publishing


def wrong(raw: object, fillable: Collection[str], offered: Collection[str]) -> Iterator[tuple[str, str]]:
    """Say what publishing refuses in a rule, and what to do; `fillable` are its fields, in rows as "list.key"."""
    if not isinstance(raw, dict):
        yield "不是一条规则。", '请写成 {"check": …, "field": …, "message": …}。'
        return
    if unknown := sorted(set(raw) - _KEYS):
        yield f"有不认识的设置 {'、'.join(unknown)}。", "规则只有 when、check、field、message。"
    if not 0 < len(text(raw, "message").strip()) <= MAX_MESSAGE:
        yield "没有提示文字（message），或者太长。", f"请写明哪里不对、怎么改，{MAX_MESSAGE} 字以内。"
    if text(raw, "field") not in fillable:
        yield f"所指的栏“{text(raw, 'field')[:80]}”不存在，或者不能填写。", "请写栏的 key；清单里的一栏写成“清单.栏”。"
    if unknown := sorted(set(outcomes(raw)) - set(offered)):
        yield f"用于“{'、'.join(unknown)[:80]}”，但没有这个按钮。", "请改正 when。"
    elif "when" in raw and not outcomes(raw):
        yield "的 when 没有写办理结果。", "请写按钮的 outcome，或删去 when。"
    try:
        parse(text(raw, "check"), vocabulary.NAMES)
    except ExpressionError as error:
        yield f"的 check 不对：{error}。", "请改正表达式。"


def asked_names(form: Form) -> tuple[frozenset[str], ...]:
    """Give, rule by rule, the names that are no field of the form: variables must give them."""
    fields = {part.key: part for part in form.fields()}
    return tuple(_asked(rule, fields) for rule in form.rules)


def _asked(rule: Rule, fields: Mapping[str, Component]) -> frozenset[str]:
    owner = fields.get(rule.field.rpartition(".")[0])
    columns = {part.key for part in owner.fields()} if owner else set()
    return parse(rule.check).needed - fields.keys() - columns - {"outcome"}
