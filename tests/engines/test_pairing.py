"""Products whose rows an update takes some at a time: the same bits as one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from engines.test_native import kernels
from glassnet.engines.native import Engine, lowering, why_not
from glassnet.engines.native.instructions import (
    Buffer,
    Fused,
    Instruction,
    Mode,
    Place,
    Plan,
    Product,
    Slot,
    Step,
)
from glassnet.engines.native.lowering import lower
from glassnet.engines.native.passes.pairing import pair_products
from glassnet.graph import Graph
from glassnet.graph.types import Array, DType
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.learning.optimizer import Optimizer
from glassnet.nn.losses import Loss

native = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def step(
    optimizer: str | Optimizer = "momentum 0.1",
    *,
    widths: tuple[int, ...] = (64, 48, 10),
    batch: int = 32,
    dtype: DType = DType.FLOAT32,
    **options: Any,
) -> Graph:
    layers = [*(gn.Dense(width, "tanh") for width in widths[1:-1]), gn.Dense(widths[-1], "softmax")]
    net = gn.Network(layers, inputs=widths[0], seed=1)
    optimizer = Optimizer.of(optimizer)
    loss = Loss.of("cross_entropy")
    recipe = Recipe(net.stack, loss, optimizer, dtype, class_targets=True, **options)
    return training_graph(recipe, batch)


def streamed(plan: Plan) -> list[tuple[int, int]]:
    """Return the rows and columns of the products that go to their chains some rows at a time."""
    found: list[tuple[int, int]] = []
    for product, chain in zip(plan.instructions, plan.instructions[1:], strict=False):
        if isinstance(product, Product) and product.is_streamed:
            assert isinstance(chain, Fused)
            assert product.writes[0] in chain.reads
            assert product.writes[0].place is Place.BLOCK
            found.append((product.m, product.n))
    return found


def after_three(graph: Graph, kernels: str, threads: int) -> dict[str, Array]:
    generator = np.random.default_rng(0)
    [batch] = {tensor.shape[0] for name, tensor in graph.inputs.items() if name == "batch/x"}
    engine = Engine({batch: graph}, kernels=kernels, threads=threads)
    inputs: dict[str, Array] = {}
    for name, tensor in sorted(graph.inputs.items()):
        if tensor.dtype.is_float:
            inputs[name] = generator.uniform(0.01, 0.1, tensor.shape).astype(tensor.dtype.numpy)
        else:
            inputs[name] = generator.integers(1, 3, tensor.shape)
    engine.run(batch, inputs)
    for _ in range(2):  # the state goes on from where it is
        found = engine.run(batch, {})
    return found


@native
@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", [DType.FLOAT32, DType.FLOAT64])
@pytest.mark.parametrize(
    ("optimizer", "widths", "batch"),
    [
        ("sgd 0.1", (64, 48, 10), 32),
        ("momentum 0.1", (33, 35, 37, 3), 7),
        ("nesterov 0.1", (17, 300, 10), 16),
        ("adam", (784, 256, 10), 64),  # several blocks of rows
        ("rmsprop", (2000, 70, 10), 16),  # blocks of 32 rows
        ("adamw", (1, 64, 3), 8),
    ],
)
def test_the_same_bits(
    optimizer: str,
    widths: tuple[int, ...],
    batch: int,
    dtype: DType,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = step(optimizer, widths=widths, batch=batch, dtype=dtype)
    assert streamed(lower(graph))
    found = {threads: after_three(graph, name, threads) for threads in (1, 2, 3)}
    monkeypatch.setattr(lowering, "pair_products", list)
    assert not streamed(lower(graph))
    apart = after_three(graph, name, 1)
    for threads, values in found.items():
        wrong = [key for key in apart if values[key].tobytes() != apart[key].tobytes()]
        assert not wrong, threads


def test_which_products() -> None:
    assert streamed(lower(step())) == [(48, 64)]  # the ten classes have too few rows
    assert streamed(lower(step("adam", widths=(20, 40, 50, 60)))) == [
        (40, 20),
        (50, 40),
        (60, 50),
    ]
    assert streamed(lower(step(l2=0.01))) == [(48, 64)]


def test_not_where_the_whole_gradient_is_needed() -> None:
    assert streamed(lower(step(clip_norm=1.0))) == []


def test_it_takes_no_place_in_the_arena() -> None:
    plan = lower(step(widths=(500, 100, 10)))
    sizes = [buffer.size for buffer in plan.buffers if buffer.place is Place.ARENA]
    assert max(sizes) == 32 * 100


# --- by hand --------------------------------------------------------------------------------------
def by_hand(m: int = 64, n: int = 8, k: int = 4, **product: Any) -> list[Instruction]:
    """Return w ← w + aᵀ b, with something else between the product and the sum."""
    a, b = Buffer((k, m), DType.FLOAT32, Place.STORE, "a"), Buffer((k, n), DType.FLOAT32)
    old, new = (Buffer((m, n), DType.FLOAT32, Place.STORE, "w") for _ in range(2))
    change, other = Buffer((m, n), DType.FLOAT32), Buffer((1,), DType.FLOAT32)
    first = Product([a, b], [change], "", 1, m, n, k, transpose_a=True, **product)
    between = Fused([a], [other], "", 1, 1, [Slot(Mode.FULL, other)], [])
    slots = [Slot(Mode.FULL, old), Slot(Mode.FULL, change), Slot(Mode.FULL, new)]
    last = Fused([old, change], [new], "", m, n, slots, [Step("add", 2, (0, 1))])
    return [first, between, last]


def test_the_product_moves_to_its_chain() -> None:
    product, between, chain = instructions = by_hand()
    assert pair_products(instructions) == [between, product, chain]
    assert instructions == [product, between, chain]


@pytest.mark.parametrize(
    "why",
    ["overwritten before", "overwritten by the chain", "read twice", "rows", "bias", "sum", "part"],
)
def test_it_stays_where_it_must(why: str) -> None:
    instructions = by_hand(m=31) if why == "rows" else by_hand(has_bias=why == "bias")
    product, between, chain = instructions
    assert isinstance(chain, Fused)
    if why == "overwritten before":
        between.writes = [Buffer((4, 64), DType.FLOAT32, Place.STORE, "a")]
    if why == "overwritten by the chain":
        chain.writes.append(product.reads[1])
    if why == "read twice":
        between.reads.append(product.writes[0])
    if why == "sum":
        chain.steps.append(Step("rows_sum", 2, (1,)))
    if why == "part":
        chain.slots[1].stride = 16
    assert pair_products(instructions) == instructions
    assert product.writes[0].place is Place.ARENA
