"""Classical rules: the neurons and the learning rules that came before back-propagation."""

from glassnet.rules.estimator import RULES, Estimator
from glassnet.rules.perceptron import Perceptron

__all__ = ["RULES", "Estimator", "Perceptron"]
