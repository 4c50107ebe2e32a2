"""Check an archive's own evidence: recompute every chain of events, hold documents and diagrams against the log."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.core import history
from engine.core.archive_items import FORMAT, INDEX
from engine.core.bag import Fault
from engine.core.filenames import is_unsafe, shown

LONGEST_LINE = 64 << 20


class Malformed(Exception):
    """Tell that the archive's own list cannot be read."""


@dataclass
class _Logged:
    """Hold the digests that the chains name: of documents by id and version, of definitions by key and version."""

    documents: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    definitions: dict[tuple[str, int], str] = field(default_factory=dict)


def check(folder: Path) -> Iterator[Fault]:
    """List what does not agree inside the bag at `folder`, whose files are known to be plain files."""
    data, logged = folder / "data", _Logged()
    try:
        index = _read_index(data)
        for stream in index["streams"]:
            yield from _check_stream(data, stream, logged)
        for document in index["documents"]:
            yield from _check_document(data, document, logged)
        for definition in index["definitions"]:
            yield from _check_definition(data, definition, logged)
    except (Malformed, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        yield Fault("archive.index_malformed", f"data/{INDEX}", "归档目录缺失或者格式不对，不能逐项核对。")
    except OSError:
        yield Fault("archive.unreadable", "data", "归档目录所列的文件读不出来。")


def _read_index(data: Path) -> dict[str, Any]:
    index = json.loads((data / INDEX).read_bytes())
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise Malformed
    return index


def _place(data: Path, path: object) -> Path:
    if not isinstance(path, str) or is_unsafe(path):
        raise Malformed
    return data / path


def _check_stream(data: Path, stream: Mapping[str, Any], logged: _Logged) -> Iterator[Fault]:
    path, previous, count = f"data/{stream['path']}", history.GENESIS, 0
    with _place(data, stream["path"]).open("rb") as lines:
        while line := lines.readline(LONGEST_LINE):
            count += 1
            event = _parse(line)
            fault = _broken(event, stream["name"], count, previous) if event else "不是一条记录。"
            if event is None or fault:
                yield _fault("chain_broken", path, f"第{count}条{fault}记录链从这里起不可信。")
                return
            previous = bytes.fromhex(event["digest"])
            _remember(event, logged)
    if (count, previous.hex()) != (stream["events"], stream["head"]):
        yield _fault("chain_cut", path, f"记录链有{count}条，与目录所列的条数或者末条校验值不符。")
    if not stream["whole"]:
        yield _fault("chain_broken", path, f"归档时记录链已经不完整：{shown(str(stream['message']))}")


def _parse(line: bytes) -> dict[str, Any] | None:
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        event: dict[str, Any] = json.loads(line)
        event["head"] = json.loads(event["envelope"])
        event["body"] = None if event["payload"] is None else json.loads(event["payload"])
        bytes.fromhex(event["digest"]), bytes.fromhex(event["salt"])
        return event
    return None


def _broken(event: Mapping[str, Any], name: str, number: int, previous: bytes) -> str:
    envelope, head = event["envelope"].encode(), event["head"]
    if (head.get("stream"), head.get("number")) != (name, number):
        return "缺失、重复或者顺序不对。"
    if (event["stream"], event["number"], event["kind"]) != (name, number, head.get("kind")):
        return "编号与内容不一致。"
    if event["payload"] is None:
        inner = bytes.fromhex(head["payload"])
    else:
        inner = hashlib.sha256(bytes.fromhex(event["salt"]) + event["payload"].encode()).digest()
    if hashlib.sha256(previous + envelope + inner).hexdigest() != event["digest"]:
        return "与校验值不一致，内容可能被改动。"
    return "" if inner.hex() == head["payload"] else "内容与信封所记的校验值不一致。"


def _remember(event: Mapping[str, Any], logged: _Logged) -> None:
    head, body = event["head"], event["body"] or {}
    for entry in head.get("documents") or ():
        if len(entry) > 2:
            logged.documents.setdefault((entry[0], entry[1]), set()).add(entry[2])
    if event["kind"] == "document.added" and "digest" in body:
        logged.documents.setdefault((head["document"], 1), set()).add(body["digest"])
    if event["kind"] == "definition.published" and "digest" in body:
        key = event["stream"].partition(":")[2]
        logged.definitions[key, head["version"]] = body["digest"]


def _check_document(data: Path, document: Mapping[str, Any], logged: _Logged) -> Iterator[Fault]:
    for version in document["versions"]:
        with _place(data, version["path"]).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        path = f"data/{version['path']}"
        if found != version["digest"]:
            yield _fault("document_changed", path, "内容与目录所列的校验值不符，可能被改动。")
        told = logged.documents.get((document["id"], version["number"]))
        if told and found not in told:
            yield _fault("document_not_logged", path, "内容与过程记录中的校验值不符，可能被改动。")


def _check_definition(data: Path, definition: Mapping[str, Any], logged: _Logged) -> Iterator[Fault]:
    whole = hashlib.sha256(_place(data, definition["source"]).read_bytes())
    for key, path in sorted(definition["forms"].items()):
        whole.update(b"\0" + key.encode() + b"\0" + _place(data, path).read_bytes())
    told = logged.definitions.get((definition["key"], definition["version"]))
    if told != whole.hexdigest():
        path = f"data/{definition['source']}"
        yield _fault("definition_changed", path, "流程图或者表单与发布记录中的校验值不符，可能被改动。")


def _fault(code: str, path: str, message: str) -> Fault:
    return Fault(f"archive.{code}", shown(path), message)
