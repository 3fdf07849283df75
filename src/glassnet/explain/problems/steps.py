"""From a problem to its steps: of a network, a rule, an answer, or formulas."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, cast

import numpy as np

from glassnet.engines import Program
from glassnet.errors import ArgumentError, ShapeError, nearest
from glassnet.explain.conventions import Profile
from glassnet.explain.elements import Elements
from glassnet.explain.expressions import Address
from glassnet.explain.problems import Problem
from glassnet.explain.problems.expression import explain_formulas
from glassnet.explain.rule_models import followed
from glassnet.explain.sheet import Line, Section, Sheet
from glassnet.explain.steps import Step, Where
from glassnet.explain.truncation import with_full_gradients
from glassnet.graph import DType, Graph, Tensor, TensorType, trace
from glassnet.graph.types import Array
from glassnet.graph.unroll import unrolled
from glassnet.learning.backpropagation import Recipe, answer_graph, training_graph
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.schedule import Constant, Schedule
from glassnet.nn.layers import Bidirectional, Dense, OverTime
from glassnet.nn.layers.over_time import RecurrentLayer
from glassnet.nn.losses import Loss
from glassnet.nn.stack import Stack, parse_layers
from glassnet.records import dataclass
from glassnet.training.batches import batch_edges, resolve_batch_size
from glassnet.unit import FAMILIES, check_number, check_whole

__all__ = ["first_step", "problem_steps", "step_recipe", "with_rate"]


SHAPES = {
    0: "a number",
    1: "a list of numbers",
    2: "a list of rows",
    3: "a list of sequences, each a list of rows",
}


def problem_steps(
    problem: Problem, count: int | None, where: Where, profile: Profile
) -> list[Step] | list[Sheet]:
    """Return the steps of a problem that are meant; the sheet of formulas, or of a beam search.

    Args:
        problem: The problem.
        count: How many steps are taken; as many as the problem says, or as are needed.
        where: Which of them are meant.
        profile: The conventions.

    Raises:
        ArgumentError, ShapeError: What the problem says does not fit together, or there is no such
            step.
    """
    if problem.expression:
        return [explain_formulas(problem.title, problem.expression, problem.values, profile)]
    if problem.beam:
        from glassnet.explain.problems.beam import explain_search

        return [explain_search(problem.title, problem.beam, problem.probabilities, profile)]
    per_epoch = _per_epoch(problem)
    needed = where.steps_needed(per_epoch)
    total = count if count is not None else max(needed or 0, problem.steps)
    if problem.rule:
        taken = list(_rule(problem, total))
    elif problem.training or "d" in problem.data:
        taken = list(_learning(problem, total))
    else:
        taken = list(_answer(problem))
    found = [step for step in taken if where.holds(step, per_epoch)]
    if not found:
        raise ArgumentError(_no_such(where, taken, per_epoch))
    return found


def _per_epoch(problem: Problem) -> int:
    """Return how many steps an epoch has."""
    n, training = max(len(problem.data["x"]), 1), problem.training
    if problem.rule:
        return n
    size = resolve_batch_size(training.get("mode", "batch"), training.get("batch_size"), n)
    return len(batch_edges(n, size)) - 1


def _no_such(where: Where, taken: Sequence[Step], per_epoch: int) -> str:
    asked = [f"{name} {value}" for name, value in vars(where).items() if value is not None]
    last = taken[-1]
    examples = f", {per_epoch} example{'s' if per_epoch > 1 else ''} each" if per_epoch > 1 else ""
    return (
        f"there is no {', '.join(asked)} in this run; it has {len(taken)} "
        f"step{'s' if len(taken) > 1 else ''} in {last.epoch} epoch{'s' if last.epoch > 1 else ''}"
        f"{examples}"
    )


# --- networks -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Network:
    """What a problem says of a network: layers, first state, examples."""

    stack: Stack
    state: Mapping[str, Array]
    x: Array


def _network(problem: Problem) -> _Network:
    texts = cast("list[Any]", problem.network["layers"])
    if type(texts) is not list or not all(isinstance(text, str) for text in texts):
        raise ArgumentError('layers must be a list of texts, such as ["2 logistic", "1 linear"]')
    layers = parse_layers(", ".join(map(_layer, texts)), 1)
    over_time = isinstance(layers[0], RecurrentLayer | Bidirectional)
    x = numbers("x", problem.data["x"], 3 if over_time else 2)
    stack = Stack(layers, x.shape[1:])
    known = stack.parameters()
    for key in problem.weights:
        if key not in known:
            names = ", ".join(known)
            raise ArgumentError(
                f"[weights] has {key!r:.60}{nearest(key, known)}; the network has {names}"
            )
    state: dict[str, Array] = {}
    for index, (key, parameter) in enumerate(known.items()):
        if key in problem.weights:
            value = numbers(key, problem.weights[key], len(parameter.shape))
            if value.shape != parameter.shape:
                raise ShapeError(f"{key} must have shape {parameter.shape}; it has {value.shape}")
        else:
            value = parameter.initializer.values(parameter.shape, 0, 1 + index)
        state[f"parameters/{key}"] = np.asarray(value, np.float64)
    for key, entry in stack.statistics().items():
        state[f"statistics/{key}"] = entry.initializer.values(entry.shape, 0, 0).astype(np.float64)
    return _Network(stack, state, x)


def _layer(text: str) -> str:
    """Return a layer's text with the settings of its neurons together: 2 'logistic slope=2'."""
    count, _, rest = text.strip().partition(" ")
    name, _, settings = rest.strip().partition(" ")
    if not count.isdigit() or name not in FAMILIES["activation"] or not settings.strip():
        return text
    own = {entry.name for entry in fields(Dense)}
    words = settings.split()
    inner = [word for word in words if word.partition("=")[0] not in own]
    outer = [word for word in words if word.partition("=")[0] in own]
    return " ".join([count, f"'{' '.join([name, *inner])}'" if inner else name, *outer])


