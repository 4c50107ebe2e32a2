"""Names of files that every system takes: made from titles, told apart, shown without deceit."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain, count
from pathlib import PureWindowsPath

# Two such names, one inside the other, still fit under a bag's 200 bytes with data/ and a short folder before.
NAME_BYTES = 90
INVISIBLE = {"Cc", "Cf", "Cs"}
ILLEGAL = '<>"?*\ufffe\uffff'
# A separator keeps its meaning (8:00 is not 800), and bagit-python 1.9 cannot read back a half-width %.
SUBSTITUTES = str.maketrans({"/": "-", "\\": "-", "|": "-", ":": "-", "%": "\uff05"})
EDGES = " .-"
RESERVED = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *(\.|\Z)", re.IGNORECASE)
EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")


def safe_name(title: str, limit: int = NAME_BYTES) -> str:
    """Turn a title into one file name that every system takes, of at most `limit` (16 or more) bytes of UTF-8."""
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", title)).translate(SUBSTITUTES)
    text = without_invisible("".join(c for c in text if c not in ILLEGAL))
    # Taking characters out can bring a letter and its accent, or two spaces, together.
    text = " ".join(unicodedata.normalize("NFC", text).split())
    name = _shorten(re.sub(r"\.{2,}", ".", text).strip(EDGES), limit) or "未命名"
    return _shorten(f"_{name}", limit) if RESERVED.match(name) else name


def unique_names(titles: Iterable[str], limit: int = NAME_BYTES) -> list[str]:
    """Give each title a safe name, in order, no two alike even where case is not told apart."""
    names: dict[str, str] = {}
    for title in titles:
        name = next(name for name in _variants(safe_name(title, limit), limit) if fold(name) not in names)
        names[fold(name)] = name
    return list(names.values())


def without_invisible(text: str) -> str:
    """Drop control, format and half characters."""
    return "".join(c for c in text if unicodedata.category(c) not in INVISIBLE)


def fold(path: str) -> str:
    """Give the form in which two paths are the same for a system that ignores case and composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def is_unsafe(path: str) -> bool:
    """Tell whether a relative path could lead outside its folder on some system, or cannot be stored."""
    return (
        any(part in {"", ".", ".."} for part in path.split("/"))
        or any(c in "\\\0" or "\ud800" <= c <= "\udfff" for c in path)
        or bool(PureWindowsPath(path).drive)
    )


def shown(path: str) -> str:
    """Spell out what could not be printed or would deceive the eye."""
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in INVISIBLE | {"Zl", "Zp"} else c for c in path
    )


def _variants(name: str, limit: int) -> Iterator[str]:
    return chain([name], (_mark(name, f"({number})", limit) for number in count(2)))


def _mark(name: str, suffix: str, limit: int) -> str:
    short = _shorten(name, limit - len(suffix))
    extension = _extension(short)
    return short.removesuffix(extension) + suffix + extension


def _shorten(name: str, limit: int) -> str:
    if len(name.encode()) <= limit:
        return name
    extension = _extension(name)
    stem = name.removesuffix(extension).encode()[: limit - len(extension)].decode(errors="ignore")
    return stem.rstrip(EDGES) + extension


def _extension(name: str) -> str:
    found = EXTENSION.search(name)
    return found.group() if found else ""
