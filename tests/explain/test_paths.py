"""Paths: what they are, against hand calculations, enumeration and finite differences."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DTypeError
from glassnet.explain import Paths, paths
from glassnet.explain.problems import Problem
from glassnet.graph import Tensor


def shown(found: Paths) -> list[str]:
    return [" ".join(map(str, path.quantities)) for path in found.paths]


# --- the rows of the notes, by hand ---------------------------------------------------------------
def test_e2_relu_of_wx_plus_b() -> None:
    x, w, b = gn.tensor([3.0], "x"), gn.tensor([2.0], "w"), gn.tensor([1.0], "b")
    v = ((w * x).named("u") + b).named("v")
    a = gn.relu(v).named("a")
    to_w, to_b = paths(a, w), paths(a, b)
    assert (to_w.count, to_w.total, to_w.gradient) == (1, 3.0, 3.0)
    assert [factor.value for factor in to_w.paths[0].factors] == [1.0, 1.0, 3.0]
    assert shown(to_w) == ["w u v a"]
    assert (shown(to_b), to_b.total) == (["b v a"], 1.0)


def test_e3_a_single_path() -> None:
    x, w, y = gn.tensor(2.0, "x"), gn.tensor(0.5, "w"), gn.tensor(1.0, "y")
    a = gn.logistic((w * x).named("u")).named("a")
    found = paths((0.5 * (a - y) ** 2).named("L"), w)
    assert shown(found) == ["w u a L"]
    values = [factor.value for factor in found.paths[0].factors]
    assert values == pytest.approx([-0.268941421, 0.196611933, 2.0], abs=1e-9)
    assert found.total == pytest.approx(-0.105754186, abs=1e-9)
    text = str(found)
    assert "∂L/∂a · ∂a/∂u · ∂u/∂w" in text
    assert "a · (1 − a)" in text


def test_e4_a_shared_weight_has_two_paths() -> None:
    x1, x2 = gn.tensor(0.5, "x₁"), gn.tensor(-1.5, "x₂")
    w, y = gn.tensor(0.8, "w₁"), gn.tensor(1.0, "y")
    a1, a2 = gn.logistic(w * x1).named("a₁"), gn.logistic(w * x2).named("a₂")
    found = paths((0.5 * ((a1 * a2).named("a₃") - y) ** 2).named("L"), w)
    assert shown(found) == ["w₁ a₂ a₃ L", "w₁ a₁ a₃ L"]
    products = [path.product for path in found.paths]
    assert products == pytest.approx([0.137616, -0.023954], abs=1e-6)
    assert found.gradient == pytest.approx(0.113662, abs=1e-6)


def fully_connected() -> tuple[Tensor, Tensor]:
    """The network of row E5 in docs/computation-graphs.md, with matrices."""
    w1 = gn.tensor([[0.5, -0.25], [1.0, 0.5]], "w⁽¹⁾")
    w2 = gn.tensor([[2.0, -1.0], [-1.0, 1.5]], "w⁽²⁾")
    w3 = gn.tensor([[1.0, -2.0]], "w⁽³⁾")
    first = gn.logistic(w1 @ gn.tensor([[1.0], [2.0]], "x")).named("a⁽¹⁾")
    second = gn.logistic(w2 @ first).named("a⁽²⁾")
    a = gn.logistic(w3 @ second).named("a")
    return (0.5 * (a - gn.tensor(1.0, "y")) ** 2).sum().named("J"), w1


@pytest.mark.parametrize("way", ["at", "element"])
def test_e5_fully_connected(way: str) -> None:
    J, w = fully_connected()
    found = paths(J, w, at=(0, 0)) if way == "at" else paths(J, w[0, 0])
    assert shown(found) == [
        "w⁽¹⁾[1,1] a⁽¹⁾[1,1] a⁽²⁾[1,1] a[1,1] J",
        "w⁽¹⁾[1,1] a⁽¹⁾[1,1] a⁽²⁾[2,1] a[1,1] J",
    ]
    products = [path.product for path in found.paths]
    assert products == pytest.approx([-0.01828726, -0.01557549], abs=1e-8)
    by_hand = [-0.702497, 0.208995, 0.498228, 0.250000]
    assert [f.value for f in found.paths[0].factors] == pytest.approx(by_hand, abs=1e-6)
    assert found.total == pytest.approx(-0.03386275, abs=1e-8)
    assert found.agrees


def test_d6_a_hidden_weight() -> None:
    found = paths("backpropagation", "hidden.w[1,2]")
    assert found.count == 1
    assert found.total == pytest.approx(-0.0117885, abs=1e-7)
    assert found.gradient == pytest.approx(found.total, rel=1e-12)
    inputs = paths("backpropagation", "x[2]")  # into both hidden neurons
    assert inputs.count == 2
    assert found.paths[0].quantities[-1] == inputs.paths[0].quantities[-1]


# --- against enumeration --------------------------------------------------------------------------
class Web:
    """A random graph of single numbers whose arrows and derivatives are known by construction."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.count = int(rng.integers(4, 10))
        self.kinds = [str(rng.choice(["sum", "product", "tanh", "relu"])) for _ in range(10)]
        self.sources = [
            sorted({int(i) for i in rng.integers(0, at, 3)}) for at in range(1, self.count)
        ]
        self.weights = rng.normal(size=(self.count, self.count))
        self.start = float(rng.normal())

    def run(self, start: float) -> list[float]:
        values = [start]
        for at, sources in enumerate(self.sources, start=1):
            terms = [self.weights[at, i] * values[i] for i in sources]
            kind = self.kinds[at]
            total = math.prod(values[i] for i in sources) if kind == "product" else sum(terms)
            total = math.tanh(total) if kind == "tanh" else total
            values.append(max(0.0, total) if kind == "relu" else total)
        return values

    def slope(self, values: list[float], at: int, i: int) -> float:
        sources = self.sources[at - 1]
        if self.kinds[at] == "product":
            return math.prod(values[j] for j in sources if j != i)
        slope = float(self.weights[at, i])
        if self.kinds[at] == "tanh":
            return slope * (1 - values[at] ** 2)
        return slope if self.kinds[at] == "sum" or values[at] > 0 else 0.0

    def tensors(self) -> tuple[Tensor, Tensor]:
        w = gn.tensor(self.start, "n0")
        nodes = [w]
        for at, sources in enumerate(self.sources, start=1):
            terms = [nodes[i] * float(self.weights[at, i]) for i in sources]
            found = nodes[sources[0]] if self.kinds[at] == "product" else terms[0]
            for position, i in enumerate(sources[1:], start=1):
                product = self.kinds[at] == "product"
                found = found * nodes[i] if product else found + terms[position]
            if len(sources) == 1:
                found = found + 0.0
            if self.kinds[at] in ("tanh", "relu"):
                found = (gn.tanh if self.kinds[at] == "tanh" else gn.relu)(found)
            nodes.append(found.named(f"n{at}"))
        return nodes[-1], w

    def walks(self) -> list[tuple[list[int], float]]:
        """Every path, one after the other, with its product."""
        values = self.run(self.start)
        done: list[tuple[list[int], float]] = []
        todo: list[tuple[list[int], float]] = [([self.count - 1], 1.0)]
        while todo:
            walk, product = todo.pop()
            if walk[0] == 0:
                done.append((walk, product))
                continue
            for i in self.sources[walk[0] - 1]:
                todo.append(([i, *walk], product * self.slope(values, walk[0], i)))
        return done


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs_against_enumeration_and_finite_differences(seed: int) -> None:
    web = Web(seed)
    found = paths(*web.tensors(), most=5)
    walks = web.walks()
    assert found.count == len(walks)
    assert found.zero == sum(product == 0.0 for _, product in walks)
    assert found.total == pytest.approx(math.fsum(p for _, p in walks), rel=1e-9, abs=1e-12)
    assert found.absolute == pytest.approx(math.fsum(abs(p) for _, p in walks), rel=1e-9)
    sizes = sorted((abs(product) for _, product in walks), reverse=True)[:5]
    assert [abs(path.product) for path in found.paths] == pytest.approx(sizes, rel=1e-9)
    known = {" ".join(f"n{i}" for i in walk): product for walk, product in walks}
    for path, text in zip(found.paths, shown(found), strict=True):
        assert path.product == pytest.approx(known[text], rel=1e-9, abs=1e-14)
    h = 1e-6
    ahead, behind = web.run(web.start + h)[-1], web.run(web.start - h)[-1]
    assert found.total == pytest.approx((ahead - behind) / (2 * h), rel=1e-5, abs=1e-7)
    assert found.agrees
    assert found.gradient == pytest.approx(found.total, rel=1e-9, abs=1e-12)


