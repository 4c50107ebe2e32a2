"""What a form is: form-js's JSON, read into plain parts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import Any, TypeAlias, TypeGuard

from engine.ground.errors import Fault, Refused

Values: TypeAlias = dict[str, Any]

MAX_SOURCE = 200_000
MAX_ROWS = 200
MAX_TEXT = {"textfield": 200, "textarea": 5_000}
FILES = "_files"
"""The option source that names the files a person may keep: the host puts the instance's documents there."""

CHOOSING = frozenset({"select", "radio", "checklist"})
TEXTUAL = frozenset({"textfield", "textarea"})
FIELDS = CHOOSING | TEXTUAL | {"number", "datetime", "checkbox", "filepicker"}
HOLDING = frozenset({"group", "dynamiclist"})


@dataclass(frozen=True)
class Choice:
    """Pair what is stored with what a person reads; a disabled one is shown, and cannot be chosen now."""

    value: str
    label: str
    disabled: bool = False


@dataclass(frozen=True)
class Limits:
    """Bound what may be typed."""

    required: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    min_length: int = 0
    max_length: int = 0
    pattern: str = ""
    pattern_message: str = ""


@dataclass(frozen=True)
class Component:
    """Describe one part of a form; what does not concern its type is left empty."""

    type: str
    key: str = ""
    label: str = ""
    description: str = ""
    text: str = ""
    limits: Limits = field(default_factory=Limits)
    choices: tuple[Choice, ...] = ()
    source: str = ""
    default: Any = None
    default_expression: str = ""
    digits: int | None = None
    unit: str = ""
    money: bool = False
    readonly: bool = False
    multiple: bool = False
    accept: str = ""
    fixed_rows: bool = False
    first_rows: int = 0
    variable: str = ""
    opinion: bool = False
    hide_empty: bool = False
    mark: str = ""
    required_for: frozenset[str] = frozenset()
    outcome: str = ""
    more: bool = False
    primary: bool = False
    components: tuple["Component", ...] = ()

    @property
    def title(self) -> str:
        """Name it as a person reads it."""
        return self.label or self.key

    def fields(self) -> Iterator["Component"]:
        """Go through what can be filled in on this level: groups are looked into, rows are not."""
        return _fields(self.components)


