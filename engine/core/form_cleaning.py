"""Turn what was typed into one field into plain data, or say in Chinese what is wrong with it."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from engine.core import plain_text
from engine.core.expressions import Value
from engine.core.form_schema import FILES, Choice, Component, Values, decimal

Options: TypeAlias = Mapping[str, Sequence[Mapping[str, str]]]

MAX_WHOLE_DIGITS = 15
MAX_DECIMALS = 6

_NUMBER = re.compile(r"[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]{1,30})(\.[0-9]{1,30})?")
_DATES = (
    re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"),
    re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})"),
    re.compile(r"([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})"),
    re.compile(r"([0-9]{4}) ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?日?"),
    re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
)


class Unfit(Exception):
    """Say what is wrong with one value."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = f"form_{code}"
        self.message = message


def clean(part: Component, given: object, options: Options) -> Any:
    """Give the plain value of a field ("" , [] or False when nothing is there), or raise Unfit."""
    return _CLEANERS[part.type](part, given, options)


def blank(part: Component) -> Any:
    """Give the value of a field that nobody has touched."""
    if part.type == "checkbox":
        return False
    return [] if part.type in ("checklist", "filepicker", "dynamiclist") else ""


def choices(part: Component, options: Options) -> tuple[Choice, ...]:
    """Give what can be chosen: what the form itself says, or what the host offers."""
    if not part.source:
        return part.choices
    found = options.get(part.source, ())
    return tuple(
        Choice(item["value"], item.get("label", item["value"]), bool(item.get("disabled")))
        for item in found
        if "value" in item
    )


def typed(given: object) -> str:
    """Give a scalar as a person would have typed it."""
    if given is None:
        return ""
    if isinstance(given, str):
        return given
    if isinstance(given, bool) or not isinstance(given, int | float) or abs(given) >= 10**18:
        raise Unfit("type", "填写的内容格式不对")
    return str(given)


def narrow(text: str) -> str:
    """Turn full-width digits and signs into plain ones."""
    return unicodedata.normalize("NFKC", plain_text.tidy(text)).replace("\u2212", "-").strip()


def read_date(text: str) -> date | None:
    """Read 2026-01-20, 2026/1/20, 2026.1.20, 20260120 or 2026年1月20日."""
    found = next((match for form in _DATES if (match := form.fullmatch(narrow(text)))), None)
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def _text(part: Component, given: object, options: Options) -> str:
    whole = plain_text.tidy(typed(given))
    if stray := plain_text.stray(whole):
        raise Unfit("control", stray)
    text = whole.strip() if part.type == "textfield" else whole.rstrip().lstrip("\n")
    if not text.strip():
        return ""
    if part.type == "textfield" and "\n" in text:
        raise Unfit("lines", "只能填一行，请去掉换行")
    _measure(part, text)
    return _patterned(part, text)


def _measure(part: Component, text: str) -> None:
    limits, length = part.limits, len(text)
    if limits.max_length and length > limits.max_length:
        over = length - limits.max_length
        raise Unfit("too_long", f"有 {length} 字，最多 {limits.max_length} 字，请删去 {over} 字")
    if length < limits.min_length:
        raise Unfit("too_short", f"只有 {length} 字，至少 {limits.min_length} 字")


def _patterned(part: Component, text: str) -> str:
    if not part.limits.pattern:
        return text
    # JavaScript's reading, which form-js has: anywhere in the text, and \d and \w are ASCII.
    pattern = re.compile(part.limits.pattern, re.ASCII)
    for form in (text, narrow(text)):
        if pattern.search(form):
            return form
    raise Unfit("pattern", part.limits.pattern_message or "格式不对")


def _number(part: Component, given: object, options: Options) -> int | str:
    text = narrow(typed(given))
    text = text.removesuffix("元").rstrip() if part.money else text
    if not text:
        return ""
    if not _NUMBER.fullmatch(text):
        raise Unfit("number", "应当是数字，例如 12" + ("" if part.digits == 0 else " 或 12.5"))
    return _plain(_bounded(part, Decimal(text.replace(",", ""))))


