"""Lay a dossier out as the files of an archive bag, so that a stranger can read and recompute it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from engine.core import documents
from engine.core.bag import Item
from engine.core.decisions import SUFFIX
from engine.core.dossier import Dossier, Record, Stream
from engine.core.filenames import safe_name

INDEX = "目录.json"
OPINIONS = "意见.json"
HOW_TO_VERIFY = "校验方法.txt"
FORMAT = "suixu-archive/1"
NAME_BYTES = 60

_HOW = """这个归档包怎样核对
一、整个包：这是 BagIt 1.0（RFC 8493）文件夹，manifest-sha256.txt 列出每个文件的 SHA-256 值，任何 BagIt 工具都能核对。
二、过程记录：“过程记录”中每个 .jsonl 文件是一条记录链，一行一条。
    envelope 和 payload 是文字，按 UTF-8 取字节；salt 和 digest 是十六进制。第一条之前的校验值是 32 个零字节。
    本条校验值 = SHA-256(上一条校验值 + envelope + SHA-256(salt + payload))，应与本条 digest 相同。
    payload 为 null 的，内容已依法清除，salt 也一并清除，用 envelope 中 payload 一项代替 SHA-256(salt + payload)。
    同一条链后面必有一条 kind 为 event.erased 的记录，envelope 的 erases 写明清除的是第几条，payload 写明依据和原因。
三、材料：表单材料的 .json 文件，其 SHA-256 值就是目录.json 中该版本的 digest；附件同理。记录链中写有的也应一致。
    目录.json 中 path 为 null 的版本，内容已随办理记录依法清除。
四、流程图：发布记录中的 digest = SHA-256(流程图文件 + 对每个表单和决策表按名称排序，
    依次加上 0 字节、名称、0 字节、文件)；名称是目录.json 中 forms 一项写的，决策表的以 .dmn 结尾。
也可以用命令核对：suixu archive verify 文件夹
"""


@dataclass
class Layout:
    """Say where everything lies inside data/."""

    files: dict[tuple[str, int], str] = field(default_factory=dict)
    pages: dict[tuple[str, int], str] = field(default_factory=dict)
    streams: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    forms: dict[tuple[str, str], str] = field(default_factory=dict)


def lay_out(dossier: Dossier) -> Layout:
    """Give every file its place; a number in front keeps names apart."""
    layout = Layout()
    for number, record in enumerate(dossier.records, 1):
        _place_record(layout, number, record)
    titles = {f"instance:{member.row.id}": _titled(member.row) for member in dossier.members}
    for number, stream in enumerate(dossier.streams, 1):
        title = titles.get(stream.name) or f"流程发布 {stream.name.partition(':')[2]}"
        layout.streams[stream.name] = f"过程记录/{number:03} {_short(title)}.jsonl"
    for definition in dossier.definitions:
        folder = f"流程/{_short(f'{definition.name} 第{definition.version}版')}"
        layout.sources[definition.id] = f"{folder}/{definition.key}.bpmn"
        for key in definition.sources:
            ending = SUFFIX if key.endswith(SUFFIX) else ".form"
            name = f"{definition.key}.{_short(key.removesuffix(SUFFIX))}{ending}"
            layout.forms[definition.id, key] = f"{folder}/{name}"
    return layout


def _place_record(layout: Layout, number: int, record: Record) -> None:
    for version in record.versions:
        place = record.row.id, version.number
        if record.row.kind == "file":
            name = _short(version.file_name or record.row.title)
            again = f" 第{version.number}版" if len(record.versions) > 1 else ""
            layout.files[place] = f"附件/{number:03}{again} {name}"
        else:
            stem = f"材料/{number:03} {_short(record.title)}/第{version.number}版"
            layout.pages[place] = f"{stem}.html"
            if not documents.is_erased(version):
                layout.files[place] = f"{stem}.json"


def _titled(row: Row[Any]) -> str:
    return f"{row.title} 第{row.round}轮"


def _short(title: str) -> str:
    return safe_name(title, NAME_BYTES)


def items(dossier: Dossier, layout: Layout, files: Path, title: str, pages: Mapping[str, str]) -> Iterator[Item]:
    """Give every file of data/; `pages` are the readable ones, by path."""
    for path, text in pages.items():
        yield Item(path, text.encode())
    yield Item(INDEX, _json(index(dossier, layout, title)))
    yield Item(OPINIONS, _json([_opinion(row, dossier) for row in dossier.opinions]))
    yield Item(HOW_TO_VERIFY, _HOW.encode())
    for record in dossier.records:
        for version in record.versions:
            if not documents.is_erased(version):
                yield Item(layout.files[record.row.id, version.number], _content(version, files))
    for stream in dossier.streams:
        yield Item(layout.streams[stream.name], b"".join(_line(row) for row in stream.rows))
    for definition in dossier.definitions:
        yield Item(layout.sources[definition.id], definition.source)
        for key, text in definition.sources.items():
            yield Item(layout.forms[definition.id, key], text.encode())


def _content(version: Row[Any], files: Path) -> bytes | Path:
    """Give the bytes of which the version's digest was taken."""
    if version.file_name is not None:
        return documents.path_of(files, version.digest)
    return json.dumps(version.content, ensure_ascii=False, sort_keys=True).encode()


