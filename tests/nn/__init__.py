"""Conformance of activations, layers, losses and initialisers with oracles written apart."""
