"""Layers, one file each. Those that go over time are loaded when they are first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glassnet.nn.layers.apply import Apply
from glassnet.nn.layers.batch_norm import BatchNorm
from glassnet.nn.layers.dense import Dense
from glassnet.nn.layers.dropout import Dropout
from glassnet.nn.layers.layer import Draws, Forward, Layer, OverTime, Parameter
from glassnet.unit import FAMILIES

if TYPE_CHECKING:
    from glassnet.nn.layers.average import Average
    from glassnet.nn.layers.bidirectional import Bidirectional
    from glassnet.nn.layers.embedding import Embedding
    from glassnet.nn.layers.gru import GRU
    from glassnet.nn.layers.lstm import LSTM
    from glassnet.nn.layers.mask import Mask
    from glassnet.nn.layers.over_time import RecurrentLayer
    from glassnet.nn.layers.recurrent import Cell, Recurrent, cell
    from glassnet.nn.layers.rnn import RNN

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Apply",
    "Average",
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

# To load them all takes as long as to train a small network.
_LATER = ("average", "bidirectional", "embedding", "gru", "lstm", "mask", "recurrent", "rnn")
_FILES = {"RecurrentLayer": "over_time", "Cell": "recurrent", "cell": "recurrent"}
FAMILIES["layer"].load_later({name: f"{__name__}.{name}" for name in _LATER})

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        file = _FILES.get(name, name.lower())
        if name not in __all__ or file not in (*_LATER, *_FILES.values()):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{file}"), name)
