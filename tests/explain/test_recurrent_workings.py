"""Workings of recurrent networks: each number beside PyTorch, written by hand for each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetError
from glassnet.explain import explain
from glassnet.explain.contributions import of_steps
from glassnet.explain.conventions import PROFILES
from glassnet.explain.expressions import Address, Quantity, add, multiply
from glassnet.explain.problems import Problem, load_problem
from glassnet.explain.sheet import Sheet
from glassnet.explain.stepwise import explain_step
from glassnet.explain.text import columns_of
from glassnet.explain.workings import Workings
from glassnet.graph import DType
from glassnet.learning import Optimizer
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.nn import Loss, Stack
from glassnet.nn.stack import parse_layers

PROBLEMS = ("rnn", "lstm", "gru", "truncated-bptt")
GATES = {"rnn": "", "lstm": "figo", "gru": "rzn"}


# --- the oracle: PyTorch, a copy of the weights for each step -------------------------------------
class Oracle:
    """A recurrent layer and a linear neuron, in PyTorch: every number by its address.

    Each step has its own copy of the weights, so that their derivatives are what the step adds.
    """

    def __init__(self, problem: Problem, cell: str, cut: int | None = None) -> None:
        torch = pytest.importorskip("torch", reason="the oracle is PyTorch, which is not installed")
        self.torch, self.cell, self.layer = torch, cell, f"{cell}1"
        x = np.array(problem.data["x"], float)
        d = torch.tensor(np.array(problem.data["d"], float))
        self.copies: list[dict[str, Any]] = []
        self.kept: dict[tuple[str, int], Any] = {}
        own = {
            key.removeprefix(f"{self.layer}."): np.array(value, float)
            for key, value in problem.weights.items()
            if key.startswith(self.layer)
        }
        units = own["u"].shape[1]
        h, c = (torch.zeros(len(x), units, dtype=torch.float64) for _ in range(2))
        for t in range(1, x.shape[1] + 1):
            if cut is not None and t > 1 and (t - 1) % cut == 0:
                h, c = h.detach(), c.detach()
            copy = {key: torch.tensor(value, requires_grad=True) for key, value in own.items()}
            self.copies.append(copy)
            h, c = self.step(t, torch.tensor(x[:, t - 1]), h, c, copy)
        self.w = torch.tensor(np.array(problem.weights["output.w"], float), requires_grad=True)
        self.b = torch.tensor(np.array(problem.weights["output.b"], float), requires_grad=True)
        y = h @ self.w.T + self.b
        self.cost = (0.5 * ((d - y) ** 2).sum(1)).mean()
        self.cost.backward()

    def keep(self, name: str, t: int, value: Any) -> Any:
        value.retain_grad()
        self.kept[name, t] = value
        return value

    def step(self, t: int, x: Any, h: Any, c: Any, w: Mapping[str, Any]) -> tuple[Any, Any]:
        torch, keep = self.torch, self.keep
        inside, before = x @ w["w"].T + w["b"], h @ w["u"].T
        if self.cell == "rnn":
            v = keep("v", t, inside + before)
            return keep("h", t, torch.tanh(v)), c
        if self.cell == "lstm":
            fields = (inside + before).chunk(4, 1)
            v = {g: keep(f"v_{g}", t, own) for g, own in zip("figo", fields, strict=True)}
            f, i, o = (keep(g, t, torch.sigmoid(v[g])) for g in "fio")
            g = keep("g", t, torch.tanh(v["g"]))
            c = keep("c", t, f * c + i * g)
            return keep("h", t, o * torch.tanh(c)), c
        (x_r, x_z, x_n), (h_r, h_z, h_n) = inside.chunk(3, 1), before.chunk(3, 1)
        r = keep("r", t, torch.sigmoid(keep("v_r", t, x_r + h_r)))
        z = keep("z", t, torch.sigmoid(keep("v_z", t, x_z + h_z)))
        n = keep("n", t, torch.tanh(keep("v_n", t, x_n + r * (h_n + w["bu"]))))
        return keep("h", t, (1 - z) * n + z * h), c

    def quantities(self) -> Iterator[tuple[str, float]]:
        """Yield the address and the value of each quantity of the layer, and its derivative."""
        for (name, t), value in self.kept.items():
            slope = value.grad if value.grad is not None else self.torch.zeros_like(value)
            for (row, place), number in np.ndenumerate(value.detach().numpy()):
                example = f"@{row + 1}" if len(value) > 1 else ""
                end = f"({t})[{place + 1}]{example}"
                yield f"{self.layer}.{name}{end}", float(number)
                yield f"{self.layer}.∂E/∂{name}{end}", float(slope[row, place])

    def contributions(self) -> Iterator[tuple[str, int, float]]:
        """Yield what each step adds to the derivative by each weight."""
        for t, copy in enumerate(self.copies, start=1):
            for key, value in copy.items():
                slope = value.grad if value.grad is not None else self.torch.zeros_like(value)
                for index, number in np.ndenumerate(slope.numpy()):
                    yield weight_address(self.cell, key, index, value.shape), t, float(number)


def weight_address(cell: str, key: str, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Return `u_f[1,2]` for a row of the gates of a matrix."""
    gates, symbol = GATES[cell], "b_u" if key == "bu" else key
    places, rows = [at + 1 for at in index], shape[0]
    if gates and key != "bu":
        rows //= len(gates)
        symbol += f"_{gates[index[0] // rows]}"
        places[0] = index[0] % rows + 1
    alone = len(shape) == 1 and rows == 1
    return symbol + ("" if alone else f"[{','.join(map(str, places))}]")


