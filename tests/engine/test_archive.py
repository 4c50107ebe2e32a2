"""An archive proves itself: to the engine, to any BagIt tool, to a stranger with nothing but SHA-256."""

import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import bagit
import pytest
from sqlalchemy import update

from engine import archive, documents
from engine.core.bag import BagError
from engine.ground import model
from engine.ground.errors import NotFound, Stale
from engine.ground.unit_of_work import Engine
from tests.engine.office import TABLES, Office

FORM = json.dumps(
    {
        "type": "default",
        "id": "form",
        "title": "报告",
        "properties": {"document": "report"},
        "components": [
            {"type": "textarea", "key": "body", "label": "正文", "validate": {"maxLength": 4000}},
            {
                "type": "dynamiclist",
                "path": "rows",
                "key": "rows",
                "label": "事项表",
                "isRepeating": True,
                "allowAddRemove": True,
                "components": [
                    {"type": "textfield", "key": "name", "label": "名称"},
                    {"type": "datetime", "subtype": "date", "key": "day", "label": "日期", "dateLabel": "日期"},
                ],
            },
            {
                "type": "select",
                "key": "kind",
                "label": "类别",
                "values": [{"label": "会议", "value": "meeting"}, {"label": "活动", "value": "activity"}],
            },
            {"type": "textarea", "key": "words", "label": "意见", "properties": {"opinion": "true"}},
            {
                "type": "button",
                "action": "submit",
                "key": "go",
                "label": "同意",
                "properties": {"outcome": "agree", "style": "primary"},
            },
        ],
    },
    ensure_ascii=False,
)
BODY = "第一段<script>alert(1)</script>\n第二段 & 完"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
TITLE = "2026年事项·2026年归档"

Index = dict[str, Any]


@pytest.fixture
def finished(office: Office) -> str:
    """Give an affair with a child, a report, an opinion and an attachment."""
    for name in ("engine_child", "engine_call"):
        office.publish(name, forms={"form": FORM})
    root = office.begin("engine_call")
    child = office.open_tasks()[0].instance_id
    with office.engine.transaction() as unit:
        photo = documents.store(office.engine, "现场照片.png", io.BytesIO(PICTURE))
        documents.add_file(unit, child, photo, office.actor("hr.head"))
    rows = [{"name": "走访<b>慰问</b>", "day": "2026-02-01"}]
    office.do("子项办理", "hr.head", body=BODY, rows=rows, kind="activity", words="照此\n办理")
    office.work()
    return root


@pytest.fixture
def packed(office: Office, finished: str) -> Path:
    """Give the bag of that affair."""
    return archive.build(office.engine, finished, TITLE, ("report",), {"归档年度": "2026"})


def index_of(folder: Path) -> Index:
    found: Index = json.loads((folder / "data" / "目录.json").read_text(encoding="utf-8"))
    return found


def codes(folder: Path) -> set[str]:
    return {fault.code for fault in archive.verify(folder)}


def reseal(folder: Path) -> None:
    """Make the bag whole again around what was changed, as a forger would."""
    files = [path for path in sorted((folder / "data").rglob("*")) if path.is_file()]
    oxum = f"{sum(path.stat().st_size for path in files)}.{len(files)}"
    info = folder / "bag-info.txt"
    info.write_text(re.sub(r"Payload-Oxum: .*", f"Payload-Oxum: {oxum}", info.read_text("utf-8")), encoding="utf-8")
    _list(folder, "manifest-sha256.txt", files)
    tags = [path for path in folder.iterdir() if path.is_file() and path.name != "tagmanifest-sha256.txt"]
    _list(folder, "tagmanifest-sha256.txt", tags)


def _list(folder: Path, name: str, files: list[Path]) -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in files
    ]
    (folder / name).write_text("".join(lines), encoding="utf-8")


def stream_file(folder: Path, containing: str) -> Path:
    for stream in index_of(folder)["streams"]:
        path = folder / "data" / str(stream["path"])
        if containing in path.read_text("utf-8"):
            return path
    raise AssertionError(containing)


# What is in it


def test_a_bag_is_whole_for_the_engine_and_for_the_libraries_of_others(packed: Path) -> None:
    assert archive.verify(packed) == []
    bag = bagit.Bag(str(packed))
    assert bag.is_valid()
    assert bag.version_info == (1, 0)
    assert packed.name == TITLE


