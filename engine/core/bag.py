"""BagIt 1.0 (RFC 8493): write an archive folder that can prove itself, and verify one that may be hostile."""

import hashlib
import io
import os
import re
import shutil
import textwrap
import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from engine.core.filenames import fold, is_unsafe, safe_name, shown, unique_names, without_invisible
from engine.ground.errors import SuixuError

__all__ = ["BagError", "Fault", "Item", "opened", "safe_name", "unique_names", "verify", "write"]

_PAYLOAD = "data"
_DECLARATION = "bagit.txt"
_INFO = "bag-info.txt"
_MANIFEST = "manifest-sha256.txt"
_TAG_MANIFEST = "tagmanifest-sha256.txt"
_PATH_BYTES = 200
_FAULT_LIMIT = 1000
_CHUNK = 1 << 20

_DECLARED = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_DECLARATION_FORM = re.compile(rb"BagIt-Version: (\S+)\r?\nTag-File-Character-Encoding: (\S+)\s*")
# Only the form that `write` gives: were case or spacing free, a changed byte of the tag manifest could pass unseen.
_ENTRY_FORM = re.compile(rb"([0-9a-f]{64})  ([^\r\n]+)\n")
_INFO_FORM = re.compile(rb"[^\s:][^:\r\n]*:[ \t][^\r\n]*(\r?\n)?|[ \t]+[^\r\n]*(\r?\n)?")
_FOREIGN_MANIFEST = re.compile(r"(tag)?manifest-[^/]*\.txt", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """Name a payload file, relative to data/, and its bytes or the file that holds them."""

    path: str
    content: bytes | Path


@dataclass(frozen=True)
class Fault:
    """Tell what is wrong with which file of a bag."""

    code: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}：{self.message}" if self.path else self.message


