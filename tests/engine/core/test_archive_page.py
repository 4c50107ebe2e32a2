"""The page of an archive shows every kind of value as a person reads it."""

import io
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from sqlalchemy import update

from engine import accounts, archive, substitutions, tasks
from engine import documents as uploads
from engine.core import documents, execution
from engine.ground import model
from engine.ground.unit_of_work import SYSTEM, Actor, Call, Result
from tests.engine.core.form_drawing import YES_NO, draw, part
from tests.engine.office import Office

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
AGREE = {"type": "button", "label": "同意", "properties": {"outcome": "agree", "style": "primary"}}
DATE = {"subtype": "date", "dateLabel": "日期"}
FORM = draw(
    part("checkbox", "agreed"),
    part("datetime", "day", **DATE),
    part("filepicker", "papers", multiple=True),
    part("checklist", "kinds", values=YES_NO),
    part("textarea", "words", properties={"opinion": "true"}),
    properties={"document": "report"},
)


def page_of(office: Office, root: str, *main: str) -> str:
    folder = archive.build(office.engine, root, "归档", main)
    assert archive.verify(folder) == []
    return (folder / "data" / "index.html").read_text("utf-8")


def child(office: Office) -> str:
    """Start one affair with one form."""
    definition = office.publish("engine_child", forms={"form": FORM})
    with office.engine.transaction() as unit:
        return execution.start(unit, definition, {}, SYSTEM).id


def test_ticks_dates_choices_and_papers_are_shown_as_people_read_them(office: Office) -> None:
    root = child(office)
    with office.engine.transaction() as unit:
        stored = uploads.store(office.engine, "现场照片.png", io.BytesIO(PICTURE))
        paper = uploads.add_file(unit, root, stored, office.actor("hr.head"))
    values: dict[str, Any] = {"agreed": True, "day": "2026-02-01", "papers": [paper], "kinds": ["yes"], "words": "同意"}
    office.do("子项办理", "hr.head", "send", **values)
    text = page_of(office, root, "report")
    for wanted in ("<dt>栏agreed</dt><dd><span>是</span>", "2026年2月1日", "<span>是</span>", "现场照片.png"):
        assert wanted in text
    # And the page of the version, two folders down, leads up to the same paper
    pages = list((office.engine.archives / "归档" / "data" / "材料").rglob("*.html"))
    assert any('href="../../%E9%99%84%E4%BB%B6' in page.read_text("utf-8") for page in pages)


def test_a_date_that_is_none_is_shown_as_it_was_written_and_an_empty_paper_says_so(office: Office) -> None:
    root = child(office)
    with office.engine.transaction() as unit:
        row = execution.row_of(unit, root)
        documents.put_values(unit, row, "report", "报告", {"day": "改日再定"}, SYSTEM)
    assert "改日再定" in page_of(office, root, "report")
    other = child(office)
    with office.engine.transaction() as unit:
        row = execution.row_of(unit, other)
        documents.put_values(unit, row, "report", "报告", {"agreed": False, "day": None}, SYSTEM)
    folder = archive.build(office.engine, other, "另一件", ("report",))
    assert "没有填写内容。" in (folder / "data" / "index.html").read_text("utf-8")


def test_what_a_function_made_is_shown_without_a_form(office: Office) -> None:
    def record(call: Call) -> Result:
        made: dict[str, dict[str, Any]] = {"notes": {"text": "第一段\n第二段"}, "figures": {"场次": 3}}
        files = (("letter", "公函", "公函.txt", "text/plain", "全文".encode()),)
        return Result(variables={"made": "yes"}, documents=made, files=files)

    office.engine.functions["record"] = record
    root = office.begin("runs_service")
    office.work()
    text = page_of(office, root, "notes", "figures", "letter")
    assert "第一段" in text
    assert '"场次": 3' in unescape(text)
    assert "公函" in text
    (letter,) = (office.engine.archives / "归档" / "data" / "附件").iterdir()
    assert letter.read_bytes() == "全文".encode()


def test_an_opinion_signed_on_paper_days_before_is_marked_as_entered_later(office: Office) -> None:
    root = child(office)
    office.do("子项办理", "hr.head", "send", words="同意")
    with office.engine.transaction() as unit:
        before = unit.today - timedelta(days=4)
        unit.connection.execute(update(model.opinion).values(made_on=before))
    assert "（补录）" in page_of(office, root)


def test_what_a_deputy_decided_names_both_in_opinions_and_history(office: Office) -> None:
    # Given a head who is away, and a deputy
    root, deputy = child(office), office.people["blue.head"]
    with office.engine.transaction() as unit:
        accounts.create_prepared(unit, deputy, accounts.Initial("blue", "", "none", False), [], SYSTEM)
        days, head = (unit.today, unit.today + timedelta(days=9)), office.people["hr.head"]
        substitutions.grant(unit, head, deputy, "hr.head", *days, "出差", Actor(head))
    # When the deputy decides
    (row,) = office.open_tasks()
    with office.engine.transaction() as unit:
        tasks.complete(unit, row.id, Actor(deputy), {"words": "同意"}, "send", 1)
    # Then the page names both where it tells opinions, and where it tells what happened
    text = page_of(office, root)
    assert "<td>blue.head（代理hr.head）</td>" in text
    assert "blue.head（代理hr.head）　单位hrhead" in text
    kept = (office.engine.archives / "归档" / "data").glob("*意见*.json")
    assert any('"acting_for_name": "hr.head"' in path.read_text("utf-8") for path in kept)


def test_a_deadline_that_moved_and_a_step_done_along_are_told_as_what_they_are(office: Office) -> None:
    # Given a task whose deadline moved by another's act
    day = part("datetime", "day", properties={"variable": "day"})
    plain = draw(part("textarea", "words", properties={"opinion": "true"}), AGREE)
    forms = {"form": plain, "decide": draw(day, AGREE), "draft": plain, "review": plain}
    given: dict[str, Any] = {"day": date(2026, 1, 28), "days": Decimal(7)}
    moved = office.begin("engine_due_follows", unit_code="red", forms=forms, **given)
    office.do("改期", "hr.head", day="2026-02-04")
    for name, post in (("起草", "red.staff"), ("清点", "red.head"), ("登记", "hr.head")):
        office.do(name, post)
    assert "由2026年1月28日18:00改为2026年2月4日18:00" in page_of(office, moved)
    # And a draft whose review was done along with it
    office.appoint("red.head", "red.staff")
    along = office.begin("engine_merge", unit_code="red", forms=forms)
    (row,) = office.open_tasks()
    with office.engine.transaction() as unit:
        tasks.complete(unit, row.id, office.actor("red.staff"), {}, "agree", 1, along=["review"])
    office.do("复核", "hr.head")
    office.do("签批", "group.leader")
    assert "同意　（同一人连续办理，一次办理、两步留痕）" in page_of(office, along)
