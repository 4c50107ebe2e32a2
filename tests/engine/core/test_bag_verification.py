"""Whatever happens to an archive folder afterwards is found, and however hostile it is, it is only told."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import bag
from engine.core.bag import Fault, Item, verify, write

INFO = {"Bagging-Date": "2026-12-31"}
PLAN = [Item("Y/0001_计划/正文.pdf", b"%PDF-1.7"), Item("说明.txt", "说明".encode()), Item("空.txt", b"")]


def codes(folder: Path) -> set[str]:
    return {fault.code for fault in verify(folder)}


def reseal(folder: Path) -> None:
    """Forge the tag manifest so that only the fault under test is left."""
    tags = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("tagmanifest-"))
    lines = [f"{hashlib.sha256(tag.read_bytes()).hexdigest()}  {tag.name}\n" for tag in tags]
    (folder / "tagmanifest-sha256.txt").write_text("".join(lines))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    write(tmp_path / "2026年度", PLAN, INFO)
    return tmp_path / "2026年度"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_single_change_is_found(data: st.DataObject) -> None:
    payload = data.draw(st.dictionaries(st.sampled_from("双拥%\n"), st.binary(max_size=60), max_size=4))
    items = [Item(f"甲/{number}{name}", content) for number, (name, content) in enumerate(payload.items())]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "包")
        write(folder, items, INFO)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        # When one byte of one file is changed, or a file goes, or one comes
        change = data.draw(st.sampled_from(["flip", "remove", "add"]))
        if change == "add":
            data.draw(st.sampled_from(sorted({path.parent for path in files}))).joinpath("新").touch()
        elif change == "remove":
            data.draw(st.sampled_from(files)).unlink()
        else:
            flip(data, data.draw(st.sampled_from([path for path in files if path.stat().st_size])))
        # Then it does not pass
        assert verify(folder) != []


def flip(data: st.DataObject, path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)


def test_every_byte_of_the_tag_manifest_counts(plan: Path) -> None:
    # Given the one file that no digest covers
    manifest = plan / "tagmanifest-sha256.txt"
    whole = manifest.read_bytes()
    # When any byte changes case, becomes a tab, a space, a line break or something else
    for position, byte in enumerate(whole):
        for other in {byte ^ 0x20, byte ^ 0x01, 9, 10, 13, 32} - {byte}:
            manifest.write_bytes(whole[:position] + bytes([other]) + whole[position + 1 :])
            # Then it is found
            assert verify(plan), (position, other)


@pytest.mark.parametrize("missing", ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"])
def test_a_missing_tag_file_is_named(plan: Path, missing: str) -> None:
    (plan / missing).unlink()
    assert missing in {fault.path for fault in verify(plan)}
    assert codes(plan) & {"bag.declaration_missing", "bag.info_missing", "bag.manifest_missing"}


def test_payload_faults_name_file_and_reason(plan: Path) -> None:
    # Given one file changed at the same length, one gone, one new
    (plan / "data/Y/0001_计划/正文.pdf").write_bytes(b"%PDF-1.8")
    (plan / "data/说明.txt").unlink()
    (plan / "data/新\x1b.txt").write_bytes(b"")
    # Then each is told in Chinese, fit to print
    assert verify(plan) == [
        Fault("bag.oxum_mismatch", "bag-info.txt", "登记的总字节数.文件数为 14.3，实际为 8.3。"),
        Fault("bag.file_missing", "data/说明.txt", "清单上有此文件，包内没有。"),
        Fault("bag.digest_mismatch", "data/Y/0001_计划/正文.pdf", "内容与清单上的 SHA-256 值不符，已被改动或损坏。"),
        Fault("bag.file_unlisted", "data/新\\x1b.txt", "包内有此文件，清单上没有。"),
    ]
    assert str(verify(plan)[1]) == "data/说明.txt：清单上有此文件，包内没有。"


@pytest.mark.parametrize("path", ["nowhere", "bagit.txt", "nul\0byte", "x" * 300])
def test_what_is_no_folder_is_no_bag(plan: Path, path: str) -> None:
    assert [str(fault) for fault in verify(plan / path)] == ["归档包目录不存在，或不是目录。"]


def test_a_manifest_without_end_is_read_no_further_than_the_faults_told(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a manifest that names one file after another, none of which is there
    read = bag._read_lines

    def endless(path: Path) -> Iterator[bytes | None]:
        if path.name != "manifest-sha256.txt":
            return read(path)
        return (f"{number:064x}  data/{number}\n".encode() for number in count())

    monkeypatch.setattr(bag, "_read_lines", endless)
    # Then the verdict comes, and holds no more than it tells
    assert codes(plan) == {"bag.file_missing", "bag.too_many"}


def test_an_empty_folder_lacks_everything(tmp_path: Path) -> None:
    assert codes(tmp_path) == {
        "bag.declaration_missing",
        "bag.info_missing",
        "bag.payload_missing",
        "bag.manifest_missing",
    }


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n", {"bag.version_unsupported"}),
        (b"BagIt-Version: 1.0\nTag-File-Character-Encoding: GB18030\n", {"bag.encoding_unsupported"}),
        (b"BagIt-Version: 1.0\r\nTag-File-Character-Encoding: utf-8", set()),
        (b"\xef\xbb\xbfBagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", {"bag.declaration_malformed"}),
        (b"BagIt-Version: 1.0\n", {"bag.declaration_malformed"}),
        (b"\xff\x00" * 5000, {"bag.declaration_malformed"}),
    ],
)
def test_the_declaration_is_read_exactly(plan: Path, content: bytes, found: set[str]) -> None:
    (plan / "bagit.txt").write_bytes(content)
    assert codes(plan) == found | {"bag.tag_digest_mismatch"}
    reseal(plan)
    assert codes(plan) == found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"Payload-Oxum: 14.3\n", set()),
        (b"Title: a\r\n b\r\npayload-oxum:\t14.3", set()),
        (b"Payload-Oxum: 14.4\n", {"bag.oxum_mismatch"}),
        (b"Payload-Oxum: many\n", {"bag.oxum_mismatch"}),
        (b"Title: a\n", {"bag.oxum_missing"}),
        (b"Payload-Oxum: 14.3\n" * 2, {"bag.oxum_missing"}),
        (b"Payload-Oxum: 14.3\n" * 3, {"bag.oxum_missing"}),
        (b"Payload-Oxum: 14.3\nno colon\n", {"bag.line_malformed"}),
        (b"Payload-Oxum: 14.3\nTitle: \xff\n", {"bag.line_malformed"}),
    ],
)
def test_the_information_is_read_exactly(plan: Path, content: bytes, found: set[str]) -> None:
    (plan / "bag-info.txt").write_bytes(content)
    reseal(plan)
    assert codes(plan) == found


DIGEST = b"0" * 64


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (DIGEST + b"  data/../../secret\n", "bag.path_unsafe", "第 4 行的路径“data/../../secret”越出"),
        (DIGEST + b"  /etc/passwd\n", "bag.path_unsafe", "越出"),
        (DIGEST + b"  data//x\n", "bag.path_unsafe", "越出"),
        (DIGEST + b"  data/..\\x\n", "bag.path_unsafe", "越出"),
        (DIGEST + b"  data/\x00\n", "bag.path_unsafe", "“data/\\x00”"),
        (DIGEST + b"  C:/x\n", "bag.path_unsafe", "越出"),
        (DIGEST + b"  bagit.txt\n", "bag.path_unsafe", "越出"),
        (DIGEST + b"  data/%0a\n", "bag.file_missing", "包内没有"),
        (DIGEST + b" data/x\n", "bag.line_malformed", "第 4 行不合规"),
        (DIGEST + b"  data/x", "bag.line_malformed", "不合规"),
        (DIGEST + b"  data/\xff\n", "bag.line_malformed", "不合规"),
        (b"xyz  data/x\n", "bag.line_malformed", "不合规"),
        (b"\n", "bag.line_malformed", "不合规"),
        (DIGEST + "  data/说明.txt\n".encode(), "bag.entry_repeated", "第 4 行与前面的行重复"),
    ],
)
def test_a_hostile_manifest_line_is_told(plan: Path, line: bytes, code: str, words: str) -> None:
    with (plan / "manifest-sha256.txt").open("ab") as manifest:
        manifest.write(line)
    reseal(plan)
    (fault,) = verify(plan)
    assert fault.code == code and words in fault.message


@pytest.mark.parametrize("path", ["data/说明.txt", "tagmanifest-sha256.txt", "../x"])
def test_the_tag_manifest_lists_tag_files_only(plan: Path, path: str) -> None:
    with (plan / "tagmanifest-sha256.txt").open("a", encoding="utf-8") as manifest:
        manifest.write(f"{'0' * 64}  {path}\n")
    assert codes(plan) == {"bag.path_unsafe"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("fetch.txt", "bag.fetch_refused"),
        ("manifest-md5.txt", "bag.manifest_unsupported"),
        ("tagmanifest-sha512.txt", "bag.manifest_unsupported"),
    ],
)
def test_what_cannot_be_checked_is_refused(plan: Path, name: str, code: str) -> None:
    (plan / name).write_bytes(b"")
    assert code in codes(plan)


def test_links_and_pipes_are_neither_followed_nor_read(plan: Path) -> None:
    # Given a file, a folder and a tag file replaced by links to equal content outside, and a pipe
    outside = plan.parent / "outside"
    shutil.copytree(plan, outside)
    for inner in ["data/说明.txt", "data/Y", "bagit.txt"]:
        target = plan / inner
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        target.symlink_to(outside / inner)
    os.mkfifo(plan / "data/管道")
    # Then each is told and none opened
    special = {fault.path for fault in verify(plan) if fault.code == "bag.special_file"}
    assert special == {"data/说明.txt", "data/Y", "bagit.txt", "data/管道"}


def test_a_linked_payload_folder_is_told(plan: Path) -> None:
    (plan / "data").rename(plan.parent / "outside")
    (plan / "data").symlink_to(plan.parent / "outside")
    assert "bag.special_file" in codes(plan) and "bag.file_missing" in codes(plan)


def test_names_that_differ_only_in_composition_are_told(plan: Path) -> None:
    (plan / "data/caf\u00e9").write_bytes(b"")
    (plan / "data/cafe\u0301").write_bytes(b"")
    assert "bag.name_clash" in codes(plan)


def test_a_copy_that_decomposed_the_names_still_passes(tmp_path: Path) -> None:
    # Given a bag copied over a file system that takes names apart, as older Macs do
    write(tmp_path / "包", [Item("caf\u00e9.txt", b"1")], INFO)
    (tmp_path / "包/data/caf\u00e9.txt").rename(tmp_path / "包/data/cafe\u0301.txt")
    assert verify(tmp_path / "包") == []


def test_names_that_are_no_text_are_told(plan: Path) -> None:
    with open(os.fsencode(plan / "data") + b"/\xff\xfe", "wb"):
        pass
    assert ("bag.file_unlisted", "data/\\udcff\\udcfe") in {(fault.code, fault.path) for fault in verify(plan)}


def test_folders_nested_beyond_what_the_system_reads_are_told(plan: Path) -> None:
    # Given folders nested so deeply that their path is longer than the system takes
    handle = os.open(plan / "data", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("深" * 80, dir_fd=handle)
        inner = os.open("深" * 80, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)
    # Then that is a fault, not a crash
    assert codes(plan) == {"bag.unreadable"}


def test_a_folder_full_of_faults_gives_a_bounded_list(plan: Path) -> None:
    with (plan / "manifest-sha256.txt").open("ab") as manifest:
        manifest.write(b"?\n" * 5000)
    faults = verify(plan)
    assert len(faults) == 1001
    assert faults[-1].message == "问题超过 1000 处，其余未列出。"


def test_an_endless_line_is_read_in_parts(plan: Path) -> None:
    with (plan / "bag-info.txt").open("ab") as info:
        info.write(b" " * (3 << 20) + b"x" * (1 << 20))
    reseal(plan)
    assert codes(plan) == {"bag.line_malformed"}


def failing_open(fragment: str) -> Callable[..., int]:
    whole = os.open

    def failing(path: str | Path, flags: int, *args: int) -> int:
        if fragment in str(path):
            raise OSError(5, "Input/output error")
        return whole(path, flags, *args)

    return failing


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("说明.txt", "bag.unreadable"),
        ("bagit.txt", "bag.declaration_malformed"),
        ("bag-info.txt", "bag.unreadable"),
        ("/manifest-sha256.txt", "bag.unreadable"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_fault(
    plan: Path, name: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", failing_open(name))
    assert code in codes(plan)


def test_a_file_swapped_for_a_link_after_the_survey_is_not_followed(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given somebody who swaps a file for a link to its twin between looking and reading
    inner = plan / "data/说明.txt"
    twin = plan.parent / "twin"
    check = bag._check_declaration

    def swap(files: dict[str, bag._Found]) -> Iterator[Fault]:
        inner.rename(twin)
        inner.symlink_to(twin)
        return check(files)

    monkeypatch.setattr(bag, "_check_declaration", swap)
    assert [(fault.code, fault.path) for fault in verify(plan)] == [("bag.unreadable", "data/说明.txt")]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"]),
    st.binary(max_size=300),
)
def test_no_content_of_a_tag_file_makes_verification_raise(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        write(Path(place, "包"), PLAN, INFO)
        Path(place, "包", name).write_bytes(content)
        assert verify(Path(place, "包")) != []
