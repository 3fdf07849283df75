# pyright: basic, reportMissingImports=false
"""The digits, 64-32-10 tanh, batches of 32, 40 epochs, in JAX."""

import sys


def main(path: str) -> None:
    """Train on the file's training part, print the accuracy on its test part."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    data = np.load(path)
    x, test_x = (
        data[f"{part}_pixels"].reshape(-1, 64).astype(np.float32) / 16 for part in ("train", "test")
    )
    y = data["train_labels"].astype(np.int32)
    random = np.random.default_rng(0)
    weights = [
        jnp.asarray(random.normal(size=(64, 32)) / 8, jnp.float32),
        jnp.zeros(32),
        jnp.asarray(random.normal(size=(32, 10)) / 6, jnp.float32),
        jnp.zeros(10),
    ]
    order = np.stack([random.permutation(len(x))[: len(x) // 32 * 32] for _ in range(40)])

    def outputs(w, x):
        return jnp.tanh(x @ w[0] + w[1]) @ w[2] + w[3]

    def loss(w, x, y):
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs(w, x)), y[:, None], 1))

    def train(w, x, y, order):
        def step(carry, batch):
            w, change = carry
            gradient = jax.grad(loss)(w, x[batch], y[batch])
            change = [0.9 * v + g for v, g in zip(change, gradient, strict=True)]
            return ([p - 0.05 * v for p, v in zip(w, change, strict=True)], change), None

        return jax.lax.scan(step, (w, [p * 0 for p in w]), order)[0][0]

    weights = jax.jit(train)(weights, x, y, order.reshape(-1, 32))
    print(float((outputs(weights, test_x).argmax(1) == data["test_labels"]).mean()))


if __name__ == "__main__":
    main(sys.argv[1])
