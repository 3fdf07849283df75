"""Recurrence: values, first and second derivatives against JAX's scan and against the same body
written out step by step; structures of all kinds; what is said of bodies that do not fit.

A case is written once, for `m`, the functions of either library: `m.scan` is this library's scan,
JAX's, or a plain loop over this library's operations.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DTypeError, ShapeError, VerificationError
from glassnet.graph import Graph, Tensor, differentiate, verify
from glassnet.graph.loop import Final, Loop, Stack
from glassnet.ops import constant, input_tensor
from glassnet.ops.scan import SCAN

Case = Callable[[Any, dict[str, Any]], list[Any]]
TOLERANCE = 1e-9


class Pair(NamedTuple):
    """A carry with names, as users write them."""

    h: Any
    c: Any


# --- the two libraries under one set of names ---------------------------------------------------
def ours(scan: Any) -> Any:
    return SimpleNamespace(
        scan=scan,
        tanh=gn.tanh,
        sin=gn.sin,
        logistic=gn.logistic,
        softmax=gn.softmax,
        maximum=gn.maximum,
        stop=gn.stop_gradient,
        gather=gn.gather,
        join=lambda *parts: gn.concatenate(parts),
        select=gn.select,
        float=lambda x: gn.cast(x, "float64"),
        zeros=gn.zeros,
        whole=lambda value: constant(np.int64(value)),
    )


def theirs(jax: Any) -> Any:
    jnp = jax.numpy
    return SimpleNamespace(
        scan=jax.lax.scan,
        tanh=jnp.tanh,
        sin=jnp.sin,
        logistic=jax.nn.sigmoid,
        softmax=jax.nn.softmax,
        maximum=jnp.maximum,
        stop=jax.lax.stop_gradient,
        gather=lambda x, i: jnp.take(x, i, axis=0),
        join=lambda *parts: jnp.concatenate(parts),
        select=jnp.where,
        float=lambda x: x.astype(np.float64),
        zeros=lambda *shape: jnp.zeros(shape),
        whole=np.int64,
    )


def written_out(
    body: Any, carry: Any, xs: Any = None, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """The same without a loop: the body's operations again for each step."""
    leaves = _leaves(xs)
    steps = len(leaves[0]) if leaves else length
    assert steps is not None
    kept: dict[int, Any] = {}
    for step in reversed(range(steps)) if reverse else range(steps):
        carry, kept[step] = body(carry, _map(lambda x, at=step: x[at], xs))
    rows = [_leaves(kept[step]) for step in range(steps)]
    stacks = iter([gn.stack(list(column)) for column in zip(*rows, strict=True)])
    return carry, _map(lambda _: next(stacks), kept[0])


def _leaves(structure: Any) -> list[Any]:
    found: list[Any] = []
    _map(found.append, structure)
    return found


