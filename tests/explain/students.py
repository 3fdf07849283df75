"""Students: they work a step of a network or a perceptron by hand, perhaps with a mistake.

Plain Python, one number at a time; shares no code with what marks their sheets.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glassnet.explain.problems import Problem

Numbers = dict[str, float]
Cut = Callable[[float], float]


def digits(k: int) -> Cut:
    """Return what rounds to k significant digits."""
    return lambda value: float(f"{value:.{k}g}")


@dataclass
class Net:
    """A network of two layers with its example."""

    x: list[float]
    d: list[float]
    hidden_w: list[list[float]]
    hidden_b: list[float]
    output_w: list[list[float]]
    output_b: list[float]
    rate: float
    activation: str = "logistic"
    loss: str = "half_squared_error"

    def problem(self) -> Problem:
        """Return it as a problem."""
        h, m = len(self.hidden_b), len(self.output_b)
        return Problem(
            "a random one",
            {"x": [self.x], "d": [self.d]},
            network={"layers": [f"{h} {self.activation}", f"{m} {self.activation}"]},
            weights={
                "hidden.w": self.hidden_w,
                "hidden.b": self.hidden_b,
                "output.w": self.output_w,
                "output.b": self.output_b,
            },
            training={"loss": self.loss, "optimizer": f"sgd {self.rate}"},
        )


def random_net(rng: random.Random, *, outputs: int = 2, loss: str = "half_squared_error") -> Net:
    """Return a network of numbers with one or two places."""

    def number(low: float = 0.1, high: float = 0.9) -> float:
        return round(rng.choice((-1, 1)) * rng.uniform(low, high), rng.choice((1, 2)))

    return Net(
        x=[number() for _ in range(2)],
        d=[float(rng.choice((0.1, 0.9, 0.2, 0.7))) for _ in range(outputs)],
        hidden_w=[[number() for _ in range(2)] for _ in range(2)],
        hidden_b=[number() for _ in range(2)],
        output_w=[[number() for _ in range(2)] for _ in range(outputs)],
        output_b=[number() for _ in range(outputs)],
        rate=rng.choice((0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8)),
        activation=rng.choice(("logistic", "tanh")),
        loss=loss,
    )


def work(
    net: Net, mistake: str = "", cut: Cut = lambda value: value, rate: float | None = None
) -> Numbers:
    """Return what a student gets who makes one kind of mistake throughout."""
    found: Numbers = {}
    h, m = len(net.hidden_b), len(net.output_b)
    eta = net.rate if rate is None else rate

    def keep(name: str, value: float) -> float:
        found[name] = cut(value)
        return found[name]

    def psi(v: float) -> float:
        return 1 / (1 + math.exp(-v)) if net.activation == "logistic" else math.tanh(v)

    def slope(y: float) -> float:
        if mistake == "slope forgotten":
            return 1.0
        y = psi(y) if mistake == "slope at y" else y
        return y * (1 - y) if net.activation == "logistic" else 1 - y * y

    def layer(name: str, w: list[list[float]], b: list[float], below: list[float]) -> list[float]:
        outputs: list[float] = []
        for j in range(len(b)):
            total = 0.0
            for i in range(len(below)):
                turned = mistake == "transposed forward"
                total += (w[i][j] if turned else w[j][i]) * below[i]
            total += {"bias forgotten": 0.0, "bias sign": -b[j]}.get(mistake, b[j])
            v = keep(f"{name}.v[{j + 1}]", total)
            outputs.append(keep(f"{name}.y[{j + 1}]", psi(v)))
        return outputs

    y_hidden = layer("hidden", net.hidden_w, net.hidden_b, net.x)
    y = layer("output", net.output_w, net.output_b, y_hidden)
    mean = net.loss == "mse"
    errors: list[float] = []
    for k in range(m):
        e = y[k] - net.d[k] if (mistake == "error sign") != mean else net.d[k] - y[k]
        errors.append(keep(f"output.e[{k + 1}]", e))
    squares = sum(e * e for e in errors)
    if mean:
        keep("E", squares if mistake == "mean forgotten" else squares / m)
    else:
        keep("E", squares if mistake == "half forgotten" else squares / 2)
    factor = (-1.0 if mistake == "mean forgotten" else -2.0 / m) if mean else 1.0
    delta = [keep(f"output.δ[{k + 1}]", factor * errors[k] * slope(y[k])) for k in range(m)]
    eta_used = 1.0 if mistake == "rate forgotten" else eta
    new_w = [
        [net.output_w[k][j] + eta_used * delta[k] * y_hidden[j] for j in range(h)] for k in range(m)
    ]
    delta_hidden: list[float] = []
    for j in range(h):
        total = 0.0
        for k in range(m):
            w = net.output_w[k][j]
            if mistake == "transposed backward":
                w = net.output_w[j][k]
            if mistake == "updated weight":
                w = cut(new_w[k][j])
            total += w * delta[k]
        delta_hidden.append(keep(f"hidden.δ[{j + 1}]", total * slope(y_hidden[j])))
    for name, deltas, below, w, b in (
        ("output", delta, y_hidden, net.output_w, net.output_b),
        ("hidden", delta_hidden, net.x, net.hidden_w, net.hidden_b),
    ):
        for j, one in enumerate(deltas):
            for i, source in enumerate(below):
                change = keep(f"{name}.Δw[{j + 1},{i + 1}]", eta_used * one * source)
                keep(f"{name}.w new[{j + 1},{i + 1}]", w[j][i] + change)
            place = f"[{j + 1}]" if len(b) > 1 else ""
            change = keep(f"{name}.Δb{place}", eta_used * one)
            keep(f"{name}.b new{place}", b[j] + change)
    return found


def sheet(numbers: Numbers, k: int) -> str:
    """Return an answer sheet, each number with k significant digits."""
    return "\n".join(f"{name} = {value:.{k}g}" for name, value in numbers.items())


def random_perceptron(rng: random.Random) -> Problem:
    """Return a perceptron whose first local field is 0."""
    x = [rng.choice((-1, 1, 2)) for _ in range(2)]
    w = [rng.choice((-2, -1, 1, 2, 3)) / 2 for _ in range(2)]
    bias = -sum(a * b for a, b in zip(x, w, strict=True))
    rule: dict[str, Any] = {
        "name": "perceptron",
        "learning_rate": rng.choice((0.5, 1.0)),
        "start_weights": w,
        "start_bias": bias,
        "shuffle": False,
    }
    label = rng.choice((0, 1))
    return Problem("a random one", {"x": [x, [1, 1]], "d": [label, 1 - label]}, rule=rule)


def work_perceptron(problem: Problem, *, strict: bool) -> Numbers:
    """Return the first step; strict: a neuron fires only above the threshold."""
    x, d = problem.data["x"][0], problem.data["d"][0]
    w, bias, rate = (problem.rule[k] for k in ("start_weights", "start_bias", "learning_rate"))
    v = sum(a * b for a, b in zip(x, w, strict=True)) + bias
    y = float(v > 0 if strict else v >= 0)
    e = d - y
    found: Numbers = {"v[1]": v, "y[1]": y, "e[1]": e}
    for i in range(len(w)):
        found[f"w new[1,{i + 1}]"] = w[i] + rate * e * x[i]
    found["b new"] = bias + rate * e
    return found
