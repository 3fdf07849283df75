"""glassnet: neural networks that show every number and train at the speed of hand-written C++."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassnet.public import *  # noqa: F403
    from glassnet.public import __all__ as __all__

__version__ = "0.1.0"


if not TYPE_CHECKING:  # a checker knows the names, and finds those that do not exist

    def __getattr__(name: str) -> Any:
        """Load a room by its name, or the public names when one of them is first used."""
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module 'glassnet' has no attribute {name!r}")
        if find_spec(f"glassnet.{name}") is not None:
            return import_module(f"glassnet.{name}")
        public = import_module("glassnet.public")
        if name not in ("__all__", *public.__all__):
            raise AttributeError(f"module 'glassnet' has no attribute {name!r}")
        value = globals()[name] = getattr(public, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *import_module("glassnet.public").__all__})
