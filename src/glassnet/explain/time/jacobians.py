"""Jacobians of the steps of a recurrent layer, taken from the graph of its loop.

Nothing here knows of a kind of cell: the body of the loop is differentiated, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from glassnet.engines import Program
from glassnet.errors import ArgumentError
from glassnet.explain.time.recurrence import Steps, Traced
from glassnet.graph.differentiate import accumulate
from glassnet.graph.graph import Graph
from glassnet.graph.loop import Loop
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Array
from glassnet.ops import input_tensor
from glassnet.training import Network

__all__ = ["check_size", "products", "spectral_norm", "step_jacobians"]

ROWS = 4096  # rows of Jacobians that are worked out at once
MOST = 40_000_000  # numbers of all Jacobians together: 320 MB


def check_size(lags: int, size: int) -> None:
    """Raise ArgumentError where the Jacobians would fill the memory."""
    if lags * size * size > MOST:
        most = max(1, MOST // size**2)
        raise ArgumentError(
            f"{lags:,} Jacobians of {size:,} × {size:,} numbers are too many to keep; ask for at "
            f"most {most:,} lags"
        )


def step_jacobians(
    net: Network, name: str, sizes: Mapping[str, int], steps: Steps, chosen: Sequence[int],
    rows: Array,
) -> Array:  # fmt: skip
    """Return ∂state(i)/∂state(i−1) for some steps, of shape (steps, state, state).

    The body of the loop is run on a batch in which each step stands as often as the state has
    numbers, each time with another of them to be differentiated: its gradient is a row.

    Args:
        net: The network.
        name: The layer.
        sizes: The parts of its state, and how many numbers each has.
        steps: What the loop did.
        chosen: The steps, counted from 0 in the loop's order.
        rows: The sequence, of shape (1, *inputs).
    """
    size = sum(sizes.values())
    block = max(1, min(len(chosen), ROWS // size))
    traced = Traced(net, block * size)
    result = traced.recurrence(name)
    loop: Loop = result.attributes["loop"]
    outside = result.inputs[len(loop.carries) + len(loop.elements) :]
    constants = traced.run(outside, np.repeat(rows, block * size, axis=0))
    program, seeds = _program(loop)
    cuts = np.cumsum(list(sizes.values()))[:-1]
    ones = np.split(np.tile(np.eye(size), (block, 1)), cuts, axis=1)
    given = {f"constant{place}": value for place, value in enumerate(constants)}
    given |= {f"seed{place}": value for place, value in zip(range(seeds), ones, strict=True)}
    found: list[Array] = []
    for start in range(0, len(chosen), block):
        places = list(chosen[start : start + block])
        padded = places + places[-1:] * (block - len(places))  # the batch has one size
        carried = [np.repeat(steps.before[part][padded], size, axis=0) for part in sizes]
        read = [np.repeat(entry[padded], size, axis=0) for entry in steps.entries]
        inputs = {f"carry{place}": value for place, value in enumerate(carried)}
        inputs |= {f"element{place}": value for place, value in enumerate(read)}
        out = program.run({**given, **inputs})
        parts = [out[f"gradient{place}"] for place in range(len(sizes))]
        whole = np.concatenate(parts, axis=1).reshape(block, size, size)
        found.append(whole[: len(places)])
    return np.concatenate(found)


def _program(loop: Loop) -> tuple[Program, int]:
    """Return what differentiates the body: from seeds of the new state to the state before."""
    inputs = {f"carry{place}": node for place, node in enumerate(loop.carries)}
    inputs |= {f"element{place}": node for place, node in enumerate(loop.elements)}
    inputs |= {f"constant{place}": node for place, node in enumerate(loop.constants)}
    seeds: dict[Tensor, Tensor] = {}
    for place, node in enumerate(loop.following):
        seed = inputs[f"seed{place}"] = input_tensor(f"seed{place}", node.type)
        seeds[node] = seeds[node] + seed if node in seeds else seed
    adjoints = accumulate(seeds, loop.carries)
    outputs = {
        f"gradient{place}": adjoints[carry] if carry in adjoints else carry * 0.0
        for place, carry in enumerate(loop.carries)
    }
    return Program(Graph(inputs, outputs)), len(loop.following)


def products(jacobians: Array) -> tuple[Array, Array]:
    """Return J(t), J(t) J(t−1), …: ∂state(t)/∂state(k) for each lag from 0, scaled.

    Args:
        jacobians: J(t), J(t−1), …, of shape (lags, state, state).

    Returns:
        Matrices of shape (lags + 1, state, state), the largest number of each between ½ and 1, and
        exponents e (lags + 1,): the product is the matrix times 2^e. So neither a product of many
        small matrices nor one of large ones leaves the range of numbers.
    """
    size = jacobians.shape[-1]
    matrix, exponent = np.eye(size), 0
    matrices, exponents = [matrix], [0]
    for jacobian in jacobians:
        matrix = matrix @ jacobian
        shift = int(np.frexp(np.abs(matrix).max())[1])
        matrix, exponent = np.ldexp(matrix, -shift), exponent + shift
        matrices.append(matrix)
        exponents.append(exponent)
    return np.array(matrices), np.array(exponents)


def spectral_norm(matrices: Array) -> Array:
    """Return the largest singular value of each matrix: how much it stretches a vector at most."""
    return np.linalg.norm(matrices, 2, axis=(-2, -1))
