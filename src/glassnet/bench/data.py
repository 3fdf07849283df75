"""What the systems work on: random examples of a rung's shape, the same for all."""

from __future__ import annotations

import numpy as np

from glassnet.bench.rungs import Rung
from glassnet.graph.types import Array

__all__ = ["classified", "measured", "questions", "scattered", "separated", "texts"]

WRONG = 100  # one label in so many is wrong
NEAR = 0.1  # how far a question is from an example that is remembered, in each input


def scattered(rung: Rung) -> Array:
    """Return random examples of shape (n, inputs), float32."""
    return _normal(np.random.default_rng(0), rung)


def classified(rung: Rung) -> tuple[Array, Array]:
    """Return random examples of shape (n, inputs), float32, and their random classes, int64."""
    random = np.random.default_rng(0)
    return _normal(random, rung), random.integers(0, rung.classes, rung.examples)


def separated(rung: Rung) -> tuple[Array, Array]:
    """Return random examples, float32, and on which side of a plane each is, int64.

    One side in a hundred is told wrong: no plane separates the examples, so that the rule does not
    end, and mistakes are as many in each epoch, however many epochs fill the time.
    """
    random = np.random.default_rng(0)
    x = _normal(random, rung)
    side = x @ random.normal(size=rung.inputs) > 0
    side[::WRONG] ^= True
    return x, side.astype(np.int64)


def questions(rung: Rung, memory: Array) -> Array:
    """Return as many examples as are asked for at a time, each near one of the memory's first."""
    return memory[: rung.batch] + np.float32(NEAR)


def measured(rung: Rung) -> tuple[Array, Array]:
    """Return random examples of shape (n, inputs) and a noisy linear function of them, float32."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rung.examples, rung.inputs))
    y = x @ random.normal(size=rung.inputs) + 0.1 * random.normal(size=rung.examples)
    return x.astype(np.float32), y.astype(np.float32)


def texts(rung: Rung) -> Array:
    """Return random characters of shape (n, time + 1), int64; the last is only foretold."""
    return np.random.default_rng(0).integers(0, rung.classes, (rung.examples, rung.time + 1))


def _normal(random: np.random.Generator, rung: Rung) -> Array:
    return random.normal(size=(rung.examples, rung.inputs)).astype(np.float32)
