"""Losses, one file for each family."""

from glassnet.nn.losses.cross_entropy import BinaryCrossEntropy, CrossEntropy
from glassnet.nn.losses.loss import Loss, Output
from glassnet.nn.losses.squared_error import HalfSquaredError, MeanSquaredError

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "HalfSquaredError",
    "Loss",
    "MeanSquaredError",
    "Output",
]
