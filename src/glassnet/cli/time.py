"""`glassnet time`: networks that go through time, seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli import options as common
from glassnet.cli.screen import Screen, note, print_json
from glassnet.cli.writing import check_outputs
from glassnet.errors import ArgumentError

if TYPE_CHECKING:
    from glassnet.training import Network

__all__ = ["time"]

SEQUENCE = "The sequence that MODEL is asked about"
WITHOUT = "Without a model: gradients that vanish and explode"


def time(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL",
            help="A model with a recurrent layer; without one, networks are made.",
            show_default=False,
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The recurrent layer, such as lstm2; the first one if not said.",
            show_default=False,
        ),
    ] = None,
    step: Annotated[
        int | None,
        typer.Option(
            metavar="T", help="From which step the path leads back; the last.", show_default=False
        ),
    ] = None,
    lags: Annotated[
        int | None,
        typer.Option(metavar="N", help="How many steps back; all of them.", show_default=False),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.svg",
            help="Draw the norms by lag, on a logarithmic axis.",
            rich_help_panel=common.FILES,
            show_default=False,
        ),
    ] = None,
    gates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.svg",
            help="Draw gates and states over time, as a heat map.",
            rich_help_panel=common.FILES,
            show_default=False,
        ),
    ] = None,
    neurons: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How many neurons the heat map has: those whose output varies most; 16.",
            rich_help_panel=common.FILES,
            show_default=False,
        ),
    ] = None,
    unrolled: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.svg",
            help="Draw the network unrolled in time, with the sequence's symbols and the answers.",
            rich_help_panel=common.FILES,
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="A text, where MODEL reads texts or brackets.",
            rich_help_panel=SEQUENCE,
            show_default=False,
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How long a sequence is made; as in training if not said (50 without a model).",
            rich_help_panel=SEQUENCE,
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Where it is drawn from: the same seed gives the same.",
            rich_help_panel=SEQUENCE,
            show_default=False,
        ),
    ] = None,
    units: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Neurons, or cells, of each network; 16 if not said.",
            rich_help_panel=WITHOUT,
            show_default=False,
        ),
    ] = None,
    scales: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS",
            help="The spectral norms of W_hh; 0.5,0.9,1,1.1,1.5 if not said.",
            rich_help_panel=WITHOUT,
            show_default=False,
        ),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="ψ of the basic networks; linear if not said.",
            rich_help_panel=WITHOUT,
            show_default=False,
        ),
    ] = None,
    forget_bias: Annotated[
        float | None,
        typer.Option(
            metavar="B",
            help="The bias of the LSTM's forget gate; 1 if not said.",
            rich_help_panel=WITHOUT,
            show_default=False,
        ),
    ] = None,
    as_json: common.AsJson = False,
) -> int:
    """Show a network that goes through time: how much of an earlier state reaches a later one.

    Of MODEL, the Jacobians of its recurrent layer and the norm of their product by lag. Without a
    model, how gradients vanish and explode: basic networks with W_hh of several sizes, and an LSTM.

    [bold]Examples[/bold]

    glassnet time

    glassnet time --scales 0.9,1,1.2 --activation tanh --plot norms.svg

    glassnet time adding.safetensors --plot norms.svg

    glassnet time brackets.safetensors --gates gates.svg --text "({a})"

    glassnet time brackets.safetensors --unrolled network.svg
    """
    made = {
        "units": units, "scales": _numbers(scales), "activation": activation,
        "forget_bias": forget_bias,
    }  # fmt: skip
    asked = {
        "layer": layer, "step": step, "lags": lags, "text": text, "gates": gates,
        "neurons": neurons, "unrolled": unrolled,
    }  # fmt: skip
    pictures = {"--plot": plot, "--gates": gates, "--unrolled": unrolled}
    _check_pictures(pictures, model)
    if model is None:
        _refuse(asked, "is about a model: name one, as in `glassnet time adding.safetensors`")
        return _vanishing({**made, "steps": steps, "seed": seed}, plot, as_json=as_json)
    _refuse(made, "is about networks that are made: leave MODEL out, or this option")
    from glassnet.explain.time.material import material
    from glassnet.explain.time.recurrence import choose_layer

    net = _network(model)
    choose_layer(net.stack, layer)
    if text is not None and seed is not None:
        raise ArgumentError("--seed is about sequences that are made: leave out --seed, or --text")
    x, about = material(net, text=text, steps=steps, seed=1 if seed is None else seed)
    view = _View(net, x, layer)  # all is worked out before anything is written
    if neurons is not None and gates is None:
        raise ArgumentError("--neurons is about the heat map: add --gates FILE.svg")
    if gates is not None:
        view.gates(gates, neurons)
    if unrolled is not None:
        view.unrolled(unrolled)
    if plot is not None or not view.texts:
        view.gradient(plot, step, lags)
    elif step is not None or lags is not None:
        raise ArgumentError("--step and --lags are about the gradient's path: add --plot FILE.svg")
    view.write()
    if as_json:
        print_json({"model": str(model), "sequence": about, **view.document})
        return 0
    if about.startswith("random"):
        note("the model does not say what it reads: it is asked about random numbers")
    print("\n".join(view.texts), end="")
    screen = Screen()
    screen.gap()
    screen.line(f"asked about {about}", "dim")
    _written(pictures)
    return 0


class _View:
    """What is found of a model: texts for people, a document for programs, pictures."""

    def __init__(self, net: Network, x: Any, layer: str | None) -> None:
        self.net, self.x, self.layer = net, x, layer
        self.texts: list[str] = []
        self.document: dict[str, Any] = {}
        self.pictures: dict[Path, str] = {}

    def write(self) -> None:
        """Write the pictures."""
        from glassnet.explain.time.drawing import save_svg

        for path, svg in self.pictures.items():
            save_svg(path, svg)

    def gradient(self, path: Path | None, step: int | None, lags: int | None) -> None:
        """Measure the gradient's path; draw it where a file is named."""
        from glassnet.explain.time.gradient import gradient_through_time

        found = gradient_through_time(self.net, self.x, layer=self.layer, step=step, lags=lags)
        if path is not None:
            self.pictures[path] = found.svg()
        self.texts.append(str(found))
        self.document |= found.to_dict()

    def gates(self, path: Path, neurons: int | None) -> None:
        """Draw gates over time."""
        from glassnet.explain.time.gates import NEURONS, gates_over_time

        shown = gates_over_time(self.net, self.x, layer=self.layer)
        self.pictures[path] = shown.svg(NEURONS if neurons is None else neurons)
        self.texts.append(str(shown))
        self.document["over_time"] = shown.to_dict()

    def unrolled(self, path: Path) -> None:
        """Draw the network unrolled in time."""
        from glassnet.explain.time.unrolled import unrolled

        shown = unrolled(self.net, self.x)
        self.pictures[path] = shown.svg()
        self.texts.append(str(shown))
        self.document["unrolled"] = shown.to_dict()