def _line(row: Row[Any]) -> bytes:
    line = {
        "stream": row.stream,
        "number": row.number,
        "kind": row.kind,
        "at": row.at.isoformat(),
        "envelope": bytes(row.envelope).decode(),
        "salt": bytes(row.salt).hex(),
        "payload": None if row.payload is None else bytes(row.payload).decode(),
        "digest": bytes(row.digest).hex(),
    }
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode()


def index(dossier: Dossier, layout: Layout, title: str) -> dict[str, Any]:
    """List everything for a program to check."""
    return {
        "format": FORMAT,
        "title": title,
        "root": dossier.root.id,
        "packed_at": dossier.packed_at.isoformat(),
        "instances": [_instance(member.row, member.unit_name, layout) for member in dossier.members],
        "streams": [_stream(stream, layout) for stream in dossier.streams],
        "documents": [_document(record, layout) for record in dossier.records],
        "definitions": _definitions(dossier, layout),
        "names": {"persons": dossier.persons, "posts": dossier.posts, "units": dossier.units},
    }


def _instance(row: Row[Any], unit_name: str, layout: Layout) -> dict[str, Any]:
    keys = ("id", "parent_id", "definition_id", "process_key", "business_key", "round", "title", "unit_code")
    state = ("state", "outcome", "started_at", "ended_at")
    plain = {key: row._mapping[key] for key in (*keys, *state)}
    return {**plain, "unit_name": unit_name, "stream": layout.streams[f"instance:{row.id}"]}


def _stream(stream: Stream, layout: Layout) -> dict[str, Any]:
    verdict = stream.verdict
    return {
        "name": stream.name,
        "path": layout.streams[stream.name],
        "events": len(stream.rows),
        "head": verdict.head,
        "whole": verdict.whole,
        "message": verdict.message,
    }


def _document(record: Record, layout: Layout) -> dict[str, Any]:
    row = record.row
    keys = ("number", "digest", "file_name", "media_type", "size", "created_at", "created_by", "task_id")
    versions = [
        {**{key: version._mapping[key] for key in keys}, "path": layout.files.get((row.id, version.number))}
        for version in record.versions
    ]
    plain = {key: row._mapping[key] for key in ("id", "name", "title", "business_key", "kind", "instance_id")}
    return {**plain, "versions": versions}


def _definitions(dossier: Dossier, layout: Layout) -> Sequence[dict[str, Any]]:
    return [
        {
            "id": definition.id,
            "key": definition.key,
            "version": definition.version,
            "name": definition.name,
            "published_at": definition.published_at,
            "source": layout.sources[definition.id],
            "forms": {key: layout.forms[definition.id, key] for key in definition.sources},
        }
        for definition in dossier.definitions
    ]


def _opinion(row: Row[Any], dossier: Dossier) -> dict[str, Any]:
    names, posts = dossier.persons, dossier.posts
    plain = dict(row._mapping)
    plain["person_name"] = names.get(row.person_id, "")
    plain["post_title"] = posts.get(row.post, row.post)
    plain["entered_by_name"] = names.get(row.entered_by or "", "")
    plain["acting_for_name"] = names.get(row.acting_for or "", "")
    return plain
