# pyright: basic, reportMissingImports=false, reportArgumentType=false
"""The digits, 64-32-10 tanh, batches of 32, 40 epochs, in scikit-learn."""

import sys
import warnings


def main(path: str) -> None:
    """Train on the file's training part, print the accuracy on its test part."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")  # that it has not converged is no news
    data = np.load(path)
    x, test_x = (
        data[f"{part}_pixels"].reshape(-1, 64).astype(np.float32) / 16 for part in ("train", "test")
    )
    net = MLPClassifier(
        (32,),
        activation="tanh",
        solver="sgd",
        alpha=0,
        batch_size=32,
        learning_rate_init=0.05,
        momentum=0.9,
        nesterovs_momentum=False,
        max_iter=40,
        tol=0,
        n_iter_no_change=99,
        random_state=0,
    )
    net.fit(x, data["train_labels"])
    print(net.score(test_x, data["test_labels"]))


if __name__ == "__main__":
    main(sys.argv[1])
