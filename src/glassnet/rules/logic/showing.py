"""How threshold neurons are written: their formula, and tables as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["listed", "number", "point_text", "sum_of", "text_table"]

SUBSCRIPTS = set("₀₁₂₃₄₅₆₇₈₉")


def number(value: int) -> str:
    """Return a whole number with a true minus sign.

    >>> number(-2)
    '−2'
    """
    return str(value).replace("-", "−")


def sum_of(weights: Sequence[int], names: Sequence[str]) -> str:
    """Return a weighted sum as a person writes it.

    >>> print(sum_of((2, -1, 0), ("x₁", "x₂", "x₃")), sum_of((0, 0), ("x₁", "x₂")), sep=" or ")
    2x₁ − x₂ or 0
    >>> print(sum_of((-1, 3), ("rain", "wind")))
    −rain + 3·wind
    """
    text = ""
    for weight, name in zip(weights, names, strict=True):
        if weight == 0:
            continue
        mark = "" if set(name[1:]) <= SUBSCRIPTS and name[1:] else "·"
        term = name if abs(weight) == 1 else f"{abs(weight)}{mark}{name}"
        if not text:
            text = f"−{term}" if weight < 0 else term
        else:
            text += f" − {term}" if weight < 0 else f" + {term}"
    return text or "0"


def point_text(point: Sequence[int]) -> str:
    """Return a point as a person writes it.

    >>> point_text((-1, 1))
    '(−1, 1)'
    """
    return f"({', '.join(number(int(entry)) for entry in point)})"


def listed(words: Sequence[str]) -> str:
    """Return words in a row as in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as lines of text, its cells aligned on the right.

    >>> print(text_table(["x₁", "v"], [["0", "−1"], ["1", "0"]]))
    x₁   v
     0  −1
     1   0
    """
    every = [head, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in every
    )
