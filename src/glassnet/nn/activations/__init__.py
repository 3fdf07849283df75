"""Activation functions, one file for each family."""

from glassnet.nn.activations.activation import Activation
from glassnet.nn.activations.linear import Linear, PiecewiseLinear
from glassnet.nn.activations.rectifier import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Softplus,
    elu,
    gelu,
    leaky_relu,
    relu,
)
from glassnet.nn.activations.sigmoid import (
    BipolarLogistic,
    Logistic,
    Softsign,
    Tanh,
    bipolar_logistic,
    softsign,
)
from glassnet.nn.activations.softmax import Softmax, log_softmax, softmax
from glassnet.nn.activations.step import Signum, Threshold, signum, threshold

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "BipolarLogistic",
    "LeakyReLU",
    "Linear",
    "Logistic",
    "PiecewiseLinear",
    "ReLU",
    "Signum",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "Threshold",
    "bipolar_logistic",
    "elu",
    "gelu",
    "leaky_relu",
    "log_softmax",
    "relu",
    "signum",
    "softmax",
    "softsign",
    "threshold",
]