def test_everything_of_the_family_is_in_it(packed: Path, finished: str) -> None:
    index = index_of(packed)
    assert index["root"] == finished
    assert [(item["title"], item["state"]) for item in index["instances"]] == [
        ("父项", "completed"),
        ("子项", "completed"),
    ]
    assert {item["name"] for item in index["streams"]} == {
        *(f"instance:{item['id']}" for item in index["instances"]),
        "definition:child",
        "definition:caller",
    }
    report = next(item for item in index["documents"] if item["name"] == "report")
    path = packed / "data" / report["versions"][0]["path"]
    assert json.loads(path.read_text("utf-8"))["body"] == BODY
    assert hashlib.sha256(path.read_bytes()).hexdigest() == report["versions"][0]["digest"]
    attached = next(item for item in index["documents"] if item["kind"] == "file")
    assert (packed / "data" / attached["versions"][0]["path"]).read_bytes() == PICTURE
    for definition in index["definitions"]:
        assert b"<bpmn:process" in (packed / "data" / definition["source"]).read_bytes()
        assert definition["forms"].keys() <= {"form"}
    opinions = json.loads((packed / "data" / "意见.json").read_text("utf-8"))
    assert [(item["text"], item["person_name"], item["outcome"]) for item in opinions] == [
        ("照此\n办理", "hr.head", "同意")
    ]


def test_a_stranger_recomputes_every_chain_from_the_files_alone(packed: Path) -> None:
    for stream in index_of(packed)["streams"]:
        previous = bytes(32)
        for line in (packed / "data" / stream["path"]).read_text("utf-8").splitlines():
            event = json.loads(line)
            inner = hashlib.sha256(bytes.fromhex(event["salt"]) + event["payload"].encode()).digest()
            previous = hashlib.sha256(previous + event["envelope"].encode() + inner).digest()
            assert previous.hex() == event["digest"]
        assert previous.hex() == stream["head"]
    assert "SHA-256(上一条校验值 + envelope" in (packed / "data" / "校验方法.txt").read_text("utf-8")