def _bounded(part: Component, number: Decimal) -> Decimal:
    digits = MAX_DECIMALS if part.digits is None else part.digits
    limits = part.limits
    if number.adjusted() >= MAX_WHOLE_DIGITS:
        raise Unfit("number_size", f"数字太大，整数部分最多 {MAX_WHOLE_DIGITS} 位")
    if _decimals(number) > digits:
        raise Unfit("decimals", f"最多 {digits} 位小数" if digits else "应当是整数，不带小数")
    if limits.minimum is not None and number < limits.minimum:
        raise Unfit("min", f"不能小于 {_plain(limits.minimum)}")
    if limits.maximum is not None and number > limits.maximum:
        raise Unfit("max", f"不能大于 {_plain(limits.maximum)}")
    return number


def _decimals(number: Decimal) -> int:
    text = format(number, "f")
    return len(text.partition(".")[2].rstrip("0"))


def _plain(number: Decimal) -> int | str:
    if number == number.to_integral_value():
        return int(number)
    return format(number, "f").rstrip("0")


def _date(part: Component, given: object, options: Options) -> str:
    text = typed(given)
    if not text.strip():
        return ""
    found = read_date(text)
    if found is None:
        raise Unfit("date", "应当是日期，例如 2026-01-20 或 2026年1月20日")
    if not 1900 <= found.year <= 2199:
        raise Unfit("date", "年份应当在 1900 到 2199 之间")
    return found.isoformat()


def _one(part: Component, given: object, options: Options) -> str:
    text = typed(given)
    _demand_offered([text] if text else [], choices(part, options))
    return text


def _demand_offered(found: Sequence[str], offered: Sequence[Choice]) -> None:
    known = {choice.value: choice for choice in offered}
    if any(value not in known for value in found):
        raise Unfit("choice", "选的不在可选范围内，请重新选择")
    if closed := [known[value].label for value in found if known[value].disabled]:
        raise Unfit("choice", f"现在不能选“{'”“'.join(closed)}”，请重新选择")


def _listed(given: object) -> list[str]:
    found = [] if given is None or given == "" else given
    if not isinstance(found, list | tuple):
        raise Unfit("type", "填写的内容格式不对")
    return list(dict.fromkeys(typed(item) for item in found if item not in ("", None)))


def _several(part: Component, given: object, options: Options) -> list[str]:
    found, offered = _listed(given), choices(part, options)
    _demand_offered(found, offered)
    return [choice.value for choice in offered if choice.value in found]


def _ticked(part: Component, given: object, options: Options) -> bool:
    if isinstance(given, bool) or given is None or given == "":
        return bool(given)
    raise Unfit("type", "填写的内容格式不对")


def _files(part: Component, given: object, options: Options) -> list[str]:
    found = _listed(given)
    if not {item.get("value", "") for item in options.get(FILES, ())}.issuperset(found):
        raise Unfit("file", "有文件已经找不到，请重新上传")
    if len(found) > 1 and not part.multiple:
        raise Unfit("files", "只能留一个文件，请移除多余的")
    return found


_CLEANERS: dict[str, Callable[[Component, object, Options], Any]] = {
    "textfield": _text,
    "textarea": _text,
    "number": _number,
    "datetime": _date,
    "select": _one,
    "radio": _one,
    "checklist": _several,
    "checkbox": _ticked,
    "filepicker": _files,
}


def lift(part: Component, value: Any) -> Value:
    """Give a clean value as FEEL knows it: dates as dates, numbers as numbers, nothing as null, rows as contexts."""
    if part.type == "checkbox":
        return bool(value)
    if part.type in ("checklist", "filepicker"):
        return tuple(str(item) for item in value) if isinstance(value, list) else ()
    if part.type == "dynamiclist":
        rows = value if isinstance(value, list) else ()
        return tuple(lift_all(part.fields(), row) for row in rows if isinstance(row, dict))
    if value is None or value == "":
        return None
    if part.type == "datetime":
        return read_date(str(value))
    return decimal(value) if part.type == "number" else str(value)


def lift_all(fields: Iterable[Component], values: Values) -> dict[str, Value]:
    """Give the clean values of some fields as FEEL knows them, by key."""
    return {part.key: lift(part, values.get(part.key)) for part in fields}
