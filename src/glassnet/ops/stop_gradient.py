"""A value that is used as a constant: no gradient passes."""

from __future__ import annotations

from glassnet.graph.operation import Case, Domain, Explanation, Kink, Movement, Op, Samples, Worked
from glassnet.graph.tensor import OPERATORS, Operand, Tensor, apply
from glassnet.ops.declare import as_tensor

__all__ = ["stop_gradient"]

STOP_GRADIENT = Op(
    name="stop_gradient",
    infer=lambda x: x,
    evaluate=lambda x: x,
    pullback=lambda _g, _y, _x: (None,),
    native=Movement("alias"),
    jax=lambda jnp, x: __import__("jax").lax.stop_gradient(x),
    explain=Explanation("{0}", "The same number; derivatives take it as a constant.", ("0",)),
    samples=lambda: Samples(
        (Case((Domain(()),)), Case((Domain((2, 3)),))),
        Worked(([1.5],), [1.5]),
        (Kink(([1.5],), ([0.0],)),),
    ),
)


def stop_gradient(x: Operand) -> Tensor:
    """Return x, taken as a constant by every derivative."""
    return apply(STOP_GRADIENT, as_tensor(x))


OPERATORS["stop_gradient"] = stop_gradient