def checked_beside(oracle: Oracle, sheet: Sheet) -> None:
    """Compare all that a sheet with the signs of PyTorch shows of a layer."""
    shown = {str(line.address): line.value for line in sheet.lines()}
    close = pytest.approx
    compared = 0
    for address, value in oracle.quantities():
        if address in shown:
            assert shown[address] == close(value, rel=1e-12, abs=1e-14), address
            compared += 1
        else:
            assert "∂E/∂" in address, address
    totals: dict[str, float] = {}
    for address, t, value in oracle.contributions():
        totals[address] = totals.get(address, 0.0) + value
        symbol, bracket, places = address.partition("[")
        step = f"{oracle.layer}.∂E/∂{symbol}({t}){bracket}{places}"
        if step in shown:
            assert shown[step] == close(value, rel=1e-12, abs=1e-14), step
            compared += 1
    for address, value in totals.items():
        assert shown[f"{oracle.layer}.∂E/∂{address}"] == close(value, rel=1e-12, abs=1e-14)
        compared += 1
    assert compared > 2 * len(totals)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_every_number_beside_pytorch(name: str) -> None:
    problem = load_problem(name)
    sheet = explain(problem, conventions="pytorch").sheets[0]
    oracle = Oracle(problem, name)
    assert sheet["E"].value == pytest.approx(oracle.cost.item(), rel=1e-13)
    checked_beside(oracle, sheet)
    new = oracle.w.detach() - 0.5 * oracle.w.grad
    assert sheet["output.w new[1,1]"].value == pytest.approx(new[0, 0].item(), rel=1e-12)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(("examples", "units", "steps"), [(1, 2, 4), (3, 2, 3), (2, 1, 1)])
def test_other_sizes_beside_pytorch(cell: str, examples: int, units: int, steps: int) -> None:
    random = np.random.default_rng(units + steps)
    rows = max(len(GATES[cell]), 1) * units
    weights: dict[str, Any] = {
        f"{cell}1.w": random.normal(size=(rows, 2)),
        f"{cell}1.u": random.normal(size=(rows, units)),
        f"{cell}1.b": random.normal(size=rows),
        "output.w": random.normal(size=(2, units)),
        "output.b": random.normal(size=2),
    }
    if cell == "gru":
        weights["gru1.bu"] = random.normal(size=units)
    problem = Problem(
        "Sizes",
        {"x": random.normal(size=(examples, steps, 2)), "d": random.normal(size=(examples, 2))},
        {"layers": [f"{units} {cell}", "2 linear"]},
        weights,
        {"loss": "half_squared_error", "optimizer": "sgd 0.1"},
        conventions="pytorch",
    )
    checked_beside(Oracle(problem, cell), explain(problem).sheets[0])


