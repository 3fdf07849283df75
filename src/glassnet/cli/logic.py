"""`glassnet logic`: threshold neurons for a truth table, or the proof that one is not enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli import options as common
from glassnet.cli.options import FILES
from glassnet.cli.screen import Screen, print_json
from glassnet.cli.writing import check_outputs, model_path
from glassnet.errors import NotSeparableError

if TYPE_CHECKING:
    from glassnet.rules.logic import Certificate, LogicNetwork, ThresholdNeuron, TruthTable

__all__ = ["logic"]

NONE = 1  # the exit status where a single neuron was asked for and none exists


def logic(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help="The outputs in counting order, as 0001 for AND (x where one does not matter); "
            "or a CSV file with columns of inputs and, last, the output. At most 6 inputs.",
            show_default=False,
        ),
    ],
    single: Annotated[
        bool,
        typer.Option("--single", help="Only a single neuron; exit status 1 if there is none."),
    ] = False,
    bipolar: Annotated[
        bool, typer.Option("--bipolar", help="Inputs and outputs are -1 and 1 instead of 0 and 1.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="MODEL",
            help="Save the network as a model, such as and.safetensors.",
            rich_help_panel=FILES,
            show_default=False,
        ),
    ] = None,
    as_json: common.AsJson = False,
) -> int:
    """Find threshold neurons that compute TABLE: one, or a network of two layers.

    The single neuron has the smallest whole weights. If there is none, the proof is shown.

    [bold]Examples[/bold]

    glassnet logic 0001

    glassnet logic 0110 --out xor.safetensors

    glassnet logic majority.csv --single --json
    """
    from glassnet.rules.logic import TruthTable, network, neuron

    found = TruthTable.of(table)
    inputs = {"TABLE": table} if Path(table).is_file() else {}
    check_outputs({"--out": out}, inputs)
    place = None if out is None else model_path(out, table)
    one: ThresholdNeuron | None = None
    proof: Certificate | None = None
    try:
        one = neuron(found, bipolar=bipolar)
    except NotSeparableError as error:
        proof = error.certificate
    layers = None if single and one is None else network(found, bipolar=bipolar)
    if place is not None and layers is not None:
        layers.save(place)
    saved = place if layers is not None else None
    if as_json:
        print_json(_document(found, one, proof, layers, saved))
    else:
        _show(found, one, proof, layers, saved)
    return NONE if layers is None else 0


def _show(
    table: TruthTable,
    one: ThresholdNeuron | None,
    proof: Certificate | None,
    layers: LogicNetwork | None,
    saved: Path | None,
) -> None:
    screen = Screen()
    plural = "s" if table.inputs > 1 else ""
    screen.heading("Single neuron", f"{table} ({table.inputs} input{plural})")
    if one is not None:
        screen.line(one.statement)
        screen.gap()
        _show_rows(screen, *one.table())
        screen.gap()
        rows = sum(output is not None for output in table.outputs)
        which = "all" if rows == len(table.outputs) else "the"
        checked = f"checked on {which} {rows} rows{'' if which == 'all' else ' that matter'}"
        screen.line(checked if rows > 1 else "checked", "dim")
    if proof is not None:
        screen.line("There is none: the table is not linearly separable.")
        screen.gap()
        for sentence in proof.sentences:
            screen.line(sentence)
        screen.gap()
        screen.line("checked in whole numbers", "dim")
    if layers is not None and layers.hidden:
        count = len(layers.hidden)
        screen.heading("Two layers", f"{count} hidden neuron{'s' if count > 1 else ''}")
        width = max(len(name) for name, _, _ in layers.lines())
        lines = [[f"{name:>{width}} = {rule}", words] for name, rule, words in layers.lines()]
        screen.table(lines, gap=3)
        screen.gap()
        _show_rows(screen, *layers.rows())
    if saved is not None:
        screen.gap()
        screen.exact(f"saved as {saved}")


def _show_rows(screen: Screen, head: list[str], rows: list[list[str]]) -> None:
    width = sum(max(2, len(name)) + 2 for name in head)
    if width + 2 > screen.width:  # too many hidden neurons to stand side by side
        inner = [i for i, name in enumerate(head) if not name.startswith("h")]
        head, rows = [head[i] for i in inner], [[row[i] for i in inner] for row in rows]
    screen.table(rows, head=head, right=range(len(head)))


def _document(
    table: TruthTable,
    one: ThresholdNeuron | None,
    proof: Certificate | None,
    layers: LogicNetwork | None,
    saved: Path | None,
) -> dict[str, Any]:
    return {
        "table": table.text,
        "inputs": list(table.names),
        "separable": one is not None,
        "neuron": None if one is None else _neuron(one),
        "certificate": None if proof is None else _proof(proof),
        "network": None
        if layers is None
        else {
            "hidden": [
                {**_neuron(neuron), "words": words}
                for neuron, words in zip(layers.hidden, layers.words, strict=True)
            ],
            "output": _neuron(layers.output),
        },
        "model": None if saved is None else str(saved),
    }


def _neuron(neuron: ThresholdNeuron) -> dict[str, Any]:
    return {
        "formula": neuron.formula,
        "weights": list(neuron.weights),
        "threshold": neuron.threshold,
        "bias": neuron.bias,
        "bipolar": neuron.bipolar,
    }


def _proof(proof: Certificate) -> dict[str, Any]:
    sides = {"firing": proof.firing, "resting": proof.resting}
    return {
        **{
            name: [
                {"point": list(point), "times": times}
                for point, (_, times) in zip(proof.points(side), side, strict=True)
            ]
            for name, side in sides.items()
        },
        "checked": proof.check(),
        "sentences": list(proof.sentences),
    }
