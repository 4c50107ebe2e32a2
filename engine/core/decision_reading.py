"""Read a decision table from DMN 1.3, or name every fault of the file by row and column."""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from engine.core import markup
from engine.core.decisions import AGGREGATIONS, LISTS, SINGLE, Cell, Decision, Input, Output, Rule
from engine.core.expressions import Expression, ExpressionError, parse, parse_tests
from engine.core.feel_values import KINDS
from engine.core.markup import Element, local, namespace, place, text
from engine.core.naming import is_name
from engine.ground.errors import Fault

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
MAX_RULES = 1_000
MAX_COLUMNS = 50
MAX_CELLS = 5_000

_CELL = frozenset({"id", "label", "description", "expressionLanguage"})
_SHAPES: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "definitions": (
        frozenset({"decision", "inputData", "description"}),
        frozenset({"id", "name", "namespace", "exporter", "exporterVersion", "expressionLanguage", "typeLanguage"}),
    ),
    "decision": (
        frozenset({"description", "question", "allowedAnswers", "variable", "informationRequirement", "decisionTable"}),
        frozenset({"id", "name", "label"}),
    ),
    "informationRequirement": (frozenset({"requiredInput"}), frozenset({"id", "label"})),
    "decisionTable": (
        frozenset({"description", "input", "output", "annotation", "rule"}),
        frozenset({"id", "label", "hitPolicy", "aggregation", "preferredOrientation", "outputLabel"}),
    ),
    "input": (frozenset({"description", "inputExpression", "inputValues"}), frozenset({"id", "label"})),
    "inputExpression": (frozenset({"description", "text"}), _CELL | {"typeRef"}),
    "inputValues": (frozenset({"description", "text"}), _CELL),
    "output": (
        frozenset({"description", "outputValues", "defaultOutputEntry"}),
        frozenset({"id", "label", "name", "typeRef"}),
    ),
    "outputValues": (frozenset({"description", "text"}), _CELL),
    "defaultOutputEntry": (frozenset({"description", "text"}), _CELL | {"typeRef"}),
    "rule": (frozenset({"description", "inputEntry", "outputEntry", "annotationEntry"}), frozenset({"id", "label"})),
    "inputEntry": (frozenset({"description", "text"}), _CELL),
    "outputEntry": (frozenset({"description", "text"}), _CELL | {"typeRef"}),
}
"""The elements that mean something, with what may stand in them and their attributes; the rest is for people."""

_INSTEAD: Mapping[str, str] = {
    "PRIORITY": "请把要紧的规则排在前面，改用 FIRST。",
    "OUTPUT ORDER": "请把规则按结果的次序排好，改用 RULE ORDER。",
}
_ID = re.compile(r"[^\W\d][\w-]{0,89}")


def read(source: bytes, functions: Container[str] | None) -> tuple[Decision | None, list[Fault]]:
    """Read the one table of a file, or say what is wrong with it, all at once; with `functions`, refuse any other."""
    root, broken = markup.parse(source)
    if root is None:
        remedy = "请用决策表编辑器重新导出该文件。"
        return None, [replace(one, code=one.code.replace("BPMN-", "DMN-"), remedy=remedy) for one in broken]
    if local(root) != "definitions" or namespace(root) != DMN:
        message = "文件不是 DMN 1.3 的决策（definitions）。"
        return None, [_fault("FORMAT", root, message, "请用 DMN 1.3 的编辑器保存该文件。")]
    reader = _Reader(functions)
    reader.faults.extend(_strangers(root))
    for element in root.iter("*"):
        reader.faults += [
            _fault("CHARACTER", element, message, "请在决策表里删去它。") for message in markup.strays(element)
        ]
    decision = reader.decision(root)
    faults = sorted(reader.faults, key=lambda one: one.line)
    return (None, faults) if faults or decision is None else (decision, [])


@lru_cache(maxsize=256)
def load(source: str) -> Decision | None:
    """Read a table that was checked when it was published; None is one that this version cannot read any more."""
    return read(source.encode(), None)[0]


def id_of(source: bytes) -> str:
    """Give the id of the first decision in a file, "" where there is none."""
    root, _ = markup.parse(source)
    found = _children(root, "decision")[:1] if root is not None else []
    return "".join(decision.get("id", "").strip() for decision in found)


def _fault(code: str, element: Element, message: str, remedy: str) -> Fault:
    return replace(markup.fault(code, place(element), message, remedy), code=f"DMN-{code}")


