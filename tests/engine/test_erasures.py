"""Only a security administrator erases, on an authority; it leaves a trace, takes the words along, breaks no chain."""

import contextlib
import hashlib
import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select

from engine import accounts, archive, documents, erasures, instances, people, records
from engine.core import anchors, history
from engine.core.chain import ERASED
from engine.ground import database as module
from engine.ground import model
from engine.ground.errors import Invalid, NotAllowed, NotFound, Stale
from engine.ground.unit_of_work import SYSTEM, Actor, Engine
from tests.engine.office import Office

SECRET = "张某某家庭住址在某街某号，电话某某"
AUTHORITY = "《个人信息保护法》第四十七条"
REASON = "本人书面要求"
PREPARED = accounts.prepare("guard", "zxc-VBN-147-asd")

once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""


@pytest.fixture
def guard(engine: Engine) -> Actor:
    """Give a security administrator."""
    with engine.transaction() as unit:
        person = people.add_person(unit, "安全管理员", SYSTEM)
        accounts.create_prepared(unit, person, PREPARED, ["security"], SYSTEM)
    return Actor(person)


@pytest.fixture
def said(office: Office) -> str:
    """Let somebody say too much in an opinion, which whoever comes next is shown."""
    instance = office.begin("runs_send_back")
    office.claim("办理 a")
    office.do("办理 a", "hr.staff", words=SECRET)
    return instance


def erase(engine: Engine, stream: str, number: int, actor: Actor, authority: str = AUTHORITY) -> None:
    with engine.transaction() as unit:
        erasures.erase(unit, stream, number, actor, authority, REASON)


def number_of(engine: Engine, stream: str, kind: str = "task.completed") -> int:
    with engine.reading() as unit:
        return next(event.number for event in history.read(unit.connection, stream) if event.kind == kind)


def everything(engine: Engine) -> str:
    """Give all that the database holds, as text."""
    with engine.reading() as unit:
        rows = [row for table in model.metadata.sorted_tables for row in unit.connection.execute(select(table))]
    cells = [cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell for row in rows for cell in row]
    return json.dumps(cells, ensure_ascii=False, default=str)


def test_an_erased_opinion_is_nowhere_in_the_database_and_the_chain_is_whole(
    office: Office, guard: Actor, said: str
) -> None:
    # Given words that stand in the record, the opinion, the act's paper and before whoever comes next
    stream = f"instance:{said}"
    number = number_of(office.engine, stream)
    assert everything(office.engine).count(SECRET) == 4
    before = records.verify(office.engine)
    # When they are erased
    erase(office.engine, stream, number, guard)
    # Then nothing of them is left, nor of their unsalted hash, and the place is marked
    left = everything(office.engine)
    assert SECRET not in left
    assert hashlib.sha256(json.dumps({"words": SECRET}, ensure_ascii=False).encode()).hexdigest() not in left
    with office.engine.reading() as unit:
        view = instances.view(unit, said, "", ("audit",))
        assert [row.text for row in view.opinions] == [erasures.INSTEAD]
        following = next(row for row in view.tasks if row.state == "open")
        assert (following.cause["text"], following.cause["outcome"]) == (erasures.INSTEAD, "同意")
        assert [row.content for row in documents.versions(unit, view.documents[0].id, "", ("audit",))] == [None]
    # And the chain is whole, one record longer, and says which of it was erased
    audit = records.verify(office.engine)
    assert (audit.whole, audit.events) == (True, before.events + 1)
    assert [(verdict.stream, verdict.erased) for verdict in audit.erased] == [(stream, (number,))]


def test_an_erasure_leaves_a_trace_in_the_same_chain_and_in_the_register(
    office: Office, guard: Actor, said: str
) -> None:
    stream = f"instance:{said}"
    number = number_of(office.engine, stream)
    erase(office.engine, stream, number, guard, "《个人信息保护法》\r\n 第四十七条 ")
    with office.engine.reading() as unit:
        *_, last = history.read(unit.connection, stream)
        (row,) = erasures.listing(unit)
    assert (last.kind, last.envelope["erases"], last.envelope["person"]) == (ERASED, number, guard.person_id)
    assert last.payload == {"authority": "《个人信息保护法》 第四十七条", "reason": REASON}
    assert (row.stream, row.number, row.authority, row.reason) == (stream, number, *last.payload.values())
    assert (row.by, row.at) == (guard.person_id, last.at)


def test_the_matter_goes_on_after_an_erasure(office: Office, guard: Actor, said: str) -> None:
    erase(office.engine, f"instance:{said}", number_of(office.engine, f"instance:{said}"), guard)
    office.claim("办理 b")
    office.do("办理 b", "hr.staff", "return", words="重来")
    office.claim_and_do("办理 a")
    office.claim_and_do("办理 b")
    assert office.state(said) == ("completed", "agree")


