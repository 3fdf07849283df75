"""Gradients that vanish and explode: W_hh scaled around 1, beside an LSTM (K6)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.explain.conventions import Profile
from glassnet.explain.html import html_fragment
from glassnet.explain.numbers import short
from glassnet.explain.parts import Page, Part, Picture, Table
from glassnet.explain.text import render_text
from glassnet.explain.time.chart import Curve, chart_svg
from glassnet.explain.time.drawing import save_svg
from glassnet.explain.time.gradient import gradient_through_time
from glassnet.explain.time.gradient_page import factor_per_step, shown_lags
from glassnet.graph.types import Array
from glassnet.nn.layers import LSTM, RNN, Dense
from glassnet.ops.philox import normal
from glassnet.records import dataclass
from glassnet.training import Network
from glassnet.unit import check_number, check_whole

__all__ = ["SCALES", "Vanishing", "vanishing"]

SCALES = (0.5, 0.9, 1.0, 1.1, 1.5)
MOST_SCALES = 5  # that stand in 80 columns beside the LSTM
FEATURES = 2
STREAM = 1 << 20
DIGITS = 3


@dataclass(frozen=True, repr=False)
class Vanishing:
    """Norms by lag of basic networks with W_hh of several sizes, and of an LSTM.

    Attributes:
        units: How many neurons, or cells, each network has.
        steps: How long the sequence is: the largest lag.
        activation: ψ of the basic networks.
        forget_bias: The bias of the LSTM's forget gate.
        scales: The spectral norm, and radius, of W_hh of each basic network.
        seed: Where weights and sequence were drawn from.
        norms: ‖∂h(t)/∂h(k)‖ by lag, under "RNN 0.5" and so on, and "LSTM h"; under "LSTM c" the
            norm of ∂c(t)/∂c(k); each of shape (steps + 1,).
    """

    units: int
    steps: int
    activation: str
    forget_bias: float
    scales: tuple[float, ...]
    seed: int
    norms: Mapping[str, Array]

    @property
    def title(self) -> str:
        """What is shown."""
        return "Gradients through time: do they vanish or explode?"

    def svg(self) -> str:
        """Return the norms against the lag as a picture."""
        curves = [
            Curve(name, values, dashed=name.startswith("LSTM"))
            for name, values in self.norms.items()
        ]
        return chart_svg(self.title, curves, "lag t − k", "‖∂h(t)/∂h(k)‖, spectral norm")

    def page(self, profile: Profile) -> Page:
        """Return what is shown: a table by lag, and the plot."""
        del profile
        picture = Picture(self.svg(), "The norms by lag, on a logarithmic axis.")
        rows = [
            (str(lag), *(short(float(values[lag]), DIGITS) for values in self.norms.values()))
            for lag in shown_lags(self.steps)
        ]
        rates = (short(factor_per_step(values), DIGITS) for values in self.norms.values())
        rows.append(("a step", *rates))
        table = Table(("lag", *self.norms), tuple(rows))
        part = Part("‖∂h(t)/∂h(k)‖ by lag t − k", " ".join(self._reading()), tables=(table,))
        return Page(self.title, tuple(self._sentences()), (part,), (picture,))

    def _sentences(self) -> Iterator[str]:
        yield (
            f"RNN s: {self.units} {self.activation} neurons, h(t) = ψ(W x(t) + W_hh h(t−1) + b). "
            "W_hh is an orthogonal matrix times s, so that s is its spectral norm and its spectral "
            "radius."
        )
        yield (
            f"LSTM: {self.units} cells, not trained, forget bias {self.forget_bias:g}; h is "
            "‖∂h(t)/∂h(k)‖, c is ‖∂c(t)/∂c(k)‖."
        )
        yield f"t = {self.steps}; the inputs are standard normal numbers (seed {self.seed})."

    def _reading(self) -> Iterator[str]:
        if self.activation == "linear":
            yield "Of linear neurons ∂h(t)/∂h(k) is a power of W_hh: its norm is s^(t−k)."
        else:
            yield (
                f"The slope of {self.activation} makes each Jacobian ψ'(v) ⊙ W_hh smaller where "
                "neurons are not at their steepest."
            )
        yield "The last line is the factor for each step (geometric mean)."

    def __str__(self) -> str:
        return render_text(self.page(Profile("notes")))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_fragment(self.title, [self.page(Profile("notes"))])

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw the norms against the lag, on a logarithmic axis, to an SVG file.

        Raises:
            ArgumentError: The file's name does not end in .svg.
            OutputError: The file cannot be written.
        """
        save_svg(path, self.svg())

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data: the norms by lag; None where one is beyond the numbers."""
        return {
            "units": self.units,
            "steps": self.steps,
            "activation": self.activation,
            "forget_bias": self.forget_bias,
            "scales": list(self.scales),
            "seed": self.seed,
            "norm": "spectral",
            "norms": {
                name: [value if np.isfinite(value) else None for value in values.tolist()]
                for name, values in self.norms.items()
            },
        }

    to_json = to_dict


def vanishing(
    units: int = 16,
    *,
    scales: Sequence[float] = SCALES,
    steps: int = 50,
    activation: str = "linear",
    forget_bias: float = 1.0,
    seed: int = 0,
) -> Vanishing:
    """Show how ‖∂h(t)/∂h(k)‖ falls or grows with the lag: RNN with W_hh of several sizes, and LSTM.

    In a basic network each step back multiplies by ψ'(v) ⊙ W_hh: where ‖W_hh‖ < 1 (and ψ' ≤ 1) the
    gradient must vanish; where it is larger it can explode.

    Args:
        units: How many neurons, or cells, each network has.
        scales: The sizes of W_hh: an orthogonal matrix times each of these, so that it is the
            spectral norm and the spectral radius at once. At most 5.
        steps: How long the sequence is: the largest lag.
        activation: ψ of the basic networks. Linear ones show W_hh alone.
        forget_bias: The bias of the LSTM's forget gate.
        seed: Where weights and sequence are drawn from.

    Raises:
        ArgumentError: A number is too small; there are no scales, or too many.
        NonFiniteError: A state grows out of the range of numbers: too many steps.

    Source: lecture notes (K6); Pascanu, Mikolov & Bengio, On the difficulty of training recurrent
    neural networks (2013).

    >>> import glassnet as gn
    >>> shown = gn.vanishing(4, scales=(0.5, 2.0), steps=10)
    >>> [round(float(shown.norms[name][10]), 6) for name in ("RNN 0.5", "RNN 2")]
    [0.000977, 1024.0]
    """
    check_whole("units", units)
    check_whole("steps", steps)
    check_whole("seed", seed, low=0)
    check_number("forget_bias", forget_bias)
    chosen = _scales(scales)
    x = normal((steps, FEATURES), seed, stream=STREAM)
    norms: dict[str, Array] = {}
    psi = ""
    for scale in chosen:
        layer = RNN(units, activation)
        psi = layer.psi.name
        net = _network(layer, steps, seed)
        net.parameters["rnn1.u"] = net.parameters["rnn1.u"] * scale
        norms[f"RNN {scale:g}"] = gradient_through_time(net, x).norms["h"]
    net = _network(LSTM(units, forget_bias=forget_bias), steps, seed)
    found = gradient_through_time(net, x).norms
    norms |= {"LSTM h": found["h"], "LSTM c": found["c"]}
    return Vanishing(units, steps, psi, float(forget_bias), chosen, seed, norms)


def _network(layer: RNN | LSTM, steps: int, seed: int) -> Network:
    return Network([layer, Dense(1)], inputs=(steps, FEATURES), seed=seed, dtype="float64")


def _scales(scales: object) -> tuple[float, ...]:
    listed = isinstance(scales, Sequence | np.ndarray) and not isinstance(scales, str)
    found = list(cast("Sequence[Any]", scales)) if listed else []
    if not 1 <= len(found) <= MOST_SCALES:
        raise ArgumentError(
            f"scales must be 1 to {MOST_SCALES} numbers, as in (0.9, 1.0, 1.1); got {scales!r:.60}"
        )
    for scale in found:
        check_number("scales", scale, low=0.0, open_low=True)
    names = [f"{scale:g}" for scale in found]
    if len(set(names)) < len(names):
        raise ArgumentError(f"scales must differ from each other; got {', '.join(names)}")
    return tuple(float(scale) for scale in found)
