"""Passes from graph to graph, and from graph to groups and memory: pure functions."""
