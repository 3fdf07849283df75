"""Every registered activation against oracles written apart; and the suite can fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, NotDifferentiableError
from glassnet.nn import Activation
from glassnet.unit import FAMILIES
from nn import activation_checks as checks
from nn.activation_oracles import ACTIVATIONS

PAIRS = checks.pairs()
SMOOTH = [pair for pair in PAIRS if checks.make(*pair)[1].differentiable]
STEPS = [pair for pair in PAIRS if pair not in SMOOTH]


def test_every_activation_has_an_oracle() -> None:
    assert set(ACTIVATIONS) == set(FAMILIES["activation"])


@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_values(name: str, position: int) -> None:
    checks.check_value(name, position)


@pytest.mark.parametrize(("name", "position"), SMOOTH)
def test_first_derivative(name: str, position: int) -> None:
    checks.check_first(name, position)


@pytest.mark.parametrize(("name", "position"), SMOOTH)
def test_second_derivative(name: str, position: int) -> None:
    checks.check_second(name, position)


@pytest.mark.parametrize(("name", "position"), [p for p in PAIRS if checks.make(*p)[1].kinks])
def test_kinks(name: str, position: int) -> None:
    checks.check_kinks(name, position)


@pytest.mark.parametrize(("name", "position"), [p for p in PAIRS if checks.make(*p)[1].slope])
def test_slope_as_the_textbook_writes_it(name: str, position: int) -> None:
    checks.check_slope(name, position)


@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_float32(name: str, position: int) -> None:
    checks.check_float32(name, position)


@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_examples_do_not_mix(name: str, position: int) -> None:
    checks.check_rows(name, position)


@pytest.mark.parametrize(("name", "position"), [p for p in PAIRS if checks.make(*p)[1].torch])
def test_pytorch(name: str, position: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, the second oracle, is not installed")
    checks.check_torch(name, position, torch)


@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_range_is_kept_and_reached(name: str, position: int) -> None:
    psi, oracle = checks.make(name, position)
    low, high = psi.range
    y = psi(gn.tensor(checks.points())).value
    assert np.isfinite(y).all()
    if name == "piecewise_linear":
        low, high = oracle.settings.get("low", 0.0), oracle.settings.get("high", 1.0)
    assert y.min() >= low
    assert y.max() <= high
    for bound, found in ((low, y.min()), (high, y.max())):
        if np.isfinite(bound):
            assert found == pytest.approx(bound, abs=1e-6)


@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_text_and_json_give_the_same_activation(name: str, position: int) -> None:
    psi, _ = checks.make(name, position)
    assert Activation.of(str(psi)) == psi
    assert Activation.from_json(psi.to_json()) == psi


# --- numbers that a person can check ------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "v", "y"),
    [
        ("logistic", 0.0, 0.5),
        ("logistic", np.log(3.0), 0.75),
        ("logistic slope=2", np.log(3.0) / 2, 0.75),
        ("bipolar_logistic", np.log(3.0), 0.5),
        ("tanh", np.log(2.0), 0.6),
        ("softsign", 3.0, 0.75),
        ("softsign", -1.0, -0.5),
        ("relu", -2.0, 0.0),
        ("leaky_relu slope=0.5", -2.0, -1.0),
        ("elu", -np.log(2.0), -0.5),
        ("elu scale=3", -np.log(2.0), -1.5),
        ("softplus", np.log(3.0), np.log(4.0)),
        ("softplus", 0.0, np.log(2.0)),
        ("gelu", 0.0, 0.0),
        ("gelu", 1.0, 0.8413447460685429),  # the normal distribution function at 1
        ("piecewise_linear low=-1 high=1", 5.0, 1.0),
        ("piecewise_linear low=-1 high=1", 0.25, 0.25),
    ],
)
def test_by_hand(text: str, v: float, y: float) -> None:
    assert Activation.of(text)(gn.tensor([v])).item() == pytest.approx(y, abs=1e-15)


def test_softmax_by_hand() -> None:
    # e^0 : e^ln2 : e^ln5 = 1 : 2 : 5
    y = gn.softmax(gn.tensor([[0.0, np.log(2.0), np.log(5.0)]])).value
    np.testing.assert_allclose(y, [[0.125, 0.25, 0.625]], rtol=1e-15)


def test_softmax_of_large_numbers_neither_overflows_nor_loses_its_sum() -> None:
    y = gn.softmax(gn.tensor([[1000.0, 1000.0], [-1000.0, 1000.0], [1e308, -1e308]])).value
    assert y.tolist() == [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]


def test_softmax_of_one_axis() -> None:
    assert gn.softmax([0.0, 0.0]).value.tolist() == [0.5, 0.5]


def test_log_softmax_keeps_the_digits_that_the_logarithm_of_softmax_loses() -> None:
    found = gn.log_softmax(gn.tensor([[0.0, -1000.0]])).value
    assert found.tolist() == [[0.0, -1000.0]]


def test_tails_keep_their_digits() -> None:
    # far out, y is e^v to all digits
    v = np.array([-40.0, -100.0, -700.0])
    for text in ("logistic", "softplus"):
        np.testing.assert_allclose(Activation.of(text)(gn.tensor(v)).value, np.exp(v), rtol=1e-13)
    small = np.array([-1e-12, -1e-15])
    np.testing.assert_allclose(gn.elu(gn.tensor(small)).value, small, rtol=1e-11)


# --- the neurons that fire or do not ------------------------------------------------------------
def test_threshold_fires_at_the_threshold_itself() -> None:
    v = gn.tensor([-1.0, -1e-12, 0.0, 1e-12, 1.0])
    assert gn.threshold(v).value.tolist() == [0, 0, 1, 1, 1]
    assert gn.signum(v).value.tolist() == [-1, -1, 1, 1, 1]
    assert gn.threshold(v, at=1.0).value.tolist() == [0, 0, 0, 0, 1]
    assert gn.signum(v, at=-1.0).value.tolist() == [1, 1, 1, 1, 1]


def test_logical_and_by_a_threshold_neuron() -> None:
    # A8: w = (1, 1), T = 2
    neuron = gn.Network(
        [gn.Dense(1, "threshold at=2", weights=[[1.0, 1.0]], biases=None)], inputs=2
    )
    assert neuron.outputs([[0, 0], [0, 1], [1, 0], [1, 1]]).ravel().tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(("name", "position"), STEPS)
def test_steps_have_no_derivative(name: str, position: int) -> None:
    psi, _ = checks.make(name, position)
    v = gn.tensor([0.5, -0.5])
    with pytest.raises(NotDifferentiableError, match="trained by the perceptron rule"):
        gn.grad(psi(v).sum(), v)


@pytest.mark.parametrize("name", sorted({name for name, _ in STEPS}))
@pytest.mark.parametrize("layers", ["dense", "hidden", "apply"])
def test_fit_names_the_rule_that_trains_a_step_neuron(name: str, layers: str) -> None:
    stacks = {
        "dense": ([gn.Dense(1, name)], "output"),
        "hidden": ([gn.Dense(3, name), gn.Dense(1, "logistic")], "hidden"),
        "apply": ([gn.Dense(3), gn.Apply(name), gn.Dense(1, "logistic")], "apply1"),
    }
    entries, place = stacks[layers]
    net = gn.Network(entries, inputs=2)
    with pytest.raises(NotDifferentiableError) as caught:
        gn.fit(net, [[0.0, 1.0], [1.0, 0.0]], [0, 1], loss="mse", epochs=1)
    message = str(caught.value)
    assert place in message
    assert name in message
    assert "the perceptron rule" in message


# --- settings -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("logistic slope=0", "slope must be a number above 0; got 0"),
        ("logistic slope=-1", "slope must be a number above 0"),
        ("logistic slope=nan", "slope must be a number above 0"),
        ("logistic slope=inf", "slope must be a number above 0"),
        ("bipolar_logistic slope=0", "slope must be a number above 0"),
        ("leaky_relu slope=1.5", "at least 0 and at most 1"),
        ("elu scale=0", "scale must be a number above 0"),
        ("piecewise_linear low=1 high=1", "high must be above low; got low=1.0, high=1.0"),
        ("threshold at=x", "threshold: at must be of type float; got 'x'"),
        ("tanh slope=2", "tanh has no setting 'slope'; it has none"),
        ("logistic slop=2", "did you mean 'slope'"),
        ("tanb", "there is no activation named 'tanb' (did you mean 'tanh'?)"),
    ],
)
def test_settings_that_are_not_allowed(text: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Activation.of(text)
    assert message in str(caught.value)


# --- the suite can fail -------------------------------------------------------------------------
def _scaled(sound: Any) -> Any:
    return lambda self, v: sound(self, v) * 1.001


def _tilted(sound: Any) -> Any:
    """Right values, wrong first derivative."""
    return lambda self, v: sound(self, v) + (v - gn.stop_gradient(v)) * 0.001


def _curved(sound: Any) -> Any:
    """Right values and first derivative, wrong second derivative."""
    return lambda self, v: sound(self, v) + (v - gn.stop_gradient(v)) ** 2.0 * 0.001


def _deaf(sound: Any) -> Any:
    """The settings are not listened to."""
    return lambda self, v: sound(type(self)(), v)


def _wide(sound: Any) -> Any:
    return lambda self, v: gn.cast(sound(self, v), "float64")


def _mixed(sound: Any) -> Any:
    """One example leaks into the others."""
    return lambda self, v: sound(self, v) + v.mean() * 1e-6


MUTANTS = [
    pytest.param(pair, damage, check, id=f"{pair[0]}-{pair[1]}-{damage.__name__}")
    for pair in PAIRS
    for damage, check, applies in (
        (_scaled, checks.check_value, True),
        (_deaf, checks.check_value, bool(checks.make(*pair)[1].settings)),
        (_wide, checks.check_float32, True),
        (_mixed, checks.check_rows, True),
        (_tilted, checks.check_first, pair in SMOOTH),
        (_curved, checks.check_second, pair in SMOOTH),
    )
    if applies
]


@pytest.mark.parametrize(("pair", "damage", "check"), MUTANTS)
def test_broken_formula_is_found(
    pair: tuple[str, int], damage: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(*pair)
    kind = Activation.named(pair[0])
    monkeypatch.setattr(kind, "__call__", damage(kind.__call__))
    with pytest.raises(AssertionError):
        check(*pair)


KINK_MUTANTS = {
    "relu": lambda self, v: gn.select(v >= 0.0, v, 0.0),
    "leaky_relu": lambda self, v: gn.select(v >= 0.0, v, v * self.slope),
    "piecewise_linear": lambda self, v: gn.select(
        v > self.low, gn.select(v < self.high, v, self.high), self.low
    ),
    "elu": lambda self, v: gn.select(v > 0.0, v, gn.select(v < 0.0, gn.elu(v, self.scale), 0.0)),
    "softsign": lambda self, v: gn.select(v > 0.0, gn.softsign(v), -gn.softsign(gn.relu(-v))),
}


@pytest.mark.parametrize(
    "name", sorted(name for name, oracles in ACTIVATIONS.items() if oracles[0].kinks)
)
def test_wrong_subgradient_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Activation.named(name), "__call__", KINK_MUTANTS[name])
    checks.check_value(name, 0)  # the value is right everywhere
    with pytest.raises(AssertionError):
        checks.check_kinks(name, 0)
