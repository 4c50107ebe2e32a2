"""The duties of the 双拥 work, read from `duties.yaml` and checked."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

PATH = Path(__file__).with_name("duties.yaml")

# The vocabularies that map a code to its Chinese label; chapters and cadences say more than a label.
VOCABULARIES = ("bases", "parties", "measures", "units", "subjects", "evidence", "filing", "processes")
FIELD_LABELS = {
    "clause": "条款",
    "wording": "义务",
    "lead": "牵头",
    "assisting": "配合",
    "cadence": "频次",
    "quota": "数额",
    "approver": "批准人",
    "evidence": "证据",
    "filing": "归处",
    "processes": "流程",
    "same_as": "重申",
}
_CELLS = {
    "lead": "parties",
    "assisting": "parties",
    "cadence": "cadences",
    "approver": "parties",
    "evidence": "evidence",
    "filing": "filing",
}
_QUOTA_CODES = {"basis": "bases", "measure": "measures", "unit": "units", "per": "cadences", "each": "subjects"}
_QUOTA_KEYS = {*_QUOTA_CODES, "at_least", "at_most", "text"}
_OPTIONAL = {"same_as"}


@dataclass(frozen=True)
class Cell:
    """Hold one cell: codes for the program, text for people, and where it comes from (not told of `assisting`)."""

    codes: tuple[str, ...]
    text: str
    basis: str | None = None


@dataclass(frozen=True)
class Quota:
    """Hold what is counted, and how much of it is demanded if a number is given."""

    text: str
    basis: str
    measure: str | None = None
    at_least: int | None = None
    at_most: int | None = None
    unit: str | None = None
    per: str | None = None
    each: str | None = None


@dataclass(frozen=True)
class Duty:
    """Hold one duty with its clause and the original wording."""

    id: str
    clause: str
    wording: str
    lead: Cell
    assisting: Cell
    cadence: Cell
    quota: Quota
    approver: Cell
    evidence: Cell
    filing: Cell
    processes: tuple[str, ...]
    same_as: tuple[str, ...] = ()

    @property
    def chapter(self) -> str:
        """Return the code of the duty's chapter."""
        return self.id[0]


class UnitDuties(NamedTuple):
    """Split a unit's own duties into those listed one by one on its form and those folded into one line."""

    listed: tuple[Duty, ...]
    folded: tuple[Duty, ...]


class Duties(Mapping[str, Duty]):
    """Map each id to its duty, in the order of the file, with the labels of all codes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._duties = {raw["id"]: _build(raw) for raw in document["duties"]}
        self._labels: dict[str, dict[str, str]] = {name: dict(document[name]) for name in VOCABULARIES}
        for name in ("chapters", "cadences"):
            self._labels[name] = {code: entry["label"] for code, entry in document[name].items()}
        self._recurring = {code for code, entry in document["cadences"].items() if entry["recurs"]}

    def __getitem__(self, duty_id: str) -> Duty:
        return self._duties[duty_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._duties)

    def __len__(self) -> int:
        return len(self._duties)

    def label(self, vocabulary: str, code: str) -> str:
        """Return the Chinese label of a code, such as `label("parties", "hr")`."""
        return self._labels[vocabulary][code]

    def labels(self, vocabulary: str) -> Mapping[str, str]:
        """Return every code of a vocabulary with its label, in order."""
        return dict(self._labels[vocabulary])

    def recurs(self, duty: Duty) -> bool:
        """Say whether the duty comes round by itself: it has a cadence that recurs or a quota per period."""
        return duty.quota.per is not None or not self._recurring.isdisjoint(duty.cadence.codes)

    def for_unit_kind(self, codes: Collection[str]) -> UnitDuties:
        """Return what a unit known by these party codes must do itself: what recurs is listed, the rest folded.

        Duties that only repeat others are left out.
        """
        if unknown := sorted(set(codes) - set(self._labels["parties"])):
            raise ValueError(f"没有这样的单位代码：{'、'.join(unknown)}，请用职责清单 parties 中的代码。")
        own = [duty for duty in self.values() if not duty.same_as and not set(codes).isdisjoint(duty.lead.codes)]
        return UnitDuties(
            tuple(duty for duty in own if self.recurs(duty)),
            tuple(duty for duty in own if not self.recurs(duty)),
        )


class Fault(NamedTuple):
    """Name the place of a fault and what to do about it."""

    place: str
    field: str
    text: str

    def __str__(self) -> str:
        label = FIELD_LABELS.get(self.field)
        named = f"“{label}”({self.field})" if label else self.field
        return f"{f'{self.place} {named}'.strip()}：{self.text}"


class DutiesError(ValueError):
    """List every fault of the duties, in Chinese."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"- {fault}。" for fault in self.faults)
        super().__init__(f"职责清单有 {len(self.faults)} 处错误，请改正后重新启动：\n{lines}")


