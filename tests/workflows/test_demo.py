"""The demo stands where its story says, and everything in it came about by acts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from engine import archive, incidents, tasks
from engine.core import documents, history
from engine.ground import model
from workflows import demo
from workflows.demo_items import items_of
from workflows.stage import Stage


def states(told: Stage) -> dict[str, tuple[str, str | None]]:
    with told.engine.reading() as unit:
        return {row.title: (row.state, row.outcome) for row in unit.connection.execute(select(model.instance))}


def test_the_demo_stands_on_its_day_with_four_received_and_four_on_their_way(told: Stage) -> None:
    found = states(told)
    assert found["2025年双拥工作计划"][0] == "completed"
    assert found["2026年双拥工作计划"][0] == "active"
    received = [name for name, state in found.items() if name.startswith("2026") and state == ("completed", "received")]
    assert sorted(name.partition("·")[2] for name in received) == sorted(["人事部", "办公室", "宣文部", "计划财务部"])
    # Then one waits to be looked at, one was sent back, one has more time, one is late and HR has to decide
    assert told.waits("hr-staff", "人事部审看", "机关党委")
    for login, about in (
        ("unit-a-staff", "直属单位甲"),
        ("unit-b-staff", "直属单位乙"),
        ("unit-c-staff", "直属单位丙"),
    ):
        assert told.waits(login, "起草", about)
    assert told.waits("hr-staff", "处置逾期", "直属单位丙")
    assert not told.waits("hr-staff", "处置逾期", "直属单位乙")
    # And the draft has what was received, in its paper too
    assert draft(told)["progress"].startswith("已收 4/8（截至1月14日 09:00）。")
    with told.engine.reading() as unit:
        assert documents.find(unit, "plan:2026", "draft_text") is not None


def draft(told: Stage) -> Mapping[str, Any]:
    """Give what HR sees in the open draft."""
    with told.engine.reading() as unit:
        rows = tasks.inbox(unit, told.people["hr-staff"], limit=500)
        row = next(row for row in rows if row.name == "汇总改稿")
        return tasks.view(unit, row.id, told.people["hr-staff"]).values


def test_who_was_sent_back_reads_why_and_who_has_more_time_finds_the_draft(told: Stage) -> None:
    with told.engine.reading() as unit:
        first = tasks.inbox(unit, told.people["unit-a-staff"])[0]
        seen = tasks.view(unit, first.id, told.people["unit-a-staff"])
        assert seen.cause is not None and "请把春节的走访也写上" in seen.cause["text"]
        assert len(seen.values["items"]) == 2
        second = tasks.inbox(unit, told.people["unit-b-staff"])[0]
        draft = tasks.view(unit, second.id, told.people["unit-b-staff"])
        assert draft.saved_at is not None and len(draft.values["items"]) == 1
        assert str(draft.due_at).startswith("2026-01-28")


def test_nothing_went_wrong_and_every_chain_is_whole(told: Stage) -> None:
    with told.engine.reading() as unit:
        assert incidents.listing(unit) == []
        verdicts = [history.verify(unit.connection, name) for name in history.streams(unit.connection)]
        assert verdicts and all(verdict.whole for verdict in verdicts)
        # The clock stood on the demo's day at the end, and no event is younger
        newest = unit.connection.execute(
            select(model.event.c.at).order_by(model.event.c.at.desc()).limit(1)
        ).scalar_one()
        assert newest <= demo.NOW


def test_last_years_plan_lies_in_an_archive_that_is_whole(told: Stage) -> None:
    with told.engine.reading() as unit:
        root = unit.connection.execute(
            select(model.instance.c.id).where(model.instance.c.title == "2025年双拥工作计划")
        ).scalar_one()
        kept = archive.find(unit, root, told.people["hr-staff"])
        assert documents.values(unit, "plan:2025", "filing") is not None
    assert kept is not None and kept.folder.name == "2025年双拥工作计划·2025年归档"
    assert archive.check(kept) == []
    folder = kept.folder
    assert "应登记4家，已登记4家。" in (folder / "data" / "index.html").read_text(encoding="utf-8")
    assert any("签批原件登记" in path.name for path in (folder / "data" / "附件").iterdir())


def test_the_story_can_be_finished_by_its_people(told: Stage) -> None:
    # When HR receives one and takes it in, gives the late ones up, and compiles
    told.do("hr-staff", "人事部审看", "accept", "机关党委")
    told.do("hr-staff", "汇总改稿", "merge")
    assert draft(told)["progress"].startswith("已收 5/8（截至1月20日 09:00）。")
    told.do("hr-staff", "处置逾期", "missing", "直属单位丙", reason="联系不上，年内另报。")
    for login, name in (("unit-a", "直属单位甲"), ("unit-b", "直属单位乙")):
        told.do(f"{login}-staff", "起草", "submit", name, items=items_of(login.replace("-", "_"), 2026))
        told.do(f"{login}-head", "审核", "agree", name)
        told.do("hr-staff", "人事部审看", "accept", name)
    # Then the draft says who is missing, and can go up
    told.do("hr-staff", "汇总改稿", "merge")
    assert "缺报：直属单位丙。" in draft(told)["progress"]
    with told.engine.reading() as unit:
        checks = documents.values(unit, "plan:2026", "checks") or {}
    assert "直属单位丙：联系不上，年内另报。" in checks["text"]
    told.do("hr-staff", "汇总改稿", "submit")
    assert told.waits("hr-staff", "拟办")
