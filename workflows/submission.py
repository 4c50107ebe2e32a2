"""Say what HR changed in a unit's submission (改动对照), and put the unit's own words back where it does not agree."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from engine.core import documents, kin
from engine.ground.unit_of_work import Call, Result, Unit
from workflows import differences
from workflows.differences import Change, Labels, Rule, Values, differing
from workflows.duties import Duties

DOCUMENT, CHANGES, ITEMS = "submission", "changes", "items"
TAKEN = ("accept", "accept_amended")
OWN_ACTIVITIES = ("draft", "review")
"""Where the unit itself says what it submits."""


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


def compare(known: Duties, call: Call) -> Result:
    """Write down what differs from what the unit sent, and whether the unit must agree to it."""
    with call.engine.reading() as unit:
        before, after = _sent(unit, call), documents.values(unit, call.business_key, DOCUMENT) or {}
        found = changes(before, after, differences.labels(unit, known))
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
    found = list(differing("", FIELDS, top[0], top[1], labels))
    pairs = zip_longest(before.get(ITEMS) or (), after.get(ITEMS) or ())
    for number, (old, new) in enumerate(pairs, 1):
        place = f"第{number}项“{(old or new).get('name') or '（无名称）'}”"
        if old is None or new is None:
            found.append(Change(place, *(("没有这一项", "增加") if old is None else ("有这一项", "删去")), True))
        else:
            found += differing(f"{place}的", ITEM_FIELDS, old, new, labels)
    return found
