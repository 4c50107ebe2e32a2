"""Write office files with no trace of when they were made, so that the same content gives the same bytes."""

import io
import re
import zipfile

# A zip cannot be older; any fixed moment will do.
MOMENT = (1980, 1, 1, 0, 0, 0)
PROPERTIES = "docProps/core.xml"
STAMP = re.compile(rb"(<dcterms:(?:created|modified)\b[^>]*>)[^<]*")


def timeless(content: bytes) -> bytes:
    """Pack an office file (a zip) anew, every entry and what it says of itself at one fixed moment."""
    last = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(last, "w") as target:
        for entry in source.infolist():
            fixed = zipfile.ZipInfo(entry.filename, MOMENT)
            fixed.compress_type = zipfile.ZIP_DEFLATED
            data = source.read(entry)
            told = STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z", data) if entry.filename == PROPERTIES else data
            target.writestr(fixed, told)
    return last.getvalue()
