"""What publishing refuses in a form: all that the pages cannot render, or cannot check exactly."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.expressions import ExpressionError
from engine.core.expressions import parse as parse_expression
from engine.core.feel_grammar import KEYWORDS
from engine.core.form_cleaning import MAX_DECIMALS, Unfit, clean
from engine.core.form_patterns import Unsafe, check_pattern
from engine.core.form_rules import MAX_RULES, wrong
from engine.core.form_schema import (
    CHOOSING,
    FIELDS,
    HOLDING,
    TEXTUAL,
    Component,
    component,
    decimal,
    is_count,
    mapping,
    read_json,
    text,
    words,
)
from engine.core.plain_text import printable, stray, texts
from engine.ground.errors import Fault

MAX_COMPONENTS = 300
MAX_GROUPS = 4
RESERVED_KEYS = frozenset({"csrf_token", "revision", "outcome"})
RESERVED_VARIABLES = frozenset({"outcome", "unit", "round"})

_ANY = frozenset({"type", "id", "label", "layout", "properties", "key"})
_FIELD = _ANY | {"description", "validate", "defaultValue", "disabled", "readonly"}
_CHOOSING = _FIELD | {"values", "valuesKey"}
_LOOKS = frozenset({"showOutline", "verticalAlignment"})
_KEYS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"type", "id", "text", "layout"}),
    "separator": frozenset({"type", "id", "layout"}),
    "textfield": _FIELD | {"appearance"},
    "textarea": _FIELD,
    "number": _FIELD | {"appearance", "decimalDigits", "serializeToString"},
    "datetime": _FIELD | {"subtype", "dateLabel"},
    "select": _CHOOSING | {"searchable"},
    "radio": _CHOOSING,
    "checklist": _CHOOSING,
    "checkbox": _FIELD,
    "filepicker": _FIELD | {"multiple", "accept"},
    "group": _ANY | _LOOKS | {"components", "path", "description", "disabled", "readonly"},
    "dynamiclist": _FIELD
    | _LOOKS
    | {
        "components",
        "path",
        "isRepeating",
        "allowAddRemove",
        "defaultRepetitions",
        "disableCollapse",
        "nonCollapsedItems",
    },
    "button": _ANY | {"action"},
}
_TEXT_LIMITS = frozenset({"required", "minLength", "maxLength"})
_LIMITS: Mapping[str, frozenset[str]] = {
    "textfield": _TEXT_LIMITS | {"pattern", "patternErrorMessage"},
    "textarea": _TEXT_LIMITS,
    "number": frozenset({"required", "min", "max"}),
}
_OWN_BUTTON = frozenset({"outcome", "more", "style"})
_OWN_FIELD = frozenset({"variable", "required_for", "default", "hide_empty"})
_TOP = frozenset(
    {"type", "id", "title", "properties", "components", "schemaVersion", "exporter"}
    | {"executionPlatform", "executionPlatformVersion", "versionTag"}
)
_NAMES = {
    "text": "说明文字",
    "separator": "分隔线",
    "textfield": "单行文字",
    "textarea": "多行文字",
    "number": "数字",
    "datetime": "日期",
    "select": "下拉选择",
    "radio": "单选",
    "checklist": "多选",
    "checkbox": "勾选",
    "filepicker": "文件",
    "dynamiclist": "清单",
    "group": "分组",
    "button": "按钮",
}


def check(source: str, options: Container[str]) -> list[Fault]:
    """Give every fault of a form's JSON; `options` names the option sources that the host offers."""
    raw, faults = read_json(source)
    if faults:
        return faults
    reading = _Reading(options)
    reading.top(raw)
    reading.level(raw["components"], _Level())
    reading.whole()
    reading.rules(mapping(raw, "properties").get("rules", []))
    for given in texts(raw):
        if found := stray(given):
            reading.fault("characters", f"文字“{printable(given)[:40]}”里{found}。", remedy="请在表单的源文件中改正。")
    return reading.faults


@dataclass
class _Level:
    keys: set[str] = field(default_factory=set)
    rows: bool = False
    groups: int = 0
    prefix: str = ""
    readonly: bool = False


