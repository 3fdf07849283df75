"""The gradient's path through time: how much of a state's change reaches a later state (K5, K6)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.explain.conventions import Profile
from glassnet.explain.html import html_fragment
from glassnet.explain.parts import Page
from glassnet.explain.text import render_text
from glassnet.explain.time.drawing import save_svg
from glassnet.explain.time.jacobians import check_size, products, spectral_norm, step_jacobians
from glassnet.explain.time.recurrence import (
    Steps,
    Traced,
    check_finite,
    choose_layer,
    described,
    recurrent_layers,
)
from glassnet.explain.time.sequence import example_of, network_of
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.training import Network, Run
from glassnet.unit import check_whole

__all__ = ["WHOLE", "GradientThroughTime", "gradient_through_time"]

WHOLE = "state"  # what the whole state is called, where it has several parts


@dataclass(frozen=True, repr=False)
class GradientThroughTime:
    """How much of a change of an earlier state reaches the state at step t, for each lag t − k.

    Attributes:
        layer: The layer's name.
        about: What the layer is.
        sizes: The parts of its state, and how many numbers each has: {"h": 8, "c": 8}.
        step: t, counted from 1.
        places: k for each lag from 0: t, t − 1, …, down to 0, the state before the first step.
        jacobians: ∂state(i)/∂state(i−1) for i = t, t − 1, …, of shape (lags, state, state); the
            parts stand in the order of `sizes`.
        norms: For each lag the spectral norm of ∂h(t)/∂h(k), of the same for each other part, and
            under "state" of the whole, where there are several parts; each of shape (lags + 1,).
        symbols: What stands for each step of the sequence.
    """

    layer: str
    about: str
    sizes: Mapping[str, int]
    step: int
    places: tuple[int, ...]
    jacobians: Array
    norms: Mapping[str, Array]
    symbols: tuple[str, ...] = ()

    @property
    def lags(self) -> int:
        """The largest lag."""
        return len(self.jacobians)

    @cached_property
    def bounds(self) -> Array:
        """The product of the norms of the Jacobians, which no norm exceeds; (lags + 1,)."""
        with np.errstate(over="ignore", under="ignore"):
            return np.concatenate([[1.0], np.cumprod(self.factors)])

    @cached_property
    def factors(self) -> Array:
        """The spectral norm of each Jacobian, ‖J(t)‖, ‖J(t−1)‖, …, of shape (lags,)."""
        return spectral_norm(self.jacobians)

    def jacobian(self, lag: int) -> Array:
        """Return ∂state(t)/∂state(k) for a lag t − k, the product of so many Jacobians.

        Raises:
            ArgumentError: The lag is not between 0 and the largest.
        """
        check_whole("lag", lag, low=0)
        if lag > self.lags:
            raise ArgumentError(f"lag must be {self.lags} at most; got {lag}")
        matrices, exponents = products(self.jacobians[:lag])
        return np.ldexp(matrices[lag], exponents[lag])

    @property
    def title(self) -> str:
        """What is measured."""
        return f"The gradient's path through time: {self.layer} ({self.about})"

    def page(self, profile: Profile) -> Page:
        """Return what is shown: the table by lag, and small products of Jacobians in numbers."""
        from glassnet.explain.time.gradient_page import gradient_page

        return gradient_page(self, profile)

    def __str__(self) -> str:
        return render_text(self.page(Profile("notes")))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_fragment(self.title, [self.page(Profile("notes"))])

    def svg(self) -> str:
        """Return the norms against the lag as a picture."""
        from glassnet.explain.time.gradient_page import norms_svg

        return norms_svg(self)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw the norms against the lag, on a logarithmic axis, to an SVG file.

        Raises:
            ArgumentError: The file's name does not end in .svg.
            OutputError: The file cannot be written.
        """
        save_svg(path, self.svg())

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data: for each lag k, the norms, and the factor that came last.

        A norm outside the range of numbers is None.
        """
        rows: list[dict[str, Any]] = []
        for lag, place in enumerate(self.places):
            norms = {key: _finite(values[lag]) for key, values in self.norms.items()}
            factor = _finite(self.factors[lag - 1]) if lag else None
            rows.append({"lag": lag, "k": place, "jacobian_norm": factor, "norms": norms})
        return {
            "layer": self.layer,
            "about": self.about,
            "state": dict(self.sizes),
            "step": self.step,
            "norm": "spectral",
            "lags": rows,
        }

    to_json = to_dict


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def gradient_through_time(
    net: Network | Run,
    x: Any,
    *,
    layer: str | None = None,
    step: int | None = None,
    lags: int | None = None,
) -> GradientThroughTime:
    """Measure ‖∂h(t)/∂h(k)‖ for each lag t − k: how far back a recurrent layer can learn.

    By the chain rule ∂h(t)/∂h(k) = J(t) J(t−1) … J(k+1), with the Jacobians J(i) = ∂h(i)/∂h(i−1).
    They are taken from the graph of the step and worked out in float64, for any cell. The spectral
    norm is the factor by which a small change of h(k) changes h(t) at most. Where the state has
    several parts, as h and c of an LSTM, the product is of the Jacobians of the whole state, and
    ∂h(t)/∂h(k) is its block: what reaches h(t) through c counts.

    Args:
        net: A network with a recurrent layer.
        x: One sequence, of shape (time, features), of any length; or a text, where the network
            reads texts.
        layer: The layer's name, such as "lstm2"; the first recurrent one if not given. Of a layer
            that goes both ways "bidirectional1.backward", or the forward one.
        step: t, counted from 1; the last step that the layer makes if not given.
        lags: How many steps to go back; to the state before the first step if not given.

    Raises:
        ArgumentError: The network has no recurrent layer, or none of that name; a step that is not
            there; a text for a network that reads none.
        DataError, ShapeError: The sequence does not fit.
        NonFiniteError: A weight or a state is not finite.

    Source: lecture notes, back-propagation through time (K5, K6); Bengio, Simard & Frasconi,
    Learning long-term dependencies with gradient descent is difficult, IEEE Transactions on Neural
    Networks 5 (1994); Pascanu, Mikolov & Bengio, On the difficulty of training recurrent neural
    networks (2013).

    >>> import glassnet as gn
    >>> net = gn.Network([gn.RNN(1, "linear"), gn.Dense(1)], inputs=(4, 1))
    >>> net.parameters["rnn1.u"][:] = 0.5
    >>> gn.gradient_through_time(net, [[1.0], [0.0], [0.0], [0.0]]).norms["h"]
    array([1.    , 0.5   , 0.25  , 0.125 , 0.0625])
    """
    known = network_of(net)
    name = choose_layer(known.stack, layer)
    example = example_of(known, x)
    sizes = recurrent_layers(known.stack)[name].state_sizes()
    made = Traced(example.net, 1).steps(name, tuple(sizes), example.rows)
    check_finite(made, name)
    there = [int(place) for place in np.flatnonzero(made.present)]
    last = _last(made, there, step)
    chosen = there[last::-1] if lags is None else there[last::-1][: _lags(lags)]
    check_size(len(chosen), sum(sizes.values()))
    found = step_jacobians(example.net, name, sizes, made, chosen, example.rows)
    places = [made.places[place] for place in there[last::-1]]
    before = made.places[0] - 1 if made.places[0] < made.places[-1] else made.places[0] + 1
    return GradientThroughTime(
        name,
        described(recurrent_layers(known.stack)[name]),
        sizes,
        made.places[there[last]],
        (*places, before)[: len(chosen) + 1],
        found,
        _norms(found, sizes),
        example.symbols,
    )


def _lags(lags: int) -> int:
    check_whole("lags", lags)
    return lags


def _last(made: Steps, there: list[int], step: int | None) -> int:
    """Return which of the steps that are there is t."""
    if step is None:
        return len(there) - 1
    check_whole("step", step)
    known = [made.places[place] for place in there]
    if step not in known:
        raise ArgumentError(
            f"step must be one of the sequence's {len(known)} steps, {min(known)} to {max(known)}; "
            f"got {step}"
        )
    return known.index(step)


def _norms(jacobians: Array, sizes: Mapping[str, int]) -> dict[str, Array]:
    """Return the norms by lag of each part's own block, and of the whole."""
    matrices, exponents = products(jacobians)
    found: dict[str, Array] = {}
    begin = 0
    with np.errstate(over="ignore", under="ignore"):  # infinite or 0 where no number holds it
        for part, size in sizes.items():
            block = matrices[:, begin : begin + size, begin : begin + size]
            found[part] = np.ldexp(spectral_norm(block), exponents)
            begin += size
        if len(sizes) > 1:
            found[WHOLE] = np.ldexp(spectral_norm(matrices), exponents)
    return found