class Seen(HTMLParser):
    """Gather what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.lang = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.lang = given.get("lang") or self.lang
        if tag == "a":
            self.links.append(given.get("href") or "")


def test_the_page_opens_with_no_server_runs_nothing_and_leads_everywhere(packed: Path) -> None:
    text = (packed / "data" / "index.html").read_text("utf-8")
    seen = Seen(text)
    assert seen.lang == "zh-CN"
    assert not {"script", "img", "iframe", "link", "b"} & set(seen.tags)
    assert seen.tags.count("h1") == 1 and seen.tags.count("table") == seen.tags.count("caption")
    # What people typed is text, and choices and dates read as Chinese
    assert "第一段&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for wanted in (
        "走访&lt;b&gt;慰问&lt;/b&gt;",
        "2026年2月1日",
        "活动",
        "照此",
        "归档年度",
        "现场照片.png",
        "完整",
        "报告",
    ):
        assert wanted in text
    # Every link leads to a file or a part that is there
    for link in seen.links:
        target = unquote(link)
        assert f'id="{target[1:]}"' in text if target.startswith("#") else (packed / "data" / target).is_file(), link


def test_what_a_unit_handed_in_is_shown_in_full_with_its_round(office: Office) -> None:
    for name in ("engine_child", "engine_call"):
        office.publish(name, forms={"form": FORM})
    root = office.begin("engine_call", unit_code="red")
    with office.engine.transaction() as unit:
        child = office.open_tasks()[0].instance_id
        unit.connection.execute(update(model.instance).where(model.instance.c.id == child).values(business_key="own"))
    office.do("子项办理", "hr.head", body="本单位的报告")
    text = (archive.build(office.engine, root, TITLE) / "data" / "index.html").read_text("utf-8")
    assert "<h3>子项第1轮：报告（第1版）</h3>" in text
    assert text.count("本单位的报告") == 1


def test_the_tables_that_were_asked_are_in_the_bag_with_what_they_answered(office: Office) -> None:
    # Given an affair in which a table was asked
    root = office.begin("runs_rule_unique", amount=1000)
    folder = archive.build(office.engine, root, TITLE)
    # Then its file is there, readable as it was published, and covered by the published digest
    (definition,) = index_of(folder)["definitions"]
    path = folder / "data" / definition["forms"]["unique.dmn"]
    assert path.name == "p.unique.dmn"
    assert path.read_text("utf-8") == TABLES["unique.dmn"]
    assert archive.verify(folder) == []
    text = (folder / "data" / "index.html").read_text("utf-8")
    assert "决策表“分级”：amount = 1000；第 2 条规则成立（第 2 条：中额）；结果 &quot;middle&quot;" in text
    # When a rule is changed, it shows
    path.write_text(TABLES["unique.dmn"].replace("middle", "low"), encoding="utf-8")
    reseal(folder)
    assert codes(folder) == {"archive.definition_changed"}


def test_each_version_has_a_page_of_its_own(packed: Path) -> None:
    pages = list((packed / "data" / "材料").rglob("*.html"))
    assert len(pages) == 2  # the report, and what belonged to the act
    report = next(page for page in pages if "报告" in str(page))
    seen = Seen(report.read_text("utf-8"))
    assert (report.parent / unquote(seen.links[0])).resolve() == packed / "data" / "index.html"


# Made once


def test_a_retry_finds_the_finished_bag_though_the_history_has_grown(
    office: Office, packed: Path, finished: str
) -> None:
    before = archive.fingerprint(packed)
    child = index_of(packed)["instances"][1]["id"]
    with office.engine.transaction() as unit:
        photo = documents.store(office.engine, "后补.png", io.BytesIO(PICTURE))
        documents.add_file(unit, child, photo, office.actor("hr.head"))
    assert archive.build(office.engine, finished, TITLE, ("report",)) == packed
    assert archive.fingerprint(packed) == before
    assert archive.variables_of(office.engine, packed) == {"archive_path": TITLE, "archive_digest": before}


def test_another_affair_of_the_same_title_gets_a_folder_of_its_own(office: Office, packed: Path) -> None:
    other = office.begin("engine_call")
    second = archive.build(office.engine, other, TITLE)
    assert second.name == f"{TITLE}(2)"
    assert archive.verify(second) == [] and archive.verify(packed) == []
    # An affair under way is told as such
    assert "归档时尚在办理" in (second / "data" / "index.html").read_text("utf-8")


def test_a_half_bag_never_stays(office: Office, finished: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given what a killed try left behind, and a disk that fails at the last step
    draft = office.engine.archives / archive.DRAFTS / finished / ".bag-x.part"
    draft.mkdir(parents=True)
    (draft / "half").write_text("half")
    rename = os.rename

    def fail(source: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(BagError, match="没有写成"):
        archive.build(office.engine, finished, TITLE)
    # Then nothing is left, and the next try makes it
    assert [path.name for path in office.engine.archives.iterdir()] == [archive.DRAFTS]
    assert list((office.engine.archives / archive.DRAFTS).iterdir()) == []
    monkeypatch.setattr(os, "rename", rename)
    assert archive.verify(archive.build(office.engine, finished, TITLE)) == []


def test_a_lost_attachment_stops_the_bag_and_says_which(office: Office, finished: str) -> None:
    digest = hashlib.sha256(PICTURE).hexdigest()
    (office.engine.files / digest[:2] / digest).unlink()
    with pytest.raises(BagError, match=r"现场照片\.png.*读不出来"):
        archive.build(office.engine, finished, TITLE)
    assert not (office.engine.archives / TITLE).exists()


def test_a_damaged_bag_is_not_taken_for_the_finished_one(office: Office, packed: Path, finished: str) -> None:
    (packed / "data" / "index.html").write_text("别的", encoding="utf-8")
    with pytest.raises(BagError, match="核对不上"):
        archive.build(office.engine, finished, TITLE)


# Tampering


def _edit(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def change_event(folder: Path) -> None:
    _edit(stream_file(folder, "照此"), "照此", "不可")


def cut_last_event(folder: Path) -> None:
    path = stream_file(folder, "照此")
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")


def drop_an_event(folder: Path) -> None:
    path = stream_file(folder, "照此")
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:2] + lines[3:]), encoding="utf-8")


def change_attachment(folder: Path) -> None:
    next((folder / "data" / "附件").iterdir()).write_bytes(PICTURE[:-1] + b"x")


def change_attachment_and_its_entry(folder: Path) -> None:
    change_attachment(folder)
    new = hashlib.sha256(PICTURE[:-1] + b"x").hexdigest()
    _edit(folder / "data" / "目录.json", hashlib.sha256(PICTURE).hexdigest(), new)


def change_report(folder: Path) -> None:
    report = next(path for path in (folder / "data" / "材料").rglob("*.json") if "报告" in str(path))
    _edit(report, "第二段", "第三段")


def change_diagram(folder: Path) -> None:
    _edit(next((folder / "data" / "流程").rglob("*.bpmn")), 'isExecutable="true"', 'isExecutable="false"')


def blank_event(folder: Path) -> None:
    path = stream_file(folder, "照此")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for event in lines:
        if "照此" in event["payload"]:
            event.update(payload=None, salt="")
    path.write_text("".join(f"{json.dumps(event, ensure_ascii=False)}\n" for event in lines), encoding="utf-8")


def break_line(folder: Path) -> None:
    _edit(stream_file(folder, "照此"), '{"stream"', '["stream"')


def lose_index(folder: Path) -> None:
    (folder / "data" / "目录.json").unlink()


def lead_outside(folder: Path) -> None:
    index = index_of(folder)
    index["streams"][0]["path"] = "../../../secret"
    (folder / "data" / "目录.json").write_text(json.dumps(index), encoding="utf-8")


def leave_a_chain_out(folder: Path) -> None:
    index = index_of(folder)
    index["streams"] = [item for item in index["streams"] if not item["name"].startswith("instance:")]
    (folder / "data" / "目录.json").write_text(json.dumps(index), encoding="utf-8")


def say_erased(folder: Path) -> None:
    index = index_of(folder)
    index["documents"][0]["versions"][0]["path"] = None
    (folder / "data" / "目录.json").write_text(json.dumps(index), encoding="utf-8")


TAMPERS = [
    (change_event, "archive.chain_broken"),
    (cut_last_event, "archive.chain_cut"),
    (drop_an_event, "archive.chain_broken"),
    (break_line, "archive.chain_broken"),
    (blank_event, "archive.chain_broken"),
    (leave_a_chain_out, "archive.chain_missing"),
    (say_erased, "archive.document_missing"),
    (change_attachment, "archive.document_changed"),
    (change_attachment_and_its_entry, "archive.document_not_logged"),
    (change_report, "archive.document_changed"),
    (change_diagram, "archive.definition_changed"),
    (lose_index, "archive.unreadable"),
    (lead_outside, "archive.index_malformed"),
]


@pytest.mark.parametrize(("tamper", "code"), TAMPERS)
def test_tampering_is_found_by_the_bag_and_even_when_the_bag_was_sealed_anew(
    packed: Path, tamper: Callable[[Path], None], code: str
) -> None:
    # When something is changed, the manifests tell
    tamper(packed)
    assert any(found.startswith("bag.") for found in codes(packed))
    # And when a forger writes the manifests anew, the evidence inside tells
    reseal(packed)
    faults = archive.verify(packed)
    assert code in {fault.code for fault in faults}
    assert all(not fault.code.startswith("bag.") and re.search("[一-鿿]", fault.message) for fault in faults)


def test_a_folder_that_is_no_archive_is_told_and_links_are_not_followed(tmp_path: Path, packed: Path) -> None:
    assert codes(tmp_path / "没有") == {"bag.folder_missing"}
    (tmp_path / "空").mkdir()
    assert "archive.unreadable" in codes(tmp_path / "空")
    (packed / "data" / "外面").symlink_to("/etc/passwd")
    assert "bag.special_file" in codes(packed)


once = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""Marks what does not depend on the database."""


