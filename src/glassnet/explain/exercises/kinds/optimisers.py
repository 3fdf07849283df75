"""Optimisers, on a linear neuron that learns one example again and again (H1, I1 to I6)."""

from __future__ import annotations

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.friendly import counted, fields
from glassnet.explain.exercises.kind import Draft, kind

# inputs, steps
SIZES = {1: (1, 2), 2: (2, 2), 3: (2, 3)}


def _descent(
    draws: Draws,
    level: int,
    optimizer: str,
    rule: str,
    rate: float = 0.1,
    *,
    conventions: str = "pytorch",
) -> Draft | None:
    """Return a few steps of a linear neuron; None if its first error is small or large.

    Also None if a step of plain gradient descent would lead to no error at all, or to a larger one.
    """
    inputs, steps = SIZES[level]
    x = draws.row(inputs, 1, 2) if level == 1 else draws.row(inputs, 1, 4, 2)
    w, b = draws.rows(1, inputs, 1, 9, 10), draws.row(1, 1, 5, 10)
    d = float(draws.whole(-2, 2))
    if not 0.5 < abs(d - fields(w, b, x)[0]) < 2.5:
        return None
    left = 1 - rate * (sum(value * value for value in x) + 1)  # of the error, after a step
    if conventions == "pytorch" and not 0.05 < abs(left) < 0.95:
        return None
    task = (
        f"A linear neuron y = Σ wᵢ xᵢ + b learns one example; E = ½ e² with e = d − y. {rule} Work "
        f"out {counted(steps, 'step')}."
    )
    return Draft(
        task, {"x": [x], "d": [[d]]}, network={"layers": ["1 linear"]},
        weights={"output.w": w, "output.b": b},
        training={"loss": "half_squared_error", "optimizer": optimizer},
        conventions=conventions, steps=steps,
    )  # fmt: skip


@kind("learning-rate", "H1", "The learning rate: too low, right, too high")
def learning_rate(draws: Draws, level: int) -> Draft | None:
    """Errors that shrink slowly, at once, or grow."""
    rate = draws.pick({1: (0.1, 0.2), 2: (0.05, 0.1, 0.5), 3: (0.01, 0.1, 1.0)}[level])
    rule = (
        f"It learns by gradient descent with η = {rate:g}. Does the error shrink or grow, and is "
        "the learning rate too low, right or too high?"
    )
    return _descent(draws, level, f"sgd {rate:g}", rule, conventions="notes")


@kind("schedule", "H1", "A learning rate that falls")
def schedule(draws: Draws, level: int) -> Draft | None:
    """A learning rate that is multiplied by γ at each step, here an epoch."""
    rate, decay = draws.pick((0.1, 0.2)), draws.pick((0.5, 0.8, 0.9))
    rule = (
        f"It learns by gradient descent with a learning rate that falls: η = {rate:g} · "
        f"{decay:g}^t at epoch t = 0, 1, …, with a step each."
    )
    return _descent(draws, level, f"sgd 'exponential {rate:g} {decay:g}'", rule, rate)


@kind("gradient-descent", "I1", "Gradient descent")
def gradient_descent(draws: Draws, level: int) -> Draft | None:
    """W ← w − η ∂E/∂w."""
    rate = draws.pick((0.1, 0.2))
    return _descent(draws, level, f"sgd {rate:g}", f"w new = w − η ∂E/∂w, η = {rate:g}.", rate)


@kind("momentum", "I2", "Momentum")
def momentum(draws: Draws, level: int) -> Draft | None:
    """Δw(t) = α Δw(t−1) + η ∂E/∂w."""
    rate, memory = draws.pick((0.1, 0.2)), draws.pick((0.5, 0.9))
    rule = (
        f"Momentum: Δw = α Δw(n−1) + η ∂E/∂w and w new = w − Δw, with η = {rate:g} and α = "
        f"{memory:g}; Δw(n−1), the change before, is 0 at first."
    )
    return _descent(draws, level, f"momentum {rate:g} momentum={memory:g}", rule, rate)


