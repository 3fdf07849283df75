"""One file for each kind of training that `glassnet train` does."""
