"""Sequences that are made: the adding problem and brackets, each against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data.generated.adding import adding
from glassnet.data.generated.brackets import CLOSING, NOTHING, OPENING, brackets, brackets_text
from glassnet.errors import ArgumentError


@pytest.mark.parametrize("steps", [2, 7, 100])
def test_adding(steps: int) -> None:
    x, y = adding(200, steps, seed=3)
    assert x.shape == (200, steps, 2)
    assert (x[..., 0] >= 0).all()
    assert (x[..., 0] < 1).all()
    assert set(np.unique(x[..., 1]).tolist()) <= {0.0, 1.0}
    half = steps // 2
    assert (x[:, :half, 1].sum(1) == 1).all()
    assert (x[:, half:, 1].sum(1) == 1).all()
    np.testing.assert_array_equal(y, (x[..., 0] * x[..., 1]).sum(1))


def test_adding_is_spread_evenly() -> None:
    x, y = adding(20_000, 10, seed=0)
    assert abs(y.mean() - 1.0) < 0.01
    assert abs(y.var() - 1 / 6) < 0.005  # of a sum of two uniform numbers
    assert (np.abs(x[..., 1].mean(0) - 0.2) < 0.02).all()


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_brackets_by_a_stack(depth: int) -> None:
    x, labels = brackets(200, 50, depth=depth, seed=1)
    deepest = 0
    for numbers, answers in zip(x, labels, strict=True):
        opened: list[str] = []
        for symbol, answer in zip(brackets_text(numbers), answers, strict=True):
            if symbol in OPENING:
                opened.append(CLOSING[OPENING.index(symbol)])
            elif symbol in CLOSING:
                assert opened.pop() == symbol
            assert answer == (opened[-1] if opened else NOTHING)
            deepest = max(deepest, len(opened))
    assert deepest == depth


def test_the_same_seed_gives_the_same() -> None:
    for make in (adding, brackets):
        once, again, other = make(20, 30, seed=5), make(20, 30, seed=5), make(20, 30, seed=6)
        for a, b, c in zip(once, again, other, strict=True):
            np.testing.assert_array_equal(a, b)
            assert (a != c).any()


def test_known_bits() -> None:
    x, _ = brackets(1, 24, seed=5)
    assert brackets_text(x[0]) == "({}{bba{}}ab{a[]{b[a]{ba"


def test_numbers_that_cannot_be() -> None:
    with pytest.raises(ArgumentError, match="steps"):
        adding(3, 1)
    with pytest.raises(ArgumentError, match="depth"):
        brackets(3, 10, depth=0)
    with pytest.raises(ArgumentError, match="n must"):
        brackets(0, 10)
