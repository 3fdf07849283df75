"""Looking into a training step: every number of its graph, by the name that a textbook gives it."""

from __future__ import annotations

from typing import Any

import numpy as np

import glassnet as gn
from glassnet.engines import Program
from glassnet.graph import Graph, differentiate
from glassnet.learning import Optimizer
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.nn import Loss

Array = np.ndarray[Any, Any]


class Step:
    """One training step of a network on a batch, with every number open to the eye.

    `step["hidden.v"]` is a quantity, `step.delta("hidden.v")` its local gradient δ = −∂E/∂v as the
    notes define it, `step.new["hidden.w"]` a weight after the step.
    """

    def __init__(
        self,
        net: gn.Network,
        x: Any,
        target: Any,
        *,
        loss: str,
        optimizer: str,
        slots: dict[str, Array] | None = None,
        number: int = 1,
        **settings: Any,
    ) -> None:
        x, target = np.asarray(x), np.asarray(target)
        rule = Optimizer.of(optimizer)
        classes = target.dtype.kind == "i"
        recipe = Recipe(
            net.stack, Loss.of(loss), rule, net.dtype, class_targets=classes, **settings
        )
        self.graph = training_graph(recipe, len(x))
        self._inputs: dict[str, Any] = {f"parameters/{k}": v for k, v in net.parameters.items()}
        self._inputs |= {f"statistics/{k}": v for k, v in net.statistics.items()}
        for key, value in net.parameters.items():
            for slot, first in rule.slots().items():
                self._inputs[f"slots/{key}/{slot}"] = np.full(value.shape, first)
        self._inputs |= slots or {}
        self._inputs |= {"batch/x": x, "batch/target": target, "rate": rule.learning_rate}
        self._inputs |= {"step": number, "seed": 0, "counter": number}
        self._values = Program(self.graph).evaluate(self._inputs)
        outputs = Program(self.graph).run(self._inputs)
        self.new = {k[11:]: v for k, v in outputs.items() if k.startswith("parameters/")}
        self.slots = {k: v for k, v in outputs.items() if k.startswith("slots/")}
        self.statistics = {k[11:]: v for k, v in outputs.items() if k.startswith("statistics/")}
        self.loss = float(outputs["measures/loss"])
        self.objective = float(outputs["measures/objective"])

    def node(self, name: str) -> gn.Tensor:
        found = [node for node in self.graph.nodes if str(node.label) == name]
        assert len(found) == 1, f"{len(found)} quantities are named {name}"
        return found[0]

    def __getitem__(self, name: str) -> Array:
        return self._values[self.node(name)]

    def delta(self, name: str) -> Array:
        """Return δ = −∂E/∂v of each neuron of a layer."""
        objective = self.graph.outputs["measures/objective"]
        node = self.node(name)
        adjoints = differentiate(objective, [node]).adjoints
        graph = Graph(self.graph.inputs, {"adjoint": adjoints[node]})
        return -Program(graph).run(self._inputs)["adjoint"]
