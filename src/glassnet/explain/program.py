"""The program that the native engine runs for a network, listed instruction by instruction."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import numpy as np

from glassnet.engines.native import Unsupported
from glassnet.engines.native.entries import Fact, Listing
from glassnet.engines.native.listing import list_plan
from glassnet.engines.native.lowering import lower
from glassnet.engines.native.patterns.linear_neuron import recognise
from glassnet.errors import ArgumentError, GlassnetError
from glassnet.graph import Graph
from glassnet.learning.backpropagation import Recipe, answer_graph, training_graph
from glassnet.learning.optimizer import Optimizer
from glassnet.nn.losses import Loss
from glassnet.nn.stack import Stack
from glassnet.training import Network
from glassnet.training.loop import DEFAULT_OPTIMIZER
from glassnet.training.targets import Targets, choose_loss
from glassnet.unit import check_choice, check_whole

__all__ = ["program"]

DEFAULT_BATCH = 32
LARGEST_BATCH = 2**31 - 1
KINDS = ("training", "prediction")
UnitT = TypeVar("UnitT", Loss, Optimizer)


def program(
    net: Network,
    batch_size: int | None = None,
    *,
    what: str = "training",
    loss: str | Loss | None = None,
    optimizer: str | Optimizer | None = None,
) -> Listing:
    """Return the program that the native engine runs for one batch, to be read.

    What is not given is taken from the network's last training, else from the defaults of `fit`;
    `.facts` says which. Examples have no weights.

    Args:
        net: The network; it must know its number of inputs.
        batch_size: How many examples a batch has (32 where nothing is known).
        what: "training", a whole step with its update, or "prediction".
        loss: By name or as an object.
        optimizer: By name with settings or as an object.

    Returns:
        The listing: `.instructions` with their formulas, `.flops`, `.bytes`, `.arena_bytes`; it is
        a table when printed and in a notebook.

    Raises:
        ArgumentError: A setting is not allowed, or the native engine has no instruction for the
            network.
        PairingError, NotDifferentiableError: The loss does not fit; neurons that cannot be trained.

    >>> import glassnet as gn
    >>> listing = gn.program(gn.Network([gn.Dense(3, "tanh")], inputs=4), 10, what="prediction")
    >>> listing.instructions[0].formulas, listing.instructions[0].flops
    (('output.v = x @ output.wᵀ + output.b',), 240)
    """
    check_choice("what", what, KINDS)
    if batch_size is not None:
        check_whole("batch_size", batch_size, high=LARGEST_BATCH)
    settings = _Settings(net)
    size, of_size = settings.batch_size(batch_size)
    facts: list[Fact] = [
        ("program", what, ""),
        ("numbers", str(net.dtype), ""),
        ("batch size", size, of_size),
    ]
    if what == "prediction":
        graph = answer_graph(net.stack, size, net.dtype)
    else:
        if net.statistics and size < 2:
            raise ArgumentError(
                "batch normalisation needs batches of at least 2 examples; give batch_size"
            )
        recipe = settings.recipe(loss, optimizer)
        facts += settings.facts
        graph = training_graph(recipe, size)
    if what == "training" and size == 1 and recognise(graph) is not None:
        facts.append(("kernel", "linear neuron", "it does the work of these instructions"))
    return dataclasses.replace(_listed(graph), facts=tuple(facts))


def _listed(graph: Graph) -> Listing:
    try:
        return list_plan(lower(graph))
    except Unsupported as reason:
        raise ArgumentError(
            f"the native engine has no program for this network: {reason}; "
            "the reference engine runs it, node by node"
        ) from None


class _Settings:
    """The settings of a step: given, stored with the network (never trusted), or the defaults."""

    def __init__(self, net: Network) -> None:
        self.net, self.stored = net, net.training
        self.facts: list[Fact] = []

    def batch_size(self, given: int | None) -> tuple[int, str]:
        """Return how many examples a batch has, and who says so."""
        stored = self.stored.get("batch_size")
        if given is not None:
            return given, "as asked for"
        if type(stored) is int and 1 <= stored <= LARGEST_BATCH:
            return stored, "as in its training"
        return DEFAULT_BATCH, "the default"

    def recipe(self, loss: str | Loss | None, optimizer: str | Optimizer | None) -> Recipe:
        """Return what a step computes, and note for each setting where it comes from."""
        net = self.net
        classes = _has_classes(net)
        chosen, of_loss = self._choice("loss", loss, Loss)
        rule, of_rule = self._choice("optimizer", optimizer, Optimizer)
        found = Recipe(
            net.stack,
            choose_loss(chosen, net.stack, _example(net.stack, classes)),
            rule or Optimizer.of(DEFAULT_OPTIMIZER),
            net.dtype,
            class_targets=classes,
            clip_norm=self._number("clip_norm"),
            clip_value=self._number("clip_value"),
            l1=self._number("l1") or 0.0,
            l2=self._number("l2") or 0.0,
        )
        self.facts += [
            ("loss", str(found.loss), of_loss),
            ("optimiser", str(found.optimizer), of_rule),
        ]
        amounts = {key: getattr(found, key) for key in ("l1", "l2", "clip_norm", "clip_value")}
        self.facts += [
            (k, f"{value:g}", "as in its training") for k, value in amounts.items() if value
        ]
        return found

    def _choice(
        self, key: str, given: str | UnitT | None, family: type[UnitT]
    ) -> tuple[UnitT | None, str]:
        if given is not None:
            return family.of(given), "as asked for"
        stored: Any = self.stored.get(key)
        if isinstance(stored, str):
            try:
                return family.of(stored), "as in its training"
            except GlassnetError:  # a unit of a later version, or of the user's own
                return None, f"the default: {stored!r:.40} of its training is not known here"
        return None, "the default"

    def _number(self, key: str) -> float | None:
        value: Any = self.stored.get(key)
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if plain and 0 < value < float("inf") else None


def _has_classes(net: Network) -> bool:
    """Return whether the targets are class numbers: of untrained networks, as outputs suggest."""
    if net.task is not None:
        return net.task == "classification"
    activation = net.stack.activation.name
    return activation == "softmax" or (activation == "logistic" and net.stack.units == 1)


def _example(stack: Stack, classes: bool) -> Targets:
    """Return a target that the outputs can reach, for choosing the loss."""
    if classes:
        names = tuple(range(max(stack.units, 2)))
        return Targets(np.zeros(1, np.int64), names, "classification")
    value = np.clip(0.0, *stack.activation.range)
    return Targets(np.full((1, stack.units), value), None, "regression")