def load(path: Path | None = None) -> Duties:
    """Read and check the duties."""
    return Duties(check(_read(path or PATH)))


def check(document: object) -> Mapping[str, Any]:
    """Return the document if it is sound, else raise one error that lists every fault."""
    if not isinstance(document, dict):
        raise DutiesError([Fault("文件", "", "内容不是职责清单")])
    faults = list(_head_faults(document))
    if not faults:
        # Without sound vocabularies every code would be reported.
        faults = [*_duties_faults(document), *_count_faults(document)]
    if faults:
        raise DutiesError(faults)
    return document


class _WrittenTwice(yaml.MarkedYAMLError):
    """Say which keys a mapping holds twice."""


class _Loader(yaml.SafeLoader):
    """Refuse a key written twice, which YAML would let win silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        written = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twice := [key for key, times in written.items() if times > 1]:
            raise _WrittenTwice(problem="、".join(twice), problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> object:
    try:
        # _Loader is a SafeLoader.
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError) as fault:
        raise DutiesError([Fault("文件", str(path), "不能读取，请检查文件是否存在、是否为 UTF-8 编码")]) from fault
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = f"第 {mark.line + 1} 行附近" if mark else "某处"
        text = (
            f"重复写了 {fault.problem}"
            if isinstance(fault, _WrittenTwice)
            else "不合 YAML 的写法，请检查缩进、括号和引号"
        )
        raise DutiesError([Fault("文件", path.name, f"{line}{text}")]) from fault


def _head_faults(document: Mapping[str, Any]) -> Iterator[Fault]:
    for name in (*VOCABULARIES, "chapters", "cadences"):
        entries = document.get(name)
        if not isinstance(entries, dict) or not entries:
            yield Fault("文件开头", name, "缺少这一组代码")
            continue
        for code, entry in entries.items():
            if not isinstance(code, str) or not _sound_entry(name, entry):
                yield Fault("文件开头", f"{name}.{code}", _ENTRY_FORMS.get(name, "须写中文名称"))
    if not isinstance(document.get("duties"), list):
        yield Fault("文件", "duties", "缺少职责列表")
    for name in document.keys() - {*VOCABULARIES, "chapters", "cadences", "duties"}:
        yield Fault("文件", str(name), "不认识的一组，请删去")


_ENTRY_FORMS = {
    "chapters": "须写成 {label: 名称, duties: 条数}",
    "cadences": "须写成 {label: 名称, recurs: true 或 false}",
}


def _sound_entry(name: str, entry: object) -> bool:
    match name, entry:
        case "chapters", {"label": str(label), "duties": int(count), **rest}:
            return bool(label.strip()) and not rest and _is_count(count)
        case "cadences", {"label": str(label), "recurs": bool(), **rest}:
            return bool(label.strip()) and not rest
    return name not in _ENTRY_FORMS and _is_text(entry)


def _duties_faults(document: Mapping[str, Any]) -> Iterator[Fault]:
    ids = {str(raw.get("id")) for raw in document["duties"] if isinstance(raw, dict)}
    for position, raw in enumerate(document["duties"], 1):
        if not isinstance(raw, dict) or not re.fullmatch(r"[A-Z][0-9]{2}", str(raw.get("id"))):
            yield Fault(f"第 {position} 条", "id", "编号须写成一个大写字母加两位数字，如 A01")
            continue
        for field, text in _duty_faults(document, raw, ids):
            yield Fault(raw["id"], field, text)


def _count_faults(document: Mapping[str, Any]) -> Iterator[Fault]:
    present = Counter(str(raw.get("id")) for raw in document["duties"] if isinstance(raw, dict))
    expected = {
        f"{chapter}{number:02}"
        for chapter, entry in document["chapters"].items()
        for number in range(1, entry["duties"] + 1)
    }
    for duty_id in sorted(expected - present.keys()):
        yield Fault(duty_id, "id", "缺少这一条，请补上，或改正文件开头该章的条数")
    for duty_id in sorted(present.keys() - expected):
        if re.fullmatch(r"[A-Z][0-9]{2}", duty_id):
            yield Fault(duty_id, "id", "编号超出文件开头该章的条数，请改正编号或条数")
    for duty_id, times in present.items():
        if times > 1 and duty_id != "None":
            yield Fault(duty_id, "id", f"编号重复 {times} 次，每条只能用一个编号")


_Texts = Iterator[tuple[str, str]]


def _duty_faults(document: Mapping[str, Any], raw: Mapping[str, Any], ids: Collection[str]) -> _Texts:
    for name in raw.keys() - FIELD_LABELS.keys() - {"id"}:
        yield f"{name}", "不认识的一栏，请删去"
    for name in FIELD_LABELS:
        if name in raw:
            yield from ((name, text) for text in _field_faults(document, name, raw, ids))
        elif name not in _OPTIONAL:
            yield name, "缺少这一栏"


def _field_faults(
    document: Mapping[str, Any], name: str, raw: Mapping[str, Any], ids: Collection[str]
) -> Iterator[str]:
    value = raw[name]
    if name in ("clause", "wording"):
        if not _is_text(value):
            yield "不能为空，须是文字"
    elif name == "processes":
        yield from _codes_faults(document, "processes", value)
        if value == []:
            yield "至少要有一个流程"
    elif name == "same_as":
        yield from _same_as_faults(value, raw["id"], ids)
    elif name == "quota":
        yield from _quota_faults(document, value)
    else:
        yield from _cell_faults(document, name, value)


def _cell_faults(document: Mapping[str, Any], name: str, value: object) -> Iterator[str]:
    keys = {"codes", "text"} if name == "assisting" else {"codes", "text", "basis"}
    if not isinstance(value, dict) or value.keys() != keys:
        yield f"须写成 {{{', '.join(sorted(keys))}}}"
        return
    yield from _codes_faults(document, _CELLS[name], value["codes"])
    yield from _text_faults(value)
    if "basis" in keys:
        yield from _code_faults(document, "bases", value["basis"])
        if (value["basis"] == "none") != (value["codes"] == []):
            yield "没有代码的一栏，basis 须写 none；有代码的须写 source 或 default"


def _quota_faults(document: Mapping[str, Any], value: object) -> Iterator[str]:
    if not isinstance(value, dict) or not {"basis", "text"} <= value.keys() <= _QUOTA_KEYS:
        yield f"须有 basis 和 text，另可写 {'、'.join(sorted(_QUOTA_KEYS - {'basis', 'text'}))}"
        return
    for key, vocabulary in _QUOTA_CODES.items():
        if key in value:
            yield from _code_faults(document, vocabulary, value[key])
    yield from _text_faults(value)
    numbers = [key for key in ("at_least", "at_most") if key in value]
    yield from (f"{key} 须是不小于 0 的整数" for key in numbers if not _is_count(value[key]))
    if ("measure" in value) != ("unit" in value):
        yield "measure 和 unit 须同时写"
    if "measure" not in value and (numbers or "per" in value or "each" in value):
        yield "写了数字、per 或 each，就须写 measure"
    if value["basis"] == "none" and "measure" in value:
        yield "写了 measure，basis 须是 source 或 default"


def _same_as_faults(value: object, own: str, ids: Collection[str]) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield "须是职责编号的列表；没有就删去这一栏"
        return
    yield from (f"没有职责“{other}”" for other in value if str(other) not in ids)
    if own in value:
        yield "不能重申自己"


def _codes_faults(document: Mapping[str, Any], vocabulary: str, value: object) -> Iterator[str]:
    if not isinstance(value, list):
        yield "代码须写成列表，如 [hr]"
        return
    for code in value:
        yield from _code_faults(document, vocabulary, code)
    if len({str(code) for code in value}) < len(value):
        yield "同一代码写了两次"


def _code_faults(document: Mapping[str, Any], vocabulary: str, code: object) -> Iterator[str]:
    if not isinstance(code, str) or code not in document[vocabulary]:
        yield f"代码“{code}”没有声明，请改用 {vocabulary} 中的代码，或先在文件开头声明"


def _text_faults(value: Mapping[str, Any]) -> Iterator[str]:
    if not _is_text(value["text"]):
        yield "text 不能为空，须是文字；没有内容写“—”"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _build(raw: Mapping[str, Any]) -> Duty:
    cells = {name: Cell(tuple(raw[name]["codes"]), raw[name]["text"], raw[name].get("basis")) for name in _CELLS}
    return Duty(
        id=raw["id"],
        clause=raw["clause"],
        wording=raw["wording"],
        quota=Quota(**raw["quota"]),
        processes=tuple(raw["processes"]),
        same_as=tuple(raw.get("same_as", ())),
        **cells,
    )
