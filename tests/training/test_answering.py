"""Answers: the same whatever other examples are asked about at the same time."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines.native import Answers, why_not
from glassnet.errors import GlassnetError
from glassnet.training.answering import CHUNK

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def network() -> gn.Network:
    layers = [gn.Dense(32, "tanh"), gn.BatchNorm(), gn.Dropout(0.5), gn.Dense(10, "softmax")]
    return gn.Network(layers, inputs=64, seed=1, dtype="float32")


def sizes(net: gn.Network) -> list[int]:
    """Return for how many examples there are programs."""
    programs = net._answers()._programs
    assert all(isinstance(program, Answers) for program in programs.values())
    return sorted(programs)


@pytest.mark.parametrize("n", [513, 765, 1000, CHUNK + 600, 3 * CHUNK - 1])
def test_a_ready_program_answers_fewer(n: int) -> None:
    x = np.random.default_rng(0).normal(size=(3 * CHUNK, 64)).astype(np.float32)
    used = network()
    whole = used.predict_proba(x)
    assert sizes(used) == [CHUNK]
    assert np.array_equal(used.predict_proba(x[:n]), whole[:n])
    assert np.array_equal(used.predict(x[:n].astype(np.float64)), used.predict(x)[:n])
    assert sizes(used) == [CHUNK]
    np.testing.assert_allclose(network().predict_proba(x[:n]), whole[:n], rtol=1e-5)


def test_far_fewer_get_a_program_of_their_own() -> None:
    x = np.random.default_rng(0).normal(size=(CHUNK, 64)).astype(np.float32)
    net = network()
    whole = net.predict_proba(x)
    for n in (200, 150, 1):
        np.testing.assert_allclose(net.predict_proba(x[:n]), whole[:n], rtol=1e-5)
    assert sizes(net) == [1, 200, CHUNK]


def test_a_mistake_is_found_in_the_examples_alone() -> None:
    x = np.zeros((700, 64), np.float32)
    net = network()
    net.predict(np.zeros((CHUNK, 64), np.float32))
    x[3, 2] = np.nan
    with pytest.raises(GlassnetError, match="row 3"):
        net.predict(x)
