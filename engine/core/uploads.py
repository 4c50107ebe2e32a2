"""Take only files of the office's kinds, and only when their content is what their name says."""

import os
import zipfile
from typing import BinaryIO

from engine.core import packed
from engine.ground.errors import Invalid

ZIPPED = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ofd": "application/ofd",
}
PACKED, OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
SIGNED = {
    "pdf": ("application/pdf", (b"%PDF-",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "wps": ("application/vnd.ms-works", (OLD_OFFICE, PACKED)),
    "et": ("application/vnd.ms-excel", (OLD_OFFICE, PACKED)),
}
PHOTOGRAPHS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Brands of the container that HEIC shares with films."""

INSIDE = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "ofd": "OFD.xml"}
KINDS = "、".join([*SIGNED, *ZIPPED, "heic"])

UNPACKED_LIMIT = 500 << 20
RATIO_LIMIT = 200
ENTRIES_LIMIT = 10_000

MACROS, OLD_MACROS = "vbaproject.bin", "_VBA_PROJECT".encode("utf-16-le")
"""How what would run by itself is called inside a packed file, and inside one of the old format."""

CHUNK = 1 << 20


def check(name: str, stream: BinaryIO) -> str:
    """Give the media type of a file that may be kept.

    Raises:
        Invalid: another kind of file, other content than its name says, one that unpacks to far too much, or macros.
    """
    kind = name.rpartition(".")[2].lower()
    stream.seek(0)
    head = stream.read(32)
    if kind in SIGNED:
        media_type, signatures = SIGNED[kind]
        _demand(name, any(head.startswith(signature) for signature in signatures))
        if head.startswith(PACKED):
            _check_zip(name, "", stream)
        if head.startswith(OLD_OFFICE):
            _refuse_macros(name, _holds(stream, OLD_MACROS))
        return media_type
    if kind in ZIPPED:
        _check_zip(name, kind, stream)
        return ZIPPED[kind]
    if kind == "heic":
        _demand(name, head[4:8] == b"ftyp" and head[8:12] in PHOTOGRAPHS)
        return "image/heic"
    raise Invalid(f"不能上传“{name}”：只接收 {KINDS} 文件。其他材料请登记存放地点。")


def _demand(name: str, genuine: bool) -> None:
    if not genuine:
        raise _renamed(name)


def _renamed(name: str) -> Invalid:
    return Invalid(f"不能上传“{name}”：文件的内容与扩展名不符，可能已损坏或者改过名。请核对后重新上传。")


def _check_zip(name: str, kind: str, stream: BinaryIO) -> None:
    """Look into a packed file without unpacking it; a kind that is not published tells nothing of its parts."""
    try:
        entries = packed.parts(stream, ENTRIES_LIMIT)
    except zipfile.BadZipFile as error:
        raise _renamed(name) from error
    except packed.TooManyParts as error:
        raise _bomb(name) from error
    _demand(name, kind not in INSIDE or any(entry.filename == INSIDE[kind] for entry in entries))
    _refuse_macros(name, any(entry.filename.lower().endswith(MACROS) for entry in entries))
    unpacked = sum(entry.file_size for entry in entries)
    size = max(stream.seek(0, os.SEEK_END), 1)
    if unpacked > UNPACKED_LIMIT or (unpacked > 50 << 20 and unpacked / size > RATIO_LIMIT):
        raise _bomb(name)


def _bomb(name: str) -> Invalid:
    return Invalid(f"不能上传“{name}”：文件解压后过大，可能有害。请核对后重新上传。")


def _refuse_macros(name: str, found: bool) -> None:
    if found:
        raise Invalid(f"不能上传“{name}”：文件里有宏，可能有害。请另存为不带宏的文件后重新上传。")


def _holds(stream: BinaryIO, wanted: bytes) -> bool:
    stream.seek(0)
    before = b""
    while chunk := stream.read(CHUNK):
        if wanted in before + chunk:
            return True
        before = chunk[1 - len(wanted) :]
    return False
