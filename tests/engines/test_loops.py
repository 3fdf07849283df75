"""Loops in the native engine: the numbers of the reference engine, and what leaves a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import Program
from glassnet.engines.native.instructions import Looped, Move, Plan, Product
from glassnet.engines.native.machine import NativeProgram
from glassnet.graph import DType, Graph, Tensor, TensorType, differentiate, trace

Body = Callable[..., Any]
N, T, B, M, H = 64, 5, 3, 4, 6
TYPES: dict[str, tuple[int, ...]] = {
    "x": (T, B, M), "w": (M, 4 * H), "u": (H, 4 * H), "b": (4 * H,), "h": (B, H), "c": (B, H),
    "p": (3, H),
}  # fmt: skip


def gates(z: Tensor, count: int) -> list[Tensor]:
    return [z[:, k * H : (k + 1) * H] for k in range(count)]


def rnn(carry: Any, x: Tensor, w: dict[str, Tensor]) -> Any:
    h = gn.tanh(x @ w["w"][:, :H] + carry["h"] @ w["u"][:, :H] + w["b"][:H])
    return {"h": h, "c": carry["c"]}, h


def lstm(carry: Any, x: Tensor, w: dict[str, Tensor]) -> Any:
    f, i, g, o = gates(x @ w["w"] + carry["h"] @ w["u"] + w["b"], 4)
    c = gn.logistic(f) * carry["c"] + gn.logistic(i) * gn.tanh(g)
    h = gn.logistic(o) * gn.tanh(c)
    return {"h": h, "c": c}, h


def peephole(carry: Any, x: Tensor, w: dict[str, Tensor]) -> Any:
    f, i, g, o = gates(x @ w["w"] + carry["h"] @ w["u"] + w["b"], 4)
    p = w["p"]
    c = gn.logistic(f + p[0] * carry["c"]) * carry["c"]
    c = c + gn.logistic(i + p[1] * carry["c"]) * gn.tanh(g)
    h = gn.logistic(o + p[2] * c) * gn.tanh(c)
    return {"h": h, "c": c}, h


def gru(carry: Any, x: Tensor, w: dict[str, Tensor]) -> Any:
    a, b, n, _ = gates(x @ w["w"] + w["b"], 4)
    ua, ub, un, _ = gates(carry["h"] @ w["u"], 4)
    z = gn.logistic(b + ub)
    h = (1 - z) * gn.tanh(n + gn.logistic(a + ua) * un) + z * carry["h"]
    return {"h": h, "c": carry["c"]}, h


def swapped(carry: Any, x: Tensor, w: dict[str, Tensor]) -> Any:
    """A carry that becomes another one, an answer by a product, one that does not change."""
    h = gn.tanh(carry["c"] @ w["u"][:, :H] + gn.relu(x) @ w["w"][:, :H])
    answer = gn.tanh(h @ w["u"][:, H : 2 * H])
    return {"h": h, "c": carry["h"]}, (answer, w["b"], x * 2.0)


def softened(carry: Any, x: Tensor, w: dict[str, Tensor]) -> Any:
    """Reductions, a softmax and a choice inside."""
    v = x @ w["w"][:, :H] + carry["h"]
    weights = gn.exp(v - gn.logsumexp(v, axis=1).reshape(B, 1))
    h = gn.select(v > 0.0, weights * v, carry["h"] * 0.5)
    return {"h": h, "c": carry["c"] + v.mean(axis=1).reshape(B, 1)}, (h, v > 0.0)


def cut(carry: Any, x: Tensor, w: dict[str, Tensor]) -> Any:
    """Truncation: the gradient goes back through c, not through h."""
    h = gn.tanh(x @ w["w"][:, :H] + gn.stop_gradient(carry["h"]) @ w["u"][:, :H])
    return {"h": h, "c": carry["c"] * 0.9 + h}, h


def nested(carry: Any, x: Tensor, w: dict[str, Tensor]) -> Any:
    """A loop inside the loop, over the columns of an entry."""

    def inner(s: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
        s = gn.tanh(s @ w["u"][:, :H] + column.reshape(B, 1) + carry["c"])
        return s, s

    last, kept = gn.scan(inner, carry["h"], x.T)
    return {"h": last, "c": carry["c"]}, kept.sum(axis=0)


BODIES = [rnn, lstm, peephole, gru, swapped, softened, cut, nested]


def step_of(body: Body, *, reverse: bool, dtype: DType, order: int = 1) -> Graph:
    """Return a graph with results of a loop and gradients through it."""

    def step(**w: Tensor) -> dict[str, Tensor]:
        last, kept = gn.scan(
            lambda carry, x: body(carry, x, w),
            {"h": w["h"], "c": w["c"]},
            w["x"],
            reverse=reverse,
        )
        answers: list[Tensor] = [*kept] if type(kept) is tuple else [kept]
        cost: Tensor = (last["c"] * last["h"]).sum()
        for answer in answers:
            if answer.dtype.is_float:
                cost = cost + (answer * answer).mean()
        found: dict[str, Tensor] = {"cost": cost, "last": last["h"]}
        found |= {f"kept{k}": a for k, a in enumerate(answers)}
        wrt = list(w.values())
        slopes = differentiate(cost, wrt).gradients
        if order == 2:
            for slope in slopes:
                cost = cost + (slope * slope).sum()
            slopes = differentiate(cost, wrt).gradients
        return found | {f"d{name}": s for name, s in zip(w, slopes, strict=True)}

    return trace(step, **{name: TensorType(shape, dtype) for name, shape in TYPES.items()})


def values(graph: Graph, seed: int = 0) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    return {
        name: (0.5 * generator.normal(size=node.shape)).astype(node.dtype.numpy)
        for name, node in graph.inputs.items()
    }


@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("body", BODIES)
def test_the_engines_agree(body: Body, reverse: bool) -> None:
    graph = step_of(body, reverse=reverse, dtype=DType.FLOAT64)
    given = values(graph)
    wanted, found = Program(graph).run(given), NativeProgram(graph).run(given)
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("body", [rnn, lstm, peephole, cut])
def test_second_derivatives(body: Body) -> None:
    graph = step_of(body, reverse=False, dtype=DType.FLOAT64, order=2)
    given = values(graph)
    wanted, found = Program(graph).run(given), NativeProgram(graph).run(given)
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-11, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("body", BODIES)
def test_single_precision_and_instruction_sets(body: Body) -> None:
    from glassnet.engines.native import _native

    graph = step_of(body, reverse=False, dtype=DType.FLOAT32)
    given = values(graph)
    exact = step_of(body, reverse=False, dtype=DType.FLOAT64)
    wanted = Program(exact).run({name: value.astype(np.float64) for name, value in given.items()})
    for kernels in _native.kernel_names():
        found = NativeProgram(graph, kernels=kernels).run(given)
        for name, value in wanted.items():
            np.testing.assert_allclose(found[name], value, rtol=2e-4, atol=2e-5, err_msg=name)


def test_a_program_runs_again_and_again() -> None:
    """What one run leaves in the places of the carries does not reach the next one."""
    graph = step_of(lstm, reverse=False, dtype=DType.FLOAT64)
    program, reference = NativeProgram(graph), Program(graph)
    for seed in range(3):
        given = values(graph, seed)
        found, wanted = program.run(given), reference.run(given)
        np.testing.assert_allclose(found["du"], wanted["du"], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("length", [0, 1, 2])
def test_short_sequences(length: int) -> None:
    def step(x: Tensor, h: Tensor, u: Tensor) -> dict[str, Tensor]:
        last, kept = gn.scan(lambda h, x: ((y := gn.tanh(h @ u + x)), y), h, x)
        cost = (last * last).sum() + kept.sum()
        slopes = differentiate(cost, [x, h, u]).gradients
        return {"last": last, "kept": kept, "dx": slopes[0], "dh": slopes[1], "du": slopes[2]}

    kinds = {"x": (length, B, H), "h": (B, H), "u": (H, H)}
    graph = trace(step, **{k: TensorType(s, DType.FLOAT64) for k, s in kinds.items()})
    given = values(graph)
    wanted, found = Program(graph).run(given), NativeProgram(graph).run(given)
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-13, err_msg=name)


def test_threads_change_no_bit() -> None:
    shapes = {"x": (6, N, 96), "w": (96, 4 * N), "u": (N, 4 * N), "b": (4 * N,), "h": (N, N)}

    def step(**w: Tensor) -> dict[str, Tensor]:
        def body(carry: Any, x: Tensor) -> Any:
            h, c = carry
            z = x @ w["w"] + h @ w["u"] + w["b"]
            f, i, g, o = (z[:, k * N : (k + 1) * N] for k in range(4))
            c = gn.logistic(f) * c + gn.logistic(i) * gn.tanh(g)
            h = gn.logistic(o) * gn.tanh(c)
            return (h, c), h

        _, kept = gn.scan(body, (w["h"], w["h"]), w["x"])
        slopes = differentiate((kept * kept).sum(), [w["w"], w["u"], w["b"]]).gradients
        return {"kept": kept, "dw": slopes[0], "du": slopes[1], "db": slopes[2]}

    graph = trace(step, **{k: TensorType(s, DType.FLOAT32) for k, s in shapes.items()})
    given = values(graph)
    one, two = (NativeProgram(graph, threads=n).run(given) for n in (1, 2))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


# --- what is inside a loop, and what is not -------------------------------------------------------
def loops_of(plan: Plan) -> list[Looped]:
    return [entry for entry in plan.instructions if isinstance(entry, Looped)]


def inside(loop: Looped) -> list[str]:
    assert loop.plan is not None
    return [type(entry).__name__ for entry in loop.plan.instructions]


@pytest.mark.parametrize("body", [lstm, peephole])
def test_a_step_is_one_product_and_one_chain(body: Body) -> None:
    """Gates, slices and joints are one chain; all that needs no carry is outside."""
    graph = step_of(body, reverse=False, dtype=DType.FLOAT32)
    forward, backward = loops_of(NativeProgram(graph).plan)
    assert inside(forward) == ["Product", "Fused"]
    assert inside(backward) == ["Fused", "Product"]


@pytest.mark.parametrize("turned", [False, True])
def test_no_step_turns_a_matrix(turned: bool) -> None:
    """The weights of the state may be [from, to] or [to, from]: both ways read rows."""

    def step(x: Tensor, h: Tensor, u: Tensor) -> dict[str, Tensor]:
        matrix = u.T if turned else u
        last, _ = gn.scan(lambda h, row: (gn.tanh(h @ matrix + row), None), h, x)
        cost = (last * last).sum()
        return {"cost": cost, "slope": differentiate(cost, [u]).gradients[0]}

    shapes = {"x": (T, B, H), "h": (B, H), "u": (H, H)}
    kinds = {name: TensorType(shape, DType.FLOAT32) for name, shape in shapes.items()}
    plan = NativeProgram(trace(step, **kinds)).plan
    products = [
        product
        for loop in loops_of(plan)
        for product in loop.plan.instructions
        if isinstance(product, Product)
    ]
    assert len(products) == 2
    assert not any(product.transpose_a or product.transpose_b for product in products)


def test_a_bias_of_all_gates_is_added_to_the_table_that_is_looked_up() -> None:
    """A character model: E[r] W + b = (E W + b)[r], worked out before the loop, whole."""

    def step(rows: Tensor, table: Tensor, w: Tensor, u: Tensor, b: Tensor, h: Tensor) -> Tensor:
        def body(carry: Any, x: Tensor) -> Any:
            h, c = carry
            f, i, g, o = gates((x @ w + b) + h @ u, 4)
            c = gn.logistic(f) * c + gn.logistic(i) * gn.tanh(g)
            return (gn.logistic(o) * gn.tanh(c), c), None

        (last, _), _ = gn.scan(body, (h, h), gn.gather(table, rows))
        return last

    shapes = {"table": (5, M), "w": (M, 4 * H), "u": (H, 4 * H), "b": (4 * H,), "h": (B, H)}
    kinds = {name: TensorType(shape, DType.FLOAT64) for name, shape in shapes.items()}
    graph = trace(step, rows=TensorType((T, B), DType.INT64), **kinds)
    program = NativeProgram(graph)
    (loop,) = loops_of(program.plan)
    assert all(buffer.shape != (4 * H,) for buffer in loop.reads)
    (product,) = (p for p in program.plan.instructions if isinstance(p, Product))
    assert (product.m, product.has_bias) == (5, True)
    inputs = {**values(graph), "rows": np.random.default_rng(0).integers(0, 5, (T, B))}
    np.testing.assert_allclose(
        program.run(inputs)["result"], Program(graph).run(inputs)["result"], rtol=1e-12
    )


def test_products_before_and_after_the_loops() -> None:
    """The inputs' product, the gradients of weights and of inputs take all steps at once."""
    plan = NativeProgram(step_of(lstm, reverse=False, dtype=DType.FLOAT32)).plan
    sizes = [(p.m, p.n, p.k) for p in plan.instructions if isinstance(p, Product)]
    assert sorted(sizes) == sorted(
        [(T * B, 4 * H, M), (M, 4 * H, T * B), (H, 4 * H, T * B), (T * B, M, 4 * H)]
    )


