"""`glassnet evaluate`: how good a model's answers to new data are."""

from __future__ import annotations

from typing import Annotated

import typer

from glassnet.cli import options as common
from glassnet.cli.describe import extent
from glassnet.cli.jobs.asked_texts import evaluate_texts, reads_texts
from glassnet.cli.opening import open_any, open_for_model
from glassnet.cli.options import Reading
from glassnet.cli.results import measure, show_measures
from glassnet.cli.screen import Screen, print_json
from glassnet.data.files import MADE_NAMES
from glassnet.errors import ArgumentError, DataError

__all__ = ["evaluate"]


def evaluate(
    model: common.ModelArgument,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A file like that of the training, with the target's column; of digits, the "
            "official test part is taken.",
            show_default=False,
        ),
    ],
    as_json: common.AsJson = False,
    header: common.Header = None,
    delimiter: common.Delimiter = None,
    encoding: common.Encoding = None,
    missing: common.Missing = None,
    numbers: common.Numbers = None,
    categories: common.Categories = None,
    ignore: common.Ignore = None,
    labels: common.Labels = None,
    target_text: Annotated[
        str | None,
        typer.Option(
            "--target-text",
            metavar="FILE",
            help="Of models that translate: the right answers to the lines of DATA, a line each.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Measure how good the answers of MODEL are for DATA, where the right ones are known.

    Classes: accuracy, precision, recall, F1 and the confusion matrix. Numbers: R², MAE, RMSE.

    [bold]Examples[/bold]

    glassnet evaluate digits.safetensors digits

    glassnet evaluate houses.safetensors houses-2025.csv
    """
    from glassnet.data.text.stored import CharacterReader
    from glassnet.training import Network
    from glassnet.training.prepare import encode
    from glassnet.training.translation.model import EncoderDecoder

    reading = Reading(header, delimiter, encoding, missing, numbers, categories, ignore, labels)
    net = open_any(model)
    if isinstance(net, EncoderDecoder):
        from glassnet.cli.jobs.pairs import evaluate_pairs

        return evaluate_pairs(model, net, data, target_text, encoding, as_json=as_json)
    if target_text is not None:
        raise ArgumentError("--target-text is for models that translate")
    if net.task is None:
        raise ArgumentError(
            f"{str(model)!r} learnt without targets, so there are no right answers to measure; "
            f"`glassnet predict` gives what it makes of each row"
        )
    if data in MADE_NAMES:
        from glassnet.cli.jobs.steps import evaluate_made

        return evaluate_made(model, net, data, as_json=as_json)
    if isinstance(net, Network) and isinstance(net.text, CharacterReader):
        from glassnet.cli.jobs.characters import evaluate_characters

        return evaluate_characters(model, net, data, encoding, as_json=as_json)
    if isinstance(net, Network) and reads_texts(net):
        return evaluate_texts(model, net, data, reading, as_json=as_json)
    table, notes = open_for_model(data, net, reading)
    preprocessing = net.preprocessing
    if preprocessing is None or preprocessing.target is None:
        raise DataError(
            "this model was trained on plain numbers, not on a file, and knows no columns: use "
            "`glassnet.load` in Python and give it an array",
            source=table.source,
        )
    part = encode(preprocessing, table)
    found = measure(net, part)
    notes = tuple(dict.fromkeys((*notes, *part.notes)))
    if as_json:
        name = preprocessing.target.name
        document = {"model": str(model), "data": table.source, "target": name}
        print_json({**document, "measures": found.to_json(), "notes": list(notes)})
        return 0
    screen = Screen()
    screen.heading("Data", table.source)
    screen.line(extent(table))
    screen.notes(notes)
    screen.heading("Results", str(model))
    show_measures(screen, {"": found}, preprocessing.target.name)
    return 0
