"""PyTorch: its own layers, loss and optimiser, run as written (eager)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from glassnet.bench.data import classified, texts
from glassnet.bench.peers import thread_counts
from glassnet.bench.rungs import CLIP, DECAY, MOMENTUM, RATE, TEXT_RATE, Rung, Runner, Timing

__all__ = ["RUNNERS"]

CALLS = 200


def _network(torch: Any, rung: Rung) -> Any:
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(rung.inputs, rung.hidden), nn.Tanh(), nn.Linear(rung.hidden, rung.classes)
    )


def _mlp(rung: Rung) -> Runner:
    torch: Any = import_module("torch")
    x, y = map(torch.from_numpy, classified(rung))
    net = _network(torch, rung)
    loss = torch.nn.CrossEntropyLoss()
    # fused=True: the quickest of its three ways to update, says the documentation
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM, fused=True)

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(rounds):
            for batch in torch.randperm(rung.examples).split(rung.batch):
                optimizer.zero_grad()
                loss(net(x[batch]), y[batch]).backward()
                optimizer.step()
        return Timing(time.perf_counter() - start, rounds * rung.steps)

    return run


def _ensemble(rung: Rung) -> Runner:
    """All networks as one with a leading axis, by `torch.func`; they see the same batches."""
    torch: Any = import_module("torch")
    x, y = map(torch.from_numpy, classified(rung))
    many, d, h, k = rung.networks, rung.inputs, rung.hidden, rung.classes
    weights: dict[str, Any] = {
        "w1": torch.randn(many, d, h) / d**0.5,
        "b1": torch.zeros(many, h),
        "w2": torch.randn(many, h, k) / h**0.5,
        "b2": torch.zeros(many, k),
    }
    change = {key: torch.zeros_like(value) for key, value in weights.items()}

    def loss(w: Any, x: Any, y: Any) -> Any:
        hidden = torch.tanh(x @ w["w1"] + w["b1"])
        return torch.nn.functional.cross_entropy(hidden @ w["w2"] + w["b2"], y)

    gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(0, None, None))

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(rounds):
            for batch in torch.randperm(rung.examples).split(rung.batch):
                found = gradients(weights, x[batch], y[batch])
                for key, weight in weights.items():
                    change[key].mul_(MOMENTUM).add_(found[key])
                    weight.sub_(change[key], alpha=RATE)
        return Timing(time.perf_counter() - start, rounds * rung.steps)

    return run


def _predict(rung: Rung) -> Runner:
    torch: Any = import_module("torch")
    net = _network(torch, rung).eval()
    x = np.random.default_rng(0).normal(size=(1, rung.inputs)).astype(np.float32)

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        with torch.inference_mode():
            for _ in range(CALLS * rounds):
                net(torch.from_numpy(x)).argmax(1).numpy()
        return Timing(time.perf_counter() - start, CALLS * rounds)

    return run


def _character_model(torch: Any, rung: Rung) -> Any:
    nn, h, k = torch.nn, rung.hidden, rung.classes

    class Peephole(nn.Module):
        """An LSTM whose gates see the cells, as a user writes it: a loop over the steps."""

        def __init__(self) -> None:
            super().__init__()
            self.x, self.h = nn.Linear(h, 4 * h), nn.Linear(h, 4 * h, bias=False)
            self.p = nn.Parameter(torch.zeros(3, h))

        def forward(self, x: Any) -> Any:
            sums, found = self.x(x), []
            state = cells = x.new_zeros(x.shape[0], h)
            for step in range(x.shape[1]):
                f, i, g, o = (sums[:, step] + self.h(state)).chunk(4, -1)
                kept = torch.sigmoid(f + self.p[0] * cells) * cells
                cells = kept + torch.sigmoid(i + self.p[1] * cells) * torch.tanh(g)
                state = torch.sigmoid(o + self.p[2] * cells) * torch.tanh(cells)
                found.append(state)
            return torch.stack(found, 1), None

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.answer = nn.Embedding(rung.inputs, h), nn.Linear(h, k)
            lstm = rung.kind == "lstm"
            self.memory = nn.LSTM(h, h, batch_first=True) if lstm else Peephole()

        def forward(self, x: Any) -> Any:
            return self.answer(self.memory(self.table(x))[0])

    return Model()


def _text(rung: Rung) -> Runner:
    torch: Any = import_module("torch")
    x = torch.from_numpy(texts(rung))
    net = _character_model(torch, rung)
    loss = torch.nn.CrossEntropyLoss()
    weights = list(net.parameters())
    optimizer = torch.optim.RMSprop(weights, lr=TEXT_RATE, alpha=DECAY)

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(rounds):
            for batch in torch.randperm(rung.examples).split(rung.batch):
                optimizer.zero_grad()
                rows = x[batch]
                answers = net(rows[:, :-1]).reshape(-1, rung.classes)
                loss(answers, rows[:, 1:].reshape(-1)).backward()
                torch.nn.utils.clip_grad_norm_(weights, CLIP)
                optimizer.step()
        return Timing(time.perf_counter() - start, rounds * rung.steps)

    return run


def _each_way(make: Callable[[Rung], Runner]) -> Callable[[Rung], Mapping[str, Runner]]:
    """Return what runs a rung with one thread and with all."""

    def ways(rung: Rung) -> Mapping[str, Runner]:
        torch: Any = import_module("torch")
        run = make(rung)

        def with_threads(count: int) -> Runner:
            def limited(rounds: int) -> Timing:
                torch.set_num_threads(count)
                return run(rounds)

            return limited

        return {name: with_threads(count) for name, count in thread_counts().items()}

    return ways


RUNNERS: dict[str, Callable[[Rung], Runner | Mapping[str, Runner]]] = {
    "mlp": _each_way(_mlp),
    "ensemble": _each_way(_ensemble),
    "lstm": _each_way(_text),
    "peephole": _each_way(_text),
    "predict": _predict,
}
