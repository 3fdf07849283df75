"""Differentiation of graphs: chains, sharing, seeds, orders, errors, and where nodes come from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import (
    ArgumentError,
    DTypeError,
    NotConnectedError,
    NotDifferentiableError,
    ShapeError,
)
from glassnet.graph import Label, differentiate, topological_order
from glassnet.ops import constant

LONG = 10_000


# --- size -----------------------------------------------------------------------------------------


def test_a_chain_of_10_000_operations() -> None:
    x = gn.tensor(0.5)
    y = x
    for _ in range(LONG):
        y = gn.sin(y)
    value, slope = 0.5, 1.0
    for _ in range(LONG):
        value, slope = math.sin(value), slope * math.cos(value)
    derivative = gn.grad(y, x)
    assert y.item() == pytest.approx(value, rel=1e-12)
    assert derivative.item() == pytest.approx(slope, rel=1e-9)
    assert len(topological_order([derivative])) < 5 * LONG


def test_a_long_chain_twice() -> None:
    """(x + 1 + 1 + …)²: the second derivative is 2."""
    x = gn.tensor(0.5)
    y = x
    for _ in range(LONG):
        y = y + 1.0
    first = gn.grad(y * y, x)
    assert first.item() == 2 * (LONG + 0.5)
    assert gn.grad(first, x).item() == 2.0


def test_shared_subexpressions_are_visited_once() -> None:
    """y = y + y, 60 times: 2⁶⁰ paths, but a gradient of a few nodes."""
    x = gn.tensor(1.0)
    y = x
    for _ in range(60):
        y = y + y
    derivative = gn.grad(y, x)
    assert derivative.item() == 2.0**60
    assert len(topological_order([derivative])) < 200


def test_a_tensor_used_twice_gets_the_sum() -> None:
    x = gn.tensor([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(gn.grad((x * x).sum(), x).value, [2.0, 4.0, 6.0])
    np.testing.assert_array_equal(gn.grad((x @ x), x).value, [2.0, 4.0, 6.0])


# --- what is asked for ----------------------------------------------------------------------------


def test_unused_tensors_get_zeros_of_their_type() -> None:
    x, other = gn.tensor([1.0, 2.0]), gn.zeros(2, 3, dtype="float32") + 1.0
    zero = differentiate(gn.sin(x), [x, other]).gradients[1]
    assert (zero.shape, zero.dtype) == ((2, 3), "float32")
    np.testing.assert_array_equal(zero.value, np.zeros((2, 3)))


def test_stop_gradient_gives_zeros() -> None:
    x = gn.tensor([1.0, 2.0])
    (share,) = differentiate(gn.stop_gradient(x) * 3.0, [x]).gradients
    np.testing.assert_array_equal(share.value, [0.0, 0.0])
    (half,) = differentiate(gn.stop_gradient(x) * x, [x]).gradients
    np.testing.assert_array_equal(half.value, x.value)


def test_the_output_itself_and_what_is_in_between() -> None:
    x = gn.tensor([1.0, 2.0])
    middle = x * 2.0
    y = middle * middle
    derivative = differentiate(y, [y, middle, x])
    for share, expected in zip(
        derivative.gradients, ([1.0, 1.0], [4.0, 8.0], [8.0, 16.0]), strict=True
    ):
        np.testing.assert_array_equal(share.value, expected)
    assert derivative.adjoints[middle] is derivative.gradients[1]
    assert set(derivative.adjoints) >= {x, middle, y}


def test_what_lies_behind_the_tensor_asked_for_is_left_alone() -> None:
    x = gn.tensor([1.0, 2.0])
    middle = gn.exp(x)
    derivative = differentiate(middle * middle, [middle])
    np.testing.assert_array_equal(derivative.gradients[0].value, 2.0 * np.exp(x.value))
    assert x not in derivative.adjoints


def test_only_what_is_asked_for_is_worked_out() -> None:
    """The share of an input that no one asked for is not even built."""
    x, w = gn.ones(2, 3), gn.ones(3, 4)
    derivative = differentiate(x @ w, [w])
    assert x not in derivative.adjoints


def test_a_seed_weighs_the_elements() -> None:
    x = gn.tensor([1.0, 2.0, 3.0])
    seed = gn.tensor([1.0, 0.0, -2.0])
    (share,) = differentiate(x * x, [x], seed).gradients
    np.testing.assert_array_equal(share.value, [2.0, 0.0, -12.0])
    (back,) = differentiate(share, [seed]).gradients
    np.testing.assert_array_equal(back.value, 2 * x.value)


def test_a_seed_must_be_as_the_output() -> None:
    x = gn.ones(3)
    for seed in (gn.ones(2), gn.tensor(1.0), gn.ones(1, 3)):
        with pytest.raises(ShapeError, match=r"seed must be float64\[3\]"):
            differentiate(-x, [x], seed)
    with pytest.raises(DTypeError, match=r"seed must be float64\[3\].*float32\[3\]"):
        differentiate(-x, [x], gn.ones(3, dtype="float32"))


def test_gradients_keep_float32() -> None:
    x = gn.tensor([0.5, 2.0], dtype="float32")
    y = (gn.tanh(x) / (1.0 + x * x)).sum()
    first = gn.grad(y, x)
    assert first.dtype == "float32"
    assert gn.grad(first.sum(), x).value.dtype == np.float32


def test_grad_of_one_and_of_several() -> None:
    a, b = gn.tensor(3.0), gn.tensor(4.0)
    assert gn.grad(a * b, a).item() == 4.0
    shares = gn.grad(a * b, [a, b])
    assert isinstance(shares, tuple)
    assert [share.item() for share in shares] == [4.0, 3.0]
    x = gn.tensor([[2.0]])
    assert gn.grad(x * x, x).value.tolist() == [[4.0]]  # one element, of any number of axes


# --- errors ---------------------------------------------------------------------------------------


def test_grad_needs_a_single_number() -> None:
    x = gn.tensor([1.0, 2.0])
    with pytest.raises(ArgumentError, match=r"one element; this one is float64\[2\].*a\.sum\(\)"):
        gn.grad(x * x, x)


def test_only_floats_have_derivatives() -> None:
    i = constant([1, 2])
    with pytest.raises(DTypeError, match=r"int64\[\]"):
        gn.grad(i.sum(), gn.tensor(1.0))
    with pytest.raises(DTypeError, match=r"int64\[2\]"):
        gn.grad(gn.cast(i, "float64").sum(), i)


def test_not_connected_names_the_tensor() -> None:
    x, w = gn.tensor([1.0]), gn.tensor([1.0], "w")
    with pytest.raises(NotConnectedError, match=r"does not depend on w \(of type float64\[1\]\)"):
        gn.grad((x * x).sum(), w)
    with pytest.raises(NotConnectedError, match="does not depend on tensor 2 of those given"):
        gn.grad((x * x).sum(), (x, gn.tensor([1.0])))


def test_replaced_by_its_value() -> None:
    x = gn.tensor([1.0])
    with pytest.raises(NotConnectedError, match="replaced by its value"):
        gn.grad(gn.tensor((x * x).value).sum(), x)


@pytest.mark.parametrize("function", [gn.stop_gradient, gn.sign, gn.floor])
def test_a_derivative_that_is_zero_everywhere_is_no_derivative(function: Any) -> None:
    x = gn.tensor([1.5], "x")
    with pytest.raises(NotConnectedError, match=r"depends on x only through .* zero everywhere"):
        gn.grad(function(x * 2.0).sum(), x)


@pytest.mark.parametrize(
    "threshold",
    [
        lambda v: gn.cast(gn.tensor(0.0) < v, "float64"),
        lambda v: gn.select(v >= 0.0, 1.0, -1.0),
        lambda v: gn.cast(gn.logical_not(v < 0.0), "float64") * 2.0 - 1.0,
    ],
)
def test_a_threshold_names_the_reason_and_the_rule(threshold: Any) -> None:
    w, x = gn.tensor([0.5, -0.5], "w"), gn.tensor([1.0, 2.0])
    with pytest.raises(NotDifferentiableError) as error:
        gn.grad(threshold(w @ x), w)
    message = str(error.value)
    assert message.startswith("no derivative with respect to w: it acts through less")
    assert "jumps from no to yes" in message
    assert "perceptron rule" in message
    assert "logistic" in message


def test_an_argmax_says_that_it_jumps() -> None:
    x = gn.tensor([1.0, 2.0])
    with pytest.raises(NotDifferentiableError, match=r"argmax only\. The place .* jumps"):
        gn.grad(gn.gather(gn.tensor([5.0, 6.0]), gn.argmax(x)), x)


def test_a_class_number_has_no_derivative() -> None:
    classes = constant([0, 2])
    with pytest.raises(NotDifferentiableError, match="one_hot: A class number is no quantity"):
        differentiate(gn.one_hot(classes, 3).sum(), [classes])


def test_a_threshold_beside_a_path_does_not_matter() -> None:
    x = gn.tensor([-1.0, 2.0])
    relu = gn.select(x < 0.0, 0.0, x)
    np.testing.assert_array_equal(gn.grad(relu.sum(), x).value, [0.0, 1.0])


# --- higher orders --------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [-1.3, 0.2, 0.9])
@pytest.mark.parametrize(
    ("function", "closed"),
    [
        (lambda x: x**4, (lambda x: 4 * x**3, lambda x: 12 * x**2, lambda x: 24 * x)),
        (gn.sin, (math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x))),
        (lambda x: gn.exp(2 * x), tuple(lambda x, n=n: 2**n * math.exp(2 * x) for n in (1, 2, 3))),
        (
            gn.tanh,
            (
                lambda x: 1 / math.cosh(x) ** 2,
                lambda x: -2 * math.tanh(x) / math.cosh(x) ** 2,
                lambda x: (4 * math.tanh(x) ** 2 - 2 / math.cosh(x) ** 2) / math.cosh(x) ** 2,
            ),
        ),
        (
            lambda x: 1 / (x + 2),
            (lambda x: -1 / (x + 2) ** 2, lambda x: 2 / (x + 2) ** 3, lambda x: -6 / (x + 2) ** 4),
        ),
        (
            lambda x: gn.log(x + 2),
            (lambda x: 1 / (x + 2), lambda x: -1 / (x + 2) ** 2, lambda x: 2 / (x + 2) ** 3),
        ),
    ],
)
def test_three_derivatives(function: Any, closed: Any, at: float) -> None:
    x = gn.tensor(at)
    y = function(x)
    for derivative in closed:
        y = gn.grad(y, x)
        assert y.item() == pytest.approx(derivative(at), rel=1e-12)


def _network(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, tanh: Any) -> Any:
    error = tanh(x @ w1.T + b1) @ w2.T + b2 - x[:, :1] * x[:, 1:2]
    return (error * error).mean()


def test_hessian_vector_products_of_a_network(jax_oracle: Any) -> None:
    jax, jnp = jax_oracle.jax, jax_oracle.jnp
    generator = np.random.default_rng(1)
    shapes = ((4, 3), (4,), (1, 4), (1,))
    x = generator.normal(size=(5, 3))
    weights = [generator.normal(size=shape) for shape in shapes]
    vector = [generator.normal(size=shape) for shape in shapes]

    hessian = jax.jit(
        jax.hessian(lambda w: _network(jnp.asarray(x), *w, jnp.tanh)),
    )(tuple(map(jnp.asarray, weights)))
    expected = [
        sum(
            np.tensordot(np.asarray(block), part, axes=part.ndim)
            for block, part in zip(row, vector, strict=True)
        )
        for row in hessian
    ]

    leaves = [gn.tensor(weight) for weight in weights]
    gradients = gn.grad(_network(gn.tensor(x), *leaves, gn.tanh), leaves)
    along = gn.tensor(0.0)
    for share, part in zip(gradients, vector, strict=True):
        along = along + (share * part).sum()
    for found, wanted in zip(gn.grad(along, leaves), expected, strict=True):
        np.testing.assert_allclose(found.value, wanted, rtol=1e-9, atol=1e-9)


# --- where the nodes come from --------------------------------------------------------------------


def test_each_gradient_node_knows_its_forward_node_and_its_rule() -> None:
    w, x = gn.tensor([[0.1, 0.2]], "w"), gn.tensor([1.0, 2.0], "x")
    v = (w @ x).named("v", "output")
    y = gn.logistic(v).named("y", "output")
    loss = gn.exp(y - 1.0).mean()
    forward = set(topological_order([loss]))
    assert all(node.provenance is None for node in forward)

    derivative = differentiate(loss, [w])
    seed = set(topological_order([derivative.adjoints[loss]]))
    made = set(topological_order(derivative.gradients)) - forward - seed
    assert made
    for node in made:
        assert node.provenance is not None, node.op
        assert node.provenance.of in forward
        assert node.provenance.rule == node.provenance.of.op.name
    rules = {node.provenance.rule for node in made if node.provenance}
    assert {"logistic", "matmul", "exp", "mean"} <= rules
    labels = {str(node.provenance.of.label) for node in made if node.provenance}
    assert "output.y" in labels

    second = set(topological_order([gn.grad(derivative.gradients[0].sum(), w)])) - forward - made
    assert any(node.provenance and node.provenance.of in made for node in second)


def test_nothing_made_afterwards_is_marked() -> None:
    x = gn.tensor(2.0)
    gn.grad(x * x, x)
    assert (x * 3.0).provenance is None
    with pytest.raises(NotConnectedError):
        gn.grad(gn.sign(x), x)
    assert (x * 3.0).provenance is None


def test_labels() -> None:
    x = gn.tensor(1.0).named("v", "hidden", 3)
    assert x.label == Label("v", "hidden", 3)
    assert str(x.label) == "hidden.v(3)"
    assert str(Label("w")) == "w"
    assert str(Label()) == ""
