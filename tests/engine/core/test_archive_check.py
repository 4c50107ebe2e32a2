"""What an archive says of itself must be a list of ours, and every line of it must hold."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.core import archive_check
from engine.core.archive_items import FORMAT

Line = dict[str, Any]


def line(number: int, previous: bytes, *, wrong_kind: bool = False, **head: Any) -> tuple[Line, bytes]:
    """Write one line of a chain as the engine does."""
    salt, payload = bytes(16), "{}"
    inner = hashlib.sha256(salt + payload.encode()).digest()
    sealed = {"stream": "s", "number": number, "kind": "k", "at": "t", "payload": inner.hex()}
    envelope = json.dumps({**sealed, **head})
    digest = hashlib.sha256(previous + envelope.encode() + inner).digest()
    shown = {"stream": "s", "number": number, "kind": "x" if wrong_kind else "k", "at": "t", "salt": salt.hex()}
    return {**shown, "envelope": envelope, "payload": payload, "digest": digest.hex()}, digest


def lay(folder: Path, lines: list[Line], head: bytes, **changes: Any) -> None:
    """Lay out the inside of a bag with one chain and one attachment."""
    data = folder / "data"
    data.mkdir()
    (data / "chain.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    (data / "paper").write_bytes(b"paper")
    versions = [{"number": 1, "path": "paper", "digest": hashlib.sha256(b"paper").hexdigest()}]
    stream = {"name": "s", "path": "chain.jsonl", "events": len(lines), "head": head.hex(), "whole": True}
    index = {
        "format": FORMAT,
        "instances": [],
        "streams": [stream | {"message": ""}],
        "documents": [{"id": "d", "versions": versions}],
        "definitions": [],
    }
    (data / "目录.json").write_text(json.dumps({**index, **changes}), encoding="utf-8")


def codes(folder: Path) -> list[str]:
    return [fault.code for fault in archive_check.check(folder)]


def test_a_chain_that_names_a_document_without_its_digest_says_nothing_against_it(tmp_path: Path) -> None:
    one, head = line(1, bytes(32), documents=[["d", 1]])
    lay(tmp_path, [one], head)
    assert codes(tmp_path) == []


def test_a_chain_that_names_another_digest_tells_of_the_change(tmp_path: Path) -> None:
    one, head = line(1, bytes(32), documents=[["d", 1, "0" * 64]])
    lay(tmp_path, [one], head)
    assert codes(tmp_path) == ["archive.document_not_logged"]


def test_a_line_whose_outside_contradicts_what_was_sealed_breaks_the_chain(tmp_path: Path) -> None:
    one, head = line(1, bytes(32), wrong_kind=True)
    lay(tmp_path, [one], head)
    (fault,) = archive_check.check(tmp_path)
    assert fault.code == "archive.chain_broken"
    assert "第1条记录的编号、类别或者时间与内容不一致" in fault.message


@pytest.mark.parametrize("index", ["[]", "{}", '{"format": "bagit/9"}', "7"])
def test_a_list_that_is_not_ours_is_said_to_be_none(tmp_path: Path, index: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "目录.json").write_text(index, encoding="utf-8")
    assert codes(tmp_path) == ["archive.index_malformed"]


@pytest.mark.parametrize("spoil", [lambda index: index.pop("documents"), lambda index: index.update(streams=7)])
def test_a_list_with_a_part_missing_is_said_to_be_malformed(tmp_path: Path, spoil: Callable[[Line], object]) -> None:
    lay(tmp_path, [], bytes(32))
    path = tmp_path / "data" / "目录.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    spoil(index)
    path.write_text(json.dumps(index), encoding="utf-8")
    assert codes(tmp_path) == ["archive.index_malformed"]


@pytest.mark.parametrize(
    "change",
    [
        {"stream": "another"},
        {"number": "1"},
        {"payload": 7},
        {"payload": "\ud800"},
        {"envelope": "\ud800"},
        {"envelope": 7},
        {"salt": "zz"},
        {"digest": None},
    ],
)
def test_a_line_that_cannot_be_breaks_the_chain_and_nothing_else(tmp_path: Path, change: Line) -> None:
    one, head = line(1, bytes(32))
    lay(tmp_path, [{**one, **change}], head)
    assert codes(tmp_path) == ["archive.chain_broken"]


@pytest.mark.parametrize("text", [b"[]", b"\xff\xfe", b"[" * 100_000, b""])
def test_a_line_that_is_no_record_breaks_the_chain(tmp_path: Path, text: bytes) -> None:
    lay(tmp_path, [], bytes(32))
    (tmp_path / "data" / "chain.jsonl").write_bytes(text + b"\n")
    assert codes(tmp_path) == ["archive.chain_broken"]


def test_a_list_larger_than_any_of_ours_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, head = line(1, bytes(32))
    lay(tmp_path, [one], head)
    assert codes(tmp_path) == []
    monkeypatch.setattr(archive_check, "LARGEST", (tmp_path / "data" / "目录.json").stat().st_size - 1)
    assert codes(tmp_path) == ["archive.index_malformed"]


def test_a_publication_that_names_no_digest_vouches_for_no_diagram(tmp_path: Path) -> None:
    one, head = line(1, bytes(32), kind="definition.published", version=1)
    one["kind"] = "definition.published"
    definition = {"key": "s", "version": 1, "source": "paper", "forms": {}}
    lay(tmp_path, [one], head, definitions=[definition])
    assert codes(tmp_path) == ["archive.definition_changed"]
