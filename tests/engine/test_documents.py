"""Files come in whole, belong to those who take part, and keep every version."""

import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import documents, instances
from engine.core import documents as keeping
from engine.core import execution
from engine.ground import model
from engine.ground.errors import Busy, Invalid, NotFound, TooLarge
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import Office

PDF = b"%PDF-1.7 "


def add(office: Office, instance: str, name: str = "纪要.pdf", content: bytes = PDF, post: str = "hr.head") -> str:
    stored = documents.store(office.engine, name, io.BytesIO(content))
    with office.engine.transaction() as unit:
        return documents.add_file(unit, instance, stored, office.actor(post))


@pytest.fixture
def matter(office: Office) -> str:
    """Give an instance in which hr.head takes part."""
    return office.begin("engine_no_way_on")


def test_a_file_is_kept_byte_for_byte_and_recorded(office: Office, matter: str) -> None:
    document = add(office, matter)
    with office.engine.reading() as unit:
        path, row = documents.open_file(unit, document, office.people["hr.head"])
        seen = instances.view(unit, matter, office.people["hr.head"])
        assert documents.describe(unit, [document]) == {document: "纪要.pdf"}
    assert path.read_bytes() == PDF
    assert (row.file_name, row.media_type, row.size, row.number) == ("纪要.pdf", "application/pdf", len(PDF), 1)
    added = next(event for event in seen.events if event.kind == "document.added")
    assert added.payload == {"name": "纪要.pdf", "size": len(PDF), "digest": row.digest}
    assert [item.id for item in seen.documents] == [document]


def test_the_same_bytes_twice_are_two_documents_and_one_file(office: Office, matter: str) -> None:
    first, second = add(office, matter), add(office, matter, "别名.pdf")
    with office.engine.reading() as unit:
        paths = {documents.open_file(unit, each, office.people["hr.head"])[0] for each in (first, second)}
    assert first != second
    assert len(paths) == 1


def test_a_mark_is_said_once_and_only_of_what_was_brought_since(office: Office, matter: str) -> None:
    older = add(office, matter)
    office.wait(minutes=1)
    since = office.engine.clock.now()
    late = add(office, matter, "补来的.pdf")
    with office.engine.transaction() as unit:
        for _ in range(2):
            keeping.mark(unit, [older, late], since, "补件")
        assert documents.describe(unit, [older, late]) == {older: "纪要.pdf", late: "补来的.pdf（补件）"}


def test_what_is_not_theirs_is_not_there(office: Office, matter: str) -> None:
    document = add(office, matter)
    with pytest.raises(NotFound):
        add(office, matter, post="blue.staff")
    with pytest.raises(NotFound):
        add(office, "no-such-instance")
    with office.engine.reading() as unit:
        for wrong in (document, "no-such-document"):
            with pytest.raises(NotFound):
                documents.open_file(unit, wrong, office.people["blue.staff"])
        assert documents.open_file(unit, document, office.people["blue.staff"], ("audit",))[1].number == 1
        with pytest.raises(NotFound):
            documents.open_file(unit, document, office.people["hr.head"], number=2)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [("  ", PDF, "请选择"), ("坏.docx", b"MZ\x90", "与扩展名不符"), ("坏.exe", b"MZ\x90", "只接收")],
)
def test_a_wrong_file_is_refused_and_nothing_is_recorded(
    office: Office, matter: str, name: str, content: bytes, match: str
) -> None:
    with pytest.raises(Invalid, match=match):
        add(office, matter, name, content)
    with office.engine.reading() as unit:
        assert instances.view(unit, matter, office.people["hr.head"]).documents == ()


def test_a_file_whose_bytes_are_gone_is_told(office: Office, matter: str) -> None:
    document = add(office, matter)
    for path in office.engine.files.glob("??/*"):
        path.unlink()
    with office.engine.reading() as unit, pytest.raises(NotFound, match="已经不在服务器上"):
        documents.open_file(unit, document, office.people["hr.head"])


def test_a_file_over_the_limit_is_refused_and_leaves_no_bytes(office: Office, matter: str) -> None:
    limit = office.engine.settings.upload_limit_bytes
    with pytest.raises(TooLarge, match="50MB"):
        add(office, matter, "大.pdf", PDF + bytes(limit))
    assert [path for path in office.engine.files.rglob("*") if path.is_file()] == []


