"""The examples of docs/computation-graphs.md by hand, and beside PyTorch (rows E1 to E6)."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

DOCUMENT = Path(__file__).parents[2] / "docs" / "computation-graphs.md"


def logistic(z):
    return 1 / (1 + math.exp(-z))


def numbers_of(section):
    text = DOCUMENT.read_text(encoding="utf-8").split(f"## {section}.")[1].split("\n## ")[0]
    return text, [float(n) for n in re.findall(r"-?\d+\.\d{6,8}", text.replace("−", "-"))]


def test_e3_by_hand():
    a = logistic(0.5 * 2)
    factors = [a - 1, a * (1 - a), 2.0]
    _, written = numbers_of("E3")
    for number in (a, 0.5 * (a - 1) ** 2, *factors[:2], math.prod(factors)):
        assert any(abs(number - other) <= 5e-7 for other in written), number


def test_e4_by_hand():
    a1, a2 = logistic(0.8 * 0.5), logistic(0.8 * -1.5)
    slope = a1 * a2 - 1
    first = slope * a2 * a1 * (1 - a1) * 0.5
    second = slope * a1 * a2 * (1 - a2) * -1.5
    _, written = numbers_of("E4")
    assert written[-3:] == [round(first, 6), round(second, 6), round(first + second, 6)]


def test_e5_by_hand():
    first = logistic(0.5 * 1 - 0.25 * 2), logistic(1 * 1 + 0.5 * 2)
    second = logistic(2 * first[0] - first[1]), logistic(-first[0] + 1.5 * first[1])
    a = logistic(second[0] - 2 * second[1])
    entry = first[0] * (1 - first[0]) * 1.0
    paths = [
        (a - 1) * (a * (1 - a) * w3) * (h * (1 - h) * w2) * entry
        for h, w2, w3 in zip(second, (2, -1), (1, -2), strict=True)
    ]
    _, written = numbers_of("E5")
    assert written[-2:] == [round(sum(paths), 8)] * 2
    assert {round(path, 8) for path in paths} <= set(written)


def test_e6_beside_pytorch():
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch, which is not installed")
    text, _ = numbers_of("E6")
    snippet = re.search(r"```text\n(.*?)```", text, re.DOTALL)[1]
    theirs: dict[str, object] = {}
    *setup, by_w, by_b = snippet.strip().splitlines()
    exec("\n".join(setup), theirs)
    ours: dict[str, object] = {}
    lines = re.findall(r"^>>> (.*)$", text.split("In glassnet:")[1].split("```")[1], re.MULTILINE)
    *our_setup, our_w, our_b = lines
    exec("\n".join(our_setup), ours)
    assert len(our_setup) + 2 == len(snippet.strip().splitlines()) - 2  # as short, fewer imports
    for their_line, our_line, expected in ((by_w, our_w, 3.0), (by_b, our_b, 1.0)):
        (their,) = eval(their_line, theirs)
        our = eval(our_line, ours)
        assert isinstance(their, torch.Tensor)
        np.testing.assert_array_equal(np.asarray(our), their.numpy())
        assert our.item() == expected


def test_e1_to_e5_beside_pytorch():
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch, which is not installed")

    def both(build, *values):
        ours = [gn.tensor(value) for value in values]
        theirs = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values]
        their_output = build(theirs, torch.sigmoid, torch.relu)
        our_output = build(ours, gn.logistic, gn.relu)
        assert our_output.item() == pytest.approx(their_output.item(), rel=1e-14)
        for our, their in zip(
            gn.grad(our_output, ours), torch.autograd.grad(their_output, theirs), strict=True
        ):
            assert our.item() == pytest.approx(their.item(), rel=1e-13, abs=1e-300)

    def layers(v, sigma, _):
        x1, x2, *w, y = v
        g = sigma(w[0] * x1 + w[1] * x2), sigma(w[2] * x1 + w[3] * x2)
        h = sigma(w[4] * g[0] + w[5] * g[1]), sigma(w[6] * g[0] + w[7] * g[1])
        return 0.5 * (sigma(w[8] * h[0] + w[9] * h[1]) - y) ** 2

    both(lambda v, *_: (v[0] + v[1]) * (v[1] + 1.0), 2.0, 1.0)
    both(lambda v, _, relu: relu(v[0] * v[1] + v[2]), 3.0, 2.0, 1.0)
    both(lambda v, sigma, _: 0.5 * (sigma(v[0] * v[1]) - v[2]) ** 2, 2.0, 0.5, 1.0)
    both(
        lambda v, sigma, _: 0.5 * (sigma(v[0] * v[1]) * sigma(v[0] * v[2]) - v[3]) ** 2,
        *(0.8, 0.5, -1.5, 1.0),
    )
    both(layers, *(1.0, 2.0, 0.5, -0.25, 1.0, 0.5, 2.0, -1.0, -1.0, 1.5, 1.0, -2.0, 1.0))
