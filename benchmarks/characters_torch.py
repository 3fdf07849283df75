"""What PyTorch reaches with the character model of `glassnet train book.txt` in the same time.

    python benchmarks/characters_torch.py TEXT [--minutes 10]
    glassnet train TEXT --minutes 10

The same network (rows of 64 numbers, an LSTM of 128 cells, softmax), the same windows of 64
characters in 32 streams whose state goes on, Adam with a rate that falls along a cosine, gradients
of norm 1 at most, the last tenth of the text for validation. As there, a few steps are timed first
to know how many epochs there is room for. Prints validation bits a character after each epoch.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
from torch import nn

STEPS, STREAMS, UNITS, WIDTH = 64, 32, 128, 64
RATE, FINAL, NORM, HELD = 0.004, 0.0004, 1.0, 0.1


class Model(nn.Module):
    """Embedding, LSTM, and a score for each character."""

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.rows = nn.Embedding(symbols, WIDTH)
        self.lstm = nn.LSTM(WIDTH, UNITS, batch_first=True)
        self.output = nn.Linear(UNITS, symbols)

    def forward(self, x, state):
        """Return the scores after each step, and the state."""
        h, state = self.lstm(self.rows(x), state)
        return self.output(h), state


def streams(numbers):
    """Return a text as windows: (windows, streams, steps), and the same of the next characters."""
    time_ = (len(numbers) - 1) // STREAMS // STEPS * STEPS
    cut = [numbers[at : at + STREAMS * time_].reshape(STREAMS, -1, STEPS) for at in (0, 1)]
    return tuple(part.transpose(0, 1).contiguous() for part in cut)


def run(model, windows, optimizer=None, schedule=None):
    """Go once through windows, learning if there is an optimiser; return bits a character."""
    loss_of, state, total = nn.CrossEntropyLoss(), None, 0.0
    for x, target in zip(*windows, strict=True):
        scores, state = model(x, state)
        state = tuple(part.detach() for part in state)
        loss = loss_of(scores.flatten(0, 1), target.flatten())
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), NORM)
            optimizer.step()
            schedule.step()
        total += loss.item()
    return total / len(windows[0]) / math.log(2)


def main() -> None:
    """Train, and print what was reached."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("text", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    torch.manual_seed(0)
    begun, seconds = time.perf_counter(), 60 * options.minutes
    text = options.text.read_text()
    symbols = sorted(set(text))
    places = {symbol: place for place, symbol in enumerate(symbols)}
    numbers = torch.tensor([places[symbol] for symbol in text])
    cut = round(len(numbers) * (1 - HELD))
    learnt, held = streams(numbers[:cut]), streams(numbers[cut:])

    def fresh():
        model = Model(len(symbols))
        return model, torch.optim.Adam(model.parameters(), RATE)

    model, optimizer = fresh()
    few = tuple(part[:16] for part in learnt)
    still = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)
    times = []
    for _ in range(4):
        at = time.perf_counter()
        run(model, few, optimizer, still)
        times.append(time.perf_counter() - at)
    windows = len(learnt[0])
    each = min(times) / 16 * (windows + len(held[0]) / 3)
    epochs = max(1, int((seconds - (time.perf_counter() - begun)) / each))
    model, optimizer = fresh()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * windows, FINAL)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {epochs} epochs")
    best = math.inf
    for epoch in range(epochs):
        bits = run(model, learnt, optimizer, schedule)
        with torch.no_grad():
            now = run(model, held)
        best, passed = min(best, now), time.perf_counter() - begun
        print(f"{epoch + 1:4d}  {passed:6.1f} s  training {bits:.3f}  validation {now:.3f}",
              flush=True)  # fmt: skip
        if passed > seconds:
            break
    print(f"best validation: {best:.3f} bits a character")


if __name__ == "__main__":
    main()
