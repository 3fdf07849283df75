"""The op record: one declaration that holds all that anyone wants to know of a primitive operation.

A record without one of its fields cannot be made, so that an op that exists is complete: its types,
its values, its derivative, how each engine runs it, how it is explained, and how it is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from glassnet.graph.types import Array, Shape, TensorType
from glassnet.records import dataclass

if TYPE_CHECKING:
    from glassnet.graph.tensor import Tensor

__all__ = [
    "REGISTRY",
    "Case",
    "Constant",
    "Contraction",
    "Domain",
    "Elementwise",
    "Explanation",
    "Indexed",
    "Joint",
    "Kink",
    "Lowering",
    "Movement",
    "NoGradient",
    "Op",
    "Random",
    "Recurrence",
    "Reduction",
    "Samples",
    "Source",
    "Worked",
]

Pullback = Callable[..., "tuple[Tensor | None, ...]"]
Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class NoGradient:
    """Why an op has no derivative that could be used to learn: told to those who ask for one."""

    reason: str


@dataclass(frozen=True)
class Joint:
    """The derivative of all results of one computation together, each a node of its own.

    Args:
        pull: `(gradients, inputs, active, **attributes) → (tensor or None, …)`: from the gradients
            with respect to the results, by node, those with respect to the inputs that are active.
        group: What nodes of one computation have in common besides their inputs, of an attribute.
    """

    pull: Callable[..., tuple[Tensor | None, ...]]
    group: str

    def __call__(
        self, g: Tensor, y: Tensor, *inputs: Tensor, **attributes: Any
    ) -> tuple[Tensor | None, ...]:
        """Return what comes through one result alone, as the pullback of any op does."""
        active = tuple(tensor.dtype.is_float for tensor in inputs)
        return self.pull({y: g}, inputs, active, attributes[self.group])


# How an op lowers to a machine: engines speak of these kinds, never of names of ops.
@dataclass(frozen=True)
class Elementwise:
    """One instruction for each element; all inputs have the shape of the output."""

    instruction: str


@dataclass(frozen=True)
class Reduction:
    """Axes are folded away with an operation: `sum`, `mean`, `max`, `argmax`."""

    fold: str


@dataclass(frozen=True)
class Contraction:
    """A matrix product over the last two axes, one for each entry of the leading axes."""


@dataclass(frozen=True)
class Movement:
    """Elements change their place or are repeated, and none is computed: `reshape`, `slice`, …"""

    pattern: str


@dataclass(frozen=True)
class Indexed:
    """Elements are read from, or added to, places that other numbers give."""

    pattern: str


@dataclass(frozen=True)
class Random:
    """Numbers drawn by counter: a function of (seed, counter, stream, position), nothing else."""

    distribution: str


@dataclass(frozen=True)
class Recurrence:
    """The op is one result of a loop whose body is a graph (`glassnet.graph.loop`).

    Args:
        run: `(loop, arrays, results) → (array, …)`: several results of one run, in NumPy.
    """

    run: Callable[..., tuple[Array, ...]]


@dataclass(frozen=True)
class Source:
    """The op computes nothing: its value is given from outside at each run."""


@dataclass(frozen=True)
class Constant:
    """The op computes nothing: its value is part of the graph."""


Lowering = (
    Elementwise
    | Reduction
    | Contraction
    | Movement
    | Indexed
    | Random
    | Recurrence
    | Source
    | Constant
)


@dataclass(frozen=True)
class Explanation:
    """How a person writes the op.

    Args:
        form: The formula, with `{0}`, `{1}` for the inputs and `{name}` for attributes. The form
            with numbers is the same with numbers put in.
        sentence: What happens, in one plain sentence.
        derivatives: The local derivative with respect to each input, written with `{0}`, `{1}` for
            the inputs and `{y}` for the output; empty where it is no formula of single numbers.
        steps: How the derivative of a function of one number comes about: formulas that are all
            equal to it, each with its reason; empty where it is what every table states.
    """

    form: str
    sentence: str
    derivatives: tuple[str, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Domain:
    """Where the test values of one input come from: uniform in [low, high], of a shape."""

    shape: Shape
    low: float = -2.0
    high: float = 2.0
    kind: str = "float"  # "float", "integer" (in [low, high)), "bool"


@dataclass(frozen=True)
class Case:
    """Inputs and attributes with which conformance tests run an op.

    Where the attributes say which float type the inputs have, `float32` holds those for float32.
    """

    inputs: tuple[Domain, ...]
    attributes: Attributes = field(default_factory=dict[str, Any])
    float32: Attributes | None = None


@dataclass(frozen=True)
class Kink:
    """A point where the derivative jumps, and the subgradient that this op states there.

    `gradients` are those of the sum of the output's elements, one for each float input.
    """

    inputs: tuple[Any, ...]
    gradients: tuple[Any, ...]
    attributes: Attributes = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Worked:
    """One example worked by hand: inputs, attributes, and the output to all digits given."""

    inputs: tuple[Any, ...]
    output: Any
    attributes: Attributes = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Samples:
    """What the conformance tests need: cases, kinks, and one number worked by hand."""

    cases: tuple[Case, ...]
    worked: Worked
    kinks: tuple[Kink, ...] = ()
    tolerance: float = 1e-9


REGISTRY: dict[str, Op] = {}


@dataclass(frozen=True, eq=False)
class Op:
    """A primitive operation.

    Args:
        name: Its name, unique in the registry.
        infer: `(types…, **attributes) → type`; raises ShapeError or DTypeError naming both sides.
        evaluate: `(arrays…, **attributes) → array` in NumPy.
        pullback: `(g, y, inputs…, **attributes) → (tensor or None, …)`: from the gradient with
            respect to the output, the gradient with respect to each input, as graph nodes.
        native: How it lowers in the native engine.
        jax: `(jax.numpy, arrays…, **attributes) → array`.
        explain: How a person writes it.
        samples: `() → Samples`: how it is tested, made when it is.
    """

    name: str
    infer: Callable[..., TensorType]
    evaluate: Callable[..., Array]
    pullback: Pullback | Joint | NoGradient
    native: Lowering
    jax: Callable[..., Any]
    explain: Explanation
    samples: Callable[[], Samples]

    def __post_init__(self) -> None:
        assert self.name not in REGISTRY, f"two ops are named {self.name!r}"
        REGISTRY[self.name] = self

    def __repr__(self) -> str:
        return f"<op {self.name}>"
