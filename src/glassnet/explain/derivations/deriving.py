"""From a graph, or from a problem, to its derivation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from glassnet import ops
from glassnet.engines import Program
from glassnet.errors import ArgumentError
from glassnet.explain.conventions import Profile
from glassnet.explain.derivations.board import Board, board, node_of
from glassnet.explain.derivations.chains import derive
from glassnet.explain.derivations.chapter import Derivation
from glassnet.explain.derivations.likelihood import likelihood
from glassnet.explain.derivations.terms import Index, counts
from glassnet.explain.problems import Problem
from glassnet.explain.problems.expression import last_formula
from glassnet.explain.problems.steps import step_recipe
from glassnet.graph import DType, Graph, Tensor, differentiate, grad
from glassnet.graph.graph import rebuild, topological_order
from glassnet.graph.operation import Constant, Elementwise
from glassnet.graph.types import Array
from glassnet.learning.backpropagation import check_trainable, penalty_of
from glassnet.nn.coding import code_classes
from glassnet.nn.losses import HalfSquaredError

__all__ = ["derivation_of", "derive_problem", "downhill"]


LINEAR = ("lms", "adaline")  # rules that are gradient descent on ½ Σ e² of linear neurons


def derivation_of(
    output: Tensor,
    wrt: Sequence[Tensor] | None,
    profile: Profile,
    title: str = "",
    values: Mapping[Tensor, Array] | None = None,
    deltas: bool = False,
    changes: bool = False,
) -> Derivation:
    """Return the derivation of an output's derivatives.

    Args:
        output: A float tensor of one element.
        wrt: With respect to what; all that is given and has a name, if not said.
        profile: The conventions.
        title: What is derived.
        values: The values of all nodes; worked out if not given.
        deltas: Whether local gradients are written as δ.
        changes: Whether the steps of gradient descent follow.

    Raises:
        ArgumentError: The output has several elements, or nothing in it has a name.
        NotDifferentiableError: An op on the way has no derivative.
        NotConnectedError: The output does not depend on a tensor of `wrt`.
    """
    if output.size != 1 or not output.dtype.is_float:
        raise ArgumentError(
            f"a derivation needs an output of one number; this one is {output.type}. Take its sum "
            "(`a.sum()`) or one element (`a[0]`)"
        )
    plain = _without_shift(output)
    if set(wrt or ()) <= set(topological_order([plain])):
        output = plain
    order = topological_order([output])
    leaves = [n for n in order if not n.inputs and n.label.symbol and n.dtype.is_float]
    if not leaves:
        raise ArgumentError(
            "nothing in this computation has a name, so that no formula could speak of it; name "
            'what is given, as in gn.tensor(2.0, "x")'
        )
    if wrt is not None:
        grad(output, list(wrt))  # tells what does not depend on what, and why
    chosen = list(leaves if wrt is None else wrt)
    adjoints = differentiate(output, chosen).adjoints
    chosen = [tensor for tensor in chosen if tensor in adjoints]
    known = values if values is not None else Program(Graph({}, {"f": output})).evaluate({})
    found = board(output, chosen, known)
    wanted = [e for e in (*found.given, *found.worked) if node_of(e) in chosen]
    sections = derive(found, wanted, deltas=deltas, changes=changes)
    name = found.names[output].symbol
    return Derivation(title or name, sections, found, _sentences(found, profile, deltas))


def _sentences(found: Board, profile: Profile, deltas: bool) -> tuple[str, ...]:
    said: list[str] = []
    if deltas:
        said.append(profile.sentences()[0])
    if any("example" in axes for axes in found.letters.axes.names):
        said += _letters(found)
    return tuple(said)


def _letters(found: Board) -> list[str]:
    """Return what the index letters of a network count."""
    letters, said = found.letters, dict[str, str]()
    counted = {axis for element in found.worked for axis in counts(found.formula(element))}
    for element in (*found.given, *found.worked):
        name = found.names[node_of(element)]
        for place in element.places:
            if not isinstance(place, Index) or place.letter in said:
                continue
            if letters.is_examples(place.axis):
                what = "the examples"
            elif name.layer:
                what = f"the neurons of the {name.layer} layer"
            elif name.symbol == "x":
                what = "the inputs"
            else:
                continue
            many = f", {place.letter.upper()} in all" if place.axis in counted else ""
            said[place.letter] = f"{place.letter} counts {what}{many}"
    listed = [said[letter] for letter in sorted(said)]
    if any(node.label.symbol == "a" and not node.inputs for node in found.names):
        listed.append("a is the slope of ψ")
    return ["; ".join(listed)] if listed else []


def derive_problem(problem: Problem, profile: Profile) -> Derivation:
    """Return the derivation of a problem: of formulas, or of a network's step for any weights.

    Args:
        problem: What the step is of.
        profile: The conventions.

    Raises:
        ArgumentError, ShapeError: The problem does not fit together, or its rule learns otherwise.
        NotDifferentiableError: The network cannot be trained by gradients.
    """
    if problem.expression:
        end, wrt = last_formula(problem.expression, problem.values)
        return derivation_of(end, wrt, profile, problem.title)
    if problem.beam:
        raise ArgumentError(
            "a beam search goes down no gradient of a cost; without symbols it is worked out in "
            "numbers"
        )
    recipe, x, d = step_recipe(downhill(problem))
    check_trainable(recipe.stack)
    stack = recipe.stack
    if x.ndim > 2:
        raise ArgumentError(
            "derivations in symbols are of networks without steps in time; without symbols, each "
            "step of a sequence is worked out in numbers, back through time"
        )
    batch = ops.tensor(x).named("x").with_axes("example", "source")
    # A single output has no letter where the loss takes the mean over the outputs.
    alone = stack.units == 1 and not isinstance(recipe.loss, HalfSquaredError)
    parameters = {
        key: ops.tensor(parameter.initializer.values(parameter.shape, 0, 1 + index))
        .named(parameter.symbol, key.split(".")[0])
        .with_axes(
            *(
                None if alone and length == 1 and axis == "neuron" else axis
                for axis, length in zip(parameter.axes, parameter.shape, strict=True)
            )
        )
        for index, (key, parameter) in enumerate(stack.parameters().items())
    }
    statistics = {
        key: ops.tensor(entry.initializer.values(entry.shape, 0, 0))
        for key, entry in stack.statistics().items()
    }
    seed = ops.tensor(0, dtype=DType.INT64)
    output, _ = stack.forward(batch, parameters, statistics, seed, seed)
    if recipe.class_targets:
        classes = ops.tensor(d, dtype=DType.INT64)
        d = code_classes(classes, stack.units, output.activation, DType.FLOAT64).value
    target = ops.tensor(d.astype(np.float64)).named("d")
    cost = recipe.loss.written(output, target).mean()
    penalty = penalty_of(recipe, parameters)
    clipped = recipe.clip_norm is not None or recipe.clip_value is not None
    end = (cost if penalty is None else cost + penalty).named("E")
    found = derivation_of(
        _with_slopes(end),
        list(parameters.values()),
        profile,
        problem.title,
        deltas=profile.local_gradient == "delta",
        changes=recipe.optimizer.name == "sgd" and not clipped,
    )
    origin = likelihood(found.board, recipe.loss.name)
    if origin is None:
        return found
    place = next(at for at, part in enumerate(found.sections) if part.title == "Error") + 1
    return replace(found, sections=(*found.sections[:place], origin, *found.sections[place:]))


def _with_slopes(output: Tensor) -> Tensor:
    """Return a computation in which what a local field is multiplied by is called a: the slope."""

    def named(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        slope = _slope_of(node)
        if slope is None:
            return node if inputs == node.inputs else replace(node, inputs=inputs)
        return ops.multiply(slope.named("a", node.inputs[0].label.layer), inputs[0])

    return rebuild(Graph({}, {"f": output}), named).outputs["f"]


def _slope_of(node: Tensor) -> Tensor | None:
    """Return the number that a node multiplies a local field by, if that is what it does."""
    if node.op.explain.form != "{0} · {1}" or node.inputs[0].label.symbol != "v":
        return None
    slope = node.inputs[1]
    while slope.inputs:
        slope = slope.inputs[0]
    is_number = isinstance(slope.op.native, Constant) and slope.size == 1
    return slope if is_number and not slope.label.symbol else None


def downhill(problem: Problem) -> Problem:
    """Return a problem of a rule as that of the network that it is the gradient descent of."""
    if problem.network:
        return problem
    name = str(problem.rule.get("name", ""))
    if name not in LINEAR:
        raise ArgumentError(
            f"the rule {name or '(none)'!r:.60} does not go down the gradient of a cost, so that "
            f"there is nothing to derive; rules that do are {', '.join(LINEAR)}, and all networks"
        )
    if "d" not in problem.data:
        raise ArgumentError(f"[data] has no d, which the rule {name} learns")
    d = np.asarray(problem.data["d"], np.float64)
    d = d[:, np.newaxis] if d.ndim == 1 else d
    x = np.asarray(problem.data["x"], np.float64)
    return replace(
        problem,
        network={"layers": [f"{d.shape[1]} linear"]},
        training={"loss": "half_squared_error", "optimizer": "sgd 0.1"},
        weights={},
        rule={},
        data={"x": x[:1], "d": d[:1]},
    )


def _without_shift(output: Tensor) -> Tensor:
    """Return a computation in which softmax is taken of v itself, rather than of v − max v.

    The shift keeps digits, and changes no value.
    """

    def plain(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        kept = node if inputs == node.inputs else replace(node, inputs=inputs)
        return kept.inputs[0] if _is_shift(node) else kept

    rebuilt = rebuild(Graph({}, {"f": output}), plain).outputs["f"]
    same = rebuilt is output or np.allclose(rebuilt.value, output.value, rtol=1e-9, atol=0)
    return rebuilt if same else output


def _is_shift(node: Tensor) -> bool:
    """Whether a node takes from numbers the largest of them, as a constant."""
    if node.label.symbol != "z" or not isinstance(node.op.native, Elementwise):
        return False
    taken = node.inputs[-1]
    while len(taken.inputs) == 1 and not taken.label.symbol:
        taken = taken.inputs[0]
    return taken.label.symbol == "m" and set(taken.op.explain.derivatives) == {"0"}
