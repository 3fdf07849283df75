"""Answer sheets: what a student wrote, line by line; a line that cannot be read stops nothing."""

from __future__ import annotations

import csv
import math
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from glassnet.errors import DataError

__all__ = ["Answer", "Written", "plain_name", "read_answers", "read_number"]

LARGEST = 32_000_000  # bytes
LONGEST = 400  # characters of a value
BLANK = re.compile(r"[\s_.…?–—-]*")
WORDS = {
    "quantity": ("quantity", "address", "name", "symbol", "what"),
    "value": ("value", "answer", "result", "number", "wert", "valeur"),
    "step": ("step",),
}
GREEK = {
    "partial": "∂",
    "Delta": "Δ",
    "delta": "δ",
    "eta": "η",
    "gamma": "γ",
    "beta": "β",
    "sigma": "σ",
    "mu": "μ",
}
SIGNS = str.maketrans(
    {"\u2206": "Δ", "\u2202": "∂", "'": "′", "’": "′", "`": "′", "\u2212": "-", "–": "-", "—": "-"}
)


@dataclass(frozen=True)
class Written:
    """A number as it was written.

    Args:
        text: As it stands on the sheet.
        value: The number.
        unit: What the last digit counts; 0 for a fraction, which is exact.
        digits: Significant digits; of a fraction, as many as there are.
    """

    text: str
    value: float
    unit: float
    digits: int


@dataclass(frozen=True)
class Answer:
    """A line of an answer sheet.

    Args:
        number: The line, from 1.
        step: The step that it stands under; None if none is named.
        name: What stands for the quantity.
        text: What stands for the value.
        written: The number; None if there is none.
        problem: Why the line cannot be read; empty if it can, or if the value is blank.
    """

    number: int
    step: int | None
    name: str
    text: str
    written: Written | None = None
    problem: str = ""


# --- numbers --------------------------------------------------------------------------------------
PLAIN = re.compile(r"([+-]?)([0-9]*)(?:([.,])([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?")


def read_number(text: str) -> Written | None:
    """Return the number that a text stands for; None if it stands for none.

    >>> read_number("−0,170").value, read_number("1/4").value, read_number("3·10^−2").unit
    (-0.17, 0.25, 0.01)
    >>> read_number("0.5498").digits, read_number("a lot")
    (4, None)
    """
    if len(text) > LONGEST:
        return None
    cleaned = unicodedata.normalize("NFKC", _lowered_powers(text)).translate(SIGNS)
    cleaned = re.sub(r"\s", "", cleaned.replace("\u2044", "/")).removeprefix("≈").removeprefix("~")
    cleaned = re.sub(r"[·*×x](10\^?)\(?([+-]?[0-9]{1,4})\)?$", r"e\2", cleaned)
    above, slash, below = cleaned.partition("/")
    if not slash:
        return _decimal(text.strip(), cleaned)
    first, second = _decimal(text, above), _decimal(text, below)
    if first is None or second is None or second.value == 0.0:
        return None
    value = first.value / second.value
    return Written(text.strip(), value, 0.0, 17) if math.isfinite(value) else None


def _lowered_powers(text: str) -> str:
    """Return 10⁻³ as 10^-3; else the raised digits would become part of the 10."""
    raised = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺"
    plain = str.maketrans(raised, "0123456789-+")
    return re.sub(f"[{raised}]+", lambda found: "^" + found[0].translate(plain), text)


def _decimal(text: str, cleaned: str) -> Written | None:
    if cleaned.count(",") + cleaned.count(".") > 1:
        cleaned = _without_groups(cleaned)
    found = PLAIN.fullmatch(cleaned)
    if found is None or not (found[2] or found[4]):
        return None
    sign, whole, _, behind, power = found.groups()
    behind, places = behind or "", int(power or 0)
    try:
        exact = Decimal(f"{sign}{whole or 0}.{behind or 0}e{places}")
        value = float(exact)
    except (InvalidOperation, OverflowError, ValueError):
        return None
    if not math.isfinite(value) or (value == 0.0 and exact != 0) or abs(places) > 350:
        return None
    digits = (whole + behind).lstrip("0")
    zeros = 0
    if found[3] is None and power is None:  # 1230000 may be a number of three digits
        zeros = min(len(digits) - len(digits.rstrip("0")), max(0, len(digits) - 3))
    last = zeros + places - len(behind)
    return Written(text, value, float(f"1e{last}"), max(len(digits) - zeros, 1))


def _without_groups(cleaned: str) -> str:
    """Return 1.234,5 and 1,234.5 without the signs that only part thousands."""
    last = max(cleaned.rfind(","), cleaned.rfind("."))
    other = "," if cleaned[last] == "." else "."
    if re.fullmatch(rf"[+-]?[0-9]{{1,3}}([{other}][0-9]{{3}})+[.,][0-9]*([eE].*)?", cleaned):
        return cleaned.replace(other, "")
    return cleaned


# --- names ----------------------------------------------------------------------------------------
def plain_name(text: str) -> str:
    """Return a quantity's name without the ways in which spelling differs.

    >>> plain_name("hidden.w₁₂ new"), plain_name("hidden.w[1, 2] new"), plain_name("delta_1")
    ('hidden.w12new', 'hidden.w12new', 'δ1')
    >>> plain_name("w[1,12]"), plain_name("w new[1,2]")
    ('w1,12', 'w12new')
    """
    found = unicodedata.normalize("NFKC", text.translate(SIGNS)).translate(SIGNS)
    found = re.sub(r"(^|[\s.:])d(?=[Ee]\s*/)", r"\1∂", found)
    found = re.sub(r"(?<=/)\s*d(?=[a-zA-Z])", "∂", found)
    for word, sign in GREEK.items():
        found = re.sub(rf"(?<![a-z]){word}(?![a-z]{{2,}})", sign, found)
    found = re.sub(r"[\s_{}$\\]", "", found)
    found = re.sub(r"\[([0-9,]*)\]", _places, found)
    # the places stand in front of words such as "new", wherever they were written
    return re.sub(r"(new|before|clipped)([0-9,]+)", r"\2\1", found)