def test_carries_take_two_places_where_no_step_is_kept() -> None:
    def step(x: Tensor, h: Tensor, u: Tensor) -> Tensor:
        return gn.scan(lambda h, x: (gn.tanh(h @ u + x), None), h, x)[0]

    kinds = {"x": (1000, B, H), "h": (B, H), "u": (H, H)}
    graph = trace(step, **{k: TensorType(s, DType.FLOAT64) for k, s in kinds.items()})
    program = NativeProgram(graph)
    given = values(graph)
    np.testing.assert_allclose(
        program.run(given)["result"], Program(graph).run(given)["result"], rtol=1e-12
    )
    assert program.plan.arena_bytes <= 4 * B * H * 8 + 4 * 64  # no more for more steps


def test_residuals_are_those_that_the_gradients_need() -> None:
    """Memory of an LSTM's step backwards: within 1.5 times of what must be kept."""
    t, b, h = 64, 32, 128

    def step(**w: Tensor) -> dict[str, Tensor]:
        def body(carry: Any, x: Tensor) -> Any:
            z = x + carry[0] @ w["u"]
            f, i, g, o = (z[:, k * h : (k + 1) * h] for k in range(4))
            c = gn.logistic(f) * carry[1] + gn.logistic(i) * gn.tanh(g)
            out = gn.logistic(o) * gn.tanh(c)
            return (out, c), out

        (last, _), _ = gn.scan(body, (w["h"], w["h"]), w["x"])
        return {"du": differentiate((last * last).sum(), [w["u"]]).gradients[0]}

    kinds = {"x": (t, b, 4 * h), "u": (h, 4 * h), "h": (b, h)}
    graph = trace(step, **{k: TensorType(s, DType.FLOAT32) for k, s in kinds.items()})
    kept = t * b * h * 4 * (4 + 3 + 4)  # four gates, h, c and tanh c; the gradient of the four
    assert NativeProgram(graph).plan.arena_bytes <= 1.5 * kept