def _map(function: Any, structure: Any) -> Any:
    if structure is None:
        return None
    if isinstance(structure, dict):
        return {key: _map(function, value) for key, value in structure.items()}
    if isinstance(structure, tuple | list):
        parts = [_map(function, entry) for entry in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
    return function(structure)


# --- cases --------------------------------------------------------------------------------------
def elman(m: Any, v: Any, reverse: bool = False) -> list[Any]:
    def body(h: Any, x: Any) -> Any:
        h = m.tanh(v["w"] @ x + v["u"] @ h + v["b"])
        return h, h

    last, ys = m.scan(body, v["h"], v["xs"], reverse=reverse)
    return [last, ys]


def gates_in_a_dict(m: Any, v: Any) -> list[Any]:
    def body(state: Any, x: Any) -> Any:
        f = m.logistic(v["w"] @ x + v["u"] @ state["h"])
        c = f * state["c"] + (1.0 - f) * m.tanh(x)
        return {"h": m.tanh(c), "c": c}, {"f": f, "nothing": None}

    last, kept = m.scan(body, {"h": v["h"], "c": v["b"]}, v["xs"])
    return [last["h"], last["c"], kept["f"]]


def nested_carry(m: Any, v: Any) -> list[Any]:
    def body(state: Any, x: Any) -> Any:
        pair, rest, _ = state
        h = m.tanh(pair.h + x * pair.c)
        return (Pair(h, pair.c * 0.9), [rest[0] + h], None), (h, [x * rest[0]])

    (pair, rest, _), (hs, products) = m.scan(body, (Pair(v["h"], v["b"]), [v["h"]], None), v["xs"])
    return [pair.h, pair.c, rest[0], hs, products[0]]


def several_sequences(m: Any, v: Any) -> list[Any]:
    def body(h: Any, x: Any) -> Any:
        a, more = x
        h = m.sin(h * more["gain"] + a)
        return h, h * a

    last, ys = m.scan(body, v["h"], (v["xs"], {"gain": v["gains"]}))
    return [last, ys]


def no_sequences(m: Any, v: Any) -> list[Any]:
    last, ys = m.scan(lambda h, _: (m.tanh(v["u"] @ h), h * v["b"]), v["h"], None, length=4)
    return [last, ys]


def one_step(m: Any, v: Any) -> list[Any]:
    last, ys = m.scan(lambda h, x: (m.sin(h * x), h + x), v["h"], v["xs"][:1])
    return [last, ys]


def no_steps(m: Any, v: Any) -> list[Any]:
    last, ys = m.scan(lambda h, x: (m.sin(h * x * v["b"]), h + x), v["h"], v["xs"][:0])
    return [last, ys]


def used_outside_too(m: Any, v: Any) -> list[Any]:
    slope = m.tanh(v["b"])
    last, ys = m.scan(lambda h, x: (slope * h + x * v["h"], slope * h), v["h"], v["xs"])
    return [last * slope * v["h"], ys + v["b"], slope]


def whole_carry(m: Any, v: Any) -> list[Any]:
    def body(state: Any, x: Any) -> Any:
        count, h = state
        return (count + 1, h * 0.5 + x * m.float(count)), m.float(count) * h

    (count, h), ys = m.scan(body, (m.whole(1), v["h"]), v["xs"])
    return [h, ys, m.float(count)]


def yes_or_no(m: Any, v: Any) -> list[Any]:
    def body(h: Any, x: Any) -> Any:
        positive = h > x
        return m.select(positive, h * 0.7, h + x * x), positive

    last, ys = m.scan(body, v["h"], v["xs"])
    return [last, m.float(ys)]


def loop_in_a_loop(m: Any, v: Any) -> list[Any]:
    def outer(h: Any, x: Any) -> Any:
        def inner(total: Any, row: Any) -> Any:
            total = m.tanh(total + row * h * v["b"])
            return total, total * h

        total, kept = m.scan(inner, x, v["u"], reverse=True)
        return h * 0.5 + total, kept

    last, ys = m.scan(outer, v["h"], v["xs"])
    return [last, ys]


def passed_on_unchanged(m: Any, v: Any) -> list[Any]:
    def body(state: Any, x: Any) -> Any:
        same, h = state
        return (same, m.tanh(h * same + x)), same

    (same, h), ys = m.scan(body, (v["b"], v["h"]), v["xs"])
    return [same, h, ys]


def the_same_at_each_step(m: Any, v: Any) -> list[Any]:
    last, (a, b) = m.scan(
        lambda h, x: (h + x, (v["b"] * v["b"], v["w"])), v["h"], v["xs"], reverse=True
    )
    return [last, a, b]


def cut_early(m: Any, v: Any) -> list[Any]:
    """Each step learns, but nothing flows back from step to step."""

    def body(h: Any, x: Any) -> Any:
        h = m.tanh(v["u"] @ m.stop(h) + v["w"] @ x)
        return h, h * v["b"]

    last, ys = m.scan(body, v["h"], v["xs"])
    return [last, ys]


def attention(m: Any, v: Any) -> list[Any]:
    """A state reads from rows by softmax, and from a table by whole numbers."""

    def body(h: Any, places: Any) -> Any:
        shares = m.softmax(v["u"] @ h)
        read = shares @ v["xs"][:3] + m.gather(v["w"], places).sum(0)
        return m.tanh(read + v["b"]), shares

    places = np.array([[0, 2], [1, 1], [2, 0], [0, 0]])
    last, ys = m.scan(body, v["h"], places)
    return [last, ys]


def swapped(m: Any, v: Any) -> list[Any]:
    """Carries change places; the same tensor starts both, and comes in as a sequence too."""
    (a, b), ys = m.scan(
        lambda s, x: ((s[1] * v["b"], s[0] + x), s[0] * v["xs"][0]), (v["h"], v["h"]), v["xs"]
    )
    return [a * b, ys]


def joined_and_cut(m: Any, v: Any) -> list[Any]:
    def body(h: Any, x: Any) -> Any:
        both = m.join(h, x)
        return m.maximum(both[1:4], both[2:5] * v["b"]), both

    last, ys = m.scan(body, v["h"], v["xs"])
    return [last, ys]


def only_the_last(m: Any, v: Any) -> list[Any]:
    return elman(m, v)[:1]


def only_the_steps(m: Any, v: Any) -> list[Any]:
    return elman(m, v)[1:]


def one_after_the_other(m: Any, v: Any) -> list[Any]:
    _, ys = m.scan(lambda h, x: (m.tanh(h + x), h * x), v["h"], v["xs"])
    last, zs = m.scan(lambda h, y: (m.sin(v["w"] @ h + y), h), v["b"], ys, reverse=True)
    return [last, zs]


def backwards(m: Any, v: Any) -> list[Any]:
    return elman(m, v, reverse=True)


CASES: list[Case] = [
    elman,
    backwards,
    gates_in_a_dict,
    nested_carry,
    several_sequences,
    no_sequences,
    one_step,
    no_steps,
    used_outside_too,
    whole_carry,
    yes_or_no,
    loop_in_a_loop,
    passed_on_unchanged,
    the_same_at_each_step,
    cut_early,
    attention,
    swapped,
    joined_and_cut,
    only_the_last,
    only_the_steps,
    one_after_the_other,
]


def at_random(seed: int) -> Case:
    """Return a body of operations drawn at random over carries, entries and weights."""

    def case(m: Any, v: Any) -> list[Any]:
        draw = random.Random(seed)
        carries = draw.randint(1, 3)

        def operation(kind: int, a: Any, b: Any) -> Any:
            match kind:
                case 0:
                    return a + b
                case 1:
                    return a * b * 0.5
                case 2:
                    return m.tanh(a)
                case 3:
                    return m.sin(a - b)
                case 4:
                    return m.logistic(a)
                case 5:
                    return m.tanh(v["u"] @ a)
                case 6:
                    return m.maximum(a, b)
                case _:
                    return m.stop(a) * b

        def body(state: Any, x: Any) -> Any:
            draw = random.Random(seed + 1000)
            pool = [*state, x, v["b"], v["gains"][0], v["w"] @ v["h"]]
            for _ in range(draw.randint(4, 12)):
                a, b = draw.choice(pool), draw.choice(pool)
                pool.append(operation(draw.randrange(8), a, b))
            following = tuple(m.tanh(draw.choice(pool[-4:])) for _ in range(carries))
            return following, (draw.choice(pool), draw.choice(pool[-3:]))

        starts = tuple(draw.choice([v["h"], v["b"], v["xs"][1]]) for _ in range(carries))
        last, kept = m.scan(body, starts, v["xs"], reverse=draw.random() < 0.5)
        return [*last, *kept]

    case.__name__ = f"random{seed}"
    return case


CASES += [at_random(seed) for seed in range(10)]


def _values() -> dict[str, Any]:
    generator = np.random.default_rng(8)
    shapes = {"h": (3,), "b": (3,), "w": (3, 3), "u": (3, 3), "xs": (5, 3), "gains": (5, 3)}
    return {key: generator.uniform(-1.2, 1.2, shape) for key, shape in shapes.items()}


def _seed(number: int, shape: Any) -> Any:
    return np.random.default_rng(100 + number).uniform(-1.5, 1.5, shape)


def by_glassnet(case: Case, scan: Any) -> list[Any]:
    """Return a case's values, gradients, and second derivatives along a line."""
    values = _values()
    leaves = {key: gn.tensor(value, key) for key, value in values.items()}
    outputs = case(ours(scan), leaves)
    total: Tensor = constant(0.0)
    for number, output in enumerate(outputs):
        total = total + (output * _seed(number, output.shape) + output * output * 0.3).sum()
    wrt = list(leaves.values())
    first = differentiate(total, wrt).gradients
    line: Tensor = constant(0.0)
    for number, gradient in enumerate(first):
        line = line + (gradient * _seed(50 + number, gradient.shape)).sum()
    second = differentiate(line, wrt).gradients
    graph = Graph({}, {str(i): node for i, node in enumerate((*outputs, *first, *second))})
    return list(gn.Program(verify(graph)).run({}).values())


def by_jax(case: Case, jax: Any) -> list[Any]:
    jnp = jax.numpy
    values = {key: jnp.asarray(value) for key, value in _values().items()}
    m = theirs(jax)

    def total(leaves: Any) -> Any:
        return sum(
            (output * _seed(number, output.shape) + output * output * 0.3).sum()
            for number, output in enumerate(case(m, leaves))
        )

    along = {
        key: jnp.asarray(_seed(50 + number, value.shape))
        for number, (key, value) in enumerate(values.items())
    }
    first, second = jax.jvp(jax.grad(total), (values,), (along,))
    return [*case(m, values), *(first[key] for key in values), *(second[key] for key in values)]


def _same(found: list[Any], wanted: list[Any], what: str) -> None:
    assert len(found) == len(wanted)
    for place, (a, b) in enumerate(zip(found, wanted, strict=True)):
        assert np.shape(a) == np.shape(b), f"{what}, {place}"
        np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, err_msg=f"{what}, {place}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_values_and_derivatives_are_jaxs(case: Case, jax_oracle: Any) -> None:
    _same(by_glassnet(case, gn.scan), by_jax(case, jax_oracle.jax), case.__name__)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case is not no_steps], ids=lambda case: case.__name__
)
def test_values_and_derivatives_are_those_of_the_steps_written_out(case: Case) -> None:
    _same(by_glassnet(case, gn.scan), by_glassnet(case, written_out), case.__name__)


