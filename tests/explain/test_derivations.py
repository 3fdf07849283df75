"""Derivations: every equality holds, and what comes out is the gradient of the engine."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, NotConnectedError, NotDifferentiableError
from glassnet.explain import explain, forms
from glassnet.explain.derivations import Derivation
from glassnet.explain.derivations import terms as t
from glassnet.explain.derivations.reading import read
from glassnet.explain.problems import Problem, built_in, load_problem
from glassnet.graph.operation import REGISTRY
from tests.explain.blackboard import Blackboard, check, free


def network(
    *layers: str, loss: str, n: int = 1, classes: bool = False, seed: int = 0, **training: Any
) -> Problem:
    """Return a problem with random examples and targets that fit the loss."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)).tolist()
    units = int(layers[-1].split()[0])
    d: Any = rng.normal(size=(n, units)).tolist()
    if classes:
        d = rng.integers(0, units, n).tolist()
    elif "cross_entropy" in loss:
        d = rng.integers(0, 2, (n, units)).astype(float).tolist()
    return Problem(
        "a network",
        {"x": x, "d": d},
        {"layers": list(layers)},
        training={"loss": loss, "optimizer": "sgd 0.1", **training},
    )


def derived(problem: Problem, **settings: Any) -> Derivation:
    (chapter,) = explain(problem, symbols=True, **settings).chapters
    assert isinstance(chapter, Derivation)
    return chapter


def check_gradients(derivation: Derivation) -> int:
    """Check the last side of each ∂E/∂w against the gradient of the graph; return how many."""
    blackboard = Blackboard(derivation)
    board, found = derivation.board, 0
    lengths = board.letters.axes.lengths
    results: dict[Any, Any] = {}
    left: Any = None
    for line in derivation.lines():
        left = line.name if line.name is not None else line.of
        if isinstance(left, t.Partial) and left.above == board.end:
            results[left.below] = line.sides[-1]
    for element, side in results.items():
        node: Any = element.node
        gradient = gn.graph.differentiate(blackboard.end, [node]).gradients[0].value
        letters = [p for p in element.places if isinstance(p, t.Index)]
        assert free(side) <= set(letters)
        for place in itertools.product(*(range(lengths[index.axis]) for index in letters)):
            at = dict(zip(letters, place, strict=True))
            spot = tuple(at[p] if isinstance(p, t.Index) else p for p in element.places)
            value = blackboard.value(side, at)
            assert value == pytest.approx(float(gradient[spot]), rel=2e-6, abs=2e-8)
            found += 1
    return found


ACTIVATIONS = (
    "linear", "logistic", "'logistic slope=1.7'", "tanh", "relu", "'leaky_relu slope=0.2'", "elu",
    "gelu", "softplus", "softsign", "bipolar_logistic", "piecewise_linear",
)  # fmt: skip


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_activation_as_hidden_layer(activation: str, n: int) -> None:
    found = derived(network(f"3 {activation}", f"2 {activation}", loss="half_squared_error", n=n))
    assert check(found) > 30
    assert check_gradients(found) >= 9 + 3 + 6 + 2


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(
    ("layers", "loss", "classes"),
    [
        (("2 linear",), "half_squared_error", False),
        (("1 linear",), "mse", False),
        (("2 tanh",), "mse", False),
        (("1 logistic",), "binary_cross_entropy", False),
        (("4 tanh", "2 'logistic slope=2'"), "binary_cross_entropy", False),
        (("3 softmax",), "cross_entropy", True),
        (("4 relu", "3 softmax"), "cross_entropy", True),
        (("4 softmax", "2 linear"), "half_squared_error", False),
        (("3 tanh", "4 logistic", "2 linear"), "mse", False),
        (("2 tanh l2=0.1", "1 linear l1=0.2"), "half_squared_error", False),
    ],
)
def test_stacks_and_losses(layers: tuple[str, ...], loss: str, classes: bool, n: int) -> None:
    found = derived(network(*layers, loss=loss, n=n, classes=classes))
    assert check(found) > 10
    assert check_gradients(found) > 3


@pytest.mark.parametrize("conventions", ["notes", "pytorch"])
@pytest.mark.parametrize(
    "layers",
    [
        ("3 linear", "batchnorm", "tanh", "2 linear"),
        ("batchnorm", "2 linear"),
        ("4 relu", "dropout 0.5", "1 linear"),
    ],
)
def test_layers_without_neurons(layers: tuple[str, ...], conventions: str) -> None:
    problem = network(*layers, loss="mse", n=4)
    found = derived(problem, conventions=conventions)
    assert check(found) > 30
    assert check_gradients(found) > 5


