"""A network asked step by step: its state is kept, and each step continues the one before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from glassnet.engines import Program
from glassnet.engines.native import Engine, Unsupported, is_available
from glassnet.errors import ArgumentError
from glassnet.graph import Graph, Tensor, TensorType, verify
from glassnet.graph.types import Array
from glassnet.nn.layers.over_time import RecurrentLayer
from glassnet.nn.stack import Stack
from glassnet.ops import constant, input_tensor, zeros
from glassnet.training.network import Network

__all__ = ["Walker"]


class Walker:
    """Walks over the steps of n sequences at once, as they come.

    A network that goes over a whole sequence gives the same answers; a walker needs not know the
    next step before it has answered this one, which is what sampling and decoding need.

    Args:
        net: A network with a layer that goes over time. Its weights are copied.
        n: How many sequences are walked over side by side.

    Raises:
        ArgumentError: No layer goes over time, or one goes over it in both directions.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.LSTM(8, returns="sequence"), gn.Dense(2)], inputs=(5, 3))
    >>> walker = Walker(net)
    >>> x = np.ones((5, 3), np.float32)
    >>> steps = np.concatenate([walker.step(row[None]) for row in x])
    >>> bool(np.allclose(steps, net.outputs(x[None])[0], atol=1e-6))
    True
    """

    def __init__(self, net: Network, n: int = 1) -> None:
        known = net.stack
        sizes = known.carries()
        if not sizes:
            raise ArgumentError("walking needs a network with a layer that goes over time")
        self._net, self._n = net, n
        self._stack = Stack(net.layers, (1, *known.inputs[1:]))
        self._dtype = net.dtype
        self._sizes = {f"carry/{key}": size for key, size in sizes.items()}
        graph = self._graph()
        self._y = graph.outputs["y"].type
        values = {f"parameters/{key}": value for key, value in net.parameters.items()}
        values |= {f"statistics/{key}": value for key, value in net.statistics.items()}
        self._values = {key: np.asarray(value, self._dtype.numpy) for key, value in values.items()}
        self._engine: Engine | None = None
        if is_available():
            try:
                self._engine = Engine({n: graph}, threads=1)
            except Unsupported:
                self._engine = None
        self._program = Program(graph) if self._engine is None else None
        if self._engine is not None:
            for key, value in self._values.items():
                self._engine.write(key, value)
        self._first = self._first_state()
        self.restart()

    def _graph(self) -> Graph:
        """Return the graph of one step: from `batch/x` and the state to `y` and the new state."""
        stack, n = self._stack, self._n
        tensors: dict[str, Tensor] = {}

        def declare(name: str, shape: tuple[int, ...]) -> Tensor:
            tensors[name] = input_tensor(name, TensorType(shape, self._dtype))
            return tensors[name]

        parameters = {
            key: declare(f"parameters/{key}", entry.shape)
            for key, entry in stack.parameters().items()
        }
        statistics = {
            key: declare(f"statistics/{key}", entry.shape)
            for key, entry in stack.statistics().items()
        }
        carry = {name[6:]: declare(name, (n, size)) for name, size in self._sizes.items()}
        x = declare("batch/x", (n, *stack.inputs))
        output, _ = stack.forward(x, parameters, statistics, carry=carry)
        after = {f"carry/{key}": value for key, value in output.carry.items()}
        y = output.y.reshape(n, stack.units)
        return verify(Graph(tensors, {"y": y, **after}))

    def _first_state(self) -> dict[str, Array]:
        """Return the state before the first step, as the layers say it."""
        net = self._net
        rows = zeros(self._n, 1, dtype=self._dtype)
        found: dict[str, Array] = {}
        for name, layer in zip(net.stack.names, net.layers, strict=True):
            if isinstance(layer, RecurrentLayer):
                own = {
                    key.removeprefix(f"{name}."): constant(value, self._dtype)
                    for key, value in net.parameters.items()
                    if key.startswith(f"{name}.")
                }
                for key, value in layer.first_state(own, rows).items():
                    found[f"carry/{name}.{key}"] = value.value
        return found

    def restart(self) -> None:
        """Go back to the state before the first step."""
        self.state = self._first

    @property
    def state(self) -> dict[str, Array]:
        """The state now, by the names `carry/layer.part`, each of shape (n, size)."""
        if self._engine is None:
            return dict(self._now)
        return {
            key: self._engine.read(key, self._dtype, (self._n, size))
            for key, size in self._sizes.items()
        }

    @state.setter
    def state(self, values: Mapping[str, Array]) -> None:
        self._now = dict(values)
        if self._engine is not None:
            for key, value in values.items():
                self._engine.write(key, value)

    def step(self, x: Array) -> Array:
        """Walk on by one step; return the answer to it.

        Args:
            x: The step of each sequence: numbers of symbols, of shape (n,), or (n, features).

        Returns:
            The outputs, of shape (n, units).
        """
        rows = np.asarray(x, self._dtype.numpy).reshape(self._n, *self._stack.inputs)
        if self._engine is not None:
            self._engine.write("batch/x", rows)
            self._engine.advance(self._n)
            return self._engine.read("y", self._y.dtype, self._y.shape)
        assert self._program is not None
        found = self._program.run({**self._values, **self._now, "batch/x": rows})
        self._now = {key: found[key] for key in self._sizes}
        return found["y"]
