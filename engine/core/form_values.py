"""What a person fills in: read from HTML names, checked, lifted into variables."""

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from engine.core.expressions import ExpressionError, Value
from engine.core.feel_time import Months, write
from engine.core.form_cleaning import Options, Unfit, blank, clean, lift
from engine.core.form_rules import Judge, broken
from engine.core.form_schema import MAX_ROWS, Component, Form, Values
from engine.core.plain_text import unix_lines
from engine.ground.errors import Fault

Raw = Mapping[str, list[str]]
Evaluate = Callable[[str], Value]

_ROW = re.compile(r"(.+?)\[([0-9]{1,4})\]\.(.+)", re.DOTALL)
_ASK = {
    "select": "请选择",
    "radio": "请选择",
    "checklist": "请至少选一项",
    "checkbox": "请勾选",
    "filepicker": "请上传文件",
}


def parse(form: Form, raw: Raw) -> Values:
    """Read what a browser sent, as it was typed; read-only fields are never taken from input."""
    return _parse(form.fields(), raw, _rows(raw))


def _parse(fields: Iterable[Component], raw: Raw, rows: Mapping[str, list[dict[str, list[str]]]]) -> Values:
    return {part.key: _read(part, raw, rows) for part in fields if not part.readonly}


def _read(part: Component, raw: Raw, rows: Mapping[str, list[dict[str, list[str]]]]) -> Any:
    given = raw.get(part.key) or []
    if part.type == "dynamiclist":
        return [_parse(part.fields(), row, {}) for row in rows.get(part.key, ())]
    if part.type == "checkbox":
        return any(value not in ("", "false") for value in given)
    if part.type == "checklist":
        return list(dict.fromkeys(value for value in given if value))
    if part.type == "filepicker":
        dropped = set(raw.get(f"{part.key}._drop") or ())
        return [value for value in dict.fromkeys(given) if value and value not in dropped]
    return unix_lines(given[0]) if given else ""


def _rows(raw: Raw) -> dict[str, list[dict[str, list[str]]]]:
    found: dict[str, dict[int, dict[str, list[str]]]] = {}
    for name, values in raw.items():
        if match := _ROW.fullmatch(name):
            found.setdefault(match[1], {}).setdefault(int(match[2]), {})[match[3]] = values
    return {key: [rows[index] for index in sorted(rows)] for key, rows in found.items()}


def initial(form: Form, evaluate: Evaluate) -> Values:
    """Give the values of a form that nobody has touched; `evaluate` works out the FEEL of `default`."""
    return {part.key: _first(part, evaluate) for part in form.fields()}


def new_row(rows: Component, evaluate: Evaluate | None = None) -> Values:
    """Give a row that nobody has touched."""
    return {part.key: _first(part, evaluate) for part in rows.fields()}


def _first(part: Component, evaluate: Evaluate | None) -> Any:
    if part.type == "dynamiclist":
        return [new_row(part, evaluate) for _ in range(part.first_rows)]
    if part.default_expression and evaluate:
        return _worked_out(part, evaluate)
    return blank(part) if part.default is None else copy.deepcopy(part.default)


def _worked_out(part: Component, evaluate: Evaluate) -> Any:
    # A default is a kindness: when it cannot be worked out, the person fills the field in.
    try:
        value = _json(evaluate(part.default_expression))
    except ExpressionError:
        return blank(part)
    return value if _fits(part, value) else blank(part)


def _fits(part: Component, value: object) -> bool:
    empty = blank(part)
    if isinstance(empty, str):
        return isinstance(value, str | int) and not isinstance(value, bool)
    return isinstance(value, type(empty))


