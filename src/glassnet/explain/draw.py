"""`draw`: the picture of a computation graph, with every value and every gradient in it."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from glassnet.errors import ArgumentError
from glassnet.explain.saving import save_text
from glassnet.explain.scene import compose
from glassnet.explain.svg import render
from glassnet.graph import Graph, Tensor
from glassnet.records import dataclass

__all__ = ["Drawing", "draw"]


@dataclass(frozen=True, repr=False)
class Drawing:
    """A picture of a computation graph. It shows itself in a notebook; `save` writes it to a file.

    Args:
        svg: The picture, as the text of an SVG file that needs nothing else.
        nodes: How many boxes it has.
        arrows: How many arrows.
    """

    svg: str
    nodes: int
    arrows: int

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<drawing of {self.nodes} nodes and {self.arrows} arrows: show it or save it>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file whose name ends in .svg; one that exists is replaced.

        Raises:
            ArgumentError: The name ends in something else.
            OutputError: The file cannot be written; nothing is left half written.
        """
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise ArgumentError(
                f"a drawing is saved as .svg; got {str(target)!r}. Every browser opens .svg files, "
                "and prints them to PDF"
            )
        save_text(target, self.svg)


def draw(
    output: Tensor | Sequence[Tensor] | Graph,
    wrt: Tensor | Sequence[Tensor] | None = None,
    *,
    width: float | None = None,
    local_derivatives: bool = False,
    details: bool = False,
) -> Drawing:
    """Draw all that an output is computed from: operations, values, and gradients.

    Rounded boxes hold what is given, square ones an operation with its sign; arrows run from what
    is used to where it is used. Where the output is a single number, each node also shows the
    derivative of the output with respect to it. Hovering over a node shows its formula, and all
    digits.

    Args:
        output: A tensor of any shape, several tensors, or a traced graph (drawn with types instead
            of the values that it does not have yet).
        wrt: Show gradients only on the ways from these tensors to the output, and mark those ways.
        width: How wide the picture is shown, in pixels; its own size if not given.
        local_derivatives: Write on each arrow between single numbers the derivative of the
            operation with respect to that input: by the chain rule, a gradient is the sum over
            all paths of the products along them.
        details: Show bookkeeping too: plain constants, broadcasts, reshapes, casts.

    Raises:
        ArgumentError: More than 300 nodes, a width that is no positive number, or gradients asked
            for where the output is no single number.
        NotConnectedError: The output does not depend on a tensor in `wrt`.
        NotDifferentiableError: An operation on the way from `wrt` has no derivative.

    >>> import glassnet as gn
    >>> x, w, b = gn.tensor([3.0], "x"), gn.tensor([2.0], "w"), gn.tensor([1.0], "b")
    >>> a = gn.maximum(0.0, w * x + b).named("a")
    >>> draw(a)
    <drawing of 6 nodes and 5 arrows: show it or save it>
    """
    outputs = _outputs(output)
    if width is not None and not (math.isfinite(width) and width > 0):
        raise ArgumentError(f"width must be a number of pixels above 0, or None; got {width!r}")
    targets = None if wrt is None else _tensors(wrt, "wrt")
    scene = compose(outputs, targets, local_derivatives, details)
    svg, _ = render(scene, width)
    return Drawing(svg, len(scene.nodes), len(scene.arrows))


def _outputs(output: Tensor | Sequence[Tensor] | Graph) -> dict[Tensor, str]:
    if isinstance(output, Graph):
        if not output.outputs:
            raise ArgumentError("draw: the graph has no outputs, so that there is nothing to draw")
        return {tensor: name for name, tensor in output.outputs.items()}
    return dict.fromkeys(_tensors(output, "output"), "")


def _tensors(given: Tensor | Sequence[Tensor], argument: str) -> tuple[Tensor, ...]:
    entries: tuple[object, ...] = (given,)
    if isinstance(given, list | tuple):
        entries = tuple(given)
    tensors = tuple(entry for entry in entries if isinstance(entry, Tensor))
    if not tensors or len(tensors) < len(entries):
        wrong = next((entry for entry in entries if not isinstance(entry, Tensor)), given)
        graph = ", or a graph" if argument == "output" else ""
        raise ArgumentError(
            f"{argument} must be a tensor, a list of at least one tensor{graph}; got {wrong!r}"
        )
    return tensors