@once
@pytest.mark.parametrize("info", [None, "Bagging-Date: 2026-01-20\n"])
def test_a_folder_that_is_of_no_affair_keeps_its_name(office: Office, finished: str, info: str | None) -> None:
    stranger = office.engine.archives / TITLE
    stranger.mkdir(parents=True)
    if info is not None:
        (stranger / "bag-info.txt").write_text(info, encoding="utf-8")
    assert archive.build(office.engine, finished, TITLE).name == f"{TITLE}(2)"


@once
def test_a_title_that_too_many_affairs_have_is_refused(
    office: Office, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ATTEMPTS", 2)
    with pytest.raises(BagError, match="请换一个题名"):
        archive.build(office.engine, office.begin("engine_call"), TITLE)


@once
@pytest.mark.parametrize(("other", "said"), [("whole", ""), ("damaged", "核对不上"), ("none", "没有写成")])
def test_a_bag_that_another_worker_finished_first_is_taken_if_it_is_whole(
    office: Office, finished: str, monkeypatch: pytest.MonkeyPatch, other: str, said: str
) -> None:
    rename = os.rename

    # Given a bag whose name is taken in the last moment, by another worker's bag or by a failing disk
    def lose(draft: Path, folder: Path) -> None:
        if Path(folder).parent != office.engine.archives:
            rename(draft, folder)
            return
        if other != "none":
            shutil.copytree(draft, folder)
        if other == "damaged":
            (folder / "data" / "index.html").unlink()
        raise OSError(folder)

    monkeypatch.setattr(os, "rename", lose)
    if said:
        with pytest.raises(BagError, match=said):
            archive.build(office.engine, finished, TITLE)
    else:
        assert archive.verify(archive.build(office.engine, finished, TITLE)) == []


# Handed out


def remember(engine: Engine, instance_id: str, **values: str) -> None:
    """Let an instance say where its bag is, as the function that packs does, and as a diagram could."""
    names = {"path": archive.PATH, "digest": archive.DIGEST}
    rows = [
        {"instance_id": instance_id, "scope": "", "name": names[key], "value": text} for key, text in values.items()
    ]
    with engine.transaction() as unit:
        unit.connection.execute(model.variable.insert(), rows)


def kept_by(
    office: Office, instance_id: str, post: str = "", roles: tuple[str, ...] = ("audit",)
) -> archive.Kept | None:
    with office.engine.reading() as unit:
        return archive.find(unit, instance_id, office.people.get(post, ""), roles)


@pytest.fixture
def filed(office: Office, packed: Path, finished: str) -> archive.Kept:
    """Give the bag as it is remembered where it was packed: by the child."""
    child = index_of(packed)["instances"][1]["id"]
    remember(office.engine, child, path=TITLE, digest=archive.fingerprint(packed))
    kept = kept_by(office, finished)
    assert kept is not None
    return kept


def test_a_bag_is_found_from_the_top_and_from_where_it_was_packed(
    office: Office, packed: Path, finished: str, filed: archive.Kept
) -> None:
    assert (filed.folder, filed.root, filed.is_there) == (packed, finished, True)
    child = index_of(packed)["instances"][1]["id"]
    assert kept_by(office, child) == filed
    assert archive.check(filed) == []
    assert kept_by(office, "nobody") is None
    assert kept_by(office, office.begin("engine_call")) is None


def test_a_bag_is_for_those_who_may_see_the_whole_affair(
    office: Office, packed: Path, finished: str, filed: archive.Kept
) -> None:
    # Given somebody who did a task of the child and has no part in the whole
    child = index_of(packed)["instances"][1]["id"]
    assert kept_by(office, child, "hr.head", ()) is None
    assert kept_by(office, finished, "hr.head", ()) is None
    assert kept_by(office, finished, "hr.head", ("process", "security", "system")) is None
    # When they take part in the whole
    with office.engine.transaction() as unit:
        row = {"principal": f"person:{office.people['hr.head']}", "instance_id": finished}
        unit.connection.execute(model.participant.insert(), row)
    # Then it is theirs too
    assert kept_by(office, finished, "hr.head", ()) == filed


def test_of_two_bags_each_affair_gives_its_own_and_the_top_the_later(
    office: Office, packed: Path, finished: str, filed: archive.Kept
) -> None:
    second = archive.build(office.engine, finished, f"{TITLE}补")
    remember(office.engine, finished, path=second.name, digest=archive.fingerprint(second))
    child = index_of(packed)["instances"][1]["id"]
    found = [kept_by(office, instance) for instance in (finished, child)]
    assert [kept.folder.name for kept in found if kept] == [second.name, TITLE]


@once
@pytest.mark.parametrize("path", ["../secret", "a/b", "..", "", ".drafts", "a\\b", "x" * 3_000])
def test_a_name_that_leads_elsewhere_leads_nowhere(office: Office, finished: str, path: str) -> None:
    remember(office.engine, finished, path=path, digest="0")
    kept = kept_by(office, finished)
    assert kept is None or not kept.is_there


@once
def test_a_bag_of_another_affair_is_not_handed_out(office: Office, packed: Path) -> None:
    # Given an affair whose diagram names the bag of another one
    other = office.begin("engine_call")
    remember(office.engine, other, path=TITLE, digest=archive.fingerprint(packed))
    kept = kept_by(office, other)
    assert kept is not None and not kept.is_there
    assert [fault.code for fault in archive.check(kept)] == ["archive.missing"]
    with pytest.raises(NotFound, match="请系统管理员从备份放回"):
        archive.wrap(kept)


@once
def test_a_link_in_the_place_of_a_bag_is_not_followed(office: Office, packed: Path, filed: archive.Kept) -> None:
    packed.rename(packed.with_name("elsewhere"))
    packed.symlink_to(packed.with_name("elsewhere"))
    assert not filed.is_there


@once
def test_a_bag_that_is_whole_but_another_is_told(office: Office, packed: Path, filed: archive.Kept) -> None:
    (packed / "data" / "附件" / "新的.txt").write_text("后来放进去的", encoding="utf-8")
    reseal(packed)
    assert [fault.code for fault in archive.check(filed)] == ["archive.replaced"]
    (packed / "tagmanifest-sha256.txt").unlink()
    assert "bag.manifest_missing" in {fault.code for fault in archive.check(filed)}


@once
def test_a_parcel_unpacked_is_the_bag(packed: Path, filed: archive.Kept, tmp_path: Path) -> None:
    parcel = tmp_path / "parcel.zip"
    parcel.write_bytes(b"".join(archive.wrap(filed)))
    with zipfile.ZipFile(parcel) as found:
        assert found.testzip() is None
        assert {name.partition("/")[0] for name in found.namelist()} == {TITLE}
        found.extractall(tmp_path / "unpacked")
    assert archive.verify(tmp_path / "unpacked" / TITLE) == []
    assert archive.fingerprint(tmp_path / "unpacked" / TITLE) == filed.digest


@once
def test_a_bag_with_a_link_in_it_is_not_handed_out(packed: Path, filed: archive.Kept) -> None:
    (packed / "data" / "外面").symlink_to("/etc/passwd")
    with pytest.raises(Stale, match="请先核对归档包"):
        archive.wrap(filed)


def change_history(office: Office, kind: str, **values: Any) -> None:
    """Change a line of the history as only one can who is master of the database file."""
    office.engine.watchers.clear()
    with office.engine.transaction() as unit:
        unit.connection.exec_driver_sql("DROP TRIGGER event_no_update")
        unit.connection.execute(update(model.event).where(model.event.c.kind == kind).values(values))


@once
def test_a_chain_already_broken_is_archived_as_such(office: Office, finished: str) -> None:
    change_history(office, "task.completed", payload=b'{"label":"x"}')
    folder = archive.build(office.engine, finished, TITLE)
    messages = [fault.message for fault in archive.verify(folder)]
    assert any("与校验值不一致" in message for message in messages)
    assert "不完整" in (folder / "data" / "index.html").read_text("utf-8")


@once
def test_a_chain_whose_break_was_mended_in_the_files_still_says_it_was_broken(office: Office, packed: Path) -> None:
    index = index_of(packed)
    index["streams"][0].update(whole=False, message="第2条记录与校验值不一致。")
    (packed / "data" / "目录.json").write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
    reseal(packed)
    (fault,) = archive.verify(packed)
    assert (fault.code, "归档时记录链已经不完整" in fault.message) == ("archive.chain_broken", True)


@once
def test_what_was_blanked_without_a_lawful_erasure_is_archived_as_broken(office: Office, finished: str) -> None:
    change_history(office, "task.completed", payload=None, salt=b"")
    messages = [fault.message for fault in archive.verify(archive.build(office.engine, finished, TITLE))]
    assert any("没有依法清除的" in message for message in messages)
