"""A multi-layer perceptron in plain NumPy: forward, back-propagation and update, written by hand.

tanh hidden neurons, softmax outputs, cross-entropy; momentum, L2 on the weights, clipping by norm.
Nothing of the library is used, except that the order of the examples is given from outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass
class PlainNetwork:
    """Weights by the library's names: w of shape [to, from], b of shape [to]."""

    weights: dict[str, Array]
    rate: float
    momentum: float = 0.0
    l2: float = 0.0
    clip_norm: float | None = None
    change: dict[str, Array] = field(default_factory=dict[str, Array])

    def forward(self, x: Array) -> tuple[Array, Array]:
        w = self.weights
        hidden = np.tanh(x @ w["hidden.w"].T + w["hidden.b"])
        v = hidden @ w["output.w"].T + w["output.b"]
        powers = np.exp(v - v.max(1, keepdims=True))
        return hidden, powers / powers.sum(1, keepdims=True)

    def loss(self, x: Array, t: Array, weight: Array) -> float:
        _, a = self.forward(x)
        return float((-np.log((a * t).sum(1)) * weight).mean())

    def step(self, x: Array, t: Array, weight: Array) -> None:
        w = self.weights
        hidden, a = self.forward(x)
        delta = (a - t) * (weight / len(weight))[:, None]
        below = (delta @ w["output.w"]) * (1 - hidden**2)
        gradients = {
            "hidden.w": below.T @ x + self.l2 * w["hidden.w"],
            "hidden.b": below.sum(0),
            "output.w": delta.T @ hidden + self.l2 * w["output.w"],
            "output.b": delta.sum(0),
        }
        if self.clip_norm is not None:
            norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
            if norm > self.clip_norm:
                gradients = {key: g * (self.clip_norm / norm) for key, g in gradients.items()}
        for key, gradient in gradients.items():
            self.change[key] = self.momentum * self.change.get(key, 0.0) + self.rate * gradient
            w[key] = w[key] - self.change[key]
