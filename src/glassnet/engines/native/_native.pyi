from collections.abc import Callable, Mapping, Sequence
from typing import Any

from glassnet.graph.types import Array

class Store:
    def add(self, name: str, dtype: str, count: int, /) -> None: ...
    def attach(self, name: str, array: Array, dtype: str, /) -> None: ...
    def write(self, name: str, array: Array, /) -> None: ...
    def read(self, name: str, array: Array, /) -> None: ...

class Program:
    def __init__(self, store: Store, arena_bytes: int, kernels: str, threads: int, /) -> None: ...
    def constant(self, dtype: str, values: Array, /) -> int: ...
    def chain(self, *arguments: Any) -> None: ...
    def feed(self, *arguments: Any) -> None: ...
    def product(self, *arguments: Any) -> None: ...
    def move(self, *arguments: Any) -> None: ...
    def reduce(self, *arguments: Any) -> None: ...
    def lookup(self, *arguments: Any) -> None: ...
    def draw(self, *arguments: Any) -> None: ...
    def run(self) -> None: ...

class Answer:
    def __init__(
        self,
        store: Store,
        program: Program,
        n: int,
        inputs: int,
        units: int,
        is_double: bool,
        /,
    ) -> None: ...
    def __call__(self, x: Array, classes: bool, /) -> Array | None: ...

class Epochs:
    def __init__(
        self,
        store: Store,
        programs: Mapping[int, Program],
        state: Sequence[str],
        measures: Sequence[str],
        data: Mapping[str, Array],
        edges: Array,
        neuron: tuple[str, str, str, float],
        /,
    ) -> None: ...
    def run(
        self,
        order: tuple[bool, int, int, int],
        rates: Array,
        first_step: int,
        after: Callable[[int, float], None],
        /,
    ) -> tuple[int, list[float], bool, BaseException | None]: ...
    def restore(self) -> None: ...

def permutation(n: int, seed: int, stream: int, counter: int, /) -> Array: ...
def cores_available() -> int: ...
def kernel_names() -> list[str]: ...
def nearest(
    distance: int,
    power: float,
    memory: Array,
    queries: Array,
    products: Array,
    lows: Array,
    asked: Array,
    slack: Array,
    spread: float,
    distances: Array,
    rows: Array,
    threads: int,
    kernels: str,
    /,
) -> None: ...
