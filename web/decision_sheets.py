"""Show a decision table as a table that everybody reads: a column for each input and output, a row for each rule."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.decisions import Cell, Decision, Input, Output
from web.texts import gettext as _

POLICIES: Mapping[str, str] = {
    "UNIQUE": _("最多一条规则成立"),
    "ANY": _("成立的规则结果须相同"),
    "FIRST": _("取第一条成立的规则"),
    "RULE ORDER": _("取成立的各条规则，按次序列出"),
    "COLLECT": _("取成立的各条规则"),
}
AGGREGATIONS: Mapping[str, str] = {
    "": "",
    "SUM": _("，结果求和"),
    "MIN": _("，结果取最小"),
    "MAX": _("，结果取最大"),
    "COUNT": _("，数有几条"),
}


@dataclass(frozen=True)
class Row:
    """Show a rule, or what holds where none does: its name, its cells in the order of the columns."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """Show a table."""

    title: str
    policy: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def sheet(decision: Decision) -> Sheet:
    """Put a decision table into words."""
    columns = (*map(_input, decision.inputs), *map(_output, decision.outputs), _("附注"))
    rows = [
        Row(_("第 %s 条") % number, (*map(_test, rule.tests), *map(_text, rule.results), rule.note or _("无")))
        for number, rule in enumerate(decision.rules, 1)
    ]
    if any(output.default for output in decision.outputs):
        given = [_text(output.default) if output.default else "null" for output in decision.outputs]
        rows.append(Row(_("都不成立时"), (*[_("不限")] * len(decision.inputs), *given, _("默认结果"))))
    policy = POLICIES[decision.policy] + AGGREGATIONS[decision.aggregation]
    return Sheet(decision.name or decision.id, policy, columns, tuple(rows))


def _input(column: Input) -> str:
    asked = _text(column.asked)
    name = column.label if column.label == asked else f"{column.label}（{asked}）"
    return _("条件：%s") % name + _bounds(column.kind, column.allowed)


def _output(column: Output) -> str:
    name = column.label if column.label == column.name else f"{column.label}（{column.name}）"
    return _("结果：%s") % name + _bounds(column.kind, column.allowed)


def _bounds(kind: str, allowed: Cell | None) -> str:
    text = _("，类型 %s") % kind if kind else ""
    return text + (_("，只能是 %s") % _text(allowed) if allowed else "")


def _test(cell: Cell) -> str:
    text = _text(cell)
    return _("不限") if text in ("", "-") else text


def _text(cell: Cell) -> str:
    return " ".join(cell.expression.text.split())