def test_truncation_beside_pytorch() -> None:
    problem = load_problem("truncated-bptt")
    sheet = explain(problem, conventions="pytorch").sheets[0]
    cut, full = Oracle(problem, "rnn", cut=2), Oracle(problem, "rnn")
    checked_beside(cut, sheet)
    shown = {str(line.address): line.value for line in sheet.lines()}
    whole: dict[str, float] = {}
    for address, t, value in full.contributions():
        whole[address] = whole.get(address, 0.0) + value
        symbol, bracket, places = address.partition("[")
        step = f"rnn1.∂E/∂{symbol} full({t}){bracket}{places}"
        assert value == 0.0 or shown[step] == pytest.approx(value, rel=1e-12)
    truncated: dict[str, float] = {}
    for address, _, value in cut.contributions():
        truncated[address] = truncated.get(address, 0.0) + value
    for address, value in whole.items():
        symbol, bracket, places = address.partition("[")
        rest = f"{bracket}{places}"
        assert shown[f"rnn1.∂E/∂{symbol} full{rest}"] == pytest.approx(value, rel=1e-12)
        left_out = value - truncated[address]
        assert abs(left_out) > 1e-3
        assert shown[f"rnn1.∂E/∂{symbol} cut{rest}"] == pytest.approx(left_out, rel=1e-10)


def test_without_a_path_to_cut_nothing_is_left_out() -> None:
    problem = load_problem("truncated-bptt")
    training = {**problem.training, "truncate": 4}
    page = str(explain(Problem(problem.title, problem.data, problem.network, problem.weights,
                               training)))  # fmt: skip
    assert "cut" not in page.partition("Given")[2]


# --- as a person writes it ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("rnn", "v₁(1) = w₁₁ · x₁(1) + w₁₂ · x₂(1) + b₁"),
        ("rnn", "v₁(2) = w₁₁ · x₁(2) + w₁₂ · x₂(2) + u₁₁ · h₁(1) + u₁₂ · h₂(1) + b₁"),
        ("rnn", "h₁(2) = tanh v₁(2) = tanh(−0.186894) = −0.184748"),
        ("rnn", "output.v₁ = output.w₁₁ · h₁(3) + output.w₁₂ · h₂(3) + output.b"),
        ("rnn", "δ₁(3) = output.w₁₁ · output.δ₁ · (1 − h₁(3)²)"),
        ("rnn", "δ₁(2) = (u₁₁ · δ₁(3) + u₂₁ · δ₂(3)) · (1 − h₁(2)²)"),
        ("rnn", "∂E/∂u₁₁(2) = −δ₁(2) · h₁(1)"),
        ("rnn", "∂E/∂u₁₁ = ∂E/∂u₁₁(2) + ∂E/∂u₁₁(3)"),
        ("rnn", "Δu₁₁ = −η · ∂E/∂u₁₁"),
        ("lstm", "v_f₁(2) = w_f₁₁ · x₁(2) + u_f₁₁ · h₁(1) + b_f"),
        ("lstm", "f₁(2) = 1 / (1 + e^(−v_f₁(2)))"),
        ("lstm", "g₁(2) = tanh v_g₁(2)"),
        ("lstm", "c₁(2) = f₁(2) · c₁(1) + i₁(2) · g₁(2)"),
        ("lstm", "h₁(2) = o₁(2) · tanh c₁(2)"),
        ("lstm", "δ_c₁(2) = δ_h₁(2) · o₁(2) · (1 − (tanh c₁(2))²)"),
        ("lstm", "δ_f₁(2) = δ_c₁(2) · c₁(1) · f₁(2) · (1 − f₁(2))"),
        ("lstm", "δ_c₁(1) = δ_c₁(2) · f₁(2) + δ_h₁(1) · o₁(1)"),
        ("lstm", "Before the first step h(0) = 0 and c(0) = 0."),
        ("gru", "v_n₁(2) = w_n₁₁ · x₁(2) + r₁(2) · (u_n₁₁ · h₁(1) + b_u) + b_n"),
        ("gru", "h₁(2) = (1 − z₁(2)) · n₁(2) + z₁(2) · h₁(1)"),
        ("gru", "δ_z₁(2) = δ_h₁(2) · (h₁(1) − n₁(2)) · z₁(2) · (1 − z₁(2))"),
        ("gru", "δ_z₁(1) = −δ_h₁(1) · n₁(1) · z₁(1) · (1 − z₁(1))"),
        ("truncated-bptt", "cut is the path from step 3 back over h(2)"),
        ("truncated-bptt", "δ₁(2) full = u₁₁ · δ₁(3) · (1 − h₁(2)²)"),
        ("truncated-bptt", "(∂E/∂u₁₁) cut = (∂E/∂u₁₁) full − ∂E/∂u₁₁"),
    ],
)
def test_lines_as_a_person_writes_them(name: str, line: str) -> None:
    assert line in " ".join(str(explain(name)).split())


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("conventions", ["notes", "pytorch"])
def test_pages_of_80_columns(name: str, conventions: str) -> None:
    page = str(explain(name, conventions=conventions))
    assert max(map(columns_of, page.splitlines())) <= 80
    if conventions == "pytorch":
        assert "δ" not in page


