"""The graph: nodes, tracing, verification, differentiation."""
