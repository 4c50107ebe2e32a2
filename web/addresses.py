"""Read what an address says; what was tampered with is as good as nothing."""

from datetime import UTC, datetime


def read_moment(text: str) -> datetime | None:
    """Read a moment, in UTC."""
    try:
        # A space is what a browser makes of the plus sign in an address typed by hand.
        found = datetime.fromisoformat(text.replace(" ", "+"))
        # At the edge of the calendar another zone may have no such moment.
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def read_place(text: str) -> tuple[datetime, str] | None:
    """Read where a list was left off: the moment and the id of the last row seen."""
    moment, _mark, row_id = text.partition("~")
    found = read_moment(moment)
    return (found, row_id) if found and row_id else None


def write_place(moment: datetime, row_id: str) -> str:
    """Write where a list is left off."""
    return f"{moment.isoformat()}~{row_id}"


def read_number(text: str) -> int:
    """Read a place in a list, 0 where it says none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
