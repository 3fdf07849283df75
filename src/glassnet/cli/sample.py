"""`glassnet sample`: a network that has learnt a text writes on."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from glassnet.cli import options as common
from glassnet.cli.opening import open_model
from glassnet.cli.screen import print_json
from glassnet.errors import ArgumentError

__all__ = ["sample"]


def sample(
    model: common.ModelArgument,
    prompt: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="What the text begins with; - reads it from standard input.",
            show_default=False,
        ),
    ] = "",
    length: Annotated[
        int, typer.Option(metavar="N", help="How many characters are written after it.")
    ] = 500,
    temperature: Annotated[
        float,
        typer.Option(
            metavar="T",
            help="Below 1, what is probable becomes more probable; above 1, less; with 0, the most "
            "probable character is always taken.",
        ),
    ] = 1.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed writes another text.")] = 0,
    as_json: common.AsJson = False,
) -> int:
    """Let MODEL, which has learnt a text with `glassnet train book.txt`, write on.

    [bold]Examples[/bold]

    glassnet sample book.safetensors --prompt "ROMEO:" --length 500

    glassnet sample book.safetensors --temperature 0.5 --seed 3
    """  # fmt: skip
    from glassnet.training import Network
    from glassnet.training.characters import sample as draw

    net = open_model(model)
    if not isinstance(net, Network):
        raise ArgumentError(
            f"{str(model)!r} is a classical rule; `glassnet train book.txt` makes a model that can "
            "write"
        )
    if prompt == "-":
        prompt = sys.stdin.read()
    text = draw(net, prompt, length, temperature=temperature, seed=seed)
    if as_json:
        print_json({"model": str(model), "prompt": prompt, "temperature": temperature,
                    "seed": seed, "text": text})  # fmt: skip
        return 0
    sys.stdout.write(text + "\n")
    return 0
