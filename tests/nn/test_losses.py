"""Every registered loss against oracles written apart; pairing with outputs; weights."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import Program
from glassnet.errors import ArgumentError, DataError, PairingError, ShapeError
from glassnet.learning import GradientDescent
from glassnet.learning.backpropagation import Recipe, evaluation_graph, training_graph
from glassnet.nn import Activation, Loss, Stack
from glassnet.nn.losses import Output
from glassnet.unit import FAMILIES
from nn import loss_checks as checks
from nn.loss_oracles import LOSSES

PAIRS = checks.pairs()


def test_every_loss_has_an_oracle() -> None:
    assert set(LOSSES) == set(FAMILIES["loss"])


@pytest.mark.parametrize(("name", "position"), PAIRS)
@pytest.mark.parametrize(
    "check",
    [checks.check_value, checks.check_first, checks.check_second, checks.check_float32],
    ids=lambda check: check.__name__,
)
def test_conformance(name: str, position: int, check: Any) -> None:
    check(name, position)


@pytest.mark.parametrize(
    ("name", "position"), [(name, i) for name, i in PAIRS if LOSSES[name][i].torch]
)
def test_pytorch(name: str, position: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, the second oracle, is not installed")
    checks.check_torch(name, position, torch)


# --- logits at ±1000, and gradients -------------------------------------------------------------
def _loss(name: str, activation: str, v: Any, t: Any) -> tuple[Any, Any]:
    psi, field = Activation.of(activation), gn.tensor(v)
    losses = Loss.of(name).per_example(Output(psi(field), field, psi), gn.tensor(t))
    return losses.value, gn.grad(losses.sum(), field).value


def test_cross_entropy_is_exact_at_a_thousand() -> None:
    v = [[1000.0, -1000.0], [1000.0, -1000.0], [-1000.0, -1000.0]]
    t = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]
    losses, gradient = _loss("cross_entropy", "softmax", v, t)
    assert losses[:2].tolist() == [0.0, 2000.0]
    assert losses[2] == pytest.approx(np.log(2.0), abs=1e-12)
    assert gradient.tolist() == [[0.0, 0.0], [1.0, -1.0], [0.0, 0.0]]


def test_binary_cross_entropy_is_exact_at_a_thousand() -> None:
    v, t = [[1000.0], [1000.0], [-1000.0], [-1000.0]], [[1.0], [0.0], [1.0], [0.0]]
    losses, gradient = _loss("binary_cross_entropy", "logistic", v, t)
    assert losses.tolist() == [0.0, 1000.0, 1000.0, 0.0]
    assert gradient.ravel().tolist() == [0.0, 1.0, -1.0, 0.0]


def test_small_losses_keep_their_digits() -> None:
    # a right answer with v = 40: the loss is ln(1 + e^−40) = e^−40 to all digits
    losses, _ = _loss("binary_cross_entropy", "logistic", [[40.0]], [[1.0]])
    assert losses[0] == pytest.approx(np.exp(-40.0), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "activation"),
    [("cross_entropy", "softmax"), ("binary_cross_entropy", "logistic")],
)
def test_gradient_is_a_minus_t(name: str, activation: str) -> None:
    v = checks.local_fields()[:35]
    t = checks.targets("rows")[:35]
    units = 1 if name == "cross_entropy" else v.shape[1]  # several yes/no answers: their mean
    _, gradient = _loss(name, activation, v, t)
    a = Activation.of(activation)(gn.tensor(v)).value
    np.testing.assert_allclose(gradient, (a - t) / units, rtol=0, atol=1e-12)


def test_half_squared_error_by_hand() -> None:
    # D2: e = (1, −2): E = ½(1 + 4); ∂E/∂y = −e
    losses, gradient = _loss("half_squared_error", "linear", [[1.0, 5.0]], [[2.0, 3.0]])
    assert losses.tolist() == [2.5]
    assert gradient.tolist() == [[-1.0, 2.0]]


def test_mse_by_hand() -> None:
    # G1: (1/2)(1 + 4); the derivative is 2(a − y)/2
    losses, gradient = _loss("mse", "linear", [[1.0, 5.0]], [[2.0, 3.0]])
    assert losses.tolist() == [2.5]
    assert gradient.tolist() == [[-1.0, 2.0]]


# --- pairing ------------------------------------------------------------------------------------
ALLOWED = {
    "cross_entropy": {"softmax"},
    "binary_cross_entropy": {"logistic"},
    "half_squared_error": set(FAMILIES["activation"]),
    "mse": set(FAMILIES["activation"]),
}


@pytest.mark.parametrize("name", sorted(FAMILIES["loss"]))
@pytest.mark.parametrize("activation", sorted(FAMILIES["activation"]))
def test_pairing(name: str, activation: str) -> None:
    loss, psi = Loss.of(name), Activation.of(activation)
    if activation in ALLOWED[name]:
        loss.check(psi, 3)
        return
    with pytest.raises(PairingError) as caught:
        loss.check(psi, 3)
    needed = next(iter(ALLOWED[name]))
    message = str(caught.value)
    assert message.startswith(f"{name} needs {needed} outputs; the network's are {activation}")
    assert f'Dense(3, "{needed}")' in message
    assert "choose another loss" in message


@pytest.mark.parametrize("name", sorted(FAMILIES["loss"]))
def test_softmax_with_one_output(name: str) -> None:
    with pytest.raises(PairingError) as caught:
        Loss.of(name).check(Activation.of("softmax"), 1)
    if "softmax" in ALLOWED[name]:
        assert "softmax with one output always answers 1" in str(caught.value)
        assert '"logistic"' in str(caught.value)


def test_fit_checks_the_pairing() -> None:
    x, y = [[0.0], [1.0], [2.0]], [0, 1, 2]
    cases = [
        ("tanh", 3, y, "cross_entropy", "cross_entropy needs softmax outputs"),
        ("softmax", 3, y, "binary_cross_entropy", "binary_cross_entropy needs logistic outputs"),
        ("linear", 1, [0.1, 0.2, 0.3], "binary_cross_entropy", "needs logistic outputs"),
        ("softmax", 1, [[1.0], [1.0], [0.0]], None, "softmax with one output always answers 1"),
    ]
    for activation, units, targets, loss, message in cases:
        net = gn.Network([gn.Dense(units, activation)], inputs=1)
        with pytest.raises(PairingError, match=message):
            gn.fit(net, x, targets, loss=loss, epochs=1)


def test_softmax_with_one_output_is_explained_for_classes_too() -> None:
    net = gn.Network([gn.Dense(1, "softmax")], inputs=1)
    with pytest.raises(PairingError, match="softmax with one output always answers 1"):
        gn.fit(net, [[0.0], [1.0]], ["no", "yes"], epochs=1)


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu"])
def test_a_squared_error_on_classes_is_never_chosen_silently(activation: str) -> None:
    net = gn.Network([gn.Dense(3, activation)], inputs=1)
    x, y = [[0.0], [1.0], [2.0]], ["a", "b", "c"]
    with pytest.raises(ArgumentError, match='say which loss is meant, such as loss="mse"'):
        gn.fit(net, x, y, epochs=1)
    run = gn.fit(net, x, y, loss="mse", epochs=1)
    assert run.settings["loss"] == "mse"


@pytest.mark.parametrize(
    ("layers", "y", "loss"),
    [
        ([gn.Dense(3, "softmax")], [0, 1, 2], "cross_entropy"),
        ([gn.Dense(1, "logistic")], [0, 1, 1], "binary_cross_entropy"),
        ([gn.Dense(1, "logistic")], ["no", "yes", "yes"], "binary_cross_entropy"),
        ([gn.Dense(1)], [0.5, 1.5, 2.5], "mse"),
        ([gn.Dense(1, "tanh")], [-0.5, 0.1, 0.7], "mse"),
        ([gn.Dense(1, "logistic")], [0.1, 0.7, 0.5], "binary_cross_entropy"),
    ],
)
def test_the_loss_that_fits_is_chosen(layers: Any, y: Any, loss: str) -> None:
    run = gn.fit(gn.Network(layers, inputs=1), [[0.0], [1.0], [2.0]], y, epochs=1)
    assert run.settings["loss"] == loss


def test_likelihood_losses_need_targets_from_0_to_1() -> None:
    net = gn.Network([gn.Dense(2, "logistic")], inputs=1)
    with pytest.raises(DataError, match="needs targets from 0 to 1; these reach from -1 to 2"):
        gn.fit(net, [[0.0], [1.0]], [[-1.0, 0.5], [2.0, 0.5]], loss="binary_cross_entropy")


def test_loss_by_a_misspelt_name() -> None:
    with pytest.raises(ArgumentError, match="did you mean 'cross_entropy'"):
        Loss.of("cros_entropy")


# --- weights ------------------------------------------------------------------------------------
def _measured(recipe: Recipe, n: int, inputs: dict[str, Any], graph: Any = training_graph) -> Any:
    state = dict.fromkeys(("rate", "step"), 1.0) | dict.fromkeys(("seed", "counter"), 0)
    program = Program(graph(recipe, n))
    known = {k: v for k, v in {**state, **inputs}.items() if k in program.graph.inputs}
    return program.run(known)


def test_sample_weights_are_a_weighted_mean() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(7, 3)), generator.integers(0, 4, 7)
    weight = generator.uniform(0, 2, 7)
    w, b = generator.normal(size=(4, 3)), generator.normal(size=4)
    stack = Stack([gn.Dense(4, "softmax")], 3)
    recipe = Recipe(
        stack, Loss.of("cross_entropy"), GradientDescent(1.0), gn.DType.FLOAT64, True, True
    )
    inputs = {
        "parameters/output.w": w,
        "parameters/output.b": b,
        "batch/x": x,
        "batch/target": y,
        "batch/weight": weight,
    }
    v = x @ w.T + b
    a = np.exp(v) / np.exp(v).sum(1, keepdims=True)
    each = -np.log(a[np.arange(7), y])
    expected = np.mean(each * weight)
    found = _measured(recipe, 7, inputs)
    assert found["measures/loss"] == pytest.approx(expected, rel=1e-12)
    # the gradient: Σ w_i (a_i − t_i) x_iᵀ / n; with η = 1 the update is just that
    delta = (a - np.eye(4)[y]) * (weight / 7)[:, None]
    np.testing.assert_allclose(w - found["parameters/output.w"], delta.T @ x, atol=1e-12)
    assert _measured(recipe, 7, inputs, evaluation_graph)["measures/loss"] == pytest.approx(
        expected, rel=1e-12
    )


def _data() -> tuple[Any, Any]:
    generator = np.random.default_rng(5)
    x = generator.normal(size=(30, 3))
    y = np.concatenate([np.zeros(18), np.ones(8), np.full(4, 2)]).astype(int)
    return x, y[generator.permutation(30)]


def _first_loss(**settings: Any) -> tuple[float, Any, gn.Network]:
    """The loss before any learning, and the weights after one step of the whole batch."""
    x, y = _data()
    net = gn.Network([gn.Dense(3, "softmax")], inputs=3, seed=2, dtype="float64")
    before = {key: value.copy() for key, value in net.parameters.items()}
    run = gn.fit(net, x, y, mode="batch", epochs=1, optimizer="sgd 0.5", **settings)
    return run.history["loss"][0], before, net


@pytest.mark.parametrize("weights", [{0: 0.5, 1: 2.0, 2: 3.5}, {2: 10.0}, "balanced"])
def test_class_weights_against_pytorch(weights: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")
    x, y = _data()
    loss, before, net = _first_loss(class_weight=weights)
    if weights == "balanced":
        vector = 30 / (3 * np.bincount(y))
    else:
        vector = np.array([weights.get(k, 1.0) for k in range(3)])
    w = torch.tensor(before["output.w"], requires_grad=True)
    b = torch.tensor(before["output.b"], requires_grad=True)
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(x) @ w.T + b, torch.tensor(y), weight=torch.tensor(vector)
    )
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    stepped = (w - 0.5 * w.grad).detach().numpy()
    np.testing.assert_allclose(net.parameters["output.w"], stepped, atol=1e-12)


def test_weights_against_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn", reason="scikit-learn, the oracle, is not installed")
    from sklearn.metrics import log_loss
    from sklearn.utils.class_weight import compute_class_weight

    del sklearn
    x, y = _data()
    sample = np.random.default_rng(1).uniform(0.1, 3, 30)
    loss, before, _ = _first_loss(sample_weight=sample)
    v = x @ before["output.w"].T + before["output.b"]
    a = np.exp(v) / np.exp(v).sum(1, keepdims=True)
    assert loss == pytest.approx(log_loss(y, a, sample_weight=sample), rel=1e-12)
    balanced = compute_class_weight("balanced", classes=np.arange(3), y=y)
    loss, _, _ = _first_loss(class_weight="balanced", sample_weight=sample)
    assert loss == pytest.approx(log_loss(y, a, sample_weight=sample * balanced[y]), rel=1e-12)


def test_a_weight_of_two_is_the_example_twice() -> None:
    x, y = _data()
    weight = np.ones(30)
    weight[:5] = 2
    weight[-3:] = 0
    _, _, weighted = _first_loss(sample_weight=weight)
    net = gn.Network([gn.Dense(3, "softmax")], inputs=3, seed=2, dtype="float64")
    rows = np.repeat(np.arange(30), weight.astype(int))
    gn.fit(net, x[rows], y[rows], mode="batch", epochs=1, optimizer="sgd 0.5")
    for key, value in net.parameters.items():
        np.testing.assert_allclose(weighted.parameters[key], value, atol=1e-12)


def test_examples_of_weight_0_count_nothing_in_any_mode() -> None:
    """A batch may hold none that counts: it moves nothing, and nothing is divided by 0."""
    x, y = _data()
    weight = np.arange(30) % 2
    nets = []
    # half of them count, so each of these counts twice: as without the others at twice the rate
    for rows, weights, rate in (
        (slice(None), weight, 0.5),
        (slice(1, None, 2), np.ones(15), 1.0),
    ):
        net = gn.Network([gn.Dense(3, "softmax")], inputs=3, seed=2, dtype="float64")
        gn.fit(
            net,
            x[rows],
            np.eye(3)[y][rows],
            mode="online",
            epochs=2,
            optimizer=GradientDescent(rate),
            shuffle=False,
            sample_weight=weights,
        )
        nets.append(net)
    for key, value in nets[0].parameters.items():
        np.testing.assert_allclose(value, nets[1].parameters[key], rtol=1e-14)


def test_a_part_that_counts_nothing() -> None:
    # one example that counts: where it is in the validation part, nothing is left to learn from
    refused = 0
    for index in range(30):
        with contextlib.suppress(ArgumentError):
            _first_loss(sample_weight=np.eye(30)[index], validation=0.2)
            continue
        refused += 1
    assert refused == 6


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"class_weight": {7: 1.0}}, ArgumentError, "names the class 7; the classes are 0, 1, 2"),
        ({"class_weight": "heavy"}, ArgumentError, 'must be "balanced" or a weight for each'),
        ({"class_weight": {0: -1.0}}, ArgumentError, "must be finite, 0 or more, and not all 0"),
        ({"class_weight": {0: float("nan")}}, ArgumentError, "must be finite"),
        ({"sample_weight": np.zeros(30)}, ArgumentError, "not all 0"),
        ({"sample_weight": np.full(30, 1e308)}, ArgumentError, "must be finite"),
        ({"sample_weight": ["a"] * 30}, ArgumentError, "sample_weight must be numbers"),
        ({"class_weight": {0: "much"}}, ArgumentError, "class_weight must be numbers"),
        ({"class_weight": 3.0}, ArgumentError, 'must be "balanced" or a weight for each'),
        ({"class_weight": [1.0, 2.0, 3.0]}, ArgumentError, 'must be "balanced" or a weight'),
        ({"sample_weight": np.ones(29)}, ShapeError, r"must have shape \(30,\); got \(29,\)"),
    ],
)
def test_weights_that_are_not_allowed(settings: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        _first_loss(**settings)


def test_class_weights_need_classes() -> None:
    net = gn.Network([gn.Dense(1)], inputs=1)
    with pytest.raises(ArgumentError, match="class_weight needs classes as targets"):
        gn.fit(net, [[0.0], [1.0]], [0.5, 1.5], class_weight="balanced")


def test_class_weights_by_the_names_of_the_classes() -> None:
    x, y = _data()
    names = np.array(["low", "middle", "top"])
    nets = []
    for targets, weights in ((y, {2: 5.0}), (names[y], {"top": 5.0})):
        net = gn.Network([gn.Dense(3, "softmax")], inputs=3, seed=2)
        gn.fit(net, x, targets, epochs=2, class_weight=weights)
        nets.append(net)
    np.testing.assert_array_equal(nets[0].parameters["output.w"], nets[1].parameters["output.w"])


# --- the suite can fail -------------------------------------------------------------------------
def _scaled(sound: Any) -> Any:
    return lambda self, output, t: sound(self, output, t) * 1.001


def _tilted(sound: Any) -> Any:
    """Right values, wrong gradient."""
    return lambda self, output, t: (
        sound(self, output, t) + (output.v - gn.stop_gradient(output.v)).sum(1) * 0.001
    )


def _curved(sound: Any) -> Any:
    """Right values and gradient, wrong second derivative."""
    return lambda self, output, t: (
        sound(self, output, t) + ((output.v - gn.stop_gradient(output.v)) ** 2.0).sum(1) * 0.001
    )


def _wide(sound: Any) -> Any:
    return lambda self, output, t: gn.cast(sound(self, output, t), "float64")


def _from_outputs(kind: str) -> Any:
    """A cross-entropy from y in place of v: it overflows where y is 0 or 1."""

    def loss(self: Any, output: Any, t: Any) -> Any:
        if kind == "cross_entropy":
            return -(t * gn.log(output.y)).sum(1)
        return -(t * gn.log(output.y) + (1.0 - t) * gn.log(1.0 - output.y)).mean(1)

    return lambda sound: loss


DAMAGES = [
    (_scaled, checks.check_value),
    (_tilted, checks.check_first),
    (_curved, checks.check_second),
    (_wide, checks.check_float32),
]


@pytest.mark.parametrize(("name", "position"), PAIRS)
@pytest.mark.parametrize(
    ("damage", "check"), DAMAGES, ids=lambda entry: getattr(entry, "__name__", "")
)
def test_broken_formula_is_found(
    name: str, position: int, damage: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(name, position)
    kind: Any = Loss.named(name)
    monkeypatch.setattr(kind, "per_example", damage(kind.per_example))
    with pytest.raises(AssertionError):
        check(name, position)


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_a_loss_from_rounded_outputs_is_found(name: str, monkeypatch: Any) -> None:
    kind: Any = Loss.named(name)
    monkeypatch.setattr(kind, "per_example", _from_outputs(name)(None))
    with pytest.raises(AssertionError):
        checks.check_value(name, 0)


def test_targets_that_the_outputs_cannot_reach() -> None:
    net = gn.Network([gn.Dense(1, "logistic")], inputs=1)
    with pytest.raises(DataError, match="reach from 0 to 1, the targets from -5 to 2"):
        gn.fit(net, [[0.0], [1.0], [2.0]], [-5.0, 1.0, 2.0])


def test_two_whole_numbers_on_a_yes_no_neuron_are_classes() -> None:
    net = gn.Network([gn.Dense(1, "logistic")], inputs=1)
    run = gn.fit(net, [[0.0], [1.0], [2.0]], [1, 2, 2], epochs=1)
    assert (run.settings["loss"], net.classes) == ("binary_cross_entropy", (1, 2))
