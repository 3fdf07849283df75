"""Layers, one file each."""

from glassnet.nn.layers.apply import Apply
from glassnet.nn.layers.batch_norm import BatchNorm
from glassnet.nn.layers.bidirectional import Bidirectional
from glassnet.nn.layers.dense import Dense
from glassnet.nn.layers.dropout import Dropout
from glassnet.nn.layers.embedding import Embedding
from glassnet.nn.layers.gru import GRU
from glassnet.nn.layers.layer import Draws, Forward, Layer, Parameter
from glassnet.nn.layers.lstm import LSTM
from glassnet.nn.layers.mask import Mask
from glassnet.nn.layers.over_time import OverTime, RecurrentLayer
from glassnet.nn.layers.recurrent import Cell, Recurrent, cell
from glassnet.nn.layers.rnn import RNN

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Apply",
    "BatchNorm",
    "Bidirectional",
    "Cell",
    "Dense",
    "Draws",
    "Dropout",
    "Embedding",
    "Forward",
    "Layer",
    "Mask",
    "OverTime",
    "Parameter",
    "Recurrent",
    "RecurrentLayer",
    "cell",
]
