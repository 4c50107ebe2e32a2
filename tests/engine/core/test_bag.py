"""An archive folder proves itself: written wholly or not at all, and every later change is found."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import bagit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import bag
from engine.core.bag import BagError, Item, unique_names, verify, write
from engine.core.filenames import fold, is_unsafe

INFO = {"Source-Organization": "示例省残疾人联合会", "Bagging-Date": "2026-12-31"}
PLAN = [Item("Y/0001_计划/正文.pdf", b"%PDF-1.7"), Item("说明.txt", "说明".encode()), Item("空.txt", b"")]

odd_names = st.text(
    alphabet=st.characters(exclude_characters="/\\\0:", exclude_categories=["Cs"])
    | st.sampled_from("%\r\n 计划\u2028"),
    min_size=1,
    max_size=15,
).filter(lambda name: not is_unsafe(name))
payloads = st.dictionaries(odd_names, st.binary(max_size=60), max_size=5)


def accepts(folder: Path) -> bool:
    """Ask the Library of Congress's own verifier."""
    with warnings.catch_warnings():
        # It hands `re.sub` its flags as a count, of which newer Pythons warn.
        warnings.simplefilter("ignore", DeprecationWarning)
        return bool(bagit.Bag(str(folder)).validate())


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    write(tmp_path / "2026年度", PLAN, INFO)
    return tmp_path / "2026年度"


# What is written.


def test_a_bag_has_the_files_of_rfc_8493(plan: Path) -> None:
    assert (plan / "bagit.txt").read_bytes() == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert (plan / "bag-info.txt").read_text(encoding="utf-8") == (
        "Source-Organization: 示例省残疾人联合会\nBagging-Date: 2026-12-31\nPayload-Oxum: 14.3\n"
    )
    digest = hashlib.sha256(b"%PDF-1.7").hexdigest()
    assert (
        (plan / "manifest-sha256.txt").read_text(encoding="utf-8").startswith(f"{digest}  data/Y/0001_计划/正文.pdf\n")
    )
    tags = [line[66:] for line in (plan / "tagmanifest-sha256.txt").read_text(encoding="utf-8").splitlines()]
    assert tags == ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"]
    assert verify(plan) == []
    assert accepts(plan)


def test_files_are_copied_from_where_they_lie(tmp_path: Path) -> None:
    # Given a file larger than what is read at once
    source = tmp_path / "scan.tif"
    source.write_bytes(b"\x00\x01" * (1 << 20))
    # When it is bagged together with a file given as bytes
    write(tmp_path / "档案" / "包", [Item("照片/扫描.tif", source), Item("照片/说明.txt", b"1")], INFO)
    # Then it is there, unchanged
    assert (tmp_path / "档案" / "包" / "data/照片/扫描.tif").read_bytes() == source.read_bytes()
    assert verify(tmp_path / "档案" / "包") == []


def test_an_empty_payload_is_a_bag(tmp_path: Path) -> None:
    write(tmp_path / "空包", [], INFO)
    assert verify(tmp_path / "空包") == [] and accepts(tmp_path / "空包")


def test_line_breaks_and_per_cent_signs_in_paths_are_encoded(tmp_path: Path) -> None:
    write(tmp_path / "包", [Item("甲\r\n乙.txt", b"1"), Item("100%0A.txt", b"2")], INFO)
    manifest = (tmp_path / "包/manifest-sha256.txt").read_bytes().decode()
    assert [line[66:] for line in manifest.split("\n")] == ["data/100%250A.txt", "data/甲%0D%0A乙.txt", ""]
    assert verify(tmp_path / "包") == []


def test_names_are_stored_composed(tmp_path: Path) -> None:
    write(tmp_path / "包", [Item("cafe\u0301.txt", b"1")], INFO)
    assert os.listdir(tmp_path / "包/data") == ["caf\u00e9.txt"]