def _vanishing(settings: dict[str, Any], plot: Path | None, *, as_json: bool) -> int:
    from glassnet.explain.time.vanishing import vanishing

    shown = vanishing(**{key: value for key, value in settings.items() if value is not None})
    if plot is not None:
        shown.plot(plot)
    if as_json:
        print_json(shown.to_dict())
        return 0
    print(shown, end="")
    _written({"--plot": plot})
    return 0


def _network(model: Path) -> Network:
    from glassnet.cli.opening import open_model
    from glassnet.training import Network

    net = open_model(model)
    if not isinstance(net, Network):
        raise ArgumentError(
            f"{str(model)!r} is a classical rule ({net.rule}), which does not go through time; "
            "`glassnet train adding` makes a network that does"
        )
    return net


def _check_pictures(pictures: dict[str, Path | None], model: Path | None) -> None:
    """Raise before any work is done where a picture cannot be written."""
    from glassnet.explain.time.drawing import check_svg

    for path in pictures.values():
        if path is not None:
            check_svg(path)
    check_outputs(pictures, {} if model is None else {"MODEL": model})


def _refuse(settings: dict[str, Any], why: str) -> None:
    for name, value in settings.items():
        if value is not None:
            raise ArgumentError(f"--{name.replace('_', '-')} {why}")


def _numbers(text: str | None) -> list[float] | None:
    """Return numbers with commas between."""
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise ArgumentError(
            f"--scales must be numbers with commas between, as in 0.9,1,1.1; got {text!r:.60}"
        ) from None


def _written(pictures: dict[str, Path | None]) -> None:
    screen = Screen()
    written = [("written", str(path)) for path in pictures.values() if path is not None]
    if written:
        screen.gap()
        screen.facts(written)
