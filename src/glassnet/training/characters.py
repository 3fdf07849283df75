"""Networks that have learnt a text, character by character, and write on (K2, K6)."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from glassnet.data.text.stored import CharacterReader
from glassnet.data.text.vocabulary import UNKNOWN
from glassnet.errors import ArgumentError, DataError
from glassnet.graph.types import Array
from glassnet.learning.optimizer import Optimizer
from glassnet.ops.philox import uniform
from glassnet.training.loop import Examples, Settings, train
from glassnet.training.network import LARGEST_SEED, Network
from glassnet.training.run import Run
from glassnet.training.walking import Walker
from glassnet.training.windows import cut_windows
from glassnet.unit import check_number, check_whole

__all__ = [
    "bits_per_character",
    "character_network",
    "cut_text",
    "fit_characters",
    "sample",
    "unigram_bits",
]

STREAM = 1 << 21
LONGEST = 1_000_000  # characters that may be asked for at once
LEAST = 20  # characters of a text
MOST = 5_000  # characters that are told apart


def character_network(
    text: str,
    layers: str = "128 lstm returns=sequence, softmax",
    *,
    embedding: int = 64,
    steps: int = 64,
    seed: int = 0,
    dtype: str = "float32",
) -> Network:
    """Return a network that answers each character of a text with probabilities of the next one.

    Args:
        text: The text that it will be trained on: its characters are the symbols.
        layers: The layers after the embedding, as `--layers` reads them.
        embedding: How many numbers stand for a character; 0 if `layers` begin with an embedding.
        steps: How many characters a window has.
        seed: Where the first weights are drawn from.
        dtype: "float32" or "float64".

    Raises:
        ArgumentError, ShapeError: The layers cannot answer each step.
        DataError: The text has fewer than twenty characters, or only one that is repeated.
    """
    from glassnet.nn.layers import Embedding
    from glassnet.nn.stack import parse_layers

    if len(text) < LEAST:
        raise DataError(f"the text has {len(text)} characters; {LEAST} are needed at least")
    reader = CharacterReader.of(text, MOST)
    count = len(reader.vocabulary)
    if count < 2:
        raise DataError(f"the text is one character, {text[0]!r}, repeated: nothing to learn")
    found = parse_layers(layers, count)
    if not isinstance(found[0], Embedding):
        found = (Embedding(count, embedding), *found)
    net = Network(found, (steps,), seed=seed, dtype=dtype)
    stack = net.stack
    if stack.shapes[-1] != (steps, count) or stack.activation.name != "softmax":
        raise ArgumentError(
            f"layers {layers!r} answer with shape {stack.shapes[-1]} of {stack.activation.name} "
            f"outputs; each of {steps} steps needs {count} of softmax, one for each character: "
            "write layers as in '128 lstm returns=sequence, softmax'"
        )
    if not stack.carries():
        raise ArgumentError(f"layers {layers!r}: no layer goes over time: write '128 lstm "
                            "returns=sequence, softmax'")  # fmt: skip
    net.text = reader
    return net


def cut_text(
    net: Network,
    text: str,
    settings: Settings,
    truncate: int | tuple[int, int],
    streams: int,
    validation: float,
) -> tuple[Examples, Settings]:
    """Return a text as windows, each character with the next one as its target.

    Args:
        net: A network from `character_network`.
        text: The text.
        settings: How to train.
        truncate: How many characters gradients go back, or (k₁, k₂).
        streams: In how many parts, learnt from side by side, the text is cut.
        validation: The share at the end of the text that is held back; 0 for none.

    Raises:
        DataError: The text is too short for such windows.
    """
    reader = net.text
    assert isinstance(reader, CharacterReader)
    symbols = reader.vocabulary.symbols
    numbers = reader.numbers(text)
    answers = np.array(symbols)[numbers[1:]]
    return cut_windows(
        net, numbers[:-1], answers, settings, truncate, streams,
        validation=validation or None, classes=symbols,
    )  # fmt: skip


def fit_characters(
    net: Network,
    text: str,
    *,
    streams: int = 32,
    validation: float = 0.1,
    optimizer: str | Optimizer = "adam 0.004",
    epochs: int = 10,
    patience: int | None = None,
    clip_norm: float | None = 1.0,
    seed: int = 0,
    progress: bool | None = None,
    engine: str | None = None,
) -> Run:
    """Train a network on a text by truncated back-propagation through time; return the run.

    Args:
        net: A network from `character_network`; gradients go back as many steps as it takes.
        text: The text that its characters come from.
        streams: In how many parts, learnt from side by side, the text is cut.
        validation: The share at the end of the text that is held back; 0 for none.
        optimizer: By name with settings, or as an object.
        epochs: How often the text is learnt from, at most.
        patience: Stop when the validation loss has not improved for so many epochs.
        clip_norm: The largest norm of all gradients together; None for no limit.
        seed: Where dropout is drawn from.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.
        engine: "native" or "reference"; if not given, the native one where it can be used.

    Raises:
        ArgumentError: The network reads no text so, or a setting is not allowed.
        DataError: The text is too short, or has other characters.
    """
    _reader_of(net)
    check_number("validation", validation, low=0, high=1, open_high=True)
    settings = Settings(
        Optimizer.of(optimizer),
        epochs=epochs,
        patience=patience,
        seed=seed,
        clip_norm=clip_norm,
        progress=progress,
        engine=engine,
    )
    steps = net.stack.inputs[0]
    examples, settings = cut_text(net, text, settings, steps, streams, validation)
    return train(net, examples, settings)


def bits_per_character(net: Network, text: str, streams: int = 32) -> float:
    """Return how many bits a character of a text costs, −log₂ of its probability, on average.

    The first character is not counted. A long text is cut into parts that are read side by side,
    each without what stands before it.

    Raises:
        ArgumentError: The network has not learnt a text.
        DataError: A character was not in the text of the training, or there are fewer than two.
    """
    numbers = _reader_of(net).numbers(text)
    if len(numbers) < 2:
        raise DataError("the text must have two characters at least")
    count = max(1, min(streams, len(numbers) // 200))
    time = (len(numbers) - 1) // count
    walker = Walker(net, count)
    x = numbers[: count * time].reshape(count, time)
    right = numbers[1 : count * time + 1].reshape(count, time)
    rows, bits = np.arange(count), 0.0
    for t in range(time):
        shares = walker.step(x[:, t])[rows, right[:, t]].astype(np.float64)
        bits -= float(np.log2(np.maximum(shares, np.finfo(np.float64).tiny)).sum())
    return bits / (count * time)


def unigram_bits(text: str) -> float:
    """Return the entropy of a text's characters in bits: what one costs who knows their shares.

    >>> unigram_bits("aabb")
    1.0
    """
    counts = np.array(list(Counter(text).values()), np.float64)
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def sample(
    net: Network,
    prompt: str = "",
    length: int = 500,
    *,
    temperature: float = 1.0,
    seed: int = 0,
) -> str:
    """Return text that a network of characters writes after a prompt.

    Each character is drawn with the probabilities softmax(log y / T); with T = 0 it is the most
    probable one.

    Args:
        net: A network that `glassnet train` has trained on a text, or `character_network` made.
        prompt: What the text begins with; it is read before anything is drawn. If empty, the text
            begins after the end of a line.
        length: How many characters are drawn.
        temperature: T ≥ 0: below 1 the probable ones become more probable, above 1 less.
        seed: Where the characters are drawn from: the same seed gives the same text.

    Returns:
        The prompt and what was drawn after it.

    Raises:
        ArgumentError: The network has not learnt a text, or a setting is not allowed.
        DataError: The prompt has a character that was not in the text of the training.
    """
    reader = _reader_of(net)
    check_whole("length", length, high=LONGEST)
    check_number("temperature", temperature, low=0)
    check_whole("seed", seed, low=0, high=LARGEST_SEED)
    known = reader.vocabulary
    numbers = reader.numbers(prompt, "the prompt")
    if not len(numbers):
        first = "\n" if "\n" in known else known.symbols[-1 if UNKNOWN not in known else 1]
        numbers = np.array([known.number(first)])
    walker = Walker(net)
    y = np.zeros((1, len(known)))
    for number in numbers:
        y = walker.step(np.array([number]))
    draws = uniform((length,), seed, stream=STREAM)
    drawn: list[str] = []
    for draw in draws:
        number = _draw(y[0], temperature, float(draw), never=reader.unknown)
        drawn.append(known.symbols[number])
        y = walker.step(np.array([number]))
    return prompt + "".join(drawn)


def _reader_of(net: Network) -> CharacterReader:
    reader = net.text
    if not isinstance(reader, CharacterReader):
        raise ArgumentError(
            "the network has not learnt to write characters: `glassnet train book.txt` makes one "
            "that has"
        )
    return reader


def _draw(y: Array, temperature: float, draw: float, never: int | None) -> int:
    """Return the number of a symbol, by probabilities and a number uniform in [0, 1)."""
    with np.errstate(divide="ignore"):
        scores = np.log(y.astype(np.float64))
    if never is not None:
        scores[never] = -math.inf
    if temperature == 0:
        return int(scores.argmax())
    shares = np.exp((scores - scores.max()) / temperature)
    sums = shares.cumsum()
    return min(int((sums <= draw * sums[-1]).sum()), len(y) - 1)
