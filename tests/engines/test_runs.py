"""Epochs on the native engine: what is checked before they run, and what they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines.native import Engine, Steps, permutation, why_not
from glassnet.graph import DType
from glassnet.learning import Optimizer
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.nn import Loss, Stack

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

N, INPUTS = 11, 3
EDGES = np.array([0, 4, 8, 11])
RATE = np.array([0.1])
IN_ORDER = (False, 0, 2, 0)


def steps(sizes: tuple[int, ...] = (4, 3), **more: Any) -> Steps:
    layers: Any = more.pop("layers", [gn.Dense(5, "tanh"), gn.Dense(2)])
    stack = Stack(layers, INPUTS)
    recipe = Recipe(stack, Loss.of("mse"), Optimizer.of("sgd 0.1"), DType.FLOAT32, **more)
    return Steps.of({n: training_graph(recipe, n) for n in sizes})


def engine(lowered: Steps) -> Engine:
    made = Engine(lowered)
    generator = np.random.default_rng(0)
    for name in state(made):
        tensor = lowered.inputs[name]
        made.write(name, generator.normal(size=tensor.shape).astype(np.float32))
    return made


def state(made: Engine) -> list[str]:
    return [name for name in made.steps.outputs if not name.startswith("measures/")]


def values(made: Engine) -> dict[str, Any]:
    return {n: made.read(n, DType.FLOAT32, made.steps.inputs[n].shape) for n in state(made)}


def data(units: int = 2) -> dict[str, Any]:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(N, INPUTS)).astype(np.float32)
    return {"batch/x": x, "batch/target": x[:, :1] * np.ones(units, np.float32)}


def quiet(*_: Any) -> None:
    return None


@pytest.mark.parametrize(
    ("change", "edges"),
    [
        ({"batch/x": np.zeros((N, INPUTS + 1), np.float32)}, EDGES),
        ({"batch/x": np.zeros((N, INPUTS), np.float64)}, EDGES),
        ({"batch/x": np.zeros((N, INPUTS), np.int64)}, EDGES),
        ({"batch/x": np.zeros((N, INPUTS), np.float16)}, EDGES),
        ({"batch/x": np.zeros((N - 1, INPUTS), np.float32)}, EDGES),
        ({"batch/x": np.array(0.0, np.float32)}, EDGES),
        ({"batch/weight": np.zeros(N, np.float32)}, EDGES),
        ({}, np.array([0, 4, 8, 12])),
        ({}, np.array([0, 4, 8, 10])),
        ({}, np.array([-4, 0, 4, 8])),
        ({}, np.array([4, 0])),
        ({}, np.array([0])),
    ],
)
def test_what_does_not_fit_is_refused_before_it_runs(change: Any, edges: Any) -> None:
    made = engine(steps())
    with pytest.raises(ValueError):  # noqa: PT011 (an assertion of our own, told to nobody)
        made.epochs({**data(), **change}, edges, state(made))


def test_rates_that_do_not_fit_are_refused() -> None:
    made = engine(steps())
    epochs = made.epochs(data(), EDGES, state(made))
    for count in (0, 2, 4):
        with pytest.raises(ValueError, match="rates"):
            epochs.run(IN_ORDER, np.full(count, 0.1), 1, quiet)


@pytest.mark.parametrize("layers", [None, [gn.Dense(1)]], ids=["network", "neuron"])
def test_an_order_of_chance_is_that_of_the_permutation(layers: Any) -> None:
    sizes, edges, units = ((4, 3), EDGES, 2) if layers is None else ((1,), np.arange(N + 1), 1)
    more = {} if layers is None else {"layers": layers}
    lowered = steps(sizes, **more)
    assert (lowered.neuron is None) == (layers is None)
    order = permutation(N, 9, stream=2, counter=4)
    known = data(units)
    shuffled, sorted_before = engine(lowered), engine(lowered)
    taken = {name: value[order] for name, value in known.items()}
    first = shuffled.epochs(known, edges, state(shuffled)).run((True, 9, 2, 4), RATE, 1, quiet)
    second = sorted_before.epochs(taken, edges, state(sorted_before)).run(IN_ORDER, RATE, 1, quiet)
    assert first == second
    for name, value in values(shuffled).items():
        np.testing.assert_array_equal(values(sorted_before)[name], value)


def test_one_rate_is_the_same_rate_for_all() -> None:
    lowered = steps()
    one, each = engine(lowered), engine(lowered)
    results = [
        made.epochs(data(), EDGES, state(made)).run(IN_ORDER, rates, 1, quiet)
        for made, rates in ((one, RATE), (each, np.full(3, 0.1)))
    ]
    assert results[0] == results[1]
    for name, value in values(one).items():
        np.testing.assert_array_equal(values(each)[name], value)


def test_the_state_at_the_beginning_of_an_epoch_can_be_restored() -> None:
    made = engine(steps())
    epochs = made.epochs(data(), EDGES, state(made))
    before = values(made)
    done, _, finite, stopped_by = epochs.run(IN_ORDER, RATE, 1, quiet)
    assert (done, finite, stopped_by) == (3, True, None)
    assert all((values(made)[name] != value).any() for name, value in before.items())
    epochs.restore()
    for name, value in before.items():
        np.testing.assert_array_equal(values(made)[name], value)


@pytest.mark.parametrize("place", range(5))
def test_state_that_is_not_finite_is_told(place: int) -> None:
    """The objective does not see it: a relu neuron that never fires."""
    made = engine(steps(layers=[gn.Dense(5, "relu"), gn.Dense(2)]))
    biases = np.full(5, -1e6, np.float32)
    epochs = made.epochs(data(), EDGES, state(made))
    made.write("parameters/hidden.b", biases)
    assert epochs.run(IN_ORDER, RATE, 1, quiet)[2] is True
    biases[place] = -np.inf
    made.write("parameters/hidden.b", biases)
    done, totals, finite, _ = epochs.run(IN_ORDER, RATE, 1, quiet)
    assert done == 3
    assert np.isfinite(totals["objective"])
    assert finite is False


def test_steps_that_are_lowered_serve_many_engines() -> None:
    lowered = steps()
    first, second = engine(lowered), engine(lowered)
    first.epochs(data(), EDGES, state(first)).run(IN_ORDER, RATE, 1, quiet)
    for name, value in values(engine(lowered)).items():
        np.testing.assert_array_equal(values(second)[name], value)
        assert (values(first)[name] != value).any()


def test_what_the_callback_raises_is_handed_back_with_what_was_done() -> None:
    made = engine(steps(sizes=(1,)))
    many = {name: np.tile(value, (20_000, 1)) for name, value in data().items()}
    epochs = made.epochs(many, np.arange(20_000 * N + 1), state(made))

    def interrupt(done: int, loss: float) -> None:
        assert 0 < done < 20_000 * N
        assert np.isfinite(loss)
        raise KeyboardInterrupt

    done, totals, finite, stopped_by = epochs.run(IN_ORDER, RATE, 1, interrupt)
    assert isinstance(stopped_by, KeyboardInterrupt)
    assert finite
    assert 0 < done < 20_000 * N
    assert totals["loss"] > 0
