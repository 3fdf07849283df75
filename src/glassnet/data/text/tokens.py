"""How a text is cut into symbols: words and signs, or single characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from glassnet.records import dataclass

__all__ = ["CHARACTERS", "WORDS", "Tokens"]

WORD = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]")  # a word, with hyphens and apostrophes, or one sign
NO_SPACE_BEFORE = re.compile(r" ([.,;:!?%)\]}»”’])")
NO_SPACE_AFTER = re.compile(r"([(\[{«“‘]) ")


@dataclass(frozen=True)
class Tokens:
    """A way to cut a text into symbols, and to put them together again.

    Attributes:
        name: What the symbols are, as a model file says it.
        split: From a text to its symbols.
        join: From symbols to a text.

    >>> WORDS.split("Don't stop, ever!")
    ["don't", 'stop', ',', 'ever', '!']
    >>> WORDS.join(["don't", "stop", ",", "ever", "!"])
    "don't stop, ever!"
    >>> CHARACTERS.split("ab c")
    ['a', 'b', ' ', 'c']
    """

    name: str
    split: Callable[[str], list[str]]
    join: Callable[[Sequence[str]], str]

    @classmethod
    def named(cls, name: str) -> Tokens:
        """Return the way of that name, "word" or "character"; raises KeyError."""
        return {"word": WORDS, "character": CHARACTERS}[name]


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _sentence(words: Sequence[str]) -> str:
    return NO_SPACE_AFTER.sub(r"\1", NO_SPACE_BEFORE.sub(r"\1", " ".join(words)))


WORDS = Tokens("word", _words, _sentence)
CHARACTERS = Tokens("character", list, "".join)