def test_the_number_is_exact_where_nobody_could_list_them() -> None:
    rng = np.random.default_rng(1)
    w = gn.tensor(0.3, "w")
    y = gn.tanh(w * gn.tensor(rng.normal(size=(3, 1)))).named("y")
    for _ in range(60):
        y = gn.tanh(gn.tensor(rng.normal(size=(3, 3))) @ y).named("y")
    found = paths(y.sum().named("J"), w, most=3)
    assert found.count == 3**61  # more than any float could hold
    assert f"{found.count:,} paths lead" in " ".join(str(found).split())
    assert found.agrees


# --- stacks ---------------------------------------------------------------------------------------
def network(layers: list[str], inputs: int, targets: list[list[float]], seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(len(targets), inputs)).tolist()
    weights: dict[str, list[list[float]]] = {}
    return Problem("a network", {"x": x, "d": targets}, {"layers": layers}, weights)


@pytest.mark.parametrize("layers", [["3 tanh", "2 linear"], ["3 relu", "4 tanh", "2 logistic"]])
@pytest.mark.parametrize("seed", range(3))
def test_stacks_against_finite_differences(layers: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [2, *(int(text.split()[0]) for text in layers)]
    given = [rng.normal(size=(b, a)) for a, b in itertools.pairwise(sizes)]
    problem = network(layers, 2, rng.normal(size=(3, sizes[-1])).tolist(), seed)
    keys = [key for key in _keys(problem) if key.endswith(".w")]
    weights = dict(zip(keys, (w.tolist() for w in given), strict=True))
    problem = Problem(problem.title, problem.data, problem.network, weights)
    x, d = np.array(problem.data["x"]), np.array(problem.data["d"])
    kinds: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "tanh": np.tanh,
        "linear": lambda v: v,
        "relu": lambda v: np.maximum(0.0, v),
        "logistic": lambda v: 1 / (1 + np.exp(-v)),
    }

    def cost(change: float) -> float:
        y = x
        for place, (w, text) in enumerate(zip(given, layers, strict=True)):
            moved = w.copy()
            moved[1, 0] += change if place == 0 else 0.0
            y = kinds[text.split()[1]](y @ moved.T)
        return float(0.5 * ((d - y) ** 2).sum(axis=1).mean())

    found = paths(problem, f"{keys[0]}[2,1]")
    slope = (cost(1e-6) - cost(-1e-6)) / 2e-6
    assert found.total == pytest.approx(slope, rel=1e-5, abs=1e-8)
    assert found.count == 3 * math.prod(sizes[2:])  # one way through each example and neuron
    assert found.agrees
    assert [share.example for share in found.shares] == [1, 2, 3]
    assert math.fsum(share.total for share in found.shares) == pytest.approx(found.total)
    one = paths(problem, f"{keys[0]}[2,1]", example=2)
    assert one.total == pytest.approx(found.shares[1].total)
    assert one.total + one.rest == pytest.approx(found.gradient)
    assert one.count == math.prod(sizes[2:])