def test_the_cases_can_fail(jax_oracle: Any) -> None:
    """A gradient that is cut, and a value that is off, are found."""

    def cut(body: Any, carry: Any, xs: Any = None, **settings: Any) -> Any:
        return gn.scan(lambda h, x: body(_map(gn.stop_gradient, h), x), carry, xs, **settings)

    def early(body: Any, carry: Any, xs: Any = None, **settings: Any) -> Any:
        return gn.scan(body, carry, _map(lambda x: x[1:], xs), **settings)

    wanted = by_jax(elman, jax_oracle.jax)
    for broken in (cut, early):
        with pytest.raises(AssertionError):
            _same(by_glassnet(elman, broken), wanted, "broken")


def test_nothing_flows_back_past_a_cut() -> None:
    v = {key: gn.tensor(value) for key, value in _values().items()}
    last, _ = cut_early(ours(gn.scan), v)
    (none,) = differentiate(last.sum(), [v["h"]]).gradients
    assert none.value.tolist() == [0, 0, 0]
    slope = gn.grad(last.sum(), v["xs"]).value
    assert (slope[:4] == 0).all()
    assert (slope[4] != 0).all()


def test_a_loop_is_run_once_for_all_that_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from glassnet.graph import evaluation

    runs: list[Loop] = []
    sound = evaluation.do_work

    def counted(work: Any, values: Any) -> None:
        runs.append(values)
        sound(work, values)

    v = {key: gn.tensor(value) for key, value in _values().items()}
    last, ys = elman(ours(gn.scan), v)
    (both,) = Graph({}, {"both": last.sum() + ys.sum()}).outputs.values()
    monkeypatch.setattr(evaluation, "do_work", counted)
    assert np.isfinite(both.item())
    assert len(runs) == 5


