"""Layers, activations, initialisers and losses: short formulas made of ops."""

from glassnet.nn.activations import Activation
from glassnet.nn.initializers import Initializer
from glassnet.nn.layers import Layer
from glassnet.nn.losses import Loss
from glassnet.nn.stack import Stack, parse_layers

__all__ = ["Activation", "Initializer", "Layer", "Loss", "Stack", "parse_layers"]
