"""Merge what a unit newly hands in into a plan that HR has edited: three ways, so that nobody's words are lost."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

KEYS = ("duty", "name", "measures", "category", "lead", "assist", "owner", "from", "until", "done_ahead", "goal")


def row_of(item: Mapping[str, Any], unit_code: str) -> Row:
    """Turn an item of a submission into a row of the plan."""
    row = {key: item.get(key) or "" for key in KEYS}
    count = item.get("count")
    return {**row, "lead": row["lead"] or unit_code, "goal": f"{count}次" if count not in (None, "") else ""}


def merge(plan: Sequence[Row], base: Sequence[Row], new: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Bring a unit's rows from `base` to `new` inside `plan`; give the plan and the new rows that HR's edits overrule.

    A row that HR left alone follows the unit; one that HR changed or took out stays as HR has it.
    """
    result = [dict(row) for row in plan]
    old, fresh = _by_name(base), _by_name(new)
    conflicts: list[Row] = []
    for key, row in old.items():
        place = next((at for at, kept in enumerate(result) if _plain(kept) == _plain(row)), None)
        after = fresh.get(key)
        if place is None:
            if after is not None and _plain(after) != _plain(row):
                conflicts.append(after)
        elif after is None:
            del result[place]
        else:
            result[place] = dict(after)
    result += [dict(row) for key, row in fresh.items() if key not in old]
    return result, conflicts


def merge_lines(text: str, base: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, list[str]]:
    """Bring each unit's line from `base` to `new` inside `text`; give the text and the units where HR's edits overrule.

    A text that HR left alone is written anew, in the order of `new`.
    """
    if text == "\n".join(base.values()):
        return "\n".join(new.values()), []
    lines, conflicts = text.splitlines(), []
    for code, line in new.items():
        before = base.get(code)
        if before is None:
            lines.append(line)
        elif before in lines:
            lines[lines.index(before)] = line
        elif before != line:
            conflicts.append(code)
    return "\n".join(lines), conflicts


def _plain(row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(key) or "") for key in KEYS)


def _by_name(rows: Sequence[Row]) -> dict[tuple[str, str, int], Row]:
    """Tell rows apart by duty and name, and those that share both by their order."""
    found: dict[tuple[str, str, int], Row] = {}
    for row in rows:
        duty, name = str(row.get("duty") or ""), str(row.get("name") or "")
        number = sum(1 for key in found if key[:2] == (duty, name))
        found[duty, name, number] = row
    return found