class _Reading:
    def __init__(self, options: Container[str]) -> None:
        self.options = options
        self.faults: list[Fault] = []
        self.variables: set[str] = set()
        self.buttons: list[Component] = []
        self.opinions = 0
        self.count = 0
        self.needs: list[tuple[Component, str]] = []
        self.fillable: set[str] = set()

    def fault(self, code: str, message: str, part: Component | None = None, remedy: str = "") -> None:
        key, title = (part.key, part.title) if part else ("", "")
        name = f"“{title}”" if title else ""
        self.faults.append(Fault(f"form_{code}", name + message, key, title, remedy=remedy))

    def top(self, raw: Mapping[str, Any]) -> None:
        for key in sorted(set(raw) - _TOP):
            self.fault("key", f"表单有不支持的设置 {key}。", remedy="请删去它。")
        for key in sorted(set(mapping(raw, "properties")) - {"document", "rules"}):
            self.fault("property", f"表单有不认识的属性 {key}。", remedy="表单只有 document 和 rules 两个属性。")
        if raw.get("type", "default") != "default":
            self.fault("type", "表单的 type 应当是 default。", remedy="请用表单编辑器重新导出。")
        if not text(raw, "id"):
            self.fault("id", "表单没有 id。", remedy="请给表单起一个 id。")

    def level(self, parts: object, level: _Level) -> None:
        if not isinstance(parts, list):
            self.fault("components", "components 应当是清单。", remedy="请用表单编辑器重新导出。")
            return
        for raw in parts:
            self.count += 1
            if self.count == MAX_COMPONENTS + 1:
                self.fault("too_many", f"表单超过 {MAX_COMPONENTS} 个组成部分。", remedy="请拆成几张表单。")
            if self.count > MAX_COMPONENTS:
                return
            if isinstance(raw, dict):
                self.part(raw, level)
            else:
                self.fault("component", "表单里有一项不是组成部分。", remedy="请用表单编辑器重新导出。")

    def part(self, raw: dict[str, Any], level: _Level) -> None:
        kind = text(raw, "type")
        part = component({**raw, "components": []})
        if kind not in _KEYS:
            known = "、".join(_NAMES.values())
            self.fault("component_type", f"是不支持的类型 {kind or '（空）'}。", part, f"请改用：{known}。")
            return
        self.keys(raw, part)
        self.switches(raw, part)
        self.plain_texts(part)
        if kind in FIELDS or kind == "dynamiclist":
            self.named(part, level)
            self.own(raw, part, level)
        if kind in HOLDING:
            self.holding(raw, part, level)
        elif kind == "button":
            self.button(raw, part, level)
        elif kind in FIELDS:
            self.filled(raw, part, level)

    def keys(self, raw: Mapping[str, Any], part: Component) -> None:
        own = _OWN_BUTTON if part.type == "button" else _own_keys(part.type)
        inner = {
            "": (_KEYS[part.type], raw),
            "validate.": (_LIMITS.get(part.type, frozenset({"required"})), mapping(raw, "validate")),
            "properties.": (own, mapping(raw, "properties")),
            "appearance.": (frozenset({"suffixAdorner"}), mapping(raw, "appearance")),
        }
        for prefix, (allowed, found) in inner.items():
            for key in sorted(key for key, value in found.items() if key not in allowed and not _is_empty(value)):
                what = f"{_NAMES[part.type]}不支持设置 {prefix}{key}。"
                self.fault("key", what, part, "请删去它，或换一种做法。")

    def switches(self, raw: Mapping[str, Any], part: Component) -> None:
        given = {key: raw.get(key) for key in ("readonly", "disabled", "multiple", "allowAddRemove", "isRepeating")}
        given["required"] = mapping(raw, "validate").get("required")
        for key, value in given.items():
            if not isinstance(value, bool | None):
                self.fault("switch", f"的设置 {key} 应当是 true 或 false。", part, "请去掉引号。")

    def plain_texts(self, part: Component) -> None:
        texts = (part.label, part.description, part.text, part.unit)
        if any(found.lstrip().startswith("=") or "{{" in found for found in texts):
            self.fault("template", "的文字里有表达式，不会被计算。", part, "请改成普通文字（不以 = 开头，不含 {{）。")

    def named(self, part: Component, level: _Level) -> None:
        if not part.key:
            self.fault("no_key", f"有一个{_NAMES[part.type]}没有 key。", part, "请给它起一个 key。")
        elif not part.key.isidentifier() or part.key.startswith("_") or len(part.key) > 60:
            self.fault(
                "bad_key",
                f"的 key“{part.key}”不能用。",
                part,
                "请用 60 字以内的字母、数字、汉字和下划线，不以数字或下划线开头。",
            )
        elif part.key in RESERVED_KEYS:
            self.fault("bad_key", f"的 key“{part.key}”是系统留用的。", part, "请换一个 key。")
        if part.key and part.key in level.keys:
            self.fault("duplicate_key", f"的 key“{part.key}”重复。", part, "请给每一栏不同的 key。")
        level.keys.add(part.key)
        if not (part.readonly or level.readonly):
            self.fillable.add(level.prefix + part.key)
        if not part.label.strip():
            self.fault("no_label", "没有标签，读屏软件读不出它。", part, "请填写标签。")

    def own(self, raw: Mapping[str, Any], part: Component, level: _Level) -> None:
        own = mapping(raw, "properties")
        for key, value in own.items():
            if not isinstance(value, str):
                self.fault("property", f"的属性 {key} 应当是文字。", part, "请加上引号。")
        for key in ("opinion", "money", "hide_empty"):
            if text(own, key) not in ("", "true", "false"):
                self.fault("property", f"的属性 {key} 应当是 true 或 false。", part, "请改正。")
        if part.hide_empty and (level.rows or not (part.readonly or level.readonly)):
            self.fault("property", "的属性 hide_empty 只用于清单之外的只读栏。", part, "请删去它，或把这一栏设为只读。")
        self.needs.extend((part, outcome) for outcome in words(own, "required_for"))

    def holding(self, raw: Mapping[str, Any], part: Component, level: _Level) -> None:
        if part.type == "group":
            if text(raw, "path"):
                self.fault("path", "分组不能有 path。", part, "请删去 path。")
            if level.groups >= MAX_GROUPS:
                self.fault("nested", f"分组套得太深，最多 {MAX_GROUPS} 层。", part, "请减少一层。")
                return
            readonly = level.readonly or part.readonly
            inner = _Level(level.keys, level.rows, level.groups + 1, level.prefix, readonly)
            self.level(raw.get("components"), inner)
        elif level.rows:
            self.fault("nested", "清单里不能再放清单。", part, "请拆成两个清单。")
        else:
            repetitions = raw.get("defaultRepetitions", 0)
            if not is_count(repetitions) or repetitions > 50:
                self.fault("rows", "的初始项数应当是 0 到 50。", part, "请改正 defaultRepetitions。")
            inner = _Level(rows=True, prefix=f"{part.key}.", readonly=level.readonly or part.readonly)
            self.level(raw.get("components"), inner)
            if not inner.keys:
                self.fault("rows", "清单里没有可填的栏。", part, "请在清单里放至少一栏。")

    def button(self, raw: Mapping[str, Any], part: Component, level: _Level) -> None:
        own = mapping(raw, "properties")
        if level.rows:
            self.fault("button", "按钮不能放在清单里。", part, "请移到清单外面。")
        if raw.get("action", "submit") != "submit":
            self.fault("button", "按钮只能是提交。", part, "请把 action 改成 submit。")
        if not part.label.strip():
            self.fault("no_label", "有一个按钮没有文字。", part, "请填写按钮上的字。")
        if not part.outcome.isidentifier() or len(part.outcome) > 50:
            self.fault("no_outcome", "按钮没有办理结果。", part, "请在属性 outcome 里写结果，例如 agree。")
        if part.outcome and part.outcome in {button.outcome for button in self.buttons}:
            self.fault("duplicate_outcome", f"办理结果 {part.outcome} 重复。", part, "请给每个按钮不同的 outcome。")
        if text(own, "style") not in ("", "primary", "secondary") or text(own, "more") not in ("", "true", "false"):
            self.fault("property", "按钮的 style 或 more 写得不对。", part, "style 写 primary，more 写 true。")
        self.buttons.append(part)

    def filled(self, raw: Mapping[str, Any], part: Component, level: _Level) -> None:
        if level.rows:
            self.in_row(part)
        if part.type in CHOOSING:
            self.choosing(raw, part)
        if part.type == "datetime" and raw.get("subtype", "date") != "date":
            self.fault("subtype", "只支持日期，不支持时间。", part, "请把 subtype 改成 date。")
        if part.variable:
            self.variable(part)
        self.opinion(part)
        self.limits(raw, part)
        if self.pattern(part):
            self.defaults(part)

    def in_row(self, part: Component) -> None:
        if part.type == "filepicker":
            self.fault("row_file", "清单里不能放文件。", part, "请移到清单外面。")
        if part.readonly:
            self.fault("row_readonly", "清单里的一栏不能单独只读。", part, "请把整个清单设为只读。")
        if part.variable or part.opinion:
            self.fault("row_variable", "清单里的一栏不能写入变量或作为意见。", part, "请移到清单外面。")

    def choosing(self, raw: Mapping[str, Any], part: Component) -> None:
        values = raw.get("values")
        if bool(values) == bool(part.source):
            self.fault(
                "values", "应当在 values 和 valuesKey 里写一个，只写一个。", part, "请填写选项，或写明选项来源。"
            )
        if part.source and (part.source not in self.options or part.source.startswith("_")):
            self.fault("values_key", f"的选项来源 {part.source} 不存在。", part, "请换成已有的选项来源。")
        if values and not _are_choices(values):
            self.fault("values", "的选项不完整：每项都要有文字和值，值不能重复。", part, "请补全选项。")

    def variable(self, part: Component) -> None:
        name = part.variable
        if part.type == "filepicker":
            self.fault("variable", "文件不能写入变量。", part, "请删去属性 variable。")
        if not name.isidentifier() or name in KEYWORDS or len(name) > 100:
            self.fault("variable", f"的变量名“{name}”不能用。", part, "请用字母、数字、汉字和下划线，不以数字开头。")
        elif name in RESERVED_VARIABLES:
            self.fault("variable", f"的变量名“{name}”是系统留用的。", part, "请换一个变量名。")
        elif name in self.variables:
            self.fault("variable", f"和别的栏写入同一个变量“{name}”。", part, "请换一个变量名。")
        self.variables.add(name)

    def opinion(self, part: Component) -> None:
        if not part.opinion:
            return
        self.opinions += 1
        if part.type not in TEXTUAL or part.readonly:
            self.fault("opinion", "不能作为意见。", part, "意见应当是可填的文字栏。")
        if self.opinions == 2:
            self.fault("opinion", "是第二个意见栏。", part, "一张表单只能有一个意见栏。")

    def limits(self, raw: Mapping[str, Any], part: Component) -> None:
        limits, given = part.limits, mapping(raw, "validate")
        if any(key in given and not is_count(given[key]) for key in ("minLength", "maxLength")):
            self.fault("limits", "的字数限制应当是整数。", part, "请改正 minLength、maxLength。")
        if any(not _is_empty(given.get(key)) and decimal(given[key]) is None for key in ("min", "max")):
            self.fault("limits", "的上下限应当是数字。", part, "请改正 min、max。")
        if limits.max_length > 20_000 or (limits.max_length and limits.min_length > limits.max_length):
            self.fault("limits", "的字数限制不对：最多 20000，下限不大于上限。", part, "请改正 minLength、maxLength。")
        if limits.minimum is not None and limits.maximum is not None and limits.minimum > limits.maximum:
            self.fault("limits", "的下限大于上限。", part, "请改正 min、max。")
        digits = raw.get("decimalDigits")
        if not _is_empty(digits) and not (is_count(digits) and digits <= MAX_DECIMALS):
            self.fault("limits", f"的小数位数应当是 0 到 {MAX_DECIMALS}。", part, "请改正 decimalDigits。")

    def pattern(self, part: Component) -> bool:
        try:
            check_pattern(part.limits.pattern, part.limits.max_length)
        except Unsafe as error:
            self.fault("pattern", f"的校验格式不能用：{error}。", part, "请改写 validate.pattern。")
            return False
        return True

    def defaults(self, part: Component) -> None:
        if part.default_expression:
            try:
                parse_expression(part.default_expression)
            except ExpressionError as error:
                self.fault("default", f"的默认值表达式不对：{error}。", part, "请改正属性 default。")
        if part.default is None or part.source:
            return
        try:
            clean(part, part.default, {})
        except Unfit as error:
            self.fault("default", f"的默认值不对：{error.message}。", part, "请改正 defaultValue。")

    def whole(self) -> None:
        outcomes = {button.outcome for button in self.buttons}
        if all(button.more for button in self.buttons):
            self.fault("no_button", "表单没有提交按钮。", remedy="请放至少一个按钮，不放在“更多”里。")
        for part, outcome in self.needs:
            if outcome not in outcomes:
                self.fault("required_for", f"在“{outcome}”时必填，但没有这个按钮。", part, "请改正属性 required_for。")

    def rules(self, given: object) -> None:
        if not isinstance(given, list) or len(given) > MAX_RULES:
            self.fault("rule", f"表单的 rules 应当是清单，最多 {MAX_RULES} 条。", remedy="请改正属性 rules。")
            return
        outcomes = {button.outcome for button in self.buttons}
        for number, raw in enumerate(given, 1):
            for message, remedy in wrong(raw, self.fillable, outcomes):
                self.fault("rule", f"第 {number} 条校验规则{message}", remedy=remedy)


def _own_keys(kind: str) -> frozenset[str]:
    if kind in TEXTUAL:
        return _OWN_FIELD | {"opinion"}
    if kind == "number":
        return _OWN_FIELD | {"money"}
    if kind == "filepicker":
        return _OWN_FIELD | {"mark"}
    if kind == "dynamiclist":
        return frozenset({"required_for", "hide_empty"})
    return _OWN_FIELD if kind in FIELDS else frozenset()


def _is_empty(value: object) -> bool:
    return value is None or value is False or value == "" or value == {} or value == []


def _are_choices(values: object) -> bool:
    if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
        return False
    found: Iterator[str] = (text(item, "value") for item in values if text(item, "label").strip())
    return len({value for value in found if value}) == len(values)
