"""Read what an address says; what was tampered with is as good as nothing."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

Place = tuple[datetime, str]
"""Where a list is left off: the moment and the id of the last row seen."""

Row = TypeVar("Row")


def read_place(text: str) -> Place | None:
    """Read where a list was left off."""
    moment, _mark, row_id = text.partition("~")
    found = _read_moment(moment)
    # PostgreSQL would stumble over a NUL in the text.
    return (found, row_id) if found and row_id and "\0" not in row_id else None


def _read_moment(text: str) -> datetime | None:
    try:
        # A space is what a browser makes of the plus sign in an address typed by hand.
        found = datetime.fromisoformat(text.replace(" ", "+"))
        # At the edge of the calendar another zone may have no such moment.
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def further(rows: Sequence[Row], size: int, place: Callable[[Row], Place]) -> str:
    """Write where the next page goes on, "" where none follows: then there are no more `rows` than its size."""
    if len(rows) <= size:
        return ""
    moment, row_id = place(rows[size - 1])
    return f"{moment.isoformat()}~{row_id}"


def read_number(text: str) -> int:
    """Read a place in a list, 0 where it says none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