def test_slices_and_joints_outside_of_loops() -> None:
    """Chains read slices and write joints where they lie, also of narrow rows and odd widths."""
    for rows, width in ((1, 1), (5, 3), (40, 7), (33, 70)):

        def step(a: Tensor, w: int = width) -> dict[str, Tensor]:
            left, right = gn.tanh(a[:, :w]), gn.logistic(a[:, w:])
            both = gn.concatenate([right, left * 2.0], axis=1)
            cost = (both * both).sum() + (left * right).sum()
            slope = differentiate(cost, [a]).gradients[0]
            return {"both": both, "slope": slope, "largest": gn.max(both, axis=1)}

        graph = trace(step, a=TensorType((rows, 2 * width), DType.FLOAT64))
        given = values(graph)
        program = NativeProgram(graph)
        wanted, found = Program(graph).run(given), program.run(given)
        for name, value in wanted.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-14, err_msg=name)
        moves = [m.title for m in program.plan.instructions if isinstance(m, Move)]
        assert [title for title in moves if not title.startswith("output")] == []


# --- looked-up rows -------------------------------------------------------------------------------
@pytest.mark.parametrize("table", [3, 40])
def test_products_with_looked_up_rows(table: int) -> None:
    """A character model: rows of a table, a loop, and the gradient of the table."""
    kinds = {"e": (table, M), "w": (M, H), "u": (H, H), "h": (B, H)}

    def step(ids: Tensor, **w: Tensor) -> dict[str, Tensor]:
        x = gn.gather(w["e"], ids)
        last, kept = gn.scan(lambda h, x: ((y := gn.tanh(x @ w["w"] + h @ w["u"])), y), w["h"], x)
        slopes = differentiate((kept * kept).sum() + last.sum(), list(w.values())).gradients
        return {f"d{name}": slope for name, slope in zip(w, slopes, strict=True)} | {"kept": kept}

    types = {name: TensorType(shape, DType.FLOAT64) for name, shape in kinds.items()}
    graph = trace(step, ids=TensorType((T, B), DType.INT64), **types)
    given = {k: v for k, v in values(graph).items() if k != "ids"}
    given["ids"] = np.random.default_rng(1).integers(0, table, (T, B))
    program = NativeProgram(graph)
    wanted, found = Program(graph).run(given), program.run(given)
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-13, err_msg=name)
    rows = {p.m for p in program.plan.instructions if isinstance(p, Product)}
    assert (T * B in rows) == (table == 40)  # all rows, or each row of the table once


def test_a_column_of_a_table_as_a_table() -> None:
    """A slice that is read in another shape has other rows."""

    def step(a: Tensor) -> dict[str, Tensor]:
        first = a[:, :, :1].reshape(4, 3)
        return {"mask": gn.equal(first, first), "twice": first * 2.0, "row": a[0, 0, 1:] + 1.0}

    graph = trace(step, a=TensorType((4, 3, 5), DType.FLOAT64))
    given = values(graph)
    given["a"][1, 2] = np.nan
    wanted, found = Program(graph).run(given), NativeProgram(graph).run(given)
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
