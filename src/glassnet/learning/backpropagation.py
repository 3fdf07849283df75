"""The training step of a network as one graph: forward pass, loss, gradients, update (D, F, I).

From (parameters, statistics, slots, batch) to (parameters, statistics, slots, measures). Nothing
of a step happens outside the graph, so each of its numbers can be shown, and each engine can run
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from glassnet import ops
from glassnet.errors import NotDifferentiableError
from glassnet.graph import DType, Graph, Tensor, verify
from glassnet.graph.types import Array, Axes
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.step_graph import GraphInputs, looked_ahead, update
from glassnet.nn.coding import code_classes, decide_classes
from glassnet.nn.losses import Loss, Output
from glassnet.nn.stack import Stack
from glassnet.records import dataclass

__all__ = [
    "Recipe",
    "answer_graph",
    "check_trainable",
    "evaluation_graph",
    "penalty_of",
    "training_graph",
]


@dataclass(frozen=True)
class Recipe:
    """All that decides what a training step computes, apart from the size of its batch.

    Args:
        stack: The network.
        loss: The loss.
        optimizer: The optimiser.
        dtype: The number type of parameters and data.
        class_targets: Whether targets are class numbers (int64, shape (n,)) or values (n, units).
        weighted: Whether each example has a weight.
        clip_norm: Largest norm of all gradients together, or None.
        clip_value: Largest size of each gradient's entries, or None.
        l1: Strength λ of the penalty λ Σ|w| on all weights, in addition to the layers' own.
        l2: Strength λ of the penalty (λ/2) Σw² on all weights, in addition to the layers' own.
        unrolled: Whether a training step has a copy of each loop's body for each time step, so that
            each step's gradients can be shown.
        cut: Of an unrolled step: after how many steps in time the state hands no gradient back, so
            that gradients go back over windows of so many steps; None: all the way.
        hand_over: For truncated back-propagation through time (K6): a batch is a window of many
            sequences, and the state that layers over time have after so many of its steps is
            handed to the next batch; the loss counts the last `hand_over` steps. None: each batch
            begins anew.
    """

    stack: Stack
    loss: Loss
    optimizer: Optimizer
    dtype: DType = DType.FLOAT32
    class_targets: bool = False
    weighted: bool = False
    clip_norm: float | None = None
    clip_value: float | None = None
    l1: float = 0.0
    l2: float = 0.0
    unrolled: bool = False
    cut: int | None = None
    hand_over: int | None = None

    @property
    def steps(self) -> int | None:
        """The number of steps of an example whose answers count, where each has its own."""
        return self.stack.steps if self.hand_over is None else self.hand_over

    def first_carry(self, n: int) -> dict[str, Array]:
        """Return the state before the first steps of n sequences, where one is handed on."""
        if self.hand_over is None:
            return {}
        sizes = self.stack.carries()
        return {
            f"carry/{key}": np.zeros((n, size), self.dtype.numpy) for key, size in sizes.items()
        }

    def training_graph(self, n: int) -> Graph:
        """Return the graph of one training step on a batch of n examples."""
        return training_graph(self, n)

    def evaluation_graph(self, n: int) -> Graph:
        """Return the graph that measures n examples without learning from them."""
        return evaluation_graph(self, n)


def check_trainable(stack: Stack) -> None:
    """Raise NotDifferentiableError if a neuron's activation cannot be trained by gradients."""
    for name, layer in zip(stack.names, stack.layers, strict=True):
        psi = layer.last_activation
        if psi is not None and psi.trained_by:
            raise NotDifferentiableError(
                f"layer {name}: a {psi.name} neuron has no derivative that gradient descent "
                f"could learn by; it is trained by {psi.trained_by}. Use logistic or tanh "
                "to train by back-propagation"
            )


