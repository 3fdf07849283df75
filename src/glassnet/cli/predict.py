"""`glassnet predict`: a model's answers to new data, as CSV."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from glassnet.cli import options as common
from glassnet.cli.fitting import check_size
from glassnet.cli.jobs.asked_texts import answer_texts, reads_texts
from glassnet.cli.opening import open_for_model, open_model, refuse_writer
from glassnet.cli.options import FILES, Reading
from glassnet.cli.screen import note, print_json
from glassnet.cli.writing import check_outputs
from glassnet.data.files import MADE_NAMES
from glassnet.errors import ArgumentError
from glassnet.files import write_file

if TYPE_CHECKING:
    from glassnet.data import Images, Table
    from glassnet.graph.types import Array
    from glassnet.rules import Estimator
    from glassnet.training import Network

__all__ = ["predict"]

PREDICTION = "prediction"
OutCsv = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="The CSV file to write; standard output if not said, or -.",
        rich_help_panel=FILES,
        show_default=False,
    ),
]
AsJsonRows = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of CSV.")]


def predict(
    model: common.ModelArgument,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A file like that of the training, with the target's column or without it; "
            "- for standard input.",
            show_default=False,
        ),
    ],
    out: OutCsv = None,
    as_json: AsJsonRows = False,
    header: common.Header = None,
    delimiter: common.Delimiter = None,
    encoding: common.Encoding = None,
    missing: common.Missing = None,
    numbers: common.Numbers = None,
    categories: common.Categories = None,
    ignore: common.Ignore = None,
    labels: common.Labels = None,
) -> int:
    """Answer each row of DATA with MODEL: CSV with a line for each row, in the same order.

    The first column is the prediction; for classes, the others are their probabilities. A rule that
    learns without targets gives what it makes of each row: principal components, or the unit that
    wins.
    Columns that the model does not need may be there; they are passed over.

    [bold]Examples[/bold]

    glassnet predict iris.safetensors flowers.csv

    glassnet predict houses.safetensors houses-2025.csv --out prices.csv
    """
    reading = Reading(header, delimiter, encoding, missing, numbers, categories, ignore, labels)
    file = None if out is None or str(out) == "-" else out
    check_outputs({"--out": file}, {"MODEL": model, "DATA": data})
    net = open_model(model)
    if data in MADE_NAMES:
        raise ArgumentError(
            f"{data} is a task whose sequences are made, not a file: "
            f"`glassnet evaluate {model} {data}` makes new ones and shows the answers"
        )
    refuse_writer(net, model)
    answers, notes = _answer(net, data, reading)
    for text in dict.fromkeys(notes):
        note(text)
    if as_json:
        document = {"model": str(model), "data": data, **answers, "notes": list(notes)}
        if file is None:
            print_json(document)
        else:
            import json

            write_file(file, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return 0
    text = _csv(answers)
    if file is None:
        sys.stdout.write(text)
    else:
        write_file(file, text)
    return 0


def _answer(
    net: Network | Estimator, data: str, reading: Reading
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the answers to what a file holds, rows or texts; and notes."""
    from glassnet.training import Network

    if isinstance(net, Network) and reads_texts(net):
        answers, shares, notes = answer_texts(net, data, reading)
        columns = {name: _plain(found) for name, found in shares.items()}
        return {"predictions": answers, "probabilities": columns}, notes
    table, notes = open_for_model(data, net, reading)
    found, more = _answers(net, table)
    return found, (*notes, *more)


def _answers(
    net: Network | Estimator, data: Table | Images
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return predictions, and probabilities by class where the outputs are such; and notes."""
    from glassnet.errors import DataError
    from glassnet.rules import Estimator

    preprocessing = net.preprocessing
    if preprocessing is None:
        raise DataError(
            "this model was trained on plain numbers, not on a file, and knows no columns: use "
            "`glassnet.load` in Python and give it an array",
            source=data.source,
        )
    encoded = preprocessing.apply(data)
    check_size(net, encoded.values, data)
    rows = net.encoded(encoded.values)
    if isinstance(net, Estimator) and net.task is None:  # it gives no answers, it transforms
        columns = net.answer_columns(rows)
        return {"columns": {name: _plain(found) for name, found in columns.items()}}, encoded.notes
    found: dict[str, Any] = {"predictions": _plain(net.predict(rows))}
    target = preprocessing.target
    if net.task == "classification" and net.gives_probabilities:
        assert target is not None
        shares = net.predict_proba(rows)
        found["probabilities"] = {
            name: _plain(shares[:, index]) for index, name in enumerate(target.class_names)
        }
    return found, encoded.notes


def _plain(values: Array) -> list[Any]:
    """Return a row of values as Python's own, numbers with the digits that they really have."""
    if values.dtype.kind == "f":
        digits = 9 if values.dtype == np.float32 else 12
        return [float(f"{value:.{digits}g}") for value in values.tolist()]
    return values.tolist()


def _csv(answers: dict[str, Any]) -> str:
    if "columns" in answers:
        columns: dict[str, list[Any]] = answers["columns"]
        return _lines([*columns], zip(*columns.values(), strict=True))
    shares: dict[str, list[float]] = answers.get("probabilities", {})
    first = PREDICTION
    while first in shares:  # a class may have this name
        first += "_"
    return _lines([first, *shares], zip(answers["predictions"], *shares.values(), strict=True))


def _lines(head: list[str], rows: Iterable[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
