"""The text of an answer sheet, whatever program wrote it: encodings, line ends, unseen signs."""

from __future__ import annotations

import os
import re
from pathlib import Path

from glassnet.errors import DataError

__all__ = ["LARGEST", "lines_of"]

LARGEST = 8_000_000  # bytes of a sheet
MOST_LINES = 100_000
BINARY = 0.01  # share of control signs from which on a file is not text,
FEW = 8  # where there are more than so many
BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
CONTROL = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f]")
MARKS = {
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig",
}  # fmt: skip
ALLOWED = "write lines such as `hidden.v[1] = 0.2`, or a table saved as CSV"


def lines_of(sheet: str | os.PathLike[str] | bytes) -> list[str]:
    """Return the lines of a sheet.

    Args:
        sheet: The file; or its content, as bytes or as a text of several lines or with an = in it.

    Raises:
        DataError: The file cannot be read, is not text, or is too large.
    """
    source = "the sheet"
    if isinstance(sheet, str) and ("\n" in sheet or "=" in sheet):
        text = sheet
    else:
        if not isinstance(sheet, bytes):
            source = Path(sheet).name
        raw = sheet if isinstance(sheet, bytes) else _read(sheet)
        if len(raw) > LARGEST:
            _refuse(f"the file is too large for an answer sheet ({LARGEST:,} bytes)", source)
        text = _decoded(raw, source)
    text = CONTROL.sub("\ufffd", UNSEEN.sub("", BREAKS.sub("\n", text)))
    if text.count("\n") > MOST_LINES:
        _refuse(f"there are too many lines for an answer sheet ({MOST_LINES:,})", source)
    return text.split("\n")


def _refuse(what: str, source: str) -> None:
    raise DataError(f"{what}; {ALLOWED}", source=source)


def _read(sheet: str | os.PathLike[str]) -> bytes:
    name = os.fspath(sheet)
    try:
        with Path(sheet).open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise DataError(f"{name!r} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise DataError(f"the sheet cannot be read: {error}") from None


def _decoded(raw: bytes, source: str) -> str:
    """Return a file as text: by its byte-order mark, else UTF-8, else what Windows writes."""
    if raw.startswith(b"PK\x03\x04"):
        _refuse("the file is packed, as spreadsheets and documents are, and not text", source)
    mark = next((codec for start, codec in MARKS.items() if raw.startswith(start)), None)
    if mark is not None:
        codecs = [mark] if mark != "utf-8-sig" else [mark, "cp1252", "latin-1"]
    elif b"\0" in raw[:200]:
        codecs = ["utf-16-le"] if raw[1:2] == b"\0" else ["utf-16-be"]
    else:
        codecs = ["utf-8", "cp1252", "latin-1"]
    for codec in codecs:
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and len(CONTROL.findall(text)) <= max(FEW, BINARY * len(text)):
            return text
    _refuse("the file is not text", source)
    return ""