def _json(value: Any) -> Any:
    if isinstance(value, date | time | timedelta | Months):
        return write(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else format(value, "f")
    return [_json(item) for item in value] if isinstance(value, tuple) else value


def validate(
    form: Form, values: Values, outcome: str | None, options: Options, judge: Judge | None = None
) -> tuple[Values, list[Fault]]:
    """Give the clean values of what may be changed, and every fault; a fault's element is the HTML name.

    Read-only fields are left out: the document becomes `before | cleaned`. The form's rules are put to `judge`; they
    see read-only fields as `values` has them.
    """
    meant = form.outcomes[0] if outcome is None and len(form.outcomes) == 1 else outcome
    inspection = _Inspection(meant, options)
    cleaned = inspection.level(form.fields(), values)
    faults = inspection.faults + _outcome_faults(form, outcome)
    if judge:
        faults += broken(form, {**values, **cleaned}, meant, faults, judge)
    return cleaned, faults


def _outcome_faults(form: Form, outcome: str | None) -> list[Fault]:
    # A form with one button leaves nothing to choose.
    if outcome in form.outcomes or (outcome is None and len(form.outcomes) <= 1):
        return []
    labels = "、".join(f"“{button.title}”" for button in form.buttons)
    message = "没有选择办理结果。" if outcome is None else "这张表单没有这个办理结果。"
    return [Fault("form_outcome", message, "outcome", "办理结果", remedy=f"请点 {labels} 中的一个。" if labels else "")]


def is_nothing(value: object) -> bool:
    """Tell whether a field holds nothing; the number 0 is something."""
    return value is None or value is False or value == "" or value == []


class _Inspection:
    def __init__(self, outcome: str | None, options: Options) -> None:
        self.outcome = outcome
        self.options = options
        self.faults: list[Fault] = []

    def level(self, fields: Iterable[Component], values: Values, prefix: str = "", place: str = "") -> Values:
        return {
            part.key: self.part(part, values.get(part.key), prefix + part.key, place)
            for part in fields
            if not part.readonly
        }

    def part(self, part: Component, given: object, name: str, place: str) -> Any:
        if part.type == "dynamiclist":
            value: Any = self.rows(part, given, name)
        else:
            try:
                value = clean(part, given, self.options)
            except Unfit as error:
                self.faults.append(_fault(part, error.code, error.message, name, place))
                return given
        if is_nothing(value) and self.needed(part):
            self.faults.append(_missing(part, name, place))
        return value

    def needed(self, part: Component) -> bool:
        return part.limits.required or self.outcome in part.required_for

    def rows(self, part: Component, given: object, name: str) -> Any:
        rows = [] if given is None or given == "" else given
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.faults.append(_fault(part, "form_type", "填写的内容格式不对", name, ""))
            return given
        if len(rows) > MAX_ROWS:
            self.faults.append(_fault(part, "form_rows", f"有 {len(rows)} 项，最多 {MAX_ROWS} 项", name, ""))
            return given
        return [
            self.level(part.fields(), row, f"{name}[{index}].", f"第 {index + 1} 项") for index, row in enumerate(rows)
        ]


def _fault(part: Component, code: str, message: str, name: str, place: str) -> Fault:
    return Fault(code, f"{place}“{part.title}”{message.rstrip('。.！!')}。", name, part.title)


def _missing(part: Component, name: str, place: str) -> Fault:
    if part.type == "dynamiclist":
        return _fault(part, "form_required", "至少要填一项", name, place)
    return Fault("form_required", f"{_ASK.get(part.type, '请填写')}{place}“{part.title}”。", name, part.title)


def lifted(form: Form, values: Values) -> dict[str, Value]:
    """Give the variables that clean values become: dates as dates, numbers as numbers, nothing as null."""
    return {part.variable: lift(part, values.get(part.key)) for part in form.fields() if part.variable}


def opinion(form: Form, values: Values) -> str:
    """Give what the person wrote as an opinion."""
    return "".join(str(values.get(part.key) or "") for part in form.fields() if part.opinion)


def offers(form: Form, outcome: str) -> Component | None:
    """Give the button of an outcome."""
    return next((button for button in form.buttons if button.outcome == outcome), None)
