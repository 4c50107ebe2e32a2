"""HR mends the words of a submission and shows what it mended; what is the unit's the unit must agree to."""

from typing import Any

import pytest
from sqlalchemy import select

from engine import notices, tasks
from engine.core import documents
from engine.ground import model
from engine.ground.errors import Invalid
from workflows import differences, submission
from workflows.demo_items import items_of
from workflows.differences import Change
from workflows.stage import Stage

KEY = "plan:2026:publicity"
ABOUT = "宣文部"
WORDS: dict[str, Any] = {"measures": "每季度编报一篇简讯，全年不少于四篇，报人事部汇编。"}
DATE: dict[str, Any] = {"until": "2026-12-18"}


def items(**changes: Any) -> list[dict[str, Any]]:
    """Give the unit's items as they are kept, with something changed in the first."""
    first, *others = map(_kept, items_of("publicity", 2026))
    return [{**first, **changes}, *others]


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    numbers = {key: int(row[key]) if row[key] else "" for key in ("count", "budget")}
    return {**row, "assist": "", **numbers}


def kept(stage: Stage, name: str) -> dict[str, Any] | None:
    with stage.engine.reading() as unit:
        return documents.values(unit, KEY, name)


def look(stage: Stage, outcome: str = "accept_amended", **values: Any) -> None:
    stage.do("hr-staff", "人事部审看", outcome, ABOUT, **values)


def outcome(stage: Stage) -> str | None:
    with stage.engine.reading() as unit:
        query = select(model.instance.c.outcome).where(model.instance.c.business_key == KEY)
        found: str | None = unit.connection.execute(query).scalar_one()
        return found


def shown(stage: Stage, login: str, name: str) -> tasks.TaskView:
    """Give what a task shows to a person whose inbox it is in."""
    with stage.engine.reading() as unit:
        row = next(row for row in tasks.inbox(unit, stage.people[login]) if row.name == name)
        return tasks.view(unit, row.id, stage.people[login])


def told(stage: Stage, login: str) -> list[tuple[str, str]]:
    """Give what a function told somebody: title and body."""
    with stage.engine.reading() as unit:
        found = notices.listing(unit, stage.people[login])
    return [(notice.title, notice.body) for notice in found if notice.kind == "function"]


@pytest.fixture
def sent(stage: Stage) -> Stage:
    """Give one submission that waits for HR."""
    stage.start("hr-staff", "annual_plan", year="2026")
    stage.do("hr-staff", "锁定应报名单", "send", units=["publicity"], due_date="2026-01-16")
    values = {"contact": "承办人", "phone": "010-0000000", "remark": "无。", "items": items()}
    stage.do("publicity-staff", "起草", "submit", ABOUT, **values)
    stage.do("publicity-head", "审核", "agree", ABOUT)
    return stage


def test_mended_words_are_received_at_once_and_written_down(sent: Stage) -> None:
    look(sent, items=items(**WORDS), remark="")
    assert outcome(sent) == "received"
    assert (kept(sent, "submission") or {})["items"][0]["measures"] == WORDS["measures"]
    assert (kept(sent, "changes") or {})["rows"] == [
        {"field": "备注", "before": "无。", "after": "（未填）", "consent": False},
        {
            "field": "第1项“双拥工作简讯”的具体措施",
            "before": "每季度编报一篇，全年不少于四篇。",
            "after": WORDS["measures"],
            "consent": False,
        },
    ]
    # And staff and head are told, once each
    for login in ("publicity-staff", "publicity-head"):
        ((title, body),) = told(sent, login)
        assert title == "人事部收下时改了本单位报送的文字，请阅知"
        assert body.endswith("改动：备注；第1项“双拥工作简讯”的具体措施。")


def test_nothing_is_written_down_where_nothing_was_changed(sent: Stage) -> None:
    look(sent, "accept")
    assert outcome(sent) == "received"
    assert kept(sent, "changes") is None
    assert told(sent, "publicity-staff") == told(sent, "publicity-head") == []


def test_a_changed_date_waits_for_the_units_head_who_agrees(sent: Stage) -> None:
    # When HR changes words and a date, and presses the plain button even
    look(sent, "accept", items=items(**WORDS, **DATE))
    # Then the head sees both, and which of them needs consent
    seen = shown(sent, "publicity-head", "确认人事部改动")
    assert [(row["field"], row["consent"]) for row in seen.values["rows"]] == [
        ("第1项“双拥工作简讯”的具体措施", False),
        ("第1项“双拥工作简讯”的完成日期", True),
    ]
    assert seen.cause is not None and (seen.cause["name"], seen.cause["outcome"]) == ("人事部审看", "收下")
    # And staff is told that the head has to
    assert [title for title, _ in told(sent, "publicity-staff")] == ["人事部改动了本单位报送的内容，等负责人确认"]
    assert told(sent, "publicity-head") == []
    # When the head agrees, it is received as HR has it
    sent.do("publicity-head", "确认人事部改动", "agree", ABOUT)
    assert outcome(sent) == "received"
    assert (kept(sent, "submission") or {})["items"] == items(**WORDS, **DATE)


