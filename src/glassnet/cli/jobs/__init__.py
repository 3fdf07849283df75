"""Kinds of training that `glassnet train` does, one file each."""