def _answer(problem: Problem) -> Iterator[Step]:
    """Yield what a network answers."""
    network = _network(problem)
    graph = answer_graph(network.stack, len(network.x), DType.FLOAT64)
    graph = unrolled(Graph(graph.inputs, {"y": graph.outputs["y"]}))
    inputs = {**network.state, "batch/x": network.x}
    yield Step(problem.title, graph, inputs, 1, 1, tuple(range(1, len(network.x) + 1)))


def _learning(problem: Problem, steps: int) -> Iterator[Step]:
    """Yield each step on the examples, which hands its new state to the next."""
    network, training = _network(problem), problem.training
    optimizer = Optimizer.of(training.get("optimizer", "sgd 0.1"))
    recipe, d = _recipe(problem, network, optimizer)
    n = len(network.x)
    size = resolve_batch_size(training.get("mode", "batch"), training.get("batch_size"), n)
    edges = batch_edges(n, size).tolist()
    parts = [slice(start, end) for start, end in itertools.pairwise(edges)]
    programs = {
        length: Program(_step_graph(recipe, length))
        for length in {part.stop - part.start for part in parts}
    }
    seed = training.get("seed", 0)
    check_whole("seed", seed, low=0)
    state = {**network.state, **_slots(network, optimizer)}
    for number in range(1, steps + 1):
        epoch, place = divmod(number - 1, len(parts))
        part = parts[place]
        program = programs[part.stop - part.start]
        rate = _rate(optimizer.schedule, (number - 1) / len(parts), -(-steps // len(parts)))
        batch = {"batch/x": network.x[part], "batch/target": d[part], "rate": rate[-1].value}
        given = {**state, **batch, "step": number, "seed": seed, "counter": number}
        title = problem.title if steps == 1 else f"{problem.title}: step {number}"
        if len(parts) > 1:
            shown = (
                f"example {part.start + 1}"
                if size == 1
                else f"examples {part.start + 1} to {part.stop}"
            )
            title = f"{problem.title}: epoch {epoch + 1}, {shown}"
        examples = tuple(range(part.start + 1, part.stop + 1))
        worked = tuple(rate) if len(rate) > 1 else ()
        notes = _cuts(recipe, network.x.shape[1])
        yield Step(title, program.graph, given, epoch + 1, number, examples, notes, rate=worked)
        outputs = program.outputs(program.evaluate(given))
        state = {key: outputs[key] for key in state}


def _step_graph(recipe: Recipe, n: int) -> Graph:
    return training_graph(recipe, n) if recipe.cut is None else with_full_gradients(recipe, n)


def _cuts(recipe: Recipe, steps: int) -> tuple[str, ...]:
    """Return which paths through time are cut, as sentences."""
    if recipe.cut is None:
        return ()
    states = sorted({key.rpartition(".")[2] for key in recipe.stack.carries()}, reverse=True)
    paths = [
        f"from step {at + 1} back over {' and '.join(f'{state}({at})' for state in states)}"
        for at in range(recipe.cut, steps, recipe.cut)
    ]
    which = f"path{'s' if len(paths) > 1 else ''} {', '.join(paths)}"
    return (f"gradients go back over windows of {recipe.cut} steps: cut is the {which}",)


def first_step(problem: Problem) -> tuple[Graph, dict[str, Array], dict[str, Any]]:
    """Return the graph of a network's step on all examples, the state before it, and the examples.

    Raises:
        ArgumentError, ShapeError: The network, its weights and the data do not fit together, or
            there are no targets to learn from.
    """
    if "d" not in problem.data:
        raise ArgumentError("[data] has no d: a network without targets has no cost")
    network, optimizer = (
        _network(problem),
        Optimizer.of(problem.training.get("optimizer", "sgd 0.1")),
    )
    recipe, d = _recipe(problem, network, optimizer)
    state = {**network.state, **_slots(network, optimizer)}
    rate = _rate(optimizer.schedule, 0.0, 1)[-1].value
    batch = {"batch/x": network.x, "batch/target": d, "rate": rate}
    return training_graph(recipe, len(network.x)), state, batch


def step_recipe(problem: Problem) -> tuple[Recipe, Array, Array]:
    """Return what decides a network's step, and the examples of the first step with their targets.

    Raises:
        ArgumentError, ShapeError: The network and the data do not fit together, or there are no
            targets to learn from.
    """
    if "d" not in problem.data:
        raise ArgumentError("[data] has no d: a network without targets has no cost")
    network, training = _network(problem), problem.training
    recipe, d = _recipe(problem, network, Optimizer.of(training.get("optimizer", "sgd 0.1")))
    n = len(network.x)
    size = resolve_batch_size(training.get("mode", "batch"), training.get("batch_size"), n)
    return recipe, network.x[:size], d[:size]


def _slots(network: _Network, optimizer: Optimizer) -> dict[str, Array]:
    return {
        f"slots/{key}/{slot}": np.full(parameter.shape, first)
        for key, parameter in network.stack.parameters().items()
        for slot, first in optimizer.slots().items()
    }


def _recipe(problem: Problem, network: _Network, optimizer: Optimizer) -> tuple[Recipe, Array]:
    """Return what a step computes, and the targets."""
    stack, training = network.stack, problem.training
    target = np.asarray(problem.data["d"])
    steps = () if stack.steps is None else (stack.steps,)
    are_classes = target.ndim == 1 + len(steps) and target.dtype.kind == "i" and stack.units > 1
    d = target if are_classes else numbers("d", problem.data["d"], 2 + len(steps))
    wanted = (len(network.x), *steps) if are_classes else (len(network.x), *steps, stack.units)
    if d.shape != wanted:
        raise ShapeError(f"d must have shape {wanted}; it has {d.shape}")
    if are_classes and not 0 <= d.min() <= d.max() < stack.units:
        raise ArgumentError(
            f"d must be classes from 0 to {stack.units - 1}; got {d.tolist()!r:.60}"
        )
    loss = Loss.of(training.get("loss", "half_squared_error"))
    loss.check(stack.activation, stack.units)
    limits = {key: training[key] for key in ("clip_norm", "clip_value") if key in training}
    penalties = {key: training[key] for key in ("l1", "l2") if key in training}
    cut = training.get("truncate")
    if cut is not None:
        check_whole("truncate", cut)
        if not any(isinstance(layer, OverTime) for layer in stack.layers):
            raise ArgumentError('truncate is for layers that go over time, such as "2 rnn"')
        cut = cut if cut < stack.inputs[0] else None
    for key, value in limits.items():
        check_number(key, value, low=0, open_low=True)
    for key, value in penalties.items():
        check_number(key, value, low=0)
    recipe = Recipe(
        stack,
        loss,
        optimizer,
        DType.FLOAT64,
        class_targets=are_classes,
        unrolled=True,
        cut=cut,
        **limits,
        **penalties,
    )
    return recipe, d


def _rate(schedule: Schedule, epoch: float, epochs: int) -> list[Line]:
    """Return the learning rate of a step as a line, after the epoch if it depends on it."""

    def rate(epoch: Tensor) -> Tensor:
        return schedule.formula(epoch, float(epochs))

    graph = trace(rate, epoch=TensorType((), DType.FLOAT64))
    values = Program(graph).evaluate({"epoch": np.float64(epoch)})
    node = graph.outputs["result"]
    names = {graph.inputs["epoch"]: ("n", "", False), node: ("η", "", False)}
    elements = Elements(values, names, {})
    formula = elements.formula(node, ())
    eta = Line(Address("η"), elements.value(node, ()), formula, "learning rate")
    if isinstance(schedule, Constant):
        return [replace(eta, formula=None)]
    return [Line(Address("n"), epoch), eta]


def with_rate(sheet: Sheet, rate: Sequence[Line]) -> Sheet:
    """Return a sheet in which the learning rate is worked out, rather than given."""
    given, *rest = sheet.sections
    if all(line.address != rate[-1].address for line in given.lines):
        return sheet  # nothing on it speaks of the rate
    kept = tuple(line for line in given.lines if line.address != rate[-1].address)
    sentence = "The schedule gives the learning rate; n is how many epochs are done."
    section = Section("Learning rate", tuple(rate), sentence)
    return replace(sheet, sections=(replace(given, lines=kept), section, *rest))


# --- rules ----------------------------------------------------------------------------------------
def _rule(problem: Problem, steps: int) -> Iterator[Step]:
    """Yield each step of a classical rule, an example at a time."""
    from glassnet.rules import RULES

    settings = dict(problem.rule)
    name = str(settings.pop("name", ""))
    if name not in RULES:
        raise ArgumentError(
            f"there is no rule named {name!r:.60}{nearest(name, RULES)}; choose one of "
            f"{', '.join(RULES)}"
        )
    model: Any = RULES[name]()
    model.set_params(**settings)
    x, d = problem.data["x"], problem.data.get("d")
    if "new" in problem.data or (d is None and hasattr(model, "answer_steps")):
        yield from _rule_answers(problem, model)
        return
    epochs = -(-steps // max(len(x), 1))
    taken = model.steps(x, epochs=epochs) if d is None else model.steps(x, d, epochs=epochs)
    yield from itertools.islice(followed(taken, problem.title), steps)


def _rule_answers(problem: Problem, model: Any) -> Iterator[Step]:
    """Yield what a rule answers to each new example."""
    if not hasattr(model, "answer_steps"):
        raise ArgumentError(f"the answers of {model.rule} cannot be worked out; leave out new")
    x, d = problem.data["x"], problem.data.get("d")
    new = numbers("new" if "new" in problem.data else "x", problem.data.get("new", x), 2)
    answered = list(model.answer_steps(x, d, new))
    for number, (graph, given) in enumerate(answered, start=1):
        title = problem.title if len(answered) == 1 else f"{problem.title}: example {number}"
        yield Step(title, graph, given, 1, number, (number,))


# --- numbers --------------------------------------------------------------------------------------
def numbers(name: str, value: Any, axes: int) -> Array:
    """Return numbers of a problem as an array with so many axes.

    Raises:
        ArgumentError, ShapeError: They are no finite numbers, or stand in other rows.
    """
    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be numbers, in rows of one length") from None
    if found.ndim != axes:
        shape = SHAPES[axes]
        raise ShapeError(f"{name} must be {shape}; it has shape {found.shape}")
    if not np.isfinite(found).all():
        raise ArgumentError(f"{name} must be finite numbers")
    return found