def test_the_order_of_work() -> None:
    titles = [section.title for section in explain("rnn").sheets[0].sections]
    assert titles == [
        "Given",
        *(f"Forward: rnn1 layer, t = {t}" for t in (1, 2, 3)),
        "Forward: output layer",
        "Error",
        "Backward: output layer",
        *(f"Backward: rnn1 layer, t = {t}" for t in (3, 2, 1)),
        *("Change: output layer", "Change: rnn1 layer"),
        *("New weights: output layer", "New weights: rnn1 layer"),
    ]
    lines = explain("lstm").sheets[0].sections[1].lines
    order = ["v_f", "f", "v_i", "i", "v_g", "g", "v_o", "o", "c", "h"]
    assert [line.address.symbol for line in lines] == order


# --- any network with layers over time ------------------------------------------------------------
@gn.cell(weights={"w": ("2 units", "inputs"), "u": ("units", "units")})
def of_ones_own(carry: Any, x: gn.Tensor, w: Any) -> dict[str, gn.Tensor]:
    """A cell whose gate has no name, and whose candidate has one."""
    h, v = carry["h"], x @ w["w"].T
    units = h.shape[1]
    keep = gn.logistic(v[:, :units])
    new = gn.tanh(v[:, units:] + h @ w["u"].T).named("g", "recurrent1")
    return {"h": keep * h + (1 - keep) * new}


NETWORKS: dict[str, tuple[list[Any], tuple[int, ...]]] = {
    "rnn": ([gn.RNN(2, "relu"), gn.Dense(1)], (1,)),
    "peepholes": ([gn.LSTM(2, peepholes=True), gn.Dense(1)], (1,)),
    "stacked": ([gn.GRU(2), gn.Dropout(0.3), gn.RNN(1), gn.Dense(1)], (1,)),
    "each-step": ([gn.LSTM(1, returns="sequence"), gn.Dense(2, "tanh"), gn.Dense(1)], (3, 1)),
    "both-ways": ([gn.Bidirectional("lstm 1"), gn.Dense(1)], (1,)),
    "learnt-start": ([gn.RNN(2, start="learnt"), gn.Dense(1)], (1,)),
    "given-start": ([gn.RNN(2, start=(0.5, -0.5)), gn.Dense(1)], (1,)),
    "mean": ([gn.RNN(1, returns="sequence"), gn.Average(), gn.Dense(1)], (1,)),
    "of-ones-own": ([gn.Recurrent(of_ones_own, 2), gn.Dense(1)], (1,)),
    "bare": ([gn.GRU(1)], (1,)),
    "softmax-each-step": ([gn.GRU(2, returns="sequence"), gn.Dense(3, "softmax")], (3,)),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("optimizer", "n"), [("sgd 0.1", 1), ("nesterov 0.1", 2), ("adam 0.1", 2)])