def _keys(problem: Problem) -> list[str]:
    from glassnet.nn.stack import Stack, parse_layers

    layers = ", ".join(problem.network["layers"])
    return list(Stack(parse_layers(layers, 1), len(problem.data["x"][0])).parameters())


def test_softmax_and_cross_entropy_run_through_the_normaliser() -> None:
    found = paths("softmax", "w[1,2]")
    assert found.count == 4  # directly, and through L to each of the three classes
    assert found.zero == 3  # the target of two classes is 0
    assert found.gradient == pytest.approx(0.532684, abs=1e-6)
    assert found.agrees


def test_batch_normalisation_mixes_the_examples() -> None:
    problem = network(["2 linear", "batchnorm", "1 linear"], 2, [[0.0], [1.0], [2.0]], 0)
    found = paths(problem, "hidden.w[1,1]")
    assert found.shares[-1].example is None
    assert found.shares[-1].count > 0
    assert sum(share.count for share in found.shares) == found.count
    assert math.fsum(share.total for share in found.shares) == pytest.approx(found.total)
    assert found.agrees
    assert "several" in str(found)


def test_a_digits_network() -> None:
    rng = np.random.default_rng(0)
    layers = {"layers": ["32 tanh", "10 softmax"]}
    data = {"x": rng.normal(size=(1, 64)).tolist(), "d": [3]}
    problem = Problem("digits", data, layers, training={"loss": "cross_entropy"})
    hidden = paths(problem, "hidden.w[3,7]")
    assert hidden.count == 10 * (1 + 10)
    assert len(hidden.paths) == 8
    assert hidden.agrees
    assert len(hidden.web.numbers) < len(str(hidden))
    from_input = paths(problem, "x[3]")
    assert from_input.count == 32 * 10 * (1 + 10)
    assert from_input.agrees
    assert not from_input.web.whole
    assert "% of the sum" in str(from_input)


