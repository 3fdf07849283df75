"""The forms in the records of ops, read once into small trees: `1 / (1 + e^(−{0}))`.

No form is known by name: what is written with signs, functions, powers and brackets can be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from glassnet.records import dataclass

__all__ = ["Bracketed", "Choice", "Form", "Hole", "Infix", "Literal", "Prefix", "Raised", "parse"]


@dataclass(frozen=True)
class Hole:
    """Where an input (by number) or an attribute (by name) is put in."""

    key: str


@dataclass(frozen=True)
class Literal:
    """A number, a letter or a word."""

    text: str


@dataclass(frozen=True)
class Infix:
    """A sign between two forms; "" where they stand side by side."""

    sign: str
    left: Form
    right: Form


@dataclass(frozen=True)
class Prefix:
    """A function without brackets, or a sign in front: tanh, ln, √, Σ, −."""

    word: str
    inside: Form


@dataclass(frozen=True)
class Raised:
    """A form with an exponent."""

    base: Form
    exponent: Form


@dataclass(frozen=True)
class Bracketed:
    """Forms in brackets, with the name of a function in front or without one."""

    name: Form | None
    left: str
    entries: tuple[Form, ...]
    right: str


@dataclass(frozen=True)
class Choice:
    """One form if a condition holds, else another one."""

    then: Form
    condition: Form
    otherwise: Form


Form = Hole | Literal | Infix | Prefix | Raised | Bracketed | Choice

TOKEN = re.compile(r"(\s*)(\{\w+\}|\d+(?:\.\d+)?|[²³ᵀ√Σ]|[^\W\d_]+(?:-[^\W\d_]+)*|\S)")
RELATIONS = ("<", "≤", "=", "≠", ">", "≥", "is", "at")
CLOSING = {"(": ")", "[": ")]", "|": "|", "⌊": "⌋"}
RAISED = {"²": "2", "³": "3", "ᵀ": "T"}
ENDS = (*RELATIONS, *RAISED, "+", "−", "·", "/", "^", ",", ")", "]", "⌋", "if", "else", "")


@cache
def parse(form: str) -> Form:
    """Return the tree of a form.

    >>> parse("√{0}")
    Prefix(word='√', inside=Hole(key='0'))

    Raises:
        ValueError: The form is not put together from signs, functions, powers and brackets.
    """
    return _Reader(form).read()


class _Reader:
    def __init__(self, form: str) -> None:
        found = [(m[2], bool(m[1])) for m in TOKEN.finditer(form)]
        self.form, self.tokens = form, [*found, ("", True)]
        self.at, self.bars = 0, 0

    def read(self) -> Form:
        found = self._choice()
        if self._next():
            self._fail()
        return found

    def _next(self) -> str:
        return self.tokens[self.at][0]

    def _take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][0]

    def _expect(self, wanted: str) -> str:
        if not self._next() or self._next() not in wanted:
            self._fail()
        return self._take()

    def _fail(self) -> None:
        raise ValueError(f"the form {self.form!r} cannot be read at {self._next()!r}")

    def _choice(self) -> Form:
        found = self._relation()
        if self._next() != "if":
            return found
        self._take()
        condition = self._relation()
        self._expect(",")
        self._expect("else")
        return Choice(found, condition, self._relation())

    def _relation(self) -> Form:
        return self._infix(RELATIONS, lambda: self._infix(("+", "−"), self._product))

    def _infix(self, signs: tuple[str, ...], part: Callable[[], Form]) -> Form:
        found = part()
        while self._next() in signs:
            sign = self._take()
            found = Infix(sign, found, part())
        return found

    def _product(self) -> Form:
        found = self._signed()
        while True:
            if self._next() in ("·", "/"):
                sign = self._take()
                found = Infix(sign, found, self._signed())
            elif self._next() in ENDS or (self._next() == "|" and self.bars):
                return found
            else:
                found = Infix("", found, self._signed())

    def _signed(self) -> Form:
        token = self._next()
        if token in ("−", "√", "Σ"):
            self._take()
            return Prefix(token, self._signed())
        after, apart = self.tokens[self.at + 1] if token else ("", True)
        if token[:1].isalpha() and apart and after not in ENDS:
            self._take()
            return Prefix(token, self._signed())
        return self._power()

    def _power(self) -> Form:
        found = self._atom()
        while True:
            token = self._next()
            if token == "^":
                self._take()
                exponent = self._signed()
                if isinstance(exponent, Bracketed) and exponent.name is None:
                    (exponent,) = exponent.entries
                found = Raised(found, exponent)
            elif token in RAISED:
                found = Raised(found, Literal(RAISED[self._take()]))
            elif token in ("(", "[") and not self.tokens[self.at][1]:
                found = self._bracketed(found)
            else:
                return found

    def _atom(self) -> Form:
        token = self._next()
        if token in CLOSING:
            return self._bracketed(None)
        if token in ENDS:
            self._fail()
        self._take()
        return Hole(token[1:-1]) if token.startswith("{") else Literal(token)

    def _bracketed(self, name: Form | None) -> Form:
        left = self._take()
        self.bars += left == "|"
        entries = [self._choice()]
        while self._next() == ",":
            self._take()
            entries.append(self._choice())
        right = self._expect(CLOSING[left])
        self.bars -= left == "|"
        return Bracketed(name, left, tuple(entries), right)
