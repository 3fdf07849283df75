"""D6, the notes' back-propagation example: a 2-2-1 network, logistic neurons (a = 1), η = 0.25.

    x = (0, 1), target 1
    into H₁: (0.6, −0.1), bias 0.3;  into H₂: (−0.3, 0.4), bias 0.5
    into the output: (0.4, 0.1), bias −0.2

The numbers are those of the notes put right, with all the digits that are printed there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from worked.glass import Step

X, TARGET, RATE = [[0.0, 1.0]], [[1.0]], 0.25


def network() -> gn.Network:
    return gn.Network(
        [
            gn.Dense(2, "logistic", weights=[[0.6, -0.1], [-0.3, 0.4]], biases=[0.3, 0.5]),
            gn.Dense(1, "logistic", weights=[[0.4, 0.1]], biases=[-0.2]),
        ],
        inputs=2,
        dtype="float64",
    )


@pytest.fixture(scope="module")
def step() -> Step:
    return Step(network(), X, TARGET, loss="half_squared_error", optimizer=f"sgd {RATE}")


def agrees(found: Any, printed: str) -> bool:
    """Whether a number, rounded to as many digits as are printed, is the printed one."""
    digits = len(printed.partition(".")[2])
    return f"{float(found):.{digits}f}" == printed.replace("−", "-")


# --- forward: v_j = Σ w_ji y_i + b_j, y_j = 1/(1 + e^(−v_j)) --------------------------------------
def test_hidden_neurons(step: Step) -> None:
    # v₁ = 0.6·0 − 0.1·1 + 0.3 = 0.2;  v₂ = −0.3·0 + 0.4·1 + 0.5 = 0.9
    v1, v2 = step["hidden.v"][0]
    assert agrees(v1, "0.2")
    assert v1 == pytest.approx(0.2, abs=1e-15)
    assert v2 == pytest.approx(0.9, abs=1e-15)
    y1, y2 = step["hidden.y"][0]
    assert agrees(y1, "0.549834")
    assert agrees(y2, "0.710950")


def test_output_neuron(step: Step) -> None:
    # v_k = 0.4·0.549834 + 0.1·0.710950 − 0.2
    assert agrees(step["output.v"].item(), "0.0910285")
    assert agrees(step["output.y"].item(), "0.522741")
    assert agrees(step["output.e"].item(), "0.477259")  # e = d − y
    # D2: E = ½ e²
    assert step.loss == pytest.approx(0.5 * 0.477259**2, abs=1e-6)


# --- backward: δ_k = e_k y_k(1 − y_k);  δ_j = y_j(1 − y_j) Σ_k δ_k w_kj ---------------------------
def test_local_gradients(step: Step) -> None:
    assert agrees(step.delta("output.v").item(), "0.1190678")
    d1, d2 = step.delta("hidden.v")[0]
    assert agrees(d1, "0.0117885")
    assert agrees(d2, "0.0024468")


def test_the_notes_formulas_for_delta(step: Step) -> None:
    # D3, D4 and D5, from the numbers that stand beside them
    y, e = step["output.y"].item(), step["output.e"].item()
    delta = step.delta("output.v").item()
    assert delta == pytest.approx(e * y * (1 - y), rel=1e-14)
    hidden = step["hidden.y"][0]
    expected = hidden * (1 - hidden) * delta * np.array([0.4, 0.1])
    np.testing.assert_allclose(step.delta("hidden.v")[0], expected, rtol=1e-14)


# --- the changes: Δw_ji = η δ_j y_i ---------------------------------------------------------------
CHANGES = [
    ("output.w", (0, 0), "0.0163669"),
    ("output.w", (0, 1), "0.0211628"),
    ("output.b", (0,), "0.0297670"),
    ("hidden.w", (0, 0), "0.0"),
    ("hidden.w", (0, 1), "0.0029471"),
    ("hidden.b", (0,), "0.0029471"),
    ("hidden.w", (1, 0), "0.0"),
    ("hidden.w", (1, 1), "0.00061171"),
    ("hidden.b", (1,), "0.00061171"),
]
AFTER = [
    ("output.w", (0, 0), "0.4163669"),
    ("output.w", (0, 1), "0.1211628"),
    ("output.b", (0,), "−0.1702330"),
    ("hidden.w", (0, 0), "0.6"),
    ("hidden.w", (0, 1), "−0.0970529"),
    ("hidden.b", (0,), "0.3029471"),
    ("hidden.w", (1, 0), "−0.3"),
    ("hidden.w", (1, 1), "0.4006117"),
    ("hidden.b", (1,), "0.5006117"),
]


@pytest.mark.parametrize(("key", "place", "printed"), CHANGES)
def test_changes(step: Step, key: str, place: Any, printed: str) -> None:
    assert agrees((step.new[key] - network().parameters[key])[place], printed)


@pytest.mark.parametrize(("key", "place", "printed"), AFTER)
def test_weights_after_the_step(step: Step, key: str, place: Any, printed: str) -> None:
    assert agrees(step.new[key][place], printed)


# --- the same through `fit` -----------------------------------------------------------------------
@pytest.fixture(scope="module")
def fitted() -> gn.Run:
    return gn.fit(
        network(),
        X,
        TARGET,
        loss="half_squared_error",
        optimizer=gn.GradientDescent(RATE),
        mode="online",
        epochs=1,
    )


@pytest.mark.parametrize(("key", "place", "printed"), AFTER)
def test_weights_after_fit(fitted: gn.Run, key: str, place: Any, printed: str) -> None:
    assert agrees(fitted.network.parameters[key][place], printed)


def test_fit_takes_the_same_step(fitted: gn.Run, step: Step) -> None:
    for key, value in step.new.items():
        np.testing.assert_allclose(fitted.network.parameters[key], value, rtol=1e-14)
    assert fitted.history["loss"] == [pytest.approx(step.loss, rel=1e-14)]
    assert fitted.steps == 1


def test_answers_before_and_after(fitted: gn.Run) -> None:
    before, after = network().outputs(X).item(), fitted.network.outputs(X).item()
    assert agrees(before, "0.522741")
    assert before < after < 1  # one step nearer to the target


# --- the notes' wrong numbers for this example are not these --------------------------------------
@pytest.mark.parametrize("wrong", ["0.5507", "0.5927", "0.5997"])
def test_wrong_outputs_are_told_apart(step: Step, wrong: str) -> None:
    assert not agrees(step["output.y"].item(), wrong)


@pytest.mark.parametrize("rate", ["0.05", "0.95"])
def test_the_printed_rates_do_not_give_the_printed_numbers(rate: str) -> None:
    other = Step(network(), X, TARGET, loss="half_squared_error", optimizer=f"sgd {rate}")
    change = (other.new["output.w"] - network().parameters["output.w"])[0, 0]
    assert not agrees(change, "0.0163669")


@pytest.mark.parametrize("slope", [0.5, 2.0])
def test_another_slope(slope: float) -> None:
    """D5 with a ≠ 1: δ_j = a y_j(1 − y_j) e_j, and the same factor in the hidden layer."""
    neuron = f"logistic slope={slope}"
    net = gn.Network(
        [
            gn.Dense(2, neuron, weights=[[0.6, -0.1], [-0.3, 0.4]], biases=[0.3, 0.5]),
            gn.Dense(1, neuron, weights=[[0.4, 0.1]], biases=[-0.2]),
        ],
        inputs=2,
        dtype="float64",
    )
    step = Step(net, X, TARGET, loss="half_squared_error", optimizer="sgd 0.25")
    hidden = 1 / (1 + np.exp(-slope * np.array([0.2, 0.9])))
    np.testing.assert_allclose(step["hidden.y"][0], hidden, rtol=1e-15)
    y = 1 / (1 + np.exp(-slope * (hidden @ [0.4, 0.1] - 0.2)))
    delta = slope * y * (1 - y) * (1 - y)  # e = 1 − y
    assert step.delta("output.v").item() == pytest.approx(delta, rel=1e-14)
    expected = slope * hidden * (1 - hidden) * delta * np.array([0.4, 0.1])
    np.testing.assert_allclose(step.delta("hidden.v")[0], expected, rtol=1e-13)