def test_steps_add_up(name: str, optimizer: str, n: int) -> None:
    """What a person gets by following the lines is what the loop gives that is not unrolled."""
    layers, targets = NETWORKS[name]
    stack = Stack(layers, (3, 2))
    classes = "softmax" in name
    loss = Loss.of("cross_entropy" if classes else "half_squared_error")
    recipe = Recipe(stack, loss, Optimizer.of(optimizer), DType.FLOAT64, class_targets=classes)
    loop = training_graph(recipe, n)
    random = np.random.default_rng(len(name))
    inputs: dict[str, Any] = {
        key: random.uniform(0.1, 0.9, tensor.shape)
        if tensor.dtype.is_float
        else random.integers(0, 2, tensor.shape)
        for key, tensor in loop.inputs.items()
    }
    inputs |= {"step": 3, "seed": 1, "counter": 5}
    assert inputs["batch/target"].shape == (n, *targets)
    wanted = gn.Program(loop).run(inputs)
    graph = training_graph(replace(recipe, unrolled=True), n)
    for profile in (PROFILES["notes"], PROFILES["pytorch"]):
        sheet = explain_step(graph, inputs, profile)
        worked = sheet.work()
        addresses = [line.address for line in sheet.lines()]
        assert len(set(addresses)) == len(addresses)
        new: list[float] = []
        for line in sheet.lines():
            assert worked[line.address] == pytest.approx(line.value, rel=1e-9, abs=1e-12)
            new += [line.value] if line.address.symbol.endswith(" new") else []
        flat = [v for k, a in wanted.items() if k.startswith("parameters/") for v in a.ravel()]
        assert len(new) == len(flat)
        assert sorted(new) == pytest.approx(sorted(map(float, flat)), rel=1e-10, abs=1e-13)


def test_a_trained_network_and_its_replay() -> None:
    random = np.random.default_rng(3)
    x, y = random.normal(size=(5, 4, 2)), random.normal(size=(5, 1))
    net = gn.Network([gn.LSTM(2), gn.Dense(1)], inputs=(4, 2), dtype="float64")
    net = gn.fit(net, x, y, epochs=2, optimizer="sgd 0.1", batch_size=2).network
    sheet = gn.explain(net, x, y, epoch=2, step=3).sheets[0]
    for key in ("lstm1.u", "lstm1.b"):
        _, _, letter = key.partition(".")
        rows = net.parameters[key].reshape(4, 2, -1)
        for gate, name in enumerate("figo"):
            for (unit, source), value in np.ndenumerate(rows[gate]):
                places = f"{unit + 1},{source + 1}" if letter == "u" else f"{unit + 1}"
                line = sheet[f"lstm1.{letter}_{name} new[{places}]"]
                assert line.value == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("truncate", [4, (2, 4)])
def test_the_next_step_on_windows(truncate: int | tuple[int, int]) -> None:
    """A network that learnt by truncated back-propagation: beside the loop that is not unrolled."""
    random = np.random.default_rng(5)
    x, y = random.normal(size=(40, 1)), random.normal(size=(40, 1))
    layers = [gn.LSTM(1, returns="sequence"), gn.Dense(1)]
    net = gn.Network(layers, inputs=(4, 1), dtype="float64")
    net = gn.fit(net, x, y, epochs=1, optimizer="sgd 0.1", truncate=truncate, streams=2).network
    sheet = gn.explain(net, x[None, :4], y[None, :4]).sheets[0]
    assert sheet["lstm1.h(0)[1]"].value == 0.0
    kept = truncate if isinstance(truncate, int) else truncate[0]
    loss = Loss.of("mse")
    recipe = Recipe(net.stack, loss, Optimizer.of("sgd 0.1"), DType.FLOAT64, hand_over=kept)
    graph = training_graph(recipe, 1)
    given: dict[str, Any] = {f"parameters/{key}": value for key, value in net.parameters.items()}
    given |= {f"carry/{key}": np.zeros((1, size)) for key, size in net.stack.carries().items()}
    given |= {"batch/x": x[None, :4], "batch/target": y[None, 4 - kept : 4], "rate": 0.1}
    wanted = gn.Program(graph).run({**given, "step": 1, "seed": 0, "counter": 1})
    assert sheet["E"].value == pytest.approx(float(wanted["measures/loss"]), rel=1e-12)
    for gate, name in enumerate("figo"):
        new = sheet[f"lstm1.u_{name} new[1,1]"].value
        assert new == pytest.approx(float(wanted["parameters/lstm1.u"][gate, 0]), rel=1e-10)
    with pytest.raises(GlassnetError, match="without epoch and step"):
        gn.explain(net, x[None, :4], y[None, :4], epoch=1)


