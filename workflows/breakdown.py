"""Break an approved plan down into tasks with a unit and a time each (任务分解), and tell the units of theirs."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence

from engine import people
from engine.core import documents
from engine.core.filenames import safe_name
from engine.ground.unit_of_work import Call, Result, Unit
from workflows import aggregation_sources, excel, papers
from workflows.aggregation_sources import Taken
from workflows.duties import Duties
from workflows.merging import KEYS, Row

NAME = "breakdown"
"""The document: rows under `tasks`, each with an `id` that never changes. An adjustment writes its next version."""
HEADERS = ("序号", "条款/职责", "事项", "牵头", "配合", "责任人", "起止时间", "目标", "状态", "来源")
WIDTHS = (6, 30, 26, 14, 16, 12, 18, 12, 10, 20)
POSTS = ("staff", "head")
_BETWEEN = re.compile(r"[、，,；;\s]+")


def break_down(call: Call) -> Result:
    """Write the table of tasks from the plan that was approved, each row with where it comes from."""
    with call.engine.reading() as unit:
        plan = documents.values(unit, call.business_key, "plan") or {}
        taken = aggregation_sources.taken(unit, documents.values(unit, call.business_key, "sources") or {})
        names = _names(unit)
    rows = [
        {"id": f"{number:03}", **{key: row.get(key) or "" for key in KEYS}, "source": _source(row, taken, names)}
        for number, row in enumerate(plan.get("tasks") or (), 1)
    ]
    return Result(documents={NAME: {"title": f"{call.variables.get('year')}年双拥工作任务分解表", "tasks": rows}})


def _names(unit: Unit) -> dict[str, str]:
    return {item.code: item.name for item in people.units(unit)}


def _source(row: Row, taken: Mapping[str, Taken], names: Mapping[str, str]) -> str:
    """Say whose submission a row came from; one that HR wrote, or renamed, is the plan's own."""
    same = [code for code, entry in taken.items() if any(_is_same(row, item) for item in entry.rows)]
    code = next((code for code in same if code == row.get("lead")), next(iter(same), None))
    return f"{names.get(code, code)}报送（第{taken[code].version}版）" if code else "汇总稿"


def _is_same(row: Row, item: Row) -> bool:
    return all(row.get(key) == item.get(key) for key in ("duty", "name"))


def tell(known: Duties, call: Call) -> Result:
    """Tell every unit that leads or assists of its tasks; put the table into a file."""
    with call.engine.reading() as unit:
        table = documents.values(unit, call.business_key, NAME) or {}
        names, posts = _names(unit), {post.reference for post in people.posts(unit)}
    title, rows = str(table.get("title")), list(table.get("tasks") or ())
    cells = [_cells(row, number, known, names) for number, row in enumerate(rows, 1)]
    content = excel.table(title, HEADERS, cells, WIDTHS)
    return Result(
        files=(("breakdown_table", "任务分解表（下达时）", safe_name(f"{title}.xlsx"), excel.MEDIA_TYPE, content),),
        notices=tuple(_notices(title, str(call.variables.get("message") or ""), _told(rows, names), posts, names)),
    )


def _notices(
    title: str, message: str, told: Mapping[str, list[str]], posts: Container[str], names: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Write to the posts of each unit; of those that have none HR is told."""
    heading, unreached = f"任务已下达：{title}", []
    for code, lines in told.items():
        found = [f"{code}.{post}" for post in POSTS if f"{code}.{post}" in posts]
        unreached += [] if found else [names.get(code, code)]
        yield from ((post, heading, "\n".join([message, *lines] if message else lines)) for post in found)
    if unreached:
        body = f"没有告知到：{'、'.join(unreached)}。这些单位没有承办人、负责人岗位，请另行告知。"
        yield "own.staff", heading, body


def _told(rows: Sequence[Row], names: Mapping[str, str]) -> dict[str, list[str]]:
    """Give by unit a line for each task that it leads, then for each that it assists in."""
    codes = {name: code for code, name in names.items()}
    led = [(row.get("lead"), f"牵头：{_task(row)}") for row in rows]
    assisted = [
        (code, f"配合{names.get(str(row.get('lead')), '')}：{_task(row)}")
        for row in rows
        for code in assisting(row, codes)
    ]
    told: dict[str, list[str]] = {}
    for code, line in (*led, *assisted):
        if code:
            told.setdefault(str(code), []).append(line)
    return told


def assisting(row: Row, codes: Mapping[str, str]) -> list[str]:
    """Name the units that assist in a row, those that are written as they are called; `codes` are by name."""
    return [codes[name] for name in _BETWEEN.split(str(row.get("assist") or "")) if name in codes]


def _task(row: Row) -> str:
    return f"{row.get('name')}（{'，'.join(filter(None, (papers.when(row), status(row))))}）"


def status(row: Row) -> str:
    """Say where a task stands."""
    if row.get("cancelled"):
        return "已取消"
    return "先行办理" if row.get("done_ahead") else "未开始"


def _cells(row: Row, number: int, known: Duties, names: Mapping[str, str]) -> tuple[str, ...]:
    duty, lead = known.get(str(row.get("duty"))), str(row.get("lead") or "")
    return (
        str(number),
        f"{duty.clause} {duty.wording}" if duty else papers.OUT_OF_PLAN,
        str(row.get("name") or ""),
        names.get(lead, lead),
        str(row.get("assist") or ""),
        str(row.get("owner") or ""),
        papers.when(row),
        str(row.get("goal") or ""),
        status(row),
        str(row.get("source") or ""),
    )
