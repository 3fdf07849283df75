"""Training: the loop, its history, model files."""

from glassnet.training.fit import fit
from glassnet.training.history import History
from glassnet.training.model_file import load
from glassnet.training.network import Network
from glassnet.training.run import Run

__all__ = ["History", "Network", "Run", "fit", "load"]