def test_sequences_with_gaps() -> None:
    random = np.random.default_rng(4)
    x, y = random.normal(size=(3, 3, 1)), random.normal(size=(3, 1))
    x[0, 1:] = np.nan
    net = gn.Network([gn.Mask(), gn.RNN(1), gn.Dense(1)], inputs=(3, 1), dtype="float64")
    net = gn.fit(net, x, y, epochs=1, optimizer="sgd 0.1").network
    sheet = gn.explain(net, x, y).sheets[0]
    shown = {str(line.address): line.value for line in sheet.lines()}
    assert [shown[f"mask1.mask({t})@1"] for t in (1, 2, 3)] == [1.0, 0.0, 0.0]
    answers = net.predict(x)
    assert shown["output.v[1]@1"] == pytest.approx(float(answers[0]), rel=1e-12)
    assert shown["output.v[1]@3"] == pytest.approx(float(answers[2]), rel=1e-12)


def test_texts_are_taken_as_in_training() -> None:
    from glassnet.training.text_models import fit_texts, text_network

    texts = ["a good film", "a bad film", "good food", "bad food"]
    net = text_network("average", texts, classes=2)
    net = fit_texts(net, texts, [1, 0, 1, 0], epochs=1, progress=False).network
    sheet = gn.explain(net, texts, [1, 0, 1, 0], example=2, quantity="output.v[1]").sheets[0]
    (answer,) = net.outputs(["a bad film"])
    assert 0.0 < answer[0] < 1.0
    assert "example 2" in sheet.title


# --- parts of it ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "asked", "wanted", "not_wanted"),
    [
        ("rnn", {"quantity": "rnn1.h(2)[1]"}, "h₁(2) = tanh", "h₂(2) = tanh"),
        ("rnn", {"quantity": "h(2)"}, "h₂(2) = tanh", "h₁(1) = tanh"),
        ("rnn", {"neuron": "rnn1.2"}, "v₂(1) = w₂₁", "v₁(1) = w₁₁"),
        ("rnn", {"quantity": "dE/du"}, "∂E/∂u₂₂ = ∂E/∂u₂₂(2) + ∂E/∂u₂₂(3)", "Δu₁₁ ="),
        ("rnn", {"quantity": "rnn1.dE/du(2)[1,1]"}, "∂E/∂u₁₁(2) = −δ₁(2) · h₁(1)", "u₂₂"),
        ("rnn", {"quantity": "delta(1)"}, "δ₁(1) = (u₁₁", "δ₁(2) = (u₁₁"),
        ("lstm", {"quantity": "delta_f"}, "δ_f₁(2) = δ_c₁(2)", "δ_i₁(2) = "),
        ("lstm", {"quantity": "lstm1.w_i new[1,1]"}, "w_i₁₁ new = w_i₁₁ + Δw_i₁₁", "w_f₁₁ new"),
        ("lstm", {"quantity": "u_o new"}, "u_o₁₁ new =", "u_f₁₁ new ="),
        ("lstm", {"neuron": "lstm1"}, "c₁(2) = f₁(2)", "output.v₁ ="),
    ],
)
def test_what_is_asked_for(name: str, asked: dict[str, str], wanted: str, not_wanted: str) -> None:
    page = " ".join(str(explain(name, **asked)).split())  # type: ignore[arg-type]
    assert wanted in page
    assert not_wanted not in page


@pytest.mark.parametrize("asked", ["h(4)", "rnn1.h(4)[1]", "w_f", "rnn1.h(2)[3]"])
def test_what_there_is_not(asked: str) -> None:
    with pytest.raises(GlassnetError):
        explain("rnn", quantity=asked)


def test_a_large_network_is_shown_in_tables() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(4, 6, 2)), random.normal(size=(4, 6, 1))
    net = gn.Network([gn.LSTM(6, returns="sequence"), gn.Dense(1)], inputs=(6, 2))
    net = gn.fit(net, x, y, epochs=1, optimizer="sgd 0.1").network
    page = str(gn.explain(net, x, y))
    assert "lstm1.u: 144 numbers" in page
    assert "\n  f1 " in page
    assert "rows are steps in time" in page
    assert max(map(columns_of, page.splitlines())) <= 80


