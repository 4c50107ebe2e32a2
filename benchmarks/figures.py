"""Keep what was measured, print it as a table, write it as JSON."""

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """Hold one measured value; `goal` is its bound in words (design §6), `met` is None where there is none."""

    name: str
    database: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None
    note: str = ""


def at_most(name: str, database: str, value: float, unit: str, bound: float, note: str = "") -> Figure:
    """Give a figure that should not be above a bound."""
    return Figure(name, database, round(value, 3), unit, f"≤ {bound:g}", value <= bound, note)


def at_least(name: str, database: str, value: float, unit: str, bound: float, note: str = "") -> Figure:
    """Give a figure that should not be below a bound."""
    return Figure(name, database, round(value, 3), unit, f"≥ {bound:g}", value >= bound, note)


def seconds(act: Callable[[], object]) -> float:
    """Time one act."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def middle(values: Iterable[float]) -> float:
    """Give the median."""
    return statistics.median(values)


def p95(values: Iterable[float]) -> float:
    """Give the value that 95 of 100 do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def show(figures: Iterable[Figure]) -> str:
    """Draw the table."""
    lines = [f"{'':32}{'database':12}{'value':>12}  {'unit':14}{'goal':10}"]
    for each in figures:
        met = "" if each.met is None else "met" if each.met else "MISSED"
        line = f"{each.name:32}{each.database:12}{each.value:12.3f}  {each.unit:14}{each.goal:10}{met:7} {each.note}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def write(path: Path, figures: Iterable[Figure], took: float) -> None:
    """Write the figures with what they were measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {"python": sys.version.split()[0], "machine": platform.machine(), "system": platform.system()}
    content = {"machine": machine, "seconds": round(took, 1), "figures": [asdict(each) for each in figures]}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
