"""The functions of text; a regular expression runs only where its worst case is small, as in forms."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache

from engine.core.feel_values import Meter, Value, cut, items_of, render
from engine.core.form_patterns import Unsafe, check_pattern

Call = Callable[[Meter, tuple[Value, ...]], Value]

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")


def _text_test(test: Callable[[str, str], bool]) -> Call:
    def apply(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        text, part = arguments
        if not isinstance(text, str) or not isinstance(part, str):
            return None
        meter.spend(len(text))
        return test(text, part)

    return apply


def _text_map(change: Callable[[str], str]) -> Call:
    def apply(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        (text,) = arguments
        return meter.string(change(text)) if isinstance(text, str) else None

    return apply


def _cut(choose: Callable[[tuple[str, str, str]], str]) -> Call:
    """Take what stands before or after the first place of a part; nothing where it does not occur."""

    def apply(meter: Meter, arguments: tuple[Value, ...]) -> Value:
        text, part = arguments
        if not isinstance(text, str) or not isinstance(part, str):
            return None
        return meter.string(choose(text.partition(part) if part else ("", "found", text)))

    return apply


def _substring(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    text, start = arguments[0], cut(arguments[1])
    length = cut(arguments[2]) if len(arguments) == 3 else len(text) if isinstance(text, str) else None
    if not isinstance(text, str) or not start or not length or length < 0 or abs(start) > len(text):
        return None
    first = start - 1 if start > 0 else len(text) + start
    return meter.string(text[first : first + length])


def _string_length(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (text,) = arguments
    return Decimal(len(text)) if isinstance(text, str) else None


def _string(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    (value,) = arguments
    return value if value is None or isinstance(value, str) else render(meter, value)


def _string_join(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    values, delimiter = items_of(arguments[0]), arguments[1] if len(arguments) == 2 else ""
    texts = [value for value in meter.items(values or ()) if isinstance(value, str)]
    if values is None or not isinstance(delimiter, str | None) or any(not isinstance(v, str | None) for v in values):
        return None
    between = delimiter or ""
    # The length is known beforehand: what is too long is never made.
    meter.spend(sum(map(len, texts)) + len(between) * len(texts))
    return meter.string(between.join(texts))


def _number(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    value, *signs = arguments
    grouping, point = (*signs, None, None)[:2]
    if grouping not in (" ", ",", ".", None) or point not in (".", ",", None) or (grouping and grouping == point):
        return None
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        return None
    text = value.replace(grouping, "") if isinstance(grouping, str) else value
    text = text.replace(",", ".") if point == "," and "." not in text else text
    return meter.number(Decimal(text)) if _NUMBER.fullmatch(text) else None


# Regular expressions

_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[$.]", re.DOTALL)
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_REFERENCE = re.compile(r"\\([\\$])|\$([0-9])|([\\$])", re.DOTALL)


def _pattern(meter: Meter, text: str, pattern: Value, flags: Value = None) -> re.Pattern[str] | None:
    """Make a pattern that is safe on a text of this length, and charge for its worst case."""
    if not isinstance(pattern, str) or not isinstance(flags, str | None):
        return None
    if unknown := sorted(set(flags or "") - _FLAGS.keys()):
        raise meter.error(f"正则表达式的选项“{unknown[0]}”不支持，只有 i、m、s")
    try:
        # With "m" a "^" stands at each line, so the pattern is tried at every place all the same.
        meter.spend(check_pattern(f"(?:{pattern})" if "m" in (flags or "") else pattern, len(text)))
        return _compiled(pattern, sum(_FLAGS[flag] for flag in set(flags or "")))
    except Unsafe as fault:
        raise meter.error(f"正则表达式“{pattern[:40]}”不能用：{fault}") from None


@lru_cache(maxsize=256)
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    # XPath: "$" is the very end, where Python would also stop before a last line break, and "." no carriage return.
    instead = {} if flags & re.MULTILINE else {"$": r"\Z"}
    instead |= {} if flags & re.DOTALL else {".": r"[^\n\r]"}
    return re.compile(_PIECE.sub(lambda found: instead.get(found[0], found[0]), pattern), flags)


def _matches(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    text = arguments[0]
    found = _pattern(meter, text, *arguments[1:]) if isinstance(text, str) else None
    return None if found is None or not isinstance(text, str) else found.search(text) is not None


def _replace(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    text, pattern, replacement, *flags = arguments
    if not isinstance(text, str) or not isinstance(replacement, str):
        return None
    found = _pattern(meter, text, pattern, *flags)
    if found is None or found.search(""):
        return None
    return meter.string("".join(_replaced(meter, text, found, replacement)))


def _replaced(meter: Meter, text: str, pattern: re.Pattern[str], replacement: str) -> Iterator[str]:
    at = 0
    for match in pattern.finditer(text):
        yield text[at : match.start()]
        yield meter.string(_filled(meter, match, replacement))
        at = match.end()
    yield text[at:]


def _filled(meter: Meter, match: re.Match[str], replacement: str) -> str:
    def fill(reference: re.Match[str]) -> str:
        if reference[3]:
            raise meter.error("替换的文字里，“$”后面要跟 0 到 9 的数字；“$”本身写成“\\\\$”，反斜杠写成“\\\\\\\\”")
        if reference[1]:
            return reference[1]
        number = int(reference[2])
        return (match[number] or "") if number <= match.re.groups else ""

    meter.spend(len(replacement))
    return _REFERENCE.sub(fill, replacement)


def _split(meter: Meter, arguments: tuple[Value, ...]) -> Value:
    text, delimiter = arguments
    found = _pattern(meter, text, delimiter) if isinstance(text, str) else None
    if found is None or not isinstance(text, str) or found.search(""):
        return None
    parts, at = [], 0
    for match in found.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
    return meter.items((*parts, text[at:]))


FUNCTIONS: Mapping[str, tuple[Call, str]] = {
    "contains": (_text_test(lambda text, part: part in text), "string, match"),
    "ends with": (_text_test(str.endswith), "string, match"),
    "lower case": (_text_map(str.lower), "string"),
    "matches": (_matches, "input, pattern, flags?"),
    "number": (_number, "from, grouping separator?, decimal separator?"),
    "replace": (_replace, "input, pattern, replacement, flags?"),
    "split": (_split, "string, delimiter"),
    "starts with": (_text_test(str.startswith), "string, match"),
    "string": (_string, "from"),
    "string join": (_string_join, "list, delimiter?"),
    "string length": (_string_length, "string"),
    "substring": (_substring, "string, start position, length?"),
    "substring after": (_cut(lambda parts: parts[2]), "string, match"),
    "substring before": (_cut(lambda parts: parts[0] if parts[1] else ""), "string, match"),
    "upper case": (_text_map(str.upper), "string"),
}