class BagError(SuixuError):
    """Refuse to write a bag, saying why in Chinese."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Found(NamedTuple):
    path: Path
    size: int


def _encode_path(path: str) -> str:
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _decode_path(text: str) -> str:
    return re.sub(r"%(0[AaDd]|25)", lambda code: chr(int(code[1], 16)), text)


def write(folder: Path, payload: Iterable[Item], info: Mapping[str, str]) -> None:
    """Write a whole bag at `folder`, or nothing; `info` must hold the Bagging-Date, Payload-Oxum is counted here."""
    _check_info(info)
    with _drafted(folder) as draft:
        entries, size = _write_payload(draft, payload)
        tags = {
            _DECLARATION: _DECLARED,
            _INFO: _info_text({**info, "Payload-Oxum": f"{size}.{len(entries)}"}),
            _MANIFEST: _manifest_text(entries),
        }
        digests = {name: _put(draft / name, [text.encode()])[0] for name, text in tags.items()}
        _put(draft / _TAG_MANIFEST, [_manifest_text(digests).encode()])
        for inner, _, _ in os.walk(draft, topdown=False):
            _sync(Path(inner))


@contextmanager
def _drafted(folder: Path) -> Iterator[Path]:
    """Lend a folder beside `folder` that takes its name only when all that is in it is on the disk."""
    if os.path.lexists(folder):
        raise BagError("bag.target_exists", f"“{shown(folder.name)}”已存在，不能覆盖。请换一个目录名。")
    draft = failed = folder.parent / f".bag-{uuid.uuid4().hex}.part"
    try:
        draft.mkdir(parents=True)
        yield draft
        failed = draft.rename(folder)
        _sync(folder.parent)
        failed = draft
    except OSError as problem:
        raise BagError("bag.not_written", "归档包没有写成。请检查磁盘空间和目录的写入权限后重试。") from problem
    finally:
        shutil.rmtree(failed, ignore_errors=True)


def _write_payload(draft: Path, payload: Iterable[Item]) -> tuple[dict[str, str], int]:
    (draft / _PAYLOAD).mkdir()
    entries: dict[str, str] = {}
    seen: dict[str, bool] = {}
    total = 0
    for item in payload:
        path = _payload_path(item.path)
        _refuse_clash(path, seen)
        entries[path], length = _put(draft / path, _pieces(item))
        total += length
    return entries, total


def _payload_path(path: str) -> str:
    full = unicodedata.normalize("NFC", f"{_PAYLOAD}/{path}")
    if is_unsafe(full):
        raise BagError("bag.path_unsafe", f"文件名“{shown(path)}”不能用于归档包。")
    if len(full.encode()) >= _PATH_BYTES:
        raise BagError("bag.path_long", f"文件名“{shown(path)}”过长，路径须少于 {_PATH_BYTES} 字节。")
    return full


def _refuse_clash(path: str, seen: dict[str, bool]) -> None:
    """Refuse a path that some system would take for one already there; `seen` tells files from folders."""
    key = fold(path)
    above = [str(parent) for parent in PurePosixPath(key).parents]
    if key in seen or any(seen.get(parent) for parent in above):
        raise BagError("bag.path_repeated", f"归档包中文件名“{shown(path)}”重复。")
    seen[key] = True
    seen.update(dict.fromkeys(above, False))


def _pieces(item: Item) -> Iterator[bytes]:
    if isinstance(item.content, bytes):
        yield item.content
        return
    try:
        with item.content.open("rb") as source:
            yield from iter(partial(source.read, _CHUNK), b"")
    except OSError as problem:
        raise BagError("bag.source_unreadable", f"材料“{shown(item.path)}”的原文件读不出来。") from problem


def _put(path: Path, content: Iterable[bytes]) -> tuple[str, int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, length = hashlib.sha256(), 0
    with path.open("xb") as file:
        for piece in content:
            length += file.write(piece)
            digest.update(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), length


def _sync(folder: Path) -> None:
    # Windows lets nobody open a folder, and needs no such call.
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _check_info(info: Mapping[str, str]) -> None:
    for label in info:
        if not label or ":" in label or label != _one_line(label):
            raise BagError("bag.label_malformed", f"归档包说明项名“{shown(label)}”不合规：不能为空，不能含冒号或换行。")
        if label.casefold() == "payload-oxum":
            raise BagError("bag.label_malformed", "归档包说明项 Payload-Oxum 由系统计算，不能指定。")
    if not _is_date(info.get("Bagging-Date", "")):
        raise BagError("bag.date_missing", "归档包须写明打包日期（Bagging-Date），格式为 2026-12-31。")


def _is_date(text: str) -> bool:
    with suppress(ValueError):
        return date.fromisoformat(text).isoformat() == text
    return False


def _info_text(info: Mapping[str, str]) -> str:
    return "".join(f"{line}\n" for label, value in info.items() for line in _folded(label, _one_line(value)))


def _folded(label: str, value: str) -> list[str]:
    # Only at spaces: whoever joins the lines again puts one there.
    wrapper = textwrap.TextWrapper(79, f"{label}: ", " ", break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(value) or [f"{label}: "]


def _one_line(text: str) -> str:
    return without_invisible(" ".join(text.split()))


def _manifest_text(entries: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {_encode_path(path)}\n" for path, digest in sorted(entries.items()))


def verify(folder: Path) -> list[Fault]:
    """List what is wrong with the bag at `folder`, nothing when it is whole; a hostile folder never makes it raise.

    Stricter than RFC 8493: every file outside data/ must stand in the tag manifest, and fetch.txt is refused.
    """
    faults = list(islice(_examine(folder), _FAULT_LIMIT + 1))
    if len(faults) > _FAULT_LIMIT:
        faults[_FAULT_LIMIT:] = [_fault("too_many", "", f"问题超过 {_FAULT_LIMIT} 处，其余未列出。")]
    return faults


def _examine(folder: Path) -> Iterator[Fault]:
    if not os.path.isdir(folder):
        yield _fault("folder_missing", "", "归档包目录不存在，或不是目录。")
        return
    files: dict[str, _Found] = {}
    yield from _survey(folder, files)
    yield from _check_declaration(files)
    if not os.path.isdir(folder / _PAYLOAD):
        yield _fault("payload_missing", _PAYLOAD, "缺少存放归档文件的 data 目录。")
    yield from _check_strangers(files)
    payload = {path for path in files if path.startswith(f"{_PAYLOAD}/")}
    yield from _check_oxum(files, payload)
    yield from _check_manifest(_MANIFEST, files, payload)
    yield from _check_manifest(_TAG_MANIFEST, files, files.keys() - payload - {_TAG_MANIFEST})


def _survey(folder: Path, files: dict[str, _Found]) -> Iterator[Fault]:
    """Find the regular files, entering no link, and tell of everything that is neither file nor folder."""
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(folder / prefix) as entries:
                contents = sorted((entry.name, *_measure(entry)) for entry in entries)
        except OSError:
            yield _fault("unreadable", prefix, "目录读不出来。")
            continue
        for name, kind, size in contents:
            path = prefix + name
            key = unicodedata.normalize("NFC", path)
            if kind == "folder":
                waiting.append(f"{path}/")
            elif kind == "special":
                yield _fault("special_file", path, "是链接或特殊文件，归档包内只能有普通文件和目录。")
            elif key in files:
                yield _fault("name_clash", path, "与另一个文件的名称只是编码不同，无法区分。")
            else:
                files[key] = _Found(folder / path, size)


def _measure(entry: os.DirEntry[str]) -> tuple[str, int]:
    if entry.is_dir(follow_symlinks=False):
        return "folder", 0
    if entry.is_file(follow_symlinks=False):
        return "file", entry.stat(follow_symlinks=False).st_size
    return "special", 0


def _check_declaration(files: Mapping[str, _Found]) -> Iterator[Fault]:
    if _DECLARATION not in files:
        yield _fault("declaration_missing", _DECLARATION, "缺少 BagIt 声明文件。")
        return
    lines = islice(_read_lines(files[_DECLARATION].path), 3)
    form = _DECLARATION_FORM.fullmatch(b"".join(line or b"" for line in lines))
    if form is None:
        yield _fault("declaration_malformed", _DECLARATION, "读不出 BagIt 声明，应为两行：版本和字符编码。")
        return
    if form[1] != b"1.0":
        yield _fault("version_unsupported", _DECLARATION, "BagIt 版本应为 1.0。")
    if form[2].upper() != b"UTF-8":
        yield _fault("encoding_unsupported", _DECLARATION, "字符编码应为 UTF-8。")


def _check_strangers(files: Mapping[str, _Found]) -> Iterator[Fault]:
    for path in files:
        if path == "fetch.txt":
            yield _fault("fetch_refused", path, "归档包应自带全部文件，不能另行下载。")
        elif path not in {_MANIFEST, _TAG_MANIFEST} and _FOREIGN_MANIFEST.fullmatch(path):
            yield _fault("manifest_unsupported", path, "只支持 SHA-256 清单，此清单无法核对。")


def _check_oxum(files: Mapping[str, _Found], payload: set[str]) -> Iterator[Fault]:
    if _INFO not in files:
        yield _fault("info_missing", _INFO, "缺少归档包说明文件。")
        return
    values: list[str] = []
    yield from _read_info(files[_INFO].path, values)
    found = f"{sum(files[path].size for path in payload)}.{len(payload)}"
    if len(values) != 1:
        yield _fault("oxum_missing", _INFO, "说明文件应有且只有一项 Payload-Oxum(总字节数.文件数)。")
    elif values[0] != found:
        yield _fault("oxum_mismatch", _INFO, f"登记的总字节数.文件数为 {shown(values[0][:40])}，实际为 {found}。")


def _read_info(path: Path, values: list[str]) -> Iterator[Fault]:
    for number, line in enumerate(_read_lines(path), 1):
        if line is None:
            yield _fault("unreadable", _INFO, "文件读不出来。")
        elif (field := _parse_field(line)) is None:
            yield _fault("line_malformed", _INFO, f"第 {number} 行不合规。")
        elif field[0].casefold() == "payload-oxum" and len(values) < 2:
            values.append(field[1].strip())


def _parse_field(line: bytes) -> tuple[str, str] | None:
    """Give label and value, of which a continuation has no label."""
    with suppress(UnicodeDecodeError):
        label, _, value = line.decode().partition(":")
        if _INFO_FORM.fullmatch(line):
            return label, value
    return None


def _check_manifest(name: str, files: Mapping[str, _Found], scope: set[str]) -> Iterator[Fault]:
    """Hold a manifest against the files that it must list, all of `scope` and nothing else."""
    if name not in files:
        yield _fault("manifest_missing", name, "缺少校验清单。")
        return
    entries: dict[str, str] = {}
    yield from _read_manifest(name, files[name].path, scope, entries)
    for path, digest in entries.items():
        yield from _check_digest(path, files[path].path, digest, "tag_" if name == _TAG_MANIFEST else "")
    for path in sorted(scope - entries.keys()):
        yield _fault("file_unlisted", path, "包内有此文件，清单上没有。")


def _read_manifest(name: str, path: Path, scope: set[str], entries: dict[str, str]) -> Iterator[Fault]:
    """Take in what a manifest says of the files that are there: of the others it may name without end."""
    for number, line in enumerate(_read_lines(path), 1):
        if line is None:
            yield _fault("unreadable", name, "文件读不出来。")
        elif (entry := _parse_entry(line)) is None:
            yield _fault("line_malformed", name, f"第 {number} 行不合规，应为 SHA-256 值、两个空格和路径。")
        elif not _belongs(entry[0], name):
            yield _fault("path_unsafe", name, f"第 {number} 行的路径“{shown(entry[0])}”越出了这份清单的范围。")
        elif entry[0] in entries:
            yield _fault("entry_repeated", name, f"第 {number} 行与前面的行重复。")
        elif entry[0] not in scope:
            yield _fault("file_missing", entry[0], "清单上有此文件，包内没有。")
        else:
            entries[entry[0]] = entry[1]


def _belongs(path: str, manifest: str) -> bool:
    in_payload = path.startswith(f"{_PAYLOAD}/")
    return not is_unsafe(path) and path != _TAG_MANIFEST and in_payload == (manifest == _MANIFEST)


def _parse_entry(line: bytes) -> tuple[str, str] | None:
    with suppress(UnicodeDecodeError):
        if form := _ENTRY_FORM.fullmatch(line):
            return unicodedata.normalize("NFC", _decode_path(form[2].decode())), form[1].decode()
    return None


def _check_digest(path: str, place: Path, expected: str, kind: str) -> Iterator[Fault]:
    try:
        with opened(place) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        yield _fault("unreadable", path, "文件读不出来。")
        return
    if found != expected:
        yield _fault(f"{kind}digest_mismatch", path, "内容与清单上的 SHA-256 值不符，已被改动或损坏。")


def _read_lines(path: Path) -> Iterator[bytes | None]:
    """Give the lines one by one, an endless one in parts, and None where reading breaks off."""
    try:
        with opened(path) as file:
            yield from iter(partial(file.readline, _CHUNK), b"")
    except OSError:
        yield None


def opened(path: Path) -> io.BufferedReader:
    """Open a file of a bag to be read."""
    # A file swapped for a link or a pipe since the survey must neither lead outside nor block.
    guard = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | guard))


def _fault(code: str, path: str, message: str) -> Fault:
    return Fault(f"bag.{code}", shown(path), message)
