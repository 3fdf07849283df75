"""Truth tables: what a function of 0s and 1s answers to each row of inputs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.unit import check_whole

__all__ = ["MOST_INPUTS", "TruthTable", "input_name", "is_table_text"]

MOST_INPUTS = 6
DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
OUTPUTS: dict[str, int | None] = {"0": 0, "1": 1, "-": None, "x": None, "X": None}
ALLOWED = "0, 1, or - (or x) where the output does not matter"


def input_name(number: int, letter: str = "x") -> str:
    """Return the name of an input, counted from 1.

    >>> input_name(1), input_name(12)
    ('x₁', 'x₁₂')
    """
    return f"{letter}{number}".translate(DIGITS)


def is_table_text(text: str) -> bool:
    """Return whether text is a row of outputs, such as "0001", and no name of a file.

    >>> is_table_text("0110 1001"), is_table_text("and.csv")
    (True, False)
    """
    return bool(text.strip()) and set(text) <= {*OUTPUTS, " ", "_"}


@dataclass(frozen=True)
class TruthTable:
    """The outputs of a Boolean function, row by row in counting order: 00, 01, 10, 11.

    The first input is the most significant digit of the row's number.

    Args:
        outputs: 0, 1, or None where the output does not matter, for each of the 2ⁿ rows, n ≤ 6.
        names: The names of the n inputs; x₁, x₂, … if not given.

    Raises:
        ArgumentError: The number of rows is no power of two, or above 64; an output is neither 0
            nor 1; the names are not as many as the inputs, or not all different.

    >>> table = TruthTable.of("0001")
    >>> table.inputs, table.names, table.text
    (2, ('x₁', 'x₂'), '0001')
    >>> TruthTable.of(lambda a, b: a != b, inputs=2).text
    '0110'
    """

    outputs: tuple[int | None, ...]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        outputs = tuple(_output(value, row) for row, value in enumerate(self.outputs))
        rows = len(outputs)
        if rows < 2 or rows & (rows - 1):
            lower = 2 if rows < 2 else 1 << (rows.bit_length() - 1)
            raise ArgumentError(
                f"a truth table has 2, 4, 8, 16, 32 or 64 outputs, one for each row of inputs; "
                f"got {rows}, which is {_misses(rows, lower)}"
            )
        if rows > 1 << MOST_INPUTS:
            raise ArgumentError(
                f"{rows} outputs are those of {rows.bit_length() - 1} inputs; "
                f"at most {MOST_INPUTS} inputs ({1 << MOST_INPUTS} outputs) are allowed"
            )
        names = self.names or tuple(input_name(i) for i in range(1, rows.bit_length()))
        names = tuple(str(name).strip() for name in names)
        if len(names) != rows.bit_length() - 1:
            raise ArgumentError(
                f"{rows} outputs are those of {rows.bit_length() - 1} inputs; "
                f"got {len(names)} names: {', '.join(names)}"
            )
        if len(set(names)) < len(names) or not all(names):
            raise ArgumentError(f"the inputs' names must all be different; got {', '.join(names)}")
        object.__setattr__(self, "outputs", outputs)
        object.__setattr__(self, "names", names)

    @classmethod
    def of(
        cls, source: Any, inputs: int | None = None, names: Sequence[str] | None = None
    ) -> TruthTable:
        """Return a truth table from one of several forms.

        Args:
            source: Text such as "0001" (a row of outputs; - or x where one does not matter); a
                sequence of 0 and 1; a table of points, {(0, 0): 0, (0, 1): 1, …}; a function of
                `inputs` arguments; or the name of a CSV file whose last column is the output.
            inputs: How many inputs the function takes; for the other forms a check.
            names: The names of the inputs.

        Raises:
            ArgumentError, DataError: A row is missing, contradicts another, or is not of 0 and 1;
                the number of outputs is no power of two; more than 6 inputs.
        """
        if inputs is not None:
            check_whole("inputs", inputs, high=MOST_INPUTS)
        found = _read(source, inputs)
        if inputs is not None and found.inputs != inputs:
            raise ArgumentError(f"the table has {found.inputs} inputs, not {inputs}")
        return found if names is None else cls(found.outputs, tuple(names))

    @property
    def inputs(self) -> int:
        """The number of inputs."""
        return len(self.outputs).bit_length() - 1

    @property
    def points(self) -> Array:
        """The inputs of each row, of shape (2ⁿ, n), as whole numbers 0 and 1."""
        rows = list(itertools.product((0, 1), repeat=self.inputs))
        return np.array(rows, np.int64)

    @property
    def text(self) -> str:
        """The outputs as text, with "-" where one does not matter."""
        return "".join("-" if value is None else str(value) for value in self.outputs)

    @property
    def is_complete(self) -> bool:
        """Whether every output is given."""
        return None not in self.outputs

    def rows(self, output: int | None) -> list[int]:
        """Return the numbers of the rows with this output."""
        return [row for row, value in enumerate(self.outputs) if value == output]

    def agrees(self, answers: Iterable[int]) -> bool:
        """Return whether answers (0 or 1 for each row) are the table's, where one is given."""
        pairs = zip(self.outputs, answers, strict=True)
        return all(wanted is None or wanted == int(answer) for wanted, answer in pairs)

    def complement(self) -> TruthTable:
        """Return the table of "not": each 0 made 1, each 1 made 0."""
        flipped = tuple(None if value is None else 1 - value for value in self.outputs)
        return TruthTable(flipped, self.names)

    def __str__(self) -> str:
        return self.text


