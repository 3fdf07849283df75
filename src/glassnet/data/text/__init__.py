"""Text: symbols and their numbers, words and characters."""

from glassnet.data.text.tokens import CHARACTERS, WORDS, Tokens
from glassnet.data.text.vocabulary import END, START, UNKNOWN, Vocabulary

__all__ = ["CHARACTERS", "END", "START", "UNKNOWN", "WORDS", "Tokens", "Vocabulary"]