# --- kinds of operations --------------------------------------------------------------------------
KINDS: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda w: gn.tanh(w.sum(axis=0)).named("s").sum(),
    "mean": lambda w: gn.exp(gn.mean(w, 1)).named("s").sum(),
    "max": lambda w: (gn.max(w, 1).named("m") * 2.0).sum(),
    "logsumexp": lambda w: gn.logsumexp(w, 1).named("L").sum(),
    "softmax": lambda w: (gn.softmax(w).named("y") ** 2).sum(),
    "matmul twice": lambda w: gn.tanh((w @ w).named("p")).sum(),
    "reshape": lambda w: gn.tanh(gn.reshape(w, (9,)).named("r")).sum(),
    "concatenate": lambda w: gn.tanh(gn.concatenate([w, w * 2.0], 0).named("c")).sum(),
    "pad": lambda w: gn.exp(gn.pad(w, (1, 0), (1, 1)).named("p")).sum(),
    "slice": lambda w: gn.exp(w[0:2, 1:]).named("s").sum() + w[0, 1],
    "gather": lambda w: gn.exp(gn.gather(w, gn.tensor(np.array([0, 2, 0]))).named("g")).sum(),
    "scatter": lambda w: gn.exp(gn.scatter_add(w, np.array([1, 0, 1]), 2).named("s")).sum(),
    "divide": lambda w: (w / (w * w + 1.0).named("d")).named("q").sum(),
    "select": lambda w: gn.select(w > 0.2, w * 3.0, w * w).named("s").sum(),
    "maximum": lambda w: gn.maximum(w, 0.1).named("m").sum(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_operation(kind: str) -> None:
    """Dependencies are found by kind: a missing one would leave the gradient short."""
    given = np.random.default_rng(3).normal(size=(3, 3))

    def cost(value: np.ndarray) -> tuple[Tensor, Tensor]:
        w = gn.tensor(value, "w")
        return KINDS[kind](w), w

    for at in [(0, 1), (2, 2)]:
        J, w = cost(given)
        found = paths(J, w, at=at)
        step = np.zeros((3, 3))
        step[at] = 1e-6
        ahead, behind = (cost(given + sign * step)[0].item() for sign in (1, -1))
        slope = (ahead - behind) / 2e-6
        assert found.total == pytest.approx(slope, rel=1e-5, abs=1e-7)
        assert found.agrees
        assert found.count > 0 or slope == 0.0


def test_counts_of_a_few_kinds() -> None:
    w = gn.tensor(np.random.default_rng(3).normal(size=(3, 3)), "w")
    counts = {"sum": 1, "logsumexp": 1, "softmax": 3, "matmul twice": 5, "concatenate": 2}
    for kind, count in counts.items():
        assert paths(KINDS[kind](w), w, at=(0, 1)).count == count, kind


# --- special cases --------------------------------------------------------------------------------
def test_a_relu_that_is_off_gives_a_product_of_0() -> None:
    x, w = gn.tensor(3.0, "x"), gn.tensor(-2.0, "w")
    v = (w * x).named("v")
    found = paths((gn.relu(v).named("y") + gn.tanh(v).named("z")).named("J"), w)
    assert (found.count, found.zero) == (2, 1)
    assert found.paths[1].product == 0.0
    assert "1 of them has the product 0" in " ".join(str(found).split())
    assert found.agrees


def test_a_weight_that_feeds_no_cost() -> None:
    x, w = gn.tensor(3.0, "x"), gn.tensor(2.0, "w")
    found = paths((x * x).named("J"), w)
    assert (found.count, found.total, found.gradient, found.paths) == (0, 0.0, 0.0, ())
    assert "No path leads from w to J" in str(found)
    elsewhere = paths("backpropagation", "hidden.w[1,1]", to="hidden.y[2]")
    assert elsewhere.count == 0
    cut = paths((gn.stop_gradient(w) * x).named("J"), w)
    assert (cut.count, cut.gradient) == (0, 0.0)
    for stopping in (cut, paths(gn.threshold(w).named("J"), w)):
        assert "operations that hand no derivative back" in " ".join(str(stopping).split())
    assert "hand no derivative" not in str(found)


def test_the_same_weight_at_every_time_step() -> None:
    w, x = gn.tensor(0.9, "w"), gn.tensor(1.0, "x")
    h = gn.tensor(0.5, "h₀")
    for _ in range(4):
        h = gn.tanh(w * h + x).named("h")
    found = paths(h, w)
    assert found.count == 4
    assert sorted(map(len, (path.quantities for path in found.paths))) == [2, 3, 4, 5]
    names = {str(a) for path in found.paths for a in path.quantities}
    assert names == {"w", "h⁽¹⁾", "h⁽²⁾", "h⁽³⁾", "h⁽⁴⁾"}
    assert found.agrees


def test_time_steps_keep_their_number() -> None:
    w = gn.tensor(0.9, "w")
    first = (w * 2.0).named("h", time=1)
    found = paths((w * first).named("h", time=2), w)
    assert {str(a) for p in found.paths for a in p.quantities} == {"w", "h⁽¹⁾", "h⁽²⁾"}


def test_operations_without_names_are_given_some() -> None:
    x, w = gn.tensor([3.0]), gn.tensor([2.0])
    found = paths(gn.relu(x * w + 1.0) * w, w)
    assert shown(found) == ["w J", "w u₁ u₂ u₃ J"]
    assert found.total == 13.0


def test_the_weight_may_be_the_cost() -> None:
    w = gn.tensor(2.0, "w")
    found = paths(w, w)
    assert (found.count, found.total, found.gradient) == (1, 1.0, 1.0)
    assert "∂w/∂w" in str(found)


def test_float32_agrees_within_its_precision() -> None:
    rng = np.random.default_rng(0)
    w = gn.tensor(rng.normal(size=(4, 4)).astype(np.float32), "w")
    y = gn.tanh(w @ w).named("y")
    found = paths((gn.tanh(w @ y).named("z") ** 2).sum(), w, at=(1, 2))
    assert found.agrees
    assert abs(found.gradient - found.total) > 0.0 or found.gradient == found.total


def test_numbers_that_overflow_do_not_hide_the_order() -> None:
    w = gn.tensor(1.0, "w")
    small, large = (w * 1e-300).named("s"), (w * 1e-200).named("l")
    J = ((small * 1e-300).named("ss") + (large * 1e-200).named("ll")).named("J")
    assert shown(paths(J, w)) == ["w l ll J", "w s ss J"]  # both products are 0 as floats
    broken = paths(gn.log((w * -1.0).named("v")).named("J"), w)
    assert broken.count == 1


def test_what_is_more_is_left_out_and_said() -> None:
    J, w = fully_connected()
    found = paths(J, w[0, 0], most=1)
    assert (found.count, len(found.paths)) == (2, 1)
    assert found.total == pytest.approx(-0.03386275, abs=1e-8)
    assert "54 % of the sum" in str(found)


# --- mistakes -------------------------------------------------------------------------------------
def test_mistakes_with_tensors() -> None:
    J, w = fully_connected()
    cases: list[tuple[Callable[[], object], type[Exception], str]] = [
        (lambda: paths(J, w), ArgumentError, r"has 4 numbers .* w⁽¹⁾\[0, 0\] or at=\(0, 0\)"),
        (lambda: paths(J, w, at=(0, 2)), ArgumentError, r"shape \(2, 2\) of w⁽¹⁾; got \(0, 2\)"),
        (lambda: paths(J, w, at=1), ArgumentError, "2 whole numbers"),
        (lambda: paths(J, w, at=(True, 0)), ArgumentError, "2 whole numbers"),
        (lambda: paths(w, w[0, 0]), ArgumentError, "paths lead to one number"),
        (lambda: paths(J, "w"), ArgumentError, "the weight must be a tensor"),
        (lambda: paths(J, w[0, 0], to="a"), ArgumentError, "`to` is for problems"),
        (lambda: paths(J, w[0, 0], most=0), ArgumentError, "most must be a whole number"),
        (lambda: paths(J, w[0, 0], example=2), ArgumentError, "there is one example"),
        (lambda: paths(J, w[0, 0], conventions="note"), ArgumentError, "did you mean 'notes'"),
        (lambda: paths(J, gn.tensor([1, 2], dtype="int64")[0]), DTypeError, "floating-point"),
    ]
    for call, kind, message in cases:
        with pytest.raises(kind, match=message):
            call()


def test_mistakes_with_problems() -> None:
    cases: list[tuple[str, object, dict[str, object], str]] = [
        ("backpropagation", "hiden.w[1,1]", {}, "did you mean 'hidden.w'"),
        ("backpropagation", "hidden.w[1,3]", {}, r"hidden.w is hidden.w\[1,1\] to hidden.w\[2,2\]"),
        ("backpropagation", "w[1,1]", {}, "several quantities 'w': hidden.w, output.w"),
        ("backpropagation", "hidden.w[1,1]", {"to": "F"}, "no quantity 'F'"),
        ("backpropagation", "hidden.w[1,1]", {"example": 2}, "there is one example"),
        ("backpropagation", "hidden.w[1,1]", {"example": 0}, "example must be a whole number"),
        ("backpropagation", gn.tensor(1.0), {}, "is given by its address"),
        ("perceptron", "w[1]", {}, "is a classical rule"),
        ("backpropagatoin", "w", {}, "did you mean 'backpropagation'"),
    ]
    for problem, weight, settings, message in cases:
        with pytest.raises(ArgumentError, match=message):
            paths(problem, weight, **settings)  # type: ignore[arg-type]
    batch = network(["1 linear"], 2, [[0.0], [1.0]], 0)
    with pytest.raises(ArgumentError, match="examples 1 to 2"):
        paths(batch, "w[1,1]", example=3)
    assert paths("backpropagation", "hidden.w[1,2]", example=1).count == 1
