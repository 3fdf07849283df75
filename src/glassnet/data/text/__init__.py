"""Text: symbols and their numbers, words and characters, bags of words, sentences with labels."""

from glassnet.data.text.bags import BagOfWords, BagTable
from glassnet.data.text.sentences import Sentences, is_sentences, read_sentences, read_texts
from glassnet.data.text.tokens import CHARACTERS, WORDS, Tokens
from glassnet.data.text.vocabulary import END, START, UNKNOWN, Vocabulary

__all__ = [
    "CHARACTERS",
    "END",
    "START",
    "UNKNOWN",
    "WORDS",
    "BagOfWords",
    "BagTable",
    "Sentences",
    "Tokens",
    "Vocabulary",
    "is_sentences",
    "read_sentences",
    "read_texts",
]