def test_the_derivative_of_a_loop_is_a_loop() -> None:
    """The number of nodes does not grow with the number of steps."""

    def nodes(steps: int) -> int:
        xs = gn.zeros(steps, 2)
        w = gn.tensor([[0.1, 0.2], [0.3, 0.4]])
        _, ys = gn.scan(lambda h, x: (gn.tanh(w @ h + x), h), gn.zeros(2), xs)
        first = gn.grad(ys.sum(), w)
        return len(Graph({}, {"g": gn.grad(first.sum(), w)}).nodes)

    assert nodes(3) == nodes(3000)


def test_float32_stays_float32() -> None:
    w = gn.tensor([0.5, 2.0], dtype="float32")
    last, ys = gn.scan(lambda h, x: (h * w + x, h), w, gn.ones(3, 2, dtype="float32"))
    slope = gn.grad((last + ys.sum(0)).sum(), w)
    assert (last.dtype, ys.dtype, slope.dtype) == ("float32",) * 3
    assert slope.value.dtype == np.float32


# --- structures and settings --------------------------------------------------------------------
def test_arrays_are_taken_as_tensors() -> None:
    xs = np.array([[1.0, 2.0], [3.0, 4.0]])
    last, ys = gn.scan(lambda s, x: (s + x, s), np.zeros(2), xs)
    assert last.value.tolist() == [4.0, 6.0]
    assert ys.value.tolist() == [[0.0, 0.0], [1.0, 2.0]]


