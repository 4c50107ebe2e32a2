"""Look into a packed file (zip) without unpacking it, and without reading an index that is itself a bomb."""

import os
import re
import zipfile
from typing import BinaryIO

END, END_64 = b"PK\x05\x06", b"PK\x06\x07"
TAIL = 22 + 65_535
"""The record of a packed file's end, with the longest remark that may follow it."""

BYTES_A_PART = 300


class TooManyParts(ValueError):
    """Tell that a packed file holds more parts than will be looked at."""


def parts(stream: BinaryIO, most: int) -> list[zipfile.ZipInfo]:
    """List what a packed file holds.

    Raises:
        TooManyParts: more than `most`, or an index of a size as if.
        BadZipFile: it is none, is damaged, or is of the kind for more than four gigabytes.
    """
    _look_at_end(stream, most * BYTES_A_PART)
    try:
        with zipfile.ZipFile(stream) as archive:
            found = archive.infolist()
    except (NotImplementedError, ValueError, OSError) as error:
        raise zipfile.BadZipFile(str(error)) from error
    if len(found) > most:
        raise TooManyParts
    return found


def _look_at_end(stream: BinaryIO, longest: int) -> None:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - TAIL))
    tail = stream.read()
    stream.seek(0)
    # Whichever end a reader takes for the true one: none may announce an index that is too long.
    for end in re.finditer(re.escape(END), tail):
        if int.from_bytes(tail[end.start() + 12 : end.start() + 16], "little") > longest:
            raise TooManyParts
        if tail[max(0, end.start() - 20) :].startswith(END_64):
            raise zipfile.BadZipFile("zip64")