def test_paths_through_time() -> None:
    """K5: ∂E/∂u is the sum over all paths, each with a factor for every step that it goes over."""
    found = gn.paths("rnn", "rnn1.u[1,2]")
    assert found.total == pytest.approx(explain("rnn", conventions="pytorch").sheets[0][
        "rnn1.∂E/∂u[1,2]"
    ].value, rel=1e-12)  # fmt: skip
    assert "rnn1.h₁(2) → rnn1.v₁(3)" in " ".join(str(found).split())
    assert gn.paths("lstm", "u_f[1,1]").total == pytest.approx(
        explain("lstm", conventions="pytorch").sheets[0]["lstm1.∂E/∂u_f[1,1]"].value, rel=1e-12
    )


# --- problems and formats -------------------------------------------------------------------------
FORMATS: dict[str, Callable[[Workings], str]] = {
    r"v_{\text{f\,}1}(2) &= w_{\text{f\,}11}": Workings.to_latex,
    r"\frac{\partial E}{\partial u_{\text{f\,}11}}": Workings.to_markdown,
    "<mi>h</mi><mn>1</mn></msub><mn>(2)</mn>": Workings.to_html,
}


@pytest.mark.parametrize("text", FORMATS)
def test_formats(text: str) -> None:
    assert text in FORMATS[text](explain("lstm"))


def test_json_has_addresses_with_steps_and_gates() -> None:
    document = explain("lstm").to_json()
    sections = document["steps"][0]["sections"]
    found = {q["address"]: q for section in sections for q in section["quantities"]}
    assert found["lstm1.h(2)[1]"]["formula"] == "lstm1.o₁(2) · tanh lstm1.c₁(2)"
    assert found["lstm1.v_f(2)[1]"]["kind"] == "local field"
    assert found["lstm1.w_f[1,1]"]["kind"] == "weight"
    assert found["lstm1.∂E/∂w_f(1)[1,1]"]["value"] == pytest.approx(0.0)


def test_an_answer_without_learning() -> None:
    problem = load_problem("lstm")
    page = explain(Problem(problem.title, {"x": problem.data["x"]}, problem.network,
                           problem.weights))  # fmt: skip
    assert page.sheets[0]["lstm1.h(2)[1]"].value == pytest.approx(0.0649551, abs=1e-7)
    assert "Backward" not in str(page)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": {"x": [[1.0, 2.0]], "d": [[1.0]]}}, "a list of sequences"),
        ({"data": {"x": [[[1.0]]], "d": [[[1.0]]]}}, "d must be a list of rows"),
        ({"training": {"truncate": 0}}, "truncate"),
        ({"weights": {"rnn1.u": [[1.0, 2.0]]}}, r"rnn1.u must have shape \(1, 1\)"),
        ({"network": {"layers": ["1 linear"]}, "data": {"x": [[1.0]], "d": [[1.0]]},
          "weights": {}}, "truncate is for layers that go over time"),
    ],
)  # fmt: skip
def test_bad_problems(change: dict[str, Any], words: str) -> None:
    problem = load_problem("truncated-bptt")
    parts: dict[str, Any] = {
        "data": problem.data, "network": problem.network, "weights": problem.weights,
        "training": problem.training,
    }  # fmt: skip
    with pytest.raises(GlassnetError, match=words):
        explain(Problem(problem.title, **{**parts, **change}))


def test_a_derivation_in_symbols_is_refused_in_plain_words() -> None:
    with pytest.raises(GlassnetError, match="steps in time"):
        explain("rnn", symbols=True)


# --- what each step adds --------------------------------------------------------------------------
def test_a_sum_over_steps_is_taken_apart_by_its_derivatives() -> None:
    def at(symbol: str, time: int) -> Quantity:
        return Quantity(Address(symbol, time=time))

    terms = [multiply([at("δ", t), at("h", t - 1)]) for t in (2, 3)]
    found = of_steps(add(terms))
    assert found is not None
    assert [part.example for part in found.entries] == [2, 3]
    assert of_steps(add([multiply([at("δ", 2), at("δ", 3)]), terms[0]])) is None
    assert of_steps(terms[0]) is None


def test_texts_of_layers_are_read() -> None:
    assert str(parse_layers("2 rnn, 1 linear", 1)[0]).startswith("rnn 2")
