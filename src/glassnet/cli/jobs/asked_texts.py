"""`glassnet predict` and `evaluate` with models that read texts and answer each once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.cli.options import Reading
from glassnet.cli.results import show_measures
from glassnet.cli.screen import Screen, print_json
from glassnet.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from glassnet.graph.types import Array
    from glassnet.rules import Estimator
    from glassnet.training import Network
    from glassnet.training.measures import ClassMeasures

__all__ = ["answer_texts", "evaluate_texts", "measure_texts", "reads_texts"]

STDIN = "-"
LONGEST = 40  # characters of a text in a message


def measure_texts(net: Network, texts: Sequence[str], labels: Sequence[Any]) -> ClassMeasures:
    """Return how good a network's answers to texts are."""
    from glassnet.training.measures import measure_classes

    assert net.classes is not None
    number = {name: index for index, name in enumerate(net.classes)}
    answers = [number[name] for name in net.predict(list(texts)).tolist()]
    wanted = [number[name] for name in labels]
    return measure_classes(np.array(answers), np.array(wanted), net.classes)


def reads_texts(model: Network | Estimator) -> bool:
    """Return whether a model reads texts and answers each once."""
    text: Any = getattr(model, "text", None)
    return text is not None and text.inputs is not None


def _read(net: Network, data: str, reading: Reading) -> tuple[list[str], list[Any | None]]:
    """Return the texts to be answered, a line each, and their labels, None where there is none."""
    from glassnet.data.files import BUILTIN_NAMES, read_bytes
    from glassnet.data.text import is_sentences, read_texts

    if reading != Reading():
        raise ArgumentError(
            "options that say how a table is read have no place here: the model reads texts, a "
            "line each"
        )
    if data == STDIN:
        return read_texts(sys.stdin.buffer.read(), "standard input", net.classes or ())
    place = Path(data)
    if data in BUILTIN_NAMES and not place.exists():
        raise ArgumentError(f"{data} is a table, and the model reads texts: name a file of them")
    files = [file for file in sorted(place.glob("*.txt")) if is_sentences(file)]
    if place.is_dir() and not files:
        raise DataError("no file of the folder holds sentences with labels", source=data)
    texts: list[str] = []
    labels: list[Any | None] = []
    for file in files or [place]:
        more, theirs = read_texts(read_bytes(file), file.name, net.classes or ())
        texts += more
        labels += theirs
    return texts, labels


def answer_texts(
    net: Network, data: str, reading: Reading
) -> tuple[list[Any], dict[str, Array], tuple[str, ...]]:
    """Return the answer to each text, the probabilities by label, and notes."""
    assert net.text is not None
    texts, _ = _read(net, data, reading)
    shares = net.predict_proba(texts)
    names = map(str, net.classes or ())
    columns = {name: shares[:, index] for index, name in enumerate(names)}
    return net.predict(texts).tolist(), columns, net.text.unread(texts)


def evaluate_texts(model: Path, net: Network, data: str, reading: Reading, *, as_json: bool) -> int:
    """Measure a model that reads texts on texts with labels."""
    assert net.text is not None
    texts, labels = _read(net, data, reading)
    if None in labels:
        at = labels.index(None)
        shown = texts[at] if len(texts[at]) <= LONGEST else f"{texts[at][: LONGEST - 1]}…"
        raise DataError(
            f"text {at + 1} ({shown!r}) has no label of the model's "
            f"({', '.join(map(str, net.classes or ()))}): it must stand after the text and a TAB. "
            "`glassnet predict` answers texts without labels",
            source="standard input" if data == STDIN else data,
        )
    found, notes = measure_texts(net, texts, labels), net.text.unread(texts)
    if as_json:
        document = {"model": str(model), "data": data, "measures": found.to_json()}
        print_json({**document, "notes": list(notes)})
        return 0
    screen = Screen()
    screen.heading("Data", data)
    screen.line(f"{len(texts):,} texts with labels")
    screen.notes(notes)
    screen.heading("Results", str(model))
    show_measures(screen, {"": found}, "label")
    return 0
