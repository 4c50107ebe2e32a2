"""Say what HR should look at before the plan goes up: what is missing, doubled, or clashes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import combinations

from workflows import papers
from workflows.aggregation_sources import Source
from workflows.duties import Duties, Duty
from workflows.merging import Row

MOST_ROWS = 200
SHORT_DAYS = 7
"""An item of at most so many days has a date that can clash; a longer one only has a season."""


def find(
    known: Duties,
    sources: Sequence[Source],
    rows: Sequence[Row],
    kept: Sequence[str],
    year: str,
    names: Mapping[str, str],
) -> str:
    """Write the page of checks, one heading for each kind; `kept` names what stands as HR has it."""
    missing = [source for source in sources if source.outcome == "missing"]
    outstanding = [source for source in sources if source.outstanding]
    sections = {
        "未到单位": [f"{source.name}：{source.reason}" for source in outstanding],
        "缺报单位": [f"{source.name}：{source.reason}" for source in missing],
        "未覆盖职责（有频次或者数额）": [_duty(duty) for duty in uncovered(known, rows)],
        "同类事项（可以合并）": [_group(known, group, names) for group in alike(rows)],
        "时间冲突": [_clash(one, other, names) for one, other in clashes(rows)],
        "时间有误": [f"{named(row, names)}：{fault}" for row in rows if (fault := _fault(row, year))],
        "人事部改过、单位重报时又改的（保留人事部文字）": list(kept),
    }
    received = len(sources) - len(outstanding) - len(missing)
    counts = f"已收{received}家，未到{len(outstanding)}家，缺报{len(missing)}家"
    lines = [f"应报{len(sources)}家，{counts}，事项{len(rows)}项。"]
    if len(rows) > MOST_ROWS:
        lines.append(f"事项超过{MOST_ROWS}项，须合并后才能送审。")
    for title, found in sections.items():
        lines += [f"{title}：{len(found)}项", *(f"　　{line}" for line in found)] if found else [f"{title}：无"]
    return "\n".join(lines)


def uncovered(known: Duties, rows: Iterable[Row]) -> list[Duty]:
    """List the duties with a cadence or a quota that no row refers to."""
    covered = {row.get("duty") for row in rows}
    covered |= {duty.id for duty in known.values() if not covered.isdisjoint(duty.same_as)}
    wanted = [duty for duty in known.values() if not duty.same_as and (known.recurs(duty) or _has_quota(duty))]
    return [duty for duty in wanted if duty.id not in covered]


def _has_quota(duty: Duty) -> bool:
    return duty.quota.at_least is not None or duty.quota.at_most is not None


def alike(rows: Sequence[Row]) -> list[list[Row]]:
    """Group rows of different units that serve the same duty in the same way."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.get("duty") or "", row.get("category") or ""), []).append(row)
    return [group for (duty, _), group in groups.items() if duty and len({row.get("lead") for row in group}) > 1]


def clashes(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Pair the short items of different units whose days meet."""
    short = [row for row in rows if (span := _span(row)) and 0 <= (span[1] - span[0]).days < SHORT_DAYS]
    return [
        (one, other)
        for one, other in combinations(short, 2)
        if one.get("lead") != other.get("lead") and _meet(one, other)
    ]


def _meet(one: Row, other: Row) -> bool:
    first, second = _span(one), _span(other)
    return bool(first and second and first[0] <= second[1] and second[0] <= first[1])


def _span(row: Row) -> tuple[date, date] | None:
    starts, ends = _date(row.get("from")), _date(row.get("until"))
    return (starts, ends) if starts and ends else None


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _fault(row: Row, year: str) -> str:
    span = _span(row)
    if span is None:
        return "没有写明起止日期。"
    if span[1] < span[0]:
        return "完成日期早于开始日期。"
    return "" if {str(day.year) for day in span} == {year} else f"不在{year}年内。"


def _duty(duty: Duty) -> str:
    parts = [f"{duty.clause} {duty.wording}", f"牵头：{duty.lead.text}", f"频次：{duty.cadence.text}"]
    return "；".join([*parts, f"数额：{duty.quota.text}"])


def _group(known: Duties, group: Sequence[Row], names: Mapping[str, str]) -> str:
    duty = known.get(str(group[0].get("duty")))
    head = f"{duty.clause}：" if duty else ""
    return head + "、".join(named(row, names) for row in group)


def _clash(one: Row, other: Row, names: Mapping[str, str]) -> str:
    return "与".join(f"{named(row, names)}（{papers.when(row)}）" for row in (one, other))


def named(row: Row, names: Mapping[str, str]) -> str:
    """Name a row by its lead and its own name."""
    lead = str(row.get("lead") or "")
    return f"{names.get(lead, lead)}“{row.get('name')}”"
