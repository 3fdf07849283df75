"""`glassnet translate`: what an encoder–decoder answers, by beam search."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glassnet.cli import options as common
from glassnet.cli.opening import open_any, refuse_writer
from glassnet.cli.screen import Screen, note, print_json
from glassnet.cli.writing import check_outputs
from glassnet.errors import ArgumentError, DataError
from glassnet.files import write_file

if TYPE_CHECKING:
    from glassnet.training.translation import Beam, EncoderDecoder

__all__ = ["translate"]

MANY = 20  # sources of which each beam is shown


def translate(
    model: common.ModelArgument,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...",
            help="What is to be translated; - reads lines from standard input.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A file of texts, a line each (.gz too).", show_default=False
        ),
    ] = None,
    width: Annotated[
        int, typer.Option(metavar="N", help="How many hypotheses are followed; 1 is greedy search.")
    ] = 5,
    length_penalty: Annotated[
        float,
        typer.Option(
            metavar="ALPHA",
            help="α of ((5 + length)/6)^α, by which ln P is divided: 0 favours short answers.",
        ),
    ] = 0.6,
    n_best: Annotated[
        int, typer.Option(metavar="N", help="How many answers to each text are printed.")
    ] = 1,
    table: Annotated[
        bool, typer.Option("--table", help="Show each step of the search as a table.")
    ] = False,
    tree: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw the search on one text as a tree (.svg).", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the best answers, a line each.", show_default=False
        ),
    ] = None,
    encoding: common.Encoding = None,
    as_json: common.AsJson = False,
) -> int:
    """Translate texts with MODEL, an encoder–decoder that `glassnet train` has made.

    [bold]Examples[/bold]

    glassnet translate dates.safetensors "3rd of May 1999"

    glassnet translate dates.safetensors "12/31/99" --table --tree beam.svg

    glassnet translate model.safetensors --file test.de.gz --out test.en
    """
    from glassnet.training.translation.model import EncoderDecoder
    from glassnet.unit import check_whole

    check_whole("n-best", n_best)
    check_outputs({"--out": out, "--tree": tree}, {"MODEL": model})
    if tree is not None and tree.suffix != ".svg":
        raise ArgumentError(f"--tree writes a picture: its name must end with .svg; got {tree}")
    net = open_any(model)
    if not isinstance(net, EncoderDecoder):
        refuse_writer(net, model)
        raise ArgumentError(
            f"{str(model)!r} answers with a class or a number: `glassnet predict` asks it. "
            "`glassnet train dates` makes a model that translates"
        )
    return _answer(
        model, net, _sources(net, texts, file, encoding), width, length_penalty, n_best, table,
        tree, out, as_json=as_json,
    )  # fmt: skip


def _sources(
    net: EncoderDecoder, texts: list[str] | None, file: Path | None, encoding: str | None
) -> list[str]:
    if net.source is None:
        raise ArgumentError(
            "this model reads pictures, not texts: `glassnet evaluate MODEL digit-names` shows "
            "what it answers"
        )
    if (file is None) == (not texts):
        raise ArgumentError("give texts to translate, or --file: one of the two")
    if file is not None:
        from glassnet.data.text.pairs import read_lines

        found = read_lines(file, encoding or "utf-8")
        name = file.name
    else:
        assert texts is not None
        found, name = texts, "TEXT"
        if texts == ["-"]:
            found, name = sys.stdin.read().splitlines(), "standard input"
    if not found:
        raise DataError("there is no text to translate", source=name)
    for line, text in enumerate(found, start=1):
        if not text.strip():
            raise DataError("the text is empty: there is nothing to translate", source=name,
                            line=line)  # fmt: skip
    return found


def _answer(
    model: Path,
    net: EncoderDecoder,
    sources: list[str],
    width: int,
    penalty: float,
    n_best: int,
    table: bool,
    tree: Path | None,
    out: Path | None,
    *,
    as_json: bool,
) -> int:
    assert net.source is not None
    if tree is not None and len(sources) != 1:
        raise ArgumentError(f"--tree draws the search on one text; there are {len(sources)}")
    if n_best > width:
        raise ArgumentError(
            f"--n-best {n_best} needs a --width of {n_best} at least; it is {width}"
        )
    beams = net.search(sources, width=width, penalty=penalty)
    for text in net.source.unread(sources):
        note(text)
    if tree is not None:
        write_file(tree, beams[0].picture())
    if out is not None:
        write_file(out, "".join(f"{beam.best.text}\n" for beam in beams))
    if as_json:
        print_json({"model": str(model), "translations": [beam.to_dict() for beam in beams]})
        return 0
    screen = Screen()
    for beam in beams:
        if table:
            _show(screen, beam)
        elif out is None:
            _print(beam, n_best)
    for file in (out, tree):
        if file is not None:
            screen.exact(f"written  {file}")
    return 0


def _print(beam: Beam, n_best: int) -> None:
    if n_best == 1:
        sys.stdout.write(beam.best.text + "\n")
        return
    for hypothesis in beam.hypotheses[:n_best]:
        sys.stdout.write(f"{hypothesis.score:9.4f}  {hypothesis.text}\n")


def _show(screen: Screen, beam: Beam) -> None:
    screen.heading("Source", beam.source)
    head, *rows = beam.answers()
    screen.table(rows, head=head, right=[0, 2, 3])
    screen.heading("Search", f"width {beam.width}; a score is the sum of ln P(symbol)")
    head, *rows = beam.table()
    screen.table(rows, head=head, right=[0, 3])
