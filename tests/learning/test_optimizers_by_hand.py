"""Two steps (or three) of each optimiser, worked by hand.

Where a gradient is not given, the loss is L = w², so that ∂L/∂w = 2w. All start at w = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from optimizer_runs import run

from glassnet.learning import (
    Adagrad,
    Adam,
    AdamW,
    AdaptiveGain,
    GradientDescent,
    Momentum,
    Nesterov,
    RMSProp,
)


def slope(w: Any, _step: int) -> Any:
    return 2.0 * w


def given(*gradients: float) -> Callable[[Any, int], float]:
    return lambda _w, step: gradients[step - 1]


def walk(optimizer: Any, gradient: Callable[[Any, int], Any], steps: int = 2) -> dict[str, Any]:
    return run(optimizer, gradient, steps=steps, start=1.0)


def agree(actual: Any, *expected: float) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


def test_gradient_descent() -> None:
    # t = 1: g = 2 · 1 = 2;      w = 1 − 0.1 · 2 = 0.8
    # t = 2: g = 2 · 0.8 = 1.6;  w = 0.8 − 0.1 · 1.6 = 0.64
    agree(walk(GradientDescent(0.1), slope)["weight"], 0.8, 0.64)


def test_momentum() -> None:
    # t = 1: g = 2;    Δw = 0.5 · 0 + 0.1 · 2 = 0.2;         w = 1 − 0.2 = 0.8
    # t = 2: g = 1.6;  Δw = 0.5 · 0.2 + 0.1 · 1.6 = 0.26;    w = 0.8 − 0.26 = 0.54
    found = walk(Momentum(0.1, momentum=0.5), slope)
    agree(found["change"], 0.2, 0.26)
    agree(found["weight"], 0.8, 0.54)


def test_nesterov() -> None:
    # t = 1: ŵ = 1 − 0.5 · 0 = 1;        g = 2;    Δw = 0 + 0.1 · 2 = 0.2;            w = 0.8
    # t = 2: ŵ = 0.8 − 0.5 · 0.2 = 0.7;  g = 1.4;  Δw = 0.5 · 0.2 + 0.1 · 1.4 = 0.24; w = 0.56
    found = walk(Nesterov(0.1, momentum=0.5), slope)
    agree(found["point"], 1.0, 0.7)
    agree(found["change"], 0.2, 0.24)
    agree(found["weight"], 0.8, 0.56)


def test_adaptive_gain() -> None:
    # t = 1: ∂L/∂w = 2; there is no gradient before: the gain stays 1
    #        Δw = 0.25 · 1 · 2 = 0.5;            w = 1 − 0.5 = 0.5
    # t = 2: ∂L/∂w = 1, the same sign: gain 1 + 0.2 = 1.2
    #        Δw = 0.25 · 1.2 · 1 = 0.3;          w = 0.5 − 0.3 = 0.2
    found = walk(AdaptiveGain(0.25, increase=0.2), slope)
    agree(found["gain"], 1.0, 1.2)
    agree(found["weight"], 0.5, 0.2)


def test_adaptive_gain_where_the_sign_changes() -> None:
    # t = 1: ∂L/∂w = 2; gain 1
    #        Δw = 0.75 · 1 · 2 = 1.5;                       w = 1 − 1.5 = −0.5
    # t = 2: ∂L/∂w = −1, the other sign: gain 1 · (1 − 0.25) = 0.75
    #        Δw = 0.75 · 0.75 · (−1) = −0.5625;             w = −0.5 + 0.5625 = 0.0625
    # t = 3: ∂L/∂w = 0.125, the other sign: gain 0.75 · 0.75 = 0.5625
    #        Δw = 0.75 · 0.5625 · 0.125 = 0.052734375;      w = 0.0625 − 0.052734375 = 0.009765625
    found = walk(AdaptiveGain(0.75, increase=0.25), slope, steps=3)
    agree(found["gain"], 1.0, 0.75, 0.5625)
    agree(found["weight"], -0.5, 0.0625, 0.009765625)


def test_rmsprop() -> None:
    # t = 1: g = 4: MS = 0.75 · 0 + 0.25 · 16 = 4;  √MS = 2
    #        w = 1 − 0.1 · 4/(2 + 0.5) = 1 − 0.16 = 0.84
    # t = 2: g = 2: MS = 0.75 · 4 + 0.25 · 4 = 4;   √MS = 2
    #        w = 0.84 − 0.1 · 2/2.5 = 0.84 − 0.08 = 0.76
    found = walk(RMSProp(0.1, decay=0.75, epsilon=0.5), given(4.0, 2.0))
    agree(found["mean_square"], 4.0, 4.0)
    agree(found["weight"], 0.84, 0.76)


def test_adagrad() -> None:
    # t = 1: g = 3: G = 9;            √G = 3;  w = 1 − 0.1 · 3/(3 + 1) = 0.925
    # t = 2: g = 4: G = 9 + 16 = 25;  √G = 5;  w = 0.925 − 0.1 · 4/(5 + 1) = 0.925 − 1/15
    found = walk(Adagrad(0.1, epsilon=1.0), given(3.0, 4.0))
    agree(found["sum_of_squares"], 9.0, 25.0)
    agree(found["weight"], 0.925, 0.925 - 1 / 15)


# Adam with β₁ = 0.5, β₂ = 0.75, ε = 0.5, η = 0.1, and the gradients 2 and −2
# t = 1: m = 0.5 · 0 + 0.5 · 2 = 1         v = 0.75 · 0 + 0.25 · 4 = 1
#        m̂ = 1/(1 − 0.5) = 2               v̂ = 1/(1 − 0.75) = 4
#        Δw = 0.1 · 2/(2 + 0.5) = 0.08
# t = 2: m = 0.5 · 1 − 0.5 · 2 = −0.5      v = 0.75 · 1 + 0.25 · 4 = 1.75
#        m̂ = −0.5/(1 − 0.25) = −2/3        v̂ = 1.75/(1 − 0.5625) = 1.75/0.4375 = 4
#        Δw = 0.1 · (−2/3)/(2 + 0.5) = −2/75


def test_adam() -> None:
    # t = 1: w = 1 − 0.08 = 0.92
    # t = 2: w = 0.92 + 2/75
    found = walk(Adam(0.1, beta1=0.5, beta2=0.75, epsilon=0.5), given(2.0, -2.0))
    agree(found["mean"], 1.0, -0.5)
    agree(found["mean_square"], 1.0, 1.75)
    agree(found["weight"], 0.92, 0.92 + 2 / 75)


def test_adamw() -> None:
    # t = 1: w = 1 − 0.08 − 0.1 · 0.5 · 1 = 0.87
    # t = 2: w = 0.87 + 2/75 − 0.1 · 0.5 · 0.87 = 0.87 + 2/75 − 0.0435
    adamw = AdamW(0.1, beta1=0.5, beta2=0.75, epsilon=0.5, weight_decay=0.5)
    agree(walk(adamw, given(2.0, -2.0))["weight"], 0.87, 0.87 + 2 / 75 - 0.0435)
