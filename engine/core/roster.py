"""Check the rows of a staff list against each other, before anything is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from engine.ground.errors import Fault


@dataclass(frozen=True)
class Row:
    """Say that a person holds a post of a unit; a row without a person only names the post.

    `cells` says where each field stands for the people who made the list, e.g. {"unit_code": "第3行A列"}.
    """

    unit_code: str
    unit_name: str
    unit_kind: str
    post_code: str
    post_name: str
    post_kind: str
    person_name: str = ""
    number: str = ""
    login: str = ""
    starts: date | None = None
    cells: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """Give the reference of the post."""
        return f"{self.unit_code}.{self.post_code}"

    def fault(self, name: str, message: str) -> Fault:
        """Say what is wrong with one field, naming its cell."""
        place = self.cells.get(name, "")
        return Fault("roster", f"{place}：{message}" if place else message, place or name)


def faults(rows: Sequence[Row]) -> list[Fault]:
    """Give every contradiction between the rows."""
    people = [row for row in rows if row.person_name]
    return [
        *(fault for row in rows for fault in _alone(row)),
        *_differing(rows, "unit_code", "unit_name", "同一单位编码的单位名称不一致"),
        *_differing(rows, "unit_code", "unit_kind", "同一单位编码的单位类别不一致"),
        *_differing(rows, "reference", "post_name", "同一岗位的名称不一致"),
        *_differing(rows, "reference", "post_kind", "同一岗位的类别不一致"),
        *_differing(people, "number", "person_name", "同一工号的姓名不一致"),
        *_differing([row for row in people if row.login], "number", "login", "同一工号有两个登录名"),
        *_differing([row for row in people if row.login], "login", "number", "同一登录名用于两个工号", at="login"),
        *_repeated(people),
    ]


def _alone(row: Row) -> Iterable[Fault]:
    if not row.person_name:
        given = [name for name in ("number", "login", "starts") if getattr(row, name)]
        yield from (row.fault(name, "没有姓名的行不能填工号、登录名和任职日期。") for name in given)
        return
    if not row.number:
        yield row.fault("number", "有姓名的行必须填工号：重名的人靠工号分清。")
    if row.starts is None:
        yield row.fault("starts", "有姓名的行必须填任职日期。")


def _differing(rows: Iterable[Row], key: str, name: str, message: str, at: str = "") -> Iterable[Fault]:
    first: dict[str, Row] = {}
    for row in rows:
        before = first.setdefault(getattr(row, key), row)
        if getattr(before, name) != getattr(row, name):
            said = before.cells.get(name, "")
            yield row.fault(at or name, f"{message}：{said}是“{getattr(before, name)}”，这里是“{getattr(row, name)}”。")


def _repeated(rows: Iterable[Row]) -> Iterable[Fault]:
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        before = first.setdefault((row.number, row.reference), row)
        if before is not row:
            said = before.cells.get("number", "")
            yield row.fault("number", f"同一人任同一岗位写了两遍，另一处在{said}。")


def distinct(rows: Iterable[Row], key: Callable[[Row], str]) -> list[Row]:
    """Give the first row of each key, in order."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(key(row), row)
    return list(found.values())


def founding(rows: Sequence[Row]) -> list[Row]:
    """Give a row for each unit, with the first day on which one of its people is in office."""
    first: dict[str, date] = {}
    for row in rows:
        if row.starts is not None:
            first[row.unit_code] = min(row.starts, first.get(row.unit_code, row.starts))
    return [replace(row, starts=first.get(row.unit_code)) for row in distinct(rows, lambda row: row.unit_code)]
