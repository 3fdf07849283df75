"""Better ways to train: weight decay, dropout, first weights, normalisation (H2 to H5)."""

from __future__ import annotations

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.friendly import COUNTS, are_open, counted, fields
from glassnet.explain.exercises.kind import Draft, kind
from glassnet.ops.philox import STREAM_LAYER, uniform


@kind("l2", "H2", "Weight decay (L2): a step with a penalty")
def l2(draws: Draws, level: int) -> Draft | None:
    """One step of a linear or logistic neuron whose large weights cost something."""
    inputs, psi = (1, 2, 2)[level - 1], ("linear", "linear", "logistic")[level - 1]
    x = draws.row(inputs, 1, 2) if level == 1 else draws.row(inputs, 1, 4, 2)
    w, b = draws.rows(1, inputs, 2, 9, 10), draws.row(1, 1, 5, 10)
    d = float(draws.whole(-2, 2) if psi == "linear" else draws.below(2))
    strength, rate = draws.pick((0.1, 0.2, 0.5)), draws.pick((0.1, 0.2, 0.5))
    v = fields(w, b, x)
    if not are_open(v) or not 0.3 < abs(d - v[0]) < 3:
        return None
    task = (
        f"A {psi} neuron with {counted(inputs, 'input')} learns one example by gradient descent on "
        f"½ e² + ½ λ Σ w² with λ = {strength:g} (the bias costs nothing). Work out one step."
    )
    return Draft(
        task, {"x": [x], "d": [[d]]}, network={"layers": [f"1 {psi} l2={strength:g}"]},
        weights={"output.w": w, "output.b": b},
        training={"loss": "half_squared_error", "optimizer": f"sgd {rate:g}"},
    )  # fmt: skip


@kind("dropout", "H2", "Dropout: a step of the network that is left")
def dropout(draws: Draws, level: int) -> Draft | None:
    """One step, some of whose hidden neurons are left out."""
    hidden = level + 1
    x = draws.row(2, 1, 2)
    w1, b1 = draws.rows(hidden, 2, 1, 4, 4), draws.row(hidden, 1, 2, 2)
    w2, b2 = draws.rows(1, hidden, 1, 4, 2), draws.row(1, 1, 5, 10)
    seed = draws.below(1000)
    kept = uniform((1, hidden), seed, stream=STREAM_LAYER + 1, counter=1)[0] >= 0.5
    v = fields(w1, b1, x)
    y = [2 * value if keep else 0.0 for value, keep in zip(v, kept.tolist(), strict=True)]
    d = float(draws.whole(-2, 2))
    if not 0 < kept.sum() < hidden or not are_open(v, 0.2, 3.0):
        return None
    if not 0.3 < abs(d - fields(w2, b2, y)[0]) < 4:
        return None
    task = (
        f"A network has two inputs, {counted(hidden, 'linear hidden neuron')} and a linear output "
        "neuron. In training, each hidden neuron is left out with probability p = 0.5: its mask is "
        "0 where its random number u < p, else 1, and it hands on y · mask / (1 − p). Work out one "
        "step."
    )
    return Draft(
        task, {"x": [x], "d": [[d]]},
        network={"layers": [f"{hidden} linear", "dropout 0.5", "1 linear"]},
        weights={"hidden.w": w1, "hidden.b": b1, "output.w": w2, "output.b": b2},
        training={"loss": "half_squared_error", "optimizer": "sgd 0.1", "seed": seed},
    )  # fmt: skip


def _columns(draws: Draws, level: int) -> list[list[float]] | None:
    """Return examples whose features all vary; None if one does not."""
    examples, features = (3, 4, 4)[level - 1], (1, 2, 2)[level - 1]
    most = 4 if level < 3 else 9
    x = [[float(draws.whole(-most, most)) for _ in range(features)] for _ in range(examples)]
    if any(len(set(column)) < 3 for column in zip(*x, strict=True)):
        return None
    return x


@kind("batch-normalisation", "H3", "Batch normalisation: normalise, then scale and shift")
def batch_normalisation(draws: Draws, level: int) -> Draft | None:
    """Mean, variance, normalised values, and γ z′ + β, over a small batch."""
    x = _columns(draws, level)
    if x is None:
        return None
    features = len(x[0])
    gamma, beta = [draws.whole(1, 4) / 2 for _ in range(features)], draws.row(features, 1, 4, 2)
    task = (
        f"A batch of {counted(len(x), 'example')} is normalised: μ and σ² (divided by n) of each "
        "feature, z′ = (z − μ) / √(σ² + ε) with ε = 0.00001, and y = γ z′ + β."
    )
    return Draft(
        task, {"x": x, "d": [[0.0]] * len(x)}, ("y",),
        network={"layers": ["batchnorm", "1 linear"]}, training={"loss": "half_squared_error"},
        weights={"batchnorm1.gamma": gamma, "batchnorm1.beta": beta},
    )  # fmt: skip


@kind("input-normalisation", "H5", "Normalising the inputs: mean 0, variance 1")
def input_normalisation(draws: Draws, level: int) -> Draft | None:
    """Mean, standard deviation and standardised values of a feature."""
    count, parts = (3, 4, 6)[level - 1], (1, 1, 2)[level - 1]
    x = [draws.whole(-9, 9) / parts for _ in range(count)]
    if len(set(x)) < count or sum(x) == 0:
        return None
    task = (
        f"A feature has {COUNTS[count]} values x. Work out their mean m, their standard deviation "
        f"s = √((1/{count}) Σ (x − m)²) and the normalised values z = (x − m) / s."
    )
    formulas = ["m = mean(x)", "s = sqrt(mean((x - m)**2))", "z = (x - m)/s"]
    return Draft(task, expression={"formulas": formulas, "wrt": []}, values={"x": x})


@kind("xavier", "H4", "Xavier initialisation: scaling the first weights")
def xavier(draws: Draws, level: int) -> Draft | None:
    """Random numbers scaled by √(1/m), or by √(2/(m + k))."""
    count = level + 1
    m, k = draws.whole(2, 9), draws.whole(2, 9)
    z = draws.row(count, 2, 19, 10)
    if m == k or len(set(z)) < count:
        return None
    both = level > 1
    root = "√(2/(m + k))" if both else "√(1/m)"
    task = (
        f"A layer has m = {m} inputs{f' and k = {k} neurons' if both else ''}. {count} random "
        f"numbers z with mean 0 and variance 1 were drawn. Work out Xavier's factor s = {root} and "
        "the first weights w = s z."
    )
    scale = "s = sqrt(2/(m + k))" if both else "s = sqrt(1/m)"
    sizes = {"m": float(m), "k": float(k)} if both else {"m": float(m)}
    return Draft(
        task, expression={"formulas": [scale, "w = s*z"], "wrt": []}, values={"z": z, **sizes}
    )
