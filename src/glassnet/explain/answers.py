"""Answer sheets: what a student wrote, line by line; a line that cannot be read stops nothing."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator

from glassnet.explain.decoding import lines_of
from glassnet.explain.written import Written, read_number
from glassnet.records import dataclass

__all__ = ["Answer", "read_answers"]

ERROR = re.compile(r"#(?:VALUE!|DIV/0!|REF!|NAME\?|NUM!|N/A|NULL!)")
INFINITE = re.compile(r"[+−-]?(?:∞|inf(?:inity)?|[0-9.,]+[eE]\+?[0-9]{3,})", re.IGNORECASE)
WITHOUT = re.compile(r"(.+?)(?:\s*:\s*|\s+)(\S+)")  # a name and a value without an = between
BLANK = re.compile(r"[\s_.…?–—-]*")
WORDS = {
    "quantity": ("quantity", "address", "name", "symbol", "what"),
    "value": ("value", "answer", "result", "number", "wert", "valeur"),
    "step": ("step",),
}


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


def read_answers(sheet: str | os.PathLike[str] | bytes) -> list[Answer]:
    """Return the lines of an answer sheet.

    Args:
        sheet: The file; or its content, as bytes or as a text of several lines or with an = in it.

    Raises:
        DataError: The file cannot be read, is not text, or is too large.
    """
    lines = lines_of(sheet)
    told = re.fullmatch(r"\s*sep=(.)\s*", lines[0])  # as spreadsheets read it
    if told:
        lines[0] = ""
    delimiter = told[1] if told else _delimiter(lines)
    return list(_text(lines) if delimiter is None else _table(lines, delimiter))


def _delimiter(lines: list[str]) -> str | None:
    """Return what parts the cells of a table; None if the sheet is text with = signs."""
    for line in lines:
        text = line.strip()
        if not text or text.startswith(("#", "[")):
            continue
        if "=" in text or re.search(r":\s", text):
            return None
        bare = re.sub(r"\[[^\]]*\]|(?<=\s)[+-]?[0-9]+,[0-9]+", "", text)
        return next((sign for sign in (";", "\t", "|", ",") if sign in bare), None)
    return None


def _text(lines: list[str]) -> Iterator[Answer]:
    step: int | None = None
    for number, line in enumerate(lines, start=1):
        text = line if ERROR.search(line) else line.partition("#")[0]
        text = text.strip()
        if not text:
            continue
        heading = re.fullmatch(r"\[?\s*step\s*([0-9]{1,6})\s*[\]:]?", text, re.IGNORECASE)
        if heading:
            step = int(heading[1])
            continue
        name, sign, value = text.partition("=")
        without = None if sign else WITHOUT.fullmatch(text)
        if without and (read_number(without[2]) or BLANK.fullmatch(without[2])):
            yield _answer(number, step, without[1], without[2])
            continue
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
    if problem and ERROR.search(value):
        problem = "this is an error of the spreadsheet"
    elif problem and INFINITE.fullmatch(value):
        problem = "this is no finite number"
    return Answer(number, step, name, value, written, problem)


def _table(lines: list[str], delimiter: str) -> Iterator[Answer]:
    columns: dict[str, int] | None = None
    width = 2
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if delimiter == "|":  # as in Markdown
            line = line.strip().removeprefix("|").removesuffix("|")
            if re.fullmatch(r"[\s:|-]*", line):
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
        value = value if ERROR.search(value) else value.partition("#")[0]
        value = value.rpartition("=")[2]
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