def test_a_stream_that_grows_over_the_limit_leaves_no_bytes(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        keeping.store(tmp_path, io.BytesIO(PDF), len(PDF) - 1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_disk_that_takes_nothing_is_told_and_leaves_no_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Busy, match="磁盘不能写入"):
        keeping.store(tmp_path, io.BytesIO(PDF), 1 << 20)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_where_a_folder_cannot_be_synchronised_none_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        patch.setattr(os, "open", lambda *given: pytest.fail("opened"))
        keeping._keep_names(tmp_path)


def test_what_lies_in_the_folder_is_held_against_what_is_named(office: Office, matter: str) -> None:
    # Given three files that are named, one of which was changed and one taken away, and two spare ones
    assert documents.inspect(office.engine) == documents.Shelf(0)
    for number, name in enumerate(("甲.pdf", "乙.pdf", "丙.pdf")):
        add(office, matter, name, PDF + bytes([number]))
    office.do("办理 a", "hr.head", words="意见")
    stored = documents.store(office.engine, "没有办成.pdf", io.BytesIO(PDF))
    half = office.engine.files / keeping.UNFINISHED / "half"
    half.write_bytes(b"half")
    spare = tuple(sorted([half, keeping.path_of(office.engine.files, stored.digest)]))
    assert documents.inspect(office.engine) == documents.Shelf(3, (), (), spare, len(PDF) + 4)
    paths = {path.read_bytes()[-1]: path for path in office.engine.files.glob("??/*") if path not in spare}
    paths[0].write_bytes(b"%PDF-1.7 forged")
    paths[1].unlink()
    assert documents.inspect(office.engine) == documents.Shelf(3, ("乙.pdf",), ("甲.pdf",), spare, len(PDF) + 4)


def test_a_file_that_is_brought_during_the_look_is_not_missed(
    office: Office, matter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = office.engine.reading

    def interrupted() -> Any:
        add(office, matter, "甲.pdf", PDF)
        return reading()

    monkeypatch.setattr(office.engine, "reading", interrupted)
    assert documents.inspect(office.engine).missing == ()


def test_bytes_and_the_names_of_new_files_are_on_disk_before_anything_names_them(
    office: Office, matter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        synced.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    documents.store(office.engine, "甲.pdf", io.BytesIO(PDF))
    assert synced == (["file", "folder", "folder"] if os.name == "posix" else ["file"])


def test_a_matter_has_room_for_so_many_files_and_no_more(office: Office, matter: str) -> None:
    limit = office.engine.settings.matter_limit_bytes
    large = documents.Stored("大.pdf", "application/pdf", "0" * 64, limit - 10)
    with office.engine.transaction() as unit:
        documents.add_file(unit, matter, large, office.actor("hr.head"))
    add(office, matter, content=PDF)
    with pytest.raises(TooLarge, match="合计超过200MB"):
        add(office, matter)
    other = office.begin("engine_no_way_on")
    add(office, other)


def test_a_form_is_no_file(office: Office, matter: str) -> None:
    office.do("办理 a", "hr.head", words="意见")
    with office.engine.reading() as unit:
        form = unit.connection.execute(select(model.document.c.id)).scalar_one()
        assert len(documents.versions(unit, form, office.people["hr.head"])) == 1
        with pytest.raises(NotFound):
            documents.open_file(unit, form, office.people["hr.head"])


def test_each_change_is_a_version_and_no_change_is_none(office: Office, matter: str) -> None:
    with office.engine.transaction() as unit:
        row = execution.row_of(unit, matter)
        document = keeping.put_values(unit, row, "plan", "计划", {"a": 1}, SYSTEM)[0]
        assert keeping.put_values(unit, row, "plan", "计划", {"a": 1}, SYSTEM)[:2] == (document, 1)
        assert keeping.put_values(unit, row, "plan", "计划", {"a": 2}, SYSTEM)[:2] == (document, 2)
        assert keeping.values(unit, row["business_key"], "plan") == {"a": 2}
        assert keeping.values(unit, row["business_key"], "other") is None
        stored = keeping.store(unit.engine.files, io.BytesIO(PDF), 100)
        paper = keeping.put_file(unit, row, "paper", "纸", "纸.pdf", "application/pdf", stored, SYSTEM)
        assert keeping.put_file(unit, row, "paper", "纸", "纸.pdf", "application/pdf", stored, SYSTEM) == paper
        assert keeping.put_file(unit, row, "paper", "纸", "新纸.pdf", "application/pdf", stored, SYSTEM)[1] == 2
    with office.engine.reading() as unit:
        first = documents.open_file(unit, paper[0], office.people["hr.head"], number=1)[1]
        last = documents.open_file(unit, paper[0], office.people["hr.head"])[1]
    assert (first.file_name, last.file_name) == ("纸.pdf", "新纸.pdf")


def test_some_values_change_and_the_others_stay(office: Office, matter: str) -> None:
    with office.engine.transaction() as unit:
        row = execution.row_of(unit, matter)
        first = keeping.change_values(unit, row, "plan", "计划", {"a": 1, "b": 2}, SYSTEM)
        second = keeping.change_values(unit, row, "plan", "计划", {"b": 3}, SYSTEM)
        again = keeping.change_values(unit, row, "plan", "计划", {"b": 3}, SYSTEM)
        assert keeping.values(unit, row["business_key"], "plan") == {"a": 1, "b": 3}
    assert (first[1], second[1]) == (1, 2)
    assert again == second


def test_what_one_task_keeps_twice_is_one_document(office: Office, matter: str) -> None:
    with office.engine.transaction() as unit:
        row = execution.row_of(unit, matter)
        made = [keeping.put_values(unit, row, f"{keeping.TASK}1", "办理", {"n": n}, SYSTEM) for n in (1, 2)]
    assert [version[1] for version in made] == [1, 2]
    assert made[0][0] == made[1][0]
