"""The rules by which networks learn: optimisers, schedules and clipping."""

from glassnet.learning.adagrad import Adagrad
from glassnet.learning.adam import Adam
from glassnet.learning.adamw import AdamW
from glassnet.learning.adaptive_gain import AdaptiveGain
from glassnet.learning.clipping import clip_by_norm, clip_by_value, global_norm
from glassnet.learning.cosine import Cosine
from glassnet.learning.exponential import Exponential
from glassnet.learning.gradient_descent import GradientDescent
from glassnet.learning.momentum import Momentum
from glassnet.learning.nesterov import Nesterov
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.plateau import ReduceOnPlateau
from glassnet.learning.rmsprop import RMSProp
from glassnet.learning.schedule import Constant, Schedule
from glassnet.learning.step import StepDecay
from glassnet.learning.warmup import WarmUp

__all__ = [
    "Adagrad",
    "Adam",
    "AdamW",
    "AdaptiveGain",
    "Constant",
    "Cosine",
    "Exponential",
    "GradientDescent",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
    "WarmUp",
    "clip_by_norm",
    "clip_by_value",
    "global_norm",
]
