"""Training: the loop, its history, model files."""

from glassnet.training.fit import fit
from glassnet.training.history import History
from glassnet.training.many import fit_many
from glassnet.training.model_file import load
from glassnet.training.network import Network
from glassnet.training.run import Run
from glassnet.training.runs import Runs

__all__ = ["History", "Network", "Run", "Runs", "fit", "fit_many", "load"]