def test_what_the_head_does_not_agree_to_is_put_back_whole_with_the_reason(sent: Stage) -> None:
    before = kept(sent, "submission")
    look(sent, items=items(**WORDS, **DATE))
    reason = "十二月中旬以前必须收齐，日期不能推迟。"
    sent.do("publicity-head", "确认人事部改动", "disagree", ABOUT, opinion=reason)
    # Then HR looks again at what the unit had sent, and reads why
    assert kept(sent, "submission") == before
    seen = shown(sent, "hr-staff", "人事部审看")
    assert seen.values["unit_objection"] == reason
    assert seen.cause is not None and seen.cause["text"] == reason
    assert seen.values["items"] == items()
    # And its own version is not lost
    with sent.engine.reading() as unit:
        found = documents.find(unit, KEY, "submission")
        assert found is not None
        version = model.document_version.c
        query = select(version.content).where(version.document_id == found.id).order_by(version.number)
        contents = list(unit.connection.execute(query).scalars())
    assert [content["items"][0]["until"] for content in contents] == ["2026-12-10", "2026-12-18", "2026-12-10"]
    # When HR takes it as it is, nothing more is asked
    look(sent, "accept")
    assert outcome(sent) == "received"


def test_what_hr_typed_before_sending_back_is_shown_and_counts_as_the_units_once_it_reports_again(sent: Stage) -> None:
    look(sent, "return", items=items(**DATE), opinion="请核对完成日期。")
    seen = shown(sent, "publicity-staff", "起草")
    assert seen.cause is not None and seen.cause["text"] == "请核对完成日期。"
    assert seen.values["changes_note"] == "人事部改了1处，其中1处须本单位同意，逐栏见材料“改动对照”。"
    assert seen.values["items"] == items(**DATE)
    assert told(sent, "publicity-staff") == []
    # When the unit sends the same again, it has said so itself
    sent.do("publicity-staff", "起草", "submit", ABOUT)
    sent.do("publicity-head", "审核", "agree", ABOUT)
    look(sent, "accept")
    assert outcome(sent) == "received"


def test_hr_may_not_break_what_the_unit_had_to_keep_to(sent: Stage) -> None:
    wrong = {"until": "2026-02-01", "assist": "宣文部、办公室", "measures": ""}
    with pytest.raises(Invalid) as caught:
        look(sent, items=items(**wrong))
    assert sorted(fault.element for fault in caught.value.faults) == [
        "items[0].assist",
        "items[0].measures",
        "items[0].until",
    ]
    assert outcome(sent) is None


LABELS = {"lead": {"publicity": "宣文部", "office": "办公室"}, **differences.CHOICES}


@pytest.mark.parametrize(
    ("key", "old", "new", "before", "after", "consent"),
    [
        ("lead", "publicity", "office", "宣文部", "办公室", True),
        ("category", "publicity", "education", "宣传", "教育", False),
        ("funding", "", "special", "（未填）", "专项经费", True),
        ("done_ahead", False, True, "否", "是", True),
        ("done_ahead", True, False, "是", "否", True),
        ("until", "2026-12-10", "2026-12-18", "2026年12月10日", "2026年12月18日", True),
        ("count", 0, "", "0", "（未填）", True),
        ("budget", 800, "800.5", "800", "800.5", True),
        ("assist", "", "办公室", "（未填）", "办公室", False),
        ("seating", "", "圆桌", "（未填）", "圆桌", True),
    ],
)
def test_every_kind_of_field_is_told_in_words(
    key: str, old: Any, new: Any, before: str, after: str, consent: bool
) -> None:
    found = submission.changes({"items": [{key: old}]}, {"items": [{key: new}]}, LABELS)
    assert [change[1:] for change in found] == [(before, after, consent)]


def test_what_was_never_filled_in_is_no_change() -> None:
    assert submission.changes({"items": [{"count": None}]}, {"items": [{"done_ahead": False, "count": ""}]}, {}) == []


def test_an_item_added_or_dropped_is_the_units_to_say() -> None:
    one, two = {"name": "简讯"}, {"name": "轮值"}
    added = submission.changes({"items": [one]}, {"items": [one, two]}, {})
    dropped = submission.changes({"items": [one, two]}, {"items": [one]}, {})
    assert added == [Change("第2项“轮值”", "没有这一项", "增加", True)]
    assert dropped == [Change("第2项“轮值”", "有这一项", "删去", True)]
    assert submission.changes({}, {"items": [{}]}, {})[0].field == "第1项“（无名称）”"


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("头" * 200 + "甲" + "尾" * 200, "头" * 200 + "乙丙" + "尾" * 200, "甲", "乙丙"),
        ("头" * 200, "头" * 200 + "添", "", "添"),
    ],
)
def test_of_a_long_text_only_what_differs_is_shown(old: str, new: str, before: str, after: str) -> None:
    (change,) = submission.changes({"overall": old}, {"overall": new}, {})
    tail = "尾" * differences.AROUND + "……" if old.endswith("尾") else ""
    head = "……" + "头" * differences.AROUND
    assert (change.before, change.after) == (head + before + tail, head + after + tail)


def test_a_long_text_that_is_new_is_shown_whole() -> None:
    (change,) = submission.changes({}, {"overall": "字" * 200}, {})
    assert (change.before, change.after) == ("（未填）", "字" * 200)
