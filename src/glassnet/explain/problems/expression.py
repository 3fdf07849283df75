"""Formulas of one's own as a computation: text such as "a = relu(w*x + b)" becomes a graph."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, GlassnetError, nearest
from glassnet.explain.conventions import Profile
from glassnet.explain.sheet import Sheet
from glassnet.explain.tensors import explain_tensor
from glassnet.graph import Tensor
from glassnet.graph.graph import topological_order
from glassnet.graph.tensor import Operand

__all__ = ["explain_formulas", "last_formula", "read_formulas"]


def _relu(x: Operand) -> Tensor:
    return ops.maximum(0.0, x)


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "relu": _relu,
    "tanh": ops.tanh,
    "sigmoid": ops.logistic,
    "logistic": ops.logistic,
    "σ": ops.logistic,
    "softplus": ops.softplus,
    "exp": ops.exp,
    "ln": ops.log,
    "log": ops.log,
    "sqrt": ops.sqrt,
    "sin": ops.sin,
    "cos": ops.cos,
    "abs": ops.absolute,
    "max": ops.maximum,
    "min": ops.minimum,
    "sum": ops.sum_,
    "mean": ops.mean,
}
TWO = ("max", "min")  # what is of two numbers; all others are of one
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.Pow: "pow",
}
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
MOST_LETTERS = 500
MOST_FORMULAS = 100
MOST_NUMBERS = 200  # of a list
DEEPEST = 40  # operations inside each other


def explain_formulas(
    title: str,
    expression: Mapping[str, Any],
    values: Mapping[str, Any],
    profile: Profile,
) -> Sheet:
    """Return the sheet of formulas: their values, and the derivatives of the last one.

    Args:
        title: What is worked out.
        expression: `formulas`, and `wrt` where not all that is given is of interest.
        values: What the formulas begin with.
        profile: The conventions.

    Raises:
        ArgumentError: A formula cannot be read, or a name in it is not known.
    """
    end, chosen = last_formula(expression, values)
    return explain_tensor(end, chosen, profile, title)


def last_formula(
    expression: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[Tensor, list[Tensor] | None]:
    """Return the last formula, and what its derivatives are with respect to; None for all given.

    Args:
        expression: `formulas`, and `wrt` where not all that is given is of interest.
        values: What the formulas begin with.

    Raises:
        ArgumentError: A formula cannot be read, or a name in it is not known.
    """
    known = read_formulas(expression["formulas"], values)
    wrt = expression.get("wrt")
    if wrt is None:
        chosen = None
    else:
        if not isinstance(wrt, list):
            raise ArgumentError('wrt must be a list of names, such as ["w", "b"]')
        chosen = [_find(str(name), known, "wrt") for name in cast("list[Any]", wrt)]
    return list(known.values())[-1], chosen


def read_formulas(formulas: Any, values: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return all quantities by name: those given, then those of the formulas.

    Args:
        formulas: Texts such as "v = w*x + b", each a name and what it is; a later one may use the
            names of those before it.
        values: Numbers, or lists of numbers, by name.

    Raises:
        ArgumentError: A formula cannot be read, or a name in it is not known.

    >>> found = read_formulas(["v = w*x + b", "a = relu(v)"], {"w": 2.0, "x": 3.0, "b": -1.0})
    >>> float(found["a"].value)
    5.0
    """
    if not isinstance(formulas, str | list) or not formulas:
        raise ArgumentError('formulas must be a list of texts, such as ["a = relu(w*x + b)"]')
    texts = [formulas] if isinstance(formulas, str) else cast("list[Any]", formulas)
    if len(texts) > MOST_FORMULAS:
        raise ArgumentError(f"there are {len(texts)} formulas; at most {MOST_FORMULAS} are read")
    known = {_name(name): _given(name, value) for name, value in values.items()}
    name = ""
    for text in texts:
        if not isinstance(text, str) or len(text) > MOST_LETTERS:
            raise ArgumentError(f"a formula is a text of at most {MOST_LETTERS} letters")
        name, equals, formula = text.partition("=")
        if not equals or not formula.strip():
            raise ArgumentError(f"formula {text!r}: write a name, = and what it is: a = w*x + b")
        name = _name(name.strip())
        if name in known:
            raise ArgumentError(f"formula {text!r}: {name} is there already; take another name")
        found = _read(formula.strip(), known)
        if not isinstance(found, Tensor) or not found.inputs or found.label.symbol:
            raise ArgumentError(f"formula {text!r}: there is nothing to be worked out")
        known[name] = found.named(_symbol(name))
    unused = set(known.values()) - set(topological_order([known[name]]))
    for other, tensor in known.items():
        if tensor in unused:
            raise ArgumentError(f"{other} has no part in the last formula, {name}; leave it out")
    return known


