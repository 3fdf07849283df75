"""Loops unrolled: the values and outputs of the loop, and names that carry the time step."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import Program
from glassnet.graph import DType
from glassnet.graph.operation import Recurrence
from glassnet.graph.unroll import unroll, unrolled
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.learning.optimizer import Optimizer
from glassnet.nn.losses import Loss
from glassnet.nn.stack import Stack, parse_layers

NETWORKS = (
    "rnn 2, 1 linear",
    "lstm 2 peepholes=true, gru 2, 1 linear",
    "lstm 2, rnn 2 returns=sequence, 1 linear",
    "bidirectional 'rnn 2', 1 linear",
)


def step_of(layers):
    stack = Stack(parse_layers(layers, 1), (3, 1))
    loss, optimizer = Loss.of("half_squared_error"), Optimizer.of("sgd 0.1")
    return training_graph(Recipe(stack, loss, optimizer, DType.FLOAT64), 2)


@pytest.mark.parametrize("layers", NETWORKS)
def test_a_training_step_unrolled_has_the_same_outputs(layers):
    graph = step_of(layers)
    flat = unrolled(graph)
    assert any(isinstance(node.op.native, Recurrence) for node in graph.nodes)
    assert not any(isinstance(node.op.native, Recurrence) for node in flat.nodes)
    rng = np.random.default_rng(0)
    given = {
        name: rng.normal(size=node.shape) if node.dtype.is_float else np.int64(1)
        for name, node in graph.inputs.items()
    }
    loop, plain = Program(graph), Program(flat)
    wanted, found = loop.outputs(loop.evaluate(given)), plain.outputs(plain.evaluate(given))
    assert wanted.keys() == found.keys()
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-15, err_msg=name)


def test_names_carry_the_time_step():
    names = {str(node.label) for node in unrolled(step_of(NETWORKS[0])).nodes if node.label.time}
    assert names == {f"rnn1.{symbol}({t})" for symbol in "vh" for t in (1, 2, 3)}


def test_elman_by_hand():
    w, u, x = 0.5, -0.25, np.array([1.0, -2.0, 0.5])

    def body(h, entry):
        after = gn.tanh(w * entry + u * h).named("h")
        return after, after

    last, stack = gn.scan(body, gn.tensor(0.0), gn.tensor(x))
    new = unroll([last, stack])
    h, states = 0.0, []
    for entry in x:
        h = np.tanh(w * entry + u * h)
        states.append(h)
    np.testing.assert_allclose(new[stack].value, states, rtol=1e-14)
    np.testing.assert_allclose(new[last].value, h, rtol=1e-14)
    assert str(new[last].label) == "h(3)"


def test_back_propagation_through_time_by_hand():
    recipe = Recipe(
        Stack(parse_layers("rnn 2, 1 linear", 1), (3, 1)),
        Loss.of("half_squared_error"), Optimizer.of("sgd 0.1"), DType.FLOAT64, unrolled=True,
    )  # fmt: skip
    graph = training_graph(recipe, 1)
    assert not any(isinstance(node.op.native, Recurrence) for node in graph.nodes)
    rng = np.random.default_rng(1)
    given = {
        name: rng.normal(size=node.shape) if node.dtype.is_float else np.int64(1)
        for name, node in graph.inputs.items()
    }
    given["rate"] = np.float64(0.1)
    w, u, b, w_y, b_y = (
        given[f"parameters/{key}"] for key in ("rnn1.w", "rnn1.u", "rnn1.b", "output.w", "output.b")
    )
    h = [np.zeros(2)]
    for x in given["batch/x"][0]:
        h.append(np.tanh(w @ x + u @ h[-1] + b))
    back = w_y.T @ (w_y @ h[3] + b_y - given["batch/target"][0])
    wanted, total = {}, np.zeros((2, 2))
    for t in (3, 2, 1):
        wanted[t] = back * (1 - h[t] ** 2)
        total += np.outer(wanted[t], h[t - 1])
        back = u.T @ wanted[t]
    program = Program(graph)
    values = program.evaluate(given)
    for t, delta in wanted.items():
        (node,) = [
            node
            for node in graph.nodes
            if node.provenance is not None
            and node.provenance.adjoint is not None
            and str(node.provenance.adjoint.label) == f"rnn1.v({t})"
        ]
        np.testing.assert_allclose(values[node][0], delta, rtol=1e-12)
    new = program.outputs(values)["parameters/rnn1.u"]
    np.testing.assert_allclose(new, u - 0.1 * total, rtol=1e-12)
