"""How an operation is written in a small space: its sign, and its formula with operands put in.

All is read from the form in the op's record (`{0} + {1}`, `max({0}, {1})`, `tanh {0}`): operands
that are arrows in the picture leave the form, numbers that are part of the operation stay in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from glassnet.explain.numbers import short
from glassnet.graph import Tensor

__all__ = ["derivative", "formula", "sign"]

HOLE = "\0"  # where an arrow enters
LONGEST, LONGEST_FORMULA = 15, 18
# Signs between numbers whose order does not matter: they need no operands beside them.
ORDER_FREE = frozenset({"+", "·", "=", "is", "≠", "max", "min"})
RAISED = str.maketrans("0123456789−.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")


def sign(node: Tensor, fixed: Mapping[int, str], operands: Mapping[int, str]) -> tuple[str, bool]:
    """Return the sign of an operation, and whether its arrows must be read in order.

    Where the order of operands matters the sign holds them: `x − y`, `W x`. If they have no names,
    or if there is no room, the order of the arrows must tell.

    Args:
        node: The operation, applied.
        fixed: The inputs that are no arrows but plain numbers, written out, by position.
        operands: What can be written for the other inputs: names, or single numbers.

    >>> import glassnet as gn
    >>> x, y = gn.tensor([2.0], "x"), gn.tensor([3.0], "y")
    >>> sign(x + y, {}, {}), sign(x - y, {}, {0: "x", 1: "y"}), sign(x - y, {}, {})
    (('+', False), ('x − y', False), ('−', True))
    >>> sign(gn.maximum(0.0, x), {0: "0"}, {})
    ('max(0, ·)', False)
    """
    bare = _bare(node, fixed)
    free = [position for position in range(len(node.inputs)) if position not in fixed]
    if len(free) < 2 or bare in ORDER_FREE:
        return bare, False
    form = node.op.explain.form
    if all(position in operands and f"{{{position}}}" in form for position in free):
        written = formula(node, {**operands, **fixed})
        if len(written) <= LONGEST_FORMULA:
            return written, False
    return bare, True


def formula(node: Tensor, operands: Mapping[int, str]) -> str:
    """Return the form of an operation with its operands put in; `·` for those that have no text."""
    texts = [operands.get(position, "·") for position in range(len(node.inputs))]
    return _raised(_fill(node.op.explain.form, node, texts))


def derivative(node: Tensor, position: int, operands: Mapping[int, str], result: str) -> str:
    """Return the record's formula of a local derivative with operands put in; "" if it has none."""
    formulas = node.op.explain.derivatives
    if position >= len(formulas):
        return ""
    texts = [operands.get(index, "·") for index in range(len(node.inputs))]
    return _raised(_fill(formulas[position], node, texts, result))


def _fill(form: str, node: Tensor, texts: list[str], result: str = "") -> str:
    def put_in(found: re.Match[str]) -> str:
        name = found[1]
        if name == "y":
            text = result
        elif name.isdigit():
            text = texts[int(name)]
        else:
            setting = node.attributes[name]
            text = short(setting) if isinstance(setting, int | float) else str(setting)
        # A negative number beside a sign stands in brackets, as one writes 1 − (−2).
        before, after = form[: found.start()].rstrip(), form[found.end() :][:1]
        beside = (before and before[-1] not in "([,|⌊") or after in ("^", "²")
        written = f"({text})" if text.startswith("−") and beside else text
        # 2x with 0.5 put in is 2 · 0.5.
        joined = form[: found.start()][-1:].isdigit() and not text[:1].isalpha()
        return f" · {written}" if joined else written

    return re.sub(r"\{(\w+)\}", put_in, form)


def _bare(node: Tensor, fixed: Mapping[int, str]) -> str:
    texts = [fixed.get(position, HOLE) for position in range(len(node.inputs))]
    text = _fill(node.op.explain.form, node, texts)
    function = re.fullmatch(rf"(\w+)\({HOLE}(?:, {HOLE})*\)", text)
    if function:
        return function[1]
    text = re.sub(rf"(?<=[0-9a-z])\^{HOLE}", "ˣ", text)
    inner = text.strip(f"{HOLE} ")
    if text.startswith(HOLE) and re.match(r"\^.|[²³]", inner):
        inner = f"(·){inner}"
    elif HOLE in inner or (text.startswith(HOLE) and inner[:1] in {"ᵀ", "["}):
        inner = text
    inner = _raised(inner.replace(HOLE, "·"))
    return inner if 0 < len(inner) <= LONGEST else node.op.name


def _raised(text: str) -> str:
    return re.sub(r"\^(−?\d+)(?![\d.])", lambda found: found[1].translate(RAISED), text)
