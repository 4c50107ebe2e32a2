"""Check an archive's own evidence: recompute every chain of events, hold documents and diagrams against the log."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from engine.core import chain
from engine.core.archive_items import FORMAT, INDEX
from engine.core.bag import Fault
from engine.core.chain import Chain
from engine.core.filenames import is_unsafe, shown

LARGEST = 64 << 20
"""Bytes of a line of a chain, and of the archive's own list: more is no archive of ours, and is not read."""


class Malformed(Exception):
    """Tell that the archive's own list cannot be read."""


class _Link(NamedTuple):
    """Hold one record of a chain as it was stored."""

    number: int
    kind: str
    at: str
    envelope: bytes
    salt: bytes
    payload: bytes | None
    digest: bytes


@dataclass
class _Logged:
    """Hold what the chains name: digests of documents by id and version, of definitions by key and version.

    `erased` are the documents' versions whose record was erased; so is a definition's whose digest is "".
    """

    documents: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    definitions: dict[tuple[str, int], str] = field(default_factory=dict)
    erased: set[tuple[str, int]] = field(default_factory=set)


def check(folder: Path) -> Iterator[Fault]:
    """List what does not agree inside the bag at `folder`, whose files are known to be plain files."""
    data, logged = folder / "data", _Logged()
    try:
        index = _read_index(data)
        for stream in index["streams"]:
            yield from _check_stream(data, stream, logged)
        yield from _check_instances(index)
        for document in index["documents"]:
            yield from _check_document(data, document, logged)
        for definition in index["definitions"]:
            yield from _check_definition(data, definition, logged)
    except (Malformed, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        yield Fault("archive.index_malformed", f"data/{INDEX}", "归档目录缺失或者格式不对，不能逐项核对。")
    except OSError:
        yield Fault("archive.unreadable", "data", "归档目录所列的文件读不出来。")


def _read_index(data: Path) -> dict[str, Any]:
    with (data / INDEX).open("rb") as file:
        text = file.read(LARGEST + 1)
    index = json.loads(text) if len(text) <= LARGEST else None
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise Malformed
    return index


def _place(data: Path, path: object) -> Path:
    if not isinstance(path, str) or is_unsafe(path):
        raise Malformed
    return data / path


def _check_stream(data: Path, stream: Mapping[str, Any], logged: _Logged) -> Iterator[Fault]:
    path, links = f"data/{stream['path']}", Chain(stream["name"])
    with _place(data, stream["path"]).open("rb") as lines:
        while line := lines.readline(LARGEST):
            link = _parse(line, links.stream)
            fault = links.follow(*link) if link else f"第{links.count + 1}条不是这条链的记录。"
            if link is None or fault:
                yield _fault("chain_broken", path, f"{fault}记录链从这里起不可信。")
                return
            _remember(links.stream, link, logged)
    if (links.count, links.head.hex()) != (stream["events"], stream["head"]):
        yield _fault("chain_cut", path, f"记录链有{links.count}条，与目录所列的条数或者末条校验值不符。")
    if fault := links.close()[1]:
        yield _fault("chain_broken", path, fault)
    if not stream["whole"]:
        yield _fault("chain_broken", path, f"归档时记录链已经不完整：{shown(str(stream['message']))}")


def _parse(line: bytes, stream: str) -> _Link | None:
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        event = json.loads(line)
        payload = None if event["payload"] is None else event["payload"].encode()
        salt, digest = bytes.fromhex(event["salt"]), bytes.fromhex(event["digest"])
        if event["stream"] == stream:
            return _Link(event["number"], event["kind"], event["at"], event["envelope"].encode(), salt, payload, digest)
    return None


def _check_instances(index: Mapping[str, Any]) -> Iterator[Fault]:
    there = {stream["name"] for stream in index["streams"]}
    for instance in index["instances"]:
        if f"instance:{instance['id']}" not in there:
            yield _fault("chain_missing", f"data/{INDEX}", f"缺少事项“{shown(str(instance['title']))}”的过程记录。")


def _remember(stream: str, link: _Link, logged: _Logged) -> None:
    head, body = chain.parse(link.envelope), chain.parse(link.payload)
    named = [*(head.get("documents") or ()), *([body["paper"]] if body.get("paper") else ())]
    if link.kind == "document.added" and "digest" in body:
        named.append((head["document"], 1, body["digest"]))
    for document, number, *digest in named:
        if digest:
            logged.documents.setdefault((document, number), set()).add(digest[0])
        elif link.payload is None:
            logged.erased.add((document, number))
    if link.kind == "definition.published":
        logged.definitions[stream.partition(":")[2], head["version"]] = (
            "" if link.payload is None else str(body.get("digest"))
        )


def _check_document(data: Path, document: Mapping[str, Any], logged: _Logged) -> Iterator[Fault]:
    for version in document["versions"]:
        place = document["id"], version["number"]
        if version["path"] is None:
            if place not in logged.erased:
                yield _fault("document_missing", f"data/{INDEX}", f"材料“{shown(str(document['title']))}”缺失。")
            continue
        with _place(data, version["path"]).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        path = f"data/{version['path']}"
        if found != version["digest"]:
            yield _fault("document_changed", path, "内容与目录所列的校验值不符，可能被改动。")
        told = logged.documents.get(place)
        if told and found not in told:
            yield _fault("document_not_logged", path, "内容与过程记录中的校验值不符，可能被改动。")


def _check_definition(data: Path, definition: Mapping[str, Any], logged: _Logged) -> Iterator[Fault]:
    whole = hashlib.sha256(_place(data, definition["source"]).read_bytes())
    for key, path in sorted(definition["forms"].items()):
        whole.update(b"\0" + key.encode() + b"\0" + _place(data, path).read_bytes())
    told = logged.definitions.get((definition["key"], definition["version"]))
    # Where the record of a publication was erased, nothing is left to hold the diagram against.
    if told not in (whole.hexdigest(), ""):
        path = f"data/{definition['source']}"
        yield _fault("definition_changed", path, "流程图、表单或者决策表与发布记录中的校验值不符，可能被改动。")


def _fault(code: str, path: str, message: str) -> Fault:
    return Fault(f"archive.{code}", shown(path), message)
