"""How each system does each rung: one file a system, with its `RUNNERS` by kind of rung.

A system is used as its documentation recommends for speed, on the processor. What may use several
threads is measured with one and with one for each core, and the quicker counts, where the system
lets that be chosen; glassnet and JAX choose by themselves.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import cast

from glassnet.bench.rungs import Rung, Runner
from glassnet.records import dataclass

__all__ = ["SYSTEMS", "System", "compiler", "thread_counts"]

_Make = Callable[[Rung], "Runner | Mapping[str, Runner]"]


@dataclass(frozen=True)
class System:
    """A system that may take part.

    Attributes:
        name: How it is asked for.
        title: Its name as its makers write it.
        module: The module of this package with its runners.
        needs: The modules that must be installed, the one whose version counts first.
        package: The distribution whose version is told; "" for none.
        kinds: The kinds of rungs that it can do.
    """

    name: str
    title: str
    module: str
    needs: tuple[str, ...]
    package: str
    kinds: tuple[str, ...]

    def why_missing(self) -> str | None:
        """Return why the system cannot take part here, or None if it can."""
        for name in self.needs:
            if find_spec(name) is None:
                return f"the module {name} is not installed"
        if self.name == "floor" and compiler() is None:
            return "there is no C++ compiler"
        return None

    def version(self) -> str | None:
        """Return the version that is installed."""
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return None

    def runners(self, rung: Rung) -> Mapping[str, Runner]:
        """Return what does a rung, imported now; several ways to do it have a name each."""
        make: _Make = import_module(f"{__name__}.{self.module}").RUNNERS[rung.kind]
        found = make(rung)
        if isinstance(found, Mapping):
            return cast("Mapping[str, Runner]", found)
        return {"": found}


def thread_counts() -> dict[str, int]:
    """Return the numbers of threads worth trying, with a name each: one, and one for each core."""
    cores = os.cpu_count() or 1
    return {"1 thread": 1} | ({f"{cores} threads": cores} if cores > 1 else {})


def compiler() -> str | None:
    """Return the C++ compiler to be used, or None if there is none."""
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if name and shutil.which(name):
            return name
    return None


_TRAINING = ("mlp", "ensemble")
_TEXT = ("lstm", "peephole")

SYSTEMS = {
    system.name: system
    for system in (
        System(
            "glassnet",
            "glassnet",
            "own",
            ("glassnet",),
            "glassnet",
            (
                *("perceptron", "lms", "som", "nearest"),
                *_TRAINING,
                *_TEXT,
                *("predict", "compile", "cold"),
            ),
        ),
        System(
            "floor",
            "C++ floor",
            "floor",
            ("scipy_openblas32",),
            "scipy-openblas32",
            ("perceptron", "lms", *_TRAINING, "predict"),
        ),
        System(
            "torch",
            "PyTorch",
            "pytorch",
            ("torch",),
            "torch",
            (*_TRAINING, *_TEXT, "predict", "cold"),
        ),
        System(
            "jax",
            "JAX",
            "xla",
            ("jax",),
            "jax",
            ("perceptron", "lms", *_TRAINING, *_TEXT, "predict", "compile", "cold"),
        ),
        System(
            "sklearn",
            "scikit-learn",
            "scikit",
            ("sklearn",),
            "scikit-learn",
            ("perceptron", "lms", "nearest", "mlp", "predict", "cold"),
        ),
        System("minisom", "MiniSom", "mini_som", ("minisom",), "minisom", ("som",)),
        System(
            "onnxruntime",
            "ONNX Runtime",
            "onnx_runtime",
            ("onnxruntime", "onnx"),
            "onnxruntime",
            ("predict",),
        ),
    )
}