def _symbol(name: str) -> str:
    """Return a name with its number below: w1 is w₁."""
    letters = name.rstrip("0123456789")
    return letters + name[len(letters) :].translate(LOWERED)


def _name(name: str) -> str:
    if not name.isidentifier() or name in FUNCTIONS or len(name) > 20:
        raise ArgumentError(f"{name!r:.60} cannot be a name: take a letter, such as w or w1")
    return name


def _given(name: str, value: Any) -> Tensor:
    """Return a number or a list of numbers as a tensor with a name."""
    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be a number, or a list of numbers") from None
    if isinstance(value, str | bool) or found.ndim > 1 or not 0 < found.size <= MOST_NUMBERS:
        raise ArgumentError(
            f"{name} must be a number, or a list of at most {MOST_NUMBERS} numbers; got "
            f"{value!r:.60}"
        )
    if not np.isfinite(found).all():
        raise ArgumentError(f"{name} must be finite")
    return ops.tensor(found, _symbol(name))


def _find(name: str, known: Mapping[str, Tensor], where: str) -> Tensor:
    if name not in known:
        raise ArgumentError(
            f"{where}: there is no {name!r:.40}{nearest(name, known)}; known are {', '.join(known)}"
        )
    return known[name]


def _read(formula: str, known: Mapping[str, Tensor]) -> Any:
    """Return what a formula stands for; nothing of it is run as Python."""
    try:
        tree = ast.parse(formula.replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ArgumentError(
            f"formula {formula!r} cannot be read; write it as in Python: relu(w*x + b)"
        ) from None
    try:
        return _built(tree, known, formula, 0)
    except ArgumentError:
        raise
    except GlassnetError as error:
        raise ArgumentError(f"formula {formula!r}: {error}") from None


def _built(node: ast.expr, known: Mapping[str, Tensor], formula: str, depth: int) -> Any:
    def part(inner: ast.expr) -> Any:
        return _built(inner, known, formula, depth + 1)

    where = f"formula {formula!r}"
    if depth > DEEPEST:
        raise ArgumentError(f"{where} is too deep: give its parts names of their own")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.Name(id=name):
            return _find(name, known, where)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -part(inner)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
            try:
                return getattr(operator, OPERATORS[type(sign)])(part(left), part(right))
            except (ArithmeticError, TypeError):  # of plain numbers
                raise ArgumentError(f"{where}: {ast.unparse(node)} has no value") from None
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            if name not in FUNCTIONS:
                raise ArgumentError(
                    f"{where}: there is no function {name!r:.40}{nearest(name, FUNCTIONS)}; there "
                    f"are {', '.join(FUNCTIONS)}"
                )
            wanted = 2 if name in TWO else 1
            if len(arguments) != wanted:
                raise ArgumentError(f"{where}: {name} is of {wanted}; got {len(arguments)}")
            return FUNCTIONS[name](*map(part, arguments))
        case _:
            raise ArgumentError(
                f"{where}: {ast.unparse(node)!r:.40} is not understood; there are numbers, names, "
                "+ − * / **, brackets and functions such as relu(v)"
            )
