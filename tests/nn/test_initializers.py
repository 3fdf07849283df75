"""Initial weights: limits and variances by definition (H4), statistics, the same bits always."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from oracles import philox

import glassnet as gn
from glassnet.errors import ArgumentError, ShapeError
from glassnet.nn import Initializer
from glassnet.nn.initializers import Given, given
from glassnet.unit import FAMILIES

WIDE = (300, 400)  # m_out, m_in

# name, form, and the variance as the source writes it, from (m_in, m_out)
VARIANCES: dict[str, tuple[str, Any]] = {
    "xavier_uniform": ("uniform", lambda m_in, m_out: 2 / (m_in + m_out)),
    "xavier_normal": ("normal", lambda m_in, m_out: 2 / (m_in + m_out)),
    # the notes' form: a number uniform in (−1, 1), of variance 1/3, times √(1/m_in)
    "xavier_inputs_uniform": ("uniform", lambda m_in, _: 1 / (3 * m_in)),
    "xavier_inputs_normal": ("normal", lambda m_in, _: 1 / m_in),
    "he_uniform": ("uniform", lambda m_in, _: 2 / m_in),
    "he_normal": ("normal", lambda m_in, _: 2 / m_in),
    "lecun_uniform": ("uniform", lambda m_in, _: 1 / m_in),
    "lecun_normal": ("normal", lambda m_in, _: 1 / m_in),
    "uniform": ("uniform", lambda *_: 0.05**2 / 3),
    "normal": ("normal", lambda *_: 0.05**2),
}
FIXED = {"zeros", "ones", "given", "orthogonal"}


def test_every_initializer_is_checked() -> None:
    assert set(VARIANCES) | FIXED == set(FAMILIES["initializer"])


@pytest.mark.parametrize("name", VARIANCES)
@pytest.mark.parametrize("shape", [WIDE, (400, 300), (600, 200), (200, 600)])
def test_statistics(name: str, shape: tuple[int, int]) -> None:
    form, variance = VARIANCES[name]
    values = Initializer.of(name).values(shape, 7, 3)
    assert values.shape == shape
    assert values.dtype == np.float64
    expected, n = variance(shape[1], shape[0]), values.size
    deviation = math.sqrt(expected)
    # bounds of five standard errors of the mean and of the variance
    assert abs(values.mean()) < 5 * deviation / math.sqrt(n)
    kurtosis = {"uniform": 9 / 5, "normal": 3.0}[form]
    assert abs(values.var() / expected - 1) < 5 * math.sqrt((kurtosis - 1) / n)
    scaled = np.sort(values.ravel() / deviation)
    if form == "uniform":
        limit = math.sqrt(3.0)
        assert -limit <= scaled[0] < -0.9999 * limit
        assert 0.9999 * limit < scaled[-1] <= limit
        even = np.linspace(-limit, limit, n)
    else:
        from statistics import NormalDist

        normal = NormalDist()
        even = np.array([normal.inv_cdf(p) for p in (np.arange(100) + 0.5) / 100])
        scaled = np.quantile(scaled, (np.arange(100) + 0.5) / 100)
    # the distribution as a whole: the largest distance between quantiles
    assert np.abs(scaled - even)[2:-2].max() < 0.05


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("xavier_uniform", math.sqrt(6 / (4 + 12))),
        ("xavier_inputs_uniform", math.sqrt(1 / 4)),
        ("he_uniform", math.sqrt(6 / 4)),
        ("lecun_uniform", math.sqrt(3 / 4)),
        ("uniform 0.2", 0.2),
    ],
)
def test_limits_by_definition(name: str, limit: float) -> None:
    choice: Any = Initializer.of(name)
    assert choice.limit((12, 4)) == pytest.approx(limit, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("xavier_normal", 2 / (4 + 12)),
        ("xavier_inputs_normal", 1 / 4),
        ("he_normal", 2 / 4),
        ("lecun_normal", 1 / 4),
        ("normal deviation=0.2", 0.04),
    ],
)
def test_variances_by_definition(name: str, variance: float) -> None:
    choice: Any = Initializer.of(name)
    assert choice.variance((12, 4)) == pytest.approx(variance, rel=1e-15)


@pytest.mark.parametrize("name", VARIANCES)
def test_the_seed_decides(name: str) -> None:
    choice = Initializer.of(name)
    first = choice.values((5, 6), 1, 2)
    np.testing.assert_array_equal(first, choice.values((5, 6), 1, 2))
    for seed, stream in ((2, 2), (1, 3)):
        other = choice.values((5, 6), seed, stream)
        assert not np.isclose(first, other).any()


# A network of seed 0: 2 inputs, 3 tanh neurons (Xavier), 2 rectifiers (He).
HIDDEN = [
    [0.9980625546397554, 0.3633140500691398],
    [0.69604890236065, 1.06185676470866],
    [0.398931220754528, -0.2861255229933983],
]
OUTPUT = [
    [-0.6855393147480111, 1.3757068276241797, 0.8633922858069393],
    [0.11311942967679961, 1.0316561682004952, -0.2287522931325498],
]


def test_numbers_that_never_change() -> None:
    """The first weights are the same on every machine and in every version."""
    net = gn.Network([gn.Dense(3, "tanh"), gn.Dense(2, "relu")], inputs=2, dtype="float64")
    np.testing.assert_allclose(net.parameters["hidden.w"], HIDDEN, rtol=1e-15)
    np.testing.assert_allclose(net.parameters["output.w"], OUTPUT, rtol=1e-15)
    assert net.parameters["hidden.b"].tolist() == [0, 0, 0]


def test_numbers_by_another_generator() -> None:
    """Philox in Python's whole numbers: u of seed 0 and of the parameter's own stream; 2u − 1 times
    √(6/(2 + 3)) for the tanh layer, times √(6/3) for the rectifiers.
    """
    first = 2**16  # the stream of the first parameter: hidden.w, then hidden.b, then output.w
    for known, stream, limit in ((HIDDEN, 0, math.sqrt(6 / 5)), (OUTPUT, 2, math.sqrt(2))):
        drawn = philox.uniform64(6, 0, first + stream, 0)
        expected = [(2 * u - 1) * limit for u in drawn]
        np.testing.assert_allclose(np.ravel(known), expected, rtol=1e-15)


def test_normal_numbers_by_another_generator() -> None:
    drawn = np.array(philox.normal64(12, 9, 4, 0)).reshape(3, 4)
    for name, deviation in (("he_normal", math.sqrt(2 / 4)), ("xavier_inputs_normal", 0.5)):
        found = Initializer.of(name).values((3, 4), 9, 4)
        np.testing.assert_allclose(found, drawn * deviation, rtol=1e-12)


def test_what_suits_the_activation_is_the_default() -> None:
    rectifiers = {"relu", "leaky_relu", "elu", "gelu", "softplus"}
    for name in FAMILIES["activation"]:
        weights: Any = gn.Dense(2, name).weights
        assert weights.name == ("he_uniform" if name in rectifiers else "xavier_uniform"), name


def test_each_layer_draws_its_own_numbers() -> None:
    net = gn.Network([gn.Dense(4, "tanh") for _ in range(3)], inputs=4, dtype="float64")
    matrices = [value for key, value in net.parameters.items() if key.endswith(".w")]
    assert len(matrices) == 3
    for i in range(3):
        for j in range(i):
            assert not np.isclose(matrices[i], matrices[j]).any()


def test_float32_is_the_float64_number_rounded() -> None:
    layers = [gn.Dense(4, "tanh"), gn.Dense(2)]
    wide = gn.Network(layers, inputs=3, seed=5, dtype="float64")
    narrow = gn.Network(layers, inputs=3, seed=5)
    for key, value in wide.parameters.items():
        np.testing.assert_array_equal(narrow.parameters[key], value.astype(np.float32))


# --- constants and given values -----------------------------------------------------------------
def test_zeros_and_ones() -> None:
    assert Initializer.of("zeros").values((2, 3), 5, 5).tolist() == [[0.0] * 3] * 2
    assert Initializer.of("ones").values((4,), 5, 5).tolist() == [1.0] * 4


def test_given_values() -> None:
    net = gn.Network(
        [gn.Dense(2, weights=[[0.6, -0.1], [-0.3, 0.4]], biases=[0.3, 0.5])],
        inputs=2,
        dtype="float64",
    )
    assert net.parameters["output.w"].tolist() == [[0.6, -0.1], [-0.3, 0.4]]
    assert net.parameters["output.b"].tolist() == [0.3, 0.5]


def test_given_values_as_arrays_and_copies() -> None:
    weights = np.arange(6.0).reshape(2, 3)
    net = gn.Network([gn.Dense(2, weights=weights, biases=np.zeros(2))], inputs=3)
    weights[:] = 99  # the network has its own copy
    assert net.parameters["output.w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    one = gn.Network([gn.Dense(1, biases=np.zeros(1))], inputs=1)
    assert one.parameters["output.b"].tolist() == [0.0]  # a bias that is 0 is no missing bias


@pytest.mark.parametrize(
    ("settings", "given_shape", "needed"),
    [
        ({"weights": [[1.0, 2.0]]}, "(1, 2)", "(2, 3)"),
        ({"weights": [1.0, 2.0, 3.0]}, "(3,)", "(2, 3)"),
        ({"weights": np.zeros((3, 2))}, "(3, 2)", "(2, 3)"),
        ({"biases": [0.0]}, "(1,)", "(2,)"),
        ({"biases": [[0.0, 0.0]]}, "(1, 2)", "(2,)"),
    ],
)
def test_given_values_of_another_shape(settings: Any, given_shape: str, needed: str) -> None:
    with pytest.raises(ShapeError) as caught:
        gn.Network([gn.Dense(2, **settings)], inputs=3)
    message = str(caught.value)
    assert f"given values have shape {given_shape}" in message
    assert f"{needed} is needed" in message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0], [1.0, 2.0]], "must be the name of an initialiser or a table of numbers"),
        ([["a", "b"]], "must be the name of an initialiser or a table of numbers"),
        ([[1.0, float("nan")]], "given weights must be finite numbers"),
        ([[1.0, float("inf")]], "given weights must be finite numbers"),
        ({"a": 1}, "must be the name of an initialiser or a table of numbers"),
        ("xavier", "there is no initializer named 'xavier'"),
        ("uniform -1", "bound must be a number above 0"),
        ("normal 0", "deviation must be a number above 0"),
    ],
)
def test_weights_that_are_not_allowed(values: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        gn.Dense(1, weights=values)
    assert message in str(caught.value)


def test_given_by_itself() -> None:
    found = given([[1.0, 2.0]])
    assert found == Given((1.0, 2.0), (1, 2))
    assert found.values((1, 2), 0, 0).tolist() == [[1.0, 2.0]]
    with pytest.raises(ShapeError, match=r"\(1, 2\); \(2, 1\) is needed"):
        found.values((2, 1), 0, 0)


@pytest.mark.parametrize("off", [None, False])
def test_bias_off(off: Any) -> None:
    net = gn.Network([gn.Dense(3, "tanh", biases=off), gn.Dense(2, biases=off)], inputs=4)
    assert set(net.parameters) == {"hidden.w", "output.w"}
    assert net.outputs([[0.0] * 4]).tolist() == [[0.0, 0.0]]


def test_biases_on_and_by_name() -> None:
    assert gn.Dense(2, biases=True) == gn.Dense(2)
    net = gn.Network([gn.Dense(2, biases="ones")], inputs=1)
    assert net.parameters["output.b"].tolist() == [1.0, 1.0]
