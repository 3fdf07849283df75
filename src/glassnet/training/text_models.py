"""Networks that read a text and answer once (many to one, K2): three ways to read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.data.text.bags import BagOfWords
from glassnet.data.text.stored import (
    BagReader,
    CharacterReader,
    SequenceReader,
    TextReader,
    with_words,
)
from glassnet.errors import ArgumentError, DataError
from glassnet.nn.layers import Dense, Dropout, Layer
from glassnet.nn.stack import Stack
from glassnet.records import dataclass
from glassnet.training.fit import fit
from glassnet.training.network import Network
from glassnet.training.run import Run
from glassnet.unit import check_choice

__all__ = ["KINDS", "TextRecipe", "check_reader", "fit_texts", "speaking", "text_network"]

LARGEST = 2**28  # numbers: rows of the training are written out with their zeros, 1 GB at most
LEAST_COLUMNS = 1000


@dataclass(frozen=True)
class TextRecipe:
    """A way to read texts, and how it is trained if nothing else is said.

    Args:
        title: What it is.
        optimizer: The optimiser with its settings.
        batch_size: Texts in a mini-batch.
        epochs: How often each text is learnt from, at most.
        patience: After how many epochs without improvement the training stops.
        l2: λ of the penalty (λ/2) Σw².
    """

    title: str
    optimizer: str
    batch_size: int
    epochs: int
    patience: int
    l2: float


KINDS = {
    "bag": TextRecipe("bag of words and pairs, tf-idf", "adam 0.02", 32, 60, 6, 2e-4),
    "average": TextRecipe("averaged embeddings", "adam 0.005", 32, 40, 6, 1e-4),
    "lstm": TextRecipe("LSTM in both directions", "adam 0.003", 32, 20, 4, 1e-4),
}


def text_network(kind: str, texts: Sequence[str], classes: int, *, seed: int = 0,
                 dtype: str = "float32") -> Network:  # fmt: skip
    """Return a network that reads texts, its words taken from those of the training.

    Args:
        kind: "bag" (a neuron, or softmax neurons, on a bag of words: logistic regression),
            "average" (the mean of learnt rows, one for each word) or "lstm".
        texts: The texts of the training.
        classes: How many classes there are.
        seed: Where the first weights are drawn from.
        dtype: "float32" or "float64".

    Raises:
        ArgumentError: There is no such kind.
        DataError: There is no text, or an empty one; no two texts have a word in common.
    """
    from glassnet.nn.layers import LSTM, Average, Bidirectional, Embedding, Mask

    check_choice("text", kind, tuple(KINDS))
    output = Dense(1, "logistic") if classes == 2 else Dense(classes, "softmax")
    reader: TextReader
    if kind == "bag":
        most = max(LEAST_COLUMNS, LARGEST // max(len(texts), 1))
        least = 2 if len(texts) > 50 else 1
        reader = BagReader(BagOfWords((1, 2), tfidf=True, least=least, most=most))
        with_words(texts)  # says what is wrong with one of them
        try:
            reader.bag.fit(texts)
        except DataError:
            raise DataError(
                f"no word stands in two of the {len(texts):,} texts: what is learnt from one would "
                "tell nothing about another"
            ) from None
        layers: list[Layer] = [output]
    else:
        reader = SequenceReader.of(texts)
        words = len(reader.vocabulary)
        if kind == "average":
            layers = [Mask(), Embedding(words, 48), Dropout(0.5), Average(), output]
        else:
            both = Bidirectional(LSTM(32))
            layers = [Mask(), Embedding(words, 48), Dropout(0.5), both, Dropout(0.5), output]
    net = Network(layers, reader.inputs, seed=seed, dtype=dtype)
    net.text = reader
    return net


def fit_texts(
    net: Network,
    texts: Sequence[str],
    labels: Sequence[Any],
    validation: tuple[Sequence[str], Sequence[Any]] | None = None,
    **settings: Any,
) -> Run:
    """Train a network that reads texts; settings and errors as `gn.fit`.

    Args:
        net: A network with a reader, as `text_network` makes it.
        texts: The texts.
        labels: The class of each.
        validation: Texts and their classes for early stopping.
        **settings: Settings of `fit`.

    Raises:
        DataError: The labels are of one class only.
    """
    if net.text is None:
        raise ArgumentError("the network reads no texts: make it with `text_network`")
    known = set(labels)
    if len(known) == 1:
        raise DataError(f"the labels are of one class only ({labels[0]!r}); two are needed")
    held = None
    if validation is not None:
        held = (net.text.rows(validation[0]), np.array(validation[1]))
    return fit(net, net.text.rows(texts), np.array(labels), validation=held, **settings)


def check_reader(reader: TextReader, stack: Stack) -> None:
    """Raise DataError unless a network can be fed what a reader gives."""
    if isinstance(reader, CharacterReader):
        count = len(reader.vocabulary)
        if len(stack.inputs) != 1 or stack.shapes[-1] != (*stack.inputs, count):
            raise DataError(f"the text's reader knows {count} characters; the network must answer "
                            f"each step with as many outputs")  # fmt: skip
    elif reader.inputs != stack.inputs:
        raise DataError(f"the text's reader gives shape {reader.inputs}, the network takes "
                        f"{stack.inputs}")  # fmt: skip
    known = [layer for layer in stack.layers if layer.name == "embedding"]
    sizes: list[Any] = [getattr(layer, "vocabulary", None) for layer in known]
    masked = stack.is_masked or isinstance(reader, CharacterReader)
    if reader.symbols is not None and (not masked or sizes != [reader.symbols]):
        raise DataError(f"the text's reader knows {reader.symbols} words; the network has no mask "
                        "and embedding for as many")  # fmt: skip


def speaking(net: Network, count: int = 8) -> dict[str, list[str]]:
    """Return the words that speak most for each class, by the weights of a bag of words.

    Args:
        net: A network that is one layer of neurons on a bag of words.
        count: How many words for each class.

    Raises:
        ArgumentError: The network reads texts in another way.
    """
    if not isinstance(net.text, BagReader) or len(net.layers) != 1 or net.classes is None:
        raise ArgumentError("only the weights of one layer on a bag of words speak for themselves")
    w = net.parameters["output.w"]
    rows = np.stack([-w[0], w[0]]) if len(w) == 1 else w - w.mean(0)
    words = net.text.bag.words
    return {
        str(name): [words[int(i)] for i in np.argsort(-row, kind="stable")[:count] if row[i] > 0]
        for name, row in zip(net.classes, rows, strict=True)
    }
