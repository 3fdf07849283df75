"""What the optimisers are held to: NumPy straight from the notes' formulas, and PyTorch.

Nothing of `glassnet.learning` is used here. A gradient is a function of the point and the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Gradient = Callable[[Any, int], Any]


def sgd(w: Any, gradient: Gradient, eta: Callable[[int], float]) -> Iterator[Any]:
    for t in range(1, 10_000):
        w = w - eta(t) * gradient(w, t)
        yield w


def momentum(w: Any, gradient: Gradient, eta: Any, momentum: float = 0.9) -> Iterator[Any]:
    change = np.zeros_like(w)
    for t in range(1, 10_000):
        change = momentum * change + eta(t) * gradient(w, t)
        w = w - change
        yield w


def nesterov(w: Any, gradient: Gradient, eta: Any, momentum: float = 0.9) -> Iterator[Any]:
    change = np.zeros_like(w)
    for t in range(1, 10_000):
        ahead = w - momentum * change
        change = momentum * change + eta(t) * gradient(ahead, t)
        w = w - change
        yield w


def adaptive_gain(
    w: Any,
    gradient: Gradient,
    eta: Any,
    increase: float = 0.05,
    min_gain: float | None = None,
    max_gain: float | None = None,
) -> Iterator[Any]:
    w, gain, last = np.array(w), np.ones_like(w), np.zeros_like(w)
    for t in range(1, 10_000):
        g = np.asarray(gradient(w, t))
        for place in np.ndindex(w.shape):
            if (last[place] > 0 and g[place] > 0) or (last[place] < 0 and g[place] < 0):
                gain[place] += increase
            elif last[place] != 0 and g[place] != 0:
                gain[place] *= 1 - increase
        gain = np.clip(gain, min_gain or 0.0, max_gain or np.inf)
        w, last = w - eta(t) * gain * g, g
        yield w


def rmsprop(
    w: Any, gradient: Gradient, eta: Any, decay: float = 0.9, epsilon: float = 1e-8
) -> Iterator[Any]:
    ms = np.zeros_like(w)
    for t in range(1, 10_000):
        g = gradient(w, t)
        ms = decay * ms + (1 - decay) * g**2
        w = w - eta(t) * g / (np.sqrt(ms) + epsilon)
        yield w


def adagrad(w: Any, gradient: Gradient, eta: Any, epsilon: float = 1e-10) -> Iterator[Any]:
    past = []
    for t in range(1, 10_000):
        past.append(gradient(w, t))
        w = w - eta(t) * past[-1] / (np.sqrt(sum(g**2 for g in past)) + epsilon)
        yield w


def adamw(
    w: Any,
    gradient: Gradient,
    eta: Any,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.01,
) -> Iterator[Any]:
    past = []
    for t in range(1, 10_000):
        past.append(gradient(w, t))
        # the running means written out as sums over all gradients so far
        m = sum((1 - beta1) * beta1 ** (t - i) * g for i, g in enumerate(past, 1))
        v = sum((1 - beta2) * beta2 ** (t - i) * g**2 for i, g in enumerate(past, 1))
        m, v = m / (1 - beta1**t), v / (1 - beta2**t)
        w = w - eta(t) * (m / (np.sqrt(v) + epsilon) + weight_decay * w)
        yield w


def adam(w: Any, gradient: Gradient, eta: Any, **settings: float) -> Iterator[Any]:
    return adamw(w, gradient, eta, **settings, weight_decay=0.0)


NUMPY: dict[str, Callable[..., Iterator[Any]]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adaptive_gain": adaptive_gain,
    "rmsprop": rmsprop,
    "adagrad": adagrad,
    "adam": adam,
    "adamw": adamw,
}


def numpy_path(name: str, w: Any, gradient: Gradient, steps: int, eta: Any, **settings: Any) -> Any:
    """The weights after each step, of shape (steps, *shape)."""
    rate = eta if callable(eta) else lambda _t: eta
    walk = NUMPY[name](np.asarray(w, np.float64), gradient, rate, **settings)
    return np.array([next(walk) for _ in range(steps)])


# PyTorch's optimiser of the same formula, from our settings; None where it has none of that formula
TORCH: dict[str, Callable[..., tuple[str, dict[str, Any]]] | None] = {
    "sgd": lambda: ("SGD", {}),
    "momentum": lambda momentum=0.9: ("SGD", {"momentum": momentum}),
    "nesterov": None,
    "adaptive_gain": None,
    "rmsprop": lambda decay=0.9, epsilon=1e-8: ("RMSprop", {"alpha": decay, "eps": epsilon}),
    "adagrad": lambda epsilon=1e-10: ("Adagrad", {"eps": epsilon}),
    "adam": lambda beta1=0.9, beta2=0.999, epsilon=1e-8: (
        "Adam",
        {"betas": (beta1, beta2), "eps": epsilon},
    ),
    "adamw": lambda beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01: (
        "AdamW",
        {"betas": (beta1, beta2), "eps": epsilon, "weight_decay": weight_decay},
    ),
}


def torch_path(
    torch: Any, kind: str, w: Any, gradient: Gradient, steps: int, eta: Any, **settings: Any
) -> Any:
    """The weights after each step of PyTorch's optimiser `kind`, of shape (steps, *shape)."""
    rate = eta if callable(eta) else lambda _t: eta
    weight = torch.nn.Parameter(torch.tensor(np.asarray(w, np.float64)))
    optimizer = getattr(torch.optim, kind)([weight], lr=rate(1), **settings)
    path = []
    for t in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = rate(t)
        point = weight.detach().numpy().copy()
        weight.grad = torch.tensor(np.asarray(gradient(point, t), np.float64))
        optimizer.step()
        path.append(weight.detach().numpy().copy())
    return np.array(path)
