"""A recurrent layer of one's own: one function says what a step does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from glassnet.errors import ArgumentError, ShapeError, nearest
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Shape
from glassnet.nn.initializers import Blocks, Initializer
from glassnet.nn.layers.layer import Parameter
from glassnet.nn.layers.over_time import RecurrentLayer, State
from glassnet.records import dataclass
from glassnet.unit import check_whole

__all__ = ["CELLS", "Cell", "Recurrent", "cell"]

Length = int | str  # a number, "units", "inputs", or so many of them: "4 units"
CELLS: dict[str, Cell] = {}


def _length(length: Length, units: int, inputs: int) -> int:
    """Return the length of an axis, from a number or from words such as "4 units"."""
    if isinstance(length, int) and not isinstance(length, bool):
        return length
    count, _, word = str(length).rpartition(" ")
    of = {"units": units, "inputs": inputs}.get(word)
    if of is None or not (count.isdigit() or not count):
        raise ArgumentError(
            'the length of an axis must be a whole number, "units", "inputs", or so many of them, '
            f'as in "4 units"; got {length!r}'
        )
    return int(count or 1) * of


@dataclass(frozen=True, eq=False)
class Cell:
    """What a step of a recurrent layer does, made by `cell`.

    Args:
        name: The function's name, by which a model file speaks of it.
        function: `(carry, x, w) → carry`.
        carry: The names of what is handed on; the first is the output.
        weights: The lengths of the axes of each weight.
        initial: Where first weights come from, where it is not the usual.
    """

    name: str
    function: Callable[[Any, Tensor, Any], Any]
    carry: tuple[str, ...]
    weights: Mapping[str, tuple[Length, ...]]
    initial: Mapping[str, Initializer]

    def __call__(self, carry: Any, x: Tensor, w: Any) -> Any:
        """Do one step."""
        return self.function(carry, x, w)

    def __str__(self) -> str:
        return self.name

    def parameters(self, units: int, inputs: int) -> dict[str, Parameter]:
        """Return the weights for so many units and inputs."""
        found: dict[str, Parameter] = {}
        for key, lengths in self.weights.items():
            shape = tuple(_length(length, units, inputs) for length in lengths)
            axes = (("neuron", "source") if len(shape) == 2 else ("neuron",) * len(shape))[:2]
            axes = axes if len(axes) == len(shape) else (None,) * len(shape)
            chosen = self.initial.get(key) or _usual(lengths)
            found[key] = Parameter(shape, key, chosen, axes, penalised=len(shape) > 1)
        return found


def _usual(lengths: tuple[Length, ...]) -> Initializer:
    """Return zeros for vectors; for gates one below the other, each gate by itself."""
    if len(lengths) < 2:
        return Initializer.of("zeros")
    count, _, word = str(lengths[0]).rpartition(" ")
    square = lengths[1] == "units" and word == "units"
    inner = Initializer.of("orthogonal" if square else "xavier_uniform")
    return Blocks(inner, int(count)) if word == "units" and count else inner


def cell(
    *,
    carry: Sequence[str] = ("h",),
    weights: Mapping[str, Length | Sequence[Length]],
    initial: Mapping[str, Initializer | str] | None = None,
) -> Callable[[Callable[[Any, Tensor, Any], Any]], Cell]:
    """Make a function the cell of a recurrent layer of one's own.

    The function gets what the step before handed on and the step's input, each for a batch, of
    shape (n, units) and (n, inputs), and the weights; `carry` and `w` by name. It returns what it
    hands on. It is written once: derivatives follow from it.

    A model file knows a cell by the function's name: define it before `load`.

    Args:
        carry: The names of what is handed on, each of `units` numbers; the first is the output.
        weights: For each weight its shape, of numbers and words: "units", "inputs", "4 units".
        initial: Where first weights come from, by name. If not given: zeros for vectors; for
            matrices each block of `units` rows by itself, orthogonal where it reads `units`
            numbers, else Xavier.

    Raises:
        ArgumentError: A word that is no length, or no carry.

    >>> import glassnet as gn
    >>> @gn.cell(weights={"w": ("2 units", "inputs"), "u": ("units", "units")})
    ... def minimal(carry, x, w):
    ...     h = carry["h"]
    ...     v = x @ w["w"].T
    ...     units = h.shape[1]
    ...     keep = gn.logistic(v[:, :units])
    ...     return {"h": keep * h + (1 - keep) * gn.tanh(v[:, units:] + h @ w["u"].T)}
    >>> net = gn.Network([gn.Recurrent(minimal, 8), gn.Dense(1)], inputs=(20, 3))
    >>> {key: value.shape for key, value in net.parameters.items() if "recurrent" in key}
    {'recurrent1.w': (16, 3), 'recurrent1.u': (8, 8)}
    """
    if isinstance(carry, str) or not carry:
        raise ArgumentError(f'carry must be a list of names, as in ("h", "c"); got {carry!r}')
    shapes: dict[str, tuple[Length, ...]] = {}
    for key, lengths in weights.items():
        shape = (lengths,) if isinstance(lengths, int | str) else tuple(lengths)
        for length in shape:
            _length(length, 1, 1)
        shapes[key] = shape
    known = {key: Initializer.of(choice) for key, choice in (initial or {}).items()}
    for key in known:
        if key not in shapes:
            raise ArgumentError(f"initial: there is no weight {key!r}{nearest(key, shapes)}")

    def made(function: Callable[[Any, Tensor, Any], Any]) -> Cell:
        found = Cell(function.__name__, function, tuple(carry), shapes, known)
        CELLS[found.name] = found
        return found

    return made


@dataclass(frozen=True)
class Recurrent(RecurrentLayer, name="recurrent"):
    """A recurrent layer whose step is a function of one's own, made a cell by `cell`.

    Args:
        cell: The cell, or its name.
        units: How many numbers each part of the carry has.
        returns: "sequence", the first part of the carry after each step, or "last", after the last
            one. If not given, the sequence where another layer that goes over time comes after it,
            else the last.
        start: The carry before the first step: "zeros", "learnt", or its numbers.

    Raises:
        ArgumentError: There is no cell of that name.
    """

    cell: Cell | str
    units: int

    def __post_init__(self) -> None:
        check_whole("units", self.units)
        given: Any = self.cell
        if isinstance(given, str):
            if given not in CELLS:
                raise ArgumentError(
                    f"there is no cell named {given!r:.80}{nearest(given[:80], CELLS)}: write its "
                    "function under @gn.cell first"
                )
            object.__setattr__(self, "cell", CELLS[given])
        elif not isinstance(given, Cell):
            raise ArgumentError(
                f"a cell is a function under @gn.cell(weights=…), or its name; got {given!r:.60}"
            )
        super().__post_init__()

    def to_json(self) -> dict[str, Any]:
        """Return the layer as plain data: the cell by its name."""
        return {**super().to_json(), "cell": str(self.cell)}

    @property
    def known(self) -> Cell:
        """The cell, as an object."""
        assert isinstance(self.cell, Cell)
        return self.cell

    def state_sizes(self) -> dict[str, int]:
        """Return the parts of the carry, of `units` numbers each."""
        return dict.fromkeys(self.known.carry, self.units)

    def weights_for(self, inputs: int) -> dict[str, Parameter]:
        """Return the weights that the cell asks for."""
        return self.known.parameters(self.units, inputs)

    def step(self, state: State, x: Tensor, weights: Mapping[str, Tensor], name: str) -> State:
        """Return what the cell makes of the carry."""
        answer: object = self.known(dict(state), x, weights)
        wanted: dict[str, Shape] = {key: value.shape for key, value in state.items()}
        after = cast("dict[str, Any]", answer) if isinstance(answer, dict) else None
        if after is None or set(after) != set(wanted):
            got = answer.__class__.__name__ if after is None else ", ".join(sorted(after))
            raise ArgumentError(
                f"cell {self.known.name}: it must return what it hands on, as a dict of "
                f"{', '.join(wanted)}; it returned {got}"
            )
        for key, shape in wanted.items():
            if after[key].shape != shape:
                raise ShapeError(
                    f"cell {self.known.name}: {key} has shape {shape}; the cell makes it "
                    f"{after[key].shape}"
                )
        # What is handed on as it came keeps its name: it is an input of the loop's body.
        came = {id(value) for value in state.values()}
        return {
            key: after[key] if id(after[key]) in came else after[key].named(key, name)
            for key in wanted
        }
