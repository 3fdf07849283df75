"""Derivations in symbols only: how ∂E/∂w comes about through the chain rule."""

from glassnet.explain.derivations.chapter import Derivation
from glassnet.explain.derivations.deriving import derivation_of, derive_problem, downhill

__all__ = ["Derivation", "derivation_of", "derive_problem", "downhill"]