def test_heads_that_were_anchored_before_an_erasure_still_hold(office: Office, guard: Actor, said: str) -> None:
    with office.engine.transaction() as unit:
        anchors.drop(unit)
    erase(office.engine, f"instance:{said}", number_of(office.engine, f"instance:{said}"), guard)
    assert records.verify(office.engine).anchors == ()


def test_an_opinion_of_another_step_stays(office: Office, guard: Actor, said: str) -> None:
    number = number_of(office.engine, f"instance:{said}")
    office.claim("办理 b")
    office.do("办理 b", "hr.staff", "return", words="请改")
    erase(office.engine, f"instance:{said}", number, guard)
    with office.engine.reading() as unit:
        view = instances.view(unit, said, "", ("audit",))
    assert [row.text for row in view.opinions] == [erasures.INSTEAD, "请改"]
    assert [(row.cause or {}).get("text") for row in view.tasks if row.state == "open"] == ["请改"]


def test_a_completion_without_words_leaves_nothing_to_put_others_in_the_place_of(office: Office, guard: Actor) -> None:
    instance = office.begin("runs_send_back")
    office.claim_and_do("办理 a")
    erase(office.engine, f"instance:{instance}", number_of(office.engine, f"instance:{instance}"), guard)
    with office.engine.reading() as unit:
        view = instances.view(unit, instance, "", ("audit",))
    assert ([row.text for row in view.opinions], view.documents) == ([""], ())
    assert records.verify(office.engine).whole


@once
@pytest.mark.parametrize("kind", ["instance.started", "task.opened"])
def test_a_record_of_another_kind_is_erased_alone(office: Office, guard: Actor, said: str, kind: str) -> None:
    erase(office.engine, f"instance:{said}", number_of(office.engine, f"instance:{said}", kind), guard)
    assert everything(office.engine).count(SECRET) == 4
    assert records.verify(office.engine).whole


def test_who_signs_in_where_an_attempt_was_erased_signs_in(office: Office, guard: Actor) -> None:
    # Given attempts to sign in, of which the source of one is erased
    for password in ("wrong", "zxc-VBN-147-asd"):
        with contextlib.suppress(NotAllowed):
            accounts.sign_in(office.engine, "guard", password, "10.1.2.3")
    erase(office.engine, "access", 1, guard)
    # Then the next one is counted as ever
    assert accounts.sign_in(office.engine, "guard", "zxc-VBN-147-asd", "10.1.2.3").login == "guard"
    assert records.verify(office.engine).whole


# Who may, and what is refused


@pytest.mark.parametrize("role", ["system", "audit", "process", ""])
def test_nobody_else_erases(office: Office, said: str, role: str) -> None:
    with office.engine.transaction() as unit:
        person = people.add_person(unit, "别人", SYSTEM)
        accounts.create_prepared(unit, person, PREPARED, [role] if role else [], SYSTEM)
    with pytest.raises(NotAllowed, match="只有安全管理员"):
        erase(office.engine, f"instance:{said}", 1, Actor(person))
    with pytest.raises(NotAllowed, match="只有安全管理员"):
        erase(office.engine, f"instance:{said}", 1, office.actor("hr.staff"))
    assert records.verify(office.engine).erased == ()


@once
@pytest.mark.parametrize(
    ("authority", "reason", "fields"),
    [
        (" \n", "原因", ["authority"]),
        ("依据", "  ", ["reason"]),
        ("", "", ["authority", "reason"]),
        ("长" * 201, "长" * 501, ["authority", "reason"]),
    ],
)
def test_an_erasure_without_authority_or_reason_is_refused(
    office: Office, guard: Actor, said: str, authority: str, reason: str, fields: list[str]
) -> None:
    with pytest.raises(Invalid) as refused, office.engine.transaction() as unit:
        erasures.erase(unit, f"instance:{said}", 1, guard, authority, reason)
    assert [fault.element for fault in refused.value.faults] == fields
    assert everything(office.engine).count(SECRET) == 4


@once
def test_what_is_not_there_cannot_be_erased(office: Office, guard: Actor, said: str) -> None:
    for stream, number in ((f"instance:{said}", 99), (f"instance:{said}", 0), ("instance:nobody", 1), ("access", 7)):
        with pytest.raises(NotFound):
            erase(office.engine, stream, number, guard)


def test_a_record_is_erased_once_and_the_record_of_it_never(office: Office, guard: Actor, said: str) -> None:
    erase(office.engine, f"instance:{said}", 1, guard)
    with pytest.raises(Stale, match="已经清除"):
        erase(office.engine, f"instance:{said}", 1, guard)
    with pytest.raises(Invalid, match="本身不能清除"):
        erase(office.engine, f"instance:{said}", number_of(office.engine, f"instance:{said}", ERASED), guard)


