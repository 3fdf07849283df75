"""For each loss, the same function of local field and target written apart in JAX, and PyTorch's.

A registered loss that is not in this table fails the suite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nn.activation_oracles import ACTIVATIONS, jax, jnp


@dataclass(frozen=True)
class LossOracle:
    """What is known of a loss, for one kind of output.

    Args:
        function: (v, target) → the loss of each example, in JAX.
        activation: The last neurons, as text.
        targets: "values" (any numbers), "shares" (0 … 1), "rows" (shares that add up to 1).
        torch: (torch, v, target) → the loss of each example, in PyTorch.
    """

    function: Callable[[Any, Any], Any]
    activation: str
    targets: str
    torch: Callable[[Any, Any, Any], Any] | None = None


def _neuron(name: str) -> Callable[[Any], Any]:
    return ACTIVATIONS[name][0].function


def _half(name: str) -> Callable[[Any, Any], Any]:
    psi = _neuron(name)
    return lambda v, t: jnp.einsum("nk,nk->n", t - psi(v), t - psi(v)) / 2.0


def _mse(name: str) -> Callable[[Any, Any], Any]:
    psi = _neuron(name)
    return lambda v, t: jnp.mean(jnp.square(psi(v) - t), axis=1)


def _binary(scale: float) -> Callable[[Any, Any], Any]:
    """−t log σ(z) − (1 − t) log σ(−z): both logarithms by `log_sigmoid`, no digit is lost."""

    def loss(v: Any, t: Any) -> Any:
        z = scale * v
        yes, no = jax.nn.log_sigmoid(z), jax.nn.log_sigmoid(-z)
        return jnp.mean(-t * yes - (1.0 - t) * no, axis=1)

    return loss


def _cross_entropy(v: Any, t: Any) -> Any:
    """Σ_k t_k (log Σ_j e^(v_j) − v_k)."""
    return (t * (jax.scipy.special.logsumexp(v, axis=1, keepdims=True) - v)).sum(1)


def _torch_half(torch: Any, v: Any, t: Any) -> Any:
    return torch.nn.functional.mse_loss(v, t, reduction="none").sum(1) * 0.5


def _torch_mse(torch: Any, v: Any, t: Any) -> Any:
    return torch.nn.functional.mse_loss(torch.tanh(v), t, reduction="none").mean(1)


def _torch_binary(torch: Any, v: Any, t: Any) -> Any:
    loss = torch.nn.functional.binary_cross_entropy_with_logits(v, t, reduction="none")
    return loss.mean(1)


def _torch_cross_entropy(torch: Any, v: Any, t: Any) -> Any:
    return torch.nn.functional.cross_entropy(v, t, reduction="none")


LOSSES: dict[str, tuple[LossOracle, ...]] = {
    "half_squared_error": (
        LossOracle(_half("linear"), "linear", "values", _torch_half),
        LossOracle(_half("logistic"), "logistic", "shares"),
        LossOracle(_half("softmax"), "softmax", "rows"),
    ),
    "mse": (
        LossOracle(_mse("tanh"), "tanh", "values", _torch_mse),
        LossOracle(_mse("linear"), "linear", "values"),
        LossOracle(_mse("softmax"), "softmax", "rows"),
    ),
    "binary_cross_entropy": (
        LossOracle(_binary(1.0), "logistic", "shares", _torch_binary),
        LossOracle(_binary(2.5), "logistic slope=2.5", "shares"),
    ),
    "cross_entropy": (LossOracle(_cross_entropy, "softmax", "rows", _torch_cross_entropy),),
}
