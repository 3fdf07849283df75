"""Recurrent networks: steps forward, and back through time (K4 to K7)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.friendly import COUNTS, are_open, counted, fields, outputs
from glassnet.explain.exercises.kind import Draft, kind
from glassnet.records import dataclass

Rows = list[list[float]]
LEAST = 0.002  # of a local gradient
FORWARD = {1: (1, 1, 3), 2: (2, 1, 3), 3: (2, 2, 3)}  # inputs, neurons, steps
BACK = {1: (1, 1, 3), 2: (2, 1, 3), 3: (1, 2, 3)}
GATED = {1: (1, 2), 2: (2, 2), 3: (2, 3)}  # inputs, steps
RECURRENCE = "h(t) = tanh v(t) with v(t) = w x(t) + u h(t−1) + b, and h(0) = 0"


# --- the basic recurrent network ------------------------------------------------------------------
@dataclass(frozen=True)
class _Recurrence:
    """A recurrent layer with a sequence: x(t), the numbers of a row each; w, u and b; v and h."""

    x: Rows
    w: Rows
    u: Rows
    b: list[float]
    v: Rows
    h: Rows

    @property
    def weights(self) -> dict[str, Rows | list[float]]:
        """The weights by the names that a problem has for them."""
        return {"rnn1.w": self.w, "rnn1.u": self.u, "rnn1.b": self.b}

    def back(self, behind: Sequence[Sequence[float]]) -> Rows:
        """Return δ(t) of each step from what comes from the layer behind, dE/dh with a minus."""
        later = [0.0] * len(self.b)
        found: Rows = []
        for h, own in zip(reversed(self.h), reversed(behind), strict=True):
            through = fields([*map(list, zip(*self.u, strict=True))], [0.0] * len(h), later)
            later = [(a + b) * (1 - y * y) for a, b, y in zip(own, through, h, strict=True)]
            found.insert(0, later)
        return found


def _recurrence(draws: Draws, level: int, shape: tuple[int, int, int]) -> _Recurrence | None:
    """Return a recurrent layer; None if a neuron is saturated."""
    inputs, units, steps = shape
    if level == 1:
        x = draws.rows(steps, inputs, 1, 4, 2)
        w, u = draws.rows(units, inputs, 1, 2, 2), draws.rows(units, units, 1, 2, 2)
        b = [draws.pick((-0.5, 0.0, 0.5)) for _ in range(units)]
    else:
        x = draws.rows(steps, inputs, 2, 10, 10)
        w, u = draws.rows(units, inputs, 1, 9, 10), draws.rows(units, units, 2, 9, 10)
        b = draws.row(units, 1, 4, 10)
    before = [0.0] * units
    v: Rows = []
    h: Rows = []
    for row in x:
        inner = fields(w, b, row)
        now = [a + c for a, c in zip(inner, fields(u, [0.0] * units, before), strict=True)]
        if not are_open(now, 0.1, 1.8):
            return None
        before = outputs("tanh", now)
        v.append(now)
        h.append(before)
    return _Recurrence(x, w, u, b, v, h)


@kind("rnn", "K4", "A recurrent network: step by step forward")
def rnn(draws: Draws, level: int) -> Draft | None:
    """The local fields and outputs at each step."""
    inputs, units, steps = FORWARD[level]
    found = _recurrence(draws, level, FORWARD[level])
    if found is None:
        return None
    task = (
        f"A recurrent layer has {counted(inputs, 'input')} and {counted(units, 'neuron')}: "
        f"{RECURRENCE}. Work out v(t) and h(t) at each of the {COUNTS[steps]} steps."
    )
    return Draft(
        task, {"x": [found.x]}, network={"layers": [f"{units} rnn"]}, weights=found.weights
    )


@kind("bptt", "K5", "Back-propagation through time")
def bptt(draws: Draws, level: int) -> Draft | None:
    """Local gradients back through time, what each step adds to ∂E/∂u, and the sum."""
    _, units, steps = BACK[level]
    found = _recurrence(draws, level, BACK[level])
    w, b = draws.rows(1, units, 5, 15, 10), draws.row(1, 1, 4, 10)
    d = draws.pick((-1.0, -0.5, 0.5, 1.0))
    if found is None:
        return None
    e = d - fields(w, b, found.h[-1])[0]
    nothing = [[0.0] * units] * (steps - 1)
    delta = found.back([*nothing, [e * weight for weight in w[0]]])
    if not 0.3 < abs(e) < 3 or min(abs(value) for row in delta for value in row) < LEAST:
        return None
    task = (
        f"A recurrent layer of {counted(units, 'neuron')}, {RECURRENCE}, reads "
        f"{COUNTS[steps]} steps; a linear neuron answers after the last one: y = w h({steps}) + b. "
        "Work out the error, the local gradients δ(t) back through time, what each step adds to "
        "∂E/∂u, and the sum."
    )
    asked = ("rnn1.δ", "rnn1.∂E/∂u") if level == 1 else ("rnn1.δ", "rnn1.∂E/∂u", "rnn1.∂E/∂w")
    return Draft(
        task, {"x": [found.x], "d": [[d]]}, asked,
        network={"layers": [f"{units} rnn", "1 linear"]},
        weights={**found.weights, "output.w": w, "output.b": b},
        training={"loss": "half_squared_error", "optimizer": "sgd 0.1"},
    )  # fmt: skip


@kind("truncated-bptt", "K6", "Truncated back-propagation through time")
def truncated_bptt(draws: Draws, level: int) -> Draft | None:
    """The truncated and the whole gradient with respect to u, and what the cut leaves out."""
    steps, each = (4, 4, 6)[level - 1], level > 1
    window = steps // 2
    found = _recurrence(draws, level, (1, 1, steps))
    w, b = draws.rows(1, 1, 5, 15, 10), draws.row(1, 1, 4, 10)
    d = [draws.pick((-1.0, -0.5, 0.5, 1.0)) for _ in range(steps if each else 1)]
    if found is None:
        return None
    y = [fields(w, b, h)[0] for h in found.h[-len(d) :]]
    e = [one - other for one, other in zip(d, y, strict=True)]
    behind = [[w[0][0] * value / len(d)] for value in e]
    delta = found.back([[0.0]] * (steps - len(d)) + behind)
    alone = found.back([*behind[:window], *[[0.0]] * window]) if each else delta
    least = min(abs(value) for row in (*delta, *alone[:window]) for value in row)
    if not all(0.2 < abs(value) < 3 for value in e) or least < LEAST:
        return None
    answers = "at each step" if each else "after the last one"
    cost = ", and E is the mean of ½ e(t)² over the steps" if each else ""
    task = (
        f"A recurrent neuron, {RECURRENCE}, reads {COUNTS[steps]} steps; a linear neuron answers "
        f"{answers}: y = w h + b{cost}. Gradients go back over windows of {COUNTS[window]} steps: "
        f"the path from step {window + 1} back over h({window}) is cut. Work out ∂E/∂u as it is "
        "with the cut, and as it would be without; what does the cut leave out?"
    )
    layers = [f"1 rnn{' returns=sequence' if each else ''}", "1 linear"]
    return Draft(
        task, {"x": [found.x], "d": [[[value] for value in d]] if each else [d]},
        ("rnn1.∂E/∂u", "rnn1.∂E/∂u full", "rnn1.∂E/∂u cut"),
        network={"layers": layers},
        weights={**found.weights, "output.w": w, "output.b": b},
        training={"loss": "half_squared_error", "optimizer": "sgd 0.1", "truncate": window},
    )  # fmt: skip


# --- gates ----------------------------------------------------------------------------------------
def _logistic(v: float) -> float:
    return 1.0 / (1.0 + math.exp(-v))


def _gates(draws: Draws, level: int, count: int, inputs: int) -> tuple[Rows, Rows, list[float]]:
    """Return w, u and b of so many gates of one cell."""
    if level == 1:
        b = [draws.pick((-0.5, 0.0, 0.5, 1.0)) for _ in range(count)]
        return draws.rows(count, inputs, 1, 2, 2), draws.rows(count, 1, 1, 2, 2), b
    return (
        draws.rows(count, inputs, 1, 9, 10),
        draws.rows(count, 1, 2, 9, 10),
        draws.row(count, 1, 8, 10),
    )


def _sequence(draws: Draws, level: int, steps: int, inputs: int) -> Rows:
    if level == 1:
        return draws.rows(steps, inputs, 1, 3, 2)
    return draws.rows(steps, inputs, 2, 10, 10)


@dataclass(frozen=True)
class _Moment:
    """The gates, the cell and the output of an LSTM after a step."""

    f: float
    i: float
    g: float
    o: float
    c: float
    h: float


def _lstm_steps(w: Rows, u: Rows, b: list[float], x: Rows) -> list[_Moment] | None:
    """Return the steps of one LSTM cell; None if a gate is saturated, or the cell near 0."""
    c, h = 0.0, 0.0
    found: list[_Moment] = []
    for row in x:
        v = [inner + own[0] * h for inner, own in zip(fields(w, b, row), u, strict=True)]
        if not are_open(v, 0.05, 2.4):
            return None
        f, i, g, o = _logistic(v[0]), _logistic(v[1]), math.tanh(v[2]), _logistic(v[3])
        c = f * c + i * g
        h = o * math.tanh(c)
        if abs(c) < 0.05:
            return None
        found.append(_Moment(f, i, g, o, c, h))
    return found


LSTM = (
    "f, i and o are logistic in v(t) = w x(t) + u h(t−1) + b, each with its own w, u and b, and g "
    "is tanh of it; c(t) = f c(t−1) + i g and h(t) = o tanh c(t), from h(0) = c(0) = 0"
)


@kind("lstm", "K7", "An LSTM cell: gate by gate")
def lstm(draws: Draws, level: int) -> Draft | None:
    """The gates, the cell and the output at each step."""
    inputs, steps = GATED[level]
    x = _sequence(draws, level, steps, inputs)
    w, u, b = _gates(draws, level, 4, inputs)
    if _lstm_steps(w, u, b, x) is None:
        return None
    task = (
        f"An LSTM cell has {counted(inputs, 'input')}: {LSTM}. Work out the gates, c and h at each "
        f"of the {COUNTS[steps]} steps."
    )
    weights = {"lstm1.w": w, "lstm1.u": u, "lstm1.b": b}
    return Draft(task, {"x": [x]}, network={"layers": ["1 lstm"]}, weights=weights)


@kind("lstm-gradients", "K7", "An LSTM cell: local gradients of its gates")
def lstm_gradients(draws: Draws, level: int) -> Draft | None:
    """The local gradients at the last step; from level 2 on also the way back to the first."""
    x = _sequence(draws, level, 2, 1)
    w, u, b = _gates(draws, level, 4, 1)
    out, bias = draws.signed(5, 20, 10), draws.signed(1, 4, 10)
    d = draws.pick((-1.0, -0.5, 0.5, 1.0))
    found = _lstm_steps(w, u, b, x)
    if found is None:
        return None
    first, last = found
    e = d - (out * last.h + bias)
    from_h = e * out
    from_c = from_h * last.o * (1 - math.tanh(last.c) ** 2)
    delta = (
        from_c * first.c * last.f * (1 - last.f),
        from_c * last.g * last.i * (1 - last.i),
        from_c * last.i * (1 - last.g**2),
        from_h * math.tanh(last.c) * last.o * (1 - last.o),
    )
    back_h = sum(one * row[0] for one, row in zip(delta, u, strict=True))
    back_c = from_c * last.f + back_h * first.o * (1 - math.tanh(first.c) ** 2)
    least = min(map(abs, (*delta, back_h, back_c)))
    if not 0.3 < abs(e) < 3 or least < LEAST:
        return None
    more = (
        "" if level == 1 else ", and with them δ_h(1) and δ_c(1)" if level == 2 else
        ", δ_h(1) and δ_c(1), and ∂E/∂u of each gate"
    )  # fmt: skip
    task = (
        f"In an LSTM cell, {LSTM}. A linear neuron answers after two steps: y = w h(2) + b. Work "
        "out the error, δ_h = −∂E/∂h and δ_c = −∂E/∂c at step 2, and the local gradients δ of the "
        f"four gates there{more}."
    )
    asked = ["lstm1.δ_h(2)", "lstm1.δ_c(2)", *(f"lstm1.δ_{gate}(2)" for gate in "figo")]
    if level > 1:
        asked += ["lstm1.δ_h(1)", "lstm1.δ_c(1)"]
    if level > 2:
        asked += [f"lstm1.∂E/∂u_{gate}" for gate in "figo"]
    return Draft(
        task, {"x": [x], "d": [[d]]}, tuple(asked),
        network={"layers": ["1 lstm", "1 linear"]},
        weights={"lstm1.w": w, "lstm1.u": u, "lstm1.b": b, "output.w": [[out]],
                 "output.b": [bias]},
        training={"loss": "half_squared_error", "optimizer": "sgd 0.1"},
    )  # fmt: skip


@kind("gru", "K7", "A gated recurrent unit: gate by gate")
def gru(draws: Draws, level: int) -> Draft | None:
    """The gates, what is new and the output at each step."""
    inputs, steps = GATED[level]
    x = _sequence(draws, level, steps, inputs)
    w, u, b = _gates(draws, level, 3, inputs)
    inner = draws.signed(1, 2, 2) if level == 1 else draws.signed(1, 5, 10)
    h = 0.0
    for row in x:
        v = fields(w, b, row)
        r, z = _logistic(v[0] + u[0][0] * h), _logistic(v[1] + u[1][0] * h)
        new = v[2] + r * (u[2][0] * h + inner)
        if not are_open([v[0] + u[0][0] * h, v[1] + u[1][0] * h, new], 0.05, 2.4):
            return None
        h = (1 - z) * math.tanh(new) + z * h
    task = (
        f"A gated recurrent unit has {counted(inputs, 'input')}: r and z are logistic in w x(t) + "
        "u h(t−1) + b, each with its own w, u and b; n = tanh(w x(t) + b + r (u h(t−1) + b_u)); "
        "h(t) = (1 − z) n + z h(t−1), from h(0) = 0. Work out r, z, n and h at each of the "
        f"{COUNTS[steps]} steps."
    )
    weights = {"gru1.w": w, "gru1.u": u, "gru1.b": b, "gru1.bu": [inner]}
    return Draft(task, {"x": [x]}, network={"layers": ["1 gru"]}, weights=weights)