class _Inputs(GraphInputs):
    """The inputs of a graph of a network."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe.dtype)
        self.recipe = recipe
        self.number: Tensor | None = None  # the class of each example, or of each step

    def parameters(self) -> dict[str, Tensor]:
        return self.values("parameters", self.recipe.stack.parameters())

    def statistics(self) -> dict[str, Tensor]:
        return self.values("statistics", self.recipe.stack.statistics(), "running ")

    def batch(self, n: int) -> Tensor:
        shape = (n, *self.recipe.stack.inputs)
        named: dict[int, Axes] = {2: ("example", "source"), 3: ("example", "time", "source")}
        axes = named.get(len(shape), ())
        return self.declare("batch/x", shape, axes=axes, symbol="x")

    def carry(self, n: int) -> dict[str, Tensor] | None:
        """The state that the batch before has left, where one is handed on."""
        if self.recipe.hand_over is None:
            return None
        return {
            key: self.declare(f"carry/{key}", (n, size), layer=key.split(".")[0])
            for key, size in self.recipe.stack.carries().items()
        }

    def target(self, n: int, output: Output) -> Tensor:
        """Return the target as the loss compares it, coded from class numbers where it is one.

        Where each step has an answer, steps are examples of their own (`Output.rows`).
        """
        recipe, steps = self.recipe, self.recipe.steps
        each = (n,) if steps is None else (n, steps)
        if not recipe.class_targets:
            target = self.declare("batch/target", (*each, recipe.stack.units), symbol="d")
            if steps is not None:
                target = target.reshape(*output.y.shape)
            if output.mask is not None:
                target = ops.select(output.mask.reshape(-1, 1), target, 0.0)
            return target if steps is None else target.named("d")
        number = self.declare("batch/target", each, DType.INT64, symbol="class")
        number = number if steps is None else number.reshape(-1)
        self.number = number
        units = recipe.stack.units
        return code_classes(number, units, output.activation, recipe.dtype).named("d")


def _average(inputs: _Inputs, per_example: Tensor, output: Output, n: int) -> Tensor:
    """Return the mean over the examples of E_i, or of w_i E_i; over the steps where each has one.

    Weights are scaled to a mean of 1 over the training part, so that over an epoch the average is
    Σ w_i E_i / Σ w_i, whatever the size of the batches.
    """
    if inputs.recipe.weighted:
        weight = inputs.declare("batch/weight", (n,), symbol="weight")
        if inputs.recipe.steps is not None:
            each = (n, inputs.recipe.steps)
            weight = ops.broadcast(weight.reshape(n, 1), each).reshape(-1)
        per_example = per_example * weight
    return _mean(per_example, output.mask).named("E")


def _mean(each: Tensor, mask: Tensor | None) -> Tensor:
    """Return the mean, over what the mask leaves."""
    if mask is None:
        return each.mean()
    return ops.select(mask, each, 0.0).sum() / ops.cast(mask, each.dtype).sum()


def _measures(inputs: _Inputs, output: Output) -> dict[str, Tensor]:
    """Return the share of right answers, where the targets are classes."""
    if not inputs.recipe.class_targets:
        return {}
    assert inputs.number is not None
    right = ops.equal(decide_classes(output.y, output.activation), inputs.number)
    return {"accuracy": _mean(ops.cast(right, inputs.recipe.dtype), output.mask)}


def penalty_of(recipe: Recipe, parameters: Mapping[str, Tensor]) -> Tensor | None:
    """Return λ₁ Σ|w| + (λ₂/2) Σw² over the penalised weights, or None if there is none."""
    total: Tensor | None = None
    for key, (l1, l2) in recipe.stack.penalties().items():
        weight = parameters[key]
        if l1 + recipe.l1 > 0:
            term = abs(weight).sum() * (l1 + recipe.l1)
            total = term if total is None else total + term
        if l2 + recipe.l2 > 0:
            term = (weight**2.0).sum() * (0.5 * (l2 + recipe.l2))
            total = term if total is None else total + term
    return total


def training_graph(recipe: Recipe, n: int) -> Graph:
    """Return the graph of one training step on a batch of n examples.

    Inputs: `parameters/…`, `statistics/…`, `slots/…`, `batch/x`, `batch/target`, `batch/weight`
    where examples are weighted, `carry/…` where a state is handed on, and the numbers `rate` (η),
    `step` (from 1), `seed` and `counter`.
    Outputs: the new `parameters/…`, `statistics/…`, `slots/…` and `carry/…`; `measures/loss`, the
    mean loss of the batch; `measures/accuracy` for classes; `measures/objective`, the loss with
    its penalties.
    """
    check_trainable(recipe.stack)
    inputs = _Inputs(recipe)
    optimizer = recipe.optimizer
    parameters, statistics = inputs.parameters(), inputs.statistics()
    slots = inputs.slots(recipe.stack.parameters(), optimizer)
    x = inputs.batch(n)
    rate = inputs.declare("rate", (), symbol="η")
    step = inputs.declare("step", (), symbol="t")
    seed = inputs.declare("seed", (), DType.INT64)
    counter = inputs.declare("counter", (), DType.INT64)

    points = looked_ahead(parameters, slots, optimizer)
    answer, updated = recipe.stack.forward(
        x, points, statistics, seed, counter, carry=inputs.carry(n), hand_over=recipe.hand_over
    )
    output = answer.last(recipe.hand_over).rows
    target = inputs.target(n, output)
    loss = _average(inputs, recipe.loss.per_example(output, target), output, n)
    penalty = penalty_of(recipe, points)
    objective = loss if penalty is None else loss + penalty
    measures = _measures(inputs, output)
    if recipe.unrolled:
        from glassnet.graph.unroll import unroll

        handed = answer.carry.values()
        new = unroll([loss, objective, *updated.values(), *measures.values(), *handed], recipe.cut)
        loss, objective = new[loss], new[objective]
        updated = {key: new[value] for key, value in updated.items()}
        measures = {key: new[value] for key, value in measures.items()}
        answer = replace(answer, carry={key: new[value] for key, value in answer.carry.items()})

    outputs = update(
        objective,
        parameters,
        points,
        slots,
        optimizer,
        rate,
        step,
        clip_value=recipe.clip_value,
        clip_norm=recipe.clip_norm,
    )
    for key in statistics:
        outputs[f"statistics/{key}"] = updated.get(key, statistics[key])
    if recipe.hand_over is not None:
        outputs |= {f"carry/{key}": value for key, value in answer.carry.items()}
    outputs["measures/loss"] = loss
    outputs["measures/objective"] = objective
    outputs |= {f"measures/{k}": v for k, v in measures.items()}
    return verify(Graph(inputs.tensors, outputs))


def evaluation_graph(recipe: Recipe, n: int) -> Graph:
    """Return the graph that measures n examples without learning from them: loss and accuracy.

    Where a state is handed on from batch to batch, it takes and returns `carry/…` too.
    """
    inputs = _Inputs(recipe)
    parameters, statistics = inputs.parameters(), inputs.statistics()
    answer, _ = recipe.stack.forward(
        inputs.batch(n),
        parameters,
        statistics,
        carry=inputs.carry(n),
        hand_over=recipe.hand_over,
    )
    output = answer.last(recipe.hand_over).rows
    target = inputs.target(n, output)
    loss = _average(inputs, recipe.loss.per_example(output, target), output, n)
    measures = {"loss": loss, **_measures(inputs, output)}
    outputs = {f"measures/{key}": value for key, value in measures.items()}
    if recipe.hand_over is not None:
        outputs |= {f"carry/{key}": value for key, value in answer.carry.items()}
    return verify(Graph(inputs.tensors, outputs))


def answer_graph(stack: Stack, n: int, dtype: DType) -> Graph:
    """Return the graph that answers n examples: `y` and `class`.

    They have the shapes (n, units) and (n,), or (n, time, units) and (n, time).
    """
    inputs = _Inputs(Recipe(stack, Loss(), Optimizer(1.0), dtype))
    parameters, statistics = inputs.parameters(), inputs.statistics()
    output, _ = stack.forward(inputs.batch(n), parameters, statistics)
    decided = decide_classes(output.rows.y, output.activation)
    if stack.steps is not None:
        decided = decided.reshape(n, stack.steps)
    return verify(Graph(inputs.tensors, {"y": output.y, "class": decided}))
