"""Take only files of the office's kinds, and only when their content is what their name says."""

import zipfile
from pathlib import Path

from engine.ground.errors import Invalid

ZIPPED = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ofd": "application/ofd",
}
PACKED = b"PK\x03\x04"
SIGNED = {
    "pdf": ("application/pdf", (b"%PDF-",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "wps": ("application/vnd.ms-works", (b"\xd0\xcf\x11\xe0", PACKED)),
    "et": ("application/vnd.ms-excel", (b"\xd0\xcf\x11\xe0", PACKED)),
}
PHOTOGRAPHS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Brands of the container that HEIC shares with films."""

INSIDE = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "ofd": "OFD.xml"}
KINDS = "、".join([*SIGNED, *ZIPPED, "heic"])

UNPACKED_LIMIT = 500 << 20
RATIO_LIMIT = 200
ENTRIES_LIMIT = 10_000


def check(name: str, path: Path) -> str:
    """Give the media type of a file that may be kept.

    Raises:
        Invalid: another kind of file, other content than its name says, or one that unpacks to far too much.
    """
    kind = name.rpartition(".")[2].lower()
    with path.open("rb") as stream:
        head = stream.read(32)
    if kind in SIGNED:
        media_type, signatures = SIGNED[kind]
        _demand(name, any(head.startswith(signature) for signature in signatures))
        if head.startswith(PACKED):
            _check_zip(name, "", path)
        return media_type
    if kind in ZIPPED:
        _check_zip(name, kind, path)
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


def _check_zip(name: str, kind: str, path: Path) -> None:
    """Look into a packed file without unpacking it; a kind that is not published tells nothing of its parts."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise _renamed(name) from error
    _demand(name, kind not in INSIDE or any(entry.filename == INSIDE[kind] for entry in entries))
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(path.stat().st_size, 1)
    if (
        len(entries) > ENTRIES_LIMIT
        or unpacked > UNPACKED_LIMIT
        or (unpacked > 50 << 20 and unpacked / packed > RATIO_LIMIT)
    ):
        raise Invalid(f"不能上传“{name}”：文件解压后过大，可能有害。请核对后重新上传。")
