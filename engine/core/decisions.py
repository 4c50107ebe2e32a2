"""Decision tables of DMN 1.3: what one holds, what it says for given variables, and by which rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Overflow
from itertools import islice
from typing import Any

from engine.core.expressions import Expression
from engine.core.feel_functions import BUILTINS
from engine.core.feel_run import Functions, Run
from engine.core.feel_values import MAX_STEPS, ExpressionError, Meter, Value, equal, kind, render
from engine.ground.errors import Stuck

SUFFIX = ".dmn"
"""Ends the name under which a version keeps a decision table among its forms, whose names have no dot."""

STEPS = 10 * MAX_STEPS
"""What one table may reckon, all its cells together."""

_SHOWN = 500
_NOTES = 20

SINGLE = frozenset({"UNIQUE", "ANY", "FIRST"})
LISTS = frozenset({"RULE ORDER", "COLLECT"})
AGGREGATIONS: Mapping[str, str] = {"SUM": "sum", "COUNT": "count", "MIN": "min", "MAX": "max"}


@dataclass(frozen=True, slots=True)
class Cell:
    """An expression of the table, and in Chinese where it stands."""

    where: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Input:
    """A column of conditions: what is asked, of which kind it is ("" for any), and which values may come."""

    label: str
    asked: Cell
    kind: str = ""
    allowed: Cell | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A column of results: its name in the context, its kind, its values, and what it is where no rule matches."""

    name: str
    label: str = ""
    kind: str = ""
    allowed: Cell | None = None
    default: Cell | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: its tests in the order of the inputs, its results in that of the outputs, and what is noted beside it."""

    tests: tuple[Cell, ...]
    results: tuple[Cell, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision with its one table."""

    id: str
    name: str
    policy: str
    aggregation: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]

    def cells(self) -> Iterator[Cell]:
        """Walk over every expression."""
        for column in self.inputs:
            yield from filter(None, (column.asked, column.allowed))
        for output in self.outputs:
            yield from filter(None, (output.allowed, output.default))
        for rule in self.rules:
            yield from (*rule.tests, *rule.results)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a table said, of which inputs, by which rules: their numbers, from 1; none where no rule matched."""

    value: Value
    inputs: tuple[Value, ...]
    rules: tuple[int, ...]


def decide(decision: Decision, variables: Mapping[str, object], functions: Functions) -> Answer:
    """Give what the table says: a value, with several outputs a context of them, or a list where the policy makes one.

    Raises:
        Stuck: rules that contradict each other, a value that is not allowed, a bound broken.
    """
    return _Table(decision, variables, functions).answer()


def name_in_version(decision_id: str) -> str:
    """Give the name under which a version keeps a decision table beside its forms."""
    return decision_id + SUFFIX


def record_of(decision: Decision, answer: Answer, variables: Mapping[str, Value]) -> dict[str, Any]:
    """Say for the history what was asked, which rules answered and what came out: enough to work it out again."""
    asked = zip(decision.inputs, answer.inputs, strict=True)
    read = {name for cell in decision.cells() for name in cell.expression.needed} & variables.keys()
    read -= {column.label for column in decision.inputs}
    notes = {number: decision.rules[number - 1].note for number in answer.rules[:_NOTES]}
    return {
        "decision": decision.id,
        "table": decision.name or decision.id,
        "inputs": [[column.label, written(value)] for column, value in asked],
        "variables": [[name, written(variables[name])] for name in sorted(read)],
        "rules": list(answer.rules),
        "notes": {str(number): note[:_SHOWN] for number, note in notes.items() if note},
        "result": written(answer.value),
    }


def told(record: Mapping[str, Any]) -> str:
    """Say in words what a record holds."""
    asked = "，".join(f"{label} = {value}" for label, value in (*record["inputs"], *record["variables"]))
    notes = "；".join(f"第 {number} 条：{note}" for number, note in record["notes"].items())
    rules = f"第 {_listed(record['rules'])} 条规则成立" if record["rules"] else "没有规则成立"
    return f"决策表“{record['table']}”：{asked}；{rules}{f'（{notes}）' if notes else ''}；结果 {record['result']}"


def written(value: Value) -> str:
    """Write a value as FEEL, cut where it is long."""
    try:
        text = render(Meter(""), value)
    except ExpressionError:
        return "…"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


class _Table:
    """One evaluation: all cells share what they may reckon, and each variable is read once."""

    def __init__(self, decision: Decision, variables: Mapping[str, object], functions: Functions) -> None:
        self.decision = decision
        self.meter = Meter("", steps=STEPS)
        self.run = Run(self.meter, variables, functions)

    def answer(self) -> Answer:
        inputs = tuple(map(self.input, self.decision.inputs))
        matching = (index for index, rule in enumerate(self.decision.rules, 1) if self.matches(rule, inputs))
        found = tuple(islice(matching, 1 if self.decision.policy == "FIRST" else None))
        return Answer(self.weighed(self.said(found)), inputs, found)

    def said(self, found: tuple[int, ...]) -> Value:
        policy = self.decision.policy
        if policy in LISTS:
            return self.gathered(tuple(map(self.result, found)))
        if policy == "UNIQUE" and len(found) > 1:
            raise self.stuck(f"第 {_listed(found)} 条规则同时成立，但命中策略是“唯一”（UNIQUE）。请改正规则。")
        return self.agreed(found) if found else self.default()

    def weighed(self, result: Value) -> Value:
        try:
            return Meter("", steps=STEPS).admit(result, "结果")
        except ExpressionError as error:
            raise self.stuck(f"结果：{error.reason}。") from error

    def input(self, column: Input) -> Value:
        value = self.value(column.asked, {})
        self.fits(f"输入“{column.label}”", value, column.kind, column.allowed)
        return value

    def fits(self, what: str, value: Value, wanted: str, allowed: Cell | None) -> None:
        if value is not None and wanted and kind(value) != wanted:
            raise self.stuck(f"{what}得出的是 {kind(value)}，表里写的类型是 {wanted}。请改正类型或者表达式。")
        if allowed and self.value(allowed, {"?": value}) is not True:
            raise self.stuck(f"{what}得出的值不在表里写明的取值之内。请改正取值或者填写的内容。")

    def matches(self, rule: Rule, inputs: tuple[Value, ...]) -> bool:
        return all(self.value(cell, {"?": value}) is True for cell, value in zip(rule.tests, inputs, strict=True))

    def result(self, number: int) -> Value:
        cells = self.decision.rules[number - 1].results
        return self.outputs(dict(zip(self.decision.outputs, cells, strict=True)))

    def default(self) -> Value:
        cells = {output: output.default for output in self.decision.outputs if output.default}
        return self.outputs(cells) if cells else None

    def outputs(self, cells: Mapping[Output, Cell]) -> Value:
        values: dict[str, Value] = {}
        for output in self.decision.outputs:
            value = self.value(cells[output], {}) if output in cells else None
            if output in cells:
                self.fits(f"结果“{output.name}”", value, output.kind, output.allowed)
            values[output.name] = value
        return values if len(values) > 1 else next(iter(values.values()))

    def agreed(self, found: tuple[int, ...]) -> Value:
        values = [self.result(number) for number in found]
        if not all(equal(self.meter, values[0], value) for value in values[1:]):
            raise self.stuck(f"第 {_listed(found)} 条规则同时成立而结果不同，但命中策略是“任一”（ANY）。请改正规则。")
        return values[0]

    def gathered(self, values: tuple[Value, ...]) -> Value:
        function = AGGREGATIONS.get(self.decision.aggregation)
        return BUILTINS[function].call(self.meter, (values,)) if function else values

    def value(self, cell: Cell, scope: Mapping[str, Value]) -> Value:
        try:
            return self.run.value(cell.expression.root, scope)
        except ExpressionError as error:
            raise self.stuck(f"{cell.where}：{error.reason}。") from error
        except (Overflow, OverflowError):
            raise self.stuck(f"{cell.where}：计算结果超出范围。") from None

    def stuck(self, reason: str) -> Stuck:
        return Stuck(f"决策表“{self.decision.name or self.decision.id}”{reason}")


def _listed(numbers: Sequence[int]) -> str:
    return "、".join(map(str, numbers))