@kind("nesterov", "I3", "Nesterov's momentum")
def nesterov(draws: Draws, level: int) -> Draft | None:
    """The gradient at the look-ahead."""
    rate, memory = draws.pick((0.1, 0.2)), draws.pick((0.5, 0.9))
    rule = (
        "Nesterov: the gradient is taken at the look-ahead ŵ = w − α Δw(n−1); Δw = α Δw(n−1) + η "
        f"∂E/∂ŵ and w new = w − Δw, with η = {rate:g} and α = {memory:g}; Δw(n−1), the change "
        "before, is 0 at first."
    )
    return _descent(draws, level, f"nesterov {rate:g} momentum={memory:g}", rule, rate)


@kind("adaptive-gain", "I4", "Adaptive gains")
def adaptive_gain(draws: Draws, level: int) -> Draft | None:
    """A gain for each weight."""
    rate, gain = draws.pick((0.1, 0.2)), draws.pick((0.1, 0.2))
    rule = (
        "Each weight has a gain g, 1 at first: g + β while its gradient keeps its sign, else g · "
        f"(1 − β); Δw = η g ∂E/∂w and w new = w − Δw, with η = {rate:g} and β = {gain:g}."
    )
    return _descent(draws, level, f"adaptive_gain {rate:g} increase={gain:g}", rule, rate)


@kind("rmsprop", "I5", "RMSProp")
def rmsprop(draws: Draws, level: int) -> Draft | None:
    """A running mean of the squared gradient."""
    rate, memory = draws.pick((0.1, 0.05)), draws.pick((0.9, 0.5))
    rule = (
        "RMSProp: MS new = β MS + (1 − β) (∂E/∂w)² and w new = w − η ∂E/∂w / (√MS + ε), with η = "
        f"{rate:g} and β = {memory:g}; MS is 0 at first."
    )
    return _descent(draws, level, f"rmsprop {rate:g} decay={memory:g}", rule)


@kind("adam", "I5", "Adam")
def adam(draws: Draws, level: int) -> Draft | None:
    """Running means of the gradient and of its square."""
    rate = draws.pick((0.1, 0.2))
    rule = (
        "Adam: m new = β₁ m + (1 − β₁) g and v new = β₂ v + (1 − β₂) g² with g = ∂E/∂w, both from "
        "0, corrected m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), and w new = w − η m̂ / (√v̂ + ε), with "
        f"η = {rate:g}, β₁ = 0.9, β₂ = 0.999."
    )
    return _descent(draws, level, f"adam {rate:g}", rule)


@kind("clipping", "I6", "Gradient clipping: by value, and by norm")
def clipping(draws: Draws, level: int) -> Draft | None:
    """A gradient that is clipped by value at level 1, else by its norm."""
    x, w, b = draws.row(2, 1, 4), draws.rows(1, 2, 1, 4, 4), draws.row(1, 1, 5, 10)
    d, limit = float(draws.whole(-4, 4)), draws.pick((1.0, 2.0) if level < 3 else (0.5, 1.5))
    e = d - fields(w, b, x)[0]
    gradient = [-e * value for value in (*x, 1.0)]
    clipped = [abs(value) > limit for value in gradient]
    norm = sum(value * value for value in gradient) ** 0.5
    if not 0.5 < abs(e) < 4 or all(clipped) or not any(clipped) or norm < 1.5 * limit:
        return None
    by_norm = level > 1
    how = (
        f"scaled by c / ‖g‖ where ‖g‖, the norm of all of them, is above c = {limit:g}"
        if by_norm
        else f"clipped to the range from −{limit:g} to {limit:g}"
    )
    task = (
        "A linear neuron y = Σ wᵢ xᵢ + b learns one example by gradient descent on E = ½ e² with e "
        f"= d − y; the derivatives ∂E/∂w and ∂E/∂b are {how}. Work out one step."
    )
    limits = {"clip_norm" if by_norm else "clip_value": limit}
    return Draft(
        task, {"x": [x], "d": [[d]]}, network={"layers": ["1 linear"]},
        weights={"output.w": w, "output.b": b},
        training={"loss": "half_squared_error", "optimizer": "sgd 0.1", **limits},
        conventions="pytorch",
    )  # fmt: skip
