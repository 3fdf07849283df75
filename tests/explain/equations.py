"""Formulas read back: LaTeX and MathML of numbers only, as what Python can work out."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from typing import Any

from glassnet.explain.workings import Workings

NUMBER = re.compile(r"\d+(?:\.\d+)?")
TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\s+|.")
FUNCTIONS: dict[str, Any] = {
    "tanh": math.tanh,
    "ln": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "erf": math.erf,
    "sign": lambda value: (value > 0) - (value < 0),
    "max": max,
    "min": min,
    "sqrt": math.sqrt,
    "abs": abs,
    "floor": math.floor,
    "argmin": lambda *values: 1 + values.index(min(values)),
    "argmax": lambda *values: 1 + values.index(max(values)),
    "e": math.e,
    "inf": math.inf,
}


def substituted(workings: Workings) -> int:
    """Return how many equations have a side with numbers put in."""
    parts = (part for page in workings.pages() for part in page.parts)
    return sum(len(entry.sides) == 3 for part in parts for entry in part.workings)


class NotNumbersError(ValueError):
    """The formula has names in it."""


def value(tokens: list[str]) -> float:
    """Return the value of a formula in tokens common to LaTeX and MathML."""
    text = " ".join(tokens).replace(", else", " else").replace(" . ", ".")
    # a function without brackets is of the number behind it
    text = re.sub(r"\b(tanh|ln|sin|cos|erf|sign) (\d[\d.]*)", r"\1(\2)", text)
    return float(eval(text, {"__builtins__": {}}, FUNCTIONS))


# --- LaTeX ----------------------------------------------------------------------------------------
WORDS = {
    r"\cdot": "*", r"\le": "<=", r"\ge": ">=", r"\ne": "!=", r"\bigl": "", r"\bigr": "",
    r"\left": "", r"\right": "", r"\lvert": "abs(", r"\rvert": ")", r"\lfloor": "floor(",
    r"\rfloor": ")", r"\infty": "inf", "=": "==", "{": "(", "}": ")",
}  # fmt: skip
PLAIN = set("+-/(),<>")


def latex_tokens(text: str) -> list[str]:
    found: list[str] = []
    todo = [token for token in TOKEN.findall(text) if not token.isspace()]
    at = 0

    def group() -> list[str]:
        nonlocal at
        if todo[at] != "{":
            at += 1
            return [todo[at - 1]]
        depth, start = 0, at + 1
        while True:
            depth += {"{": 1, "}": -1}.get(todo[at], 0)
            at += 1
            if depth == 0:
                return todo[start : at - 1]

    while at < len(todo):
        token = todo[at]
        at += 1
        if token == r"\frac":
            above, below = group(), group()
            found += ["((", *_again(above), ")/(", *_again(below), "))"]
        elif token == r"\sqrt":
            found += ["sqrt(", *_again(group()), ")"]
        elif token == "^":
            found += ["**(", *_again(group()), ")"]
        elif token in (r"\mathrm", r"\text", r"\operatorname"):
            found.append(f" {' '.join(''.join(group()).split())} ".replace("if", " if "))
        elif token in WORDS:
            found.append(WORDS[token])
        elif token.startswith("\\") and token[1:] in FUNCTIONS:
            found.append(token[1:])
        elif NUMBER.fullmatch(token) or token in PLAIN:
            found.append(token)
        else:
            raise NotNumbersError(text)
    return found


def _again(tokens: list[str]) -> list[str]:
    return latex_tokens(" ".join(tokens))


def latex_value(text: str) -> float:
    return value(_worded(latex_tokens(text)))


def rounds_to(found: float, wanted: float, digits: int) -> bool:
    """Return whether a value is another one when it is rounded to so many digits.

    Halfway between two numbers either is right: which one it is depends on the last bit, and so on
    how a sum is added up (from 3.12 on Python's `sum` makes up for its rounding errors).
    """
    near = (found * (1.0 + last) for last in (0.0, 1e-13, -1e-13))
    most = 0.6 * 10 ** (1 - digits)
    return any(math.isclose(float(f"{x:.{digits}g}"), wanted, rel_tol=most) for x in near)


# --- MathML ---------------------------------------------------------------------------------------
SIGNS = {"−": "-", "·": "*", "≤": "<=", "≥": ">=", "≠": "!=", "=": "==", "\u2061": "", "∞": "inf"}


def mathml_tokens(element: ET.Element) -> list[str]:
    parts = [mathml_tokens(child) for child in element]
    text = (element.text or "").replace("\u00a0", " ")
    match element.tag:
        case "mfrac":
            return ["((", *parts[0], ")/(", *parts[1], "))"]
        case "msqrt":
            return ["sqrt(", *(token for part in parts for token in part), ")"]
        case "msup":
            return [*parts[0], "**(", *parts[1], ")"]
        case "math" | "mrow":
            return _bars([token for part in parts for token in part])
        case "mn":
            return [SIGNS.get(text, text)]
        case "mo":
            if text not in SIGNS and text not in "+/(),<>|⌊⌋":
                raise NotNumbersError(text)
            return [{"⌊": "floor(", "⌋": ")"}.get(text, SIGNS.get(text, text))]
        case "mtext":
            return [f" {text.strip()} "]
        case "mi" if text in FUNCTIONS or text == "not":
            return [text]
        case _:
            raise NotNumbersError(text)


def _bars(tokens: list[str]) -> list[str]:
    found, inside = list[str](), False
    for token in tokens:
        found.append(("abs(", ")")[inside] if token == "|" else token)
        inside ^= token == "|"
    return found


def mathml_value(*texts: str) -> float:
    inner = "".join(re.sub(r"</?math>", "", text) for text in texts)
    return value(_worded(mathml_tokens(ET.fromstring(f"<math>{inner}</math>"))))


def _worded(tokens: list[str]) -> list[str]:
    """Return tokens with the words of a choice as Python reads them."""
    words = [token.strip() for token in tokens if token.strip()]
    return [{", else": ", else", ",else": ", else", "is": "=="}.get(word, word) for word in words]