def _misses(rows: int, lower: int) -> str:
    return f"{lower - rows} too few" if rows < 2 else f"{rows - lower} more than {lower}"


def _output(value: Any, row: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.strip() in OUTPUTS:
        return OUTPUTS[value.strip()]
    if isinstance(value, bool | np.bool_ | int | float | np.number) and value in (0, 1):
        return int(cast("Any", value))
    raise ArgumentError(f"output {row + 1} of the truth table must be {ALLOWED}; got {value!r:.60}")


def _read(source: Any, inputs: int | None) -> TruthTable:
    if isinstance(source, TruthTable):
        return source
    if isinstance(source, str) and is_table_text(source):
        return TruthTable(tuple(OUTPUTS[letter] for letter in source if letter not in " _"))
    if isinstance(source, str | os.PathLike):
        text = str(cast("Any", source))
        if isinstance(source, str) and not _looks_like_a_file(text):
            wrong = next((letter for letter in text if letter not in {*OUTPUTS, " ", "_"}), "")
            what = f"{text!r:.60} has {wrong!r} in it" if wrong else "the text is empty"
            raise ArgumentError(
                f"a truth table is a row of outputs, as 0001 for AND, each {ALLOWED}, or a CSV "
                f"file; {what}, and there is no such file"
            )
        from glassnet.rules.logic.reading import read_table

        return read_table(Path(text))
    if isinstance(source, Mapping):
        return _from_points(cast("Mapping[Any, Any]", source))
    if callable(source):
        return _from_function(source, inputs)
    try:
        entries = tuple(source)
    except TypeError:
        raise ArgumentError(
            "a truth table is text such as '0001', a sequence of 0 and 1, a dict of points, a "
            f"function or a CSV file; got {source!r:.60}"
        ) from None
    return TruthTable(entries)


def _looks_like_a_file(text: str) -> bool:
    return Path(text).suffix.lower() in (".csv", ".tsv", ".txt") or (
        0 < len(text) < 1000 and "\0" not in text and Path(text).exists()
    )


def _from_points(points: Mapping[Any, Any]) -> TruthTable:
    found: dict[tuple[int, ...], Any] = {}
    for point, output in points.items():
        single = isinstance(point, int | str)
        entries = cast("tuple[Any, ...]", (point,) if single else tuple(point))
        if not entries or any(entry not in (0, 1) for entry in entries):
            raise ArgumentError(f"a point is a tuple of 0 and 1, such as (0, 1); got {point!r:.60}")
        found[tuple(int(entry) for entry in entries)] = output
    lengths = sorted({len(point) for point in found})
    if len(lengths) != 1 or lengths[0] > MOST_INPUTS:
        raise ArgumentError(
            f"all points must have the same number of inputs, 1 to {MOST_INPUTS}; "
            f"got {', '.join(map(str, lengths)) or 'no point'}"
        )
    every = list(itertools.product((0, 1), repeat=lengths[0]))
    missing = [point for point in every if point not in found]
    if missing:
        raise ArgumentError(
            f"the output of point {missing[0]} is missing ({len(missing)} of {len(every)} in all); "
            "give None where it does not matter"
        )
    return TruthTable(tuple(found[point] for point in every))


def _from_function(function: Callable[..., Any], inputs: int | None) -> TruthTable:
    if inputs is None:
        raise ArgumentError("say how many inputs the function takes, as in inputs=2")
    return TruthTable(tuple(function(*p) for p in itertools.product((0, 1), repeat=inputs)))
