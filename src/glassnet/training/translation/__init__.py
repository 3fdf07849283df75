"""Encoder and decoder: from one sequence (or picture) to another sequence (K2, K3)."""

from glassnet.training.translation.beam import Beam, Hypothesis
from glassnet.training.translation.fit import fit_pairs
from glassnet.training.translation.model import EncoderDecoder
from glassnet.training.translation.recipes import spelling_network, translation_network

__all__ = [
    "Beam",
    "EncoderDecoder",
    "Hypothesis",
    "fit_pairs",
    "spelling_network",
    "translation_network",
]
