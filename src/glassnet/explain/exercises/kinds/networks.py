"""Multi-layer perceptrons: forward, error, local gradients, a whole step (D1 to D6)."""

from __future__ import annotations

from dataclasses import replace

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.friendly import are_open, counted, fields, outputs, slopes
from glassnet.explain.exercises.kind import Draft, kind

SHAPES = {1: (2, 2, 1), 2: (2, 2, 2), 3: (3, 2, 2)}  # inputs, hidden, outputs
CHANGES = ("Δw", "Δb", "w new", "b new")


def _network(
    draws: Draws, level: int, todo: str, asked: tuple[str, ...] = (), examples: int = 1
) -> Draft | None:
    """Return a network of two layers; None if a neuron is saturated, or an error small.

    Local gradients of hidden neurons are kept away from 0, too.
    """
    inputs, hidden, units = SHAPES[level]
    psi = "logistic" if level < 3 else draws.pick(("logistic", "tanh"))
    x = [
        [float(draws.whole(-2, 2)) for _ in range(inputs)]
        if level == 1
        else draws.row(inputs, 2, 10, 10)
        for _ in range(examples)
    ]
    w1, b1 = draws.rows(hidden, inputs, 1, 6, 10), draws.row(hidden, 1, 5, 10)
    w2, b2 = draws.rows(units, hidden, 1, 9, 10), draws.row(units, 1, 4, 10)
    low = {"logistic": 0.1, "tanh": -0.8}[psi]
    targets = (0.0, 1.0) if level == 1 else (low, 0.9)
    d = [[draws.pick(targets) for _ in range(units)] for _ in range(examples)]
    rate = draws.pick((0.5, 0.25, 0.1))
    most = 2.5 if psi == "logistic" else 1.6
    for row, target in zip(x, d, strict=True):
        v1 = fields(w1, b1, row)
        y1 = outputs(psi, v1)
        v2 = fields(w2, b2, y1)
        y2 = outputs(psi, v2)
        if not (any(row) and are_open(v1, 0.1, most) and are_open(v2, 0.02, most)):
            return None
        e = [t - y for t, y in zip(target, y2, strict=True)]
        delta = [one * slope for one, slope in zip(e, slopes(psi, y2), strict=True)]
        back = fields([*map(list, zip(*w2, strict=True))], [0.0] * hidden, delta)
        behind = [one * slope for one, slope in zip(back, slopes(psi, y1), strict=True)]
        if min(map(abs, e)) < 0.2 or min(map(abs, behind)) < 0.002:
            return None
    formula = "y = 1 / (1 + e^(−v))" if psi == "logistic" else "y = tanh v"
    task = (
        f"A network has {counted(inputs, 'input')}, {counted(hidden, f'{psi} hidden neuron')} and "
        f"{counted(units, f'{psi} output neuron')}: v = Σ w y + b, {formula}. {todo}"
    )
    return Draft(
        task,
        {"x": x, "d": d},
        asked,
        network={"layers": [f"{hidden} {psi}", f"{units} {psi}"]},
        weights={"hidden.w": w1, "hidden.b": b1, "output.w": w2, "output.b": b2},
        training={"loss": "half_squared_error", "optimizer": f"sgd {rate:g}"},
    )


@kind("forward", "D1", "A network's answer: the forward pass")
def forward(draws: Draws, level: int) -> Draft | None:
    """Local fields and outputs of both layers."""
    found = _network(draws, level, "Work out v and y of every neuron.")
    return replace(found, data={"x": found.data["x"]}, training={}) if found else None


@kind("error-energy", "D2", "Error and error energy")
def error_energy(draws: Draws, level: int) -> Draft | None:
    """The error energy of one example; of two, averaged, at level 3."""
    if level < 3:
        return _network(draws, level, "Work out the errors e = d − y and E = ½ Σ e².", ("E",))
    todo = "Work out e = d − y for both examples, and E, the mean of their ½ Σ e²."
    return _network(draws, 2, todo, ("E",), examples=2)


@kind("output-delta", "D3", "Output neurons: local gradients and changes")
def output_delta(draws: Draws, level: int) -> Draft | None:
    """The local gradients of the output layer, and how its weights change."""
    todo = (
        "Work out the local gradients δ = e ψ′(v) of the output layer, and its changes Δw = η δ y."
    )
    return _network(draws, level, todo, ("output.δ", "output.Δw", "output.Δb"))


@kind("hidden-delta", "D4, D5", "Hidden neurons: local gradients and changes")
def hidden_delta(draws: Draws, level: int) -> Draft | None:
    """The local gradients of the hidden layer, and how its weights change."""
    todo = (
        "Work out the local gradients δ = ψ′(v) Σ δ w of the hidden layer, and its changes Δw = "
        "η δ x."
    )
    return _network(draws, level, todo, ("hidden.δ", "hidden.Δw", "hidden.Δb"))


@kind("backpropagation", "D6", "Back-propagation: a whole step")
def backpropagation(draws: Draws, level: int) -> Draft | None:
    """Forward, error, backward, changes, new weights."""
    todo = "Work out one step of back-propagation: forward, error, backward, and the new weights."
    return _network(draws, level, todo)
