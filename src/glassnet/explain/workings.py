"""`explain`: a problem, a network or a rule worked out as on paper."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.errors import ArgumentError, DataError, GlassnetError, nearest
from glassnet.explain.asking import only
from glassnet.explain.carrying import carried_on
from glassnet.explain.conventions import Profile
from glassnet.explain.conventions import profile_of as chosen_profile
from glassnet.explain.derivations import derivation_of, derive_problem
from glassnet.explain.focus import Focus
from glassnet.explain.html import html_fragment, render_html
from glassnet.explain.latex import render_latex
from glassnet.explain.markdown import render_markdown
from glassnet.explain.parts import Chapter, Page
from glassnet.explain.problems import Problem, load_problem
from glassnet.explain.problems.steps import problem_steps, with_rate
from glassnet.explain.rule_models import model_steps
from glassnet.explain.run_table import run_table
from glassnet.explain.saving import save_text
from glassnet.explain.sheet import Sheet
from glassnet.explain.step_view import StepView, step_chapter
from glassnet.explain.steps import Step, Where
from glassnet.explain.tensors import explain_tensor
from glassnet.explain.text import render_text
from glassnet.graph import Graph, Tensor
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.training.network import Network

if TYPE_CHECKING:
    from glassnet.rules.estimator import Estimator
    from glassnet.training import Run

__all__ = ["Workings", "derivation", "explain"]

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
        found: list[Sheet] = []
        for chapter in self.chapters:
            if isinstance(chapter, Sheet | StepView):
                found.append(chapter if isinstance(chapter, Sheet) else chapter.lines)
        return tuple(found)

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
    problem: str | os.PathLike[str] | Problem | Tensor | Network | Run | Estimator,
    x: Any = None,
    y: Any = None,
    *,
    wrt: Tensor | Sequence[Tensor] | None = None,
    conventions: str | None = None,
    digits: int | None = None,
    carried: bool = False,
    steps: int | None = None,
    epoch: int | None = None,
    step: int | None = None,
    example: int | None = None,
    neuron: str | None = None,
    quantity: str | None = None,
    table: bool = False,
    symbols: bool = False,
) -> Workings:
    """Work a problem out as on paper: each number as formula, numbers put in, result.

    Args:
        problem: The name of a built-in problem, a TOML file, or a problem; a tensor, whose
            computation is worked out with its derivatives; a trained network, or its run; or a
            classical rule, whose steps on the examples are worked out.
        x: Of a network: the examples, as for `fit`; a table has the targets too. Without epoch and
            step they may be any, and the next step from the network's weights is worked out: on the
            example that is named, else on the first batch. With them they are those of the
            training, and the run is replayed to that step, with the same bits.
        y: The targets of the examples.
        wrt: Of a tensor: with respect to what; all that is given and has a name, if not said.
        conventions: "notes", "pytorch" or "matlab", or the path of a TOML file with one's own;
            what the problem says if not given.
        digits: How many significant digits are printed.
        carried: Whether results are rounded to these digits before they are used.
        steps: How many steps; as many as the problem says if not given.
        epoch: Which epoch of the run is worked out, from 1.
        step: Which step, from 1: of the epoch if one is given, else of the run.
        example: Which example of a step, or which step that learns from one example alone.
        neuron: Which neuron, such as "hidden.2", or which layer.
        quantity: Which quantity, by symbol or name ("δ", "delta", "local gradient"), or one number
            by its address ("hidden.w[2,1]").
        table: Whether the run is shown as a table, a row for each step.
        symbols: Whether the derivatives are derived in symbols, rather than worked out in numbers.

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
      ∂a/∂w = (1 − a²) · x = (1 − 0.462117²) · 2 = 1.5729
    <BLANKLINE>
    """
    if isinstance(problem, Tensor):
        wrt = x if wrt is None else wrt
        profile = profile_of(conventions or "notes", digits, carried)
        chosen = [wrt] if isinstance(wrt, Tensor) else wrt
        if symbols:
            return derivation(problem, chosen, conventions=profile.name)
        sheet = explain_tensor(problem, chosen, profile)
        return Workings(sheet.title, (sheet,), profile)
    focus, where = Focus(neuron, quantity, example), Where(epoch, step, example)
    if steps is not None and steps < 1:
        raise ArgumentError(f"steps must be at least 1; got {steps}")
    if not isinstance(problem, str | os.PathLike | Problem):
        profile = profile_of(conventions or "notes", digits, carried)
        if isinstance(problem, Network):
            net = problem
        else:
            from glassnet.rules.estimator import Estimator

            if isinstance(problem, Estimator):
                title = type(problem).__name__
                taken = model_steps(problem, x, y, title, where, steps, table=table)
                chapters = chapters_of(title, taken, profile, focus, table=table)
                return Workings(title, chapters, profile)
            net = problem.network
        return explain_network(net, x, y, profile, where, focus, steps=steps, table=table)
    if x is not None or y is not None:
        raise ArgumentError("a problem has its own examples; x and y are for networks and runs")
    known = problem if isinstance(problem, Problem) else load_problem(problem)
    profile = profile_of(conventions or known.conventions, digits, carried)
    try:
        if symbols:
            derived = derive_problem(known, profile)
            return Workings(known.title, (derived,), profile)
        taken = problem_steps(known, steps, where, profile)
        chapters = chapters_of(known.title, taken, profile, focus, table=table)
        if not focus:
            chapters = tuple(
                only(chapter, known.asked) if isinstance(chapter, Sheet) else chapter
                for chapter in chapters
            )
    except DataError:
        raise
    except GlassnetError as error:
        if not known.source:
            raise
        raise type(error)(f"{known.source}: {error}") from None
    return Workings(known.title, chapters, profile)


def explain_network(
    net: Network,
    x: Any,
    y: Any,
    profile: Profile,
    where: Where,
    focus: Focus,
    *,
    name: str = "Network",
    steps: int | None = None,
    table: bool = False,
) -> Workings:
    """Return the workings of steps of a trained network.

    Args:
        net: The network.
        x: Examples: an array, or a table or data frame with the target column.
        y: The targets of an array; nothing for a table.
        profile: The conventions.
        where: Which step of its run; the next one, from the weights as they are, if not said.
        focus: What of it is asked for.
        name: What the network is called.
        steps: How many steps from there; one if not given.
        table: Whether the steps are shown as a table: all of the epoch, if none is said.

    Raises:
        ArgumentError, DataError, ShapeError: The examples do not fit, or there is no such step.
    """
    from glassnet.explain.runs import read_examples, run_steps

    given = read_examples(net, x, y)
    taken = list(run_steps(net, given, name, where, steps, table=table))
    title = name if table else taken[0].title
    return Workings(title, chapters_of(title, taken, profile, focus, table=table), profile)


def chapters_of(
    title: str, steps: Sequence[Step | Sheet], profile: Profile, focus: Focus, *, table: bool
) -> tuple[Chapter, ...]:
    """Return the workings of steps: each of them, or one table of all.

    Args:
        title: What was run.
        steps: The steps, or sheets that are shown as they are.
        profile: The conventions.
        focus: What of each is asked for.
        table: Whether it is a table.
    """
    sheets = [step for step in steps if isinstance(step, Sheet)]
    if sheets:
        if focus or table:
            raise ArgumentError(
                "formulas of one's own and beam searches are shown whole; leave neuron, quantity, "
                "example and table out"
            )
        return tuple(sheets)
    taken = [step for step in steps if isinstance(step, Step)]
    if table:
        return (run_table(title, taken, profile, focus),)
    chapters = tuple(_chapter(step, profile, focus) for step in taken)
    sheets = tuple(chapter for chapter in chapters if isinstance(chapter, Sheet))
    if profile.carried and len(sheets) == len(chapters):
        return carried_on(sheets, profile.digits)
    return chapters


def _chapter(step: Step, profile: Profile, focus: Focus) -> Chapter:
    several = len(step.examples) > 1
    focus = focus if several else replace(focus, example=None)
    numbers = step.examples if several else ()
    found = step_chapter(step.graph, step.inputs, profile, step.title, focus, numbers, step.notes)
    if not step.rate:
        return found
    if isinstance(found, Sheet):
        return with_rate(found, step.rate)
    return replace(found, sheet=with_rate(found.sheet, step.rate))


def derivation(
    what: Tensor | Graph,
    wrt: Tensor | Sequence[Tensor] | None = None,
    *,
    conventions: str = "notes",
) -> Workings:
    """Derive in symbols, with the chain rule, how a number changes with what it was made from.

    Arrays have index letters, so that the formulas hold for any lengths; where elements change
    places so that no letter can follow, each element is a quantity of its own.

    Args:
        what: A tensor of one element, or a graph with one output of one element.
        wrt: With respect to what; all that is given and has a name, if not said.
        conventions: "notes", "pytorch" or "matlab".

    Raises:
        ArgumentError: The output has several elements, nothing has a name, or the computation
            cannot be written in symbols.
        NotConnectedError: The output does not depend on a tensor of `wrt`.
        NotDifferentiableError: An operation on the way has no derivative.

    >>> import glassnet as gn
    >>> x, w = gn.tensor([1.0, 2.0], "x"), gn.tensor([0.5, -0.5], "w")
    >>> v = (w @ x).named("v")
    >>> print(gn.derivation((v**2).named("E"), w))
    E
    <BLANKLINE>
    The formulas
      v = Σᵢ wᵢ xᵢ
      E = v²
    <BLANKLINE>
    Backward
      ∂E/∂v = 2 v
        The derivative of u² is 2u.
      ∂v/∂wᵢ = xᵢ
        Of the sum, only the term with this place contains it.
      ∂E/∂wᵢ = ∂E/∂v · ∂v/∂wᵢ = 2 v · xᵢ = 2 v xᵢ
        The chain rule: it acts through v alone.
    <BLANKLINE>
    """
    profile = profile_of(conventions, None, carried=False)
    if isinstance(what, Graph):
        if len(what.outputs) != 1:
            names = ", ".join(what.outputs)
            raise ArgumentError(f"a derivation is of one output; the graph has {names}")
        (output,) = what.outputs.values()
    else:
        output = what
    chosen = [wrt] if isinstance(wrt, Tensor) else wrt
    values: dict[Tensor, Array] | None = {} if isinstance(what, Graph) else None
    derived = derivation_of(output, chosen, profile, values=values)
    return Workings(derived.title, (derived,), profile)


def profile_of(choice: str | Profile, digits: int | None, carried: bool) -> Profile:
    """Return the conventions of a name or a file, with so many digits.

    Raises:
        ArgumentError: There are no such conventions, or not so many digits.
    """
    found = chosen_profile(choice)
    profile = replace(found, carried=carried or found.carried)
    if digits is None:
        return profile
    if not 1 <= digits <= 15:
        raise ArgumentError(f"digits must be a whole number from 1 to 15; got {digits}")
    return replace(profile, digits=digits)


def describe(problem: Mapping[str, str]) -> list[str]:
    """Return the built-in problems as lines: name and title."""
    width = max(map(len, problem), default=0)
    return [f"{name.ljust(width)}  {title}" for name, title in problem.items()]
