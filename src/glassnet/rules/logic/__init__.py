"""Logic by threshold neurons (A8): a neuron or a network for a truth table, or the proof of none.

>>> import glassnet.rules.logic as logic
>>> logic.neuron("0111").formula
'y = 1 if x₁ + x₂ ≥ 1'
"""

from glassnet.rules.logic.certificate import Certificate, find_certificate
from glassnet.rules.logic.finding import neuron
from glassnet.rules.logic.table import TruthTable
from glassnet.rules.logic.threshold_neuron import ThresholdNeuron
from glassnet.rules.logic.two_layers import LogicNetwork, network

__all__ = [
    "Certificate",
    "LogicNetwork",
    "ThresholdNeuron",
    "TruthTable",
    "find_certificate",
    "network",
    "neuron",
]
