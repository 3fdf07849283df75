"""The loop, its history, model files, targets: against plain NumPy, PyTorch and scikit-learn."""
