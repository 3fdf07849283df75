"""Classical rules: the neurons and the learning rules that came before back-propagation."""

from glassnet.rules import logic
from glassnet.rules.adaline import Adaline
from glassnet.rules.competitive import Competitive
from glassnet.rules.estimator import RULES, Estimator
from glassnet.rules.hebbian import Hebb
from glassnet.rules.least_mean_squares import LeastMeanSquares
from glassnet.rules.lvq import LVQ
from glassnet.rules.nearest import NearestNeighbours
from glassnet.rules.oja import Oja
from glassnet.rules.perceptron import Perceptron
from glassnet.rules.sanger import Sanger
from glassnet.rules.self_organising_map import SelfOrganisingMap
from glassnet.rules.stochastic import StochasticNeuron

__all__ = [
    "LVQ",
    "RULES",
    "Adaline",
    "Competitive",
    "Estimator",
    "Hebb",
    "LeastMeanSquares",
    "NearestNeighbours",
    "Oja",
    "Perceptron",
    "Sanger",
    "SelfOrganisingMap",
    "StochasticNeuron",
    "logic",
]
