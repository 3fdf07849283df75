"""What a trained network is asked about where nobody gives it a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.explain.time.recurrence import choose_layer
from glassnet.explain.time.sequence import network_of, task_of
from glassnet.graph.types import Array
from glassnet.nn.layers import Embedding
from glassnet.ops.philox import normal, uniform
from glassnet.training import Network
from glassnet.unit import check_whole

__all__ = ["material"]

STREAM = 1 << 20


def material(
    net: Network, *, text: str | None = None, steps: int | None = None, seed: int = 1
) -> tuple[Any, str]:
    """Return a sequence for a network, and in a few words what it is.

    Args:
        net: The network.
        text: A text that it is to read; of a network that reads none, it is an error later on.
        steps: How long a sequence is to be made; as long as those of the training if not given.
        seed: Where it is drawn from.

    Raises:
        ArgumentError: It reads texts, and none is given; or a text and a number of steps.
    """
    choose_layer(network_of(net).stack, None)  # says so where there is none
    if text is not None:
        if steps is not None:
            raise ArgumentError("a text is as long as it is: leave out steps, or the text")
        return text, f"the text {text[:40]!r}{'…' if len(text) > 40 else ''}"
    if net.text is not None:
        raise ArgumentError('this network reads texts: give it one, as in --text "a good film"')
    if steps is not None:
        check_whole("steps", steps)
    check_whole("seed", seed, low=0)
    time = steps or net.stack.inputs[0]
    task = task_of(net)
    if task == "adding":
        from glassnet.data.generated.adding import adding

        return adding(1, time, seed=seed)[0][0], f"a sequence of {task}, {time} steps, seed {seed}"
    if task == "brackets":
        from glassnet.data.generated.brackets import brackets

        made = brackets(1, time, seed=seed)[0][0]
        return made, f"a sequence of {task}, {time} steps, seed {seed}"
    return _random(net, time, seed), f"random numbers, {time} steps, seed {seed}"


def _random(net: Network, time: int, seed: int) -> Array:
    """Return standard normal numbers, or random symbols where an embedding reads them."""
    shape = (time, *net.stack.inputs[1:])
    for layer in net.stack.layers:
        if isinstance(layer, Embedding):
            return np.floor(uniform(shape, seed, stream=STREAM) * layer.vocabulary)
        if not layer.masks:
            break
    return normal(shape, seed, stream=STREAM)
