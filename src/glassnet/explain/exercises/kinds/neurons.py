"""One neuron, or two side by side: local field and output (A1, A3 to A7)."""

from __future__ import annotations

from collections.abc import Callable

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.friendly import are_open, counted, fields
from glassnet.explain.exercises.kind import Draft, kind

INPUTS = (2, 3, 3)
NEURONS = (1, 1, 2)


def _layer(
    draws: Draws,
    level: int,
    psi: str,
    formula: str,
    *,
    named: str = "",
    neurons: int | None = None,
    fits: Callable[[list[float]], bool] = are_open,
) -> Draft | None:
    """Return a layer of neurons with an example; None if the local fields do not fit."""
    inputs, units = INPUTS[level - 1], neurons or NEURONS[level - 1]
    if level == 1:
        x = draws.row(inputs, 1, 2)
        w, b = draws.rows(units, inputs, 1, 3, 2), draws.row(units, 1, 2, 2)
    else:
        x = draws.row(inputs, 1, 4, 2)
        w, b = draws.rows(units, inputs, 1, 9, 10), draws.row(units, 1, 5, 10)
    if not fits(fields(w, b, x)):
        return None
    neuron = f"{named or psi} neuron"
    alone = units == 1
    who = f"A {neuron} has" if alone else f"{counted(units, neuron).capitalize()} have"
    task = (
        f"{who} {counted(inputs, 'input')}: v = Σ wᵢ xᵢ + b and {formula}. Work out the local "
        f"field v and the output y{'' if alone else ' of each'}."
    )
    return Draft(
        task,
        {"x": [x]},
        network={"layers": [f"{units} {psi}"]},
        weights={"output.w": w, "output.b": b},
    )


@kind("neuron", "A1", "A neuron: local field and output")
def neuron(draws: Draws, level: int) -> Draft | None:
    """A logistic neuron."""
    return _layer(draws, level, "logistic", "y = 1 / (1 + e^(−v))")


@kind("piecewise-linear", "A3", "The piecewise-linear neuron: clipped to its range")
def piecewise_linear(draws: Draws, level: int) -> Draft | None:
    """A neuron that is linear from 0 to 1: within its range at level 1, beyond it at level 2."""

    def fits(v: list[float]) -> bool:
        inside = [0.05 < value < 0.95 for value in v]
        outside = all(value < -0.05 or 0.05 < value < 0.95 or value > 1.05 for value in v)
        return outside and {1: all(inside), 2: not any(inside), 3: len(set(inside)) == 2}[level]

    return _layer(
        draws, level, "piecewise_linear", "y = v, but not below 0 nor above 1",
        named="piecewise-linear", fits=fits,
    )  # fmt: skip


@kind("logistic", "A4", "The logistic neuron with a slope")
def logistic(draws: Draws, level: int) -> Draft | None:
    """A logistic neuron with slope a."""
    slope = draws.pick((2.0,) if level == 1 else (0.5, 1.5, 2.0, 3.0))
    return _layer(
        draws, level, f"logistic slope={slope:g}", f"y = 1 / (1 + e^(−a v)) with a = {slope:g}",
        named="logistic", fits=lambda v: are_open([slope * value for value in v]),
    )  # fmt: skip


@kind("tanh", "A5", "The hyperbolic tangent")
def tanh(draws: Draws, level: int) -> Draft | None:
    """A tanh neuron."""
    return _layer(draws, level, "tanh", "y = tanh v", fits=lambda v: are_open(v, 0.1, 1.8))


@kind("stochastic", "A6", "The stochastic neuron: the probability to fire")
def stochastic(draws: Draws, level: int) -> Draft | None:
    """A neuron that fires with probability 1 / (1 + e^(−v/T)): a logistic one of slope 1/T."""
    temperature = draws.pick((0.5,) if level == 1 else (0.25, 0.5, 2.0))
    slope = 1 / temperature
    return _layer(
        draws, level, f"logistic slope={slope:g}",
        f"y = P(v) = 1 / (1 + e^(−v/T)), the probability to fire, with T = {temperature:g}",
        named="stochastic", fits=lambda v: are_open([slope * value for value in v]),
    )  # fmt: skip


@kind("relu", "A7", "The rectifier")
def relu(draws: Draws, level: int) -> Draft | None:
    """A ReLU neuron; two at level 3, of which one is silent."""

    def fits(v: list[float]) -> bool:
        return are_open(v, 0.1, 5.0) and (len(v) == 1 or v[0] * v[1] < 0)

    return _layer(draws, level, "relu", "y = max(0, v)", named="ReLU", fits=fits)


@kind("softmax", "A7", "Softmax: local fields into probabilities")
def softmax(draws: Draws, level: int) -> Draft | None:
    """A softmax layer of two or three neurons."""
    units = (2, 3, 3)[level - 1]
    return _layer(
        draws, level, "softmax", "y = e^v / Σ e^v, over all of them", neurons=units,
        fits=lambda v: are_open(v, 0.05, 3.0) and len({round(value, 3) for value in v}) == len(v),
    )  # fmt: skip
