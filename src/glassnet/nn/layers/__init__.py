"""Layers, one file each."""

from glassnet.nn.layers.apply import Apply
from glassnet.nn.layers.batch_norm import BatchNorm
from glassnet.nn.layers.dense import Dense
from glassnet.nn.layers.dropout import Dropout
from glassnet.nn.layers.layer import Draws, Forward, Layer, Parameter

__all__ = ["Apply", "BatchNorm", "Dense", "Draws", "Dropout", "Forward", "Layer", "Parameter"]