# --- any graph ------------------------------------------------------------------------------------
def tensors(seed: int = 0) -> dict[str, gn.Tensor]:
    rng = np.random.default_rng(seed)
    shapes = {"x": (3,), "w": (2, 3), "u": (1, 2), "s": (), "q": (), "z": (4,), "M": (2, 2)}
    return {name: gn.tensor(rng.uniform(0.3, 1.5, shape), name) for name, shape in shapes.items()}


X = tensors()
GRAPHS: dict[str, Any] = {
    "a neuron (E2)": lambda: gn.relu(X["s"] * X["q"] + 0.3),
    "a circuit": lambda: gn.logistic(X["s"] * X["q"] - X["q"] / X["s"]).named("f"),
    "a shared weight (E4)": lambda: gn.tanh(X["s"] * gn.tanh(X["s"] * X["q"]).named("h")),
    "fully connected (E5)": lambda: (
        (X["u"] @ gn.tanh((X["w"] @ X["x"]).named("v")).named("h")).sum() ** 2
    ),
    "softmax": lambda: -gn.log(gn.softmax(X["z"]).named("a")).sum(),
    "log-softmax, its names taken": lambda: (X["z"] * gn.log_softmax(X["z"])).sum().named("L"),
    "logsumexp": lambda: gn.logsumexp(X["z"] * X["s"]),
    "the larger": lambda: gn.minimum(X["s"], X["q"]) + abs(X["s"] - X["q"]),
    "slices": lambda: (X["z"][1:] * X["z"][:-1]).named("c").sum(),
    "joined": lambda: (gn.concatenate([X["z"], X["x"]], 0) ** 2.0).sum(),
    "gathered": lambda: (gn.gather(X["z"], gn.tensor([0, 2, 2], dtype="int64")) ** 3.0).sum(),
    "reshaped": lambda: (X["z"].reshape(2, 2) @ X["M"]).sum(),
    "functions": lambda: gn.sin(X["s"]) * gn.cos(X["q"]) + gn.exp(-X["s"]) / gn.sqrt(X["q"]),
    "powers": lambda: X["s"] ** X["q"] + X["q"] ** 3.0 - X["s"] ** -2.0,
    "a stopped gradient": lambda: X["s"] * gn.stop_gradient(X["s"]) * X["q"],
    "clipped": lambda: gn.clip(X["z"], 0.5, 1.0).sum() + gn.maximum(X["s"], X["q"]),
    "a square matrix twice": lambda: (
        X["M"] @ gn.tanh(X["M"] @ X["M"][0]).named("h")
    ).sum(),
    "transposed": lambda: (X["w"].T @ X["w"]).sum(),
    "over two axes": lambda: (X["w"] ** 2.0).mean(),
    "normalised": lambda: (
        ((X["z"] - X["z"].mean()) / gn.sqrt(((X["z"] - X["z"].mean()) ** 2.0).mean() + 0.1)) ** 3.0
    ).sum(),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_any_graph(name: str) -> None:
    output = GRAPHS[name]()
    (found,) = gn.derivation(output).chapters
    assert isinstance(found, Derivation)
    assert check(found) > 0
    assert check_gradients(found) > 0


def test_where_no_letter_can_follow_each_element_stands_for_itself() -> None:
    text = str(gn.derivation(GRAPHS["slices"](), X["z"]))
    assert "c₁ = z₂ z₁" in text
    assert "∂f/∂z₂ = ∂f/∂c₁ · ∂c₁/∂z₂ + ∂f/∂c₂ · ∂c₂/∂z₂" in text


def test_what_is_taken_as_a_constant_is_marked() -> None:
    s = X["s"]
    text = str(gn.derivation((s * gn.stop_gradient(s)).named("f"), s))
    assert "f = s const(s)" in text
    assert "∂f/∂s = const(s)" in text


def test_a_graph_without_values() -> None:
    vector = gn.TensorType((3,), gn.DType.FLOAT64)
    graph = gn.trace(
        lambda w, x: (gn.tanh((w * x).sum().named("v")) ** 2.0).named("E"), w=vector, x=vector
    )
    text = str(gn.derivation(graph))
    assert "v = Σᵢ wᵢ xᵢ" in text
    assert "∂E/∂wᵢ = ∂E/∂v · ∂v/∂wᵢ" in text


# --- as on the blackboard -------------------------------------------------------------------------
def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_error_back_propagation_as_in_the_notes() -> None:
    text = squeezed(str(explain("backpropagation", symbols=True)))
    for formula in (
        "vⱼ = Σᵢ wⱼᵢ xᵢ + bⱼ",
        "yₖ = 1 / (1 + e^(−vₖ))",
        "eₖ = dₖ − yₖ",
        "E = ½ Σₖ eₖ²",
        "∂E/∂wₖⱼ = ∂E/∂eₖ · ∂eₖ/∂yₖ · ∂yₖ/∂vₖ · ∂vₖ/∂wₖⱼ = eₖ · (−1) · ψ′(vₖ) · yⱼ = −δₖ yⱼ",
        "δₖ = −∂E/∂vₖ = eₖ ψ′(vₖ) = eₖ yₖ (1 − yₖ)",
        "∂E/∂yⱼ = Σₖ ∂E/∂vₖ · ∂vₖ/∂yⱼ = Σₖ (−δₖ) · wₖⱼ = −Σₖ δₖ wₖⱼ",
        "δⱼ = −∂E/∂vⱼ = ψ′(vⱼ) Σₖ δₖ wₖⱼ = yⱼ (1 − yⱼ) Σₖ δₖ wₖⱼ",
        "∂E/∂wⱼᵢ = ∂E/∂vⱼ · ∂vⱼ/∂wⱼᵢ = (−δⱼ) · xᵢ = −δⱼ xᵢ",
        "Δwₖⱼ = −η · ∂E/∂wₖⱼ = η δₖ yⱼ",
    ):
        assert formula in text


def test_the_sign_of_other_programs() -> None:
    text = squeezed(str(explain("backpropagation", symbols=True, conventions="pytorch")))
    assert "δ" not in text
    assert "∂E/∂wⱼᵢ = ∂E/∂vⱼ · ∂vⱼ/∂wⱼᵢ = ∂E/∂vⱼ · xᵢ" in text


def test_softmax_with_the_cross_entropy() -> None:
    text = squeezed(str(explain("softmax", symbols=True)))
    for formula in (
        "= yₖ (δₖⱼ − yⱼ)",
        "∂E/∂vⱼ = Σₖ ∂E/∂yₖ · ∂yₖ/∂vⱼ = Σₖ (−dₖ / yₖ) · yₖ (δₖⱼ − yⱼ) = yⱼ Σₖ dₖ − dⱼ = yⱼ − dⱼ",
        "all d of the sum together are 1",
        "−ln(∏ⱼ yⱼ^dⱼ) = −Σⱼ ln(yⱼ^dⱼ)",
    ):
        assert formula in text


def test_the_logistic_with_its_cross_entropy_from_the_likelihood() -> None:
    problem = network("1 'logistic slope=2'", loss="binary_cross_entropy", n=2)
    text = squeezed(str(explain(problem, symbols=True)))
    for formula in (
        "E = −(1 / N) Σₙ (d(n) ln y(n) + (1 − d(n)) ln(1 − y(n)))",
        "= (y(n) − d(n)) / (N y(n) (1 − y(n)))",
        "∂y(n)/∂v(n) = ψ′(v(n)) = a y(n) (1 − y(n))",
        "= (y(n) − d(n)) a / N",
    ):
        assert formula in text


def test_the_rule_of_least_mean_squares() -> None:
    text = squeezed(str(explain("lms", symbols=True)))
    assert "∂E/∂wⱼᵢ = ∂E/∂eⱼ · ∂eⱼ/∂vⱼ · ∂vⱼ/∂wⱼᵢ = eⱼ · (−1) · xᵢ = −δⱼ xᵢ" in text
    assert "δⱼ = −∂E/∂vⱼ = eⱼ" in text
    assert "Δwⱼᵢ = −η · ∂E/∂wⱼᵢ = η δⱼ xᵢ" in text


def test_batch_normalisation_backward() -> None:
    text = squeezed(
        str(explain(network("2 linear", "batchnorm", "1 linear", loss="mse", n=3), symbols=True))
    )
    for formula in (
        "∂E/∂γⱼ = Σₙ",
        "∂σ²ⱼ/∂μⱼ = −(2 / N) Σₙ (vⱼ(n) − μⱼ) = 0",
        "∂E/∂vⱼ(n) = ∂E/∂μⱼ · ∂μⱼ/∂vⱼ(n) + ∂E/∂σ²ⱼ · ∂σ²ⱼ/∂vⱼ(n) + ∂E/∂z′ⱼ(n) · ∂z′ⱼ(n)/∂vⱼ(n)",
        "through μ, σ² and z′",
    ):
        assert formula in text


# --- how it is shown ------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["text", "markdown", "latex", "html", "json"])
def test_each_renderer_shows_it(form: str) -> None:
    shown = explain("softmax", symbols=True).render(form)
    assert "quotient rule" in shown
    if form == "text":
        assert max(map(len, shown.splitlines())) <= 80


def test_different_quantities_are_written_differently() -> None:
    problem = network(
        "3 linear",
        "batchnorm",
        "tanh",
        "3 tanh",
        "2 softmax",
        loss="cross_entropy",
        classes=True,
        n=4,
    )
    found = derived(problem)
    from glassnet.explain.derivations.setting import Writer
    from glassnet.explain.linear import linear

    writer = Writer(found.board)
    elements = [*found.board.given, *found.board.worked]
    names = [linear(writer.notation(element)) for element in elements]
    assert len(set(names)) == len(names)


def test_as_data() -> None:
    data = derived(network("1 linear", loss="mse")).to_json()
    equations = [e for section in data["sections"] for e in section["equations"]]
    assert {"name": "∂v/∂wᵢ", "sides": ["xᵢ"]}.items() <= next(
        e for e in equations if e["name"] == "∂v/∂wᵢ"
    ).items()
    assert all(e["name"] and e["sides"] for e in equations)


# --- what ops state of themselves -----------------------------------------------------------------
def stated() -> list[Any]:
    return [op for op in REGISTRY.values() if op.explain.derivatives]


@pytest.mark.parametrize("op", stated(), ids=lambda op: op.name)
def test_derivatives_and_steps_of_the_records(op: Any) -> None:
    """Each form is worked out by itself and compared with a quotient of differences."""
    case = op.samples().cases[0]
    rng = np.random.default_rng(0)
    point = [float(rng.uniform(d.low + 0.1 * (d.high - d.low), d.high)) for d in case.inputs]
    if op.name in ("cast", "stop_gradient", "sign", "floor"):
        pytest.skip("its derivative is stated, not that of its values")
    holes = {str(i): t.Number(u) for i, u in enumerate(point)}
    value = float(op.evaluate(*map(np.float64, point), **case.attributes))
    for place in range(len(point)):
        ends = [
            float(op.evaluate(*[np.float64(u + s * (i == place)) for i, u in enumerate(point)]))
            for s in (1e-6, -1e-6)
        ]
        wanted = (ends[0] - ends[1]) / 2e-6
        texts = [op.explain.derivatives[place]]
        texts += [form for form, _ in op.explain.steps] if place == 0 else []
        for text in texts:
            term = read(forms.parse(text), {**holes, "y": t.Number(value)}, as_written=True)
            assert plain(term) == pytest.approx(wanted, rel=1e-6, abs=1e-8)


def plain(term: Any) -> float:
    """Return the value of a formula of numbers."""
    return Blackboard.__new__(Blackboard).value(term, {})


# --- what cannot be derived -----------------------------------------------------------------------
def test_messages() -> None:
    x, w = gn.tensor([1.0, 2.0], "x"), gn.tensor(1.0, "w")
    with pytest.raises(ArgumentError, match="one number"):
        gn.derivation(x * w)
    with pytest.raises(ArgumentError, match="has a name"):
        gn.derivation(gn.tensor([1.0]).sum())
    with pytest.raises(NotConnectedError, match="does not depend on w"):
        gn.derivation(x.sum(), w)
    with pytest.raises(NotDifferentiableError, match=r"threshold|no derivative|jump"):
        gn.derivation(gn.threshold(w), w)
    with pytest.raises(ArgumentError, match=r"perceptron.*lms, adaline"):
        explain("perceptron", symbols=True)
    graph = gn.Graph({}, {"a": w, "b": w})
    with pytest.raises(ArgumentError, match=r"one output.*a, b"):
        gn.derivation(graph)


# --- these tests can fail -------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change", [lambda s: t.negate(s), lambda s: t.multiply([t.Number(2.0), s])]
)
def test_a_wrong_side_is_noticed(change: Any) -> None:
    found = derived(network("2 tanh", "1 linear", loss="mse", n=2))
    backward = found.sections[-2]
    for place, line in enumerate(backward.lines):
        sides = (*line.sides[:-1], change(line.sides[-1]))
        lines = list(backward.lines)
        lines[place] = replace(line, sides=sides)
        wrong = replace(found, sections=(replace(backward, lines=tuple(lines)),))
        with pytest.raises(AssertionError):
            check(wrong)


# --- all that is built in -------------------------------------------------------------------------
def test_built_in_problems() -> None:
    """Those that go down a gradient are derived, and every equality holds; others say why not."""
    done, refused = 0, dict[str, str]()
    for name in built_in():
        try:
            found = derived(load_problem(name))
        except ArgumentError as error:
            refused[name] = str(error)
            continue
        assert check(found) > 0, name
        assert check_gradients(found) > 0, name
        done += 1
    reasons = re.compile(r"no d: |gradient of a cost|one number|steps in time")
    assert all(reasons.search(message) for message in refused.values()), refused
    assert done >= 20
