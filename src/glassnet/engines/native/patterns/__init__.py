"""Steps with a kernel of their own: one file each, which declares the graph that it stands for."""