def _strangers(element: Element) -> Iterator[Fault]:
    """Name what the table cannot do as it says: other elements, attributes and languages."""
    yield from _attributes(element)
    for inner in element.iterchildren("*"):
        tag = local(inner)
        if namespace(inner) != DMN or tag == "extensionElements":
            continue
        if tag not in _SHAPES[local(element)][0]:
            yield _fault("ELEMENT", inner, f"这里不支持 {tag[:80]}。", "只支持一张决策表：请删去它，或改写成决策表。")
        elif tag in _SHAPES:
            yield from _strangers(inner)
        elif tag == "text" and len(inner):
            yield _fault("ELEMENT", inner, "格子的文字里不能有别的元素。", "请只写表达式。")


def _attributes(element: Element) -> Iterator[Fault]:
    tag = local(element)
    for key, value in element.items():
        name = str(key)
        if name.startswith("{"):
            continue
        if name not in _SHAPES[tag][1]:
            yield _fault("ATTRIBUTE", element, f"{tag} 不支持属性 {name[:80]}。", "请删去这个属性。")
        elif name == "expressionLanguage" and "feel" not in str(value).lower():
            message = f"不支持表达式语言“{str(value)[:80]}”。"
            yield _fault("LANGUAGE", element, message, "表达式只用 FEEL，请改写并删去语言声明。")


def _children(element: Element, tag: str) -> list[Element]:
    return list(element.iterchildren(f"{{{DMN}}}{tag}"))


def _written(element: Element, tag: str = "text") -> str:
    """Give the text of a cell, "" where there is none."""
    return "".join(text(inner) for inner in _children(element, tag)[:1])


def _note(rule: Element) -> str:
    """Give what is noted beside a rule: dmn-js writes it as the description, DMN 1.3 as annotations."""
    noted = [_written(one) for one in _children(rule, "annotationEntry")]
    return "；".join(filter(None, [_written(rule, "description"), *noted]))