def test_no_carry_is_a_map() -> None:
    nothing, ys = gn.scan(lambda _, x: (None, x * x), None, gn.tensor([[1.0], [3.0]]))
    assert nothing is None
    assert ys.value.tolist() == [[1.0], [9.0]]


def test_what_is_kept_has_the_order_of_the_sequences() -> None:
    last, ys = gn.scan(
        lambda s, x: (s + x, s + x), gn.zeros(1), gn.tensor([[1.0], [2.0], [4.0]]), reverse=True
    )
    assert last.item() == 7.0
    assert ys.value.ravel().tolist() == [7.0, 6.0, 4.0]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: gn.scan(lambda h, x: (h, h), gn.zeros(2)),
            ArgumentError,
            "scan needs a length where there are no sequences, as in length=10",
        ),
        (
            lambda: gn.scan(lambda h, x: (h, h), gn.zeros(2), (gn.zeros(3, 1), gn.zeros(4, 1))),
            ShapeError,
            "sequences of different lengths: [3, 4]",
        ),
        (
            lambda: gn.scan(lambda h, x: (h, h), gn.zeros(2), gn.zeros(3, 1), length=5),
            ShapeError,
            "sequences of different lengths: [3, 5]",
        ),
        (
            lambda: gn.scan(lambda h, x: (h, h), gn.zeros(2), gn.tensor(1.0)),
            ShapeError,
            "sequence 1 has no axis of time",
        ),
        (
            lambda: gn.scan(lambda h, x: (h, h), gn.zeros(2), length=-1),
            ArgumentError,
            "length must be 0 or more; got -1",
        ),
        (
            lambda: gn.scan(lambda h, x: (gn.concatenate([h, h]), h), gn.zeros(2), length=2),
            ShapeError,
            "the carry has shape (2,), the body makes it (4,)",
        ),
        (
            lambda: gn.scan(lambda h, x: ((h[0], h[1] @ h[1]), None), (gn.zeros(2), gn.zeros(2)),
                            length=2),
            ShapeError,
            "carry 2 has shape (2,), the body makes it ()",
        ),
        (
            lambda: gn.scan(lambda h, x: (h > 0.0, h), gn.zeros(2), length=2),
            DTypeError,
            "the carry is float64, the body makes it bool",
        ),
        (
            lambda: gn.scan(lambda h, x: ((h, h), h), gn.zeros(2), length=2),
            ArgumentError,
            "must return a carry of the structure that it gets, *; it returned ('*', '*')",
        ),
        (
            lambda: gn.scan(
                lambda h, x: ({"h": h["h"]}, None), {k: gn.zeros(2) for k in "hc"}, length=2
            ),
            ArgumentError,
            "of the structure that it gets, {'h': '*', 'c': '*'}; it returned {'h': '*'}",
        ),
        (
            lambda: gn.scan(lambda h, x: h, gn.zeros(2), length=2),
            ArgumentError,
            "what is kept of the step (None if nothing); it returned Tensor",
        ),
        (
            lambda: gn.scan(lambda h, x: (h, "y"), gn.zeros(2), length=2),
            DTypeError,
            "what is kept of a step",
        ),
        (
            lambda: gn.scan(lambda h, x: (h, h), "start", length=2),
            DTypeError,
            "scan: carry: numbers are needed",
        ),
    ],
)  # fmt: skip
def test_what_is_said_of_a_body_that_does_not_fit(
    call: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert message in str(caught.value)


def test_a_tuple_and_a_list_are_different_structures() -> None:
    with pytest.raises(ArgumentError, match="structure"):
        gn.scan(lambda h, x: (list(h), None), (gn.zeros(1),), length=2)


# --- graphs with a loop in them -----------------------------------------------------------------
def _small() -> Graph:
    w = gn.tensor([2.0, 3.0], "w")
    last, ys = gn.scan(
        lambda h, x: ((h * w + x).named("h"), h), gn.zeros(2), gn.ones(3, 2), reverse=True
    )
    return Graph({}, {"last": last, "ys": ys})


def test_a_graph_prints_the_body_once() -> None:
    text = str(_small())
    assert text.count("the loop of 3 steps back:") == 1
    assert "loop=3 steps back output=carry 1 at the end : float64[2]" in text
    assert "output=carry0 of each step : float64[time=3, 2]" in text
    assert text.count("multiply(") == 1
    assert "following/0" in text


def test_a_drawing_shows_the_number_of_steps() -> None:
    graph = _small()
    drawing = gn.draw(graph)
    assert drawing.svg.count("3 steps back") >= 2
    assert "multiply" not in drawing.svg
    assert drawing.nodes < 8


def test_the_checker_looks_into_the_body() -> None:
    """A node of another type than its op gives, and a weight that is no input of the body."""
    kind = gn.TensorType((2,), gn.DType.FLOAT64)
    h, x, w = (input_tensor(name, kind) for name in "hxw")
    wrong = Tensor(gn.tanh(h).op, (h,), {}, gn.TensorType((2,), gn.DType.FLOAT32))
    start, xs = gn.zeros(2), gn.zeros(3, 2)
    for kept, message in ((wrong, r"inside the loop of 3 steps: node %\d+ \(tanh\): says float32"),
                          (h * w, r"\(input, w\)|a source that is not among")):  # fmt: skip
        loop = Loop((h,), (x,), (), (h + x,), 3)
        node = gn.graph.apply(SCAN, start, xs, loop=loop, output=Stack(kept))
        with pytest.raises(VerificationError, match=message):
            verify(Graph({}, {"y": node}))


def test_a_loop_says_what_it_takes() -> None:
    kind = gn.TensorType((2,), gn.DType.FLOAT64)
    h, x = input_tensor("h", kind), input_tensor("x", kind)
    loop = Loop((h,), (x,), (), (h + x,), 1)
    assert repr(loop) == "<loop of 1 step>"
    apply = gn.graph.apply
    with pytest.raises(ShapeError, match="takes 2 tensors; got 1"):
        apply(SCAN, gn.zeros(2), loop=loop, output=Final(0))
    with pytest.raises(ShapeError, match=r"tensor 1 is float64\[2, 2\], the loop's is float64"):
        apply(SCAN, gn.zeros(2), gn.zeros(2, 2), loop=loop, output=Final(0))
    with pytest.raises(DTypeError, match="tensor 0 is float32, the loop's is float64"):
        apply(SCAN, gn.zeros(2, dtype="float32"), gn.zeros(1, 2), loop=loop, output=Final(0))
