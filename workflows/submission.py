"""Say what HR changed in a unit's submission (改动对照), and put the unit's own words back where it does not agree."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile, zip_longest
from typing import Any, NamedTuple

from engine import people
from engine.core import documents, forms, kin
from engine.ground.unit_of_work import Call, Result, Unit
from workflows.aggregation import OUT_OF_PLAN, OUT_OF_PLAN_LABEL
from workflows.duties import Duties

DOCUMENT, CHANGES, ITEMS = "submission", "changes", "items"
TAKEN = ("accept", "accept_amended")
OWN_ACTIVITIES = ("draft", "review")
"""Where the unit itself says what it submits."""


class Rule(NamedTuple):
    """Decide of one field how it is called, and whether the unit must agree to what HR changes in it."""

    label: str
    consent: bool


# Wording is HR's to mend; what the unit must then do, when, how often and with what money, is the unit's.
FIELDS: Mapping[str, Rule] = {
    "overall": Rule("整体工作计划正文", False),
    "no_items": Rule("本单位本年度无计划事项", True),
    "no_items_reason": Rule("无计划事项的理由", False),
    "remark": Rule("备注", False),
    "contact": Rule("承办人", True),
    "phone": Rule("联系电话", True),
    "attachments": Rule("附件", True),
}
ITEM_FIELDS: Mapping[str, Rule] = {
    "duty": Rule("对应职责", False),
    "name": Rule("事项名称", False),
    "measures": Rule("具体措施", False),
    "category": Rule("类别", False),
    "lead": Rule("牵头单位", True),
    "assist": Rule("配合单位", False),
    "owner": Rule("责任人（岗位）", False),
    "from": Rule("开始日期", True),
    "until": Rule("完成日期", True),
    "count": Rule("次数", True),
    "budget": Rule("经费（元）", True),
    "funding": Rule("经费来源", True),
    "done_ahead": Rule("先行办理", True),
}
CHOICES: Mapping[str, Mapping[str, str]] = {
    "category": {
        "meeting": "会议",
        "education": "教育",
        "publicity": "宣传",
        "condolence": "慰问",
        "activity": "活动",
        "pairing": "结对",
        "system": "制度",
        "other": "其他",
    },
    "funding": {"budget": "部门预算", "special": "专项经费", "fees": "党费、工会经费", "other": "其他"},
}

LONG, AROUND = 120, 20
"""Of a text longer than this only what differs is shown, with so many characters on either side."""

Values = Mapping[str, Any]
Labels = Mapping[str, Mapping[str, str]]


class Change(NamedTuple):
    """Show one field that HR changed."""

    field: str
    before: str
    after: str
    consent: bool


def compare(known: Duties, call: Call) -> Result:
    """Write down what differs from what the unit sent, and whether the unit must agree to it."""
    with call.engine.reading() as unit:
        before, after = _sent(unit, call), documents.values(unit, call.business_key, DOCUMENT) or {}
        found = changes(before, after, _labels(unit, known))
    needed = any(change.consent for change in found)
    variables = {"consent_needed": needed, "changes_note": _note(found)}
    rows = [change._asdict() for change in found]
    papers = {CHANGES: {"title": "改动对照", "rows": rows}} if rows else {}
    taken = call.variables.get("outcome") in TAKEN
    return Result(variables, papers, notices=tuple(_notices(found, needed)) if taken else ())


def restore(call: Call) -> Result:
    """Make the version that the unit sent the newest one again."""
    with call.engine.reading() as unit:
        return Result(documents={DOCUMENT: _sent(unit, call)})


def _sent(unit: Unit, call: Call) -> dict[str, Any]:
    """Give what the unit's own people last put their names to."""
    found = documents.find(unit, call.business_key, DOCUMENT)
    number = kin.confirmed(unit, call.instance_id, found.id, OWN_ACTIVITIES) if found else 0
    return kin.content(unit, found.id, number) if found else {}


def _labels(unit: Unit, known: Duties) -> Labels:
    duties = {duty.id: f"{duty.clause} {duty.wording}" for duty in known.values()} | {OUT_OF_PLAN: OUT_OF_PLAN_LABEL}
    return {**CHOICES, "duty": duties, "lead": {item.code: item.name for item in people.units(unit)}}


def _notices(found: Sequence[Change], needed: bool) -> Iterator[tuple[str, str, str]]:
    """Tell the unit what it would not hear of otherwise: its head has a task where consent is needed."""
    body = f"{_note(found)}改动：{'；'.join(change.field for change in found)}。" if found else ""
    if needed:
        yield "own.staff", "人事部改动了本单位报送的内容，等负责人确认", body
    elif found:
        yield from ((post, "人事部收下时改了本单位报送的文字，请阅知", body) for post in ("own.staff", "own.head"))


def _note(found: Sequence[Change]) -> str | None:
    if not found:
        return None
    needed = sum(change.consent for change in found)
    consent = f"，其中{needed}处须本单位同意" if needed else ""
    return f"人事部改了{len(found)}处{consent}，逐栏见材料“改动对照”。"


def changes(before: Values, after: Values, labels: Labels) -> list[Change]:
    """List the fields that differ, those of items by their place."""
    top = [{key: value for key, value in values.items() if key != ITEMS} for values in (before, after)]
    found = list(_differing("", FIELDS, top[0], top[1], labels))
    pairs = zip_longest(before.get(ITEMS) or (), after.get(ITEMS) or ())
    for number, (old, new) in enumerate(pairs, 1):
        place = f"第{number}项“{(old or new).get('name') or '（无名称）'}”"
        if old is None or new is None:
            found.append(Change(place, *(("没有这一项", "增加") if old is None else ("有这一项", "删去")), True))
        else:
            found += _differing(f"{place}的", ITEM_FIELDS, old, new, labels)
    return found


def _differing(place: str, rules: Mapping[str, Rule], old: Values, new: Values, labels: Labels) -> Iterator[Change]:
    for key in dict.fromkeys((*rules, *old, *new)):
        if _plain(old.get(key)) != _plain(new.get(key)):
            # What nobody has decided on is the unit's.
            rule = rules.get(key, Rule(key, True))
            before, after = _told(old.get(key), labels.get(key, {})), _told(new.get(key), labels.get(key, {}))
            yield Change(f"{place}{rule.label}", *_excerpts(before, after), rule.consent)


def _plain(value: Any) -> Any:
    return "" if forms.is_nothing(value) else value


def _told(value: Any, labels: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return labels.get(str(value), str(value)) if not forms.is_nothing(value) else "（未填）"


def _excerpts(before: str, after: str) -> tuple[str, str]:
    """Cut what both have in common off long texts."""
    if max(len(before), len(after)) <= LONG:
        return before, after
    head = max(_alike(before, after) - AROUND, 0)
    room = min(len(before), len(after)) - head
    tail = max(min(_alike(before[::-1], after[::-1]), room) - AROUND, 0)
    cut = [text[head : len(text) - tail] for text in (before, after)]
    first, second = (f"{'……' if head else ''}{text}{'……' if tail else ''}" for text in cut)
    return first, second


def _alike(one: str, other: str) -> int:
    """Count the characters that both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