class _Reader:
    """Gather the faults of one file while its table is read."""

    def __init__(self, functions: Container[str] | None) -> None:
        self.functions = functions
        self.faults: list[Fault] = []

    def refuse(self, code: str, element: Element, message: str, remedy: str) -> None:
        self.faults.append(_fault(code, element, message, remedy))

    def decision(self, root: Element) -> Decision | None:
        found = _children(root, "decision")
        tables = [table for one in found for table in _children(one, "decisionTable")]
        if len(found) != 1 or len(tables) != 1:
            message = f"文件里有 {len(found)} 个决策、{len(tables)} 张决策表。"
            self.refuse("TABLE", root, message, "一个文件写一个决策，决策里写一张决策表。")
            return None
        (decision,), (table,) = found, tables
        self.check_id(decision)
        policy, aggregation = self.policy(table)
        sizes = [len(_children(table, tag)) for tag in ("rule", "input", "output")]
        if not self.is_sized(table, *sizes):
            return None
        inputs = tuple(self.input(one, number) for number, one in enumerate(_children(table, "input"), 1))
        outputs = self.outputs(_children(table, "output"))
        rules = tuple(self.rule(one, number, *sizes[1:]) for number, one in enumerate(_children(table, "rule"), 1))
        if policy in LISTS and any(output.default for output in outputs):
            self.refuse(
                "DEFAULT", table, "结果是清单的命中策略不能有默认结果。", "请删去默认结果，或改用别的命中策略。"
            )
        if aggregation and len(outputs) > 1:
            self.refuse("POLICY", table, "有几个结果时不能汇总（aggregation）。", "请只留一个结果，或删去汇总。")
        if self.faults:
            return None
        name = decision.get("name", "").strip()
        return Decision(decision.get("id", ""), name, policy, aggregation, inputs, outputs, rules)

    def check_id(self, decision: Element) -> None:
        key = decision.get("id", "")
        if not _ID.fullmatch(key):
            message = f"决策的编号(id)“{key[:40]}”不合规。" if key else "决策没有编号(id)。"
            self.refuse(
                "ID", decision, message, "编号由字母、数字、下划线和减号组成，以字母或下划线开头，不超过 90 字。"
            )

    def policy(self, table: Element) -> tuple[str, str]:
        policy, aggregation = table.get("hitPolicy", "UNIQUE").strip(), table.get("aggregation", "").strip()
        if policy not in SINGLE | LISTS:
            remedy = _INSTEAD.get(policy, "请改用 UNIQUE、ANY、FIRST、RULE ORDER 或 COLLECT。")
            self.refuse("POLICY", table, f"不支持命中策略“{policy[:40]}”。", remedy)
        if aggregation and (policy != "COLLECT" or aggregation not in AGGREGATIONS):
            message = f"命中策略“{policy[:40]}”不能有汇总“{aggregation[:40]}”。"
            self.refuse("POLICY", table, message, "汇总只用于 COLLECT，写 SUM、COUNT、MIN 或 MAX。")
        return policy, aggregation

    def is_sized(self, table: Element, rules: int, inputs: int, outputs: int) -> bool:
        if not inputs or not outputs:
            self.refuse("TABLE", table, "决策表没有输入列或者结果列。", "请至少各写一列。")
            return False
        if rules > MAX_RULES or inputs + outputs > MAX_COLUMNS or rules * (inputs + outputs) > MAX_CELLS:
            message = f"决策表太大：最多 {MAX_RULES} 条规则、{MAX_COLUMNS} 列、{MAX_CELLS} 个格子。"
            self.refuse("LIMIT", table, message, "请拆成几张表。")
            return False
        return True

    def input(self, element: Element, number: int) -> Input:
        where = f"第 {number} 个输入"
        asked = next(element.iterchildren(f"{{{DMN}}}inputExpression"), None)
        if asked is None:
            self.refuse("CELL", element, f"{where}没有表达式。", "请写明看哪个变量，例如 金额。")
            return Input("", self.cell(element, where, "null", False))
        label = element.get("label", "").strip() or _written(asked)
        cell = self.cell(asked, where, _written(asked), False)
        return Input(label, cell, self.kind(asked, where), self.allowed(element, "inputValues", where))

    def outputs(self, elements: list[Element]) -> tuple[Output, ...]:
        names = [element.get("name", "").strip() for element in elements]
        for number, (name, element) in enumerate(zip(names, elements, strict=True), 1):
            if len(names) > 1 and (not is_name(name) or names.count(name) > 1):
                message = f"第 {number} 个结果的名称“{name[:40]}”不能用，或者重复。"
                self.refuse(
                    "NAME", element, message, "有几个结果时，每个都要有不同的名称（汉字、字母、数字、下划线）。"
                )
        return tuple(self.output(*given) for given in zip(elements, names, range(1, len(names) + 1), strict=True))

    def output(self, element: Element, name: str, number: int) -> Output:
        where = f"第 {number} 个结果"
        given = _children(element, "defaultOutputEntry")
        default = self.cell(given[0], f"{where}的默认值", _written(given[0]), False) if given else None
        allowed = self.allowed(element, "outputValues", where)
        label = element.get("label", "").strip() or name
        return Output(name or str(number), label, self.kind(element, where), allowed, default)

    def allowed(self, element: Element, tag: str, where: str) -> Cell | None:
        given = _children(element, tag)
        return self.cell(given[0], f"{where}的取值", _written(given[0]), True) if given else None

    def kind(self, element: Element, where: str) -> str:
        wanted = element.get("typeRef", "").strip().removeprefix("feel:")
        if wanted and wanted not in KINDS | {"Any"}:
            remedy = f"请改成 {'、'.join(sorted(KINDS - {'Null'}))}，或不填。"
            self.refuse("TYPE", element, f"{where}的类型“{wanted[:40]}”不支持。", remedy)
        return "" if wanted == "Any" else wanted

    def rule(self, element: Element, number: int, inputs: int, outputs: int) -> Rule:
        tests, results = _children(element, "inputEntry"), _children(element, "outputEntry")
        if len(tests) != inputs or len(results) != outputs:
            message = (
                f"第 {number} 条规则有 {len(tests)} 个条件、{len(results)} 个结果，表有 {inputs} 列和 {outputs} 列。"
            )
            self.refuse("RULE", element, message, "请用决策表编辑器补齐格子。")
        return Rule(
            tuple(
                self.cell(one, f"第 {number} 条规则第 {column} 个条件", _written(one), True)
                for column, one in enumerate(tests, 1)
            ),
            tuple(
                self.cell(one, f"第 {number} 条规则第 {column} 个结果", _written(one), False)
                for column, one in enumerate(results, 1)
            ),
            _note(element),
        )

    def cell(self, element: Element, where: str, written: str, tests: bool) -> Cell:
        try:
            read = parse_tests if tests else parse
            return Cell(where, read(written, self.functions))
        except ExpressionError as problem:
            self.refuse("CELL", element, f"{where}写错了：{problem}。", "请改正表达式。")
            return Cell(where, _NOTHING)


_NOTHING: Expression = parse("null")
