"""`explain`: a problem, a network or a rule worked out as on paper."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from glassnet.engines import Program
from glassnet.errors import ArgumentError, DataError, GlassnetError, ShapeError, nearest
from glassnet.explain.conventions import PROFILES, Profile
from glassnet.explain.html import html_fragment, render_html
from glassnet.explain.latex import render_latex
from glassnet.explain.markdown import render_markdown
from glassnet.explain.parts import Chapter, Page
from glassnet.explain.problems import Problem, load_problem
from glassnet.explain.saving import save_text
from glassnet.explain.sheet import Sheet
from glassnet.explain.stepwise import explain_step
from glassnet.explain.tensors import explain_tensor
from glassnet.explain.text import render_text
from glassnet.graph import DType, Graph, Tensor, TensorType, trace
from glassnet.graph.types import Array
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.schedule import Schedule
from glassnet.nn.losses import Loss
from glassnet.nn.stack import Stack, parse_layers

__all__ = ["Workings", "explain"]

FORMATS = {
    ".txt": "text",
    ".md": "markdown",
    ".tex": "latex",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
}


@dataclass(frozen=True, repr=False)
class Workings:
    """What was worked out: a step or several, a derivation, paths.

    Args:
        title: What is worked out.
        chapters: One for each step.
        profile: The conventions.
    """

    title: str
    chapters: tuple[Chapter, ...]
    profile: Profile

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """The steps among the chapters."""
        return tuple(chapter for chapter in self.chapters if isinstance(chapter, Sheet))

    def pages(self) -> tuple[Page, ...]:
        """Return what is shown of each chapter."""
        return tuple(chapter.page(self.profile) for chapter in self.chapters)

    def __str__(self) -> str:
        return "\n".join(map(render_text, self.pages()))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_fragment(self.title, self.pages())

    def to_markdown(self) -> str:
        """Return the workings as Markdown, with formulas as GitHub and notebooks show them."""
        return render_markdown(self.title, self.pages())

    def to_latex(self) -> str:
        """Return the workings as a document for pdflatex."""
        return render_latex(self.title, self.pages())

    def to_html(self) -> str:
        """Return the workings as one HTML page that needs nothing else."""
        return render_html(self.title, self.pages())

    def render(self, form: str) -> str:
        """Return the workings in a format: text, markdown, latex, html or json.

        Raises:
            ArgumentError: There is no such format.
        """
        match form:
            case "text":
                return str(self)
            case "markdown":
                return self.to_markdown()
            case "latex":
                return self.to_latex()
            case "html":
                return self.to_html()
            case "json":
                return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"
            case _:
                known = list(dict.fromkeys(FORMATS.values()))
                raise ArgumentError(
                    f"there is no format {form!r:.40}{nearest(form, known)}; choose one of "
                    f"{', '.join(known)}"
                )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the workings to a file: .txt, .md, .tex, .html or .json; one there is replaced.

        Raises:
            ArgumentError: The name ends in something else.
            OutputError: The file cannot be written; nothing is left half written.
        """
        save_text(path, self.render(format_of(path)))

    def to_json(self) -> dict[str, Any]:
        """Return every quantity with its address, formula and value, as plain data."""
        return {
            "title": self.title,
            "conventions": {"name": self.profile.name, "sentences": self.profile.sentences()},
            "steps": [chapter.to_json() for chapter in self.chapters],
        }


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the format in which workings are written to a file of this name.

    Raises:
        ArgumentError: No format has this ending.
    """
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise ArgumentError(
            f"workings are saved as {', '.join(FORMATS)}; got {str(Path(path))!r}: its ending "
            "tells the format"
        )
    return FORMATS[ending]


def explain(
    problem: str | os.PathLike[str] | Problem | Tensor,
    wrt: Tensor | Sequence[Tensor] | None = None,
    *,
    conventions: str | None = None,
    digits: int | None = None,
    carried: bool = False,
    steps: int | None = None,
) -> Workings:
    """Work a problem out as on paper: each number as formula, numbers put in, result.

    Args:
        problem: The name of a built-in problem, a TOML file, or a problem; or a tensor, whose
            computation is worked out with its derivatives.
        wrt: Of a tensor: with respect to what; all that is given and has a name, if not said.
        conventions: "notes", "pytorch" or "matlab"; what the problem says if not given.
        digits: How many significant digits are printed.
        carried: Whether results are rounded to these digits before they are used.
        steps: How many steps; as many as the problem says if not given.

    Raises:
        ArgumentError, DataError, ShapeError: The problem cannot be read, or does not fit together.

    >>> import glassnet as gn
    >>> workings = gn.explain("backpropagation")
    >>> round(workings.sheets[0]["hidden.δ[1]"].value, 7)
    0.0117885
    >>> x, w, b = gn.tensor(2.0, "x"), gn.tensor(0.5, "w"), gn.tensor(-0.5, "b")
    >>> print(gn.explain(gn.tanh(w * x + b).named("a"), wrt=[w]))
    a
      all digits are kept; 6 are printed
    <BLANKLINE>
    Given
      w = 0.5
      x = 2
      b = −0.5
    <BLANKLINE>
    Forward
      a = tanh(w · x + b) = tanh(0.5 · 2 + (−0.5)) = 0.462117
    <BLANKLINE>
    Backward
      ∂a/∂w = (1 − a · a) · x = (1 − 0.462117 · 0.462117) · 2 = 1.5729
    <BLANKLINE>
    """
    if isinstance(problem, Tensor):
        profile = profile_of(conventions or "notes", digits, carried)
        chosen = [wrt] if isinstance(wrt, Tensor) else wrt
        sheet = explain_tensor(problem, chosen, profile)
        return Workings(sheet.title, (sheet,), profile)
    known = problem if isinstance(problem, Problem) else load_problem(problem)
    profile = profile_of(conventions or known.conventions, digits, carried)
    count = known.steps if steps is None else steps
    if count < 1:
        raise ArgumentError(f"steps must be at least 1; got {count}")
    try:
        work = _network if known.network else _rule
        sheets = tuple(work(known, count, profile))
    except DataError:
        raise
    except GlassnetError as error:
        if not known.source:
            raise
        raise type(error)(f"{known.source}: {error}") from None
    return Workings(known.title, sheets, profile)


def profile_of(name: str, digits: int | None, carried: bool) -> Profile:
    """Return the conventions of a name, with so many digits.

    Raises:
        ArgumentError: There are no such conventions, or too many digits.
    """
    if name not in PROFILES:
        raise ArgumentError(
            f"there are no conventions named {name!r:.40}{nearest(name, PROFILES)}; choose one of "
            f"{', '.join(PROFILES)}"
        )
    profile = replace(PROFILES[name], carried=carried)
    if digits is None:
        return profile
    if not 1 <= digits <= 15:
        raise ArgumentError(f"digits must be a whole number from 1 to 15; got {digits}")
    return replace(profile, digits=digits)


def _network(problem: Problem, steps: int, profile: Profile) -> Iterator[Sheet]:
    """Yield the sheet of each step on the examples, and hand its new state to the next."""
    graph, state, batch = first_step(problem)
    program = Program(graph)
    for number in range(1, steps + 1):
        given = {**state, **batch, "step": number, "seed": 0, "counter": number}
        title = problem.title if steps == 1 else f"{problem.title}: step {number}"
        yield explain_step(graph, given, profile, title)
        outputs = program.outputs(program.evaluate(given))
        state = {key: outputs[key] for key in state}


def first_step(problem: Problem) -> tuple[Graph, dict[str, Array], dict[str, Any]]:
    """Return the graph of a network's step, the state before it, and the examples.

    Raises:
        ArgumentError, ShapeError: The network, its weights and the data do not fit together.
    """
    texts = cast("list[Any]", problem.network["layers"])
    if type(texts) is not list or not all(isinstance(text, str) for text in texts):
        raise ArgumentError('layers must be a list of texts, such as ["2 logistic", "1 linear"]')
    x = _numbers("x", problem.data["x"], 2)
    stack = Stack(parse_layers(", ".join(texts), 1), x.shape[1])
    target = np.asarray(problem.data["d"])
    are_classes = target.ndim == 1 and target.dtype.kind == "i" and stack.units > 1
    d = target if are_classes else _numbers("d", problem.data["d"], 2)
    wanted = (len(x),) if are_classes else (len(x), stack.units)
    if d.shape != wanted:
        raise ShapeError(f"d must have shape {wanted}; it has {d.shape}")
    optimizer = Optimizer.of(problem.training.get("optimizer", "sgd 0.1"))
    loss = Loss.of(problem.training.get("loss", "half_squared_error"))
    loss.check(stack.activation, stack.units)
    recipe = Recipe(stack, loss, optimizer, DType.FLOAT64, class_targets=are_classes)
    state: dict[str, Array] = {}
    known = stack.parameters()
    for key in problem.weights:
        if key not in known:
            names = ", ".join(known)
            raise ArgumentError(
                f"[weights] has {key!r:.60}{nearest(key, known)}; the network has {names}"
            )
    for index, (key, parameter) in enumerate(known.items()):
        if key in problem.weights:
            value = _numbers(key, problem.weights[key], len(parameter.shape))
            if value.shape != parameter.shape:
                raise ShapeError(f"{key} must have shape {parameter.shape}; it has {value.shape}")
        else:
            value = parameter.initializer.values(parameter.shape, 0, 1 + index)
        state[f"parameters/{key}"] = np.asarray(value, np.float64)
        for slot, first in optimizer.slots().items():
            state[f"slots/{key}/{slot}"] = np.full(parameter.shape, first)
    for key, entry in stack.statistics().items():
        state[f"statistics/{key}"] = entry.initializer.values(entry.shape, 0, 0).astype(np.float64)
    batch = {"batch/x": x, "batch/target": d, "rate": _first_rate(optimizer.schedule)}
    return training_graph(recipe, len(x)), state, batch


def _first_rate(schedule: Schedule) -> float:

    def rate(epoch: Tensor) -> Tensor:
        return schedule.formula(epoch, 1.0)

    program = Program(trace(rate, epoch=TensorType((), DType.FLOAT64)))
    return float(program.run({"epoch": np.float64(0.0)})["result"])


def _rule(problem: Problem, steps: int, profile: Profile) -> Iterator[Sheet]:
    """Yield the sheet of each step of a classical rule, an example at a time."""
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
    if not hasattr(model, "steps"):
        raise ArgumentError(f"the rule {name} has no steps that could be worked out")
    x, d = problem.data["x"], problem.data.get("d")
    epochs = -(-steps // max(len(x), 1))
    taken = model.steps(x, epochs=epochs) if d is None else model.steps(x, d, epochs=epochs)
    for number, (row, given) in enumerate(zip(taken, taken.inputs, strict=True), start=1):
        if number > steps:
            break
        place = f"epoch {int(row['epoch'])}, example {int(row['example'])}"
        yield explain_step(taken.graph, given, profile, f"{problem.title}: {place}")


def _numbers(name: str, value: Any, axes: int) -> Array:
    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be numbers, in rows of one length") from None
    if found.ndim != axes:
        shape = "a list of rows" if axes == 2 else "a list of numbers" if axes == 1 else "a number"
        raise ShapeError(f"{name} must be {shape}; it has shape {found.shape}")
    if not np.isfinite(found).all():
        raise ArgumentError(f"{name} must be finite numbers")
    return found


def describe(problem: Mapping[str, str]) -> list[str]:
    """Return the built-in problems as lines: name and title."""
    width = max(map(len, problem), default=0)
    return [f"{name.ljust(width)}  {title}" for name, title in problem.items()]