def _places(found: re.Match[str]) -> str:
    places = found[1].split(",")
    return ("," if any(len(place) > 1 for place in places) else "").join(places)


# --- sheets ---------------------------------------------------------------------------------------
def read_answers(sheet: str | os.PathLike[str] | bytes) -> list[Answer]:
    """Return the lines of an answer sheet.

    Args:
        sheet: The file; or its content, as bytes or as a text of several lines or with an = in it.

    Raises:
        DataError: The file cannot be read, or is not text.
    """
    source = "the sheet"
    if isinstance(sheet, bytes):
        text = _decoded(sheet, source)
    elif isinstance(sheet, str) and ("\n" in sheet or "=" in sheet):
        text = sheet
    else:
        source = Path(sheet).name
        try:
            if Path(sheet).stat().st_size > LARGEST:
                raise DataError("the file is too large for an answer sheet", source=source)
            raw = Path(sheet).read_bytes()
        except OSError as error:
            name = os.fspath(sheet)
            raise DataError(f"{name!r} cannot be read: {error.strerror or error}") from None
        except ValueError as error:
            raise DataError(f"the sheet cannot be read: {error}") from None
        text = _decoded(raw, source)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    delimiter = _delimiter(lines)
    return list(_text(lines) if delimiter is None else _table(lines, delimiter))


def _decoded(raw: bytes, source: str) -> str:
    """Return a file as text: by its byte-order mark, else UTF-8, else what Windows writes."""
    codecs = ["utf-8", "cp1252", "latin-1"]
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        codecs = ["utf-16"]
    elif raw.startswith(b"\xef\xbb\xbf"):
        codecs = ["utf-8-sig", *codecs]
    elif b"\0" in raw[:200]:
        codecs = ["utf-16-le"] if raw[1:2] == b"\0" else ["utf-16-be"]
    for codec in codecs:
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DataError("the file is not text", source=source)


def _delimiter(lines: list[str]) -> str | None:
    """Return what parts the cells of a table; None if the sheet is text with = signs."""
    for line in lines:
        text = line.strip()
        if not text or text.startswith(("#", "[")):
            continue
        if "=" in text:
            return None
        return next((sign for sign in (";", "\t", ",") if sign in text), None)
    return None


def _text(lines: list[str]) -> Iterator[Answer]:
    step: int | None = None
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        heading = re.fullmatch(r"\[?\s*step\s*([0-9]{1,6})\s*[\]:]?", text, re.IGNORECASE)
        if heading:
            step = int(heading[1])
            continue
        name, sign, value = text.partition("=")
        if not sign:
            yield Answer(number, step, text, "", None, "there is no = in it")
            continue
        yield _answer(number, step, name, value.rpartition("=")[2])


def _answer(number: int, step: int | None, name: str, value: str) -> Answer:
    name, value = name.strip(), value.strip()
    prefix = re.match(r"(?:step\s*)?([0-9]{1,6})\s*:\s*", name, re.IGNORECASE)
    if prefix:
        step, name = int(prefix[1]), name[prefix.end() :]
    if not name:
        return Answer(number, step, name, value, None, "there is no quantity in front of the =")
    if BLANK.fullmatch(value):
        return Answer(number, step, name, "")
    written = read_number(value)
    problem = "" if written is not None else "this is no number"
    return Answer(number, step, name, value, written, problem)


def _table(lines: list[str], delimiter: str) -> Iterator[Answer]:
    columns: dict[str, int] | None = None
    width = 2
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = _cells(line, delimiter)
        if columns is None:
            columns = _columns(cells)
            if columns is not None:
                width = len(cells)
                continue
            width = 3 if len(cells) > 2 and cells[0].strip().isdecimal() else 2
            columns = {"quantity": width - 2, "value": width - 1}
            if width == 3:
                columns["step"] = 0
        if delimiter == "," and len(cells) == width + 1 and columns["value"] == width - 1:
            cells = [*cells[:-2], ",".join(cells[-2:])]  # a decimal comma
        if not any(cell.strip() for cell in cells):
            continue
        where = columns.get("step")
        step, problem = None, ""
        if where is not None and where < len(cells) and cells[where].strip():
            text = cells[where].strip()
            if re.fullmatch(r"[0-9]{1,6}", text):
                step = int(text)
            else:
                problem = "its step is no whole number"
        name = cells[columns["quantity"]] if columns["quantity"] < len(cells) else ""
        value = cells[columns["value"]] if columns["value"] < len(cells) else ""
        value = value.partition("#")[0].rpartition("=")[2]
        if problem:
            yield Answer(number, None, name.strip(), value.strip(), None, problem)
        elif not name.strip():
            yield Answer(number, step, "", value.strip(), None, "it names no quantity")
        else:
            yield _answer(number, step, name, value)


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line; a comma within brackets parts none."""
    if delimiter == "," and '"' not in line:
        return re.split(r",(?![^\[]*\])", line)
    try:
        return next(csv.reader([line], delimiter=delimiter), [""])
    except csv.Error:
        return line.split(delimiter)


def _columns(cells: list[str]) -> dict[str, int] | None:
    """Return where which column stands, if this is the line of their names."""
    found: dict[str, int] = {}
    for column, words in WORDS.items():
        for place, cell in enumerate(cells):
            if cell.strip().lower() in words and column not in found:
                found[column] = place
    return found if {"quantity", "value"} <= set(found) else None
