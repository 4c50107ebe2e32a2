"""Read what people type freely (names, reasons, opinions): one rule for which characters a text may hold."""

import re
from collections.abc import Iterator

from engine.ground.errors import Fault, Invalid

# Controls, halves of characters, and marks that turn the reading direction round: no paper can carry them.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
# Marks and fillers that nobody sees, nothing in Chinese: pasted text is full of them. Emoji need their joiner.
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2060-\u2064\u3164\ufeff\uffa0]")
_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")


def unix_lines(text: str) -> str:
    """Give text the line ends that it is counted and kept with."""
    return _LINE_ENDS.sub("\n", text)


def tidy(text: str) -> str:
    """Give a text as it is counted and kept: plain line ends, and nothing that nobody could see."""
    return _UNSEEN.sub("", unix_lines(text))


def kept(text: str) -> str:
    """Give a short text as it is kept: tidy, and without blanks around it."""
    return tidy(text).strip()


def printable(text: str) -> str:
    """Give a text that nobody has checked (an error's, a worked out title) without what could not be kept or shown."""
    return _UNFIT.sub("", tidy(text))


def heading(text: str, longest: int) -> str:
    """Give a worked out title as one line that can be kept and shown, cut where it is too long."""
    return " ".join(printable(text).split())[:longest]


def stray(text: str) -> str:
    """Say which character of a tidy text no page or paper can carry, "" where there is none."""
    found = _UNFIT.search(text)
    return f"第 {found.start() + 1} 个字是看不见的控制字符（U+{ord(found[0]):04X}），请删去它" if found else ""


def texts(raw: object) -> Iterator[str]:
    """Give every text in plain data, names too."""
    waiting = [raw]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            waiting += [*found, *found.values()]
        elif isinstance(found, list):
            waiting += found


def faults(text: str, label: str, longest: int, element: str, ask: str = "", lines: bool = False) -> list[Fault]:
    """Say what is wrong with a text: blank where `ask` asks for it, several lines, too long, or not to be printed."""
    found = kept(text)
    if not found:
        return [Fault("required", ask, element, label)] if ask else []
    over = len(found) - longest
    wrong = (
        (stray(found), "characters", f"{stray(found)}。"),
        ("\n" in found and not lines, "lines", "只能写一行，请去掉换行。"),
        (over > 0, "too-long", f"有 {len(found)} 字，最多 {longest} 字，请删去 {over} 字。"),
    )
    return [Fault(code, f"“{label}”{message}", element, label) for is_so, code, message in wrong if is_so]


def read(text: str, label: str, longest: int, element: str, ask: str = "", lines: bool = False) -> str:
    """Give a text as it is kept.

    Raises:
        Invalid: there is something wrong with it.
    """
    if found := faults(text, label, longest, element, ask, lines):
        raise Invalid("".join(fault.message for fault in found), found)
    return kept(text)