def test_information_is_folded_and_cannot_forge_a_line(tmp_path: Path) -> None:
    # Given values with line breaks, control characters, nothing, and more words than a line takes
    long = "review of the plan " * 9
    info = INFO | {"External-Description": "一\r\nPayload-Oxum: 9.9\u2028二\x00", "Note": "", "Title": long}
    # When they are written
    write(tmp_path / "包", PLAN, info)
    # Then every line is short, and both readers give back one value each
    lines = (tmp_path / "包/bag-info.txt").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 79
    assert "External-Description: 一 Payload-Oxum: 9.9 二" in lines
    assert verify(tmp_path / "包") == []
    read = bagit.Bag(str(tmp_path / "包")).info
    assert read["Title"].split() == long.split() and read["Payload-Oxum"] == "14.3" and read["Note"] == ""


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(max_size=40), st.binary(max_size=40), max_size=5))
def test_bags_named_from_any_titles_satisfy_the_reference_verifier(titles: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        names = unique_names(titles)
        write(Path(place, "包"), [Item(f"D30/{name}", titles[t]) for name, t in zip(names, titles, strict=True)], INFO)
        assert verify(Path(place, "包")) == []
        assert accepts(Path(place, "包"))


@settings(max_examples=40, deadline=None)
@given(payloads)
def test_any_odd_names_round_trip(payload: dict[str, bytes]) -> None:
    kept = {fold(name): (name, content) for name, content in payload.items()}.values()
    with tempfile.TemporaryDirectory() as place:
        write(Path(place, "包"), [Item(name, content) for name, content in kept], INFO)
        assert verify(Path(place, "包")) == []
        stored = {path.read_bytes() for path in Path(place, "包/data").iterdir()}
        assert stored == {content for _, content in kept}


# What is refused.


@pytest.mark.parametrize(
    ("items", "code", "words"),
    [
        ([Item("../外.txt", b"")], "bag.path_unsafe", "“../外.txt”不能用于归档包"),
        ([Item("/etc/passwd", b"")], "bag.path_unsafe", "不能用于归档包"),
        ([Item("", b"")], "bag.path_unsafe", "不能用于归档包"),
        ([Item("a\ud800", b"")], "bag.path_unsafe", "不能用于归档包"),
        ([Item("双" * 65, b"")], "bag.path_long", "少于 200 字节"),
        ([Item("计划A.txt", b"1"), Item("计划a.TXT", b"2")], "bag.path_repeated", "重复"),
        ([Item("甲", b"1"), Item("甲/乙", b"2")], "bag.path_repeated", "重复"),
        ([Item("甲/乙/丙", b"1"), Item("甲/乙", b"2")], "bag.path_repeated", "重复"),
        ([Item("甲", Path("/nowhere/甲.pdf"))], "bag.source_unreadable", "“甲”的原文件读不出来"),
        ([Item("双" * 60 + "/" + "x" * 9, b""), Item("x" * 9, Path("/"))], "bag.source_unreadable", "读不出来"),
    ],
)
def test_a_payload_that_cannot_be_kept_is_refused_and_leaves_nothing(
    tmp_path: Path, items: list[Item], code: str, words: str
) -> None:
    with pytest.raises(BagError) as refusal:
        write(tmp_path / "包", items, INFO)
    assert refusal.value.code == code and words in refusal.value.message
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({}, "Bagging-Date"),
        ({"Bagging-Date": "20261231"}, "格式为 2026-12-31"),
        ({"Bagging-Date": "2026-02-30"}, "格式为 2026-12-31"),
        (INFO | {"a:b": "1"}, "不能含冒号"),
        (INFO | {"a\nb": "1"}, "说明项名“a\\nb”不合规"),
        (INFO | {"": "1"}, "不能为空"),
        (INFO | {"payload-oxum": "1.1"}, "由系统计算"),
    ],
)
def test_information_that_does_not_fit_is_refused(tmp_path: Path, info: dict[str, str], words: str) -> None:
    with pytest.raises(BagError) as refusal:
        write(tmp_path / "包", PLAN, info)
    assert words in refusal.value.message
    assert os.listdir(tmp_path) == []


def test_an_existing_target_is_never_touched(plan: Path) -> None:
    before = sorted(plan.rglob("*"))
    with pytest.raises(BagError, match="“2026年度”已存在，不能覆盖") as refusal:
        write(plan, [Item("新.txt", b"")], INFO)
    assert refusal.value.code == "bag.target_exists"
    assert sorted(plan.rglob("*")) == before and os.listdir(plan.parent) == [plan.name]


def test_a_dangling_link_is_an_existing_target(tmp_path: Path) -> None:
    (tmp_path / "包").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BagError, match="已存在"):
        write(tmp_path / "包", PLAN, INFO)


def test_a_disk_that_fails_at_any_moment_leaves_no_half_bag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a disk that fails at the nth time something is made safe
    whole, left = os.fsync, 0

    def fsync(handle: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        whole(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    # When it fails at every one in turn: 7 files, 4 folders, the folder around them
    for moment in range(12):
        left = moment
        with pytest.raises(BagError, match="归档包没有写成") as refusal:
            write(tmp_path / "包", PLAN, INFO)
        # Then nothing is there
        assert refusal.value.code == "bag.not_written"
        assert os.listdir(tmp_path) == []
    left = 12
    write(tmp_path / "包", PLAN, INFO)
    assert verify(tmp_path / "包") == []


def test_a_process_killed_while_writing_leaves_no_bag(tmp_path: Path) -> None:
    # Given a process that dies of SIGKILL between two files
    script = (
        "import os, signal, sys; from pathlib import Path; from engine.core.bag import Item, write\n"
        "def payload():\n    yield Item('一.txt', b'1')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write(Path(sys.argv[1]), payload(), {'Bagging-Date': '2026-12-31'})"
    )
    root = Path(bag.__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path / "包")], cwd=root, check=False)
    # Then there is no bag under the name, and writing it again succeeds
    assert run.returncode == -signal.SIGKILL
    assert not (tmp_path / "包").exists()
    write(tmp_path / "包", PLAN, INFO)
    assert verify(tmp_path / "包") == []
