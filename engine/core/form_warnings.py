"""Notice what looks as if it should not be here: an identity card, a unit's designation. Warned of, never refused."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date

from engine.core.form_schema import Component, Form, Values
from engine.ground.errors import Fault

_CARD = re.compile(r"(?<![0-9])[1-9][0-9]{5}([0-9]{4})([0-9]{2})([0-9]{2})[0-9]{3}[0-9Xx](?![0-9])")
_OLD_CARD = re.compile(r"(?<![0-9])[1-9][0-9]{5}([0-9]{2})([0-9]{2})([0-9]{2})[0-9]{3}(?![0-9])")
_NUMERAL = "[0-9〇零○一二三四五六七八九]"
_UNIT = re.compile(
    rf"(?<!{_NUMERAL}){_NUMERAL}{{5}}\s*(部队|分队|信箱)"
    rf"|第?\s*{_NUMERAL[:-1]}十百]{{1,5}}\s*(集团军|(师|旅|团)(?=[一二三四五六七八九十0-9]{{1,3}}[营连])|[装机步]\w{{1,3}}[师旅团])"
)
_KINDS = frozenset({"textfield", "textarea", "number"})


def warnings(form: Form, values: Values) -> list[Fault]:
    """Warn, field by field, of text that looks like an identity card's or a military unit's number."""
    return list(_level(form.fields(), values, "", ""))


def _level(fields: Iterable[Component], values: Values, prefix: str, place: str) -> Iterator[Fault]:
    for part in fields:
        given = values.get(part.key)
        name = prefix + part.key
        if part.type == "dynamiclist" and isinstance(given, list):
            for index, row in enumerate(row for row in given if isinstance(row, dict)):
                yield from _level(part.fields(), row, f"{name}[{index}].", f"第 {index + 1} 项")
        elif part.type in _KINDS and not part.readonly and isinstance(given, str | int):
            yield from _text(part, unicodedata.normalize("NFKC", str(given)), name, place)


def _text(part: Component, text: str, name: str, place: str) -> Iterator[Fault]:
    where = f"{place}“{part.title}”"
    if _holds_card(text):
        remedy = "请只写姓名或人数，不写证件号码。"
        yield Fault("form_identity_card", f"{where}里有像身份证号码的内容。", name, part.title, remedy=remedy)
    if _UNIT.search(text):
        remedy = "请用不涉密的代称，不写部队番号。"
        yield Fault("form_designation", f"{where}里有像部队番号的内容。", name, part.title, remedy=remedy)


def _holds_card(text: str) -> bool:
    found = [(int(year), int(month), int(day)) for year, month, day in _CARD.findall(text)]
    found += [(1900 + int(year), int(month), int(day)) for year, month, day in _OLD_CARD.findall(text)]
    return any(_is_birthday(*parts) for parts in found)


def _is_birthday(year: int, month: int, day: int) -> bool:
    try:
        return date(year, month, day).year in range(1880, 2100)
    except ValueError:
        return False
