"""What all tests share: the path of the oracles, one hypothesis profile, the JAX oracle."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

# Examples are the same on every run, so that a failure on one machine is a failure on all.
settings.register_profile(
    "glassnet",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("glassnet")


@pytest.fixture(scope="session")
def full_data() -> Path:
    """The folder of the full data sets; skips where there is none."""
    place = os.environ.get("GLASSNET_DATA")
    if not place:
        pytest.skip("GLASSNET_DATA does not name the folder of the full data sets")
    return Path(place)


@pytest.fixture(scope="session")
def jax_oracle() -> Any:
    """The JAX functions of `oracles.jax_ops`, in float64; skips where JAX is not installed."""
    jax = pytest.importorskip("jax", reason="the oracle of the ops is JAX, which is not installed")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_disable_most_optimizations", True)  # compiled once, run once
    from oracles import jax_ops

    return jax_ops


@pytest.fixture
def patched() -> Generator[Any]:
    """A function that replaces a field of a frozen record until the test ends."""
    saved: list[tuple[Any, str, Any]] = []

    def patch(record: Any, field: str, value: Any) -> None:
        saved.append((record, field, getattr(record, field)))
        object.__setattr__(record, field, value)

    yield patch
    for record, field, value in reversed(saved):
        object.__setattr__(record, field, value)