def test_of_two_who_erase_the_same_at_once_one_is_told(office: Office, guard: Actor, said: str) -> None:
    gate = Barrier(2)

    def act(stream: str) -> str:
        gate.wait(timeout=30)
        try:
            erase(office.engine, stream, 1, guard)
        except Stale as error:
            return error.message
        return ""

    office.engine.watchers.clear()
    for stream in (f"instance:{said}", "organization"):
        with ThreadPoolExecutor(2) as both:
            assert sorted(both.map(act, [stream] * 2)) == ["", "这条记录的内容已经清除。"]
    audit = records.verify(office.engine)
    assert (audit.whole, [verdict.erased for verdict in audit.erased]) == (True, [(1,), (1,)])


# Finding what is to be erased


def test_a_stream_is_found_by_the_full_name_of_what_it_tells_of(office: Office, guard: Actor, said: str) -> None:
    with office.engine.reading() as unit:
        (place,) = erasures.find(unit, "instance", "事项")
        assert (place.stream, place.round) == (f"instance:{said}", 1)
        assert erasures.find(unit, "instance", "事") == []
        assert [item.stream for item in erasures.find(unit, "definition", "流程")] == ["definition:p"]
        (account,) = erasures.find(unit, "account", "guard")
        assert account.stream.startswith("account:")
        assert [item.stream for item in erasures.find(unit, "access", "")] == ["access"]
        assert [item.stream for item in erasures.find(unit, "organization", "")] == ["organization"]
        assert erasures.find(unit, "nonsense", "") == []


def test_records_are_listed_by_number_kind_and_time_without_what_they_say(office: Office, said: str) -> None:
    with office.engine.reading() as unit:
        listed = erasures.events(unit, f"instance:{said}")
        older = erasures.events(unit, f"instance:{said}", listed[0].number, 2)
    assert [row.number for row in listed] == list(range(len(listed), 0, -1))
    assert [row.number for row in older] == [len(listed) - 1, len(listed) - 2]
    assert set(listed[0]._mapping) == {"number", "kind", "at", "there"}
    assert (listed[-1].kind, bool(listed[-1].there)) == ("instance.started", True)


# What is left on the disk


@once
def test_no_byte_of_what_was_erased_is_left_in_the_files_of_sqlite(office: Office, guard: Actor, said: str) -> None:
    place = Path(str(office.engine.database.url.database))

    def left() -> bool:
        return any(SECRET.encode() in path.read_bytes() for path in place.parent.glob(f"{place.name}*"))

    assert left()
    erase(office.engine, f"instance:{said}", number_of(office.engine, f"instance:{said}"), guard)
    assert not left()


@once
def test_a_reader_who_keeps_the_journal_from_being_emptied_is_told_of_in_the_log(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database = office.engine.database
    with database.reading() as reader, caplog.at_level(logging.WARNING):
        reader.execute(select(model.person)).all()
        office.publish("runs_user")
        with monkeypatch.context() as patched:
            patched.setattr(module, "SCRUB_TIMEOUT_MS", 1)
            database.scrub()
    assert "stays in the journal" in caplog.text


# Archives


def test_an_archive_made_after_an_erasure_holds_nothing_of_it_and_verifies(office: Office, guard: Actor) -> None:
    # Given an affair with an opinion, of which an archive was made
    for name in ("engine_child", "engine_call"):
        office.publish(name)
    root = office.begin("engine_call")
    child = office.open_tasks()[0].instance_id
    office.do("子项办理", "hr.head", words=SECRET)
    office.work()
    older = archive.build(office.engine, root, "较早的归档")
    # When the opinion is erased, and what its publishing says
    for stream, kind in ((f"instance:{child}", "task.completed"), ("definition:child", "definition.published")):
        erase(office.engine, stream, number_of(office.engine, stream, kind), guard)
    # Then the next archive has none of it, says so, and proves itself
    newer = archive.build(office.engine, root, "较晚的归档")
    assert archive.verify(newer) == []
    assert not [path for path in newer.rglob("*") if path.is_file() and SECRET in path.read_text("utf-8")]
    page = (newer / "data" / "index.html").read_text("utf-8")
    assert page.count(erasures.INSTEAD) >= 3
    assert f"依据：{AUTHORITY}" in page
    assert "条已依法清除内容" in page
    (paper,) = (newer / "data" / "材料").rglob("*.html")
    assert erasures.INSTEAD in paper.read_text("utf-8")
    assert list((newer / "data" / "材料").rglob("*.json")) == []
    # And the older one stays as it was
    assert archive.verify(older) == []
    assert SECRET in (older / "data" / "index.html").read_text("utf-8")


@once
def test_an_attachment_whose_record_was_erased_is_archived_still(office: Office, guard: Actor) -> None:
    instance = office.begin("runs_user")
    picture = io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(64))
    stored = documents.store(office.engine, "张某.png", picture)
    with office.engine.transaction() as unit:
        documents.add_file(unit, instance, stored, office.actor("hr.staff"))
    erase(
        office.engine, f"instance:{instance}", number_of(office.engine, f"instance:{instance}", "document.added"), guard
    )
    folder = archive.build(office.engine, instance, "有附件的归档")
    assert archive.verify(folder) == []
    assert len(list((folder / "data" / "附件").iterdir())) == 1
