"""Files as bytes and as text: whatever stands in the way of reading one is explained here."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from pathlib import Path

from glassnet.errors import ArgumentError, DataError, nearest

__all__ = [
    "BUILTIN_NAMES",
    "MADE_NAMES",
    "MADE_PAIRS",
    "TEXT_ENDINGS",
    "read_bytes",
    "read_text",
]

BUILTIN_NAMES = ("iris", "digits")
# Tasks whose data are made (`data/generated/`).
MADE_PAIRS = ("dates", "digit-names")
MADE_NAMES = ("adding", "brackets", *MADE_PAIRS)
TEXT_ENDINGS = (".txt", ".text", ".md")

BYTE_ORDER_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BINARY_STARTS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    (b"PAR1", "a Parquet file: read it with pandas or polars and hand over the frame"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array: load it with numpy.load and hand over the array"),
)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a file, decompressed where they are a gzip stream.

    Raises:
        DataError: the file is missing (the nearest name is suggested), is a folder, may not be
            read, or is damaged.
    """
    place = Path(path)
    try:
        raw = place.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no file {str(place)!r}{_suggestion(place)}") from None
    except IsADirectoryError:
        raise DataError(f"{str(place)!r} is a folder, not a file; name a file in it") from None
    except PermissionError:
        if place.is_dir():  # on Windows a folder is refused in this way
            message = f"{str(place)!r} is a folder, not a file; name a file in it"
        else:
            message = f"no permission to read the file {str(place)!r}; change its permissions"
        raise DataError(message) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"the file {str(place)!r} cannot be read: {reason}") from None
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"the gzip file is damaged or cut short ({error}); fetch or compress it again",
            source=place.name,
        ) from None


def _suggestion(place: Path) -> str:
    try:
        beside = sorted(entry.name for entry in place.parent.iterdir())
    except OSError:
        return f"; the folder {str(place.parent)!r} is not there either, or may not be read"
    if place.name in MADE_NAMES:
        return f"; {place.name} is a task whose data are made: `glassnet train {place.name}`"
    hint = nearest(place.name, [*BUILTIN_NAMES, *MADE_NAMES, *beside])
    return (
        f"{hint}; the built-in data sets are {' and '.join(BUILTIN_NAMES)}, and "
        f"{', '.join(MADE_NAMES)} are made"
    )


def read_text(raw: bytes, source: str, encoding: str = "utf-8") -> tuple[str, tuple[str, ...]]:
    """Return the text of a file's bytes, and notes; a byte-order mark goes before `encoding`.

    Raises:
        ArgumentError: there is no such encoding.
        DataError: the bytes are not text in this encoding, or not text at all.
    """
    try:
        codec = codecs.lookup(encoding).name
        " ".encode(codec)  # refuses what is no encoding of text, such as "hex"
    except (LookupError, ValueError):
        hint = nearest(encoding, ["utf-8", "latin-1", "utf-16", "cp1252", "ascii"])
        raise ArgumentError(
            f"encoding {encoding!r} is not known{hint}; usual ones are utf-8, latin-1, utf-16"
        ) from None
    for start, what in BINARY_STARTS:
        if raw.startswith(start):
            raise DataError(f"looks like a binary file, not a table: {what}", source=source)
    notes: tuple[str, ...] = ()
    for mark, marked in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            codec, notes = marked, (f"encoding {marked.removesuffix('-sig')} (byte-order mark)",)
            break
    if b"\0" in raw and not codec.startswith(("utf-16", "utf-32")):
        offset = raw.index(b"\0")
        raise DataError(
            f"looks like a binary file, not a table: byte {offset} is NUL", source=source
        )
    try:
        text = raw.decode(codec)
    except UnicodeError as error:
        raise _undecodable(error, raw, source, codec) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        message = "looks like a binary file, not a table: there is a NUL character"
        raise DataError(message, source=source, line=line)
    return text, notes


def _undecodable(error: UnicodeError, raw: bytes, source: str, codec: str) -> DataError:
    hint = "say how the file is encoded, for example `--encoding latin-1` or `--encoding utf-16`"
    if not isinstance(error, UnicodeDecodeError):
        return DataError(f"the file is not text in {codec} ({error}); {hint}", source=source)
    byte = raw[error.start]
    return DataError(
        f"byte {error.start} (0x{byte:02x}) is not {codec} text; {hint}",
        source=source,
        line=raw.count(b"\n", 0, error.start) + 1,
    )