@dataclass(frozen=True)
class Rule:
    """Hold fields against each other: FEEL that must be true, and what is said at the field when it is not.

    `field` is a key, or "list.key": then each row is held to it. `when` names the outcomes it is for; none means all.
    """

    check: str
    field: str
    message: str
    when: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Form:
    """Hold a form as it was drawn; `document` names the document its values are kept in."""

    id: str
    title: str
    document: str | None
    components: tuple[Component, ...]
    rules: tuple[Rule, ...] = ()

    def fields(self) -> tuple[Component, ...]:
        """Give what can be filled in: groups are looked into, rows are not."""
        return self._filled_in

    @cached_property
    def _filled_in(self) -> tuple[Component, ...]:
        return tuple(_fields(self.components))

    @cached_property
    def buttons(self) -> tuple[Component, ...]:
        """Give the buttons, the primary one first and those under 更多 last."""
        found = [part for part in _flat(self.components) if part.type == "button"]
        return tuple(sorted(found, key=lambda button: (button.more, not button.primary)))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Give what the buttons offer."""
        return tuple(button.outcome for button in self.buttons)


def _flat(components: tuple[Component, ...]) -> Iterator[Component]:
    for part in components:
        if part.type == "group":
            yield from _flat(part.components)
        else:
            yield part


def _fields(components: tuple[Component, ...]) -> Iterator[Component]:
    return (part for part in _flat(components) if part.type in FIELDS or part.type == "dynamiclist")


def read_json(source: str) -> tuple[dict[str, Any], list[Fault]]:
    """Give the JSON object of a form, or say why there is none."""
    if len(source.encode("utf-8", "surrogatepass")) > MAX_SOURCE:
        return {}, [Fault("form_too_large", "表单文件超过 200 kB。", remedy="请拆成几张表单，或删去用不到的部分。")]
    try:
        raw = json.loads(source)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        return {}, [Fault("form_not_json", "表单不是有效的 JSON。", line=line, remedy="请用表单编辑器重新导出。")]
    if not isinstance(raw, dict) or not isinstance(raw.get("components"), list):
        return {}, [
            Fault("form_not_a_form", "文件里没有表单：缺少 components 清单。", remedy="请用表单编辑器重新导出。")
        ]
    return raw, []


@lru_cache(maxsize=256)
def load(source: str) -> Form:
    """Read a form that was checked when it was published."""
    raw, faults = read_json(source)
    if faults:
        raise Refused("这张表单无法读取。", faults)
    return Form(
        id=text(raw, "id"),
        title=text(raw, "title"),
        document=text(mapping(raw, "properties"), "document") or None,
        components=_parts(raw, False),
        rules=_rules(mapping(raw, "properties").get("rules")),
    )


def _rules(raw: object) -> tuple[Rule, ...]:
    found = [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []
    return tuple(
        Rule(text(item, "check"), text(item, "field"), text(item, "message"), frozenset(outcomes(item)))
        for item in found
    )


def outcomes(rule: Mapping[str, Any]) -> list[str]:
    """Give the outcomes that a rule is for: a list of words, or a text with commas."""
    given = rule.get("when")
    return [word for word in given if isinstance(word, str)] if isinstance(given, list) else words(rule, "when")


def _parts(raw: Mapping[str, Any], readonly: bool) -> tuple[Component, ...]:
    parts = raw.get("components")
    return (
        tuple(component(part, readonly) for part in parts if isinstance(part, dict)) if isinstance(parts, list) else ()
    )


def component(raw: Mapping[str, Any], readonly: bool = False) -> Component:
    """Read one component; what is inside a read-only one is read-only too."""
    own, kind = mapping(raw, "properties"), text(raw, "type")
    readonly = readonly or raw.get("readonly") is True or raw.get("disabled") is True
    money = text(own, "money") == "true"
    digits = raw.get("decimalDigits")
    return Component(
        type=kind,
        key=text(raw, "key") or text(raw, "path") if kind == "dynamiclist" else text(raw, "key"),
        label=text(raw, "label") or text(raw, "dateLabel"),
        description=text(raw, "description"),
        text=text(raw, "text"),
        limits=_limits(mapping(raw, "validate"), kind, money),
        choices=_choices(raw.get("values")),
        source=text(raw, "valuesKey"),
        default=raw.get("defaultValue"),
        default_expression=text(own, "default"),
        digits=digits if is_count(digits) else 2 if money else None,
        unit=text(mapping(raw, "appearance"), "suffixAdorner") or ("元" if money else ""),
        money=money,
        readonly=readonly,
        multiple=raw.get("multiple") is True,
        accept=text(raw, "accept"),
        fixed_rows=raw.get("allowAddRemove") is False,
        first_rows=_first_rows(raw),
        variable=text(own, "variable"),
        opinion=text(own, "opinion") == "true",
        hide_empty=text(own, "hide_empty") == "true",
        mark=text(own, "mark"),
        required_for=frozenset(words(own, "required_for")),
        outcome=text(own, "outcome"),
        more=text(own, "more") == "true",
        primary=text(own, "style") == "primary",
        components=_parts(raw, readonly),
    )


def _limits(raw: Mapping[str, Any], kind: str, money: bool) -> Limits:
    longest, shortest = raw.get("maxLength"), raw.get("minLength")
    minimum = decimal(raw.get("min"))
    return Limits(
        required=raw.get("required") is True,
        minimum=Decimal(0) if minimum is None and money else minimum,
        maximum=decimal(raw.get("max")),
        min_length=shortest if is_count(shortest) else 0,
        max_length=longest if is_count(longest) else MAX_TEXT.get(kind, 0),
        pattern=text(raw, "pattern"),
        pattern_message=text(raw, "patternErrorMessage"),
    )


def _choices(raw: object) -> tuple[Choice, ...]:
    found = [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []
    return tuple(Choice(text(item, "value"), text(item, "label") or text(item, "value")) for item in found)


def _first_rows(raw: Mapping[str, Any]) -> int:
    given = raw.get("defaultRepetitions")
    if is_count(given):
        return min(given, MAX_ROWS)
    return 1 if mapping(raw, "validate").get("required") is True else 0


def text(raw: Mapping[str, Any], key: str) -> str:
    """Give the text at `key`, empty when it is no text."""
    found = raw.get(key)
    return found if isinstance(found, str) else ""


def mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Give the object at `key`, empty when it is none."""
    found = raw.get(key)
    return found if isinstance(found, dict) else {}


def words(raw: Mapping[str, Any], key: str) -> list[str]:
    """Give the words of a comma-separated text."""
    return [word.strip() for word in text(raw, key).split(",") if word.strip()]


def is_count(value: object) -> TypeGuard[int]:
    """Tell whether a JSON value is a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def decimal(value: object) -> Decimal | None:
    """Give the bound that a JSON number, or a text holding one, stands for."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 40:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
